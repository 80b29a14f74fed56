"""What came back: a JSON object, or a trouble with a code, words fit for a report, and whether to try again."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from auditor.inventory.model import Json
from auditor.secrets.signs import looks_random, swept

_MAX_MESSAGE = 300
_WORD = re.compile(r"[\w+/=~.-]{24,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\s]+")
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|(?<=Bearer )\S+|(?<=sig=)[^&\s]+")
_VERSIONS = re.compile(r"supported api-versions are '([0-9A-Za-z,\- ]*)'", re.IGNORECASE)
_CODE = re.compile(r"[^A-Za-z0-9_.:\-]")

TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_TRANSIENT_CODES = frozenset(
    {
        "retryableerrorduetoanotheroperation",  # Network answers 429 or 409 for a lock that is held for a moment
        "anotheroperationinprogress",
        "toomanyrequests",
        "ratelimiting",
        "gatewaytimeout",
        "internalservererror",
        "servertimeout",
        "serviceunavailable",
        "resourcecollectionrequeststhrottled",
        "subscriptionrequeststhrottled",
        "operationtimedout",
        "unknownerror",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer."""

    body: Json
    """A JSON object, or a list where a service answers with a bare one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, names in lower case."""
    size: int = 0
    """Bytes of its body."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer that is of no use, or none at all."""

    status: int | None
    """HTTP status, None where there was no answer."""
    code: str
    """The service's error code, or ours: `Unreachable`, `TruncatedAnswer`, `NotJson`, ..."""
    message: str
    """One line, control characters and whatever looks like a token removed."""
    transient: bool = False
    """Whether the same request may succeed a little later."""
    retry_after_s: float | None = None
    """How long the service wants us to wait."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, names in lower case."""
    versions: tuple[str, ...] = ()
    """API versions that the service says it has instead, oldest first."""


def one_line(text: object) -> str:
    """A service's words, safe to store and show: one line, bounded, without control characters, keys or tokens.

    Services quote what they refuse: `The key 'x' is not valid`.
    """
    plain = _TOKEN.sub("[removed]", _CONTROL.sub(" ", str(text)[:4000])).strip()
    plain = _WORD.sub(
        lambda word: "[removed]" if looks_random(word[0]) else word[0], swept(plain, lambda _: "[removed]")
    )
    return plain if len(plain) <= _MAX_MESSAGE else plain[: _MAX_MESSAGE - 1] + "…"


def read_answer(status: int, headers: Mapping[str, str], content: bytes) -> Answer | Trouble:
    """Judge one complete answer."""
    if 300 <= status < 400:
        return Trouble(status, "Redirected", "the service redirects to another address, which is not followed")
    if status >= 400:
        return _trouble_of(status, headers, content)
    if status == 204:
        return Answer({}, headers)
    try:
        body = parse(content)
    except orjson.JSONDecodeError as error:
        return _not_json(status, headers, content, error)
    if not isinstance(body, dict | list):
        return Trouble(status, "UnexpectedAnswer", "a JSON object was expected", transient=True, headers=headers)
    error_body = body.get("error") if isinstance(body, dict) and "value" not in body else None
    if isinstance(error_body, Mapping) and "code" in error_body and "id" not in body:
        code, message = error_of(body)
        return Trouble(status, code, message, transient=True, headers=headers)
    return Answer(body, headers, len(content))


def parse(content: bytes) -> Json:
    """JSON as services write it: also after a byte-order mark, and with half a surrogate pair in a text.

    Raises orjson.JSONDecodeError.
    """
    try:
        return orjson.loads(content.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        if "surrogate" not in str(error) and "UTF-8" not in str(error):
            raise
        try:
            # The slower parser takes them; a number of thousands of digits it does not.
            return _whole_text(json.loads(content.decode("utf-8-sig", "replace")))
        except (ValueError, RecursionError):
            raise error from None


def _whole_text(value: Json) -> Json:
    """The value with U+FFFD for each half of a surrogate pair, which UTF-8 cannot hold."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_whole_text(item) for item in value]
    if isinstance(value, dict):
        return {_whole_text(name): _whole_text(item) for name, item in value.items()}
    return value


def _not_json(
    status: int, headers: Mapping[str, str], content: bytes, error: orjson.JSONDecodeError
) -> Answer | Trouble:
    if "depth limit" in str(error) or "recursion" in str(error).lower():
        return Trouble(status, "TooDeep", "the answer is nested too deeply to be read")
    start = content[:256].lstrip()
    if start[:1] == b"<":
        words = "an HTML or XML page came instead of JSON; a proxy or sign-in page may be in the way"
        return Trouble(status, "NotJson", words, transient=True, headers=headers)
    if start[:1] in (b"{", b"["):
        return Trouble(status, "TruncatedAnswer", "the answer ended too early", transient=True, headers=headers)
    return Trouble(status, "NotJson", "the answer is not JSON", transient=True, headers=headers)


def _trouble_of(status: int, headers: Mapping[str, str], content: bytes) -> Trouble:
    try:
        body = parse(content)
    except orjson.JSONDecodeError:  # an HTML page, or cut off: the status says enough
        body = None
    code, message = error_of(body)
    # Whoever refuses one token may take the next; how often that is tried is for the caller to say.
    transient = _is_transient(status) or status == 401 or (status == 409 and code.lower() in _TRANSIENT_CODES)
    return Trouble(
        status,
        code or f"Http{status}",
        message or f"HTTP status {status}",
        transient,
        retry_after(headers),
        headers,
        _supported_versions(content) if status in (400, 404) else (),
    )


def _is_transient(status: int) -> bool:
    """Whether the same request may succeed later: gateways in between have statuses of their own above 504."""
    return status in TRANSIENT_STATUS or (status > 505 and status != 511)


def _supported_versions(content: bytes) -> tuple[str, ...]:
    """What a refused API version is answered with; national and private clouds are often some versions behind.

    "No registered resource provider found for location ... The supported api-versions are '2015-01-01, 2016-06-01'"
    (https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider).
    """
    found = _VERSIONS.search(content[:65536].decode("utf-8", "replace"))
    return tuple(sorted(version.strip() for version in found.group(1).split(",") if version.strip())) if found else ()


def error_of(body: Json) -> tuple[str, str]:
    """Code and message of an error body; "" for what it does not say.

    ARM and Microsoft Graph nest both below `error`; some providers write them at the top, App Service with capitals;
    Entra ID writes `error` and `error_description`.
    """
    if not isinstance(body, Mapping):
        return "", ""
    inner = body.get("error") or body.get("odata.error") or body
    if isinstance(inner, str):
        return _CODE.sub("", inner)[:80], one_line(body.get("error_description") or "")
    if not isinstance(inner, Mapping):
        return "", ""
    code = inner.get("code") or inner.get("Code") or ""
    message = inner.get("message") or inner.get("Message") or ""
    if isinstance(message, Mapping):  # OData wraps it: {"lang": "en", "value": "..."}
        message = message.get("value") or ""
    details = _details(inner)
    return _CODE.sub("", str(code))[:80], one_line(message if not details else f"{message} {details}")


def _details(error: Mapping[str, Json]) -> str:
    """Resource Graph says only `Please provide below info when asking for support` on top; the cause is inside."""
    details = error.get("details")
    if not isinstance(details, list):
        return ""
    texts = [str(d.get("message")) for d in details if isinstance(d, Mapping) and d.get("message")]
    return "; ".join(texts)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks us to wait; None where it does not say.

    `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3); some services add milliseconds; Resource
    Graph says when its window resets as hh:mm:ss
    (https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
    """
    for name, scale in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if not value:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            if (moment := _http_date(value)) is not None:
                return max(0.0, (moment - datetime.now(UTC)).total_seconds())
            continue
        if not math.isnan(seconds):
            return max(0.0, seconds)
    return quota_resets_after(headers)


def quota_resets_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until Resource Graph's quota window begins anew."""
    value = headers.get("x-ms-user-quota-resets-after", "")
    parts = value.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    total = hours * 3600 + minutes * 60 + seconds
    return max(0.0, total) if math.isfinite(total) else None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
