"""Evidence: the smallest set of leaves that decides, with paths by index and what would have been right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import arm_id
from tests.rules.conditions.judging import Missing, explain, gap_of, other, site

BODY = site(
    {
        "tls": "TLS1_0",
        "public": True,
        "days": 7,
        "rules": [{"port": 22, "open": True}, {"port": 443, "open": False}, {"port": 3389, "open": True}],
    },
)
TLS = {"field": "properties.tls", "equals": "TLS1_0"}
PUBLIC = {"field": "properties.public", "equals": True}
NO = {"field": "properties.days", "greater": 90}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"field": "properties.tls", "equals": "TLS1_0"}, ("properties.tls", "TLS1_0", "not TLS1_0")),
        ({"field": "properties.tls", "notEquals": "TLS1_2"}, ("properties.tls", "TLS1_0", "TLS1_2")),
        ({"field": "properties.days", "less": 90}, ("properties.days", 7, "at least 90")),
        ({"field": "properties.days", "lessOrEquals": 90}, ("properties.days", 7, "more than 90")),
        ({"field": "properties.days", "greater": 1}, ("properties.days", 7, "at most 1")),
        ({"field": "properties.days", "greaterOrEquals": 1}, ("properties.days", 7, "less than 1")),
        ({"field": "properties.no", "exists": False}, ("properties.no", None, "present")),
        ({"field": "properties.tls", "exists": True}, ("properties.tls", "TLS1_0", "absent")),
        (
            {"field": "properties.tls", "in": ["TLS1_0", "TLS1_1"]},
            ("properties.tls", "TLS1_0", "none of TLS1_0, TLS1_1"),
        ),
        ({"field": "properties.tls", "notIn": ["TLS1_2"]}, ("properties.tls", "TLS1_0", "one of TLS1_2")),
        ({"not": {"field": "properties.tls", "equals": "TLS1_2"}}, ("properties.tls", "TLS1_0", "TLS1_2")),
    ],
)
def test_leaf(test: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert explain(test, BODY) == [expected]


@pytest.mark.parametrize(
    ("condition", "paths"),
    [
        ({"allOf": [TLS, PUBLIC]}, ["properties.tls", "properties.public"]),
        ({"anyOf": [{"allOf": [TLS, PUBLIC]}, PUBLIC]}, ["properties.public"]),
        ({"allOf": [TLS, NO]}, ["properties.days"]),
        ({"anyOf": [NO, {"not": TLS}]}, ["properties.days", "properties.tls"]),
    ],
)
def test_smallest_set(condition: dict[str, Any], paths: list[str]) -> None:
    assert [line[0] for line in explain(condition, BODY)] == paths


def test_count_names_the_elements_that_matched() -> None:
    where = {"field": "properties.rules[*].open", "equals": True}
    condition = {"count": {"field": "properties.rules[*]", "where": where}, "greater": 0}
    assert explain(condition, BODY) == [
        ("properties.rules[0].open", True, "not true"),
        ("properties.rules[2].open", True, "not true"),
    ]


def test_count_of_nothing_says_what_keeps_the_few_that_there_are_from_counting() -> None:
    where = {"field": "properties.rules[*].port", "equals": 80}
    condition = {"count": {"field": "properties.rules[*]", "where": where}, "less": 1}
    assert explain(condition, BODY) == [
        ("properties.rules[0].port", 22, "80"),
        ("properties.rules[1].port", 443, "80"),
        ("properties.rules[2].port", 3389, "80"),
    ]


def test_count_of_nothing_where_there_is_nothing_or_much_is_the_count_itself() -> None:
    where = {"field": "properties.rules[*].port", "equals": 80}
    condition = {"count": {"field": "properties.rules[*]", "where": where}, "less": 1}
    many = {**BODY, "properties": {"rules": [{"port": port} for port in range(100, 104)]}}
    for body in (many, {**BODY, "properties": {"rules": []}}):
        assert explain(condition, body) == [("properties.rules", "none", "at least one")]


def test_all_elements_are_broken_by_the_first_that_differs() -> None:
    condition = {"not": {"field": "properties.rules[*].open", "equals": True}}
    assert explain(condition, BODY) == [("properties.rules[1].open", False, "true")]


def test_related_resource_is_named_before_its_path() -> None:
    child = other("Microsoft.Test/sites/configs", "web/one", {"on": False})
    condition = {"related": {"child": "configs", "where": {"field": "properties.on", "equals": False}}}
    path = arm_id("Microsoft.Test/sites/configs", "web/one") + ":properties.on"
    assert explain(condition, BODY, [child]) == [(path, False, "not false")]


def test_missing_relation_says_what_is_needed() -> None:
    condition = {"not": {"related": {"child": "configs"}}}
    assert explain(condition, BODY) == [("configs", "none", "at least one")]


def test_unknown_says_why() -> None:
    gap = gap_of("Microsoft.Test/sites")
    assert explain(TLS, BODY, unread={"properties": gap}) == [("properties.tls", None, f"known: {gap.message}")]
    relation = {"related": {"child": "configs"}}
    (line,) = explain(relation, BODY, coverage=Missing("Microsoft.Test/sites/configs"))
    assert line[:2] == ("configs", "none that was read")


def test_value_shows_the_expression() -> None:
    condition = {"value": "[length(field('properties.rules'))]", "greater": 2}
    assert explain(condition, BODY) == [("[length(field('properties.rules'))]", 3, "at most 2")]
