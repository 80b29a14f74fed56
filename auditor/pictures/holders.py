"""Who may do one thing, as a picture."""

from __future__ import annotations

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.identity.access import Holders, shown


def holders_picture(action: str, scope: str, said: Holders) -> Picture:
    """Each holder with an arrow to the scope, by its role."""
    nodes = {
        h.principal.id: Node(h.principal.id, h.principal.name, "principal", h.principal.kind.value)
        for h in said.holders
    }
    edges = [Edge(h.principal.id, "scope", h.grant.text, broken=False) for h in said.holders]
    place = Node("scope", shown(scope), "scope", action)
    caption = f"{len(nodes):,} may {action} on {shown(scope)}."
    return Picture("who-can", action, caption, (*nodes.values(), place), tuple(edges))
