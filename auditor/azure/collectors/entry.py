"""One entry of the collection table: how objects of one type are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.azure.budget import Limit
from auditor.inventory import ids
from auditor.inventory.model import Json


class How(StrEnum):
    """Which request reads a type."""

    LIST = "list"
    """One list a subscription."""
    CHILDREN = "children"
    """One list a parent."""
    SINGLETON = "singleton"
    """One GET a parent."""
    POST = "post"
    """One POST a parent: settings that a plain Reader may not list."""
    QUERY = "query"
    """Resource Graph only."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of a resource provider, on top of Azure Resource Manager's own."""

    name: str
    limit: Limit
    regional: bool = False
    """Whether each region counts for itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How objects of one resource type are read."""

    type: str
    """As the service writes it."""
    api_version: str
    """A version the service has; for what is read through an SDK client, the one the client sends."""
    how: How = How.LIST
    path: str = ""
    """Below `/subscriptions/{id}` or below the parent; "" where it follows from the type."""
    parents: tuple[str, ...] = ()
    """Types whose children these are; several for extensions such as diagnostic settings."""
    client: str = ""
    """SDK client it is read through; these are read fresh by default. "" for plain ARM requests."""
    table: str = ""
    """Resource Graph's table; "" where Resource Graph does not have it."""
    action: str = ""
    """What the identity must be allowed to do; "" for `<type>/read`."""
    role: str = "Reader"
    """The narrowest built-in role that holds the action."""
    quota: Quota | None = None
    absent: frozenset[str] = frozenset()
    """Error codes that say: there is none here."""
    detailed: bool = False
    """Whether the list leaves out what rules need, so that each object is read by its own address as well."""
    always: bool = False
    """Whether every parent has it, readable or not: where it cannot be read, the object is kept with its properties
    marked as unread, so that what a rule asks of it is unknown and its neighbours stay known."""
    parts: tuple[Entry, ...] = ()
    """More requests of the same type below the same parents, each for an object of its own."""
    only: Callable[[Mapping[str, Json]], bool] | None = None
    """Which parents can have it; None for all."""

    @property
    def key(self) -> str:
        """The type as a key."""
        return ids.type_key(self.type)

    @property
    def permission(self) -> str:
        """The action that a 403 says is missing."""
        return self.action or f"{self.type}/read"

    @property
    def is_child(self) -> bool:
        """Whether it is read once a parent."""
        return self.how in (How.CHILDREN, How.SINGLETON, How.POST)

    @property
    def is_listable(self) -> bool:
        """Whether ARM can be asked for it where Resource Graph fails."""
        return self.how is not How.QUERY

    @property
    def is_fresh(self) -> bool:
        """Whether it is read from its own service by default: a gate right after a deployment needs what is true now.

        What belongs to DNS zones is not: Resource Graph has that of all zones, where ARM wants a request a zone.
        """
        is_of_zone = self.is_child and "dnszones/" in self.key
        return bool(self.client) and not is_of_zone

    @property
    def is_single(self) -> bool:
        """Whether the answer is the object itself."""
        return self.how in (How.SINGLETON, How.POST)

    @property
    def operation(self) -> str:
        """The request without names, as gaps and request counts show it."""
        return f"{'POST' if self.how is How.POST else 'GET'} {self.type}"

    @property
    def source(self) -> str:
        """What progress calls it."""
        return _SOURCES.get(self.client) or self.type.partition("/")[0].removeprefix("Microsoft.")

    def url(self, owner: str) -> str:
        """The request's path; `owner` is the id of the subscription or the parent."""
        below = self.path or (f"providers/{self.type}" if self.how is How.LIST else self.type.rpartition("/")[2])
        return f"{owner}/{below}?api-version={self.api_version}"


_SOURCES = {
    "network": "network",
    "storage": "storage",
    "keyvault": "key vaults",
    "msi": "managed identities",
}
