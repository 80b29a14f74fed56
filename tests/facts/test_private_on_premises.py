"""What networks on-premises reach behind a gateway, and who answers names for them."""

from __future__ import annotations

from typing import Any

from auditor.inventory.model import Unread
from tests.conftest import arm_id
from tests.facts.private_worlds import (
    BLOB,
    ENDPOINT,
    NETWORK,
    STORAGE,
    Body,
    endpoint,
    fact,
    network,
    peer,
    resource,
    unread,
    zone,
)

ACCOUNT = arm_id(STORAGE, "st1")
NAME = "st1.blob.core.windows.net"
HUB_DNS = {"dnsSettings": {"enableProxy": True}}


def blob(where: Body, **more: Any) -> Body:
    return endpoint("pe", ACCOUNT, where, "blob", **{"names": [NAME], **more})


def dns(*bodies: Body, coverage: Any = None) -> Any:
    (only,) = fact("private_endpoint", list(bodies), coverage)["dns"]
    return only


def hub_and_spoke(**hub: Any) -> tuple[Body, Body, Body]:
    """An endpoint in a spoke, and a hub with a gateway that the spoke uses."""
    spoke, centre = network("spoke"), network("hub", "10.1.0.0/16", GatewaySubnet={}, AzureFirewallSubnet={}, **hub)
    peer(spoke, centre, remote_gateways=True)
    front = {"properties": {"subnet": {"id": f"{centre['id']}/subnets/GatewaySubnet"}}}
    gateway = resource("Microsoft.Network/virtualNetworkGateways", "vgw", {"ipConfigurations": [front]})
    return spoke, centre, gateway


def resolver(where: Body) -> list[Body]:
    own = resource("Microsoft.Network/dnsResolvers", "dnspr", {"virtualNetwork": {"id": where["id"].upper()}})
    return [own, resource("Microsoft.Network/dnsResolvers/inboundEndpoints", "dnspr/in")]


def firewall(where: Body, policy: Body | None = None, **own: Any) -> list[Body]:
    front = {"properties": {"subnet": {"id": f"{where['id']}/subnets/AzureFirewallSubnet"}}}
    properties = {"ipConfigurations": [front], **own}
    if policy is None:
        return [resource("Microsoft.Network/azureFirewalls", "afw", properties)]
    held = resource("Microsoft.Network/firewallPolicies", "afwp", policy)
    properties["firewallPolicy"] = {"id": held["id"]}
    return [resource("Microsoft.Network/azureFirewalls", "afw", properties), held]


def test_no_gateway_no_clients_on_premises():
    vnet = network("vnet")

    assert fact("private_endpoint", [blob(vnet), vnet])["on_premises"]["gateway"] is False


def test_a_gateway_without_any_resolver():
    spoke, hub, gateway = hub_and_spoke()
    found = fact("private_endpoint", [blob(spoke), spoke, hub, gateway])["on_premises"]

    assert (found["gateway"], found["resolver"]) == (True, "none")


def test_a_gateway_in_the_own_network():
    _, hub, gateway = hub_and_spoke()

    assert fact("private_endpoint", [blob(hub), hub, gateway])["on_premises"]["gateway"] is True


def test_a_peering_alone_gives_no_gateway():
    spoke, hub = network("spoke"), network("hub", "10.1.0.0/16")
    peer(spoke, hub)

    assert fact("private_endpoint", [blob(spoke), spoke, hub])["on_premises"]["gateway"] is False


def test_what_answers_names_for_clients_on_premises():
    spoke, hub, gateway = hub_and_spoke()

    def kind(*more: Body) -> str:
        found = fact("private_endpoint", [blob(spoke), spoke, hub, gateway, *more])
        return str(found["on_premises"]["resolver"])

    assert kind(*resolver(hub)) == "dns-private-resolver"
    assert kind(*resolver(spoke)) == "dns-private-resolver"
    assert kind(resolver(hub)[0]) == "none"  # outbound only: nobody can ask it
    assert kind(*firewall(hub, HUB_DNS)) == "firewall-dns-proxy"
    assert kind(*firewall(hub, {})) == "none"
    assert kind(*firewall(hub, additionalProperties={"Network.DNS.EnableProxy": "true"})) == "firewall-dns-proxy"
    assert kind(*resolver(network("far", "10.7.0.0/16"))) == "none"


def test_a_gateway_out_of_sight_leaves_open_who_answers_names():
    spoke, hub, _ = hub_and_spoke()
    other = network("spoke2", "10.3.0.0/16")
    peer(other, hub, remote_gateways=True)

    found = fact("private_endpoint", [blob(spoke), spoke])["on_premises"]
    assert (found["gateway"], isinstance(found["resolver"], Unread)) == (True, True)
    found = fact("private_endpoint", [blob(spoke), spoke, other, *resolver(other)])["on_premises"]
    assert found["resolver"] == "dns-private-resolver"


def test_a_server_of_ones_own_is_told_by_the_networks_that_ask_it():
    spoke, hub, gateway = hub_and_spoke(dns=["10.1.0.10"])

    assert fact("private_endpoint", [blob(spoke), spoke, hub, gateway])["on_premises"]["resolver"] == "custom-dns"


def test_the_resolver_s_network_needs_the_zone_as_well():
    spoke, hub, gateway = hub_and_spoke(used=False)
    world = [blob(spoke), spoke, hub, gateway, *resolver(hub)]

    assert dns(*world, *zone(BLOB, spoke))["unlinked_networks"] == ["hub"]
    assert dns(*world, *zone(BLOB, spoke, hub))["linked_networks"] == ["hub"]


def test_an_unread_network_makes_the_way_from_on_premises_unknown():
    vnet = network("vnet")
    ledger, gap = unread([blob(vnet)], NETWORK)

    assert fact("private_endpoint", [blob(vnet)], ledger)["on_premises"]["gateway"] == Unread(gap)


def test_unread_resolvers_make_the_answer_unknown_unless_another_is_found():
    spoke, hub, gateway = hub_and_spoke()
    bodies = [blob(spoke), spoke, hub, gateway]
    ledger, gap = unread(bodies, "Microsoft.Network/dnsResolvers")

    assert fact("private_endpoint", bodies, ledger)["on_premises"]["resolver"] == Unread(gap)
    more = [*bodies, *firewall(hub, HUB_DNS)]
    assert fact("private_endpoint", more, ledger)["on_premises"]["resolver"] == "firewall-dns-proxy"


def test_an_unread_policy_leaves_open_whether_the_firewall_answers_names():
    spoke, hub, gateway = hub_and_spoke()
    wall, _ = firewall(hub, HUB_DNS)
    bodies = [blob(spoke), spoke, hub, gateway, wall]
    ledger, gap = unread(bodies, "Microsoft.Network/firewallPolicies")

    assert fact("private_endpoint", bodies, ledger)["on_premises"]["resolver"] == Unread(gap)


def test_a_policy_takes_over_the_proxy_of_its_base_policy():
    spoke, hub, gateway = hub_and_spoke()
    base = resource("Microsoft.Network/firewallPolicies", "base", HUB_DNS)
    own = firewall(hub, {"basePolicy": {"id": base["id"]}})
    found = fact("private_endpoint", [blob(spoke), spoke, hub, gateway, base, *own])["on_premises"]

    assert found["resolver"] == "firewall-dns-proxy"


def test_unread_inbound_endpoints_leave_open_whether_a_resolver_can_be_asked():
    spoke, hub, gateway = hub_and_spoke()
    bodies = [blob(spoke), spoke, hub, gateway, resolver(hub)[0]]
    ledger, gap = unread(bodies, "Microsoft.Network/dnsResolvers/inboundEndpoints")

    assert fact("private_endpoint", bodies, ledger)["on_premises"]["resolver"] == Unread(gap)


def test_what_a_gateway_reaches():
    spoke, hub, gateway = hub_and_spoke()
    found = fact("gateway_reach", [gateway, spoke, hub, blob(spoke), *resolver(hub)])

    assert (found["network"], found["networks"]) == ("hub", ["spoke"])
    assert (found["private_endpoints"], found["resolver"]) == (1, "dns-private-resolver")


def test_endpoints_that_are_not_approved_are_no_private_path():
    spoke, hub, gateway = hub_and_spoke()

    assert fact("gateway_reach", [gateway, spoke, hub, blob(spoke, status="Pending")])["private_endpoints"] == 0


def test_networks_out_of_sight_make_the_count_unknown_unless_there_is_one():
    _, hub, gateway = hub_and_spoke()

    assert isinstance(fact("gateway_reach", [gateway, hub])["private_endpoints"], Unread)
    near = endpoint("pe", ACCOUNT, hub, "blob")
    assert fact("gateway_reach", [gateway, hub, near])["private_endpoints"] == 1


def test_unread_endpoints_make_the_count_unknown():
    spoke, hub, gateway = hub_and_spoke()
    ledger, gap = unread([gateway, spoke, hub], ENDPOINT)

    assert fact("gateway_reach", [gateway, spoke, hub], ledger)["private_endpoints"] == Unread(gap)
