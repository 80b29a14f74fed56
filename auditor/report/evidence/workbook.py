"""Evidence as a workbook for Excel and its kind: text only, no cell is ever calculated, the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.report.evidence.records import Row
from auditor.report.text import plain, shorten

# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MOST_ROWS = 1_048_576
_MOST_CHARACTERS = 32_767
_WIDTHS = {"title": 60, "rule_title": 50, "resource_id": 60, "value": 40, "property": 40, "reason": 40, "message": 60}
_WIDTH = 18


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; one with more rows than a sheet takes goes on in another."""

    name: str
    """At most 28 characters."""
    columns: Sequence[str]
    rows: Iterable[Row]


def workbook(sheets: Iterable[Sheet], title: str, made_at: datetime, most_rows: int = MOST_ROWS) -> bytes:
    """The sheets as an XLSX file, each with a head that stays in sight and a filter.

    `made_at` is what the file says of its own age: the time of the audit, so that the same audit gives the same bytes.
    """
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": plain(title), "author": "azure-auditor", "created": made_at.replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    for sheet in sheets:
        rows = iter(sheet.rows)
        part, more = 1, True
        while more:
            page = book.add_worksheet(sheet.name if part == 1 else f"{sheet.name} {part}")
            page.freeze_panes(1, 0)
            for at, column in enumerate(sheet.columns):
                page.set_column(at, at, _WIDTHS.get(column, _WIDTH))
                page.write_string(0, at, column, bold)
            line, more = 0, False
            for row in rows:
                line += 1
                for at, text in enumerate(row):
                    page.write_string(line, at, shorten(plain(text), _MOST_CHARACTERS))
                if line == most_rows - 1:
                    more = True
                    break
            if sheet.columns:
                page.autofilter(0, 0, line, len(sheet.columns) - 1)
            part += 1
    book.close()
    return stream.getvalue()
