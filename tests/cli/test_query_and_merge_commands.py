"""`auditor query` and `auditor merge` as their users run them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.inventory.coverage import ReadState
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.cli.inside import run

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
KIND = "Microsoft.Storage/storageAccounts"
NASTY = "\x1b[31m=cmd|' /C calc'!A0\u202e\n"


def fill(path: Path, guid: str) -> Path:
    manifest = Manifest(source="live", started_at=NOW, finished_at=None, tenant="t1", subscriptions={guid: "name"})
    scope = f"/subscriptions/{guid}"
    with Snapshot.create(path, manifest) as snapshot:
        names = ("st1", "st2")
        bodies = [
            {"id": f"{scope}/resourceGroups/rg/providers/{KIND}/{name}", "name": name, "location": NASTY, "tags": None}
            for name in names
        ]
        snapshot.add(scope, KIND, bodies)
        snapshot.close(scope, KIND, ReadState.COMPLETE, as_of=NOW)
        snapshot.finish(NOW)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "tenant.db", "11111111-1111-1111-1111-111111111111")


SQL = "SELECT name, location, tags, 7 AS n FROM resources ORDER BY name"


def test_a_table_cannot_steer_the_terminal(path: Path):
    done = run("query", SQL, "--from", path)

    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["name", "location", "tags", "n"]
    assert len(lines) == 5
    assert lines[-1] == "(2 rows)"
    assert not set(done.stdout) & {"\x1b", "\u202e", "\r"}


def test_csv_is_read_back_and_runs_no_formula(path: Path):
    done = run("query", "SELECT name, '=1+1' AS f, 7 AS n FROM resources", "--from", path, "--format", "csv")

    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["name", "f", "n"],
        ["st1", "'=1+1", "7"],
        ["st2", "'=1+1", "7"],
    ]


def test_json_holds_the_values_as_they_are(path: Path):
    done = run("query", "SELECT name, location, tags, 7 AS n, 8 AS n FROM resources", "--from", path, "-f", "json")

    assert json.loads(done.stdout)[0] == {"name": "st1", "location": NASTY, "tags": None, "n": 7, "n_2": 8}
    assert "\x1b" not in done.stdout


def test_the_views_are_listed(path: Path):
    done = run("query", "--tables", "--from", path, "--format", "json")

    assert {"view": "microsoft_storage_storageaccounts", "rows": 2} in json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["DROP TABLE main.resources"], "not allowed"),
        (["SELECT * FROM nowhere"], "no such table"),
        ([], "there is no query"),
        (["SELECT 1", "--from", "missing.db"], "no such file"),
        (["WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n", "--timeout", "0.1"],
         "longer than"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_plain_words(path: Path, arguments: list[str], words: str):
    done = run("query", "--from", path, *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_cut_is_said(path: Path):
    done = run("query", SQL, "--from", path, "--max-rows", 1)

    assert "(1 row)" in done.stdout
    assert "only the first 1 rows" in done.stderr


def test_two_snapshots_are_merged(path: Path, tmp_path: Path):
    other = fill(tmp_path / "other.db", "22222222-2222-2222-2222-222222222222")
    output = tmp_path / "all.db"

    done = run("merge", path, other, "--output", output)
    again = run("merge", path, other, "--output", output)
    count = run("query", "SELECT count(*) AS n FROM resources", "--from", output, "--format", "json")

    assert (done.returncode, done.stdout) == (0, "")
    assert "4 resources of 2 subscriptions, 0 reads failed" in done.stderr
    assert json.loads(count.stdout) == [{"n": 4}]
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_one_snapshot_is_nothing_to_merge(path: Path, tmp_path: Path):
    done = run("merge", path, path, "--output", tmp_path / "all.db")

    assert done.returncode == 2
    assert "nothing to merge" in done.stderr
