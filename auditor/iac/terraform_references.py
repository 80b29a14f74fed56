"""Which resource of a Terraform plan an argument means that holds an id which only applying shows.

Plans say of an expression only what it names: `["a.b.id", "a.b"]` for `a.b.id`, likewise for `a.b["x"].id`. Where the
key is no constant, the attribute is lost: `["a.b", "each.key"]` for `a.b[each.key].id`.
https://developer.hashicorp.com/terraform/internals/json-format#expression-representation
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from auditor.iac.terraform_values import SETS, Planned

_STEP = re.compile(r"\[(?:\d+|\"[^\"]*\")\]|[^.\[\]]+")
_MODULE = re.compile(r"(?:(?P<above>.*)\.)?module\.(?P<name>[\w-]+)(?:\[(?P<key>[^\]]*)\])?")
_DEEPEST = 20
_KEYS = ("each.key", "count.index")


@dataclass(frozen=True, slots=True)
class _At:
    """Where an expression stands."""

    module: str
    """Address of its module."""
    key: str = ""
    """Key of the resource, of the module or of the element that is meant; "" where there is none."""
    over: Any = None
    """References of the `for_each` around it."""
    block: str = ""
    """The resource type that the argument's name speaks of: `azurerm_subnet` for `subnet_id`."""
    is_list: bool = False
    is_element: bool = False
    """Whether the key says which of several is meant, wherever the expression names all of them."""
    depth: int = 0


class References:
    """What arguments refer to."""

    def __init__(self, document: Mapping[str, Any], resources: Sequence[Planned]) -> None:
        configuration = document.get("configuration")
        self._root = configuration.get("root_module") if isinstance(configuration, Mapping) else None
        self._by_block: dict[tuple[str, str], list[Planned]] = {}
        for resource in resources:
            self._by_block.setdefault((resource.module, f"{resource.type}.{resource.name}"), []).append(resource)

    def of(self, resource: Planned, path: Sequence[str | int]) -> list[Planned]:
        """The resources whose ids an argument holds, as far as its expression says; none where that is open."""
        expression: Any = resource.expressions
        for place, step in enumerate(path):
            blocks = expression.get(step) if isinstance(expression, Mapping) else None
            if step in SETS and len(path) > place + 1 and isinstance(blocks, list) and len(blocks) > 1:
                return []
            if isinstance(expression, list) and isinstance(step, int):
                expression = expression[step] if step < len(expression) else None
            elif isinstance(expression, Mapping) and "references" not in expression:
                expression = blocks
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        where = _At(
            resource.module,
            "" if resource.index is None else str(resource.index),
            resource.over,
            f"azurerm_{re.sub(r'_ids?$', '', name)}",
            name.endswith("_ids"),
        )
        found = expression.get("references") if isinstance(expression, Mapping) else None
        return list(dict.fromkeys(self._meant(found, where)))

    def _meant(self, references: Any, where: _At) -> Iterator[Planned]:
        if not isinstance(references, list) or where.depth > _DEEPEST:
            return
        texts = [str(one) for one in references]
        is_element = where.is_element or any(key in texts for key in _KEYS)
        inner = replace(where, depth=where.depth + 1, is_element=is_element)
        for text in texts:
            if any(other.startswith((f"{text}.", f"{text}[")) for other in texts):
                continue  # what a longer one begins with
            match _STEP.findall(text):
                case ["var", name, *rest]:
                    yield from self._of_variable(name, rest, inner)
                case ["module", name, *rest]:
                    yield from self._of_output(name, rest, inner)
                case ["each", "value", *_]:
                    yield from self._meant(where.over, replace(inner, is_element=True))
                case [kind, name, *rest]:
                    yield from self._of_block(f"{kind}.{name}", rest, inner)

    def _of_block(self, block: str, rest: Sequence[str], where: _At) -> list[Planned]:
        same = self._by_block.get((where.module, block), [])
        key, rest = _key(rest)
        if rest not in ([], ["id"]) or not same:
            return []
        if not key and where.is_list and not where.is_element:
            return same
        if same[0].index is None:
            return same if len(same) == 1 else []
        wanted = key or (where.key if where.is_element or rest == ["id"] else "")
        exact = [one for one in same if str(one.index) == wanted]
        return exact if len(exact) == 1 else same if len(same) == 1 and not wanted else []

    def _of_variable(self, name: str, rest: Sequence[str], where: _At) -> Iterator[Planned]:
        """What the call of a module hands down."""
        place = _MODULE.fullmatch(where.module)
        if place is None:
            return
        above = place["above"] or ""
        call = self._call(above, place["name"])
        given = call.get("expressions", {}).get(name) if isinstance(call, Mapping) else None
        over = call.get("for_each_expression") if isinstance(call, Mapping) else None
        key, _ = _key(rest)
        # An element is chosen by the key in the module where one stands there, and by the module's own otherwise.
        own = key or (where.key if where.is_element and not rest else "")
        yield from self._meant(
            given.get("references") if isinstance(given, Mapping) else None,
            replace(
                where,
                module=above,
                key=own or (place["key"] or "").strip('"'),
                over=over.get("references") if isinstance(over, Mapping) else None,
                is_element=bool(own),
            ),
        )

    def _of_output(self, name: str, rest: Sequence[str], where: _At) -> Iterator[Planned]:
        """What a module hands up."""
        call = self._call(where.module, name)
        if not isinstance(call, Mapping):
            return
        key, rest = _key(rest)
        is_repeated = "for_each_expression" in call or "count_expression" in call
        if is_repeated and not (key or where.is_element):
            return
        own = key or where.key
        inside = f"{where.module}.module.{name}".lstrip(".")
        if is_repeated:
            inside += f"[{own}]" if "count_expression" in call else f'["{own}"]'
        outputs = call.get("module", {}).get("outputs", {})
        element, _ = _key(rest[1:])
        is_element = bool(element) or (where.is_element and not is_repeated)
        there = replace(where, module=inside, key=element or where.key, over=None, is_element=is_element)
        if rest:
            yield from self._meant(_expression(outputs.get(rest[0])), there)
            return
        # Which output is lost: the one that leads to the type that the argument speaks of.
        found = {id(one): one for output in outputs.values() for one in self._meant(_expression(output), there)}
        fitting = [one for one in found.values() if one.type == where.block]
        yield from fitting if len(fitting) == 1 else []

    def _call(self, module: str, name: str) -> Any:
        place = self._root
        for own in re.findall(r"module\.([\w-]+)", re.sub(r"\[[^\]]*\]", "", module)):
            call = place.get("module_calls", {}).get(own) if isinstance(place, Mapping) else None
            place = call.get("module") if isinstance(call, Mapping) else None
        return place.get("module_calls", {}).get(name) if isinstance(place, Mapping) else None


def _key(rest: Sequence[str]) -> tuple[str, list[str]]:
    """The key in front, without its brackets, and what follows it."""
    if rest and rest[0].startswith("["):
        return rest[0].strip('[]"'), list(rest[1:])
    return "", list(rest)


def _expression(output: Any) -> Any:
    expression = output.get("expression") if isinstance(output, Mapping) else None
    return expression.get("references") if isinstance(expression, Mapping) else None
