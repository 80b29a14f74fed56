"""Every secret that a consumer keeps, or only those that open one resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.credentials.places import HOLDERS
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json


def kept(inventory: Inventory, facts: FactStore, wanted: str = "") -> list[tuple[str, Mapping[str, Json]]]:
    """Ids of holders that keep something, with their facts, by consumer.

    With the key of a wanted resource what it keeps, and what opens it.
    """
    return sorted(_kept(inventory, facts, wanted), key=lambda pair: (str(pair[1]["consumer"]), pair[0].lower()))


def _kept(inventory: Inventory, facts: FactStore, wanted: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for kind in sorted(HOLDERS):
        for holder in inventory.of_type(kind):
            fact = facts.get("credentials", holder)
            if not isinstance(fact, dict) or not fact["entries"]:
                continue
            if not wanted or holder.key == wanted or holder.key.startswith(f"{wanted}/"):
                yield holder.id, fact
            elif entries := [one for one in fact["entries"] if str(one["opens_id"]).lower() == wanted]:
                yield holder.id, {**fact, "entries": entries}
