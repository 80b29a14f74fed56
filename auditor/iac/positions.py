"""Where the parts of JSON text stand that already exists."""

from __future__ import annotations

import json
import re

from auditor.iac.layout import Layout, Span, Steps

_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\[\]{}":]+')
_BLANK = re.compile(r"\s*")


def read(text: str) -> Layout | None:
    """The places in JSON text that already exists; None where it is not JSON (comments, templates)."""
    reader = _Reader(text)
    try:
        reader.document()
    except (ValueError, IndexError, RecursionError):
        return None
    return Layout(text, reader.spans)


class _Reader:
    """Walks JSON text by its brackets; values stay unread."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: dict[Steps, Span] = {}
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def document(self) -> None:
        """Walks the whole text. Raises ValueError, IndexError or RecursionError where it is not JSON."""
        if self._skip(self.value(0, (), None)) != len(self.text):
            raise ValueError("something follows")

    def value(self, at: int, steps: Steps, begin: int | None) -> int:
        """Walks the value at or after `at`; gives where it ends."""
        at = self._skip(at)
        begin = at if begin is None else begin
        match self.text[at]:
            case "{" | "[" as opening:
                end = self._items(at + 1, "}" if opening == "{" else "]", steps)
                self._mark(steps, begin, at + 1 if "\n" in self.text[at:end] else end)
                return end
            case _:
                found = _SCALAR.match(self.text, at)
                if not found:
                    raise ValueError(at)
                json.loads(found[0])
                self._mark(steps, begin, found.end())
                return found.end()

    def _items(self, at: int, closing: str, steps: Steps) -> int:
        number = 0
        at = self._skip(at)
        while self.text[at] != closing:
            begin, step = None, number
            if closing == "}":
                found = _SCALAR.match(self.text, at)
                if not found:
                    raise ValueError(at)
                begin, step = at, json.loads(found[0])
                at = self._skip(found.end())
                if self.text[at] != ":":
                    raise ValueError(at)
                at += 1
            at = self._skip(self.value(at, (*steps, step), begin))
            number += 1
            if self.text[at] == ",":
                at = self._skip(at + 1)
            elif self.text[at] != closing:
                raise ValueError(at)
        return at + 1

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _mark(self, steps: Steps, begin: int, end: int) -> None:
        from bisect import bisect_right

        line = bisect_right(self._starts, begin)
        begin_of_line = self._starts[line - 1]
        newline = self.text.find("\n", begin, end)
        end = end if newline < 0 else newline
        self.spans[steps] = Span(line, begin - begin_of_line + 1, end - begin_of_line + 1)
