"""How values of a Terraform block come into an ARM body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from auditor.expressions.partial import Unknown

ABSENT: Final = object()
"""What a way gives where the block has no such attribute."""
Way = Callable[[Any], Any]
"""From a block's values to a body's value: None for what is not set, `Unknown` for what is not known."""


@dataclass(frozen=True, slots=True)
class Provided:
    """One resource type of the provider as a type of Azure."""

    type: str
    """The ARM type."""
    ways: Mapping[str, Way]
    """By path in the ARM body."""
    parent: str = ""
    """The attribute with the id of what it lies in; "" for the resource group named by `resource_group_name`."""
    name: str = "name"
    """The attribute with its name, or the name itself behind `=`."""
    within: tuple[str, ...] = ()
    """Attributes with the names of the parents in the group, for children that name these and no id."""
    children: tuple[Provided, ...] = ()
    """What the same block makes besides; each only where one of its values is set."""
    is_whole: bool = False
    """Whether what is not mapped can be taken for not set, so that facts can rely on the body."""
    never: frozenset[str] = field(default_factory=frozenset)
    """Paths that only the service writes, or that the provider cannot set."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A block that sets a property of another resource."""

    target: str
    """The attribute with the other resource's id."""
    ways: Mapping[str, Way]
    adds: bool = False
    """Whether its lists are added to those that are there."""


class Reading(dict[str, Any]):
    """A block's values, and the names of those that were asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """See `dict.get`."""
        self.names.add(key)
        return super().get(key, default)


def at(value: Any, path: str) -> Any:
    """A value by its path, `network_rules.0.bypass`; None where it is not set."""
    for step in path.split("."):
        if isinstance(value, Unknown):
            return value
        if step.isdigit():
            value = value[int(step)] if isinstance(value, list) and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return None if value == "" else value


def attribute(*paths: str) -> Way:
    """The first of some attributes that is set: names change from one version of the provider to the next.

    ABSENT where the block has none of them, so that nothing is known; None where they are not set.
    """
    heads = [path.partition(".")[0] for path in paths]

    def read(values: Any) -> Any:
        found = next((found for path in paths if (found := at(values, path)) is not None), None)
        is_there = not isinstance(values, Mapping) or any(head in values for head in heads)
        return found if found is not None or is_there else ABSENT

    return read


def known(path: str) -> Way:
    """A value that counts as not set as long as only applying shows it."""
    read = attribute(path)
    return lambda values: None if isinstance(found := read(values), Unknown) else found


def negated(*paths: str) -> Way:
    """The opposite of a truth value."""
    read = attribute(*paths)
    return lambda values: (not found) if isinstance(found := read(values), bool) else found


def either(positive: str, negative: str) -> Way:
    """A truth value that one version of the provider calls by its opposite."""

    def read(values: Any) -> Any:
        found = attribute(positive)(values)
        return negated(negative)(values) if found is ABSENT or found is None else found

    return read


def switched(*paths: str, on: Any = "Enabled", off: Any = "Disabled") -> Way:
    """A truth value in the service's words."""
    read = attribute(*paths)
    return lambda values: (on if found else off) if isinstance(found := read(values), bool) else found


def constant(value: Any) -> Way:
    """What the provider always sends."""
    return lambda _values: value


def given(path: str, there: Any, absent: Any = None) -> Way:
    """One value where something is set, another where it is not."""

    def read(values: Any) -> Any:
        found = attribute(path)(values)
        return found if isinstance(found, Unknown) or found is ABSENT else absent if found in (None, []) else there

    return read


def translated(path: str, words: Mapping[Any, Any]) -> Way:
    """A value in the service's words; one that has none stays."""

    def read(values: Any) -> Any:
        found = attribute(path)(values)
        return words.get(found, found) if isinstance(found, str | bool) else found

    return read


def seconds(path: str) -> Way:
    """A point in time, which the provider writes as `2027-01-31T00:00:00Z` and the service as seconds since 1970."""
    read = attribute(path)

    def written(values: Any) -> Any:
        found = read(values)
        if not isinstance(found, str):
            return found
        try:
            return int(datetime.fromisoformat(found).timestamp())
        except ValueError:
            return Unknown(f"{path} is no point in time")

    return written


def joined(separator: str, *paths: str) -> Way:
    """Texts put together."""

    def read(values: Any) -> Any:
        parts = [at(values, path) for path in paths]
        unknown = next((part for part in parts if isinstance(part, Unknown)), None)
        return unknown or (None if None in parts else separator.join(map(str, parts)))

    return read


@dataclass(frozen=True, slots=True)
class Each:
    """A list of blocks, or of single values under the path `.`."""

    path: str
    ways: Mapping[str, Way]

    def __call__(self, values: Any) -> Any:
        """The list in the body."""
        found = attribute(self.path)(values)
        return [made(self.ways, one) for one in found] if isinstance(found, list) else found


def each(path: str, ways: Mapping[str, Way]) -> Each:
    """See `Each`."""
    return Each(path, ways)


def element(values: Any) -> Any:
    """An element of a list as it is."""
    return values


def words(path: str, separator: str, end: str = "") -> Way:
    """A set of words as one text: `Logging, AzureServices`."""

    def read(values: Any) -> Any:
        found = attribute(path)(values)
        if not isinstance(found, list) or not found:
            return None if found == [] else found
        unknown = next((one for one in found if isinstance(one, Unknown)), None)
        return unknown or separator.join(str(one) for one in found if one is not None) + end

    return read


def made(ways: Mapping[str, Way], values: Any, *, with_nulls: bool = False, always: bool = False) -> dict[str, Any]:
    """An object by its paths, without what is not set, or with null for it; `always` for what is ABSENT too."""
    body: dict[str, Any] = {}
    for path, way in ways.items():
        found = way(values)
        if found is ABSENT and always:
            found = None
        if found is ABSENT or (found is None and not with_nulls):
            continue
        *above, last = path.split(".")
        place = body
        for step in above:
            place = place.setdefault(step, {})
        place[last] = found
    return body


def identity(values: Any) -> Any:
    """The `identity` block."""
    block = at(values, "identity.0")
    if not isinstance(block, Mapping):
        return block
    kind = at(block, "type")
    found: dict[str, Any] = {"type": kind} if kind is not None else {}
    listed = at(block, "identity_ids")
    if isinstance(listed, Unknown):
        found["userAssignedIdentities"] = listed
    elif isinstance(listed, list) and listed and all(isinstance(one, str) for one in listed):
        found["userAssignedIdentities"] = {one: {} for one in listed}
    elif listed:
        found["userAssignedIdentities"] = Unknown("an identity is only known when it is applied")
    if isinstance(kind, str) and kind.startswith("SystemAssigned"):
        found["principalId"] = Unknown("the identity is only known when it is applied")
    return found
