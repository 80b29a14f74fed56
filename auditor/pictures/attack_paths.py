"""The picture of attack paths: from the internet over machines, programs, identities and secrets to what matters."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.paths.graph import Attack
from auditor.facts.paths.model import Edge as Step
from auditor.facts.paths.model import Node as Place
from auditor.facts.paths.model import Path
from auditor.facts.paths.search import ordered
from auditor.inventory.inventory import Inventory

_MOST = 30
"""Paths that one picture shows; more is no picture."""


def attack_paths(inventory: Inventory) -> Picture | None:
    """The best paths from the internet; None where there is none."""
    paths = ordered(Attack.of(inventory).from_internet().paths)
    return attack_picture(paths, "internet") if paths else None


def attack_picture(paths: Sequence[Path], start: str) -> Picture:
    """Paths as one graph; what they have in common is drawn once."""
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str, str], Edge] = {}
    for path in paths[:_MOST]:
        for step in path.edges:
            for place in (step.source, step.target):
                nodes.setdefault(place.id, _node(place))
            edge = Edge(step.source.id, step.target.id, _label(step))
            edges.setdefault((edge.source, edge.target, edge.label), edge)
    left = f" {len(paths) - _MOST} more are left out." if len(paths) > _MOST else ""
    caption = f"How somebody gets from {start} to what matters; a question mark stands at what was not read.{left}"
    title = f"Attack paths from {'the internet' if start == 'internet' else start}"
    return Picture("attack-paths", title, caption, tuple(nodes.values()), tuple(edges.values()))


def _node(place: Place) -> Node:
    parts = (place.resource.key,) if place.resource is not None and place.id != place.resource.key else ()
    detail = place.kind.replace("-", " ") if place.kind != "internet" else ""
    return Node(place.id, place.name, str(place.kind), detail, parts=parts if place.kind == "scope" else ())


def _label(step: Step) -> str:
    doubt = "" if step.certain else "?"
    return f"{step.kind.replace('-', ' ')}{doubt}{f' ({step.guard})' if step.guard else ''}"
