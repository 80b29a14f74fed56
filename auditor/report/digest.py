"""What a message to a channel says of an audit: the gate, the counts, and the worst rules with their resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.grouping import grouped
from auditor.report.model import RenderOptions
from auditor.report.text import count, plain, shorten, subscription_words
from auditor.rules.model import Rule, Severity

_NAMES = 5
_NAME = 80
_TITLE = 160


@dataclass(frozen=True, slots=True)
class Topic:
    """One rule with findings."""

    rule: Rule
    severity: Severity
    title: str
    """Plain, on one line, at most 160 letters."""
    names: tuple[str, ...]
    """Some of its resources, with their subscription, plain and at most 80 letters each."""
    findings: int


def gate_words(report: Report) -> str:
    """What the gate says; "" where none was asked."""
    if report.verdict is None:
        return ""
    if not report.verdict.is_set:
        return "No gate was set"
    return "Gate: holds" if report.verdict.holds else "Gate: fails"


def read_words(report: Report) -> str:
    """What was read, and when."""
    scan = report.scan
    gaps = "" if scan.complete else "; not everything could be read"
    return f"{count(scan.resources, 'resource')}, read {scan.finished_at:%Y-%m-%d %H:%M} UTC{gaps}"


def counts(report: Report) -> list[tuple[str, str]]:
    """Findings by severity, then results without an answer and accepted ones, as names and numbers."""
    totals = report.summary
    found = [(severity.value, f"{totals.fail.get(severity, 0):,}") for severity in Severity]
    return [*found, ("unknown", f"{totals.unknown:,}"), ("accepted", f"{totals.exempt:,}")]


def topics(report: Report, options: RenderOptions) -> Iterator[Topic]:
    """Every rule with findings, the worst first; how findings are grouped elsewhere changes nothing here."""
    by_rule = grouped(report.with_outcome(Outcome.FAIL), replace(options, group_by="rule"))
    # By the rule's own weight: many small findings are no message.
    for group in sorted(by_rule, key=lambda results: min(result.severity.rank for result in results)):
        worst = min((result.severity for result in group), key=lambda severity: severity.rank)
        names = tuple(_name(report, result) for result in group[:_NAMES])
        yield Topic(group[0].rule, worst, shorten(plain(group[0].rule.title), _TITLE), names, len(group))


def _name(report: Report, result: Result) -> str:
    subscription = subscription_words(report.scan, result.subject.subscription_id)
    name = plain(result.subject.name)
    return shorten(f"{name} in {subscription}" if subscription else name, _NAME)


def left_words(left: list[Topic]) -> str:
    """What had no room, in words."""
    findings = sum(topic.findings for topic in left)
    return f"{count(findings, 'more finding')} of {count(len(left), 'rule')} left out"
