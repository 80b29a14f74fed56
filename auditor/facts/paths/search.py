"""The ways through a graph: bounded, certain ones first, then by cost.

Every node is passed at most `KEPT` times, every path is at most `DEEPEST` steps long and comes to no node twice, and
of each target at most `PER_TARGET` paths are told. So the work grows with the edges, and never with the number of
paths, which in a dense graph is beyond counting.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor.facts.paths.model import ENTRY_COST, Edge, Node, NodeKind, Path
from auditor.facts.paths.position import Position

DEEPEST = 7
KEPT = 12
KEPT_BY_POSITION = 2
PER_TARGET = 5
MOST_STEPS = 400_000
"""Steps looked at in one search; after so many it ends with what was found."""
_HOSTS = frozenset({NodeKind.MACHINE, NodeKind.APP, NodeKind.CONTAINER, NodeKind.SERVICE})


@dataclass(frozen=True, slots=True)
class _Way:
    """A way so far: its last step and the way before it."""

    node: Node
    edge: Edge | None
    before: _Way | None
    length: int
    position: Position

    def edges(self) -> tuple[Edge, ...]:
        found: list[Edge] = []
        way: _Way | None = self
        while way is not None and way.edge is not None:
            found.append(way.edge)
            way = way.before
        return tuple(reversed(found))

    def passed(self, node: str) -> bool:
        way: _Way | None = self
        while way is not None:
            if way.node.id == node:
                return True
            way = way.before
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    paths: tuple[Path, ...]
    complete: bool
    """False where the bounds left ways out."""


def search(
    starts: Iterable[Node],
    edges: Callable[[Node], Iterable[Edge]],
    *,
    weight: Callable[[Node], int],
    passes: Callable[[Edge, Position], Edge | None],
    place: Callable[[Node], Position],
) -> Found:
    """The best paths from any of `starts` to every node that has a weight.

    `passes` says whether a step is open to whoever holds a position: the step, dotted where that is not known, or
    None. `place` gives a host's position.
    """
    heap: list[tuple[bool, int, int, int, _Way]] = []
    number = 0
    for node in starts:
        heapq.heappush(heap, (False, 0, 0, number, _Way(node, None, None, 0, place(node))))
        number += 1
    kept: Counter[str] = Counter()
    kept_here: Counter[tuple[str, Position]] = Counter()
    told: Counter[str] = Counter()
    paths: list[Path] = []
    looked, complete = 0, True
    while heap:
        unsure, cost, length, _, way = heapq.heappop(heap)
        node = way.node
        here = (node.id, way.position)
        if kept[node.id] >= KEPT or kept_here[here] >= KEPT_BY_POSITION:
            complete = False
            continue
        kept[node.id] += 1
        kept_here[here] += 1
        matters = weight(node) if way.edge is not None else 0
        if matters and told[node.id] < PER_TARGET:
            told[node.id] += 1
            paths.append(Path(way.edges(), matters))
        if length >= DEEPEST:
            continue
        for step in edges(node):
            looked += 1
            if looked > MOST_STEPS:
                return Found(tuple(paths), complete=False)
            if kept[step.target.id] >= KEPT or way.passed(step.target.id):
                continue
            taken = passes(step, way.position)
            if taken is None:
                continue
            number += 1
            added = _cost(taken)
            position = way.position | place(taken.target) if taken.target.kind in _HOSTS else way.position
            following = _Way(taken.target, taken, way, length + 1, position)
            heapq.heappush(heap, (unsure or not taken.certain, cost + added, length + 1, number, following))
    return Found(tuple(paths), complete)


def _cost(edge: Edge) -> int:
    found = 2 + (ENTRY_COST[edge.entry] * 2 if edge.entry else 0)
    return found + (4 if edge.assumed and not edge.entry else 0) + (1 if edge.guard else 0)


def ordered(paths: Iterable[Path]) -> list[Path]:
    """The certain first, then by score, names and steps."""
    return sorted(paths, key=lambda p: (not p.certain, -p.score, len(p.edges), p.short.lower(), p.text))
