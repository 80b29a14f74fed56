"""What changed between two audits, as a table, Markdown, HTML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from auditor.evaluate.difference import Change, Difference, Direction, Kind, PropertyChange, Verdict
from auditor.inventory import ids
from auditor.inventory.model import Json
from auditor.report.encoding import encode
from auditor.report.markdown import escape
from auditor.report.text import count, plain, value_words

SCHEMA_VERSION = "1.0"
_NARROWEST = 40
_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~", Kind.UNREADABLE: "?", Kind.READABLE: "!"}
_SHOWN = {Direction.UNJUDGED: 10}
_SHOWN_OTHERS = 500
_STUCK = "\N{NO-BREAK SPACE}"
_VALUE = 60
_SHOWN_EVIDENCE = 3
_MOST_HTML_ROWS = 2_000
_MOST_ROWS = 200
"""Rows of a Markdown list: a step summary takes 1 MiB, and nobody reads more."""


def as_json(difference: Difference) -> str:
    """The difference as JSON, stable in its keys."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "summary": {direction.value: number for direction, number in _counts(difference).items()},
        "results": [_result(change) for change in difference.results],
        "properties": [_property(change) for change in difference.properties],
    }
    return encode(document).decode().rstrip("\n")


def _result(change: Change) -> dict[str, Any]:
    return {
        "direction": change.direction.value,
        "rule": change.rule,
        "title": change.title,
        "severity": change.severity.value,
        "resource": change.resource,
        "before": _side(change.before),
        "after": _side(change.after),
        "resource_existed": change.existed,
        "resource_exists": change.exists,
        "evidence": [_property(leaf) for leaf in change.evidence],
        "fingerprint": change.fingerprint,
    }


def _side(verdict: Verdict | None) -> dict[str, str] | None:
    return {"outcome": verdict.outcome.value, "severity": verdict.severity.value} if verdict else None


def _property(change: PropertyChange) -> dict[str, Json]:
    return {
        "resource": change.resource,
        "path": change.path,
        "kind": change.kind.value,
        "before": change.before,
        "after": change.after,
    }


def as_table(difference: Difference, width: int) -> str:
    """The difference as text `width` columns wide."""
    lines = [_headline(difference)]
    for direction, changes in groupby(difference.results, key=lambda change: change.direction):
        listed = list(changes)
        lines += ["", f"{direction.value.upper()}  {count(len(listed), 'result')}"]
        shown = listed[: _SHOWN.get(direction, _SHOWN_OTHERS)]
        for change in shown:
            lines += _wrapped(f"  {change.severity.value:<8}  {change.rule}  {_outcomes(change)}", width, 14)
            lines += _wrapped(f"            {_place(change.resource)}", width, 14)
            for text in _evidence_lines(change):
                lines += _wrapped(f"            {text}", width, 16)
        if hidden := len(listed) - len(shown):
            lines.append(f"  and {hidden:,} more; --format json has all")
    if difference.compares_resources:
        lines += ["", _resources_headline(difference)]
        for resource, leaves in groupby(difference.properties, key=lambda change: change.resource):
            own = list(leaves)
            whole = own[0] if not own[0].path else None
            note = f"  {whole.kind.value}" if whole else ""
            lines += _wrapped(f"  {_place(resource)}{note}", width, 6)
            for leaf in own:
                lines += _wrapped(f"    {_SIGNS[leaf.kind]}{_STUCK}{_leaf(leaf)}", width, 8) if leaf.path else []
    return "\n".join(lines)


def as_markdown(difference: Difference) -> str:
    """The difference as Markdown, for a step summary or a pull request."""
    lines = ["## Changes in the audit", "", escape(_headline(difference)) + "."]
    for direction, changes in groupby(difference.results, key=lambda change: change.direction):
        listed = list(changes)
        lines += ["", f"### {direction.value.capitalize()}: {count(len(listed), 'result')}", ""]
        lines += ["| Severity | Rule | Resource | Outcome | Evidence |", "| --- | --- | --- | --- | --- |"]
        rows = [
            (
                change.severity.value,
                change.rule,
                _place(change.resource),
                _outcomes(change),
                "\n".join(_evidence_lines(change)),
            )
            for change in listed[:_MOST_ROWS]
        ]
        lines += _rows(rows, len(listed))
    if difference.properties:
        lines += ["", f"### {_resources_headline(difference).capitalize()}", ""]
        lines += ["| Resource | What | Before | After |", "| --- | --- | --- | --- |"]
        shown = difference.properties[:_MOST_ROWS]
        lines += _rows(
            [(_place(leaf.resource), leaf.path or f"({leaf.kind.value})", *_sides(leaf)) for leaf in shown],
            len(difference.properties),
        )
    return "\n".join(lines)


def as_html(difference: Difference) -> str:
    """The difference as one HTML page without scripts, up to 2,000 rows a list."""
    from auditor.report.html import static_page

    grouped = []
    for direction, changes in groupby(difference.results, key=lambda change: change.direction):
        listed = list(changes)
        shown = [
            {
                "severity": change.severity.value,
                "rule": change.rule,
                "title": change.title,
                "place": _place(change.resource),
                "outcome": _outcomes(change),
                "evidence": _evidence_lines(change),
            }
            for change in listed[:_MOST_HTML_ROWS]
        ]
        grouped.append((direction.value.capitalize(), shown, len(listed) - len(shown)))
    leaves = difference.properties[:_MOST_HTML_ROWS]
    return static_page(
        "difference.html.j2",
        headline=_headline(difference),
        groups=grouped,
        resources_headline=_resources_headline(difference),
        properties=[
            (_place(leaf.resource), plain(leaf.path) or f"({leaf.kind.value})", *_sides(leaf)) for leaf in leaves
        ],
        more_properties=len(difference.properties) - len(leaves),
    )


def _rows(rows: Sequence[Sequence[str]], total: int) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join('<br>'.join(map(escape, cell.splitlines())) for cell in row)} |"
    if total > len(rows):
        yield f"| and {total - len(rows):,} more |{' |' * (len(rows[0]) - 1)}"


def _counts(difference: Difference) -> Mapping[Direction, int]:
    found = dict.fromkeys(Direction, 0)
    for change in difference.results:
        found[change.direction] += 1
    return found


def _headline(difference: Difference) -> str:
    told = [f"{number:,} {direction.value}" for direction, number in _counts(difference).items() if number]
    return "Results: " + (", ".join(told) or "none changed")


def _resources_headline(difference: Difference) -> str:
    whole = [change for change in difference.properties if not change.path]
    touched = {change.resource for change in difference.properties if change.path}
    told = [f"{count(len(touched), 'resource')} changed"] if touched else []
    numbers = {kind: sum(change.kind is kind for change in whole) for kind in Kind}
    told += [f"{number:,} {kind.value}" for kind, number in numbers.items() if number]
    return "Resources: " + (", ".join(told) or "none changed")


def _outcomes(change: Change) -> str:
    """`fail -> unknown`, with severities where these differ; the outcome alone where only one audit has it."""
    before, after = change.before, change.after
    if before and after:
        if before.outcome is not after.outcome:
            return f"{before.outcome.value} -> {after.outcome.value}"
        if before.severity is not after.severity:
            return f"{before.severity.value} -> {after.severity.value}"
        return after.outcome.value
    verdict = after or before
    told = verdict.outcome.value if verdict else ""
    if change.direction is Direction.WENT_AWAY and change.exists is not None:
        return f"{told} -> holds" if change.exists else f"{told}, resource removed"
    if change.direction is Direction.APPEARED and change.existed is False:
        return f"{told}, resource added"
    return told


def _place(resource: str) -> str:
    """A resource's name with its type and group, an unread scope as it is."""
    kind, group = ids.type_of_id(resource), ids.resource_group_of(resource)
    tail = ids.below_provider(resource.rstrip("/")).split("/")
    if not kind or resource.count("/") <= 4:
        return plain(resource)
    return plain(f"{'/'.join(tail[2::2]) or tail[-1]}  {kind}" + (f"  in {group}" if group else ""))


def _evidence_lines(change: Change) -> list[str]:
    lines = [_leaf(leaf) for leaf in change.evidence[:_SHOWN_EVIDENCE]]
    if (hidden := len(change.evidence) - len(lines)) > 0:
        lines.append(f"and {count(hidden, 'more property', 'more properties')}")
    return lines


def _leaf(leaf: PropertyChange) -> str:
    before, after = _sides(leaf)
    if leaf.kind in (Kind.UNREADABLE, Kind.READABLE):
        return f"{plain(leaf.path)}: {leaf.kind.value}"
    if leaf.path.endswith("[*]") and leaf.kind is not Kind.CHANGED:
        return f"{plain(leaf.path)}: {leaf.kind.value} {after if leaf.kind is Kind.ADDED else before}"
    return f"{plain(leaf.path)}: {before} -> {after}"


def _sides(leaf: PropertyChange) -> tuple[str, str]:
    words: Callable[[Json], str] = lambda value: value_words(value, _VALUE)  # noqa: E731 - two uses, one line
    return words(leaf.before), words(leaf.after)


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    import textwrap

    bare = plain(text.lstrip(" "))
    lines = textwrap.wrap(
        bare,
        max(width, _NARROWEST),
        initial_indent=" " * (len(text) - len(text.lstrip(" "))),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )
    return [line.replace(_STUCK, " ") for line in lines] or [""]
