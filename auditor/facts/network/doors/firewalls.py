"""Azure Firewall: DNAT rules that pass what comes to a public address on to a private one.

Rules are the firewall's own (`natRuleCollections`) or those of its policy's rule collection groups; rules for
translation are not inherited from a parent policy. Shapes:
https://learn.microsoft.com/rest/api/firewall/azure-firewalls/get and
https://learn.microsoft.com/rest/api/firewall/firewall-policy-rule-collection-groups/get. The machine sees an address of
the firewall's subnet as the source:
https://techcommunity.microsoft.com/blog/azurenetworksecurityblog/azure-firewall-nat-behaviors/3825834. A
translation rule needs no further rule that allows it: https://learn.microsoft.com/azure/firewall/rule-processing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.address_set import EVERYTHING, AddressSet
from auditor.facts.network.addresses import Interval, merge, parse_prefix
from auditor.facts.network.bodies import items, key_at, prefixes, text, value
from auditor.facts.network.doors.balancers import Target
from auditor.facts.network.doors.door import Door, Hop, Inner, transports
from auditor.facts.network.doors.public_ip import PublicIp, public_ip, unknown_public_ip
from auditor.facts.network.reach import Reach
from auditor.facts.network.security_rules import ANY, INTERNET, endpoint_of, ports_of
from auditor.facts.network.topology import NETWORK, Topology
from auditor.inventory import ids
from auditor.inventory.model import Gap, Resource

FIREWALL = "microsoft.network/azurefirewalls"
POLICY = "microsoft.network/firewallpolicies"
RULE_GROUP = f"{POLICY}/rulecollectiongroups"
IP_GROUP = "microsoft.network/ipgroups"
HUB = "microsoft.network/virtualhubs"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One translation."""

    name: str
    """`<collection>/<rule>`."""
    body: Any
    id: str
    """As an id would be written, had a rule one: below the firewall, or the rule collection group."""


class Firewalls:
    """The firewalls of an inventory."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._inventory = topology.inventory
        self.doors: dict[Target, list[Door]] = {}
        self.gaps: dict[str, Gap] = {}
        """By virtual network: why the rules of a firewall in it are not known."""
        for firewall in self._inventory.of_type(FIREWALL):
            self._add(firewall)

    def _add(self, firewall: Resource) -> None:
        subnet = _subnet(firewall)
        network = ids.parent_of(subnet)
        origin = self._origin(firewall, subnet)
        rules = self._rules(firewall)
        gap = rules if isinstance(rules, Gap) else self._unread_group(rules) or self._unread_origin(subnet)
        if gap:
            self.gaps[network] = gap
        if isinstance(rules, Gap):
            return
        publics = list(self._publics(firewall))
        for rule in rules:
            for target, door in self._doors(firewall, rule, publics, network, origin):
                self.doors.setdefault(target, []).append(door)

    def _rules(self, firewall: Resource) -> list[_Rule] | Gap:
        found = list(_classic(firewall))
        policy = key_at(firewall.body, "properties", "firewallPolicy")
        if not policy:
            return found
        if gap := self._inventory.gap(RULE_GROUP, policy):
            return gap
        groups = [group for group in self._inventory.of_type(RULE_GROUP) if ids.parent_of(group.key) == policy]
        for group in sorted(groups, key=lambda group: _priority(group.body)):
            found += _of_group(group)
        return found

    def _unread_group(self, rules: list[_Rule]) -> Gap | None:
        """Why the addresses of an IP group that a rule names are not known."""
        named = (str(group) for rule in rules for group in items(rule.body, "sourceIpGroups"))
        missing = (self._inventory.gap(IP_GROUP, group) for group in named if self._inventory.get(group) is None)
        return next((gap for gap in missing if gap), None)

    def _unread_origin(self, subnet: str) -> Gap | None:
        """Why the addresses that the machine sees as the source are not known."""
        known = not subnet or self._inventory.get(subnet) is not None
        return None if known else self._inventory.gap(NETWORK, ids.parent_of(subnet))

    def _doors(
        self,
        firewall: Resource,
        rule: _Rule,
        publics: list[PublicIp],
        network: str,
        origin: tuple[Interval, ...],
    ) -> Iterator[tuple[Target, Door]]:
        inside = parse_prefix(str(value(rule.body, "translatedAddress") or ""))
        ports = ports_of((str(value(rule.body, "translatedPort") or ""),))
        admits = self._admits(rule.body)
        reach = Reach.of_all() if admits is EVERYTHING else Reach.of_intervals(admits.spans, sorted(admits.tags))
        if inside is None or not ports or not reach.anyone:
            return
        target = Target("address", f"{network}|{inside[0]}")
        names = [*items(rule.body, "protocols"), *items(rule.body, "ipProtocols")]
        protocols = frozenset[str]().union(*(transports(str(name).lower()) for name in names))
        for public in publics:
            if not _is_for(rule.body, public):
                continue
            for entered in ports_of(tuple(map(str, items(rule.body, "destinationPorts")))):
                shown = str(entered[0]) if entered[0] == entered[1] else f"{entered[0]}-{entered[1]}"
                yield (
                    target,
                    Door(
                        via="firewall",
                        address=public.address,
                        hops=(public.hop, Hop("firewall", firewall.key, firewall.name, f":{shown}")),
                        protocols=protocols,
                        ports=ports[0],
                        frontend_port=entered[0],
                        inner=Inner(origin, reach, f"{firewall.name}/{rule.name}", admits, (rule.id,)),
                    ),
                )

    def _admits(self, rule: Any) -> AddressSet:
        """Whom a rule takes: its addresses, service tags and IP groups."""
        sources = [str(source) for source in items(rule, "sourceAddresses")]
        for group in items(rule, "sourceIpGroups"):
            resource = self._inventory.get(str(group))
            sources += [str(a) for a in items(resource.body, "properties", "ipAddresses")] if resource else []
        end = endpoint_of(sources)
        if end.any or INTERNET in end.tags:
            return EVERYTHING
        tags = end.opaque_tags - {ANY}
        return AddressSet(merge(end.intervals), tags, tags)

    def _publics(self, firewall: Resource) -> Iterator[PublicIp]:
        for entry in items(firewall.body, "properties", "ipConfigurations"):
            if key := key_at(entry, "properties", "publicIPAddress"):
                found = public_ip(self._inventory, key)
                yield unknown_public_ip(key) if isinstance(found, Gap) else found
        for entry in items(firewall.body, "properties", "hubIPAddresses", "publicIPs", "addresses"):
            if isinstance(address := value(entry, "address"), str):
                hop = Hop("public-ip", f"{firewall.key}/{address}", firewall.name, address)
                yield PublicIp(address, hop, basic=False, family=4)

    def _origin(self, firewall: Resource, subnet: str) -> tuple[Interval, ...]:
        if subnet:
            return self._topology.subnet_space(subnet)
        hub = self._inventory.get(key_at(firewall.body, "properties", "virtualHub") or "-")
        return tuple(prefixes([value(hub.body, "properties", "addressPrefix")])) if hub else ()


def _classic(firewall: Resource) -> Iterator[_Rule]:
    collections = items(firewall.body, "properties", "natRuleCollections")
    for collection in sorted(collections, key=lambda body: _priority(value(body, "properties", "priority"))):
        for rule in items(collection, "properties", "rules"):
            names = (str(value(collection, "name")), str(value(rule, "name")))
            place = f"{firewall.id}/natRuleCollections/{names[0]}/rules/{names[1]}"
            yield _Rule("/".join(names), rule, place)


def _of_group(group: Resource) -> Iterator[_Rule]:
    collections = items(group.body, "properties", "ruleCollections")
    for collection in sorted(collections, key=lambda body: _priority(value(body, "priority"))):
        if text(collection, "ruleCollectionType") == "firewallpolicynatrulecollection":
            for rule in items(collection, "rules"):
                names = (str(value(collection, "name")), str(value(rule, "name")))
                place = f"{group.id}/ruleCollections/{names[0]}/rules/{names[1]}"
                yield _Rule("/".join(names), rule, place)


def _priority(found: Any) -> int:
    return found if isinstance(found, int) else 0


def _is_for(rule: Any, public: PublicIp) -> bool:
    """Whether a rule's destinations hold a public address; without an address read, every one of its firewall."""
    end = endpoint_of([str(found) for found in items(rule, "destinationAddresses")])
    address = parse_prefix(public.address)
    return end.any or address is None or any(first <= address[0] <= last for first, last in end.intervals)


def _subnet(firewall: Resource) -> str:
    entries = items(firewall.body, "properties", "ipConfigurations")
    return next((key for entry in entries if (key := key_at(entry, "properties", "subnet"))), "")
