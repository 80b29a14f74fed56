"""`auditor rules` as rule authors run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

AUDITOR = Path(sys.executable).parent / "auditor"

BROKEN = """\
id: broken
title: A
severity: high
topic: ours
resource: Microsoft.Storage/storageAccounts
fail_if: {field: properties.a, equal: 1}
description: B
remediation: {text: C}
examples: {fail: [{properties: {a: 1}}], pass: [{properties: {a: 2}}]}
"""


def rules(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(AUDITOR), "rules", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_list_as_json_has_the_promised_keys():
    done = rules("list", "--format", "json", "--select", "key-vault")

    listed = json.loads(done.stdout)
    assert listed
    assert {rule["topic"] for rule in listed} == {"key-vault"}
    assert set(listed[0]) == {"id", "title", "severity", "topic", "resource", "frameworks", "equivalents", "source"}


def test_list_as_a_table_counts_the_rules():
    done = rules("list", "--select", "storage-https-only")

    assert "storage-https-only" in done.stdout
    assert "1 rules" in done.stdout


def test_show_is_a_page_with_why_and_fix():
    page = rules("show", "storage-https-only").stdout

    for part in ("Fails where", "properties.supportsHttpsTrafficOnly equals false", "Why", "Fix", "az storage account"):
        assert part in page


def test_show_suggests_the_nearest_rule():
    done = rules("show", "storage-http-only")

    assert done.returncode == 2
    assert "storage-https-only" in done.stderr


def test_the_shipped_rules_pass_their_own_test_and_lint():
    assert rules("test").returncode == 0
    assert rules("lint").returncode == 0


def test_a_wrong_example_is_told_with_its_evidence(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN.replace("equal: 1", "equals: 2"))

    done = rules("test", path)

    assert done.returncode == 1
    assert "fail[0] should be fail but is pass" in done.stderr
    assert "properties.a" in done.stderr


@pytest.mark.parametrize("command", ["test", "lint"])
def test_a_broken_rule_is_told_with_its_place(tmp_path, command):
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)

    done = rules(command, path)

    assert done.returncode == 2
    assert f"{path}:6:32: there is no operator 'equal'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_policy_definition_is_listed_and_shown_like_a_rule(tmp_path):
    kind = "Microsoft.Storage/storageAccounts"
    policy = {
        "name": "p1",
        "properties": {
            "displayName": "Ours",
            "mode": "Indexed",
            "policyRule": {
                "if": {"allOf": [{"field": "type", "equals": kind}, {"field": f"{kind}/isHnsEnabled", "equals": True}]},
                "then": {"effect": "audit"},
            },
        },
    }
    path = tmp_path / "p.json"
    path.write_text(json.dumps(policy))

    assert [
        rule["title"] for rule in json.loads(rules("list", "--rules", path, "--no-builtin", "-f", "json").stdout)
    ] == ["Ours"]
    assert "isHnsEnabled" in rules("show", "policy-p1", "--rules", path).stdout


def test_the_schema_is_printed():
    schema = json.loads(rules("schema").stdout)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "auditor rule"
