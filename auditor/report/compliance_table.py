"""Compliance for a terminal, readable from 80 columns up: all frameworks, one with its controls, one control."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Report, Result
from auditor.report.compliance import ASSESSED, STATE_ORDER, Control, ControlState, Listed, Posture
from auditor.report.compliance_formats import NO_SCORES, Scores, score_words
from auditor.report.model import RenderOptions
from auditor.report.score import WEIGHTS
from auditor.report.terminal.console import text_of
from auditor.report.terminal.evidence import listing
from auditor.report.terminal.page import Page
from auditor.report.terminal.summary import heading
from auditor.report.text import count
from auditor.rules.model import Rule

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

_STYLES = {
    ControlState.PASSED: "good",
    ControlState.FAILED: "high",
    ControlState.UNANSWERED: "medium",
    ControlState.EXEMPT: "low",
    ControlState.NOT_ASSESSED: "",
    ControlState.NOT_COVERED: "quiet",
}
_GLYPHS = dict(zip(STATE_ORDER, "█▓▒▚░·", strict=True))
_WIDEST_BAR = 60
_SHOWN = 5
MEANING = (
    "Percentages are of the controls that were assessed: passed, failed, exempt or unanswered. A control that is "
    "exempt or unanswered never counts as passed; one whose rules had nothing to judge, or that no rule covers, "
    "does not count at all."
)


RESOURCES = (
    "Resources are counted once a control, by the worst that one of its rules says: passed, failed, unanswered (?) or "
    "exempt. A scope that could not be read counts as one."
)
SCORE_MEANING = (
    "Scores are the share of checks, one rule on one resource, that passed, weighted by severity "
    f"({', '.join(f'{severity.value} {weight}' for severity, weight in WEIGHTS.items())}). "
    "What is exempt or unknown did not pass."
)


def overview(report: Report, shown: Sequence[Posture], options: RenderOptions, scores: Scores = NO_SCORES) -> str:
    """A line a framework, then the worst subscriptions and owners."""
    return text_of(_overview(Page(options, report), shown, scores), options)


def details(
    report: Report, shown: Sequence[Posture], options: RenderOptions, listed: Listed, scores: Scores = NO_SCORES
) -> str:
    """Every framework with its controls by section; what no rule covers is told in one line where it is not listed."""
    return text_of(_details(Page(options, report), shown, listed, scores), options)


def control_page(report: Report, shown: Sequence[Posture], listed: Listed, options: RenderOptions) -> str:
    """One control, in every framework that has it: its rules, and what fails."""
    page = Page(options, report)
    found = [(posture, control) for posture in shown for control in posture.every if control in listed]
    return text_of((part for posture, control in found for part in _control(page, posture, control)), options)


def _overview(page: Page, shown: Sequence[Posture], scores: Scores) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    yield from heading(page)
    states = [state for state in STATE_ORDER[1:] if state is not ControlState.EXEMPT or _any(shown, state)]
    wide = page.options.width >= 120
    table = Table(box=None, pad_edge=False, padding=(0, 2 if wide else 1, 0, 0), header_style="")
    if wide:
        table.add_column(overflow="fold")
    table.add_column(page.text(("FRAMEWORK", "strong")), overflow="fold", min_width=14)
    table.add_column(page.text(("PASSED", "strong")), justify="right", no_wrap=True)
    for word in (*states, "controls"):
        title = word.upper() if wide else word.upper().replace(" ", "\n")
        table.add_column(Text(title, "bold" if page.options.colour else ""), justify="right", min_width=6)
    for posture in shown:
        cells = [_number(page, posture.count(state), _STYLES[state]) for state in states]
        names = [page.text(posture.name)] if wide else []
        name = page.text((posture.framework, "strong"))
        table.add_row(*names, name, _share(page, posture), *cells, page.text(f"{posture.total:,}"))
    yield table
    yield ""
    yield from _scores(page, scores)
    yield page.line((MEANING, "quiet"))
    yield page.line(
        ("Next: ", "strong"), ("auditor compliance --framework NAME", "command"), " lists the controls of one."
    )


def _any(shown: Sequence[Posture], state: ControlState) -> bool:
    return any(posture.count(state) for posture in shown)


def _number(page: Page, number: int, style: str) -> Text:
    return page.text((f"{number:,}", style)) if number else page.text(("-", "quiet"))


def _share(page: Page, posture: Posture) -> Text:
    if posture.passed_percent is None:
        return page.text(("nothing assessed", "quiet"))
    return page.text((f"{posture.passed_percent:.1f} %", "good"), f"  {posture.passed} of {posture.assessed}")


def _scores(page: Page, scores: Scores) -> Iterator[RenderableType]:
    """The worst subscriptions and owners."""
    from rich.table import Table

    any_shown = False
    for kind, found in scores.items():
        if not found:
            continue
        any_shown = True
        wanted = found if page.options.verbose else found[:_SHOWN]
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
        table.add_column(page.text((kind.upper(), "strong")), overflow="fold", min_width=24)
        for word in ("SCORE", "FINDINGS", "UNKNOWN", "EXEMPT"):
            table.add_column(page.text((word, "strong")), justify="right", no_wrap=True)
        for score in wanted:
            numbers = [_number(page, number, "") for number in (score.findings, score.unknown, score.exempt)]
            table.add_row(page.text(score.name), page.text(score_words(score)), *numbers)
        yield table
        if rest := len(found) - len(wanted):
            yield page.line((f"... and {rest:,} more: add --verbose", "quiet"), indent=2)
        yield ""
    if any_shown:
        yield page.line((SCORE_MEANING, "quiet"))


def _details(page: Page, shown: Sequence[Posture], listed: Listed, scores: Scores) -> Iterator[RenderableType]:
    yield from heading(page)
    for posture in shown:
        yield from _head(page, posture)
        controls = [control for control in posture.every if control in listed]
        width = max((len(control.id) for control in controls), default=0)
        if controls:
            yield _row(page, width, [page.text((name, "strong")) for name in _columns(page)])
        for section, group in groupby(controls, key=lambda control: control.section):
            if section:
                yield page.line((section, "strong"))
            for control in group:
                yield _row(page, width, _cells(page, control))
        if controls:
            yield ""
        if ControlState.NOT_COVERED not in listed.states:
            yield from _folded(posture, page)
    yield from _scores(page, scores)
    yield page.line((MEANING, "quiet"))
    yield page.line((RESOURCES, "quiet"))


def _head(page: Page, posture: Posture) -> Iterator[RenderableType]:
    yield page.line((posture.name or posture.framework, "strong"), f"  {posture.framework}" if posture.name else "")
    if posture.total:
        yield _bar(page, posture)
    yield from _legend(page, posture)
    if posture.passed_percent is None:
        yield page.line(("No control was assessed.", "medium"))
    else:
        share = f"{posture.passed_percent:g} % passed"
        yield page.line((share, "strong"), f": {posture.passed:,} of {posture.assessed:,} controls that were assessed.")
    yield ""


def _bar(page: Page, posture: Posture) -> RenderableType:
    """All controls as one bar; a state that is there has one cell at least."""
    room = min(_WIDEST_BAR, page.options.width)
    cells = {state: posture.count(state) * room // posture.total for state in STATE_ORDER}
    for state in STATE_ORDER:
        cells[state] = max(cells[state], 1 if posture.count(state) else 0)
    largest = max(STATE_ORDER, key=lambda state: cells[state])
    cells[largest] += room - sum(cells.values())
    return page.line(*((_GLYPHS[state] * cells[state], _STYLES[state]) for state in STATE_ORDER))


def _legend(page: Page, posture: Posture) -> Iterator[RenderableType]:
    """How many controls are in each state, and of how many; a line breaks between states only."""
    shown = [state for state in STATE_ORDER if posture.count(state)]
    parts = [
        page.text((_GLYPHS[state], _STYLES[state]), f" {state} {posture.count(state):,} ({posture.share(state):.1f} %)")
        for state in shown
    ]
    line = page.text()
    for part in [*parts, page.text(f"of {count(posture.total, 'control')}")]:
        if line.cell_len and line.cell_len + 3 + part.cell_len > page.options.width:
            yield page.line(line)
            line = page.text()
        line = page.text(line, "   ", part) if line.cell_len else part
    yield page.line(line)


_WIDE = 120
_NARROW_RESOURCES = ("PASS/FAIL/?",)
_WIDE_RESOURCES = ("PASSED", "FAILED", "UNANSWERED", "EXEMPT")


def _columns(page: Page) -> tuple[str, ...]:
    """Behind the verdict, how many resources there are of each kind; where there is room a column for each."""
    counts = _WIDE_RESOURCES if page.options.width >= _WIDE else _NARROW_RESOURCES
    return ("STATE", "CONTROL", "", *counts, "FINDINGS", "WORST")


def _row(page: Page, width: int, cells: Sequence[Text]) -> Table:
    from rich.table import Table

    table: Table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    names = _columns(page)
    for number, name in enumerate(names):
        if not name:
            table.add_column(ratio=1)
            continue
        size = {0: 12, 1: max(width, len("CONTROL"))}.get(number, max(len(name), 8))
        table.add_column(width=size, no_wrap=True, justify="right" if 2 < number < len(names) - 1 else "left")
    table.add_row(*cells)
    return table


def _cells(page: Page, control: Control) -> list[Text]:
    found = control.resources
    numbers = _numbers(control)
    if page.options.width >= _WIDE:
        counts = [_number(page, number, "") if found.judged else page.text() for number in numbers]
    else:
        counts = [page.text("/".join(map(str, numbers[:3])) if found.judged else "")]
    return [
        page.text((control.state.value, _STYLES[control.state])),
        page.text(control.id),
        page.text(control.title or "-"),
        *counts,
        page.text(f"{control.findings:,}" if control.findings else ""),
        page.text((control.worst.value, control.worst.value)) if control.worst else page.text(),
    ]


def _numbers(control: Control) -> tuple[int, int, int, int]:
    found = control.resources
    return (found.passed, found.failed, found.unanswered, found.exempt)


def _folded(posture: Posture, page: Page) -> Iterator[RenderableType]:
    """How many controls no rule covers, and where they are."""
    uncovered = posture.uncovered
    if not uncovered:
        return
    sections = Counter(control.section for control in uncovered if control.section)
    where = "; ".join(f"{name} {number}" for name, number in sections.items())
    manual = sum(control.assessable == "manual" for control in uncovered)
    told = f", {manual:,} of which the publisher calls manual" if manual else ""
    need = "it needs" if len(uncovered) == 1 else "they need"
    yield page.line(
        ("Not covered: ", "strong"),
        f"no rule looks at {count(len(uncovered), 'control')}{told}; {need} "
        f"another way to be assessed. {f'By section: {where}. ' if where else ''}",
        ("--all", "command"),
        " lists them.",
    )
    yield ""


def _control(page: Page, posture: Posture, control: Control) -> Iterator[RenderableType]:
    yield page.line(
        (control.id, "strong"), f"  {control.title}  ", (control.state.value.upper(), _STYLES[control.state])
    )
    about = [posture.name or posture.framework, control.section, control.assessable and f"{control.assessable} control"]
    yield page.line((" · ".join(part for part in about if part), "quiet"))
    if (found := control.resources).judged:
        words = zip(("passed", "failed", "unanswered", "exempt"), _numbers(control), strict=True)
        told = ", ".join(f"{number:,} {word}" for word, number in words)
        yield page.line(f"{count(found.judged, 'resource')}: {told}")
    if not control.rules:
        yield page.line("No rule looks at it; it needs another way to be assessed.")
    elif control.state not in ASSESSED:
        yield page.line("Its rules had nothing to judge.")
    yield ""
    by_id = {rule.id: rule for rule in page.report.rules}
    for rule_id in control.rules:
        yield from _rule(page, by_id[rule_id])


def _rule(page: Page, rule: Rule) -> Iterator[RenderableType]:
    tally = page.report.tallies.get(rule.id, {})
    told = ", ".join(f"{tally[outcome]:,} {outcome}" for outcome in Outcome if tally.get(outcome))
    yield page.line(
        page.severity(rule.severity), "  ", (rule.title, "strong"), (f"  {told or 'nothing to judge'}", "quiet")
    )
    yield page.line(page.rule(rule, "command"), indent=2)
    wanted = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
    results = [result for result in page.report.with_outcome(*wanted) if result.rule.id == rule.id]
    shown: Sequence[Result] = results if page.options.verbose else results[:_SHOWN]
    if shown:
        yield from listing(page, shown)
    if rest := len(results) - len(shown):
        yield page.line((f"... and {rest:,} more: add --verbose", "quiet"), indent=2)
    yield ""
