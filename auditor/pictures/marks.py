"""The worst finding on each node of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from auditor.evaluate.model import Outcome, Picture, Result
from auditor.inventory import ids
from auditor.rules.model import Severity


def marked(pictures: Iterable[Picture], results: Sequence[Result]) -> tuple[Picture, ...]:
    """The pictures, each node with the severity of the worst finding on its resource, on a part or on a child of it.

    A child that is a node itself keeps its findings to itself.
    """
    pictures = tuple(pictures)
    worst: dict[str, Severity] = {}
    for result in results:
        if result.outcome is Outcome.FAIL:
            key = ids.id_key(result.subject.id)
            if key not in worst or result.severity.rank < worst[key].rank:
                worst[key] = result.severity
    return tuple(_marked(picture, worst) for picture in pictures)


def _marked(picture: Picture, worst: dict[str, Severity]) -> Picture:
    drawn_as = {part: node.id for node in picture.nodes for part in node.parts}
    drawn_as |= {node.id: node.id for node in picture.nodes if node.id.startswith("/")}
    found: dict[str, Severity] = {}
    for key, severity in worst.items():
        place = key
        while place and place not in drawn_as:
            place = ids.parent_of(place)
        node = drawn_as.get(place, "")
        if node and (node not in found or severity.rank < found[node].rank):
            found[node] = severity
    nodes = tuple(replace(node, severity=found.get(node.id, node.severity)) for node in picture.nodes)
    return replace(picture, nodes=nodes)
