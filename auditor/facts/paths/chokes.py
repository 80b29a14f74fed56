"""Paths told once: those that differ in their target alone are joined, and the change that ends most is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.facts.paths.model import Node, Path


@dataclass(frozen=True, slots=True)
class Choke:
    """One change, and what it ends."""

    change: str
    """What to change."""
    paths: int
    """How many paths go through it."""
    targets: tuple[str, ...]
    """Names of the targets that no other path leads to once it is made."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Paths that go one way and end at different targets."""

    best: Path
    """The one with the highest score."""
    targets: tuple[Node, ...]
    """Where they end."""
    choke: str
    """The one change on the way that ends most paths of all."""


def chokes(paths: Sequence[Path]) -> tuple[Choke, ...]:
    """Changes that end paths, the one that ends most first; among equals the one at the beginning."""
    counted: Counter[str] = Counter()
    first: dict[str, int] = {}
    for path in paths:
        for number, edge in enumerate(path.edges):
            first[edge.change] = min(first.get(edge.change, number), number)
        counted.update({edge.change for edge in path.edges})
    names = {path.target.id: path.target.name for path in paths}
    found = []
    for change, number in sorted(counted.items(), key=lambda item: (-item[1], first[item[0]], item[0])):
        left = {path.target.id for path in paths if change not in {edge.change for edge in path.edges}}
        ended = tuple(sorted({names[target] for target in names if target not in left}))
        found.append(Choke(change, number, ended))
    return tuple(found)


def joined(paths: Iterable[Path]) -> tuple[Joined, ...]:
    """Paths in groups of one way each, in the order of their best."""
    paths = list(paths)
    ends: Counter[str] = Counter()
    for path in paths:
        ends.update({edge.change for edge in path.edges})
    groups: dict[tuple[tuple[str, ...], bool], list[Path]] = {}
    for path in paths:
        way = tuple(edge.text for edge in path.edges[:-1]) or (path.edges[0].text,)
        groups.setdefault((way, path.certain), []).append(path)
    found = []
    for several in groups.values():
        best = several[0]
        choke = max(best.edges, key=lambda edge: ends[edge.change]).change
        targets = {path.target.id: path.target for path in several}
        found.append(Joined(best, tuple(targets.values()), choke))
    return tuple(found)
