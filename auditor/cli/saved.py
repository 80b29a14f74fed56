"""What `--demo` and the option with a path stand for, the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.snapshot.source import Source


def check_source(path: Path | None, *, demo: bool, assume_complete: bool, option: str = "--from") -> None:
    """Refuse options that do not go together. Raises UsageError; `option` is the one that takes the path."""
    if demo and path:
        raise UsageError(f"--demo and {option} exclude each other", remedy="Give one of them.")
    if assume_complete and not path:
        asked = "the demo tenant" if demo else "a live audit"
        raise UsageError(
            f"--assume-complete is for exports, not for {asked}, where it is known what was not read",
            remedy=f"Name the export with {option} PATH, or leave --assume-complete out.",
        )


def saved_source(path: Path | None, *, demo: bool, assume_complete: bool) -> Source | None:
    """The demo tenant, the snapshot or the export; None where neither was asked for. Raises SnapshotError."""
    from auditor.inventory.cycles import keep
    from auditor.snapshot.demo import open_demo
    from auditor.snapshot.opening import open_source

    found = open_demo() if demo else open_source(path, assume_complete=assume_complete) if path else None
    if found:
        keep()
    return found
