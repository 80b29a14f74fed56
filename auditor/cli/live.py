"""A live collection on behalf of `scan` and `collect`: sign in, work out what to read, read it, show progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.inventory.manifest import Manifest


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What the options say of a live collection."""

    cloud: str
    credential: str | None
    tenant: str | None
    subscriptions: tuple[str, ...]
    management_group: str | None
    source: str
    """auto, graph or arm."""
    verbose: bool = False
    quiet: bool = False


def new_manifest(options: LiveOptions, types: frozenset[str]) -> Manifest:
    """The manifest of a collection that begins now."""
    from auditor import __version__
    from auditor.inventory.manifest import Manifest

    return Manifest(
        tool_version=__version__,
        tenant=options.tenant or "",
        cloud=options.cloud,
        scopes=_scopes(options),
        subscriptions={},
        started_at=datetime.now(UTC),
        finished_at=None,
        needs=tuple(sorted(types)),
        source="live",
    )


def _scopes(options: LiveOptions) -> tuple[str, ...]:
    if options.subscriptions:
        return tuple(f"/subscriptions/{name}" for name in options.subscriptions)
    if options.management_group:
        return (f"/providers/Microsoft.Management/managementGroups/{options.management_group}",)
    return ("/",)
