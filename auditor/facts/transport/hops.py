"""Who forwards requests to whom, and how: each hop of Front Door, gateways, API Management and apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.bodies import items, key_at, name_of, text, value
from auditor.facts.registry import Shared
from auditor.facts.transport.connections import CONTAINER_APPS
from auditor.facts.transport.services import OLD, door, host_in, hosts_of
from auditor.facts.transport.table import SERVICES
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

PROFILES = "microsoft.cdn/profiles"
GATEWAYS = "microsoft.network/applicationgateways"
MANAGEMENT = "microsoft.apimanagement/service"
SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")
KINDS = frozenset((PROFILES, GATEWAYS, MANAGEMENT, *SITES, "microsoft.app/containerapps"))
"""Types from which a hop can start."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a request."""

    source: str
    """Key of who forwards."""
    source_name: str
    target: str
    """Key of who is called; the host where it is none of the inventory."""
    target_name: str
    host: str
    state: str
    """`plain`, `unchecked`, `old` or `sound`."""
    path: str
    """The property that decided, `<id>:<path>`."""
    text: str
    """How, in words: `over HTTP`."""


class Hops:
    """The hops of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._owners: dict[str, Resource] = {}
        self._doors: dict[str, Json | Unread] = {}
        self.unread: dict[str, Gap] = {}
        """Why it is not known where some resources lead, by their keys."""
        for service in SERVICES:
            for resource in inventory.of_type(service.key):
                self._doors[resource.key] = door(service, resource, inventory)
                for host in hosts_of(service, resource):
                    self._owners.setdefault(host, resource)
        for resource in inventory.of_type(MANAGEMENT):
            names = [value(resource.body, "properties", "gatewayUrl")]
            names += [value(one, "hostName") for one in items(resource.body, "properties", "hostnameConfigurations")]
            self._name(resource, names)
        for resource in inventory.of_type(GATEWAYS):
            for one in items(resource.body, "properties", "httpListeners"):
                self._name(resource, [value(one, "properties", "hostName"), *items(one, "properties", "hostNames")])
        for kind in (f"{PROFILES}/afdendpoints", f"{PROFILES}/customdomains"):
            for child in inventory.of_type(kind):
                if (profile := inventory.get(ids.parent_of(child.id))) is not None:
                    self._owners[host_in(str(value(child.body, "properties", "hostName") or ""))] = profile

    def _name(self, resource: Resource, names: list[Any]) -> None:
        for name in names:
            if isinstance(name, str) and (host := host_in(name)):
                self._owners.setdefault(host, resource)

    def by_source(self) -> Iterator[tuple[str, list[Hop]]]:
        """The hops of each resource that forwards, by its key."""
        said = Shared.of(self._inventory)
        for profile in self._inventory.of_type(PROFILES):
            yield profile.key, list(self._front_door(profile))
        sites = said.values("gateway_sites")
        for gateway in self._inventory.of_type(GATEWAYS):
            yield gateway.key, list(self._gateway(gateway, sites.get(gateway.key)))
        told = said.values("api_policy")
        for service in self._inventory.of_type(MANAGEMENT):
            yield service.key, list(self._management(service, told))
        clients = said.values("connections")
        for kind in SITES:
            for site in self._inventory.of_type(kind):
                yield site.key, list(self._app(site, clients))
        for app in self._inventory.of_type(CONTAINER_APPS[0]):
            yield app.key, list(self._connected(app, app, clients.get(app.key)))

    def _hop(self, source: Resource, host: str, state: str, path: str, words: str) -> Hop:
        target = self._owners.get(host)
        if state == "sound" and target is not None:
            found = self._doors.get(target.key)
            if isinstance(found, Mapping) and found["lowest"] in OLD:
                state, words = "old", f"which takes TLS {found['lowest']}"
                path = f"{target.id}:{found['decided_by'][-1]}" if found["decided_by"] else path
        name = target.name if target is not None else host
        return Hop(source.key, source.name, target.key if target else host, name, host, state, path, words)

    def _front_door(self, profile: Resource) -> Iterator[Hop]:
        for endpoint in self._inventory.children(profile, "afdEndpoints"):
            for route in self._inventory.children(endpoint, "routes"):
                if text(route.body, "properties", "enabledState") != "disabled":
                    yield from self._route(profile, route)

    def _route(self, profile: Resource, route: Resource) -> Iterator[Hop]:
        # Left out, a route takes both protocols and forwards each as it came:
        # https://learn.microsoft.com/azure/frontdoor/front-door-url-redirect
        forwarding = text(route.body, "properties", "forwardingProtocol") or "matchrequest"
        taken = {str(one).lower() for one in items(route.body, "properties", "supportedProtocols")} or {"http", "https"}
        redirects = text(route.body, "properties", "httpsRedirect") == "enabled"
        plain = forwarding == "httponly" or (forwarding == "matchrequest" and "http" in taken and not redirects)
        group = self._inventory.get(key_at(route.body, "properties", "originGroup"))
        if group is None:
            return
        for origin in self._inventory.children(group, "origins"):
            host = host_in(str(value(origin.body, "properties", "hostName") or ""))
            if not host or text(origin.body, "properties", "enabledState") == "disabled":
                continue
            if plain:
                yield self._hop(profile, host, "plain", f"{route.id}:properties.forwardingProtocol", "over HTTP")
            elif value(origin.body, "properties", "enforceCertificateNameCheck") is False:
                path = f"{origin.id}:properties.enforceCertificateNameCheck"
                yield self._hop(profile, host, "unchecked", path, "with the name in the certificate unchecked")
            else:
                yield self._hop(profile, host, "sound", "", "over HTTPS")

    def _gateway(self, gateway: Resource, sites: Json | Unread | None) -> Iterator[Hop]:
        if not isinstance(sites, Mapping):
            return
        settings = {str(one["name"]).lower(): one for one in sites["backends"] if isinstance(one, Mapping)}
        pools = {
            name_of(str(value(one, "id") or value(one, "name") or "").lower()): one
            for one in items(gateway.body, "properties", "backendAddressPools")
        }
        for used, pool in sorted(set(self._pairs(gateway))):
            setting = settings.get(used)
            if setting is None or pool not in pools:
                continue
            for address in items(pools[pool], "properties", "backendAddresses"):
                host = host_in(str(value(address, "fqdn") or value(address, "ipAddress") or ""))
                if host:
                    yield self._backend(gateway, host, used, setting)

    def _pairs(self, gateway: Resource) -> Iterator[tuple[str, str]]:
        """Backend settings and pools that are used together, by their names."""
        for rule in items(gateway.body, "properties", "requestRoutingRules"):
            yield (
                name_of(key_at(rule, "properties", "backendHttpSettings")),
                name_of(key_at(rule, "properties", "backendAddressPool")),
            )
        for one in items(gateway.body, "properties", "urlPathMaps"):
            yield (
                name_of(key_at(one, "properties", "defaultBackendHttpSettings")),
                name_of(key_at(one, "properties", "defaultBackendAddressPool")),
            )
            for path in items(one, "properties", "pathRules"):
                yield (
                    name_of(key_at(path, "properties", "backendHttpSettings")),
                    name_of(key_at(path, "properties", "backendAddressPool")),
                )

    def _backend(self, gateway: Resource, host: str, name: str, setting: Mapping[str, Any]) -> Hop:
        at = next(
            (
                f"{gateway.id}:properties.backendHttpSettingsCollection[{index}].properties"
                for index, one in enumerate(items(gateway.body, "properties", "backendHttpSettingsCollection"))
                if name_of(str(value(one, "id") or value(one, "name") or "").lower()) == name
            ),
            f"{gateway.id}:properties.backendHttpSettingsCollection",
        )
        if str(setting["protocol"]).lower() not in ("https", "tls"):
            return self._hop(gateway, host, "plain", f"{at}.protocol", "over HTTP")
        if setting["checked"] is False:
            return self._hop(gateway, host, "unchecked", f"{at}.validateCertChainAndExpiry", "with any certificate")
        return self._hop(gateway, host, "sound", "", "over HTTPS")

    def _management(self, service: Resource, told: Mapping[str, Json | Unread]) -> Iterator[Hop]:
        seen: set[tuple[str, str]] = set()
        for url, path, checked in self._destinations(service, told):
            host = host_in(url)
            if not host or (host, url[:5].lower()) in seen:
                continue
            seen.add((host, url[:5].lower()))
            if url.lower().startswith(("http://", "ws://")):
                yield self._hop(service, host, "plain", path, "over HTTP")
            elif not checked:
                yield self._hop(service, host, "unchecked", path, "with any certificate")
            else:
                yield self._hop(service, host, "sound", "", "over HTTPS")

    def _destinations(self, service: Resource, told: Mapping[str, Json | Unread]) -> Iterator[tuple[str, str, bool]]:
        """Addresses that requests are sent to, the property that names each, and whether certificates are checked."""
        apis = self._inventory.children(service, "apis")
        for api in apis:
            if isinstance(url := value(api.body, "properties", "serviceUrl"), str) and url:
                yield url, f"{api.id}:properties.serviceUrl", True
        for backend in self._inventory.children(service, "backends"):
            url = value(backend.body, "properties", "url")
            tls = value(backend.body, "properties", "tls")
            checked = value(tls, "validateCertificateChain") is not False
            checked = checked and value(tls, "validateCertificateName") is not False
            if isinstance(url, str) and url:
                yield url, f"{backend.id}:properties.{'url' if checked else 'tls'}", checked
        below = service.key + "/"
        for key, fact in sorted(told.items()):
            if key.startswith(below) and isinstance(fact, Mapping):
                owner = self._inventory.get(key)
                for url in fact["hosts"]:
                    yield str(url), f"{owner.id if owner else key}:properties.value", True

    def _app(self, site: Resource, clients: Mapping[str, Json | Unread]) -> Iterator[Hop]:
        if gap := self._inventory.gap(f"{site.type}/config", f"{site.id}/config/appsettings"):
            self.unread[site.key] = gap
        for config in self._inventory.children(site, "config"):
            if config.key.endswith(("/appsettings", "/connectionstrings")):
                yield from self._connected(site, config, clients.get(config.key))

    def _connected(self, app: Resource, holder: Resource, fact: Json | Unread | None) -> Iterator[Hop]:
        if not isinstance(fact, Mapping):
            return
        for one in fact["all"]:
            if not one["host"]:
                continue
            state = next((flaw for flaw in ("plain", "unchecked") if flaw in one["flaws"]), "sound")
            words = one["text"].partition(" with ")[2] or "with TLS"
            path = "" if state == "sound" else f"{holder.id}:{one['path']}"
            yield self._hop(app, str(one["host"]), state, path, words if state == "sound" else f"by {words}")
