"""Resources of a rule, and what was found there against what was wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Result
from auditor.report.changed import changed_in_short
from auditor.report.terminal.page import Page
from auditor.report.text import count, shorten, value_words
from auditor.rules.model import Evidence

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from auditor.report.terminal.ink import Words

_SHOWN = 2
_VALUE = 60
_MESSAGE = 240
_OWNER = re.compile(r"^(?P<count>\w+\()?(?P<owner>/[^:]*/[^:]+):\s*")
"""In a path, the id of the resource that the property belongs to: `<id>: properties.x`, `count(<id>: subnets)`."""


def listing(page: Page, results: Sequence[Result]) -> Iterator[RenderableType]:
    """The resources with their evidence; evidence that is the same for all of them is said once."""
    if len(results) > 1 and _alike(results) and _leaves(page, results[0]):
        for leaf in _leaves(page, results[0]):
            yield page.line(*_words(leaf), indent=2)
        yield from _hidden(page, results[0], indent=2)
        yield _columns(page, results)
        return
    # A message that only repeats the title with a name in it is worth its line once, not for each resource.
    told = len({_template(result) for result in results}) > 1 or len(results) == 1 or not _leaves(page, results[0])
    for result in results:
        yield page.line(
            page.mark(result), page.resource(result.subject), (f"  {page.place(result.subject)}", "quiet"), indent=2
        )
        yield from evidence_lines(page, result, indent=6, message=told)


def evidence_lines(page: Page, result: Result, *, indent: int, message: bool = True) -> Iterator[RenderableType]:
    """The message, what was found against what was wanted, and why a failure is accepted."""
    if message and result.outcome is Outcome.FAIL and result.message != result.rule.title:
        yield page.line(result.message if page.options.verbose else shorten(result.message, _MESSAGE), indent=indent)
    if result.exemption:
        yield page.line((f"accepted {result.exemption.words}", "quiet"), indent=indent)
    if result.outcome in (Outcome.FAIL, Outcome.EXEMPT):
        for leaf in _leaves(page, result):
            yield page.line(*_words(leaf), indent=indent)
        yield from _hidden(page, result, indent=indent)
        if result.changed:
            yield page.line(("changed " + changed_in_short(result.changed), "quiet"), indent=indent)


def _alike(results: Sequence[Result]) -> bool:
    """Whether evidence and message say the same of each, apart from the resource's name."""
    first = results[0]
    return all(
        result.outcome is Outcome.FAIL
        and result.changed == first.changed
        and result.evidence == first.evidence
        and _template(result) == _template(first)
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
    return result.evidence if page.options.verbose else _telling(result)[:_SHOWN]


def _telling(result: Result) -> Sequence[Evidence]:
    """The evidence that says more than the message: what was computed, such as a path, is told there in words."""
    if result.message == result.rule.title:
        return result.evidence
    return [leaf for leaf in result.evidence if not leaf.path.startswith("facts.")]


def _hidden(page: Page, result: Result, *, indent: int) -> Iterator[RenderableType]:
    everything = result.evidence if page.options.verbose else _telling(result)
    if hidden := len(everything) - len(_leaves(page, result)):
        yield page.line((f"and {count(hidden, 'more property', 'more properties')}", "quiet"), indent=indent)


def _words(leaf: Evidence) -> list[Words]:
    path = _OWNER.sub(_owner_name, leaf.path)
    found = value_words(leaf.actual, _VALUE)
    wanted = shorten(leaf.expected, _MESSAGE)
    return [shorten(path, _MESSAGE), (" is ", "quiet"), (found, "bad"), ("; wanted: ", "quiet"), wanted]


def _owner_name(found: re.Match[str]) -> str:
    """Another resource's property: of its id the name is enough here."""
    return f"{found['count'] or ''}{found['owner'].rstrip('/').rpartition('/')[2]}: "
