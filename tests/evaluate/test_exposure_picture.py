"""The picture of what the internet reaches."""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import Edge, Picture
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.pictures.exposure import MOST_MACHINES, exposure_picture
from auditor.rules.model import Severity
from tests.azure.loopback.bodies_network import (
    load_balancer,
    network_interface,
    network_security_group,
    public_ip,
    security_rule,
    virtual_network,
)
from tests.conftest import arm_id

Body = dict[str, Any]


def world(*rules: Body, machines: int = 1) -> list[Body]:
    """Machines with public addresses in a subnet with these rules."""
    group = network_security_group("nsg", list(rules))
    network = virtual_network("vnet", {"app": {"networkSecurityGroup": {"id": group["id"]}}})
    bodies = [group, network]
    for number in range(machines):
        address = public_ip(f"pip-{number}", "203.0.113.9")
        nic = network_interface(f"nic-{number}", network["properties"]["subnets"][0]["id"], public_ip_id=address["id"])
        nic["properties"]["virtualMachine"] = {"id": arm_id("Microsoft.Compute/virtualMachines", f"vm-{number}")}
        bodies += [address, nic]
    return bodies


def drawn(bodies: list[Body], severities: dict[str, Severity] | None = None) -> Picture:
    inventory = Inventory([Resource.from_body(body) for body in bodies])
    return exposure_picture(inventory, FactStore(inventory), severities)


SSH = security_rule("ssh", 100, ports="22")


def test_from_the_internet_to_the_machine():
    picture = drawn(world(SSH))

    assert [(n.kind, n.label, n.detail) for n in picture.nodes] == [
        ("internet", "internet", ""),
        ("public-ip", "pip-0", "203.0.113.9"),
        ("machine", "vm-0", "nic-0"),
    ]
    internet, address, machine = (node.id for node in picture.nodes)
    assert picture.edges == (Edge(internet, address), Edge(address, machine, "tcp 22: nsg/ssh (100)"))


def test_ways_of_one_machine_share_their_edges():
    picture = drawn(world(SSH, security_rule("web", 110, ports="443", protocol="*")))

    assert [edge.label for edge in picture.edges] == ["", "tcp 22: nsg/ssh (100); tcp 443, udp 443: nsg/web (110)"]


def test_what_few_reach_does_not_come_from_the_internet_at_large():
    picture = drawn(world(security_rule("office", 100, source="198.51.100.0/28")))

    assert picture.nodes[0].label == "some public addresses"


def test_a_balancer_is_entered_by_its_port():
    address = public_ip("pip", "203.0.113.9")
    balancer = load_balancer("lb", address["id"], port=443)
    balancer["properties"]["loadBalancingRules"][0]["properties"]["backendPort"] = 8443
    bodies = world(security_rule("app", 100, ports="8443"))
    nic = bodies[-1]["properties"]["ipConfigurations"][0]["properties"]
    nic["loadBalancerBackendAddressPools"] = [{"id": balancer["properties"]["backendAddressPools"][0]["id"]}]
    del nic["publicIPAddress"]

    assert [edge.label for edge in drawn([*bodies, address, balancer]).edges] == [
        "",
        ":443",
        "tcp 8443: nsg/app (100)",
    ]


def test_the_worst_finding_marks_its_node():
    machine = arm_id("Microsoft.Compute/virtualMachines", "vm-0").lower()

    picture = drawn(world(SSH), {machine: Severity.CRITICAL})

    assert {node.id: node.severity for node in picture.nodes}[machine] is Severity.CRITICAL


def test_more_machines_than_can_be_read_are_counted_in_the_caption():
    picture = drawn(world(SSH, machines=MOST_MACHINES + 2))

    assert sum(node.kind == "machine" for node in picture.nodes) == MOST_MACHINES
    assert f"to {MOST_MACHINES + 2} machines, of which the {MOST_MACHINES}" in picture.caption


def test_where_nothing_is_reached_there_is_nothing_to_draw():
    picture = drawn(world())

    assert (picture.nodes, picture.edges) == ((), ())
    assert picture.caption.startswith("The internet reaches no machine")
