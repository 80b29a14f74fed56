"""An inventory without the resources of which only the envelope was read: for facts, these are missing with a reason.

`az resource list` gives resources without properties, `az <service> list` gives them in another shape, and a read of
one resource may be denied after the list that named it. A fact that took such a resource for an empty one would say
that nothing is reached; so it finds no such resource, and `Inventory.gap` says why.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.inventory import ids
from auditor.inventory.coverage import Coverage, embedding_parent
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource


def readable(inventory: Inventory) -> tuple[Inventory, tuple[Resource, ...]]:
    """The inventory that facts are computed from, and the resources whose properties were not read.

    Without any such resource it is the inventory itself.
    """
    bare = tuple(resource for resource in inventory if why_unread(resource))
    if not bare:
        return inventory, ()
    read = [resource for resource in inventory if not why_unread(resource)]
    return Inventory(read, _Bare(inventory.coverage, bare), inventory.gaps, inventory.management_groups), bare


def why_unread(resource: Resource) -> Gap | None:
    """Why facts cannot rely on the resource's properties; None where all were read."""
    return resource.unread.get("properties") or resource.partial


def is_of_one(gap: Gap) -> bool:
    """Whether a gap is that of one resource, which is there and was not read."""
    return ids.type_key(gap.type) == ids.type_of_id(gap.scope).lower()


class _Bare:
    """A coverage that also knows the resources whose properties were not read."""

    def __init__(self, coverage: Coverage, bare: Iterable[Resource]) -> None:
        self._coverage = coverage
        self._by_type: dict[str, list[Resource]] = {}
        for resource in bare:
            self._by_type.setdefault(resource.type_key, []).append(resource)

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        """See `Coverage.gap`: first of resources that were listed and not read, of the type or of what embeds it."""
        for kind in filter(None, (type_key, embedding_parent(type_key))):
            for resource in self._by_type.get(kind, ()):
                if _concerns(resource, scope):
                    return why_unread(resource)
        return self._coverage.gap(type_key, scope)


def _concerns(resource: Resource, scope: str | None) -> bool:
    """Whether a scope holds the resource, or lies within it."""
    place = ids.id_key(scope).rstrip("/") + "/" if scope is not None else "/"
    own = resource.key + "/"
    return own.startswith(place) or place.startswith(own)
