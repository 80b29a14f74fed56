"""Whatever resources can be read from offline: a snapshot, an export, a folder of exports."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import SnapshotError
from auditor.inventory.cycles import uncollected
from auditor.snapshot.source import Source

_CODE = (".bicep", ".bicepparam", ".tf")
_SQLITE = b"SQLite format 3\0"


@uncollected()
def open_source(path: Path, *, assume_complete: bool = False) -> Source:
    """Read a snapshot (`.db`), an export (`.json`, `.jsonl`) or a folder of exports; what it is shows its content.

    `assume_complete` is for exports; see `read_exports`. Raises SnapshotError for anything else, and for a snapshot
    that shall be assumed complete: it knows itself what was not read.
    """
    if not path.exists():
        raise SnapshotError("there is no such file or folder", subject=str(path), remedy="Check the path.")
    if code := _code_in(path):
        raise SnapshotError(
            f"is code that is not deployed yet ({code.name}), not an export of what is",
            subject=str(path),
            remedy=f"Judge it with: auditor scan {path} (over a tenant: auditor scan --from tenant.db --with {path}).",
        )
    if is_snapshot(path):
        from auditor.snapshot.store import Snapshot

        if assume_complete:
            raise SnapshotError(
                "is a snapshot, which knows what was not read: --assume-complete is for exports",
                subject=str(path),
                remedy="Leave --assume-complete out.",
            )

        with Snapshot.open(path) as snapshot:
            return Source(snapshot.manifest, snapshot.inventory(), snapshot.manifest.age_notice)
    from auditor.snapshot.exports import read_exports

    return read_exports(path, assume_complete=assume_complete)


def is_snapshot(path: Path) -> bool:
    """Whether a file looks like a snapshot, whole or not. Raises SnapshotError where it cannot be read."""
    return path.is_file() and _starts_like_sqlite(path)


def _code_in(path: Path) -> Path | None:
    """The first file of code where a path has code and no export: neither an export nor a snapshot looks like that."""
    if path.is_file():
        return path if path.suffix.lower() in _CODE else None
    try:
        files = sorted(f for f in path.rglob("*") if not any(part[:1] == "." for part in f.relative_to(path).parts))
    except OSError:  # said by what reads it
        return None
    if any(file.suffix.lower() in (".json", ".jsonl", ".ndjson") for file in files):
        return None
    return next((file for file in files if file.suffix.lower() in _CODE), None)


def _starts_like_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_SQLITE))
    except OSError as error:
        raise SnapshotError(f"cannot be read: {error.strerror}", subject=str(path)) from error
    return head == _SQLITE or (path.suffix == ".db" and not head[:1].isspace() and head[:1] not in (b"{", b"["))
