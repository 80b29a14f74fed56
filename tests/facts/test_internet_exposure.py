"""What the internet reaches, by which way."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.registry import FactStore, family
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.azure.loopback.bodies_network import (
    load_balancer,
    network_interface,
    network_security_group,
    public_ip,
    security_rule,
    virtual_network,
)
from tests.conftest import SUBSCRIPTION

Body = dict[str, Any]


def rule(name: str, priority: int, ports: str = "22", source: Any = "*", **more: Any) -> Body:
    return security_rule(name, priority, ports=ports, source=source, **more)


def world(
    subnet_rules: list[Body] | None = None,
    nic_rules: list[Body] | None = None,
    *,
    sku: str = "Standard",
    public: bool = True,
) -> list[Body]:
    """A network interface with a public address, and the security groups of its subnet and of itself."""
    bodies: list[Body] = []
    subnet: Body = {"addressPrefix": "10.0.0.0/24"}
    if subnet_rules is not None:
        group = network_security_group("nsg-subnet", subnet_rules)
        subnet["networkSecurityGroup"] = {"id": group["id"]}
        bodies.append(group)
    network = virtual_network("vnet", {"app": subnet})
    address = public_ip("pip", "203.0.113.9", sku=sku)
    more = {"public_ip_id": address["id"]} if public else {}
    if nic_rules is not None:
        own = network_security_group("nsg-nic", nic_rules)
        more["security_group_id"] = own["id"]
        bodies.append(own)
    nic = network_interface("nic", network["properties"]["subnets"][0]["id"], **more)
    return [nic, network, address, *bodies]


def exposure(bodies: list[Body], coverage: Any = None) -> Any:
    resources = [Resource.from_body(body) for body in bodies]
    return FactStore(Inventory(resources, coverage)).get("internet_exposure", resources[0])


def reached(bodies: list[Body]) -> list[tuple[str, int, int]]:
    return [(p["protocol"], p["first_port"], p["last_port"]) for p in exposure(bodies)["paths"] if p["wide"]]


SSH = [("tcp", 22, 22)]


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        pytest.param(world([rule("ssh", 100)]), SSH, id="allowed by the subnet"),
        pytest.param(world(None, [rule("ssh", 100)]), SSH, id="allowed by the interface"),
        pytest.param(world([rule("ssh", 100)], [rule("ssh", 100)]), SSH, id="allowed by both"),
        pytest.param(world([rule("ssh", 100)], []), [], id="the interface's default rules shut it"),
        pytest.param(world([], [rule("ssh", 100)]), [], id="the subnet's default rules shut it"),
        pytest.param(world([rule("ssh", 100)], public=False), [], id="no public address"),
        pytest.param(world(), [], id="Standard is closed without a group"),
        pytest.param(world([rule("a", 100, source="Internet")]), SSH, id="service tag Internet"),
        pytest.param(world([rule("a", 100, source="0.0.0.0/0")]), SSH, id="every IPv4 address"),
        pytest.param(world([rule("a", 100, source=["0.0.0.0/1", "128.0.0.0/1"])]), SSH, id="two halves"),
        pytest.param(
            world([rule("a", 100, source="0.0.0.0/1"), rule("b", 110, source="128.0.0.0/1")]),
            SSH,
            id="halves in two rules",
        ),
        pytest.param(world([rule("a", 100, source="198.51.100.0/24")]), [], id="one office"),
        pytest.param(world([rule("a", 100, source="VirtualNetwork")]), [], id="inside only"),
        pytest.param(world([rule("a", 100, source="AzureCloud")]), [], id="a service tag of unknown extent"),
        pytest.param(world([rule("no", 100, access="Deny"), rule("ssh", 110)]), [], id="denied first"),
        pytest.param(world([rule("ssh", 100), rule("no", 110, access="Deny")]), SSH, id="denied too late"),
        pytest.param(
            world([rule("no", 100, ports="1-1000", access="Deny", source="Internet"), rule("ssh", 110)]),
            [],
            id="in a range",
        ),
        pytest.param(world([rule("r", 100, ports="20-25")]), [("tcp", 20, 25)], id="a range of ports"),
        pytest.param(
            world([rule("a", 100, ports="22"), rule("b", 110, ports="23")]),
            [("tcp", 22, 22), ("tcp", 23, 23)],
            id="neighbours by two rules",
        ),
        pytest.param(world([rule("out", 100, direction="Outbound")]), [], id="outbound says nothing"),
    ],
)
def test_what_gets_through(bodies, expected):
    assert reached(bodies) == expected


def test_a_basic_address_is_open_without_a_group():
    found = exposure(world(sku="Basic"))

    assert ("tcp", 0, 65535) in [(p["protocol"], p["first_port"], p["last_port"]) for p in found["paths"]]
    assert all(path["everyone"] for path in found["paths"])


def test_everyone_but_a_denied_block_is_wide_and_not_everyone():
    (path,) = exposure(world([rule("no", 100, source="8.0.0.0/8", access="Deny"), rule("ssh", 110)]))["paths"]

    assert (path["everyone"], path["wide"]) == (False, True)


def test_an_office_is_counted_and_a_service_tag_is_named():
    (path,) = exposure(world([rule("a", 100, source=["198.51.100.0/24", "AzureCloud"])]))["paths"]

    assert (path["addresses"], path["tags"], path["wide"]) == (256, ["azurecloud"], False)


def test_the_path_names_every_step_and_the_rule():
    (path,) = exposure(world([rule("allow-ssh", 300)], [rule("ssh", 100)]))["paths"]

    assert path["text"] == (
        "internet -> pip (203.0.113.9) -> nic tcp 22, allowed by nsg-subnet/allow-ssh (300) and nsg-nic/ssh (100)"
    )


LOW, HIGH = "0.0.0.0/1", "128.0.0.0/1"


def denied_from(priority: int, *source: str) -> Body:
    return rule(f"no-{priority}", priority, "*", list(source), access="Deny", protocol="*")


@pytest.mark.parametrize(
    ("subnet_rules", "nic_rules"),
    [
        pytest.param([denied_from(100, LOW, HIGH), rule("ssh", 200, source="0.0.0.0/0")], None, id="one rule"),
        pytest.param([denied_from(100, LOW), denied_from(110, HIGH), rule("ssh", 200)], None, id="two rules"),
        pytest.param([denied_from(100, LOW, HIGH), rule("ssh", 200, source="Storage")], None, id="then a service"),
        pytest.param(
            [denied_from(100, LOW), rule("ssh", 200)], [denied_from(100, HIGH), rule("ssh", 200)], id="two groups"
        ),
    ],
)
def test_two_halves_that_are_denied_leave_nobody(subnet_rules, nic_rules):
    found = exposure(world(subnet_rules, nic_rules))

    assert (found["open"], found["paths"]) == (False, [])


def test_two_halves_that_are_allowed_hold_every_service():
    (path,) = exposure(world([rule("ssh", 100, source=[LOW, HIGH]), denied_from(200, "Storage")]))["paths"]

    assert (path["everyone"], path["tags"]) == (True, ["storage"])


def balanced(subnet_rules: list[Body], **changes: Any) -> list[Body]:
    nic, network, address, *groups = world(subnet_rules, public=False)
    balancer = load_balancer("lb", address["id"], port=443)
    properties = balancer["properties"]
    properties["loadBalancingRules"][0]["properties"] |= {"frontendPort": 443, "backendPort": 8443, **changes}
    pool = properties["backendAddressPools"][0]["id"]
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] = [{"id": pool.upper()}]
    return [nic, network, address, balancer, *groups]


def test_a_load_balancer_leads_to_the_backend_port():
    (path,) = exposure(balanced([rule("app", 100, ports="8443")]))["paths"]

    assert (path["via"], path["frontend_port"], path["first_port"]) == ("load-balancer", 443, 8443)
    assert "pip (203.0.113.9) -> lb :443 -> nic tcp 8443" in path["text"]


def test_a_load_balancer_opens_no_other_port():
    assert exposure(balanced([rule("ssh", 100, ports="22")]))["paths"] == []


def test_with_floating_ip_the_frontend_port_counts():
    assert reached(balanced([rule("app", 100, ports="443")], enableFloatingIP=True)) == [("tcp", 443, 443)]


@pytest.mark.parametrize(
    ("floating", "destination", "expected"),
    [
        pytest.param(True, "203.0.113.9", [("tcp", 443, 443)], id="the frontend's address, as Kubernetes writes it"),
        pytest.param(True, "10.0.0.0/16", [], id="the machine's address is not in the packet"),
        pytest.param(True, "*", [("tcp", 443, 443)], id="any"),
        pytest.param(False, "203.0.113.9", [], id="translated before rules see it"),
        pytest.param(False, "10.0.0.0/16", [("tcp", 443, 443)], id="the machine's address"),
    ],
)
def test_with_floating_ip_rules_see_the_frontends_address(floating, destination, expected):
    rules = [rule("app", 100, ports="443", destination=destination)]

    assert reached(balanced(rules, backendPort=443, enableFloatingIP=floating)) == expected


def test_with_floating_ip_an_address_that_was_not_read_leaves_the_answer_open():
    kind = "Microsoft.Network/publicIPAddresses"
    bodies = [body for body in balanced([rule("app", 100)], enableFloatingIP=True) if body["type"] != kind]

    assert exposure(bodies, all_read_but(kind, bodies)) == Unread(denied(kind))


def test_a_nat_rule_leads_to_one_machine():
    nic, network, address, *groups = world([rule("ssh", 100)], public=False)
    balancer = load_balancer("lb", address["id"])
    front = balancer["properties"]["frontendIPConfigurations"][0]["id"]
    nat_id = f"{balancer['id']}/inboundNatRules/ssh"
    nat = {"frontendIPConfiguration": {"id": front}, "frontendPort": 50001, "backendPort": 22, "protocol": "Tcp"}
    balancer["properties"]["inboundNatRules"] = [{"id": nat_id, "name": "ssh", "properties": nat}]
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerInboundNatRules"] = [{"id": nat_id}]

    (path,) = exposure([nic, network, address, balancer, *groups])["paths"]

    assert (path["via"], path["frontend_port"], path["first_port"]) == ("nat-rule", 50001, 22)


def test_a_nat_rule_with_a_range_of_ports_leads_to_a_pool():
    bodies = balanced([rule("ssh", 100)])
    properties = bodies[3]["properties"]
    (balancing,) = properties.pop("loadBalancingRules")
    ranged = {"frontendPort": 0, "frontendPortRangeStart": 500, "frontendPortRangeEnd": 599, "backendPort": 22}
    nat = {"id": f"{bodies[3]['id']}/inboundNatRules/ssh", "properties": {**balancing["properties"], **ranged}}
    properties["inboundNatRules"] = [nat]

    (path,) = exposure(bodies)["paths"]

    assert "pip (203.0.113.9) -> lb :500-599 -> nic tcp 22" in path["text"]


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/virtualNetworks",
        "Microsoft.Network/publicIPAddresses",
        "Microsoft.Network/effectiveSecurityAdminRules",
    ],
)
def test_what_was_not_read_on_the_way_is_unknown(kind):
    bodies = [body for body in world([rule("ssh", 100)]) if body["type"] != kind]

    found = exposure(bodies, all_read_but(kind, bodies))

    assert found == Unread(denied(kind))


@pytest.mark.parametrize("kind", ["Microsoft.Network/applicationGateways", "Microsoft.Network/azureFirewalls"])
def test_a_way_that_may_be_missing_follows_the_ones_that_are_known(kind):
    known = exposure(world([rule("ssh", 100)]), all_read_but(kind, world()))
    unknown = exposure(world([rule("ssh", 100)], public=False), all_read_but(kind, world()))

    assert (known["open"], known["paths"][0]["first_port"], known["paths"][1]) == (True, 22, Unread(denied(kind)))
    assert unknown == Unread(denied(kind))


def denied(kind: str) -> Gap:
    return Gap(f"/subscriptions/{SUBSCRIPTION}", kind, "GET", 403, "AuthorizationFailed")


def all_read_but(kind: str, bodies: list[Body]) -> Ledger:
    scope = "/".join(bodies[0]["id"].split("/")[:3])
    read = [name for name in family("internet_exposure").needs if name != kind.lower()]
    entries = [LedgerEntry(scope, name, ReadState.COMPLETE) for name in sorted(read)]
    return Ledger([*entries, LedgerEntry(scope, kind, ReadState.DENIED, gap=denied(kind))])


def test_a_group_of_addresses_that_was_not_read_leaves_the_translation_unknown():
    kind = "Microsoft.Network/ipGroups"
    bodies = world(None, public=False)
    firewall = {
        "id": bodies[1]["id"].replace("virtualNetworks/vnet", "azureFirewalls/afw"),
        "name": "afw",
        "type": "Microsoft.Network/azureFirewalls",
        "properties": {
            "ipConfigurations": [{"properties": {"subnet": {"id": f"{bodies[1]['id']}/subnets/AzureFirewallSubnet"}}}],
            "natRuleCollections": [
                {
                    "name": "dnat",
                    "properties": {"rules": [{"name": "r", "sourceIpGroups": [f"{bodies[1]['id']}-offices"]}]},
                }
            ],
        },
    }

    assert exposure([*bodies, firewall], all_read_but(kind, bodies)) == Unread(denied(kind))
