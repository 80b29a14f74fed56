"""Requests by hand to a loopback Azure, without any client library."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.azure.loopback.azure import ARM_AUDIENCE
from tests.azure.loopback.entra import issue
from tests.azure.loopback.server import Endpoints


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: Any
    """JSON, or text where it is none."""

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.body["error"]["code"])

    @property
    def names(self) -> list[str]:
        """Names of a list's items."""
        return [item["name"] for item in self.body["value"]]


def ask(
    endpoints: Endpoints,
    url: str,
    *,
    method: str = "GET",
    body: Any = None,
    audience: str = ARM_AUDIENCE,
    principal: int = 0,
    token: str | None = None,
) -> Answered:
    """Send one request with a good token (or `token`, "" for none)."""
    base = urlsplit(endpoints.http)
    if token is None:
        token = issue(endpoints.azure, endpoints.azure.principals[principal], audience)
    connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        payload = json.dumps(body).encode() if body is not None else None
        connection.request(method, url.removeprefix(endpoints.http), payload, headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    try:
        document = json.loads(content)
    except ValueError:
        document = content.decode()
    return Answered(response.status, {k.lower(): v for k, v in response.getheaders()}, document)
