"""The checkout that a folder belongs to: places of findings are relative to it."""

from __future__ import annotations

from pathlib import Path


def repository_of(folder: Path) -> Path | None:
    """The closest folder at or above that is a Git checkout."""
    folder = folder.resolve()
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
