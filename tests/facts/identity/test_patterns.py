"""Sets of actions: equal to a matcher that tries every text, for thousands of random roles."""

from __future__ import annotations

import re
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.facts.identity.patterns import Actions, Block

_LETTERS = "ab/"
_TEXTS = ["".join(letters) for length in range(5) for letters in product("ab/x", repeat=length)]
_PATTERN = st.text(_LETTERS + "*", max_size=5)
_BLOCK = st.builds(Block.of, st.lists(_PATTERN, max_size=3), st.lists(_PATTERN, max_size=2))
_SET = st.lists(_BLOCK, max_size=2)


@cache
def _all(pattern: str) -> frozenset[str]:
    """Every short text that a pattern matches, by a regular expression."""
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    return frozenset(text for text in _TEXTS if expression.fullmatch(text))


def _brute(blocks: list[Block]) -> set[str]:
    """Every short text that the blocks allow."""
    found: set[str] = set()
    for block in blocks:
        found |= set().union(*map(_all, block.actions)) - set().union(*map(_all, block.excluded))
    return found


@settings(max_examples=600, deadline=None)
@given(_SET, st.sampled_from(_TEXTS))
def test_an_action_is_in_the_set_as_regular_expressions_say(blocks: list[Block], action: str) -> None:
    assert Actions(blocks).allows(action.upper()) is (action in _brute(blocks))


@settings(max_examples=600, deadline=None)
@given(_SET, _SET)
def test_the_difference_is_empty_exactly_where_trying_every_text_finds_none(one: list[Block], two: list[Block]) -> None:
    witness = Actions(one).without(Actions(two))
    left = _brute(one) - _brute(two)
    if witness is None:
        assert not left
    else:
        assert Actions(one).allows(witness)
        assert not Actions(two).allows(witness)
        assert not left or len(witness) <= min(map(len, left))


@settings(max_examples=600, deadline=None)
@given(_SET, _SET)
def test_sets_overlap_exactly_where_some_text_is_in_both(one: list[Block], two: list[Block]) -> None:
    common = _brute(one) & _brute(two)
    assert Actions(one).overlaps(Actions(two)) or not common
    if Actions(one).overlaps(Actions(two)):
        assert Actions(two).overlaps(Actions(one))


_CONTRIBUTOR = Block.of(["*"], ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"])


@pytest.mark.parametrize(
    ("one", "two", "within"),
    [
        ([Block.of(["*"])], [Block.of(["*"])], True),
        ([_CONTRIBUTOR], [Block.of(["*"])], True),
        ([Block.of(["*"])], [_CONTRIBUTOR], False),
        # Two roles together: what one leaves out, the other gives.
        ([Block.of(["*"])], [_CONTRIBUTOR, Block.of(["Microsoft.Authorization/*"])], True),
        ([Block.of(["Microsoft.Compute/*/read"])], [Block.of(["*/READ"])], True),
        ([Block.of(["*/read"])], [Block.of(["Microsoft.Compute/*"])], False),
        ([Block.of(["Microsoft.Authorization/role*"])], [Block.of(["Microsoft.Authorization/*"])], True),
        ([Block.of(["*"], ["*"])], [], True),
    ],
)
def test_one_role_is_all_of_another_or_not(one: list[Block], two: list[Block], within: bool) -> None:
    assert Actions(one).within(Actions(two)) is within


def test_a_role_no_service_would_accept_is_refused_and_does_not_hang() -> None:
    hostile = ["*" + "*".join("abcdefghijklmnopqrstuvwxyz"[n:] + "a" * n) for n in range(20)]
    with pytest.raises(OverflowError):
        Actions.only("*").without(Actions.only("*", *hostile))
