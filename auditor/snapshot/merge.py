"""Several snapshots of different scopes as one: resources with the ledgers that say what was read.

Where two snapshots read the same kind in the same place, the newer read that came to its end counts, and only it: what
it did not find any more is gone. Where none came to its end, what each found is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from auditor.errors import SnapshotError
from auditor.inventory import ids
from auditor.inventory.coverage import LedgerEntry, ReadState
from auditor.inventory.model import Gap
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot

_Rank = tuple[bool, datetime]
_NEVER = (False, datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to."""

    resources: int
    subscriptions: int
    gaps: int


def merge_snapshots(paths: Sequence[Path], output: Path, *, force: bool = False) -> Merged:
    """Join finished snapshots of one tenant into a new one.

    The output appears whole or not at all. Raises SnapshotError where a snapshot cannot be read, did not finish, or is
    of another tenant or cloud than the first.
    """
    if output.exists() and not force:
        raise SnapshotError("exists already", subject=str(output), remedy="Give --force to replace it.")
    beside = output.with_name(f".{output.name}.merging")
    shards = [_Shard(path) for path in paths]
    try:
        manifest = _manifest([shard.snapshot.manifest for shard in shards])
        beside.unlink(missing_ok=True)
        with Snapshot.create(beside, manifest) as target:
            merged = _join(shards, target)
            target.finish(manifest.finished_at or datetime.now(UTC))
        _put(beside, output, force=force)
    finally:
        for shard in shards:
            shard.snapshot.release()
        for name in (beside.name, beside.name + "-wal", beside.name + "-shm"):
            beside.with_name(name).unlink(missing_ok=True)
    return merged


def _put(beside: Path, output: Path, *, force: bool) -> None:
    if force and output.exists():
        Snapshot.make_replaceable(output)
    try:
        beside.replace(output)
    except OSError as error:
        raise SnapshotError(
            f"cannot be written: {error.strerror}", subject=str(output), remedy="Choose another place."
        ) from error


def _manifest(manifests: Sequence[Manifest]) -> Manifest:
    first = manifests[0]
    for other in manifests:
        if other.finished_at is None:
            raise SnapshotError(
                "did not finish", subject=other.source, remedy="Finish it with `auditor collect --resume` first."
            )
        for name in ("tenant", "cloud"):
            if getattr(other, name) != getattr(first, name):
                raise SnapshotError(
                    f"is of another {name} than {first.source}",
                    subject=other.source,
                    remedy=f"Merge snapshots of one {name} only.",
                )
    return Manifest(
        source="merge",
        started_at=min((m.started_at for m in manifests if m.started_at), default=None),
        finished_at=max(m.finished_at for m in manifests if m.finished_at),
        tool_version=first.tool_version,
        tenant=first.tenant,
        cloud=first.cloud,
        scopes=tuple(sorted({scope for m in manifests for scope in m.scopes})),
        subscriptions={guid: name for m in manifests for guid, name in m.subscriptions.items()},
        management_groups={guid: names for m in manifests for guid, names in m.management_groups.items()},
        needs=tuple(sorted({kind for m in manifests for kind in m.needs})),
    )


class _Shard:
    """One of the snapshots, and what its ledger says of a place."""

    def __init__(self, path: Path) -> None:
        self.snapshot = Snapshot.open(path)
        self.entries = self.snapshot.ledger()
        self._lines = {_place(line): line for line in self.entries if not line.own}
        self._own = {_place(line): line for line in self.entries if line.own}
        self._age = self.snapshot.manifest.finished_at or datetime.min.replace(tzinfo=UTC)
        self._known = {guid.lower() for guid in self.snapshot.manifest.subscriptions}

    def line(self, type_key: str, scope: str, *, own: bool = False) -> LedgerEntry | None:
        """The ledger line that speaks of a kind at a place: the nearest one above it.

        `own` asks for the line of the place's own objects first. A line for the whole tenant speaks only of the
        subscriptions that this snapshot knew.
        """
        place = ids.id_key(scope)
        if own and (found := self._own.get((type_key, place))):
            return found
        while place:
            if found := self._lines.get((type_key, place)):
                return found
            place = ids.parent_of(place)
        subscription = ids.subscription_of(scope)
        if subscription and subscription not in self._known:
            return None
        return self._lines.get((type_key, ""))

    def rank(self, type_key: str, scope: str, *, own: bool = False) -> _Rank | None:
        """How good this snapshot's read of a kind at a place is: ended or not, then how new; None for none."""
        return self._rank(self.line(type_key, scope, own=own))

    def rank_of(self, type_key: str, key: str) -> _Rank | None:
        """How good the read is that found the object with this key."""
        return self._rank(self._own.get((type_key, ids.parent_of(key))) or self.line(type_key, key))

    def _rank(self, line: LedgerEntry | None) -> _Rank | None:
        return (line.settled, line.as_of or self._age) if line else None


def _place(line: LedgerEntry) -> tuple[str, str]:
    return ids.type_key(line.type), ids.id_key(line.scope)


def _join(shards: Sequence[_Shard], target: Snapshot) -> Merged:
    lines = list(_lines(shards))
    for line in lines:
        target.close(line.scope, line.type, line.state, own=line.own, as_of=line.as_of, gap=line.gap)
    # The best snapshot is copied last, so that its bodies replace what others have of the same id.
    for shard in sorted(shards, key=lambda shard: shard.snapshot.manifest.finished_at or _NEVER[1]):
        target.copy_from(shard.snapshot, partial(_counts, shards, shard))
    gaps = sum(1 for line in lines if line.gap and not line.settled)
    subscriptions = len(target.manifest.subscriptions)
    return Merged(target.count(), subscriptions, gaps)


def _counts(shards: Sequence[_Shard], own: _Shard, type_key: str, key: str) -> bool:
    """Whether what `own` holds under this key counts against what the others read there."""
    rank = own.rank_of(type_key, key) or _NEVER
    ranks = (shard.rank_of(type_key, key) for shard in shards if shard is not own)
    better = [found for found in ranks if found and found > rank]
    return not any(settled for settled, _ in better)


def _lines(shards: Sequence[_Shard]) -> Iterator[LedgerEntry]:
    """The ledger of the whole: the best line for each kind and place, and one for what a snapshot did not ask."""
    best: dict[tuple[str, str, bool], tuple[_Rank, LedgerEntry]] = {}
    for shard in shards:
        for line in shard.entries:
            kind, place = _place(line)
            if not line.settled and _is_settled_elsewhere(shards, shard, line):
                continue
            rank = shard.rank(kind, line.scope, own=line.own) or _NEVER
            if (kind, place, line.own) not in best or rank > best[kind, place, line.own][0]:
                best[kind, place, line.own] = rank, line
    yield from (line for _, (_, line) in sorted(best.items()))
    yield from _not_asked(shards, {(kind, place) for kind, place, own in best if not own})


def _is_settled_elsewhere(shards: Sequence[_Shard], here: _Shard, line: LedgerEntry) -> bool:
    others = (shard.line(ids.type_key(line.type), line.scope, own=line.own) for shard in shards if shard is not here)
    return any(found is not None and found.settled for found in others)


def _not_asked(shards: Sequence[_Shard], written: set[tuple[str, str]]) -> Iterator[LedgerEntry]:
    """Kinds that one snapshot was to read and another, of other subscriptions, was not."""
    needs = {kind for shard in shards for kind in shard.snapshot.manifest.needs}
    places = {f"/subscriptions/{guid}" for shard in shards for guid in shard.snapshot.manifest.subscriptions}
    for kind in sorted(needs):
        if not any(found == kind for found, _ in written):
            continue  # a child whose parents' bodies hold it, or a type of which nobody asked
        for place in sorted(places):
            if (kind, ids.id_key(place)) in written or _is_answered(shards, kind, place):
                continue
            gap = Gap(place, kind, "", None, "NotAsked", "none of the merged snapshots was to read it here")
            yield LedgerEntry(place, kind, ReadState.NOT_ASKED, gap=gap)


def _is_answered(shards: Sequence[_Shard], kind: str, place: str) -> bool:
    """Whether the snapshots that cover a subscription were to read this kind: its lines may be deeper, or above."""
    guid = ids.subscription_of(place)
    return any(
        shard.line(kind, place) is not None
        or (
            kind in shard.snapshot.manifest.needs
            and guid in {known.lower() for known in shard.snapshot.manifest.subscriptions}
        )
        for shard in shards
    )
