"""Whether machines of a subnet can open connections to the internet, and by which way.

Three things have to let them: the security groups of subnet and interface, the route for 0.0.0.0/0, and an address to
go out with. https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview and
https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from auditor.facts.network.addresses import V6_OFFSET, Interval, merge, parse_prefix
from auditor.facts.network.effective import Local, filter_traffic, relevant
from auditor.facts.network.reach import openings
from auditor.facts.network.security_rules import SecurityRule
from auditor.facts.network.topology import (
    LOAD_BALANCER,
    NIC,
    IpConfiguration,
    Topology,
    configurations,
    items,
    key_at,
    value,
)
from auditor.facts.private_link.networks import Networks
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread

ROUTE_TABLE = "microsoft.network/routetables"
SITE = "microsoft.web/sites"

# Services that have a subnet for themselves and run nothing of their owner's in it.
_IDLE = frozenset(
    (
        "microsoft.dbforpostgresql/flexibleservers",
        "microsoft.dbformysql/flexibleservers",
        "microsoft.netapp/volumes",
        "microsoft.network/dnsresolvers",
        "microsoft.network/applicationgateways",
    )
)


@dataclass(frozen=True, slots=True)
class Way:
    """How traffic to the internet leaves a subnet."""

    open: bool
    """Whether it gets there without passing anything that could look at it."""
    text: str
    """`default outbound access, allowed by nsg-app/AllowInternetOutBound (65001)`, or what stops it."""


class Outbound:
    """Answers over the network of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._topology = Topology(inventory)
        self._networks = Networks(inventory)
        self._interfaces: dict[str, list[tuple[Resource, IpConfiguration]]] = {}
        for nic in inventory.of_type(NIC):
            if not key_at(nic.body, "properties", "privateEndpoint"):
                for configuration in configurations(nic):
                    self._interfaces.setdefault(configuration.subnet, []).append((nic, configuration))
        self._passed: dict[tuple[object, ...], str] = {}
        self.way = cache(self._way)

    def machines(self, subnet: Resource) -> bool:
        """Whether anything that opens connections for its owner is in a subnet."""
        return bool(self._interfaces.get(subnet.key)) or bool(_working(subnet))

    def _way(self, subnet: Resource) -> Way | Unread:
        if app := self._past_network(subnet):
            return Way(True, f"{app.name} sends it past the network")
        routed = self._routed(subnet)
        if isinstance(routed, (Way, Unread)):
            return routed
        exit_way = self._exit(subnet)
        if isinstance(exit_way, (Way, Unread)):
            return exit_way
        allowed = self._allowed(subnet)
        if isinstance(allowed, Unread):
            return allowed
        if not allowed:
            return Way(False, "security groups let nothing out")
        return self._learned(subnet) or Way(True, f"{exit_way}, {allowed}")

    def _past_network(self, subnet: Resource) -> Resource | None:
        """An app of the subnet that leads only private addresses through it.

        https://learn.microsoft.com/azure/app-service/overview-vnet-integration#routes
        """
        apps = self._inventory.referencing(subnet, SITE, "properties.virtualNetworkSubnetId")
        return next((app for app in apps if not _routes_all(app)), None)

    def _learned(self, subnet: Resource) -> Way | Unread | None:
        """A default route that a gateway brings: it is in no body, only in the effective routes of running machines.

        https://learn.microsoft.com/azure/vpn-gateway/about-site-to-site-tunneling
        """
        table = self._inventory.get(key_at(subnet.body, "properties", "routeTable") or "-")
        if table and value(table.body, "properties", "disableBgpRoutePropagation") is True:
            return None
        network = self._networks.gateway_network(ids.parent_of(subnet.key))
        if isinstance(network, Unread) or not network:
            return network or None
        gateways = self._networks.gateways_in(network)
        if any(key_at(gateway.body, "properties", "gatewayDefaultSite") for gateway in gateways):
            return Way(False, "the gateway's default site takes it")
        if gateways and all(_is_static_vpn(gateway) for gateway in gateways):
            return None
        words = "a default route that the gateway may learn is only in the effective routes of running machines"
        return Unread(Gap(subnet.id, "Microsoft.Network/routeTables", "", None, "NotAsked", words))

    def _routed(self, subnet: Resource) -> Way | Unread | None:
        """What the route table does with it; None where it goes straight to the internet."""
        table_key = key_at(subnet.body, "properties", "routeTable")
        if not table_key:
            return None
        table = self._inventory.get(table_key)
        if table is None:
            gap = self._inventory.gap(ROUTE_TABLE, table_key)
            return Unread(gap) if gap else None
        elsewhere = [route for route in items(table.body, "properties", "routes") if _hop(route) != "internet"]
        # Two halves (0.0.0.0/1 and 128.0.0.0/1) are as good as the whole, and stronger than a learned default route.
        covered = merge(interval for route in elsewhere if (interval := _interval(route)) and interval[1] < V6_OFFSET)
        if (0, V6_OFFSET - 1) not in covered:
            return None
        widest = max(elsewhere, key=lambda route: _width(_interval(route)))
        return Way(False, f"{table.name}/{value(widest, 'name')} sends it to {_HOPS.get(_hop(widest), _hop(widest))}")

    def _exit(self, subnet: Resource) -> str | Way | Unread:
        """The address that it goes out with."""
        if key_at(subnet.body, "properties", "natGateway"):
            return "by a NAT gateway"
        interfaces = self._interfaces.get(subnet.key, [])
        if any(configuration.public_ip for _, configuration in interfaces):
            return "by a public IP address"
        balanced = self._balanced(interfaces)
        if isinstance(balanced, Unread) or balanced:
            return balanced if isinstance(balanced, Unread) else "by a load balancer"
        if value(subnet.body, "properties", "defaultOutboundAccess") is False:
            return Way(False, "the subnet is private: no NAT gateway, no public address, no default outbound access")
        return "by default outbound access"

    def _balanced(self, interfaces: Sequence[tuple[Resource, IpConfiguration]]) -> bool | Unread:
        """Whether a load balancer with a public front lends its address, by its rules unless they forbid it.

        https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections
        """
        for pool in sorted({pool for _, configuration in interfaces for pool in configuration.pools}):
            owner = pool.rsplit("/", 2)[0]
            balancer = self._inventory.get(owner)
            if balancer is None:
                if gap := self._inventory.gap(LOAD_BALANCER, owner):
                    return Unread(gap)
            elif any(_lends(balancer, pool)):
                return True
        return False

    def _allowed(self, subnet: Resource) -> str | Unread:
        """The security rules that let an interface of the subnet, or the subnet where none is known, reach it all."""
        group = self._topology.subnet_group(subnet.key)
        interfaces = self._interfaces.get(subnet.key, [])
        places = [(c.local, key_at(nic.body, "properties", "networkSecurityGroup")) for nic, c in interfaces]
        unread: Unread | None = None
        for local, own in dict.fromkeys(places or [(_first_address(subnet), "")]):
            found = self._passes(subnet.key, local, (group, own))
            if isinstance(found, Gap):
                unread = unread or Unread(found)
            elif found:
                return found
        return unread or ""

    def _passes(self, subnet: str, local: Local, groups: Sequence[str | Gap]) -> str | Gap:
        """The rules that let one interface reach a wide part of the internet; "" where none do."""
        around = self._topology.surroundings(subnet)
        filters: list[tuple[SecurityRule, ...]] = []
        for group in groups:
            rules = group if isinstance(group, Gap) else self._topology.rules(group)
            if isinstance(rules, Gap):
                return rules
            if rules is not None:
                filters.append(relevant(rules, local, around, inbound=False))
        if not filters:
            return "no security group"
        key = (ids.parent_of(subnet), *(tuple(map(id, rules)) for rules in filters))
        if key not in self._passed:
            found = openings(filter_traffic(filters, (), around, inbound=False))
            wide = [opening for opening in found if opening.reach.wide and opening.protocol in ("tcp", "udp")]
            self._passed[key] = f"allowed by {wide[0].rules}" if wide else ""
        return self._passed[key]


_HOPS = {
    "virtualappliance": "a virtual appliance",
    "virtualnetworkgateway": "the gateway",
    "vnetlocal": "the virtual network",
    "none": "nowhere",
}


def _working(subnet: Resource) -> list[object]:
    """Delegations to services that run their owner's code."""
    found = items(subnet.body, "properties", "delegations")
    return [d for d in found if str(value(d, "properties", "serviceName") or "").lower() not in _IDLE]


def _routes_all(app: Resource) -> bool:
    """Whether all of an app's traffic goes through its subnet: under its older or its newer name."""
    properties = value(app.body, "properties")
    places = (
        value(properties, "vnetRouteAllEnabled"),
        value(properties, "siteConfig", "vnetRouteAllEnabled"),
        value(properties, "outboundVnetRouting", "applicationTraffic"),
        value(properties, "outboundVnetRouting", "allTraffic"),
    )
    return any(place is True for place in places)


def _hop(route: object) -> str:
    return str(value(route, "properties", "nextHopType") or "").lower()


def _interval(route: object) -> Interval | None:
    return parse_prefix(str(value(route, "properties", "addressPrefix") or ""))


def _width(interval: Interval | None) -> int:
    return interval[1] - interval[0] if interval else 0


def _is_static_vpn(gateway: Resource) -> bool:
    properties = value(gateway.body, "properties")
    return str(value(properties, "gatewayType") or "").lower() == "vpn" and value(properties, "enableBgp") is not True


def _lends(balancer: Resource, pool: str) -> Iterator[bool]:
    public = {
        ids.id_key(str(value(front, "id")))
        for front in items(balancer.body, "properties", "frontendIPConfigurations")
        if key_at(front, "properties", "publicIPAddress")
    }
    for rule in items(balancer.body, "properties", "loadBalancingRules"):
        forbidden = value(rule, "properties", "disableOutboundSnat") is True
        fronted = key_at(rule, "properties", "frontendIPConfiguration") in public
        yield fronted and not forbidden and key_at(rule, "properties", "backendAddressPool") == pool
    for rule in items(balancer.body, "properties", "outboundRules"):
        yield key_at(rule, "properties", "backendAddressPool") == pool


def _first_address(subnet: Resource) -> Local:
    listed = [value(subnet.body, "properties", "addressPrefix"), *items(subnet.body, "properties", "addressPrefixes")]
    interval = next((i for text in listed if isinstance(text, str) and (i := parse_prefix(text))), None)
    return Local(interval[0] + 4 if interval else -1)
