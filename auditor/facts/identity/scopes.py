"""Scopes of role assignments: what kind each is, told by its shape, and which lie in which.

A role holds at its scope and below (https://learn.microsoft.com/azure/role-based-access-control/scope-overview).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise

from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json

_GROUPS = "/providers/microsoft.management/managementgroups/"
_SUBSCRIPTION_DEPTH = 2
_GROUP_DEPTH = 4


class ScopeKind(StrEnum):
    """What a scope is."""

    TENANT = "tenant"
    """`/`, to which a Global Administrator elevates himself."""
    MANAGEMENT_GROUP = "management group"
    SUBSCRIPTION = "subscription"
    RESOURCE_GROUP = "resource group"
    RESOURCE = "resource"
    """One resource, or one that extends a subscription."""
    TENANT_RESOURCE = "tenant resource"
    """One beside all subscriptions, such as a reservation order: whoever owns it owns no subscription."""
    UNKNOWN = "unknown"

    @property
    def wide(self) -> bool:
        """Whether whole subscriptions lie in it."""
        return self in (ScopeKind.TENANT, ScopeKind.MANAGEMENT_GROUP, ScopeKind.SUBSCRIPTION)


def kind_of(scope: str) -> ScopeKind:
    """What a scope is, by its shape; not every id without a resource group is a subscription."""
    key = scope_key(scope)
    if key == "/":
        return ScopeKind.TENANT
    if key.startswith(_GROUPS):
        return ScopeKind.MANAGEMENT_GROUP if key.count("/") == _GROUPS.count("/") else ScopeKind.TENANT_RESOURCE
    segments = key.strip("/").split("/")
    if segments[0] == "subscriptions" and len(segments) >= _SUBSCRIPTION_DEPTH:
        if len(segments) == _SUBSCRIPTION_DEPTH:
            return ScopeKind.SUBSCRIPTION
        if len(segments) == _GROUP_DEPTH and segments[2] == "resourcegroups":
            return ScopeKind.RESOURCE_GROUP
        return ScopeKind.RESOURCE
    return ScopeKind.TENANT_RESOURCE if segments[0] == "providers" else ScopeKind.UNKNOWN


def scope_key(scope: str) -> str:
    """A scope as a key: lower-cased, without a trailing slash; the tenant is `/`."""
    return ids.id_key(scope.strip()) or "/"


_BESIDE = (ScopeKind.TENANT, ScopeKind.TENANT_RESOURCE, ScopeKind.UNKNOWN)
"""What lies in no management group."""


class Scopes:
    """How the scopes of one inventory lie in one another."""

    def __init__(self, inventory: Inventory) -> None:
        """Learn the management groups above each subscription, as far as they were read."""
        self._above: dict[str, tuple[str, ...]] = {
            f"/subscriptions/{guid}": tuple(_GROUPS + name.lower() for name in names)
            for guid, names in inventory.management_groups.items()
        }
        self._parents: dict[str, str] = {}
        for subscription in inventory.of_type(ids.SUBSCRIPTION_TYPE):
            if chain := _chain(subscription.body):
                self._above.setdefault(subscription.key, chain)
        for group in inventory.of_type(ids.MANAGEMENT_GROUP_TYPE):
            if parent := _parent(group.body):
                self._parents[group.key] = parent
        for chain in list(self._above.values()):
            self._parents.update(pairwise(chain))
        self._placed = {name for chain in self._above.values() for name in chain} | self._parents.keys()

    def up(self, scope: str) -> Iterator[str]:
        """The scope itself and everything that it lies in, the closest first, management groups as far as known."""
        key = scope_key(scope)
        while True:
            yield key
            above = self._step(key)
            if above is None:
                break
            key = above
        if key != "/":
            yield "/"

    def contains(self, outer: str, inner: str) -> bool | None:
        """Whether `inner` is `outer` or lies in it; None where the management groups above it were not read."""
        wide = scope_key(outer)
        if wide in self.up(inner):
            return True
        if kind_of(wide) is not ScopeKind.MANAGEMENT_GROUP or kind_of(inner) in _BESIDE:
            return False
        # Of a group that was seen everything below was seen too; another may stand anywhere above.
        return False if wide in self._placed else None

    def _step(self, key: str) -> str | None:
        kind = kind_of(key)
        if kind is ScopeKind.SUBSCRIPTION:
            chain = self._above.get(key)
            return chain[0] if chain else None
        if kind is ScopeKind.MANAGEMENT_GROUP:
            return self._parents.get(key)
        return ids.parent_of(key) or None


def _chain(body: Mapping[str, Json]) -> tuple[str, ...]:
    """The ids of the groups above a subscription as Resource Graph's container has them, the closest first.

    https://learn.microsoft.com/azure/governance/resource-graph/samples/samples-by-table#resourcecontainers
    """
    properties = body.get("properties")
    chain = properties.get("managementGroupAncestorsChain") if isinstance(properties, Mapping) else None
    if not isinstance(chain, list):
        return ()
    names = (item.get("name") for item in chain if isinstance(item, Mapping))
    return tuple(_GROUPS + name.lower() for name in names if isinstance(name, str))


def _parent(body: Mapping[str, Json]) -> str:
    """https://learn.microsoft.com/rest/api/managementgroups/management-groups/get."""
    properties = body.get("properties")
    details = properties.get("details") if isinstance(properties, Mapping) else None
    parent = details.get("parent") if isinstance(details, Mapping) else None
    identifier = parent.get("id") if isinstance(parent, Mapping) else None
    return ids.id_key(identifier) if isinstance(identifier, str) else ""
