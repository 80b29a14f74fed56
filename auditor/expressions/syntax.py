"""Template expressions, `[concat('a', field('name'))]`, parsed into a small tree.

Grammar: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re

from auditor.expressions.tree import Call, Expression, Literal, Member

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<mark>[()\[\],.]))"
)
_DEEPEST = 60


class BadExpression(ValueError):  # noqa: N818 - its message is for users
    """A template expression that cannot be read."""


def is_expression(text: str) -> bool:
    """Whether a string is a template expression: in brackets, and the first not doubled."""
    return text[:1] == "[" and text[-1:] == "]" and text[:2] != "[["


def unescape(text: str) -> str:
    """A plain string as it is meant: a doubled first bracket stands for one."""
    return text[1:] if text[:2] == "[[" else text


def parse_expression(text: str) -> Expression:
    """The tree of an expression, its outer brackets included. Raises BadExpression."""
    parser = _Parser(_tokens(text[1:-1]))
    tree = parser.expression(0)
    parser.expect_end()
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadExpression(f"{text[position:].strip()!r} is out of place")
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def expression(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise BadExpression("it nests too deeply")
        tree = self._primary(depth)
        while self._peek() in (("mark", "."), ("mark", "[")):
            tree = Member(tree, self._member(depth))
        return tree

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise BadExpression(f"{self._tokens[self._at][1]!r} is too much")

    def _primary(self, depth: int) -> Expression:
        kind, text = self._next()
        if kind == "text":
            return Literal(text[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(float(text) if "." in text else int(text))
        if kind == "name":
            self._take("(")
            return Call(text, tuple(self._arguments(depth)))
        raise BadExpression(f"{text!r} is out of place")

    def _arguments(self, depth: int) -> list[Expression]:
        if self._peek() == ("mark", ")"):
            self._next()
            return []
        arguments = [self.expression(depth + 1)]
        while (mark := self._next())[1] == ",":
            arguments.append(self.expression(depth + 1))
        if mark[1] != ")":
            raise BadExpression(f"expected ',' or ')' before {mark[1]!r}")
        return arguments

    def _member(self, depth: int) -> Expression:
        if self._next()[1] == ".":
            kind, text = self._next()
            if kind != "name":
                raise BadExpression("expected a name after '.'")
            return Literal(text)
        key = self.expression(depth + 1)
        self._take("]")
        return key

    def _take(self, mark: str) -> None:
        found = self._next()[1]
        if found != mark:
            raise BadExpression(f"expected {mark!r} before {found!r}")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadExpression("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]
