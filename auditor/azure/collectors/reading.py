"""One read from its first page to its ledger line."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from auditor.azure.answers import Answer, Trouble
from auditor.azure.collectors.bounds import Bounds
from auditor.azure.guard import RefusedRequestError, origin_of
from auditor.azure.progress import Progress
from auditor.azure.wire import Call, ReadFailedError, Wire, storable
from auditor.inventory import ids
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap, Json
from auditor.snapshot.bodies import lacks_properties
from auditor.snapshot.sink import Sink

if TYPE_CHECKING:
    from auditor.snapshot.earlier import Part

Redact = Callable[[str, Mapping[str, Json]], Mapping[str, Json]]
"""Replaces secrets' values: takes a type key and a body, gives the body that may be kept."""

_LOG = logging.getLogger(__name__)
_ENVELOPE = ("id", "name", "type", "location", "kind")
"""What is kept of an object of which nothing else is known."""

_VERSION = re.compile(r"([?&]api-version=)[^&]*")

SETTLED = (ReadState.COMPLETE, ReadState.UNSUPPORTED)

_UNSUPPORTED = frozenset(
    {
        # The provider is not registered, so nothing of it exists in this subscription
        # (https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider).
        "missingsubscriptionregistration",
        "subscriptionnotregistered",
        "missingregistrationforlocation",
        "resourceprovidernotregistered",
        # The cloud has no such provider or type.
        "invalidresourcenamespace",
        "invalidresourcetype",
        # The tier of an API Management service does not have it.
        "methodnotallowedinpricingtier",
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """What one read is about."""

    scope: str
    """ARM id of the subscription or parent, or `/`."""
    kind: str
    """The type, as the service writes it."""
    call: Call
    """Its first page."""
    source: str
    """What progress calls it."""
    cure: str = ""
    """What would cure a 403, as a clause: `needs X/read, which the role Reader has`."""
    single: bool = False
    """Whether the answer is the object itself and not a list of them."""
    absent: frozenset[str] = frozenset()
    """Error codes, lower-cased, that say: there is none here."""
    trim: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None = None
    """Takes out what must not be kept, whatever the redactor knows."""
    own_id: str = ""
    """The id of the object where `single` bodies lack one."""
    always: bool = False
    """Whether the object exists whether or not it can be read; see `Entry.always`."""
    own: bool = False
    """Whether the scope is a subscription of which only its own children are meant; see `Sink`."""


class Unmoved(Protocol):
    """What may be taken over from an earlier collection; see `auditor.azure.collectors.changes`."""

    def part(self, target: Target) -> Part | None:
        """What one read would give; None where it must be read."""


@dataclass(slots=True)
class Reader:
    """Reads targets into a sink, page by page."""

    wire: Wire
    sink: Sink
    progress: Progress
    redact: Redact
    troubled: dict[str, int] = field(default_factory=dict)
    """Gaps by source, for the note at its end."""
    versions: dict[str, str] = field(default_factory=dict)
    """API versions learned from a cloud that does not have the table's, by type key."""
    failures: dict[tuple[str, str], Trouble] = field(default_factory=dict)
    """Why reads did not succeed, by scope and type key."""

    unmoved: Unmoved | None = None
    """What may be taken over from an earlier collection."""
    taken_over: int = 0
    """How many reads were."""

    async def read(self, target: Target) -> ReadState:
        """Read one target, unless it was read to its end before; gives how it ended."""
        try:
            return await self._read(target)
        finally:
            self.progress.settle(target.source)

    async def _read(self, target: Target) -> ReadState:
        before = self.sink.state(target.scope, target.kind, own=target.own)
        if before in SETTLED:
            return before
        if part := self.unmoved.part(target) if self.unmoved else None:
            return self._take_over(target, part)
        cursor = self.sink.cursor(target.scope, target.kind, own=target.own)
        state = await self._pages(target, cursor) if cursor and self._is_ours(cursor, target) else None
        return state if state is not None else await self._pages(target, None) or ReadState.FAILED

    def _take_over(self, target: Target, part: Part) -> ReadState:
        """Keep what an earlier collection read, with the time at which it did; secrets were replaced there."""
        if part.bodies:
            self.sink.add(target.scope, target.kind, part.bodies)
        self.sink.close(target.scope, target.kind, part.state, as_of=part.as_of)
        self.progress.advance(target.source, len(part.bodies))
        self.taken_over += 1
        return part.state

    async def collect(self, target: Target) -> list[Mapping[str, Json]] | Trouble:
        """All objects of a list that guides the collection and is not kept itself."""
        items: list[Mapping[str, Json]] = []
        url: str | None = target.call.url
        seen: set[str] = set()
        bounds = Bounds()
        while url:
            seen.add(url)
            try:
                answer = await self.wire.read(self._call(target, url))
            except ReadFailedError as error:
                return error.trouble
            bodies, fault = _bodies(answer, target)
            url, broken = self._next(answer, target, seen)
            if url:
                broken = broken or bounds.exceeded(bodies, answer.size)
            if fault or broken:
                return fault or broken or Trouble(None, "UnexpectedAnswer", "")
            items.extend(bodies)
        return items

    async def _pages(self, target: Target, cursor: str | None) -> ReadState | None:
        """Follow all pages; None where a continuation of an earlier run is no longer accepted."""
        url: str | None = cursor or self._known_version(target)
        started = datetime.now(UTC)
        seen: set[str] = set()
        spoilt: Trouble | None = None
        bounds = Bounds()
        while url:
            seen.add(url)
            try:
                answer = await self.wire.read(self._call(target, url))
            except ReadFailedError as error:
                if (other := self._other_version(url, target, error.trouble)) and other not in seen:
                    url = other
                    continue
                if url == cursor and not error.trouble.transient:
                    return None
                return self._failed(target, error.trouble, partial=len(seen) > 1 or cursor is not None)
            except RefusedRequestError as error:
                return self._failed(target, Trouble(None, "RefusedRequest", str(error)), partial=len(seen) > 1)
            bodies, fault = _bodies(answer, target)
            url, broken = self._next(answer, target, seen)
            self._keep(target, bodies, url)
            if url and (stop := bounds.exceeded(bodies, answer.size)):
                url, broken = None, stop
            spoilt = spoilt or fault or broken
        if spoilt:
            return self._failed(target, spoilt, partial=True)
        return self.close_complete(target, started)

    def _call(self, target: Target, url: str) -> Call:
        return replace(target.call, url=url, holds="object" if target.single else "value")

    def _known_version(self, target: Target) -> str:
        version = self.versions.get(ids.type_key(target.kind))
        return _VERSION.sub(rf"\g<1>{version}", target.call.url) if version else target.call.url

    def _other_version(self, url: str, target: Target, trouble: Trouble) -> str | None:
        """The same address at the newest version that the service says it has."""
        if not trouble.versions:
            return None
        stable = [version for version in trouble.versions if not version.lower().endswith("preview")]
        version = self.versions[ids.type_key(target.kind)] = (stable or list(trouble.versions))[-1]
        return _VERSION.sub(rf"\g<1>{version}", url)

    def _keep(self, target: Target, bodies: Sequence[Mapping[str, Json]], cursor: str | None) -> None:
        if target.trim:
            bodies = [target.trim(body) for body in bodies]
        self.keep(target, bodies, cursor)

    def keep(self, target: Target, bodies: Sequence[Mapping[str, Json]], cursor: str | None) -> None:
        """Put a page into the sink, secrets replaced, with where it goes on.

        An object that came without its properties exists, but nothing is known of it.
        """
        if bodies or cursor:
            unread: dict[str, Mapping[str, Gap]] = {}
            safe = [self._safe(target, body, unread) for body in bodies]
            self.sink.add(target.scope, target.kind, safe, own=target.own, cursor=cursor, unread=unread)
            if unread:
                self.troubled[target.source] = self.troubled.get(target.source, 0) + len(unread)
        self.progress.advance(target.source, len(bodies))

    def _safe(
        self, target: Target, body: Mapping[str, Json], unread: dict[str, Mapping[str, Gap]]
    ) -> Mapping[str, Json]:
        """A body as it may be kept; a note in `unread` where its properties are not known."""
        kind = _type_of(body, target.kind)
        key = ids.type_key(kind)
        if not lacks_properties(key, body):
            try:
                return self.redact(key, body)
            except Exception as error:  # one hostile value must not end an audit; nothing of it is kept
                _LOG.warning("not redacted", extra={"fields": {"type": key, "error": type(error).__name__}})
                words = "holds what could not be made safe to keep, so nothing of it was kept"
                trouble = Trouble(200, "NotRedacted", words)
        else:
            trouble = Trouble(200, "NoProperties", "came without its properties")
        gap = Gap(body["id"], kind, target.call.operation, trouble.status, trouble.code, trouble.message)
        unread[body["id"]] = {"properties": gap}
        return {name: body[name] for name in _ENVELOPE if isinstance(body.get(name), str)}

    def _next(self, answer: Answer, target: Target, seen: set[str]) -> tuple[str | None, Trouble | None]:
        """The next page's address, or why it is not followed."""
        link = None
        if isinstance(answer.body, Mapping):
            link = answer.body.get("nextLink") or answer.body.get("@odata.nextLink")
        if not link:
            return None, None
        if not isinstance(link, str):
            return None, Trouble(200, "BadNextLink", "the address of the next page is not text")
        if link in seen:
            return None, Trouble(200, "NextLinkLoop", "the address of the next page is one that was read already")
        if not self._is_ours(link, target):
            return None, Trouble(200, "ForeignNextLink", "the next page is said to be on another host; not followed")
        return link, None

    def _is_ours(self, link: str, target: Target) -> bool:
        try:
            return origin_of(link) == origin_of(self.wire.endpoints[target.call.service])
        except ValueError:
            return False

    def _failed(self, target: Target, trouble: Trouble, *, partial: bool) -> ReadState:
        state = state_of(trouble, target.absent)
        if state in SETTLED:
            self.sink.close(target.scope, target.kind, state, own=target.own, as_of=datetime.now(UTC))
            return state
        return self.close_gap(target, trouble, ReadState.PARTIAL if partial else state)

    def _keep_unread(self, target: Target, gap: Gap) -> None:
        """Keep an object that is known to exist, with its properties marked as unread."""
        if self.sink.state(target.scope, target.kind) is None:
            stub = {"id": target.own_id, "name": target.own_id.rpartition("/")[2], "type": target.kind}
            self.sink.add(target.scope, target.kind, [stub], unread={target.own_id: {"properties": gap}})

    def close_complete(self, target: Target, as_of: datetime | None = None) -> ReadState:
        """Write the ledger line of a read that saw everything."""
        moment = as_of or datetime.now(UTC)
        self.sink.close(target.scope, target.kind, ReadState.COMPLETE, own=target.own, as_of=moment)
        return ReadState.COMPLETE

    def close_gap(self, target: Target, trouble: Trouble, state: ReadState) -> ReadState:
        """Write the ledger line of a read that did not succeed."""
        self.failures[target.scope, ids.type_key(target.kind)] = trouble
        gap = Gap(
            scope=target.scope,
            type=target.kind,
            operation=target.call.operation,
            status=trouble.status,
            code=trouble.code,
            message=_with_cure(trouble, target.cure),
        )
        if target.always:
            self._keep_unread(target, gap)
        self.sink.close(target.scope, target.kind, state, own=target.own, gap=gap)
        self.troubled[target.source] = self.troubled.get(target.source, 0) + 1
        return state

    def not_asked(self, scope: str, kind: str, why: str) -> None:
        """Write the ledger line of what was not even tried."""
        gap = Gap(scope=scope, type=kind, operation="", status=None, code="NotAsked", message=why)
        self.sink.close(scope, kind, ReadState.NOT_ASKED, gap=gap)


def state_of(trouble: Trouble, absent: frozenset[str] = frozenset()) -> ReadState:
    """How a read that ended in this trouble is told in the ledger."""
    code = trouble.code.lower()
    if code in absent:
        return ReadState.COMPLETE
    if code in _UNSUPPORTED:
        return ReadState.UNSUPPORTED
    if trouble.status == 429:
        return ReadState.THROTTLED
    return ReadState.DENIED if trouble.status in (401, 403) or code == "notoken" else ReadState.FAILED


def _type_of(body: Mapping[str, Json], kind: str) -> str:
    own = body.get("type")
    if isinstance(own, str) and f"{own}s".lower() == kind.lower():
        return kind  # as security contacts answer, in the singular
    return own if isinstance(own, str) and "/" in own else kind


def _with_cure(trouble: Trouble, cure: str) -> str:
    if not cure or trouble.status not in (401, 403):
        return trouble.message
    return f"{trouble.message} ({cure})" if trouble.message else cure


def _bodies(answer: Answer, target: Target) -> tuple[list[Mapping[str, Json]], Trouble | None]:
    """The objects of a page, and what was wrong with it; what is wrong does not lose what is good."""
    body = answer.body
    items: list[Json] = [body] if target.single else body if isinstance(body, list) else body["value"]
    good = [_identified(item, target) for item in items if _is_object(item, target)]
    if len(good) == len(items) and storable(good):
        return good, None
    sound = [item for item in good if storable(item)]
    lost = len(items) - len(sound)
    return sound, Trouble(200, "MalformedItem", f"{lost} of {len(items)} objects could not be understood")


def _is_object(item: Json, target: Target) -> bool:
    return isinstance(item, Mapping) and (bool(target.own_id) or (isinstance(item.get("id"), str) and bool(item["id"])))


def _identified(item: Mapping[str, Json], target: Target) -> Mapping[str, Json]:
    return item if isinstance(item.get("id"), str) and item["id"] else {**item, "id": target.own_id}
