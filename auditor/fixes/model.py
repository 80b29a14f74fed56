"""The values of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from auditor.evaluate.model import Result, Subject
from auditor.inventory.model import Gap, Json
from auditor.rules.model import Remediation, Severity


class Standing(StrEnum):
    """Whether a fix can be made now."""

    FREE = "free"
    """Nobody known depends on what it changes, and nothing that was sound breaks."""
    NOT_YET = "not yet"
    """Somebody depends on it: the steps that free it come first."""
    UNKNOWN = "unknown"
    """Who depends on it was not read."""
    BY_HAND = "by hand"
    """The remedy is a choice, or more than setting properties: the rule's text says what to do."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One property that a fix sets."""

    resource: str
    """Id of the resource."""
    path: str
    before: Json
    """None where it is missing."""
    after: Json
    """None where it goes."""


@dataclass(frozen=True, slots=True)
class Dependant:
    """One who would lose something."""

    who: str
    """Its name, or the range of addresses."""
    id: str
    """Its id; "" for what is no resource."""
    text: str
    """What it would lose, as a sentence."""
    first: tuple[str, ...] = ()
    """What frees it, in order: commands, or what to set."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One change of one resource, with the findings that it mends."""

    subject: Subject
    """The resource that is judged; of a change that the user asked for, the one that is set."""
    standing: Standing
    results: tuple[Result, ...] = ()
    """The findings that it is for, the worst first; none where the user asked for the change itself."""
    settings: tuple[Setting, ...] = ()
    dependants: tuple[Dependant, ...] = ()
    unread: tuple[Gap, ...] = ()
    """What was not read of those who could depend on it."""
    remarks: tuple[str, ...] = ()
    """What cannot be seen from here, and should be looked at."""

    @property
    def severity(self) -> Severity | None:
        """That of the worst finding."""
        return self.results[0].severity if self.results else None

    @property
    def remediation(self) -> Remediation | None:
        """The remedy of the worst finding's rule."""
        return self.results[0].rule.remediation if self.results else None

    @property
    def command(self) -> str:
        """The Azure CLI commands of the worst finding; "" where there are none."""
        return self.results[0].command if self.results else ""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The world as it would be with the free fixes made."""

    gone: tuple[Result, ...] = ()
    """Findings that go away."""
    new: tuple[Result, ...] = ()
    """Findings that come."""
    paths_before: int = 0
    """Attack paths from the internet today."""
    paths_after: int = 0
    cut: tuple[str, ...] = ()
    """Those that end, in short: `internet -> vm-web -> st1`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Fixes in an order that works, and what comes of them."""

    fixes: tuple[Fix, ...]
    foreseen: Foreseen = field(default_factory=Foreseen)
    asked: bool = False
    """Whether the user asked for a change of his own, so that it is foreseen whatever its standing is."""

    def standing(self, standing: Standing) -> tuple[Fix, ...]:
        """The fixes of one standing, in order."""
        return tuple(fix for fix in self.fixes if fix.standing is standing)
