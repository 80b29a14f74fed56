"""Rules on the terminal: the list, and the page of one rule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from auditor.cli.terminal import pager
from auditor.cli.terminal.streams import write_stdout
from auditor.report.terminal.console import text_of
from auditor.report.terminal.ink import Ink
from auditor.report.text import count, paragraphs, plain
from auditor.rules.conditions.compare import OPERATORS, show

if TYPE_CHECKING:
    from rich.console import RenderableType

    from auditor.rules.model import Parameter, Rule

_WIDE = 110
"""Columns from which on a rule's id and title stand side by side."""


def print_list(rules: Sequence[Rule], total: int) -> None:
    """Rules by topic, the worst first; a line each without cuts where stdout is no terminal."""
    ordered = sorted(rules, key=lambda rule: (rule.topic, rule.severity.rank, rule.id))
    if not sys.stdout.isatty():
        write_stdout("".join(_plain_rows(ordered)))
        return
    _print(lambda ink: [*_by_topic(ink, ordered), _end(ink, len(rules), total)])


def print_page(rule: Rule) -> None:
    """Everything about one rule."""
    _print(lambda ink: list(_page(ink, rule)))


def _print(parts: Callable[[Ink], list[RenderableType]]) -> None:
    from dataclasses import replace

    from auditor.cli.terminal.output import render_options

    options = render_options()
    text = text_of(parts(Ink(options)), options)
    if pager.will_page(text.count("\n")):  # pagers of some years ago show links as rubbish
        text = text_of(parts(Ink(replace(options, hyperlinks=False))), options)
    pager.show(text)


def _plain_rows(rules: Sequence[Rule]) -> Iterator[str]:
    """Columns for other programs: id, severity, topic, title."""
    widths = [max((len(cell) for cell in column), default=0) for column in zip(*map(_cells, rules), strict=True)]
    for rule in rules:
        yield "  ".join(cell.ljust(width) for cell, width in zip(_cells(rule), widths, strict=True)).rstrip() + "\n"


def _cells(rule: Rule) -> tuple[str, ...]:
    return rule.id, rule.severity.value, rule.topic, plain(rule.title)


def _by_topic(ink: Ink, rules: Sequence[Rule]) -> Iterator[RenderableType]:
    width = max((len(rule.id) for rule in rules), default=0)
    for topic, group in groupby(rules, key=lambda rule: rule.topic):
        members = list(group)
        yield ink.line((topic, "strong"), (f"  {count(len(members), 'rule')}", "quiet"))
        for rule in members:
            yield from _row(ink, rule, width)
        yield ""


def _row(ink: Ink, rule: Rule, width: int) -> Iterator[RenderableType]:
    severity = ink.text((f"{rule.severity.value:<8}", rule.severity.value))
    if ink.options.width >= _WIDE:
        padding = " " * (width - len(rule.id) + 2)
        yield ink.labelled_by(
            ink.text(severity, "  ", ink.rule(rule, "command"), padding), ink.text(rule.title), indent=2
        )
        return
    yield ink.labelled_by(ink.text(severity, "  "), ink.text(rule.title), indent=2)
    yield ink.line(ink.rule(rule, "command"), indent=12)


def _end(ink: Ink, shown: int, total: int) -> RenderableType:
    of = f" of {total:,}" if shown != total else ""
    return ink.line(
        (f"{count(shown, 'rule')}{of}; ", "quiet"), ("auditor rules show ID", "command"), (" says more", "quiet")
    )


def _page(ink: Ink, rule: Rule) -> Iterator[RenderableType]:
    yield ink.line(ink.severity(rule.severity), "  ", (rule.title, "strong"))
    yield ink.line(ink.rule(rule, "command"), (f"  {rule.topic}  {rule.source}", "quiet"))
    if rule.deprecated:
        yield ink.line(("Deprecated: ", "medium"), rule.deprecated)
    if rule.overridden:
        yield ink.line(("Set by you: ", "medium"), rule.overridden.words(rule.severity))
    for title, parts in _sections(ink, rule):
        yield ""
        yield ink.line((title, "strong"))
        yield from parts


def _sections(ink: Ink, rule: Rule) -> Iterator[tuple[str, Iterable[RenderableType]]]:
    yield "Judges", [ink.line(name, indent=2) for name in rule.resource or ("every resource",)]
    for title, key in (("Where", "when"), ("Fails where", "fail_if")):
        if key in rule.definition:
            yield title, list(_condition(ink, rule.definition[key]))
    if rule.declared:
        yield "Can be set with --overrides", [ink.line(_parameter(rule, each), indent=2) for each in rule.declared]
    if rule.description:
        yield "Why", _prose(ink, rule.description)
    yield "Fix", list(_fixes(ink, rule))
    if rule.frameworks:
        yield "Frameworks", [_controls(ink, rule.frameworks)]
    if rule.equivalents:
        yield "Same check elsewhere", [_pairs(ink, rule.equivalents)]
    if rule.references:
        yield "Read more", [ink.code(link, indent=2, address=link) for link in rule.references]
    examples = rule.examples
    counts = f"{len(examples.fail)} that fail, {len(examples.passing)} that pass; "
    yield "Examples", [ink.line(counts, ("auditor rules test", "command"), " runs them", indent=2)]


def _parameter(rule: Rule, parameter: Parameter) -> str:
    _, value = rule.overridden.parameters.get(parameter.name, (0, None)) if rule.overridden else (0, None)
    set_to = f", set to {value}" if value is not None else ""
    return f"{parameter.name}: {parameter.description} ({parameter.words}{set_to})"


def _condition(ink: Ink, condition: Any) -> Iterator[RenderableType]:
    for line in words(condition):
        yield ink.line(line.strip(), indent=2 + len(line) - len(line.lstrip()))


def _prose(ink: Ink, text: str) -> list[RenderableType]:
    return [ink.line(part, indent=2) for part in paragraphs(text).splitlines() if part]


def _fixes(ink: Ink, rule: Rule) -> Iterator[RenderableType]:
    from auditor.report.remedies import code_blocks
    from auditor.rules.patching import words as words_of

    yield from _prose(ink, rule.remediation.text)
    if rule.remediation.patch:
        yield ""
        yield ink.line(("What it sets", "quiet"), indent=2)
        for change in rule.remediation.patch:
            yield ink.line(words_of(change), indent=4)
    for heading, _, code in code_blocks(rule.remediation):
        yield ""
        yield ink.line((heading, "quiet"), indent=2)
        yield ink.code(code, indent=4)


def _controls(ink: Ink, frameworks: Mapping[str, Iterable[str]]) -> RenderableType:
    """Controls by framework, with their titles where the framework's are listed."""
    from rich.padding import Padding
    from rich.table import Table

    from auditor.rules.frameworks import shipped
    from auditor.rules.vocabulary import FRAMEWORKS

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, controls in frameworks.items():
        titles = {each.id: each.title for each in shipped(name).controls} if name in FRAMEWORKS else {}
        for number, control in enumerate(controls):
            shown = "" if number else name
            table.add_row(ink.text((shown, "quiet")), ink.text(control), ink.text(titles.get(control, "")))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _pairs(ink: Ink, rows: Mapping[str, Iterable[str]]) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, values in rows.items():
        table.add_row(ink.text((name, "quiet")), ink.text(", ".join(values)))
    return Padding(table, (0, 0, 0, 2), expand=False)


def words(condition: Any, depth: int = 0) -> Iterable[str]:
    """A condition in words, one part a line, inner parts indented."""
    pad = "  " * depth
    if not isinstance(condition, dict):
        yield f"{pad}{condition}"
        return
    for key, title in (("allof", "all of"), ("anyof", "any of")):
        name = next((name for name in condition if name.lower() == key), None)
        if name:
            yield f"{pad}{title}"
            for part in condition[name]:
                yield from words(part, depth + 1)
            return
    if "not" in condition:
        yield f"{pad}not"
        yield from words(condition["not"], depth + 1)
        return
    yield from _test(condition, pad, depth)


def _test(condition: dict[str, Any], pad: str, depth: int) -> Iterable[str]:
    comparison = next(
        (
            f"{OPERATORS[key.lower()].name} {_operand(value)}"
            for key, value in condition.items()
            if key.lower() in OPERATORS
        ),
        "",
    )
    if "count" in condition:
        counted = condition["count"]
        what = counted.get("field") or counted.get("value") or _relation(counted.get("related", {}))
        where = counted.get("where") or (counted.get("related") or {}).get("where")
        yield f"{pad}number of {what} {comparison}{', counting where' if where else ''}"
    elif "related" in condition:
        where = condition["related"].get("where")
        yield f"{pad}there is {_relation(condition['related'])}{' where' if where else ''}"
    else:
        yield f"{pad}{condition.get('field', condition.get('value'))} {comparison}"
        return
    if where:
        yield from words(where, depth + 1)


def _relation(related: dict[str, Any]) -> str:
    if "by" in related:
        return f"what {related['by']} refers to"
    if "child" in related:
        return f"child {related['child']}"
    if "parent" in related:
        return "the parent"
    kind = related.get("type", "")
    shown = f"any of {len(kind)} types" if isinstance(kind, list) else kind
    if "matching" in related:
        pairs = ", ".join(f"{theirs} = {ours}" for theirs, ours in related["matching"].items())
        return f"{shown} with {pairs}"
    return f"{shown} that refers to it" + (f" in {related['referencing']}" if "referencing" in related else "")


def _operand(value: Any) -> str:
    return ", ".join(map(show, value)) if isinstance(value, list) else show(value)
