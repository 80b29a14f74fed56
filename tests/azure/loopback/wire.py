"""Requests and replies, apart from any server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Request:
    """One request as a service sees it."""

    method: str
    path: str
    """Percent-decoded, as the client wrote it."""
    query: Mapping[str, str]
    """Parameter names as written; see `parameter`."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    base: str = ""
    """Scheme, host and port the client used."""

    @property
    def key(self) -> str:
        """The path in lower case, without a slash at its end."""
        return self.path.lower().rstrip("/")

    def parameter(self, name: str) -> str | None:
        """A query parameter; names compare without case, as in Azure."""
        lowered = name.lower()
        return next((value for key, value in self.query.items() if key.lower() == lowered), None)

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


@dataclass(slots=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reset_after: int | None = None
    """The connection breaks after so many bytes of the body; None where it does not."""
    content_type: str = "application/json; charset=utf-8"


def json_reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body."""
    return Reply(status, orjson.dumps(body), dict(headers or {}))


def error_reply(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error in Azure Resource Manager's shape."""
    return json_reply(status, {"error": {"code": code, "message": message}}, headers)
