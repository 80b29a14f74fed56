"""The page for who answers for it all: one score, who is behind, the worst risks. It fits on one sheet of paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.evaluate.model import Outcome, Picture, Report
from auditor.evaluate.trend import Trend
from auditor.report.compliance_formats import score_words
from auditor.report.compliance_table import SCORE_MEANING
from auditor.report.score import Score, by_owner, by_subscription, overall
from auditor.report.text import count, plain
from auditor.report.trend import steps_in_words
from auditor.rules.model import Rule, Severity

_MOST = 5
_PICTURES = ("attack-paths", "internet-exposure", "public-doors")


@dataclass(frozen=True, slots=True)
class Leaders:
    """Everything that the page says, in words and numbers as they are shown."""

    headline: str
    score: str
    """`81.2 %`; "" where what passed is not known, as in a report of a change alone."""
    meaning: str
    severities: Sequence[tuple[str, str]]
    """Severity, findings."""
    groups: Sequence[tuple[str, str, Sequence[tuple[str, str, str, str, str]], str]]
    """What the rows are of (`subscription`, `owner`), its title, rows (key, name, score, critical and high, findings),
    how many more there are."""
    risks: Sequence[tuple[Rule, str]]
    """The rules whose findings are worst, and how many."""
    paths: Sequence[Picture]
    """Pictures of ways in that have something to show."""
    trend: str
    """What came and went since the run before; "" where no run before is known."""


def leaders(report: Report, meanings: Mapping[str, tuple[str, ...]]) -> Leaders:
    """The page of a report."""
    known = any(report.passed.values())
    failed = report.with_outcome(Outcome.FAIL)
    resources = len({result.subject.id.lower() for result in failed})
    headline = f"{count(len(failed), 'finding')} on {count(resources, 'resource')}" if failed else "No findings"
    groups = (
        ("subscription", "Subscriptions that are furthest behind", by_subscription(report)),
        ("owner", "Owners that are furthest behind", by_owner(report, meanings)),
    )
    return Leaders(
        headline,
        score_words(overall(report)) if known else "",
        SCORE_MEANING,
        [(severity.value, f"{report.summary.fail.get(severity, 0):,}") for severity in Severity],
        [_group(kind, title, scores, known=known) for kind, title, scores in groups if scores],
        _risks(report),
        [picture for name in _PICTURES for picture in report.pictures if picture.id == name and picture.nodes],
        _trend(report.trend),
    )


def _group(
    kind: str, title: str, scores: Sequence[Score], *, known: bool
) -> tuple[str, str, Sequence[tuple[str, str, str, str, str]], str]:
    behind = [score for score in scores if score.findings]
    rows = [
        (
            plain(score.key) or ("tenant" if kind == "subscription" else ""),
            plain(score.name),
            score_words(score) if known else "",
            f"{score.failed[Severity.CRITICAL] + score.failed[Severity.HIGH]:,}",
            f"{score.findings:,}",
        )
        for score in behind[:_MOST]
    ]
    left = len(behind) - len(rows)
    return kind, title, rows, f"and {left:,} more" if left else ""


def _trend(trend: Trend | None) -> str:
    words = steps_in_words(trend) if trend else ""
    return f"Since {trend.points[-2].at:%Y-%m-%d}: {words}" if trend and words else ""


def _risks(report: Report) -> list[tuple[Rule, str]]:
    found = [(rule, report.tallies.get(rule.id, {}).get(Outcome.FAIL, 0)) for rule in report.rules]
    worst = sorted((one for one in found if one[1]), key=lambda one: (one[0].severity.rank, -one[1], one[0].id))
    return [(rule, f"{number:,}") for rule, number in worst[:_MOST]]
