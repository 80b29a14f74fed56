"""What changed between two audits: values that formats render."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.evaluate.model import Outcome
from auditor.inventory.model import Json
from auditor.rules.model import Severity


class Direction(StrEnum):
    """How a result changed, what needs attention first."""

    APPEARED = "appeared"
    WORSE = "worse"
    """Failed where there was no answer or an exemption before, or a higher severity."""
    CHANGED = "changed"
    """The same outcome for other reasons: the evidence differs."""
    UNREADABLE = "no longer readable"
    """There is no answer any more, because something could not be read. That is not a finding that went away."""
    UNJUDGED = "no longer judged"
    """The rule did not run, or the subscription was not audited."""
    READABLE = "now readable"
    """There was no answer before; now there is one, and it is no finding."""
    BETTER = "better"
    WENT_AWAY = "went away"


class Kind(StrEnum):
    """How a property, or a whole resource, changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UNREADABLE = "no longer readable"
    READABLE = "now readable"


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property of one resource."""

    resource: str
    """ARM id as the service wrote it."""
    path: str
    """Property path; elements of lists by their names, `properties.securityRules['ssh'].properties.access`. Empty for
    the resource itself."""
    kind: Kind
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one audit said of one rule and resource."""

    outcome: Outcome
    severity: Severity


@dataclass(frozen=True, slots=True)
class Change:
    """One result that is not what it was."""

    direction: Direction
    fingerprint: str
    rule: str
    title: str
    resource: str
    """The resource id; of a result that stands for an unread scope, the scope."""
    before: Verdict | None
    """None where the audit had no such finding and knew the answer."""
    after: Verdict | None
    evidence: tuple[PropertyChange, ...] = ()
    """What the evidence says otherwise, where both audits have some."""
    existed: bool | None = None
    """Whether the earlier audit had the resource; None where that is not known."""
    exists: bool | None = None
    """The same of the later audit."""

    @property
    def severity(self) -> Severity:
        """The later severity; the earlier one of what went away."""
        verdict = self.after or self.before
        assert verdict is not None  # noqa: S101 - one of the two has the result
        return verdict.severity

    @property
    def is_new_finding(self) -> bool:
        """Whether it is a finding that was none before, or not as severe."""
        failed = self.after is not None and self.after.outcome is Outcome.FAIL
        return failed and self.direction in (Direction.APPEARED, Direction.WORSE)


@dataclass(frozen=True, slots=True)
class Difference:
    """All that changed between two audits."""

    results: tuple[Change, ...]
    """By direction, severity, rule, resource."""
    properties: tuple[PropertyChange, ...]
    """By resource and path; empty where two reports were compared, which hold no resources."""
    compares_resources: bool
    """Whether resources were compared at all."""
    notices: tuple[str, ...] = ()
    """Why the two may not be comparable."""
