"""The report as compact JSON for the page: repeated text once, results as rows of numbers.

    {"texts": [...],                       every text that rows refer to by its place
     "rules": [{...}], "subscriptions": [[guid, name]], "topics": [...],
     "rows": [[rule, outcome, name, prefix, type, group, subscription, location, message, evidence, fingerprint,
               exemption, gaps], ...],
     "evidence": [[[path, actual, expected], ...], ...]}

`prefix` is the id up to its last segment; in a message the resource's name is a U+0001.
"""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.compliance import postures
from auditor.report.encoding import timestamp
from auditor.report.model import RenderOptions
from auditor.report.text import count, gap_remedy, paragraphs, plain, plain_lines, scope_words, value_words
from auditor.rules.model import Rule, Severity

OUTCOMES = [outcome.value for outcome in Outcome]
_NAME_MARK = "\x01"
_VALUE = 2_000


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


def document(report: Report, options: RenderOptions) -> dict[str, Any]:
    """Everything the page shows."""
    texts, evidence = _Texts(), _Texts()
    numbers = {rule.id: number for number, rule in enumerate(report.rules)}
    listed = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    results = report.results if options.include_passed else report.with_outcome(*listed)
    rows = [_row(result, numbers[result.rule.id], texts, evidence) for result in results]
    return {
        "portal": options.portal,
        "scan": _scan(report),
        "severities": [severity.value for severity in Severity],
        "outcomes": OUTCOMES,
        "rules": [_rule(report, rule) for rule in report.rules],
        "subscriptions": {guid: plain(name) for guid, name in sorted(report.scan.subscription_names.items())},
        "frameworks": [
            [
                p.framework,
                p.passed,
                p.assessed,
                [[c.id, c.state.value, c.findings, [numbers[r] for r in c.rules]] for c in p.controls],
            ]
            for p in postures(report)
        ],
        "gaps": _gaps(report),
        "texts": texts.all,
        "evidence": evidence.all,
        "rows": rows,
    }


def _scan(report: Report) -> dict[str, Any]:
    scan = report.scan
    return {
        "tenant": scan.tenant,
        "finished": timestamp(scan.finished_at),
        "complete": scan.complete,
        "resources": scan.resources,
        "passed": report.summary.passed,
    }


def _rule(report: Report, rule: Rule) -> dict[str, Any]:
    tally = report.tallies.get(rule.id, {})
    fix = rule.remediation
    code = [["Azure CLI", fix.az], ["Bicep", fix.bicep], ["Terraform", fix.terraform]]
    return {
        "id": rule.id,
        "title": plain(rule.title),
        "severity": rule.severity.rank,
        "topic": rule.topic,
        "description": paragraphs(rule.description),
        "fix": paragraphs(fix.text),
        "code": [[heading, plain_lines(text.strip())] for heading, text in code if text.strip()],
        "references": [link for link in rule.references if link.startswith("https://")],
        "frameworks": {name: list(rule.frameworks[name]) for name in sorted(rule.frameworks)},
        "tally": [tally.get(outcome, 0) for outcome in Outcome],
    }


def _row(result: Result, rule: int, texts: _Texts, evidence: _Texts) -> list[Any]:
    subject = result.subject
    prefix, _, last = subject.id.rpartition("/")
    name, message = plain(subject.name), plain(result.message)
    leaves = [
        [texts.number(plain(text)) for text in (leaf.path, value_words(leaf.actual, _VALUE), leaf.expected)]
        for leaf in result.evidence
    ]
    row: list[Any] = [
        rule,
        OUTCOMES.index(result.outcome.value),
        name,
        texts.number(plain(prefix)),
        "" if plain(last) == name else plain(last),
        texts.number(subject.type),
        texts.number(plain(subject.resource_group)),
        texts.number(subject.subscription_id),
        texts.number(subject.location),
        texts.number(message.replace(name, _NAME_MARK) if name else message),
        evidence.number(leaves, str(leaves)),
        result.fingerprint,
    ]
    if result.exemption:
        row.append(texts.number(plain(result.exemption.words)))
    return row


def _gaps(report: Report) -> list[list[str]]:
    """Alike gaps together: type, why, how often and where, what to do."""
    groups: dict[tuple[str, str, int], list[Any]] = {}
    for gap in report.gaps:
        groups.setdefault((gap.type.lower(), gap.code, gap.status or 0), []).append(gap)
    rows = []
    for key in sorted(groups, key=lambda key: (-len(groups[key]), key)):
        gaps = groups[key]
        scopes = sorted({scope_words(report.scan, gap.scope) for gap in gaps})
        where = ", ".join(scopes[:5]) + (f" and {len(scopes) - 5:,} more" if len(scopes) > 5 else "")
        why = f"{gaps[0].status or ''} {gaps[0].code}".strip()
        rows.append([plain(gaps[0].type), plain(why), f"{count(len(gaps), 'read')}: {where}", gap_remedy(gaps[0])])
    return rows
