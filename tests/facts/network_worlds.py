"""Small networks that tests of network facts share: bodies by name, and the fact of the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from tests.azure.loopback.bodies_network import (
    network_interface,
    network_security_group,
    public_ip,
    security_rule,
    virtual_network,
)
from tests.conftest import arm_id

Body = dict[str, Any]


def net(name: str, kind: str, **properties: Any) -> Body:
    """A body of Microsoft.Network."""
    identifier = arm_id(f"Microsoft.Network/{kind}", name)
    return {"id": identifier, "name": name, "type": f"Microsoft.Network/{kind}", "properties": properties}


def ref(body: Body | str) -> Body:
    """A reference to a body, or to an id."""
    return {"id": body if isinstance(body, str) else body["id"]}


def group(name: str, *rules: Body) -> Body:
    return network_security_group(name, list(rules))


def allow(name: str, priority: int, ports: str, source: Any = "*", **more: Any) -> Body:
    return security_rule(name, priority, ports=ports, source=source, **more)


def network(name: str, subnets: Mapping[str, Body], space: str = "10.0.0.0/16", peers: Sequence[Body] = ()) -> Body:
    """A virtual network; `peers` are networks that it is peered with."""
    body = virtual_network(name, subnets, space=space)
    body["properties"]["virtualNetworkPeerings"] = [
        {
            "name": f"to-{peer['name']}",
            "properties": {
                "peeringState": "Connected",
                "remoteVirtualNetwork": ref(peer),
                "remoteAddressSpace": peer["properties"]["addressSpace"],
            },
        }
        for peer in peers
    ]
    return body


def subnet_id(body: Body, name: str) -> str:
    return f"{body['id']}/subnets/{name}"


def nic(name: str, subnet: str, address: str = "10.0.0.4", *, machine: str = "", **configuration: Any) -> Body:
    """An interface with one IP configuration, whose further properties are given."""
    body = network_interface(name, subnet)
    body["properties"]["ipConfigurations"][0]["properties"] |= {"privateIPAddress": address, **configuration}
    if machine:
        body["properties"]["virtualMachine"] = ref(arm_id("Microsoft.Compute/virtualMachines", machine))
    return body


def pip(name: str = "pip", address: str = "203.0.113.9", **more: Any) -> Body:
    return public_ip(name, address, **more)


def scale_set(name: str, subnet: str, *, group: Body | None = None, **configuration: Any) -> Body:
    """A scale set whose model has one interface with one IP configuration."""
    model: Body = {"ipConfigurations": [{"name": "ip", "properties": {"subnet": ref(subnet), **configuration}}]}
    if group is not None:
        model["networkSecurityGroup"] = ref(group)
    profile = {"networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": model}]}}
    kind = "Microsoft.Compute/virtualMachineScaleSets"
    properties = {"orchestrationMode": "Uniform", "virtualMachineProfile": profile}
    return {"id": arm_id(kind, name), "name": name, "type": kind, "properties": properties}


def fact(bodies: Sequence[Body], family: str = "internet_exposure", coverage: Any = None) -> Any:
    """The fact of the first body."""
    resources = [Resource.from_body(body) for body in bodies]
    return FactStore(Inventory(resources, coverage)).get(family, resources[0])


def ways(found: Any) -> list[tuple[str, str, int]]:
    """Of an exposure: by which kind of way which protocol and first port are reached."""
    return [(path["via"], path["protocol"], path["first_port"]) for path in found["paths"]]
