"""Rules on the terminal: the list, and the page of one rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule as Line
from rich.table import Table
from rich.text import Text

from auditor.rules.conditions.compare import OPERATORS, show

if TYPE_CHECKING:
    from auditor.rules.model import Rule

_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}


def print_list(rules: Sequence[Rule]) -> None:
    """A table of rules, by topic and then the worst first."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rule", no_wrap=True, overflow="ellipsis", min_width=24)
    table.add_column("severity")
    table.add_column("topic", no_wrap=True)
    table.add_column("title", ratio=1)
    for rule in sorted(rules, key=lambda rule: (rule.topic, rule.severity.rank, rule.id)):
        severity = Text(rule.severity.value, style=_STYLES[rule.severity.value])
        table.add_row(Text(rule.id), severity, Text(rule.topic, style="dim"), Text(rule.title))
    console = Console()
    console.print(table)
    console.print(Text(f"{len(rules)} rules; auditor rules show ID says more", style="dim"))


def print_page(rule: Rule) -> None:
    """Everything about one rule."""
    console = Console()
    head = Text.assemble((rule.severity.value, _STYLES[rule.severity.value]), "  ", (rule.title, "bold"))
    console.print(head)
    console.print(Text(f"{rule.id}  ·  {rule.topic}  ·  {rule.source}", style="dim"))
    if rule.deprecated:
        console.print(Text(f"deprecated: {rule.deprecated}", style="yellow"))
    for title, content in _sections(rule):
        console.print()
        console.print(Line(Text(title, style="bold"), align="left", style="dim"))
        console.print(Padding(content, (0, 0, 0, 2)))


def _sections(rule: Rule) -> Iterable[tuple[str, RenderableType]]:
    yield "Judges", Text(", ".join(rule.resource) or "every resource")
    if "when" in rule.definition:
        yield "Where", Text("\n".join(words(rule.definition["when"])))
    if "fail_if" in rule.definition:
        yield "Fails where", Text("\n".join(words(rule.definition["fail_if"])))
    if rule.description:
        yield "Why", Text(" ".join(rule.description.split()))
    yield "Fix", Group(*_fixes(rule))
    if rule.frameworks:
        yield "Frameworks", _pairs(rule.frameworks.items())
    if rule.equivalents:
        yield "Same check elsewhere", _pairs(rule.equivalents.items())
    if rule.references:
        yield "Read more", Text("\n".join(rule.references))
    examples = rule.examples
    counts = f"{len(examples.fail)} that fail, {len(examples.passing)} that pass"
    yield "Examples", Text(f"{counts}; auditor rules test runs them")


def _fixes(rule: Rule) -> Iterable[RenderableType]:
    yield Text(rule.remediation.text.strip())
    for name, code in (
        ("az", rule.remediation.az),
        ("bicep", rule.remediation.bicep),
        ("terraform", rule.remediation.terraform),
    ):
        if code:
            yield Text(f"\n{name}", style="dim")
            yield Text(code.strip("\n"))


def _pairs(rows: Iterable[tuple[str, Iterable[str]]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, values in rows:
        table.add_row(Text(name, style="dim"), Text(", ".join(values)))
    return table


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
        yield f"{pad}number of {what}{' where' if where else ''} -> {comparison}"
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
