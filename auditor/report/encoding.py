"""JSON bytes of a document, whatever its values, harmless also where they are shown at a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from auditor.inventory.model import Unread

# What orjson writes as it is and a terminal or editor would act on: DEL and C1 controls, marks that hide or reorder
# text, line separators. In JSON they can stand inside strings only, where an escape means the same.
_ACTED_ON = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xa9]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb\xbe\xbf]"
)

_PIECE = 500
"""Items of a list that are encoded at once."""


def encode(document: Any, *, pretty: bool = True) -> bytes:
    """UTF-8 JSON with keys in their given order, ended by a newline when pretty.

    Text that UTF-8 cannot hold (half of a surrogate pair) is written escaped, as are integers beyond 64 bits as they
    are: a resource's body can hold both.
    """
    import orjson

    try:
        flags = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
        return _escaped(orjson.dumps(document, default=_foreign, option=flags))
    except TypeError:
        text = json.dumps(
            document, default=_foreign, indent=2 if pretty else None, separators=None if pretty else (",", ":")
        )
        return (text + "\n" * pretty).encode()


def encode_with_list(document: Mapping[str, Any], name: str, items: Iterable[Any]) -> Iterator[bytes]:
    """The bytes of `encode` in pieces, with `items` as the list that the document leaves empty at `name`."""
    before, mark, after = encode(document).partition(f'\n  "{name}": []'.encode())
    assert mark  # noqa: S101 - the document has it
    yield before
    opened, closed = f'{{\n  "{name}": [\n'.encode(), b"\n  ]\n}\n"
    items, first = iter(items), True
    while piece := list(islice(items, _PIECE)):
        text = encode({name: piece})
        yield (b"\n" + opened[2:] if first else b",\n") + text[len(opened) : -len(closed)]
        first = False
    yield mark + after if first else b"\n  ]" + after


def _escaped(data: bytes) -> bytes:
    if data.isascii() and b"\x7f" not in data:
        return data
    return _ACTED_ON.sub(lambda found: f"\\u{ord(found.group().decode()):04x}".encode(), data)


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
