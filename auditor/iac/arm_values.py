"""Texts that a template expression can have: lookups, `concat`, `format` and `toLower` over what is written out.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.iac.values import Values, joined

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(\d+)|(\w+)|([(),]))")
_HOLE = re.compile(r"\{(\d+)\}")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions of one template look up."""

    parameters: Mapping[str, Values] = field(default_factory=dict)
    """By lower-cased name."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """By lower-cased name, as the template has them."""

    def values_of(self, value: Any, depth: int = 0) -> Values:
        """All texts that a template's value can have."""
        if not isinstance(value, str) or depth > _DEEPEST:
            return ()
        if not value.startswith("[") or value.startswith("[["):
            return (value.removeprefix("[") if value.startswith("[[") else value,)
        tokens = _tokens(value.strip()[1:-1]) if value.rstrip().endswith("]") else []
        found, rest = self._expression(tokens, depth) if tokens else ((), ())
        return () if rest else found

    def _expression(self, tokens: Sequence[tuple[str, str]], depth: int) -> tuple[Values, Sequence[tuple[str, str]]]:
        """The first expression's texts, and the tokens after it; no texts for what is not understood."""
        kind, text = tokens[0]
        if kind in ("text", "number"):
            return (text,), tokens[1:]
        if kind != "name" or len(tokens) < 2 or tokens[1] != ("mark", "("):
            return (), ()
        arguments: list[Values] = []
        rest = tokens[2:]
        while rest and rest[0] != ("mark", ")"):
            found, rest = self._expression(rest, depth + 1)
            arguments.append(found)
            if rest and rest[0] == ("mark", ","):
                rest = rest[1:]
        return self._call(text.lower(), arguments, depth), rest[1:]

    def _call(self, name: str, arguments: Sequence[Values], depth: int) -> Values:
        if not arguments or not all(arguments):
            return ()
        first = arguments[0][0]
        match name:
            case "parameters":
                return self.parameters.get(first.lower(), ())
            case "variables":
                return self.values_of(self.variables.get(first.lower()), depth + 1)
            case "concat":
                return joined(arguments)
            case "tolower":
                return tuple(text.lower() for text in arguments[0])
            case "format" if len(arguments[0]) == 1:
                return _formatted(first, arguments[1:])
            case _:
                return ()


def _formatted(template: str, values: Sequence[Values]) -> Values:
    parts: list[Values] = []
    at = 0
    for hole in _HOLE.finditer(template):
        number = int(hole[1])
        parts += [(template[at : hole.start()],), values[number] if number < len(values) else ()]
        at = hole.end()
    return joined([*parts, (template[at:],)])


def _tokens(text: str) -> list[tuple[str, str]]:
    """Tokens of an expression; none where it has anything that is not understood."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            return []
        if match[1] is not None:
            found.append(("text", match[1].replace("''", "'")))
        else:
            kind = "number" if match[2] else "name" if match[3] else "mark"
            found.append((kind, match[2] or match[3] or match[4]))
        at = match.end()
    return found
