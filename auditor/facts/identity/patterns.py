"""Sets of actions as role definitions write them, with exact differences.

An action is a text such as `Microsoft.Compute/virtualMachines/write`, compared without case. In `actions` and
`notActions`, `*` stands for any text, `/` included; nothing else is special
(https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format). What a role allows is
matched by one of its actions and by none of the same block's notActions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_MOST_STATES = 20_000
"""Where a comparison gives up: real roles need some hundreds, a hostile one could need billions."""


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of a role's permissions: what it allows and what it takes out of that."""

    actions: tuple[str, ...]
    """Patterns, lower-cased."""
    excluded: tuple[str, ...] = ()
    """`notActions`, lower-cased: no denial, another block or role may allow it all the same."""

    @classmethod
    def of(cls, actions: Iterable[str], excluded: Iterable[str] = ()) -> Block:
        """From patterns in any case."""
        return cls(tuple(text.strip().lower() for text in actions), tuple(text.strip().lower() for text in excluded))


class Actions:
    """The set of all actions that some blocks allow together."""

    __slots__ = ("_compiled", "blocks")

    def __init__(self, blocks: Iterable[Block]) -> None:
        """The union of `blocks`."""
        self.blocks = tuple(blocks)
        """What it was made of."""
        self._compiled: _Compiled | None = None

    @classmethod
    def only(cls, *patterns: str) -> Actions:
        """All actions that one of some patterns matches."""
        return cls((Block.of(patterns),))

    def allows(self, action: str) -> bool:
        """Whether one action, without wildcards, is in the set."""
        return bool(self.allowing(action))

    def allowing(self, action: str) -> tuple[Block, ...]:
        """The blocks that allow an action."""
        wanted = action.lower()
        return tuple(
            block for block in self.blocks if matches(block.actions, wanted) and not matches(block.excluded, wanted)
        )

    def without(self, other: Actions) -> str | None:
        """One action that is in this set and not in the other; None where there is none.

        Exact: it walks both sets at once, letter by letter, and never lists actions. Raises OverflowError for sets
        that no service would accept, which need too long.
        """
        return _difference(self._machine(), other._machine())

    def within(self, other: Actions) -> bool:
        """Whether all of it is in the other. Raises as `without`."""
        return self.without(other) is None

    def overlaps(self, other: Actions) -> bool:
        """Whether some action is in both. Raises as `without`."""
        return _common(self._machine(), other._machine()) is not None

    def _machine(self) -> _Compiled:
        if self._compiled is None:
            self._compiled = _Compiled(self.blocks)
        return self._compiled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Actions) and self.blocks == other.blocks

    def __hash__(self) -> int:
        return hash(self.blocks)


def matches(patterns: Sequence[str], action: str) -> bool:
    """Whether one of some lower-cased patterns matches a lower-cased action."""
    return any(_matches(pattern, action) for pattern in patterns)


@lru_cache(maxsize=65_536)
def _matches(pattern: str, action: str) -> bool:
    """Greedy from the left: each piece between stars at the first place where it fits, the last one at the end."""
    if "*" not in pattern:
        return pattern == action
    first, *pieces = pattern.split("*")
    if not action.startswith(first):
        return False
    at = len(first)
    last = pieces.pop()
    for piece in pieces:
        found = action.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(action) - at >= len(last) and action.endswith(last)


class _Compiled:
    """All patterns of a set as one automaton, whose state is an integer with a bit for each place in a pattern."""

    __slots__ = ("accepting", "alphabet", "letters", "positive", "size", "stars", "start")

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.letters: dict[str, int] = {}
        """Letter to the places that it leads on from."""
        self.stars = self.start = self.positive = 0
        self.accepting: list[tuple[int, int]] = []
        """Of each block the last places of its actions and of its exceptions."""
        at = 0
        for block in blocks:
            ends = []
            for patterns in (block.actions, block.excluded):
                end = 0
                for pattern in patterns:
                    begin = at
                    at, last = self._add(pattern, at)
                    end |= last
                    if patterns is block.actions:
                        self.positive |= (1 << at) - (1 << begin)
                ends.append(end)
            self.accepting.append((ends[0], ends[1]))
        self.size = at
        self.alphabet = frozenset(self.letters)

    def _add(self, pattern: str, at: int) -> tuple[int, int]:
        """Add a pattern from place `at` on; the first free place and the bit of the pattern's end."""
        self.start |= 1 << at
        for letter in pattern:
            if letter == "*":
                self.stars |= 1 << at
            else:
                self.letters[letter] = self.letters.get(letter, 0) | 1 << at
                at += 1
        return at + 1, 1 << at

    def step(self, state: int, letter: str) -> int:
        """The state after a letter."""
        return ((state & self.letters.get(letter, 0)) << 1) | (state & self.stars)

    def accepts(self, state: int) -> bool:
        """Whether what was read so far is in the set."""
        return any(state & yes and not state & no for yes, no in self.accepting)

    def alive(self, state: int) -> bool:
        """Whether anything that begins so can be in the set."""
        return bool(state & self.positive)


_OTHER = "\0"
"""Stands for every letter that no pattern has."""


def _difference(mine: _Compiled, other: _Compiled) -> str | None:
    return _search(mine, other, wanted_in_other=False)


def _common(mine: _Compiled, other: _Compiled) -> str | None:
    return _search(mine, other, wanted_in_other=True)


def _search(mine: _Compiled, other: _Compiled, *, wanted_in_other: bool) -> str | None:
    """The shortest text that is in `mine` and, or not, in `other`, breadth first."""
    letters = [*sorted(mine.alphabet | other.alphabet), _OTHER]
    seen = {(mine.start, other.start)}
    level = [("", mine.start, other.start)]
    while level:
        following = []
        for text, left, right in level:
            if mine.accepts(left) and other.accepts(right) is wanted_in_other:
                return text.replace(_OTHER, "x")
            for letter in letters:
                pair = mine.step(left, letter), other.step(right, letter)
                if pair in seen or not mine.alive(pair[0]) or (wanted_in_other and not other.alive(pair[1])):
                    continue
                seen.add(pair)
                if len(seen) > _MOST_STATES:
                    raise OverflowError("too many states to compare these actions")
                following.append((text + letter, *pair))
        level = following
    return None
