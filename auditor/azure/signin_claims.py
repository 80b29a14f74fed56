"""What an access token says of its owner. Nothing is verified here: the services do that, with every request."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.inventory.model import Json


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for, as its claims say it.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """

    object_id: str = ""
    """The directory object (`oid`); "" where the token does not say."""
    tenant: str = ""
    """The tenant that issued the token (`tid`); "" where the token does not say."""
    application_id: str = ""
    """The application that asked for the token (`appid`, or `azp` in version 2 tokens)."""
    name: str = ""
    """User principal name of a user, the application's display name where the token has it, or a managed identity's
    own name; "" otherwise."""
    kind: str = ""
    """`user`, `service principal`, `managed identity`, or "" where the claims do not tell."""
    expires_at: datetime | None = None
    """When the token ends, UTC."""
    resource_id: str = ""
    """ARM id of a managed identity, or of the resource whose system-assigned identity it is; "" for others."""
    permissions: tuple[str, ...] = ()
    """Application permissions (`roles`) or delegated ones (`scp`), sorted."""

    @property
    def label(self) -> str:
        """The name, or the best of the ids in its place."""
        return self.name or self.application_id or self.object_id or "unknown"


def principal_of(token: str, credential_name: str = "") -> Principal:
    """The principal of a token; all fields empty for one that is no JWT. The token itself is not kept."""
    claims = _claims(token)
    resource_id = _text(claims, "xms_mirid")
    return Principal(
        object_id=_text(claims, "oid"),
        tenant=_text(claims, "tid"),
        application_id=_text(claims, "appid") or _text(claims, "azp"),
        name=_name(claims, resource_id),
        kind=_kind(claims, resource_id, credential_name),
        expires_at=_time(claims.get("exp")),
        resource_id=resource_id,
        permissions=_permissions(claims),
    )


def _claims(token: str) -> Mapping[str, Json]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, Mapping) else {}


def _text(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _name(claims: Mapping[str, Json], resource_id: str) -> str:
    for claim in ("upn", "unique_name", "preferred_username", "app_displayname", "name"):
        if found := _text(claims, claim):
            return found
    return resource_id.rpartition("/")[2]


def _kind(claims: Mapping[str, Json], resource_id: str, credential_name: str) -> str:
    if not claims:
        return ""
    if resource_id or credential_name == "managed-identity":
        return "managed identity"
    # `idtyp` is an optional claim; a delegated token always has `scp`.
    is_user = _text(claims, "idtyp") == "user" or bool(_text(claims, "scp")) or bool(_text(claims, "upn"))
    return "user" if is_user and _text(claims, "idtyp") != "app" else "service principal"


def _permissions(claims: Mapping[str, Json]) -> tuple[str, ...]:
    roles = claims.get("roles")
    named = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    return tuple(sorted({*named, *_text(claims, "scp").split()}))


def _time(value: Json) -> datetime | None:
    if not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None
