"""The report as compact JSON for the page: repeated text once, results as rows of numbers.

    {"texts": [...],                       every text that rows refer to by its place; `whose` to a list of texts
     "rules": [{...}], "subscriptions": {guid: name}, "frameworks": [...], "pictures": [...], "gaps": [...],
     "rows": [[rule, outcome, name, prefix, last, type, group, subscription, location, message, evidence, fingerprint,
               whose, exemption, gap], ...], the last two only where there is one (-1: none, and a gap follows)
     "evidence": [[[path, actual, expected], ...], ...],
     "exemptions": [[reason, owner, until, ticket, source, words], ...],
     "gate": {"set", "holds", "reasons", "failing": [places of rows], "known": [places of rows] | null} | null}

`prefix` is the id up to its last segment, `last` that segment, 0 where it is the name; in a message the resource's name
is a U+0001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.evaluate.commands import without_paths
from auditor.evaluate.model import Exemption, Outcome, Picture, Report, Result, Subject, Verdict
from auditor.inventory.model import Gap
from auditor.report.changed import changed_words
from auditor.report.compliance import Control, postures
from auditor.report.drawing.folding import folded
from auditor.report.encoding import timestamp
from auditor.report.meanings import meaning
from auditor.report.mermaid import render_mermaid
from auditor.report.model import RenderOptions
from auditor.report.text import (
    count,
    gap_remedy,
    paragraphs,
    plain,
    plain_lines,
    scope_words,
    subscriptions_number,
    value_words,
)
from auditor.report.trend import point_entry
from auditor.rules.model import Rule, Severity

OUTCOMES = [outcome.value for outcome in Outcome]
_NAME_MARK = "\x01"
_VALUE = 2_000
_CONNECTIONS = 1_000


class _Texts:
    """Texts by number, each kept once."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, text: Any, key: Any = None) -> int:
        known = text if key is None else key
        if known not in self._numbers:
            self._numbers[known] = len(self.all)
            self.all.append(text)
        return self._numbers[known]


class _Rows:
    """Results as rows."""

    def __init__(self, report: Report, meanings: Mapping[str, tuple[str, ...]]) -> None:
        self._meanings = meanings
        self.texts, self.evidence, self.exemptions = _Texts(), _Texts(), _Texts()
        self._rules = {rule.id: number for number, rule in enumerate(report.rules)}
        self._gaps = {key: number for number, key in enumerate(_gap_groups(report.gaps))}

    def _whose(self, subject: Subject) -> int:
        """Owner, environment, class of data, and all tags in one text."""
        known = [plain(meaning(subject, name, self._meanings)) for name in ("owner", "environment", "data_class")]
        tags = "; ".join(f"{name}={value}" for name, value in sorted(subject.tags.items()))
        return self.texts.number([*known, plain(tags)], (*known, tags))

    def row(self, result: Result) -> list[Any]:
        number, subject = self.texts.number, result.subject
        prefix, _, last = subject.id.rpartition("/")
        name, message, last = plain(subject.name), plain(result.message), plain(last)
        leaves = [
            [number(plain(text)) for text in (leaf.path, value_words(leaf.actual, _VALUE), leaf.expected)]
            for leaf in result.evidence
        ]
        row: list[Any] = [
            self._rules[result.rule.id],
            OUTCOMES.index(result.outcome.value),
            name,
            number(plain(prefix)),
            0 if last == name else last,
            number(plain(subject.type)),
            number(plain(subject.resource_group)),
            number(plain(subject.subscription_id)),
            number(plain(subject.location)),
            number(message.replace(name, _NAME_MARK) if name else message),
            self.evidence.number(leaves, str(leaves)),
            result.fingerprint,
            self._whose(subject),
        ]
        gap = self._gaps.get(_gap_key(result.gaps[0])) if result.gaps else None
        if result.exemption:
            accepted = _exemption(result.exemption)
            row.append(self.exemptions.number(accepted, tuple(accepted)))
        elif gap is not None:
            row += [-1, gap]
        return row


def document(report: Report, options: RenderOptions) -> dict[str, Any]:
    """Everything the page shows."""
    rows = _Rows(report, options.meanings)
    listed = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    results = report.results if options.include_passed else report.with_outcome(*listed)
    made = [rows.row(result) for result in results]
    own = {rule.id: rule.severity for rule in report.rules}
    return {
        "portal": options.portal,
        "scan": _scan(report),
        "gate": _gate(report.verdict, results),
        "severities": [severity.value for severity in Severity],
        "outcomes": OUTCOMES,
        "rules": [_rule(report, rule) for rule in report.rules],
        "subscriptions": {guid: plain(name) for guid, name in sorted(report.scan.subscription_names.items())},
        "frameworks": _frameworks(report),
        "pictures": [_picture(picture) for picture in report.pictures],
        "gaps": [_gap_row(report, gaps) for gaps in _gap_groups(report.gaps).values()],
        "notices": [plain(notice) for notice in report.notices],
        "texts": rows.texts.all,
        "evidence": rows.evidence.all,
        "exemptions": rows.exemptions.all,
        "rows": made,
        "trend": [point_entry(point) for point in report.trend.points] if report.trend else [],
        "sinceOf": _since(report, results),
        "changedOf": {n: plain(changed_words(one.changed)) for n, one in enumerate(results) if one.changed},
        # Of results whose severity is not that of their rule, set by the user for some resources only.
        "severityOf": {
            n: result.severity.rank
            for n, result in enumerate(results)
            if own.get(result.rule.id) is not result.severity
        },
    }


def _since(report: Report, results: Sequence[Result]) -> dict[int, str]:
    """The day since which results stand, where a history knows an earlier run."""
    if report.trend is None or len(report.trend.points) == 1:
        return {}
    since = report.trend.since
    return {
        number: f"{since[result.fingerprint]:%Y-%m-%d}"
        for number, result in enumerate(results)
        if result.fingerprint in since
    }


def _scan(report: Report) -> dict[str, Any]:
    scan, summary = report.scan, report.summary
    return {
        "source": plain(scan.source),
        "scope": plain(scan.scope),
        "tenant": plain(scan.tenant),
        "started": timestamp(scan.started_at),
        "finished": timestamp(scan.finished_at),
        "complete": scan.complete,
        "partial": scan.partial_selection,
        "resources": scan.resources,
        "subscriptions": subscriptions_number(scan),
        "version": report.tool_version,
        "passed": summary.passed,
        "notApplicable": summary.not_applicable,
    }


def _gate(verdict: Verdict | None, results: Sequence[Result]) -> dict[str, Any] | None:
    """What the gate says, and by their places in the rows which results it is about."""
    if verdict is None:
        return None

    def places(fingerprints: frozenset[str]) -> list[int]:
        return [place for place, result in enumerate(results) if result.fingerprint in fingerprints]

    return {
        "set": verdict.is_set,
        "holds": verdict.holds,
        "reasons": [plain(reason) for reason in verdict.reasons],
        "failing": places(verdict.failing),
        "known": None if verdict.known is None else places(verdict.known),
    }


def _rule(report: Report, rule: Rule) -> dict[str, Any]:
    tally = report.tallies.get(rule.id, {})
    fix = rule.remediation
    code = [["Azure CLI", without_paths(fix.az)], ["Bicep", fix.bicep], ["Terraform", fix.terraform]]
    return {
        "id": rule.id,
        "title": plain(rule.title),
        "severity": rule.severity.rank,
        "topic": plain(rule.topic),
        "description": paragraphs(rule.description),
        "fix": paragraphs(fix.text),
        "code": [[heading, plain_lines(text.strip())] for heading, text in code if text.strip()],
        "references": [link for link in rule.references if link.startswith("https://")],
        "frameworks": {name: list(rule.frameworks[name]) for name in sorted(rule.frameworks)},
        "equivalents": {name: list(rule.equivalents[name]) for name in sorted(rule.equivalents)},
        "tally": [tally.get(outcome, 0) for outcome in Outcome],
    }


def _frameworks(report: Report) -> list[Any]:
    numbers = {rule.id: number for number, rule in enumerate(report.rules)}
    return [
        {
            "id": posture.framework,
            "name": plain(posture.name),
            "version": plain(posture.version),
            "source": posture.source,
            "passed": posture.passed,
            "assessed": posture.assessed,
            "controls": [_control(control, numbers) for control in posture.every],
        }
        for posture in postures(report)
    ]


def _control(control: Control, numbers: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": plain(control.id),
        "title": plain(control.title),
        "section": plain(control.section),
        "assessable": control.assessable,
        "state": control.state.value,
        "findings": control.findings,
        "unknown": control.unknown,
        "exempt": control.exempt,
        "rules": [numbers[rule] for rule in control.rules],
    }


def _exemption(exemption: Exemption) -> list[str]:
    given = (exemption.reason, exemption.owner, exemption.until, exemption.ticket, exemption.source, exemption.words)
    return [plain(text) for text in given]


def _picture(picture: Picture) -> dict[str, Any]:
    """A picture's connections, for who cannot see it, broken ones first where there are more than fit."""
    names = {node.id: [plain(node.label), plain(node.detail) or node.kind.replace("-", " ")] for node in picture.nodes}
    edges = picture.edges
    if len(edges) > _CONNECTIONS:
        edges = tuple(sorted(edges, key=lambda edge: not edge.broken))[:_CONNECTIONS]
    missing = ["", ""]
    return {
        "id": picture.id,
        "title": plain(picture.title),
        "caption": plain(picture.caption),
        "total": len(picture.edges),
        "mermaid": render_mermaid(folded(picture)) if picture.nodes else "",
        "parts": {node.id: list(node.parts) for node in picture.nodes if node.parts},
        "edges": [
            [names.get(edge.source, missing), plain(edge.label), edge.broken, names.get(edge.target, missing)]
            for edge in edges
        ],
    }


def _gap_key(gap: Gap) -> tuple[str, str, int]:
    return (gap.type.lower(), gap.code, gap.status or 0)


def _gap_groups(gaps: tuple[Gap, ...]) -> dict[tuple[str, str, int], list[Gap]]:
    """Alike gaps together, the most frequent first."""
    groups: dict[tuple[str, str, int], list[Gap]] = {}
    for gap in gaps:
        groups.setdefault(_gap_key(gap), []).append(gap)
    return {key: groups[key] for key in sorted(groups, key=lambda key: (-len(groups[key]), key))}


def _gap_row(report: Report, gaps: list[Gap]) -> list[str]:
    """Type, why, how often and where, what to do."""
    scopes = sorted({scope_words(report.scan, gap.scope) for gap in gaps})
    where = ", ".join(scopes[:5]) + (f" and {len(scopes) - 5:,} more" if len(scopes) > 5 else "")
    why = f"{gaps[0].status or ''} {gaps[0].code}".strip()
    return [plain(gaps[0].type), plain(why), f"{count(len(gaps), 'read')}: {where}", gap_remedy(gaps[0])]
