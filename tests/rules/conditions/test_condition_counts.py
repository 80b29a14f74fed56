"""Arrays: `[*]` as all elements, counts over fields and values, nested, with `current()`.

The examples are those of https://learn.microsoft.com/azure/governance/policy/how-to/author-policies-for-arrays.
"""

from __future__ import annotations

from typing import Any

import pytest

from auditor.rules.conditions import Language
from tests.rules.conditions.judging import judge, site

BODY = site(
    {
        "stringArray": ["a", "b", "c"],
        "objectArray": [
            {"property": "value1", "nestedArray": [1, 2]},
            {"property": "value2", "nestedArray": [3, 4]},
        ],
        "empty": [],
        "partial": [{"a": 1}, {}],
        "prefixes": ["10.0.0.0/24", "10.1.0.0/24"],
    },
    tags={"env": "prod"},
)


@pytest.mark.parametrize(
    ("path", "test", "expected"),
    [
        ("stringArray[*]", {"equals": "a"}, False),
        ("stringArray[*]", {"in": ["a", "B", "c"]}, True),
        ("stringArray[*]", {"notEquals": "a"}, False),
        ("stringArray[*]", {"notEquals": "x"}, True),
        ("objectArray[*].property", {"like": "value*"}, True),
        ("objectArray[*].nestedArray[*]", {"less": 5}, True),
        ("objectArray[*].nestedArray[*]", {"less": 4}, False),
        ("empty[*]", {"equals": "anything"}, True),
        ("empty[*]", {"notEquals": "anything"}, True),
        ("missing[*]", {"equals": "anything"}, True),
        ("missing[*].property", {"exists": True}, True),
        ("partial[*].a", {"exists": True}, False),
        ("partial[*].a", {"notEquals": 2}, True),
        ("stringArray", {"exists": True}, True),
        ("missing", {"exists": True}, False),
        ("stringArray", {"contains": "B"}, True),
    ],
)
def test_field_over_all_elements(path: str, test: dict[str, Any], expected: bool) -> None:
    assert judge({"field": f"properties.{path}", **test}, BODY) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("field('properties.missing')", ""),
        ("field('properties.missing[*]')", []),
        ("field('properties.missing[*].property')", []),
        ("field('properties.stringArray')", ["a", "b", "c"]),
        ("field('properties.stringArray[*]')", ["a", "b", "c"]),
        ("field('properties.objectArray[*].property')", ["value1", "value2"]),
        ("field('properties.objectArray[*].nestedArray')", [[1, 2], [3, 4]]),
        ("field('properties.objectArray[*].nestedArray[*]')", [1, 2, 3, 4]),
    ],
)
def test_field_function(expression: str, expected: Any) -> None:
    assert judge({"value": f"[{expression}]", "equals": expected}, BODY) is True


@pytest.mark.parametrize(
    ("path", "where", "expected"),
    [
        ("stringArray[*]", None, 3),
        ("objectArray[*].nestedArray[*]", None, 4),
        ("empty[*]", None, 0),
        ("missing[*]", None, 0),
        ("partial[*].a", None, 1),
        ("stringArray[*]", {"field": "properties.stringArray[*]", "equals": "A"}, 1),
        ("objectArray[*]", {"field": "tags.env", "equals": "prod"}, 2),
        ("objectArray[*]", {"field": "properties.objectArray[*].property", "equals": "value2"}, 1),
        ("objectArray[*]", {"field": "properties.objectArray[*].nestedArray[*]", "greater": 2}, 1),
        ("objectArray[*].property", {"field": "properties.objectArray[*].property", "equals": "value2"}, 1),
        ("objectArray[*].property", {"field": "properties.objectArray[*].nestedArray[*]", "greater": 2}, 1),
        ("objectArray[*].property", {"value": "[current()]", "equals": "value1"}, 1),
        ("stringArray[*]", {"value": "[current('properties.stringArray[*]')]", "equals": "b"}, 1),
        ("objectArray[*]", {"value": "[current('properties.objectArray[*].property')]", "equals": "value1"}, 1),
        # field() of the counted array gives an array of one: https://learn.microsoft.com/azure/governance/policy/
        # how-to/author-policies-for-arrays#the-field-function-inside-where-conditions
        ("stringArray[*]", {"field": "properties.stringArray[*]", "equals": "[field('properties.stringArray[*]')]"}, 0),
        (
            "stringArray[*]",
            {"field": "properties.stringArray[*]", "equals": "[first(field('properties.stringArray[*]'))]"},
            3,
        ),
    ],
)
def test_field_count(path: str, where: dict[str, Any] | None, expected: int) -> None:
    count = {"field": f"properties.{path}", **({"where": where} if where else {})}
    assert judge({"count": count, "equals": expected}, BODY) is True
    assert judge({"count": count, "greater": expected}, BODY) is False


def test_nested_field_count() -> None:
    inner = {
        "count": {
            "field": "properties.objectArray[*].nestedArray[*]",
            "where": {"field": "properties.objectArray[*].nestedArray[*]", "equals": 3},
        },
        "greater": 0,
    }
    assert judge({"count": {"field": "properties.objectArray[*]", "where": inner}, "equals": 1}, BODY) is True


def test_count_of_properties_keeps_a_nested_count_at_its_own_array() -> None:
    inner = {
        "count": {
            "field": "properties.stringArray[*]",
            "where": {"field": "properties.stringArray[*]", "equals": "a"},
        },
        "equals": 1,
    }
    assert judge({"count": {"field": "properties.objectArray[*].property", "where": inner}, "equals": 2}, BODY) is True


def test_count_over_a_fact_binds_its_element() -> None:
    facts = {"ways": {"list": [{"port": 22, "open": True}, {"port": 443, "open": False}]}}
    where = {
        "allOf": [
            {"field": "facts.ways.list[*].port", "equals": 22},
            {"field": "facts.ways.list[*].open", "equals": True},
        ]
    }
    assert judge({"count": {"field": "facts.ways.list[*]", "where": where}, "equals": 1}, BODY, facts=facts) is True


def test_value_count() -> None:
    where = {"field": "name", "like": "[current('pattern')]"}
    literal = {"value": ["w*", "*b", "x*"], "name": "pattern", "where": where}
    assert judge({"count": literal, "equals": 2}, BODY) is True
    parameter = {**literal, "value": "[parameters('patterns')]"}
    assert judge({"count": parameter, "equals": 1}, BODY, parameters={"patterns": ["w*"]}) is True
    unnamed = {"value": ["w*"], "where": {"field": "name", "like": "[current()]"}}
    assert judge({"count": unnamed, "equals": 1}, BODY) is True
    assert judge({"count": {"value": [1, 2]}, "equals": 2}, BODY) is True


def test_value_count_inside_a_field_count() -> None:
    where = {
        "count": {
            "value": ["10.0.0.0/16"],
            "name": "approved",
            "where": {
                "value": "[ipRangeContains(current('approved'), current('properties.prefixes[*]'))]",
                "equals": True,
            },
        },
        "equals": 0,
    }
    assert judge({"count": {"field": "properties.prefixes[*]", "where": where}, "equals": 1}, BODY) is True


def test_field_count_inside_a_value_count_in_a_policy() -> None:
    """The reserved rules of Microsoft's example: every object of a parameter has its element."""
    rules = site({"rules": [{"port": 22, "access": "deny"}, {"port": 3389, "access": "allow"}]})
    where = {
        "count": {
            "field": "Microsoft.Test/sites/rules[*]",
            "where": {
                "allOf": [
                    {"field": "Microsoft.Test/sites/rules[*].port", "equals": "[current('reserved').port]"},
                    {"field": "Microsoft.Test/sites/rules[*].access", "equals": "[current('reserved').access]"},
                ]
            },
        },
        "equals": 1,
    }
    condition = {
        "count": {"value": "[parameters('rules')]", "name": "reserved", "where": where},
        "equals": "[length(parameters('rules'))]",
    }
    reserved = [{"port": 22, "access": "Deny"}]
    wider = [*reserved, {"port": 3389, "access": "Deny"}]
    assert judge(condition, rules, language=Language.POLICY, parameters={"rules": reserved}) is True
    assert judge(condition, rules, language=Language.POLICY, parameters={"rules": wider}) is False


def test_count_beside_every_numeric_operator() -> None:
    count = {"count": {"field": "properties.stringArray[*]"}}
    tests = [("equals", 3), ("notEquals", 2), ("less", 4), ("lessOrEquals", 3), ("greater", 2), ("greaterOrEquals", 3)]
    assert all(judge({**count, name: number}, BODY) is True for name, number in [*tests, ("in", [1, 3])])
