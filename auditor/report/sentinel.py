"""JSON lines for a custom table of a Log Analytics workspace, which Microsoft Sentinel reads.

One record a result, with the columns that `pipelines/log-analytics.json` declares for `Custom-AuditorFindings`. Logs
Ingestion API takes arrays of such records of at most 1 MB a call, and cuts values beyond 64 KB:
https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api. A `TimeGenerated` of
more than two days ago is replaced by the time of arrival, so `ScannedAt` says it again:
https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns. Names that a table keeps for itself
(`TenantId`, `Type`, `Title`, `id`, ...) are avoided:
https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table.
"""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.encoding import encode, timestamp
from auditor.report.meanings import meaning
from auditor.report.model import Rendered, RenderOptions
from auditor.report.remedies import fill_names
from auditor.report.text import count, plain, subscription_words

LIMIT = 32_768
"""Bytes of one value: the documentation said 32 KB before it said 64 KB, and all columns of this size fit in a call."""

COLUMNS = {
    "TimeGenerated": "datetime",
    "ScannedAt": "datetime",
    "Fingerprint": "string",
    "RuleId": "string",
    "RuleTitle": "string",
    "Topic": "string",
    "Severity": "string",
    "Outcome": "string",
    "Message": "string",
    "ResourceUri": "string",
    "ResourceKind": "string",
    "ResourceName": "string",
    "ResourceGroupName": "string",
    "Region": "string",
    "AzureSubscriptionId": "string",
    "AzureSubscriptionName": "string",
    "AzureTenantId": "string",
    "Owner": "string",
    "Environment": "string",
    "DataClass": "string",
    "ResourceTags": "dynamic",
    "Evidence": "dynamic",
    "Frameworks": "dynamic",
    "Exemption": "dynamic",
    "Remediation": "string",
    "Command": "string",
    "ScanComplete": "boolean",
    "ToolVersion": "string",
}
"""Column name to its type in Log Analytics, in the order of the table."""


def render(report: Report, options: RenderOptions) -> Rendered:
    """One line a finding, an accepted finding or a result without an answer; all results where they are kept."""
    listed = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    results = report.results if options.include_passed else report.with_outcome(*listed)
    lines: list[bytes] = []
    cut = 0
    for result in results:
        record = _record(report, result, options)
        fitted = {name: _fitted(value) for name, value in record.items()}
        cut += sum(fitted[name] is not record[name] for name in record)
        lines.append(encode(fitted, pretty=False))
    notices = (f"Sentinel: {count(cut, 'value')} cut to {LIMIT:,} bytes",) if cut else ()
    return Rendered(b"".join(line + b"\n" for line in lines), notices)


def _record(report: Report, result: Result, options: RenderOptions) -> dict[str, Any]:
    subject, rule = result.subject, result.rule
    accepted = result.exemption
    return {
        "TimeGenerated": timestamp(report.scan.finished_at),
        "ScannedAt": timestamp(report.scan.finished_at),
        "Fingerprint": result.fingerprint,
        "RuleId": rule.id,
        "RuleTitle": plain(rule.title),
        "Topic": rule.topic,
        "Severity": result.severity.value,
        "Outcome": result.outcome.value,
        "Message": plain(result.message),
        "ResourceUri": subject.id,
        "ResourceKind": subject.type,
        "ResourceName": plain(subject.name),
        "ResourceGroupName": subject.resource_group,
        "Region": subject.location,
        "AzureSubscriptionId": subject.subscription_id,
        "AzureSubscriptionName": subscription_words(report.scan, subject.subscription_id),
        "AzureTenantId": report.scan.tenant,
        **{
            column: plain(meaning(subject, name, options.meanings))
            for column, name in (("Owner", "owner"), ("Environment", "environment"), ("DataClass", "data_class"))
        },
        "ResourceTags": dict(sorted(subject.tags.items())),
        "Evidence": [{"path": leaf.path, "actual": leaf.actual, "expected": leaf.expected} for leaf in result.evidence],
        "Frameworks": {name: list(controls) for name, controls in sorted(rule.frameworks.items())},
        "Exemption": {
            "reason": accepted.reason,
            "owner": accepted.owner,
            "until": accepted.until,
            "ticket": accepted.ticket,
        }
        if accepted
        else None,
        "Remediation": fill_names(rule.remediation.text.strip(), subject),
        "Command": result.command,
        "ScanComplete": report.scan.complete,
        "ToolVersion": report.tool_version,
    }


def _fitted(value: Any) -> Any:
    """The value where it fits; a text cut, a list with as many elements as fit, an object without what does not."""
    if len(encode(value, pretty=False)) <= LIMIT:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace")[: LIMIT // 8].decode("utf-8", "ignore") + "…"
    if isinstance(value, list):
        return _some(value)
    kept, room = {}, LIMIT - 64
    for name, inner in value.items():
        room -= len(encode({name: inner}, pretty=False))
        if room < 0:
            break
        kept[name] = inner
    return {**kept, "left_out": len(value) - len(kept)}


def _some(value: list[Any]) -> list[Any]:
    kept: list[Any] = []
    room = LIMIT - 64
    for inner in value:
        room -= len(encode(inner, pretty=False)) + 1
        if room < 0:
            break
        kept.append(inner)
    return [*kept, {"left_out": len(value) - len(kept)}]
