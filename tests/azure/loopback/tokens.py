"""Access tokens of the loopback Azure: real JWTs in Entra ID's version 1 shape, signed with a key of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

_KEY = b"only the loopback Azure signs with this"


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(claims: Mapping[str, Any]) -> str:
    """A JWT with these claims."""
    head = encode(json.dumps({"typ": "JWT", "alg": "HS256", "kid": "loopback"}).encode())
    unsigned = f"{head}.{encode(json.dumps(claims).encode())}"
    return f"{unsigned}.{_signature(unsigned)}"


def _signature(unsigned: str) -> str:
    return encode(hmac.new(_KEY, unsigned.encode(), hashlib.sha256).digest())


def claims_of(token: str) -> dict[str, Any] | None:
    """The claims of a token that the loopback Azure signed; None for any other."""
    unsigned, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(unsigned), signature):
        return None
    claims: dict[str, Any] = json.loads(decode(unsigned.partition(".")[2]))
    return claims


def token_claims(
    *, audience: str, tenant: str, object_id: str, application_id: str, lifetime_s: int, more: Mapping[str, Any]
) -> dict[str, Any]:
    """Claims as https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference lists them."""
    now = int(time.time())
    return {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + lifetime_s,
        "appid": application_id,
        "appidacr": "1",
        "idp": f"https://sts.windows.net/{tenant}/",
        "idtyp": "app",
        "oid": object_id,
        "sub": object_id,
        "tid": tenant,
        "uti": encode(uuid.uuid4().bytes),
        "ver": "1.0",
        **more,
    }
