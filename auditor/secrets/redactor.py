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
from enum import Enum, auto

from auditor.inventory.changes import CHANGES_KEY
from auditor.inventory.model import Json
from auditor.secrets.changed_values import changed_values
from auditor.secrets.expressions import redact_expression
from auditor.secrets.first_look import DEEPEST, FirstLook, last_name
from auditor.secrets.marks import MARK, inline, is_replaced, mark
from auditor.secrets.names import PROSE, SECRET_NAMES, is_switch, is_telling, is_telling_label, is_told_plainly, pair_of
from auditor.secrets.places import Node, follow, kept_below, places_of
from auditor.secrets.policies import redact_policy
from auditor.secrets.signs import is_suspect, looks_random, swept
from auditor.secrets.values import SecretKind, describe, is_arm_id, is_harmless

_POLICIES = re.compile(r"microsoft\.apimanagement/service(/.+)?/(policies|policyfragments)")
_ENVELOPE = ("id", "name", "type")
"""Texts that tell one resource from another: they stay texts."""
_SHORT_NAME = 20
"""No key or token is shorter than this: names that are need not be looked into."""


class Redactor:
    """Replaces secrets' values in bodies; doing so twice changes nothing."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._look = FirstLook()

    def redact(self, type_key: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        """The body as it may be kept; `type_key` is its lower-cased type. Names stay, values go."""
        if type_key == CHANGES_KEY and isinstance(properties := body.get("properties"), Mapping):
            return self._record(body, properties)
        return self._redact(type_key, body)

    def _record(self, body: Mapping[str, Json], properties: Mapping[str, Json]) -> Mapping[str, Json]:
        """A record of changes: each value is judged by the property that it is of, and by its own looks."""
        changes = changed_values(properties, self._redact)
        return self._redact(CHANGES_KEY, {**body, "properties": {**properties, "changes": changes}})

    def _redact(self, type_key: str, body: Mapping[str, Json]) -> Mapping[str, Json]:
        if self._look.is_plain(type_key, body):
            return {**body}
        envelope = self.envelope(body)
        rest = {**body, **dict.fromkeys(envelope)}
        tree = places_of(type_key, last_name(envelope))
        found = _Walk(self, kept_below(type_key)).below(rest, (tree,) if tree else (), 0, _Part.BODY)
        if _POLICIES.fullmatch(type_key):
            found = self._policy(found, rest)
        return {**found, **envelope}

    def envelope(self, body: Mapping[str, Json]) -> dict[str, str]:
        """What tells a body from others: all that is kept of one that cannot be understood."""
        return {name: self.named(text) for name in _ENVELOPE if isinstance(text := body.get(name), str)}

    def named(self, text: str) -> str:
        """An id, name or type: a configuration key such as `Identity:Password:RequiredLength` stays as it is."""
        return swept(text, lambda found: inline(self.secret(found)), by_looks=True)

    def secret(self, text: str) -> dict[str, Json]:
        """What stands for one secret text."""
        described = describe(text)
        told: dict[str, Json] = {"kind": described.kind.value, **described.details}
        if described.secret:
            told["hash"] = self.hash(described.secret)
        return {MARK: told}

    def key(self, name: str) -> str:
        """A property's name, which can hold a secret where people make them up: names of tags."""
        return self.named(name) if is_arm_id(name) else swept(name, lambda found: inline(self.secret(found)))

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


class _Part(Enum):
    """What a value is part of, as far as that says how its texts are to be read."""

    BODY = auto()
    LABELS = auto()
    """Tags: people name them, and write what they like."""
    COMPARISON = auto()
    """The condition of a workflow, which compares with literals."""


_PARTS = {"tags": _Part.LABELS, "expression": _Part.COMPARISON}


class _Walk:
    """One body, walked once."""

    def __init__(self, redactor: Redactor, kept: frozenset[str]) -> None:
        self._redactor = redactor
        self._kept = kept

    def below(self, value: Mapping[str, Json], nodes: tuple[Node, ...], depth: int, part: _Part) -> dict[str, Json]:
        paired, tells, is_open = pair_of(value)
        found: dict[str, Json] = {}
        for name, inner in value.items():
            kept = name if len(name) < _SHORT_NAME else self._redactor.key(name)
            lowered = name.lower()
            if inner is None or inner is True or inner is False:
                found[kept] = inner
            elif name == paired and tells:
                found[kept] = self.told(inner, lowered, follow(nodes, lowered), depth + 1)
            else:
                after = follow(nodes, lowered) if not (name == paired and is_open) else ()
                found[kept] = self.value(inner, lowered, after, depth + 1, part)
        return found

    def value(self, value: Json, name: str, nodes: tuple[Node, ...], depth: int, part: _Part) -> Json:
        if nodes and any(node.final for node in nodes):
            return self.replaced(value, name, depth)
        if isinstance(value, str):
            return self.text(value, name, part)
        if isinstance(value, (Mapping, list)) and depth > DEEPEST:
            return mark(SecretKind.TOO_DEEP)
        if isinstance(value, Mapping):
            return self.mapping(value, name, nodes, depth, part)
        if isinstance(value, list):
            inner = follow(nodes, "[]")
            return [self.value(element, name, inner, depth + 1, part) for element in value]
        return self.replaced(value, name, depth) if name in SECRET_NAMES else value

    def mapping(self, value: Mapping[str, Json], name: str, nodes: tuple[Node, ...], depth: int, part: _Part) -> Json:
        if name == "protectedsettings":
            return self.replaced(value, name, depth)
        if is_replaced(value):
            return value
        part = _PARTS.get(name, part)
        found = self.below(value, nodes, depth, part)
        if is_telling(name) and (key := pair_of(value)[0]):  # a parameter: `adminPassword: {type: ..., value: ...}`
            found[key] = self.told(value[key], key.lower(), (), depth + 1)
        return found

    def text(self, text: str, name: str, part: _Part) -> Json:
        """A text that stands in no place for secrets: its looks decide, its name, and what it is a part of."""
        if is_arm_id(text):
            return self._redactor.named(text)
        telling = name in SECRET_NAMES and not is_switch(text)
        if not telling and (is_telling(name) or (part is _Part.LABELS and is_telling_label(name))):
            telling = not is_told_plainly(text)
        if telling or is_suspect(text):
            return self._redactor.secret(text)
        if (part is _Part.LABELS or name in PROSE) and any(map(looks_random, text.split())):
            return self._redactor.secret(text)
        return redact_expression(text, self._redactor.secret, compares=part is _Part.COMPARISON or name == "expression")

    def told(self, value: Json, name: str, nodes: tuple[Node, ...], depth: int) -> Json:
        """The value beside a name that tells that it is secret."""
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return value if is_told_plainly(str(value)) else self._redactor.secret(str(value))
        return self.value(value, name, nodes, depth, _Part.BODY)

    def replaced(self, value: Json, name: str, depth: int) -> Json:
        """A value at a place for secrets: every text and number in it replaced."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (Mapping, list)) and depth > DEEPEST:
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
