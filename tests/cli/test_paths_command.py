"""`auditor paths` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.inside import run
from tests.facts.attack_worlds import BLOB_READER, app, body, own, publishing, right, store


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An app that publishes with passwords and reads an account, and a machine that nobody reaches and reads it too."""
    account = store("st")
    bodies = [
        app("web", "p1"),
        publishing("web"),
        body("Microsoft.Compute/virtualMachines", "batch", identity=own("p2")),
        account,
        right(BLOB_READER, "p1", account["id"]),
        right(BLOB_READER, "p2", account["id"]),
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(bodies))
    return path


def ask(export: Path, *arguments: str) -> CompletedProcess[str]:
    return run("paths", "--from", str(export), "--assume-complete", *arguments, cwd=export.parent)


def test_the_table_tells_each_step_with_its_proof_and_the_cut(export: Path):
    told = ask(export)

    assert told.returncode == 0
    assert "web publishes" not in told.stdout
    assert "internet publishes code to web with its publishing password" in told.stdout
    assert "properties.allow: true" in told.stdout
    assert "What to change first:" in told.stdout


def test_json_holds_every_path(export: Path):
    told = json.loads(ask(export, "--format", "json").stdout)

    assert told["complete"] is True
    assert [path["entry"] for path in told["paths"]] == ["exposed", "served"]
    assert [step["kind"] for step in told["paths"][0]["steps"]] == ["manages", "runs-as", "may"]
    assert told["cuts"][0]["frees"] == ["st"]


def test_another_start_and_one_end(export: Path):
    told = json.loads(ask(export, "--from-node", "batch", "--to", "st", "--format", "json").stdout)

    assert [path["text"].partition(" ")[0] for path in told["paths"]] == ["batch"]


def test_the_picture_holds_the_nodes(export: Path):
    told = ask(export, "--format", "mermaid").stdout

    assert told.count("-->") == 4
    assert "identity of web" in told


def test_only_the_cuts(export: Path):
    told = ask(export, "--cut").stdout

    assert told.startswith("What to change first:")
    assert "properties." not in told


def test_an_export_without_role_assignments_says_that_there_may_be_more(tmp_path: Path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([app("web", "p1"), store("st")]))
    told = run("paths", "--from", str(path), cwd=tmp_path)

    assert told.returncode == 0
    assert "There may be more" in told.stdout


def test_a_name_that_nothing_has_is_refused(export: Path):
    told = ask(export, "--to", "sr")

    assert told.returncode == 2
    assert "Did you mean" in told.stderr or "no resource is called" in told.stderr
