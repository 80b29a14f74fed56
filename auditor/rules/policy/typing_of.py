"""Which resource types a policy's `if` can hold for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Types = frozenset[str] | None
"""Type names as written; None for every type."""


def types_of(condition: Any, parameters: Mapping[str, Any]) -> Types:
    """The types that a condition lets through; None where it does not restrict them."""
    if not isinstance(condition, Mapping):
        return None
    keys = {str(key).lower(): key for key in condition}
    if "allof" in keys:
        return _meet([types_of(part, parameters) for part in _parts(condition[keys["allof"]])])
    if "anyof" in keys:
        return _join([types_of(part, parameters) for part in _parts(condition[keys["anyof"]])])
    if str(condition.get("field", "")).lower() == "type":
        return _named(condition, keys, parameters)
    return None


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(condition: Mapping[str, Any], keys: Mapping[str, str], parameters: Mapping[str, Any]) -> Types:
    if "equals" in keys:
        return _literal([condition[keys["equals"]]], parameters)
    if "in" in keys:
        found = condition[keys["in"]]
        return _literal(found if isinstance(found, list) else [found], parameters)
    return None


def _literal(values: list[Any], parameters: Mapping[str, Any]) -> Types:
    names: set[str] = set()
    for value in values:
        if isinstance(value, str) and value.startswith("[parameters('") and value.endswith("')]"):
            given = parameters.get(value[13:-3])
            names |= set(given if isinstance(given, list) else [str(given)])
        elif isinstance(value, str) and not value.startswith("["):
            names.add(value)
        else:
            return None
    return frozenset(names)


def _meet(found: list[Types]) -> Types:
    known = [types for types in found if types is not None]
    if not known:
        return None
    lowered = [{name.lower() for name in types} for types in known]
    return frozenset(name for name in known[0] if all(name.lower() in names for names in lowered))


def _join(found: list[Types]) -> Types:
    joined: frozenset[str] = frozenset()
    for types in found:
        if types is None:
            return None
        joined |= types
    return joined or None
