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


def gated(gateway_rules: list[Body] | None, machine_rules: list[Body], **changes: Any) -> list[Body]:
    """A machine behind an application gateway that listens on 443 and speaks to port 8080."""
    nsg_machine = group("nsg-app", *machine_rules)
    subnets: dict[str, Body] = {"gw": {}, "app": {"networkSecurityGroup": ref(nsg_machine)}}
    extra = []
    if gateway_rules is not None:
        nsg_gateway = group("nsg-gw", *gateway_rules)
        subnets["gw"]["networkSecurityGroup"] = ref(nsg_gateway)
        extra.append(nsg_gateway)
    vnet = network("vnet", subnets)
    machine = nic("nic-app", subnet_id(vnet, "app"), "10.0.1.4", machine="vm-app")
    address = pip("pip-gw")
    return [machine, vnet, address, nsg_machine, *extra, gateway(subnet_id(vnet, "gw"), address, **changes)]


def gateway(subnet: str, address: Body, *, backend: Any = None, **properties: Any) -> Body:
    body = net("agw", "applicationGateways", sku={"name": "WAF_v2", "tier": "WAF_v2"}, **properties)
    own = body["id"]

    def part(kind: str, name: str, **more: Any) -> Body:
        return {"id": f"{own}/{kind}/{name}", "name": name, "properties": more}

    def to(kind: str, name: str) -> Body:
        return ref(f"{own}/{kind}/{name}")

    body["properties"] |= {
        "gatewayIPConfigurations": [part("gatewayIPConfigurations", "g", subnet=ref(subnet))],
        "frontendIPConfigurations": [
            part("frontendIPConfigurations", "public", publicIPAddress=ref(address)),
            part("frontendIPConfigurations", "private", privateIPAddress="10.0.0.9", subnet=ref(subnet)),
        ],
        "frontendPorts": [part("frontendPorts", "p443", port=443)],
        "httpListeners": [
            part(
                "httpListeners",
                "l",
                frontendIPConfiguration=to("frontendIPConfigurations", "public"),
                frontendPort=to("frontendPorts", "p443"),
            )
        ],
        "backendAddressPools": [
            part("backendAddressPools", "b", backendAddresses=backend or [{"ipAddress": "10.0.1.4"}])
        ],
        "backendHttpSettingsCollection": [part("backendHttpSettingsCollection", "s", port=8080)],
        "requestRoutingRules": [
            part(
                "requestRoutingRules",
                "r",
                httpListener=to("httpListeners", "l"),
                backendAddressPool=to("backendAddressPools", "b"),
                backendHttpSettings=to("backendHttpSettingsCollection", "s"),
            )
        ],
    }
    return body


def translated(rule: Body, *machine_rules: Body, policy: bool = True, spoke: bool = True) -> list[Body]:
    """A machine in a network that is peered with that of a firewall with one translation rule."""
    hub = network("hub", {"AzureFirewallSubnet": {}}, space="10.0.0.0/16")
    nsg = group("nsg", *machine_rules)
    vnet = network(
        "spoke", {"app": {"networkSecurityGroup": ref(nsg)}}, space="10.1.0.0/16", peers=[hub] if spoke else []
    )
    vnet["properties"]["subnets"][0]["properties"]["addressPrefix"] = "10.1.0.0/24"
    machine = nic("nic", subnet_id(vnet, "app"), "10.1.0.4")
    address = pip("pip-afw", "203.0.113.10")
    configuration = {"publicIPAddress": ref(address), "subnet": ref(subnet_id(hub, "AzureFirewallSubnet"))}
    firewall = net("afw", "azureFirewalls", ipConfigurations=[{"name": "ip", "properties": configuration}])
    bodies = [machine, hub, vnet, nsg, address, firewall]
    if not policy:
        collection = {"name": "dnat", "properties": {"priority": 100, "action": {"type": "Dnat"}, "rules": [rule]}}
        firewall["properties"]["natRuleCollections"] = [collection]
        return bodies
    holder = net("afwp", "firewallPolicies")
    firewall["properties"]["firewallPolicy"] = ref(holder)
    kind = "FirewallPolicyNatRuleCollection"
    collections = [{"ruleCollectionType": kind, "name": "dnat", "priority": 100, "rules": [rule]}]
    rules = net("afwp/rcg", "firewallPolicies/ruleCollectionGroups", priority=100, ruleCollections=collections)
    return [*bodies, holder, {**rules, "name": "rcg"}]


def dnat(**changes: Any) -> Body:
    """As a policy has it."""
    return {
        "name": "ssh",
        "ruleType": "NatRule",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["*"],
        "destinationAddresses": ["203.0.113.10"],
        "destinationPorts": ["2222"],
        "translatedAddress": "10.1.0.4",
        "translatedPort": "22",
        **changes,
    }
