"""What the expressions of an ARM template mean, as far as they are known before deployment.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions and .../copy-properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.expressions.evaluate import NOT_MINE, evaluate
from auditor.expressions.partial import Open, Unknown
from auditor.expressions.syntax import BadExpression, is_expression, parse_expression, unescape
from auditor.expressions.tree import Expression

MOST_COPIES = 800
"""Azure Resource Manager's limit for one loop."""


@dataclass(eq=False)
class TemplateScope:
    """One template with its parameters."""

    given: Mapping[str, Any] = field(default_factory=dict)
    """Values of parameters, by lower-cased name."""
    template: Mapping[str, Any] = field(default_factory=dict)
    ambient: Mapping[str, Any] = field(default_factory=dict)
    """What `resourceGroup()`, `subscription()` and the like give, by the function's lower-cased name."""
    loops: Mapping[str, Any] = field(default_factory=dict)
    """Index of each loop around, by lower-cased name; the innermost also as ""."""
    outputs_of: Callable[[str], Any] | None = None
    """What `reference()` of a deployment in the same template gives; None for anything else."""
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def in_loop(self, name: str, index: Any) -> TemplateScope:
        """The scope of one element."""
        # What is known already stays so only outside the loop: variables may ask for the index.
        return replace(self, loops={**self.loops, name.lower(): index, "": index}, _known={})

    def name(self, name: str) -> Any:
        """See `Scope.name`."""
        return Unknown(f"there is no {name}")

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """See `Scope.call`."""
        match name:
            case "parameters" | "variables" if len(arguments) == 1 and isinstance(arguments[0], str):
                return self._looked_up(name, arguments[0])
            case "copyindex":
                return self._index(arguments)
            case _ if name in self.ambient:
                return self.ambient[name]
            case _ if "." in name:
                return self._own_function(name, arguments)
            case _:
                return NOT_MINE

    def value(self, raw: Any) -> Any:
        """A template's value with its expressions worked out."""
        if isinstance(raw, str):
            if not is_expression(raw.rstrip()):
                return unescape(raw)
            tree = _parsed(raw.rstrip())
            return tree if isinstance(tree, Unknown) else evaluate(tree, self)
        if isinstance(raw, list):
            return [self.value(element) for element in raw]
        if isinstance(raw, Mapping):
            return self._object(raw)
        return raw

    def _object(self, raw: Mapping[str, Any]) -> Any:
        found: dict[str, Any] = {}
        why: Unknown | None = None
        for key, inner in raw.items():
            name = self.value(key)
            if key.lower() == "copy" and isinstance(inner, list) and all(isinstance(one, Mapping) for one in inner):
                for copy in inner:
                    found[str(copy.get("name"))] = self.copied(copy, str(copy.get("name")))
            elif isinstance(name, str):
                found[name] = self.value(inner)
            else:
                why = Unknown("a property's name is computed at deployment")
        if why is None:
            return found
        made = Open(why)
        made.update(found)
        return made

    def copied(self, copy: Mapping[str, Any], name: str) -> Any:
        """The list that a `copy` inside an object, among variables or in an output makes."""
        count = self.value(copy.get("count"))
        if not isinstance(count, int) or not 0 <= count <= MOST_COPIES:
            return Unknown.of([count] if isinstance(count, Unknown) else [], "a loop's count is not known")
        return [self.in_loop(name, index).value(copy.get("input")) for index in range(count)]

    def _looked_up(self, kind: str, name: str) -> Any:
        key = (kind, name.lower())
        if key not in self._known:
            self._known[key] = Unknown(f"{name} depends on itself")
            self._known[key] = self._parameter(name) if kind == "parameters" else self._variable(name)
        return self._known[key]

    def _parameter(self, name: str) -> Any:
        declared = section_member(self.template, "parameters", name)
        if isinstance(declared, Mapping) and str(declared.get("type", "")).lower().startswith("secure"):
            return Unknown(f"the parameter {name} is a secret", (name,), "{" + name + "}", is_secret=True)
        if name.lower() in self.given:
            return self.given[name.lower()]
        if isinstance(declared, Mapping) and "defaultValue" in declared:
            return self.value(declared["defaultValue"])
        return Unknown(f"the parameter {name} has no value", (name,), "{" + name + "}")

    def _variable(self, name: str) -> Any:
        found = section_member(self.template, "variables", name)
        if found is not None:
            return self.value(found)
        copies = section_member(self.template, "variables", "copy")
        for copy in copies if isinstance(copies, list) else ():
            if isinstance(copy, Mapping) and str(copy.get("name")).lower() == name.lower():
                return self.copied(copy, name)
        return Unknown(f"there is no variable {name}")

    def _index(self, arguments: Sequence[Any]) -> Any:
        names = [one for one in arguments if isinstance(one, str)]
        offset = next((one for one in arguments if isinstance(one, int)), 0)
        index = self.loops.get(names[0].lower() if names else "", Unknown("copyIndex() stands in no loop"))
        return index + offset if isinstance(index, int) else index

    def _own_function(self, name: str, arguments: Sequence[Any]) -> Any:
        """A function that the template defines: `namespace.name`."""
        namespace, _, own = name.partition(".")
        functions = self.template.get("functions")
        for space in functions if isinstance(functions, list) else ():
            if isinstance(space, Mapping) and str(space.get("namespace")).lower() == namespace:
                found = section_member(space, "members", own)
                return self._called(found, arguments) if isinstance(found, Mapping) else NOT_MINE
        return NOT_MINE

    def _called(self, function: Mapping[str, Any], arguments: Sequence[Any]) -> Any:
        parameters = function.get("parameters")
        output = function.get("output")
        if not isinstance(parameters, list) or not isinstance(output, Mapping):
            return Unknown("a function cannot be read")
        names = [str(one.get("name")).lower() for one in parameters if isinstance(one, Mapping)]
        # A function sees its own parameters only.
        inner = TemplateScope(dict(zip(names, arguments, strict=False)), ambient=self.ambient)
        return inner.value(output.get("value"))


def _parsed(text: str) -> Expression | Unknown:
    try:
        return parse_expression(text)
    except BadExpression as error:
        return Unknown(f"the expression cannot be read: {error}")


def section_member(document: Mapping[str, Any], section: str, name: str) -> Any:
    """A member of a section, its name compared without case; None where there is none."""
    return next((value for own, value in members(document, section) if own == name.lower()), None)


def members(document: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
    """Members of a section by lower-cased name."""
    found = document.get(section)
    for name, value in found.items() if isinstance(found, Mapping) else ():
        yield str(name).lower(), value
