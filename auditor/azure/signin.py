"""Sign-in: one credential that answered, and who it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from auditor.azure.clouds import Cloud

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions


class Credential(Protocol):
    """What a session's credential offers: an asynchronous credential of azure-identity does."""

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for these scopes, from a cache where one is still good."""

    async def close(self) -> None:
        """Close its connections."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for, as its claims say it. Claims are not verified here: the services do that."""

    object_id: str
    """The directory object (`oid`); "" where the token does not say."""
    tenant: str
    """The tenant that issued the token (`tid`); "" where the token does not say."""
    application_id: str = ""
    """The application (`appid`, or `azp` in version 2 tokens) that asked for the token."""
    name: str = ""
    """User principal name of a user; the application's display name where the token has it."""
    kind: str = ""
    """`user`, `service principal`, `managed identity`, or "" where the claims do not tell."""
    expires_at: datetime | None = None
    """When the token ends, UTC."""


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
