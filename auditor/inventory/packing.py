"""Values kept small: as JSON, and compressed beside one of their kind. What is read back equals what was given."""

from __future__ import annotations

import zlib

from auditor.inventory.model import Json


def as_json(value: Json) -> bytes | None:
    """The value as JSON, without blanks; None where JSON does not give it back as it is."""
    import orjson

    try:
        text = orjson.dumps(value)
        # A copy: what orjson gives has room for four times as much.
        return bytes(memoryview(text)) if orjson.loads(text) == value else None
    except (TypeError, ValueError, RecursionError):  # integers beyond 64 bits, halves of surrogate pairs
        return None


def from_json(text: bytes) -> Json:
    """What `as_json` was given."""
    import orjson

    return orjson.loads(text)


class Kind:
    """Texts that differ in names and numbers alone: beside the first of them each takes a fraction of its room."""

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first = b""

    def pressed(self, text: bytes) -> bytes:
        """A text compressed; the first one is kept, for all others to be like."""
        self._first = self._first or text
        work = zlib.compressobj(level=1, zdict=self._first)
        return work.compress(text) + work.flush()

    def restored(self, pressed: bytes) -> bytes:
        """The text that was compressed."""
        work = zlib.decompressobj(zdict=self._first)
        return work.decompress(pressed) + work.flush()
