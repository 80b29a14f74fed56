"""Rewrites an example's texts: what is a fact of the service stays, what its author made up becomes ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.azure.shapes.schema import Published, resolved

_SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)?")
_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?")
_PRIVATE = re.compile(r"0\.0\.0\.0|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|255\.255\.255\.255")
# Numbers, ports, durations, types and words that services give a meaning.
_FACT = re.compile(
    r"|\*|-?\d+(\.\d+)?|\d+-\d+|P(\d+[YMWD])*(T(\d+[HMS])+)?|true|false|Microsoft\.[A-Za-z.]+(/[A-Za-z]+)*"
    r"|Internet|VirtualNetwork|AzureLoadBalancer|Any|Tcp|Udp|TLS_?v?1[._]?\d|Succeeded|Enabled|Disabled|None|All"
    r"|Allow|Deny|SystemAssigned|UserAssigned|SystemAssigned, ?UserAssigned|global",
    re.IGNORECASE,
)
_SECRET = re.compile(r"(password|secret|accesskey|accountkey|primarykey|secondarykey|connectionstring|token)$", re.I)
_URL = re.compile(r"[a-z]+://", re.IGNORECASE)


class Rewriter:
    """Of one body: the same text becomes the same one wherever it stands, so that what refers to another still does."""

    def __init__(self, kind: Published) -> None:
        self._kind = kind
        self._made: dict[str, str] = {}

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body anew."""
        made = self._value(dict(body), self._kind.shape, "")
        parts = made["id"].split("/")
        return {**made, "id": "/".join(parts), "name": parts[-1], "type": self._kind.type}

    def _value(self, value: Any, shape: Any, name: str) -> Any:
        shape = resolved(shape)
        if isinstance(value, Mapping):
            members = {key.lower(): inner for key, inner in shape.items()} if isinstance(shape, Mapping) else {}
            free = name == "tags" or "*" in members
            return {
                key if key.lower() in members or not free else self._text(key, ""): self._value(
                    inner, members.get(key.lower(), members.get("*", "any")), key
                )
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._value(inner, shape[0] if isinstance(shape, list) else "any", name) for inner in value]
        if not isinstance(value, str):
            return value
        if isinstance(shape, str) and shape.startswith("=") and value.lower() in shape[1:].lower().split("|"):
            return value
        return self._text(value, name)

    def _text(self, text: str, name: str) -> str:
        if _SECRET.search(name):
            return self._numbered(text, "planted-secret-{}")
        if _FACT.fullmatch(text):
            return text
        if text.startswith("/"):
            return self._id(text)
        if _GUID.fullmatch(text):
            return self._numbered(text, "8c5e2f64-90d1-4b7a-a1c3-{:012d}")
        if _DATE.fullmatch(text):
            return "2026-03-01T10:20:30Z"
        if _IP.fullmatch(text):
            return text if _PRIVATE.match(text) else f"203.0.113.{len(self._made)}{'/32' if '/' in text else ''}"
        if _URL.match(text):
            return self._numbered(text, "https://host-{}.example.net")
        if "@" in text:
            return self._numbered(text, "someone-{}@example.com")
        return "westeurope" if name == "location" else self._numbered(text, "text-{}")

    def _id(self, text: str) -> str:
        """Types and keywords at their places, names made up."""
        made: list[str] = []
        is_name, at_namespace = False, False
        for part in text.split("/"):
            if part.lower() == "providers":
                made.append(part)
                is_name, at_namespace = False, True
            elif at_namespace or not part or not is_name:
                made.append(part if re.fullmatch(r"[A-Za-z.]*", part) else self._numbered(part, "text-{}"))
                is_name = bool(part) and not at_namespace
                at_namespace = False
            else:
                own = _SUBSCRIPTION if made[-1].lower() == "subscriptions" else self._numbered(part, "text-{}")
                made.append("default" if part == "default" else own)
                is_name = False
        return "/".join(made)

    def _numbered(self, text: str, pattern: str) -> str:
        return self._made.setdefault(f"{pattern} {text}", pattern.format(len(self._made) + 1))
