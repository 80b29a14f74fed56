"""Virtual networks as name resolution and private paths see them: peers, DNS servers, gateways, forwarders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from auditor.facts.network.addresses import Interval, parse_prefix
from auditor.facts.network.topology import NETWORK, NIC, configurations, items, key_at, keys_at, value
from auditor.facts.private_link.endpoint_body import ENDPOINT
from auditor.facts.private_link.tenancy import gap_anywhere, not_collected
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread

GATEWAY = "microsoft.network/virtualnetworkgateways"
RESOLVER = "microsoft.network/dnsresolvers"
INBOUND = f"{RESOLVER}/inboundendpoints"
FIREWALL = "microsoft.network/azurefirewalls"
FIREWALL_POLICY = "microsoft.network/firewallpolicies"
AZURE_DNS = "168.63.129.16"
"""https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16"""

_INFRASTRUCTURE = frozenset(
    ("gatewaysubnet", "azurefirewallsubnet", "azurefirewallmanagementsubnet", "azurebastionsubnet", "routeserversubnet")
)


@dataclass(frozen=True, slots=True)
class DnsSource:
    """Who answers names in a network."""

    kind: str
    """`azure`: Azure DNS with the zones linked to the network itself; `network`: servers inside virtual networks, which
    see the zones linked there; `external`: servers elsewhere, of which nothing is known here."""
    networks: tuple[str, ...] = ()
    """Networks whose linked zones count, for `azure` and `network`."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """What answers names for clients outside of Azure."""

    kind: str
    """`dns-private-resolver`, `firewall-dns-proxy` or `custom-dns`."""
    network: str
    """Key of the network whose linked zones it sees."""
    name: str


class Networks:
    """Indexes over the virtual networks of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._unread = cache(self._gap_anywhere)
        self.dns = cache(self._dns)
        self.forwarder = cache(self._forwarder)
        self._spaces = {network.key: _space(network) for network in inventory.of_type(NETWORK)}

    def _gap_anywhere(self, type_key: str) -> Unread | None:
        gap = gap_anywhere(self._inventory, type_key)
        return Unread(gap) if gap else None

    def name(self, key: str) -> str:
        """A network's name, from its key where its body was not read."""
        resource = self._inventory.get(key)
        return resource.name if resource else key.rpartition("/")[2]

    def missing(self, key: str) -> Unread | None:
        """Why a network's body is not here, or may not be."""
        if self._inventory.get(key):
            return None
        gap = self._inventory.gap(NETWORK, key)
        return Unread(gap) if gap else None

    def peers(self, key: str) -> tuple[str, ...]:
        """Networks that a network is connected to by peering."""
        network = self._inventory.get(key)
        found = (_remote(peering) for peering in (_connected(network) if network else ()))
        return tuple(dict.fromkeys(remote for remote in found if remote))

    def has_workload(self, key: str) -> bool:
        """Whether machines, apps or other delegated services are in a network: something that asks for names."""
        return key in self._occupied

    @cached_property
    def _occupied(self) -> frozenset[str]:
        """Networks with an interface that is no private endpoint's, or with a delegated subnet."""
        endpoints = self._inventory.of_type(ENDPOINT)
        silent = frozenset().union(*(keys_at(e.body, "properties", "networkInterfaces") for e in endpoints))
        interfaces = [nic for nic in self._inventory.of_type(NIC) if nic.key not in silent]
        subnets = [c.subnet for nic in interfaces if not _of_endpoint(nic) for c in configurations(nic)]
        silent |= {nic.key for nic in interfaces if _of_endpoint(nic)}
        for network in self._inventory.of_type(NETWORK):
            subnets += [ids.id_key(str(value(s, "id"))) for s in _used_subnets(network, silent)]
        return frozenset(map(ids.parent_of, subnets))

    def _dns(self, key: str) -> DnsSource | Unread:
        network = self._inventory.get(key)
        if network is None:
            return self.missing(key) or DnsSource("external")
        servers = [str(server) for server in items(network.body, "properties", "dhcpOptions", "dnsServers")]
        if not servers or AZURE_DNS in servers:
            return DnsSource("azure", (key,))
        holders = tuple(dict.fromkeys(h for server in servers if (h := self._holder(server, key))))
        if holders:
            return DnsSource("network", holders)
        return self._unread(NETWORK) or DnsSource("external")

    def _holder(self, address: str, near: str) -> str:
        """The network that an address is in: the network itself, one of its peers, or one further away."""
        interval = parse_prefix(address)
        if interval is None:
            return ""
        order = [near, *self.peers(near), *sorted(self._spaces)]
        spaces = ((key, self._spaces.get(key, ())) for key in order)
        return next((key for key, space in spaces if _within(interval, space)), "")

    def gateway_network(self, key: str) -> str | Unread:
        """The network with the VPN or ExpressRoute gateway that a network uses, its own or a peer's; "" where none.

        A gateway lives in the subnet GatewaySubnet; a peering that uses remote gateways can only exist where the other
        side has one: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit
        """
        network = self._inventory.get(key)
        if network is None:
            return self.missing(key) or ""
        if self._has_gateway(network):
            return key
        for peering in _connected(network):
            if value(peering, "properties", "useRemoteGateways") is True:
                return _remote(peering) or key
        gap = self._inventory.gap(GATEWAY, key)
        return Unread(gap) if gap and _gateway_subnet(network) else ""

    def _has_gateway(self, network: Resource) -> bool:
        occupied = items(_gateway_subnet(network), "properties", "ipConfigurations")
        return bool(occupied) or network.key in self._gateways

    def gateways_in(self, key: str) -> tuple[Resource, ...]:
        """The gateways in a network that were read."""
        return tuple(self._gateways.get(key, ()))

    @cached_property
    def _gateways(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for gateway in self._inventory.of_type(GATEWAY):
            entries = items(gateway.body, "properties", "ipConfigurations")
            for network in {ids.parent_of(key_at(entry, "properties", "subnet")) for entry in entries}:
                found.setdefault(network, []).append(gateway)
        return found

    def _forwarder(self, gateway_network: str) -> Forwarder | Unread | None:
        """What can answer names for clients behind a gateway: in its network, or in one peered with that."""
        hidden = self._inventory.get(gateway_network) is None
        around = self._peered_with.get(gateway_network, ()) if hidden else self.peers(gateway_network)
        near = (gateway_network, *around)
        found = [self._private_resolver(near), self._firewall_proxy(near), self._own_server(near)]
        known = [entry for entry in found if isinstance(entry, Forwarder)]
        unread = next((entry for entry in found if isinstance(entry, Unread)), None)
        # A network that is not here, such as the hub of a Virtual WAN, can hold whatever answers names.
        return known[0] if known else unread or (out_of_sight(gateway_network) if hidden else None)

    @cached_property
    def _peered_with(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for network in self._inventory.of_type(NETWORK):
            for remote in self.peers(network.key):
                found.setdefault(remote, []).append(network.key)
        return found

    def _private_resolver(self, near: tuple[str, ...]) -> Forwarder | Unread | None:
        for resolver in self._inventory.of_type(RESOLVER):
            network = key_at(resolver.body, "properties", "virtualNetwork")
            if network not in near:
                continue
            if self._inventory.children(resolver, "inboundEndpoints"):
                return Forwarder("dns-private-resolver", network, resolver.name)
            if gap := self._inventory.gap(INBOUND, resolver.key):
                return Unread(gap)
        return self._unread(RESOLVER)

    def _firewall_proxy(self, near: tuple[str, ...]) -> Forwarder | Unread | None:
        for firewall in self._inventory.of_type(FIREWALL):
            entries = items(firewall.body, "properties", "ipConfigurations")
            networks = {ids.parent_of(key_at(entry, "properties", "subnet")) for entry in entries} & set(near)
            if not networks:
                continue
            proxy = self._is_proxy(firewall)
            if isinstance(proxy, Unread):
                return proxy
            if proxy:
                return Forwarder("firewall-dns-proxy", min(networks), firewall.name)
        return self._unread(FIREWALL)

    def _is_proxy(self, firewall: Resource) -> bool | Unread:
        """https://learn.microsoft.com/azure/firewall/dns-settings: off by default, in the policy or the firewall."""
        policy_key = key_at(firewall.body, "properties", "firewallPolicy")
        if not policy_key:
            own = value(firewall.body, "properties", "additionalProperties", "Network.DNS.EnableProxy")
            return str(own).lower() == "true"
        policy = self._inventory.get(policy_key)
        if policy is None:
            gap = self._inventory.gap(FIREWALL_POLICY, policy_key)
            return Unread(gap) if gap else False
        own = value(policy.body, "properties", "dnsSettings", "enableProxy")
        base = key_at(policy.body, "properties", "basePolicy")
        parent = self._inventory.get(base) if base else None
        inherited = value(parent.body, "properties", "dnsSettings", "enableProxy") if parent else None
        return own is True or (own is None and inherited is True)

    def _own_server(self, near: tuple[str, ...]) -> Forwarder | Unread | None:
        for key in near:
            source = self.dns(key)
            if isinstance(source, DnsSource) and source.kind == "network":
                network = source.networks[0]
                return Forwarder("custom-dns", network, f"the DNS server of {self.name(key)}")
        return next((entry for key in near if isinstance(entry := self.dns(key), Unread)), None)


def out_of_sight(network: str) -> Unread:
    """Stands for what is in a network that was not read."""
    return Unread(not_collected(network, "Microsoft.Network/virtualNetworks", "the network was not read"))


def _of_endpoint(nic: Resource) -> bool:
    return bool(key_at(nic.body, "properties", "privateEndpoint"))


def _used_subnets(network: Resource, silent: frozenset[str]) -> Iterator[object]:
    for subnet in items(network.body, "properties", "subnets"):
        if str(value(subnet, "name") or "").lower() in _INFRASTRUCTURE:
            continue
        parts = keys_at(subnet, "properties", "ipConfigurations")
        owners = {part.rpartition("/ipconfigurations/")[0] for part in parts}
        if owners - silent or items(subnet, "properties", "delegations"):
            yield subnet


def _connected(network: Resource) -> list[object]:
    peerings = items(network.body, "properties", "virtualNetworkPeerings")
    return [p for p in peerings if str(value(p, "properties", "peeringState") or "Connected").lower() == "connected"]


def _remote(peering: object) -> str:
    return key_at(peering, "properties", "remoteVirtualNetwork")


def _gateway_subnet(network: Resource) -> object:
    subnets = items(network.body, "properties", "subnets")
    return next((s for s in subnets if str(value(s, "name") or "").lower() == "gatewaysubnet"), None)


def _space(network: Resource) -> tuple[Interval, ...]:
    prefixes = items(network.body, "properties", "addressSpace", "addressPrefixes")
    return tuple(i for prefix in prefixes if isinstance(prefix, str) and (i := parse_prefix(prefix)))


def _within(inner: Interval, space: tuple[Interval, ...]) -> bool:
    return any(first <= inner[0] <= last for first, last in space)
