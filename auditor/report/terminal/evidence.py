"""Resources of a rule, and what was found there against what was wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Result
from auditor.report.terminal.page import Page
from auditor.report.text import count, value_words
from auditor.rules.model import Evidence

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from auditor.report.terminal.page import Words

_SHOWN = 2
_VALUE = 60


def listing(page: Page, results: Sequence[Result]) -> Iterator[RenderableType]:
    """The resources with their evidence; evidence that is the same for all of them is said once."""
    if len(results) > 1 and _alike(results):
        for leaf in _leaves(page, results[0]):
            yield page.line(*_words(leaf), indent=2)
        yield from _hidden(page, results[0], indent=2)
        yield _columns(page, results)
        return
    for result in results:
        yield page.line(
            page.mark(result), page.resource(result.subject), (f"  {page.place(result.subject)}", "quiet"), indent=2
        )
        yield from evidence_lines(page, result, indent=6)


def evidence_lines(page: Page, result: Result, *, indent: int) -> Iterator[RenderableType]:
    """The message, what was found against what was wanted, and why a failure is accepted."""
    if result.outcome is Outcome.FAIL and result.message != result.rule.title:
        yield page.line(result.message, indent=indent)
    if result.exemption:
        until = f"{result.exemption.expires_at:%Y-%m-%d}"
        accepted = f"accepted until {until} by {result.exemption.owner}: {result.exemption.reason}"
        yield page.line((accepted, "quiet"), indent=indent)
    if result.outcome in (Outcome.FAIL, Outcome.EXEMPT):
        for leaf in _leaves(page, result):
            yield page.line(*_words(leaf), indent=indent)
        yield from _hidden(page, result, indent=indent)


def _alike(results: Sequence[Result]) -> bool:
    """Whether evidence and message say the same of each, apart from the resource's name."""
    first = results[0]
    return all(
        result.outcome is Outcome.FAIL and result.evidence == first.evidence and _template(result) == _template(first)
        for result in results
    )


def _template(result: Result) -> str:
    return result.message.replace(result.subject.name, "\0") if result.subject.name else result.message


def _columns(page: Page, results: Sequence[Result]) -> RenderableType:
    """Name, group and subscription in columns."""
    from rich.padding import Padding
    from rich.table import Table

    table: Table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    for result in results:
        group, subscription = page.group(result.subject), page.subscription(result.subject)
        table.add_row(page.resource(result.subject), page.text((group, "quiet")), page.text((subscription, "quiet")))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _leaves(page: Page, result: Result) -> Sequence[Evidence]:
    return result.evidence if page.options.verbose else result.evidence[:_SHOWN]


def _hidden(page: Page, result: Result, *, indent: int) -> Iterator[RenderableType]:
    if hidden := len(result.evidence) - len(_leaves(page, result)):
        yield page.line((f"and {count(hidden, 'more property', 'more properties')}", "quiet"), indent=indent)


def _words(leaf: Evidence) -> list[Words]:
    path = leaf.path
    owner, separator, inner = path.rpartition(":")
    if separator and "/" in owner:  # another resource's property: its name is enough here
        path = f"{owner.rstrip('/').rpartition('/')[2]}: {inner}"
    found = value_words(leaf.actual, _VALUE)
    return [(f"{path} is ", "quiet"), (found, "bad"), ("; wanted: ", "quiet"), leaf.expected]
