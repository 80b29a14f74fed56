"""The findings, grouped, the worst group first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Result
from auditor.report.remedies import fill_names
from auditor.report.terminal.page import Page
from auditor.report.text import count, first_sentence, scope_words, subscription_words, value_words
from auditor.rules.model import Evidence, Severity

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_SHOWN = 5
_SHOWN_EVIDENCE = 2
_VALUE = 60
_WORDS = {Outcome.EXEMPT: "exempt", Outcome.PASS: "pass", Outcome.NOT_APPLICABLE: "not applicable"}


def findings(page: Page) -> Iterator[RenderableType]:
    """All findings, by rule, or by what `group_by` says."""
    outcomes = {Outcome.FAIL, Outcome.EXEMPT}
    if page.options.include_passed:
        outcomes |= {Outcome.PASS, Outcome.NOT_APPLICABLE}
    shown = [result for result in page.report.results if result.outcome in outcomes]
    if page.options.group_by == "rule":
        for group in _grouped(shown, lambda result: result.rule.id):
            yield from _rule_group(page, group)
    else:
        for group in _grouped(shown, lambda result: _group_key(page, result)):
            yield from _other_group(page, group)


def _grouped(results: Sequence[Result], key: Callable[[Result], str]) -> list[list[Result]]:
    """Groups with the worst first, by how many findings of each severity they hold, then by name."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return [groups[name] for name in sorted(groups, key=lambda name: (_badness(groups[name]), name))]


def _badness(results: Sequence[Result]) -> tuple[int, ...]:
    failed = [result.severity for result in results if result.outcome is Outcome.FAIL]
    return tuple(-failed.count(severity) for severity in Severity)


def _group_key(page: Page, result: Result) -> str:
    match page.options.group_by:
        case "resource":
            return result.subject.id.lower()
        case "subscription":
            return result.subject.subscription_id
        case _:
            return result.rule.topic


def _rule_group(page: Page, group: Sequence[Result]) -> Iterator[RenderableType]:
    """A rule with its resources, and how to mend them."""
    rule = group[0].rule
    yield page.line(page.severity(rule.severity), "  ", (rule.title, "strong"), f"  {_tally(group)}")
    yield page.line(page.rule(rule, "quiet"), (f" · {rule.topic}", "quiet"), indent=2)
    for result in _first(page, group):
        yield page.line(_mark(page, result), page.resource(result.subject), *_place(page, result), indent=2)
        yield from _details(page, result, indent=6)
    yield from _folded(page, group, f"auditor scan --select {rule.id} --verbose")
    yield from _fix(page, group[0], indent=2)
    yield ""


def _other_group(page: Page, group: Sequence[Result]) -> Iterator[RenderableType]:
    """A resource, subscription or topic with its findings."""
    yield page.line(*_group_title(page, group[0]), f"  {_tally(group)}")
    for result in _first(page, group):
        yield page.line(
            page.severity(result.severity),
            "  ",
            _mark(page, result),
            result.rule.title,
            " ",
            *_which(page, result),
            indent=2,
        )
        yield from _details(page, result, indent=6)
        yield page.line(("auditor rules show ", "quiet"), page.rule(result.rule, "quiet"), indent=6)
    yield from _folded(page, group, f"auditor scan --group-by {page.options.group_by} --verbose")
    yield ""


def _group_title(page: Page, result: Result) -> list[str | tuple[str, str] | Text]:
    match page.options.group_by:
        case "resource":
            return [page.resource(result.subject), *_place(page, result)]
        case "subscription":
            name = subscription_words(page.report.scan, result.subject.subscription_id) or "tenant"
            return [(f"Subscription {name}" if result.subject.subscription_id else "Tenant", "strong")]
        case _:
            return [(result.rule.topic, "strong")]


def _which(page: Page, result: Result) -> list[str | tuple[str, str] | Text]:
    if page.options.group_by == "resource":
        return []
    return [page.resource(result.subject), *_place(page, result)]


def _place(page: Page, result: Result) -> list[str | tuple[str, str]]:
    """Where a resource is: group and subscription."""
    subject = result.subject
    subscription = subscription_words(page.report.scan, subject.subscription_id)
    parts = [part for part in (subject.resource_group, subscription) if part]
    return [(f"  {' · '.join(parts)}", "quiet")] if parts else [(f"  {scope_words(page.report.scan, '/')}", "quiet")]


def _mark(page: Page, result: Result) -> Text:
    word = _WORDS.get(result.outcome)
    return page.text((f"[{word}] ", "good" if word == "pass" else "quiet") if word else "")


def _details(page: Page, result: Result, *, indent: int) -> Iterator[RenderableType]:
    """What was found against what was wanted, and why a failure is accepted."""
    if result.outcome is Outcome.FAIL and result.message and result.message != result.rule.title:
        yield page.line(result.message, indent=indent)
    if result.exemption:
        until = f"{result.exemption.expires_at:%Y-%m-%d}"
        yield page.line(
            (f"accepted until {until} by {result.exemption.owner}: {result.exemption.reason}", ""), indent=indent
        )
    if result.outcome in (Outcome.FAIL, Outcome.EXEMPT):
        leaves = result.evidence if page.options.verbose else result.evidence[:_SHOWN_EVIDENCE]
        for leaf in leaves:
            yield page.line(*_evidence(leaf), indent=indent)
        if hidden := len(result.evidence) - len(leaves):
            yield page.line((f"and {count(hidden, 'more property', 'more properties')}", "quiet"), indent=indent)


def _evidence(leaf: Evidence) -> list[str | tuple[str, str]]:
    path = leaf.path
    owner, separator, inner = path.rpartition(":")
    if separator and "/" in owner:  # another resource's property: its name is enough here
        path = f"{owner.rstrip('/').rpartition('/')[2]}: {inner}"
    return [
        (f"{path} ", "quiet"),
        ("is ", "quiet"),
        (value_words(leaf.actual, _VALUE), "bad"),
        ("; wanted: ", "quiet"),
        leaf.expected,
    ]


def _fix(page: Page, result: Result, *, indent: int) -> Iterator[RenderableType]:
    text = (
        first_sentence(fill_names(result.rule.remediation.text, result.subject)) if result.rule.remediation.text else ""
    )
    shown = ("auditor rules show ", "command"), (result.rule.id, "command")
    yield page.line(("Fix: ", "strong"), f"{text} " if text else "", *shown, indent=indent)


def _first(page: Page, group: Sequence[Result]) -> Sequence[Result]:
    return group if page.options.verbose or len(group) == _SHOWN + 1 else group[:_SHOWN]


def _folded(page: Page, group: Sequence[Result], command: str) -> Iterator[RenderableType]:
    if hidden := len(group) - len(_first(page, group)):
        yield page.line((f"... and {hidden:,} more; all of them: ", "quiet"), (command, "command"), indent=2)


def _tally(group: Sequence[Result]) -> str:
    failed = sum(result.outcome is Outcome.FAIL for result in group)
    return count(failed, "finding") if failed else count(len(group), "result")
