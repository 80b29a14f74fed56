"""Which subscriptions are ours: what lies in none of them is foreign, as far as the audit can see."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Unread

SUBSCRIPTION = ids.type_key(ids.SUBSCRIPTION_TYPE)


def gap_anywhere(inventory: Inventory, type_key: str) -> Gap | None:
    """Why objects of a type may be missing in any subscription of ours, those that were not to be read included.

    Zones and resolvers of a hub serve other subscriptions: where only one of these was asked for, they are not absent.
    """
    if gap := inventory.gap(type_key, None):
        return gap
    gaps = (inventory.gap(type_key, subscription.key) for subscription in inventory.of_type(SUBSCRIPTION))
    return next((gap for gap in gaps if gap), None)


def not_collected(scope: str, kind: str, words: str) -> Gap:
    """Something lies outside of what was read."""
    return Gap(scope, kind, "", None, "NotCollected", words)


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The subscriptions that the identity sees in the tenant, whichever of them were audited."""

    known: frozenset[str]
    """Lower-cased GUIDs."""
    gap: Gap | None
    """Why there may be more."""

    @classmethod
    def of(cls, inventory: Inventory) -> Tenancy:
        """From the list of subscriptions, and from whatever was read in one."""
        known = {resource.subscription_id for resource in inventory} - {""}
        return cls(frozenset(known), inventory.gap(SUBSCRIPTION, None))

    def foreign(self, subscription: str) -> bool | Unread:
        """Whether a subscription is none of ours; not known where the subscriptions were not all read."""
        if subscription in self.known:
            return False
        return Unread(self.gap) if self.gap else True
