"""What names and functions mean in one Bicep file that is deployed with some parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from auditor.expressions.evaluate import NOT_MINE, Bound, Scope, elements, evaluate, truth
from auditor.expressions.partial import Choice, Open, Unknown
from auditor.expressions.tree import Literal
from auditor.iac.bicep_tree import Parsed, Statement
from auditor.iac.place import Place

Elements = Iterator[tuple[Scope, bool]]
"""Scopes of what a statement deploys, each with whether it is one resource, not several that cannot be told apart."""
_DEEPEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One way in which a file is deployed."""

    values: Mapping[str, Any]
    """What is set, by lower-cased name."""
    calls: tuple[Place, ...] = ()
    """The module calls that lead to it, the outermost first."""


class File(Protocol):
    """What a scope needs of a file."""

    @property
    def parsed(self) -> Parsed:
        """Its statements."""

    def beside(self, path: str) -> str:
        """A path that the file names, relative to the root."""


class Files(Protocol):
    """What a scope needs of the other files."""

    @property
    def files(self) -> Mapping[str, File]:
        """Bicep files by path relative to the root."""

    def read(self, path: str) -> str | None:
        """The text of any file."""


def elements_of(statement: Statement, scope: Scope, *, any_if: bool = False) -> Elements:
    """Scopes for each resource that a statement deploys, none where its condition is certain not to hold.

    `any_if` leaves conditions out, for what only refers to it.
    """
    if statement.loop is None:
        around: list[tuple[Scope, bool]] = [(scope, True)]
    else:
        over, names = statement.loop
        found = elements(evaluate(over, scope))
        if isinstance(found, Unknown):
            around = [(Bound(scope, dict.fromkeys(names, found)), False)]
        else:
            around = [
                (Bound(scope, dict(zip(names, (v, i), strict=False))), True) for i, v in enumerate(found[:_MOST_MADE])
            ]
    for inner, is_one in around:
        if any_if or statement.condition is None or truth(evaluate(statement.condition, inner)) is not False:
            yield inner, is_one


_MOST_MADE = 800
"""Azure Resource Manager's limit for one loop."""


class FileScope:
    """See `Scope`."""

    def __init__(self, files: Files, file: File, instance: Instance) -> None:
        self.files, self.file, self.instance = files, file, instance
        self.resources = {statement.symbol: statement for statement in file.parsed.resources}
        """Resources by their symbolic name."""
        self._modules = {statement.symbol: statement for statement in file.parsed.modules}
        self._known: dict[str, Any] = {}
        self._depth = 0

    def name(self, name: str) -> Any:
        """See `Scope.name`."""
        if name not in self._known:
            self._known[name] = Unknown(f"{name} depends on itself")
            self._known[name] = self._value(name)
        return self._known[name]

    def _value(self, name: str) -> Any:
        parsed = self.file.parsed
        if name in parsed.parameters:
            return self._parameter(name)
        if name in parsed.variables:
            return evaluate(parsed.variables[name], self)
        if name in self.resources:
            return self._each(self.resources[name], self._resource)
        if name in self._modules:
            return self._each(self._modules[name], self._module)
        if name in parsed.imports:
            return self._imported(name)
        return Unknown(f"there is no {name}")

    def _parameter(self, name: str) -> Any:
        given = self.instance.values.get(name.lower())
        default, allowed = self.file.parsed.parameters[name]
        if given is not None:
            return given
        if default is not None:
            return evaluate(default, self)
        if name.lower() in self.instance.values:
            return None
        why = Unknown(f"the parameter {name} has no value", (name,))
        return Choice.of([evaluate(one, self) for one in allowed], why) if allowed else why

    def _each(self, statement: Statement, value_of: Any) -> Any:
        found = [(value_of(statement, one), is_one) for one, is_one in elements_of(statement, self, any_if=True)]
        if statement.loop is None:
            return found[0][0]
        return [value for value, _ in found] if all(is_one for _, is_one in found) else Unknown("a loop is not known")

    def _resource(self, statement: Statement, scope: Scope) -> Open:
        made = Open(Unknown(f"{statement.symbol} is only known when it is deployed"))
        made["name"] = evaluate(statement.members.get("name", Literal(None)), scope)
        return made

    def _module(self, statement: Statement, scope: Scope) -> Open:
        why = Unknown(f"{statement.symbol} is only known when it is deployed")
        made, outputs = Open(why), Open(why)
        arguments = evaluate(statement.members.get("params", Literal(None)), scope)
        values = {k.lower(): v for k, v in arguments.items()} if isinstance(arguments, Mapping) else {}
        callee = self.files.files.get(self.file.beside(statement.source))
        if callee:
            inner = FileScope(self.files, callee, Instance(values))
            outputs.update({name: evaluate(tree, inner) for name, tree in callee.parsed.outputs.items()})
        elif statement.source.startswith("br") and "name" in values:
            outputs["name"] = values["name"]  # a verified module's output of that name
        made["outputs"] = outputs
        return made

    def _imported(self, name: str) -> Any:
        path, there = self.file.parsed.imports[name]
        file = self.files.files.get(self.file.beside(path))
        if file is None:
            return Unknown(f"{path} cannot be read")
        scope = FileScope(self.files, file, Instance({}))
        if there == "*":
            return {one: scope.name(one) for one in file.parsed.variables}
        return scope.name(there)

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """See `Scope.call`."""
        if name in ("loadjsoncontent", "loadtextcontent") and arguments and isinstance(arguments[0], str):
            return self._loaded(name, arguments)
        parsed = self.file.parsed
        function = next((one for own, one in parsed.functions.items() if own.lower() == name), None)
        if function and self._depth < _DEEPEST:
            self._depth += 1
            try:
                return evaluate(function.body, Bound(self, dict(zip(function.names, arguments, strict=False))))
            finally:
                self._depth -= 1
        imported = next((one for own, one in parsed.imports.items() if own.lower() == name.partition(".")[0]), None)
        return self._called_there(imported, name, arguments) if imported else NOT_MINE

    def _called_there(self, imported: tuple[str, str], name: str, arguments: Sequence[Any]) -> Any:
        path, there = imported
        file = self.files.files.get(self.file.beside(path))
        if file is None:
            return Unknown(f"{path} cannot be read")
        wanted = name.partition(".")[2] if there == "*" else there.lower()
        return FileScope(self.files, file, Instance({})).call(wanted, arguments)

    def _loaded(self, name: str, arguments: Sequence[Any]) -> Any:
        text = self.files.read(self.file.beside(arguments[0]))
        if text is None:
            return Unknown(f"{arguments[0]} cannot be read")
        if name == "loadtextcontent":
            return text
        try:
            return json.loads(text) if len(arguments) == 1 else Unknown("part of a file is not followed")
        except (ValueError, RecursionError):
            return Unknown(f"{arguments[0]} is no JSON")
