"""Who is known to call a service, how, and by which way through the network: for whoever changes the service.

Clients are those that a setting, a linked service, a named value or a policy leads to the service, and those that
forward requests to it (Front Door, application gateways, API Management, apps). Whoever calls from outside Azure is not
known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.facts.credentials.family import Credentials
from auditor.facts.credentials.places import HOLDERS, consumer_of, kept
from auditor.facts.network.bodies import value
from auditor.facts.once import once
from auditor.facts.paths.position import Position, Positions
from auditor.facts.registry import Shared
from auditor.facts.transport.hops import Hops
from auditor.facts.transport.services import host_in
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread

_SUBNET = "microsoft.network/virtualnetworks/subnets"
_SETTINGS = (
    "microsoft.web/sites/config",
    "microsoft.app/containerapps",
    "microsoft.datafactory/factories/linkedservices",
)
"""Kinds of holders that lead to most services: where these were not read, nobody can say who calls."""
_VAULTS = {"microsoft.keyvault/vaults": "vaultUri", "microsoft.keyvault/managedhsms": "hsmUri"}
"""Types of vaults, and the property with the address that references lead to."""
_MANAGED_ENDPOINTS = "managedVirtualNetworks/managedPrivateEndpoints"


@dataclass(frozen=True, slots=True)
class Client:
    """One who calls a service."""

    consumer: Resource
    how: str
    """What says so, in words: `setting Orders`, `calls sql-shop.database.windows.net`."""
    plain: bool = False
    """Whether it calls without TLS."""


class Clients:
    """The clients of every service of one inventory."""

    @classmethod
    def of(cls, inventory: Inventory) -> Clients:
        """Those of an inventory, the same for all who ask one after the other."""
        return once(cls, inventory, lambda: cls(inventory))

    def __init__(self, inventory: Inventory) -> None:
        """Index who leads to whom."""
        self._inventory = inventory
        self._positions = Positions(inventory)
        self._by_service: dict[str, dict[tuple[str, str], Client]] = defaultdict(dict)
        credentials = Credentials(inventory)
        vaults = {
            host: vault
            for kind, path in _VAULTS.items()
            for vault in inventory.of_type(kind)
            if (host := _host(vault, path))
        }
        plain = _plain_places(inventory)
        for one in kept(inventory):
            target = credentials.target(one) or vaults.get(str(one.mark.get("host") or "").lower())
            if target is not None:
                how = _place(one.holder, one.setting)
                is_plain = (one.holder.key, one.path) in plain
                self._add(target.key, Client(consumer_of(one.holder, inventory), how, is_plain))
        for source, hops in Hops(inventory).by_source():
            for hop in hops:
                caller = inventory.get(source)
                if caller is not None and inventory.get(hop.target) is not None:
                    self._add(hop.target, Client(caller, f"calls {hop.host}", plain=hop.state == "plain"))

    def _add(self, service: str, client: Client) -> None:
        if client.consumer.key != service:
            known = self._by_service[service]
            key = (client.consumer.key, client.how)
            if key not in known or client.plain:
                known[key] = client

    def of_service(self, service: Resource) -> tuple[Client, ...]:
        """Those of one service, in a fixed order."""
        found = self._by_service.get(service.key, {})
        return tuple(found[key] for key in sorted(found))

    @property
    def gap(self) -> Gap | None:
        """Why there may be clients that are not known; None where every setting that could tell was read."""
        if gap := next((found for kind in _SETTINGS if (found := self._inventory.gap(kind, None))), None):
            return gap
        holders = (holder for kind in sorted(HOLDERS) for holder in self._inventory.of_type(kind))
        return next((gap for holder in holders if (gap := holder.unread.get("properties"))), None)

    def reaches(self, consumer: Resource, service: Resource) -> tuple[bool | None, Gap | None]:
        """Whether a client's calls are let in; None, with the reason, where that is not known."""
        verdict, _, gap = self._positions.reaches(self._position(consumer), service)
        if verdict is False and self._has_own_endpoint(consumer, service):
            return True, None
        return verdict, gap

    def _position(self, consumer: Resource) -> Position:
        """Where a client calls from: what a host is in, and for gateways the subnets that their bodies name."""
        named = (one.target for one in self._inventory.references_from(consumer))
        subnets = frozenset(key for key in named if ids.type_key(ids.type_of_id(key)) == _SUBNET)
        return self._positions.of(consumer) | Position(subnets=subnets)

    def _has_own_endpoint(self, consumer: Resource, service: Resource) -> bool:
        """Whether a service that has its own network (a factory, Front Door) has a private endpoint to the service."""
        holders: list[Resource] = [*self._inventory.children(consumer, _MANAGED_ENDPOINTS)]
        for group in self._inventory.children(consumer, "originGroups"):
            holders += self._inventory.children(group, "origins")
        paths = ("privatelinkresourceid", "sharedprivatelinkresource")
        return any(
            one.target == service.key and any(path in one.path.lower() for path in paths)
            for holder in holders
            for one in self._inventory.references_from(holder)
        )


def _host(vault: Resource, name: str) -> str:
    return host_in(str(value(vault.body, "properties", name) or ""))


def _plain_places(inventory: Inventory) -> frozenset[tuple[str, str]]:
    """Holders and paths of the settings that connect without TLS."""
    said = Shared.of(inventory).values("connections")
    return frozenset(
        (key, str(one["path"]))
        for key, fact in said.items()
        if isinstance(fact, Mapping)
        for one in fact["all"]
        if "plain" in one["flaws"]
    )


def _place(holder: Resource, setting: str) -> str:
    if holder.type_key.endswith("/linkedservices"):
        return f"linked service {holder.name}"
    return f"setting {setting}"


def accepted_keys(inventory: Inventory, service: Resource) -> bool | None:
    """Whether a service takes keys or passwords; None where that is not known or does not arise."""
    fact = Shared.of(inventory).values("local_access").get(service.key)
    accepted = fact.get("accepted") if isinstance(fact, Mapping) else None
    return accepted if isinstance(accepted, bool) else None


def keys_held(inventory: Inventory) -> Iterator[tuple[Resource, Mapping[str, object]]]:
    """Every entry of the fact `credentials` with its consumer."""
    for key, fact in Shared.of(inventory).values("credentials").items():
        holder = inventory.get(key)
        if holder is not None and isinstance(fact, Mapping) and not isinstance(fact, Unread):
            consumer = consumer_of(holder, inventory)
            yield from ((consumer, entry) for entry in fact["entries"])
