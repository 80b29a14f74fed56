"""The picture of escalation: who becomes Owner, over which resources and principals."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.identity.escalation.graph import Escalation
from auditor.facts.identity.escalation.model import Node as Walker
from auditor.facts.identity.escalation.model import Path, Step
from auditor.inventory.inventory import Inventory

_MOST = 40
"""Ways that one picture shows; more is no picture."""


def ways_to_owner(inventory: Inventory) -> Picture | None:
    """Every way to Owner that takes a step of its own; None where there is none."""
    graph = Escalation.of(inventory)
    paths = [path for path in graph.paths(graph.owner()) if not path.direct]
    return escalation_picture(paths, "Ways to Owner") if paths else None


def escalation_picture(paths: Sequence[Path], title: str) -> Picture:
    """Paths as a graph that ends in one node: principals, the resources that steps go through, the goal."""
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str, str], Edge] = {}
    for path in paths[:_MOST]:
        for step in path.steps:
            for node in _nodes(step):
                nodes.setdefault(node.id, node)
            for edge in _edges(step):
                edges.setdefault((edge.source, edge.target, edge.label), edge)
    left = f" {len(paths) - _MOST} more are left out." if len(paths) > _MOST else ""
    caption = f"Who gains rights that no list of assignments shows, step by step; the shortest way of each.{left}"
    return Picture("escalation", title, caption, tuple(nodes.values()), tuple(edges.values()))


def _nodes(step: Step) -> list[Node]:
    found = [_node(step.source), _node(step.target)]
    if step.on is not None and step.on.key not in (step.source.id, step.target.id):
        found.insert(1, Node(step.on.key, step.on.name, "resource", step.on.type.rpartition("/")[2]))
    return found


def _node(walker: Walker) -> Node:
    detail = walker.kind if walker.kind not in ("goal", "role", "outside") else ""
    return Node(walker.id, walker.name, walker.kind.replace(" ", "-"), detail)


def _edges(step: Step) -> list[Edge]:
    label = f"{step.edge.replace('-', ' ')}{f' ({step.guard})' if step.guard else ''}"
    if step.on is None or step.on.key in (step.source.id, step.target.id):
        return [Edge(step.source.id, step.target.id, label)]
    return [Edge(step.source.id, step.on.key, label), Edge(step.on.key, step.target.id, "")]
