"""Who changed which property, from Resource Graph's tables of changes: read only where it is asked for.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes. The tables hold 14 days.
Creations and deletions are left out: their records name no property.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from auditor.azure.answers import Trouble
from auditor.azure.collectors.graph_query import Query, queries_for, run_query
from auditor.azure.collectors.permissions import Permissions, hidden_from
from auditor.azure.collectors.reading import Reader, Target, state_of
from auditor.azure.collectors.scopes import Subscription
from auditor.azure.wire import Call
from auditor.inventory.changes import CHANGES
from auditor.inventory.coverage import ReadState

_SOURCE = "changes"
_TABLES = ("resourcechanges", "resourcecontainerchanges")
_ACTION = "Microsoft.Resources/changes/read"
_CURE = f"needs {_ACTION}, which the role Reader has"


@dataclass(frozen=True, slots=True)
class _Updates(Query):
    @property
    def text(self) -> str:
        """The query as KQL."""
        part = f" | where hash(tolower(id), {self.slice_[1]}) == {self.slice_[0]}" if self.slice_ else ""
        return (
            f"{self.table} | where properties.changeType =~ 'Update'{part}"
            " | project id, name, type, properties | order by id asc"
        )


async def read_changes(
    reader: Reader,
    subscriptions: Sequence[Subscription],
    permissions: Callable[[Subscription], Awaitable[Permissions | Trouble]],
) -> None:
    """Keep the records of the last 14 days, with a ledger line a subscription."""
    reader.progress.begin(_SOURCE)
    plain = queries_for({table: [""] for table in _TABLES}, [subscription.guid for subscription in subscriptions])
    queries = [_Updates(query.table, (), query.subscriptions) for query in plain]
    answers = await asyncio.gather(*(run_query(reader, query) for query in queries))
    troubles: dict[str, Trouble] = {
        guid: trouble
        for query, trouble in zip(queries, answers, strict=True)
        if trouble is not None
        for guid in query.subscriptions
    }
    await asyncio.gather(*(_settle(reader, one, troubles.get(one.guid), permissions) for one in subscriptions))
    broken = reader.troubled.get(_SOURCE, 0)
    reader.progress.end(_SOURCE, f"{broken} not read" if broken else "")


async def _settle(
    reader: Reader,
    subscription: Subscription,
    trouble: Trouble | None,
    permissions: Callable[[Subscription], Awaitable[Permissions | Trouble]],
) -> None:
    target = Target(
        subscription.scope, CHANGES, Call("", f"POST Microsoft.ResourceGraph/resources {_TABLES[0]}"), _SOURCE, _CURE
    )
    if trouble is not None:
        reader.close_gap(target, trouble, state_of(trouble))
    elif hidden := hidden_from(await permissions(subscription), _ACTION):
        reader.close_gap(target, hidden, ReadState.PARTIAL)
    else:
        reader.close_complete(target)
