"""A source of which only the manifest is known so far: its resources are read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from auditor.inventory.inventory import Inventory
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source

_TIMES = ("started_at", "finished_at")
_TUPLES = ("scopes", "needs")


class LaterSource(Source):
    """A source that reads itself when its inventory is first asked for."""

    __slots__ = ("_found", "_read")
    _found: Source | None
    _read: Callable[[], Source]

    def __init__(self, manifest: Manifest, notices: Sequence[str], read: Callable[[], Source]) -> None:
        """`read` gives the whole; what is known already is `manifest` and `notices`."""
        object.__setattr__(self, "manifest", manifest)
        object.__setattr__(self, "notices", tuple(notices))
        object.__setattr__(self, "_read", read)
        object.__setattr__(self, "_found", None)

    @property
    def inventory(self) -> Inventory:
        """See `Source.inventory`. Raises what `read` raises."""
        if self._found is None:
            object.__setattr__(self, "_found", self._read())
        assert self._found is not None  # noqa: S101 - read above
        return self._found.inventory


def values_of(source: Source) -> dict[str, Any]:
    """What `later` needs of a source, in JSON's kinds."""
    manifest = {field.name: getattr(source.manifest, field.name) for field in fields(Manifest)}
    for name in _TIMES:
        manifest[name] = manifest[name].isoformat() if manifest[name] else None
    return {"manifest": manifest, "notices": list(source.notices)}


def later(values: Mapping[str, Any], read: Callable[[], Source]) -> LaterSource:
    """The source that `values_of` told of. Raises KeyError, TypeError and ValueError for other values."""
    manifest = dict(values["manifest"])
    for name in _TIMES:
        manifest[name] = datetime.fromisoformat(manifest[name]) if manifest[name] else None
    manifest.update({name: tuple(manifest[name]) for name in _TUPLES})
    groups = manifest["management_groups"]
    manifest["management_groups"] = {guid: tuple(names) for guid, names in groups.items()}
    return LaterSource(Manifest(**manifest), values["notices"], read)
