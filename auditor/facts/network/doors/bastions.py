"""Azure Bastion: operators who sign in reach SSH and RDP of the machines in its network and in those peered with it.

It is no opening to the internet, so it is told apart and never counted as one:
https://learn.microsoft.com/azure/bastion/bastion-overview and https://learn.microsoft.com/azure/bastion/vnet-peering.
"""

from __future__ import annotations

from auditor.facts.network.addresses import HOST_VIRTUAL_IP, Interval, parse_prefix
from auditor.facts.network.bodies import items, key_at, text
from auditor.facts.network.doors.door import Door, Hop, Inner
from auditor.facts.network.doors.public_ip import public_ip
from auditor.facts.network.reach import Reach
from auditor.facts.network.topology import Topology
from auditor.inventory import ids
from auditor.inventory.model import Gap, Resource

BASTION = "microsoft.network/bastionhosts"
_PORTS = (22, 3389)


class Bastions:
    """The bastion hosts of an inventory."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._by_network: dict[str, list[Resource]] = {}
        for bastion in topology.inventory.of_type(BASTION):
            self._by_network.setdefault(_network(bastion), []).append(bastion)

    def doors(self, network: str) -> list[Door]:
        """The doors that operators have to machines of a virtual network."""
        found = list(self._by_network.get(network, ()))
        for peer in self._topology.spaces.peers(network):
            # The Developer SKU does not reach peered networks: https://learn.microsoft.com/azure/bastion/quickstart-developer
            found += [b for b in self._by_network.get(peer, ()) if text(b.body, "sku", "name") != "developer"]
        return [self._door(bastion, port) for bastion in found for port in _PORTS]

    def _door(self, bastion: Resource, port: int) -> Door:
        entries = items(bastion.body, "properties", "ipConfigurations")
        subnet = next((key for entry in entries if (key := key_at(entry, "properties", "subnet"))), "")
        public = next((key for entry in entries if (key := key_at(entry, "properties", "publicIPAddress"))), "")
        found = public_ip(self._topology.inventory, public) if public else None
        address = "" if found is None or isinstance(found, Gap) else found.address
        return Door(
            via="bastion",
            address=address,
            hops=(Hop("bastion", bastion.key, bastion.name, address),),
            protocols=frozenset(("tcp",)),
            ports=(port, port),
            frontend_port=443,
            inner=Inner(self._origin(subnet), Reach.of_none(), ""),
        )

    def _origin(self, subnet: str) -> tuple[Interval, ...]:
        if subnet:
            return self._topology.subnet_space(subnet)
        host = parse_prefix(HOST_VIRTUAL_IP)
        return (host,) if host else ()


def _network(bastion: Resource) -> str:
    """The virtual network of a bastion: of its subnet, or named itself where it shares hosts (Developer SKU)."""
    if named := key_at(bastion.body, "properties", "virtualNetwork"):
        return named
    for entry in items(bastion.body, "properties", "ipConfigurations"):
        if subnet := key_at(entry, "properties", "subnet"):
            return ids.parent_of(subnet)
    return ""
