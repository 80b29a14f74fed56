"""Snapshots: what was written is there after any death, and what is no snapshot is refused in plain words."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import SnapshotError
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.snapshot.file import SCHEMA_VERSION
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.opening import open_source
from auditor.snapshot.store import Snapshot
from tests.inventory import writer_process as writer

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222"
KIND = "Microsoft.Storage/storageAccounts"
DENIED = Gap(OTHER, KIND, "GET x", 403, "AuthorizationFailed", "no")


def manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {"scopes": ("/",), "needs": (KIND.lower(),), "tenant": "t1"} | changes
    return Manifest(source="live", started_at=NOW, finished_at=None, **values)


def account(named: str, /, *, scope: str = SUB, **more: Any) -> dict[str, Any]:
    return {"id": f"{scope}/resourceGroups/rg/providers/{KIND}/{named}", "type": KIND, "properties": {}, **more}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tenant.db"


@pytest.fixture
def finished(path: Path) -> Path:
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1"), account("st2")])
        snapshot.close(SUB, KIND, ReadState.COMPLETE, as_of=NOW)
        snapshot.close(OTHER, KIND, ReadState.DENIED, gap=DENIED)
        snapshot.finish(NOW, subscriptions={"11111111-1111-1111-1111-111111111111": "one"})
    return path


def test_what_was_written_is_read_back(finished: Path):
    source = open_source(finished)

    assert [resource.name for resource in source.inventory] == ["st1", "st2"]
    assert source.manifest.complete
    assert source.manifest.tenant == "t1"
    assert source.manifest.subscriptions == {"11111111-1111-1111-1111-111111111111": "one"}
    assert source.inventory.gaps == (DENIED,)
    assert source.inventory.gap(KIND, SUB) is None
    assert source.inventory.gap(KIND, OTHER) == DENIED
    assert source.inventory.gap(KIND, None) == DENIED
    assert source.inventory.gap("Microsoft.Sql/servers", SUB).code == "NotAsked"


def test_the_finished_snapshot_is_one_file_for_its_owner_only(finished: Path):
    assert [entry.name for entry in finished.parent.iterdir()] == [finished.name]
    assert stat.S_IMODE(finished.stat().st_mode) == 0o600


def test_every_file_of_an_unfinished_snapshot_is_for_its_owner_only(path: Path):
    old = os.umask(0)
    try:
        with Snapshot.create(path, manifest()) as snapshot:
            snapshot.add(SUB, KIND, [account("st1")])
            modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    finally:
        os.umask(old)

    assert set(modes.values()) == {0o600}


def test_the_key_of_the_hashes_is_gone_from_the_finished_file(path: Path):
    with Snapshot.create(path, manifest()) as snapshot:
        key = snapshot.secret_key
        snapshot.add(SUB, KIND, [account("st1")])
        snapshot.finish(NOW)
        assert snapshot.secret_key == b""

    assert len(key) == 32
    assert key.hex().encode() not in path.read_bytes()


def test_new_ids_are_counted_and_the_last_body_wins(path: Path):
    with Snapshot.create(path, manifest()) as snapshot:
        first = snapshot.add(SUB, KIND, [account("st1"), account("ST1", tags={"a": "b"}), account("st2")])
        again = snapshot.add(SUB, KIND, [account("st2", tags={"c": "d"}), account("st3")])
        nothing = snapshot.add(SUB, KIND, [])
        inventory = snapshot.inventory()

    assert (first, again, nothing) == (2, 1, 0)
    assert [resource.body.get("tags") for resource in inventory] == [{"a": "b"}, {"c": "d"}, None]


@pytest.mark.parametrize(
    "value",
    [2**100, "\ud800", "\u0000", "\U0001f600", 1.5e300, -0.0, {"a": [None, True]}, "x" * 100_000, {"": {"": []}}],
    ids=["huge", "surrogate", "nul", "emoji", "float", "negative-zero", "nested", "long", "empty-names"],
)
def test_odd_json_survives(path: Path, value: Any):
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1", name=str(value), properties={"v": value})])
        snapshot.finish(NOW)

    (found,) = open_source(path).inventory

    assert found.body["properties"]["v"] == value


def test_bodies_nested_deeper_than_the_fast_encoder_allows(path: Path):
    deep: Any = "end"
    for _ in range(400):
        deep = {"a": deep}
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1", properties=deep)])
        (found,) = snapshot.inventory()

    assert json.dumps(found.body["properties"]) == json.dumps(deep)


def test_kept_gives_a_scope_and_what_is_below_it_only(path: Path):
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add("/", KIND, [account("st1"), account("st1", scope=SUB + "2"), account("st3", scope=OTHER)])

        assert [body["id"] for body in snapshot.kept(SUB.upper(), KIND)] == [account("st1")["id"]]
        assert len(list(snapshot.kept("/", KIND))) == 3
        assert len(list(snapshot.kept(account("st3", scope=OTHER)["id"], KIND))) == 1


@pytest.mark.parametrize(("state", "expected"), [(ReadState.PARTIAL, None), (ReadState.COMPLETE, None)])
def test_a_read_that_saw_its_last_page_does_not_go_on_from_there(path: Path, state: ReadState, expected: None):
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1")], cursor="2")
        snapshot.add(SUB, KIND, [account("st2")])
        snapshot.close(SUB, KIND, state, gap=DENIED)

        assert snapshot.cursor(SUB, KIND) is expected


def test_a_read_that_broke_off_goes_on_where_it_was(path: Path):
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1")], cursor="2")
        snapshot.close(SUB, KIND, ReadState.PARTIAL, gap=DENIED)

        assert snapshot.cursor(SUB, KIND) == "2"
        assert snapshot.cursor(OTHER, KIND) is None


# --- unfinished


def test_an_unfinished_snapshot_can_be_read_and_says_so(path: Path):
    with Snapshot.create(path, manifest(needs=(KIND.lower(), "microsoft.sql/servers"))) as snapshot:
        snapshot.add(SUB, KIND, [account("st1")])
        snapshot.close(SUB, KIND, ReadState.COMPLETE, as_of=NOW)

    source = open_source(path)

    assert not source.manifest.complete
    assert len(source.inventory) == 1
    assert {gap.type for gap in source.inventory.gaps} == {KIND.lower(), "microsoft.sql/servers"}
    assert {gap.code for gap in source.inventory.gaps} == {"NotAsked"}
    assert source.inventory.gap(KIND, SUB) is None
    assert source.inventory.gap(KIND, OTHER).code == "NotAsked"
    assert source.inventory.gap(KIND, None).code == "NotAsked"


@pytest.fixture
def child(path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.inventory.writer_process", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def contents(path: Path) -> tuple[list[Any], list[Any], Any]:
    with Snapshot.open(path) as snapshot:
        bodies = [(resource.key, dict(resource.body)) for resource in snapshot.resources()]
        return bodies, snapshot.ledger(), snapshot.manifest.subscriptions


@pytest.mark.parametrize("steps", [1, 2, 3, 6, 11, 12, 13, 14, 25, 26])
def test_killed_at_any_point_and_resumed_it_holds_the_same(
    path: Path, tmp_path: Path, child: subprocess.Popen[str], steps: int
):
    assert child.stdout
    assert child.stdin
    for _ in range(steps - 1):
        child.stdout.readline()
        child.stdin.write("\n")
        child.stdin.flush()
    child.stdout.readline()
    child.kill()
    child.wait()
    done = steps // 2 if steps <= 13 else (steps - 1) // 2

    with Snapshot.resume(path, writer.MANIFEST) as snapshot:
        read = writer.run(snapshot, say=False)

    whole = tmp_path / "whole.db"
    with Snapshot.create(whole, writer.MANIFEST) as snapshot:
        every = writer.run(snapshot, say=False)
    assert contents(path) == contents(whole)
    assert read == every[len(every) - len(read) :]
    assert len(every) - len(read) in (done, done - 1)  # no page twice but the one in flight


def test_killed_before_the_first_page_it_begins_again(path: Path):
    path.touch(0o600)

    with Snapshot.resume(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1")])
        snapshot.finish(NOW)

    assert len(open_source(path).inventory) == 1


def test_two_writers_on_one_file_are_refused_and_a_reader_too(path: Path, child: subprocess.Popen[str]):
    assert child.stdout
    child.stdout.readline()

    for attempt in (
        lambda: Snapshot.resume(path, writer.MANIFEST),
        lambda: Snapshot.create(path, writer.MANIFEST, force=True),
        lambda: Snapshot.open(path),
    ):
        with pytest.raises(SnapshotError, match="is being written by another process"):
            attempt()

    child.kill()
    child.wait()
    Snapshot.resume(path, writer.MANIFEST).release()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scopes": (SUB,)}, "another scope"),
        ({"needs": ("microsoft.sql/servers",)}, "another choice of rules"),
        ({"tenant": "t2"}, "another tenant"),
        ({"cloud": "china"}, "another cloud"),
    ],
)
def test_resuming_with_other_options_is_refused(path: Path, changes: dict[str, Any], words: str):
    Snapshot.create(path, manifest()).release()

    with pytest.raises(SnapshotError, match=words):
        Snapshot.resume(path, manifest(**changes))


def test_resuming_what_is_finished_is_refused(finished: Path):
    with pytest.raises(SnapshotError, match="is finished"):
        Snapshot.resume(finished, manifest())


def test_an_existing_file_is_replaced_only_by_force(finished: Path):
    with pytest.raises(SnapshotError, match="exists already"):
        Snapshot.create(finished, manifest())
    with Snapshot.create(finished, manifest(), force=True) as snapshot:
        assert len(snapshot.inventory()) == 0


# --- what is refused


def _foreign_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (x)")
    connection.close()


def _cut(path: Path, keep: float) -> None:
    with path.open("r+b") as stream:
        stream.truncate(int(path.stat().st_size * keep))


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def _scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b""), "is no snapshot"),
        (lambda path: path.write_bytes(b"\x89PNG" + bytes(200)), "is no snapshot"),
        (lambda path: _cut(path, 0.001), "is no snapshot"),
        (lambda path: _cut(path, 0.5), "its end is missing"),
        (lambda path: _cut(path, 0.99), "its end is missing"),
        (_scribble, "is damaged"),
        (_newer, f"has schema {SCHEMA_VERSION + 1}"),
        (lambda path: (path.unlink(), _foreign_database(path)), "no snapshot of auditor"),
        (lambda path: path.unlink(), "there is no such file"),
    ],
)
def test_what_is_no_whole_snapshot_is_refused_with_file_reason_and_remedy(finished: Path, spoil: Any, words: str):
    spoil(finished)

    with pytest.raises(SnapshotError, match=words) as caught:
        open_source(finished)

    assert str(finished) in str(caught.value)
    assert caught.value.remedy
    assert int(caught.value.exit_code) == 2


def test_a_foreign_database_is_never_touched(path: Path):
    _foreign_database(path)
    before = path.read_bytes()

    for attempt in (
        lambda: Snapshot.resume(path, manifest()),
        lambda: Snapshot.create(path, manifest(), force=True),
        lambda: Snapshot.open(path),
    ):
        with pytest.raises(SnapshotError):
            attempt()

    assert path.read_bytes() == before


def test_a_folder_and_an_unwritable_place_are_refused(tmp_path: Path):
    with pytest.raises(SnapshotError, match="is a folder"):
        Snapshot.open(tmp_path)
    with pytest.raises(SnapshotError, match="cannot be written"):
        Snapshot.create(tmp_path / "missing" / "x.db", manifest())


# --- of older versions


def _as_schema_1(path: Path, *, finished: bool) -> None:
    """The same file as the first schema had it: one ledger line a scope and kind."""
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.add(SUB, KIND, [account("st1")])
        snapshot.close(SUB, KIND, ReadState.COMPLETE, as_of=NOW)
        snapshot.close(OTHER, KIND, ReadState.DENIED, gap=DENIED)
        if finished:
            snapshot.finish(NOW)
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE older (scope_key TEXT NOT NULL, type_key TEXT NOT NULL, scope TEXT NOT NULL, type TEXT NOT NULL,
          state TEXT NOT NULL, as_of TEXT, gap TEXT, PRIMARY KEY (scope_key, type_key)) WITHOUT ROWID;
        INSERT INTO older SELECT scope_key, type_key, scope, type, state, as_of, gap FROM ledger;
        DROP TABLE ledger; ALTER TABLE older RENAME TO ledger; DROP INDEX resources_unread; PRAGMA user_version = 1;
        """
    )
    connection.close()


def test_a_finished_snapshot_of_the_first_schema_still_opens(path: Path):
    _as_schema_1(path, finished=True)
    inventory = open_source(path).inventory
    assert [resource.name for resource in inventory] == ["st1"]
    assert (inventory.gap(KIND, SUB), inventory.gap(KIND, OTHER)) == (None, DENIED)


def test_an_unfinished_one_is_refused_and_may_be_replaced(path: Path):
    _as_schema_1(path, finished=False)
    for attempt in (open_source, lambda place: Snapshot.resume(place, manifest())):
        with pytest.raises(SnapshotError, match="older version") as caught:
            attempt(path)
        assert "--force" in caught.value.remedy
    Snapshot.check_replaceable(path)


LOGS = "Microsoft.Insights/diagnosticSettings"
VAULT = f"{SUB}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"


def test_a_subscriptions_own_children_are_told_from_those_of_its_resources(path: Path):
    denied = Gap(SUB, LOGS, "GET", 403, "AuthorizationFailed")
    with Snapshot.create(path, manifest()) as snapshot:
        snapshot.close(SUB, LOGS, ReadState.COMPLETE, own=True, as_of=NOW)
        assert snapshot.state(SUB, LOGS) is None
        assert snapshot.inventory().gap(LOGS, VAULT).code == "NotAsked"
        assert snapshot.inventory().gap(LOGS, SUB) is None
        snapshot.close(SUB, LOGS, ReadState.PARTIAL, gap=denied)
        snapshot.finish(NOW)
    inventory = open_source(path).inventory
    assert inventory.gap(LOGS, SUB) is None
    assert inventory.gap(LOGS, f"{SUB}/providers/{LOGS}/all") is None
    assert inventory.gap(LOGS, VAULT) == denied
