"""The HTTP pipeline: how requests leave, and how every answer becomes JSON or a `Trouble`.

All clients, those of the SDK included, share one pipeline a service: a token, and the guard that lets only reads to the
cloud's own endpoints pass. There is no redirect policy, no provider registration, and no logging of requests. Retries,
pace and parsing are in `Wire`, because they need the whole body: a reset or a truncated page is retried like a 503.
"""

from __future__ import annotations

import asyncio
import importlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from auditor import __version__
from auditor.azure.answers import MAX_BODY, Answer, Trouble, one_line, quota_resets_after, read_answer
from auditor.azure.budget import Bucket, Budget, Timing
from auditor.azure.guard import ReadOnlyPolicy
from auditor.azure.tokens import TokenPolicy, Tokens
from auditor.inventory.model import Json

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AsyncHttpTransport

    from auditor.azure.signin import Session

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
IN_FLIGHT = 64
"""Requests under way at once, over all subscriptions."""

_ATTEMPTS = 6
_MAX_WAIT_S = 600.0
"""What one read may wait for throttling in all."""
_MAX_BACKOFF_S = 16.0

_CLIENTS = {
    "network": ("azure.mgmt.network.aio", "NetworkManagementClient"),
    "storage": ("azure.mgmt.storage.aio", "StorageManagementClient"),
    "keyvault": ("azure.mgmt.keyvault.aio", "KeyVaultManagementClient"),
    "msi": ("azure.mgmt.msi.v2024_11_30.aio", "ManagedServiceIdentityClient"),
    "resourcegraph": ("azure.mgmt.resourcegraph.aio", "ResourceGraphClient"),
}
_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""The clients want a subscription when they are built; the paths that are sent through them name their own."""

Send = Callable[[HttpRequest], Awaitable[AsyncHttpResponse]]


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


class ReadFailedError(Exception):
    """A read that did not succeed, after all tries. Never reaches the user: it becomes a gap."""

    def __init__(self, trouble: Trouble, call: Call) -> None:
        super().__init__(f"{call.operation}: {trouble.code}")
        self.trouble = trouble
        self.call = call


class Wire:
    """Sends reads and gives their JSON. Made by `open_wire`."""

    def __init__(
        self, pipelines: Mapping[str, AsyncPipeline[Any, Any]], session: Session, timing: Timing, seed: int | None
    ) -> None:
        self._pipelines = pipelines
        self._session = session
        self._timing = timing
        self._clients: dict[str, Send] = {}
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._jitter = random.Random(seed)  # noqa: S311 - spreads retries, keeps no secret
        self.budget = Budget(timing)
        """The quotas, learned from answers."""
        self.requests: Counter[str] = Counter()
        """How often each operation was sent, tries included."""
        self.troubles: Counter[str] = Counter()
        """How often each error code came back."""

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Base address of each service."""
        return {"arm": self._session.cloud.resource_manager, "graph": self._session.cloud.microsoft_graph}

    async def read(self, call: Call) -> Answer:
        """The answer to a read. Raises ReadFailedError after the last try."""
        attempt = 0
        waited = 0.0
        while True:
            started = self._timing.now()
            await self.budget.take(call.buckets)
            if attempt:
                waited += self._timing.now() - started
            outcome = await self._once(call)
            if isinstance(outcome, Answer):
                return outcome
            attempt += 1
            delay = self._delay(outcome, attempt)
            throttled = outcome.status == 429
            exhausted = waited + delay > _MAX_WAIT_S if throttled else attempt >= _ATTEMPTS
            if not outcome.transient or exhausted:
                raise ReadFailedError(outcome, call)
            if throttled and call.buckets:
                self._pause(call, outcome, delay)
            else:
                waited += delay
                await self._timing.sleep(delay)

    def _delay(self, trouble: Trouble, attempt: int) -> float:
        """Retrying before `Retry-After` does not help and counts against the quota; without one, back off."""
        if trouble.retry_after_s is not None:
            return trouble.retry_after_s
        return min(_MAX_BACKOFF_S, 0.5 * 2.0 ** (attempt - 1)) * self._jitter.uniform(0.75, 1.25)

    def _pause(self, call: Call, trouble: Trouble, delay: float) -> None:
        """Hold back what shares the exhausted quota, and nothing else."""
        subscription, *narrower = call.buckets
        left = trouble.headers.get("x-ms-ratelimit-remaining-subscription-reads", "")
        # Reads are left in the subscription's own bucket: it was the provider that throttled.
        bucket = narrower[-1] if narrower and left.isdigit() and int(left) > 0 else subscription
        bucket.pause(delay, self._timing.now())

    async def _once(self, call: Call) -> Answer | Trouble:
        for bucket in call.buckets:
            bucket.in_flight += 1
        try:
            async with self._slots:
                self.requests[call.operation] += 1
                outcome = await self._send(call)
        finally:
            for bucket in call.buckets:
                bucket.in_flight -= 1
        self._learn(call, outcome.headers)
        if isinstance(outcome, Trouble):
            self.troubles[outcome.code] += 1
        return outcome

    async def _send(self, call: Call) -> Answer | Trouble:
        request = HttpRequest(call.method, self._absolute(call), headers=_headers(call), content=call.content)
        try:
            response = await self._sender(call)(request)
            try:
                content = await _content(response)
            finally:
                await response.close()
        except ClientAuthenticationError as error:
            return Trouble(None, "NoToken", one_line(str(error).splitlines()[0] if str(error) else error))
        except AzureError as error:
            return Trouble(None, "Unreachable", one_line(error), transient=True)
        headers = {name.lower(): value for name, value in response.headers.items()}
        if content is None:
            return Trouble(response.status_code, "TooLarge", f"the answer is over {MAX_BODY >> 20} MB", headers=headers)
        return _sound(read_answer(response.status_code, headers, content))

    def _absolute(self, call: Call) -> str:
        return self.endpoints[call.service].rstrip("/") + call.url if call.url.startswith("/") else call.url

    def _learn(self, call: Call, headers: Mapping[str, str]) -> None:
        if not call.buckets:
            return
        for name in ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads"):
            if (left := headers.get(name, "")).isdigit():
                call.buckets[0].learn(float(left), self._timing.now())
        left = headers.get("x-ms-user-quota-remaining", "")
        if left.isdigit():
            call.buckets[0].learn(float(left), self._timing.now())
            if left == "0":
                call.buckets[0].pause(quota_resets_after(headers) or 5.0, self._timing.now())

    def _sender(self, call: Call) -> Send:
        name = call.client or call.service
        found = self._clients.get(name)
        if found is None:
            found = self._clients[name] = self._bare(name) if name in self._pipelines else self._sdk(name)
        return found

    def _bare(self, service: str) -> Send:
        pipeline = self._pipelines[service]

        async def send(request: HttpRequest) -> AsyncHttpResponse:
            response: AsyncHttpResponse = (await pipeline.run(request, stream=True)).http_response
            return response

        return send

    def _sdk(self, name: str) -> Send:
        """The asynchronous client of a service with our pipeline in place of its own, imported when first used."""
        module, class_name = _CLIENTS[name]
        client_class = getattr(importlib.import_module(module), class_name)
        arguments = () if name == "resourcegraph" else (_NO_SUBSCRIPTION,)
        client = client_class(
            self._session.credential,
            *arguments,
            base_url=self.endpoints["arm"],
            credential_scopes=[self._session.cloud.arm_scope],
            pipeline=self._pipelines["arm"],
        )
        raw = getattr(client, "send_request", None) or client._send_request

        async def send(request: HttpRequest) -> AsyncHttpResponse:
            response: AsyncHttpResponse = await raw(request, stream=True)
            return response

        return send


def _headers(call: Call) -> dict[str, str]:
    headers = {"Accept": "application/json", **call.headers}
    if call.content is not None:
        headers["Content-Type"] = "application/json"
    return headers


async def _content(response: AsyncHttpResponse) -> bytes | None:
    """The whole body; None where it is larger than what we are willing to hold."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


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


@asynccontextmanager
async def open_wire(session: Session, *, timing: Timing | None = None, seed: int | None = None) -> AsyncIterator[Wire]:
    """Open the connection pool of a signed-in session and close it at the end.

    `seed` fixes the jitter of retries. Proxies are taken from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    """
    cloud = session.cloud
    async with _transport() as transport:
        pipelines: dict[str, AsyncPipeline[Any, Any]] = {
            service: AsyncPipeline(
                transport,
                [
                    RequestIdPolicy(),
                    UserAgentPolicy(base_user_agent=f"auditor/{__version__}"),
                    TokenPolicy(Tokens(session.credential, scope, session.tenant)),
                    ReadOnlyPolicy(endpoint),
                ],
            )
            for service, endpoint, scope in (
                ("arm", cloud.resource_manager, cloud.arm_scope),
                ("graph", cloud.microsoft_graph, cloud.graph_scope),
            )
            if endpoint  # a cloud without Microsoft Graph exists (Azure Stack Hub)
        }
        yield Wire(pipelines, session, timing or Timing(), seed)


@asynccontextmanager
async def _transport() -> AsyncIterator[AsyncHttpTransport[Any, Any]]:
    import aiohttp
    from azure.core.pipeline.transport import AioHttpTransport

    connections = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=IN_FLIGHT),
        trust_env=True,
        auto_decompress=False,  # azure-core decompresses
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    timeouts = {"connection_timeout": CONNECT_TIMEOUT_S, "read_timeout": READ_TIMEOUT_S}
    async with AioHttpTransport(session=connections, **timeouts) as transport:
        yield transport
