"""Lists cut into pages with `nextLink`, serialised once."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from tests.azure.loopback.wire import Reply, Request, error_reply

if TYPE_CHECKING:
    from tests.azure.loopback.azure import LoopbackAzure


def page(
    azure: LoopbackAzure,
    request: Request,
    items: Sequence[Mapping[str, Any]],
    *,
    total: bool = False,
    cache_key: str = "",
) -> Reply:
    """The page of a list that `$skipToken` asks for; `cache_key` names lists that do not change between requests."""
    start = read_token(request.parameter("$skiptoken"))
    if start is None:
        return error_reply(400, "InvalidSkipToken", "The skip token is not valid.")
    size = _size(azure, request)
    chunk = _chunk(azure, items, start, size, cache_key)
    parts = [b'{"value":[', chunk, b"]"]
    if start + size < len(items):
        parts.append(b',"nextLink":' + orjson.dumps(next_link(request, start + size)))
    if total:
        parts.append(b',"count":' + orjson.dumps({"type": "Total", "value": len(items)}))
    parts.append(b"}")
    return Reply(200, b"".join(parts))


def _size(azure: LoopbackAzure, request: Request) -> int:
    top = request.parameter("$top")
    return min(int(top), azure.page_size) if top and top.isdigit() and int(top) else azure.page_size


def _chunk(azure: LoopbackAzure, items: Sequence[Mapping[str, Any]], start: int, size: int, cache_key: str) -> bytes:
    key = (cache_key, start, size)
    found = azure.page_cache.get(key) if cache_key else None
    if found is None:
        found = b",".join(orjson.dumps(item) for item in items[start : start + size])
        if cache_key:
            azure.page_cache[key] = found
    return found


def next_link(request: Request, offset: int) -> str:
    """The same request, with a token for where it goes on."""
    kept = {name: value for name, value in request.query.items() if name.lower() != "$skiptoken"}
    query = "&".join(f"{quote(name, safe='$-')}={quote(value, safe='')}" for name, value in kept.items())
    return f"{request.base}{quote(request.path, safe='/:$')}?{query}&$skipToken={write_token(offset)}"


def write_token(offset: int) -> str:
    """An opaque token for an offset."""
    return base64.urlsafe_b64encode(b"offset:%d" % offset).decode().rstrip("=")


def read_token(text: str | None) -> int | None:
    """The offset of a token, 0 where there is none; None for one that was not written here."""
    if not text:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        return int(number) if name == "offset" else None
    except ValueError:
        return None
