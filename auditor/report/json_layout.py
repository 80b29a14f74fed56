"""Values written as JSON text, and where each of their parts came to stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.iac.layout import Layout, Span, Steps
from auditor.inventory.model import Json, Unread

_INDENT = "  "
_DEEPEST = 100


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
    text = json.dumps(value, ensure_ascii=False, default=_words)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, default=_words)
    return text


def _words(value: object) -> str:
    return f"(not known: {value.gap.message})" if isinstance(value, Unread) else str(value)
