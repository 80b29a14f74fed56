"""`auditor diff` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.inside import run

ID = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/"
)


def export(path: Path, https: bool) -> Path:
    body = {"id": ID + "st1", "name": "st1", "type": "Microsoft.Storage/storageAccounts"}
    path.write_text(json.dumps([{**body, "properties": {"supportsHttpsTrafficOnly": https}}]))
    return path


def test_what_got_worse_between_two_exports_names_the_property(tmp_path: Path):
    good, bad = export(tmp_path / "old.json", True), export(tmp_path / "new.json", False)

    done = run("diff", good, bad, "--format", "json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(r["direction"], r["rule"]) for r in found["results"]] == [("appeared", "storage-https-only")]
    assert found["summary"]["appeared"] == 1
    assert found["properties"] == [
        {
            "resource": ID + "st1",
            "path": "properties.supportsHttpsTrafficOnly",
            "kind": "changed",
            "before": True,
            "after": False,
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 0), (("--fail-on", "high"), 1), (("--fail-on", "critical"), 0), (("-f", "xml"), 2)]
)
def test_the_exit_code_is_0_unless_a_gate_is_asked_for(tmp_path: Path, arguments: tuple[str, ...], code: int):
    good, bad = export(tmp_path / "old.json", True), export(tmp_path / "new.json", False)

    done = run("diff", good, bad, *arguments)

    assert done.returncode == code, done.stderr
    assert ("1 new or worse finding at or above high" in done.stderr) is (code == 1)
    assert run("diff", bad, good, "--fail-on", "info").returncode == 0


def test_two_reports_are_compared_by_fingerprint_and_evidence(tmp_path: Path):
    good, bad = export(tmp_path / "old.json", True), export(tmp_path / "new.json", False)
    for source, report in ((good, "a.json"), (bad, "b.json")):
        run("scan", "--from", source, "--format", "json", "--output", tmp_path / report)

    done = run("diff", tmp_path / "a.json", tmp_path / "b.json", "--format", "json")

    assert done.returncode == 0, done.stderr
    assert [r["rule"] for r in json.loads(done.stdout)["results"]] == ["storage-https-only"]
    assert "Results: none changed" in run("diff", tmp_path / "b.json", tmp_path / "b.json").stdout
    assert run("diff", tmp_path / "a.json", bad).returncode == 2
    assert run("diff", tmp_path / "a.json", tmp_path / "b.json", "--select", "network").returncode == 2


def test_an_export_that_no_longer_shows_a_type_did_not_mend_it(tmp_path: Path):
    bad = export(tmp_path / "bad.json", False)
    other = {"id": ID.replace("storageAccounts", "things") + "x", "properties": {}}
    (tmp_path / "none.json").write_text(json.dumps([other]))

    found = json.loads(run("diff", bad, tmp_path / "none.json", "--format", "json").stdout)

    assert {r["direction"] for r in found["results"]} == {"no longer readable"}
    assert {p["kind"] for p in found["properties"] if "st1" in p["resource"]} == {"no longer readable"}


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_stays_within_the_terminal(tmp_path: Path, width: int):
    good, bad = export(tmp_path / "old.json", True), export(tmp_path / "new.json", False)

    lines = run("diff", good, bad, "--width", width).stdout.splitlines()

    assert max(map(len, lines)) <= width
    assert lines[0] == "Results: 1 appeared"
    assert any("storage-https-only  fail" in line for line in lines)
    assert any("~ properties.supportsHttpsTrafficOnly: true -> false" in line for line in lines)


def test_markdown_escapes_what_names_hold(tmp_path: Path):
    old, new = ([{"id": ID + "a|<b>", "properties": {"x|y": value}}] for value in ("1", "`2`"))
    for name, bodies in (("old.json", old), ("new.json", new)):
        (tmp_path / name).write_text(json.dumps(bodies))

    text = run("diff", tmp_path / "old.json", tmp_path / "new.json", "--format", "markdown").stdout

    (row,) = [line for line in text.splitlines() if "x" in line and "1" in line and line.startswith("| a")]
    assert "<b>" not in row
    assert row.replace("\\|", "").count("|") == 5


@pytest.mark.parametrize(
    "text", ['{"schema_version": "2.0", "results": []}', '{"schema_version": "1.0", "results": 3}']
)
def test_a_report_that_cannot_be_used_is_refused(tmp_path: Path, text: str):
    (tmp_path / "a.json").write_text(text)

    done = run("diff", tmp_path / "a.json", tmp_path / "a.json")

    assert done.returncode == 2
    assert "a.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_in_a_report_cannot_move_the_cursor(tmp_path: Path):
    source = export(tmp_path / "bad.json", False)
    run("scan", "--from", source, "--format", "json", "--output", tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    (tmp_path / "b.json").write_text(json.dumps({**document, "results": []}))
    for result in document["results"]:
        result["rule"] = "evil\x1b[2J"
        result["resource"]["id"] += "\u202etxt\n"
    (tmp_path / "a.json").write_text(json.dumps(document))

    done = run("diff", tmp_path / "b.json", tmp_path / "a.json")

    assert "evil" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
