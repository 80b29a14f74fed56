"""`auditor diff` as its users run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

AUDITOR = Path(sys.executable).parent / "auditor"
ID = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/"
)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(AUDITOR), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def export(path: Path, https: bool) -> Path:
    body = {"id": ID + "st1", "name": "st1", "type": "Microsoft.Storage/storageAccounts"}
    path.write_text(json.dumps([{**body, "properties": {"supportsHttpsTrafficOnly": https}}]))
    return path


def test_what_got_worse_between_two_exports_fails_and_names_the_property(tmp_path: Path):
    good, bad = export(tmp_path / "old.json", True), export(tmp_path / "new.json", False)

    done = run("diff", good, bad, "--format", "json")

    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert [(r["direction"], r["rule"]) for r in found["results"]] == [("appeared", "storage-https-only")]
    assert found["properties"] == [
        {"resource": ID + "st1", "path": "properties.supportsHttpsTrafficOnly", "before": True, "after": False}
    ]
    assert run("diff", good, bad, "--fail-on", "none").returncode == 0
    assert "went away" in run("diff", bad, good).stdout


def test_two_reports_are_compared_by_fingerprint(tmp_path: Path):
    good, bad = export(tmp_path / "old.json", True), export(tmp_path / "new.json", False)
    for source, report in ((good, "a.json"), (bad, "b.json")):
        run("scan", "--from", source, "--format", "json", "--output", tmp_path / report)

    done = run("diff", tmp_path / "a.json", tmp_path / "b.json", "--format", "json")

    assert done.returncode == 1, done.stderr
    assert [r["rule"] for r in json.loads(done.stdout)["results"]] == ["storage-https-only"]
    assert run("diff", tmp_path / "b.json", tmp_path / "b.json").returncode == 0
    assert run("diff", tmp_path / "a.json", bad).returncode == 2
