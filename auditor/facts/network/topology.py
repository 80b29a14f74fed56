"""The parts of a network inventory that facts need: interfaces, subnets, groups, and what is connected to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from auditor.facts.network.addresses import HOST_VIRTUAL_IP, Interval, merge, parse_prefix
from auditor.facts.network.effective import Local, Surroundings
from auditor.facts.network.security_rules import SecurityRule, rules_of
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

NIC = "microsoft.network/networkinterfaces"
GROUP = "microsoft.network/networksecuritygroups"
NETWORK = "microsoft.network/virtualnetworks"
PUBLIC_IP = "microsoft.network/publicipaddresses"
LOAD_BALANCER = "microsoft.network/loadbalancers"
MACHINE = "microsoft.compute/virtualmachines"


@dataclass(frozen=True, slots=True)
class IpConfiguration:
    """One IP configuration of a network interface."""

    key: str
    """Lower-cased id."""
    address: str
    """Private address; "" where none is given."""
    subnet: str
    """Key of the subnet."""
    public_ip: str
    """Key of the public IP address, or ""."""
    pools: frozenset[str]
    """Keys of load balancer backend pools."""
    nat_rules: frozenset[str]
    """Keys of inbound NAT rules."""
    groups: frozenset[str]
    """Keys of application security groups."""

    @property
    def local(self) -> Local:
        """The machine's side of a connection to this configuration."""
        interval = parse_prefix(self.address)
        return Local(interval[0] if interval else -1, self.groups)


def value(body: Any, *path: str) -> Any:
    """A value in a body by property names, compared without case; None where there is none."""
    for name in path:
        if not isinstance(body, Mapping):
            return None
        if name in body:
            body = body[name]
            continue
        body = next((inner for key, inner in body.items() if key.lower() == name.lower()), None)
    return body


def items(body: Any, *path: str) -> list[Any]:
    """A list in a body; empty where there is none."""
    found = value(body, *path)
    return found if isinstance(found, list) else []


def key_at(body: Any, *path: str) -> str:
    """The lower-cased id that a body refers to, or ""."""
    found = value(body, *path, "id")
    return ids.id_key(found) if isinstance(found, str) else ""


def keys_at(body: Any, *path: str) -> frozenset[str]:
    """The lower-cased ids that a list of a body refers to."""
    return frozenset(ids.id_key(item["id"]) for item in items(body, *path) if isinstance(value(item, "id"), str))


def configurations(nic: Resource) -> Iterator[IpConfiguration]:
    """The IP configurations of a network interface."""
    for entry in items(nic.body, "properties", "ipConfigurations"):
        properties = value(entry, "properties")
        yield IpConfiguration(
            key=ids.id_key(str(value(entry, "id") or f"{nic.key}/ipConfigurations/{value(entry, 'name')}")),
            address=str(value(properties, "privateIPAddress") or ""),
            subnet=key_at(properties, "subnet"),
            public_ip=key_at(properties, "publicIPAddress"),
            pools=keys_at(properties, "loadBalancerBackendAddressPools"),
            nat_rules=keys_at(properties, "loadBalancerInboundNatRules"),
            groups=keys_at(properties, "applicationSecurityGroups"),
        )


@dataclass(frozen=True)
class Topology:
    """Indexes over the network of one inventory, each computed once."""

    inventory: Inventory
    _rules: dict[str, tuple[SecurityRule, ...]] = field(default_factory=dict)
    _surroundings: dict[str, Surroundings] = field(default_factory=dict)

    def rules(self, group: str) -> tuple[SecurityRule, ...] | Gap | None:
        """The rules of a security group by its key; why they are not known; None where no group is named."""
        if not group:
            return None
        if group not in self._rules:
            resource = self.inventory.get(group)
            if resource is None:
                return self.inventory.gap(GROUP, group)
            if gap := resource.unread.get("properties"):
                return gap
            self._rules[group] = rules_of(resource)
        return self._rules[group]

    def subnet_group(self, subnet: str) -> str | Gap:
        """Key of the security group of a subnet, "" where it has none; why it is not known."""
        resource = self.inventory.get(subnet)
        if resource is not None:
            return key_at(resource.body, "properties", "networkSecurityGroup")
        return self.inventory.gap(NETWORK, ids.parent_of(subnet)) or ""

    def surroundings(self, subnet: str) -> Surroundings:
        """What service tags mean in a subnet."""
        network = ids.parent_of(subnet)
        if network not in self._surroundings:
            self._surroundings[network] = Surroundings(merge(self._space(network)), self._members)
        return self._surroundings[network]

    def _space(self, network: str) -> Iterator[Interval]:
        """The address space of a network, of what is peered with it, and the host's virtual address.

        https://learn.microsoft.com/azure/virtual-network/service-tags-overview#available-service-tags (VirtualNetwork)
        """
        host = parse_prefix(HOST_VIRTUAL_IP)
        if host:
            yield host
        resource = self.inventory.get(network)
        if resource is None:
            return
        yield from _prefixes(items(resource.body, "properties", "addressSpace", "addressPrefixes"))
        for peering in items(resource.body, "properties", "virtualNetworkPeerings"):
            if str(value(peering, "properties", "peeringState") or "Connected").lower() != "connected":
                continue
            yield from _prefixes(items(peering, "properties", "remoteAddressSpace", "addressPrefixes"))
            remote = self.inventory.get(key_at(peering, "properties", "remoteVirtualNetwork") or "-")
            if remote is not None:
                yield from _prefixes(items(remote.body, "properties", "addressSpace", "addressPrefixes"))

    @cached_property
    def _members(self) -> tuple[tuple[str, tuple[Interval, ...]], ...]:
        found: dict[str, list[Interval]] = {}
        for nic in self.inventory.of_type(NIC):
            for configuration in configurations(nic):
                interval = parse_prefix(configuration.address)
                for group in configuration.groups if interval else ():
                    found.setdefault(group, []).append(interval)  # type: ignore[arg-type]
        return tuple((key, merge(found[key])) for key in sorted(found))


def _prefixes(texts: Iterable[Any]) -> Iterator[Interval]:
    for text in texts:
        if isinstance(text, str) and (interval := parse_prefix(text)):
            yield interval
