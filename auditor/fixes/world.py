"""A world that is judged: an inventory with what is known of it, and the same with some bodies changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from auditor.facts.registry import FactStore
from auditor.iac.change import Change, Effect
from auditor.iac.overlay import overlaid
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


class World:
    """An inventory and its facts."""

    def __init__(self, inventory: Inventory, now: datetime) -> None:
        """`now` is the time of the collection: what dates are compared with."""
        self.inventory = inventory
        self.now = now
        self.facts = FactStore(inventory, now)

    def with_bodies(self, bodies: Mapping[str, Mapping[str, Json]]) -> World:
        """The world with these bodies, by id, in place of those that are there, and those that are new."""
        changes = []
        for identifier, body in bodies.items():
            earlier = self.inventory.get(identifier)
            changes.append(Change(identifier, Effect.STATE, body, earlier.body if earlier else {}))
        return World(overlaid(self.inventory, changes, "the plan"), self.now)

    def fact(self, family: str, resource: Resource | None) -> Mapping[str, Json] | None:
        """A fact of a resource; None where there is none, or where it was not read."""
        found = self.facts.get(family, resource) if resource is not None else None
        return found if isinstance(found, Mapping) and not isinstance(found, Unread) else None

    def get(self, key: str) -> Resource | None:
        """The resource with this id, or the closest one that contains it."""
        return self.inventory.get(key) or self.inventory.nearest(key)


def owners_of(identifier: str) -> tuple[str, ...]:
    """The keys of a resource and of everything that holds it, up to its resource group."""
    found = []
    key = ids.id_key(identifier)
    while key and "/providers/" in key:
        found.append(key)
        key = ids.parent_of(key)
    return tuple(found)
