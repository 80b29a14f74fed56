"""The picture of private paths: from which networks names lead by which private endpoint to which service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.private_link.endpoint_body import ENDPOINT, network_of
from auditor.facts.private_link.networks import Networks
from auditor.facts.registry import FactStore
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_FAMILY = "private_endpoint"
_OUTSIDE = Node("on-premises", "on-premises", "on-premises", "by VPN or ExpressRoute")
_ANSWERED = {
    "dns-private-resolver": "names by a DNS private resolver",
    "firewall-dns-proxy": "names by a firewall",
    "custom-dns": "names by DNS servers in Azure",
}


def private_paths(inventory: Inventory, facts: FactStore) -> Picture | None:
    """Every private endpoint with the networks that use it and what it leads to; None where there is none.

    A connection is broken where names do not lead to the endpoint, or where the service does not accept it.
    """
    endpoints = inventory.of_type(ENDPOINT)
    if not endpoints:
        return None
    drawing = _Drawing(inventory)
    read = [(endpoint, fact) for endpoint in endpoints if isinstance(fact := facts.get(_FAMILY, endpoint), Mapping)]
    for endpoint, fact in read:
        drawing.add(endpoint, fact)
    unread = len(endpoints) - len(read)
    caption = _caption(len(read), drawing.failing, unread)
    return Picture(
        "private-paths", "Private endpoints", caption, tuple(drawing.nodes.values()), tuple(drawing.edges.values())
    )


class _Drawing:
    """Nodes and edges as they come up."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._networks = Networks(inventory)
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str], Edge] = {}
        self.failing = 0
        """Endpoints with a broken connection."""

    def add(self, endpoint: Resource, fact: Mapping[str, Json]) -> None:
        """Draw one endpoint."""
        network = network_of(endpoint)
        trouble = next(_troubles(fact), "")
        approved = fact["state"] == "approved"
        self._outside(network, fact)
        self._node(Node(network, self._networks.name(network), "virtual-network"))
        addresses = fact["addresses"]
        at = "" if isinstance(addresses, Unread) else ", ".join(addresses)
        self._node(Node(endpoint.key, endpoint.name, "private-endpoint", at))
        self._edge(Edge(network, endpoint.key, trouble or _zones(fact), broken=bool(trouble)))
        for name in _unlinked(fact):
            peer = next((key for key in self._networks.peers(network) if self._networks.name(key) == name), "")
            if peer:
                self._node(Node(peer, name, "virtual-network"))
                self._edge(Edge(peer, endpoint.key, "names lead to the public address", broken=True))
        target = self._target(fact)
        self._node(target)
        label = ", ".join(fact["sub_resources"]) if approved else str(fact["state"] or "no connection")
        self._edge(Edge(endpoint.key, target.id, label, broken=not approved))
        self.failing += bool(trouble) or not approved or any(_unlinked(fact))

    def _outside(self, network: str, fact: Mapping[str, Json]) -> None:
        reach = fact["on_premises"]
        if reach["gateway"] is not True:
            return
        self._node(_OUTSIDE)
        resolver = reach["resolver"]
        nobody = resolver == "none"
        known = "" if isinstance(resolver, Unread) else _ANSWERED.get(str(resolver), "")
        self._edge(Edge(_OUTSIDE.id, network, "nobody answers names" if nobody else known, broken=nobody))

    def _target(self, fact: Mapping[str, Json]) -> Node:
        written = str(fact["target"])
        key = ids.id_key(written) or "nothing"
        known = self._inventory.get(key)
        foreign = "of somebody else" if fact["foreign"] is True else ""
        kind = str(fact["service"]).lower().replace(" ", "-")
        return Node(key, known.name if known else written.rpartition("/")[2] or "nothing", kind, foreign)

    def _node(self, node: Node) -> None:
        self.nodes.setdefault(node.id, node)

    def _edge(self, edge: Edge) -> None:
        """A broken connection stays where another endpoint says that the same one works."""
        held = self.edges.get((edge.source, edge.target))
        if held is None or edge.broken:
            self.edges[edge.source, edge.target] = edge


def _troubles(fact: Mapping[str, Json]) -> Iterator[str]:
    """What keeps names from leading to an endpoint in its own network."""
    if fact["dns_source"] == "external":
        return
    for zone in fact["wrong_zones"] if isinstance(fact["wrong_zones"], list) else ():
        yield f"{zone} is the wrong zone"
    for entry in fact["dns"]:
        name = entry["zone"]
        if entry["zone_exists"] is False:
            yield f"no zone {name}"
        elif entry["zone_linked_to_network"] is False:
            yield f"{name} is not linked"
        elif entry["record"] is False:
            yield f"no record in {name}"
        elif entry["record_matches"] is False:
            yield f"{name} leads to {', '.join(entry['points_to']) or 'nothing'}"


def _zones(fact: Mapping[str, Json]) -> str:
    return ", ".join(dict.fromkeys(entry["zone"] for entry in fact["dns"]))


def _unlinked(fact: Mapping[str, Json]) -> list[str]:
    """Peered networks in which names lead elsewhere although the zone is there."""
    entries = [entry for entry in fact["dns"] if entry["zone_exists"] is True]
    return sorted(
        {name for e in entries if isinstance(e["unlinked_networks"], list) for name in e["unlinked_networks"]}
    )


def _caption(read: int, failing: int, unread: int) -> str:
    text = f"{f'{read:,}' if read else 'No'} private {'endpoint' if read == 1 else 'endpoints'}"
    text += (
        f"; {failing:,} of them {'is' if failing == 1 else 'are'} not what names lead to, or not connected"
        if read
        else ""
    )
    if unread:
        text += f"; {unread:,} more could not be read"
    return text + ". Networks from which nothing asks for names are left out."
