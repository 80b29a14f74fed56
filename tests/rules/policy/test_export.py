"""Rules as Azure Policy definitions: in the grammar that Azure knows, and judging alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.rules.loader import load_rules
from auditor.rules.model import Rule
from auditor.rules.policy import load_policies
from auditor.rules.policy.export import NotExportable
from auditor.rules.policy.readback import proved_definition
from auditor.rules.selftest import example_context, outcome_of
from tests.cli.inside import run


@cache
def catalogue() -> Mapping[str, Rule]:
    return {rule.id: rule for rule in load_rules(examples=True).rules}


@cache
def exported() -> Mapping[str, dict[str, Any]]:
    found = {}
    for name, rule in catalogue().items():
        try:
            found[name] = proved_definition(rule)
        except NotExportable:
            continue
    return found


def rule_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = proved_definition(catalogue()[name])["properties"]["policyRule"]
    return found


def test_a_rule_over_one_resource_is_a_condition_over_its_aliases():
    assert rule_of("storage-minimum-tls") == {
        "if": {
            "allOf": [
                {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notIn": ["TLS1_2", "TLS1_3"]},
            ]
        },
        "then": {"effect": "[parameters('effect')]"},
    }


def test_a_rule_over_a_child_asks_whether_it_exists():
    then = rule_of("storage-blob-soft-delete")["then"]

    assert then["details"] == {
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "existenceCondition": {
            "field": "Microsoft.Storage/storageAccounts/blobServices/deleteRetentionPolicy.enabled",
            "equals": True,
        },
    }
    assert proved_definition(catalogue()["storage-blob-soft-delete"])["properties"]["parameters"]["effect"][
        "allowedValues"
    ] == ["AuditIfNotExists", "Disabled"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("storage-public-network-access", "computed over several resources"),
        ("host-identity-gone", "relates several resources"),
        ("conditional-access-on-trial", "no resource of Azure Resource Manager"),
        ("containerapp-key-in-environment", "what a secret is"),
        ("keyvault-key-expired", r"no function dateTimeToEpoch\(\)"),
    ],
)
def test_what_a_policy_cannot_say_is_left_out_with_its_reason(name: str, reason: str):
    with pytest.raises(NotExportable, match=reason):
        proved_definition(catalogue()[name])


def test_nearly_half_of_the_rules_can_be_policies():
    """Each is read back and gives the rule's verdict on all of the rule's examples, see `proved_definition`."""
    assert len(exported()) >= 420
    assert len(exported()) <= 500, "custom definitions that a scope takes"


# https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule and
# https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-basics
OPERATORS = {
    *("equals", "notEquals", "like", "notLike", "match", "matchInsensitively", "notMatch", "notMatchInsensitively"),
    *("contains", "notContains", "in", "notIn", "containsKey", "notContainsKey", "less", "lessOrEquals"),
    *("greater", "greaterOrEquals", "exists"),
}
SUBJECTS = {"field", "value", "count"}
LOGIC = {"allOf", "anyOf", "not"}


def not_in_the_grammar(condition: Any) -> list[Any]:
    """What Azure Policy would not take for a condition."""
    if not isinstance(condition, dict):
        return [condition]
    keys = set(condition)
    if keys & LOGIC:
        inner = next(iter(condition.values()))
        below = [one for part in (inner if isinstance(inner, list) else [inner]) for one in not_in_the_grammar(part)]
        return below if len(keys) == 1 and inner else [condition]
    if len(keys) != 2 or len(keys & SUBJECTS) != 1 or len(keys & OPERATORS) != 1:
        return [condition]
    count = condition.get("count")
    if count is None:
        return []
    named = {"field"} if "field" in count else {"value", "name"}
    wrong = [] if named <= set(count) <= named | {"where", "name"} else [condition]
    return [*wrong, *(not_in_the_grammar(count["where"]) if "where" in count else ())]


def test_definitions_are_what_azure_policy_takes():
    wrong: dict[str, list[Any]] = {}
    for name, definition in exported().items():
        told = definition["properties"]
        rule, details = told["policyRule"], told["policyRule"]["then"].get("details", {})
        faults = not_in_the_grammar(rule["if"])
        faults += not_in_the_grammar(details["existenceCondition"]) if "existenceCondition" in details else []
        effects = set(told["parameters"]["effect"]["allowedValues"])
        allowed = {"AuditIfNotExists", "Disabled"} if details else {"Audit", "Deny", "Disabled"}
        if told["mode"] not in ("All", "Indexed") or not effects <= allowed or len(told["parameters"]) > 20:
            faults.append(told)
        if not 0 < len(told["displayName"]) <= 128 or len(told["description"]) > 512:
            faults.append(told["displayName"])
        if faults:
            wrong[name] = faults
    assert wrong == {}


def test_the_grammar_would_find_something():
    assert not_in_the_grammar({"field": "a", "eqals": 1})
    assert not_in_the_grammar({"allOf": [{"field": "a", "equals": 1}, {"related": {}}]})
    assert not_in_the_grammar({"count": {"where": {"field": "a", "equals": 1}}, "greater": 0})


def test_definitions_name_nothing_that_only_our_rules_know():
    text = json.dumps(exported())

    assert "facts." not in text
    assert "$secret" not in text
    assert '"related"' not in text
    assert '"field": "properties' not in text


def test_files_read_back_as_policies_judge_the_examples_as_the_rules_do(tmp_path: Path):
    done = run("rules", "export", "--azure-policy", "out", "--select", "encryption-in-transit", cwd=tmp_path)

    files = sorted((tmp_path / "out" / "definitions").glob("*.json"))
    policies = load_policies(files, {})
    assert done.returncode == 0
    assert f"{len(files)} definitions" in done.stdout
    assert policies.skipped == ()
    assert len(policies.rules) == len(files) > 5
    for policy in policies.rules:
        rule = catalogue()[policy.id.removeprefix("policy-")]
        for kind, examples in (("fail", rule.examples.fail), ("pass", rule.examples.passing)):
            for example in examples:
                assert (outcome_of(policy, example_context(example)) == "fail") == (kind == "fail"), policy.id


def test_an_initiative_groups_the_definitions_of_a_framework_by_its_controls(tmp_path: Path):
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111"
    run("rules", "export", "--azure-policy", "out", "--framework", "mcsb-v1", "--scope", scope, cwd=tmp_path)

    document = json.loads((tmp_path / "out" / "initiatives" / "mcsb-v1.json").read_text())["properties"]
    groups = {group["name"] for group in document["policyDefinitionGroups"]}
    members = document["policyDefinitions"]
    policies = load_policies(sorted((tmp_path / "out").rglob("*s/*.json")), {})
    assert all(set(member["groupNames"]) <= groups for member in members)
    assert all(member["policyDefinitionId"].startswith(scope + "/providers/") for member in members)
    assert len(policies.rules) == len(members) > 50
    assert policies.skipped == ()


def test_rules_of_which_none_can_be_a_policy_are_refused(tmp_path: Path):
    done = run("rules", "export", "--azure-policy", "out", "--select", "conditional-access-on-trial", cwd=tmp_path)

    assert done.returncode == 2
    assert "no rule can be a policy" in done.stderr
    assert not (tmp_path / "out").exists()
