"""The network of one inventory as facts need it: security groups, subnets, and what tags and groups mean there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from auditor.facts.network.addresses import Interval, merge
from auditor.facts.network.admin import Administration, AdminRules
from auditor.facts.network.bodies import items, key_at, keys_at, prefixes, text, value
from auditor.facts.network.effective import Local, Surroundings
from auditor.facts.network.interfaces import (
    MACHINE,
    NIC,
    Interface,
    IpConfiguration,
    configurations,
    interfaces,
    owners,
)
from auditor.facts.network.security_rules import SecurityRule, rules_of
from auditor.facts.network.space import Spaces
from auditor.facts.once import once
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

GROUP = "microsoft.network/networksecuritygroups"
NETWORK = "microsoft.network/virtualnetworks"
PUBLIC_IP = "microsoft.network/publicipaddresses"
LOAD_BALANCER = "microsoft.network/loadbalancers"

__all__ = [
    "GROUP",
    "LOAD_BALANCER",
    "MACHINE",
    "NETWORK",
    "NIC",
    "PUBLIC_IP",
    "IpConfiguration",
    "Topology",
    "configurations",
    "items",
    "key_at",
    "keys_at",
    "value",
]


class Topology:
    """Indexes over the network of one inventory, each computed once."""

    @classmethod
    def of(cls, inventory: Inventory) -> Topology:
        """The topology of an inventory, the same for every fact family that asks one after the other."""
        return once(cls, inventory, lambda: cls(inventory))

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.spaces = Spaces(inventory)
        self._administration = Administration(inventory, self.spaces)
        self._rules: dict[str, tuple[SecurityRule, ...]] = {}
        self._surroundings: dict[tuple[str, str], Surroundings] = {}
        self._subnets: dict[str, tuple[Interval, ...]] = {}

    @cached_property
    def interfaces(self) -> dict[str, tuple[Interface, ...]]:
        """By the key of each network interface and scale set, the interfaces that it stands for."""
        return {owner.key: interfaces(owner) for owner in owners(self.inventory)}

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

    def admin_rules(self, network: str) -> AdminRules | Gap:
        """The security admin rules of a virtual network; why they are not known."""
        return self._administration.rules(network)

    def subnet_group(self, subnet: str) -> str | Gap:
        """Key of the security group of a subnet, "" where it has none; why it is not known."""
        resource = self.inventory.get(subnet) if subnet else None
        if resource is not None:
            return key_at(resource.body, "properties", "networkSecurityGroup")
        return self.inventory.gap(NETWORK, ids.parent_of(subnet)) or ""

    def filters_endpoints(self, subnet: str) -> bool:
        """Whether a subnet's security group applies to private endpoints in it; by default it does not.

        https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
        """
        resource = self.inventory.get(subnet) if subnet else None
        policies = text(resource.body, "properties", "privateEndpointNetworkPolicies") if resource else ""
        return policies in ("enabled", "networksecuritygroupenabled")

    def subnet_space(self, subnet: str) -> tuple[Interval, ...]:
        """The addresses of a subnet; none where it is not known."""
        if subnet not in self._subnets:
            self._subnets[subnet] = merge(prefixes(_prefixes_of(self.inventory.get(subnet) if subnet else None)))
        return self._subnets[subnet]

    def route_table(self, subnet: str) -> str:
        """Key of the route table of a subnet, or ""."""
        resource = self.inventory.get(subnet) if subnet else None
        return key_at(resource.body, "properties", "routeTable") if resource else ""

    def surroundings(self, subnet: str) -> Surroundings:
        """What service tags mean in a subnet."""
        place = (ids.parent_of(subnet), self.route_table(subnet))
        if place not in self._surroundings:
            self._surroundings[place] = Surroundings(self.spaces.of(*place), self._members)
        return self._surroundings[place]

    def locals(self, configuration: IpConfiguration, filters: list[tuple[SecurityRule, ...]]) -> Iterator[Local]:
        """The machine's side of a connection: its address, or one of each part of the subnet that rules tell apart."""
        if configuration.address is not None:
            yield Local(configuration.address[0], configuration.groups)
            return
        ends = {
            end
            for rules in filters
            for rule in rules
            for side in (rule.source, rule.destination)
            for first, last in side.intervals
            for end in (first, last + 1)
        }
        spans = self.subnet_space(configuration.subnet)
        for first, last in spans:
            for start in sorted({first, *(end for end in ends if first < end <= last)}):
                yield Local(start, configuration.groups)
        if not spans:
            yield Local(-1, configuration.groups)

    @cached_property
    def at_address(self) -> dict[int, list[tuple[Interface, IpConfiguration]]]:
        """By private address on the axis: who has it. Unconnected networks may use one address twice."""
        found: dict[int, list[tuple[Interface, IpConfiguration]]] = {}
        for interface in self._all():
            for configuration in interface.configurations:
                if configuration.address is not None:
                    found.setdefault(configuration.address[0], []).append((interface, configuration))
        return found

    @cached_property
    def _members(self) -> tuple[tuple[str, tuple[Interval, ...]], ...]:
        found: dict[str, list[Interval]] = {}
        for interface in self._all():
            for configuration in interface.configurations:
                spans = self.subnet_space(configuration.subnet)
                for group in configuration.groups:
                    found.setdefault(group, []).extend([configuration.address] if configuration.address else spans)
        return tuple((key, merge(found[key])) for key in sorted(found))

    def _all(self) -> Iterator[Interface]:
        for found in self.interfaces.values():
            yield from found


def _prefixes_of(subnet: Resource | None) -> list[object]:
    if subnet is None:
        return []
    return [value(subnet.body, "properties", "addressPrefix"), *items(subnet.body, "properties", "addressPrefixes")]
