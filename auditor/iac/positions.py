"""JSON text and where each of its parts stands: written from values, or read from a file.

A part is named by its steps, `("properties", "securityRules", 0, "name")`; its span reaches from the start of its key,
where it has one, to the end of its value, or of the opening bracket where the value goes on over several lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.inventory.model import Json

Steps = tuple[str | int, ...]
_INDENT = "  "
_DEEPEST = 100
_STEP = re.compile(r"\[(\d+)\]|\['([^']+)'\]|([^.\[\]]+)")
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\[\]{}":]+')
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line, all numbers 1-based, the end column after the last character."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """JSON text with the places of its parts."""

    text: str
    spans: Mapping[Steps, Span]

    def find(self, path: str) -> Span | None:
        """The span of a property path, names compared without case; of its nearest part that exists, or None.

        A property that is missing is shown where it would have to be set.
        """
        by_folded = {fold(steps): span for steps, span in self.spans.items()}
        steps = steps_of(path)
        for length in range(len(steps), 0, -1):
            if span := by_folded.get(fold(steps[:length])):
                return span
        return None


def steps_of(path: str) -> Steps:
    """The steps of `properties.rules[0]['a.b']`."""
    return tuple(int(m[1]) if m[1] else m[2] or m[3] for m in _STEP.finditer(path))


def fold(steps: Steps) -> Steps:
    """The steps with names in lower case."""
    return tuple(step.lower() if isinstance(step, str) else step for step in steps)


def write(value: Json) -> Layout:
    """The value as indented JSON, keys in their own order, a newline at the end."""
    writer = _Writer()
    writer.value(value, ())
    writer.finish()
    return Layout("\n".join(writer.lines) + "\n", writer.spans)


@dataclass(slots=True)
class _Writer:
    lines: list[str] = field(default_factory=list)
    spans: dict[Steps, Span] = field(default_factory=dict)
    line: str = ""

    def value(self, value: Json, steps: Steps) -> None:
        start = len(self.line) + 1
        if steps and isinstance(steps[-1], str):
            self.line += _scalar(steps[-1]) + ": "
        if isinstance(value, Mapping) and value and len(steps) < _DEEPEST:
            self._container("{}", [(str(key), inner) for key, inner in value.items()], steps, start)
        elif isinstance(value, list | tuple) and value and len(steps) < _DEEPEST:
            self._container("[]", list(enumerate(value)), steps, start)
        else:
            self.line += _scalar(value)
            self._mark(steps, start)

    def _container(self, brackets: str, items: list[tuple[Any, Json]], steps: Steps, start: int) -> None:
        self.line += brackets[0]
        self._mark(steps, start)
        for number, (step, inner) in enumerate(items):
            self.finish(_INDENT * (len(steps) + 1))
            self.value(inner, (*steps, step))
            self.line += "," if number < len(items) - 1 else ""
        self.finish(_INDENT * len(steps))
        self.line += brackets[1]

    def _mark(self, steps: Steps, start: int) -> None:
        self.spans[steps] = Span(len(self.lines) + 1, start, len(self.line) + 1)

    def finish(self, following: str = "") -> None:
        self.lines.append(self.line)
        self.line = following


def _scalar(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, default=str)
    return text


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
