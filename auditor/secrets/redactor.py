"""Secrets' values replaced by what rules need to know of them, before anything is kept.

A value becomes `{"$secret": {"kind": ..., "host" | "account" | "expires_at" | ...: ..., "hash": ...}}`. The hash is
keyed with a key of the snapshot alone that is forgotten when the collection ends: it tells that two places share one
secret, and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from auditor.inventory.model import Json
from auditor.secrets.places import SECRET_NAMES, Node, follow, kept_below, places_of
from auditor.secrets.policies import redact_policy
from auditor.secrets.values import SecretKind, describe, is_harmless, is_suspect

MARK = "$secret"
_DEEPEST = 100
_KINDS = frozenset(SecretKind)
_DETAILS = frozenset(
    {"kind", "hash", "host", "account", "expires_at", "permissions", "uri", "vault", "name", "authentication"}
)
_HASH = re.compile(r"[0-9a-f]{32}")
_POLICIES = re.compile(r"microsoft\.apimanagement/service(/.+)?/(policies|policyfragments)")


class Redactor:
    """Replaces secrets' values in bodies; doing so twice changes nothing."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def redact(self, type_key: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        """The body as it may be kept; `type_key` is its lower-cased type. Names stay, values go."""
        name = str(body.get("name") or str(body.get("id", "")).rstrip("/").rpartition("/")[2])
        tree = places_of(type_key, name.rpartition("/")[2].lower())
        walk = _Walk(self, kept_below(type_key))
        found: dict[str, Json] = walk.below(body, (tree,) if tree else (), 0)
        if _POLICIES.fullmatch(type_key):
            return self._policy(found, body)
        return found

    def secret(self, text: str) -> dict[str, Json]:
        """What stands for one secret text."""
        described = describe(text)
        told: dict[str, Json] = {"kind": described.kind.value, **described.details}
        if described.secret:
            told["hash"] = self.hash(described.secret)
        return {MARK: told}

    def hash(self, secret: str) -> str:
        """Half of an HMAC-SHA-256, in hexadecimal digits."""
        return hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

    def _policy(self, found: dict[str, Json], body: Mapping[str, Json]) -> dict[str, Json]:
        """An API Management policy: its XML stays, the secrets written into it go."""
        properties = body.get("properties")
        text = properties.get("value") if isinstance(properties, Mapping) else None
        if isinstance(text, str):
            clean = redact_policy(text, self.secret)
            found["properties"]["value"] = self.secret(text) if clean is None else clean
        return found


class _Walk:
    """One body, walked once."""

    def __init__(self, redactor: Redactor, kept: frozenset[str]) -> None:
        self._redactor = redactor
        self._kept = kept

    def below(self, value: Mapping[str, Json], nodes: tuple[Node, ...], depth: int) -> dict[str, Json]:
        return {
            name: inner
            if inner is None or inner is True or inner is False
            else self.value(inner, (lowered := name.lower()), follow(nodes, lowered), depth + 1)
            for name, inner in value.items()
        }

    def value(self, value: Json, name: str, nodes: tuple[Node, ...], depth: int) -> Json:
        if nodes and any(node.final for node in nodes):
            return self.replaced(value, name, depth)
        if isinstance(value, str):
            if (name in SECRET_NAMES and not is_harmless(value)) or is_suspect(value):
                return self._redactor.secret(value)
            return value
        if isinstance(value, Mapping):
            if depth > _DEEPEST:
                return {MARK: {"kind": SecretKind.TOO_DEEP.value}}
            if name == "protectedsettings":
                return self.replaced(value, name, depth)
            return value if is_replaced(value) else self.below(value, nodes, depth)
        if isinstance(value, list):
            if depth > _DEEPEST:
                return {MARK: {"kind": SecretKind.TOO_DEEP.value}}
            inner = follow(nodes, "[]")
            return [self.value(element, name, inner, depth + 1) for element in value]
        return self.replaced(value, name, depth) if name in SECRET_NAMES else value

    def replaced(self, value: Json, name: str, depth: int) -> Json:
        """A value at a place for secrets: every text and number in it replaced."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (Mapping, list)) and depth > _DEEPEST:
            return {MARK: {"kind": SecretKind.TOO_DEEP.value}}
        if isinstance(value, Mapping):
            if is_replaced(value):
                return value
            return {key: self.replaced(inner, key.lower(), depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.replaced(inner, name, depth + 1) for inner in value]
        text = str(value)
        if is_harmless(text) or (name in self._kept and not is_suspect(text)):
            return value
        return self._redactor.secret(text)


def is_replaced(value: Mapping[str, Json]) -> bool:
    """Whether a value is what this module puts in a secret's place, and not something that only looks alike."""
    told = value.get(MARK)
    if len(value) != 1 or not isinstance(told, Mapping):
        return False
    digest = told.get("hash", "0" * 32)
    return (
        told.get("kind") in _KINDS
        and _DETAILS.issuperset(told)
        and isinstance(digest, str)
        and _HASH.fullmatch(digest) is not None
    )
