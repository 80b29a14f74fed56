"""What an audit gives: results, and the report that holds them. Every output format renders these values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from auditor.errors import ExitCode
from auditor.evaluate.trend import Trend
from auditor.inventory import ids
from auditor.inventory.model import Gap, Json, PropertyChange, Resource
from auditor.rules.model import Evidence, Framework, Rule, Severity

TOOL_NAME = "azure-auditor"
"""The tool's name in machine-readable reports. Code scanning keeps alerts apart by it, so it never changes."""


class Outcome(StrEnum):
    """What one rule says of one resource."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    """The answer depends on what could not be read."""
    EXEMPT = "exempt"
    """Fails, and an exemption in force accepts it."""
    PASS = "pass"  # noqa: S105 - an outcome
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Subject:
    """What was judged: a resource, or a scope whose resources could not be read."""

    id: str
    type: str
    name: str
    subscription_id: str = ""
    resource_group: str = ""
    location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Values by tag name in lower case; a child without any has those of its resource."""

    @classmethod
    def of_resource(cls, resource: Resource, tags: Mapping[str, str] | None = None) -> Subject:
        """The subject that stands for a resource; `tags` are its own or its parent's, see `tags_of`."""
        return cls(
            id=resource.id,
            type=resource.type,
            name=_shown_name(resource),
            subscription_id=resource.subscription_id,
            resource_group=resource.resource_group,
            location=resource.location,
            tags=tags or {},
        )

    @classmethod
    def of_gap(cls, gap: Gap) -> Subject:
        """The subject that stands for all resources of a type that could not be read below a scope."""
        return cls(
            id=gap.scope,
            type=gap.type,
            name=gap.scope.rstrip("/").rpartition("/")[2] or "tenant",
            subscription_id=ids.subscription_of(gap.scope),
            resource_group=ids.resource_group_of(gap.scope),
        )


def _shown_name(resource: Resource) -> str:
    """A child with its parents' names, `vault/key`: many children are called `default` or `web`."""
    tail = ids.below_provider(resource.id).split("/")
    names = tail[2::2]
    return "/".join(names) if len(names) > 1 else resource.display_name


@dataclass(frozen=True, slots=True)
class Exemption:
    """An accepted failure."""

    reason: str
    owner: str
    expires_at: datetime | None
    """UTC; None for an Azure Policy exemption without an end."""
    source: str
    """The file and line, or the id of the Azure Policy exemption."""
    ticket: str = ""

    @property
    def until(self) -> str:
        """The day on which it ends, in words."""
        return f"{self.expires_at:%Y-%m-%d}" if self.expires_at else "no end"

    def ended(self, now: datetime) -> bool:
        """Whether it no longer holds."""
        return self.expires_at is not None and self.expires_at <= now

    def ends_within(self, now: datetime, span: timedelta) -> bool:
        """Whether it still holds and will not for long."""
        return self.expires_at is not None and now < self.expires_at <= now + span

    @property
    def words(self) -> str:
        """Until when, by whom and why, on one line."""
        until = f"until {self.until}" if self.expires_at else "without an end"
        return f"{until} by {self.owner}: {self.reason}" + (f" ({self.ticket})" if self.ticket else "")


def fingerprint(rule_id: str, resource_id: str, discriminator: str = "") -> str:
    """Identity of a result over runs: 32 hexadecimal digits of SHA-256.

    Depends on the rule's id, the lower-cased resource id and, where one resource can fail a rule several times, on what
    tells those apart; on nothing else, so that a reworded rule or another resource never changes it.
    """
    text = "\n".join((rule_id, ids.id_key(resource_id), discriminator.lower()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def evidence_hash(evidence: Sequence[Evidence]) -> str:
    """What binds an exemption to what was accepted: 16 hexadecimal digits over paths and values found.

    The same when a list comes in another order, and in another snapshot: places in lists and the keyed hashes of
    secrets are left out.
    """
    found = sorted({(_INDEX.sub("[*]", line.path).lower(), _stable(line.actual)) for line in evidence})
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]


_INDEX = re.compile(r"\[\d+\]")
_KEYED_HASH = re.compile(r'("\$secret": \{[^{}]*?)"hash": "[0-9a-f]{32}"')


def _stable(value: Json) -> str:
    return _KEYED_HASH.sub(r"\1", json.dumps(value, sort_keys=True, default=str))


@dataclass(frozen=True, slots=True)
class Result:
    """One rule on one resource."""

    rule: Rule
    outcome: Outcome
    subject: Subject
    message: str
    fingerprint: str
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """Behind an unknown result: what could not be read."""
    exemption: Exemption | None = None
    command: str = ""
    """Of a finding: the Azure CLI commands that mend it, a line each; what it does not know are words in capitals."""
    changed: PropertyChange | None = None
    """Of a finding: the last change of what decides it; None where changes were not collected, or it is not known."""

    def with_change(self, change: PropertyChange) -> Result:
        """The same result, with the last change of what decides it."""
        told = self.message, self.fingerprint, self.evidence, self.gaps, self.exemption, self.command, change
        return Result(self.rule, self.outcome, self.subject, *told)

    def accepted(self, exemption: Exemption) -> Result:
        """The same result as an exemption makes it."""
        told = self.message, self.fingerprint, self.evidence, self.gaps, exemption, self.command, self.changed
        return Result(self.rule, Outcome.EXEMPT, self.subject, *told)

    @property
    def severity(self) -> Severity:
        """The rule's severity."""
        return self.rule.severity

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Sorts by severity, rule, resource id, fingerprint."""
        return (self.severity.rank, self.rule.id, self.subject.id.lower(), self.fingerprint)


@dataclass(frozen=True, slots=True)
class Scan:
    """What was audited, and when."""

    source: str
    """`live`, `demo`, or the path that was given with `--from`."""
    tenant: str
    """Tenant GUID; "" where the source does not say."""
    subscriptions: tuple[str, ...]
    """GUIDs of the subscriptions that were asked for or found, sorted."""
    started_at: datetime
    """UTC."""
    finished_at: datetime
    """UTC."""
    complete: bool
    """False as soon as there is one gap."""
    resources: int
    """How many resources were read."""
    subscription_names: Mapping[str, str] = field(default_factory=dict)
    """GUID to display name, where known."""
    scope: str = ""
    """What names the scope in SARIF's `automationDetails.id`: tenant, management group or subscriptions."""
    partial_selection: bool = False
    """True when rules were left out by `--select`, `--ignore`, `--framework` or `--min-severity`."""
    selection: str = ""
    """What was chosen of the source, in words: `subscriptions/<guid>+resourcegroups/rg-app`; "" for all of it."""
    lies_in: tuple[str, ...] = ()
    """GUIDs of the subscriptions in which something of what was chosen lies, sorted; empty where all was."""
    assumed_complete: bool = False
    """True for an export of which the user said that what it lacks does not exist."""

    @property
    def is_partial(self) -> bool:
        """Whether rules or resources were left out, so that what is not found may be there all the same."""
        return self.partial_selection or bool(self.selection)


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in a picture."""

    id: str
    """Unique in its picture: a lower-cased resource id, or a word such as `internet`."""
    label: str
    """The name shown."""
    kind: str
    """What it is, in kebab-case: `internet`, `public-ip`, `load-balancer`, `machine`, `key`, `key-vault`, ..."""
    detail: str = ""
    """A second line: an address, a port, a state."""
    severity: Severity | None = None
    """The worst finding on it; None where there is none."""
    parts: tuple[str, ...] = ()
    """Lower-cased ids of other resources that are drawn as part of it: a machine's network interfaces."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed connection between two nodes."""

    source: str
    target: str
    label: str = ""
    """Port and rule, or what the connection is: `tcp 443, nsg-web/allow-https (310)`, `encrypted with`."""
    broken: bool = False
    """Whether the connection is denied, or does not work."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A directed graph that a report draws: paths of exposure, chains of keys."""

    id: str
    """kebab-case, unique in a report."""
    title: str
    caption: str
    """One sentence: what it shows, and what is left out."""
    nodes: tuple[Node, ...]
    """In the order in which they are drawn."""
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of results by outcome."""

    fail: Mapping[Severity, int]
    passed: int
    unknown: int
    exempt: int
    not_applicable: int

    @property
    def failed(self) -> int:
        """Findings of every severity."""
        return sum(self.fail.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a report."""

    exit_code: ExitCode
    reasons: tuple[str, ...]
    """One sentence for each thing that made it fail; empty when it holds."""
    failing: frozenset[str] = frozenset()
    """Fingerprints of the results that made it fail."""
    known: frozenset[str] | None = None
    """Fingerprints that a baseline accepts; None where none was given."""
    asked: Mapping[str, str | bool] = field(default_factory=dict)
    """The gate's options: `fail_on`, `fail_on_unknown`, `require_complete`."""

    @property
    def holds(self) -> bool:
        """Whether a pipeline may go on."""
        return self.exit_code is ExitCode.OK

    @property
    def is_set(self) -> bool:
        """Whether anything was asked of the report: a gate that asks nothing lets all through and says nothing."""
        return bool(self.reasons) or any(value not in ("none", False) for value in self.asked.values())


@dataclass(frozen=True, slots=True)
class Report:
    """One audit: the only thing that output formats see."""

    tool_version: str
    scan: Scan
    rules: tuple[Rule, ...]
    """Every rule that ran, ordered by id."""
    results: tuple[Result, ...]
    """Every result, ordered by `Result.order`."""
    gaps: tuple[Gap, ...]
    summary: Summary
    tallies: Mapping[str, Mapping[Outcome, int]] = field(default_factory=dict)
    """Counts by rule id and outcome, those of results that were not kept included."""
    passed: Mapping[str, Sequence[Subject]] = field(default_factory=dict)
    """By rule id what passed it, results that were not kept included: what shares by resource and by owner are of."""
    notices: tuple[str, ...] = ()
    """What the user should know beyond results: policies that cannot be evaluated, exemptions that match nothing."""
    pictures: tuple[Picture, ...] = ()
    """What formats that can draw show beside the results."""
    carried: tuple[Result, ...] = ()
    """Findings of the baseline that this run has no answer for, so that they are not taken for mended."""
    verdict: Verdict | None = None
    """What the gate says; None where none was asked."""
    frameworks: tuple[Framework, ...] = ()
    """Frameworks with all their controls, for what reports on them; those that rules name besides have no list."""
    trend: Trend | None = None
    """The runs of this scope before and this one; None where no history was given."""

    def with_outcome(self, *outcomes: Outcome) -> tuple[Result, ...]:
        """The results with one of these outcomes, in order."""
        return tuple(result for result in self.results if result.outcome in outcomes)
