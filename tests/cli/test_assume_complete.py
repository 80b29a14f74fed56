"""`--assume-complete`: what an export lacks does not exist, and the report says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
SERVER: dict[str, Any] = {
    "id": f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/servers/sql1",
    "name": "sql1",
    "type": "Microsoft.Sql/servers",
    "location": "westeurope",
    "properties": {"publicNetworkAccess": "Enabled", "minimalTlsVersion": "1.2"},
}
RULE = """\
id: sql-server-without-audit
title: SQL server without auditing
topic: network
severity: high
description: Nobody can tell afterwards what was done.
resource: Microsoft.Sql/servers
fail_if:
  not:
    related: {child: auditingSettings, where: {field: properties.state, equals: Enabled}}
remediation: {text: Switch auditing on.}
examples:
  fail:
    - {name: sql1, properties: {}}
  pass:
    - name: sql1
      properties: {}
      related:
        - {type: Microsoft.Sql/servers/auditingSettings, name: sql1/default, properties: {state: Enabled}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "export.json").write_text(json.dumps([SERVER]))
    (tmp_path / "sql-server-without-audit.yaml").write_text(RULE)
    return tmp_path


def judged(folder: Path, *options: str) -> tuple[str, dict[str, Any]]:
    done = run(
        *(
            "scan",
            "--from",
            "export.json",
            "--rules",
            "sql-server-without-audit.yaml",
            "--no-builtin",
            "--format",
            "json",
        ),
        *("--fail-on", "none", *options),
        cwd=folder,
    )
    report = json.loads(done.stdout)
    return {result["outcome"] for result in report["results"]}.pop(), report["scan"]


def test_what_is_absent_is_unknown_and_with_the_option_it_does_not_exist(folder: Path):
    assert judged(folder)[0] == "unknown"
    outcome, scan = judged(folder, "--assume-complete")
    assert (outcome, scan["assumed_complete"]) == ("fail", True)


@pytest.mark.parametrize("kind", ["table", "markdown", "html"])
def test_the_head_of_a_report_says_so(folder: Path, kind: str):
    arguments = (
        "scan",
        "--from",
        "export.json",
        "--rules",
        "sql-server-without-audit.yaml",
        "--no-builtin",
        "--format",
        kind,
    )
    words = "what the export lacks does not exist"
    assert words in run(*arguments, "--assume-complete", cwd=folder).stdout
    assert words not in run(*arguments, cwd=folder).stdout


def test_an_object_without_its_properties_stays_unread(folder: Path):
    (folder / "export.json").write_text(json.dumps([{**SERVER, "properties": None}]))
    done = run(
        "scan", "--from", "export.json", "--assume-complete", "--select", "sql-minimum-tls", "-f", "json", cwd=folder
    )
    assert {result["outcome"] for result in json.loads(done.stdout)["results"]} == {"unknown"}


@pytest.mark.parametrize("command", [("scan",), ("compliance",), ("network", "exposed")])
@pytest.mark.parametrize("more", [(), ("--demo",)])
def test_only_an_export_can_be_assumed_complete(tmp_path: Path, command: tuple[str, ...], more: tuple[str, ...]):
    done = run(*command, "--assume-complete", *more, cwd=tmp_path)
    assert done.returncode == 2
    assert "--assume-complete is for exports" in done.stderr
    assert "--from PATH" in done.stderr


def test_an_export_that_lacks_kinds_which_rules_need_is_not_complete(folder: Path):
    arguments = ("scan", "--from", "export.json", "--rules", "sql-server-without-audit.yaml", "--no-builtin")
    assert run(*arguments, "--require-complete", cwd=folder).returncode == 3
    assert run(*arguments, "--fail-on-unknown", cwd=folder).returncode == 1
    assert run(*arguments, "--require-complete", "--assume-complete", cwd=folder).returncode == 1


def test_a_control_is_unanswered_where_the_children_that_it_asks_for_are_lacking(tmp_path: Path):
    site = {**SERVER, "id": SERVER["id"].replace("Sql/servers", "Web/sites"), "type": "Microsoft.Web/sites"}
    (tmp_path / "export.json").write_text(json.dumps([site]))
    rule = RULE.replace("Microsoft.Sql/servers\n", "Microsoft.Web/sites/config\n", 1)
    rule = rule.partition("fail_if")[0] + "frameworks: {mcsb-v1: [DP-3]}\nfail_if: {field: properties.x, equals: y}\n"
    rule += "remediation: {text: Do.}\nexamples: {fail: [{properties: {x: y}}], pass: [{properties: {}}]}\n"
    (tmp_path / "sql-server-without-audit.yaml").write_text(rule)
    done = run(
        *("compliance", "--from", "export.json", "--rules", "sql-server-without-audit.yaml", "--no-builtin"),
        *("--framework", "mcsb-v1", "--control", "DP-3", "--format", "json"),
        cwd=tmp_path,
    )
    assert '"unanswered"' in done.stdout, done.stderr
