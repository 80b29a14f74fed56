"""The rule and what surrounds it. Conditions are in `auditor.rules.conditions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread


class Severity(StrEnum):
    """How bad a finding is, worst first in `rank`."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info: sorts the worst first."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One leaf condition that decided a result."""

    path: str
    """Property path in the body, elements by index; prefixed with `<resource id>:` where it is another resource's."""
    actual: Json
    """The value found; None where the property is missing."""
    expected: str
    """What would have been right, in words: `equals true`, `not in [TLS1_0, TLS1_1]`, `exists`."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The third truth value: the answer depends on what was not read or cannot be known offline."""

    gaps: tuple[Gap, ...] = ()
    """The gaps behind it; empty where `reason` alone says why."""
    reason: str = ""
    """Why it cannot be decided, for example `requestContext().identity is only known at request time`."""


Truth = bool | Unknown
"""Kleene's three values. Compare with `is True` and `is False`."""


class Facts(Protocol):
    """Gives what a fact family computed for a resource. `auditor.facts` implements it."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What users should know of bodies that no facts could be computed with, so far."""

    def get(self, family: str, resource: Resource) -> Json | Unread | None:
        """The family's value for this resource, None where it says nothing of it, `Unread` behind a gap.

        Values are JSON-like; `Unread` may stand for any part of one.
        """


class NoFacts:
    """A `Facts` that computes nothing."""

    @property
    def notices(self) -> tuple[str, ...]:
        """See `Facts.notices`."""
        return ()

    def get(self, family: str, resource: Resource) -> None:  # noqa: ARG002 - the protocol's arguments
        """See `Facts.get`."""
        return


@dataclass(frozen=True, slots=True)
class Context:
    """What a condition is evaluated against."""

    resource: Resource
    """The resource that is judged."""
    inventory: Inventory
    """All others, with what is known to be complete."""
    facts: Facts = field(default_factory=NoFacts)
    """What `field: facts.<family>...` reads."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """What `parameters('x')` reads: a policy definition's values; empty for our own rules."""
    now: str = ""
    """Time of the scan, ISO 8601 in UTC: what `utcNow()` gives."""
    policy: Mapping[str, Json] = field(default_factory=dict)
    """What `policy()` gives (`assignmentId`, `definitionId`, ...); empty where that is not known."""


@dataclass(frozen=True, slots=True)
class DataNeeds:
    """What a rule needs collected: a plain value that the collector takes, so that it need not know rules."""

    types: frozenset[str] = frozenset()
    """Type keys (lower-cased): of the judged resources, of related ones, of children."""
    facts: frozenset[str] = frozenset()
    """Names of fact families, each with needs of its own."""
    properties: frozenset[str] = frozenset()
    """Which details of a type are read, as `<type key>:<top-level path>`, for types whose details cost extra reads."""

    def __or__(self, other: DataNeeds) -> DataNeeds:
        return DataNeeds(self.types | other.types, self.facts | other.facts, self.properties | other.properties)


class Condition(Protocol):
    """A compiled condition."""

    @property
    def needs(self) -> DataNeeds:
        """What must be collected for this condition to be decidable."""

    def evaluate(self, context: Context) -> Truth:
        """True, False, or `Unknown` with its gaps."""

    def explain(self, context: Context) -> Sequence[Evidence]:
        """The smallest set of leaf conditions that makes the condition what `evaluate` says."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a remedy sets or removes; `auditor.rules.patching` makes and applies it."""

    path: str
    """Property path in the body, `[*]` for every element of a list."""
    value: Json = None
    remove: bool = False
    """Whether what is at the path goes; then there is no value."""
    where: Condition | None = None
    """Which elements of the list; a condition over a body that holds one of them."""
    at: str = ""
    """`childType/name` for a child, `..` for what holds the judged resource; "" for itself."""
    type: str = ""
    """The type that it is for, in rules over several."""


@dataclass(frozen=True, slots=True)
class Remediation:
    """How to mend it; `{name}`, `{resource_group}` and `{subscription_id}` are filled in where it is shown.

    In `az`, `{root}` and `{parent}` are the names of what holds a child, and `{path|WORD}` what the finding has at a
    path, or the word.
    """

    text: str
    az: str = ""
    mend: str = ""
    """Path of the commands that facts have for the very thing that decided; `az` is for findings without."""
    bicep: str = ""
    terraform: str = ""
    patch: tuple[Change, ...] = ()
    """What it sets, in terms of ARM bodies; empty where that is a choice that only the owner can make."""


Example = tuple[Mapping[str, Json], ...]
"""ARM bodies of one example, the judged resource first, others after it."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What the rule proves itself with. `unknown` and `not_applicable` are optional."""

    fail: tuple[Example, ...] = ()
    passing: tuple[Example, ...] = ()
    not_applicable: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameworkControl:
    """One control of a framework."""

    id: str
    """As the publisher writes it: `NS-1`, `AC-2(1)`, `8.3.10`; DORA and NIS 2 by article and point, `9.3a`."""
    title: str
    section: str = ""
    """The domain or chapter it stands in; "" where the framework has none."""
    assessable: str = ""
    """`technical`, `manual` or `partly`, where the publisher says so; else ""."""
    rules: tuple[str, ...] = ()
    """In a framework of the user's own: rule ids, topics and globs that look at it."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework with all its controls, in the publisher's order."""

    id: str
    name: str
    controls: tuple[FrameworkControl, ...]
    version: str = ""
    publisher: str = ""
    source: str = ""
    """Where the publisher has it, a URL; of a framework of the user's own, the file."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or text in a rule that users can set otherwise: see `auditor.rules.parameters`."""

    name: str
    default: Json
    description: str
    """What it means, with its unit."""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[Json, ...] = ()
    """The only values it may have; empty for any within the bounds."""

    @property
    def words(self) -> str:
        """Its default and its bounds."""
        bounds = [f"at least {self.minimum}"] if self.minimum is not None else []
        bounds += [f"at most {self.maximum}"] if self.maximum is not None else []
        bounds += [f"one of {', '.join(map(str, self.allowed))}"] if self.allowed else []
        return ", ".join([f"default {self.default}", *bounds])


@dataclass(frozen=True, slots=True)
class Overridden:
    """What a user has set otherwise than a rule's author: see `auditor.rules.overrides`."""

    severity: Severity | None = None
    """The author's, where the user's is another."""
    parameters: Mapping[str, tuple[Json, Json]] = field(default_factory=dict)
    """The author's value and the user's, by name."""
    reasons: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """File and line of each entry that had a part in it."""

    def words(self, now: Severity) -> str:
        """What was set, why and where, on one line; `now` is the severity that the rule has."""
        parts = [f"severity {now} instead of {self.severity}"] if self.severity else []
        parts += [f"{name} {value} instead of {default}" for name, (default, value) in self.parameters.items()]
        return f"{', '.join(parts)}: {'; '.join(self.reasons)} ({', '.join(self.sources)})"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, compiled."""

    id: str
    """kebab-case, never reused."""
    title: str
    severity: Severity
    topic: str
    """Folder name: network, private-link, managed-identity, ..."""
    resource: tuple[str, ...]
    """Types it judges, as written; empty judges every resource (policies in mode All)."""
    fail_if: Condition
    when: Condition | None = None
    message: str = ""
    """With `{field paths}` to fill in; the title where empty."""
    description: str = ""
    remediation: Remediation = field(default_factory=lambda: Remediation(text=""))
    references: tuple[str, ...] = ()
    frameworks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Framework id to its controls."""
    equivalents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other tool to its ids for the same check."""
    examples: Examples = field(default_factory=Examples)
    source: str = ""
    """File it came from, as the user can find it; `builtin:<topic>/<id>.yaml` for the shipped ones."""
    deprecated: str = ""
    """Why it is retired and what replaces it; a deprecated rule does not run."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """A policy definition's effective parameter values."""
    definition: Mapping[str, Any] = field(default_factory=dict)
    """The condition as its author wrote it (`when`, `fail_if`), parameters filled in, for `rules show`."""
    declared: tuple[Parameter, ...] = ()
    """What users can set in it."""
    overridden: Overridden | None = None
    """What the user has set in it."""

    def told(self, message: str) -> str:
        """A message of a result of this rule, with what the user has set behind it."""
        return f"{message} [{self.overridden.words(self.severity)}]" if self.overridden else message

    @property
    def needs(self) -> DataNeeds:
        """What must be collected to judge by this rule."""
        needs = DataNeeds(types=frozenset(t.lower() for t in self.resource)) | self.fail_if.needs
        return needs | self.when.needs if self.when else needs
