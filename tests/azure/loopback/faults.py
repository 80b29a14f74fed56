"""Faults, planned with a seed: what real networks, proxies and services do now and then.

Whether a request fails follows from the seed, the request and how often it was asked before, not from the order in
which concurrent requests arrive: a run with one seed is like every other with it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from tests.azure.loopback.paging import read_token, write_token
from tests.azure.loopback.wire import Reply, Request, error_reply, json_reply


class Kind(StrEnum):
    """What goes wrong."""

    THROTTLED = "throttled"
    """429 with `Retry-After`."""
    THROTTLED_BARE = "throttled-bare"
    """429 without `Retry-After`, as Microsoft Graph's conditional access answers."""
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server-error"
    RESET = "reset"
    """The connection breaks in the middle of the body."""
    REFUSED = "refused"
    """The connection breaks before any byte."""
    TRUNCATED = "truncated"
    """Whole HTTP, half a JSON document."""
    HTML = "html"
    """A proxy's page with status 200."""
    ERROR_IN_200 = "error-in-200"
    FOREIGN_HOST = "foreign-host"
    """`nextLink` leads to another host."""
    FOREIGN_SCHEME = "foreign-scheme"
    """`nextLink` leads to plain HTTP, or to HTTPS where HTTP was asked."""
    LOOP = "loop"
    """`nextLink` leads to the page it is on."""
    DUPLICATES = "duplicates"
    """Two items of each page come again on the next one, or at its end."""
    HUGE = "huge"
    """The body grows to 50 MB."""
    DEEP = "deep"
    """One more item that is nested 5,000 deep."""
    NULL_ITEMS = "null-items"
    """One more item that is null, one that is text, one without an id."""
    NULL_LIST = "null-list"
    """`"value": null` for the list."""
    NULL_PROPERTIES = "null-properties"
    """`"properties": null` for every item."""
    ODD_CASE = "odd-case"
    """Ids in upper case."""
    EMPTY = "empty"
    """Status 200 without a body."""


TRANSIENT = (Kind.THROTTLED, Kind.UNAVAILABLE, Kind.RESET, Kind.TRUNCATED)
"""What a second try cures."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned kind of fault."""

    kind: Kind
    share: float = 1.0
    """Of the requests that match, how many meet it: 0.05 for 5 %."""
    path: str = ""
    """Regular expression that the path, with its query, must match somewhere; without case. "" for all."""
    method: str = ""
    first: int | None = None
    """Only the first so many times each request is asked; None for always."""
    limit: int | None = None
    """Only so many times in all; None for always."""
    retry_after: str = "1"


@dataclass(slots=True)
class Faults:
    """The plan, and what came of it."""

    plan: Sequence[Fault] = ()
    seed: int = 1
    met: Counter[Kind] = field(default_factory=Counter)
    """How many requests met each kind."""
    _asked: Counter[str] = field(default_factory=Counter)

    def choose(self, request: Request) -> Fault | None:
        """The fault that this request meets, if any."""
        if not self.plan:
            return None
        body = hashlib.sha256(request.body).hexdigest()
        name = f"{request.method} {request.path}?{sorted(request.query.items())} {body}"
        times = self._asked[name]
        self._asked[name] += 1
        shown = request.path + "?" + "&".join(f"{k}={v}" for k, v in request.query.items())
        for number, fault in enumerate(self.plan):
            if self._hits(fault, number, request, name, shown, times):
                self.met[fault.kind] += 1
                return fault
        return None

    def _hits(self, fault: Fault, number: int, request: Request, name: str, shown: str, times: int) -> bool:
        if fault.method and fault.method != request.method:
            return False
        if fault.path and not re.search(fault.path, shown, re.IGNORECASE):
            return False
        if fault.first is not None and times >= fault.first:
            return False
        if fault.limit is not None and self.met[fault.kind] >= fault.limit:
            return False
        digest = hashlib.sha256(f"{self.seed} {number} {times} {name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < fault.share


def replacement(fault: Fault, request: Request) -> Reply | None:
    """The reply of a fault that keeps the request from being answered at all."""
    match fault.kind:
        case Kind.THROTTLED:
            words = (
                "Number of 'read' requests for subscription exceeded. Please try again after "
                f"'{fault.retry_after}' seconds after additional tokens are available. Refer to "
                "https://aka.ms/arm-throttling for additional information."
            )
            return error_reply(429, "SubscriptionRequestsThrottled", words, {"Retry-After": fault.retry_after})
        case Kind.THROTTLED_BARE:
            return error_reply(429, "TooManyRequests", "Too many requests.")
        case Kind.UNAVAILABLE:
            return error_reply(503, "ServiceUnavailable", "The service is unavailable. Please try again later.")
        case Kind.SERVER_ERROR:
            words = "Encountered internal server error. Diagnostic information: timestamp and tracking id."
            return error_reply(500, "InternalServerError", words)
        case Kind.HTML:
            return Reply(
                200, b"<!DOCTYPE html><html><body>Sign in to the network</body></html>", content_type="text/html"
            )
        case Kind.ERROR_IN_200:
            return json_reply(200, {"error": {"code": "InternalServerError", "message": "Something went wrong."}})
        case Kind.REFUSED:
            return Reply(200, b"", reset_after=0)
        case Kind.EMPTY:
            return Reply(200, b"")
        case _:
            return None


def spoil(fault: Fault, request: Request, reply: Reply) -> Reply:
    """A good reply as the fault leaves it."""
    if reply.status != 200:
        return reply
    if fault.kind is Kind.RESET:
        reply.reset_after = len(reply.body) // 2
    elif fault.kind is Kind.TRUNCATED:
        reply.body = reply.body[: len(reply.body) // 2]
    elif change := _CHANGES.get(fault.kind):
        body = orjson.loads(reply.body)
        change(body, request)
        reply.body = orjson.dumps(body)
    elif fault.kind is Kind.DEEP:
        reply.body = _with_deep_item(reply.body)
    return reply


def _with_deep_item(body: bytes) -> bytes:
    document = orjson.loads(body)
    items = document.get(_list_name(document))
    if not isinstance(items, list) or not items:
        return body
    marker = {**items[0], "id": f"{items[0]['id']}-deep", "name": "deep", "properties": "DEEP"}
    items.append(marker)
    nest = b'{"a":' * 5000 + b"1" + b"}" * 5000
    return orjson.dumps(document).replace(b'"DEEP"', nest)


def _list_name(body: dict[str, Any]) -> str:
    return "data" if "data" in body else "value"


def _foreign_host(body: dict[str, Any], request: Request) -> None:
    body["nextLink"] = f"https://attacker.example{request.path}?api-version=2021-04-01&$skipToken=1"


def _foreign_scheme(body: dict[str, Any], request: Request) -> None:
    scheme, _, rest = request.base.partition("://")
    other = "http" if scheme == "https" else "https"
    body["nextLink"] = f"{other}://{rest}{request.path}?api-version=2021-04-01&$skipToken=1"


def _loop(body: dict[str, Any], request: Request) -> None:
    token = request.parameter("$skiptoken") or write_token(0)
    query = "&".join(f"{k}={v}" for k, v in request.query.items() if k.lower() != "$skiptoken")
    if "data" in body:
        options = (request.json() or {}).get("options") or {}
        body["$skipToken"] = options.get("$skipToken") or write_token(0)
    else:
        body["nextLink"] = f"{request.base}{request.path}?{query}&$skipToken={token}"


def _duplicates(body: dict[str, Any], request: Request) -> None:
    name = _list_name(body)
    link = body.get("nextLink") or body.get("$skipToken")
    if not link:
        body[name] = [*body[name], *body[name][:2]]
        return
    head, found, token = link.rpartition("$skipToken=")
    offset = read_token(token if found else link) or 0
    again = write_token(max(1, offset - 2))
    if found:
        body["nextLink"] = head + found + again
    else:
        body["$skipToken"] = again


def _huge(body: dict[str, Any], request: Request) -> None:
    body["padding"] = "x" * (50 * 1024 * 1024)


def _null_items(body: dict[str, Any], request: Request) -> None:
    name = _list_name(body)
    body[name] = [*body[name], None, "text", {"name": "no id"}]


def _null_list(body: dict[str, Any], request: Request) -> None:
    body[_list_name(body)] = None


def _null_properties(body: dict[str, Any], request: Request) -> None:
    for item in body[_list_name(body)]:
        item["properties"] = None


def _odd_case(body: dict[str, Any], request: Request) -> None:
    for item in body[_list_name(body)]:
        item["id"] = item["id"].upper()


_CHANGES: dict[Kind, Callable[[dict[str, Any], Request], None]] = {
    Kind.FOREIGN_HOST: _foreign_host,
    Kind.FOREIGN_SCHEME: _foreign_scheme,
    Kind.LOOP: _loop,
    Kind.DUPLICATES: _duplicates,
    Kind.HUGE: _huge,
    Kind.NULL_ITEMS: _null_items,
    Kind.NULL_LIST: _null_list,
    Kind.NULL_PROPERTIES: _null_properties,
    Kind.ODD_CASE: _odd_case,
}
