"""Network interfaces as values: those of machines, and those that a scale set's model gives its instances.

Shapes: https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/get and
https://learn.microsoft.com/rest/api/compute/virtual-machine-scale-sets/get (`networkProfile`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.addresses import V6_OFFSET, Interval, parse_prefix
from auditor.facts.network.bodies import items, key_at, keys_at, name_of, text, value
from auditor.facts.network.effective import Local
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

NIC = "microsoft.network/networkinterfaces"
SCALE_SET = "microsoft.compute/virtualmachinescalesets"
MACHINE = "microsoft.compute/virtualmachines"


@dataclass(frozen=True, slots=True)
class IpConfiguration:
    """One IP configuration of a network interface."""

    key: str
    """Lower-cased id."""
    address: Interval | None
    """Private address on the axis; None where it is not known, as for the instances of a scale set."""
    family: int
    """4 or 6."""
    subnet: str
    """Key of the subnet."""
    public_ip: str
    """Key of the public IP address, or ""."""
    public_model: Mapping[str, Json] | None
    """The public IP address that each instance of a scale set gets."""
    pools: frozenset[str]
    """Keys of load balancer backend pools."""
    gateway_pools: frozenset[str]
    """Keys of application gateway backend pools."""
    nat_rules: frozenset[str]
    """Keys of inbound NAT rules and pools."""
    groups: frozenset[str]
    """Keys of application security groups."""

    @property
    def local(self) -> Local:
        """The machine's side of a connection."""
        return Local(self.address[0] if self.address else -1, self.groups)

    @property
    def network(self) -> str:
        """Key of the virtual network."""
        return ids.parent_of(self.subnet)


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface, or the model of those that a scale set's instances get."""

    owner: Resource
    """The network interface or the scale set."""
    name: str
    """As it is shown: `nic-web`, `vmss-web/nic`."""
    machine: str
    """Key of the virtual machine or scale set, or ""."""
    group: str
    """Key of its own network security group, or ""."""
    configurations: tuple[IpConfiguration, ...]
    private_endpoint: bool = False
    """Whether it stands for a service behind a private endpoint."""


def interfaces(owner: Resource) -> tuple[Interface, ...]:
    """The interfaces that a network interface or a scale set stands for."""
    if owner.type_key == SCALE_SET:
        return tuple(_models(owner))
    found = tuple(configurations(owner))
    machine = key_at(owner.body, "properties", "virtualMachine")
    group = key_at(owner.body, "properties", "networkSecurityGroup")
    endpoint = bool(key_at(owner.body, "properties", "privateEndpoint"))
    return (Interface(owner, owner.name, machine, group, found, endpoint),)


def configurations(nic: Resource) -> Iterator[IpConfiguration]:
    """The IP configurations of a network interface."""
    for entry in items(nic.body, "properties", "ipConfigurations"):
        yield _configuration(nic, entry)


def owners(inventory: Inventory) -> list[Resource]:
    """Every resource that network facts are about: interfaces, then scale sets."""
    return [*inventory.of_type(NIC), *inventory.of_type(SCALE_SET)]


def _models(owner: Resource) -> Iterator[Interface]:
    profile = ("properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations")
    for model in items(owner.body, *profile):
        name = f"{owner.name}/{value(model, 'name')}"
        found = tuple(_model(owner, model, entry) for entry in items(model, "properties", "ipConfigurations"))
        group = key_at(model, "properties", "networkSecurityGroup")
        yield Interface(owner, name, owner.key, group, found)


def _configuration(owner: Resource, entry: Any) -> IpConfiguration:
    properties = value(entry, "properties")
    address = parse_prefix(str(value(properties, "privateIPAddress") or ""))
    version_6 = text(properties, "privateIPAddressVersion") == "ipv6" or (address and address[0] >= V6_OFFSET)
    return IpConfiguration(
        key=ids.id_key(str(value(entry, "id") or f"{owner.key}/ipConfigurations/{value(entry, 'name')}")),
        address=address,
        family=6 if version_6 else 4,
        subnet=key_at(properties, "subnet"),
        public_ip=key_at(properties, "publicIPAddress"),
        public_model=None,
        pools=keys_at(properties, "loadBalancerBackendAddressPools"),
        gateway_pools=keys_at(properties, "applicationGatewayBackendAddressPools"),
        nat_rules=keys_at(properties, "loadBalancerInboundNatRules"),
        groups=keys_at(properties, "applicationSecurityGroups"),
    )


def _model(owner: Resource, model: Any, entry: Any) -> IpConfiguration:
    properties = value(entry, "properties")
    public = value(properties, "publicIPAddressConfiguration")
    names = f"{value(model, 'name')}/{value(entry, 'name')}"
    return IpConfiguration(
        key=ids.id_key(f"{owner.key}/networkInterfaceConfigurations/{names}"),
        address=None,
        family=6 if text(properties, "privateIPAddressVersion") == "ipv6" else 4,
        subnet=key_at(properties, "subnet"),
        public_ip="",
        public_model=public if isinstance(public, Mapping) else None,
        pools=keys_at(properties, "loadBalancerBackendAddressPools"),
        gateway_pools=keys_at(properties, "applicationGatewayBackendAddressPools"),
        nat_rules=keys_at(properties, "loadBalancerInboundNatPools"),
        groups=keys_at(properties, "applicationSecurityGroups"),
    )


def machine_name(interface: Interface) -> str:
    """The name of the machine behind an interface, or "" where there is none."""
    return name_of(interface.machine)
