"""SARIF 2.1.0 for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from auditor.evaluate.model import TOOL_NAME, Exemption, Outcome, Report, Result
from auditor.iac.place import Place
from auditor.inventory.model import Json, PropertyChange
from auditor.report.addresses import artifact_uri
from auditor.report.changed import changed_entry
from auditor.report.encoding import encode, timestamp
from auditor.report.meanings import meant
from auditor.report.model import Rendered, RenderOptions
from auditor.report.overridden import overridden_entry
from auditor.report.sarif_notifications import notification_descriptors, notifications
from auditor.report.sarif_rules import LEVELS, descriptors
from auditor.report.text import count, plain, shorten, value_words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ACCEPTED_RESULTS = 25_000
KEPT_RESULTS = 5_000
_MESSAGE = 1_000
_CALLED = "The module that declares the resource is called here."


def render(report: Report, options: RenderOptions) -> Rendered:
    """One run with every finding and accepted finding, the worst first, within what code scanning takes."""
    results = tuple(
        sorted((*report.with_outcome(Outcome.FAIL, Outcome.EXEMPT), *report.carried), key=lambda r: r.order)
    )
    if len(results) > KEPT_RESULTS:  # what is accepted makes room for what is not
        results = tuple(sorted(results, key=lambda result: result.outcome is Outcome.EXEMPT))
    fitting = results[:ACCEPTED_RESULTS]
    data = encode(_log(report, fitting, options))
    while len(fitting) > 1 and _upload_size(data, options.upload_bytes) > options.upload_bytes:
        fitting = fitting[: len(fitting) * 3 // 4]
        data = encode(_log(report, fitting, options))
    return Rendered(data, (*_notices(len(results), len(fitting)), *_unread(report)))


def _unread(report: Report) -> list[str]:
    """What happens to alerts that this run cannot answer."""
    if report.scan.complete:
        return []
    if report.carried:
        return [
            f"SARIF: {count(len(report.carried), 'finding')} of the baseline could not be answered and carried over"
        ]
    if report.verdict and report.verdict.known is not None:
        return []
    return [
        "SARIF: not everything was read, and an upload closes the alerts that it does not hold; --baseline with the "
        "last JSON report or SARIF file carries those over that cannot be answered this time"
    ]


def category(report: Report, options: RenderOptions) -> str:
    """What code scanning keeps alerts of one kind of run together by.

    An upload closes the alerts of its category that it does not hold. So a run of some rules has another category than
    a full run of the same scope. One that could not read everything has the same: what is mended shall close, and what
    it cannot answer is carried over from the baseline.
    """
    base = full_category(report, options)
    if report.scan.partial_selection:
        chosen = "\n".join(rule.id for rule in report.rules)
        base += f"/selection-{hashlib.sha256(chosen.encode()).hexdigest()[:8]}"
    return base


def full_category(report: Report, options: RenderOptions) -> str:
    """The category that a full run of the same scope has: as chosen, the scope behind it unless that is the tenant."""
    scope = report.scan.scope.strip("/")
    chosen = options.category.strip("/")
    if not chosen:
        return f"{TOOL_NAME}/{scope or _scope(report)}"
    return chosen if not scope or scope.startswith("tenant") else f"{chosen}/{scope}"


def _scope(report: Report) -> str:
    scan = report.scan
    if len(scan.subscriptions) == 1:
        return f"subscription/{scan.subscriptions[0]}"
    chosen = hashlib.sha256("\n".join(scan.subscriptions).encode()).hexdigest()[:8]
    return f"tenant/{scan.tenant or 'unknown'}/subscriptions-{chosen}"


def _upload_size(data: bytes, limit: int) -> int:
    """Bytes after gzip; before it where that is within the limit already."""
    return len(data) if len(data) <= limit else len(gzip.compress(data, 6, mtime=0))


def _notices(total: int, written: int) -> list[str]:
    notices = []
    if written < total:
        notices.append(
            f"SARIF: {count(total - written, 'result')} of {total:,} left out, the least severe, because code scanning "
            f"takes {ACCEPTED_RESULTS:,} results and 10 MB a file; --sarif-split keeps all"
        )
    if written > KEPT_RESULTS:
        notices.append(
            f"SARIF: GitHub shows the {KEPT_RESULTS:,} most severe of these {written:,} results; "
            "--sarif-split shows all"
        )
    return notices


def _log(report: Report, results: Sequence[Result], options: RenderOptions) -> dict[str, Any]:
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, results, options)]}


def _run(report: Report, results: Sequence[Result], options: RenderOptions) -> dict[str, Any]:
    carried = {id(result) for result in report.carried}
    index = {rule.id: number for number, rule in enumerate(report.rules)}
    return {
        "tool": {
            "driver": {
                "name": TOOL_NAME,
                "fullName": f"{TOOL_NAME} {report.tool_version}",
                "version": report.tool_version,
                "semanticVersion": report.tool_version,
                "rules": descriptors(report.rules),
                "notifications": notification_descriptors(),
            }
        },
        "automationDetails": {"id": category(report, options) + "/"},
        "invocations": [
            {
                "executionSuccessful": True,
                "startTimeUtc": timestamp(report.scan.started_at),
                "endTimeUtc": timestamp(report.scan.finished_at),
                "toolExecutionNotifications": notifications(report),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(result, index[result.rule.id], options, carried)
            | _state(report, result, carried)
            | _first_seen(report, result)
            for result in results
        ],
        "properties": {
            "tenant": report.scan.tenant,
            "subscriptions": list(report.scan.subscriptions),
            "complete": report.scan.complete,
            **({"assumedComplete": True} if report.scan.assumed_complete else {}),
        },
    }


def _bounded_change(change: PropertyChange) -> dict[str, Any]:
    told = changed_entry(change)
    return {**told, "from": _bounded(told["from"]), "to": _bounded(told["to"])}


def _first_seen(report: Report, result: Result) -> dict[str, Any]:
    since = report.trend.since.get(result.fingerprint) if report.trend else None
    return {"provenance": {"firstDetectionTimeUtc": timestamp(since)}} if since else {}


def _result(result: Result, rule_index: int, options: RenderOptions, carried: Collection[int]) -> dict[str, Any]:
    subject = result.subject
    document: dict[str, Any] = {
        "ruleId": result.rule.id,
        "ruleIndex": rule_index,
        "kind": "fail",
        "level": LEVELS[result.severity],
        "message": {"text": _message(result)},
        "locations": [_location(result, options)],
        "partialFingerprints": {"primaryLocationLineHash": result.fingerprint},
        "properties": {
            "resourceId": subject.id,
            "resourceType": subject.type,
            "subscriptionId": subject.subscription_id,
            "resourceGroup": subject.resource_group,
            "location": subject.location,
            **({"resourceTags": dict(subject.tags)} if subject.tags else {}),
            **meant(subject, options.meanings),
            "severity": result.severity.value,
            **({"changed": _bounded_change(result.changed)} if result.changed else {}),
            **({"overridden": overridden_entry(result.rule.overridden)} if result.rule.overridden else {}),
            **({"carriedOver": True} if id(result) in carried else {}),
            "evidence": [
                {"path": leaf.path, "actual": _bounded(leaf.actual), "expected": leaf.expected}
                for leaf in result.evidence
            ],
        },
    }
    related = [
        *((_CALLED, place) for place in options.calls.get(result.fingerprint, ())),
        *((f"{plain(name)}, which decided it, is declared here.", place) for name, place in _openers(result, options)),
    ]
    if related:
        document["relatedLocations"] = [_related(number, *one) for number, one in enumerate(related, 1)]
    if result.exemption:
        document["suppressions"] = [_suppression(result.exemption)]
    return document


def _state(report: Report, result: Result, carried: Collection[int]) -> dict[str, Any]:
    """Whether a baseline has the result; nothing without one."""
    known = report.verdict.known if report.verdict else None
    if known is None:
        return {}
    return {"baselineState": "unchanged" if id(result) in carried or result.fingerprint in known else "new"}


def _suppression(exemption: Exemption) -> dict[str, Any]:
    """The exemption as SARIF knows it; an external one is kept outside the code, as ours are."""
    end = f"until {exemption.until}" if exemption.expires_at else "without an end"
    reason = f"{exemption.reason} (owner {exemption.owner}, {end})"
    return {"kind": "external", "status": "accepted", "justification": shorten(plain(reason), _MESSAGE)}


def _bounded(value: Json) -> Json:
    """The value, or its beginning in words where it is long: an upload may have 10 MB."""
    if value is None or isinstance(value, bool | int | float) or len(encode(value, pretty=False)) <= _MESSAGE:
        return value
    return value_words(value, _MESSAGE)


def _message(result: Result) -> str:
    """The message as a sentence, square brackets kept from becoming links.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, "Messages with embedded links".
    """
    text = shorten(plain(result.message or result.rule.title), _MESSAGE).rstrip(".")
    for mark in ("\\", "[", "]"):
        text = text.replace(mark, "\\" + mark)
    return text + "."


def _location(result: Result, options: RenderOptions) -> dict[str, Any]:
    subject = result.subject
    place = options.locations.get(result.fingerprint) or options.locations.get(subject.id.rstrip("/").lower())
    place = place or Place(artifact_uri(options.uri_prefix, subject.id))
    return {
        "physicalLocation": _physical(place),
        "logicalLocations": [{"name": subject.name, "fullyQualifiedName": subject.id, "kind": "resource"}],
    }


def _openers(result: Result, options: RenderOptions) -> Sequence[tuple[str, Place]]:
    return options.openers.get(result.fingerprint, ())


def _related(number: int, text: str, place: Place) -> dict[str, Any]:
    for mark in ("\\", "[", "]"):
        text = text.replace(mark, "\\" + mark)
    return {"id": number, "physicalLocation": _physical(place), "message": {"text": text}}


def _physical(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": place.uri},
        "region": {
            "startLine": place.start_line,
            "startColumn": place.start_column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    }
