"""What an earlier snapshot knows of the children of resources that have not moved since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.inventory import ids
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Json

if TYPE_CHECKING:
    from auditor.snapshot.manifest import Manifest
    from auditor.snapshot.store import Snapshot

FEED_DAYS = 14
"""How far back Azure tells of changes (https://learn.microsoft.com/rest/api/resources/changes/list)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One read of an earlier collection that is taken over as it was."""

    state: ReadState
    as_of: datetime
    """When it was read."""
    bodies: tuple[Mapping[str, Json], ...]


class Earlier:
    """A finished snapshot that parts are taken from; it stays open meanwhile."""

    def __init__(self, snapshot: Snapshot, *, full_after: timedelta, now: datetime) -> None:
        self._snapshot = snapshot
        self._oldest = now - full_after
        self._lines = {(ids.id_key(e.scope), ids.type_key(e.type)): e for e in snapshot.ledger() if not e.own}
        self.started_at = snapshot.manifest.started_at or now
        """From when on changes count."""

    @property
    def tenant(self) -> str:
        """The tenant it is of; "" where it does not say."""
        return self._snapshot.manifest.tenant

    def part(self, scope: str, kind: str, *, path: str, single: bool) -> Part | None:
        """The objects of one type that this resource had, where that is known for sure and not too old.

        `path` is what was asked: of a list where its ids begin, of one object its id. None where they must be read:
        the earlier read failed or is too old, an object was not read in full or holds a secret (secrets are hashed with
        a key that ended with that collection, and equal ones must stay comparable), or its id is not below the address.
        """
        line = self._lines.get((ids.id_key(scope), ids.type_key(kind)))
        if line is None or not line.settled or line.as_of is None or line.as_of < self._oldest:
            return None
        owner, place, key = ids.id_key(scope), ids.id_key(path), ids.type_key(kind)
        bodies = []
        for found in self._snapshot.below(scope):
            is_it = found.key == place if single else found.key.rpartition("/")[0] == place
            if is_it != (found.type_key == key and (is_it if single else _is_direct(found.key, owner, key))):
                return None
            if is_it and not found.whole:
                return None
            if is_it:
                bodies.append(found.body)
        return Part(line.state, line.as_of, tuple(bodies))


def _is_direct(key: str, owner: str, kind: str) -> bool:
    """Whether an object of a type is of this owner, and not an extension of something below it."""
    below = key.removeprefix(owner)
    return below.count("/providers/") == int(below.startswith(f"/providers/{kind}/"))


@contextmanager
def open_earlier(
    path: Path, asked: Manifest, *, full_after: timedelta, now: datetime | None = None
) -> Iterator[Earlier | str]:
    """An earlier snapshot to take parts from, or why everything has to be read, as a clause.

    `asked` is the manifest of the collection that is to be. Raises SnapshotError for what is no snapshot.
    """
    from auditor.snapshot.store import Snapshot

    now = now or datetime.now(UTC)
    with Snapshot.open(path) as snapshot:
        reason = _unfit(snapshot.manifest, asked, now)
        yield reason or Earlier(snapshot, full_after=full_after, now=now)


def _unfit(found: Manifest, asked: Manifest, now: datetime) -> str:
    if not found.complete or found.started_at is None:
        return "it was never finished"
    if found.tool_version != asked.tool_version:
        return f"it was collected by version {found.tool_version or 'unknown'}"
    if found.cloud != asked.cloud:
        return "it is of another cloud"
    if asked.tenant and found.tenant and found.tenant.lower() != asked.tenant.lower():
        return "it is of another tenant"
    if now - found.started_at > timedelta(days=FEED_DAYS):
        return f"it is older than {FEED_DAYS} days, and Azure tells of no change before that"
    return "" if found.started_at <= now else "it is from the future"
