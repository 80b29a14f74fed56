"""What each service takes from its clients, in one form for all of them.

A fact of a service:

    {"service": "Storage account", "plain": "accepted", "version": "1.0", "lowest": "1.2",
     "decided_by": ["properties.supportsHttpsTrafficOnly"], "text": "takes connections without TLS, TLS from 1.2 on"}

`plain` is `accepted`, `refused`, or words that say what else decides; `version` the lowest version of TLS that is set,
`lowest` the lowest that is accepted: some services refuse old versions whatever is set.
A part is unread where the child that decides was not read. `decided_by` are the properties that are set or missing.
`auditor.facts.transport.table` has the properties, defaults and sources.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.network.bodies import items, value
from auditor.facts.registry import FactFamily
from auditor.facts.transport.table import SERVICES, Reading, Service
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

OLD = frozenset(("1.0", "1.1"))


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each service."""
    return {
        resource.key: door(service, resource, inventory)
        for service in SERVICES
        for resource in inventory.of_type(service.key)
    }


def door(service: Service, resource: Resource, inventory: Inventory) -> Json | Unread:
    """What one service takes."""
    if "properties" in resource.unread:
        return Unread(resource.unread["properties"])
    plain = _read(service.plain, resource, inventory)
    version = _read(service.version, resource, inventory)
    return {
        "service": service.name,
        "plain": plain,
        "version": version,
        "lowest": "1.2" if service.ended and version in OLD else version,
        "decided_by": [
            f"{one.child}:{one.path}" if one.child else one.path
            for one in (service.plain, service.version)
            if isinstance(one, Reading)
        ],
        "text": _text(plain, version),
    }


def _read(reading: Reading | str, resource: Resource, inventory: Inventory) -> str | Unread:
    if isinstance(reading, str):
        return reading
    owner = resource
    if reading.child:
        found = inventory.get(f"{resource.id}/{reading.child}")
        if found is None:
            kind = reading.child.partition("/")[0]
            gap = inventory.gap(f"{resource.type}/{kind}", resource.id)
            return Unread(gap) if gap else reading.missing
        if "properties" in found.unread:
            return Unread(found.unread["properties"])
        owner = found
    raw = value(owner.body, *reading.path.split("."))
    if raw is None or raw == "":
        return reading.missing
    return reading.means.get(str(raw).lower(), "unknown")


def _text(plain: str | Unread, version: str | Unread) -> str:
    words = {"accepted": "takes connections without TLS", "refused": "takes connections with TLS only"}
    said = "was not read" if isinstance(plain, Unread) else words.get(plain, plain)
    lowest = "versions that were not read" if isinstance(version, Unread) else f"from {version} on"
    return f"{said}, TLS {lowest}"


def hosts_of(service: Service, resource: Resource) -> frozenset[str]:
    """The names that clients call a service by, lower-cased, without scheme and port."""
    found: set[str] = set()
    for path in service.hosts:
        plain, star, _ = path.partition("[*]")
        values = items(resource.body, *plain.split(".")) if star else [value(resource.body, *plain.split("."))]
        found |= {host_in(one) for one in values if isinstance(one, str)}
    return frozenset(found - {""})


def host_in(text: str) -> str:
    """The host of a name, an address with a port, or a URL."""
    rest = text.partition("://")[2] or text
    return rest.partition("/")[0].partition(":")[0].strip().rstrip(".").lower()


_NEEDS = {
    service.key: frozenset(
        {
            service.key,
            *(
                f"{service.key}/{one.child.partition('/')[0]}".lower()
                for one in (service.plain, service.version)
                if isinstance(one, Reading) and one.child
            ),
        }
    )
    for service in SERVICES
}

FAMILY = FactFamily(
    name="transport",
    types=frozenset(_NEEDS),
    needs=frozenset().union(*_NEEDS.values()),
    compute=compute,
    needs_by_type=_NEEDS,
    grounds={"plain": "TLS only", "version": "1.2 or newer"},
)
