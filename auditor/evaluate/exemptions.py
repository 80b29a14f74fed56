"""Exemptions: failures that somebody accepts, for a reason and until a date.

They come from YAML files (`exemption_files`) and from Azure Policy exemptions (`policy_exemptions`). Nothing is hidden:
exempt results stay in every report. An exemption that is expired does not apply and fails the gate; one that matches
nothing, or too much, is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from auditor.evaluate.evaluator import summarise
from auditor.evaluate.model import Exemption, Outcome, Report, Result, evidence_hash
from auditor.inventory.inventory import Inventory
from auditor.rules.model import Rule

_SOON = timedelta(days=14)
_MANY = 20
_SHARE = 0.5
"""An exemption that accepts more than this share of at least `_MANY` findings is told: it is no exception any more."""


class Acceptance(Protocol):
    """One exemption, wherever it was written down."""

    @property
    def exemption(self) -> Exemption:
        """What results that it accepts carry."""

    @property
    def evidence(self) -> str:
        """Hash of the evidence that was accepted; "" where it may be any."""

    @property
    def is_broad(self) -> bool:
        """Whether it would accept everything."""

    @property
    def is_from_azure(self) -> bool:
        """Whether it is an Azure Policy exemption: these are told of together, not one by one."""

    def concerns(self, rule: Rule) -> bool:
        """Whether it is about this rule."""

    def hint(self, names: Iterable[str]) -> str:
        """Which of these rules and topics may have been meant, in words; "" where none is near."""

    def covers(self, result: Result, inventory: Inventory) -> bool:
        """Whether it is about this result's resource."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A report with exemptions applied."""

    report: Report
    lapsed: tuple[str, ...]
    """Sources of expired exemptions that would have applied; each fails the gate."""


@dataclass(slots=True)
class _Use:
    """What one exemption did."""

    applied: int = 0
    expired: int = 0
    changed: list[Result] = field(default_factory=list)


def apply_exemptions(report: Report, acceptances: Sequence[Acceptance], inventory: Inventory, now: datetime) -> Applied:
    """The report with every failure that an exemption in force accepts as exempt.

    `now` is the real time: an exemption ends on its day, also for an old snapshot.
    """
    uses = [_Use() for _ in acceptances]
    by_rule = {rule.id: [index for index, one in enumerate(acceptances) if one.concerns(rule)] for rule in report.rules}
    results = tuple(
        _applied(result, by_rule.get(result.rule.id, ()), acceptances, inventory, now, uses)
        if result.outcome is Outcome.FAIL
        else result
        for result in report.results
    )
    tallies = {rule_id: dict(counts) for rule_id, counts in report.tallies.items()}
    for before, after in zip(report.results, results, strict=True):
        if before.outcome is not after.outcome:
            counts = tallies[after.rule.id]
            counts[Outcome.FAIL] = counts.get(Outcome.FAIL, 0) - 1
            counts[Outcome.EXEMPT] = counts.get(Outcome.EXEMPT, 0) + 1
    findings = len(report.with_outcome(Outcome.FAIL))
    notices = (*report.notices, *_notices(report, acceptances, uses, findings, now))
    lapsed = tuple(one.exemption.source for one, use in zip(acceptances, uses, strict=True) if use.expired)
    summary = summarise(tallies, report.rules, results)
    return Applied(replace(report, results=results, tallies=tallies, summary=summary, notices=notices), lapsed)


def _applied(
    result: Result,
    candidates: Sequence[int],
    acceptances: Sequence[Acceptance],
    inventory: Inventory,
    now: datetime,
    uses: Sequence[_Use],
) -> Result:
    """The result as the first exemption in force makes it; what others came to is noted in `uses`."""
    for index in candidates:
        one, use = acceptances[index], uses[index]
        if not one.covers(result, inventory):
            continue
        if one.exemption.ended(now):
            use.expired += 1
        elif one.evidence and one.evidence != evidence_hash(result.evidence):
            use.changed.append(result)
        else:
            use.applied += 1
            return result.accepted(one.exemption)
    return result


def _notices(
    report: Report, acceptances: Sequence[Acceptance], uses: Sequence[_Use], findings: int, now: datetime
) -> Iterator[str]:
    used = list(zip(acceptances, uses, strict=True))
    for one, use in used:
        yield from _of_one(report, one, use, findings, now)
    from_azure = [(one, use) for one, use in used if one.is_from_azure]
    unused = sum(not (use.applied or use.expired or use.changed) for _, use in from_azure)
    if unused:
        yield f"{unused:,} of {len(from_azure):,} Azure Policy exemptions match no finding here"
    if endless := sum(one.exemption.expires_at is None and use.applied > 0 for one, use in from_azure):
        yield f"{endless:,} Azure Policy exemptions that were applied have no end; set expiresOn on them"


def _of_one(report: Report, one: Acceptance, use: _Use, findings: int, now: datetime) -> Iterator[str]:
    where, until = one.exemption.source, one.exemption.until
    if use.expired:
        told = f"{use.expired:,} finding{'s' if use.expired > 1 else ''}"
        yield f"{where}: the exemption expired on {until}: it no longer accepts {told}, and the gate fails"
    if use.changed:
        hashes = ", ".join(dict.fromkeys(evidence_hash(result.evidence) for result in use.changed[:3]))
        names = ", ".join(result.subject.name for result in use.changed[:3])
        yield f"{where}: what was accepted of {names} has changed, so the exemption does not apply (evidence: {hashes})"
    if use.applied and one.exemption.ends_within(now, _SOON):
        yield f"{where}: the exemption expires on {until}"
    if not (use.applied or use.expired or use.changed or one.is_from_azure):
        yield _unused(report, one, now)
    if one.is_broad:
        yield f"{where}: the exemption accepts every finding; name rules or resources"
    elif findings >= _MANY and use.applied > findings * _SHARE:
        yield f"{where}: the exemption accepts {use.applied:,} of {findings:,} findings; name fewer rules or resources"


def _unused(report: Report, one: Acceptance, now: datetime) -> str:
    where = one.exemption.source
    if not any(one.concerns(rule) for rule in report.rules):
        chosen = " that was chosen" if report.scan.is_partial else ""
        names = {name for rule in report.rules for name in (rule.id, rule.topic)}
        meant = one.hint(sorted(names))
        return f"{where}: the exemption names no rule or topic{chosen}" + (f" ({meant})" if meant else "")
    ended = f", and expired on {one.exemption.until}" if one.exemption.ended(now) else ""
    everywhere = report.scan.scope in ("", "tenant")
    whole = report.scan.complete and not report.scan.is_partial and everywhere
    return f"{where}: the exemption matches no finding{ended}" + ("; remove it" if whole else "")
