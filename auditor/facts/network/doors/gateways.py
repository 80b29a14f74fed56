"""Application gateways: a listener on a public frontend, and the backends that its routing rules lead to.

Shape: https://learn.microsoft.com/rest/api/application-gateway/application-gateways/get. The backend sees an address of
the gateway's own subnet as the source: https://learn.microsoft.com/azure/application-gateway/how-application-gateway-works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditor.facts.network.address_set import EVERYTHING
from auditor.facts.network.addresses import parse_prefix
from auditor.facts.network.bodies import items, key_at, port, text, value
from auditor.facts.network.doors.balancers import Target
from auditor.facts.network.doors.door import Door, Hop, Inner
from auditor.facts.network.doors.public_ip import PublicIp, public_ip, unknown_public_ip
from auditor.facts.network.interfaces import IpConfiguration
from auditor.facts.network.reach import Reach, reach_of_port
from auditor.facts.network.screens import Screens
from auditor.facts.network.topology import Topology
from auditor.inventory import ids
from auditor.inventory.model import Gap, Resource

GATEWAY = "microsoft.network/applicationgateways"
_TCP = frozenset(("tcp",))


@dataclass(frozen=True, slots=True)
class _Route:
    """One way through a gateway."""

    listener: str
    pool: str
    backend: str
    """Keys of the listener, the backend pool and the backend settings."""


class Gateways:
    """The application gateways of an inventory."""

    def __init__(self, topology: Topology, screens: Screens) -> None:
        self._topology = topology
        self._screens = screens
        self.doors: dict[Target, list[Door | Gap]] = {}
        for gateway in topology.inventory.of_type(GATEWAY):
            self._add(gateway)

    def unread(self, pool: str) -> Gap | None:
        """Why the gateway that a pool belongs to is not known."""
        gateway = pool.rsplit("/", 2)[0]
        inventory = self._topology.inventory
        return None if inventory.get(gateway) else inventory.gap(GATEWAY, gateway)

    def _add(self, gateway: Resource) -> None:
        fronts = _by_id(gateway, "frontendIPConfigurations")
        ports = _by_id(gateway, "frontendPorts")
        settings = _by_id(gateway, "backendHttpSettingsCollection") | _by_id(gateway, "backendSettingsCollection")
        pools = _by_id(gateway, "backendAddressPools")
        listeners = _by_id(gateway, "httpListeners") | _by_id(gateway, "listeners")
        subnet = _subnet(gateway)
        shared = _shares_a_port(gateway, listeners, fronts)
        for route in dict.fromkeys(_routes(gateway)):
            listener = listeners.get(route.listener)
            front = fronts.get(key_at(listener, "properties", "frontendIPConfiguration"))
            key = key_at(front, "properties", "publicIPAddress")
            entered = port(value(ports.get(key_at(listener, "properties", "frontendPort")), "properties", "port"))
            backend = port(value(settings.get(route.backend), "properties", "port"), entered)
            if not key or entered is None or backend is None or not route.pool:
                continue
            public = public_ip(self._topology.inventory, key)
            public = unknown_public_ip(key) if isinstance(public, Gap) else public
            place = _place(gateway, subnet, public.family)
            if shared:
                place = replace(place, address=parse_prefix(public.address))
            door = self._door(gateway, listener, public, place, entered, backend)
            if door is None:
                continue
            for target in _targets(route.pool, pools.get(route.pool), ids.parent_of(subnet)):
                self.doors.setdefault(target, []).append(door)

    def _door(
        self, gateway: Resource, listener: Any, public: PublicIp, place: IpConfiguration, entered: int, backend: int
    ) -> Door | Gap | None:
        """None where nothing of the internet gets to the listener."""
        found = self._screens.at_subnet(place, inbound=True)
        if isinstance(found, Gap):
            return found
        # Without a security group at its subnet a gateway takes what comes to its frontend
        # (https://learn.microsoft.com/azure/application-gateway/configuration-infrastructure#network-security-groups).
        grouped = [screen.passed for screen in found if screen.grouped]
        everyone = (Reach.of_all(public.family), "", EVERYTHING, ())
        admitted = reach_of_port(grouped, "tcp", entered, public.family) if grouped else everyone
        if admitted is None:
            return None
        reach, rule, admits, openers = admitted
        hops = (public.hop, Hop("application-gateway", gateway.key, gateway.name, f":{entered}"))
        return Door(
            via="application-gateway",
            address=public.address,
            hops=hops,
            family=public.family,
            protocols=_TCP,
            ports=(backend, backend),
            frontend_port=entered,
            inner=Inner(self._topology.subnet_space(place.subnet), reach, rule, admits, openers),
            waf=_has_waf(gateway, listener),
        )


def _shares_a_port(gateway: Resource, listeners: dict[str, Any], fronts: dict[str, Any]) -> bool:
    """Whether a public and a private listener in use have one port: rules then see the frontend's address.

    https://learn.microsoft.com/azure/application-gateway/configuration-infrastructure#required-security-rules
    """
    used: dict[bool, set[str]] = {True: set(), False: set()}
    for route in _routes(gateway):
        listener = listeners.get(route.listener)
        front = fronts.get(key_at(listener, "properties", "frontendIPConfiguration"))
        if front is not None:
            is_public = bool(key_at(front, "properties", "publicIPAddress"))
            used[is_public].add(key_at(listener, "properties", "frontendPort"))
    return bool(used[True] & used[False] - {""})


def _place(gateway: Resource, subnet: str, family: int) -> IpConfiguration:
    none: frozenset[str] = frozenset()
    return IpConfiguration(gateway.key, None, family, subnet, "", None, none, none, none, none)


def _routes(gateway: Resource) -> Iterator[_Route]:
    """From each listener to each pool: basic rules, path maps with their default, rules of the TCP and TLS proxy."""
    maps = _by_id(gateway, "urlPathMaps")
    for rule in (*_entries(gateway, "requestRoutingRules"), *_entries(gateway, "routingRules")):
        name = "httpListener" if value(rule, "properties", "httpListener") else "listener"
        listener = key_at(rule, "properties", name)
        paths = maps.get(key_at(rule, "properties", "urlPathMap"))
        for holder, pool, settings in _steps(rule, paths):
            backend = key_at(holder, "properties", settings)
            yield _Route(listener, key_at(holder, "properties", pool), backend)


def _steps(rule: Any, paths: Any) -> Iterator[tuple[Any, str, str]]:
    settings = "backendSettings" if value(rule, "properties", "backendSettings") else "backendHttpSettings"
    yield rule, "backendAddressPool", settings
    if paths is None:
        return
    yield paths, "defaultBackendAddressPool", "defaultBackendHttpSettings"
    for path in items(paths, "properties", "pathRules"):
        yield path, "backendAddressPool", "backendHttpSettings"


def _targets(pool_key: str, pool: Any, network: str) -> Iterator[Target]:
    yield Target("pool", pool_key)
    for configuration in items(pool, "properties", "backendIPConfigurations"):
        if isinstance(key := value(configuration, "id"), str):
            yield Target("configuration", ids.id_key(key))
    for member in items(pool, "properties", "backendAddresses"):
        if address := parse_prefix(str(value(member, "ipAddress") or "")):
            yield Target("address", f"{network}|{address[0]}")


def _has_waf(gateway: Resource, listener: Any) -> bool:
    """Whether a web application firewall is attached to the listener or the gateway."""
    own = value(gateway.body, "properties", "webApplicationFirewallConfiguration", "enabled") is True
    attached = key_at(gateway.body, "properties", "firewallPolicy") or key_at(listener, "properties", "firewallPolicy")
    # Only the WAF tiers apply it: https://learn.microsoft.com/azure/web-application-firewall/ag/ag-overview
    return text(gateway.body, "properties", "sku", "tier").startswith("waf") and bool(own or attached)


def _subnet(gateway: Resource) -> str:
    entries = _entries(gateway, "gatewayIPConfigurations")
    return next((key for entry in entries if (key := key_at(entry, "properties", "subnet"))), "")


def _entries(gateway: Resource, name: str) -> list[Any]:
    return items(gateway.body, "properties", name)


def _by_id(gateway: Resource, name: str) -> dict[str, Any]:
    return {
        ids.id_key(found): entry for entry in _entries(gateway, name) if isinstance(found := value(entry, "id"), str)
    }
