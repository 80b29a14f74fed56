"""JUnit XML: a test suite for each subscription, a test for each rule, as CI systems show test results.

Valid by both schemas in use, Ant's (https://github.com/windyroad/JUnit-Schema) and that of Jenkins' xUnit plugin
(https://github.com/jenkinsci/xunit-plugin, junit-10.xsd), the stricter of the two in each place: no attributes on
`testsuites`, suites numbered, a time on every test. GitLab takes two tests with one class and name for one
(https://docs.gitlab.com/ci/testing/unit_test_reports), so a test's class names its subscription.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from auditor.evaluate.model import TOOL_NAME, Outcome, Report, Result
from auditor.inventory import ids
from auditor.inventory.model import Gap
from auditor.report.model import Rendered, RenderOptions
from auditor.report.remedies import generic
from auditor.report.text import count, gap_remedy, plain, plain_lines, subscription_words, value_words
from auditor.rules.model import Rule

_SHOWN = 50
_GITLAB_MB = 30
_JUDGED = (Outcome.FAIL, Outcome.PASS, Outcome.EXEMPT)
_COLLECTION = "collection"


@dataclass(slots=True)
class _Scope:
    """A subscription, or the tenant, with what is told of it."""

    guid: str
    """"" for the tenant."""
    name: str
    results: dict[str, list[Result]]
    """By rule id."""
    gaps: list[Gap]


def render(report: Report, options: RenderOptions) -> Rendered:  # noqa: ARG001 - every format takes options
    """The report as JUnit XML."""
    text = "\n".join(_document(report)) + "\n"
    size = len(text.encode("utf-8", "replace"))
    notice = f"JUnit: the file has {size / 1e6:,.0f} MB, and GitLab reads up to {_GITLAB_MB} MB"
    return Rendered(text, (notice,) if size > _GITLAB_MB * 1_000_000 else ())


def _document(report: Report) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<testsuites>"
    for number, scope in enumerate(_scopes(report)):
        yield from _suite(report, number, scope)
    yield "</testsuites>"


def _scopes(report: Report) -> Sequence[_Scope]:
    """Every subscription of the scan, and the tenant where it has results or gaps."""
    found: dict[str, _Scope] = {}

    def scope(guid: str) -> _Scope:
        if guid not in found:
            found[guid] = _Scope(guid, subscription_words(report.scan, guid) or "tenant", {}, [])
        return found[guid]

    for guid in report.scan.subscriptions:
        scope(guid)
    for result in report.with_outcome(Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT):
        scope(result.subject.subscription_id).results.setdefault(result.rule.id, []).append(result)
    for gap in report.gaps:
        scope(ids.subscription_of(gap.scope)).gaps.append(gap)
    if not found:
        scope("")
    ordered = [found[guid] for guid in sorted(found)]
    names = Counter(scope.name for scope in ordered)
    for each in ordered:
        if names[each.name] > 1 and each.guid:
            each.name = f"{each.name} ({each.guid})"
    return ordered


def _suite(report: Report, number: int, scope: _Scope) -> Iterator[str]:
    cases = [_rule_case(report, scope, rule) for rule in report.rules]
    cases.append(_collection_case(scope))
    states = Counter(state for _, state in cases)
    totals = " ".join(f'{name}="{states[name]}"' for name in ("failures", "errors", "skipped"))
    stamp = f"{report.scan.finished_at:%Y-%m-%dT%H:%M:%S}"
    seconds = (report.scan.finished_at - report.scan.started_at).total_seconds()
    yield (
        f'  <testsuite name="{_attribute(scope.name)}" id="{number}" package="{_attribute(scope.guid or "tenant")}" '
        f'hostname="localhost" timestamp="{stamp}" time="{seconds:.0f}" tests="{len(cases)}" {totals}>'
    )
    yield from _properties(report)
    for lines, _ in cases:
        yield from lines
    yield "    <system-out/>"
    yield "    <system-err/>"
    yield "  </testsuite>"


def _properties(report: Report) -> Iterator[str]:
    scan = report.scan
    values = {"tool": f"{TOOL_NAME} {report.tool_version}", "source": scan.source, "tenant": scan.tenant}
    yield "    <properties>"
    for name, value in values.items():
        yield f'      <property name="{name}" value="{_attribute(value)}"/>'
    yield "    </properties>"


def _rule_case(report: Report, scope: _Scope, rule: Rule) -> tuple[list[str], str]:
    """The lines of a rule's test, and which total it counts in; "" where it passed."""
    results = scope.results.get(rule.id, ())
    failed = [result for result in results if result.outcome is Outcome.FAIL]
    unknown = [result for result in results if result.outcome is Outcome.UNKNOWN]
    accepted = [result for result in results if result.outcome is Outcome.EXEMPT]
    head = _head(scope, rule.topic, rule.id)
    if failed:
        summary = f"{rule.severity}: {rule.title}, {count(len(failed), 'resource')}"
        return _told(head, "failure", rule.severity, summary, _failure(failed, accepted)), "failures"
    if unknown:
        why = f"could not be answered for {count(len(unknown), 'resource or scope', 'resources or scopes')}"
        return _told(head, "skipped", "", why, _reasons(unknown)), "skipped"
    if accepted:
        why = f"{count(len(accepted), 'finding')} accepted by an exemption"
        return _told(head, "skipped", "", why, _exemptions(accepted)), "skipped"
    tally: Mapping[Outcome, int] = report.tallies.get(rule.id, {})
    if not any(tally.get(outcome) for outcome in _JUDGED):
        return _told(head, "skipped", "", "nothing to judge"), "skipped"
    return [f"{head}/>"], ""


def _collection_case(scope: _Scope) -> tuple[list[str], str]:
    """A test that everything was read: failed reads are errors, since nothing is known of what they hide."""
    head = _head(scope, _COLLECTION, "everything-was-read")
    if not scope.gaps:
        return [f"{head}/>"], ""
    shown = [
        f"{gap.type}: {gap.status or ''} {gap.code}, {gap.scope}\n  {gap_remedy(gap)}" for gap in scope.gaps[:_SHOWN]
    ]
    if (hidden := len(scope.gaps) - _SHOWN) > 0:
        shown.append(f"... and {count(hidden, 'more read')}")
    summary = f"{count(len(scope.gaps), 'read')} did not succeed"
    return _told(head, "error", "not-read", summary, "\n".join(shown)), "errors"


def _head(scope: _Scope, group: str, name: str) -> str:
    """The start of a test. Dots part a class from its package, by which Jenkins groups tests."""
    package = scope.name.replace(".", "-")
    return f'    <testcase classname="{_attribute(f"{package}.{group}")}" name="{_attribute(name)}" time="0"'


def _told(head: str, element: str, kind: str, summary: str, text: str = "") -> list[str]:
    of_kind = f' type="{kind}"' if kind else ""
    opening = f'      <{element}{of_kind} message="{_attribute(summary)}"'
    return [f"{head}>", f"{opening}>{_text(text)}</{element}>" if text else f"{opening}/>", "    </testcase>"]


def _failure(failed: Sequence[Result], accepted: Sequence[Result]) -> str:
    lines = [line for result in failed[:_SHOWN] for line in _result(result)]
    lines += _more(failed)
    if accepted:
        lines += ["", _exemptions(accepted)]
    if fix := generic(failed[0].rule.remediation.text.strip()):
        lines += ["", f"Fix: {fix}"]
    return "\n".join(lines)


def _reasons(unknown: Sequence[Result]) -> str:
    return "\n".join([*(f"{result.subject.id}: {result.message}" for result in unknown[:_SHOWN]), *_more(unknown)])


def _exemptions(accepted: Sequence[Result]) -> str:
    told = [f"{r.subject.id}: accepted {r.exemption.words}" for r in accepted[:_SHOWN] if r.exemption]
    return "\n".join([*told, *_more(accepted)])


def _more(results: Sequence[Result]) -> list[str]:
    hidden = len(results) - _SHOWN
    return [f"... and {count(hidden, 'more resource')}"] if hidden > 0 else []


def _result(result: Result) -> Iterator[str]:
    yield f"{result.subject.id}: {result.message}"
    for leaf in result.evidence:
        yield f"  {leaf.path} is {value_words(leaf.actual)}; wanted: {leaf.expected}"


def _attribute(text: str) -> str:
    """Text for an attribute: one line of characters that XML 1.0 allows, never empty."""
    return escape(plain(text)).strip() or "-"


def _text(text: str) -> str:
    return escape(plain_lines(text), quote=False)
