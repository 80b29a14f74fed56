"""Which management groups stand above each subscription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.azure.answers import Trouble
from auditor.azure.budget import ARM_READS
from auditor.azure.collectors.reading import Reader, Target, state_of
from auditor.azure.collectors.scopes import MANAGEMENT_GROUPS_VERSION, Subscription
from auditor.azure.wire import Call
from auditor.inventory import ids
from auditor.inventory.model import Json

_SOURCE = "management groups"
_GROUPS = "/providers/Microsoft.Management/managementGroups"
_CURE = "needs Microsoft.Management/managementGroups/read, which Reader on the management group has"


async def read_hierarchy(reader: Reader, subscriptions: Sequence[Subscription]) -> dict[str, tuple[str, ...]]:
    """Subscription GUID to the names of the management groups above it, the closest first, as far as they are visible.

    Two requests where the identity sees the root group, one more for each group that it sees apart from others:
    https://learn.microsoft.com/rest/api/managementgroups/management-groups/list and .../get-descendants. What cannot be
    read is a gap, and gives a hierarchy that ends there.
    """
    reader.progress.begin(_SOURCE)
    groups = await _read(reader, _GROUPS, ids.MANAGEMENT_GROUP_TYPE)
    parents: dict[str, str] = {}
    for group in sorted(str(item.get("id", "")) for item in groups):
        if group and ids.id_key(group) not in parents:
            kind = f"{ids.MANAGEMENT_GROUP_TYPE}/descendants"
            for item in await _read(reader, f"{group}/descendants", kind):
                if parent := _parent(item):
                    parents[ids.id_key(str(item.get("id", "")))] = parent
    if ("/", ids.type_key(ids.MANAGEMENT_GROUP_TYPE)) not in reader.failures:
        reader.close_complete(Target("/", ids.MANAGEMENT_GROUP_TYPE, Call("", ""), _SOURCE))
    reader.progress.end(_SOURCE)
    chains = {subscription.guid: tuple(_above(parents, subscription.scope)) for subscription in subscriptions}
    return {guid: chain for guid, chain in chains.items() if chain}


async def _read(reader: Reader, path: str, kind: str) -> Sequence[Mapping[str, Json]]:
    call = Call(
        f"{path}?api-version={MANAGEMENT_GROUPS_VERSION}",
        f"GET {kind}",
        buckets=(reader.wire.budget.bucket("tenant", ARM_READS),),
    )
    target = Target("/", ids.MANAGEMENT_GROUP_TYPE, call, _SOURCE, cure=_CURE)
    items = await reader.collect(target)
    if isinstance(items, Trouble):
        reader.close_gap(target, items, state_of(items))
        return ()
    return items


def _parent(item: Mapping[str, Json]) -> str:
    properties = item.get("properties")
    parent = properties.get("parent") if isinstance(properties, Mapping) else None
    identifier = parent.get("id") if isinstance(parent, Mapping) else None
    return identifier if isinstance(identifier, str) else ""


def _above(parents: Mapping[str, str], scope: str) -> Sequence[str]:
    """Names of the groups above a scope; a loop, which no tenant has, ends it."""
    chain: list[str] = []
    key = ids.id_key(scope)
    while (parent := parents.get(key)) and (name := parent.rstrip("/").rpartition("/")[2]) not in chain:
        chain.append(name)
        key = ids.id_key(parent)
    return chain
