"""Which subscriptions a collection covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.azure.answers import Trouble
from auditor.azure.budget import ARM_READS
from auditor.azure.collectors.reading import SETTLED, Reader, Target
from auditor.azure.plan import CollectionPlan
from auditor.azure.wire import Call
from auditor.errors import CollectionError
from auditor.inventory import ids
from auditor.inventory.coverage import ReadState

_SUBSCRIPTIONS_VERSION = "2022-12-01"
MANAGEMENT_GROUPS_VERSION = "2020-05-01"
_SOURCE = "subscriptions"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription that is collected."""

    guid: str
    """Lower-cased."""
    name: str

    @property
    def scope(self) -> str:
        """Its ARM id."""
        return f"/subscriptions/{self.guid}"


async def find_subscriptions(reader: Reader, plan: CollectionPlan) -> tuple[Subscription, ...]:
    """The plan's subscriptions that the identity can see, in order of their ids; gaps for those it cannot.

    Raises CollectionError where there is none.
    """
    reader.progress.begin(_SOURCE)
    visible = await _visible(reader)
    if plan.management_group:
        below = await _below(reader, plan.management_group)
        visible = {guid: name for guid, name in visible.items() if guid in below}
    chosen = _chosen(reader, visible, plan.subscriptions) if plan.subscriptions else visible
    reader.progress.end(_SOURCE)
    if not chosen:
        raise _nothing(plan)
    return tuple(Subscription(guid, chosen[guid]) for guid in sorted(chosen))


async def _visible(reader: Reader) -> dict[str, str]:
    target = Target(
        "/",
        ids.SUBSCRIPTION_TYPE,
        Call(
            f"/subscriptions?api-version={_SUBSCRIPTIONS_VERSION}",
            f"GET {ids.SUBSCRIPTION_TYPE}",
            buckets=(reader.wire.budget.bucket("tenant", ARM_READS),),
        ),
        _SOURCE,
    )
    if await reader.read(target) not in SETTLED:
        raise _unlisted(reader.failures.get(("/", ids.type_key(ids.SUBSCRIPTION_TYPE))))
    found: dict[str, str] = {}
    for body in reader.sink.kept("/", ids.SUBSCRIPTION_TYPE):
        guid = ids.subscription_of(str(body["id"]))
        if guid and body.get("state") != "Deleted":
            name = body.get("displayName")
            found[guid] = name if isinstance(name, str) and name else guid
    return found


async def _below(reader: Reader, group: str) -> frozenset[str]:
    """Subscriptions below a management group, at any depth.

    https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
    """
    scope = f"/providers/Microsoft.Management/managementGroups/{group}"
    kind = "Microsoft.Management/managementGroups/descendants"
    target = Target(
        scope,
        kind,
        Call(
            f"{scope}/descendants?api-version={MANAGEMENT_GROUPS_VERSION}",
            f"GET {kind}",
            buckets=(reader.wire.budget.bucket("tenant", ARM_READS),),
        ),
        _SOURCE,
        cure="needs Microsoft.Management/managementGroups/descendants/read, which the role Reader has",
    )
    items = await reader.collect(target)
    if isinstance(items, Trouble):
        raise CollectionError(
            f"cannot be read: {_words(items)}",
            subject=f"management group {group}",
            remedy="Give its id, not its display name, to --management-group, and grant Reader on it.",
        )
    return frozenset(
        str(item.get("name", "")).lower()
        for item in items
        if str(item.get("type", "")).lower().endswith("/subscriptions")
    )


def _chosen(reader: Reader, visible: Mapping[str, str], wanted: Sequence[str]) -> dict[str, str]:
    """The wanted ones, by id or by name without case; a gap for each that is not visible."""
    chosen: dict[str, str] = {}
    for name in wanted:
        lowered = name.lower()
        matches = {g: n for g, n in visible.items() if lowered in (g, n.lower())}
        if not matches:
            _invisible(reader, name)
        chosen.update(matches)
    return chosen


def _invisible(reader: Reader, name: str) -> None:
    target = Target(
        f"/subscriptions/{name.lower()}",
        ids.SUBSCRIPTION_TYPE,
        Call("", f"GET {ids.SUBSCRIPTION_TYPE}"),
        _SOURCE,
    )
    trouble = Trouble(
        None,
        "SubscriptionNotVisible",
        f"no subscription {name} is visible to this identity; grant it Reader there, or correct --subscription",
    )
    reader.close_gap(target, trouble, ReadState.DENIED)


def _nothing(plan: CollectionPlan) -> CollectionError:
    if plan.subscriptions:
        named = ", ".join(plan.subscriptions)
        return CollectionError(
            "not visible to this identity",
            subject=f"subscription {named}",
            remedy="Check the id or name, the tenant (--tenant), and that the identity has the role Reader there.",
        )
    where = f" below management group {plan.management_group}" if plan.management_group else ""
    return CollectionError(
        f"no subscription{where} is visible to this identity",
        remedy="Grant it the role Reader: az role assignment create --role Reader --assignee <object id> --scope <id>",
    )


def _unlisted(trouble: Trouble | None) -> CollectionError:
    if trouble is not None and trouble.code == "Unreachable":
        return CollectionError(
            f"Azure Resource Manager cannot be reached: {trouble.message}",
            remedy="Check the network, HTTPS_PROXY, and for a private certificate authority SSL_CERT_FILE.",
        )
    return CollectionError(
        f"the subscriptions could not be listed: {_words(trouble)}",
        remedy="auditor doctor says which credential answered and what it may read.",
    )


def _words(trouble: Trouble | None) -> str:
    if trouble is None:
        return "no answer"
    return f"{trouble.code}, {trouble.message}" if trouble.message else trouble.code
