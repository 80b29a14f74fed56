"""A part of a picture: what is chosen, what leads there, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from auditor.evaluate.model import Picture
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource


def part_of(picture: Picture, inventory: Inventory, chosen: Callable[[Resource], bool] | None) -> Picture:
    """The picture with the nodes of chosen resources, those on the ways to them, and those that their ways lead to."""
    if chosen is None:
        return picture
    begin = {
        node.id
        for node in picture.nodes
        if any((found := inventory.get(key)) is not None and chosen(found) for key in (node.id, *node.parts))
    }
    forwards: dict[str, list[str]] = {}
    backwards: dict[str, list[str]] = {}
    for edge in picture.edges:
        forwards.setdefault(edge.source, []).append(edge.target)
        backwards.setdefault(edge.target, []).append(edge.source)
    kept = _reached(begin, forwards) | _reached(begin, backwards)
    return replace(
        picture,
        nodes=tuple(node for node in picture.nodes if node.id in kept),
        edges=tuple(edge for edge in picture.edges if edge.source in kept and edge.target in kept),
    )


def _reached(begin: set[str], ways: Mapping[str, list[str]]) -> set[str]:
    reached, left = set(begin), list(begin)
    while left:
        for other in ways.get(left.pop(), ()):
            if other not in reached:
                reached.add(other)
                left.append(other)
    return reached
