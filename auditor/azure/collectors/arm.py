"""Reads from Azure Resource Manager: one list a subscription and type, then the children of what was found."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from auditor.azure.answers import Trouble
from auditor.azure.budget import ARM_READS, Bucket
from auditor.azure.collectors.entry import Entry, How
from auditor.azure.collectors.reading import SETTLED, Reader, Target, state_of
from auditor.azure.collectors.scopes import Subscription
from auditor.azure.wire import Call
from auditor.inventory import ids
from auditor.inventory.coverage import ReadState

PER_SUBSCRIPTION = 16
"""Children of one subscription that are read at once."""


@dataclass(frozen=True, slots=True)
class Parent:
    """What is needed of a resource to read its children."""

    id: str
    location: str


async def read_list(reader: Reader, subscription: Subscription, entry: Entry) -> None:
    """Read one type of a subscription by its list."""
    await reader.read(_target(reader, subscription, entry, subscription.scope, ""))


def whole_of(subscription: Subscription, entry: Entry) -> Target:
    """One type of a subscription as a whole: what the ledger line above those of its parts is about."""
    return Target(
        subscription.scope, entry.type, Call("", entry.operation), entry.source, absent=entry.absent, cure=_cure(entry)
    )


async def read_children(reader: Reader, subscription: Subscription, entry: Entry) -> None:
    """Read a child type of all its parents in a subscription, and say in the ledger how that went as a whole."""
    whole = whole_of(subscription, entry)
    if reader.sink.state(subscription.scope, entry.type) in SETTLED:
        return
    parents = [parent for name in entry.parents for parent in _parents(reader, subscription, entry, name)]
    targets = [_child_target(reader, subscription, one, parent) for parent in parents for one in (entry, *entry.parts)]
    states = await _bounded(reader, targets)
    if entry.detailed:
        await _bounded(reader, _detail_targets(reader, subscription, entry))
    broken = sum(state not in SETTLED for state, target in zip(states, targets, strict=True) if not target.always)
    unlisted = [t for name in entry.parents if (t := _parent_trouble(reader, subscription, name))]
    if broken:
        words = f"{broken} of {len(states)} could not be read; each has its own line"
        reader.close_gap(whole, Trouble(None, "ChildrenNotRead", words), ReadState.PARTIAL)
    elif unlisted:
        state = ReadState.PARTIAL if parents else state_of(unlisted[0])
        reader.close_gap(whole, unlisted[0], state)
    else:
        reader.close_complete(whole)


async def _bounded(reader: Reader, targets: Sequence[Target]) -> Sequence[ReadState]:
    """Read targets a few at a time; states in their order."""
    for source, count in Counter(target.source for target in targets).items():
        reader.progress.expect(source, count)
    remaining = iter(enumerate(targets))
    states = [ReadState.NOT_ASKED] * len(targets)

    async def worker() -> None:
        for index, target in remaining:
            states[index] = await reader.read(target)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(PER_SUBSCRIPTION, len(targets))):
            group.create_task(worker())
    return states


def _parents(reader: Reader, subscription: Subscription, entry: Entry, kind: str) -> list[Parent]:
    return [
        Parent(str(body["id"]), str(body.get("location") or ""))
        for body in reader.sink.kept(subscription.scope, kind)
        if entry.only is None or entry.only(body)
    ]


def _parent_trouble(reader: Reader, subscription: Subscription, kind: str) -> Trouble | None:
    """Why parents of a type may be missing here, where that is so: then their children are not known either."""
    return reader.failures.get((subscription.scope, ids.type_key(kind)))


def _child_target(reader: Reader, subscription: Subscription, entry: Entry, parent: Parent) -> Target:
    target = _target(reader, subscription, entry, parent.id, parent.location)
    return replace(target, own=ids.id_key(parent.id) == subscription.scope and not entry.always)


def _target(reader: Reader, subscription: Subscription, entry: Entry, owner: str, location: str) -> Target:
    call = Call(
        entry.url(owner),
        entry.operation,
        client=entry.client,
        method="POST" if entry.how is How.POST else "GET",
        buckets=_buckets(reader, subscription, entry, location),
    )
    own_id = _own_id(entry, owner) if entry.is_single else ""
    return Target(
        own_id if entry.always else owner,
        entry.type,
        call,
        entry.source,
        cure=_cure(entry),
        single=entry.is_single,
        absent=entry.absent,
        own_id=own_id,
        always=entry.always,
    )


def _detail_targets(reader: Reader, subscription: Subscription, entry: Entry) -> list[Target]:
    """Each object that was listed, by its own address; what it says replaces what the list said."""
    found = []
    for body in reader.sink.kept(subscription.scope, entry.type):
        target = _target(reader, subscription, entry, str(body["id"]), "")
        address = f"{body['id']}?api-version={entry.api_version}"
        call = replace(target.call, url=address)
        found.append(replace(target, call=call, single=True, own_id=str(body["id"]), always=True))
    return found


def _own_id(entry: Entry, owner: str) -> str:
    """The id of an object that is read by its own address, or by a POST below it."""
    path = entry.url(owner).partition("?")[0]
    return path.rpartition("/")[0] if entry.how is How.POST else path


def _buckets(reader: Reader, subscription: Subscription, entry: Entry, location: str) -> tuple[Bucket, ...]:
    budget = reader.wire.budget
    general = budget.bucket(subscription.scope, ARM_READS)
    if entry.quota is None:
        return (general,)
    region = f" {location.lower()}" if entry.quota.regional else ""
    return general, budget.bucket(f"{subscription.scope} {entry.quota.name}{region}", entry.quota.limit)


def _cure(entry: Entry) -> str:
    return f"needs {entry.permission}, which the role {entry.role} has"
