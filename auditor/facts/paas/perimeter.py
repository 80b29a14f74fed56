"""Network security perimeters: who they let in to the services that are associated with them.

https://learn.microsoft.com/azure/private-link/network-security-perimeter-transition says which rules count:

| | not associated | transition (Learning) | enforced |
|---|---|---|---|
| Enabled | the service's rules | the service's rules and the perimeter's | the perimeter's |
| Disabled | nobody | the perimeter's | the perimeter's |
| SecuredByPerimeter | nobody | the perimeter's | the perimeter's |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from auditor.facts.network.addresses import merge
from auditor.facts.network.topology import items, key_at
from auditor.facts.paas.model import Door, Exposure, Range
from auditor.facts.paas.ranges import range_of
from auditor.facts.paas.subject import NotReadError, Subject, value_at
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

ASSOCIATIONS = "microsoft.network/networksecurityperimeters/resourceassociations"
RULES = "microsoft.network/networksecurityperimeters/profiles/accessrules"
NEEDS = frozenset(
    {
        "microsoft.network/networksecurityperimeters",
        "microsoft.network/networksecurityperimeters/profiles",
        ASSOCIATIONS,
        RULES,
    }
)


class Perimeters:
    """The associations of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    @cached_property
    def _by_resource(self) -> dict[str, Resource]:
        found = {}
        for association in self._inventory.of_type(ASSOCIATIONS):
            target = key_at(association.body, "properties", "privateLinkResource")
            if target:
                found[target] = association
        return found

    def instead(self, subject: Subject) -> Door | None:
        """What a perimeter lets in where the service says that nothing else does; None where it does not say so."""
        path = "properties.publicNetworkAccess"
        if str(subject.at(path) or "").lower() != "securedbyperimeter":
            return None
        association = self._by_resource.get(subject.resource.key)
        if association is not None:
            return self._through(association, (path,))
        if gap := self._inventory.gap(ASSOCIATIONS, None):
            raise NotReadError(gap)
        why = f"{path} is SecuredByPerimeter, and no perimeter is associated"
        return Door(Exposure.PRIVATE, why, (path,), perimeter=True)

    def applied(self, door: Door, subject: Subject) -> Door:
        """A door with what a perimeter takes from it or adds to it.

        Perimeters that were not read count as none: what the service itself says is then all there is to judge by.
        """
        association = self._by_resource.get(subject.resource.key)
        if association is None:
            return door
        through = self._through(association, (f"{association.id}:properties.accessMode",))
        if str(value_at(association, "properties.accessMode")).lower() == "enforced":
            return through
        return replace(door, perimeter=True) if door.exposure is Exposure.ALL else _both(door, through)

    def _through(self, association: Resource, paths: tuple[str, ...]) -> Door:
        rules = list(self._rules(association))
        ranges = tuple(entry for rule in rules for entry in _prefixes(rule))
        subscriptions = sum(len(items(rule.body, "properties", "subscriptions")) for rule in rules)
        perimeter = association.key.partition("/resourceassociations/")[0].rpartition("/")[2]
        return Door(
            Exposure.SELECTED if ranges or subscriptions else Exposure.PRIVATE,
            f"the network security perimeter {perimeter} decides",
            paths,
            ranges=ranges,
            allowed=merge(interval for entry in ranges for interval in entry.intervals),
            instances=subscriptions,
            perimeter=True,
        )

    def _rules(self, association: Resource) -> Iterator[Resource]:
        profile_id = key_at(association.body, "properties", "profile")
        if gap := self._inventory.gap(RULES, profile_id or association.id):
            raise NotReadError(gap)
        profile = self._inventory.get(profile_id) if profile_id else None
        for rule in self._inventory.children(profile, "accessRules") if profile else ():
            if str(value_at(rule, "properties.direction")).lower() == "inbound":
                yield rule


def _prefixes(rule: Resource) -> Iterator[Range]:
    for index, text in enumerate(items(rule.body, "properties", "addressPrefixes")):
        if isinstance(text, str):
            yield range_of(text, f"{rule.id}:properties.addressPrefixes[{index}]", rule.name)
    for tag in items(rule.body, "properties", "serviceTags"):
        yield range_of(str(tag), f"{rule.id}:properties.serviceTags", rule.name)


def _both(door: Door, through: Door) -> Door:
    """In transition a perimeter adds to what the service's own rules let in."""
    if through.exposure is Exposure.PRIVATE:
        return replace(door, perimeter=True)
    ranges = (*door.ranges, *through.ranges)
    return replace(
        door,
        exposure=Exposure.SELECTED,
        why=f"{door.why}; {through.why}",
        decided_by=(*door.decided_by, *through.decided_by),
        ranges=ranges,
        allowed=merge((*door.allowed, *through.allowed)),
        instances=door.instances + through.instances,
        perimeter=True,
    )
