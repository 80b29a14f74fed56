"""What moved since an earlier collection, by Resource Graph's table of changes, and what may be taken over from it.

The table tells of creations, updates and deletions of what the table `resources` has, usually within five minutes; not
of most child types, and of no data plane
(https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes, and the limitations in
https://learn.microsoft.com/azure/governance/resource-graph/changes/resource-graph-changes). So lists of a whole
subscription are always read; what is taken over are children of resources that did not move, until they are too old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from auditor.azure.answers import Trouble
from auditor.azure.collectors.bounds import Bounds
from auditor.azure.collectors.graph_query import Query, page_of_query, queries_for
from auditor.azure.collectors.permissions import Permissions, hidden_from
from auditor.azure.collectors.reading import Reader, Target
from auditor.azure.collectors.scopes import Subscription
from auditor.inventory import ids
from auditor.snapshot.earlier import Earlier, Part

_LATE = timedelta(minutes=15)
"""A change can appear in the table minutes after it was made."""
_ACTION = "Microsoft.Resources/changes/read"


@dataclass(frozen=True, slots=True)
class _Changes(Query):
    since: str = ""

    @property
    def text(self) -> str:
        """The query as KQL."""
        return (
            f"resourcechanges | where todatetime(properties.changeAttributes.timestamp) > datetime({self.since})"
            " | project id, target = tostring(properties.targetResourceId) | order by id asc"
        )


@dataclass(frozen=True, slots=True)
class Unmoved:
    """What may be taken over from an earlier collection."""

    earlier: Earlier
    moved: frozenset[str]
    """Keys of what changed."""
    touched: frozenset[str]
    """Keys of what changed or has something below it that did."""
    subscriptions: frozenset[str]
    """GUIDs of those whose changes the identity may see."""

    def part(self, target: Target) -> Part | None:
        """What one read would give, where nothing it is about is known to have changed; None where it must be read."""
        call, key = target.call, ids.id_key(target.scope)
        is_of_resource = call.service == "arm" and call.method == "GET" and "/providers/" in key
        if not is_of_resource or target.own or ids.subscription_of(key) not in self.subscriptions or self._moved(key):
            return None
        return self.earlier.part(target.scope, target.kind, path=call.url.partition("?")[0], single=target.single)

    def _moved(self, key: str) -> bool:
        """Whether it, something above it or something below it changed."""
        return key in self.touched or any(above in self.moved for above in _above(key))


def _above(key: str) -> Iterator[str]:
    """Beginnings of a key that can be resources it is below, the longest first."""
    while "/providers/" in (key := key.rpartition("/")[0]):
        yield key


async def find_unmoved(
    reader: Reader,
    subscriptions: Sequence[Subscription],
    earlier: Earlier,
    permissions: Callable[[Subscription], Awaitable[Permissions | Trouble]],
) -> Unmoved | str:
    """What may be taken over, or why nothing may, as a clause."""
    since = (earlier.started_at - _LATE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    plain = queries_for({"resourcechanges": [""]}, [subscription.guid for subscription in subscriptions])
    queries = [_Changes(query.table, (), query.subscriptions, since=since) for query in plain]
    answers = await asyncio.gather(*(_moved_by(reader, query) for query in queries))
    if trouble := next((found for found in answers if isinstance(found, Trouble)), None):
        return f"the changes could not be read ({trouble.code})"
    allowed = await asyncio.gather(*(permissions(subscription) for subscription in subscriptions))
    visible = [s.guid for s, found in zip(subscriptions, allowed, strict=True) if not hidden_from(found, _ACTION)]
    moved = frozenset(key for found in answers if not isinstance(found, Trouble) for key in found)
    touched = moved | {above for key in moved for above in _above(key)}
    return Unmoved(earlier, moved, touched, frozenset(visible))


async def _moved_by(reader: Reader, query: Query) -> frozenset[str] | Trouble:
    """Keys of what changed, all pages of one query."""
    keys: set[str] = set()
    token: str | None = None
    seen: set[str | None] = set()
    bounds = Bounds()
    while True:
        page = await page_of_query(reader, query, token)
        if isinstance(page, Trouble):
            return page
        if page.fault:
            return page.fault
        for row in page.bodies:
            target = row.get("target")
            if not isinstance(target, str) or not target:
                return Trouble(200, "MalformedItem", "a change does not say of what")
            keys.add(ids.id_key(target))
        if page.token is None:
            return frozenset(keys)
        seen.add(token)
        stop = bounds.exceeded(page.bodies, page.size)
        if stop or page.token in seen:
            return stop or Trouble(200, "NextLinkLoop", "the continuation of the query is one that was read already")
        token = page.token
