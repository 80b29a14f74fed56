"""What changed between two audits, result by result, as far as their JSON reports tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from auditor.evaluate.difference import Change, Direction, PropertyChange, Verdict
from auditor.evaluate.model import Outcome
from auditor.evaluate.property_diff import canonical, value_changes
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.rules.model import Severity

_FOUND = (Outcome.FAIL, Outcome.EXEMPT)
_RANK = {Outcome.FAIL: 2, Outcome.UNKNOWN: 1}
_INDEX = re.compile(r"\[\d+\]")
_ABOVE_SUBSCRIPTIONS = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True, slots=True)
class Audit:
    """A JSON report, as `load_report` gives it or `report.json_report.document` makes it, seen by its fingerprints."""

    document: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    """Findings, exempt and unknown results: what passed counts as absent."""
    unread: Sequence[tuple[str, str]]
    """Scope and type, both in lower case, of every gap."""
    inventory: Inventory | None = None
    """The resources, where they are at hand: it knows what an export could not show, and what is gone."""

    @classmethod
    def of(cls, document: Mapping[str, Any], inventory: Inventory | None = None) -> Audit:
        """The audit that a report describes."""
        shown = {Outcome.FAIL.value, Outcome.EXEMPT.value, Outcome.UNKNOWN.value}
        return cls(
            document,
            {result["fingerprint"]: result for result in document["results"] if result["outcome"] in shown},
            [
                (ids.id_key(str(gap.get("scope"))), str(gap.get("type")).lower())
                for gap in document.get("gaps") or ()
                if isinstance(gap, Mapping)
            ],
            inventory,
        )

    def verdict(self, fingerprint: str) -> Verdict | None:
        """What it says of a rule and resource; None where it has no finding and knows the answer."""
        result = self.results.get(fingerprint)
        return Verdict(Outcome(result["outcome"]), Severity(result["severity"])) if result else None

    def judged(self, result: Mapping[str, Any]) -> bool:
        """Whether the rule ran and the resource's subscription was audited; true where the report does not say."""
        rules = self.document["tool"].get("rule_ids")
        scopes = {str(guid).lower() for guid in self.document["scan"].get("subscriptions") or ()}
        subscription = ids.subscription_of(str(result["resource"]["id"]))
        return (rules is None or result["rule"] in rules) and (not subscription or not scopes or subscription in scopes)

    def has(self, result: Mapping[str, Any]) -> bool | None:
        """Whether the resource exists; None where that is not known, and for a result that stands for a scope."""
        place = str(result["resource"]["id"])
        if self.inventory is None or "/providers/" not in place:
            return None
        if self.inventory.get(place):
            return True
        unread = self.inventory.gap(ids.type_key(str(result["resource"]["type"])), place)
        return None if unread else False

    def reads(self, result: Mapping[str, Any]) -> bool:
        """Whether nothing that could not be read may hide this result: see `unknown` results and gaps above it."""
        place, kind = ids.id_key(str(result["resource"]["id"])), str(result["resource"]["type"]).lower()
        if self.inventory and not self.inventory.get(place) and self.inventory.gap(kind, place):
            return False
        blind = [scope for scope, hidden in self.unread if hidden == kind]
        blind += [
            ids.id_key(str(other["resource"]["id"]))
            for other in self.results.values()
            if other["rule"] == result["rule"] and other["outcome"] == Outcome.UNKNOWN.value
        ]
        return not any(_holds(scope, place) for scope in blind)


def _holds(scope: str, place: str) -> bool:
    """Whether a scope contains a resource; what lies above subscriptions is taken to contain all of them."""
    return scope in ("", place) or place.startswith(scope + "/") or scope.startswith(_ABOVE_SUBSCRIPTIONS)


def result_changes(old: Audit, new: Audit) -> tuple[Change, ...]:
    """Every result that is not what it was, by direction, severity, rule and resource.

    Results are the same where fingerprints are. One that is missing behind what could not be read is no longer
    readable, and one whose rule or subscription was left out no longer judged: neither went away.
    """
    found = []
    for mark in {*old.results, *new.results}:
        result = new.results.get(mark) or old.results[mark]
        evidence = tuple(_evidence(old.results.get(mark), new.results.get(mark)))
        before, after = old.verdict(mark), new.verdict(mark)
        direction = _direction(old, new, result, before, after, differs=bool(evidence))
        if direction:
            found.append(
                Change(
                    direction,
                    mark,
                    result["rule"],
                    str(result.get("title") or result["rule"]),
                    str(result["resource"]["id"]),
                    before,
                    after,
                    evidence,
                    existed=old.has(result),
                    exists=new.has(result),
                )
            )
    order = list(Direction)
    return tuple(sorted(found, key=lambda c: (order.index(c.direction), c.severity.rank, c.rule, c.resource.lower())))


def _direction(
    old: Audit,
    new: Audit,
    result: Mapping[str, Any],
    before: Verdict | None,
    after: Verdict | None,
    *,
    differs: bool,
) -> Direction | None:
    match before, after:
        case None, Verdict(Outcome.UNKNOWN):
            return Direction.UNREADABLE if _was_known(old, result) else Direction.APPEARED
        case None, _:
            return Direction.APPEARED
        case Verdict(outcome), None:
            return _vanished(outcome, new, result)
        case Verdict(outcome), Verdict(Outcome.UNKNOWN) if outcome in _FOUND:
            return Direction.UNREADABLE
        case Verdict(Outcome.UNKNOWN), Verdict(Outcome.EXEMPT):
            return Direction.READABLE
        case Verdict() as one, Verdict() as other:
            ranks = [(_RANK.get(verdict.outcome, 0), -verdict.severity.rank) for verdict in (one, other)]
            if ranks[0] == ranks[1]:
                return Direction.CHANGED if differs else None
            return Direction.WORSE if ranks[1] > ranks[0] else Direction.BETTER


def _vanished(outcome: Outcome, new: Audit, result: Mapping[str, Any]) -> Direction:
    if not new.judged(result):
        return Direction.UNJUDGED
    if not new.reads(result):
        return Direction.UNREADABLE
    return Direction.READABLE if outcome is Outcome.UNKNOWN else Direction.WENT_AWAY


def _was_known(old: Audit, result: Mapping[str, Any]) -> bool:
    """Whether the earlier audit looked at this scope or resource: its silence then meant that all was well."""
    place = ids.id_key(str(result["resource"]["id"]))
    if "/providers/" not in place or place.startswith(_ABOVE_SUBSCRIPTIONS):
        return old.judged(result)
    return any(ids.id_key(str(other["resource"]["id"])) == place for other in old.results.values())


def _evidence(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[PropertyChange]:
    """Values in the evidence of two results that differ, elements of lists taken as a set."""
    if not before or not after or not before.get("evidence") or not after.get("evidence"):
        return
    left, right = (_by_path(result["evidence"]) for result in (before, after))
    for path in sorted({*left, *right}):
        here, there = left.get(path, []), right.get(path, [])
        single = len(here) <= 1 and len(there) <= 1
        sides = [one[0] if one else None for one in (here, there)] if single else [here, there]
        for change in value_changes(str(after["resource"]["id"]), path, *sides):
            yield change if single else replace(change, path=path)


def _by_path(evidence: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Values by path; places in lists count as one, since an order means nothing."""
    found: dict[str, list[Any]] = {}
    for leaf in evidence:
        values = found.setdefault(_INDEX.sub("[*]", str(leaf.get("path"))), [])
        if canonical(leaf.get("actual")) not in {canonical(value) for value in values}:
            values.append(leaf.get("actual"))
    return found


def comparability(old: Audit, new: Audit) -> list[str]:
    """Why the two may not be comparable: another tenant, other rules, a later one given first."""
    notices = []
    tenants = [str(audit.document["scan"].get("tenant") or "") for audit in (old, new)]
    if all(tenants) and tenants[0].lower() != tenants[1].lower():
        notices.append(f"the two are of different tenants, {tenants[0]} and {tenants[1]}")
    rules = [audit.document["tool"].get("rules") for audit in (old, new)]
    if rules[0] != rules[1]:
        notices.append(f"the two were judged by {rules[0]} and {rules[1]} rules")
    times = [str(audit.document["scan"].get("finished_at") or "") for audit in (old, new)]
    if all(times) and times[0] > times[1]:
        notices.append(f"the first is the later one, of {times[0]}; the second is of {times[1]}")
    return notices
