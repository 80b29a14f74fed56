"""What differs between two JSON values and between two inventories, property by property.

Order and spelling that mean nothing are no change: names of properties and ids compare without case, lists of objects
by the name or id of their elements, lists of other values as sets, a property that is null as one that is missing. A
secret's keyed hash differs from snapshot to snapshot, so secrets compare by what else is known of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.evaluate.difference import Kind, PropertyChange
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

_NAMES = ("name", "id", "key")
_VOLATILE = frozenset({"etag"})
_SECRET = "$secret"  # noqa: S105 - the mark of a replaced secret, not one


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: str
    kind: Kind
    before: Json = None
    after: Json = None


def property_changes(old: Inventory, new: Inventory) -> Iterator[PropertyChange]:
    """Every property that differs, by resource and path; a resource that only one of them has is one change.

    A resource that is missing where its type could not be read is no longer readable, never removed.
    """
    for key in sorted({*old.by_key, *new.by_key}):
        before, after = old.by_key.get(key), new.by_key.get(key)
        if _is_part(before, old) and _is_part(after, new):
            continue  # its parent's body holds it, and is compared
        if before and after:
            for leaf in _of_resource(before, after):
                yield PropertyChange(after.id, leaf.path, leaf.kind, leaf.before, leaf.after)
        elif before:
            gone = Kind.UNREADABLE if new.gap(before.type_key, before.id) else Kind.REMOVED
            yield PropertyChange(before.id, "", gone)
        elif after:
            come = Kind.READABLE if old.gap(after.type_key, after.id) else Kind.ADDED
            yield PropertyChange(after.id, "", come)


def value_changes(resource: str, path: str, before: Json, after: Json) -> Iterator[PropertyChange]:
    """What differs between two values of one property, None being a missing one."""
    for leaf in _between(before, after, path):
        yield PropertyChange(resource, leaf.path, leaf.kind, leaf.before, leaf.after)


def canonical(value: Json) -> str:
    """One text for all ways of writing the same: see this module's beginning."""
    return json.dumps(_folded(value), sort_keys=True, default=str)


def without_hash(value: Json) -> Json:
    """A replaced secret without its keyed hash; any other value as it is."""
    secret = value.get(_SECRET) if isinstance(value, Mapping) and len(value) == 1 else None
    if not isinstance(secret, Mapping):
        return value
    return {_SECRET: {name: inner for name, inner in secret.items() if name != "hash"}}


def _is_part(resource: Resource | None, inventory: Inventory) -> bool:
    return resource is None or inventory.is_embedded(resource)


def _of_resource(before: Resource, after: Resource) -> Iterator[_Leaf]:
    """Top-level properties that one of the two did not read are told, and not compared."""
    if before.unread.keys() == after.unread.keys() and _written(before) == _written(after):
        return  # most are exactly what they were, and this is told quickly
    unread = {*before.unread, *after.unread}
    for name in sorted(unread):
        if (name in before.unread) != (name in after.unread):
            yield _Leaf(name, Kind.UNREADABLE if name in after.unread else Kind.READABLE)
    left, right = (_without(resource.body, unread | {"id"}) for resource in (before, after))
    if canonical(left) != canonical(right):
        yield from _between(left, right, "")


def _written(resource: Resource) -> bytes:
    """The body's bytes; unlike Python, JSON tells 0 and false apart."""
    import orjson

    try:
        return orjson.dumps(resource.body)
    except TypeError:  # an integer beyond 64 bits, or half of a surrogate pair
        return json.dumps(resource.body, default=str).encode()


def _without(body: Mapping[str, Json], names: set[str]) -> dict[str, Json]:
    """The body without these properties; its type in lower case, as Resource Graph writes some of them."""
    return {
        name: value.lower() if name.lower() == "type" and isinstance(value, str) else value
        for name, value in body.items()
        if name.lower() not in names
    }


def _between(before: Json, after: Json, path: str) -> Iterator[_Leaf]:
    if canonical(before) == canonical(after):
        return
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
        yield _Leaf(path, kind, without_hash(before), without_hash(after))
    elif _is_object(before) and _is_object(after):
        yield from _objects(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    else:
        yield _Leaf(path, Kind.CHANGED, without_hash(before), without_hash(after))


def _is_object(value: Json) -> bool:
    return isinstance(value, Mapping) and _SECRET not in value


def _objects(before: Mapping[str, Json], after: Mapping[str, Json], path: str) -> Iterator[_Leaf]:
    spelt = {name.lower(): name for name in (*before, *after)}
    left, right = ({name.lower(): value for name, value in one.items()} for one in (before, after))
    for folded in sorted(spelt):
        if folded not in _VOLATILE:
            yield from _between(left.get(folded), right.get(folded), _below(path, spelt[folded]))


def _below(path: str, name: str) -> str:
    if any(mark in name for mark in ".[]'/ "):
        return f"{path}['{name}']"
    return f"{path}.{name}" if path else name


def _lists(before: Sequence[Json], after: Sequence[Json], path: str) -> Iterator[_Leaf]:
    if name := _naming(before, after):
        left, right = ({str(element[name]).lower(): element for element in one} for one in (before, after))
        spelt = {str(element[name]).lower(): str(element[name]) for element in (*before, *after)}
        for key in sorted(spelt):
            yield from _between(left.get(key), right.get(key), f"{path}['{_tail(spelt[key])}']")
        return
    here, there = ({canonical(element): element for element in one} for one in (before, after))
    gone = [here[text] for text in sorted(here) if text not in there]
    come = [there[text] for text in sorted(there) if text not in here]
    if len(gone) == len(come) == 1 and _is_object(gone[0]) and _is_object(come[0]):
        yield from _objects(gone[0], come[0], f"{path}[*]")
        return
    yield from (_Leaf(f"{path}[*]", Kind.REMOVED, before=without_hash(element)) for element in gone)
    yield from (_Leaf(f"{path}[*]", Kind.ADDED, after=without_hash(element)) for element in come)
    if not gone and not come:  # the same elements, some of them twice
        yield _Leaf(path, Kind.CHANGED, list(before), list(after))


def _naming(before: Sequence[Json], after: Sequence[Json]) -> str:
    """The property that tells the elements of both lists apart; "" where there is none."""
    for name in _NAMES:
        values = [
            [str(element[name]).lower() for element in one if isinstance(element, Mapping) and element.get(name)]
            for one in (before, after)
        ]
        whole = [len(found) == len(set(found)) == len(one) for found, one in zip(values, (before, after), strict=True)]
        if all(whole):
            return name
    return ""


def _tail(name: str) -> str:
    """An id's last segment: enough to tell elements of one list apart for a reader."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith("/") else name


def _folded(value: Json) -> Json:
    if isinstance(value, Mapping):
        bare = without_hash(value)
        return {
            name.lower(): _folded(inner)
            for name, inner in bare.items()
            if inner is not None and name.lower() not in _VOLATILE
        }
    if isinstance(value, list | tuple):
        return sorted(
            (_folded(element) for element in value), key=lambda one: json.dumps(one, sort_keys=True, default=str)
        )
    if isinstance(value, str) and value[:1] == "/":
        return value.rstrip("/").lower()
    return value
