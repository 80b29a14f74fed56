"""Which resource stands under which Terraform address: from a state file, or from what `terraform show -json` prints.

https://developer.hashicorp.com/terraform/internals/json-format; a state file has format version 4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.inventory import ids

_INSTANCE = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Address:
    """A resource block, as a state names it."""

    modules: tuple[str, ...]
    """Names of the module calls that lead to it, from the root."""
    block: str
    """`azurerm_storage_account.logs`, without an instance's key."""


def state_addresses(text: str) -> Iterator[tuple[Address, str]]:
    """Address and lower-cased ARM id of every resource that is managed; nothing for what is neither."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, Mapping):
        return
    if isinstance(document.get("resources"), list):
        yield from _of_state(document)
    for section in ("values", "planned_values"):
        values = document.get(section)
        if isinstance(values, Mapping):
            yield from _of_module(values.get("root_module"), 0)


def _of_state(document: Mapping[str, Any]) -> Iterator[tuple[Address, str]]:
    for resource in _list(document, "resources"):
        if not isinstance(resource, Mapping) or resource.get("mode") != "managed":
            continue
        address = address_of(
            f"{resource.get('module') or ''}.{resource.get('type')}.{resource.get('name')}".lstrip(".")
        )
        for instance in _list(resource, "instances"):
            attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
            if identifier := _identifier(attributes):
                yield address, identifier


def _of_module(module: Any, depth: int) -> Iterator[tuple[Address, str]]:
    if depth > _DEEPEST:
        return
    for resource in _list(module, "resources"):
        if isinstance(resource, Mapping) and resource.get("mode") == "managed":
            identifier = _identifier(resource.get("values"))
            if identifier and isinstance(resource.get("address"), str):
                yield address_of(resource["address"]), identifier
    for child in _list(module, "child_modules"):
        yield from _of_module(child, depth + 1)


def address_of(text: str) -> Address:
    """An address as Terraform writes it.

    `module.net["a"].module.dns.azurerm_x.y[0]`: modules `net`, `dns`, block `azurerm_x.y`.
    """
    parts = _INSTANCE.sub("", text).split(".")
    modules: list[str] = []
    while len(parts) > 2 and parts[0] == "module":
        modules.append(parts[1])
        parts = parts[2:]
    return Address(tuple(modules), ".".join(parts))


def _identifier(attributes: Any) -> str:
    identifier = attributes.get("id") if isinstance(attributes, Mapping) else None
    return ids.id_key(identifier) if isinstance(identifier, str) and identifier.startswith("/") else ""


def _list(document: Any, key: str) -> list[Any]:
    value = document.get(key) if isinstance(document, Mapping) else None
    return value if isinstance(value, list) else []
