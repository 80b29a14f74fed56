"""Evidence as rows of text: a control's population with a row for each property that decided a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.compliance import Control, Posture
from auditor.report.encoding import timestamp
from auditor.report.meanings import meaning
from auditor.report.text import plain, scope_words, subscription_words, value_words

CONTROLS = (
    *("framework", "control", "section", "title", "state", "assessable", "rules"),
    *("resources_passed", "resources_failed", "resources_unanswered", "resources_exempt"),
)
EVIDENCE = (
    *("control", "rule", "rule_title", "severity", "outcome", "resource_name", "resource_type", "resource_group"),
    *("subscription", "subscription_id", "owner", "resource_id", "property", "value", "wanted", "read_at"),
    *("exempt_until", "exemption_reason", "exemption_owner", "exemption_ticket", "exemption_source", "fingerprint"),
)
"""`read_at` is when the collection ended that read the value, in UTC; `property` is empty where none decided."""
EXEMPTIONS = ("control", "rule", "resource_id", "exempt_until", "reason", "owner", "ticket", "source", "fingerprint")
GAPS = ("type", "scope", "operation", "status", "code", "message")
_VALUE = 4_000
_ORDER = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT, Outcome.PASS, Outcome.NOT_APPLICABLE)
Row = Sequence[str]


class Records:
    """The rows of one report, which holds every result, passed ones too."""

    def __init__(self, report: Report, meanings: Mapping[str, tuple[str, ...]]) -> None:
        self._report = report
        self._meanings = meanings
        self._read_at = timestamp(report.scan.finished_at)
        self._by_rule: dict[str, list[Result]] = {}
        for result in report.results:
            self._by_rule.setdefault(result.rule.id, []).append(result)

    def controls(self, posture: Posture, wanted: Sequence[Control]) -> Iterator[Row]:
        """A row a control."""
        for control in wanted:
            found = control.resources
            yield [
                posture.framework,
                control.id,
                control.section,
                control.title,
                control.state.value,
                control.assessable,
                " ".join(control.rules),
                *map(str, (found.passed, found.failed, found.unanswered, found.exempt)),
            ]

    def of(self, control: Control) -> Iterator[Row]:
        """What was judged for a control, by rule, what failed first; a row for each property."""
        for result in self._results(control):
            leaves = [(leaf.path, value_words(leaf.actual, _VALUE), leaf.expected) for leaf in result.evidence]
            head, tail = self._head(control, result), self._tail(result)
            for leaf in leaves or [("", "", "")]:
                yield [*head, *leaf, self._read_at, *tail]

    def exemptions(self, control: Control) -> Iterator[Row]:
        """What is accepted of a control."""
        for result in self._results(control):
            if result.exemption:
                until, reason, owner, ticket, source, mark = self._tail(result)
                yield [control.id, result.rule.id, result.subject.id, until, reason, owner, ticket, source, mark]

    def gaps(self) -> Iterator[Row]:
        """What could not be read."""
        for gap in self._report.gaps:
            scope = scope_words(self._report.scan, gap.scope)
            yield [gap.type, scope, gap.operation, str(gap.status or ""), gap.code, plain(gap.message)]

    def _results(self, control: Control) -> Iterator[Result]:
        for rule in control.rules:
            yield from sorted(
                self._by_rule.get(rule, ()),
                key=lambda result: (_ORDER.index(result.outcome), result.subject.id.lower(), result.fingerprint),
            )

    def _head(self, control: Control, result: Result) -> list[str]:
        rule, subject = result.rule, result.subject
        return [
            control.id,
            rule.id,
            rule.title,
            result.severity.value,
            result.outcome.value,
            subject.name,
            subject.type,
            subject.resource_group,
            subscription_words(self._report.scan, subject.subscription_id),
            subject.subscription_id,
            meaning(subject, "owner", self._meanings),
            subject.id,
        ]

    def _tail(self, result: Result) -> list[str]:
        accepted = result.exemption
        words = (
            [accepted.until, accepted.reason, accepted.owner, accepted.ticket, accepted.source]
            if accepted
            else [""] * 5
        )
        return [*words, result.fingerprint]
