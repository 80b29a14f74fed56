"""Lines of a text as places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from auditor.iac.place import Place


class Lines:
    """The lines of one file."""

    def __init__(self, uri: str, text: str) -> None:
        self._uri = uri
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def place(self, offset: int) -> Place:
        """The whole line that holds an offset, in characters."""
        return self.line(bisect_right(self._starts, offset))

    def line(self, number: int) -> Place:
        """A whole line by its number, from 1."""
        text = self._lines[number - 1].rstrip("\r")
        indent = len(text) - len(text.lstrip())
        return Place(self._uri, number, indent + 1, number, max(len(text), indent + 1) + 1)

    def all(self, offsets: Mapping[str, int]) -> dict[str, Place]:
        """The lines of several offsets by name."""
        return {name: self.place(offset) for name, offset in offsets.items()}
