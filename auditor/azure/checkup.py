"""What an identity can and cannot read, found out with a few cheap reads."""

from __future__ import annotations

import asyncio
import fnmatch
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from auditor.azure.answers import Answer, Trouble
from auditor.azure.budget import ARM_READS, Timing
from auditor.azure.clouds import Cloud
from auditor.azure.collectors.entry import Entry, How
from auditor.azure.pipeline import open_wire
from auditor.azure.reach import Unreachable, try_to_reach
from auditor.azure.wire import Call, ReadFailedError, Wire
from auditor.errors import CollectionError
from auditor.inventory import ids
from auditor.inventory.model import Json

if TYPE_CHECKING:
    from auditor.azure.session import Session

_SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"
_PERMISSIONS = "providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
_GROUPS = "resourcegroups?api-version=2022-09-01&$top=1"
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether one service can be reached, before anything is sent to it."""

    service: str
    url: str
    proxy: str = ""
    """The proxy in between, without its password."""
    trouble: str = ""
    """Why it cannot be reached; "" where it can."""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A permission that the identity does not have somewhere."""

    permission: str
    """The action, or the Microsoft Graph permission."""
    role: str
    """The narrowest built-in role with it; "" for Microsoft Graph."""
    types: tuple[str, ...]
    """Types that cannot be read without it."""


@dataclass(frozen=True, slots=True)
class SubscriptionAccess:
    """What the identity may read in a subscription."""

    guid: str
    name: str
    missing: tuple[Missing, ...] = ()
    trouble: str = ""
    """What a real read was answered, where it did not succeed."""


@dataclass(frozen=True, slots=True)
class DirectoryAccess:
    """Whether the identity may read one kind of thing from Microsoft Graph."""

    permission: str
    types: tuple[str, ...]
    trouble: str = ""
    """What the read was answered; "" where it succeeded."""


@dataclass(frozen=True, slots=True)
class Access:
    """All that was found."""

    subscriptions: tuple[SubscriptionAccess, ...]
    directory: tuple[DirectoryAccess, ...]
    clock_skew_s: float
    """How far this machine's clock is ahead of Azure's."""

    @property
    def complete(self) -> bool:
        """Whether everything may be read."""
        return not any(s.missing or s.trouble for s in self.subscriptions) and not any(
            d.trouble for d in self.directory
        )


async def check_connections(cloud: Cloud) -> tuple[Connection, ...]:
    """Whether sign-in, Azure Resource Manager and Microsoft Graph can be reached, side by side."""
    from auditor.azure.connections import proxy_for

    services = (
        ("sign-in", cloud.authority),
        ("resource manager", cloud.resource_manager),
        ("microsoft graph", cloud.microsoft_graph),
    )
    asked = [(name, url) for name, url in services if url]
    found = await asyncio.gather(*(try_to_reach(url) for _, url in asked))
    return tuple(
        _connection(name, url, proxy_for(url) or "", trouble) for (name, url), trouble in zip(asked, found, strict=True)
    )


def _connection(name: str, url: str, proxy: str, trouble: Unreachable | None) -> Connection:
    return Connection(name, url, proxy, trouble.words if trouble else "", trouble.remedy if trouble else "")


async def check_access(
    session: Session, types: Collection[str], subscriptions: Sequence[str] = (), *, timing: Timing | None = None
) -> Access:
    """What of the types may be read, and where. Raises CollectionError where no subscription is visible."""
    from auditor.azure.collectors.table import route

    routes = route(types, "auto")
    asked = (*routes.lists, *(entry for entry in routes.queries if entry.api_version))
    entries = tuple(one for entry in asked for one in (entry, *entry.parts))
    async with open_wire(session, timing=timing) as wire:
        visible, skew = await _visible(wire)
        chosen = _chosen(visible, subscriptions)
        found = await asyncio.gather(*(_subscription(wire, guid, chosen[guid], entries) for guid in sorted(chosen)))
        directory = await _directory(wire, routes.directory)
    return Access(tuple(found), directory, skew)


async def _visible(wire: Wire) -> tuple[dict[str, str], float]:
    """Name of each subscription by its GUID, and how far our clock is ahead."""
    found: dict[str, str] = {}
    skew = 0.0
    url = _SUBSCRIPTIONS
    for number in range(_MOST_PAGES):
        began = time.time()
        outcome = await _read(
            wire, Call(url, f"GET {ids.SUBSCRIPTION_TYPE}", buckets=(wire.budget.bucket("tenant", ARM_READS),))
        )
        if isinstance(outcome, Trouble):
            raise CollectionError(
                f"the subscriptions cannot be listed: {_words(outcome)}", remedy="Check --tenant and --credential."
            )
        skew = _skew(outcome.headers, began, time.time()) if number == 0 else skew
        for item in _items(outcome.body):
            guid = ids.subscription_of(str(item.get("id", "")))
            if guid and item.get("state") != "Deleted":
                found[guid] = str(item.get("displayName") or guid)
        link = outcome.body.get("nextLink") if isinstance(outcome.body, Mapping) else None
        if not isinstance(link, str) or not link:
            break
        url = link
    return found, skew


def _skew(headers: Mapping[str, str], began: float, ended: float) -> float:
    """How far this machine's clock is ahead of the `Date` of an answer, in seconds.

    The answer was written at some time between `began` and `ended`, and its date has whole seconds: no skew is told
    that this alone can explain.
    """
    try:
        theirs = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return 0.0
    if theirs + 1 < began:
        return round(began - theirs - 1, 1)
    return round(min(0.0, ended - theirs), 1)


def _chosen(visible: Mapping[str, str], wanted: Sequence[str]) -> dict[str, str]:
    if not wanted:
        return dict(visible)
    lowered = {name.lower() for name in wanted}
    return {guid: name for guid, name in visible.items() if guid in lowered or name.lower() in lowered}


async def _subscription(wire: Wire, guid: str, name: str, entries: Sequence[Entry]) -> SubscriptionAccess:
    """What one subscription allows: what its own permission list says, proved by one real read."""
    scope = f"/subscriptions/{guid}"
    granted = await _read(wire, _call(wire, f"{scope}/{_PERMISSIONS}", "GET Microsoft.Authorization/permissions", guid))
    if isinstance(granted, Trouble):
        return SubscriptionAccess(guid, name, await _tried(wire, guid, entries), _words(granted))
    lacking = [entry for entry in entries if not _allows(_items(granted.body), entry.permission)]
    proof = await _read(wire, _call(wire, f"{scope}/{_GROUPS}", f"GET {ids.RESOURCE_GROUP_TYPE}", guid))
    trouble = _words(proof) if isinstance(proof, Trouble) and not lacking else ""
    return SubscriptionAccess(guid, name, _grouped(lacking), trouble)


async def _tried(wire: Wire, guid: str, entries: Sequence[Entry]) -> tuple[Missing, ...]:
    """Types that a real list is refused for, where the permissions themselves may not be read."""
    lists = [entry for entry in entries if entry.how is How.LIST and entry.api_version]
    calls = [_call(wire, entry.url(f"/subscriptions/{guid}"), entry.operation, guid) for entry in lists]
    outcomes = await asyncio.gather(*(_read(wire, call) for call in calls))
    refused = [
        entry
        for entry, outcome in zip(lists, outcomes, strict=True)
        if isinstance(outcome, Trouble) and outcome.status in (401, 403)
    ]
    return _grouped(refused)


def _allows(permissions: Iterable[Mapping[str, Json]], action: str) -> bool:
    """Whether one of the role assignments holds the action and does not take it away again.

    https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions
    """
    return any(
        _matches(action, entry.get("actions")) and not _matches(action, entry.get("notActions"))
        for entry in permissions
    )


def _matches(action: str, patterns: Json) -> bool:
    named = patterns if isinstance(patterns, list) else []
    return any(fnmatch.fnmatchcase(action.lower(), str(pattern).lower()) for pattern in named)


def _grouped(entries: Iterable[Entry]) -> tuple[Missing, ...]:
    by_permission: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        by_permission.setdefault((entry.permission, entry.role), []).append(entry.type)
    return tuple(
        Missing(permission, role, tuple(sorted(types))) for (permission, role), types in sorted(by_permission.items())
    )


async def _directory(wire: Wire, wanted: frozenset[str]) -> tuple[DirectoryAccess, ...]:
    """One read a Microsoft Graph permission."""
    from auditor.azure.collectors.directory import ENTRIES, expand_directory
    from auditor.azure.collectors.role_holders import PROBES

    if not wanted or not wire.endpoints["graph"]:
        return ()
    chosen = [entry for entry in ENTRIES if entry.type.lower() in expand_directory(wanted)]
    by_permission: dict[str, list[str]] = {}
    probes: dict[str, Call] = {}
    for entry in chosen:
        by_permission.setdefault(entry.permission, []).append(entry.type)
        top = "?$select=id&$top=1" if entry.pages and not entry.single else ""
        url = f"/v1.0{entry.path}{top}"
        probes.setdefault(entry.permission, Call(url, f"GET {entry.type}", service="graph"))
    for kind, (permission, path) in PROBES.items():
        if kind.lower() in wanted:
            by_permission.setdefault(permission, []).append(kind)
            probes.setdefault(permission, Call(f"/v1.0{path}", f"GET {kind}", service="graph"))
    outcomes = await asyncio.gather(*(_read(wire, call) for call in probes.values()))
    return tuple(
        DirectoryAccess(
            permission, tuple(by_permission[permission]), _words(outcome) if isinstance(outcome, Trouble) else ""
        )
        for permission, outcome in zip(probes, outcomes, strict=True)
    )


def _call(wire: Wire, url: str, operation: str, guid: str) -> Call:
    return Call(url, operation, buckets=(wire.budget.bucket(f"/subscriptions/{guid}", ARM_READS),))


async def _read(wire: Wire, call: Call) -> Answer | Trouble:
    try:
        return await wire.read(call)
    except ReadFailedError as error:
        return error.trouble


def _items(body: Json) -> list[Mapping[str, Json]]:
    value = body.get("value") if isinstance(body, Mapping) else None
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _words(trouble: Trouble) -> str:
    return f"{trouble.code}: {trouble.message}" if trouble.message else trouble.code
