"""Every operator, over present, missing and mistyped values.

https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#conditions
"""

from __future__ import annotations

from typing import Any

import pytest

from auditor.rules.conditions.compare import OPERATORS
from tests.rules.conditions.judging import is_unknown, judge, site

ABSENT = object()
UNKNOWN = "unknown"

Case = tuple[Any, Any, Any]
"""Value of the property, operand, expected truth."""

CASES: dict[str, list[Case]] = {
    "equals": [
        ("TLS1_2", "tls1_2", True),
        ("a", "b", False),
        (True, True, True),
        (True, "true", True),
        ("False", False, True),
        (3, "3", True),
        ("3", 3, True),
        (3, 4, False),
        (1, True, False),
        (None, "a", False),
        (ABSENT, "a", False),
        (ABSENT, False, False),
        (["a"], "a", False),
        ({"a": 1}, {"A": 1}, True),
    ],
    "notEquals": [("a", "A", False), ("a", "b", True), (ABSENT, "a", True), (None, "a", True), (True, "true", False)],
    "like": [
        ("Contoso-web", "contoso-*", True),
        ("my-contoso-web", "contoso-*", False),
        ("contoso", "*TOSO", True),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("line\nbreak", "line*", True),
        (ABSENT, "*", False),
    ],
    "notLike": [("contoso", "fab*", True), ("fabrikam", "fab*", False), (ABSENT, "*", True)],
    "match": [
        ("ab-12", "??-##", True),
        ("AB-12", "ab-##", False),
        ("x1", "##", False),
        ("1", "?", False),
        ("a$", "a.", True),
        ("ab-123", "??-##", False),
        (ABSENT, "#", False),
    ],
    "notMatch": [("AB-12", "ab-##", True), ("ab-12", "ab-##", False), (ABSENT, "#", True)],
    "matchInsensitively": [("AB-12", "ab-##", True), ("AB-1x", "ab-##", False), (ABSENT, "#", False)],
    "notMatchInsensitively": [("AB-12", "ab-##", False), ("AB-1x", "ab-##", True), (ABSENT, "#", True)],
    "contains": [
        ("Logging, Metrics", "metrics", True),
        ("Logging", "metrics", False),
        (["Get", "List"], "list", True),
        (["GetAll"], "get", False),
        (ABSENT, "x", False),
    ],
    "notContains": [("Logging", "metrics", True), (["Get"], "get", False), (ABSENT, "x", True)],
    "in": [
        ("westeurope", ["NorthEurope", "WestEurope"], True),
        ("eastus", ["NorthEurope", "WestEurope"], False),
        (22, ["22", "3389"], True),
        ("a", [], False),
        (ABSENT, ["a"], False),
    ],
    "notIn": [("a", ["A"], False), ("a", ["b"], True), (ABSENT, ["a"], True)],
    "containsKey": [
        ({"Env": 1}, "env", True),
        ({"Env": 1}, "owner", False),
        ("text", "t", False),
        (ABSENT, "a", False),
    ],
    "notContainsKey": [({"Env": 1}, "env", False), ({}, "env", True), (ABSENT, "env", True)],
    "less": [
        (7, 90, True),
        (90, 90, False),
        ("7", 90, True),
        ("1.0", "1.2", True),
        ("apple", "Banana", True),
        ("2025-01-01T00:00:00Z", "2025-01-01T01:00:00+00:00", True),
        ("2025-01-02", "2025-01-01T23:59:59Z", False),
        ("2025-06-01T00:00:00.1234567Z", "2025-06-01T00:00:01Z", True),
        (True, 3, UNKNOWN),
        ("text", 3, UNKNOWN),
        ([1], 3, UNKNOWN),
        (ABSENT, 3, False),
    ],
    "lessOrEquals": [(90, 90, True), (91, 90, False), (ABSENT, 90, False)],
    "greater": [(91, 90, True), (90, 90, False), ("b", "A", True), (ABSENT, 0, False)],
    "greaterOrEquals": [(90, 90, True), (89, 90, False), (ABSENT, 0, False), ({}, 1, UNKNOWN)],
    "exists": [
        ("", True, True),
        (False, "true", True),
        ([], True, True),
        (None, True, False),
        (ABSENT, True, False),
        (ABSENT, "false", True),
        (0, False, False),
    ],
}


def test_every_operator_has_cases() -> None:
    assert {operator.name for operator in OPERATORS.values()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str) -> None:
    for value, operand, expected in CASES[name]:
        body = site({} if value is ABSENT else {"value": value})
        truth = judge({"field": "properties.value", name: operand}, body)
        assert ("unknown" if is_unknown(truth) else truth) == expected, (value, operand)


@pytest.mark.parametrize("name", CASES)
def test_operator_over_an_expression(name: str) -> None:
    """`value` compares like `field`, but for null where a property is missing."""
    for value, operand, expected in CASES[name]:
        parameters = {"value": None if value is ABSENT else value, "operand": operand}
        condition = {"value": "[parameters('value')]", name: "[parameters('operand')]"}
        truth = judge(condition, parameters=parameters)
        assert ("unknown" if is_unknown(truth) else truth) == expected, (value, operand)


@pytest.mark.parametrize(
    ("positive", "negative"),
    [(n, "not" + n[0].upper() + n[1:]) for n in CASES if "not" + n[0].upper() + n[1:] in CASES],
)
def test_negative_operator_says_the_opposite(positive: str, negative: str) -> None:
    for value, operand, _ in [*CASES[positive], *CASES[negative]]:
        body = site({} if value is ABSENT else {"value": value})
        truths = [judge({"field": "properties.value", name: operand}, body) for name in (positive, negative)]
        assert truths in ([True, False], [False, True]), (value, operand)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"allOf": [{"field": "name", "equals": "web"}, {"field": "kind", "exists": False}]}, True),
        ({"allOf": [{"field": "name", "equals": "web"}, {"field": "kind", "exists": True}]}, False),
        ({"anyOf": [{"field": "name", "equals": "no"}, {"field": "kind", "exists": False}]}, True),
        ({"anyOf": [{"field": "name", "equals": "no"}, {"field": "kind", "exists": True}]}, False),
        ({"not": {"field": "name", "equals": "no"}}, True),
        ({"not": {"not": {"field": "name", "equals": "no"}}}, False),
        ({"ALLOF": [{"FIELD": "name", "EQUALS": "web"}]}, True),
    ],
)
def test_logic(condition: dict[str, Any], expected: bool) -> None:
    assert judge(condition) is expected


def test_in_needs_a_list() -> None:
    assert is_unknown(judge({"field": "name", "in": "[parameters('names')]"}, parameters={"names": "web"}))
