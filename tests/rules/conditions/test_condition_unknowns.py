"""Three-valued logic: what was not read is unknown, and unknown travels as in Kleene's logic."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.inventory.model import Unread
from auditor.rules.model import Unknown
from tests.rules.conditions.judging import compiled, context, gap_of, is_unknown, judge, site

GAP = gap_of("Microsoft.Test/sites")
YES = {"field": "name", "equals": "web"}
NO = {"field": "name", "equals": "other"}
MAYBE = {"field": "properties.anything", "equals": 1}
UNREAD = {"properties": GAP}

TRUTHS = {"yes": YES, "no": NO, "maybe": MAYBE}


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction"),
    [
        ("yes", "maybe", None, True),
        ("no", "maybe", False, None),
        ("maybe", "maybe", None, None),
        ("maybe", "yes", None, True),
        ("maybe", "no", False, None),
    ],
)
def test_kleene(left: str, right: str, conjunction: bool | None, disjunction: bool | None) -> None:
    parts = [TRUTHS[left], TRUTHS[right]]
    for name, expected in (("allOf", conjunction), ("anyOf", disjunction)):
        truth = judge({name: parts}, unread=UNREAD)
        assert (None if is_unknown(truth) else truth) is expected


def test_not_passes_unknown_through_with_its_gap() -> None:
    truth = judge({"not": MAYBE}, unread=UNREAD)
    assert isinstance(truth, Unknown)
    assert truth.gaps == (GAP,)


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "properties.a", "exists": False},
        {"field": "PROPERTIES.a[*].b", "equals": 1},
        {"value": "[field('properties.a')]", "equals": 1},
        {"count": {"field": "properties.a[*]"}, "equals": 0},
        {"related": {"by": "properties.a.id"}},
        {"field": "name", "equals": "[field('properties.a')]"},
    ],
)
def test_everything_below_an_unread_property_is_unknown(condition: dict[str, Any]) -> None:
    truth = judge(condition, unread=UNREAD)
    assert isinstance(truth, Unknown)
    assert truth.gaps == (GAP,)


def test_what_was_read_beside_it_is_known() -> None:
    assert judge({"field": "location", "equals": "westeurope"}, unread=UNREAD) is True


@pytest.mark.parametrize(
    ("operator", "operand", "expected"),
    [
        ("greaterOrEquals", 1, True),
        ("greaterOrEquals", 2, None),
        ("greaterOrEquals", 3, False),
        ("equals", 0, False),
        ("equals", 1, None),
        ("less", 3, True),
        ("notEquals", 3, True),
        ("in", [1, 2], True),
        ("greater", 1_000_000_000, False),
    ],
)
def test_count_with_elements_that_may_match(operator: str, operand: Any, expected: bool | None) -> None:
    """Of three elements one matches, one does not, one was not read."""
    facts = {"f": {"list": [{"on": True}, {"on": False}, {"on": Unread(GAP)}]}}
    count = {"field": "facts.f.list[*]", "where": {"field": "facts.f.list[*].on", "equals": True}}
    truth = judge({"count": count, operator: operand}, facts=facts)
    assert (None if is_unknown(truth) else truth) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"f": Unread(GAP)}, None),
        ({"f": {"a": Unread(GAP)}}, None),
        ({"f": {"a": [1, Unread(GAP)]}}, False),
        ({"f": {"a": [0, Unread(GAP)]}}, None),
    ],
)
def test_unread_parts_of_facts(facts: dict[str, Any], expected: bool | None) -> None:
    truth = judge({"field": "facts.f.a[*]", "equals": 0}, facts=facts)
    assert (None if is_unknown(truth) else truth) is expected


def test_evaluation_is_pure() -> None:
    condition = compiled({"anyOf": [MAYBE, {"count": {"field": "properties.a[*]"}, "greater": 1}]})
    here = context(site({"a": [1, 2]}))
    assert [condition.evaluate(here) for _ in range(3)] == [True] * 3
    assert condition.evaluate(context(site({"a": []}))) is False
