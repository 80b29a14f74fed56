"""JSON bytes of a document, whatever its values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.inventory.model import Unread


def encode(document: Any, *, pretty: bool = True) -> bytes:
    """UTF-8 JSON with keys in their given order, ended by a newline when pretty.

    Text that UTF-8 cannot hold (half of a surrogate pair) is written escaped, as are integers beyond 64 bits as they
    are: a resource's body can hold both.
    """
    import orjson

    try:
        flags = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
        return orjson.dumps(document, default=_foreign, option=flags)
    except TypeError:
        text = json.dumps(
            document, default=_foreign, indent=2 if pretty else None, separators=None if pretty else (",", ":")
        )
        return (text + "\n" * pretty).encode()


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds: `2026-11-01T08:01:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _foreign(value: Any) -> Any:
    if isinstance(value, Unread):
        return "(not read)"
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
