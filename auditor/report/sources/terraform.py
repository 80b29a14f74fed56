"""Resource declarations in Terraform files, and the ids that a state file knows for them.

https://developer.hashicorp.com/terraform/language/resources/syntax; the state's format is version 4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.inventory import ids
from auditor.report.model import Place
from auditor.report.sources.declaration import Declaration, line_place
from auditor.report.sources.terraform_types import ARM_TYPES

_RESOURCE = re.compile(r'^[ \t]*resource[ \t]+"([\w-]+)"[ \t]+"([\w-]+)"[ \t]*\{', re.M)
_ATTRIBUTE = re.compile(r"^[ \t]*(name|type|count|for_each)[ \t]*=[ \t]*(.+?)[ \t]*(?:#.*|//.*)?$", re.M)
_LITERALS = re.compile(r'^[ \t]*(\w+)[ \t]*=[ \t]*"([^"$%\n]*)"[ \t]*$', re.M)
_VARIABLE = re.compile(r'^[ \t]*variable[ \t]+"([\w-]+)"[ \t]*\{', re.M)
_LOCALS = re.compile(r"^[ \t]*locals[ \t]*\{", re.M)
_SKIPPED = re.compile(r'#[^\n]*|//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.S)


@dataclass(frozen=True, slots=True)
class Block:
    """A `resource` block: its address, and what it says for certain."""

    address: str
    """`azurerm_storage_account.logs`."""
    place: Place
    declaration: Declaration | None
    """None where the type is not one of Azure's that we know, or the block makes several resources."""


def terraform_blocks(text: str, uri: str) -> Iterator[Block]:
    """The file's resource blocks."""
    literals = _literals(text)
    for found in _RESOURCE.finditer(text):
        place = line_place(uri, text, found.start(1))
        attributes = dict(_ATTRIBUTE.findall(_top_level(text, found.end())))
        kind, name = _kind(found[1], attributes), _value(attributes.get("name", ""), literals)
        several = "count" in attributes or "for_each" in attributes
        # A child's `name` says nothing of its parent, which is an expression.
        known = name.lower() if kind.count("/") == 1 else ""
        yield Block(f"{found[1]}.{found[2]}", place, Declaration(kind, known, place) if kind and not several else None)


def state_ids(text: str) -> Iterator[tuple[str, str]]:
    """Address and lower-cased ARM id of every resource that a state file manages."""
    try:
        state = json.loads(text)
    except (ValueError, RecursionError):
        return
    for resource in _list(state, "resources"):
        if not isinstance(resource, Mapping) or resource.get("mode") != "managed":
            continue
        for instance in _list(resource, "instances"):
            attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
            identifier = attributes.get("id") if isinstance(attributes, Mapping) else None
            if isinstance(identifier, str) and identifier.startswith("/"):
                yield f"{resource.get('type')}.{resource.get('name')}", ids.id_key(identifier)


def _list(document: Any, key: str) -> list[Any]:
    value = document.get(key) if isinstance(document, Mapping) else None
    return value if isinstance(value, list) else []


def _kind(resource_type: str, attributes: Mapping[str, str]) -> str:
    if resource_type.startswith("azapi_"):
        return attributes.get("type", "").strip('"').partition("@")[0].lower()
    return ARM_TYPES.get(resource_type, "").lower()


def _value(expression: str, literals: Mapping[str, str]) -> str:
    if re.fullmatch(r'"[^"$%]*"', expression):
        return expression[1:-1]
    return literals.get(expression, "")


def _literals(text: str) -> dict[str, str]:
    """Defaults of variables and literal locals, by how expressions name them."""
    known: dict[str, str] = {}
    for found in _LOCALS.finditer(text):
        known |= {f"local.{key}": value for key, value in _LITERALS.findall(_top_level(text, found.end()))}
    for found in _VARIABLE.finditer(text):
        defaults = dict(_LITERALS.findall(_top_level(text, found.end())))
        if "default" in defaults:
            known[f"var.{found[1]}"] = defaults["default"]
    return known


def _top_level(text: str, at: int) -> str:
    """A block's own lines, from after its opening brace; what lies in deeper brackets is blanked out."""
    out: list[str] = []
    depth = 1
    while at < len(text) and depth:
        skipped = _SKIPPED.match(text, at)
        piece = skipped[0] if skipped else text[at]
        depth += {"{": 1, "[": 1}.get(piece, 0)
        comment = piece.startswith(("#", "//", "/*"))
        out.append(piece if depth == 1 and not comment else "\n" * piece.count("\n"))
        depth -= {"}": 1, "]": 1}.get(piece, 0)
        at += len(piece)
    return "".join(out)
