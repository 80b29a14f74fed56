"""Where a subnet's traffic goes by its own routes."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.facts.network.addresses import V6_OFFSET, Interval, merge, parse_prefix
from auditor.facts.network.bodies import items, text, value
from auditor.facts.network.topology import Topology


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a route table."""

    name: str
    """`<table>/<route>`."""
    prefix: Interval
    hop: str
    """`virtualappliance`, `virtualnetworkgateway`, `vnetlocal`, `internet` or `none`."""
    address: str
    """Of a virtual appliance."""

    def __str__(self) -> str:
        where = self.address or _HOPS.get(self.hop, self.hop)
        return f"{self.name} to {where}"


_HOPS = {
    "virtualnetworkgateway": "the virtual network gateway",
    "vnetlocal": "the virtual network",
    "internet": "the internet",
    "none": "nowhere",
}


def routes(topology: Topology, subnet: str) -> list[Route]:
    """The routes that a subnet's route table adds to Azure's own."""
    table = topology.inventory.get(topology.route_table(subnet) or "-")
    found: list[Route] = []
    for route in items(table.body, "properties", "routes") if table else ():
        prefix = parse_prefix(str(value(route, "properties", "addressPrefix") or ""))
        if table and prefix:
            hop = text(route, "properties", "nextHopType")
            address = str(value(route, "properties", "nextHopIpAddress") or "")
            found.append(Route(f"{table.name}/{value(route, 'name')}", prefix, hop, address))
    return found


def chosen(found: list[Route], address: int) -> Route | None:
    """The route that an address takes: the longest prefix that holds it.

    https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
    """
    holding = [route for route in found if route.prefix[0] <= address <= route.prefix[1]]
    return min(holding, key=lambda route: route.prefix[1] - route.prefix[0], default=None)


def elsewhere(topology: Topology, subnet: str) -> Route | None:
    """The route that takes the whole IPv4 internet elsewhere than straight there: the widest one; None where none does.

    Two halves (0.0.0.0/1 and 128.0.0.0/1) are as good as the whole, and stronger than a learned default route.
    """
    found = [r for r in routes(topology, subnet) if r.prefix[1] < V6_OFFSET and r.hop != "internet"]
    if (0, V6_OFFSET - 1) not in merge(route.prefix for route in found):
        return None
    return max(found, key=lambda route: route.prefix[1] - route.prefix[0])


def default_route(topology: Topology, subnet: str) -> str | None:
    """`elsewhere` in words: answers to what came in by a public address then leave another way than it came.

    https://learn.microsoft.com/azure/firewall/integrate-lb#asymmetric-routing
    """
    route = elsewhere(topology, subnet)
    return str(route) if route else None
