"""The server: a loopback Azure on real sockets, plain and with TLS, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from aiohttp import web

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.certificates import Authority
from tests.azure.loopback.wire import Reply, Request

_CONTROL = "/_loopback/"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running loopback Azure answers."""

    azure: LoopbackAzure
    http: str
    https: str
    """"" where it was started without TLS."""
    ca_file: Path | None
    """The authority that `https` is signed by."""

    def cloud_file(self, folder: Path, *, tls: bool = False) -> Path:
        """Write the cloud file for `--cloud`; sign-in is over HTTPS wherever there is TLS."""
        path = folder / ("loopback-tls.json" if tls else "loopback.json")
        base = self.https if tls else self.http
        path.write_text(json.dumps(self.azure.cloud(base, self.https or base), indent=2))
        return path

    def managed_identity(self) -> dict[str, str]:
        """Environment of an App Service with a managed identity."""
        return {
            "IDENTITY_ENDPOINT": f"{self.http}/msi/token",
            "IDENTITY_HEADER": self.azure.identity_header,
        }

    def service_principal(self, number: int = 0) -> dict[str, str]:
        """Environment of an application with a client secret."""
        principal = self.azure.principals[number]
        return {
            "AZURE_TENANT_ID": self.azure.tenant,
            "AZURE_CLIENT_ID": principal.application_id,
            "AZURE_CLIENT_SECRET": principal.secret,
        }


@contextmanager
def serve(
    azure: LoopbackAzure, *, tls_folder: Path | None = None, port: int = 0, tls_port: int = 0
) -> Iterator[Endpoints]:
    """Run until the block ends. With `tls_folder` also over HTTPS; the authority's certificate is written there."""
    authority = Authority() if tls_folder else None
    runner = _Runner(azure, authority, port, tls_port)
    runner.start()
    try:
        yield Endpoints(
            azure,
            http=f"http://127.0.0.1:{runner.ports[0]}",
            https=f"https://127.0.0.1:{runner.ports[1]}" if authority else "",
            ca_file=authority.write(tls_folder) if authority and tls_folder else None,
        )
    finally:
        runner.stop()


class _Runner:
    """Owns the thread and its event loop."""

    def __init__(self, azure: LoopbackAzure, authority: Authority | None, port: int, tls_port: int) -> None:
        self._handler = _Handler(azure)
        self._authority = authority
        self._wanted = (port, tls_port)
        self._started = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._main, name="loopback-azure", daemon=True)
        self._failure: BaseException | None = None
        self.ports: list[int] = []

    def start(self) -> None:
        """Start, and return when connections are accepted."""
        self._thread.start()
        self._started.wait()
        if self._failure:
            raise RuntimeError("the loopback Azure could not start") from self._failure

    def stop(self) -> None:
        """End all connections and the thread."""
        if self._loop and self._stopping:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handler, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        contexts = [None, self._authority.server_context()] if self._authority else [None]
        for context, port in zip(contexts, self._wanted, strict=False):
            site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, backlog=1024)
            await site.start()
        self.ports = [address[1] for address in runner.addresses]
        self._started.set()
        await self._stopping.wait()
        await runner.cleanup()


class _Handler:
    """Turns aiohttp's requests into ours, and our replies into bytes on the wire."""

    def __init__(self, azure: LoopbackAzure) -> None:
        self._azure = azure

    async def __call__(self, incoming: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        request = Request(
            method=incoming.method,
            path=incoming.path,
            query=dict(incoming.query),
            headers={name.lower(): value for name, value in incoming.headers.items()},
            body=await incoming.read() if incoming.can_read_body else b"",
            base=f"{incoming.scheme}://{incoming.host}",
        )
        if request.path.startswith(_CONTROL):
            return self._control(request)
        if latency := self._azure.latency_of(request):
            await asyncio.sleep(latency)
        reply = self._azure.respond(request)
        if self._azure.clock_skew_s:
            reply.headers["Date"] = formatdate(time.time() + self._azure.clock_skew_s, usegmt=True)
        reply.headers["Content-Type"] = reply.content_type
        if reply.reset_after is not None:
            return await _broken(incoming, reply)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    def _control(self, request: Request) -> web.Response:
        """For tools in another process: what was asked, and forgetting it."""
        if request.path == f"{_CONTROL}requests":
            return web.json_response([{k: getattr(s, k) for k in s.__slots__} for s in self._azure.journal])
        if request.path == f"{_CONTROL}summary":
            return web.json_response(self._azure.journal.summary())
        if request.path == f"{_CONTROL}reset" and request.method == "POST":
            self._azure.journal.seen.clear()
            self._azure.faults.met.clear()
            return web.json_response({})
        return web.Response(status=404)


async def _broken(incoming: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Send the head and a part of the body, then break the connection."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = max(len(reply.body), 1)
    if reply.reset_after:
        await response.prepare(incoming)
        await response.write(reply.body[: reply.reset_after])
    if incoming.transport:
        incoming.transport.abort()
    return response
