"""Mistakes in conditions: each at its place, with what would be right, all of them at once."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.rules.conditions import ConditionErrors, Language, compile_condition
from tests.rules.conditions.judging import PlainAliases


def problems(condition: Any, language: Language = Language.RULE) -> list[tuple[tuple[Any, ...], str, str]]:
    with pytest.raises(ConditionErrors) as caught:
        compile_condition(condition, language=language, aliases=PlainAliases())
    return [(problem.path, problem.message, problem.remedy) for problem in caught.value.problems]


LEAF = {"field": "name", "equals": "a"}


@pytest.mark.parametrize(
    ("condition", "path", "words"),
    [
        ({"field": "name", "equal": "a"}, ("equal",), "did you mean equals?"),
        ({"field": "name", "frobnicate": "a"}, ("frobnicate",), "operators: equals"),
        ({"field": "name"}, (), "field needs an operator"),
        ({"field": "name", "equals": "a", "like": "b"}, ("like",), "takes one operator"),
        ({"anyof": LEAF}, ("anyof",), "takes a list"),
        ({"allOf": []}, ("allOf",), "takes a list"),
        ({"allOf": [LEAF], "field": "name", "equals": 1}, (), "exactly one of its forms"),
        ({"allOf": [LEAF], "equals": 1}, ("equals",), "cannot stand beside allOf"),
        ({"allOff": [LEAF]}, (), "did you mean allOf?"),
        ({"not": [LEAF]}, ("not",), "must be an object"),
        ("text", (), "must be an object"),
        ({}, (), "exactly one of its forms"),
        ({"field": "properties..a", "equals": 1}, ("field",), "cannot read"),
        ({"field": "properties.a[", "equals": 1}, ("field",), "cannot read"),
        ({"field": "", "equals": 1}, ("field",), "path is empty"),
        ({"field": 3, "equals": 1}, ("field",), "field takes a path"),
        ({"field": "facts", "equals": 1}, ("field",), "name of a fact family"),
        ({"field": "Microsoft.Storage/storageAccounts/x", "equals": 1}, ("field",), "looks like an alias"),
        ({"field": "name", "in": "a"}, ("in",), "takes a list"),
        ({"field": "name", "exists": "maybe"}, ("exists",), "true or false"),
        ({"field": "name", "like": 3}, ("like",), "takes a string"),
        ({"field": "name", "less": True}, ("less",), "a number, a date or a string"),
        ({"value": "[nope('a')]", "equals": 1}, ("value",), "there is no function 'nope'"),
        ({"value": "[pad('a')]", "equals": 1}, ("value",), "no function"),
        ({"value": "[padLef('a', 3)]", "equals": 1}, ("value",), "did you mean padLeft?"),
        ({"value": "[substring('a')]", "equals": 1}, ("value",), "it takes 2 to 3"),
        ({"value": "[concat()]", "equals": 1}, ("value",), "it takes 1 or more"),
        ({"value": "[concat('a']", "equals": 1}, ("value",), "cannot read the expression"),
        ({"value": "[concat('a') 'b']", "equals": 1}, ("value",), "cannot read the expression"),
        ({"field": "name", "equals": "[nope()]"}, ("equals",), "there is no function 'nope'"),
        ({"field": "name", "in": ["a", "[nope()]"]}, ("in", 1), "there is no function 'nope'"),
        ({"value": "[current()]", "equals": 1}, ("value",), "only available inside count.where"),
        ({"value": "[current('x')]", "equals": 1}, ("value",), "knows no 'x'"),
        ({"count": {"field": "properties.a"}, "equals": 1}, ("count", "field"), "write properties.a[*]"),
        ({"count": {"field": "properties.a[*]"}}, (), "count needs an operator"),
        ({"count": {"where": LEAF}, "equals": 1}, ("count",), "exactly one of field, value and related"),
        ({"count": {"field": "properties.a[*]", "wher": LEAF}, "equals": 1}, ("count", "wher"), "did you mean where?"),
        ({"count": {"field": "properties.a[*]", "where": {}}, "equals": 1}, ("count", "where"), "exactly one"),
        ({"count": 3, "equals": 1}, ("count",), "an object is needed"),
        ({"field": "properties.a[*]", "where": LEAF}, ("where",), "there is no operator 'where'"),
        ({"related": {"child": "a"}, "equals": 1}, ("equals",), "related takes no operator"),
        ({"related": {"where": LEAF}}, ("related",), "one of by, child, parent"),
        ({"related": {"by": "id", "child": "a"}}, ("related",), "one of by, child, parent"),
        ({"related": {"type": "nsg", "referencing": "id"}}, ("related", "type"), "is not a resource type"),
        ({"related": {"type": "a/b", "matching": {}}}, ("related", "matching"), "needs a type and pairs"),
        ({"related": {"child": 3}}, ("related", "child"), "takes a type segment"),
        ({"related": {"parent": False}}, ("related", "parent"), "takes true"),
        ({"related": {"child": "a", "where": {"field": "x"}}}, ("related", "where"), "needs an operator"),
    ],
)
def test_mistake(condition: Any, path: tuple[Any, ...], words: str) -> None:
    found = problems(condition)
    assert path in [place for place, _, _ in found]
    assert any(words in f"{message} {remedy}" for place, message, remedy in found if place == path), found


def test_every_mistake_at_once() -> None:
    condition = {
        "allOf": [
            {"field": "name", "equal": "a"},
            {"anyOf": [{"value": "[nope()]", "equals": 1}, {"related": {"child": "a", "where": {"fiel": "x"}}}]},
            LEAF,
        ]
    }
    assert [path for path, _, _ in problems(condition)] == [
        ("allOf", 0, "equal"),
        ("allOf", 1, "anyOf", 0, "value"),
        ("allOf", 1, "anyOf", 1, "related", "where"),
    ]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"field": "Microsoft.Other/things/x", "equals": 1}, "is not known"),
        ({"field": "properties.x", "equals": 1}, "is not known"),
        ({"related": {"child": "a"}}, "not a part of Azure Policy"),
    ],
)
def test_mistake_in_a_policy(condition: Any, words: str) -> None:
    assert words in problems(condition, Language.POLICY)[0][1]


def test_nested_value_count_needs_a_name() -> None:
    inner = {"count": {"value": [1], "where": LEAF}, "equals": 1}
    found = problems({"count": {"value": [1], "name": "outer", "where": inner}, "equals": 1})
    assert "needs a name" in found[0][1]


def test_current_needs_a_name_in_nested_counts() -> None:
    inner = {"count": {"value": [1], "name": "in", "where": {"value": "[current()]", "equals": 1}}, "equals": 1}
    found = problems({"count": {"value": [1], "name": "out", "where": inner}, "equals": 1})
    assert "ambiguous" in found[0][1]
