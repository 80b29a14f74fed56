"""Which addresses the service tag VirtualNetwork holds at a machine."""

from __future__ import annotations

import pytest

from auditor.facts.network.addresses import parse_prefix
from auditor.facts.network.topology import Topology
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from tests.facts.network_worlds import Body, net, network, nic, ref, subnet_id


def placed(*more: Body, peers: list[Body] | None = None) -> list[Body]:
    """A machine in a network that is peered with others."""
    vnet = network("vnet", {"app": {}}, peers=peers or [])
    return [nic("nic", subnet_id(vnet, "app")), vnet, *more]


def inside(bodies: list[Body], address: str) -> bool:
    """Whether an address is a part of VirtualNetwork at the machine."""
    topology = Topology(Inventory([Resource.from_body(body) for body in bodies]))
    subnet = bodies[0]["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"].lower()
    found = parse_prefix(address)
    assert found is not None
    return any(first <= found[0] <= last for first, last in topology.surroundings(subnet).virtual_network)


def vpn(hub: Body, *prefixes: str) -> list[Body]:
    configuration = {"subnet": ref(subnet_id(hub, "GatewaySubnet"))}
    gateway_body = net("vgw", "virtualNetworkGateways", ipConfigurations=[{"name": "ip", "properties": configuration}])
    local = net("lgw", "localNetworkGateways", localNetworkAddressSpace={"addressPrefixes": list(prefixes)})
    ends = {"virtualNetworkGateway1": ref(gateway_body), "localNetworkGateway2": ref(local)}
    return [gateway_body, local, net("cn", "connections", connectionType="IPsec", **ends)]


def test_a_peered_network_is_inside_and_its_own_peers_are_not():
    far = network("far", {}, space="10.9.0.0/16")
    hub = network("hub", {}, space="10.8.0.0/16", peers=[far])

    bodies = placed(hub, far, peers=[hub])

    assert (inside(bodies, "10.8.1.1"), inside(bodies, "10.9.1.1")) == (True, False)


@pytest.mark.parametrize("uses_gateway", [True, False])
def test_on_premises_is_inside_where_the_peerings_gateway_is_used(uses_gateway):
    hub = network("hub", {"GatewaySubnet": {}}, space="10.8.0.0/16")
    bodies = placed(hub, *vpn(hub, "172.20.0.0/16"), peers=[hub])
    bodies[1]["properties"]["virtualNetworkPeerings"][0]["properties"]["useRemoteGateways"] = uses_gateway

    assert inside(bodies, "172.20.3.3") is uses_gateway


def test_prefixes_of_routes_are_inside_and_the_default_route_is_not():
    routes = [
        {"name": "branch", "properties": {"addressPrefix": "198.51.100.0/24", "nextHopType": "VirtualAppliance"}},
        {"name": "all", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"}},
    ]
    table = net("rt", "routeTables", routes=routes)
    bodies = placed(table)
    bodies[1]["properties"]["subnets"][0]["properties"]["routeTable"] = ref(table)

    assert (inside(bodies, "198.51.100.7"), inside(bodies, "203.0.113.7")) == (True, False)


@pytest.mark.parametrize(
    "pieces",
    [("0.0.0.0/1", "128.0.0.0/1"), tuple(f"{first}.0.0.0/8" for first in range(256)), ("2000::/3", "128.0.0.0/1")],
    ids=["halves", "small pieces", "IPv6"],
)
def test_a_default_route_in_pieces_makes_no_public_address_an_inside_one(pieces):
    routes = [
        {"name": f"r{number}", "properties": {"addressPrefix": prefix, "nextHopType": "VirtualAppliance"}}
        for number, prefix in enumerate(pieces)
    ]
    table = net("rt", "routeTables", routes=routes)
    bodies = placed(table)
    bodies[1]["properties"]["subnets"][0]["properties"]["routeTable"] = ref(table)

    assert [inside(bodies, address) for address in ("198.51.100.7", "2a00::7", "10.0.0.9")] == [False, False, True]
