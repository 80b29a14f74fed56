"""Findings as tickets: what Jira and Azure Boards import from CSV is made of these."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.csv_report import cell, lines_cell
from auditor.report.grouping import group_key, grouped
from auditor.report.model import RenderOptions
from auditor.report.remedies import fill_names, generic
from auditor.report.text import count, plain, shorten, subscription_words, value_words
from auditor.rules.model import Severity

TITLE = 255
"""Letters of a title, in Jira as in Azure Boards:
https://support.atlassian.com/jira-work-management/docs/prepare-and-structure-your-csv-file and
https://learn.microsoft.com/azure/devops/boards/work-items/about-work-items."""
_EVIDENCE = 3
_NO_LABEL = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One ticket: a group of findings as `--group-by` makes them, by rule without it."""

    title: str
    severity: Severity
    """The worst of its findings."""
    labels: tuple[str, ...]
    """Words without spaces."""
    head: tuple[str, ...]
    """Paragraphs before the list: what is wrong and what to do."""
    findings: tuple[str, ...]
    """One line each."""
    fingerprint: str
    """The finding's, where it is one; else of the group: the same in every run."""


def work_items(report: Report, options: RenderOptions) -> Iterator[WorkItem]:
    """The findings as tickets, the worst first."""
    for group in grouped(report.with_outcome(Outcome.FAIL), options):
        yield _item(report, group, options)


def _item(report: Report, group: Sequence[Result], options: RenderOptions) -> WorkItem:
    worst = min((result.severity for result in group), key=lambda severity: severity.rank)
    first = group[0]
    rules = {result.rule.id: result.rule for result in group}
    labels = ["azure-auditor", worst.value, *dict.fromkeys(result.rule.topic for result in group)][:6]
    head: tuple[str, ...] = ("Findings of the Azure security audit.",)
    if len(rules) == 1:
        rule = first.rule
        title = rule.title if len(group) > 1 else f"{rule.title}: {first.subject.name}"
        fix = fill_names(rule.remediation.text, first.subject) if len(group) == 1 else generic(rule.remediation.text)
        head = (plain(rule.description or rule.title), f"What to do: {plain(fix)}", f"Rule: {rule.id}")
        labels.append(rule.id)
    else:
        title = f"{_group_words(report, first, options)}: {count(len(group), 'finding')} of {count(len(rules), 'rule')}"
    key = group_key(first, options)
    return WorkItem(
        title=shorten(plain(f"[{worst.upper()}] {title}"), TITLE),
        severity=worst,
        labels=tuple(_NO_LABEL.sub("-", label) for label in labels),
        head=head,
        findings=tuple(_line(report, result, one_rule=len(rules) == 1) for result in group),
        fingerprint=first.fingerprint if len(group) == 1 else f"{options.group_by}:{plain(key)}",
    )


def _group_words(report: Report, result: Result, options: RenderOptions) -> str:
    match options.group_by:
        case "resource":
            return result.subject.name
        case "subscription":
            return subscription_words(report.scan, result.subject.subscription_id) or "Tenant"
        case "topic":
            return result.rule.topic
        case chosen:
            words = chosen.removeprefix("tag:").replace("_", " ")
            value = group_key(result, options)
            return f"{words} {value}" if value else f"no {words}"


def _line(report: Report, result: Result, *, one_rule: bool) -> str:
    subject = result.subject
    place = subscription_words(report.scan, subject.subscription_id)
    where = "/".join(part for part in (place, subject.resource_group) if part)
    named = f"{subject.name} ({where})" if where else subject.name
    what = named if one_rule else f"[{result.severity}] {result.rule.title}: {named}"
    shown = [f"{leaf.path} is {value_words(leaf.actual)}" for leaf in result.evidence[:_EVIDENCE]]
    return plain("; ".join((what, *shown)))


def body(item: WorkItem, limit: int, *, paragraph: Callable[[str], str], line: Callable[[str], str]) -> tuple[str, int]:
    """The description of at most `limit` letters, and how many findings had no room.

    `paragraph` and `line` write a text in the target's markup, with whatever it would act on made harmless.
    """
    parts = [paragraph(text) for text in item.head]
    room = limit - sum(map(len, parts)) - 200
    for number, finding in enumerate(item.findings):
        text = line(finding)
        room -= len(text)
        if room < 0:
            left = len(item.findings) - number
            return "".join([*parts, paragraph(f"... and {count(left, 'more finding')}")]), left
        parts.append(text)
    return "".join(parts), 0


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """RFC 4180, without anything that a spreadsheet would calculate; texts with line ends keep them."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([lines_cell(text) if "\n" in text else cell(text) for text in row] for row in rows)
    return stream.getvalue()
