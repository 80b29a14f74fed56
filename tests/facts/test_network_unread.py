"""What a network fact depends on and was listed without its properties leaves the answer open, never closed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.azure.loopback.bodies_network import load_balancer
from tests.conftest import SUBSCRIPTION
from tests.facts.network_worlds import (
    Body,
    allow,
    dnat,
    gated,
    group,
    network,
    nic,
    pip,
    ref,
    scale_set,
    subnet_id,
    translated,
)


def direct() -> list[Body]:
    """A machine with a public address, a group at its subnet and one of its own."""
    outer, own = group("nsg-subnet", allow("ssh", 100, "22")), group("nsg-nic", allow("ssh", 100, "22"))
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(outer)}})
    address = pip()
    machine = nic("nic", subnet_id(vnet, "app"), machine="vm", publicIPAddress=ref(address))
    machine["properties"]["networkSecurityGroup"] = ref(own)
    return [machine, vnet, outer, own, address]


def balanced(*, floating: bool = False) -> list[Body]:
    """A machine behind a load balancer."""
    nsg = group("nsg", allow("web", 100, "443"))
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(nsg)}})
    address = pip()
    balancer = load_balancer("lb", address["id"], port=443)
    balancer["properties"]["loadBalancingRules"][0]["properties"]["enableFloatingIP"] = floating
    pool = balancer["properties"]["backendAddressPools"][0]["id"]
    machine = nic("nic", subnet_id(vnet, "app"), machine="vm", loadBalancerBackendAddressPools=[{"id": pool}])
    return [machine, vnet, nsg, address, balancer]


def instances() -> list[Body]:
    """A scale set whose instances have addresses of their own."""
    nsg = group("nsg", allow("ssh", 100, "22"))
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(nsg)}})
    model = {"name": "pip", "sku": {"name": "Standard"}}
    return [scale_set("vmss", subnet_id(vnet, "app"), publicIPAddressConfiguration=model), vnet, nsg]


def in_one_subscription(bodies: list[Body]) -> list[Body]:
    """As gateways and firewalls are with their networks."""
    subscriptions = {body["id"].split("/")[2] for body in bodies}
    text = json.dumps(bodies)
    for subscription in subscriptions:
        text = text.replace(subscription, SUBSCRIPTION)
    return list(json.loads(text))


WORLDS = {
    "direct": direct(),
    "balanced": balanced(),
    "floating": balanced(floating=True),
    "instances": instances(),
    "gated": in_one_subscription(gated([allow("web", 100, "443")], [allow("web", 100, "8080")])),
    "translated": in_one_subscription(translated(dnat(), allow("ssh", 100, "22"))),
}
CASES = [
    pytest.param(bodies, body["id"], id=f"{name}: {body['id'].rpartition('/')[2]}")
    for name, bodies in WORLDS.items()
    for body in bodies
]


def without_properties(body: Body) -> Resource:
    """As `az resource list` gives it."""
    kept = {name: found for name, found in body.items() if name != "properties"}
    gap = Gap(body["id"], body["type"], "az resource list", None, "NotInExport", "no properties")
    return Resource.from_body(kept, unread={"properties": gap})


def fact(bodies: list[Body], family: str, unread: str) -> Any:
    resources = [without_properties(b) if b["id"] == unread else Resource.from_body(b) for b in bodies]
    return FactStore(Inventory(resources)).get(family, resources[0])


@pytest.mark.parametrize("bodies", WORLDS.values(), ids=WORLDS)
def test_what_was_read_is_open(bodies):
    assert fact(bodies, "internet_exposure", "")["open"]


@pytest.mark.parametrize(("bodies", "unread"), CASES)
def test_what_was_not_read_never_shuts_a_way(bodies, unread):
    found = fact(bodies, "internet_exposure", unread)

    assert isinstance(found, Unread) or found["open"]


@pytest.mark.parametrize(("bodies", "unread"), CASES)
def test_what_was_not_read_never_opens_a_machine_to_more(bodies, unread):
    """Without the rules of a group nothing is known to pass it."""
    found = fact(bodies, "internet_exposure", unread)
    read = fact(bodies, "internet_exposure", "")

    if not isinstance(found, Unread):
        known = [path for path in found["paths"] if not isinstance(path, Unread)]
        ports = {(path["protocol"], path["first_port"], path["last_port"]) for path in read["paths"]}
        assert {(path["protocol"], path["first_port"], path["last_port"]) for path in known} <= ports


@pytest.mark.parametrize("family", ["effective_security", "internet_exposure"])
@pytest.mark.parametrize("bodies", WORLDS.values(), ids=WORLDS)
def test_a_machine_that_was_not_read_is_unknown(bodies, family):
    assert isinstance(fact(bodies, family, bodies[0]["id"]), Unread)


def test_the_rules_of_a_group_that_was_not_read_are_unknown():
    nsg = group("nsg", allow("ssh", 100, "22"))

    assert isinstance(fact([nsg], "nsg_openings", nsg["id"]), Unread)
