"""Resource declarations in Bicep: https://learn.microsoft.com/azure/azure-resource-manager/bicep/resource-declaration.

Names are followed through variables, parameters (their defaults, `.bicepparam` and parameter files, the arguments of
modules and their outputs), functions and loops, as far as they are certain before deployment.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from auditor.expressions.evaluate import Scope, apply, evaluate, get
from auditor.expressions.partial import MOST, Unknown
from auditor.expressions.tree import Expression, Literal, Member, Name
from auditor.iac.bicep_scope import Elements, FileScope, Instance, elements_of
from auditor.iac.bicep_tree import Parsed, Statement, parse_bicep
from auditor.iac.declaration import Declaration
from auditor.iac.lines import Lines
from auditor.iac.names import named
from auditor.iac.registry_modules import type_of_module

_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Given:
    """What a parameter file sets."""

    file: str
    """The Bicep file that it is for, relative to the root."""
    values: Mapping[str, Any]
    """By lower-cased name."""


class BicepFile:
    """One file, taken apart when it is first asked for."""

    def __init__(self, path: str, uri: str, text: str) -> None:
        self.path = path
        """Relative to the root, with forward slashes."""
        self.uri = uri
        self.text = text

    @cached_property
    def parsed(self) -> Parsed:
        """Its statements."""
        return parse_bicep(self.text)

    @cached_property
    def lines(self) -> Lines:
        """Places in it."""
        return Lines(self.uri, self.text)

    def beside(self, path: str) -> str:
        """A path that the file names, relative to the root."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))


@dataclass(slots=True)
class BicepTree:
    """All Bicep files of a folder, and how they call one another."""

    read: Callable[[str], str | None]
    """The text of another file, by its path relative to the root; None where it cannot be read."""
    files: dict[str, BicepFile] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Registry paths by the alias that `bicepconfig.json` gives them."""
    _instances: dict[str, list[Instance]] = field(default_factory=dict)
    _scopes: dict[int, FileScope] = field(default_factory=dict)
    _calls: dict[str, list[tuple[BicepFile, Statement]]] | None = None

    def add_parameter_file(self, path: str, text: str) -> None:
        """Take in what a `.bicepparam` file sets."""
        file = BicepFile(path, path, text)
        if file.parsed.using:
            scope = FileScope(self, file, Instance({}))
            values = {name.lower(): scope.name(name) for name in file.parsed.given}
            self.given.append(Given(file.beside(file.parsed.using), values))

    def declarations(self) -> Iterator[Declaration]:
        """Resources that the files deploy; those they only refer to (`existing`) are not among them."""
        for file in self.files.values():
            for instance in self.instances(file.path):
                scope = self.scope(file, instance)
                for statement in file.parsed.resources:
                    if not statement.is_existing:
                        yield from _resource(file, statement, scope, instance)
                for statement in file.parsed.modules:
                    yield from self._from_registry(file, statement, scope, instance)

    def scope(self, file: BicepFile, instance: Instance) -> FileScope:
        """What names mean in a file that is deployed with some parameters."""
        if id(instance) not in self._scopes:
            self._scopes[id(instance)] = FileScope(self, file, instance)
        return self._scopes[id(instance)]

    def instances(self, path: str) -> list[Instance]:
        """The ways in which a file is deployed: for each parameter file and each call as a module."""
        if path not in self._instances:
            self._instances[path] = []  # a file that calls itself comes back here
            self._instances[path] = list(self._found_instances(path))[:MOST]
        return self._instances[path]

    def _found_instances(self, path: str) -> Iterator[Instance]:
        own = [given for given in self.given if given.file == path]
        calls = self._calls_by_target().get(path, [])
        yield from (Instance(given.values) for given in own)
        for caller, statement in calls:
            for instance in self.instances(caller.path):
                scope = self.scope(caller, instance)
                place = caller.lines.place(statement.at)
                for values in arguments_of(statement, scope):
                    yield Instance(values, (*instance.calls, place))
        if not own and not calls:
            yield Instance({})

    def _calls_by_target(self) -> Mapping[str, list[tuple[BicepFile, Statement]]]:
        if self._calls is None:
            self._calls = {}
            for file in self.files.values():
                for statement in file.parsed.modules:
                    self._calls.setdefault(file.beside(statement.source), []).append((file, statement))
        return self._calls

    def _from_registry(
        self, file: BicepFile, statement: Statement, scope: FileScope, instance: Instance
    ) -> Iterator[Declaration]:
        kind = type_of_module(statement.source, self.aliases)
        if not kind:
            return
        places = {path: file.lines.place(at) for path, at in statement.offsets.items() if path.startswith("params.")}
        own = {path.removeprefix("params."): place for path, place in places.items()}
        for values in arguments_of(statement, scope):
            yield from named(
                Declaration(
                    kind,
                    "",
                    file.lines.place(statement.at),
                    # Verified modules call properties as the service does.
                    properties={**own, **{f"properties.{path}": place for path, place in own.items()}},
                    calls=instance.calls,
                ),
                values.get("name", Unknown("it has no name")),
                values.get("tags"),
            )


def arguments_of(statement: Statement, scope: Scope) -> Iterator[dict[str, Any]]:
    """What a module call hands down, by lower-cased name, for each time that it is made."""
    params = statement.members.get("params", Literal(None))
    for inner, _ in elements_of(statement, scope):
        values = evaluate(params, inner)
        if isinstance(values, Mapping):
            yield {name.lower(): value for name, value in values.items()}
        else:
            yield {}


def _resource(file: BicepFile, statement: Statement, scope: FileScope, instance: Instance) -> Iterator[Declaration]:
    kind = full_kind(statement)
    if "/" not in kind or "." not in kind.partition("/")[0]:
        return
    declaration = Declaration(
        kind,
        "",
        file.lines.place(statement.at),
        properties=file.lines.all(statement.offsets),
        calls=instance.calls,
    )
    found = [
        one
        for inner, is_one in _all_elements(statement, scope)
        for one in named(
            declaration,
            full_name(statement, scope, inner) if is_one else Unknown("several resources cannot have one name"),
            evaluate(statement.members.get("tags", Literal(None)), inner),
        )
    ]
    names = [one.name for one in found]
    # The elements of one loop cannot share a name: something else tells them apart, a scope for example.
    yield from (one for one in found if not one.name or not statement.loop or names.count(one.name) == 1)


def full_kind(statement: Statement) -> str:
    """The lower-cased type, with that of the resource around it."""
    kind = statement.source.lower()
    return f"{full_kind(statement.container)}/{kind}" if statement.container else kind


def _all_elements(statement: Statement, scope: Scope) -> Elements:
    """Scopes in which a resource is deployed, for the loops around it and its own."""
    around = _all_elements(statement.container, scope) if statement.container else iter([(scope, True)])
    for outer, is_outer_one in around:
        for inner, is_one in elements_of(statement, outer):
            yield inner, is_outer_one and is_one


def full_name(statement: Statement, scope: FileScope, inner: Scope, depth: int = 0) -> Any:
    """The name as templates write it, the parent's before the own, as far as it is known."""
    own = evaluate(statement.members.get("name", Literal(None)), inner)
    parent = statement.members.get("parent")
    if depth > _DEEPEST:
        return Unknown("its parents nest too deeply")
    if statement.container:
        above = full_name(statement.container, scope, inner, depth + 1)
    elif parent:
        above = _parent_name(parent, scope, inner, depth)
    else:
        return own
    return apply("concat", [above, "/", own])


def _parent_name(parent: Expression, scope: FileScope, inner: Scope, depth: int) -> Any:
    index: Any = None
    if isinstance(parent, Member):
        index = evaluate(parent.key, inner)
        parent = parent.value
    statement = scope.resources.get(parent.name) if isinstance(parent, Name) else None
    if statement is None or (statement.loop is None) != (index is None):
        return Unknown("its parent is computed")
    names = [full_name(statement, scope, one, depth + 1) for one, is_one in elements_of(statement, scope, any_if=True)]
    if index is None:
        return names[0] if names else Unknown("its parent is not deployed")
    return get(names, index)
