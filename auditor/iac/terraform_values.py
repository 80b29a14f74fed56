"""Values of a Terraform plan: what is known, and what only applying shows.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.expressions.partial import Unknown

_IS_VALUE = {"references", "constant_value"}
"""What the expression of an argument has, and a block has not."""
SETS = frozenset({"subnet", "security_rule", "route", "virtual_network_rule", "network_rules"})
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
    over: Any = None
    """The references of its `for_each`."""


def resources_of(document: Mapping[str, Any], dynamic: Collection[str] = ()) -> list[Planned]:
    """The resources that a plan manages. `dynamic` are names of blocks that the configuration makes dynamically."""
    configured: dict[tuple[str, ...], Any] = dict(_configured(_at(document, "configuration", "root_module"), ""))
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
                configured.get(("over", *key)),
            )
        )
    return found


def _configured(module: Any, path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for resource in _list(module, "resources"):
        if isinstance(resource, Mapping) and resource.get("mode") == "managed":
            expressions = resource.get("expressions")
            key = (path, str(resource.get("type")), str(resource.get("name")))
            yield key, expressions if isinstance(expressions, Mapping) else {}
            yield ("over", *key), _at(resource, "for_each_expression", "references")
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
        return Unknown(f"{where} is only known when it is applied{_from(written)}", text="{" + where + "}")
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


def _from(written: Any) -> str:
    """What decides a value: what its expression names."""
    found = _list(written, "references")
    longest = [one for one in found if not any(str(other).startswith((f"{one}.", f"{one}[")) for other in found)]
    return f"; decided by {', '.join(map(str, longest))}" if longest else ""


def _one(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None
