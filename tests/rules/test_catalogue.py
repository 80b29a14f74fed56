"""The shipped rules as a whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from auditor.facts.registry import FactStore, family_names
from auditor.rules.lint import lint_rules
from auditor.rules.loader import builtin_path, load_rules, without_examples
from auditor.rules.model import Rule
from auditor.rules.schema import rule_schema
from auditor.rules.selftest import run_examples
from auditor.rules.vocabulary import TOPICS
from auditor.rules.yaml_source import read_document
from tests.rules.each import each_of

RULES = load_rules(examples=True).rules
FILES = sorted(builtin_path().glob("*/*.yaml"))
# Ids of policy definitions; one of Microsoft's has a `k` in it (17k78e20-9358-41c9-923c-fb736d382a12).
GUID = re.compile(r"[0-9a-fk]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
each_rule = each_of(RULES)


@each_rule
def test_every_example_comes_out_as_its_author_says(rule: Rule):
    assert [(f.example, f.expected, f.actual, f.evidence) for f in run_examples(rule, FactStore)] == []


def test_lint_has_nothing_to_say():
    assert [str(message) for message in lint_rules(RULES)] == []


@each_rule
def test_a_rule_is_whole(rule: Rule):
    assert rule.topic in TOPICS
    assert rule.description
    assert rule.message
    assert all(reference.startswith("https://") for reference in rule.references)
    assert rule.references
    assert rule.frameworks
    assert all((rule.remediation.text, rule.remediation.az, rule.remediation.bicep, rule.remediation.terraform))
    assert all(GUID.fullmatch(guid) for guid in rule.equivalents.get("azure-policy", ()))
    assert rule.needs.facts <= set(family_names())


@each_rule
def test_a_failing_example_is_explained(rule: Rule):
    from auditor.rules.selftest import example_context

    for example in rule.examples.fail:
        evidence = rule.fail_if.explain(example_context(example, FactStore))
        assert evidence
        assert all(line.path and line.expected for line in evidence)


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=lambda folder: folder.name)
def test_rule_files_agree_with_the_schema(folder: Path):
    schema = jsonschema.Draft202012Validator(rule_schema())
    documents = {path.name: read_document(path.read_text(), path.name).value for path in FILES if path.parent == folder}

    assert {name: error.message for name, found in documents.items() for error in schema.iter_errors(found)} == {}


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "hihg"},
        {"resource": "storage"},
        {"fail_if": {"field": "a", "equals": 1, "in": [1]}},
        {"fail_if": {"feild": "a", "equals": 1}},
        {"fail_if": {"allOf": []}},
        {"surprise": 1},
        {"frameworks": {"mcsb": ["NS-1"]}},
        {"examples": {"fail": [{}]}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(change):
    good = read_document(FILES[0].read_text(), "x").value

    assert not jsonschema.Draft202012Validator(rule_schema()).is_valid({**good, **change})


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(rule_schema())))


def test_another_yaml_parser_reads_the_same_rules():
    """PyYAML's own safe loader, on everything that YAML 1.1 and the core schema agree about."""
    for path in FILES:
        text = without_examples(path.read_text())
        ours, theirs = read_document(text, path.name).value, yaml.safe_load(text)
        assert ours["fail_if"] == theirs["fail_if"], path.name
        assert ours.get("when") == theirs.get("when"), path.name


# Definitions over several types, of which a rule each judges one.
OVER_SEVERAL = {
    "037eea7a-bd0a-46c5-9a66-03aea78705d3": "AI services: accounts and search services",
    "d6759c02-b87f-42b7-892e-71b3f471d782": "AI services: accounts and search services",
    "9daedab3-fb2d-461e-b861-71790eead4f6": "machines, by their interfaces and by groups",
    "22730e10-96f6-4aac-ad84-9383d35b5917": "machines, by their interfaces and by groups",
    "fc4d8e41-e223-45ea-9bf5-eada37891d87": "machines and scale sets",
}


def test_rules_that_claim_the_same_policy_judge_the_same_type():
    types: dict[str, set[frozenset[str]]] = {}
    for rule in RULES:
        for guid in rule.equivalents.get("azure-policy", ()):
            types.setdefault(guid, set()).add(frozenset(rule.resource))

    assert sorted(guid for guid, found in types.items() if len(found) > 1) == sorted(OVER_SEVERAL)


@pytest.mark.parametrize("rule", [rule for rule in RULES if "private-endpoint" in rule.id], ids=lambda rule: rule.id)
def test_a_missing_private_endpoint_says_nothing_of_a_public_address(rule: Rule):
    """Whether there is a way in by a public address depends on a switch that these rules do not ask."""
    asks = {"paas_exposure", "private_endpoint", "private_link"} & set(rule.needs.facts)
    assert asks or "public" not in str(rule.message).lower()
