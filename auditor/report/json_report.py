"""The JSON report, stable and versioned; `report.schema.json` beside this file describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from auditor.evaluate.model import TOOL_NAME, Exemption, Outcome, Report, Result, Scan, Summary, Verdict, evidence_hash
from auditor.evaluate.trend import Trend
from auditor.inventory.model import Gap
from auditor.report.changed import changed_entry
from auditor.report.encoding import encode_with_list, timestamp
from auditor.report.meanings import DEFAULT_MEANINGS, meaning
from auditor.report.model import Rendered, RenderOptions
from auditor.report.overridden import overridden_entry
from auditor.report.trend import point_entry
from auditor.rules.model import Rule, Severity

SCHEMA_VERSION = "1.0"
_LISTED = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)


def render(report: Report, options: RenderOptions) -> Rendered:
    """The report as UTF-8 JSON."""

    def pieces() -> Iterator[bytes]:
        frame = _frame(report, include_passed=options.include_passed, meanings=options.meanings)
        shown = _shown(report, include_passed=options.include_passed)
        return encode_with_list(frame, "results", (_result(report, one, options.meanings) for one in shown))

    return Rendered(pieces)


def document(
    report: Report,
    *,
    include_passed: bool = False,
    meanings: Mapping[str, tuple[str, ...]] = DEFAULT_MEANINGS,
) -> dict[str, Any]:
    """The report as JSON values; keys and lists in their documented order."""
    shown = _shown(report, include_passed=include_passed)
    frame = _frame(report, include_passed=include_passed, meanings=meanings)
    return {**frame, "results": [_result(report, result, meanings) for result in shown]}


def _shown(report: Report, *, include_passed: bool) -> Sequence[Result]:
    return report.results if include_passed else report.with_outcome(*_LISTED)


def _frame(report: Report, *, include_passed: bool, meanings: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The report without its results."""
    shown = _shown(report, include_passed=include_passed)
    told = {result.rule.id for result in chain(shown, report.carried)}
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {
            "name": TOOL_NAME,
            "version": report.tool_version,
            "rules": len(report.rules),
            "rule_ids": [rule.id for rule in report.rules],
        },
        "scan": _scan(report.scan),
        "summary": _summary(report.summary),
        "gate": _gate(report.verdict) if report.verdict else None,
        "rules": {rule.id: _rule(rule) for rule in report.rules if rule.id in told},
        "results": [],
        "carried_over": [_result(report, result, meanings) for result in report.carried],
        "gaps": [_gap(gap) for gap in report.gaps],
        "notices": list(report.notices),
        **({"trend": _trend(report.trend)} if report.trend else {}),
    }


def _trend(trend: Trend) -> dict[str, Any]:
    return {"series": trend.series, "points": [point_entry(point) for point in trend.points]}


def _scan(scan: Scan) -> dict[str, Any]:
    return {
        "source": scan.source,
        "tenant": scan.tenant,
        "subscriptions": list(scan.subscriptions),
        "started_at": timestamp(scan.started_at),
        "finished_at": timestamp(scan.finished_at),
        "complete": scan.complete,
        "assumed_complete": scan.assumed_complete,
        "selection": scan.selection,
        "partial": scan.partial_selection,
        "resources": scan.resources,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "fail": {severity.value: summary.fail.get(severity, 0) for severity in Severity},
        "pass": summary.passed,
        "unknown": summary.unknown,
        "exempt": summary.exempt,
        "not_applicable": summary.not_applicable,
    }


def _gate(verdict: Verdict) -> dict[str, Any]:
    return {
        "set": verdict.is_set,
        "holds": verdict.holds,
        "exit_code": int(verdict.exit_code),
        "reasons": list(verdict.reasons),
        **verdict.asked,
        "failing": sorted(verdict.failing),
        "known": None if verdict.known is None else len(verdict.known),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    fix = rule.remediation
    return {
        "title": rule.title,
        "severity": rule.severity.value,
        "topic": rule.topic,
        "description": rule.description.strip(),
        "remediation": fix.text.strip(),
        "frameworks": {name: list(controls) for name, controls in sorted(rule.frameworks.items())},
        "references": list(rule.references),
    }


def _result(report: Report, result: Result, meanings: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    subject = result.subject
    return {
        "rule": result.rule.id,
        "outcome": result.outcome.value,
        "severity": result.severity.value,
        "title": result.rule.title,
        "message": result.message,
        "fingerprint": result.fingerprint,
        "resource": {
            "id": subject.id,
            "type": subject.type,
            "name": subject.name,
            "subscription_id": subject.subscription_id,
            "resource_group": subject.resource_group,
            "location": subject.location,
            "subscription": report.scan.subscription_names.get(subject.subscription_id, ""),
            "tags": dict(subject.tags),
            **{name: meaning(subject, name, meanings) for name in meanings},
        },
        "evidence": [{"path": leaf.path, "actual": leaf.actual, "expected": leaf.expected} for leaf in result.evidence],
        "evidence_hash": evidence_hash(result.evidence),
        "command": result.command,
        "exemption": _exemption(result.exemption) if result.exemption else None,
        **_since(report, result),
        **({"changed": changed_entry(result.changed)} if result.changed else {}),
        **({"overridden": overridden_entry(result.rule.overridden)} if result.rule.overridden else {}),
    }


def _since(report: Report, result: Result) -> dict[str, str]:
    since = report.trend.since.get(result.fingerprint) if report.trend else None
    return {"since": timestamp(since)} if since else {}


def _exemption(exemption: Exemption) -> dict[str, Any]:
    return {
        "reason": exemption.reason,
        "owner": exemption.owner,
        "expires_at": timestamp(exemption.expires_at) if exemption.expires_at else None,
        "source": exemption.source,
        "ticket": exemption.ticket,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "scope": gap.scope,
        "type": gap.type,
        "operation": gap.operation,
        "status": gap.status,
        "code": gap.code,
        "message": gap.message,
    }
