"""OCSF 1.8.0 Compliance Findings (class 2003), a JSON array of events.

https://schema.ocsf.io/1.8.0/classes/compliance_finding, with the cloud profile.
"""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import TOOL_NAME, Outcome, Report, Result
from auditor.inventory.model import PropertyChange
from auditor.report.changed import changed_entry, changed_words
from auditor.report.encoding import encode
from auditor.report.meanings import meaning
from auditor.report.model import Rendered, RenderOptions
from auditor.report.remedies import code_blocks, fill_command, fill_names
from auditor.report.text import plain, subscription_words, value_words
from auditor.rules.model import Rule, Severity

VERSION = "1.8.0"
_CLI = "Azure CLI"
_CLASS = 2003
_SEVERITIES = {
    Severity.CRITICAL: (5, "Critical"),
    Severity.HIGH: (4, "High"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.LOW: (2, "Low"),
    Severity.INFO: (1, "Informational"),
}
_COMPLIANCE = {
    Outcome.FAIL: (3, "Fail"),
    Outcome.EXEMPT: (3, "Fail"),
    Outcome.UNKNOWN: (2, "Warning"),
    Outcome.PASS: (1, "Pass"),
    Outcome.NOT_APPLICABLE: (99, "Not applicable"),
}
_AZURE_SUBSCRIPTION = 13


def render(report: Report, options: RenderOptions) -> Rendered:
    """One event a result: findings, accepted findings and what could not be answered."""
    listed = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    results = report.results if options.include_passed else report.with_outcome(*listed)
    return Rendered(encode([_event(report, result, options) for result in results]))


def _event(report: Report, result: Result, options: RenderOptions) -> dict[str, Any]:
    severity_id, severity = _SEVERITIES[result.severity]
    suppressed = result.outcome is Outcome.EXEMPT
    event: dict[str, Any] = {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "type_uid": _CLASS * 100 + 1,
        "type_name": "Compliance Finding: Create",
        "time": _milliseconds(report),
        "timezone_offset": 0,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 3 if suppressed else 1,
        "status": "Suppressed" if suppressed else "New",
        "message": plain(result.message),
        "metadata": _metadata(report, result),
        "finding_info": _finding_info(report, result),
        "compliance": _compliance(result),
        "resources": [_resource(result, options)],
        "remediation": _remediation(result),
        "cloud": _cloud(report, result),
    }
    if result.evidence:
        event["evidences"] = [
            {"data": {"path": leaf.path, "actual": leaf.actual, "expected": leaf.expected}} for leaf in result.evidence
        ]
    if result.changed:
        event["enrichments"] = [_changed(result.changed)]
    if result.exemption:
        event["status_detail"] = plain(f"accepted {result.exemption.words}")
    return event


def _changed(change: PropertyChange) -> dict[str, Any]:
    """https://schema.ocsf.io/1.8.0/objects/enrichment."""
    return {
        "name": change.path,
        "value": plain(changed_words(change)),
        "type": "change",
        "data": changed_entry(change),
    }


def _milliseconds(report: Report) -> int:
    return int(report.scan.finished_at.timestamp() * 1000)


def _metadata(report: Report, result: Result) -> dict[str, Any]:
    return {
        "version": VERSION,
        "profiles": ["cloud"],
        "event_code": result.rule.id,
        "uid": result.fingerprint,
        "tenant_uid": report.scan.tenant,
        "product": {
            "name": TOOL_NAME,
            "uid": TOOL_NAME,
            "vendor_name": TOOL_NAME,
            "version": report.tool_version,
        },
    }


def _finding_info(report: Report, result: Result) -> dict[str, Any]:
    rule = result.rule
    return {
        "uid": result.fingerprint,
        "title": plain(rule.title),
        "desc": plain(rule.description or rule.title),
        "types": [rule.topic],
        "last_seen_time": _milliseconds(report),
        "analytic": {"uid": rule.id, "name": plain(rule.title), "type_id": 1, "type": "Rule"},
    }


def _compliance(result: Result) -> dict[str, Any]:
    rule = result.rule
    status_id, status = _COMPLIANCE[result.outcome]
    return {
        "control": rule.id,
        "desc": plain(rule.description or rule.title),
        "standards": sorted(rule.frameworks),
        "requirements": _controls(rule),
        "status_id": status_id,
        "status": status,
        "status_details": [
            plain(f"{leaf.path} is {value_words(leaf.actual)}; wanted: {leaf.expected}") for leaf in result.evidence
        ],
        "checks": [
            {"uid": control, "standards": [framework], "status_id": status_id, "status": status}
            for framework in sorted(rule.frameworks)
            for control in rule.frameworks[framework]
        ],
    }


def _controls(rule: Rule) -> list[str]:
    return [
        f"{framework}: {control}" for framework in sorted(rule.frameworks) for control in rule.frameworks[framework]
    ]


def _resource(result: Result, options: RenderOptions) -> dict[str, Any]:
    subject = result.subject
    resource: dict[str, Any] = {
        "uid": subject.id,
        "name": plain(subject.name),
        "type": subject.type,
        "region": subject.location or "global",
        "role_id": 1,
        "role": "Target",
    }
    if subject.resource_group:
        resource["group"] = {"name": subject.resource_group}
    if subject.tags:
        resource["labels"] = [plain(f"{name}={value}") for name, value in sorted(subject.tags.items())]
    if owner := meaning(subject, "owner", options.meanings):
        resource["owner"] = {"name": plain(owner)}
    return resource


def _remediation(result: Result) -> dict[str, Any]:
    rule = result.rule
    code = [
        f"{heading}:\n{result.command if result.command and heading == _CLI else fill_command(block, result.subject)}"
        for heading, _, block in code_blocks(rule.remediation)
    ]
    text = fill_names(rule.remediation.text.strip(), result.subject)
    return {
        "desc": "\n\n".join(part for part in (text, *code) if part) or plain(rule.title),
        "references": list(rule.references),
    }


def _cloud(report: Report, result: Result) -> dict[str, Any]:
    subject = result.subject
    cloud: dict[str, Any] = {"provider": "Azure", "region": subject.location or "global"}
    if subject.subscription_id:
        cloud["account"] = {
            "uid": subject.subscription_id,
            "name": subscription_words(report.scan, subject.subscription_id),
            "type_id": _AZURE_SUBSCRIPTION,
            "type": "Azure Subscription",
        }
    if report.scan.tenant:
        cloud["org"] = {"uid": report.scan.tenant}
    return cloud
