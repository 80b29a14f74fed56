"""What networks on-premises find behind each VPN or ExpressRoute gateway.

A fact of a virtual network gateway:

    {"network": "vnet-hub", "networks": ["vnet-app"], "private_endpoints": 2, "resolver": "dns-private-resolver",
     "text": "..."}

`networks` are those that use the gateway by peering; `private_endpoints` counts approved ones in all of them.
`resolver` is what answers names near the gateway, as `private_endpoint` facts have it.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.network.topology import NETWORK, items, key_at
from auditor.facts.private_link.endpoint_body import ENDPOINT, connections_of, network_of
from auditor.facts.private_link.networks import (
    FIREWALL,
    FIREWALL_POLICY,
    GATEWAY,
    INBOUND,
    RESOLVER,
    Networks,
    out_of_sight,
)
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each virtual network gateway."""
    networks = Networks(inventory)
    endpoints: dict[str, int] = {}
    for endpoint in inventory.of_type(ENDPOINT):
        if any(connection.state == "approved" for connection in connections_of(endpoint)):
            endpoints[network_of(endpoint)] = endpoints.get(network_of(endpoint), 0) + 1
    return {g.key: _fact(g, inventory, networks, endpoints) for g in inventory.of_type(GATEWAY)}


def _fact(gateway: Resource, inventory: Inventory, networks: Networks, endpoints: Mapping[str, int]) -> Json | Unread:
    if gap := gateway.unread.get("properties"):
        return Unread(gap)
    entries = items(gateway.body, "properties", "ipConfigurations")
    own = next((ids.parent_of(key) for entry in entries if (key := key_at(entry, "properties", "subnet"))), "")
    users = [peer for peer in networks.peers(own) if networks.gateway_network(peer) == own]
    found = networks.forwarder(own)
    return {
        "network": networks.name(own),
        "networks": sorted(networks.name(user) for user in users),
        "private_endpoints": _count((own, *users), networks.peers(own), inventory, endpoints),
        "resolver": found if isinstance(found, Unread) else found.kind if found else "none",
        "text": f"{gateway.name} serves {', '.join(networks.name(network) for network in (own, *users))}",
    }


def _count(
    served: tuple[str, ...], peers: tuple[str, ...], inventory: Inventory, endpoints: Mapping[str, int]
) -> int | Unread:
    """Approved endpoints in the networks that a gateway serves; not known where none is seen and not all was read."""
    if found := sum(endpoints.get(network, 0) for network in served):
        return found
    for network in (*served, *peers):
        if inventory.get(network) is None:
            return out_of_sight(network)
        if gap := inventory.gap(ENDPOINT, network):
            return Unread(gap)
    return 0


FAMILY = FactFamily(
    name="gateway_reach",
    types=frozenset((GATEWAY,)),
    needs=frozenset((GATEWAY, NETWORK, ENDPOINT, RESOLVER, INBOUND, FIREWALL, FIREWALL_POLICY)),
    compute=compute,
)
