"""Reads over the wire: paced by a budget, tried again where that helps, every answer judged whole.

Retries are here and not in a pipeline policy because they need the whole body: a reset or a truncated page is retried
like a 503.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
import orjson
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from auditor.azure.answers import Answer, Trouble, one_line, quota_resets_after, read_answer
from auditor.azure.budget import Bucket, Budget, Timing
from auditor.azure.content import BadContentError, read_content
from auditor.inventory.model import Json

_LOG = logging.getLogger(__name__)
_REQUEST_IDS = ("x-ms-request-id", "request-id", "x-ms-correlation-request-id")

IN_FLIGHT = 64
"""Requests under way at once, over all subscriptions."""

_ATTEMPTS = 6
_ATTEMPTS_IN_VAIN = 3
_ATTEMPTS_REFUSED = 3
"""Of reads whose token is refused; each has asked for fresh ones already."""
_ATTEMPTS_THROTTLED = 60
_MAX_WAIT_S = 600.0
"""What one read may wait for throttling in all."""
_MAX_BACKOFF_S = 16.0


@dataclass(frozen=True, slots=True)
class Call:
    """One read."""

    url: str
    """A path below the service's endpoint, or an absolute address with the endpoint's origin."""
    operation: str
    """What it is, for counts and gaps, without names: `GET Microsoft.Storage/storageAccounts`."""
    client: str = ""
    """The SDK client it goes through; "" for the pipeline itself."""
    service: str = "arm"
    """`arm` or `graph` (Microsoft Graph)."""
    method: str = "GET"
    content: bytes | None = None
    """A POST's body, JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    buckets: tuple[Bucket, ...] = ()
    """The quotas it counts against, the narrowest last."""
    holds: str = ""
    """What a good answer has: `object`, or the name of its list (`value`, which may also stand alone). What has it not
    is asked again and then told: `{}`, no content and null are no empty list."""


class ReadFailedError(Exception):
    """A read that did not succeed, after all tries. Never reaches the user: it becomes a gap."""

    def __init__(self, trouble: Trouble, call: Call) -> None:
        super().__init__(f"{call.operation}: {trouble.code}")
        self.trouble = trouble
        self.call = call


Send = Callable[[HttpRequest], Awaitable[AsyncHttpResponse]]
"""Sends one request through a client; the answer's body is not read yet."""

_BROKEN = (AzureError, aiohttp.ClientError, OSError)
"""What the layers below raise where a connection fails; a timeout is an OSError."""

SenderOf = Callable[[Call], Send]
"""Which client a call goes through."""


class Wire:
    """Sends reads and gives their JSON. Made by `auditor.azure.pipeline.open_wire`."""

    def __init__(self, endpoints: Mapping[str, str], sender: SenderOf, timing: Timing, seed: int | None) -> None:
        self.endpoints = endpoints
        """Base address of each service, without a slash at the end; "" for one that the cloud does not have."""
        self._sender = sender
        self._timing = timing
        self._answered = False
        self._in_vain: dict[tuple[str, int], Trouble] = {}
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._jitter = random.Random(seed)  # noqa: S311 - spreads retries, keeps no secret
        self.budget = Budget(timing)
        """The quotas, learned from answers."""
        self.requests: Counter[str] = Counter()
        """How often each operation was sent, tries included."""
        self.troubles: Counter[str] = Counter()
        """How often each error code came back."""

    async def read(self, call: Call) -> Answer:
        """The answer to a read. Raises ReadFailedError after the last try."""
        attempt = 0
        waited = 0.0
        while True:
            self._give_up_early(call)
            started = self._timing.now()
            await self.budget.take(call.buckets)
            if attempt:
                waited += self._timing.now() - started
            sent = self._timing.now()
            outcome = await self._once(call, attempt + 1)
            if isinstance(outcome, Answer):
                for circuit in _circuits(call):
                    self._in_vain.pop(circuit, None)
                return outcome
            attempt += 1
            waited += self._timing.now() - sent
            delay = self._delay(outcome, attempt)
            if not outcome.transient or self._is_enough(call, outcome, attempt, waited + delay):
                self._note_failure(call, outcome)
                raise ReadFailedError(outcome, call)
            if outcome.status == 429 and call.buckets:
                self._pause(call, outcome, delay)
            else:
                waited += delay
                await self._timing.sleep(delay)

    def _is_enough(self, call: Call, trouble: Trouble, attempt: int, waited: float) -> bool:
        """Whether trying further would try the user's patience only."""
        if waited > _MAX_WAIT_S or any(self._in_vain.get(circuit) for circuit in _circuits_of(call, trouble)):
            return True
        if trouble.status == 401:
            return attempt >= _ATTEMPTS_REFUSED
        if trouble.status is None and not self._answered:  # nobody has ever answered here
            return attempt >= _ATTEMPTS_IN_VAIN
        return attempt >= (_ATTEMPTS_THROTTLED if trouble.status == 429 else _ATTEMPTS)

    def _note_failure(self, call: Call, trouble: Trouble) -> None:
        """Remember what stays broken: the same read of the next parent need not be as patient."""
        if trouble.transient:
            for circuit in _circuits_of(call, trouble):
                self._in_vain[circuit] = trouble

    def _give_up_early(self, call: Call) -> None:
        trouble = next((found for circuit in _circuits(call) if (found := self._in_vain.get(circuit))), None)
        now = self._timing.now()
        if trouble is not None and any(bucket.paused_until > now for bucket in call.buckets):
            raise ReadFailedError(trouble, call)

    def _delay(self, trouble: Trouble, attempt: int) -> float:
        """Retrying before `Retry-After` does not help and counts against the quota; without one, back off.

        One of no time at all is none, and one that was kept in vain many times is not believed any more.
        """
        own = min(_MAX_BACKOFF_S, 0.5 * 2.0 ** min(attempt - 1, 10)) * self._jitter.uniform(0.75, 1.25)
        wanted = trouble.retry_after_s
        if wanted is None:
            return own
        return wanted if wanted >= 1 and attempt <= _ATTEMPTS else max(wanted, own)

    def _pause(self, call: Call, trouble: Trouble, delay: float) -> None:
        """Hold back what shares the exhausted quota, and nothing else."""
        subscription, *narrower = call.buckets
        left = trouble.headers.get("x-ms-ratelimit-remaining-subscription-reads", "")
        # Reads are left in the subscription's own bucket: it was the provider that throttled.
        bucket = narrower[-1] if narrower and left.isdecimal() and int(left) > 0 else subscription
        bucket.pause(delay, self._timing.now())

    async def _once(self, call: Call, attempt: int) -> Answer | Trouble:
        for bucket in call.buckets:
            bucket.in_flight += 1
        try:
            async with self._slots:
                self.requests[call.operation] += 1
                begun = self._timing.now()
                outcome = await self._send(call)
                _log(call, outcome, attempt, self._timing.now() - begun)
        finally:
            for bucket in call.buckets:
                bucket.in_flight -= 1
        self._learn(call, outcome.headers)
        if isinstance(outcome, Trouble):
            self.troubles[outcome.code] += 1
        return outcome

    async def _send(self, call: Call) -> Answer | Trouble:
        try:
            async with asyncio.timeout(self._timing.answer_s):
                return await self._exchange(call)
        except TimeoutError:
            words = f"no whole answer within {self._timing.answer_s:g} s"
            return Trouble(None, "Unreachable", words, transient=True)

    async def _exchange(self, call: Call) -> Answer | Trouble:
        request = HttpRequest(call.method, self._absolute(call), headers=_headers(call), content=call.content)
        try:
            response = await self._sender(call)(request)
        except ClientAuthenticationError as error:
            return Trouble(None, "NoToken", one_line(str(error).splitlines()[0] if str(error) else error))
        except _BROKEN as error:
            return Trouble(None, "Unreachable", one_line(error), transient=True)
        self._answered = True
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            content = await read_content(response)
        except (*_BROKEN, BadContentError) as error:
            if response.status_code < 400:
                code = error.code if isinstance(error, BadContentError) else "Unreachable"
                return Trouble(200, code, one_line(error), transient=code != "TooLarge", headers=headers)
            content = b""  # the status of an error says enough
        finally:
            await response.close()
        return _sound(_shaped(read_answer(response.status_code, headers, content), call.holds))

    def _absolute(self, call: Call) -> str:
        return self.endpoints[call.service].rstrip("/") + call.url if call.url.startswith("/") else call.url

    def _learn(self, call: Call, headers: Mapping[str, str]) -> None:
        if not call.buckets:
            return
        for name in ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads"):
            if (left := _count(headers.get(name, ""))) is not None:
                call.buckets[0].learn(left, self._timing.now())
        if (left := _count(headers.get("x-ms-user-quota-remaining", ""))) is not None:
            resets_after = quota_resets_after(headers)
            call.buckets[0].learn(left, self._timing.now(), resets_after=resets_after)


def _count(text: str) -> int | None:
    """A remainder in a header; one that was overdrawn is below nothing."""
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isdecimal() and len(digits) <= 9 else None


def _log(call: Call, outcome: Answer | Trouble, attempt: int, took_s: float) -> None:
    """One request for whoever keeps a debug log: what was asked, never what was answered."""
    if not _LOG.isEnabledFor(logging.DEBUG):
        return
    headers = outcome.headers
    trouble = outcome if isinstance(outcome, Trouble) else None
    fields = {
        "operation": call.operation,
        "status": trouble.status if trouble else 200,
        "code": trouble.code if trouble else None,
        "took_s": took_s,
        "attempt": attempt if attempt > 1 else None,
        "retry_after_s": trouble.retry_after_s if trouble else None,
        "client": call.client or None,
        "request_id": next((headers[name] for name in _REQUEST_IDS if name in headers), None),
        "path": call.url,
    }
    _LOG.debug("request", extra={"fields": fields})


def _circuits(call: Call) -> tuple[tuple[str, int], tuple[str, int]]:
    """What fails together: one operation against one quota, that is in one subscription; and the quota itself."""
    quota = id(call.buckets[0]) if call.buckets else 0
    return (call.operation, quota), ("throttled", quota)


def _circuits_of(call: Call, trouble: Trouble) -> tuple[tuple[str, int], ...]:
    """Those that a trouble speaks of: only one of throttling says something of the whole quota."""
    return _circuits(call) if trouble.status == 429 and call.buckets else _circuits(call)[:1]


def _headers(call: Call) -> dict[str, str]:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **call.headers}
    if call.content is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _shaped(outcome: Answer | Trouble, holds: str) -> Answer | Trouble:
    if isinstance(outcome, Trouble) or not holds:
        return outcome
    body = outcome.body
    if holds == "object":
        good, words = isinstance(body, Mapping) and bool(body), "an object was expected"
    else:
        found = body.get(holds) if isinstance(body, Mapping) else body
        good, words = isinstance(found, list), "a list of objects was expected"
    if good:
        return outcome
    return Trouble(200, "UnexpectedAnswer", f"{words}, and none came", transient=True, headers=outcome.headers)


def _sound(outcome: Answer | Trouble) -> Answer | Trouble:
    """Refuse what could not be written again: orjson reads deeper nesting than it writes, and so would a snapshot."""
    if isinstance(outcome, Trouble) or storable(outcome.body):
        return outcome
    items = outcome.body.get("value") if isinstance(outcome.body, dict) else outcome.body
    if isinstance(items, list) and len(items) > 1:
        return outcome  # the reader leaves out the item that is to blame and keeps the others
    return Trouble(200, "TooDeep", "the answer is nested too deeply to be kept", headers=outcome.headers)


def storable(body: Json) -> bool:
    """Whether a body can be written as JSON: not nested without end, text valid in UTF-8."""
    try:
        orjson.dumps(body)
    except TypeError:
        return False
    return True
