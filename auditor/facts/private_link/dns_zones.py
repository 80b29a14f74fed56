"""Private DNS zones by name, with the networks they are linked to and the addresses of their records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property

from auditor.facts.network.topology import items, key_at, value
from auditor.facts.private_link.tenancy import gap_anywhere
from auditor.facts.private_link.zones import matches
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread

ZONE = "microsoft.network/privatednszones"
LINK = f"{ZONE}/virtualnetworklinks"
RECORD = f"{ZONE}/a"


class DnsZones:
    """The zones of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._zones = inventory.of_type(ZONE)
        self.called: dict[str, list[Resource]] = {}
        """Zones by their lower-cased name."""
        for zone in self._zones:
            self.called.setdefault(zone.name.lower(), []).append(zone)
        self.named = cache(self._named)
        """Zones whose name a pattern of Microsoft's table matches."""
        self.linked = cache(self._linked)
        self.seen_from = cache(self._seen_from)
        """Of some zones those that answer in a network, by its key, and why more may; many endpoints ask the same."""
        self.records = cache(self._records)

    def _named(self, pattern: str) -> tuple[Resource, ...]:
        return tuple(zone for zone in self._zones if matches(pattern, zone.name))

    @cached_property
    def missing(self) -> Unread | None:
        """Why a zone that is not here may exist all the same."""
        gap = gap_anywhere(self._inventory, ZONE)
        return Unread(gap) if gap else None

    def _linked(self, zone: Resource) -> frozenset[str] | Unread:
        """Keys of the networks in which a zone answers; a link that is still being made does not count."""
        links = self._inventory.children(zone, "virtualNetworkLinks")
        if not links and (gap := self._inventory.gap(LINK, zone.key)):
            return Unread(gap)
        ready = (link for link in links if _state(link) in ("completed", ""))
        return frozenset(key_at(link.body, "properties", "virtualNetwork") for link in ready) - {""}

    def _seen_from(self, zones: tuple[Resource, ...]) -> tuple[Mapping[str, list[Resource]], Unread | None]:
        found: dict[str, list[Resource]] = {}
        unread: Unread | None = None
        for zone in zones:
            linked = self.linked(zone)
            if isinstance(linked, Unread):
                unread = unread or linked
                continue
            for network in linked:
                found.setdefault(network, []).append(zone)
        return found, unread

    def _records(self, zone: Resource) -> Mapping[str, frozenset[str]] | Unread:
        """Addresses by the name of their record set, lower-cased; `@` is the zone itself."""
        records = self._inventory.children(zone, "A")
        if not records and (gap := self._inventory.gap(RECORD, zone.key)):
            return Unread(gap)
        return {record.name.lower(): _addresses(record) for record in records}


def _state(link: Resource) -> str:
    return str(value(link.body, "properties", "virtualNetworkLinkState") or "").lower()


def _addresses(record: Resource) -> frozenset[str]:
    entries = items(record.body, "properties", "aRecords")
    return frozenset(str(value(entry, "ipv4Address") or "") for entry in entries) - {""}
