"""Reads from Azure Resource Graph: many types of many subscriptions in one query, page by page.

Queries are plain KQL: `where`, `project` with `id`, `order by id`, so that paging by `$skipToken` is allowed and stable
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data#paging-results).
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from auditor.azure.answers import Answer, Trouble
from auditor.azure.budget import RESOURCE_GRAPH
from auditor.azure.collectors.bounds import Bounds
from auditor.azure.collectors.reading import SETTLED, Reader, Target
from auditor.azure.wire import Call, ReadFailedError, storable
from auditor.inventory import ids
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Json
from auditor.snapshot.bodies import as_arm

SOURCE = "resource graph"
_VERSION = "2022-10-01"
_OPERATION = "POST Microsoft.ResourceGraph/resources"
_PAGE_ROWS = 1000
_SMALL_PAGE_ROWS = 200
"""Rows a page after the service said that the answer would be over its 16 MB."""
SUBSCRIPTIONS_A_QUERY = 290
"""Microsoft asks for fewer than 300 (choose-query-strategy in Resource Graph's documentation)."""
_ROWS_A_PARTITION = 5000
_MOST_PARTITIONS = 12
_COLUMNS = "id, name, type, location, kind, managedBy, sku, plan, tags, identity, zones, extendedLocation, properties"


@dataclass(frozen=True, slots=True)
class Query:
    """One query: types of one table, in some subscriptions."""

    table: str
    types: tuple[str, ...]
    """Type keys, sorted."""
    subscriptions: tuple[str, ...]
    """GUIDs, sorted."""
    above: bool = False
    """Whether what is assigned above the subscriptions is wanted too (role assignments, policy assignments)."""
    slice_: tuple[int, int] | None = None
    """Number and count of hash partitions; None for all rows."""
    may_split: bool = True
    """False for a part of a query, so that cutting ends."""

    @property
    def text(self) -> str:
        """The query as KQL."""
        names = ", ".join(f"'{name}'" for name in self.types)
        part = f" | where hash(tolower(id), {self.slice_[1]}) == {self.slice_[0]}" if self.slice_ else ""
        return f"{self.table} | where type in~ ({names}){part} | project {_COLUMNS} | order by id asc"

    @property
    def kind(self) -> str:
        """Under which the sink keeps how far it is: a name that follows from what is asked."""
        content = "\n".join((self.text, str(self.above), *self.subscriptions)).encode()
        return f"Microsoft.ResourceGraph/resources/{hashlib.sha256(content).hexdigest()[:16]}"

    def content(self, token: str | None, rows: int) -> bytes:
        """The request's body."""
        options: dict[str, Json] = {"$top": rows, "resultFormat": "objectArray"}
        if token:
            options["$skipToken"] = token
        if self.above:
            options["authorizationScopeFilter"] = "AtScopeAboveAndBelow"
        return orjson.dumps({"subscriptions": list(self.subscriptions), "query": self.text, "options": options})


def queries_for(
    types: Mapping[str, Iterable[str]],
    subscriptions: Sequence[str],
    *,
    above: frozenset[str] = frozenset(),
) -> list[Query]:
    """One query a table and group of subscriptions; `types` maps a table to type keys, `above` names tables."""
    groups = [
        tuple(sorted(subscriptions)[start : start + SUBSCRIPTIONS_A_QUERY])
        for start in range(0, len(subscriptions), SUBSCRIPTIONS_A_QUERY)
    ]
    return [
        Query(table, names, group, table in above)
        for table in sorted(types)
        if (names := tuple(sorted(types[table])))
        for group in groups
    ]


async def run_query(reader: Reader, query: Query) -> Trouble | None:
    """Keep all rows of a query; gives what went wrong, None where nothing did.

    Where there are many rows the query is cut into parts that are read side by side.
    """
    if reader.sink.state("/", query.kind) in SETTLED:
        return None
    cursor = reader.sink.cursor("/", query.kind)
    if cursor and cursor.startswith(_SPLIT):
        trouble = await _run_parts(reader, query, int(cursor.removeprefix(_SPLIT)))
    else:
        trouble = await _run_pages(reader, query, cursor)
    if trouble is None:
        reader.sink.close("/", query.kind, ReadState.COMPLETE, as_of=datetime.now(UTC))
    return trouble


_SPLIT = "split:"


async def _run_pages(reader: Reader, query: Query, cursor: str | None) -> Trouble | None:
    token = cursor
    rows = _PAGE_ROWS
    seen: set[str] = set()
    bounds = Bounds()
    whole = Target("/", query.kind, Call("", _OPERATION), SOURCE)
    while True:
        outcome = await page_of_query(reader, query, token, rows)
        if isinstance(outcome, Trouble):
            if outcome.code.lower() == "responsepayloadtoolarge" and rows > _SMALL_PAGE_ROWS:
                rows = _SMALL_PAGE_ROWS
                continue
            if token is not None and token == cursor and not outcome.transient:  # a token of an earlier run has expired
                token = cursor = None
                continue
            return outcome
        following = outcome.token
        parts = _parts_for(outcome.total) if query.may_split and token is None and following else 1
        reader.keep(whole, outcome.bodies, f"{_SPLIT}{parts}" if parts > 1 else following)
        if outcome.fault:
            return outcome.fault
        if parts > 1:
            return await _run_parts(reader, query, parts)
        if not following:
            return None
        if following in seen:
            return Trouble(200, "NextLinkLoop", "the continuation of the query is one that was read already")
        if stop := bounds.exceeded(outcome.bodies, outcome.size):
            return stop
        seen.add(following)
        token = following


def _parts_for(total: int) -> int:
    return max(1, min(math.ceil(total / _ROWS_A_PARTITION), _MOST_PARTITIONS))


async def _run_parts(reader: Reader, query: Query, count: int) -> Trouble | None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run_query(reader, part)) for part in _cut(query, count)]
    troubles = [trouble for task in tasks if (trouble := task.result()) is not None]
    return troubles[0] if troubles else None


def _cut(query: Query, count: int) -> Iterator[Query]:
    """Parts of a query: by subscription where there are enough of them, otherwise by a hash of the id.

    Partitioning is Microsoft's own remedy for large results
    (https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results).
    """
    for number in range(count):
        if len(query.subscriptions) >= count and not query.above:
            yield replace(query, subscriptions=query.subscriptions[number::count], may_split=False)
        else:
            yield replace(query, slice_=(number, count), may_split=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as bodies, and how it goes on."""

    bodies: list[Mapping[str, Json]]
    token: str | None
    total: int
    size: int
    fault: Trouble | None = None


async def page_of_query(reader: Reader, query: Query, token: str | None, rows: int = _PAGE_ROWS) -> Page | Trouble:
    """One page of a query; `token` is the continuation that the page before gave, None for the first."""
    call = Call(
        f"/providers/Microsoft.ResourceGraph/resources?api-version={_VERSION}",
        _OPERATION,
        client="resourcegraph",
        method="POST",
        content=query.content(token, rows),
        buckets=(reader.wire.budget.bucket(SOURCE, RESOURCE_GRAPH),),
        holds="data",
    )
    try:
        answer = await reader.wire.read(call)
    except ReadFailedError as error:
        return error.trouble
    return _page_of(answer)


def _page_of(answer: Answer) -> Page | Trouble:
    body = answer.body
    rows = body["data"] if isinstance(body, Mapping) else body
    good = [_as_arm(row) for row in rows if isinstance(row, Mapping) and isinstance(row.get("id"), str) and row["id"]]
    sound = good if storable(good) else [row for row in good if storable(row)]
    lost = len(rows) - len(sound)
    fault = Trouble(200, "MalformedItem", f"{lost} of {len(rows)} rows could not be understood") if lost else None
    envelope = body if isinstance(body, Mapping) else {}
    token = envelope.get("$skipToken")
    total = envelope.get("totalRecords")
    if not token and envelope.get("resultTruncated") == "true":
        fault = fault or Trouble(200, "ResultTruncated", "Resource Graph cut the result and gave no continuation")
    # Queries name at most 290 subscriptions, so this cannot happen; where it does, it must not go unnoticed:
    # https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
    if answer.headers.get("x-ms-tenant-subscription-limit-hit", "").lower() == "true":
        fault = fault or Trouble(
            200, "SubscriptionLimit", "Resource Graph left out what lies beyond 10,000 subscriptions"
        )
    following = token if isinstance(token, str) else None
    return Page(sound, following, total if isinstance(total, int) else 0, answer.size, fault)


def _as_arm(row: Mapping[str, Json]) -> Mapping[str, Json]:
    kind = row.get("type")
    return as_arm(ids.type_key(kind) if isinstance(kind, str) else "", row)
