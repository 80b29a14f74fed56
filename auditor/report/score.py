"""How much of what was judged holds, weighted by severity: of everything, and by subscription or owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from auditor.evaluate.model import Outcome, Report, Subject
from auditor.report.meanings import meaning
from auditor.report.text import subscription_words
from auditor.rules.model import Severity

WEIGHTS: Mapping[Severity, int] = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 5,
    Severity.MEDIUM: 2,
    Severity.LOW: 1,
    Severity.INFO: 0,
}
"""What a check counts: one rule on one resource. Ours, so that one critical outweighs ten that are low."""


@dataclass(slots=True)
class Score:
    """The checks of a group, and their weighted share."""

    key: str
    """The subscription's GUID, the owner; "" for what has none."""
    name: str
    """For people."""
    passed: int = 0
    unknown: int = 0
    exempt: int = 0
    failed: dict[Severity, int] = field(default_factory=lambda: dict.fromkeys(Severity, 0))
    weight_passed: int = 0
    weight: int = 0

    @property
    def findings(self) -> int:
        """Of every severity."""
        return sum(self.failed.values())

    @property
    def percent(self) -> float | None:
        """Passed of all that was judged, by weight, rounded down so that only all of it is 100; None for nothing.

        What is unknown or exempt is not passed: neither a gap nor an exemption makes a score better.
        """
        return 1000 * self.weight_passed // self.weight / 10 if self.weight else None

    @property
    def order(self) -> tuple[float, tuple[int, ...], str]:
        """Sorts the worst first: by percent, then by findings."""
        percent = 101.0 if self.percent is None else self.percent
        return (percent, tuple(-self.failed[severity] for severity in Severity), self.name.lower())


def overall(report: Report) -> Score:
    """The score of everything that was judged."""
    found = _grouped(report, lambda _: "", lambda _: "all")
    return found[0] if found else Score("", "all")


def by_subscription(report: Report) -> list[Score]:
    """Scores by subscription, the worst first; what is of no subscription is the tenant's."""
    return _grouped(
        report, lambda subject: subject.subscription_id, lambda key: subscription_words(report.scan, key) or "tenant"
    )


def by_owner(report: Report, meanings: Mapping[str, tuple[str, ...]]) -> list[Score]:
    """Scores by owner, the worst first; what has no owner is one of them. Empty where nothing has an owner."""
    found = _grouped(report, lambda subject: meaning(subject, "owner", meanings), lambda key: key or "no owner")
    return found if any(score.key for score in found) else []


def _grouped(report: Report, key: Callable[[Subject], str], name: Callable[[str], str]) -> list[Score]:
    groups: dict[str, Score] = {}
    known: dict[int, Score] = {}  # by identity: all results on a resource share one subject

    def group(subject: Subject) -> Score:
        if id(subject) not in known:
            own = key(subject)
            known[id(subject)] = groups.setdefault(own, Score(own, name(own)))
        return known[id(subject)]

    for rule in report.rules:
        weight = WEIGHTS[rule.severity]
        for subject in report.passed.get(rule.id, ()):
            score = group(subject)
            score.passed += 1
            score.weight += weight
            score.weight_passed += weight
    for result in report.results:
        if result.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
            continue
        score = group(result.subject)
        score.weight += WEIGHTS[result.severity]
        match result.outcome:
            case Outcome.FAIL:
                score.failed[result.severity] += 1
            case Outcome.EXEMPT:
                score.exempt += 1
            case Outcome.UNKNOWN:
                score.unknown += 1
    return sorted(groups.values(), key=lambda score: score.order)
