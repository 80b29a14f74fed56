"""Which sub-resources a service has for private endpoints, and in which private DNS zones their names live.

The data is `zone_table.txt` next to this module: Microsoft's table "Azure Private Endpoint private DNS zone values",
https://learn.microsoft.com/azure/private-link/private-endpoint-dns. docs/private-link.md shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

CLOUDS = ("public", "usgov", "china")


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of a sub-resource in one cloud. `{regionName}` and the like stand for one label."""

    needed: tuple[str, ...]
    """All of them hold names of it."""
    some: tuple[str, ...] = ()
    """Which of these hold its names depends on the resource: its kind, its partition, the features in use."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every zone that can be right."""
        return (*self.needed, *self.some)


@dataclass(frozen=True, slots=True)
class Service:
    """A service that private endpoints can lead to."""

    type: str
    """Resource type as the service writes it."""
    name: str
    groups: tuple[tuple[str, Mapping[str, Zones]], ...]
    """Sub-resources (group ids) in the page's order, each with its zones by cloud."""

    @property
    def sub_resources(self) -> tuple[str, ...]:
        """Its sub-resources."""
        return tuple(name for name, _ in self.groups)

    def zones(self, group: str, cloud: str) -> Zones | None:
        """The zones of a sub-resource, compared without case; None where the page has none for it.

        A slot of an app is the sub-resource `sites-<slot>`, whose names are in the zone of the app:
        https://learn.microsoft.com/azure/app-service/overview-private-endpoint
        """
        wanted = "sites" if group.lower().startswith("sites-") else group.lower()
        for name, by_cloud in self.groups:
            if name.lower() == wanted:
                return by_cloud.get(cloud)
        return None


def service_of(resource_type: str) -> Service | None:
    """The service with this resource type, compared without case."""
    return _by_type().get(resource_type.lower())


def services() -> tuple[Service, ...]:
    """Every service, by its type."""
    return tuple(_by_type()[key] for key in sorted(_by_type()))


def cloud_of(location: str) -> str:
    """The cloud of a region: `usgov` and `usdod` begin regions of Azure Government, `china` those of Azure China.

    https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
    https://learn.microsoft.com/azure/china/overview-datacenter
    """
    lowered = location.replace(" ", "").lower()
    if lowered.startswith(("usgov", "usdod")):
        return "usgov"
    return "china" if lowered.startswith("china") else "public"


def matches(pattern: str, name: str) -> bool:
    """Whether a zone's name is what the page writes, without case; a placeholder stands for one label."""
    return _regex(pattern).fullmatch(name.rstrip(".").lower()) is not None


def in_region(pattern: str, region: str) -> str:
    """The pattern with the region's name in its place where that is known; other placeholders stay."""
    name = region.replace(" ", "").lower()
    return re.sub(r"\{region(Name)?\}", name, pattern) if name else pattern


def public_suffixes(zone: str) -> tuple[str, ...]:
    """What public names end with whose records are in a zone: `blob.core.windows.net` for `privatelink.blob...`."""
    suffix = zone.lower().replace("privatelink.", "", 1).replace("privatelink-global.", "", 1)
    return (suffix, *_ALSO.get(suffix, ()))


def known_names() -> Mapping[str, str]:
    """Every zone of every cloud, lower-cased, with the service that it is for."""
    return _known()


# Names that do not simply lack the word privatelink, from the page's column of public forwarders.
_ALSO = {
    "vaultcore.azure.net": ("vault.azure.net",),
    "vaultcore.usgovcloudapi.net": ("vault.usgovcloudapi.net",),
    "vaultcore.azure.cn": ("vault.azure.cn",),
    "signalr.azure.cn": ("service.signalr.azure.cn",),
    "azurehealthcareapis.com": ("workspace.azurehealthcareapis.com", "fhir.azurehealthcareapis.com"),
}


@lru_cache(maxsize=1)
def _by_type() -> Mapping[str, Service]:
    text = resources.files("auditor.facts.private_link").joinpath("zone_table.txt").read_text(encoding="utf-8")
    groups: dict[str, list[tuple[str, Mapping[str, Zones]]]] = {}
    names: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        kind, name, listed, *clouds = (cell.strip() for cell in line.split("|"))
        zones = {cloud: _zones(cell) for cloud, cell in zip(CLOUDS, clouds, strict=True) if cell != "-"}
        names[kind.lower()] = (kind, name)
        groups.setdefault(kind.lower(), []).extend((group.strip(), zones) for group in listed.split(","))
    return {key: Service(*names[key], tuple(groups[key])) for key in groups}


def _zones(cell: str) -> Zones:
    words = cell.split()
    needed = tuple(word for word in words if not word.startswith("?"))
    return Zones(needed, tuple(word[1:] for word in words if word.startswith("?")))


@lru_cache(maxsize=1)
def _known() -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for service in services():
        for _, by_cloud in service.groups:
            for zones in by_cloud.values():
                for zone in zones.all:
                    owners = found.setdefault(zone.lower(), [])
                    if service.name not in owners:
                        owners.append(service.name)
    return {zone: ", ".join(owners) for zone, owners in sorted(found.items())}


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", pattern.lower())
    return re.compile("[^.]+".join(map(re.escape, parts)))
