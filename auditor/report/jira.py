"""CSV that Jira imports: a ticket a rule with findings, or what `--group-by` makes one of.

The header names Jira's own fields, several labels stand in as many columns, and a description may have lines:
https://support.atlassian.com/jira-cloud-administration/docs/import-data-from-a-csv-file/. Its importer for everybody
takes 250 tickets; those above are left out, the least bad, and counted.
"""

from __future__ import annotations

import re

from auditor.evaluate.model import Report
from auditor.report.model import Rendered, RenderOptions
from auditor.report.text import count
from auditor.report.work_items import as_csv, body, work_items
from auditor.rules.model import Severity

ITEMS = 250
"""Tickets of one file."""
DESCRIPTION = 32_767
"""Letters of a description, Jira's limit for texts (`jira.text.field.character.limit`)."""
LABELS = 8
COLUMNS = ("Summary", "Issue Type", "Priority", *["Labels"] * LABELS, "Description", "Fingerprint")
_PRIORITIES = {
    Severity.CRITICAL: "Highest",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Lowest",
}
# Jira's own markup: macros, mentions, links, images, tables, emphasis, rules and lists.
_MARKS = re.compile(r"([\\{}\[\]()|!*_?+^~#@<>:-])")


def render(report: Report, options: RenderOptions) -> Rendered:
    """The tickets, the worst first, as many as an import takes."""
    items = list(work_items(report, options))
    rows, left = [], 0
    for item in items[:ITEMS]:
        text, hidden = body(
            item, DESCRIPTION, paragraph=lambda t: f"{escape(t)}\n\n", line=lambda t: f"* {escape(t)}\n"
        )
        left += hidden
        labels = [*item.labels, *[""] * LABELS][:LABELS]
        rows.append([item.title, "Task", _PRIORITIES[item.severity], *labels, text, item.fingerprint])
    return Rendered(as_csv(COLUMNS, rows), tuple(_notices(len(items) - len(rows), left)))


def escape(text: str) -> str:
    """The text with nothing in it that Jira's markup would act on."""
    return _MARKS.sub(r"\\\1", text)


def _notices(items: int, findings: int) -> list[str]:
    told = [f"Jira: {count(items, 'ticket')} left out, an import takes {ITEMS}"] if items > 0 else []
    if findings:
        told.append(
            f"Jira: {count(findings, 'finding')} counted and not listed, a description takes {DESCRIPTION:,} letters"
        )
    return told
