"""What a collection is to read: a plain value, worked out from the rules by the caller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """Which types are read, of which scopes, and from where. Nothing else is asked for."""

    types: frozenset[str]
    """Resource types in any case. A child implies its parent; a type that others embed implies the one that does."""
    subscriptions: tuple[str, ...] = ()
    """Ids or names; empty for all that the identity can see."""
    management_group: str | None = None
    """Only subscriptions below this management group (its id, not its display name)."""
    tenant: str | None = None
    """The tenant that tokens are asked for, whose subscriptions are then visible; None for the credential's own."""
    source: str = "auto"
    """`auto` reads network, storage, vaults and identities fresh from ARM and the breadth from Resource Graph; `graph`
    and `arm` prefer one of the two wherever it can answer."""
