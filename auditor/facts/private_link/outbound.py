"""Whether machines of a subnet can open connections to the internet, and by which way.

Three things have to let them: the rules of subnet, interface and security administrators, the route for 0.0.0.0/0, and
an address to go out with. The first are `auditor.facts.network.screens`, the others `auditor.facts.network.egress`;
here they are put together for a subnet, with apps that go past it and default routes that a gateway learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from auditor.facts.network.admin import NEEDS as ADMIN_NEEDS
from auditor.facts.network.egress import FIREWALL, NAT_GATEWAY, ROUTE_TABLE, Egress, Egresses
from auditor.facts.network.exposure import SPACE_NEEDS
from auditor.facts.network.interfaces import NIC, SCALE_SET, Interface, IpConfiguration
from auditor.facts.network.reach import openings
from auditor.facts.network.screens import Screen, Screens
from auditor.facts.network.topology import GROUP, LOAD_BALANCER, PUBLIC_IP, Topology, items, key_at, value
from auditor.facts.private_link.networks import Networks
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread

SITE = "microsoft.web/sites"
NEEDS = (
    frozenset((NIC, SCALE_SET, GROUP, LOAD_BALANCER, PUBLIC_IP, NAT_GATEWAY, FIREWALL, ROUTE_TABLE, SITE))
    | SPACE_NEEDS
    | ADMIN_NEEDS
)
"""Type keys that must be collected for it."""

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


_DIRECT = {
    "public-ip": "by a public IP address",
    "nat-gateway": "by a NAT gateway",
    "load-balancer": "by a load balancer",
    "default": "by default outbound access",
}
"""Ways out on which nothing looks at the traffic."""


class Outbound:
    """Answers over the network of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._topology = Topology.of(inventory)
        self._screens = Screens.of(self._topology)
        self._egresses = Egresses(self._topology)
        self._networks = Networks(inventory)
        self._interfaces: dict[str, list[tuple[Interface, IpConfiguration]]] = {}
        for found in self._topology.interfaces.values():
            for interface in found:
                for configuration in () if interface.private_endpoint else interface.configurations:
                    self._interfaces.setdefault(configuration.subnet, []).append((interface, configuration))
        self._wide: dict[int, str] = {}
        self.way = cache(self._way)

    def machines(self, subnet: Resource) -> bool:
        """Whether anything that opens connections for its owner is in a subnet."""
        return bool(self._interfaces.get(subnet.key)) or bool(_working(subnet))

    def _way(self, subnet: Resource) -> Way | Unread:
        if app := self._past_network(subnet):
            return Way(True, f"{app.name} sends it past the network")
        ways = [self._of(*place) for place in self._interfaces.get(subnet.key) or [_somebody(subnet)]]
        if way := next((way for way in ways if isinstance(way, Way) and way.open), None):
            return self._learned(subnet) or way
        return next((way for way in ways if isinstance(way, Unread)), ways[0])

    def _of(self, interface: Interface, configuration: IpConfiguration) -> Way | Unread:
        """The way of one interface."""
        egress = self._egresses.of(interface, configuration)
        if isinstance(egress, Gap):
            return Unread(egress)
        if egress.kind not in _DIRECT:
            return Way(False, _stopped(egress))
        screens = self._screens.at(interface, configuration, inbound=False)
        if isinstance(screens, Gap):
            return Unread(screens)
        allowed = next((found for screen in screens if (found := self._allowed(screen))), "")
        return Way(True, f"{_DIRECT[egress.kind]}, {allowed}") if allowed else Way(False, "rules let nothing out")

    def _allowed(self, screen: Screen) -> str:
        """The rules that let a wide part of the internet be reached; "" where none do."""
        if id(screen) not in self._wide:
            found = openings(screen.passed)
            wide = [opening for opening in found if opening.reach.wide and opening.protocol in ("tcp", "udp")]
            ruled = bool(screen.groups or screen.admin)
            self._wide[id(screen)] = "" if not wide else f"allowed by {wide[0].rules}" if ruled else "no security group"
        return self._wide[id(screen)]

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


def _somebody(subnet: Resource) -> tuple[Interface, IpConfiguration]:
    """Stands for whatever a delegated service puts into a subnet: an interface at any of its addresses."""
    nothing = frozenset[str]()
    place = IpConfiguration(subnet.key, None, 4, subnet.key, "", None, nothing, nothing, nothing, nothing)
    return Interface(subnet, subnet.name, "", "", (place,)), place


def _stopped(egress: Egress) -> str:
    """What keeps traffic from going straight out."""
    return f"no way out: {egress.name}" if egress.kind == "none" else f"{egress.name} takes it"


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


def _is_static_vpn(gateway: Resource) -> bool:
    properties = value(gateway.body, "properties")
    return str(value(properties, "gatewayType") or "").lower() == "vpn" and value(properties, "enableBgp") is not True
