"""Bearer tokens on requests: one token for all, and a fresh one when a service refuses it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions

_CLAIMS = re.compile(r'claims="([^"]*)"', re.IGNORECASE)
_RENEWALS = 5
"""Fresh tokens that one request is tried with."""
_MOST_IN_VAIN = 24
"""Fresh tokens of which none was accepted: then it is not the token."""
_SPARE_S = 300
"""Seconds before its end at which a token is replaced."""


class TokenSource(Protocol):
    """What a signed-in session offers: azure-identity's asynchronous credentials do."""

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for these scopes, from a cache where one is still good."""


class Tokens:
    """The current token for one audience; concurrent requests share one request for a fresh one."""

    def __init__(self, source: TokenSource, scope: str, tenant: str | None = None) -> None:
        self._source = source
        self._scope = scope
        self._tenant = tenant
        self._token: AccessTokenInfo | None = None
        self._lock = asyncio.Lock()
        self._in_vain = 0

    async def current(self) -> str:
        """A token that is good for some minutes yet."""
        if self._token is None or self._token.expires_on - time.time() < _SPARE_S:
            async with self._lock:
                if self._token is None or self._token.expires_on - time.time() < _SPARE_S:
                    self._token = await self._request()
        return self._token.token

    async def renew(self, rejected: str, claims: str | None) -> str | None:
        """A token other than the one a service refused; None where there is none to be had."""
        async with self._lock:
            if self._token is None or self._token.token == rejected:
                self._in_vain += 1
                if self._in_vain > _MOST_IN_VAIN:
                    return None
                self._token = await self._request(claims)
                if self._token.token == rejected and claims is None:
                    await self._insist()
            return self._token.token if self._token.token != rejected else None

    def accept(self) -> None:
        """A service took the token."""
        self._in_vain = 0

    async def _insist(self) -> None:
        from azure.core.exceptions import ClientAuthenticationError

        # Not every credential takes claims (the Azure CLI's asks the user to sign in): then there is no fresh one.
        with suppress(ClientAuthenticationError):
            self._token = await self._request(_issued_after_now())

    async def _request(self, claims: str | None = None) -> AccessTokenInfo:
        options: TokenRequestOptions = {}
        if claims:
            options["claims"] = claims
        if self._tenant:
            options["tenant_id"] = self._tenant
        return await self._source.get_token_info(self._scope, options=options or None)


def _issued_after_now() -> str:
    """A claims request that no cached token fulfils: a credential that keeps tokens asks for a new one.

    The form is that of continuous access evaluation
    (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
    """
    return f'{{"access_token":{{"nbf":{{"essential":true,"value":"{int(time.time())}"}}}}}}'


def challenge_claims(header: str) -> str | None:
    """The claims that a `WWW-Authenticate` header asks for; None where it asks for none."""
    found = _CLAIMS.search(header)
    if not found or "insufficient_claims" not in header:
        return None
    encoded = found.group(1)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8") or None
    except (binascii.Error, UnicodeDecodeError):
        return None


class TokenPolicy(AsyncHTTPPolicy):  # type: ignore[type-arg]
    """Puts the token on a request; on a 401 tries again with a fresh one, as long as there is one to be had.

    The clients' own policy answers a claims challenge but not a plain 401 `ExpiredAuthenticationToken`.
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    async def send(self, request: PipelineRequest) -> PipelineResponse:  # type: ignore[type-arg]
        """See `AsyncHTTPPolicy.send`."""
        token = await self._tokens.current()
        for _ in range(_RENEWALS):
            response = await self._send(request, token)
            if response.http_response.status_code != 401:
                return response
            claims = challenge_claims(response.http_response.headers.get("WWW-Authenticate", ""))
            fresh = await self._tokens.renew(token, claims)
            if fresh is None:
                return response
            await response.http_response.close()
            token = fresh
        return await self._send(request, token)

    async def _send(self, request: PipelineRequest, token: str) -> PipelineResponse:  # type: ignore[type-arg]
        request.http_request.headers["Authorization"] = f"Bearer {token}"
        response = await self.next.send(request)
        if response.http_response.status_code != 401:
            self._tokens.accept()
        return response
