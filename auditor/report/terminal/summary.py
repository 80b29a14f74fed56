"""The top and the end of the table: what was audited, the posture at a glance, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Report
from auditor.report.terminal.page import Page
from auditor.report.text import ASSUMED_COMPLETE, count, shorten, subscription_words, subscriptions_counted
from auditor.report.trend import steps_in_words
from auditor.rules.model import Rule, Severity

if TYPE_CHECKING:
    from rich.console import RenderableType

_NAMED_SUBSCRIPTIONS = 3
_FULL_WORDS = 76
"""Columns from which on the summary has room for its headings as they are."""
_SHORT = {Severity.CRITICAL: "CRIT", Severity.MEDIUM: "MED"}
_NAME = 120
_SOURCE = 240


def heading(page: Page) -> Iterator[RenderableType]:
    """What was audited, when, and by how many rules."""
    scan, rules = page.report.scan, page.report.rules
    yield page.line(("Azure security audit", "strong"), f" of {shorten(scan.source, _SOURCE)}")
    yield page.line(
        (f"{count(scan.resources, 'resource')} in {_subscriptions(page)}, judged by {count(len(rules), 'rule')}; ", ""),
        (f"read {scan.finished_at:%Y-%m-%d %H:%M} UTC", ""),
    )
    if scan.selection:
        yield page.line(("Only ", "medium"), f"{scan.selection}; what lies outside was read to relate to.")
    if scan.assumed_complete:
        yield page.line((ASSUMED_COMPLETE, "medium"))
    if not scan.complete:
        yield page.line(("Incomplete: ", "medium"), "not everything could be read, see below.")
    yield ""


def summary(page: Page) -> Iterator[RenderableType]:
    """Findings by topic and severity, the totals last."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    table.add_column(page.text(("TOPIC", "strong")), no_wrap=True, overflow="ellipsis")
    short = page.options.width < _FULL_WORDS
    for severity in Severity:
        word = _SHORT.get(severity, severity.upper()) if short else severity.upper()
        table.add_column(page.text((word, severity.value)), justify="right", no_wrap=True)
    for name in ("?" if short else "UNKNOWN", "PASS"):
        table.add_column(page.text((name, "strong")), justify="right", no_wrap=True)
    for topic, counts in _by_topic(page).items():
        table.add_row(page.text(topic), *_cells(page, counts))
    table.add_row(page.text(("all", "strong")), *_cells(page, _total(page)))
    yield table
    if page.report.trend and (told := steps_in_words(page.report.trend)):
        before = page.report.trend.points[-2].at
        yield page.line(("Since the run of ", "strong"), f"{before:%Y-%m-%d %H:%M}: {told}.")
    if page.report.summary.exempt:
        yield page.line((f"{count(page.report.summary.exempt, 'finding')} accepted by an exemption.", "quiet"))
    yield ""


def totals(page: Page) -> Iterator[RenderableType]:
    """The numbers once more, where the reader of a long report is."""
    whole = page.report.summary
    found = [
        page.text((f"{number:,} {severity}", severity.value))
        for severity in Severity
        if (number := whole.fail.get(severity, 0))
    ]
    if not found:
        return
    parts = [part for text in found for part in (text, ", ")][:-1]
    rest = f"; {whole.unknown:,} without an answer" if whole.unknown else ""
    yield page.line(("Found: ", "strong"), *parts, f"{rest}; {whole.passed:,} passed.")


def next_step(page: Page) -> Iterator[RenderableType]:
    """What to do next, the first line the one that helps most."""
    report = page.report
    if first := _first(report):
        rule, findings = first
        yield page.line(("Next: ", "strong"), f"mend first: {rule.title} ({count(findings, 'finding')})")
        yield _commands(
            page,
            (f"auditor rules show {rule.id}", "why, and how to mend it"),
            ("--report html=report.html", "all of it in a browser"),
            ("--report json=baseline.json", "then --baseline baseline.json: only new findings fail"),
        )
    elif report.gaps or report.summary.unknown:
        yield page.line(
            ("Next: ", "strong"),
            "no findings in what could be read; ",
            ("auditor doctor", "command"),
            " says how to read the rest.",
        )
    elif not report.scan.resources:
        yield page.line(
            ("Next: ", "strong"), "nothing was found; ", ("auditor doctor", "command"), " says what you see."
        )
    else:
        yield page.line(
            ("Next: ", "strong"), ("no findings. ", "good"), "Keep it so with a scheduled ", ("auditor scan", "command")
        )


def _commands(page: Page, *rows: tuple[str, str]) -> RenderableType:
    """Commands and options with what they are for, in columns."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for command, purpose in rows:
        table.add_row(page.text((command, "command")), page.text((purpose, "quiet")))
    return Padding(table, (0, 0, 0, 6), expand=False)


def _first(report: Report) -> tuple[Rule, int] | None:
    """The rule to begin with, of the worst severity the one with most findings, and how many these are."""
    failed = Counter(result.rule.id for result in report.with_outcome(Outcome.FAIL))
    rules = {rule.id: rule for rule in report.rules}
    worst = min(failed, key=lambda name: (rules[name].severity.rank, -failed[name], name), default=None)
    return (rules[worst], failed[worst]) if worst else None


def _subscriptions(page: Page) -> str:
    scan = page.report.scan
    total, named = subscriptions_counted(scan), scan.lies_in if scan.selection else scan.subscriptions
    if not 0 < len(named) <= _NAMED_SUBSCRIPTIONS:
        return total
    return f"{total} ({', '.join(shorten(subscription_words(scan, guid), _NAME) for guid in named)})"


def _by_topic(page: Page) -> dict[str, Counter[str]]:
    """Counts by severity word and outcome word, the topics in alphabetical order."""
    topics: dict[str, Counter[str]] = {}
    for rule in sorted(page.report.rules, key=lambda rule: rule.topic):
        tally = page.report.tallies.get(rule.id, {})
        counts = topics.setdefault(rule.topic, Counter())
        counts[Outcome.UNKNOWN] += tally.get(Outcome.UNKNOWN, 0)
        counts[Outcome.PASS] += tally.get(Outcome.PASS, 0)
    for result in page.report.with_outcome(Outcome.FAIL):
        topics[result.rule.topic][result.severity] += 1
    return topics


def _total(page: Page) -> Counter[str]:
    whole = page.report.summary
    failed = {severity.value: whole.fail.get(severity, 0) for severity in Severity}
    return Counter({**failed, Outcome.UNKNOWN.value: whole.unknown, Outcome.PASS.value: whole.passed})


def _cells(page: Page, counts: Counter[str]) -> list[RenderableType]:
    words = [*Severity, Outcome.UNKNOWN, Outcome.PASS]
    return [_cell(page, word.value, counts[word]) for word in words]


def _cell(page: Page, word: str, number: int) -> RenderableType:
    if not number:
        return page.text(("-", "quiet"))
    style = {"pass": "good", "unknown": "medium", "critical": "high"}.get(word, word)
    return page.text((f"{number:,}", style))
