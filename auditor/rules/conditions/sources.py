"""What a count can go over: array elements, literal values, and related resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from auditor.expressions.values import MISSING, Undecidable, as_text, equal, is_null
from auditor.inventory import ids
from auditor.inventory.coverage import ELSEWHERE
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from auditor.rules.conditions.fields import BodyReader, ChildReader, FactReader, Reader, UnprovenReader, checked
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.paths import Found, Step, find, find_all
from auditor.rules.conditions.template import Value
from auditor.rules.model import Unknown


def _unknown(gap: Gap | None) -> Unknown | None:
    return Unknown((gap,), gap.message) if gap else None


def _behind(gaps: Iterable[Gap]) -> Unknown | None:
    """What several gaps leave open, each told once; None where there is none."""
    told = tuple(dict.fromkeys(gaps))
    return Unknown(told, told[0].message) if told else None


@dataclass(frozen=True, slots=True)
class ArraySource:
    """The elements of an array in the body or in a fact, or a property of each."""

    name: str
    reader: BodyReader | FactReader
    segments: tuple[tuple[Step, ...], ...]
    """The path from where the reader starts, cut behind each `[*]`."""
    rest: tuple[Step, ...]
    """Path of the property below each element; empty for the element itself."""
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`: every array on the way has one element in each frame, as if there were no other."""
        start = self.reader.start(frame)
        chains: list[tuple[Found, ...]] = [(start,)]
        for segment in self.segments:
            chains = [(*chain, element) for chain in chains for element in _elements(chain[-1], segment)]
        frames = []
        for chain in chains:
            value = find(chain[-1].value, self.rest)
            if value is not MISSING:
                frames.append(frame.at_elements(chain[1:], value, self.current))
        return frames, None


def _elements(start: Found, segment: tuple[Step, ...]) -> Iterable[Found]:
    """The elements of one array. Raises Undecidable where it was not read."""
    above = segment[:-1]  # the last step is `[*]`
    value = checked(find(start.value, above)) if above else checked(start.value)
    if not isinstance(value, list):
        return
    at = (*start.steps, *above)
    for index, element in enumerate(value):
        yield Found((*at, index), element)


@dataclass(frozen=True, slots=True)
class CollectionSource:
    """The values that an alias into children selects."""

    name: str
    reader: ChildReader | UnprovenReader
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`."""
        values = [value for value in self.reader.read(frame) if value is not MISSING]
        read = [value for value in values if not isinstance(value, Unread)]
        more = _behind(value.gap for value in values if isinstance(value, Unread))
        return [frame.at_value(value, self.current) for value in read], more


@dataclass(frozen=True, slots=True)
class ValueSource:
    """A literal array, or one that an expression gives."""

    name: str
    value: Value
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`."""
        values = self.value(frame)
        if is_null(values) or values == "":
            return [], None
        if not isinstance(values, list):
            raise Undecidable("count.value is not an array")
        return [frame.at_value(value, self.current) for value in values], None


@dataclass(frozen=True, slots=True)
class OfType:
    """Elements of a resource of one type; none on resources of others."""

    type: str
    inner: ArraySource

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self.inner.name

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`."""
        return self.inner.frames(frame) if frame.resource.type_key == self.type else ([], None)


@dataclass(frozen=True, slots=True)
class Forwards:
    """Resources whose ids a property of this one holds."""

    name: str
    reader: Reader
    type: str
    """Type key that they must have; "" for any."""
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`: an id of what was not read leaves the count open."""
        inventory = frame.context.inventory
        found: dict[str, Resource] = {}
        gaps: list[Gap] = []
        for target in self._targets(frame):
            resource = self._resolve(inventory, target)
            if resource is not None:
                found.setdefault(resource.key, resource)
            elif gap := self._gap(inventory, target):
                gaps.append(gap)
        return [frame.at_resource(resource, self.current) for resource in found.values()], _behind(gaps)

    def _targets(self, frame: Frame) -> Iterable[str]:
        value = self.reader.read(frame)
        for item in map(checked, value if isinstance(value, list) else [value]):
            if isinstance(item, Mapping):  # identity.userAssignedIdentities is keyed by ids
                yield from (key for key in item if key.startswith("/"))
            elif isinstance(item, list):
                yield from (element for element in item if isinstance(element, str) and element)
            elif isinstance(item, str) and item:
                yield item

    def _resolve(self, inventory: Inventory, target: str) -> Resource | None:
        resource = inventory.get(target) or inventory.nearest(target)
        if resource is not None and self.type and resource.type_key != self.type:
            return None
        return resource

    def _gap(self, inventory: Inventory, target: str) -> Gap | None:
        wanted = ids.type_key(ids.type_of_id(target)) or self.type
        if self.type and wanted != self.type and not wanted.startswith(self.type + "/"):
            return None  # what is referred to is of another type, so it does not count anyway
        return inventory.gap(self.type or wanted, target) if wanted else None


@dataclass(frozen=True, slots=True)
class Backwards:
    """Resources of given types that hold the id of this one."""

    name: str
    types: tuple[str, ...]
    path: str | None
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`."""
        inventory = frame.context.inventory
        found = [r for kind in self.types for r in inventory.referencing(frame.resource, kind, self.path)]
        gaps = [gap for kind in self.types if (gap := inventory.gap(kind, None))]
        return [frame.at_resource(r, self.current) for r in found], _behind(gaps)


@dataclass(frozen=True, slots=True)
class Children:
    """Children of this resource, or resources that extend it."""

    name: str
    child: str
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`."""
        inventory, resource = frame.context.inventory, frame.resource
        child_type = self.child if "." in self.child.partition("/")[0] else f"{resource.type_key}/{self.child}"
        found = inventory.children(resource, self.child)
        return [frame.at_resource(r, self.current) for r in found], _unknown(inventory.gap(child_type, resource.id))


@dataclass(frozen=True, slots=True)
class Parent:
    """The resource that contains this one."""

    name: str
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`: what contains a resource exists, so that where it is not here it was not read."""
        inventory = frame.context.inventory
        parent_id = ids.parent_of(frame.resource.id)
        parent = inventory.get(parent_id) if parent_id else None
        if parent is not None:
            return [frame.at_resource(parent, self.current)], None
        parent_type = ids.type_of_id(parent_id)
        gap = inventory.gap(parent_type, parent_id) or inventory.gap(parent_type, ELSEWHERE) if parent_type else None
        return [], _unknown(replace(gap, scope=parent_id, message=f"{parent_id} was not read") if gap else None)


SUBSCRIPTION: tuple[Step, ...] = ("subscription_id",)
"""The path in another resource that stands for the subscription it is in."""

_indexes: WeakKeyDictionary[Inventory, dict[tuple[str, tuple[Step, ...]], dict[str, list[Resource]]]] = (
    WeakKeyDictionary()
)


def _index(inventory: Inventory, resource_type: str, steps: tuple[Step, ...]) -> dict[str, list[Resource]]:
    """Resources of a type by what they have at a path, as lower-cased text."""
    tables = _indexes.setdefault(inventory, {})
    table = tables.get((resource_type, steps))
    if table is None:
        table = tables[(resource_type, steps)] = {}
        for resource in inventory.of_type(resource_type):
            for value in _theirs(resource, steps):
                if not is_null(value) and not isinstance(value, list | Mapping):
                    table.setdefault(as_text(value).lower(), []).append(resource)
    return table


# Types whose names are unique in a cloud, as they are part of host names:
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_WORLDWIDE = frozenset(
    {
        "microsoft.containerregistry/registries",
        "microsoft.documentdb/databaseaccounts",
        "microsoft.eventhub/namespaces",
        "microsoft.keyvault/managedhsms",
        "microsoft.keyvault/vaults",
        "microsoft.servicebus/namespaces",
        "microsoft.sql/servers",
        "microsoft.storage/storageaccounts",
        "microsoft.web/sites",
    }
)


@dataclass(frozen=True, slots=True)
class Matching:
    """Resources of a type that have the same values at given paths: a join that is not by id."""

    name: str
    type: str
    pairs: tuple[tuple[tuple[Step, ...], Reader | Value], ...]
    """Path in the other resource, and what gives the value here."""
    current: str

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`: a missing value matches nothing."""
        inventory = frame.context.inventory
        wanted = [(steps, self._values(source, frame)) for steps, source in self.pairs]
        first_steps, first_values = wanted[0]
        table = _index(inventory, self.type, first_steps)
        found = {r.key: r for value in first_values for r in table.get(as_text(value).lower(), ())}
        kept = [r for r in found.values() if r is not frame.resource and all(_agrees(r, *pair) for pair in wanted[1:])]
        more = _unknown(self._gap(inventory, found=bool(kept))) if all(values for _, values in wanted) else None
        return [frame.at_resource(r, self.current) for r in kept], more

    def _gap(self, inventory: Inventory, *, found: bool) -> Gap | None:
        """Why there may be more; of a name that only one resource in the world can have, where that one is."""
        if not self._is_unique:
            return inventory.gap(self.type, None)
        return None if found else inventory.gap(self.type, None) or inventory.gap(self.type, ELSEWHERE)

    @property
    def _is_unique(self) -> bool:
        return self.type in _WORLDWIDE and any(steps == ("name",) for steps, _ in self.pairs)

    @staticmethod
    def _values(source: Reader | Value, frame: Frame) -> list[Any]:
        value = source(frame) if callable(source) else source.read(frame)
        values = list(map(checked, value if isinstance(value, list) else [value]))
        return [item for item in values if not is_null(item) and item != "" and not isinstance(item, list | Mapping)]


def _agrees(resource: Resource, steps: tuple[Step, ...], values: list[Any]) -> bool:
    return any(equal(mine, value) for mine in _theirs(resource, steps) for value in values)


def _theirs(resource: Resource, steps: tuple[Step, ...]) -> list[Any]:
    """What the other resource has at a path; its subscription stands in its id and not in its body."""
    return [resource.subscription_id] if steps == SUBSCRIPTION else find_all(resource.body, steps)
