"""The picture of exposure: from the internet, by every way in, to the machines that it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.network.exposure import shown_ports
from auditor.facts.network.interfaces import SCALE_SET, interfaces, machine_name, owners
from auditor.facts.network.security_rules import PROTOCOLS
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread
from auditor.rules.model import Severity

MOST_MACHINES = 60
"""More than these cannot be read in one picture; those that are reached most are kept."""
_ID = "internet-exposure"
_INTERNET = Node("internet", "internet", "internet")
_SOME = Node("some-addresses", "some public addresses", "internet")


@dataclass(slots=True)
class _Draft:
    """Nodes and edges as they are found."""

    nodes: dict[str, Node] = field(default_factory=dict)
    labels: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def edge(self, source: Node, target: Node, label: str) -> None:
        for node in (source, target):
            known = self.nodes.setdefault(node.id, node)
            if new := tuple(part for part in node.parts if part not in known.parts):
                self.nodes[node.id] = replace(known, parts=known.parts + new)
        self.labels.setdefault((source.id, target.id), {})[label] = None


def exposure_picture(
    inventory: Inventory, facts: FactStore, severities: Mapping[str, Severity] | None = None
) -> Picture:
    """Every way from the internet to a machine, with the port and the rule that lets it through.

    `severities` says by resource key how bad the worst finding on it is. The picture has no nodes where the internet
    reaches nothing.
    """
    reached, unknown = _reached(inventory, facts)
    shown = sorted(reached, key=_badness)[:MOST_MACHINES]
    draft = _Draft()
    for owner, paths in sorted(shown, key=lambda pair: pair[0].key):
        for path, protocols in together(paths):
            _draw(draft, owner, path, protocols)
    worst = severities or {}
    nodes = tuple(replace(n, severity=worst.get(n.id, n.severity)) for n in _ordered(draft))
    edges = tuple(Edge(*ends, label=_joined(list(labels))) for ends, labels in draft.labels.items())
    return Picture(_ID, "What the internet reaches", _caption(len(reached), len(shown), unknown), nodes, edges)


def _reached(inventory: Inventory, facts: FactStore) -> tuple[list[tuple[Resource, list[Json]]], int]:
    """Owners of interfaces that something of the internet reaches, with the paths; how many have no full answer."""
    reached: list[tuple[Resource, list[Json]]] = []
    unknown = 0
    for owner in owners(inventory):
        fact = facts.get("internet_exposure", owner)
        if not isinstance(fact, Mapping):
            unknown += isinstance(fact, Unread)
            continue
        unknown += any(isinstance(path, Unread) for path in fact["paths"])
        paths = [path for path in fact["paths"] if isinstance(path, Mapping) and path["via"] != "bastion"]
        if paths:
            reached.append((owner, paths))
    return reached, unknown


def _badness(reached: tuple[Resource, Sequence[Json]]) -> tuple[int, int, str]:
    owner, paths = reached
    wide = sum(path["last_port"] - path["first_port"] + 1 for path in paths if path["wide"])
    return -int(any(path["wide"] for path in paths)), -wide, owner.key


def together(paths: Sequence[Json]) -> Iterator[tuple[Json, str]]:
    """Paths that differ in their protocol only, as one with the protocols in words."""
    groups: dict[tuple[Json, ...], list[Json]] = {}
    for path in paths:
        hops = tuple(hop["id"] for hop in path["hops"])
        same = (path["interface"], path["first_port"], path["last_port"], path["rule"], path["wide"], hops)
        groups.setdefault((*same, path["frontend_port"]), []).append(path)
    for group in groups.values():
        names = [path["protocol"] for path in group]
        first = next((path for path in group if path["protocol"] == "tcp"), group[0])
        if set(names) >= set(PROTOCOLS):
            yield first, "everything"
        else:
            yield first, ", ".join(shown_ports(p["protocol"], p["first_port"], p["last_port"]) for p in group)


def _draw(draft: _Draft, owner: Resource, path: Json, protocols: str) -> None:
    before = _INTERNET if path["wide"] else _SOME
    for hop in path["hops"]:
        entered = hop["detail"] if hop["detail"].startswith(":") else ""
        node = Node(hop["id"], hop["name"], hop["kind"], "" if entered else hop["detail"])
        draft.edge(before, node, entered)
        before = node
    draft.edge(before, _machine(owner, path), f"{protocols}: {path['rule']}")


def _machine(owner: Resource, path: Json) -> Node:
    interface = next((found for found in interfaces(owner) if found.name == path["interface"]), None)
    if interface is None or not interface.machine:
        return Node(owner.key, owner.name, "network-interface")
    kind = "scale-set" if owner.type_key == SCALE_SET else "machine"
    parts = (owner.key,) if owner.key != interface.machine else ()
    return Node(interface.machine, machine_name(interface), kind, interface.name, parts=parts)


_RANKS = ("internet", "public-ip", "load-balancer", "application-gateway", "firewall")


def _ordered(draft: _Draft) -> Iterator[Node]:
    """From the internet inwards, each kind in the order in which it was found."""
    rank = {kind: number for number, kind in enumerate(_RANKS)}
    yield from sorted(draft.nodes.values(), key=lambda node: rank.get(node.kind, len(_RANKS)))


def _joined(labels: Sequence[str]) -> str:
    """One label of several: at most four, and how many more."""
    named = [label for label in labels if label]
    more = f"; {len(named) - 4} more" if len(named) > 4 else ""
    return "; ".join(named[:4]) + more


def _caption(reached: int, shown: int, unknown: int) -> str:
    if not reached:
        text = "The internet reaches no machine"
    else:
        text = f"Every way from the internet to {reached:,} {'machines' if reached != 1 else 'machine'}"
    if shown < reached:
        text += f", of which the {shown:,} that are reached most are drawn"
    if unknown:
        text += f"; of {unknown:,} more something on the way could not be read"
    return text + ". What only Azure Bastion reaches is left out."
