"""What is published of each type's shape, from `published.json`, which `extract.py` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("published.json")

# Every object of Azure Resource Manager may have these:
# https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/common-api-details.md#proxy-resource-definition
_COMMON = frozenset({"id", "name", "type", "etag", "tags", "location", "systemdata", "managedby", "kind"})


@dataclass(frozen=True, slots=True)
class Published:
    """A type as it is published."""

    type: str
    read: str
    """API version that the collection table asks for; "" where Resource Graph answers."""
    published: str
    """The version that the shape is of: the same, or the nearest that could be read."""
    source: str
    """Folder of https://github.com/Azure/azure-rest-api-specs, or a page of Microsoft Learn."""
    shape: Any


@cache
def _data() -> dict[str, Any]:
    return json.loads(DATA.read_text("utf-8"))


@cache
def published() -> Mapping[str, Published]:
    """All types, by type key."""
    return {name.lower(): Published(name, **entry) for name, entry in _data()["types"].items()}


def resolved(shape: Any) -> Any:
    """A shape, an object's by its members."""
    return _data()["objects"][shape[1:]] if isinstance(shape, str) and shape.startswith("@") else shape


def unknown_paths(kind: str, body: Any) -> Iterator[str]:
    """Paths of a body, elements as `[*]`, that the type is not published with; names compare without case."""
    yield from _unknown(published()[kind.lower()].shape, body, "")


def _unknown(shape: Any, value: Any, path: str) -> Iterator[str]:
    shape = resolved(shape)
    if shape == "any" or value is None:
        return
    if isinstance(value, list):
        inner = shape[0] if isinstance(shape, list) else None
        if inner is None:
            yield f"{path}[*]"
            return
        for element in value:
            yield from _unknown(inner, element, f"{path}[*]")
    elif isinstance(value, Mapping):
        if not isinstance(shape, Mapping):
            yield f"{path}{{}}"
            return
        members = {name.lower(): inner for name, inner in shape.items()}
        for name, inner in value.items():
            at = f"{path}.{name}" if path else name
            if name.lower() in members:
                yield from _unknown(members[name.lower()], inner, at)
            elif "*" in members:
                yield from _unknown(members["*"], inner, f"{path}[*]")
            elif path or name.lower() not in _COMMON:
                yield at
    elif isinstance(shape, Mapping | list) and value != "":
        yield f"{path}=text"
