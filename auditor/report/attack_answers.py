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

from collections.abc import Iterator, Sequence
from typing import Any

from auditor.facts.paths.chokes import Choke, Joined
from auditor.facts.paths.model import Edge, Path
from auditor.inventory.model import Gap
from auditor.report.answers import document, gap_json, maybe_more, node_json, proofs_json, told, why, wrapped

_CUTS_SHOWN = 5


def attacks_as_text(
    start: str, ways: Sequence[Joined], cuts: Sequence[Choke], gap: Gap | None, width: int, *, complete: bool = True
) -> str:
    """Every way once, with its steps, what proves each, and the one change that ends most."""
    lines: list[str] = []
    for number, way in enumerate(ways, 1):
        path = way.best
        targets = ", ".join(f"{node.name} ({node.kind.replace('-', ' ')})" for node in way.targets)
        lines += wrapped(f"{number}. {targets}  [{path.entry}, score {path.score}]", width)
        if path.unread:
            lines += wrapped(f"not certain: {why(path.unread)}", width, "   ", "     ")
        for edge in path.edges:
            lines += _step(edge, width)
        lines += [*wrapped(f"cut by: {way.choke}", width, "   ", "     "), ""]
    if not ways:
        lines += [f"No path from {start} to what was asked for.", ""]
    lines += [*cuts_as_lines(cuts, width), ""] if cuts else []
    if not complete:
        lines += wrapped("There are more ways than these: of each target the best are told.", width)
    return told((*lines, *maybe_more(gap, width)))


def cuts_as_text(cuts: Sequence[Choke], gap: Gap | None, width: int) -> str:
    """The changes alone."""
    lines = cuts_as_lines(cuts, width) if cuts else ["There is no path to cut."]
    return told((*lines, *maybe_more(gap, width)))


def cuts_as_lines(cuts: Sequence[Choke], width: int) -> list[str]:
    """Changes by what they end."""
    lines = ["What to change first:"]
    for cut in cuts[:_CUTS_SHOWN]:
        freed = f"; nothing else leads to {', '.join(cut.targets)}" if cut.targets else ""
        count = f"{cut.paths} {'path' if cut.paths == 1 else 'paths'}"
        lines += wrapped(f"{cut.change}: ends {count}{freed}", width, "  ", "    ")
    return lines


def attacks_as_json(
    start: str, paths: Sequence[Path], cuts: Sequence[Choke], gap: Gap | None, *, complete: bool
) -> str:
    """All paths as JSON."""
    content = {
        "schema_version": "1.0",
        "from": start,
        "complete": complete,
        "gap": gap_json(gap),
        "paths": [_path(path) for path in paths],
        "cuts": [{"change": cut.change, "paths": cut.paths, "frees": list(cut.targets)} for cut in cuts],
    }
    return document(content)


def _path(path: Path) -> dict[str, Any]:
    return {
        "start": node_json(path.start),
        "target": node_json(path.target),
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
        "source": node_json(edge.source),
        "target": node_json(edge.target),
        "text": edge.text,
        "proofs": proofs_json(edge.proofs),
        "cut": edge.cut,
        "guard": edge.guard,
        "assumed": edge.assumed,
        "certain": edge.certain,
    }


def _step(edge: Edge, width: int) -> Iterator[str]:
    yield from wrapped(f"{'->' if edge.certain else '..'} {edge.text}  [{edge.kind}]", width, "   ", "      ")
    for proof in edge.proofs:
        yield from wrapped(f"{proof.path}: {proof.value}, of {proof.resource}", width, "      ", "        ")
    if edge.assumed:
        yield from wrapped(f"assumed: {edge.assumed}", width, "      ", "        ")
    if edge.guard:
        yield from wrapped(f"in the way: {edge.guard}", width, "      ", "        ")
