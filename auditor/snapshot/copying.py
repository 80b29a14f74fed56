"""A source as a snapshot: the demo tenant, or an export that is to be asked with SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap, Resource
from auditor.snapshot.source import Source
from auditor.snapshot.store import Snapshot

_ASKED_OF_EACH = "Microsoft.Insights/diagnosticSettings"
"""What extends any resource, and has a line of its own for each that was asked for it."""


def put_resources(snapshot: Snapshot, resources: Iterable[Resource]) -> None:
    """Write resources as they were read, type by type."""
    by_type: dict[str, list[Resource]] = {}
    for one in resources:
        by_type.setdefault(one.type, []).append(one)
    for kind, found in sorted(by_type.items()):
        unread: Mapping[str, Mapping[str, Gap]] = {one.id: one.unread for one in found if one.unread}
        snapshot.add("", kind, [one.body for one in found], unread=unread)


def copy_whole(snapshot: Snapshot, source: Source, types: Iterable[str]) -> None:
    """Write a source of which everything was read but its gaps, and finish the snapshot.

    `types` are the type keys that a collection asks for: what the source has none of does not exist.
    """
    inventory = source.inventory
    resources = [one for one in inventory if not inventory.is_embedded(one)] + [*inventory.change_records]
    put_resources(snapshot, resources)
    finished: datetime | None = source.manifest.finished_at
    assert finished is not None  # noqa: S101 - such a source says when it was read
    for kind in sorted({*types, *(one.type_key for one in resources)}):
        snapshot.close("/", kind, ReadState.COMPLETE, as_of=finished)
    for one in resources:
        snapshot.close(one.id, _ASKED_OF_EACH, ReadState.COMPLETE, own=True, as_of=finished)
    for gap in inventory.gaps:
        snapshot.close(gap.scope, gap.type, ReadState.DENIED if gap.status == 403 else ReadState.FAILED, gap=gap)
    snapshot.finish(finished)
