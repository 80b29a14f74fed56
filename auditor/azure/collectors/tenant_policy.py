"""Whether subscriptions may leave the tenant or come into it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.azure.budget import ARM_READS
from auditor.azure.collectors.reading import Reader, Target
from auditor.azure.wire import Call
from auditor.inventory.model import Json

TENANT_POLICY = "Microsoft.Subscription/policies"
_SOURCE = "subscription policy"
_PATH = "/providers/Microsoft.Subscription/policies/default"
_VERSION = "2021-10-01"
# https://learn.microsoft.com/azure/cost-management-billing/manage/manage-azure-subscription-policy
_CURE = "every user of the tenant may read it"


async def read_tenant_policy(reader: Reader) -> None:
    """Read the tenant's one policy about subscriptions.

    https://learn.microsoft.com/rest/api/subscription/subscription-policy/get-policy-for-tenant; its id comes without
    the slash that every other id begins with.
    """
    reader.progress.begin(_SOURCE)
    call = Call(
        f"{_PATH}?api-version={_VERSION}",
        f"GET {TENANT_POLICY}",
        buckets=(reader.wire.budget.bucket("tenant", ARM_READS),),
    )

    def trim(body: Mapping[str, Json]) -> Mapping[str, Json]:
        return {**body, "id": _PATH, "type": TENANT_POLICY}

    target = Target(
        "/",
        TENANT_POLICY,
        call,
        _SOURCE,
        cure=_CURE,
        single=True,
        absent=frozenset({"notfound", "resourcenotfound"}),
        trim=trim,
        own_id=_PATH,
    )
    await reader.read(target)
    reader.progress.end(_SOURCE)
