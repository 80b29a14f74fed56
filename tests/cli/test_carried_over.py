"""A run that cannot answer keeps the findings of the last one, and lets go of what is mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run
from tests.conftest import arm_id

STORAGE = "Microsoft.Storage/storageAccounts"
RULE = "storage-https-only"


def account(name: str, properties: dict[str, Any] | None) -> dict[str, Any]:
    body = {"id": arm_id(STORAGE, name), "name": name, "type": STORAGE}
    return body if properties is None else {**body, "properties": properties}


BAD, GOOD, UNREAD = {"supportsHttpsTrafficOnly": False}, {"supportsHttpsTrafficOnly": True}, None


def scan(folder: Path, name: str, accounts: dict[str, dict[str, Any] | None], *options: object) -> dict[str, Any]:
    """Writes `<name>.json` and `<name>.sarif`; gives the SARIF run."""
    export = folder / f"{name}-export.json"
    export.write_text(json.dumps([account(each, properties) for each, properties in accounts.items()]))
    reports = ("--report", f"json={name}.json", "--report", f"sarif={name}.sarif", "--output", f"{name}.txt")
    done = run("scan", "--from", export, "--select", RULE, *reports, *options, "--fail-on", "none", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / f"{name}.sarif").read_text())["runs"][0]
    return found


def names(found: dict[str, Any], *, carried: bool | None = None) -> list[str]:
    results = found["results"]
    if carried is not None:
        results = [result for result in results if result["properties"].get("carriedOver", False) is carried]
    return sorted(result["properties"]["resourceId"].rpartition("/")[2] for result in results)


@pytest.mark.parametrize("last", ["first.json", "first.sarif"])
def test_what_is_not_read_stays_and_what_is_mended_goes(tmp_path: Path, last: str):
    first = scan(tmp_path, "first", {"st1": BAD, "st2": BAD, "st3": BAD})
    second = scan(tmp_path, "second", {"st1": BAD, "st2": UNREAD, "st3": GOOD}, "--baseline", last)

    assert names(second, carried=False) == ["st1"]
    assert names(second, carried=True) == ["st2"]
    assert second["automationDetails"] == first["automationDetails"]
    same = {result["partialFingerprints"]["primaryLocationLineHash"] for result in second["results"]}
    assert same < {result["partialFingerprints"]["primaryLocationLineHash"] for result in first["results"]}


def test_it_stays_over_many_runs_until_somebody_can_look(tmp_path: Path):
    scan(tmp_path, "one", {"st1": BAD})
    scan(tmp_path, "two", {"st1": UNREAD}, "--baseline", "one.json")
    third = scan(tmp_path, "three", {"st1": UNREAD}, "--baseline", "two.json")
    fourth = scan(tmp_path, "four", {"st1": GOOD}, "--baseline", "three.json")

    assert names(third, carried=True) == ["st1"]
    assert names(fourth) == []


def test_a_run_with_gaps_and_without_a_baseline_says_what_an_upload_will_close(tmp_path: Path):
    export = tmp_path / "export.json"
    export.write_text(json.dumps([account("st1", UNREAD)]))

    done = run("scan", "--from", export, "--select", RULE, "--format", "sarif", cwd=tmp_path)

    assert "--baseline" in done.stderr


def test_sarif_of_another_tool_is_no_baseline(tmp_path: Path):
    (tmp_path / "other.sarif").write_text('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}')

    done = run("scan", "--demo", "--baseline", "other.sarif", cwd=tmp_path)

    assert done.returncode == 2
    assert "is SARIF of another tool" in done.stderr
