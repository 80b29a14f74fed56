"""The last policy before the wire: only reads leave, and only to the service that the token is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import orjson
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from auditor.errors import AuditorError

_SITE = r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.web/sites/[^/]+(?:/slots/[^/]+)?"

READ_POSTS = (
    # https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
    r"/providers/microsoft\.resourcegraph/resources",
    # https://learn.microsoft.com/rest/api/appservice/web-apps/list-application-settings and its neighbours: settings
    # are listed by a POST because they hold secrets; publishing credentials are never asked for
    _SITE + r"/config/(?:appsettings|connectionstrings|authsettings|azurestorageaccounts)/list",
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.web/staticsites/[^/]+/listappsettings",
    # https://learn.microsoft.com/rest/api/policyinsights/policy-states/summarize-for-subscription
    r"/subscriptions/[^/]+/providers/microsoft\.policyinsights/policystates/latest/summarize",
    # https://learn.microsoft.com/graph/api/directoryobject-getbyids
    r"/v1\.0/directoryobjects/getbyids",
)
"""POSTs that read, by their whole path. Everything else that is not a GET or HEAD is refused."""

_READ_POST = re.compile("|".join(f"(?:{path})" for path in READ_POSTS), re.IGNORECASE)
_BATCH = re.compile(r"/(?:v1\.0|beta)/\$batch", re.IGNORECASE)


class RefusedRequestError(AuditorError):
    """A request that may not leave: not a read, or to a host that its token is not for."""


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, all that decides whether a token may be sent there.

    Raises ValueError for what is no absolute HTTP URL, or holds a user name.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("no absolute HTTP address")
    return parts.scheme, parts.hostname.lower(), parts.port or (443 if parts.scheme == "https" else 80)


def is_read(method: str, url: str, body: object) -> bool:
    """Whether a request only reads."""
    if method in ("GET", "HEAD"):
        return True
    path = urlsplit(url).path
    if method != "POST" or "//" in path or "/../" in path or "%2f" in path.lower():
        return False
    return bool(_READ_POST.fullmatch(path)) or bool(_BATCH.fullmatch(path) and _all_gets(body))


def _all_gets(body: object) -> bool:
    if not isinstance(body, str | bytes):
        return False
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    requests = batch.get("requests") if isinstance(batch, Mapping) else None
    return isinstance(requests, list) and bool(requests) and all(_is_inner_get(request) for request in requests)


def _is_inner_get(request: object) -> bool:
    if not isinstance(request, Mapping):
        return False
    url = request.get("url")
    return request.get("method") == "GET" and isinstance(url, str) and url.startswith("/") and "//" not in url


class ReadOnlyPolicy(AsyncHTTPPolicy):  # type: ignore[type-arg]
    """Lets only reads to one service pass: the one the token is for.

    It is the last policy, so that nothing, not even another policy, sends past it. A client's default pipeline would
    answer a 409 `MissingSubscriptionRegistration` by registering a provider, follow a `nextLink` to any host and send
    the token along (seen with azure-mgmt-core 1.6 and azure-core 1.41).
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._origin = origin_of(endpoint)

    async def send(self, request: PipelineRequest) -> PipelineResponse:  # type: ignore[type-arg]
        """Pass the request on. Raises RefusedRequestError for everything that is not a read of this service."""
        http = request.http_request
        if not is_read(http.method, http.url, getattr(http, "content", None)):
            raise RefusedRequestError(f"{http.method} is not a read and was not sent", subject=urlsplit(http.url).path)
        if origin_of(http.url) != self._origin:
            raise RefusedRequestError("this host is not the service the token is for", subject=origin_of(http.url)[1])
        return await self.next.send(request)
