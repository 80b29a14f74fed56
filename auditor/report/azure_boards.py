"""CSV that Azure Boards imports: a work item a rule with findings, or what `--group-by` makes one of.

`Work Item Type` and `Title` are required, tags are parted by semicolons, and 1,000 work items are taken at a time:
https://learn.microsoft.com/azure/devops/boards/queries/import-work-items-from-csv. A description is HTML.
"""

from __future__ import annotations

from html import escape

from auditor.evaluate.model import Report
from auditor.report.model import Rendered, RenderOptions
from auditor.report.text import count
from auditor.report.work_items import as_csv, body, work_items
from auditor.rules.model import Severity

ITEMS = 1_000
"""Work items of one import."""
DESCRIPTION = 32_000
"""Letters of a description: a spreadsheet's cell takes 32,767."""
COLUMNS = ("Work Item Type", "Title", "Priority", "Tags", "Description")
_PRIORITIES = {Severity.CRITICAL: "1", Severity.HIGH: "1", Severity.MEDIUM: "2", Severity.LOW: "3", Severity.INFO: "4"}


def render(report: Report, options: RenderOptions) -> Rendered:
    """The work items, the worst first, as many as an import takes."""
    items = list(work_items(report, options))
    rows, left = [], 0
    for item in items[:ITEMS]:
        text, hidden = body(
            item,
            DESCRIPTION,
            paragraph=lambda t: f"<p>{escape(t)}</p>",
            line=lambda t: f"<div>&bull; {escape(t)}</div>",
        )
        left += hidden
        mark = f"<p>{escape(item.fingerprint)}</p>"
        rows.append(["Task", item.title, _PRIORITIES[item.severity], "; ".join(item.labels), text + mark])
    told = []
    if (more := len(items) - len(rows)) > 0:
        told.append(f"Azure Boards: {count(more, 'work item')} left out, an import takes {ITEMS:,}")
    if left:
        unlisted = f"{count(left, 'finding')} counted and not listed"
        told.append(f"Azure Boards: {unlisted}, a description takes {DESCRIPTION:,} letters")
    return Rendered(as_csv(COLUMNS, rows), tuple(told))
