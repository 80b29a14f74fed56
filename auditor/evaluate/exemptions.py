"""Exemptions: failures that somebody accepts, for a reason and until a date.

    exemptions:
      - rule: storage-public-network-access      # id, topic or glob; or a list of them
        resource: "*/storageAccounts/stweb*"     # glob over the id or the name; or tag: {env: dev}
        reason: Serves public downloads
        owner: web team
        expires: 2027-03-31
        ticket: SEC-123                          # optional
        evidence: 3f2a9c01d4e5b6a7               # optional: lapses when what was accepted changes

Nothing is hidden: exempt results stay in every report. An exemption that is expired does not apply and fails the gate;
one that matches nothing, or everything, is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, Problem
from auditor.evaluate.evaluator import summarise
from auditor.evaluate.model import Exemption, Outcome, Report, Result, evidence_hash
from auditor.inventory.inventory import Inventory
from auditor.rules.conditions.compare import as_time
from auditor.rules.conditions.paths import member
from auditor.rules.conditions.problems import nearest
from auditor.rules.yaml_source import Document, read_document

_REQUIRED = ("rule", "reason", "owner", "expires")
_KEYS = (*_REQUIRED, "resource", "tag", "ticket", "evidence")


@dataclass(frozen=True, slots=True)
class ExemptionRule:
    """One exemption of a file."""

    rules: tuple[str, ...]
    """Patterns over rule ids and topics."""
    resource: str
    """Pattern over resource ids and names; "" for any."""
    tags: Mapping[str, str]
    evidence: str
    exemption: Exemption

    @property
    def is_broad(self) -> bool:
        """Whether it would accept everything."""
        return "*" in self.rules and self.resource in ("", "*") and not self.tags

    def matches(self, result: Result, inventory: Inventory) -> bool:
        """Whether it is about this result."""
        return self._matches_rule(result) and self._matches_resource(result, inventory)

    def _matches_rule(self, result: Result) -> bool:
        names = (result.rule.id, result.rule.topic, f"{result.rule.topic}/{result.rule.id}")
        return any(fnmatchcase(name.lower(), pattern) for pattern in self.rules for name in names)

    def _matches_resource(self, result: Result, inventory: Inventory) -> bool:
        pattern = self.resource.lower()
        if pattern and not any(fnmatchcase(text.lower(), pattern) for text in (result.subject.id, result.subject.name)):
            return False
        resource = inventory.get(result.subject.id) if self.tags else None
        tags = resource.body.get("tags") if resource else None
        return all(str(member(tags, name)).lower() == value.lower() for name, value in self.tags.items())


@dataclass(frozen=True, slots=True)
class Applied:
    """A report with exemptions applied."""

    report: Report
    lapsed: int
    """Expired exemptions that would have applied; each fails the gate."""


def load_exemptions(paths: Sequence[Path]) -> tuple[ExemptionRule, ...]:
    """Exemptions from YAML files. Raises ConfigError with every mistake in every file."""
    problems: list[Problem] = []
    rules: list[ExemptionRule] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(str(path), 0, 0, f"cannot be read: {error}"))
            continue
        document = read_document(text, str(path))
        problems += document.problems
        if not document.problems:
            rules += _rules(document, problems)
    if problems:
        raise ConfigError("the exemptions cannot be used", problems=sorted(problems))
    return tuple(rules)


def _rules(document: Document, problems: list[Problem]) -> list[ExemptionRule]:
    value = document.value
    entries = value.get("exemptions") if isinstance(value, Mapping) else value
    if not isinstance(entries, list):
        problems.append(document.problem((), "the file has no list of exemptions", "write exemptions: and a list"))
        return []
    place: tuple[str | int, ...] = ("exemptions",) if isinstance(value, Mapping) else ()
    found = [_rule(document, (*place, index), entry, problems) for index, entry in enumerate(entries)]
    return [rule for rule in found if rule]


def _rule(
    document: Document, place: tuple[str | int, ...], entry: Any, problems: list[Problem]
) -> ExemptionRule | None:
    before = len(problems)
    if not isinstance(entry, Mapping):
        problems.append(document.problem(place, "an exemption must be a mapping", f"with {', '.join(_REQUIRED)}"))
        return None
    problems += [
        document.problem((*place, key), f"there is no key {key!r} here", nearest(key, _KEYS))
        for key in entry
        if key not in _KEYS
    ]
    problems += [
        document.problem(place, f"the key {key!r} is missing", "it is required")
        for key in _REQUIRED
        if not entry.get(key)
    ]
    expires = as_time(str(entry.get("expires", "")))
    if entry.get("expires") and expires is None:
        problems.append(document.problem((*place, "expires"), f"{entry['expires']!r} is no date", "write 2027-03-31"))
    tags = entry.get("tag") or {}
    if not isinstance(tags, Mapping):
        problems.append(document.problem((*place, "tag"), "tag takes names and values", "write {env: dev}"))
    if len(problems) > before or expires is None:
        return None
    names = entry["rule"] if isinstance(entry["rule"], list) else [entry["rule"]]
    line, _ = document.mark(place)
    return ExemptionRule(
        rules=tuple(str(name).lower() for name in names),
        resource=str(entry.get("resource") or ""),
        tags={str(name): str(value) for name, value in tags.items()},
        evidence=str(entry.get("evidence") or ""),
        exemption=Exemption(
            reason=str(entry["reason"]),
            owner=str(entry["owner"]),
            expires_at=expires.astimezone(UTC),
            source=f"{document.file}:{line}",
            ticket=str(entry.get("ticket") or ""),
        ),
    )


def apply_exemptions(report: Report, rules: Sequence[ExemptionRule], inventory: Inventory, now: datetime) -> Applied:
    """The report with every failure that an exemption in force accepts as exempt.

    `now` is the real time: an exemption ends on its day, also for an old snapshot.
    """
    used: dict[int, str] = {}
    results = tuple(_applied(result, rules, inventory, now, used) for result in report.results)
    tallies = {rule_id: dict(counts) for rule_id, counts in report.tallies.items()}
    for before, after in zip(report.results, results, strict=True):
        if before.outcome is not after.outcome:
            counts = tallies[after.rule.id]
            counts[Outcome.FAIL] = counts.get(Outcome.FAIL, 0) - 1
            counts[Outcome.EXEMPT] = counts.get(Outcome.EXEMPT, 0) + 1
    notices = (*report.notices, *_notices(rules, used, now))
    summary = summarise(tallies, report.rules)
    lapsed = sum(1 for how in used.values() if how == "expired")
    return Applied(replace(report, results=results, tallies=tallies, summary=summary, notices=notices), lapsed)


def _applied(
    result: Result, rules: Sequence[ExemptionRule], inventory: Inventory, now: datetime, used: dict[int, str]
) -> Result:
    if result.outcome is not Outcome.FAIL:
        return result
    for index, rule in enumerate(rules):
        if not rule.matches(result, inventory):
            continue
        if rule.exemption.expires_at <= now:
            used.setdefault(index, "expired")
        elif rule.evidence and rule.evidence != evidence_hash(result.evidence):
            used.setdefault(index, "changed")
        else:
            used[index] = "applied"
            return replace(result, outcome=Outcome.EXEMPT, exemption=rule.exemption)
    return result


def _notices(rules: Sequence[ExemptionRule], used: Mapping[int, str], now: datetime) -> list[str]:
    lines: list[str] = []
    for index, rule in enumerate(rules):
        where, ends = rule.exemption.source, f"{rule.exemption.expires_at:%Y-%m-%d}"
        how = used.get(index, "unused")
        if how == "expired":
            lines.append(f"{where}: the exemption expired on {ends}: it does not apply, and the gate fails")
        elif how == "changed":
            lines.append(f"{where}: what was accepted has changed, so the exemption does not apply")
        elif how == "unused":
            ended = f", and expired on {ends}" if rule.exemption.expires_at <= now else ""
            lines.append(f"{where}: the exemption matches no finding{ended}; remove it")
        if rule.is_broad:
            lines.append(f"{where}: the exemption accepts every finding; name rules or resources")
    return lines
