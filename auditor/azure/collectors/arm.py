"""Reads from Azure Resource Manager: one list a subscription and type, then the children of what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from auditor.azure.answers import Trouble
from auditor.azure.budget import ARM_READS, Bucket
from auditor.azure.collectors.entry import Entry, How
from auditor.azure.collectors.reading import SETTLED, Reader, Target, state_of
from auditor.azure.collectors.scopes import Subscription
from auditor.azure.pipeline import Call
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
    states = await _bounded(parents, lambda parent: reader.read(_child_target(reader, subscription, entry, parent)))
    broken = sum(state not in SETTLED for state in states)
    unlisted = [t for name in entry.parents if (t := _parent_trouble(reader, subscription, name))]
    if broken:
        words = f"{broken} of {len(states)} could not be read; each has its own line"
        reader.close_gap(whole, Trouble(None, "ChildrenNotRead", words), ReadState.PARTIAL)
    elif unlisted:
        state = ReadState.PARTIAL if parents else state_of(unlisted[0])
        reader.close_gap(whole, unlisted[0], state)
    else:
        reader.close_complete(whole)


async def _bounded(parents: Sequence[Parent], read: Callable[[Parent], Awaitable[ReadState]]) -> Sequence[ReadState]:
    """Read the children of each parent, a few at a time; states in the order of the parents."""
    remaining = iter(enumerate(parents))
    states = [ReadState.NOT_ASKED] * len(parents)

    async def worker() -> None:
        for index, parent in remaining:
            states[index] = await read(parent)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(PER_SUBSCRIPTION, len(parents))):
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
    return _target(reader, subscription, entry, parent.id, parent.location)


def _target(reader: Reader, subscription: Subscription, entry: Entry, owner: str, location: str) -> Target:
    call = Call(
        entry.url(owner),
        entry.operation,
        client=entry.client,
        method="POST" if entry.how is How.POST else "GET",
        buckets=_buckets(reader, subscription, entry, location),
    )
    own_id = entry.url(owner).partition("?")[0] if entry.is_single else ""
    return Target(
        owner,
        entry.type,
        call,
        entry.source,
        cure=_cure(entry),
        single=entry.is_single,
        absent=entry.absent,
        secret=entry.secret,
        own_id=own_id.removesuffix("/list"),
    )


def _buckets(reader: Reader, subscription: Subscription, entry: Entry, location: str) -> tuple[Bucket, ...]:
    budget = reader.wire.budget
    general = budget.bucket(subscription.scope, ARM_READS)
    if entry.quota is None:
        return (general,)
    region = f" {location.lower()}" if entry.quota.regional else ""
    return general, budget.bucket(f"{subscription.scope} {entry.quota.name}{region}", entry.quota.limit)


def _cure(entry: Entry) -> str:
    return f"needs {entry.permission}, which the role {entry.role} has"
