"""The values of template expressions: what counts as missing, and how they compare, as Azure Policy defines it.

https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#conditions: everything
compares without case; a missing property is null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final


class Undecidable(Exception):  # noqa: N818 - not an error: a value that cannot be computed here
    """Raised where a value cannot be known; in a condition it becomes the truth value `Unknown`."""

    def __init__(self, reason: str, gaps: tuple[object, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        """In words for the user."""
        self.gaps = gaps
        """The `Gap` values behind it."""


class Missing(Enum):
    """What a path finds where there is nothing."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


def member(value: Any, name: str) -> Any:
    """The member of an object by name, without case; MISSING where there is none or the value is no object."""
    if type(value) is not dict and not isinstance(value, Mapping):
        return MISSING
    found = value.get(name, MISSING)
    if found is not MISSING:
        return found
    lowered = name.lower()
    for key in value:
        if len(key) == len(lowered) and key.lower() == lowered:
            return value[key]
    return MISSING


def is_null(value: Any) -> bool:
    """Whether a value counts as missing."""
    return value is None or value is MISSING


def as_text(value: Any) -> str:
    """A scalar as Azure Policy's string comparison sees it: booleans as `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def equal(left: Any, right: Any) -> bool:
    """Equality without case; `true` equals `"true"`, 3 equals `"3"`; objects and lists compare member by member."""
    if type(left) is str and type(right) is str:
        return left == right or left.lower() == right.lower()
    if type(left) is bool and type(right) is bool:
        return left is right
    if is_null(left) or is_null(right):
        return is_null(left) and is_null(right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return len(left) == len(right) and all(equal(value, member(right, key)) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, list | Mapping) or isinstance(right, list | Mapping):
        return False
    numbers = as_number(left), as_number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] == numbers[1]
    return as_text(left).lower() == as_text(right).lower()


def as_number(value: Any) -> float | int | None:
    """A number, or text that is one; None for everything else, booleans included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    return None


def as_time(value: Any) -> datetime | None:
    """An ISO 8601 date or time in UTC; None for everything else. A time without a zone is UTC."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}", value):
        return None
    # .NET writes seven fractional digits, `fromisoformat` reads up to six.
    text = re.sub(r"(\.\d{6})\d+", r"\1", value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_NUMBERS = (int, float)  # not bool, which is no number here


def order(value: Any, operand: Any) -> int:
    """-1, 0 or 1. Raises Undecidable where the kinds differ: Azure Policy throws an error there."""
    if type(value) in _NUMBERS and type(operand) in _NUMBERS:
        return int(value > operand) - int(value < operand)
    pairs: list[tuple[Any, Any]] = [
        (as_number(value), as_number(operand)),
        (as_time(value), as_time(operand)),
    ]
    for left, right in pairs:
        if left is not None and right is not None:
            return int(left > right) - int(left < right)
    if isinstance(value, str) and isinstance(operand, str):
        lowered, other = value.lower(), operand.lower()
        return int(lowered > other) - int(lowered < other)
    raise Undecidable(f"{_kind(value)} cannot be compared with {_kind(operand)}")


def _kind(value: Any) -> str:
    return {"str": "a string", "bool": "a boolean", "list": "an array", "dict": "an object"}.get(
        type(value).__name__, "a number"
    )
