"""The service that is looked at, and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.topology import items, value
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

PRIVATE_ENDPOINTS = "microsoft.network/privateendpoints"


class NotReadError(Exception):
    """Something that decides was not read."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.message or gap.code)
        self.gap = gap


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource in its inventory. Every method raises `NotReadError` where what it gives is behind a gap."""

    resource: Resource
    inventory: Inventory

    def at(self, path: str) -> Any:
        """A value in the body; None where it is missing, null or empty."""
        return value_at(self.resource, path)

    def children(self, child: str) -> Sequence[Resource]:
        """Children of a type segment."""
        if gap := self.inventory.gap(f"{self.resource.type_key}/{child.lower()}", self.resource.id):
            raise NotReadError(gap)
        return self.inventory.children(self.resource, child)

    def place(self, other: Resource) -> str:
        """What is written before a property path of another resource: a child's path below this one, or an id."""
        below = f"{self.resource.key}/"
        return f"{other.id[len(below) :] if other.key.startswith(below) else other.id}:"

    def only_child(self, child: str, name: str) -> Resource | None:
        """The child of this name, whatever is known of its neighbours: settings that hold secrets are often refused."""
        identifier = f"{self.resource.id}/{child}/{name}"
        if found := self.inventory.get(identifier):
            return found
        if gap := self.inventory.gap(f"{self.resource.type_key}/{child.lower()}", identifier):
            raise NotReadError(gap)
        return None

    def approved_endpoints(self) -> int:
        """How many private endpoint connections are approved, by the service's own body."""
        return sum(
            _status(connection) == "approved"
            for connection in items(self.resource.body, "properties", "privateEndpointConnections")
        )

    def endpoints_to_it(self) -> int:
        """How many private endpoints lead to it, for services whose bodies do not list their connections."""
        if own := self.approved_endpoints():
            return own
        if gap := self.inventory.gap(PRIVATE_ENDPOINTS, None):
            raise NotReadError(gap)
        found = 0
        for endpoint in self.inventory.referencing(self.resource, PRIVATE_ENDPOINTS):
            for kind in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
                found += any(_status(one) == "approved" for one in items(endpoint.body, "properties", kind))
        return found


def value_at(resource: Resource, path: str) -> Any:
    """A value in a body; None where it is missing, null or empty. Raises `NotReadError` where it was not read."""
    root = path.partition(".")[0].lower()
    if gap := resource.unread.get(root):
        raise NotReadError(gap)
    found = value(resource.body, *path.split("."))
    return None if found == "" else found


def _status(connection: Any) -> str:
    """The state of a connection, lower-cased; `failed` for one that could not be set up, whatever was approved."""
    if str(value(connection, "properties", "provisioningState") or "").lower() == "failed":
        return "failed"
    return str(value(connection, "properties", "privateLinkServiceConnectionState", "status") or "").lower()
