"""The picture of credentials: who keeps a secret, and what it opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.evaluate.model import Edge, Node, Picture
from auditor.inventory.model import Json


def credentials_picture(told: Sequence[tuple[str, Mapping[str, Json]]]) -> Picture:
    """Consumers and the services that their secrets open; what an identity could do today is not drawn broken.

    `told` has the id of each holder and its fact `credentials`.
    """
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str, str], Edge] = {}
    for holder, fact in told:
        consumer = Node(holder.lower(), str(fact["consumer"]), "app")
        for entry in fact["entries"]:
            target = str(entry["opens_id"] or entry["opens"])
            if not target:
                continue
            nodes.setdefault(consumer.id, consumer)
            nodes.setdefault(target.lower(), Node(target.lower(), str(entry["opens"]), "service"))
            label = f"{entry['setting']}: {entry['step']}"
            key = (consumer.id, target.lower(), label)
            edges[key] = Edge(consumer.id, target.lower(), label, broken=bool(entry["keys_off"]))
    caption = "Who keeps which key, password or signature, and what it opens; broken where it opens nothing."
    return Picture("credentials", "Credentials", caption, tuple(nodes.values()), tuple(edges.values()))
