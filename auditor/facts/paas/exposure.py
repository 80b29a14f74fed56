"""From which networks each service can be reached, in one form for all of them.

A fact of a service:

    {"service": "Storage", "exposure": "selected-networks", "public_addresses": 256, "wide": false,
     "ranges": [{"range": "203.0.113.0/24", "addresses": 256, "path": "properties.networkAcls.ipRules[0].value",
                 "name": ""}],
     "all_azure": false, "virtual_networks": 1, "trusted_services": true, "resource_instances": 0,
     "perimeter": false, "private_endpoints": 1, "decided_by": ["properties.networkAcls.defaultAction"],
     "defaulted": false, "text": "selected networks: 256 public addresses, 1 subnet, trusted services"}

`exposure` is `all-networks`, `selected-networks` or `private-only`. `public_addresses` counts public IPv4 addresses,
all of them for `all-networks`; `wide` says that they are at least a sixteenth of all, which is as good as everyone.
`all_azure` is the rule that lets in every customer of Azure, by its name `azure_rule` (its property is in
`all_azure_by`, those of the widest ranges are in `public_addresses_by`, the switch for trusted services in
`trusted_services_by`); `widest_rule` lets most addresses in, where
rules have names; `virtual_networks` counts subnet rules. `trusted_services`
and `resource_instances` say what is configured, also where it changes nothing. `private_endpoints` counts approved
connections. `decided_by` are the properties that decided; of ranges that are wide together, the fewest that are.
`defaulted` says that the decisive one is missing. `mend` is the command that shuts the endpoint, by the property that
the table of services names for the type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from auditor.facts.network.addresses import Interval
from auditor.facts.paas.decide import decide
from auditor.facts.paas.mending import mending
from auditor.facts.paas.model import Door, Exposure, Range, Service
from auditor.facts.paas.perimeter import NEEDS, Perimeters
from auditor.facts.paas.ranges import all_public, count_public, is_wide
from auditor.facts.paas.services import SERVICES
from auditor.facts.paas.subject import NotReadError, Subject
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each service."""
    return computed(inventory, SERVICES, decide)


def computed(
    inventory: Inventory, services: Iterable[Service], judge: Callable[[Service, Subject], Door]
) -> Mapping[str, Json | Unread]:
    """A value in the family's shape for every resource of these services."""
    perimeters = Perimeters(inventory)
    found: dict[str, Json | Unread] = {}
    for service in services:
        for resource in inventory.of_type(service.type):
            subject = Subject(resource, inventory)
            try:
                door = perimeters.instead(subject) or perimeters.applied(judge(service, subject), subject)
                found[resource.key] = shaped(service, door, subject.approved_endpoints(), resource)
            except NotReadError as problem:
                found[resource.key] = Unread(problem.gap)
    return found


def shaped(service: Service, door: Door, endpoints: int, resource: Resource | None = None) -> Json:
    """A door as rules and reports read it."""
    everyone = door.exposure is Exposure.ALL
    selected = door.exposure is Exposure.SELECTED
    ranges = sorted(door.ranges, key=lambda entry: (entry.path, entry.text)) if selected else []
    value = {
        "service": service.name,
        "exposure": str(door.exposure),
        "public_addresses": all_public() if everyone else count_public(door.allowed) if selected else 0,
        "wide": everyone or (selected and is_wide(door.allowed)),
        "ranges": [
            {"range": entry.text, "addresses": entry.addresses, "path": entry.path, "name": entry.name}
            for entry in ranges
        ],
        "widest_rule": max(ranges, key=lambda entry: entry.addresses).name if ranges else "",
        "all_azure": any(entry.azure for entry in ranges),
        "azure_rule": next((entry.name for entry in ranges if entry.azure), ""),
        "trusted_services_by": [service.bypass.path] if service.bypass and not service.holder else [],
        "all_azure_by": [entry.path for entry in ranges if entry.azure],
        "public_addresses_by": [
            one.path for one in sorted(ranges, key=lambda one: -one.addresses)[:4] if one.addresses
        ],
        "virtual_networks": door.subnets if selected else 0,
        "trusted_services": door.trusted,
        "resource_instances": door.instances,
        "perimeter": door.perimeter,
        "private_endpoints": endpoints,
        "mend": mending(service, resource) if resource else "",
        "decided_by": list(_opening(ranges) if selected and is_wide(door.allowed) else door.decided_by),
        "defaulted": door.defaulted,
    }
    return {**value, "text": _text(value, door.why)}


def _opening(ranges: Iterable[Range]) -> Iterator[str]:
    """Paths of the fewest ranges that together are wide."""
    taken: list[Interval] = []
    for entry in sorted(ranges, key=lambda entry: -entry.addresses):
        taken += entry.intervals
        yield entry.path
        if not entry.intervals or is_wide(taken):
            return


def _text(value: Mapping[str, Json], why: str) -> str:
    if value["exposure"] == Exposure.ALL:
        return f"all networks: {why}"
    if value["exposure"] == Exposure.PRIVATE:
        return f"private only: {why}"
    parts = [
        _counted(value["public_addresses"], "public address", "public addresses"),
        "all of Azure" if value["all_azure"] else "",
        _subnets(value["virtual_networks"]),
        _counted(value["resource_instances"], "resource instance", "resource instances"),
        "trusted services" if value["trusted_services"] else "",
    ]
    return "selected networks: " + (", ".join(part for part in parts if part) or "none is listed")


def _subnets(count: int | Unread) -> str:
    return "subnets that were not read" if isinstance(count, Unread) else _counted(count, "subnet", "subnets")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""


def needs_of(service: Service) -> frozenset[str]:
    """Type keys that must be collected to say how far one service is open."""
    return frozenset({service.key, *service.child_types, *service.needs}) | NEEDS


GROUNDS = {
    "exposure": "a narrower setting",
    "wide": "a narrower setting",
    "public_addresses": "no more addresses than need it",
    "all_azure": "no rule for all of Azure",
    "trusted_services": "trusted services let in",
}
"""What would have been right of the properties that decided."""

FAMILY = FactFamily(
    name="paas_exposure",
    types=frozenset(service.key for service in SERVICES),
    needs=frozenset().union(*map(needs_of, SERVICES)),
    compute=compute,
    needs_by_type={service.key: needs_of(service) for service in SERVICES},
    grounds=GROUNDS,
)
