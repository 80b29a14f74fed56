"""What names and functions mean in one Terraform module: https://developer.hashicorp.com/terraform/language/functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from auditor.expressions.evaluate import NOT_MINE, Bound, apply, evaluate, get
from auditor.expressions.partial import Choice, Hole, Open, Shape, Unknown, unknowns
from auditor.expressions.tree import Expression, Literal
from auditor.iac.hcl_tree import Block

_VERB = re.compile(r"%%|%(0?)(\d*)([sdv])")
_REPEATERS = ("count", "for_each")


class Module(Protocol):
    """What a scope needs of a folder."""

    @property
    def variables(self) -> Mapping[str, Block]:
        """Its variables by name."""

    @property
    def local_values(self) -> Mapping[str, Expression]:
        """Its locals by name."""

    @property
    def resources(self) -> Sequence[Block]:
        """Its resource blocks."""

    @property
    def modules(self) -> Sequence[Block]:
        """Its module calls."""

    def outputs_of(self, call: Block, scope: Any) -> Mapping[str, Any]:
        """Outputs of a module that it calls."""


class ModuleScope:
    """See `Scope`: `var`, `local`, `module` and resources by their type."""

    def __init__(self, module: Module, values: Mapping[str, Any]) -> None:
        self.module, self.values = module, values
        self._known: dict[str, Any] = {}

    def name(self, name: str) -> Any:
        """See `Scope.name`."""
        match name:
            case "var":
                return _Members(self._variable)
            case "local":
                return _Members(self._local)
            case "module":
                return _Members(self._module)
            case "each" | "count" | "path" | "terraform" | "self" | "data":
                return Unknown(f"{name} is only known when it is applied")
            case _ if any(block.labels[:1] == (name,) for block in self.module.resources):
                return _Members(lambda own: self._resource(name, own))
            case _:
                return Unknown(f"there is no {name}")

    def _once(self, key: str, value: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = Unknown(f"{key} depends on itself")
            self._known[key] = value()
        return self._known[key]

    def _variable(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        block = self.module.variables.get(name)
        if block and "default" in block.attributes:
            return self._once(f"var.{name}", lambda: evaluate(block.attributes["default"], self))
        return Unknown(f"the variable {name} has no value", (name,))

    def _local(self, name: str) -> Any:
        tree = self.module.local_values.get(name)
        missing = Unknown(f"there is no local {name}")
        return self._once(f"local.{name}", lambda: evaluate(tree, self)) if tree else missing

    def _module(self, name: str) -> Any:
        block = next((block for block in self.module.modules if block.labels[:1] == (name,)), None)
        if block is None or any(one in block.attributes for one in _REPEATERS):
            return Unknown(f"outputs of the module {name} are only known when it is applied")
        return self._once(f"module.{name}", lambda: self.module.outputs_of(block, self))

    def _resource(self, kind: str, name: str) -> Any:
        block = next((block for block in self.module.resources if block.labels == (kind, name)), None)
        why = Unknown(f"{kind}.{name} is only known when it is applied")
        if block is None or any(one in block.attributes for one in _REPEATERS):
            return why
        return self._once(f"{kind}.{name}", lambda: self._attributes(block, why))

    def _attributes(self, block: Block, why: Unknown) -> Open:
        made = Open(why)
        size = evaluate(block.attributes.get("length", block.attributes.get("byte_length", Literal(None))), self)
        match block.labels[0]:
            case "random_string" if type(size) is int:
                special = evaluate(block.attributes.get("special", Literal(True)), self)
                if special is False:
                    made["result"] = Shape((Hole(size, "a-z0-9"),))
            case "random_id" if type(size) is int:
                made["hex"] = Shape((Hole(2 * size, "0-9a-f"),))
        for name in ("name", "location", "resource_group_name"):
            if name in block.attributes:
                made[name] = evaluate(block.attributes[name], self)
        return made

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """See `Scope.call`."""
        return call(name.removeprefix("hcl."), arguments) if name.startswith("hcl.") else NOT_MINE


class _Members(dict[str, Any]):
    """An object whose members are worked out when they are asked for."""

    def __init__(self, value: Callable[[str], Any]) -> None:
        super().__init__()
        self._value = value

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - a dict's signature
        """The member; never missing."""
        return self._value(key)


def call(name: str, values: Sequence[Any]) -> Any:
    """A Terraform function, in words of the template functions that it is like."""
    if name in ("tostring", "tonumber", "tobool", "tolist", "toset", "tomap", "nonsensitive", "sensitive", "try"):
        return values[0] if values else Unknown(f"{name}() needs an argument")
    if name == "join" and len(values) == 2:
        return apply("join", [values[1], values[0]])
    if name == "split" and len(values) == 2:
        return apply("split", [values[1], values[0]])
    if name == "substr" and len(values) == 3:
        return _substr(*values)
    if name == "format" and values and isinstance(values[0], str):
        return _format(values[0], values[1:])
    if name == "merge":
        return apply("union", values) if len(values) > 1 else values[0] if values else {}
    if name in ("lookup", "element") and len(values) > 1:
        found = get(values[0], values[1], is_safe=len(values) == 3)
        return values[2] if found is None and len(values) == 3 else found
    if name == "coalesce" and not any(isinstance(value, Unknown) for value in values):
        return next((value for value in values if value not in (None, "")), Unknown("coalesce() finds nothing"))
    if name == "replace" and isinstance(values[1], str) and values[1].startswith("/"):
        return Unknown("replace() with a pattern is not followed")
    return apply(_SAME[name], values) if name in _SAME else Unknown(f"{name}() is not followed")


_SAME = {
    "lower": "tolower",
    "upper": "toupper",
    "trimspace": "trim",
    "replace": "replace",
    "concat": "concat",
    "length": "length",
    "max": "max",
    "min": "min",
    "keys": "objectkeys",
    "contains": "contains",
    "startswith": "startswith",
    "endswith": "endswith",
    "distinct": "union",
    "jsondecode": "json",
    "base64encode": "base64",
    "base64decode": "base64tostring",
}


def _substr(text: Any, offset: Any, size: Any) -> Any:
    """`substr()`, which is not strict: -1 is the rest, and it stops at the end."""
    if isinstance(text, Choice):
        return Choice.of((_substr(one, offset, size) for one in text.values), text.why)
    if not isinstance(text, str | Shape) or type(offset) is not int or type(size) is not int or offset < 0:
        return Unknown.of(list(unknowns([text, offset, size])), "substr() cannot be worked out")
    whole = len(text) if isinstance(text, str) else text.length
    stop = whole if size < 0 else min(offset + size, whole)
    return text[offset:stop] if isinstance(text, str) else text.cut(offset, stop)


def _format(form: str, values: Sequence[Any]) -> Any:
    """`format()` with `%s`, `%d`, `%v` and widths that are filled with zeros."""
    parts: list[Any] = []
    at, number = 0, 0
    for verb in _VERB.finditer(form):
        parts.append(form[at : verb.start()])
        at = verb.end()
        if verb[0] == "%%":
            parts.append("%")
            continue
        value = values[number] if number < len(values) else Unknown("format() lacks an argument")
        number += 1
        if verb[2]:
            if type(value) is not int:
                return Unknown.of(list(unknowns(value)), "format() cannot be worked out")
            value = str(value).rjust(int(verb[2]), verb[1] or " ")
        parts.append(value)
    parts.append(form[at:])
    if "%" in _VERB.sub("", form):
        return Unknown("format() cannot be worked out")
    return apply("format", ["".join("{" + str(i) + "}" for i in range(len(parts))), *parts])


def bound(scope: ModuleScope, **names: Any) -> Bound:
    """The scope of one element of a repeated block."""
    return Bound(scope, names)
