"""Public IP addresses: by themselves a door where an interface has one, and the first hop of most others."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.facts.network.bodies import name_of, text, value
from auditor.facts.network.doors.door import Door, Hop
from auditor.facts.network.interfaces import Interface, IpConfiguration
from auditor.facts.network.topology import PUBLIC_IP
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap


@dataclass(frozen=True, slots=True)
class PublicIp:
    """A public IP address."""

    address: str
    """The address, or the resource's name where none is assigned or it was not read."""
    hop: Hop
    basic: bool
    family: int


def public_ip(inventory: Inventory, key: str) -> PublicIp | Gap:
    """The public IP with this key; why it is not known."""
    resource = inventory.get(key)
    if resource is None:
        return inventory.gap(PUBLIC_IP, key) or unknown_public_ip(key)
    address = value(resource.body, "properties", "ipAddress")
    # A body without a sku is of the time before there were others: Basic
    # (https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#sku).
    sku = text(resource.body, "sku", "name") or "basic"
    family = 6 if text(resource.body, "properties", "publicIPAddressVersion") == "ipv6" else 4
    hop = Hop("public-ip", resource.key, resource.name, str(address or ""))
    return PublicIp(str(address or resource.name), hop, sku == "basic", family)


def unknown_public_ip(key: str) -> PublicIp:
    """A public IP of which only the id is known."""
    return PublicIp(name_of(key), Hop("public-ip", key, name_of(key)), basic=False, family=4)


def own_doors(inventory: Inventory, interface: Interface, configuration: IpConfiguration) -> list[Door] | Gap:
    """The doors that an interface's own public address is."""
    if configuration.public_model is not None:
        return [_of_model(inventory, interface, configuration)]
    if not configuration.public_ip:
        return []
    found = public_ip(inventory, configuration.public_ip)
    if isinstance(found, Gap):
        return found
    return [Door("public-ip", found.address, (found.hop,), basic=found.basic, family=found.family)]


def _of_model(inventory: Inventory, interface: Interface, configuration: IpConfiguration) -> Door:
    """The address that each instance of a scale set gets; instances have no address resources of their own."""
    model = configuration.public_model
    name = f"{name_of(interface.machine)}/{value(model, 'name')}"
    version_6 = text(model, "properties", "publicIPAddressVersion") == "ipv6"
    hop = Hop("public-ip", f"{configuration.key}/publicipaddress", name)
    basic = _is_basic(inventory, configuration)
    return Door("public-ip", name, (hop,), basic=basic, family=6 if version_6 else 4)


def _is_basic(inventory: Inventory, configuration: IpConfiguration) -> bool:
    """Whether an instance's address is of the Basic SKU.

    Only flexible orchestration can name the SKU; elsewhere it is that of the load balancer, and Basic without one
    (`publicIPAddressConfiguration` in https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachinescalesets).
    """
    if sku := text(configuration.public_model, "sku", "name"):
        return sku == "basic"
    balancers = (inventory.get(pool.rsplit("/", 2)[0]) for pool in configuration.pools)
    return not any(balancer and text(balancer.body, "sku", "name") == "standard" for balancer in balancers)
