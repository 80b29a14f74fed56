"""Whether a private endpoint's names resolve to it, zone by zone and network by network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.facts.network.topology import items, value
from auditor.facts.private_link.dns_zones import DnsZones
from auditor.facts.private_link.endpoint_body import ENDPOINT, Connection, Names
from auditor.facts.private_link.logic import Truth
from auditor.facts.private_link.networks import DnsSource, Networks
from auditor.facts.private_link.tenancy import not_collected
from auditor.facts.private_link.zones import Zones, cloud_of, in_region, matches, public_suffixes, service_of
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

ZONE_GROUP = f"{ENDPOINT}/privatednszonegroups"
# The service makes endpoint, zone and record of a private cluster itself, or none where the public name leads to the
# private address: https://learn.microsoft.com/azure/aks/private-clusters
_SELF_NAMED = frozenset(("microsoft.containerservice/managedclusters",))


@dataclass(frozen=True, slots=True)
class ZoneConfig:
    """One zone that a zone group of an endpoint keeps records in."""

    zone: str
    """Key of the zone."""
    records: Mapping[str, frozenset[str]]
    """What it says that it wrote: addresses by the name of the record."""

    @property
    def name(self) -> str:
        """The zone's name, lower-cased."""
        return self.zone.rpartition("/")[2]


def zone_configs(endpoint: Resource, inventory: Inventory) -> tuple[ZoneConfig, ...] | Unread:
    """The zones of an endpoint's zone groups."""
    groups = inventory.children(endpoint, "privateDnsZoneGroups")
    if not groups and (gap := inventory.gap(ZONE_GROUP, endpoint.key)):
        return Unread(gap)
    entries = [entry for group in groups for entry in items(group.body, "properties", "privateDnsZoneConfigs")]
    return tuple(_zone_config(entry) for entry in entries)


def _zone_config(entry: Json) -> ZoneConfig:
    # `privateDnsZoneId` is a bare string, not an object with an id.
    zone = value(entry, "properties", "privateDnsZoneId")
    sets = items(entry, "properties", "recordSets")
    records = {str(value(s, "recordSetName") or "").lower(): frozenset(map(str, items(s, "ipAddresses"))) for s in sets}
    return ZoneConfig(str(zone or "").rstrip("/").lower(), records)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of name resolution for one endpoint."""

    endpoint: Resource
    connection: Connection
    names: Names
    siblings: frozenset[str]
    """Addresses of all endpoints that lead to the same resource: a record with one of them is no mistake."""
    network: str
    """Key of the endpoint's network."""
    askers: tuple[str, ...]
    """Keys of other networks from which it is used."""


class Resolution:
    """Answers over the zones and networks of one inventory."""

    def __init__(self, inventory: Inventory, zones: DnsZones, networks: Networks) -> None:
        self._inventory = inventory
        self._zones = zones
        self._networks = networks

    def entries(self, question: Question) -> Iterator[Json]:
        """One entry a sub-resource and zone that its names need, as `private_endpoint` facts show them."""
        connection = question.connection
        target = self._inventory.get(connection.target)
        kind = target.type_key if target else _type_of(connection.target)
        service = service_of(kind)
        if service is None or kind in _SELF_NAMED:
            return
        region = (target.location if target else "") or question.endpoint.location
        configs = zone_configs(question.endpoint, self._inventory)
        for group in connection.groups or service.sub_resources[:1]:
            zones = service.zones(group, cloud_of(region))
            for pattern in self._patterns(zones, question.names.names) if zones else ():
                yield self._entry(question, group, in_region(pattern, target.location if target else ""), configs)

    def _patterns(self, zones: Zones, names: frozenset[str]) -> tuple[str, ...]:
        """The zones that matter: all that are needed, and of the others those in which a name of the endpoint lies."""
        if not zones.some:
            return zones.needed
        told = tuple(zone for zone in zones.some if any(_record_names(zone, names)))
        if told or zones.needed:
            return (*zones.needed, *told)
        return (next((zone for zone in zones.some if self._zones.named(zone)), zones.some[0]),)

    def _entry(self, question: Question, group: str, zone: str, configs: tuple[ZoneConfig, ...] | Unread) -> Json:
        known = configs if not isinstance(configs, Unread) else ()
        mine = [config for config in known if matches(zone, config.name)]
        hidden = next((_hidden(config) for config in mine if not self._inventory.get(config.zone)), None)
        named = self._named(zone, question.names.names)
        instance = None if hidden else self._first(named, zone, mine, question.network)
        own = self._resolves(question.network, named, hidden)
        others = {network: self._resolves(network, named, hidden) for network in question.askers}
        record, correct, points_to = self._record(question, zone, instance, mine)
        return {
            "sub_resource": group,
            "zone": instance.name if instance else mine[0].name if mine else zone,
            "zone_exists": True if instance or mine else self._zones.missing or False,
            "zone_group": bool(mine) or (configs if isinstance(configs, Unread) else False),
            "record": record,
            "record_matches": correct,
            "points_to": points_to,
            "zone_linked_to_network": own,
            "linked_networks": self._networks_where(others, wanted=True),
            "unlinked_networks": self._networks_where(others, wanted=False),
        }

    def _networks_where(self, answers: Mapping[str, Truth | None], *, wanted: bool) -> Json | Unread:
        """Names of networks with this answer; those whose servers are elsewhere have none."""
        unread = next((answer for answer in answers.values() if isinstance(answer, Unread)), None)
        if unread:
            return unread
        return sorted(self._networks.name(key) for key, answer in answers.items() if answer is wanted)

    def _named(self, zone: str, names: frozenset[str]) -> tuple[Resource, ...]:
        """Zones of this name, and those that were made for one name alone and have the record at their top."""
        alone = {name for name in names if _record_names(zone, frozenset((name,)))}
        alone |= {f"{record}.{zone}" for record in _record_names(zone, names)}
        return (
            *self._zones.named(zone),
            *(found for name in sorted(alone) for found in self._zones.called.get(name.lower(), ())),
        )

    def _first(self, named: tuple[Resource, ...], zone: str, mine: list[ZoneConfig], network: str) -> Resource | None:
        """One that the network sees, the narrowest of them, before those that the zone group writes to."""
        written = {config.zone for config in mine}
        source = self._networks.dns(network)
        by_network, _ = self._zones.seen_from(named)
        networks = source.networks if isinstance(source, DnsSource) else ()
        seen = [candidate for key in networks for candidate in by_network.get(key, ())]

        def order(candidate: Resource) -> tuple[bool, bool, str]:
            return (matches(zone, candidate.name), candidate.key not in written, candidate.key)

        return min(seen or named, key=order, default=None)

    def _resolves(self, network: str, named: tuple[Resource, ...], hidden: Unread | None) -> Truth | None:
        """Whether one of the zones answers in a network; None where its DNS servers are outside of what is known.

        `hidden` stands for a zone that the endpoint uses and that was not read.
        """
        source = self._networks.dns(network)
        if isinstance(source, Unread):
            return source
        if source.kind == "external":
            return None
        by_network, unread = self._zones.seen_from(named)
        if any(key in by_network for key in source.networks):
            return True
        return unread or hidden or self._zones.missing or False

    def _record(
        self, question: Question, zone: str, instance: Resource | None, mine: list[ZoneConfig]
    ) -> tuple[Truth, Truth, Json]:
        """Whether the zone has a record of the endpoint, whether that leads to it, and where else it leads."""
        wanted = {name for config in mine for name in config.records if name}
        wanted |= set(_record_names(zone, question.names.names)) or {question.connection.target.rpartition("/")[2]}
        if instance is None:
            return self._written(question, mine)
        records = self._zones.records(instance)
        if isinstance(records, Unread):
            return records, records, []
        if not matches(zone, instance.name):
            wanted = {"@"}
        # A wildcard answers for every name that has no record of its own.
        found = {name: at for name in wanted if (at := records.get(name, records.get("*"))) is not None}
        if not found:
            # Some services name records by an identifier that no body tells: the address is then what identifies them.
            by_address = [name for name, at in records.items() if at & question.names.addresses]
            return bool(by_address), bool(by_address), []
        if not question.names.addresses:
            return True, Unread(question.names.gap) if question.names.gap else True, []
        good = question.names.addresses | question.siblings
        elsewhere = sorted({address for at in found.values() if not at & good for address in at})
        return True, not elsewhere and any(found.values()), elsewhere

    def _written(self, question: Question, mine: list[ZoneConfig]) -> tuple[Truth, Truth, Json]:
        """The same where the zone was not read, from what the endpoint's zone group says that it wrote."""
        records = [at for config in mine for at in config.records.values()]
        if records:
            return True, any(at & question.names.addresses for at in records) or not question.names.addresses, []
        if mine:
            return _hidden(mine[0]), _hidden(mine[0]), []
        missing = self._zones.missing
        return (missing, missing, []) if missing else (False, False, [])


def _hidden(config: ZoneConfig) -> Unread:
    return Unread(not_collected(config.zone, "Microsoft.Network/privateDnsZones", "the zone was not read"))


def _record_names(zone: str, names: frozenset[str]) -> list[str]:
    """Records that public names have in a zone: `st1` for `st1.blob.core.windows.net`."""
    found: list[str] = []
    for suffix in public_suffixes(zone):
        labels = suffix.count(".") + 1
        for name in sorted(names):
            parts = name.split(".")
            if len(parts) > labels and matches(suffix, ".".join(parts[-labels:])):
                found.append(".".join(parts[:-labels]))
    return found


def _type_of(key: str) -> str:
    return ids.type_key(ids.type_of_id(key)) if key.startswith("/") else ""


def wrong_zones(question: Question, configs: tuple[ZoneConfig, ...] | Unread, region: str) -> Json | Unread:
    """Zones that a zone group keeps records in although the service's names never lead there."""
    if isinstance(configs, Unread):
        return configs
    service = service_of(_type_of(question.connection.target))
    if service is None:
        return []
    groups = question.connection.groups or service.sub_resources
    right = [z for group in groups if (zones := service.zones(group, cloud_of(region))) for z in zones.all]
    if not right:
        return []
    return sorted({c.name for c in configs if c.name and not any(matches(zone, c.name) for zone in right)})
