"""The rows of a query as a table, as CSV and as JSON; what a tenant's names hold cannot steer a terminal."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from auditor.cli.terminal.messages import plain

if TYPE_CHECKING:
    from auditor.snapshot.query import Answer, Value

_WIDEST = 80


def as_table(answer: Answer) -> str:
    """Columns side by side; a long value is cut, which the other formats never do."""
    lines = [[_cell(name) for name in answer.columns]]
    lines += [[_cell(_text(value)) for value in row] for row in answer.rows]
    widths = [max(_width(line[index]) for line in lines) for index in range(len(answer.columns))]
    lines.insert(1, ["-" * width for width in widths])
    shown = ["  ".join(map(_padded, line, widths)).rstrip() for line in lines]
    count = len(answer.rows)
    return "\n".join([*shown, f"({count} row{'' if count == 1 else 's'})", ""])


def as_csv(answer: Answer) -> str:
    """RFC 4180, with a header; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_inert(name) for name in answer.columns])
    writer.writerows([[_inert(value) for value in row] for row in answer.rows])
    return stream.getvalue()


def as_json(answer: Answer) -> str:
    """An array with an object a row; of columns with one name the later ones are numbered."""
    names = _distinct(answer.columns)
    rows = [dict(zip(names, map(_json, row), strict=True)) for row in answer.rows]
    return json.dumps(rows, indent=2) + "\n"


def _distinct(columns: tuple[str, ...]) -> list[str]:
    names: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in names:
            number += 1
            name = f"{column}_{number}"
        names.append(name)
    return names


def _json(value: Value) -> str | int | float | None:
    return value.hex() if isinstance(value, bytes) else value


def _text(value: Value) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value)


def _cell(text: str) -> str:
    text = plain(text).replace("\n", " ").replace("\t", " ")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _inert(value: Value) -> str | int | float:
    if isinstance(value, (int, float)):
        return value
    text = plain(_text(value))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
