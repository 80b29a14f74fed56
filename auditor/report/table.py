"""The table: a report for a terminal, readable from 80 columns up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.evaluate.model import Report
from auditor.report.model import Rendered, RenderOptions
from auditor.report.terminal.console import text_of
from auditor.report.terminal.findings import findings
from auditor.report.terminal.gaps import gaps, unknowns
from auditor.report.terminal.page import Page
from auditor.report.terminal.summary import heading, next_step, summary, totals

if TYPE_CHECKING:
    from rich.console import RenderableType


def render(report: Report, options: RenderOptions) -> Rendered:
    """The report as text for a terminal `options.width` columns wide."""
    return Rendered(text_of(_parts(Page(options, report)), options))


def _parts(page: Page) -> Iterator[RenderableType]:
    yield from heading(page)
    yield from summary(page)
    yield from findings(page)
    yield from unknowns(page)
    yield from gaps(page)
    yield from totals(page)
    yield from next_step(page)
