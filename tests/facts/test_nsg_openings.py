"""What a security group would let in from the internet, whichever machine is put behind it."""

from __future__ import annotations

import pytest

from auditor.facts.network.openings import compute
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from tests.conftest import arm_id
from tests.facts.network_worlds import group, net, network, ref, subnet_id

ASG = arm_id("Microsoft.Network/applicationSecurityGroups", "web")


def rule(name, priority, access="Allow", source="*", ports="22", destination="*", **more):
    side = {"destinationAddressPrefix": destination} if destination else {}
    properties = {
        "priority": priority,
        "direction": "Inbound",
        "access": access,
        "protocol": "Tcp",
        "sourceAddressPrefix": source,
        "sourcePortRange": "*",
        "destinationPortRange": ports,
    }
    return {"name": name, "properties": {**properties, **side, **more}}


def found(rules, *others, **properties):
    body = group("nsg", *rules)
    body["properties"].update(properties)
    inventory = Inventory([Resource.from_body(one) for one in (body, *others)])
    value = compute(inventory)[body["id"].lower()]
    return [(o["family"], o["first_port"], o["last_port"], o["wide"]) for o in value["internet"]]


OPEN = rule("ssh", 200)
BOTH = [(4, 22, 22, True), (6, 22, 22, True)]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], BOTH),
        ([rule("all", 100, "Deny", ports="*")], []),
        ([rule("host", 100, "Deny", destination="10.0.0.9")], BOTH),
        ([rule("subnet", 100, "Deny", destination="10.0.0.0/8")], BOTH),
        ([rule("asg", 100, "Deny", destination=None, destinationApplicationSecurityGroups=[{"id": ASG}])], BOTH),
        ([rule("v4", 100, "Deny", destination="0.0.0.0/0")], [(6, 22, 22, True)]),
        ([rule("v4", 100, "Deny", source="0.0.0.0/0")], [(6, 22, 22, True)]),
        ([rule("v6", 100, "Deny", source="::/0")], [(4, 22, 22, True)]),
        ([rule("inside", 100, "Deny", destination="VirtualNetwork")], []),
        (
            [rule("halves", 100, "Deny", destination=None, destinationAddressPrefixes=["0.0.0.0/1", "128.0.0.0/1"])],
            [(6, 22, 22, True)],
        ),
    ],
)
def test_a_deny_hides_what_it_is_about_and_nothing_else(before, expected):
    assert found([*before, OPEN]) == expected


def test_what_is_allowed_to_some_machines_only_is_told():
    assert found([rule("v6", 100, source="::/0", destination="2001:db8::4")]) == [(6, 22, 22, True)]
    assert found([rule("host", 100, destination="10.0.0.4"), rule("rest", 110, "Deny", ports="*")]) == [
        (4, 22, 22, True)
    ]
    members = rule("asg", 100, destination=None, destinationApplicationSecurityGroups=[{"id": ASG}])
    assert found([members, rule("rest", 110, "Deny", ports="*")]) == BOTH


def test_machines_have_addresses_of_the_subnets_that_the_group_is_attached_to():
    vnet = network("vnet", {"app": {"addressPrefix": "10.0.0.0/24"}})
    attached = {"subnets": [{"id": subnet_id(vnet, "app")}]}
    whole = [rule("shut", 100, "Deny", destination="10.0.0.0/24"), rule("six", 110, "Deny", source="::/0"), OPEN]

    assert found(whole, vnet, **attached) == []
    assert found(whole) == [(4, 22, 22, True)]
    assert found(whole, **attached) == [(4, 22, 22, True)], "a subnet that was not read says nothing"


def test_an_interface_that_is_attached_stands_for_its_subnet():
    vnet = network("vnet", {"app": {"addressPrefix": "10.0.0.0/24"}, "web": {"addressPrefix": "10.0.1.0/24"}})
    nic = net("nic", "networkInterfaces", ipConfigurations=[{"properties": {"subnet": {"id": subnet_id(vnet, "web")}}}])
    rules = [rule("shut", 100, "Deny", destination="10.0.0.0/24"), OPEN]

    assert (4, 22, 22, True) in found(rules, vnet, nic, networkInterfaces=[ref(nic)])
    assert (4, 22, 22, True) not in found(rules, vnet, subnets=[{"id": subnet_id(vnet, "app")}])
