"""What the table of changes says of two states of one body: a property a line, values as text.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes and
https://learn.microsoft.com/rest/api/resources/changes/get
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT = object()


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` of a record, by the path of each property that differs."""
    old, new = dict(_leaves("", before)), dict(_leaves("", after))
    found = {}
    for path in sorted({*old, *new}):
        was, now = old.get(path, _ABSENT), new.get(path, _ABSENT)
        if was != now:
            how = "Insert" if was is _ABSENT else "Remove" if now is _ABSENT else "Update"
            found[path] = {
                "propertyChangeType": how,
                "changeCategory": "User",
                "previousValue": _text(was),
                "newValue": _text(now),
            }
    return found


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(f"{path}[{number}]", inner)
    else:
        yield path, value


def _text(value: Any) -> str:
    return "null" if value is None or value is _ABSENT else str(value)
