"""A live collection on behalf of `scan` and `collect`: sign in, work out what to read, read it, show progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.cli.messages import say, warn

if TYPE_CHECKING:
    from auditor.azure.collect import CollectionOutcome
    from auditor.inventory.snapshot import Snapshot
    from auditor.inventory.source import Source


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


def collect_live(options: LiveOptions, types: frozenset[str]) -> Source:
    """Collect what `types` names into memory. Raises SignInError, CollectionError and ConfigError."""
    from auditor.inventory.snapshot import Snapshot
    from auditor.inventory.source import Source

    with Snapshot.in_memory(new_manifest(options, types)) as snapshot:
        collect_into(snapshot, options, types)
        return Source(snapshot.manifest, snapshot.inventory())


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
