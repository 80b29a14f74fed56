"""CSV (RFC 4180): one result a line, safe to open in a spreadsheet.

UTF-8 without a byte order mark: programs would read the mark as part of the first column's name. Excel asks for the
encoding under Data, From Text/CSV.
"""

from __future__ import annotations

import csv
import io
import re

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.changed import changed_words
from auditor.report.meanings import meaning
from auditor.report.model import Rendered, RenderOptions
from auditor.report.remedies import fill_names
from auditor.report.text import plain, plain_lines, subscription_words, value_words

COLUMNS = (
    "severity",
    "outcome",
    "rule",
    "title",
    "message",
    "resource_name",
    "resource_type",
    "resource_group",
    "subscription",
    "subscription_id",
    "location",
    "resource_id",
    "evidence",
    "remediation",
    "topic",
    "exemption",
    "fingerprint",
    "owner",
    "environment",
    "data_class",
    "tags",
    "frameworks",
    "changed",
)
# What a spreadsheet takes for the start of a formula, full-width forms included:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")
# Where the list separator is a semicolon, a spreadsheet begins a new cell at one.
_INNER_FORMULA = re.compile(r"(;\s*)(?=[=+@\uff1d\uff0b\uff20])")


def render(report: Report, options: RenderOptions) -> Rendered:
    """The report's results as CSV, the worst first."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    listed = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    for result in report.results if options.include_passed else report.with_outcome(*listed):
        writer.writerow([cell(text) for text in _row(report, result, options)])
    return Rendered(stream.getvalue())


def _row(report: Report, result: Result, options: RenderOptions) -> list[str]:
    subject, rule = result.subject, result.rule
    return [
        result.severity.value,
        result.outcome.value,
        rule.id,
        rule.title,
        result.message,
        subject.name,
        subject.type,
        subject.resource_group,
        subscription_words(report.scan, subject.subscription_id),
        subject.subscription_id,
        subject.location,
        subject.id,
        "; ".join(f"{leaf.path} is {value_words(leaf.actual)}, wanted {leaf.expected}" for leaf in result.evidence),
        fill_names(rule.remediation.text, subject),
        rule.topic,
        result.exemption.words if result.exemption else "",
        result.fingerprint,
        *(meaning(subject, name, options.meanings) for name in ("owner", "environment", "data_class")),
        "; ".join(f"{name}={value}" for name, value in sorted(subject.tags.items())),
        "; ".join(f"{name} {control}" for name in sorted(rule.frameworks) for control in rule.frameworks[name]),
        changed_words(result.changed) if result.changed else "",
    ]


def cell(text: str) -> str:
    """The text on one line; one that a spreadsheet would calculate begins with an apostrophe, which makes it text."""
    line = plain(text.strip())
    if ";" in line:
        line = _INNER_FORMULA.sub(r"\1'", line)
    return f"'{line}" if _FORMULA.match(line) else line


def lines_cell(text: str) -> str:
    """The same for a text of several lines, which a cell in quotes may have."""
    lines = _INNER_FORMULA.sub(r"\1'", plain_lines(text.strip()))
    return f"'{lines}" if _FORMULA.match(lines) else lines
