"""Names of Azure services that DNS records and origins point to, and whether a resource that was read has them.

A fact of a CNAME record, and of an origin of Front Door or the classic CDN:

    {"names": [{"name": "shop.azurewebsites.net", "service": "App Service", "found": false}]}

Only names are listed that a stranger could register once their resource is gone
(https://learn.microsoft.com/azure/security/fundamentals/subdomain-takeover). `found` says whether a resource of that
service has the name; where such resources could not be read, in subscriptions that were not audited too, it is unread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

from auditor.facts.network.bodies import items, value
from auditor.facts.private_link.tenancy import SUBSCRIPTION, gap_anywhere
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """A type whose resources have names of a service."""

    type: str
    """Type key."""
    paths: tuple[Path, ...]
    """Where their names stand; the values of an object or a list are names too."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that gives its resources public names which are free again when they are deleted."""

    name: str
    suffixes: tuple[str, ...]
    """In the public cloud, and in those of the US government and China."""
    holders: tuple[Holder, ...]


_SITE: tuple[Path, ...] = (("properties", "defaultHostName"), ("properties", "hostNames"))

SERVICES = (
    Service(
        "App Service",
        (".azurewebsites.net", ".azurewebsites.us", ".chinacloudsites.cn"),
        (Holder("microsoft.web/sites", _SITE), Holder("microsoft.web/sites/slots", _SITE)),
    ),
    Service(
        "Static Web Apps",
        (".azurestaticapps.net",),
        (Holder("microsoft.web/staticsites", (("properties", "defaultHostname"),)),),
    ),
    Service(
        "Traffic Manager",
        (".trafficmanager.net", ".usgovtrafficmanager.net", ".trafficmanager.cn"),
        (Holder("microsoft.network/trafficmanagerprofiles", (("properties", "dnsConfig", "fqdn"),)),),
    ),
    Service(
        "Public IP address",
        (".cloudapp.azure.com", ".cloudapp.usgovcloudapi.net", ".cloudapp.chinacloudapi.cn"),
        (Holder("microsoft.network/publicipaddresses", (("properties", "dnsSettings", "fqdn"),)),),
    ),
    Service(
        "Front Door",
        (".azurefd.net", ".azurefd.us"),
        (
            Holder("microsoft.cdn/profiles/afdendpoints", (("properties", "hostName"),)),
            Holder("microsoft.network/frontdoors", (("properties", "cname"),)),
        ),
    ),
    Service(
        "CDN",
        (".azureedge.net", ".azureedge.us"),
        (Holder("microsoft.cdn/profiles/endpoints", (("properties", "hostName"),)),),
    ),
    Service(
        "Storage",
        (".core.windows.net", ".core.usgovcloudapi.net", ".core.chinacloudapi.cn"),
        (
            Holder(
                "microsoft.storage/storageaccounts",
                (("properties", "primaryEndpoints"), ("properties", "secondaryEndpoints")),
            ),
        ),
    ),
    Service(
        "Container Instances",
        (".azurecontainer.io",),
        (Holder("microsoft.containerinstance/containergroups", (("properties", "ipAddress", "fqdn"),)),),
    ),
    Service(
        "API Management",
        (".azure-api.net", ".azure-api.us", ".azure-api.cn"),
        (
            Holder(
                "microsoft.apimanagement/service",
                tuple(
                    ("properties", name)
                    for name in ("gatewayUrl", "portalUrl", "developerPortalUrl", "managementApiUrl", "scmUrl")
                ),
            ),
        ),
    ),
)

RECORD = "microsoft.network/dnszones/cname"
ORIGIN = "microsoft.cdn/profiles/origingroups/origins"
CDN_ENDPOINT = "microsoft.cdn/profiles/endpoints"


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each record and origin."""
    names = Names(inventory)
    pointers = (resource for kind in (RECORD, ORIGIN, CDN_ENDPOINT) for resource in inventory.of_type(kind))
    return {resource.key: _fact(resource, names) for resource in pointers}


def _fact(resource: Resource, names: Names) -> Json | Unread:
    if gap := resource.unread.get("properties"):
        return Unread(gap)
    targets = dict.fromkeys(host for host in map(host_of, _targets(resource)) if host)
    return {"names": [entry for host in targets if (entry := names.entry(host))]}


def _targets(resource: Resource) -> Iterator[Any]:
    properties = value(resource.body, "properties")
    if resource.type_key == RECORD:
        yield value(properties, "CNAMERecord", "cname")
    elif resource.type_key == ORIGIN:
        yield value(properties, "hostName")
    else:
        for origin in items(properties, "origins"):
            yield value(origin, "properties", "hostName")


def host_of(text: Any) -> str:
    """The host of a name or URL as DNS compares it: lower case, no final dot; "" where there is none."""
    if not isinstance(text, str):
        return ""
    host = urlsplit(text).hostname if "//" in text else text
    return (host or "").strip().rstrip(".").lower()


class Names:
    """The names of each service, gathered when the first pointer to it is met."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._known: dict[str, frozenset[str]] = {}
        self._unread = cache(self._first_unread)

    def entry(self, host: str) -> Json | None:
        """A host as the fact has it; None where no stranger could register it."""
        service = next((service for service in SERVICES if host.endswith(service.suffixes)), None)
        if service is None:
            return None
        return {"name": host, "service": service.name, "found": self._found(service, host)}

    def _found(self, service: Service, host: str) -> bool | Unread:
        if service.name not in self._known:
            self._known[service.name] = frozenset(host for host in map(host_of, self._all(service)) if host)
        if host in self._known[service.name]:
            return True
        holders = [holder for holder in service.holders if self._may_have(holder, host)]
        gaps = (gap_anywhere(self._inventory, holder.type) for holder in holders)
        gap = next((gap for gap in gaps if gap), None) or self._unread(service)
        return Unread(gap) if gap else False

    def _may_have(self, holder: Holder, host: str) -> bool:
        """Whether a resource of a type that was not read could have the name: a slot's begins with that of its app."""
        if holder.type != "microsoft.web/sites/slots":
            return True
        return any(host[:place] in self._sites for place, letter in enumerate(host) if letter == "-")

    @cached_property
    def _sites(self) -> frozenset[str]:
        """Names of apps, lower-cased."""
        return frozenset(site.name.lower() for site in self._inventory.of_type("microsoft.web/sites"))

    def _all(self, service: Service) -> Iterator[Any]:
        for holder in service.holders:
            for resource in self._inventory.of_type(holder.type):
                for path in holder.paths:
                    yield from _texts(value(resource.body, *path))

    def _first_unread(self, service: Service) -> Any:
        resources = (r for holder in service.holders for r in self._inventory.of_type(holder.type))
        return next((gap for r in resources if (gap := r.unread.get("properties"))), None)


def _texts(found: Any) -> Iterable[Any]:
    if isinstance(found, Mapping):
        return found.values()
    return found if isinstance(found, list) else (found,)


HOLDERS = frozenset(holder.type for service in SERVICES for holder in service.holders) | {SUBSCRIPTION}
"""Type keys of all that has such names."""

FAMILY = FactFamily(
    name="azure_names",
    types=frozenset((RECORD, ORIGIN, CDN_ENDPOINT)),
    needs=frozenset((RECORD, ORIGIN, CDN_ENDPOINT)) | HOLDERS,
    compute=compute,
    needs_by_type={kind: HOLDERS | {kind} for kind in (RECORD, ORIGIN, CDN_ENDPOINT)},
)
