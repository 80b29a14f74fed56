"""Bicep text as statements and expressions.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/file. What cannot be read is opaque; the statements
around it count all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from auditor.expressions.tree import (
    Array,
    Call,
    Expression,
    Lambda,
    Literal,
    Loop,
    Member,
    Name,
    Object,
    Opaque,
)
from auditor.iac.operators import OPERATORS

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_SPREAD = re.compile(r"^[ \t]*\.\.\.[^\n]*", re.M)
_ASSIGNED = re.compile(r"^([ \t]*)param([ \t]+(\w+)[ \t]*=)", re.M)
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|(.))", re.S)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_OPERATORS = {**OPERATORS, "??": "coalesce"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A `resource` or `module`."""

    symbol: str
    source: str
    """The type without its version, or the path of the module."""
    is_existing: bool
    at: int
    """Offset of the symbol."""
    members: dict[str, Expression]
    """Its own properties, by name as written."""
    offsets: dict[str, int]
    """Offset of each property's key by lower-cased path; not of what is inside lists, or stands twice."""
    loop: tuple[Expression, tuple[str, ...]] | None = None
    """What a loop goes over, and its variables."""
    condition: Expression | None = None
    container: Statement | None = None
    """The resource that it stands in."""


@dataclass(slots=True)
class Parsed:
    """The statements of one file."""

    resources: list[Statement] = field(default_factory=list)
    modules: list[Statement] = field(default_factory=list)
    parameters: dict[str, tuple[Expression | None, tuple[Expression, ...]]] = field(default_factory=dict)
    """Default and allowed values, by name."""
    variables: dict[str, Expression] = field(default_factory=dict)
    outputs: dict[str, Expression] = field(default_factory=dict)
    functions: dict[str, Lambda] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path and name there, by name here; the name is "*" for a whole file."""
    given: dict[str, Expression] = field(default_factory=dict)
    """What a parameter file sets."""
    using: str = ""
    """The file that a parameter file is for."""


@cache
def _parser() -> Parser:
    import tree_sitter_bicep
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bicep.language()))


def parse_bicep(text: str) -> Parsed:
    """The statements of a `.bicep` or `.bicepparam` file."""
    # The grammar has no spread; what one adds is not known anyway.
    blanked = _SPREAD.sub(lambda found: " " * len(found[0]), text)
    # Nor has it a parameter file's statements, which look like variables otherwise.
    given = {found[3] for found in _ASSIGNED.finditer(blanked)}
    reader = _Reader(_ASSIGNED.sub(r"\1var  \2", blanked))
    for node in _parser().parse(reader.data).root_node.named_children:
        reader.statement(node)
    parsed = reader.parsed
    parsed.given = {name: value for name, value in parsed.variables.items() if name in given}
    return parsed


class _Reader:
    def __init__(self, text: str) -> None:
        self.parsed = Parsed()
        self.data = text.encode()
        self.is_ascii = len(self.data) == len(text)
        self.decorators: list[Node] = []

    def statement(self, node: Node) -> None:
        """Takes one statement in."""
        names = [_text(child) for child in node.named_children if child.type == "identifier"]
        parsed = self.parsed
        match node.type:
            case "decorators":
                self.decorators = node.named_children
                return
            case "using_statement":
                parsed.using = _literal(next(iter(node.named_children), None))
            case "parameter_declaration" if names:
                default = _after_type(node)
                parsed.parameters[names[0]] = (expression(default) if default else None, self._allowed())
            case "variable_declaration" | "assignment_expression" if names:
                parsed.variables[names[0]] = expression(node.named_children[-1])
            case "output_declaration" if names and (value := _after_type(node)):
                parsed.outputs[names[0]] = expression(value)
            case "user_defined_function":
                self._function(node)
            case "import_functionality" if names:
                self._imports(node)
            case "resource_declaration":
                self._declaration(node, None, parsed.resources)
            case "module_declaration":
                self._declaration(node, None, parsed.modules)
            case "ERROR":
                for child in node.named_children:
                    self.statement(child)
                return
        self.decorators = []

    def _allowed(self) -> tuple[Expression, ...]:
        for decorator in self.decorators:
            call = next(iter(decorator.named_children), None)
            tree = expression(call) if call else None
            if isinstance(tree, Call) and tree.name == "allowed" and tree.arguments:
                values = tree.arguments[0]
                return values.items if isinstance(values, Array) else ()
        return ()

    def _function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        parameters = next((child for child in node.named_children if child.type == "parameters"), None)
        if name and parameters:
            names = tuple(_text(one.named_children[0]) for one in parameters.named_children if one.named_children)
            self.parsed.functions[_text(name)] = Lambda(names, expression(node.named_children[-1]))

    def _imports(self, node: Node) -> None:
        text = _text(node)
        path = _literal(node.named_children[-1])
        names, _, _ = text.removeprefix("import").partition(" from ")
        for part in names.strip().strip("{}").replace("\n", ",").split(","):
            what, _, own = (piece.strip() for piece in part.partition(" as "))
            if what:
                self.parsed.imports[own or what] = (path, what)

    def _declaration(self, node: Node, container: Statement | None, into: list[Statement]) -> None:
        parts = [child for child in node.named_children if child.type != "comment"]
        if [part.type for part in parts[:2]] != ["identifier", "string"] or len(parts) < 3:
            return
        symbol, source = parts[:2]
        body: Node | None = parts[-1]
        loop, condition = None, None
        if body and body.type == "for_statement":
            loop, body = _loop(body)
        if body and body.type == "if_statement":
            condition = expression(body.named_children[0].named_children[0])
            body = body.named_children[-1]
        if body is None or body.type != "object" or not _is_closed(body):
            return
        path = _literal(source)
        made = Statement(
            _text(symbol),
            path.partition("@")[0] if into is self.parsed.resources or container else path,
            any(child.type == "existing" for child in node.children),
            self._offset(symbol.start_byte),
            dict(_own(body)),
            self._offsets(body),
            loop,
            condition,
            container,
        )
        into.append(made)
        for child in body.named_children:
            inner = child.named_children[0] if child.type == "object_property" and child.named_children else child
            if inner.type == "resource_declaration":
                self._declaration(inner, made, into)

    def _offsets(self, body: Node) -> dict[str, int]:
        found: dict[str, int] = {}
        twice: set[str] = set()
        for path, at in _places(body, ""):
            if path in found:
                twice.add(path)
            found[path] = self._offset(at)
        return {path: at for path, at in found.items() if path not in twice}

    def _offset(self, byte: int) -> int:
        """Characters before a byte."""
        return byte if self.is_ascii else len(self.data[:byte].decode())


def _is_closed(body: Node) -> bool:
    last = body.children[-1] if body.children else None
    return last is not None and last.type == "}" and not last.is_missing


def _loop(node: Node) -> tuple[tuple[Expression, tuple[str, ...]], Node | None]:
    header = node.named_children
    initial, over = header[0], header[1]
    names = [initial] if initial.type == "identifier" else initial.named_children
    return (expression(over), tuple(map(_text, names))), node.child_by_field_name("body")


def _own(body: Node) -> Iterator[tuple[str, Expression]]:
    for key, value, _ in _properties(body):
        yield key, expression(value)


def _properties(body: Node) -> Iterator[tuple[str, Node, int]]:
    """Name, value and offset in bytes of the properties that an object writes out."""
    for node in body.named_children:
        if node.type == "object_property" and len(node.named_children) == 2:
            key, value = node.named_children
            name = _text(key) if key.type == "identifier" else _literal(key) if key.type == "string" else ""
            if name:
                yield name, value, key.start_byte + (key.type == "string")


def _places(body: Node, above: str) -> Iterator[tuple[str, int]]:
    for name, value, at in _properties(body):
        path = f"{above}.{name}".lower().lstrip(".")
        yield path, at
        yield from _inside(value, path)


def _inside(value: Node, path: str) -> Iterator[tuple[str, int]]:
    """Properties of the objects that a value may be: its own, an alternative's, a function's argument."""
    if value.type == "object":
        yield from _places(value, path)
    elif value.type not in ("array", "for_statement", "lambda_expression"):
        for child in value.named_children:
            yield from _inside(child, path)


def _after_type(node: Node) -> Node | None:
    """The value of `param x type = value`."""
    children = [child for child in node.children if child.type != "comment"]
    for place, child in enumerate(children):
        if child.type == "=" and place + 1 < len(children):
            return children[place + 1]
    return None


def _text(node: Node) -> str:
    return node.text.decode(errors="replace") if node.text else ""


def _literal(node: Node | None) -> str:
    """A string without interpolation; "" for anything else."""
    tree = expression(node) if node else None
    return tree.value if isinstance(tree, Literal) and isinstance(tree.value, str) else ""


def expression(node: Node) -> Expression:
    """The tree of an expression."""
    if node.is_missing or node.type == "ERROR":
        return Opaque("the code cannot be read")
    children = [child for child in node.named_children if child.type != "comment"]
    match node.type:
        case "string":
            return _string(node)
        case "number":
            return Literal(int(_text(node)))
        case "boolean":
            return Literal(_text(node) == "true")
        case "null":
            return Literal(None)
        case "identifier":
            return Name(_text(node))
        case "parenthesized_expression" if len(children) == 1:
            return expression(children[0])
        case "array":
            return Array(tuple(map(expression, children)))
        case "object":
            pairs = [child.named_children for child in children if child.type == "object_property"]
            return Object(tuple((_key(pair[0]), expression(pair[1])) for pair in pairs if len(pair) == 2))
        case "for_statement":
            (over, names), body = _loop(node)
            return Loop(over, Lambda(names, expression(body))) if body else Opaque("the code cannot be read")
        case "lambda_expression" if children:
            return Lambda(tuple(map(_text, children[:-1])), expression(children[-1]))
        case _:
            return _compound(node, children)


def _compound(node: Node, children: list[Node]) -> Expression:
    match node.type:
        case "call_expression" if len(children) == 2:
            return _call(*children)
        case "member_expression" | "subscript_expression" | "resource_expression" if len(children) == 2:
            return _member(node, *children)
        case "ternary_expression" if len(children) == 3:
            return Call("if", tuple(map(expression, children)))
        case "unary_expression" if children:
            inner = expression(children[-1])
            is_not = node.children[0].type == "!"
            return Call("not", (inner,)) if is_not else Call("sub", (Literal(0), inner))
        case "binary_expression" if len(children) == 2:
            return _binary(node, *map(expression, children))
        case _:
            return Opaque(f"{node.type.replace('_', ' ')} is not followed")


def _key(node: Node) -> Expression:
    return Literal(_text(node)) if node.type == "identifier" else expression(node)


def _string(node: Node) -> Expression:
    if _text(node).startswith("'''"):
        return Literal(_text(node)[3:-3].removeprefix("\n"))
    parts: list[Expression] = []
    whole, start = node.text or b"", node.start_byte
    at = 1  # the grammar leaves escaped marks out of its parts, so the text between interpolations is cut out here
    for child in [*(child for child in node.named_children if child.type == "interpolation"), None]:
        end = child.start_byte - start if child else len(whole) - 1
        parts.append(Literal(_ESCAPE.sub(_unescaped, whole[at:end].decode(errors="replace"))))
        if child:
            parts += [expression(inner) for inner in child.named_children]
            at = child.end_byte - start
    texts = [part.value for part in parts if isinstance(part, Literal) and isinstance(part.value, str)]
    return Literal("".join(texts)) if len(texts) == len(parts) else Call("format", _holes(parts))


def _holes(parts: list[Expression]) -> tuple[Expression, ...]:
    """Arguments of `format()`: an interpolation takes scalars of every kind, as `format()` does and `concat()` not."""
    form = ""
    values: list[Expression] = []
    for part in parts:
        if isinstance(part, Literal) and isinstance(part.value, str):
            form += part.value.replace("{", "{{").replace("}", "}}")
        else:
            form += "{" + str(len(values)) + "}"
            values.append(part)
    return (Literal(form), *values)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2])


def _call(function: Node, arguments: Node) -> Expression:
    values = tuple(expression(child) for child in arguments.named_children if child.type != "comment")
    if function.type == "identifier":
        return Call(_text(function), values)
    tree = expression(function)  # `sys.concat()`, `lib.name()`
    if isinstance(tree, Member) and isinstance(tree.value, Name) and isinstance(tree.key, Literal):
        name = str(tree.key.value)
        return Call(name if tree.value.name in ("sys", "az") else f"{tree.value.name}.{name}", values)
    return Opaque("a call of a computed function is not followed")


def _member(node: Node, value: Node, key: Node) -> Expression:
    marks = {child.type for child in node.children if not child.is_named}
    is_name = node.type != "subscript_expression"
    found = Literal(_text(key)) if is_name else expression(key)
    inner = expression(value)
    is_safe = bool(marks & {".?", "?.", "[?", "?"})
    if isinstance(inner, Lambda):  # the grammar binds `x => x.name` the other way round
        return Lambda(inner.names, Member(inner.body, found, is_safe))
    if node.type == "resource_expression":
        return Name(_text(key))
    return Member(inner, found, is_safe)


def _binary(node: Node, left: Expression, right: Expression) -> Expression:
    mark = next((child.type for child in node.children if not child.is_named), "")
    if mark in _OPERATORS:
        return Call(_OPERATORS[mark], (left, right))
    if mark == "!=":
        return Call("not", (Call("equals", (left, right)),))
    if mark in ("=~", "!~"):
        same = Call("equals", (Call("toLower", (left,)), Call("toLower", (right,))))
        return same if mark == "=~" else Call("not", (same,))
    return Opaque(f"the operator {mark} is not followed")
