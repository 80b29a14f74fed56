"""Custom recommendations of Microsoft Defender for Cloud: JSON lines, one PUT request of Azure Resource Manager each.

First what each rule is (`Microsoft.Security/assessmentMetadata`, in every subscription where it found something),
then what it says of each resource (`Microsoft.Security/assessments`). `url` and `body` are what `az rest --method
put` takes: https://learn.microsoft.com/rest/api/defenderforcloud/assessments-metadata/create-in-subscription and
https://learn.microsoft.com/rest/api/defenderforcloud/assessments/create-or-update, API version 2021-06-01.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.encoding import encode
from auditor.report.model import Rendered, RenderOptions
from auditor.report.remedies import generic
from auditor.report.text import count, paragraphs, plain, shorten, value_words
from auditor.rules.model import Rule, Severity

VERSION = "2021-06-01"
_NAMES = uuid.UUID("6f1c1f0a-2f6a-5d5e-9a39-5f8e3d1f7c11")
"""Space of the assessments' names; never changes, or recommendations would stand there twice."""
_SEVERITIES = {
    Severity.CRITICAL: "High",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Low",
}
_CATEGORIES = {
    "network": "Networking",
    "private-link": "Networking",
    "encryption-in-transit": "Networking",
    "encryption-at-rest": "Data",
    "encryption-in-use": "Compute",
    "key-vault": "Data",
    "managed-identity": "IdentityAndAccess",
    "oauth": "IdentityAndAccess",
    "jwt": "IdentityAndAccess",
    "authentication": "IdentityAndAccess",
    "mutual-tls": "IdentityAndAccess",
    "rbac": "IdentityAndAccess",
}
_CODES = {
    Outcome.FAIL: "Unhealthy",
    Outcome.PASS: "Healthy",
    Outcome.EXEMPT: "NotApplicable",
    Outcome.NOT_APPLICABLE: "NotApplicable",
}
_LONGEST = 4_000
_EVIDENCE = 10


def assessment_name(rule_id: str) -> str:
    """The GUID under which Defender for Cloud knows a rule, the same in every tenant."""
    return str(uuid.uuid5(_NAMES, rule_id))


def render(report: Report, options: RenderOptions) -> Rendered:
    """Requests for findings and accepted findings; where passed results are kept, for these too.

    Those close what is mended. A result without an answer says nothing, so that what is known of the resource stays.
    """
    outcomes = _CODES if options.include_passed else (Outcome.FAIL, Outcome.EXEMPT)
    results = report.with_outcome(*outcomes)
    told = [result for result in results if result.subject.id.lower().startswith("/subscriptions/")]
    rules = {(result.subject.subscription_id, result.rule.id): result.rule for result in told}
    requests = [_metadata(subscription, rule) for (subscription, _), rule in sorted(rules.items(), key=lambda e: e[0])]
    requests += [_assessment(result) for result in told]
    left = len(results) - len(told)
    notices = (f"Defender: {count(left, 'result')} of objects outside of subscriptions left out",) if left else ()
    return Rendered(b"".join(encode(request, pretty=False) + b"\n" for request in requests), notices)


def _metadata(subscription: str, rule: Rule) -> dict[str, Any]:
    place = f"/subscriptions/{subscription}/providers/Microsoft.Security/assessmentMetadata/{assessment_name(rule.id)}"
    properties: dict[str, Any] = {
        "displayName": plain(rule.title),
        "description": shorten(paragraphs(rule.description or rule.title), _LONGEST),
        "remediationDescription": shorten(paragraphs(generic(rule.remediation.text)), _LONGEST),
        "severity": _SEVERITIES[rule.severity],
        "assessmentType": "CustomerManaged",
    }
    if rule.topic in _CATEGORIES:
        properties["categories"] = [_CATEGORIES[rule.topic]]
    return {"url": f"{place}?api-version={VERSION}", "body": {"properties": properties}}


def _assessment(result: Result) -> dict[str, Any]:
    subject = result.subject
    status: dict[str, Any] = {"code": _CODES[result.outcome]}
    if result.outcome is Outcome.EXEMPT and result.exemption:
        status |= {"cause": "Exempt", "description": shorten(plain(result.exemption.words), _LONGEST)}
    elif result.outcome is Outcome.FAIL:
        status |= {"cause": "Finding", "description": shorten(plain(result.message), _LONGEST)}
    shown = result.evidence[:_EVIDENCE]
    evidence = {
        f"{number}. {shorten(plain(leaf.path), 200)}": shorten(
            plain(f"{value_words(leaf.actual)}, wanted {leaf.expected}"), 500
        )
        for number, leaf in enumerate(shown, start=1)
    }
    more = (
        {"more": f"{len(result.evidence) - len(shown):,} more properties"} if len(result.evidence) > len(shown) else {}
    )
    data = {"rule": result.rule.id, "severity": result.severity.value, "fingerprint": result.fingerprint}
    place = quote(subject.id.rstrip("/"), safe="/", errors="replace")
    name = f"{place}/providers/Microsoft.Security/assessments/{assessment_name(result.rule.id)}"
    return {
        "url": f"{name}?api-version={VERSION}",
        "body": {
            "properties": {
                "resourceDetails": {"source": "Azure"},
                "status": status,
                "additionalData": {**data, **evidence, **more},
            }
        },
    }
