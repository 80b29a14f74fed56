"""How objects of Microsoft Graph are read: one list a type, or one request an object, twenty of these in a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.azure.answers import Trouble
from auditor.azure.budget import Bucket, Limit
from auditor.azure.collectors.batches import BATCH_SIZE, all_pages, read_batch
from auditor.azure.collectors.reading import SETTLED, Reader, Target, state_of
from auditor.azure.wire import Call
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Json

SOURCE = "directory"
PREFIX = "microsoft.graph/"
_BATCHES_AT_ONCE = 4

# Resource units are 3,500 to 8,000 in 10 seconds for an application and tenant, most requests cost 1 or 2
# (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits).
_UNITS = Limit(depth=500, per_second=150)
# "Conditional access and identity protection: 1 request a second for a tenant", and no Retry-After on its 429.
_CONDITIONAL_ACCESS = Limit(depth=1, per_second=1)

BodiesOf = Callable[[str, Json], list[Mapping[str, Json]]]
"""Makes resources of what was answered for an owner."""


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """How objects of one Microsoft Graph type are read."""

    name: str
    """Below `Microsoft.Graph/`."""
    path: str
    """Below `/v1.0`."""
    permission: str
    """The least privileged application permission."""
    select: str = ""
    single: bool = False
    pages: bool = True
    """Whether `$top` is allowed."""
    slow: bool = False
    """Whether it falls under the limit of one request a second."""
    trim: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None = None
    """Takes out what must not be kept."""
    expand: str = ""
    """What is given along with each object."""

    @property
    def type(self) -> str:
        """The resource type it is kept as."""
        return f"Microsoft.Graph/{self.name}"

    @property
    def url(self) -> str:
        """Path and query of the first page."""
        query = [f"$select={self.select}"] if self.select else []
        query += [f"$expand={self.expand}"] if self.expand else []
        if self.pages and not self.single:
            query.append("$top=999")
        return f"/v1.0{self.path}" + (f"?{'&'.join(query)}" if query else "")


def graph_target(
    reader: Reader, kind: str, url: str, permission: str, entry: DirectoryEntry | None = None, scope: str = "/"
) -> Target:
    """What one read of Microsoft Graph is about; `entry` where it is the list of a type."""
    return Target(
        scope,
        kind,
        Call(
            url,
            f"GET {kind}",
            service="graph",
            headers={"x-ms-throttle-priority": "Low"},
            buckets=_buckets(reader, slow=entry is not None and entry.slow),
        ),
        SOURCE,
        cure=f"needs the Microsoft Graph application permission {permission}",
        single=entry is not None and entry.single,
        trim=entry.trim if entry is not None else None,
    )


def _buckets(reader: Reader, *, slow: bool) -> tuple[Bucket, ...]:
    if slow:
        return (reader.wire.budget.bucket("conditional access", _CONDITIONAL_ACCESS),)
    return (reader.wire.budget.bucket("microsoft graph", _UNITS),)


async def read_each(reader: Reader, whole: Target, paths: Mapping[str, str], bodies: BodiesOf) -> None:
    """One object a path, in batches; the ledger line of the whole at the end."""
    if reader.sink.state(whole.scope, whole.kind) in SETTLED:
        return
    owners = sorted(paths)
    chunks = [owners[start : start + BATCH_SIZE] for start in range(0, len(owners), BATCH_SIZE)]
    remaining = iter(chunks)
    troubles: list[Trouble] = []

    async def worker() -> None:
        for chunk in remaining:
            answers = await read_batch(reader, whole, {owner: paths[owner] for owner in chunk})
            kept: list[Mapping[str, Json]] = []
            for owner in chunk:
                outcome = await all_pages(reader, whole, answers[owner])
                if isinstance(outcome, Trouble):
                    troubles.append(outcome)
                else:
                    kept.extend(bodies(owner, outcome))
            reader.keep(whole, kept, None)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_BATCHES_AT_ONCE, len(chunks))):
            group.create_task(worker())
    if troubles:
        reader.close_gap(
            whole, troubles[0], ReadState.PARTIAL if len(troubles) < len(owners) else state_of(troubles[0])
        )
    else:
        reader.close_complete(whole)
