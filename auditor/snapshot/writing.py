"""Where a collection writes: beside what is there, which is replaced once there is something to replace it with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.errors import SnapshotError
from auditor.snapshot.file import is_blank
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot


def place_beside(path: Path) -> Path:
    """Where a snapshot that is to replace `path` is written until it is whole: `tenant.new.db` for `tenant.db`."""
    return path.with_name(f"{path.stem}.new{path.suffix}")


@contextmanager
def write_snapshot(path: Path, manifest: Manifest, *, resume: bool = False, force: bool = False) -> Iterator[Snapshot]:
    """A snapshot to collect into.

    A first collection writes into `path` itself and, where it is killed, leaves there what it read. One that replaces
    a snapshot (`force`) writes beside it, and takes its place when the block has finished it; killed, it leaves the old
    one whole and is what `resume` goes on with. A collection that fails before it read anything leaves no file.

    Raises SnapshotError where the file may not be written, is in use, or is there and neither `resume` nor `force` is
    given.
    """
    place = _place(path, resume=resume, force=force)
    snapshot = Snapshot.resume(place, manifest) if resume else Snapshot.create(place, manifest)
    try:
        with snapshot:
            yield snapshot
            is_whole = snapshot.manifest.complete
    except BaseException:
        if holds_nothing(place):
            _remove(place)
        raise
    if is_whole and place != path:
        _put(place, path)


def _place(path: Path, *, resume: bool, force: bool) -> Path:
    """Where to write; what stands in the way there and holds nothing is taken away."""
    beside = place_beside(path)
    if resume:
        return beside if beside.exists() else path
    if not path.exists() or _is_remnant(path):
        place = path
    elif force:
        Snapshot.check_replaceable(path)
        place = beside
    else:
        raise SnapshotError(
            "exists already", subject=str(path), remedy="Give --resume to go on with it, or --force to replace it."
        )
    if place.exists():
        Snapshot.check_replaceable(place)
        _remove(place)
    return place


def _is_remnant(path: Path) -> bool:
    """Whether a collection was killed here before it read anything."""
    return path.is_file() and holds_nothing(path)


def holds_nothing(path: Path) -> bool:
    """Whether a file is what is left of a collection that read nothing; False for whatever is no such file."""
    try:
        if is_blank(path):
            return True
        with Snapshot.open(path) as snapshot:
            return not snapshot.manifest.complete and snapshot.is_empty
    except SnapshotError:
        return False


def _put(place: Path, path: Path) -> None:
    try:
        if path.exists():
            Snapshot.make_replaceable(path)
        place.replace(path)
    except OSError as error:
        raise SnapshotError(
            f"cannot be replaced: {error.strerror}", subject=str(path), remedy=f"The new snapshot is {place}."
        ) from error


def _remove(place: Path) -> None:
    for name in (place.name, f"{place.name}-wal", f"{place.name}-shm"):
        place.with_name(name).unlink(missing_ok=True)
