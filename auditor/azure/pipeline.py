"""The HTTP pipeline: how requests leave.

All clients, those of the SDK included, share one pipeline a service: a token, and the guard that lets only reads to
that service pass. There is no redirect policy, no provider registration, and no logging of requests. Retries, pace and
parsing are in `auditor.azure.wire`.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from auditor import __version__
from auditor.azure.budget import Timing
from auditor.azure.guard import ReadOnlyPolicy
from auditor.azure.tokens import TokenPolicy, Tokens
from auditor.azure.wire import IN_FLIGHT, Call, Send, Wire

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AsyncHttpTransport

    from auditor.azure.session import Session

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60

SDK_CLIENTS = {
    "network": ("azure.mgmt.network.aio", "NetworkManagementClient"),
    "storage": ("azure.mgmt.storage.aio", "StorageManagementClient"),
    "keyvault": ("azure.mgmt.keyvault.aio", "KeyVaultManagementClient"),
    "msi": ("azure.mgmt.msi.v2024_11_30.aio", "ManagedServiceIdentityClient"),
    "resourcegraph": ("azure.mgmt.resourcegraph.aio", "ResourceGraphClient"),
}
"""Module and class of the asynchronous clients, by the name that the collection table uses."""

_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""The clients want a subscription when they are built; the paths that are sent through them name their own."""


class Clients:
    """The clients of a session, each built when it is first used."""

    def __init__(self, session: Session, pipelines: Mapping[str, AsyncPipeline[Any, Any]]) -> None:
        self._session = session
        self._pipelines = pipelines
        self._built: dict[str, Send] = {}

    def sender(self, call: Call) -> Send:
        """What sends this call."""
        name = call.client or call.service
        found = self._built.get(name)
        if found is None:
            found = self._built[name] = self._bare(name) if name in self._pipelines else self._sdk(name)
        return found

    def _bare(self, service: str) -> Send:
        pipeline = self._pipelines[service]

        async def send(request: HttpRequest) -> AsyncHttpResponse:
            response: AsyncHttpResponse = (await pipeline.run(request, stream=True)).http_response
            return response

        return send

    def _sdk(self, name: str) -> Send:
        """The asynchronous client of a service with our pipeline in place of its own, imported when first used."""
        module, class_name = SDK_CLIENTS[name]
        client_class = getattr(importlib.import_module(module), class_name)
        arguments = () if name == "resourcegraph" else (_NO_SUBSCRIPTION,)
        client = client_class(
            self._session.credential,
            *arguments,
            base_url=self._session.cloud.resource_manager,
            credential_scopes=[self._session.cloud.arm_scope],
            pipeline=self._pipelines["arm"],
        )
        raw = getattr(client, "send_request", None) or client._send_request

        async def send(request: HttpRequest) -> AsyncHttpResponse:
            response: AsyncHttpResponse = await raw(request, stream=True)
            return response

        return send


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
        endpoints = {"arm": cloud.resource_manager, "graph": cloud.microsoft_graph}
        yield Wire(endpoints, Clients(session, pipelines).sender, timing or Timing(), seed)


@asynccontextmanager
async def _transport() -> AsyncIterator[AsyncHttpTransport[Any, Any]]:
    from azure.core.pipeline.transport import AioHttpTransport

    from auditor.azure.connections import open_session

    timeouts = {"connection_timeout": CONNECT_TIMEOUT_S, "read_timeout": READ_TIMEOUT_S}
    async with AioHttpTransport(session=open_session(limit=IN_FLIGHT), **timeouts) as transport:
        yield transport
