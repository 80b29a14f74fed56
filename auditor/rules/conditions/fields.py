"""Readers: what a `field` gives for a resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

from auditor.expressions.values import MISSING, Undecidable
from auditor.inventory.ids import RESOURCE_GROUP_TYPE
from auditor.inventory.model import Resource, Unread
from auditor.rules.conditions.frame import Frame, Scope
from auditor.rules.conditions.paths import (
    EACH,
    BadPath,
    Found,
    Step,
    find,
    find_all,
    loosened,
    parse_path,
    pattern,
    places,
    show_path,
)
from auditor.rules.conditions.problems import Language, Place, nearest


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an Azure Policy alias leads."""

    path: str
    """Path in the body, `[*]` for arrays."""
    child: str = ""
    """Type segments of the child resource that holds it (`firewallRules`); "" for the resource itself."""
    type: str = ""
    """Type key that the resource must have for the alias to say anything of it; "" for any."""
    by_type: tuple[tuple[str, str], ...] = ()
    """Type keys with the paths that it has there, for an alias that several types share."""
    unproven: str = ""
    """The alias, where nothing says that `path` is its place: what is not found there is not known to be missing."""


class AliasResolver(Protocol):
    """Knows the aliases of Azure Policy. `auditor.rules.policy` implements it.

    Asked once for each alias when a condition is compiled, and again for names that templates compute. It answers
    `AliasTarget("properties.securityRules[*].properties.access")` for a place in the judged body, and
    `AliasTarget("properties.state", child="securityAlertPolicies")` for one in child resources: the condition must
    then hold for every child, and the child's type becomes a need. None makes the alias a mistake of the condition.
    """

    def resolve(self, alias: str, types: tuple[str, ...]) -> AliasTarget | None:
        """Where an alias leads for a resource of one of `types` (lower-cased; empty: not known); None if unknown."""


class Reader(Protocol):
    """Reads one field."""

    @property
    def many(self) -> bool:
        """Whether it selects a collection: a condition then holds when it holds for every value."""

    def read(self, frame: Frame) -> Any:
        """The value, or the list of values where `many`, any of which may be `Unread`. Raises Undecidable."""

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """Each value, `Unread` ones included, with its path as users read it."""


def checked(value: Any) -> Any:
    """The value. Raises Undecidable for one that was not read."""
    if isinstance(value, Unread):
        raise Undecidable(value.gap.message or value.gap.code, (value.gap,))
    return value


def _place(frame: Frame, path: str) -> str:
    """A path, with the id before it where it is not the judged resource's."""
    judged = frame.resource is frame.context.resource
    return path if judged else f"{frame.resource.id}:{path}"


def _readable(frame: Frame, root: Step) -> None:
    """Raises Undecidable where the body's part was not read."""
    unread = frame.resource.unread
    if unread and isinstance(root, str) and (gap := unread.get(root.lower())):
        raise Undecidable(gap.message or gap.code, (gap,))


@dataclass(frozen=True, slots=True)
class BodyReader:
    """A path into the body, or below an array element that a surrounding count is at."""

    steps: tuple[Step, ...]
    """The whole path."""
    slot: int
    """Which surrounding element it starts from; -1 for the body."""
    rest: tuple[Step, ...]
    """What is left of the path from there."""
    many: bool

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        if frame.resource.unread:
            _readable(frame, self.steps[0])
        start = frame.resource.body if self.slot < 0 else frame.bound[self.slot].value
        if self.many:
            return find_all(start, self.rest)
        found = find(start, self.rest)
        return checked(found) if type(found) is Unread else found

    def found(self, frame: Frame) -> Iterator[Found]:
        """Each value with its place."""
        start = self.start(frame)
        yield from places(start.value, self.rest, start.steps)

    def start(self, frame: Frame) -> Found:
        """Where `rest` starts from. Raises Undecidable where that part of the body was not read."""
        _readable(frame, self.steps[0])
        return Found((), frame.resource.body) if self.slot < 0 else frame.bound[self.slot]

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        for found in self.found(frame):
            yield _place(frame, show_path(found.steps)), found.value


@dataclass(frozen=True, slots=True)
class OwnReader:
    """What every resource has, whether or not the body repeats it."""

    name: str
    get: Callable[[Resource], Any]
    many: bool = False

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        if frame.resource.unread:
            _readable(frame, self.name)
        return self.get(frame.resource)

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        yield _place(frame, self.name), self.get(frame.resource)


@dataclass(frozen=True, slots=True)
class FactReader:
    """A path below `facts.<family>`."""

    family: str
    rest: tuple[Step, ...]
    many: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        """The whole path."""
        return ("facts", self.family, *self.rest)

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        start = frame.context.facts.get(self.family, frame.resource)
        return find_all(start, self.rest) if self.many else checked(find(start, self.rest))

    def found(self, frame: Frame) -> Iterator[Found]:
        """Each value with its place."""
        start = self.start(frame)
        yield from places(start.value, self.rest, start.steps)

    def start(self, frame: Frame) -> Found:
        """Where `rest` starts from."""
        return Found(("facts", self.family), frame.context.facts.get(self.family, frame.resource))

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        for found in self.found(frame):
            yield _place(frame, show_path(found.steps)), found.value


@dataclass(frozen=True, slots=True)
class ChildReader:
    """An alias that leads into child resources: a collection over all of them, `Unread` for those that were not."""

    child: str
    inner: BodyReader
    many: bool = True

    def read(self, frame: Frame) -> list[Any]:
        """See `Reader.read`: what was read can decide where the rest is unknown."""
        return [value for _, value in self._values(frame)]

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        return self._values(frame)

    def _values(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        inventory, resource = frame.context.inventory, frame.resource
        for child in inventory.children(resource, self.child):
            gap = child.unread.get(str(self.inner.steps[0]).lower()) if child.unread else None
            if gap:
                yield f"{child.id}:{show_path(self.inner.steps)}", Unread(gap)
            else:
                yield from self.inner.locate(Frame(frame.context, child))
        if gap := inventory.gap(f"{resource.type_key}/{self.child.lower()}", resource.id):
            yield f"{resource.id}/{self.child}", Unread(gap)


@dataclass(frozen=True, slots=True)
class OfTypeReader:
    """An alias of one type in a condition over several: missing on resources of the others."""

    type: str
    inner: BodyReader
    many: bool

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        if frame.resource.type_key != self.type:
            return [] if self.many else MISSING
        return self.inner.read(frame)

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        if frame.resource.type_key == self.type:
            yield from self.inner.locate(frame)


@dataclass(frozen=True, slots=True)
class ByTypeReader:
    """An alias that several types share, each with a place of its own; missing on all others."""

    readers: Mapping[str, BodyReader]
    """By type key."""
    many: bool = False

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        reader = self.readers.get(frame.resource.type_key)
        return reader.read(frame) if reader else MISSING

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        if reader := self.readers.get(frame.resource.type_key):
            yield from reader.locate(frame)


@dataclass(frozen=True, slots=True)
class UnprovenReader:
    """An alias that nothing here knows: where it seems to lead it says something, and otherwise nothing is known."""

    alias: str
    inner: BodyReader | None

    @property
    def many(self) -> bool:
        """See `Reader.many`."""
        return self.inner is not None and self.inner.many

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        found = self.inner.read(frame) if self.inner else MISSING
        if found is MISSING or found == []:
            raise Undecidable(f"where the alias {self.alias} leads is not known")
        return found

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        self.read(frame)
        if self.inner:
            yield from self.inner.locate(frame)


@dataclass(frozen=True, slots=True)
class ComputedReader:
    """A field whose name is a template: `[concat('tags[', parameters('tagName'), ']')]`."""

    name: Callable[[Frame], Any]
    scope: Scope
    known: dict[str, Reader] = field(default_factory=dict)
    """Readers by the names met so far."""
    many: bool = False

    def read(self, frame: Frame) -> Any:
        """See `Reader.read`."""
        return self.resolve(frame).read(frame)

    def locate(self, frame: Frame) -> Iterator[tuple[str, Any]]:
        """See `Reader.locate`."""
        return self.resolve(frame).locate(frame)

    def resolve(self, frame: Frame) -> Reader:
        """The reader for the field that the template names here. Raises Undecidable where there is none."""
        name = str(self.name(frame))
        if name not in self.known:
            self.known[name] = self._compile(name)
        return self.known[name]

    def _compile(self, name: str) -> Reader:
        scope = replace(self.scope, problems=[], needs=[])
        reader = compile_field(name, scope, ())
        if reader is None or scope.problems:
            raise Undecidable(scope.problems[0].message if scope.problems else "the field cannot be read")
        return reader


def _type(resource: Resource) -> str:
    """The type; a resource group's with the subscription in between, as Azure Policy names it."""
    return RESOURCE_GROUP_TYPE if resource.type_key == RESOURCE_GROUP_TYPE.lower() else resource.type


def normal_location(text: str) -> str:
    """A region's name as Azure compares it: `East US 2` is `eastus2`."""
    return text.replace(" ", "").lower()


_OWN = {
    "id": OwnReader("id", lambda resource: resource.id),
    "name": OwnReader("name", lambda resource: resource.name),
    "type": OwnReader("type", _type),
    "fullname": OwnReader("fullName", lambda resource: resource.full_name),
    "location": OwnReader("location", lambda resource: normal_location(resource.location) or MISSING),
    "subscription_id": OwnReader("subscription_id", lambda resource: resource.subscription_id),
    "resource_group": OwnReader("resource_group", lambda resource: resource.resource_group),
}
_PLAIN_ROOTS = ("tags", "identity", "kind", "sku", "zones", "plan", "managedBy", "extendedLocation", "systemData")
_POLICY_ROOTS = frozenset(("tags", "identity", "kind", "id", "name", "type", "location", "fullname"))


@lru_cache(maxsize=65536)
def _parsed(text: str) -> tuple[Step, ...]:
    return parse_path(text)


def compile_field(text: str, scope: Scope, place: Place) -> Reader | None:
    """A reader for a field; None where it cannot be read, with the mistake noted in the scope."""
    if own := _OWN.get(text.lower()):
        return own
    try:
        if scope.language is Language.POLICY and (path := _policy_path(text, scope, place)) is not None:
            if isinstance(path, AliasTarget):
                return _alias_reader(path, scope)
            return _body_reader(_parsed(path), scope)
        if scope.language is Language.POLICY:
            return None
        return _rule_reader(_parsed(text), scope, place)
    except BadPath as error:
        scope.problem(place, str(error), "write properties.a.b, properties.list[*].c or tags['a name']")
        return None


def _rule_reader(steps: tuple[Step, ...], scope: Scope, place: Place) -> Reader | None:
    root = str(steps[0])
    if root.lower() == "facts":
        if len(steps) < 2 or not isinstance(steps[1], str):
            scope.problem(place, "facts needs the name of a fact family", "write facts.<family>.<path>")
            return None
        scope.need(facts=frozenset((steps[1],)))
        return _bound_reader(steps, scope) or FactReader(steps[1], steps[2:], EACH in steps)
    if len(steps) == 1 and (own := _OWN.get(root.lower())):
        return own
    if root.lower() == "microsoft" or "/" in root:
        scope.problem(place, f"{show_path(steps)!r} looks like an alias", "write the path in the body: properties....")
        return None
    return _body_reader(steps, scope)


def _alias_reader(target: AliasTarget, scope: Scope) -> Reader:
    if target.unproven:
        return UnprovenReader(
            target.unproven, _body_reader(loosened(_parsed(target.path)), scope) if target.path else None
        )
    if target.by_type:
        readers = {kind: _body_reader(loosened(_parsed(path)), scope) for kind, path in target.by_type}
        if len(scope.types) == 1:
            return readers.get(scope.types[0]) or _body_reader(loosened(_parsed(target.path)), scope)
        return ByTypeReader(readers)
    steps = loosened(_parsed(target.path))
    if target.child:
        scope.need(types=frozenset(f"{t}/{target.child}".lower() for t in scope.types))
        return ChildReader(target.child, BodyReader(steps, -1, steps, EACH in steps))
    reader = _body_reader(steps, scope)
    if target.type and scope.types != (target.type,):
        return OfTypeReader(target.type, reader, reader.many)
    return reader


def _policy_path(text: str, scope: Scope, place: Place) -> str | AliasTarget | None:
    root = text.partition(".")[0].partition("[")[0]
    if root.lower() in _POLICY_ROOTS:
        return text
    target: AliasTarget | None = scope.aliases.resolve(text, scope.types) if scope.aliases else None
    if target is None:
        scope.problem(place, f"the alias {text!r} is not known", nearest(text, _POLICY_ROOTS))
    return target


def _body_reader(steps: tuple[Step, ...], scope: Scope) -> BodyReader:
    return _bound_reader(steps, scope) or BodyReader(steps, -1, steps, EACH in steps)


def _bound_reader(steps: tuple[Step, ...], scope: Scope) -> BodyReader | None:
    """A reader that starts from the innermost array element that the path leads through, if there is one."""
    lowered = pattern(steps)
    for slot in range(len(scope.bound) - 1, -1, -1):
        array = scope.bound[slot]
        if lowered[: len(array)] == array:
            rest = steps[len(array) :]
            return BodyReader(steps, slot, rest, EACH in rest)
    return None
