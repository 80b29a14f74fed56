"""A whole collection: which subscriptions, then what the plan names of each, into a sink."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from auditor.azure.plan import CollectionPlan
from auditor.azure.progress import Progress
from auditor.errors import AuditorError
from auditor.inventory import ids
from auditor.inventory.changes import CHANGES, CHANGES_KEY
from auditor.snapshot.sink import Sink

if TYPE_CHECKING:
    from auditor.azure.answers import Trouble
    from auditor.azure.budget import Timing
    from auditor.azure.collectors.entry import Entry
    from auditor.azure.collectors.permissions import Permissions
    from auditor.azure.collectors.reading import Reader, Redact
    from auditor.azure.collectors.scopes import Subscription
    from auditor.azure.collectors.table import Routes
    from auditor.azure.session import Session
    from auditor.inventory.model import Json
    from auditor.secrets.redactor import Redactor
    from auditor.snapshot.earlier import Earlier


_ABOVE = frozenset({"authorizationresources", "policyresources"})
"""Tables of which what is assigned above the subscriptions is wanted too."""


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
    taken_over: int = 0
    """Reads that an earlier collection had made."""
    read_whole: str = ""
    """Why nothing could be taken over from the earlier collection that was given, as a clause."""
    management_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Subscription id to the management groups above it, the closest first; empty where nobody asked."""


async def collect(
    session: Session,
    plan: CollectionPlan,
    sink: Sink,
    progress: Progress,
    *,
    timing: Timing | None = None,
    seed: int | None = None,
    earlier: Earlier | None = None,
) -> CollectionOutcome:
    """Collect what the plan names into the sink.

    Of an `earlier` collection is taken over what Azure says did not change since, up to its age limit.
    What a failed read leaves out becomes a gap in the sink's ledger. `timing` and `seed` are for tests that must not
    wait. Raises CollectionError where no subscription can be read at all.
    """
    from auditor.azure.collectors.reading import Reader
    from auditor.azure.pipeline import open_wire

    async with open_wire(session, timing=timing, seed=seed) as wire:
        reader = Reader(wire, sink, progress, _redaction(sink))
        try:
            if earlier and earlier.tenant.lower() != (session.principal.tenant or earlier.tenant).lower():
                return replace(await _collect(reader, plan), read_whole="it is of another tenant")
            return await _collect(reader, plan, earlier)
        except BaseExceptionGroup as group:
            raise _first_cause(group) from group


async def _collect(reader: Reader, plan: CollectionPlan, earlier: Earlier | None = None) -> CollectionOutcome:
    from auditor.azure.collectors.change_records import read_changes
    from auditor.azure.collectors.providers import PROVIDERS, read_providers
    from auditor.azure.collectors.scopes import find_subscriptions
    from auditor.azure.collectors.table import route
    from auditor.azure.collectors.tenant_policy import TENANT_POLICY, read_tenant_policy

    subscriptions = await find_subscriptions(reader, plan)
    hierarchy = _Hierarchy(reader, subscriptions, plan)
    asked = {ids.type_key(name) for name in hierarchy.others}
    of_tenant = {ids.type_key(name) for name in (PROVIDERS, TENANT_POLICY, CHANGES)}
    types = frozenset(name for name in hierarchy.others if ids.type_key(name) not in of_tenant)
    routes = route(types, plan.source)
    work = _Work(reader, subscriptions, routes)
    _refuse_unknown(reader, routes, subscriptions)
    read_whole = await _look_back(work, earlier) if earlier else ""
    async with asyncio.TaskGroup() as group:
        if routes.queries:
            group.create_task(work.query())
        for source, entries in _by_source(routes.lists):
            group.create_task(work.read_source(source, entries))
        if routes.directory:
            group.create_task(work.read_directory(routes.directory))
        group.create_task(hierarchy.read())
        if ids.type_key(PROVIDERS) in asked:
            group.create_task(read_providers(reader, types))
        if ids.type_key(TENANT_POLICY) in asked:
            group.create_task(read_tenant_policy(reader))
        if CHANGES_KEY in asked:
            group.create_task(read_changes(reader, subscriptions, work.permissions))
    return replace(_outcome(reader, subscriptions), management_groups=hierarchy.found, read_whole=read_whole)


async def _look_back(work: _Work, earlier: Earlier) -> str:
    """Let the reader take over what did not move; why it may not, "" where it may."""
    from auditor.azure.collectors.changes import find_unmoved

    found = await find_unmoved(work.reader, work.subscriptions, earlier, work.permissions)
    if isinstance(found, str):
        return found
    work.reader.unmoved = found
    return ""


class _Hierarchy:
    """Management groups: not resources of the inventory, but where its subscriptions stand."""

    def __init__(self, reader: Reader, subscriptions: Sequence[Subscription], plan: CollectionPlan) -> None:
        wanted = {ids.type_key(name): name for name in plan.types}
        self._is_wanted = ids.type_key(ids.MANAGEMENT_GROUP_TYPE) in wanted
        self._reader = reader
        self._subscriptions = subscriptions
        self.others = frozenset(name for key, name in wanted.items() if key != ids.type_key(ids.MANAGEMENT_GROUP_TYPE))
        """The types that are read as resources."""
        self.found: Mapping[str, tuple[str, ...]] = {}

    async def read(self) -> None:
        """Read them, where the plan names them."""
        from auditor.azure.collectors.hierarchy import read_hierarchy

        if self._is_wanted:
            self.found = await read_hierarchy(self._reader, self._subscriptions)


def _by_source(entries: Iterable[Entry]) -> Sequence[tuple[str, tuple[Entry, ...]]]:
    ordered = sorted(entries, key=lambda entry: entry.source)
    return [(source, tuple(found)) for source, found in groupby(ordered, key=lambda entry: entry.source)]


class _Work:
    """What is read, and who waits for whom: children for their parents, and nobody for another subscription."""

    def __init__(self, reader: Reader, subscriptions: Sequence[Subscription], routes: Routes) -> None:
        self.reader = reader
        self.subscriptions = subscriptions
        self._queries = routes.queries
        self._allowed: dict[str, asyncio.Future[Permissions | Trouble]] = {}
        self._done = {
            (subscription.scope, entry.key): asyncio.Event()
            for subscription in subscriptions
            for entry in (*routes.lists, *routes.queries)
        }

    async def query(self) -> None:
        """Everything that is read from Resource Graph, side by side."""
        from auditor.azure.collectors.graph_query import SOURCE, queries_for, run_query

        self.reader.progress.begin(SOURCE)
        by_table: dict[str, list[str]] = {}
        for entry in self._queries:
            by_table.setdefault(entry.table, []).append(entry.key)
        guids = [subscription.guid for subscription in self.subscriptions]
        async with asyncio.TaskGroup() as group:
            queries = list(queries_for(by_table, guids, above=_ABOVE))
            self.reader.progress.expect(SOURCE, len(queries))
            for query in queries:
                group.create_task(self._settle(query.types, query.subscriptions, run_query(self.reader, query)))
        broken = self.reader.troubled.get(SOURCE, 0)
        self.reader.progress.end(SOURCE, f"{broken} not read" if broken else "")

    async def _settle(self, types: Iterable[str], guids: Iterable[str], running: Awaitable[Trouble | None]) -> None:
        """Ledger lines of one query's types and subscriptions; where the query failed, the types are listed instead."""
        from auditor.azure.collectors.graph_query import SOURCE

        trouble = await running
        self.reader.progress.settle(SOURCE)
        chosen = frozenset(guids)
        entries = [entry for entry in self._queries if entry.key in frozenset(types)]
        async with asyncio.TaskGroup() as group:
            for subscription in self.subscriptions:
                if subscription.guid in chosen:
                    group.create_task(self._settle_subscription(subscription, entries, trouble))

    async def _settle_subscription(
        self, subscription: Subscription, entries: Sequence[Entry], trouble: Trouble | None
    ) -> None:
        from auditor.azure.collectors.permissions import hidden_from

        permissions = None if trouble else await self.permissions(subscription)
        async with asyncio.TaskGroup() as group:
            for entry in entries:
                hidden = hidden_from(permissions, entry.permission) if permissions else None
                group.create_task(self._settle_one(subscription, entry, trouble, hidden))

    async def permissions(self, subscription: Subscription) -> Permissions | Trouble:
        """Asked once a subscription, however many tables there are."""
        from auditor.azure.collectors.permissions import permissions_at

        if subscription.scope not in self._allowed:
            asked = asyncio.ensure_future(permissions_at(self.reader, subscription.scope))
            self._allowed[subscription.scope] = asked
        return await self._allowed[subscription.scope]

    async def _settle_one(
        self, subscription: Subscription, entry: Entry, trouble: Trouble | None, hidden: Trouble | None
    ) -> None:
        from auditor.azure.collectors.arm import whole_of
        from auditor.azure.collectors.graph_query import SOURCE
        from auditor.azure.collectors.reading import state_of
        from auditor.inventory.coverage import ReadState

        target = replace(whole_of(subscription, entry), source=SOURCE)
        if hidden:
            self.reader.close_gap(target, hidden, ReadState.PARTIAL)
        elif trouble is None:
            self.reader.close_complete(target)
        elif entry.is_listable:
            await self._read(subscription, entry)
        else:
            self.reader.close_gap(target, trouble, state_of(trouble))
        self._done[subscription.scope, entry.key].set()

    async def read_source(self, source: str, entries: Sequence[Entry]) -> None:
        """Everything of one source from ARM; a subscription that is throttled holds up no other."""
        self.reader.progress.begin(source)
        lists = sum(not entry.is_child for entry in entries)
        self.reader.progress.expect(source, lists * len(self.subscriptions))
        async with asyncio.TaskGroup() as group:
            for subscription in self.subscriptions:
                for entry in entries:
                    group.create_task(self._read(subscription, entry))
        broken = self.reader.troubled.get(source, 0)
        self.reader.progress.end(source, f"{broken} not read" if broken else "")

    async def read_directory(self, types: frozenset[str]) -> None:
        """Everything of Microsoft Graph; what it refuses does not touch the rest."""
        from auditor.azure.collectors.directory import read_directory
        from auditor.azure.collectors.role_holders import ROLES_IN_AZURE

        roles = [event for (_, key), event in self._done.items() if key in ROLES_IN_AZURE]
        await read_directory(self.reader, types, roles)

    async def _read(self, subscription: Subscription, entry: Entry) -> None:
        from auditor.azure.collectors.arm import read_children, read_list

        if entry.is_child:
            for name in entry.parents:
                if parent := self._done.get((subscription.scope, ids.type_key(name))):
                    await parent.wait()
            await read_children(self.reader, subscription, entry)
        else:
            await read_list(self.reader, subscription, entry)
        self._done[subscription.scope, entry.key].set()


def _refuse_unknown(reader: Reader, routes: Routes, subscriptions: Sequence[Subscription]) -> None:
    """A type that nothing here can read is told as not asked, so that rules over it answer `unknown`."""
    for key in routes.unknown:
        for subscription in subscriptions:
            reader.not_asked(subscription.scope, key, f"{key} is a type that cannot be collected")


def _outcome(reader: Reader, subscriptions: Sequence[Subscription]) -> CollectionOutcome:
    gaps = reader.sink.gaps()
    return CollectionOutcome(
        subscriptions={subscription.guid: subscription.name for subscription in subscriptions},
        complete=gaps == 0,
        gaps=gaps,
        requests=dict(sorted(reader.wire.requests.items())),
        troubles=dict(sorted(reader.wire.troubles.items())),
        taken_over=reader.taken_over,
    )


def _first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the collection: one with words for the user before any other."""
    causes: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseExceptionGroup):
            pending.extend(error.exceptions)
        else:
            causes.append(error)
    return next((error for error in causes if isinstance(error, AuditorError)), causes[0])


def _redaction(sink: Sink) -> Redact:
    """The redactor, loaded when the first body comes: every body goes through it."""
    redactor: Redactor | None = None

    def redact(type_key: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        from auditor.secrets.redactor import Redactor

        nonlocal redactor
        redactor = redactor or Redactor(sink.secret_key)
        return redactor.redact(type_key, body)

    return redact
