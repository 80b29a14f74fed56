"""What rules say as data that their remedy sets: read, refused, and laid over bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.errors import RuleError
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from auditor.rules.loader import load_rules
from auditor.rules.model import Context
from auditor.rules.patching import parse_patch, patched, told, words
from auditor.rules.selftest import example_context, outcome_of, run_examples
from tests.conftest import arm_id

SERVER = "Microsoft.Sql/servers"
CHILD = f"{SERVER}/azureADOnlyAuthentications"


def context(resource_type: str, name: str, properties: Any, *others: dict[str, Any]) -> Context:
    body = {"id": arm_id(resource_type, name), "type": resource_type, "name": name, "properties": properties}
    resources = [Resource.from_body(body), *map(Resource.from_body, others)]
    return Context(resources[0], Inventory(resources))


def after(properties: Any, *changes: dict[str, Any]) -> Any:
    parsed, problems = parse_patch(list(changes), [SERVER])
    assert problems == []
    judged = context(SERVER, "s", properties)
    before = json.dumps(properties, default=str)
    found = patched(parsed, judged)
    assert json.dumps(properties, default=str) == before
    return found[judged.resource.id]["properties"] if found else None


@pytest.mark.parametrize(
    ("properties", "change", "wanted"),
    [
        ({}, {"path": "properties.a.b", "value": 1}, {"a": {"b": 1}}),
        ({"A": {"B": 2}}, {"path": "properties.a.b", "value": 1}, {"A": {"B": 1}}),
        ({"a": None}, {"path": "properties.a.b", "value": 1}, {"a": {"b": 1}}),
        ({"a": 1, "b": 2}, {"path": "properties.A", "remove": True}, {"b": 2}),
        ({"b": 2}, {"path": "properties.a.c", "remove": True}, None),
        ({"a": 1}, {"path": "properties.a", "value": 1}, None),
        ({"l": [{"x": 1}, {}]}, {"path": "properties.l[*].x", "value": 3}, {"l": [{"x": 3}, {"x": 3}]}),
        ({}, {"path": "properties.l[*].x", "value": 3}, None),
        (
            {"l": [{"n": "A", "x": 1}, {"n": "b", "x": 1}]},
            {"path": "properties.l[*].x", "where": {"field": "properties.l[*].n", "equals": "a"}, "value": 3},
            {"l": [{"n": "A", "x": 3}, {"n": "b", "x": 1}]},
        ),
        (
            {"l": [{"n": "a"}, {"n": "b"}]},
            {"path": "properties.l[*]", "where": {"field": "properties.l[*].n", "equals": "a"}, "remove": True},
            {"l": [{"n": "b"}]},
        ),
        ({"t": {"a.b": "x"}}, {"path": "properties.t['a.b']", "value": "y"}, {"t": {"a.b": "y"}}),
    ],
)
def test_a_change_is_laid_over_a_body(properties: Any, change: dict[str, Any], wanted: Any):
    assert after(properties, change) == wanted


def test_what_was_not_read_stays_unread():
    gap = Unread(Gap("/", SERVER, "GET", 403, "x"))

    assert after({"a": gap}, {"path": "properties.a.b", "value": 1}) is None


def test_a_child_is_made_where_it_is_missing_and_set_where_it_is_there():
    changes, _ = parse_patch(
        [{"at": "azureADOnlyAuthentications/Default", "path": "properties.azureADOnlyAuthentication", "value": True}],
        [SERVER],
    )
    there = {"id": arm_id(CHILD, "s/default"), "type": CHILD, "name": "default", "properties": {"z": 1}}

    made = patched(changes, context(SERVER, "s", {}))
    kept = patched(changes, context(SERVER, "s", {}, there))

    assert made[arm_id(CHILD, "s/Default")]["properties"] == {"azureADOnlyAuthentication": True}
    assert made[arm_id(CHILD, "s/Default")]["type"] == CHILD
    assert kept == {there["id"]: {**there, "properties": {"z": 1, "azureADOnlyAuthentication": True}}}


def test_a_change_at_what_holds_it_and_one_for_another_type():
    changes, _ = parse_patch(
        [{"at": "..", "path": "properties.x", "value": 1}, {"type": SERVER, "path": "properties.y", "value": 1}],
        [CHILD, SERVER],
    )
    server = {"id": arm_id(SERVER, "s"), "type": SERVER, "name": "s", "properties": {}}
    body = {"id": arm_id(CHILD, "s/Default"), "type": CHILD, "name": "Default", "properties": {}}
    resources = [Resource.from_body(body), Resource.from_body(server)]

    found = patched(changes, Context(resources[0], Inventory(resources)))

    assert found == {server["id"]: {**server, "properties": {"x": 1}}}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("x", "patch takes a list of changes"),
        (["x"], "a change must be a mapping"),
        ([{"path": "properties.a", "valeu": 1}], "there is no key 'valeu'"),
        ([{"path": "properties.a"}], "sets a value or removes"),
        ([{"path": "properties.a", "value": 1, "remove": True}], "sets a value or removes"),
        ([{"path": "properties..a", "value": 1}], "cannot read"),
        ([{"path": 7, "value": 1}], "the path is empty"),
        ([{"path": "properties.a", "value": 1, "at": "x"}], "is no place"),
        ([{"path": "properties.a", "value": 1, "type": CHILD}], "is no type of the rule"),
        ([{"path": "properties.a", "value": 1, "where": {"field": "x", "equals": 1}}], "one list"),
        ([{"path": "properties.a[*]", "remove": True, "where": {"feild": "x"}}], "feild"),
    ],
)
def test_a_mistake_is_told_with_its_place(patch: Any, message: str, tmp_path: Any):
    text = f"""
id: mine
title: A
severity: low
topic: mine
resource: {SERVER}
fail_if: {{field: properties.a, equals: 1}}
description: B
remediation: {{text: C, patch: {json.dumps(patch)}}}
"""
    (tmp_path / "mine.yaml").write_text(text)

    with pytest.raises(RuleError) as refused:
        load_rules([tmp_path], builtin=False)

    assert any(message in problem.message for problem in refused.value.problems)
    assert refused.value.problems[0].line == 9


def test_a_patch_that_mends_nothing_is_found(tmp_path: Any):
    text = f"""
id: mine
title: A
severity: low
topic: mine
resource: {SERVER}
fail_if: {{field: properties.a, equals: 1}}
description: B
remediation: {{text: C, patch: [{{path: properties.b, value: 2}}]}}
examples: {{fail: [{{properties: {{a: 1}}}}], pass: [{{properties: {{a: 2}}}}]}}
"""
    (tmp_path / "mine.yaml").write_text(text)
    [rule] = load_rules([tmp_path], builtin=False, examples=True).rules

    [wrong] = run_examples(rule)

    assert (wrong.example, wrong.actual) == ("fail[0] with remediation.patch", "fail")


PATCHED = [rule for rule in load_rules(examples=True).rules if rule.remediation.patch]


def test_most_rules_whose_remedy_sets_a_property_say_so_as_data():
    assert len(PATCHED) >= 300


def test_laid_over_examples_that_pass_a_patch_breaks_none():
    """A remedy that were run where nothing is wrong leaves the rule content."""
    wrong = []
    for rule in PATCHED:
        for number, example in enumerate(rule.examples.passing):
            before = example_context(example, FactStore)
            found = patched(rule.remediation.patch, before)
            bodies = [found.pop(str(body["id"]), body) for body in example]
            if outcome_of(rule, example_context((*bodies, *found.values()), FactStore)) == "fail":
                wrong.append(f"{rule.id} pass[{number}]")

    assert wrong == []


def test_a_change_is_told_in_words():
    changes, _ = parse_patch(
        [{"path": "properties.a", "value": "B"}, {"at": "..", "path": "properties.l[*]", "remove": True}], [SERVER]
    )

    assert [words(change) for change in changes] == ['properties.a = "B"', "..: properties.l[*] is removed"]
    assert told(changes[0]) == {"path": "properties.a", "value": "B"}
