"""What a condition reads while it is evaluated, and what it knows while it is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.inventory.model import Resource
from auditor.rules.conditions.paths import Found, Step, pattern
from auditor.rules.conditions.problems import ConditionProblem, Language, Place
from auditor.rules.model import Context, DataNeeds

DEFAULT_NAME = "default"


class Frame:
    """One resource that is looked at, with the array elements that surrounding counts are at."""

    __slots__ = ("bound", "context", "currents", "resource")

    def __init__(
        self,
        context: Context,
        resource: Resource,
        bound: tuple[Found, ...] = (),
        currents: Mapping[str, Any] | None = None,
    ) -> None:
        self.context = context
        self.resource = resource
        self.bound = bound
        """The elements that field counts are at, in the order of nesting."""
        self.currents: Mapping[str, Any] = currents or {}
        """What `current('name')` gives, by lower-cased name."""

    def at_elements(self, elements: tuple[Found, ...], value: Any, name: str) -> Frame:
        """The frame for one element of each array on the path of a field count.

        `value` is what `current(name)` gives.
        """
        return Frame(self.context, self.resource, (*self.bound, *elements), {**self.currents, name: value})

    def at_value(self, value: Any, name: str) -> Frame:
        """The frame for one element of a value count."""
        return Frame(self.context, self.resource, self.bound, {**self.currents, name: value})

    def at_resource(self, resource: Resource, name: str) -> Frame:
        """The frame for a related resource: its own fields, the surrounding `current()` values."""
        return Frame(self.context, resource, (), {**self.currents, name: resource.body} if name else self.currents)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of the place in a condition that is being compiled."""

    language: Language
    types: tuple[str, ...]
    """Types of the resource whose fields are read; empty where they are not known."""
    aliases: Any = None
    """An `AliasResolver` for policy definitions."""
    bound: tuple[tuple[Step, ...], ...] = ()
    """Patterns of the arrays that surrounding field counts are at."""
    currents: frozenset[str] = frozenset()
    """Names that `current('...')` may be given."""
    problems: list[ConditionProblem] = field(default_factory=list)
    """Where every mistake is noted."""
    needs: list[DataNeeds] = field(default_factory=list)
    """Where every need for data is noted."""

    def problem(self, path: Place, message: str, remedy: str = "") -> None:
        """Note a mistake and go on."""
        self.problems.append(ConditionProblem(path, message, remedy))

    def need(self, **needs: frozenset[str]) -> None:
        """Note what must be collected."""
        self.needs.append(DataNeeds(**needs))

    def in_arrays(self, arrays: Iterable[tuple[Step, ...]], name: str) -> Scope:
        """The scope of a field count's `where`, which is at one element of each of these arrays."""
        return replace(self, bound=(*self.bound, *map(pattern, arrays)), currents=self.currents | {name})

    def in_values(self, name: str) -> Scope:
        """The scope of a value count's `where`."""
        return replace(self, currents=self.currents | {name})

    def in_resource(self, types: tuple[str, ...], name: str) -> Scope:
        """The scope of a relation's `where`."""
        return replace(self, types=types, bound=(), currents=self.currents | ({name} if name else set()))
