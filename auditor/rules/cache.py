"""Parsed rule files, kept from one run to the next: reading YAML is most of what a start costs.

One JSON file in the user's cache folder, safe to delete. A document is kept by the digest of its text and is used only
by the version of the program that wrote it; what is not there is parsed. Rules of the user's own are never kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

_FORMAT = 1


class DocumentCache:
    """Values of YAML documents by their text."""

    def __init__(self, folder: Path | None) -> None:
        """Read what an earlier run kept in `folder`; None keeps nothing."""
        self._path = folder / f"rules-{_version()}.json" if folder else None
        self._kept: dict[str, Any] = _read(self._path) if self._path else {}
        self._used: dict[str, Any] = {}

    def get(self, text: str) -> Any:
        """The document's value; None where it is not kept. No document of a rule is None."""
        key = _digest(text)
        found = self._kept.get(key)
        if found is not None:
            self._used[key] = found
        return found

    def put(self, text: str, value: Any) -> None:
        """Keep a document that has no mistakes."""
        self._used[_digest(text)] = value

    def save(self) -> None:
        """Write what this run used, where that is more than what was there; a folder that refuses it is no trouble."""
        if self._path is None or self._used.keys() <= self._kept.keys():
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".rules-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(self._used, stream, ensure_ascii=False, separators=(",", ":"))
            Path(name).replace(self._path)
        except (OSError, ValueError):
            return


def user_cache() -> Path | None:
    """The folder of this program below the user's cache folder; None where there is no home.

    https://specifications.freedesktop.org/basedir-spec/latest/ and its likes on other systems.
    """
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "azure-auditor" if base.is_absolute() else None


def _read(path: Path) -> dict[str, Any]:
    import orjson

    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _version() -> str:
    """Names the program and how it reads YAML."""
    from auditor import __version__

    return hashlib.sha256(f"{_FORMAT} {__version__} {sys.version}".encode()).hexdigest()[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
