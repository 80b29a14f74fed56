"""Terraform text as blocks and expressions: https://developer.hashicorp.com/terraform/language/syntax/configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from auditor.expressions.tree import Array, Call, Expression, Lambda, Literal, Loop, Member, Name, Object, Opaque
from auditor.iac.operators import OPERATORS

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|\$(\$\{)|%(%\{)", re.S)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(slots=True)
class Block:
    """`resource "azurerm_x" "y" { ... }`."""

    kind: str
    """`resource`, `module`, `variable`, `locals`, ..."""
    labels: tuple[str, ...]
    at: int
    """Offset of the first label in bytes; of the block where it has none."""
    attributes: dict[str, Expression] = field(default_factory=dict)
    """Its own arguments."""
    blocks: list[Block] = field(default_factory=list)
    offsets: list[tuple[str, int]] = field(default_factory=list)
    """Name and offset in bytes of every argument, those of blocks in it too."""


@cache
def _parser() -> Parser:
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


def parse_hcl(text: str) -> Block:
    """A file as a block without a kind. What cannot be read is left out, or opaque."""
    root = _parser().parse(text.encode()).root_node
    whole = Block("", (), 0)
    for node in root.named_children:
        if node.type in ("body", "ERROR"):
            _body(node, whole)
    return whole


def _body(node: Node, into: Block) -> None:
    for child in node.named_children:
        if child.type == "attribute" and len(parts := _parts(child)) == 2:
            name = _text(parts[0])
            into.attributes[name] = expression(parts[1])
            into.offsets.append((name, parts[0].start_byte))
        elif child.type == "block":
            _block(child, into)
        elif child.type == "body":
            _body(child, into)


def _block(node: Node, into: Block) -> None:
    parts = _parts(node)
    end = node.children[-1] if node.children else None
    if not parts or end is None or end.type != "block_end" or not end.end_byte > end.start_byte:
        return
    labels = [part for part in parts[1:] if part.type in ("string_lit", "identifier")]
    names = tuple(_text(label).strip('"') for label in labels)
    made = Block(_text(parts[0]), names, (labels or parts)[0].start_byte)
    for part in parts:
        if part.type == "body":
            _body(part, made)
    into.blocks.append(made)
    into.offsets += made.offsets


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _text(node: Node) -> str:
    return node.text.decode(errors="replace") if node.text else ""


def expression(node: Node) -> Expression:
    """The tree of an expression."""
    parts = _parts(node)
    match node.type:
        case "expression" if parts and any(child.type == "(" for child in node.children):
            return expression(parts[0]) if len(parts) == 1 else _steps(parts)
        case "expression" | "literal_value" | "template_expr" | "collection_value" | "operation" if parts:
            return _steps(parts)
        case "conditional" if len(parts) == 3:
            return Call("if", tuple(map(expression, parts)))
        case "string_lit" | "quoted_template":
            return _string(node)
        case "numeric_lit":
            text = _text(node)
            return Literal(int(text)) if text.isdigit() else Literal(float(text))
        case "bool_lit":
            return Literal(_text(node) == "true")
        case "null_lit":
            return Literal(None)
        case "variable_expr":
            return Name(_text(node)) if _text(node) else Opaque("the code cannot be read")
        case _:
            return _compound(node, parts)


def _compound(node: Node, parts: list[Node]) -> Expression:
    match node.type:
        case "tuple":
            return Array(tuple(expression(part) for part in parts if part.type == "expression"))
        case "object":
            return Object(tuple(_members(parts)))
        case "function_call" if parts:
            return _call(parts)
        case "binary_operation":
            return _binary(node)
        case "unary_operation" if parts:
            inner = _steps(parts)
            is_not = node.children[0].type == "!"
            return Call("not", (inner,)) if is_not else Call("sub", (Literal(0), inner))
        case "for_expr" if parts and parts[0].type == "for_tuple_expr":
            return _for(parts[0])
        case _:
            return Opaque(f"{node.type.replace('_', ' ')} is not followed")


def _steps(parts: list[Node]) -> Expression:
    """A value and what is read from it: `var.x["a"].b[0]`."""
    tree = expression(parts[0])
    for part in parts[1:]:
        inner = _parts(part)
        if part.type == "get_attr" and inner:
            tree = Member(tree, Literal(_text(inner[0])))
        elif part.type == "index" and inner and _parts(inner[0]):
            tree = Member(tree, expression(_parts(inner[0])[0]))
        else:
            return Opaque(f"{part.type.replace('_', ' ')} is not followed")
    return tree


def _members(parts: list[Node]) -> Iterator[tuple[Expression, Expression]]:
    for part in parts:
        key, value = part.child_by_field_name("key"), part.child_by_field_name("val")
        if part.type == "object_elem" and key and value:
            tree = expression(key)
            # A bare word is the key itself; in parentheses it is an expression.
            is_bare = isinstance(tree, Name) and not _text(key).startswith("(")
            yield Literal(_text(key)) if is_bare else tree, expression(value)


def _call(parts: list[Node]) -> Expression:
    arguments = _parts(parts[1]) if len(parts) > 1 else []
    if any(one.type == "ellipsis" for one in arguments):
        return Opaque("expanded arguments are not followed")
    return Call("hcl." + _text(parts[0]), tuple(expression(one) for one in arguments))


def _binary(node: Node) -> Expression:
    children = [child for child in node.children if child.type != "comment"]
    place = next((i for i, child in enumerate(children) if not child.is_named), 0)
    left, right = children[:place], children[place + 1 :]
    if not left or not right:
        return Opaque("the code cannot be read")
    mark, sides = children[place].type, (_steps(left), _steps(right))
    if mark == "!=":
        return Call("not", (Call("equals", sides),))
    return Call(OPERATORS[mark], sides) if mark in OPERATORS else Opaque(f"the operator {mark} is not followed")


def _for(node: Node) -> Expression:
    """`[for v in xs : ...]` over a list; with a condition or over an object it is not followed."""
    parts = _parts(node)
    intro = next((part for part in parts if part.type == "for_intro"), None)
    body = [part for part in parts if part.type == "expression"]
    if intro is None or len(body) != 1 or any(part.type == "for_cond" for part in parts):
        return Opaque("a for expression with a condition is not followed")
    names = [_text(part) for part in _parts(intro) if part.type == "identifier"]
    over = [part for part in _parts(intro) if part.type == "expression"]
    if not names or not over:
        return Opaque("the code cannot be read")
    return Loop(expression(over[0]), Lambda(tuple(reversed(names)), expression(body[0])))


def _string(node: Node) -> Expression:
    """`"a-${var.b}"`; a plain text where nothing is filled in."""
    form = ""
    values: list[Expression] = []
    for part in _parts(node):
        if part.type == "template_literal":
            text = _ESCAPE.sub(_unescaped, _text(part))
            form += text.replace("{", "{{").replace("}", "}}")
        elif part.type == "template_interpolation":
            inner = [child for child in _parts(part) if child.type == "expression"]
            if len(inner) != 1:
                return Opaque("the code cannot be read")
            form += "{" + str(len(values)) + "}"
            values.append(expression(inner[0]))
        elif part.type not in ("quoted_template_start", "quoted_template_end"):
            return Opaque("a template directive is not followed")
    if not values:
        return Literal(form.replace("{{", "{").replace("}}", "}"))
    return values[0] if form == "{0}" else Call("format", (Literal(form), *values))


def _unescaped(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1] or found[2], 16))
    return found[4] or found[5] or _ESCAPES.get(found[3], found[3])
