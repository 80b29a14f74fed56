"""Reading ARM bodies of the network: values and ids at property names, compared without case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.facts.network.addresses import Interval, parse_prefix
from auditor.inventory import ids


def value(body: Any, *path: str) -> Any:
    """A value in a body by property names, compared without case; None where there is none."""
    for name in path:
        # Abstract classes answer slowly, and bodies are nearly always plain objects with names as ARM writes them.
        if type(body) is not dict and not isinstance(body, Mapping):
            return None
        if name in body:
            body = body[name]
            continue
        wanted, length = name.lower(), len(name)
        body = next((inner for key, inner in body.items() if len(key) == length and key.lower() == wanted), None)
    return body


def items(body: Any, *path: str) -> list[Any]:
    """A list in a body; empty where there is none."""
    found = value(body, *path)
    return found if isinstance(found, list) else []


def text(body: Any, *path: str) -> str:
    """A string in a body, lower-cased; "" where there is none."""
    found = value(body, *path)
    return found.lower() if isinstance(found, str) else ""


def key_at(body: Any, *path: str) -> str:
    """The lower-cased id that a body refers to, or ""."""
    found = value(body, *path, "id")
    return ids.id_key(found) if isinstance(found, str) else ""


def keys_at(body: Any, *path: str) -> frozenset[str]:
    """The lower-cased ids that a list of a body refers to."""
    return frozenset(ids.id_key(item["id"]) for item in items(body, *path) if isinstance(value(item, "id"), str))


def prefixes(texts: Iterable[Any]) -> Iterator[Interval]:
    """The prefixes and addresses of a list as intervals; what is none, such as a service tag, is left out."""
    for candidate in texts:
        if isinstance(candidate, str) and (interval := parse_prefix(candidate)):
            yield interval


def port(*candidates: Any) -> int | None:
    """The first of some values that is a port number, also where it is written as text."""
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.isdecimal():
            return int(candidate)
        if isinstance(candidate, int) and not isinstance(candidate, bool):
            return candidate
    return None


def name_of(key: str) -> str:
    """The last name of an id."""
    return key.rpartition("/")[2]
