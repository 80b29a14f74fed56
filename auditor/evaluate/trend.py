"""What a trend says: runs in their order, and what became of findings between them. `history` works it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auditor.rules.model import Severity


class Step(StrEnum):
    """What became of a finding between two runs."""

    NEW = "new"
    FIRST_JUDGED = "first judged"
    """Its rule did not run before."""
    STANDING = "standing"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Point:
    """One run in a trend."""

    at: datetime
    fail: Mapping[Severity, int]
    passed: int
    unknown: int
    exempt: int
    complete: bool
    steps: Mapping[Step, int]
    """Against the run before; of the first run everything is `new`: it has none before it, and `is_first` says so."""
    is_first: bool = False

    @property
    def failed(self) -> int:
        """Findings of every severity."""
        return sum(self.fail.values())

    @property
    def passed_share(self) -> float | None:
        """Checks that passed, of those with an answer, in percent; None where there was none."""
        answered = self.passed + self.failed + self.exempt
        return 100 * self.passed / answered if answered else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding of the last run, or one that went away with it."""

    fingerprint: str
    rule: str
    severity: Severity
    name: str
    """The resource's shown name."""
    resource_id: str
    since: datetime
    """The first run of those, without a break, in which it fails."""
    step: Step


@dataclass(frozen=True, slots=True)
class Trend:
    """A series of runs."""

    series: str
    points: tuple[Point, ...]
    """Oldest first."""
    findings: tuple[Standing, ...] = ()
    """Those of the last run, and what was mended with it; the worst first, then the oldest."""
    since: Mapping[str, datetime] = field(default_factory=dict)
    """Since when each finding of the last run stands, by fingerprint."""
