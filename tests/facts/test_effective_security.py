"""What may come in and go out of a machine, and by which way it gets to the internet."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.network.address_set import EVERYTHING, AddressSet
from auditor.facts.network.addresses import merge, parse_prefix
from auditor.facts.network.effective_security import remotes
from auditor.facts.network.places import Surroundings
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.model import Gap, Unread
from tests.azure.loopback.bodies_network import load_balancer
from tests.conftest import arm_id
from tests.facts.network_worlds import Body, allow, fact, group, net, network, nic, pip, ref, scale_set, subnet_id


def security(bodies: list[Body], coverage: Any = None) -> Any:
    return fact(bodies, "effective_security", coverage)


def opened(found: Any, way: str = "inbound", protocol: str = "tcp") -> list[tuple[int, int, list[str]]]:
    return [(o["first_port"], o["last_port"], o["remote"]) for o in found[way]["openings"] if o["protocol"] == protocol]


def machine(
    *rules: Body, subnet: Body | None = None, more: list[Body] | None = None, **configuration: Any
) -> list[Body]:
    """A machine in a subnet with these rules."""
    nsg = group("nsg", *rules)
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(nsg), **(subnet or {})}})
    return [nic("nic", subnet_id(vnet, "app"), machine="vm", **configuration), vnet, nsg, *(more or [])]


# --- openings


def test_without_groups_everything_may_come_and_go():
    vnet = network("vnet", {"app": {}})
    found = security([nic("nic", subnet_id(vnet, "app")), vnet])

    assert opened(found) == opened(found, "outbound") == [(0, 65535, ["any"])]


def test_default_rules_in_words():
    found = security(machine())

    assert opened(found) == [(0, 65535, ["virtual-network"])]
    assert opened(found, "outbound") == [(0, 65535, ["internet", "virtual-network"])]


def test_sources_are_named_and_the_rest_are_prefixes_and_tags():
    rule = allow("web", 100, "443", ["Internet", "192.168.7.0/24", "Storage"])

    assert (443, 443, ["internet", "virtual-network", "192.168.7.0/24", "storage"]) in opened(security(machine(rule)))


def test_the_interfaces_group_is_asked_first_on_the_way_out():
    bodies = machine()
    own = group("own")
    bodies[0]["properties"]["networkSecurityGroup"] = ref(own)

    rules = security([*bodies, own])["outbound"]["internet"]["ports"][0]["rule"]

    assert rules == "own/AllowInternetOutBound (65001) and nsg/AllowInternetOutBound (65001)"


def test_a_long_list_of_prefixes_is_cut():
    spans = merge(parse_prefix(f"20.{number}.0.0/17") for number in range(100))

    words = remotes(AddressSet(spans), Surroundings(()))

    assert (len(words), words[-1]) == (33, "more prefixes")
    assert remotes(EVERYTHING, Surroundings(())) == ["any"]


# --- the way out


def internet(bodies: list[Body], coverage: Any = None) -> Any:
    return security(bodies, coverage)["outbound"]["internet"]


def egress(bodies: list[Body]) -> tuple[str, str]:
    found = internet(bodies)
    return found["egress"], found["egress_name"]


NAT = net("ng", "natGateways")
ROUTES = "routeTables"


def routed(hop: str, address: str = "", *prefixes: str) -> Body:
    routes = [
        {"name": f"r{n}", "properties": {"addressPrefix": p, "nextHopType": hop, "nextHopIpAddress": address}}
        for n, p in enumerate(prefixes or ("0.0.0.0/0",))
    ]
    return net("rt", ROUTES, routes=routes)


def firewall(address: str) -> Body:
    return net("afw", "azureFirewalls", ipConfigurations=[{"properties": {"privateIPAddress": address}}])


def by_route(table: Body, *more: Body) -> list[Body]:
    return machine(subnet={"routeTable": ref(table)}, more=[table, *more])


def in_pool(*, public: bool = True, outbound: bool = False, sku: str = "Standard", **rule: Any) -> list[Body]:
    address = pip()
    balancer = load_balancer("lb", address["id"])
    balancer["sku"]["name"] = sku
    properties = balancer["properties"]
    properties["loadBalancingRules"][0]["properties"] |= rule
    front, pool = properties["frontendIPConfigurations"][0], properties["backendAddressPools"][0]
    if not public:
        front["properties"] = {"privateIPAddress": "10.0.0.9"}
    if outbound:
        out = {"frontendIPConfigurations": [ref(front)], "backendAddressPool": ref(pool)}
        properties["outboundRules"] = [{"name": "out", "properties": out}]
    return machine(more=[address, balancer], loadBalancerBackendAddressPools=[ref(pool)])


NONE_SAID = "lb has no outbound rule"


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        pytest.param(machine(), ("default", "default outbound access"), id="nothing chosen"),
        pytest.param(
            machine(subnet={"defaultOutboundAccess": False}), ("none", "the subnet is private"), id="private subnet"
        ),
        pytest.param(
            machine(subnet={"defaultOutboundAccess": True}), ("default", "default outbound access"), id="chosen default"
        ),
        pytest.param(machine(more=[pip()], publicIPAddress=ref(pip())), ("public-ip", "pip"), id="own address"),
        pytest.param(
            machine(subnet={"natGateway": ref(NAT)}, more=[NAT, pip()], publicIPAddress=ref(pip())),
            ("nat-gateway", "ng"),
            id="a NAT gateway is stronger than the own address",
        ),
        pytest.param(
            by_route(routed("VirtualAppliance", "10.0.9.4"), firewall("10.0.9.4")), ("firewall", "afw"), id="firewall"
        ),
        pytest.param(
            by_route(routed("VirtualAppliance", "10.0.9.5"), firewall("10.0.9.4")),
            ("virtual-appliance", "rt/r0 to 10.0.9.5"),
            id="another appliance",
        ),
        pytest.param(
            by_route(routed("VirtualNetworkGateway")),
            ("virtual-network-gateway", "rt/r0 to the virtual network gateway"),
            id="forced tunnelling",
        ),
        pytest.param(by_route(routed("None")), ("none", "rt/r0 to nowhere"), id="a black hole"),
        pytest.param(
            by_route(routed("VirtualAppliance", "10.0.9.5", "0.0.0.0/1", "128.0.0.0/1")),
            ("virtual-appliance", "rt/r0 to 10.0.9.5"),
            id="two halves",
        ),
        pytest.param(
            by_route(routed("VirtualAppliance", "10.0.9.5", "0.0.0.0/1")),
            ("default", "default outbound access"),
            id="one half",
        ),
        pytest.param(
            by_route(routed("Internet")), ("default", "default outbound access"), id="straight to the internet"
        ),
        pytest.param(in_pool(), ("load-balancer", "lb"), id="a rule of a public balancer"),
        pytest.param(in_pool(disableOutboundSnat=True), ("none", NONE_SAID), id="whose rule forbids it"),
        pytest.param(in_pool(disableOutboundSnat=True, outbound=True), ("load-balancer", "lb"), id="an outbound rule"),
        pytest.param(in_pool(public=False), ("none", NONE_SAID), id="an internal Standard balancer shuts"),
        pytest.param(
            in_pool(public=False, sku="Basic"),
            ("default", "default outbound access"),
            id="an internal Basic balancer does not",
        ),
    ],
)
def test_the_way_out(bodies, expected):
    assert egress(bodies) == expected


@pytest.mark.parametrize(("mode", "kind"), [("Uniform", "default"), ("Flexible", "none")])
def test_flexible_scale_sets_have_no_default_outbound_access(mode, kind):
    vnet = network("vnet", {"app": {}})
    found = scale_set("vmss", subnet_id(vnet, "app"))
    found["properties"]["orchestrationMode"] = mode

    assert egress([found, vnet])[0] == kind


def out(name: str, priority: int, ports: str = "*", access: str = "Deny", **more: Any) -> Body:
    return allow(name, priority, ports, access=access, direction="Outbound", protocol="*", **more)


@pytest.mark.parametrize(
    ("rules", "opens", "everything"),
    [
        ((), True, True),
        ((out("no", 100, destination="Internet"),), False, False),
        ((out("web", 100, "443", "Allow", destination="Internet"), out("no", 110)), True, False),
        ((out("office", 100, "443", "Allow", destination="198.51.100.0/24"), out("no", 110)), False, False),
        ((out("smtp", 100, "25"),), True, False),
    ],
)
def test_how_much_of_the_internet_is_open(rules, opens, everything):
    found = internet(machine(*rules))

    assert (found["open"], found["everything"]) == (opens, everything)


def test_what_goes_out_in_words():
    found = internet(machine(out("web", 100, "443", "Allow", destination="Internet"), out("no", 110)))

    assert found["text"] == "tcp 443, udp 443 to the internet by default outbound access, allowed by nsg/web (100)"


def test_a_private_endpoint_opens_no_connections():
    bodies = machine()
    bodies[0]["properties"]["privateEndpoint"] = ref(arm_id("Microsoft.Network/privateEndpoints", "pe"))

    assert not internet(bodies)["open"]


def test_a_route_table_that_was_not_read_leaves_the_way_out_unknown():
    table = routed("None")
    bodies = [one for one in by_route(table) if one is not table]
    gap = Gap("/", "Microsoft.Network/routeTables", "GET", 403, "AuthorizationFailed")
    kinds = {one["type"] for one in bodies} | {"Microsoft.Network/effectiveSecurityAdminRules"}
    lines = [LedgerEntry("/", kind, ReadState.COMPLETE) for kind in sorted(kinds)]
    denied = LedgerEntry("/", "Microsoft.Network/routeTables", ReadState.DENIED, gap=gap)

    found = security(bodies, Ledger([*lines, denied]))

    assert found["outbound"]["internet"] == Unread(gap)
    assert opened(found) == [(0, 65535, ["virtual-network"])]
