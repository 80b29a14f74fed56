"""The machines that could stand behind a security group, as far as its rules tell them apart.

A rule whose destination is one host, one subnet, one application security group or one address family says nothing of
other machines. So a group is judged once for every kind of machine that its inbound rules tell apart: an address of
each range that they cut the space into, and a member of each application security group that they name. A machine that
is in several groups is reached by nothing that reaches no machine in one of them: the first rule that matches decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auditor.facts.network.addresses import AXIS_END, V6_OFFSET, Interval, merge
from auditor.facts.network.bodies import items, key_at, prefixes, value
from auditor.facts.network.security_rules import VIRTUAL_NETWORK, Endpoint, SecurityRule
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

_FAMILIES: dict[int, Interval] = {4: (0, V6_OFFSET - 1), 6: (V6_OFFSET, AXIS_END - 1)}


def lists_behind(rules: Sequence[SecurityRule], spaces: Sequence[Interval]) -> dict[int, list[list[SecurityRule]]]:
    """For IPv4 and IPv6 machines, the different lists of rules that apply to some machine behind a group.

    `rules` are its inbound rules in order; in what comes back each applies to the machine wholly. `spaces` are the
    addresses of the subnets that it is attached to: machines have addresses of these, where there are any of a family.
    """
    return {family: _lists(rules, _within(spaces, family)) for family in _FAMILIES}


def spaces_of(group: Resource, inventory: Inventory) -> tuple[Interval, ...]:
    """The addresses of the subnets that a group filters; none where one of them is not known."""
    subnets = [key for entry in items(group.body, "properties", "subnets") if (key := _key(entry))]
    for entry in items(group.body, "properties", "networkInterfaces"):
        interface = inventory.get(_key(entry) or "-")
        configurations = items(interface.body, "properties", "ipConfigurations") if interface else []
        if not configurations:
            return ()
        subnets += [key_at(one, "properties", "subnet") for one in configurations]
    found: list[Interval] = []
    for key in dict.fromkeys(subnets):
        subnet = inventory.get(key or "-")
        texts = [] if subnet is None else items(subnet.body, "properties", "addressPrefixes")
        if subnet is not None and (one := value(subnet.body, "properties", "addressPrefix")):
            texts = [*texts, one]
        own = list(prefixes(texts))
        if not own:
            return ()
        found += own
    return merge(found)


def _key(entry: object) -> str:
    found = value(entry, "id")
    return ids.id_key(found) if isinstance(found, str) else ""


def _within(spaces: Sequence[Interval], family: int) -> list[Interval]:
    low, high = _FAMILIES[family]
    return [span for span in spaces if low <= span[0] <= high] or [(low, high)]


def _lists(rules: Sequence[SecurityRule], spaces: Sequence[Interval]) -> list[list[SecurityRule]]:
    found: dict[tuple[int, ...], list[SecurityRule]] = {}
    groups: list[str] = sorted(frozenset[str]().union(*(rule.destination.groups for rule in rules)))
    for address in _representatives(rules, spaces):
        for group in ("", *groups):
            applying = [number for number, rule in enumerate(rules) if _concerns(rule.destination, address, group)]
            found.setdefault(tuple(applying), [replace(rules[n], destination=_ANYWHERE) for n in applying])
    return list(found.values())


def _representatives(rules: Sequence[SecurityRule], spaces: Sequence[Interval]) -> Iterator[int]:
    """One address of each range of the spaces that the destinations of the rules cut out."""
    cuts = {edge for rule in rules for first, last in rule.destination.intervals for edge in (first, last + 1)}
    for low, high in spaces:
        yield from sorted({low} | {cut for cut in cuts if low < cut <= high})


def _concerns(destination: Endpoint, address: int, group: str) -> bool:
    if destination.any or VIRTUAL_NETWORK in destination.tags or group in destination.groups:
        return True
    return any(first <= address <= last for first, last in destination.intervals)


_ANYWHERE = Endpoint(frozenset("*"))
