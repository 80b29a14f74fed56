"""Snapshots that something else has written into: told as damaged, with the place, and never half read."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.errors import InputError, SnapshotError
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.snapshot import file as snapshot_file
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.opening import open_source
from auditor.snapshot.query import Limits, query_snapshot, views_of
from auditor.snapshot.store import Snapshot
from tests.tenants import accounts, guid

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KIND = "Microsoft.Storage/storageAccounts"
GAP = Gap("/subscriptions/s", KIND, "GET x", 403, "AuthorizationFailed", "no")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tenant.db"
    with Snapshot.create(path, Manifest(source="live", started_at=NOW, finished_at=None)) as snapshot:
        snapshot.add("/", KIND, [{"id": "/s/a", "properties": {"x": 1}}], unread={"sku": GAP})
        snapshot.close("/subscriptions/s", KIND, ReadState.DENIED, gap=GAP)
        snapshot.close("/", KIND, ReadState.COMPLETE, as_of=NOW)
        snapshot.finish(NOW)
    return path


def write(path: Path, sql: str, *values: Any) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("sql", "value", "says"),
    [
        ("UPDATE resources SET body = ?", "{", "the body of '/s/a' is no JSON"),
        ("UPDATE resources SET body = ?", "", "the body of '/s/a' is no JSON"),
        ("UPDATE resources SET body = ?", "[1]", "the body of '/s/a' is no object"),
        ("UPDATE resources SET body = ?", "5", "the body of '/s/a' is no object"),
        ("UPDATE resources SET body = ?", "1" * 5000, "the body of '/s/a' is no JSON"),
        ("UPDATE resources SET body = ?", "[" * 100_000, "the body of '/s/a' is no JSON"),
        ("UPDATE resources SET body = CAST(? AS TEXT)", b'{"a": "\xff\xfe"}', "is damaged"),
        ("UPDATE resources SET type = ?", b"\xff", "a column of '/s/a' is no text"),
        ("UPDATE resources SET unread = ?", "x", "what was not read of '/s/a' is no JSON"),
        ("UPDATE resources SET unread = ?", '["x"]', "what was not read of '/s/a' is no object"),
        ("UPDATE resources SET unread = ?", '{"sku": 5}', "a gap of '/s/a' is none"),
        ("UPDATE ledger SET state = ?", "finished", "has the state 'finished', which there is not"),
        ("UPDATE ledger SET state = ?", 5, "has the state '5', which there is not"),
        ("UPDATE ledger SET as_of = ?", "yesterday", "has no date"),
        ("UPDATE ledger SET gap = ?", "{", "is no JSON"),
        ("UPDATE ledger SET gap = ?", '{"scope": "/"}', "is none"),
        ("UPDATE ledger SET gap = ?", '{"a": 1}', "is none"),
        ("UPDATE ledger SET gap = ?", json.dumps({"scope": ["x"], "type": "t"}), "is none"),
        ("UPDATE ledger SET type = ?", b"\xff", "a type of the ledger is no text"),
        ("UPDATE manifest SET value = ? WHERE name = 'scopes'", "{", "has an unreadable manifest"),
        ("UPDATE manifest SET value = ? WHERE name = 'scopes'", "5", "has an unreadable manifest"),
        ("UPDATE manifest SET value = ? WHERE name = 'subscriptions'", "[5]", "has an unreadable manifest"),
        ("UPDATE manifest SET value = ? WHERE name = 'tenant'", "[5]", "has an unreadable manifest"),
        ("UPDATE manifest SET value = ? WHERE name = 'started_at'", '"soon"', "has an unreadable manifest"),
        ("DELETE FROM manifest WHERE name <> ?", "cloud", "has an unreadable manifest"),
    ],
)
def test_what_was_not_written_by_us_is_told_with_its_place(path: Path, sql: str, value: Any, says: str):
    write(path, sql, value)

    with pytest.raises(SnapshotError) as refused:
        open_source(path)

    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert refused.value.remedy


def test_a_query_over_a_damaged_body_says_so(path: Path):
    write(path, "UPDATE resources SET body = ?", "{")

    with pytest.raises(SnapshotError, match="damaged"):
        query_snapshot(path, "SELECT properties FROM resources")


def test_views_over_a_table_that_is_another_say_so(path: Path):
    write(path, "ALTER TABLE resources RENAME COLUMN body TO bod")

    for look in (views_of, open_source):
        with pytest.raises(SnapshotError, match="damaged"):
            look(path)


def test_views_of_a_type_that_is_no_text_say_so(path: Path):
    write(path, "UPDATE resources SET type_key = ?", b"\xff\x00")

    with pytest.raises(SnapshotError, match="damaged"):
        views_of(path)


def test_a_snapshot_that_is_taken_away_while_it_is_looked_at_is_told(path: Path, monkeypatch: pytest.MonkeyPatch):
    read = snapshot_file._header

    def then_gone(file: Path) -> tuple[bytes, int]:
        found = read(file)
        file.unlink()
        return found

    monkeypatch.setattr(snapshot_file, "_header", then_gone)

    with pytest.raises(SnapshotError):
        Snapshot.open(path)
    assert not path.exists()


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}$"])
def test_a_regular_expression_obeys_the_time_of_the_query(path: Path, pattern: str):
    started = time.monotonic()
    with pytest.raises(InputError, match=r"took longer than 0\.3 s"):
        query_snapshot(path, f"SELECT '{'a' * 60}b' REGEXP '{pattern}'", Limits(seconds=0.3))

    assert time.monotonic() - started < 5
    assert query_snapshot(path, "SELECT 'abc' REGEXP '^a'").rows == ((1,),)


def test_a_pattern_that_is_none_is_told(path: Path):
    with pytest.raises(InputError, match="regexp"):
        query_snapshot(path, "SELECT 'a' REGEXP '('")


def test_every_cut_and_flipped_byte_is_read_or_told(path: Path, tmp_path: Path):
    whole = path.read_bytes()
    target = tmp_path / "damaged.db"
    step = max(len(whole) // 60, 1)
    for at in range(0, len(whole), step):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            target.write_bytes(data)
            for look in (open_source, views_of):
                with suppress(SnapshotError):
                    look(target)


@pytest.mark.skipif(os.name != "posix", reason="a limit of the size of files is POSIX's")
@pytest.mark.parametrize(
    "command", [["scan", "--demo", "--format", "json"], ["query", "SELECT body FROM resources", "--format", "json"]]
)
def test_an_unbuffered_output_that_is_cut_does_not_end_well(path: Path, tmp_path: Path, command: list[str]):
    import subprocess
    import sys

    write(path, "UPDATE resources SET body = ?", json.dumps({"id": "/s/a", "properties": {"x": "y" * 200_000}}))
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "from auditor.__main__ import main; main()"
    )
    source = ["--from", str(path)] if command[0] == "query" else []
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-u", "-c", code, *command, *source], stdout=out, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 2
    assert b"stdout: cannot be written" in done.stderr


def test_a_resource_that_is_called_otherwise_than_its_key_is_judged_all_the_same(tmp_path: Path):
    path = accounts(tmp_path / "tenant.db", guid(1), 2)
    write(path, "UPDATE resources SET key = replace(key, ?, ?)", "st0000", "st9999")

    report = api.audit(open_source(path), api.choose_rules(select=["storage-*"]))

    assert {result.subject.name for result in report.results} >= {"st0000", "st0001"}
