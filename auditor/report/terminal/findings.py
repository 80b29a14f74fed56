"""The findings, grouped, the worst group first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Result
from auditor.report.grouping import group_key, grouped
from auditor.report.remedies import fill_names, generic
from auditor.report.terminal.evidence import evidence_lines, listing
from auditor.report.terminal.page import Page
from auditor.report.text import count, first_sentence
from auditor.rules.model import Severity

if TYPE_CHECKING:
    from rich.console import RenderableType

    from auditor.report.terminal.ink import Words

_SHOWN = 5
"""Resources shown of a rule."""
_SHOWN_TOGETHER = 15
"""Findings shown of a resource, subscription or topic."""
_SHOWN_RESOURCES = 40
_MANY_RULES = 30
"""Rules with findings from which on those of low severity and below are told in two lines each."""


def findings(page: Page) -> Iterator[RenderableType]:
    """All findings, by rule, or by what `group_by` says."""
    outcomes = {Outcome.FAIL, Outcome.EXEMPT}
    if page.options.include_passed:
        outcomes |= {Outcome.PASS, Outcome.NOT_APPLICABLE}
    shown = [result for result in page.report.results if result.outcome in outcomes]
    draw = _rule_group if page.options.group_by == "rule" else _other_group
    groups = grouped(shown, page.options)
    # Rules, topics and subscriptions are few; resources can be tens of thousands.
    folded = page.options.group_by == "resource" and not page.options.verbose
    short = draw is _rule_group and len(groups) > _MANY_RULES and not page.options.verbose
    for number, group in enumerate(groups[:_SHOWN_RESOURCES] if folded else groups):
        if short and group[0].severity in (Severity.LOW, Severity.INFO):
            yield from _in_short(page, groups[number:])
            break
        yield from draw(page, group)
    if folded and (hidden := len(groups) - _SHOWN_RESOURCES) > 0:
        yield page.line((f"... and {count(hidden, 'more resource')}: add --verbose", "quiet"))
        yield ""


def _rule_group(page: Page, group: Sequence[Result]) -> Iterator[RenderableType]:
    """A rule with its resources, and how to mend them."""
    rule, shown = group[0].rule, _first(page, group)
    yield page.line(page.severity(rule.severity), "  ", (rule.title, "strong"), (f"  {_tally(group)}", "quiet"))
    yield from listing(page, shown)
    if hidden := len(group) - len(shown):
        yield page.line((f"... and {hidden:,} more: add --select {rule.id} --verbose", "quiet"), indent=2)
    text = rule.remediation.text
    fix = fill_names(text, group[0].subject) if len(group) == 1 else generic(text)
    words = page.text(first_sentence(fix) if fix else "see the rule.")
    yield page.labelled(
        "Fix:", words, page.text(("auditor rules show ", "command"), page.rule(rule, "command")), indent=2
    )
    yield ""


def _in_short(page: Page, groups: Sequence[Sequence[Result]]) -> Iterator[RenderableType]:
    """Rules that matter least, each with the names of its resources only."""
    for group in groups:
        rule, shown = group[0].rule, _first(page, group)
        yield page.line(page.severity(rule.severity), "  ", (rule.title, "strong"), (f"  {_tally(group)}", "quiet"))
        names = [part for result in shown for part in (page.mark(result), page.resource(result.subject), ", ")][:-1]
        more = [(f" and {hidden:,} more", "quiet")] if (hidden := len(group) - len(shown)) else []
        yield page.line(page.rule(rule, "command"), (": ", "quiet"), *names, *more, indent=2)
    yield ""
    yield page.line(("Low and info in short: --verbose, or --select RULE, shows what was found.", "quiet"))
    yield ""


def _other_group(page: Page, group: Sequence[Result]) -> Iterator[RenderableType]:
    """A resource, subscription or topic with its findings."""
    shown = _first(page, group, _SHOWN_TOGETHER)
    yield page.line(*_group_title(page, group[0]), (f"  {_tally(group)}", "quiet"))
    for result in shown:
        yield page.line(page.severity(result.severity), "  ", page.mark(result), *_which(page, result), indent=2)
        yield page.line((result.rule.id, "quiet"), indent=6)
        yield from evidence_lines(page, result, indent=6)
    if hidden := len(group) - len(shown):
        yield page.line((f"... and {hidden:,} more: add --verbose", "quiet"), indent=2)
    yield ""


def _group_title(page: Page, result: Result) -> list[Words]:
    match page.options.group_by:
        case "resource":
            return [page.resource(result.subject), (f"  {page.place(result.subject)}", "quiet")]
        case "subscription":
            guid = result.subject.subscription_id
            name = f"Subscription {page.subscription(result.subject)}" if guid else "Tenant"
            return [(name, "strong")]
        case "topic":
            return [(result.rule.topic, "strong")]
        case _:
            words = page.options.group_by.removeprefix("tag:").replace("_", " ").capitalize()
            value = group_key(result, page.options)
            return [(f"{words}: {value}" if value else f"No {words.lower()}", "strong")]


def _which(page: Page, result: Result) -> list[Words]:
    """The rule, and the resource where the group does not say it."""
    match page.options.group_by:
        case "resource":
            return [result.rule.title]
        case "subscription":
            where = page.group(result.subject)
        case _:
            where = page.place(result.subject)
    return [result.rule.title, ": ", page.resource(result.subject), (f"  {where}", "quiet")]


def _first(page: Page, group: Sequence[Result], most: int = _SHOWN) -> Sequence[Result]:
    """What is shown of a group; one more is shown rather than counted."""
    return group if page.options.verbose or len(group) == most + 1 else group[:most]


def _tally(group: Sequence[Result]) -> str:
    failed = sum(result.outcome is Outcome.FAIL for result in group)
    return count(failed, "finding") if failed else count(len(group), "result")
