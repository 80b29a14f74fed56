"""What stands in a snapshot's columns, as values; what is no such value says where the file is damaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.errors import SnapshotError
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap, Json

_GAP_TEXTS = ("scope", "type", "operation", "code", "message")


class Decoder:
    """Reads columns of one file. Every method raises SnapshotError for what a snapshot never holds."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def damaged(self, what: str) -> SnapshotError:
        """The error that names the place."""
        return SnapshotError(
            f"is damaged: {what}",
            subject=str(self._path or "the snapshot in memory"),
            remedy="Collect it anew with `auditor collect`.",
        )

    def text(self, value: Any, what: str) -> str:
        """A text of a column."""
        if not isinstance(value, str):
            raise self.damaged(f"{what} is no text")
        return value

    def body(self, value: Any, key: Any) -> Mapping[str, Json]:
        """A resource's body."""
        found = self._json(value, f"the body of {key!r}")
        if not isinstance(found, dict):
            raise self.damaged(f"the body of {key!r} is no object")
        return found

    def unread(self, value: Any, key: Any) -> dict[str, Gap]:
        """What was not read of a resource, by the names of its properties."""
        if not value:
            return {}
        found = self._json(value, f"what was not read of {key!r}")
        if not isinstance(found, dict):
            raise self.damaged(f"what was not read of {key!r} is no object")
        return {name: self._gap(inner, repr(key)) for name, inner in found.items()}

    def gap(self, value: Any, where: str) -> Gap | None:
        """A gap of the ledger; None where there is none."""
        return self._gap(self._json(value, f"the gap of {where}"), where) if value else None

    def state(self, value: Any, where: str) -> ReadState:
        """How a read ended."""
        try:
            return ReadState(value)
        except ValueError as error:
            raise self.damaged(f"the ledger line of {where} has the state {value!r}, which there is not") from error

    def moment(self, value: Any, where: str) -> datetime | None:
        """A date, or None."""
        try:
            return datetime.fromisoformat(value) if value else None
        except (ValueError, TypeError) as error:
            raise self.damaged(f"the ledger line of {where} has no date") from error

    def _gap(self, found: Any, where: str) -> Gap:
        texts = isinstance(found, dict) and all(isinstance(found.get(name, ""), str) for name in _GAP_TEXTS)
        if not texts or not isinstance(found.get("status"), int | None):
            raise self.damaged(f"a gap of {where} is none")
        try:
            return Gap(**found)
        except TypeError as error:
            raise self.damaged(f"a gap of {where} is none") from error

    def _json(self, value: Any, what: str) -> Any:
        import orjson

        try:
            return orjson.loads(value)
        except (ValueError, TypeError):
            pass
        try:  # what only the slower parser takes: integers beyond 64 bits
            return json.loads(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise self.damaged(f"{what} is no JSON") from error
