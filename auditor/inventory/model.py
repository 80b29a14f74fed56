"""The values of an inventory: resources, references between them, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.inventory import ids

Json = Any
"""What a JSON document can hold: dict, list, str, int, float, bool, None."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A read that did not succeed. What depends on it is unknown, never a pass."""

    scope: str
    """ARM id of what could not be read: a subscription (`/subscriptions/...`), a resource, or `/` for the tenant."""
    type: str
    """Resource type whose objects below `scope` are missing, for example `Microsoft.Storage/storageAccounts`."""
    operation: str
    """What was tried, for example `GET /subscriptions/{id}/providers/Microsoft.Storage/storageAccounts`."""
    status: int | None
    """HTTP status, or None where there was no answer or nothing was asked."""
    code: str
    """ARM's error code (`AuthorizationFailed`), or one of ours: `NotAsked`, `NotInExport`, `Unreachable`."""
    message: str = ""
    """The service's words, or ours, in one line without secrets."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a value that was not read; a condition over it is undecidable."""

    gap: Gap
    """Why it was not read."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property that one change set."""

    path: str
    """As the record writes it: `properties.allowBlobPublicAccess`."""
    before: Json
    """What it was: text as a rule, an object's as JSON; None where there was none."""
    after: Json
    """What it became; None where it was taken away."""
    truncated: bool
    """Whether the record holds only the beginning of the values."""
    at: datetime
    """UTC."""
    by: str = ""
    """Who: a user's sign-in name, or the id of an application; "" where Azure does not know."""
    by_type: str = ""
    """`User`, `ServicePrincipal`, `Application` or `System`; "" where Azure does not know."""
    client: str = ""
    """What with: `Azure Portal`, `Azure CLI`, or the id of an application; "" where Azure does not know."""
    operation: str = ""
    """The permission that was used: `microsoft.storage/storageaccounts/write`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A property of one resource that holds the id of another object."""

    source: str
    """Key (lower-cased id) of the resource that holds the property."""
    path: str
    """Where it was found, elements by index: `properties.subnets[0].properties.networkSecurityGroup.id`."""
    target: str
    """Key of the object referred to, whether or not it is in the inventory."""

    @property
    def pattern(self) -> str:
        """`path` with every index as `[*]`, lower-cased: what a rule's `referencing` compares with."""
        return pattern_of(self.path)


def pattern_of(path: str) -> str:
    """A property path with every array index replaced by `[*]`, lower-cased."""
    if "[" not in path:
        return path.lower()
    return "[*]".join(part.partition("]")[2] if i else part for i, part in enumerate(path.split("["))).lower()


_ALL_READ: Mapping[str, Gap] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One object as the service's REST API returns it. Build with `Resource.from_body`."""

    id: str
    """The id as the service wrote it."""
    type: str
    """The type as the service wrote it, or as the id says where the body has none."""
    body: Mapping[str, Json]
    """The whole body, unchanged (secrets' values replaced at collection)."""
    unread: Mapping[str, Gap] = field(default_factory=dict)
    """Top-level body keys, lower-cased, that were not read: an export without `properties`, for example."""
    key: str = ""
    """The id as a key: lower-cased."""
    type_key: str = ""
    """The type as a key: lower-cased."""
    partial: Gap | None = None
    """Why some values in the body are `Unread`: code decides them only when it is deployed. Facts take such a resource
    for one that was not read."""

    @classmethod
    def from_body(
        cls,
        body: Mapping[str, Json],
        *,
        resource_type: str = "",
        resource_id: str = "",
        unread: Mapping[str, Gap] | None = None,
        partial: Gap | None = None,
    ) -> Resource:
        """A resource from its body.

        `resource_type` and `resource_id` serve where the body lacks them (child lists of some services, Microsoft
        Graph objects, which carry no type).

        Raises ValueError where neither the body nor the arguments give an id.
        """
        raw_id = body.get("id")
        identifier = raw_id if isinstance(raw_id, str) and raw_id else resource_id
        if not identifier:
            raise ValueError("a resource needs an id")
        raw_type = body.get("type")
        kind = resource_type or (raw_type if isinstance(raw_type, str) and "/" in raw_type else "")
        kind = kind or ids.type_of_id(identifier)
        return cls(
            id=identifier,
            type=kind,
            body=body,
            unread=dict(unread) if unread else _ALL_READ,
            key=ids.id_key(identifier),
            type_key=ids.type_key(kind),
            partial=partial,
        )

    def with_body(self, body: Mapping[str, Json]) -> Resource:
        """The same resource with another body."""
        return Resource(self.id, self.type, body, self.unread, self.key, self.type_key, self.partial)

    @property
    def name(self) -> str:
        """The body's name, or the last segment of the id."""
        name = self.body.get("name")
        return name if isinstance(name, str) and name else self.id.rstrip("/").rpartition("/")[2]

    @property
    def full_name(self) -> str:
        """The name with those of its parents: `server/database`."""
        return "/".join(ids.below_provider(self.id).split("/")[2::2]) or self.name

    @property
    def display_name(self) -> str:
        """`displayName` where the body has one (Microsoft Graph objects), otherwise the name."""
        name = self.body.get("displayName")
        return name if isinstance(name, str) and name else self.name

    @property
    def subscription_id(self) -> str:
        """GUID of the subscription in lower case, or "" above subscriptions."""
        return ids.subscription_of(self.id)

    @property
    def resource_group(self) -> str:
        """Name of the resource group as written, or ""."""
        return ids.resource_group_of(self.id)

    @property
    def location(self) -> str:
        """Azure region as the body has it, or ""."""
        location = self.body.get("location")
        return location if isinstance(location, str) else ""
