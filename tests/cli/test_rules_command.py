"""`auditor rules` as rule authors run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import termios
from contextlib import suppress

import jsonschema
import pytest

from tests.cli.inside import AUDITOR, run

SEVERITIES = ("critical", "high", "medium", "low", "info")

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
    return run("rules", *arguments)


def test_list_as_json_has_the_promised_keys():
    done = rules("list", "--format", "json", "--select", "key-vault")

    listed = json.loads(done.stdout)
    assert listed
    assert {rule["topic"] for rule in listed} == {"key-vault"}
    assert set(listed[0]) == {"id", "title", "severity", "topic", "resource", "frameworks", "equivalents", "source"}


def test_list_for_other_programs_is_a_line_a_rule_without_cuts():
    lines = rules("list", "--select", "key-vault").stdout.splitlines()

    assert len(lines) > 10
    for line in lines:
        rule, severity, topic, title = re.split(r"  +", line)
        assert (topic, severity in SEVERITIES, bool(rule and title)) == ("key-vault", True, True)


def shown(columns: int, *arguments: str, pager: str = "") -> str:
    """What a person at a terminal of so many columns sees."""
    main, other = os.openpty()
    termios.tcsetwinsize(other, (24, columns))
    env = {**os.environ, "PAGER": pager, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "24"}
    process = subprocess.Popen([str(AUDITOR), "rules", *arguments], stdin=other, stdout=other, stderr=other, env=env)
    os.close(other)
    chunks = []
    with suppress(OSError):  # the terminal is gone when the program has ended
        while chunk := os.read(main, 65536):
            chunks.append(chunk)
    os.close(main)
    assert process.wait() == 0
    return b"".join(chunks).decode().replace("\r\n", "\n")


def visible(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\", "", text)


@pytest.mark.parametrize("columns", [60, 80, 120, 160])
def test_list_at_a_terminal_fits_it_and_counts_the_rules(columns: int):
    text = visible(shown(columns, "list", "--select", "key-vault", "--min-severity", "high"))

    assert max(map(len, text.splitlines())) <= columns
    assert re.search(r"^key-vault  \d+ rules$", text, re.M)
    assert re.search(r"^\d+ rules of \d+; auditor rules show ID says more$", text, re.M)
    assert "Key vault can be purged" in text
    assert "keyvault-purge-protection" in text


def test_show_at_a_terminal_links_references_and_leaves_commands_whole():
    text = shown(80, "show", "storage-https-only")

    assert "\x1b]8;;https://learn.microsoft.com/" in text
    command = next(line for line in visible(text).splitlines() if "az storage account update" in line)
    assert command.endswith("--https-only true --subscription {subscription_id}")


def test_a_long_page_goes_through_the_pager_of_the_user(tmp_path):
    text = shown(80, "show", "storage-https-only", pager=f"tee {tmp_path}/paged")

    assert "Fails where" in text
    assert "Fails where" in (tmp_path / "paged").read_text()
    assert "\x1b]8" not in text  # older pagers show links as rubbish


def test_a_rule_of_somebody_else_cannot_write_to_the_terminal(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN.replace("equal: 1", "equals: 1").replace("text: C", r'text: "C\e]0;owned\a", az: "x\e[2J"'))

    page = rules("show", "broken", "--rules", path).stdout

    assert "owned" in page
    assert "\x1b" not in page


def test_show_is_a_page_with_why_and_fix():
    page = rules("show", "storage-https-only").stdout

    for part in ("Fails where", "properties.supportsHttpsTrafficOnly equals false", "Why", "Fix", "az storage account"):
        assert part in page


def test_show_says_what_each_control_is():
    page = " ".join(rules("show", "storage-https-only").stdout.split())

    assert "mcsb-v1 DP-3 Encrypt sensitive data in transit" in page
    assert "nist-800-53-r5 SC-8 Transmission Confidentiality and Integrity SC-8(1) Cryptographic Protection" in page


def test_show_suggests_the_nearest_rule():
    done = rules("show", "storage-http-only")

    assert done.returncode == 2
    assert "storage-https-only" in done.stderr


def test_show_finds_rules_by_a_word_of_their_id_or_title():
    done = rules("show", "purged")

    assert done.returncode == 2
    assert "keyvault-purge-protection" in done.stderr


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
