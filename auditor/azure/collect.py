"""A whole collection: which subscriptions, then what the plan names of each, into a sink."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from auditor.azure.budget import Timing
from auditor.azure.collectors.reading import Reader, Redact
from auditor.azure.collectors.table import Entry, Wanted, expand
from auditor.azure.pipeline import Wire, open_wire
from auditor.azure.plan import CollectionPlan
from auditor.azure.progress import Progress
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.inventory.sink import Sink

if TYPE_CHECKING:
    from auditor.azure.collectors.scopes import Subscription
    from auditor.azure.signin import Session


@dataclass(frozen=True, slots=True)
class CollectionOutcome:
    """What a collection came to; the data itself is in the sink."""

    subscriptions: Mapping[str, str]
    """Subscription id to name, of all that were collected."""
    complete: bool
    """Whether every read succeeded."""
    gaps: int
    """Reads that did not succeed."""
    requests: Mapping[str, int] = field(default_factory=dict)
    """How many requests each operation took, tries included."""
    troubles: Mapping[str, int] = field(default_factory=dict)
    """How often each error code came back, also where a later try succeeded."""


async def collect(
    session: Session,
    plan: CollectionPlan,
    sink: Sink,
    progress: Progress,
    *,
    timing: Timing | None = None,
    seed: int | None = None,
) -> CollectionOutcome:
    """Collect what the plan names into the sink.

    What a failed read leaves out becomes a gap in the sink's ledger. `timing` and `seed` are for tests that must not
    wait. Raises CollectionError where no subscription can be read at all.
    """
    async with open_wire(session, timing=timing, seed=seed) as wire:
        reader = Reader(wire, sink, progress, _redaction(sink))
        return await _collect(reader, plan)


async def _collect(reader: Reader, plan: CollectionPlan) -> CollectionOutcome:
    from auditor.azure.collectors.scopes import find_subscriptions

    subscriptions = await find_subscriptions(reader, plan)
    wanted = expand(plan.types)
    _refuse_unknown(reader, wanted, subscriptions)
    async with asyncio.TaskGroup() as group:
        for source, entries in _by_source(wanted.entries):
            group.create_task(_read_source(reader, source, entries, subscriptions))
    return _outcome(reader.wire, reader, subscriptions)


def _by_source(entries: Iterable[Entry]) -> Sequence[tuple[str, tuple[Entry, ...]]]:
    ordered = sorted(entries, key=lambda entry: entry.source)
    return [(source, tuple(found)) for source, found in groupby(ordered, key=lambda entry: entry.source)]


async def _read_source(
    reader: Reader, source: str, entries: Sequence[Entry], subscriptions: Sequence[Subscription]
) -> None:
    """Everything of one source, all subscriptions side by side: one that is throttled holds up no other."""
    reader.progress.begin(source)
    async with asyncio.TaskGroup() as group:
        for subscription in subscriptions:
            group.create_task(_read_subscription(reader, entries, subscription))
    broken = reader.troubled.get(source, 0)
    reader.progress.end(source, f"{broken} not read" if broken else "")


async def _read_subscription(reader: Reader, entries: Sequence[Entry], subscription: Subscription) -> None:
    from auditor.azure.collectors.arm import read_children, read_lists

    await read_lists(reader, subscription, [entry for entry in entries if not entry.is_child])
    for entry in entries:  # parents come before their children
        if entry.is_child:
            await read_children(reader, subscription, entry)


def _refuse_unknown(reader: Reader, wanted: Wanted, subscriptions: Sequence[Subscription]) -> None:
    """A type that nothing here can read is told as not asked, so that rules over it answer `unknown`."""
    for key in wanted.unknown:
        for subscription in subscriptions:
            gap = Gap(
                scope=subscription.scope,
                type=key,
                operation="",
                status=None,
                code="NotAsked",
                message=f"{key} is a type that cannot be collected",
            )
            reader.sink.close(subscription.scope, key, ReadState.NOT_ASKED, gap=gap)
            reader.gaps += 1


def _outcome(wire: Wire, reader: Reader, subscriptions: Sequence[Subscription]) -> CollectionOutcome:
    return CollectionOutcome(
        subscriptions={subscription.guid: subscription.name for subscription in subscriptions},
        complete=reader.gaps == 0,
        gaps=reader.gaps,
        requests=dict(sorted(wire.requests.items())),
        troubles=dict(sorted(wire.troubles.items())),
    )


def _redaction(sink: Sink) -> Redact:
    del sink
    return lambda _type_key, body: body
