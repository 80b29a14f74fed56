"""Which file a collection writes, and what is left of it: nothing good is lost, nothing empty is left in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import SnapshotError
from auditor.inventory.coverage import ReadState
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.opening import open_source
from auditor.snapshot.store import Snapshot
from auditor.snapshot.writing import place_beside, write_snapshot

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
KIND = "Microsoft.Storage/storageAccounts"
SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
MANIFEST = Manifest(source="live", started_at=NOW, finished_at=None, scopes=("/",), needs=(KIND.lower(),))


def keep(snapshot: Snapshot, *names: str) -> None:
    bodies = [{"id": f"{SUB}/resourceGroups/rg/providers/{KIND}/{name}", "properties": {}} for name in names]
    snapshot.add(SUB, KIND, bodies)


def fail(path: Path, *kept: str, **options: bool) -> None:
    """A collection that ends in an error after it has kept what is named."""
    with write_snapshot(path, MANIFEST, **options) as snapshot:
        snapshot.close("/", "Microsoft.Resources/subscriptions", ReadState.COMPLETE, as_of=NOW)
        if kept:
            keep(snapshot, *kept)
        raise RuntimeError


def names(path: Path) -> list[str]:
    return [resource.name for resource in open_source(path).inventory]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tenant.db"


@pytest.fixture
def old(path: Path) -> Path:
    with write_snapshot(path, MANIFEST) as snapshot:
        keep(snapshot, "old")
        snapshot.finish(NOW)
    return path


def test_a_collection_that_fails_before_it_read_anything_leaves_no_file(path: Path):
    with pytest.raises(RuntimeError):
        fail(path)

    assert not list(path.parent.iterdir())


def test_one_that_fails_later_leaves_what_it_read(path: Path):
    with pytest.raises(RuntimeError):
        fail(path, "new")

    assert names(path) == ["new"]
    with pytest.raises(SnapshotError, match="exists already"), write_snapshot(path, MANIFEST):
        pass
    with write_snapshot(path, MANIFEST, resume=True) as snapshot:
        keep(snapshot, "more")
        snapshot.finish(NOW)
    assert names(path) == ["more", "new"]


def test_what_a_killed_collection_left_empty_is_in_nobodys_way(path: Path):
    path.touch()
    with write_snapshot(path, MANIFEST) as snapshot:
        keep(snapshot, "new")
        snapshot.finish(NOW)
    assert names(path) == ["new"]


def test_the_old_snapshot_stays_until_the_new_one_is_whole(old: Path):
    with write_snapshot(old, MANIFEST, force=True) as snapshot:
        keep(snapshot, "new")
        assert names(old) == ["old"]
        snapshot.finish(NOW)

    assert names(old) == ["new"]
    assert [entry.name for entry in old.parent.iterdir()] == ["tenant.db"]


@pytest.mark.parametrize("kept", [(), ("new",)], ids=["nothing-read", "something-read"])
def test_the_old_snapshot_outlives_a_failure(old: Path, kept: tuple[str, ...]):
    before = old.read_bytes()
    with pytest.raises(RuntimeError):
        fail(old, *kept, force=True)

    assert old.read_bytes() == before
    assert place_beside(old).exists() == bool(kept)


def test_what_a_failed_replacement_read_is_gone_on_with(old: Path):
    with pytest.raises(RuntimeError):
        fail(old, "new", force=True)
    with write_snapshot(old, MANIFEST, resume=True) as snapshot:
        keep(snapshot, "more")
        snapshot.finish(NOW)

    assert names(old) == ["more", "new"]
    assert not place_beside(old).exists()


def test_force_begins_anew_where_a_replacement_had_failed(old: Path):
    for name in ("first", "second"):
        with pytest.raises(RuntimeError):
            fail(old, name, force=True)
    assert names(old) == ["old"]
    assert names(place_beside(old)) == ["second"]


@pytest.mark.parametrize("content", [b"important", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_snapshot_is_never_replaced(path: Path, content: bytes):
    path.write_bytes(content)
    for force in (False, True):
        with pytest.raises(SnapshotError), write_snapshot(path, MANIFEST, force=force):
            pass
    assert path.read_bytes() == content


CHILD = """
import sys
from pathlib import Path
from tests.inventory.test_snapshot_writing import MANIFEST, keep, write_snapshot
with write_snapshot(Path(sys.argv[1]), MANIFEST, force=True) as snapshot:
    keep(snapshot, "new")
    print("kept", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("there", [False, True], ids=["first", "replacing"])
def test_killed_outright_it_is_gone_on_with_and_meanwhile_in_use(
    path: Path, request: pytest.FixtureRequest, there: bool
):
    if there:
        request.getfixturevalue("old")
    command = [sys.executable, "-c", CHILD, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ}, text=True, **pipes) as child:
        assert child.stdout
        assert child.stdout.readline() == "kept\n"
        for options in ({"force": True}, {"resume": True}):
            with pytest.raises(SnapshotError, match="another process"), write_snapshot(path, MANIFEST, **options):
                pass
        child.send_signal(signal.SIGKILL)
    if there:
        assert names(path) == ["old"]
    with write_snapshot(path, MANIFEST, resume=True) as snapshot:
        snapshot.finish(NOW)
    assert names(path) == ["new"]
