"""The answer of `auditor paths` as text and as JSON.

JSON, stable in its keys:

    {"schema_version": "1.0", "from": "internet", "complete": true, "gap": null,
     "paths": [{"start": {"id", "kind", "name"}, "target": {...}, "certain": true, "entry": "exposed", "score": 63,
                "weight": 6, "text": "...",
                "steps": [{"kind", "source": {...}, "target": {...}, "text", "proofs": [{"resource", "path", "value"}],
                           "cut", "guard", "assumed", "certain"}]}],
     "cuts": [{"change": "...", "paths": 3, "frees": ["st1"]}]}

`frees` names the targets that no other path leads to once the change is made.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from auditor.facts.paths.chokes import Choke, Joined
from auditor.facts.paths.model import Edge, Node, Path
from auditor.inventory.model import Gap
from auditor.report.text import plain

_CUTS_SHOWN = 5


def attacks_as_text(
    start: str, ways: Sequence[Joined], cuts: Sequence[Choke], gap: Gap | None, width: int, *, complete: bool = True
) -> str:
    """Every way once, with its steps, what proves each, and the one change that ends most."""
    lines: list[str] = []
    for number, way in enumerate(ways, 1):
        path = way.best
        targets = ", ".join(f"{node.name} ({node.kind.replace('-', ' ')})" for node in way.targets)
        lines += _wrapped(f"{number}. {targets}  [{path.entry}, score {path.score}]", width)
        if path.unread:
            lines += _wrapped(f"not certain: {_why(path.unread)}", width, "   ", "     ")
        for edge in path.edges:
            lines += _step(edge, width)
        lines += [*_wrapped(f"cut by: {way.choke}", width, "   ", "     "), ""]
    if not ways:
        lines += [f"No path from {start} to what was asked for.", ""]
    lines += [*cuts_as_lines(cuts, width), ""] if cuts else []
    if not complete:
        lines += _wrapped("There are more ways than these: of each target the best are told.", width)
    return _closed(lines, gap, width)


def cuts_as_text(cuts: Sequence[Choke], gap: Gap | None, width: int) -> str:
    """The changes alone."""
    return _closed(cuts_as_lines(cuts, width) if cuts else ["There is no path to cut."], gap, width)


def cuts_as_lines(cuts: Sequence[Choke], width: int) -> list[str]:
    """Changes by what they end."""
    lines = ["What to change first:"]
    for cut in cuts[:_CUTS_SHOWN]:
        freed = f"; nothing else leads to {', '.join(cut.targets)}" if cut.targets else ""
        count = f"{cut.paths} {'path' if cut.paths == 1 else 'paths'}"
        lines += _wrapped(f"{cut.change}: ends {count}{freed}", width, "  ", "    ")
    return lines


def attacks_as_json(
    start: str, paths: Sequence[Path], cuts: Sequence[Choke], gap: Gap | None, *, complete: bool
) -> str:
    """All paths as JSON."""
    document = {
        "schema_version": "1.0",
        "from": start,
        "complete": complete,
        "gap": {"scope": gap.scope, "type": gap.type, "code": gap.code, "message": gap.message} if gap else None,
        "paths": [_path(path) for path in paths],
        "cuts": [{"change": cut.change, "paths": cut.paths, "frees": list(cut.targets)} for cut in cuts],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _path(path: Path) -> dict[str, Any]:
    return {
        "start": _node(path.start),
        "target": _node(path.target),
        "certain": path.certain,
        "entry": path.entry,
        "score": path.score,
        "weight": path.weight,
        "text": path.text,
        "steps": [_edge(edge) for edge in path.edges],
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "kind": edge.kind,
        "source": _node(edge.source),
        "target": _node(edge.target),
        "text": edge.text,
        "proofs": [{"resource": p.resource, "path": p.path, "value": p.value} for p in edge.proofs],
        "cut": edge.cut,
        "guard": edge.guard,
        "assumed": edge.assumed,
        "certain": edge.certain,
    }


def _node(node: Node) -> dict[str, str]:
    return {"id": node.id, "kind": node.kind, "name": node.name}


def _step(edge: Edge, width: int) -> Iterator[str]:
    yield from _wrapped(f"{'->' if edge.certain else '..'} {edge.text}  [{edge.kind}]", width, "   ", "      ")
    for proof in edge.proofs:
        yield from _wrapped(f"{proof.path}: {proof.value}, of {proof.resource}", width, "      ", "        ")
    if edge.assumed:
        yield from _wrapped(f"assumed: {edge.assumed}", width, "      ", "        ")
    if edge.guard:
        yield from _wrapped(f"in the way: {edge.guard}", width, "      ", "        ")


def _why(gap: Gap) -> str:
    return f"{gap.type} in {gap.scope} was not read ({gap.code})"


def _closed(lines: list[str], gap: Gap | None, width: int) -> str:
    if gap:
        lines += ["", *_wrapped(f"There may be more: {_why(gap)}.", width)]
    return "\n".join(plain(line) for line in lines).strip("\n") + "\n"


def _wrapped(text: str, width: int, first: str = "", following: str = "  ") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=following, break_on_hyphens=False, break_long_words=False
    )
