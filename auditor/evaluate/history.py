"""What became of findings from run to run: new, mended, standing, and since when each stands.

Runs are compared within a series: the same tenant, scope and choice of rules. A finding of a rule that an earlier run
did not have is `first judged` and not new; one that a later run does not answer, or does not judge, still stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.evaluate.model import Outcome, Report
from auditor.evaluate.trend import Point, Standing, Step, Trend
from auditor.rules.model import Severity


@dataclass(frozen=True, slots=True)
class Entry:
    """One result of a run that is no pass."""

    rule: str
    outcome: Outcome
    severity: Severity
    name: str
    """The resource's shown name."""
    resource_id: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a history keeps of one audit."""

    at: datetime
    """When its data was read, UTC."""
    series: str
    """What it can be compared with: tenant, scope and choice of rules, in words."""
    rules: frozenset[str]
    """Ids of the rules that ran."""
    passed: int
    complete: bool
    entries: Mapping[str, Entry]
    """By fingerprint."""
    source: str = ""
    """The file that it was read from; "" for the run of now."""

    @property
    def failed(self) -> Mapping[Severity, int]:
        """Findings by severity."""
        return Counter(entry.severity for entry in self.entries.values() if entry.outcome is Outcome.FAIL)


def run_of(report: Report) -> Run:
    """What a history keeps of a report."""
    kept = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    scan = report.scan
    rules = frozenset(rule.id for rule in report.rules)
    return Run(
        scan.finished_at,
        series_of(scan.tenant, scan.subscriptions, scan.selection, rules if scan.partial_selection else frozenset()),
        rules,
        report.summary.passed,
        scan.complete,
        {
            result.fingerprint: Entry(
                result.rule.id, result.outcome, result.severity, result.subject.name, result.subject.id
            )
            for result in report.with_outcome(*kept)
        },
    )


def series_of(tenant: str, subscriptions: Sequence[str], selection: str, chosen: Iterable[str]) -> str:
    """The name of what can be compared: `chosen` are the ids of rules where not all ran."""
    rules = sorted(chosen)
    some = f"{len(rules)} chosen rules, {rules[0]} first" if rules else ""
    # A tenant's subscriptions come and go; without a tenant they are all that tells.
    whose = f"tenant {tenant}" if tenant else f"subscriptions {', '.join(sorted(subscriptions)) or 'unknown'}"
    return "; ".join(part for part in (whose, selection, some) if part)


def trend_of(runs: Iterable[Run], series: str) -> Trend:
    """The trend of one series; runs of others are left out, and of two of the same time the later given counts."""
    ordered = sorted({run.at: run for run in runs if run.series == series}.values(), key=lambda run: run.at)
    since: dict[str, datetime] = {}
    last: dict[str, Standing] = {}
    points: list[Point] = []
    findings: list[Standing] = []
    judged: frozenset[str] = frozenset()
    for run in ordered:
        findings = list(_steps(run, last, since, judged))
        steps = Counter(each.step for each in findings)
        since = {each.fingerprint: each.since for each in findings if each.step is not Step.MENDED}
        last = {each.fingerprint: each for each in findings if each.step is not Step.MENDED}
        outcomes = Counter(entry.outcome for entry in run.entries.values())
        points.append(
            Point(
                run.at,
                run.failed,
                run.passed,
                outcomes[Outcome.UNKNOWN],
                outcomes[Outcome.EXEMPT],
                run.complete,
                steps,
                is_first=not points,
            )
        )
        judged |= run.rules
    findings.sort(key=lambda each: (each.severity.rank, each.since, each.rule, each.resource_id))
    return Trend(series, tuple(points), tuple(findings), since)


def _steps(
    run: Run, last: Mapping[str, Standing], since: Mapping[str, datetime], judged: frozenset[str]
) -> Iterable[Standing]:
    """What became of every finding of a run and of those that stood before it."""
    for mark, entry in run.entries.items():
        if entry.outcome is Outcome.FAIL:
            if mark in last:
                step = Step.STANDING
            else:
                step = Step.NEW if not judged or entry.rule in judged else Step.FIRST_JUDGED
            yield Standing(
                mark, entry.rule, entry.severity, entry.name, entry.resource_id, since.get(mark, run.at), step
            )
    unanswered: dict[str, list[str]] = {}
    for entry in run.entries.values():
        if entry.outcome is Outcome.UNKNOWN:
            unanswered.setdefault(entry.rule, []).append(entry.resource_id.lower().rstrip("/"))
    for mark, before in last.items():
        now = run.entries.get(mark)
        if now is not None and now.outcome is Outcome.FAIL:
            continue
        # Its rule did not run, or has no answer for it or for all above it: nobody has seen it mended.
        own = before.resource_id.lower()
        unseen = before.rule not in run.rules or any(
            own == scope or own.startswith(f"{scope}/") for scope in unanswered.get(before.rule, ())
        )
        yield replace(before, step=Step.STANDING if unseen else Step.MENDED)
