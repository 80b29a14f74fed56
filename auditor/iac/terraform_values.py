"""Values of a Terraform plan: what is known, what only applying shows, and which other resource a reference means.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.expressions.partial import Unknown

_STEP = re.compile(r"[^.\[\]]+|\[(?:\d+|\"[^\"]*\")\]")
_DEEPEST = 20
_IS_VALUE = {"references", "constant_value"}
"""What the expression of an argument has, and a block has not."""
_SETS = frozenset({"subnet", "security_rule", "route", "virtual_network_rule", "network_rules"})
"""Blocks that a plan orders otherwise than the configuration does."""


@dataclass(eq=False)
class Planned:
    """One resource of a plan."""

    address: str
    module: str
    """Address of its module, `module.net["a"]`; "" for the root."""
    type: str
    name: str
    index: str | int | None
    actions: tuple[str, ...]
    values: dict[str, Any]
    """After the plan, `Unknown` where only applying shows a value."""
    before: Mapping[str, Any]
    expressions: Mapping[str, Any] = field(default_factory=dict)
    """Its arguments as the configuration has them."""


def resources_of(document: Mapping[str, Any], dynamic: Collection[str] = ()) -> list[Planned]:
    """The resources that a plan manages. `dynamic` are names of blocks that the configuration makes dynamically."""
    configured = dict(_configured(_at(document, "configuration", "root_module"), ""))
    found = []
    for change in _list(document, "resource_changes"):
        if not isinstance(change, Mapping) or change.get("mode") != "managed":
            continue
        told = change.get("change")
        if not isinstance(told, Mapping):
            continue
        module = str(change.get("module_address") or "")
        key = (_bare(module), str(change.get("type")), str(change.get("name")))
        after = _merged(
            told.get("after"),
            told.get("after_unknown"),
            told.get("after_sensitive"),
            _with_dynamic(configured.get(key), dynamic),
            str(change.get("address")),
        )
        before = told.get("before")
        found.append(
            Planned(
                str(change.get("address")),
                module,
                key[1],
                key[2],
                change.get("index"),
                tuple(map(str, _list(told, "actions"))),
                after if isinstance(after, dict) else {},
                before if isinstance(before, Mapping) else {},
                configured.get(key, {}),
            )
        )
    return found


def _configured(module: Any, path: str) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    for resource in _list(module, "resources"):
        if isinstance(resource, Mapping) and resource.get("mode") == "managed":
            expressions = resource.get("expressions")
            yield (
                (path, str(resource.get("type")), str(resource.get("name"))),
                expressions if isinstance(expressions, Mapping) else {},
            )
    calls = _at(module, "module_calls")
    for name, call in calls.items() if isinstance(calls, Mapping) else ():
        yield from _configured(_at(call, "module"), f"{path}.module.{name}".lstrip("."))


def _with_dynamic(written: Mapping[str, Any] | None, dynamic: Collection[str]) -> Mapping[str, Any] | None:
    """What a block says, with the dynamic blocks that it may have and that plans leave out."""
    return None if written is None else {**dict.fromkeys(dynamic), **written}


def _bare(address: str) -> str:
    """A module's address without the keys of its instances."""
    return re.sub(r"\[[^\]]*\]", "", address)


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _list(value: Any, *path: str) -> list[Any]:
    found = _at(value, *path)
    return found if isinstance(found, list) else []


def _merged(known: Any, unknown: Any, sensitive: Any, written: Any, where: str) -> Any:
    """The values with `Unknown` at what only applying shows; values that the plan marks as sensitive are not read.

    `written` is what the configuration says there. What applying shows of an argument that the configuration does not
    have is not set by it: `subnet` of a network whose subnets are blocks of their own. Of a dynamic block, which plans
    leave out of the configuration, nothing is written, so what is in its elements stays open.
    """
    if sensitive is True:
        return None if known is None and unknown is not True else Unknown(f"{where} is a secret", is_secret=True)
    if unknown is True:
        return Unknown(f"{where} is only known when it is applied", text="{" + where + "}")
    if isinstance(known, Mapping) or isinstance(unknown, Mapping):
        own = known if isinstance(known, Mapping) else {}
        open_ones = unknown if isinstance(unknown, Mapping) else {}
        secret = sensitive if isinstance(sensitive, Mapping) else {}
        arguments = written if isinstance(written, Mapping) and not _IS_VALUE & set(written) else None
        found = {}
        for n in [*own, *(name for name in open_ones if name not in own)]:
            is_unset = open_ones.get(n) is True and arguments is not None and n not in arguments
            inner = arguments.get(n) if arguments is not None else None
            value = None if is_unset else _merged(own.get(n), open_ones.get(n), secret.get(n), inner, f"{where}.{n}")
            if value is None and n.endswith("_wo") and own.get(f"{n}_version") is not None:
                value = Unknown(f"{where}.{n} is write-only", is_secret=not n.endswith("_id_wo"))
            found[n] = value
        return found
    if isinstance(known, list) or isinstance(unknown, list):
        own_list = known if isinstance(known, list) else []
        open_list = unknown if isinstance(unknown, list) else []
        secrets = sensitive if isinstance(sensitive, list) else []
        length = max(len(own_list), len(open_list))
        blocks = written if isinstance(written, list) and len(written) == length else []
        return [
            _merged(_one(own_list, i), _one(open_list, i), _one(secrets, i), _one(blocks, i), f"{where}[{i}]")
            for i in range(length)
        ]
    return known


def _one(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


class References:
    """Which resource of the plan an argument means."""

    def __init__(self, document: Mapping[str, Any], resources: Sequence[Planned]) -> None:
        self._root = _at(document, "configuration", "root_module")
        self._by_block: dict[tuple[str, str], list[Planned]] = {}
        for resource in resources:
            self._by_block.setdefault((resource.module, f"{resource.type}.{resource.name}"), []).append(resource)

    def of(self, resource: Planned, path: Sequence[str | int]) -> list[Planned]:
        """The resources whose ids an argument holds, as far as its expression says; none where that is open."""
        expression: Any = resource.expressions
        for place, step in enumerate(path):
            if step in _SETS and len(path) > place + 1 and len(_list(expression, str(step))) > 1:
                return []
            if isinstance(expression, list) and isinstance(step, int):
                expression = expression[step] if step < len(expression) else None
            elif isinstance(expression, Mapping) and "references" not in expression:
                expression = expression.get(step)
        return self._meant(_at(expression, "references"), resource.module, resource.index, 0)

    def _meant(self, references: Any, module: str, index: Any, depth: int) -> list[Planned]:
        found: list[Planned] = []
        for reference in references if isinstance(references, list) and depth < _DEEPEST else ():
            steps = _STEP.findall(str(reference))
            if steps[:1] == ["var"] and len(steps) > 1:
                found += self._of_variable(steps[1], module, depth)
            elif steps[:1] == ["module"] and len(steps) > 2:
                found += self._of_output(steps, module, depth)
            elif len(steps) > 2 and steps[-1] == "id":
                found += self._of_block(steps, module, index)
        return list(dict.fromkeys(found))

    def _of_block(self, steps: Sequence[str], module: str, index: Any) -> list[Planned]:
        same = self._by_block.get((module, ".".join(steps[:2])), [])
        if len(same) < 2:
            return same
        key = steps[2].strip('[]"') if len(steps) > 3 else ""
        exact = [one for one in same if str(one.index) == (key or str(index))]
        return exact if len(exact) == 1 else []

    def _of_variable(self, name: str, module: str, depth: int) -> list[Planned]:
        """What the call of a module hands down."""
        above, _, own = module.rpartition("module.")
        call = self._call(above.rstrip("."), re.sub(r"\[[^\]]*\]", "", own))
        references = _at(call, "expressions", name, "references")
        return self._meant(references, above.rstrip("."), None, depth + 1)

    def _of_output(self, steps: Sequence[str], module: str, depth: int) -> list[Planned]:
        """What a module hands up."""
        call = self._call(module, steps[1])
        references = _at(call, "module", "outputs", steps[-1], "expression", "references")
        inside = f"{module}.module.{steps[1]}".lstrip(".")
        # With several instances of a module it is open which one is meant.
        modules = {one for one, _ in self._by_block if re.sub(r"\[[^\]]*\]", "", one) == inside}
        return self._meant(references, modules.pop(), None, depth + 1) if len(modules) == 1 else []

    def _call(self, module: str, name: str) -> Any:
        place = self._root
        for own in re.findall(r"module\.([\w-]+)", _bare(module)):
            place = _at(place, "module_calls", own, "module")
        return _at(place, "module_calls", name)
