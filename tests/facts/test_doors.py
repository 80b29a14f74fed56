"""Ways from the internet to a machine, a kind after the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.azure.loopback.bodies_network import load_balancer
from tests.conftest import arm_id
from tests.facts.network_worlds import (
    Body,
    allow,
    dnat,
    fact,
    gated,
    group,
    net,
    network,
    nic,
    pip,
    ref,
    scale_set,
    subnet_id,
    translated,
    ways,
)

# --- scale sets


def balanced_set(*rules: Body, **configuration: Any) -> list[Body]:
    nsg = group("nsg", *rules)
    vnet = network("vnet", {"app": {}})
    address = pip()
    balancer = load_balancer("lb", address["id"], port=443)
    pool = ref(balancer["properties"]["backendAddressPools"][0])
    found = scale_set(
        "vmss", subnet_id(vnet, "app"), group=nsg, loadBalancerBackendAddressPools=[pool], **configuration
    )
    return [found, nsg, vnet, address, balancer]


def test_a_scale_set_is_reached_through_its_load_balancer():
    found = fact(balanced_set(allow("web", 100, "443")))

    assert (found["machine"], ways(found)) == ("vmss", [("load-balancer", "tcp", 443)])
    assert found["paths"][0]["text"].endswith("-> lb :443 -> vmss/nic tcp 443, allowed by nsg/web (100)")


@pytest.mark.parametrize(("address", "opened"), [("10.0.0.7", True), ("10.0.9.7", False), ("10.0.0.8", False)])
def test_a_pool_of_addresses_leads_to_the_scale_set_whose_subnet_they_are_of(address, opened):
    """As node pools of Kubernetes are where pools are by node address; 10.0.0.8 is another machine's."""
    nsg = group("nsg", allow("web", 100, "443"))
    vnet = network("vnet", {"app": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": ref(nsg)}})
    front = pip()
    balancer = load_balancer("lb", front["id"], port=443)
    member = {"properties": {"ipAddress": address, "virtualNetwork": ref(vnet)}}
    balancer["properties"]["backendAddressPools"][0]["properties"]["loadBalancerBackendAddresses"] = [member]
    other = nic("nic", subnet_id(vnet, "app"), "10.0.0.8")

    found = fact([scale_set("vmss", subnet_id(vnet, "app")), vnet, nsg, front, balancer, other])

    assert ways(found) == ([("load-balancer", "tcp", 443)] if opened else [])


def test_a_scale_set_is_shut_by_the_group_of_its_model():
    assert not fact(balanced_set())["open"]


def test_each_instance_of_a_scale_set_can_have_an_address():
    model = {"name": "pub", "sku": {"name": "Standard"}, "properties": {}}

    found = fact(balanced_set(allow("ssh", 100, "22"), publicIPAddressConfiguration=model))

    assert ways(found) == [("public-ip", "tcp", 22)]


def test_a_nat_pool_leads_to_the_instances():
    bodies = balanced_set(allow("ssh", 100, "22"))
    balancer = bodies[-1]
    front = balancer["properties"]["frontendIPConfigurations"][0]["id"]
    nat = {
        "id": f"{balancer['id']}/inboundNatPools/ssh",
        "name": "ssh",
        "properties": {
            "frontendIPConfiguration": ref(front),
            "frontendPortRangeStart": 50000,
            "frontendPortRangeEnd": 50119,
            "backendPort": 22,
            "protocol": "Tcp",
        },
    }
    balancer["properties"]["inboundNatPools"] = [nat]
    model = bodies[0]["properties"]["virtualMachineProfile"]["networkProfile"]["networkInterfaceConfigurations"][0]
    model["properties"]["ipConfigurations"][0]["properties"]["loadBalancerInboundNatPools"] = [ref(nat)]

    (path,) = fact(bodies)["paths"]

    assert (path["via"], path["frontend_port"], path["first_port"]) == ("nat-rule", 50000, 22)
    assert ":50000-50119" in path["text"]


def test_a_rule_for_some_addresses_of_the_subnet_is_about_some_instances():
    found = fact(balanced_set(allow("web", 100, "443", destination="10.0.0.128/25")))

    assert ways(found) == [("load-balancer", "tcp", 443)]


def test_a_rule_for_another_subnet_is_not_about_the_instances():
    assert not fact(balanced_set(allow("web", 100, "443", destination="10.9.0.0/16")))["open"]


# --- application gateways


def test_a_gateway_leads_from_its_listener_to_the_backend():
    (path,) = fact(gated(None, []))["paths"]

    assert (path["via"], path["frontend_port"], path["first_port"], path["everyone"]) == (
        "application-gateway",
        443,
        8080,
        True,
    )
    assert path["text"] == (
        "internet -> pip-gw (203.0.113.9) -> agw :443 -> nic-app tcp 8080, allowed by nsg-app/AllowVnetInBound (65000)"
    )


def test_who_gets_to_the_gateway_is_decided_at_its_subnet():
    (path,) = fact(gated([allow("office", 100, "443", "198.51.100.0/24")], []))["paths"]

    assert (path["addresses"], path["wide"]) == (256, False)
    assert path["rule"] == "nsg-gw/office (100) and nsg-app/AllowVnetInBound (65000)"


@pytest.mark.parametrize(
    ("gateway_rules", "machine_rules"),
    [
        pytest.param([], [], id="the gateway's subnet lets nobody in"),
        pytest.param([allow("other", 100, "80")], [], id="not to the listener's port"),
        pytest.param(None, [allow("no", 100, "*", "10.0.0.0/24", access="Deny")], id="the machine refuses the gateway"),
    ],
)
def test_a_gateway_leads_nowhere(gateway_rules, machine_rules):
    assert not fact(gated(gateway_rules, machine_rules))["open"]


def test_a_private_listener_is_no_door():
    bodies = gated(None, [])
    listener = bodies[-1]["properties"]["httpListeners"][0]["properties"]
    listener["frontendIPConfiguration"] = ref(f"{bodies[-1]['id']}/frontendIPConfigurations/private")

    assert not fact(bodies)["open"]


def test_paths_of_a_gateway_lead_to_pools_of_their_own():
    bodies = gated(None, [])
    agw = bodies[-1]
    rule = agw["properties"]["requestRoutingRules"][0]["properties"]
    pool, settings = rule.pop("backendAddressPool"), rule.pop("backendHttpSettings")
    rule["urlPathMap"] = ref(f"{agw['id']}/urlPathMaps/m")
    inner = {"name": "p", "properties": {"backendAddressPool": pool, "backendHttpSettings": settings}}
    agw["properties"]["urlPathMaps"] = [
        {"id": f"{agw['id']}/urlPathMaps/m", "name": "m", "properties": {"pathRules": [inner]}}
    ]

    assert ways(fact(bodies)) == [("application-gateway", "tcp", 8080)]


@pytest.mark.parametrize(
    ("properties", "waf"),
    [
        ({}, False),
        ({"firewallPolicy": {"id": arm_id("Microsoft.Network/x", "waf")}}, True),
        ({"webApplicationFirewallConfiguration": {"enabled": True}}, True),
        ({"webApplicationFirewallConfiguration": {"enabled": False}}, False),
    ],
)
def test_whether_a_firewall_looks_at_the_requests(properties, waf):
    assert fact(gated(None, [], **properties))["paths"][0]["waf"] is waf


# --- Azure Firewall


@pytest.mark.parametrize("policy", [True, False])
def test_a_firewall_translates_to_the_machine(policy):
    rule = dnat() if policy else {**dnat(), "protocols": ["TCP"]}

    (path,) = fact(translated(rule, policy=policy))["paths"]

    assert (path["via"], path["frontend_port"], path["first_port"], path["everyone"]) == ("firewall", 2222, 22, True)
    assert path["text"] == (
        "internet -> pip-afw (203.0.113.10) -> afw :2222 -> nic tcp 22, "
        "allowed by afw/dnat/ssh and nsg/AllowVnetInBound (65000)"
    )


def test_a_translation_for_an_office_is_for_that_office():
    (path,) = fact(translated(dnat(sourceAddresses=["198.51.100.0/28"])))["paths"]

    assert (path["addresses"], path["wide"]) == (16, False)


def test_a_group_of_addresses_is_looked_up():
    offices = net("offices", "ipGroups", ipAddresses=["198.51.100.0/28"])

    found = fact([*translated(dnat(sourceAddresses=[], sourceIpGroups=[offices["id"]])), offices])

    assert found["paths"][0]["addresses"] == 16


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param(translated(dnat(sourceAddresses=["10.0.0.0/8"])), id="from inside only"),
        pytest.param(translated(dnat(translatedAddress="10.1.0.5")), id="to another machine"),
        pytest.param(translated(dnat(destinationAddresses=["203.0.113.77"])), id="for another firewall"),
        pytest.param(translated(dnat(), spoke=False), id="the networks are not connected"),
        pytest.param(
            translated(dnat(), allow("no", 100, "22", "10.0.0.0/24", access="Deny")), id="the machine refuses"
        ),
    ],
)
def test_a_translation_leads_nowhere(bodies):
    assert not fact(bodies)["open"]


@pytest.mark.parametrize(("floating", "port"), [(False, 8080), (True, 80)])
def test_a_translation_to_an_internal_balancer_reaches_what_is_behind_it(floating, port):
    seen = "10.1.0.100" if floating else "10.1.0.4"
    bodies = translated(
        dnat(translatedAddress="10.1.0.100", translatedPort="80"),
        allow("front", 100, str(port), destination=seen),
        allow("nothing-else", 110, "*", access="Deny"),
    )
    balancer = net("ilb", "loadBalancers")
    front, pool = f"{balancer['id']}/frontendIPConfigurations/f", f"{balancer['id']}/backendAddressPools/p"
    rule = {"frontendIPConfiguration": ref(front), "frontendPort": 80, "backendPort": 8080, "protocol": "Tcp"}
    rule["enableFloatingIP"] = floating
    inside = {"privateIPAddress": "10.1.0.100", "subnet": ref(subnet_id(bodies[2], "app"))}
    balancer["properties"] |= {
        "frontendIPConfigurations": [{"id": front, "properties": inside}],
        "backendAddressPools": [{"id": pool, "properties": {}}],
        "loadBalancingRules": [{"name": "r", "properties": {**rule, "backendAddressPool": ref(pool)}}],
    }
    bodies[0]["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] = [ref(pool)]

    (path,) = fact([*bodies, balancer])["paths"]

    assert f"-> afw :2222 -> ilb :80 -> nic tcp {port}" in path["text"]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("destination", "with_shared"), [("10.0.0.0/24", False), ("203.0.113.9", True), ("*", None)])
def test_a_gateway_with_one_port_on_both_frontends_shows_rules_its_public_address(shared, destination, with_shared):
    entry = allow("web", 100, "443", destination=destination)
    bodies = gated([entry], [allow("web", 100, "8080")])
    properties = bodies[-1]["properties"]
    if shared:
        (listener,), (rule,) = properties["httpListeners"], properties["requestRoutingRules"]
        private, routed = json.loads(json.dumps([listener, rule]))
        private["id"] += "-private"
        private["properties"]["frontendIPConfiguration"] = ref(properties["frontendIPConfigurations"][1]["id"])
        routed["properties"]["httpListener"] = ref(private["id"])
        properties["httpListeners"].append(private)
        properties["requestRoutingRules"].append(routed)

    assert fact(bodies)["open"] is (with_shared is None or with_shared is shared)


# --- Azure Bastion, just-in-time access


def with_bastion(**bastion: Any) -> list[Body]:
    nsg = group("nsg")
    vnet = network("vnet", {"AzureBastionSubnet": {}, "app": {"networkSecurityGroup": ref(nsg)}})
    address = pip("pip-bas")
    configuration = {"subnet": ref(subnet_id(vnet, "AzureBastionSubnet")), "publicIPAddress": ref(address)}
    host = net("bas", "bastionHosts", ipConfigurations=[{"name": "ip", "properties": configuration}])
    return [nic("nic", subnet_id(vnet, "app"), "10.0.1.4", machine="vm"), vnet, nsg, address, {**host, **bastion}]


def test_what_bastion_reaches_is_told_and_is_not_open():
    found = fact(with_bastion())

    assert (found["open"], ways(found)) == (False, [("bastion", "tcp", 22), ("bastion", "tcp", 3389)])
    assert all((path["wide"], path["everyone"], path["addresses"]) == (False, False, 0) for path in found["paths"])


def test_an_interface_without_a_machine_is_nothing_for_bastion():
    bodies = with_bastion()
    del bodies[0]["properties"]["virtualMachine"]

    assert fact(bodies)["paths"] == []


def public(*rules: Body, subnet: Body | None = None, sku: str = "Standard") -> list[Body]:
    nsg = group("nsg", *rules)
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(nsg), **(subnet or {})}})
    address = pip(sku=sku)
    return [nic("nic", subnet_id(vnet, "app"), machine="vm", publicIPAddress=ref(address)), vnet, nsg, address]


def jit(machine: str, *ports: int) -> Body:
    machines = [{"id": machine, "ports": [{"number": port, "protocol": "*"} for port in ports]}]
    kind = "Microsoft.Security/locations/jitNetworkAccessPolicies"
    identifier = arm_id(kind, "westeurope/default")
    return {"id": identifier, "name": "default", "type": kind, "properties": {"virtualMachines": machines}}


def test_a_port_under_just_in_time_access_is_told_apart():
    bodies = public(allow("ssh", 100, "22"), allow("web", 110, "443"))
    policy = jit(bodies[0]["properties"]["virtualMachine"]["id"].upper(), 22)

    found = fact([*bodies, policy])

    assert [(path["first_port"], path["just_in_time"]) for path in found["paths"]] == [(22, True), (443, False)]


def test_a_range_is_under_just_in_time_access_where_every_port_of_it_is():
    bodies = public(allow("some", 100, "22-23"))
    policy = jit(bodies[0]["properties"]["virtualMachine"]["id"], 22)

    assert fact([*bodies, policy])["paths"][0]["just_in_time"] is False


# --- routes, IPv6


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (("0.0.0.0/0", "VirtualAppliance", "10.0.9.4"), "rt/default to 10.0.9.4"),
        (("0.0.0.0/0", "Internet", None), None),
        (("10.0.0.0/8", "VirtualAppliance", "10.0.9.4"), None),
        (("0.0.0.0/0", "None", None), "rt/default to nowhere"),
    ],
)
def test_answers_that_take_another_way_are_told(route, said):
    prefix, hop, address = route
    properties = {"addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": address}
    table = net("rt", "routeTables", routes=[{"name": "default", "properties": properties}])

    (path,) = fact([*public(allow("ssh", 100, "22"), subnet={"routeTable": ref(table)}), table])["paths"]

    assert path["asymmetric_return"] == said


def over_ipv6(source: str) -> list[Body]:
    bodies = public(allow("ssh", 100, "22", source))
    bodies[0]["properties"]["ipConfigurations"][0]["properties"] |= {
        "privateIPAddress": "fd00:1::4",
        "privateIPAddressVersion": "IPv6",
    }
    bodies[1]["properties"]["addressSpace"]["addressPrefixes"].append("fd00:1::/48")
    bodies[3]["properties"] |= {"publicIPAddressVersion": "IPv6", "ipAddress": "2001:db8::9"}
    return bodies


@pytest.mark.parametrize("source", ["*", "Internet", "::/0"])
def test_everyone_reaches_an_ipv6_address(source):
    (path,) = fact(over_ipv6(source))["paths"]

    assert (path["family"], path["everyone"], path["wide"]) == (6, True, True)


def test_ipv4_sources_do_not_reach_an_ipv6_address():
    assert not fact(over_ipv6("0.0.0.0/0"))["open"]


def test_ipv6_addresses_are_counted_as_networks():
    assert fact(over_ipv6("2001:db8:1::/48"))["paths"][0]["addresses"] == 65536


# --- private endpoints


def test_a_group_of_a_private_endpoints_subnet_counts_only_where_policies_are_enabled():
    def reached(policies: str) -> bool:
        bodies = translated(dnat(translatedPort="443"), allow("no", 100, "443", "10.0.0.0/24", access="Deny"))
        bodies[0]["properties"]["privateEndpoint"] = ref(arm_id("Microsoft.Network/privateEndpoints", "pe"))
        bodies[2]["properties"]["subnets"][0]["properties"]["privateEndpointNetworkPolicies"] = policies
        return bool(fact(bodies)["open"])

    assert (reached("Disabled"), reached("Enabled")) == (True, False)


# --- paths beside one another


@pytest.mark.parametrize(("port", "around"), [("8080", ["agw"]), ("9090", [])])
def test_a_way_around_the_gateway_is_told(port, around):
    bodies = gated(None, [allow("direct", 100, port)])
    address = pip("pip-direct", "203.0.113.77")
    bodies[0]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = ref(address)

    paths = {path["via"]: path for path in fact([*bodies, address])["paths"]}

    assert paths["public-ip"]["around"] == around
    assert paths["application-gateway"]["around"] == []


@pytest.mark.parametrize(("source", "only"), [("::/0", True), ("*", False)])
def test_what_only_ipv6_opens_is_told(source, only):
    bodies = over_ipv6(source)
    other = pip("pip4", "203.0.113.8")
    configurations = bodies[0]["properties"]["ipConfigurations"]
    four = {"privateIPAddress": "10.0.0.4", "subnet": configurations[0]["properties"]["subnet"]}
    configurations.append({"name": "four", "properties": {**four, "publicIPAddress": ref(other)}})

    found = [path for path in fact([*bodies, other])["paths"] if path["family"] == 6]

    assert [path["only_ipv6"] for path in found] == [only]


# --- scale sets without a SKU, virtual hubs


@pytest.mark.parametrize(("sku", "opened"), [("Standard", False), ("Basic", True)])
def test_an_instances_address_is_of_its_load_balancers_sku(sku, opened):
    bodies = balanced_set(publicIPAddressConfiguration={"name": "pub", "properties": {}})
    del bodies[0]["properties"]["virtualMachineProfile"]["networkProfile"]["networkInterfaceConfigurations"][0][
        "properties"
    ]["networkSecurityGroup"]
    bodies[-1]["sku"]["name"] = bodies[-2]["sku"]["name"] = sku

    assert fact(bodies)["open"] is opened


@pytest.mark.parametrize("connected", [True, False])
def test_a_hubs_firewall_translates_to_networks_that_may_be_connected_to_it(connected):
    hub = net("vhub", "virtualHubs", addressPrefix="10.9.0.0/24")
    addresses = {"publicIPs": {"count": 1, "addresses": [{"address": "203.0.113.10"}]}}
    firewall = net("afw", "azureFirewalls", virtualHub=ref(hub), hubIPAddresses=addresses)
    rule = {**dnat(translatedAddress="10.1.0.4"), "protocols": ["TCP"]}
    firewall["properties"]["natRuleCollections"] = [{"name": "dnat", "properties": {"priority": 1, "rules": [rule]}}]
    elsewhere = network("HV_vhub", {}, space="10.9.0.0/24")
    vnet = network("spoke", {"app": {}}, space="10.1.0.0/16", peers=[elsewhere] if connected else [])

    assert fact([nic("nic", subnet_id(vnet, "app"), "10.1.0.4"), vnet, hub, firewall])["open"] is connected
