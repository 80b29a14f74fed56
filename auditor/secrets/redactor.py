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
from auditor.inventory.stumbles import Stumble, attempt
from auditor.secrets.marks import MARK, is_replaced, mark
from auditor.secrets.places import SECRET_NAMES, Node, follow, kept_below, places_of
from auditor.secrets.policies import redact_policy
from auditor.secrets.values import SecretKind, describe, is_harmless, is_suspect

_DEEPEST = 100
_POLICIES = re.compile(r"microsoft\.apimanagement/service(/.+)?/(policies|policyfragments)")
_ENVELOPE = ("id", "name", "type")
"""Texts that tell one resource from another: whatever they look like, they stay."""


class Redactor:
    """Replaces secrets' values in bodies; doing so twice changes nothing."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.stumbles: dict[str, Stumble] = {}
        """Bodies that could not be understood, by id."""

    def redact(self, type_key: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        """The body as it may be kept; `type_key` is its lower-cased type. Names stay, values go.

        A body that cannot be understood loses all but its id, name and type; `stumbles` says why.
        """
        envelope = {name: text for name in _ENVELOPE if isinstance(text := body.get(name), str)}
        found = attempt(self._redacted, type_key, body)
        if isinstance(found, Stumble):
            self.stumbles[envelope.get("id", "")] = found
            return envelope
        return {**found, **envelope}

    def _redacted(self, type_key: str, body: Mapping[str, Json]) -> dict[str, Json]:
        name = str(body.get("name") or str(body.get("id", "")).rstrip("/").rpartition("/")[2])
        tree = places_of(type_key, name.rpartition("/")[2].lower())
        walk = _Walk(self, kept_below(type_key))
        found = walk.below(body, (tree,) if tree else (), 0)
        return self._policy(found, body) if _POLICIES.fullmatch(type_key) else found

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
                return mark(SecretKind.TOO_DEEP)
            if name == "protectedsettings":
                return self.replaced(value, name, depth)
            return value if is_replaced(value) else self.below(value, nodes, depth)
        if isinstance(value, list):
            if depth > _DEEPEST:
                return mark(SecretKind.TOO_DEEP)
            inner = follow(nodes, "[]")
            return [self.value(element, name, inner, depth + 1) for element in value]
        return self.replaced(value, name, depth) if name in SECRET_NAMES else value

    def replaced(self, value: Json, name: str, depth: int) -> Json:
        """A value at a place for secrets: every text and number in it replaced."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (Mapping, list)) and depth > _DEEPEST:
            return mark(SecretKind.TOO_DEEP)
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
