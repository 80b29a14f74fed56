"""By which ways data can leave a subnet."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.inventory.model import Unread
from tests.azure.loopback.bodies_network import (
    load_balancer,
    network_interface,
    network_security_group,
    public_ip,
    route_table,
    security_rule,
)
from tests.conftest import SUBSCRIPTION, arm_id
from tests.facts.private_worlds import STORAGE, Body, account, endpoint, fact, network, peer, resource, unread

GATEWAY = "Microsoft.Network/virtualNetworkGateways"
WEB = [{"name": "web", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]
NO_INTERNET = security_rule(
    "no", 100, access="Deny", direction="Outbound", protocol="*", destination="Internet", ports="*"
)
ONLY_STORAGE = security_rule("st", 90, direction="Outbound", destination="Storage")
ONLY_PARTNER = security_rule("partner", 90, direction="Outbound", destination="198.51.100.0/24")


def subnet(owner: Body, name: str = "app") -> Body:
    return next(part for part in owner["properties"]["subnets"] if part["name"] == name)


def world(*more: Body, **properties: Any) -> list[Body]:
    """A subnet with a delegated service, and what else there is."""
    vnet = network("vnet", used=False, app={"delegations": WEB, **properties})
    return [subnet(vnet), vnet, *more]


def way(*more: Body, coverage: Any = None, **properties: Any) -> tuple[Any, Any]:
    found = fact("exfiltration", world(*more, **properties), coverage)
    return found["internet"], found["way"]


def behind(group: Body) -> tuple[Any, Any]:
    return way(group, networkSecurityGroup={"id": group["id"]})


def routed(**routes: Body) -> tuple[Any, Any]:
    table = route_table("rt", routes, subscription=SUBSCRIPTION)
    return way(table, routeTable={"id": table["id"].upper()})


def nsg(*rules: Body) -> Body:
    return network_security_group("nsg", rules, subscription=SUBSCRIPTION)


def test_nothing_stands_in_the_way():
    assert way() == (True, "by default outbound access, no security group")


@pytest.mark.parametrize(
    ("rules", "is_open"),
    [
        pytest.param([], True, id="default rules"),
        pytest.param([NO_INTERNET], False, id="denied"),
        pytest.param([ONLY_STORAGE, NO_INTERNET], False, id="a service tag only"),
        pytest.param([ONLY_PARTNER, NO_INTERNET], False, id="one partner only"),
        pytest.param(
            [security_rule("web", 90, direction="Outbound", destination="*"), NO_INTERNET], True, id="HTTPS to anywhere"
        ),
        pytest.param(
            [security_rule("in", 90, access="Deny", ports="*", protocol="*")], True, id="inbound says nothing"
        ),
    ],
)
def test_security_rules(rules: list[Body], is_open: bool):
    assert behind(nsg(*rules))[0] is is_open


def test_the_rule_that_lets_it_out_is_named():
    assert behind(nsg())[1] == "by default outbound access, allowed by nsg/AllowInternetOutBound (65001)"


HALF = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4"}


@pytest.mark.parametrize(
    ("routes", "is_open"),
    [
        pytest.param({"all": {"addressPrefix": "0.0.0.0/0", **HALF}}, False, id="to a firewall"),
        pytest.param({"all": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}}, False, id="to nowhere"),
        pytest.param(
            {"all": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualNetworkGateway"}}, False, id="on-premises"
        ),
        pytest.param({"all": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}, True, id="straight out"),
        pytest.param(
            {"low": {"addressPrefix": "0.0.0.0/1", **HALF}, "high": {"addressPrefix": "128.0.0.0/1", **HALF}},
            False,
            id="two halves",
        ),
        pytest.param({"half": {"addressPrefix": "0.0.0.0/1", **HALF}}, True, id="one half"),
        pytest.param({"site": {"addressPrefix": "192.168.0.0/16", **HALF}}, True, id="another place"),
    ],
)
def test_routes(routes: dict[str, Body], is_open: bool):
    assert routed(**routes)[0] is is_open


@pytest.mark.parametrize(
    ("properties", "past"),
    [
        ({}, True),
        ({"vnetRouteAllEnabled": False}, True),
        ({"vnetRouteAllEnabled": True}, False),
        ({"siteConfig": {"vnetRouteAllEnabled": True}}, False),
        ({"outboundVnetRouting": {"allTraffic": False, "applicationTraffic": True}}, False),
    ],
)
def test_an_app_that_leads_only_private_addresses_through_its_subnet(properties: Body, past: bool):
    group = nsg(NO_INTERNET)
    bodies = world(group, networkSecurityGroup={"id": group["id"]})
    app = resource("Microsoft.Web/sites", "app", {"virtualNetworkSubnetId": bodies[0]["id"].upper(), **properties})

    assert fact("exfiltration", [*bodies, app])["internet"] is past


def test_a_private_subnet_needs_an_address_to_go_out_with():
    assert way(defaultOutboundAccess=False)[0] is False
    gateway = {"natGateway": {"id": arm_id("Microsoft.Network/natGateways", "nat")}}
    assert way(defaultOutboundAccess=False, **gateway) == (True, "by a NAT gateway, no security group")


def machine(vnet: Body, **more: Any) -> Body:
    return network_interface("nic", f"{vnet['id']}/subnets/app", subscription=SUBSCRIPTION, **more)


def private(**more: Any) -> Body:
    return network("vnet", used=False, app={"defaultOutboundAccess": False, **more})


def test_a_machine_s_own_address_leads_out_of_a_private_subnet():
    vnet = private()
    address = public_ip("pip", subscription=SUBSCRIPTION)
    nic = machine(vnet, public_ip_id=address["id"])

    assert fact("exfiltration", [subnet(vnet), vnet, nic, address])["way"].startswith("by a public IP address")


@pytest.mark.parametrize(("forbidden", "is_open"), [(False, True), (True, False)])
def test_a_load_balancer_lends_its_address_unless_it_must_not(forbidden: bool, is_open: bool):
    vnet = private()
    balancer = load_balancer("lb", arm_id("Microsoft.Network/publicIPAddresses", "pip"), subscription=SUBSCRIPTION)
    balancer["properties"]["loadBalancingRules"][0]["properties"]["disableOutboundSnat"] = forbidden
    nic = machine(vnet)
    pool = balancer["properties"]["backendAddressPools"][0]["id"]
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] = [{"id": pool}]

    assert fact("exfiltration", [subnet(vnet), vnet, nic, balancer])["internet"] is is_open


def test_a_scale_set_is_machines_and_brings_its_own_group():
    vnet, group = network("vnet", used=False, app={}), nsg(NO_INTERNET)
    configuration = {"name": "ip", "properties": {"subnet": {"id": f"{vnet['id']}/subnets/app"}}}
    model: Body = {"name": "nic", "properties": {"ipConfigurations": [configuration]}}
    profile = {"networkProfile": {"networkInterfaceConfigurations": [model]}}
    scale_set = resource("Microsoft.Compute/virtualMachineScaleSets", "vmss", {"virtualMachineProfile": profile})
    bodies = [subnet(vnet), vnet, scale_set, group]

    found = fact("exfiltration", bodies)
    assert (found["machines"], found["internet"]) == (True, True)
    model["properties"]["networkSecurityGroup"] = {"id": group["id"]}
    assert fact("exfiltration", bodies)["internet"] is False


def test_the_interface_s_group_counts_too():
    vnet, group = network("vnet", used=False, app={}), nsg(NO_INTERNET)
    nic = machine(vnet, security_group_id=group["id"])

    assert fact("exfiltration", [subnet(vnet), vnet, nic, group])["internet"] is False


# --- learned default routes


def hub(**gateway: Any) -> list[Body]:
    spoke, centre = network("vnet", used=False, app={"delegations": WEB}), network("hub", "10.1.0.0/16")
    peer(spoke, centre, remote_gateways=True)
    front = {"properties": {"subnet": {"id": f"{centre['id']}/subnets/GatewaySubnet"}}}
    return [subnet(spoke), spoke, centre, resource(GATEWAY, "vgw", {"ipConfigurations": [front], **gateway})]


def test_a_gateway_without_routing_protocol_brings_no_default_route():
    assert fact("exfiltration", hub(gatewayType="Vpn", enableBgp=False))["internet"] is True


def test_a_default_site_takes_the_traffic():
    site = {"id": arm_id("Microsoft.Network/localNetworkGateways", "office")}

    assert fact("exfiltration", hub(gatewayType="Vpn", gatewayDefaultSite=site))["internet"] is False


@pytest.mark.parametrize("gateway", [{"gatewayType": "ExpressRoute"}, {"gatewayType": "Vpn", "enableBgp": True}])
def test_what_a_gateway_learns_is_not_known(gateway: Any):
    assert isinstance(fact("exfiltration", hub(**gateway))["internet"], Unread)


def test_unless_learned_routes_are_kept_out():
    bodies = hub(gatewayType="ExpressRoute")
    table = route_table("rt", subscription=SUBSCRIPTION)
    table["properties"]["disableBgpRoutePropagation"] = True
    bodies[0]["properties"]["routeTable"] = {"id": table["id"]}

    assert fact("exfiltration", [*bodies, table])["internet"] is True


# --- data, machines, service endpoints


def test_data_behind_endpoints_of_the_network_and_firewalls_that_name_the_subnet():
    vnet = network("vnet", used=False, app={"delegations": WEB})
    inside = subnet(vnet)
    rules = {"networkAcls": {"virtualNetworkRules": [{"id": inside["id"].upper(), "action": "Allow"}]}}
    pe = endpoint("pe", arm_id("Microsoft.Sql/servers", "sql1"), vnet, "sqlServer")
    found = fact("exfiltration", [inside, vnet, pe, account("st1", properties=rules)])

    assert found["data"] == ["sql1 (private endpoint)", "st1 (service endpoint)"]


def test_a_rule_that_is_a_child_of_its_server_counts():
    vnet = network("vnet", used=False, app={})
    inside = subnet(vnet)
    server = resource("Microsoft.Sql/servers", "sql1")
    rule = resource("Microsoft.Sql/servers/virtualNetworkRules", "sql1/app", {"virtualNetworkSubnetId": inside["id"]})

    assert fact("exfiltration", [inside, vnet, server, rule])["data"] == ["sql1 (service endpoint)"]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (arm_id(STORAGE, "st1"), "Pending"),
        (arm_id("Microsoft.Network/privateLinkServices", "pls"), "Approved"),
        (arm_id("Microsoft.ContainerRegistry/registries", "cr"), "Approved"),
    ],
)
def test_what_is_no_data(target: str, status: str):
    vnet = network("vnet", used=False, app={})

    assert fact("exfiltration", [subnet(vnet), vnet, endpoint("pe", target, vnet, "blob", status=status)])["data"] == []


@pytest.mark.parametrize(
    ("service", "machines"),
    [("Microsoft.Web/serverFarms", True), ("microsoft.DBforPostgreSQL/flexibleServers", False)],
)
def test_delegations(service: str, machines: bool):
    delegation = {"name": "own", "properties": {"serviceName": service}}

    assert fact("exfiltration", world(delegations=[delegation]))["machines"] is machines


def test_a_subnet_of_endpoints_opens_no_connections():
    vnet = network("vnet", used=False)
    nic = network_interface("pe.nic", f"{vnet['id']}/subnets/endpoints", subscription=SUBSCRIPTION)
    nic["properties"]["privateEndpoint"] = {"id": "/subscriptions/1/x"}
    bodies = [subnet(vnet, "endpoints"), vnet, nic]

    assert fact("exfiltration", bodies)["machines"] is False


@pytest.mark.parametrize(
    ("services", "policies", "unrestricted"),
    [
        (["Microsoft.Storage"], [], True),
        (["microsoft.storage.global"], [], True),
        (["Microsoft.Storage"], ["sep"], False),
        (["Microsoft.Sql"], [], False),
        ([], [], False),
    ],
)
def test_service_endpoints(services: list[str], policies: list[str], unrestricted: bool):
    held = [{"id": arm_id("Microsoft.Network/serviceEndpointPolicies", name)} for name in policies]
    bodies = world(serviceEndpoints=[{"service": name} for name in services], serviceEndpointPolicies=held)
    found = fact("exfiltration", bodies)

    assert (found["policies"], found["storage_unrestricted"]) == (policies, unrestricted)


# --- what was not read


def test_an_unread_security_group_makes_the_way_unknown():
    bodies = world(networkSecurityGroup={"id": arm_id("Microsoft.Network/networkSecurityGroups", "nsg")})
    ledger, gap = unread(bodies, "Microsoft.Network/networkSecurityGroups")

    assert fact("exfiltration", bodies, ledger)["internet"] == Unread(gap)


def test_an_unread_route_table_makes_the_way_unknown():
    bodies = world(routeTable={"id": arm_id("Microsoft.Network/routeTables", "rt")})
    ledger, gap = unread(bodies, "Microsoft.Network/routeTables")

    assert fact("exfiltration", bodies, ledger)["internet"] == Unread(gap)


def test_unread_endpoints_make_the_data_unknown():
    bodies = world()
    ledger, gap = unread(bodies, "Microsoft.Network/privateEndpoints")

    assert fact("exfiltration", bodies, ledger)["data"] == Unread(gap)
