"""As much of GitHub's and Azure Pipelines' expressions as our own files use; anything else is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_GITHUB = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_TERM = re.compile(r"([\w.-]+|!cancelled\(\))(?:\s*(==|!=)\s*'([^']*)')?")


def github(text: str, known: Mapping[str, str]) -> str:
    """The text with each `${{ name }}` replaced by what is known of it."""
    return _GITHUB.sub(lambda found: known[found[1]], text)


def github_condition(text: str, known: Mapping[str, str]) -> bool:
    """Whether an `if:` of terms joined by `&&` holds."""
    found = _GITHUB.fullmatch(text)
    assert found, text
    return all(_holds(term.strip(), known) for term in found[1].split("&&"))


def _holds(term: str, known: Mapping[str, str]) -> bool:
    if term == "!cancelled()":
        return True
    found = _TERM.fullmatch(term)
    assert found, term
    same = known[found[1]] == found[3]
    return same if found[2] == "==" else not same


def pipelines(value: Any, parameters: Mapping[str, Any], variables: Mapping[str, str]) -> Any:
    """A template's value with its `${{ }}` expanded and its `$( )` filled in."""
    if isinstance(value, Mapping):
        return {key: pipelines(inner, parameters, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [step for element in value for step in _element(element, parameters, variables)]
    if not isinstance(value, str):
        return value
    text = _GITHUB.sub(lambda found: _parameter(found[1], parameters), value)
    return re.sub(r"\$\(([A-Z]\w*(?:\.\w+)*|audit\w+)\)", lambda found: variables.get(found[1], ""), text)


def _element(element: Any, parameters: Mapping[str, Any], variables: Mapping[str, str]) -> Sequence[Any]:
    if isinstance(element, Mapping) and len(element) == 1:
        ((key, inner),) = element.items()
        if found := re.fullmatch(r"\$\{\{ if eq\(parameters\.(\w+), true\) \}\}", str(key)):
            chosen = parameters[found[1]] is True
            return list(pipelines(inner, parameters, variables)) if chosen else []
    return [pipelines(element, parameters, variables)]


def _parameter(expression: str, parameters: Mapping[str, Any]) -> str:
    if found := re.fullmatch(r"join\(';', parameters\.(\w+)\)", expression):
        return ";".join(parameters[found[1]])
    found = re.fullmatch(r"parameters\.(\w+)", expression)
    assert found, expression
    return str(parameters[found[1]])  # booleans are written True and False, as Azure Pipelines writes them
