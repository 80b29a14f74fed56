"""The table: a report for a terminal, readable from 80 columns up."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from auditor.evaluate.model import Report
from auditor.report.model import Rendered, RenderOptions
from auditor.report.terminal.findings import findings
from auditor.report.terminal.gaps import gaps, unknowns
from auditor.report.terminal.page import Page
from auditor.report.terminal.summary import heading, next_step, summary

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# rich gives every link a random id; without one the same report is the same bytes.
_LINK_ID = re.compile(r"\x1b\]8;id=[^;]*;")
_TRAILING = re.compile(r" +((?:\x1b\[[\d;]*m|\x1b\]8;;\x1b\\)*)$")
_NARROWEST = 40


def render(report: Report, options: RenderOptions) -> Rendered:
    """The report as text for a terminal `options.width` columns wide."""
    return Rendered(print_parts(_parts(Page(report, options)), options))


def print_parts(parts: Iterable[RenderableType], options: RenderOptions) -> str:
    """Parts of a page as text, no line with blanks at its end."""
    from rich.console import Group

    stream = io.StringIO()
    console = _console(stream, options)
    console.print(Group(*parts), end="")
    lines = _LINK_ID.sub("\x1b]8;;", stream.getvalue()).splitlines()
    return "\n".join(_TRAILING.sub(r"\1", line) for line in lines) + "\n"


def _parts(page: Page) -> Iterator[RenderableType]:
    yield from heading(page)
    yield from summary(page)
    yield from findings(page)
    yield from unknowns(page)
    yield from gaps(page)
    yield from next_step(page)


def _console(stream: io.StringIO, options: RenderOptions) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        width=max(options.width, _NARROWEST),
        height=100,
        color_system="standard" if options.colour or options.hyperlinks else None,
        force_terminal=True,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
