"""What could not be read or answered, as SARIF notifications: never results, so never alerts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from auditor.evaluate.model import Outcome, Report
from auditor.inventory.model import Gap
from auditor.report.text import count, gap_remedy, plain, shorten

_MOST = 1_000
_MESSAGE = 1_000
_KINDS = {
    "not-read": (
        "NotRead",
        "A read of Azure did not succeed.",
        "What lies behind it was not audited. Run `auditor doctor` to see what is missing and how to grant it.",
    ),
    "not-answered": (
        "NotAnswered",
        "A rule could not be answered.",
        "Its answer depends on what could not be read. It is neither a finding nor a pass.",
    ),
}


def notification_descriptors() -> list[dict[str, Any]]:
    """What kinds of notifications there are, as reporting descriptors."""
    return [
        {
            "id": identifier,
            "name": name,
            "shortDescription": {"text": short},
            "fullDescription": {"text": full},
            "help": {"text": full, "markdown": full},
        }
        for identifier, (name, short, full) in _KINDS.items()
    ]


def notifications(report: Report) -> list[dict[str, Any]]:
    """One for each gap, one for each rule without an answer somewhere."""
    listed = [_of_gap(gap) for gap in report.gaps[:_MOST]]
    if hidden := len(report.gaps) - len(listed):
        listed.append(_notification("not-read", f"{count(hidden, 'more read')} did not succeed."))
    return listed + _of_rules(report)


def _of_gap(gap: Gap) -> dict[str, Any]:
    status = f"HTTP {gap.status} " if gap.status else ""
    text = f"{gap.type} in {gap.scope} was not read: {status}{gap.code}. {gap.message} {gap_remedy(gap)}"
    document = _notification("not-read", text)
    document["properties"] = {
        "scope": gap.scope,
        "type": gap.type,
        "operation": gap.operation,
        "status": gap.status,
        "code": gap.code,
    }
    return document


def _of_rules(report: Report) -> list[dict[str, Any]]:
    index = {rule.id: number for number, rule in enumerate(report.rules)}
    unknown = Counter(result.rule.id for result in report.with_outcome(Outcome.UNKNOWN))
    documents = []
    for rule_id in sorted(unknown):
        number = count(unknown[rule_id], "resource or scope", "resources or scopes")
        document = _notification("not-answered", f"{rule_id} could not be answered for {number}.")
        document["associatedRule"] = {"id": rule_id, "index": index[rule_id]}
        documents.append(document)
    return documents


def _notification(identifier: str, text: str) -> dict[str, Any]:
    return {
        "descriptor": {"id": identifier, "index": list(_KINDS).index(identifier)},
        "level": "warning",
        "message": {"text": shorten(plain(text), _MESSAGE)},
    }
