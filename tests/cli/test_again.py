"""The same question again: the report of before where nothing changed, and never where something did."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.cli.inside import run

GROUP: dict[str, Any] = {
    "id": "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
    "/providers/Microsoft.Network/networkSecurityGroups/nsg1",
    "name": "nsg1",
    "type": "Microsoft.Network/networkSecurityGroups",
    "location": "westeurope",
    "properties": {"securityRules": [], "subnets": []},
}
RULE = """\
id: group-called-otherwise
title: Group has another name
topic: network
severity: high
description: Words.
resource: Microsoft.Network/networkSecurityGroups
fail_if: {field: name, notEquals: %s}
remediation: {text: Rename it.}
examples: {fail: [{name: nsg0, properties: {}}], pass: [{name: nsg9, properties: {}}]}
"""
Scan = Callable[..., CompletedProcess[str]]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """`auditor scan` over an export by a rule, with a cache folder of its own."""
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "export.json").write_text(json.dumps([GROUP]))
    (tmp_path / "group-called-otherwise.yaml").write_text(RULE % "nsg9")

    def scan(*more: str) -> CompletedProcess[str]:
        rules = ("--rules", "group-called-otherwise.yaml", "--no-builtin")
        how = ("--from", "export.json", *rules, "--fail-on", "none", "-f", "json")
        return run("scan", *how, *more, cwd=tmp_path, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})

    return scan


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "azure-auditor" / "reports").glob("*"))


def failed(done: CompletedProcess[str]) -> list[str]:
    found = json.loads(done.stdout)["results"]
    return [one["resource"]["name"] for one in found if one["outcome"] == "fail"]


def test_the_second_report_is_the_first(scan: Scan, tmp_path: Path):
    first = scan()
    (file,) = kept(tmp_path)
    before = file.read_bytes()

    again = scan()

    assert failed(first) == ["nsg1"]
    assert (again.stdout, again.stderr, again.returncode) == (first.stdout, first.stderr, first.returncode)
    assert kept(tmp_path) == [file]
    assert file.read_bytes() == before


@pytest.mark.parametrize("output", ["html", "sarif", "table", "csv"])
def test_every_format_is_as_without_it(scan: Scan, output: str):
    scan()

    assert scan("-f", output).stdout == scan("-f", output, "--no-cache").stdout


def test_what_is_kept_is_for_its_owner_alone(scan: Scan, tmp_path: Path):
    scan()

    (file,) = kept(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_another_export_is_judged_anew(scan: Scan, tmp_path: Path):
    scan()
    (tmp_path / "export.json").write_text(json.dumps([{**GROUP, "name": "nsg9"}]))

    assert failed(scan()) == []


def test_another_rule_of_the_same_name_is_judged_anew(scan: Scan, tmp_path: Path):
    scan()
    (tmp_path / "group-called-otherwise.yaml").write_text(RULE % "nsg1")

    assert failed(scan()) == []


def test_another_choice_is_another_question(scan: Scan):
    closed = json.loads(scan("--assume-complete").stdout)
    passed = json.loads(scan("--include-passed").stdout)

    assert closed["scan"] != passed["scan"]


@pytest.mark.parametrize("damage", [b"", b"\0" * 64, b"rubbish"])
def test_a_damaged_file_is_not_used(scan: Scan, tmp_path: Path, damage: bytes):
    first = scan()
    (file,) = kept(tmp_path)
    file.write_bytes(damage + file.read_bytes()[: len(damage)])

    assert scan().stdout == first.stdout


def test_a_changed_word_is_damage(scan: Scan, tmp_path: Path):
    first = scan()
    (file,) = kept(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'"fail"', b'"pass"'))

    assert scan().stdout == first.stdout


def test_nothing_is_kept_where_nobody_wants_it(scan: Scan, tmp_path: Path):
    scan("--no-cache")

    assert kept(tmp_path) == []


def test_only_so_many_are_kept(scan: Scan, tmp_path: Path):
    for count in range(10):
        (tmp_path / "export.json").write_text(json.dumps([{**GROUP, "name": f"nsg{count}"}]))
        scan()

    assert len(kept(tmp_path)) == 8


def test_an_exemption_is_applied_to_what_was_kept(scan: Scan, tmp_path: Path):
    scan()
    (tmp_path / "exempt.yaml").write_text(
        f"exemptions:\n- {{rule: group-called-otherwise, resource: '{GROUP['id']}', reason: known to us, "
        "owner: team-network, expires: 2999-01-01}\n"
    )

    assert failed(scan("--exemptions", "exempt.yaml")) == []
