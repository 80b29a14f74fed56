"""Whether traffic gets through, and what decides at each stage."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.network.addresses import parse_prefix
from auditor.facts.network.topology import Topology
from auditor.facts.network.trace import Place, Tracer, Way
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from tests.azure.loopback.bodies_network import load_balancer
from tests.facts.network_worlds import (
    Body,
    allow,
    dnat,
    gated,
    group,
    net,
    network,
    nic,
    pip,
    ref,
    subnet_id,
    translated,
)


class World:
    """Interfaces `a` (10.0.0.4) and `b` (10.0.1.4 or in another network) with groups of their subnets."""

    def __init__(self, *bodies: Body) -> None:
        self.topology = Topology(Inventory([Resource.from_body(body) for body in bodies]))
        self.tracer = Tracer(self.topology)

    def place(self, name: str) -> Place:
        found = next(i for some in self.topology.interfaces.values() for i in some if i.name == name)
        return Place(found, found.configurations[0])

    def between(self, port: int = 22) -> list[Way]:
        return self.tracer.from_place(self.place("a"), self.place("b"), "tcp", port)

    def internet(self, port: int = 22, address: str = "") -> list[Way]:
        return self.tracer.from_internet(self.place("b"), "tcp", port, parse_prefix(address) if address else None)


def stages(way: Way) -> list[tuple[str, str, str, str]]:
    return [(s.kind, s.direction, s.verdict, s.text) for s in way.stages]


def one_network(out: tuple[Body, ...] = (), into: tuple[Body, ...] = (), **first: Any) -> list[Body]:
    nsg_a, nsg_b = group("nsg-a", *out), group("nsg-b", *into)
    first = {"networkSecurityGroup": ref(nsg_a), **first}
    vnet = network("vnet", {"a": first, "b": {"networkSecurityGroup": ref(nsg_b)}})
    return [nic("a", subnet_id(vnet, "a")), nic("b", subnet_id(vnet, "b"), "10.0.1.4"), vnet, nsg_a, nsg_b]


def test_both_sides_are_asked_and_named():
    (way,) = World(*one_network()).between()

    assert (way.verdict, stages(way)) == (
        "allowed",
        [
            ("subnet", "out", "allowed", "nsg-a/AllowVnetOutBound (65000)"),
            ("subnet", "in", "allowed", "nsg-b/AllowVnetInBound (65000)"),
        ],
    )


def test_the_rule_that_denies_is_the_last_stage():
    deny = allow("no-ssh", 100, "22", access="Deny")

    (way,) = World(*one_network(into=(deny,))).between()

    assert way.verdict == "denied"
    assert stages(way)[-1] == ("subnet", "in", "denied", "nsg-b/no-ssh (100)")


def test_what_does_not_leave_is_asked_no_further():
    deny = allow("stay", 100, "*", access="Deny", direction="Outbound", destination="10.0.1.0/24")

    (way,) = World(*one_network(out=(deny,))).between()

    assert stages(way) == [("subnet", "out", "denied", "nsg-a/stay (100)")]


@pytest.mark.parametrize(
    ("hop", "address", "prefix", "verdict"),
    [
        ("VirtualAppliance", "10.0.9.4", "10.0.1.0/24", "unknown"),
        ("None", "", "10.0.1.0/24", "denied"),
        ("VirtualAppliance", "10.0.9.4", "0.0.0.0/0", "allowed"),
        ("None", "", "10.0.7.0/24", "allowed"),
    ],
)
def test_routes_of_the_source_are_followed(hop, address, prefix, verdict):
    properties = {"addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": address}
    table = net("rt", "routeTables", routes=[{"name": "r", "properties": properties}])

    (way,) = World(*one_network(routeTable=ref(table)), table).between()

    assert way.verdict == verdict


def two_networks(*, peered: tuple[bool, bool] = (True, True), hub: bool = False, routed: bool = False) -> list[Body]:
    first = network("first", {"a": {}}, space="10.0.0.0/16")
    second = network("second", {"b": {}}, space="10.1.0.0/16")
    middle = network("hub", {}, space="10.2.0.0/16")
    subnet: Body = {}
    extra = []
    if routed:
        properties = {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.2.0.4"}
        table = net("rt", "routeTables", routes=[{"name": "r", "properties": properties}])
        subnet, extra = {"routeTable": ref(table)}, [table]
    near, far = ([middle], [middle]) if hub else ([second] * peered[0], [first] * peered[1])
    first = network("first", {"a": subnet}, space="10.0.0.0/16", peers=near)
    second = network("second", {"b": {}}, space="10.1.0.0/16", peers=far)
    places = [nic("a", subnet_id(first, "a")), nic("b", subnet_id(second, "b"), "10.1.0.4")]
    return [*places, first, second, middle, *extra]


@pytest.mark.parametrize(
    ("bodies", "verdict", "said"),
    [
        (two_networks(), "allowed", "the virtual networks are peered"),
        (two_networks(peered=(False, False)), "denied", "first and second are not connected"),
        (two_networks(peered=(False, True)), "denied", "second is peered with first, but not the other way round"),
        (two_networks(hub=True), "denied", "both are peered with hub, but peerings lead no further"),
        (two_networks(hub=True, routed=True), "unknown", "rt/r to 10.2.0.4, whose own rules decide"),
    ],
)
def test_networks_have_to_be_connected(bodies, verdict, said):
    (way,) = World(*bodies).between()

    assert way.verdict == verdict
    assert any(said in stage.text for stage in way.stages)


def test_a_connected_group_is_not_taken_for_no_connection():
    bodies = two_networks(peered=(False, False))
    mesh = f"{net('nm', 'networkManagers')['id']}/connectivityConfigurations/mesh"
    applied = {"effectiveConnectivityConfigurations": [{"id": f"{mesh}/snapshots/2"}]}
    kind = "Microsoft.Network/effectiveConnectivityConfigurations"
    bodies += [
        {"id": f"{vnet['id']}/providers/{kind}/default", "name": "default", "type": kind, "properties": applied}
        for vnet in bodies[2:4]
    ]

    (way,) = World(*bodies).between()

    assert way.verdict == "unknown"


def public(*rules: Body, sku: str = "Standard", grouped: bool = True) -> list[Body]:
    nsg, address = group("nsg", *rules), pip(sku=sku)
    subnet = {"networkSecurityGroup": ref(nsg)} if grouped else {}
    vnet = network("vnet", {"b": subnet})
    return [nic("b", subnet_id(vnet, "b"), publicIPAddress=ref(address)), vnet, nsg, address]


NOT_8 = allow("no", 100, "22", "8.0.0.0/8", access="Deny")
OFFICE = allow("office", 100, "22", "198.51.100.0/24")


@pytest.mark.parametrize(
    ("bodies", "address", "verdict", "decided"),
    [
        (public(allow("ssh", 100, "22")), "", "allowed", "nsg/ssh (100)"),
        (public(OFFICE), "", "allowed", "nsg/office (100)"),
        (public(OFFICE), "198.51.100.7", "allowed", "nsg/office (100)"),
        (public(OFFICE), "203.0.113.7", "denied", "nsg/DenyAllInBound (65500)"),
        (
            public(allow("no", 100, "22", "8.0.0.0/8", access="Deny"), allow("ssh", 110, "22")),
            "8.8.8.8",
            "denied",
            "nsg/no (100)",
        ),
        (public(), "", "denied", "nsg/DenyAllInBound (65500)"),
        (public(grouped=False), "", "denied", "the address is of the Standard SKU"),
        (public(grouped=False, sku="Basic"), "", "allowed", "no security group"),
    ],
)
def test_from_the_internet(bodies, address, verdict, decided):
    (way,) = World(*bodies).internet(address=address)

    assert way.verdict == verdict
    assert way.stages[-1].text.startswith(decided)


def test_without_a_door_nothing_leads_there():
    bodies = public(allow("ssh", 100, "22"))
    del bodies[0]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]

    (way,) = World(*bodies).internet()

    assert (way.verdict, way.stages[0].text) == (
        "denied",
        "no public address, load balancer, gateway or firewall leads to tcp 22",
    )


def test_sets_and_stages_agree():
    """The verdict of the stages is that of the sets which facts are made of."""
    rules = (allow("a", 100, "1-1000", "8.0.0.0/8"), allow("b", 110, "22-443", access="Deny"), allow("c", 120, "*"))
    world = World(*public(*rules))
    place = world.place("b")
    (screen,) = world.tracer._exposures.screens.at(place.interface, place.configuration, inbound=True)
    for port in (0, 1, 21, 22, 443, 444, 1000, 1001, 65535):
        for address in ("8.8.8.8", "9.9.9.9"):
            (way,) = world.internet(port, address)
            found = parse_prefix(address)
            assert found is not None
            assert (way.verdict == "allowed") == screen.passed.allows("tcp", port, found[0])


@pytest.mark.parametrize(
    ("sources", "address", "verdict"),
    [
        (["*"], "203.0.113.7", "allowed"),
        (["198.51.100.0/28"], "198.51.100.7", "allowed"),
        (["198.51.100.0/28"], "203.0.113.7", "denied"),
        (["198.51.100.0/28"], "", "allowed"),
        (["AzureCloud"], "203.0.113.7", "unknown"),
    ],
)
def test_whom_a_firewall_translates_for(sources, address, verdict):
    world = World(*translated(dnat(sourceAddresses=sources)))
    outside = parse_prefix(address) if address else None

    (way,) = world.tracer.from_internet(world.place("nic"), "tcp", 22, outside)

    assert way.verdict == verdict


@pytest.mark.parametrize(("address", "verdict"), [("198.51.100.7", "allowed"), ("203.0.113.7", "denied")])
def test_whom_a_gateways_subnet_lets_in(address, verdict):
    bodies = gated([allow("office", 100, "443", "198.51.100.0/24")], [])
    world = World(*bodies)

    (way,) = world.tracer.from_internet(world.place("nic-app"), "tcp", 8080, parse_prefix(address))

    assert way.verdict == verdict


def test_two_groups_that_each_stop_a_half_leave_nobody_of_the_internet():
    low, high = (allow("no", 100, "*", half, access="Deny", protocol="*") for half in ("0.0.0.0/1", "128.0.0.0/1"))
    outer, own = group("nsg-b", low, allow("ssh", 200, "22")), group("nsg-own", high, allow("ssh", 200, "22"))
    vnet = network("vnet", {"b": {"networkSecurityGroup": ref(outer)}})
    address = pip()
    machine = nic("b", subnet_id(vnet, "b"), publicIPAddress=ref(address))
    machine["properties"]["networkSecurityGroup"] = ref(own)

    (way,) = World(machine, vnet, outer, own, address).internet()

    assert (way.verdict, way.stages[-1].text) == ("denied", "nsg-own/no (100)")


def test_with_floating_ip_the_rules_are_asked_about_the_frontends_address():
    nsg = group("nsg-b", allow("web", 100, "443", destination="203.0.113.9"))
    vnet = network("vnet", {"b": {"networkSecurityGroup": ref(nsg)}})
    address = pip()
    balancer = load_balancer("lb", address["id"], port=443)
    balancer["properties"]["loadBalancingRules"][0]["properties"]["enableFloatingIP"] = True
    pool = balancer["properties"]["backendAddressPools"][0]["id"]
    machine = nic("b", subnet_id(vnet, "b"), loadBalancerBackendAddressPools=[{"id": pool}])

    (way,) = World(machine, vnet, nsg, address, balancer).internet(443)

    assert (way.verdict, way.stages[-1].text) == ("allowed", "nsg-b/web (100)")
