"""From where an attacker who holds some hosts reaches a data store: the internet, a subnet rule, a private endpoint."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.bodies import items, key_at, value
from auditor.facts.network.interfaces import NIC, SCALE_SET
from auditor.facts.network.space import Spaces
from auditor.facts.network.topology import NETWORK, Topology
from auditor.facts.private_link.endpoint_body import ENDPOINT, connections_of, network_of
from auditor.facts.registry import Shared
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread


@dataclass(frozen=True, slots=True)
class Position:
    """What the hosts on a path can see of networks."""

    hosts: frozenset[str] = frozenset()
    """Keys of the hosts themselves."""
    subnets: frozenset[str] = frozenset()
    """Keys of the subnets that they are in."""
    addresses: frozenset[str] = frozenset()
    """Public addresses that they are known to call from."""

    def __or__(self, other: Position) -> Position:
        return Position(self.hosts | other.hosts, self.subnets | other.subnets, self.addresses | other.addresses)


NOWHERE = Position()


class Positions:
    """Where hosts are, and what they reach from there, over one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        """Index interfaces and private endpoints."""
        self._inventory = inventory
        self._topology = Topology.of(inventory)
        self._spaces = Spaces(inventory)
        self._doors = Shared.of(inventory)
        self._at: dict[str, Position] = {}
        self._reach: dict[tuple[Position, str], tuple[bool | None, str]] = {}
        self._networks_seen: dict[frozenset[str], frozenset[str]] = {}
        self._endpoints: dict[str, list[Resource]] = {}
        for endpoint in inventory.of_type(ENDPOINT):
            for connection in connections_of(endpoint):
                if connection.state == "approved":
                    self._endpoints.setdefault(connection.target, []).append(endpoint)
        self._subnets: dict[str, set[str]] = {}
        self._public: dict[str, set[str]] = {}
        for found in self._topology.interfaces.values():
            for interface in found:
                for configuration in interface.configurations:
                    if interface.machine:
                        self._subnets.setdefault(interface.machine, set()).add(configuration.subnet)
                        public = inventory.get(configuration.public_ip) if configuration.public_ip else None
                        if public and (address := value(public.body, "properties", "ipAddress")):
                            self._public.setdefault(interface.machine, set()).add(str(address))

    def of(self, host: Resource) -> Position:
        """Where a host is."""
        if host.key not in self._at:
            body = host.body
            subnets = set(self._subnets.get(host.key, ()))
            addresses = set(self._public.get(host.key, ()))
            subnets |= {key for path in _SUBNETS.get(host.type_key, ()) if (key := _key(value(body, *path)))}
            for profile in items(body, "properties", "agentPoolProfiles"):
                subnets.add(_key(value(profile, "vnetSubnetID")))
            for entry in items(body, "properties", "subnetIds"):
                subnets.add(key_at({"it": entry}, "it"))
            environment = _key(value(body, "properties", "managedEnvironmentId"))
            if known := self._inventory.get(environment) if environment else None:
                subnets.add(_key(value(known.body, "properties", "vnetConfiguration", "infrastructureSubnetId")))
            addresses |= set(str(value(body, "properties", "outboundIpAddresses") or "").split(","))
            self._at[host.key] = Position(frozenset({host.key}), frozenset(subnets - {""}), frozenset(addresses - {""}))
        return self._at[host.key]

    def networks(self, position: Position) -> frozenset[str]:
        """Keys of the virtual networks that are reached: their own, and those peered with them."""
        if position.subnets not in self._networks_seen:
            own = {ids.parent_of(subnet) for subnet in position.subnets}
            peered = {peer for network in own for peer in self._spaces.peers(network)}
            self._networks_seen[position.subnets] = frozenset(own | peered)
        return self._networks_seen[position.subnets]

    def reaches(self, position: Position, store: Resource) -> tuple[bool | None, str, Gap | None]:
        """Whether a store lets in what comes from there, in which words, and why that is not known."""
        door = self._doors.values("paas_exposure").get(store.key)
        if isinstance(door, Unread):
            return None, "its network rules were not read", door.gap
        if not isinstance(door, Mapping) or door["wide"] or door["all_azure"]:
            return True, "", None
        key = (position, store.key)
        if key not in self._reach:
            self._reach[key] = self._within(position, store, door)
        verdict, how = self._reach[key]
        gap = self._inventory.gap(ENDPOINT, None) if verdict is None else None
        return verdict, how, gap

    def _within(self, position: Position, store: Resource, door: Mapping[str, Any]) -> tuple[bool | None, str]:
        networks = self.networks(position)
        for endpoint in self._endpoints.get(store.key, ()):
            if network_of(endpoint) in networks:
                return True, f"by the private endpoint {endpoint.name}"
        if door["exposure"] == "selected-networks":
            for named in self._named(store):
                if named in position.subnets:
                    return True, f"by the rule for the subnet {named.rpartition('/')[2]}"
                if named in position.hosts:
                    return True, "by the rule for its resource instance"
            if any(_inside(address, entry["range"]) for address in position.addresses for entry in door["ranges"]):
                return True, "by a firewall rule for its outbound address"
        if position.subnets and door["private_endpoints"] and self._inventory.gap(ENDPOINT, None):
            return None, ""
        return False, ""

    def _named(self, store: Resource) -> Iterator[str]:
        """Keys that the network rules of a store name."""
        holders = [store]
        for child in ("virtualNetworkRules", "networkRuleSets"):
            holders += self._inventory.children(store, child)
        for holder in holders:
            for reference in self._inventory.references_from(holder):
                if "private" not in reference.path.lower():
                    yield reference.target


_SUBNETS: Mapping[str, Iterable[tuple[str, ...]]] = {
    "microsoft.web/sites": (("properties", "virtualNetworkSubnetId"),),
    "microsoft.web/sites/slots": (("properties", "virtualNetworkSubnetId"),),
}
NEEDS = frozenset({NIC, SCALE_SET, ENDPOINT, NETWORK, "microsoft.network/publicipaddresses"})


def _key(found: Any) -> str:
    return ids.id_key(found) if isinstance(found, str) and found else ""


def _inside(address: str, text: str) -> bool:
    """Whether an address is in a range as firewalls write it: one, a prefix, or two with a dash."""
    try:
        wanted = ipaddress.ip_address(address.strip())
        first, dash, last = text.partition("-")
        if dash:
            low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
            return wanted.version == low.version == high.version and int(low) <= int(wanted) <= int(high)
        return wanted in ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
