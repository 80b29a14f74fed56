"""Findings of a baseline that cannot be answered this time: they stay until somebody can look again.

Code scanning closes the alerts that an upload does not hold. A read that fails one night must not close what it would
have shown, and what is mended must close, so an incomplete run keeps its scope's category and carries over what it has
no answer for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.evaluate.baseline import Baseline
from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.rules.model import Evidence, Rule


def carried_over(report: Report, baseline: Baseline, inventory: Inventory) -> tuple[Result, ...]:
    """The baseline's findings that this run neither repeats nor answers, in the order of a report's results."""
    answered = {result.fingerprint for result in report.with_outcome(Outcome.FAIL, Outcome.EXEMPT)}
    rules = {rule.id: rule for rule in report.rules}
    unknown: dict[str, set[str]] = {}
    for result in report.with_outcome(Outcome.UNKNOWN):
        unknown.setdefault(result.rule.id, set()).add(ids.id_key(result.subject.id))
    found = [
        _result(rules[finding["rule"]], fingerprint, finding)
        for fingerprint, finding in baseline.findings.items()
        if fingerprint not in answered
        and finding["rule"] in unknown
        and _unanswered(finding, rules[finding["rule"]], unknown[finding["rule"]], inventory)
    ]
    return tuple(sorted(found, key=lambda result: result.order))


def _unanswered(finding: Mapping[str, Any], rule: Rule, unknown: set[str], inventory: Inventory) -> bool:
    """Whether the rule has no answer for the resource: for itself, or for something that it lies in."""
    key = ids.id_key(finding["resource"]["id"])
    if key in unknown:
        return True
    resource = inventory.get(key)
    if resource is not None and resource.type_key in map(ids.type_key, rule.resource):
        return False  # it was judged
    return "" in unknown or any(key.startswith(f"{place}/") for place in unknown)


def _result(rule: Rule, fingerprint: str, finding: Mapping[str, Any]) -> Result:
    resource = finding["resource"]
    tags = resource.get("tags")
    return Result(
        rule=rule,
        outcome=Outcome.FAIL,
        subject=Subject(
            id=resource["id"],
            type=resource["type"],
            name=str(resource.get("name") or resource["id"].rpartition("/")[2]),
            subscription_id=ids.subscription_of(resource["id"]),
            resource_group=ids.resource_group_of(resource["id"]),
            location=str(resource.get("location") or ""),
            tags=tags if isinstance(tags, dict) else {},
        ),
        message=str(finding.get("message") or rule.title),
        fingerprint=fingerprint,
        evidence=tuple(_evidence(finding.get("evidence"))),
    )


def _evidence(lines: Any) -> list[Evidence]:
    return [
        Evidence(str(line.get("path")), line.get("actual"), str(line.get("expected")))
        for line in (lines if isinstance(lines, list) else ())
        if isinstance(line, dict)
    ]
