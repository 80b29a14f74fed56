"""A signed-in identity, and the credential behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from auditor.azure.clouds import Cloud
from auditor.azure.signin_claims import Principal

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions


class Credential(Protocol):
    """What a session's credential offers: an asynchronous credential of azure-identity does."""

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for these scopes, from a cache where one is still good."""

    async def close(self) -> None:
        """Close its connections."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in identity; `sign_in` makes it and closes its credential at the end."""

    credential: Credential
    """The part of the chain that answered."""
    cloud: Cloud
    tenant: str | None
    """The tenant that tokens are asked for; None for the credential's own."""
    principal: Principal
    """Who this is."""
    credential_name: str = ""
    """The part of the chain that answered, as `--credential` names it."""
    passed_over: tuple[str, ...] = ()
    """What the parts before it said, one clause each."""
