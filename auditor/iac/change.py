"""What code says that will be: resources created, changed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.iac.declaration import Declaration
from auditor.inventory.model import Gap, Json


class Effect(StrEnum):
    """What happens to a resource."""

    PUT = "put"
    """It is created, or replaced by what the code says; what only the service writes stays."""
    PATCH = "patch"
    """What the code says is set on it, the rest stays."""
    STATE = "state"
    """It becomes what the platform foretold; what the foretelling leaves out on both sides stays."""
    KEEP = "keep"
    """It is there already and stays as it is."""
    DELETE = "delete"
    UNREAD = "unread"
    """Code makes one of a type, and nothing is known of it, not even where it lies: whether others exist is open."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that code creates, changes or deletes."""

    id: str
    effect: Effect
    body: Mapping[str, Json] = field(default_factory=dict)
    """As the service's REST API would give it, `Unread` where only deployment knows a value."""
    before: Mapping[str, Json] = field(default_factory=dict)
    """What the platform compared with, for STATE."""
    unread: Mapping[str, Gap] = field(default_factory=dict)
    """Top-level keys, lower-cased, of which nothing is known."""
    partial: Gap | None = None
    """Why some values in the body are `Unread`."""
    declaration: Declaration | None = None
    """Where the code says so."""
    keeps: frozenset[str] = frozenset()
    """Properties, lower-cased, that what is there keeps where the body does not set them: others set these."""
    adds: bool = False
    """Whether the lists of a PATCH are added to those that are there, with their elements' ids compared."""
    otherwise: Change | None = None
    """What it is where the base does not have the resource, for PATCH."""
    address: str = ""
    """How Terraform calls it: `module.net.azurerm_subnet.app[0]`."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What some files say that will be."""

    source: str
    """The files, in words."""
    changes: tuple[Change, ...]
    notices: tuple[str, ...] = ()
    """What the user should know of how they were read."""

    @property
    def changed(self) -> frozenset[str]:
        """What is created, changed or deleted, by lower-cased id."""
        return frozenset(
            change.id.lower() for change in self.changes if change.effect not in (Effect.KEEP, Effect.UNREAD)
        )

    @property
    def addresses(self) -> dict[str, str]:
        """Terraform's addresses of resources, by lower-cased id."""
        return {change.id.lower(): change.address for change in self.changes if change.address and change.id}

    @property
    def declared(self) -> dict[str, Declaration]:
        """Where resources are declared, by lower-cased id."""
        return {change.id.lower(): change.declaration for change in self.changes if change.declaration}
