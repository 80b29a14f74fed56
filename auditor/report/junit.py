"""JUnit XML: a test suite for each subscription, a test for each rule, as CI systems show test results.

The elements that Jenkins, GitLab and Azure Pipelines read: https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.model import TOOL_NAME, Rendered, RenderOptions
from auditor.report.remedies import generic
from auditor.report.text import count, plain, plain_lines, subscription_words, value_words
from auditor.rules.model import Rule

_SHOWN = 50
_JUDGED = (Outcome.FAIL, Outcome.PASS, Outcome.EXEMPT)
_ByRule = Mapping[str, Sequence[Result]]


def render(report: Report, options: RenderOptions) -> Rendered:  # noqa: ARG001 - every format takes options
    """The report as JUnit XML."""
    return Rendered("\n".join(_document(report)) + "\n")


def _document(report: Report) -> Iterator[str]:
    suites = [_suite(report, scope, by_rule) for scope, by_rule in _by_scope(report).items()]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    duration = (report.scan.finished_at - report.scan.started_at).total_seconds()
    yield f'<testsuites name="{TOOL_NAME}" time="{duration:.0f}" {_totals([c for _, c in suites])}>'
    for lines, _ in suites:
        yield from lines
    yield "</testsuites>"


def _by_scope(report: Report) -> dict[str, dict[str, list[Result]]]:
    """Results by subscription and rule: every subscription of the scan, the tenant where it has results."""
    scopes: dict[str, dict[str, list[Result]]] = {guid: {} for guid in report.scan.subscriptions}
    for result in report.with_outcome(Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT):
        by_rule = scopes.setdefault(result.subject.subscription_id, {})
        by_rule.setdefault(result.rule.id, []).append(result)
    return dict(sorted(scopes.items())) or {"": {}}


def _suite(report: Report, scope: str, by_rule: _ByRule) -> tuple[list[str], tuple[int, int, int]]:
    """The lines of one suite, and how many tests it has, failed and skipped."""
    cases = [_case(report, rule, by_rule.get(rule.id, ())) for rule in report.rules]
    states = [state for _, state in cases]
    counts = (len(cases), states.count("failed"), states.count("skipped"))
    name = subscription_words(report.scan, scope) or "tenant"
    stamp = f"{report.scan.finished_at:%Y-%m-%dT%H:%M:%S}"
    head = f'  <testsuite name="{_attribute(name)}" id="{scope or "tenant"}" timestamp="{stamp}" {_totals([counts])}>'
    return [head, *(line for lines, _ in cases for line in lines), "  </testsuite>"], counts


def _totals(counts: Sequence[tuple[int, int, int]]) -> str:
    tests, failures, skipped = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return f'tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}"'


def _case(report: Report, rule: Rule, results: Sequence[Result]) -> tuple[list[str], str]:
    """The lines of one test, and whether it passed, failed or was skipped."""
    failed = [result for result in results if result.outcome is Outcome.FAIL]
    unknown = [result for result in results if result.outcome is Outcome.UNKNOWN]
    head = f'    <testcase name="{_attribute(rule.id)}" classname="{_attribute(rule.topic)}"'
    if failed:
        summary = f"{rule.severity}: {rule.title}, {count(len(failed), 'resource')}"
        opening = f'      <failure type="{rule.severity}" message="{_attribute(summary)}">'
        text = _failure(failed, [result for result in results if result.outcome is Outcome.EXEMPT])
        return [f"{head}>", f"{opening}{_text(text)}</failure>", "    </testcase>"], "failed"
    if unknown:
        why = f"could not be answered for {count(len(unknown), 'resource or scope', 'resources or scopes')}"
        return [f"{head}>", f'      <skipped message="{why}"/>', "    </testcase>"], "skipped"
    accepted = [result for result in results if result.outcome is Outcome.EXEMPT]
    if accepted:
        why = "; ".join(f"{result.subject.name}, {_accepted(result)}" for result in accepted[:_SHOWN])
        told = _attribute(f"accepted for {count(len(accepted), 'resource')}: {why}")
        return [f"{head}>", f'      <skipped message="{told}"/>', "    </testcase>"], "skipped"
    tally = report.tallies.get(rule.id, {})
    if not any(tally.get(outcome) for outcome in _JUDGED):
        return [f"{head}>", '      <skipped message="nothing to judge"/>', "    </testcase>"], "skipped"
    return [f"{head}/>"], "passed"


def _accepted(result: Result) -> str:
    return result.exemption.words if result.exemption else ""


def _failure(failed: Sequence[Result], accepted: Sequence[Result]) -> str:
    lines = [line for result in failed[:_SHOWN] for line in _result(result)]
    if (hidden := len(failed) - _SHOWN) > 0:
        lines.append(f"... and {count(hidden, 'more resource')}")
    lines += [f"accepted {_accepted(result)}: {result.subject.id}" for result in accepted[:_SHOWN]]
    if fix := generic(failed[0].rule.remediation.text.strip()):
        lines += ["", f"Fix: {fix}"]
    return "\n".join(lines)


def _result(result: Result) -> Iterator[str]:
    yield f"{result.subject.id}: {result.message}"
    for leaf in result.evidence:
        yield f"  {leaf.path} is {value_words(leaf.actual)}; wanted: {leaf.expected}"


def _attribute(text: str) -> str:
    return escape(plain(text))


def _text(text: str) -> str:
    return escape(plain_lines(text), quote=False)
