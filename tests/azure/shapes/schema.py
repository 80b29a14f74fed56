"""What is published of each type's shape.

`published.json` is written by `extract.py`; `unlisted.json` has, by hand, the few types that no deployment can name and
that the extracted files therefore lack. A shape is `string`, `integer`, `boolean`, `any`, `=A|B` (the words that a text
takes), `[x]` (a list), `{"name": x}` (an object), `{"*": x}` (one with names of the owner's) or `@name`, an object that
several hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("published.json")
_BY_HAND = DATA.with_name("unlisted.json")
Steps = tuple[str, ...]

# What answers may have beside what a type declares: the envelope of every resource
# (https://learn.microsoft.com/rest/api/resources/resources/list#genericresourceexpanded), and the columns of a row of
# Resource Graph (https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language).
_ENVELOPE = frozenset(
    {
        *("id", "name", "type", "location", "tags", "etag", "kind", "sku", "plan", "identity", "managedby"),
        *("extendedlocation", "zones", "systemdata", "properties", "subscriptionid", "resourcegroup", "tenantid"),
        *("displayname",),
    }
)
MARK = "$secret"


@dataclass(frozen=True, slots=True)
class Published:
    """A type as it is published."""

    type: str
    read: str
    """API version that the collection table asks for; "" where Resource Graph answers."""
    published: str
    """The version that the shape is of: the same, or the nearest one that the checkout had."""
    source: str
    """Folder of https://github.com/Azure/azure-rest-api-specs, or a page of Microsoft Learn."""
    shape: Any


@cache
def _data() -> dict[str, Any]:
    return json.loads(DATA.read_text("utf-8"))


@cache
def published() -> Mapping[str, Published]:
    """All types, by type key."""
    types = _data()["types"] | json.loads(_BY_HAND.read_text("utf-8"))["types"]
    return {name.lower(): Published(name, **entry) for name, entry in types.items()}


def resolved(shape: Any) -> Any:
    """A shape, a named object's by its members."""
    return _data()["objects"][shape[1:]] if isinstance(shape, str) and shape.startswith("@") else shape


def is_published(kind: str, path: Steps) -> bool:
    """Whether a type has a path, elements as `[*]`; names compare without case."""
    return _has(published()[kind.lower()].shape, path, top=True)


def _has(shape: Any, path: Steps, *, top: bool = False) -> bool:
    shape = resolved(shape)
    if not path or shape == "any" or path[0] == MARK:
        return True
    step, rest = path[0].lower(), path[1:]
    if step == "[*]":
        return isinstance(shape, list) and _has(shape[0], rest)
    members = {name.lower(): inner for name, inner in shape.items()} if isinstance(shape, Mapping) else {}
    if step in members or "*" in members:
        return _has(members.get(step, members.get("*")), rest)
    return top and step in _ENVELOPE and not rest


def paths_of(value: Any, path: Steps = ()) -> Iterator[Steps]:
    """The paths of everything in a body; a redaction mark is the text that it stands for."""
    if isinstance(value, Mapping) and MARK not in value:
        for name, inner in value.items():
            yield (*path, name)
            yield from paths_of(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping | list):
                yield (*path, "[*]")
                yield from paths_of(inner, (*path, "[*]"))


def shown(path: Steps) -> str:
    """A path as users write it."""
    return ".".join(path).replace(".[*]", "[*]")
