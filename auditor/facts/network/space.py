"""What the service tag `VirtualNetwork` means at a subnet.

The virtual network's own addresses, those of what is peered with it, of on-premises networks and other virtual
networks behind its gateway (also the gateway of a peer, where the peering uses it), the host's virtual address, and
the prefixes of the subnet's own routes:
https://learn.microsoft.com/azure/virtual-network/service-tags-overview#available-service-tags.

Left out are what only BGP announces (ExpressRoute, dynamic VPN), which configuration does not show, and default routes,
also those in pieces (0.0.0.0/1 and 128.0.0.0/1): the same page says that the tag *might* contain these; it would turn
every public address into an inside one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from auditor.facts.network.addresses import (
    HOST_VIRTUAL_IP,
    V6_OFFSET,
    Interval,
    merge,
    parse_prefix,
    public_space,
    subtract,
)
from auditor.facts.network.bodies import items, key_at, prefixes, text, value
from auditor.facts.network.reach import Reach
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

GATEWAY = "microsoft.network/virtualnetworkgateways"
LOCAL_GATEWAY = "microsoft.network/localnetworkgateways"
CONNECTION = "microsoft.network/connections"
ROUTE_TABLE = "microsoft.network/routetables"
CONNECTIVITY = "microsoft.network/effectiveconnectivityconfigurations"


class Spaces:
    """The address spaces of an inventory's virtual networks."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def of(self, network: str, route_table: str = "") -> tuple[Interval, ...]:
        """The space of a virtual network by its key, as a subnet with this route table sees it."""
        return merge([*self._of_network(network), *self._routed(route_table)])

    def peers(self, network: str) -> tuple[str, ...]:
        """Keys of the virtual networks that one is peered with."""
        return tuple(key for peering in self._peerings(network) if (key := _remote(peering)))

    def grouped(self, network: str) -> frozenset[str]:
        """Keys of the connectivity configurations of Virtual Network Manager that are in force for a network.

        Networks with one in common may be in a connected group, which shows as no peering:
        https://learn.microsoft.com/azure/virtual-network-manager/concept-connectivity-configuration#connectedgroup
        """
        effective = self._inventory.get(f"{network}/providers/{CONNECTIVITY}/default")
        entries = items(effective.body, "properties", "effectiveConnectivityConfigurations") if effective else []
        named = (value(entry, "id") for entry in entries)
        return frozenset(ids.id_key(name).partition("/snapshots/")[0] for name in named if isinstance(name, str))

    def own(self, network: str) -> Iterator[Interval]:
        """The addresses of a virtual network by itself."""
        resource = self._inventory.get(network) if network else None
        if resource is not None:
            yield from prefixes(items(resource.body, "properties", "addressSpace", "addressPrefixes"))

    def _of_network(self, network: str) -> Iterator[Interval]:
        host = parse_prefix(HOST_VIRTUAL_IP)
        if host:
            yield host
        yield from self.own(network)
        yield from self._behind_gateway(network)
        for peering in self._peerings(network):
            # Then the tag leaves the peer out, while rules may still allow its addresses:
            # https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering#create-a-peering
            if value(peering, "properties", "allowVirtualNetworkAccess") is False:
                continue
            yield from prefixes(items(peering, "properties", "remoteAddressSpace", "addressPrefixes"))
            yield from prefixes(items(peering, "properties", "remoteVirtualNetworkAddressSpace", "addressPrefixes"))
            remote = _remote(peering)
            yield from self.own(remote)
            if value(peering, "properties", "useRemoteGateways") is True:
                yield from self._behind_gateway(remote)

    def _peerings(self, network: str) -> Iterator[object]:
        resource = self._inventory.get(network) if network else None
        for peering in items(resource.body, "properties", "virtualNetworkPeerings") if resource else ():
            if (text(peering, "properties", "peeringState") or "connected") == "connected":
                yield peering

    def _behind_gateway(self, network: str) -> Iterator[Interval]:
        for gateway in self._gateways.get(network, ()):
            pool = ("properties", "vpnClientConfiguration", "vpnClientAddressPool", "addressPrefixes")
            yield from prefixes(items(gateway.body, *pool))
            for connection in self._connections.get(gateway.key, ()):
                yield from self._far_side(connection, gateway.key)

    def _far_side(self, connection: Resource, gateway: str) -> Iterator[Interval]:
        local = self._inventory.get(key_at(connection.body, "properties", "localNetworkGateway2") or "-")
        if local is not None:
            path = ("properties", "localNetworkAddressSpace", "addressPrefixes")
            yield from prefixes(items(local.body, *path))
        for side in ("virtualNetworkGateway1", "virtualNetworkGateway2"):
            other = key_at(connection.body, "properties", side)
            if other and other != gateway:
                yield from self.own(self._network_of_gateway.get(other, ""))

    def _routed(self, route_table: str) -> Iterator[Interval]:
        resource = self._inventory.get(route_table) if route_table else None
        hops = items(resource.body, "properties", "routes") if resource else ()
        inside = [route for route in hops if text(route, "properties", "nextHopType") not in _OUT]
        return _without_defaults(list(prefixes([value(route, "properties", "addressPrefix") for route in inside])))

    @cached_property
    def _gateways(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for gateway in self._inventory.of_type(GATEWAY):
            if network := self._network_of_gateway.get(gateway.key):
                found.setdefault(network, []).append(gateway)
        return found

    @cached_property
    def _network_of_gateway(self) -> dict[str, str]:
        return {
            gateway.key: ids.parent_of(subnet)
            for gateway in self._inventory.of_type(GATEWAY)
            for entry in items(gateway.body, "properties", "ipConfigurations")[:1]
            if (subnet := key_at(entry, "properties", "subnet"))
        }

    @cached_property
    def _connections(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for connection in self._inventory.of_type(CONNECTION):
            for side in ("virtualNetworkGateway1", "virtualNetworkGateway2"):
                if key := key_at(connection.body, "properties", side):
                    found.setdefault(key, []).append(connection)
        return found


_OUT = frozenset(("internet", "none"))
"""Next hops that lead to nothing inside."""


def _without_defaults(routed: list[Interval]) -> Iterator[Interval]:
    """Routes without those that stand for the internet: each by itself, or many small ones together."""
    for family in (4, 6):
        ours = [span for span in routed if (span[0] >= V6_OFFSET) is (family == 6) and not _is_wide([span], family)]
        yield from subtract(ours, public_space()) if _is_wide(ours, family) else ours


def _is_wide(spans: list[Interval], family: int) -> bool:
    return Reach.of_intervals(spans, family=family).wide


def _remote(peering: object) -> str:
    return key_at(peering, "properties", "remoteVirtualNetwork")
