"""What `rules lint` says of a rule against its own examples and against the facts that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import api
from auditor.errors import RuleError
from auditor.facts.registry import FactStore, family_names
from auditor.rules.lint import Level, lint_rules
from auditor.rules.loader import load_rules

RULE = """
id: mine
title: Disk is small
severity: low
topic: own
resource: Microsoft.Compute/disks
fail_if: {CONDITION}
message: "{MESSAGE}"
description: Why.
remediation: {text: "TEXT", az: "AZ", bicep: x, terraform: x}
references: [https://learn.microsoft.com/azure]
frameworks: {x-own: [1]}
examples:
  fail: [{properties: {size: 3, on: false, kind: small, tags: [a], inner: {a: 1}}}]
  pass: [{properties: {size: 9, on: true, kind: large, tags: [b], inner: {a: 2}}}]
"""


def told(folder: Path, condition: str, **texts: str) -> list[str]:
    """The messages over a rule with this condition and these texts."""
    text = RULE.replace("{CONDITION}", condition)
    for name, plain in (("{MESSAGE}", "{name}"), ("TEXT", "Mend it."), ("AZ", "az disk update --ids {id}")):
        text = text.replace(name, texts.get(name.strip("{}").lower(), plain))
    (folder / "mine.yaml").write_text(text)
    rules = load_rules([folder / "mine.yaml"], builtin=False, examples=True).rules
    return [message.text for message in lint_rules(rules, FactStore, family_names())]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("{field: properties.size, less: 5}", ""),
        ('{field: properties.size, less: "5"}', ""),
        ("{field: properties.kind, in: [small, 0]}", ""),
        ('{field: properties.on, equals: "false"}', ""),
        ('{field: properties.size, less: "[add(4, 1)]"}', ""),
        ("{field: properties.size, less: small}", "examples have a number there"),
        ("{field: properties.on, equals: off}", "examples have true or false there"),
        ("{field: properties.on, less: 1}", "examples have true or false there"),
        ("{field: properties.kind, greater: 3}", "examples have text there"),
        ("{field: properties.kind, equals: true}", "examples have text there"),
        ("{field: properties.tags, equals: a}", "examples have a list there: write [*]"),
        ("{field: properties.inner, equals: a}", "examples have an object there"),
    ],
)
def test_a_value_of_another_kind_than_the_examples_have_is_told(condition: str, words: str, tmp_path: Path):
    messages = told(tmp_path, condition)

    assert [words in message for message in messages] == ([True] if words else []), messages


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"message": "{properties.kind} in {location} of {root}"}, ""),
        ({"message": "{properties.knid}"}, "nothing fills {properties.knid}"),
        ({"message": "{resourceGroup}"}, "did you mean resource_group?"),
        ({"az": "az disk update --ids {ids}"}, "nothing fills {ids}; did you mean id?"),
        ({"az": "az disk update --ids {id} --query {a: b}"}, ""),
        ({"az": "az disk update --name {properties.nme|NAME}"}, "no example that fails has 'properties.nme'"),
        ({"text": "Mend {nam}."}, "remediation.text: nothing fills {nam}"),
    ],
)
def test_a_place_that_nothing_fills_is_told(texts: dict[str, str], words: str, tmp_path: Path):
    messages = told(tmp_path, "{field: properties.size, less: 5}", **texts)

    assert [words in message for message in messages] == ([True] if words else []), messages


def test_a_misspelt_field_of_a_fact_is_told_with_what_is_near(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text(
        RULE.replace("{CONDITION}", "{field: facts.paas_exposure.wied, equals: true}")
        .replace("{MESSAGE}", "{name}")
        .replace("Microsoft.Compute/disks", "Microsoft.Storage/storageAccounts")
    )
    rules = load_rules([tmp_path / "mine.yaml"], builtin=False, examples=True).rules

    messages = [message.text for message in lint_rules(rules, FactStore, family_names())]

    assert "no example has the field 'facts.paas_exposure.wied'; did you mean facts.paas_exposure.wide?" in messages


def test_a_family_that_does_not_exist_is_an_error_of_lint_and_of_a_scan(tmp_path: Path):
    told(tmp_path, "{field: facts.paas_exposed.wide, equals: true}")
    rules = load_rules([tmp_path / "mine.yaml"], builtin=False, examples=True).rules

    (error,) = (one for one in lint_rules(rules, FactStore, family_names()) if one.level is Level.ERROR)
    with pytest.raises(RuleError) as refused:
        api.choose_rules([tmp_path / "mine.yaml"])

    assert str(error).startswith(f"{tmp_path}/mine.yaml:7:18: error: there is no fact family 'paas_exposed'")
    (problem,) = refused.value.problems
    assert (problem.line, problem.remedy) == (7, "did you mean paas_exposure?")


def test_the_built_in_rules_say_nothing_that_their_examples_do_not_show():
    rules = load_rules((), builtin=True, examples=True).rules

    assert lint_rules(rules, FactStore, family_names()) == []
