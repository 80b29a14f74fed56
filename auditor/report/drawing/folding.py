"""What is too much for one picture, folded into nodes that say how many they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.evaluate.model import Edge, Node, Picture
from auditor.report.drawing.layers import layers_of

_KEPT = (40, 25, 16, 10, 6, 4, 2, 1)


def folded(picture: Picture, most: int = 120) -> Picture:
    """The picture with at most about `most` nodes.

    Of nodes of one kind that the same nodes lead to, those on broken connections stay, then those with the worst
    findings, then the first; one node `27 more` stands for the others.
    """
    found = picture
    for kept in _KEPT:
        if len(found.nodes) <= most:
            return found
        found = _fold(picture, kept, by_source=True)
    return found if len(found.nodes) <= most else _fold(picture, 2, by_source=False)


def _fold(picture: Picture, kept: int, *, by_source: bool) -> Picture:
    layers = layers_of(picture)
    sources: dict[str, list[str]] = {}
    for edge in picture.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    stands_for: dict[str, str] = {}
    made: dict[str, Node] = {}
    broken = {end for edge in picture.edges if edge.broken for end in (edge.source, edge.target)}
    for layer in sorted(set(layers.values())):
        groups: dict[tuple[str, frozenset[str]], list[Node]] = {}
        for node in picture.nodes:
            if layers[node.id] == layer:
                before = {stands_for.get(source, source) for source in sources.get(node.id, ())} if by_source else ()
                groups.setdefault((node.kind, frozenset(before)), []).append(node)
        for nodes in groups.values():
            if len(nodes) <= kept + 1:
                continue
            ranked = sorted(nodes, key=lambda node: (node.id not in broken, _rank(node)))
            rest = ranked[kept:]
            more = _more(rest)
            made[rest[0].id] = more
            stands_for.update({node.id: more.id for node in rest})
    nodes = [made.get(node.id) or node for node in picture.nodes if node.id in made or node.id not in stands_for]
    return Picture(picture.id, picture.title, picture.caption, tuple(nodes), _edges(picture.edges, stands_for))


def _rank(node: Node) -> int:
    return node.severity.rank if node.severity else 9


def _more(nodes: list[Node]) -> Node:
    worst = min((node.severity for node in nodes if node.severity), key=lambda severity: severity.rank, default=None)
    kind = nodes[0].kind
    return Node(f"more:{nodes[0].id}", f"{len(nodes):,} more", kind, kind.replace("-", " "), worst)


def _edges(edges: Iterable[Edge], stands_for: Mapping[str, str]) -> tuple[Edge, ...]:
    together: dict[tuple[str, str], list[Edge]] = {}
    alone: list[tuple[str, str] | Edge] = []
    for edge in edges:
        ends = (stands_for.get(edge.source, edge.source), stands_for.get(edge.target, edge.target))
        if ends == (edge.source, edge.target):
            alone.append(edge)
            continue
        if ends not in together:
            alone.append(ends)
        together.setdefault(ends, []).append(edge)
    return tuple(item if isinstance(item, Edge) else _together(item, together[item]) for item in alone)


def _together(ends: tuple[str, str], edges: list[Edge]) -> Edge:
    broken = sum(edge.broken for edge in edges)
    labels = {edge.label for edge in edges}
    label = labels.pop() if len(labels) == 1 else f"{len(edges):,} connections"
    if 0 < broken < len(edges):
        label = f"{label}, {broken:,} broken".lstrip(", ")
    return Edge(*ends, label, broken=broken == len(edges))
