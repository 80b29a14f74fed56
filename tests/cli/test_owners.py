"""Whose a resource is, in every format that a program reads, and as what findings are grouped by."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run
from tests.conftest import arm_id


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps([account("st1", Owner="payments", Env="prod"), account("st2", team="shop"), account("st3")])
    )
    return path


def account(name: str, **tags: str) -> dict[str, Any]:
    kind = "Microsoft.Storage/storageAccounts"
    body = {"id": arm_id(kind, name), "name": name, "type": kind, "tags": tags}
    return {**body, "properties": {"supportsHttpsTrafficOnly": False}}


def scanned(export: Path, *options: str) -> str:
    done = run("scan", "--from", export, "--select", "storage-https-only", *options, cwd=export.parent)
    assert "error" not in done.stderr
    return done.stdout


def test_reports_for_programs_name_owner_and_environment(export: Path):
    options = ("--owner-tag", "owner", "--owner-tag", "Team")
    found = json.loads(scanned(export, "--format", "json", *options))
    rows = list(csv.DictReader(io.StringIO(scanned(export, "--format", "csv", *options))))
    sarif = json.loads(scanned(export, "--format", "sarif", *options))["runs"][0]["results"]
    events = json.loads(scanned(export, "--format", "ocsf", *options))

    wanted = {"st1": ("payments", "prod"), "st2": ("shop", ""), "st3": ("", "")}
    resources = [result["resource"] for result in found["results"] if result["outcome"] == "fail"]
    assert {r["name"]: (r["owner"], r["environment"]) for r in resources} == wanted
    assert {row["resource_name"]: (row["owner"], row["environment"]) for row in rows} == wanted
    owners = {e["resources"][0]["name"]: e["resources"][0].get("owner", {"name": ""})["name"] for e in events}
    assert owners == {name: owner for name, (owner, _) in wanted.items()}
    assert sorted(result["properties"].get("owner", "") for result in sarif) == ["", "payments", "shop"]
    assert {line["topic"] for line in found["rules"].values()} == {"encryption-in-transit"}


@pytest.mark.parametrize(
    ("group_by", "headings"),
    [
        ("owner", ["Owner: payments", "No owner"]),
        ("tag:TEAM", ["Team: shop", "No team"]),
        ("environment", ["Environment: prod"]),
    ],
)
def test_the_table_is_grouped_by_a_tag(export: Path, group_by: str, headings: list[str]):
    table = scanned(export, "--group-by", group_by)

    assert all(heading in table for heading in headings)


def test_another_grouping_is_refused_with_those_that_there_are(export: Path):
    done = run("scan", "--from", export, "--group-by", "colour", cwd=export.parent)

    assert done.returncode == 2
    assert "tag:NAME" in done.stderr


def test_a_configuration_file_says_which_tag_means_what(export: Path):
    (export.parent / "auditor.toml").write_text('[scan]\nowner-tag = ["team"]\n')

    found = json.loads(scanned(export, "--format", "json"))

    assert {result["resource"]["owner"] for result in found["results"]} == {"shop", ""}
