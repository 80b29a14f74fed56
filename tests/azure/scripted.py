"""A server whose every answer a test writes: for answers that no well-behaved service would give.

It speaks HTTP on loopback, hands out managed-identity tokens as App Service does, and records what it is asked, so that
the real credential and the real SDK clients are what is tested.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from auditor.azure.budget import Timing
from auditor.azure.clouds import Cloud
from auditor.azure.collect import CollectionOutcome, collect
from auditor.azure.plan import CollectionPlan
from auditor.azure.progress import Silent
from auditor.azure.session import Session
from auditor.azure.signin_claims import Principal
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot

SUB = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)

    @property
    def timing(self) -> Timing:
        return Timing(self.now, self.sleep)


@dataclass
class Scripted:
    """The server's script: answers by path (lower-cased, without the query), and what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    """A JSON value, a response factory, or a list of those, one a request, the last for all that follow."""
    subscriptions: tuple[str, ...] = (SUB,)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path with query."""
    tokens: list[str] = field(default_factory=list)
    """The Authorization header of every request but those for tokens."""
    base: str = ""
    port: int = 0
    """Chosen at the first run and kept, so that a continuation finds the server again."""
    issued: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/msi/token":
            expires = int(datetime.now(UTC).timestamp()) + 3600
            token = f"token-{next(self.issued)}"
            resource = request.query.get("resource", "")
            return web.json_response({"access_token": token, "expires_on": str(expires), "resource": resource})
        self.asked.append((request.method, request.path_qs))
        self.tokens.append(request.headers.get("Authorization", ""))
        answer = self.answers.get(request.path.lower())
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            return await answer(request)
        if answer is not None:
            return web.json_response(answer)
        if request.path == "/subscriptions":
            return web.json_response({"value": [subscription(guid) for guid in self.subscriptions]})
        if request.path.lower().endswith("/providers/microsoft.authorization/permissions"):
            return web.json_response({"value": [{"actions": ["*/read"], "notActions": []}]})
        return web.json_response({"value": []})

    def count(self, part: str) -> int:
        """How many requests had this in their path, without case."""
        return sum(part.lower() in path.lower() for _, path in self.asked)


def subscription(guid: str) -> dict[str, Any]:
    return {"id": f"/subscriptions/{guid}", "subscriptionId": guid, "displayName": f"Sub {guid[0]}", "state": "Enabled"}


def list_path(resource_type: str, guid: str = SUB) -> str:
    return f"/subscriptions/{guid}/providers/{resource_type}".lower()


def item(resource_type: str, name: str, guid: str = SUB, **more: Any) -> dict[str, Any]:
    resource_id = f"/subscriptions/{guid}/resourceGroups/rg/providers/{resource_type}/{name}"
    return {"id": resource_id, "name": name, "type": resource_type, "location": "westeurope", "properties": {}, **more}


def raw(
    body: bytes | str = b"", status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> Handler:
    """An answer byte by byte."""

    async def respond(_request: web.Request) -> web.StreamResponse:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(body=content, status=status, headers=headers, content_type=kind)

    return respond


def error(status: int, code: str, message: str = "no", headers: Mapping[str, str] | None = None) -> Handler:
    """An error as Azure Resource Manager writes it."""

    async def respond(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)

    return respond


def reset_after(body: bytes, status: int = 200) -> Handler:
    """An answer that promises more than it sends, then the connection is cut."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Length": str(len(body) + 1000)})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.abort()
        return response

    return respond


@dataclass
class Collected:
    """A collection that has been run."""

    outcome: CollectionOutcome
    snapshot: Snapshot
    clock: Clock

    def ids(self, part: str = "") -> list[str]:
        return [resource.id for resource in self.snapshot.resources() if part.lower() in resource.type_key]

    def gaps(self) -> list[tuple[str, str]]:
        """Type and code of each gap."""
        return [(entry.gap.type, entry.gap.code) for entry in self.snapshot.ledger() if entry.gap]


def run(
    script: Scripted,
    types: set[str],
    monkeypatch: Any,
    *,
    snapshot: Snapshot | None = None,
    clock: Clock | None = None,
    **plan: Any,
) -> Collected:
    """Collect from the script with the real credential, pipeline and clients."""
    clock = clock or Clock()
    snapshot = snapshot or new_snapshot()
    outcome = asyncio.run(_run(script, CollectionPlan(frozenset(types), **plan), monkeypatch, snapshot, clock))
    return Collected(outcome, snapshot, clock)


def new_snapshot() -> Snapshot:
    return Snapshot.in_memory(Manifest("test", datetime(2026, 11, 1, tzinfo=UTC), None))


async def _run(
    script: Scripted, plan: CollectionPlan, monkeypatch: Any, snapshot: Snapshot, clock: Clock
) -> CollectionOutcome:
    from azure.identity.aio import ManagedIdentityCredential

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", script.port)
    await site.start()
    script.port = runner.addresses[0][1]
    script.base = f"http://127.0.0.1:{script.port}"
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{script.base}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    cloud = Cloud(
        name="test",
        authority=script.base,
        resource_manager=script.base,
        arm_scope=f"{script.base}/.default",
        microsoft_graph=script.base,
        graph_scope=f"{script.base}/.default",
    )
    try:
        async with ManagedIdentityCredential() as credential:
            session = Session(credential, cloud, None, Principal("", ""))
            return await collect(session, plan, snapshot, Silent(), timing=clock.timing, seed=1)
    finally:
        await runner.cleanup()
