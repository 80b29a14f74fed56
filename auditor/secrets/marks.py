"""What stands in a secret's place: `{"$secret": {"kind": ..., "host" | "account" | ...: ..., "hash": ...}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor.inventory.model import Json
from auditor.secrets.values import SWITCH, SecretKind

MARK = "$secret"
_WORDS = re.compile(r"[A-Za-z][A-Za-z ]{0,40}")
_NAME = re.compile(r"[\w.-]{1,127}")
_HOST = re.compile(r"[a-z0-9.-]{1,253}")
DETAILS: Mapping[str, re.Pattern[str]] = {
    "kind": re.compile("|".join(re.escape(kind.value) for kind in SecretKind)),
    "hash": re.compile(r"[0-9a-f]{32}"),
    "host": _HOST,
    "account": re.compile(r"[a-z0-9]{3,24}"),
    "expires_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "permissions": re.compile(r"[a-z]{1,16}"),
    "uri": re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::443)?/secrets/[\w-]{1,127}(?:/[0-9a-fA-F]{0,32})?/?"),
    "vault": re.compile(r"[A-Za-z0-9-]{3,24}"),
    "name": _NAME,
    "key_name": _NAME,
    "authentication": _WORDS,
    "protocol": re.compile(r"[a-z][a-z0-9+.]{1,20}"),
    "encrypt": SWITCH,
    "trust_server_certificate": SWITCH,
    "sslmode": SWITCH,
    "ssl": SWITCH,
    "user": re.compile("given"),
}
"""What a mark may say, and what each looks like: nothing else is taken for one."""


def is_replaced(value: Mapping[str, Json]) -> bool:
    """Whether a value is what the redactor puts in a secret's place, and not something that only looks alike."""
    told = value.get(MARK)
    if len(value) != 1 or not isinstance(told, Mapping) or "kind" not in told:
        return False
    return all(
        isinstance(inner, str) and name in DETAILS and DETAILS[name].fullmatch(inner) for name, inner in told.items()
    )


def mark(kind: SecretKind) -> dict[str, Json]:
    """What stands for a value of which nothing more is told."""
    return {MARK: {"kind": kind.value}}


def inline(marked: Mapping[str, Json]) -> str:
    """A mark inside a text that must stay one: `$secret(kind:hash)`."""
    told = marked[MARK]
    return f"{MARK}({told['kind']}:{told['hash']})" if "hash" in told else f"{MARK}({told['kind']})"
