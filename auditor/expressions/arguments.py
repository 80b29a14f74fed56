"""What template functions take: a value of the kind that is needed, or `Undecidable`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.expressions.values import Undecidable, as_number, as_text, is_null


def fail(name: str, why: str) -> Undecidable:
    """What to raise where Azure would end a function with an error."""
    return Undecidable(f"{name}() fails: {why}")


def number_of(name: str, value: Any) -> float | int:
    """A number, or text that is one."""
    number = as_number(value)
    if number is None:
        raise fail(name, f"{value!r} is not a number")
    return number


def integer_of(name: str, value: Any) -> int:
    """A whole number."""
    number = number_of(name, value)
    if number != int(number):
        raise fail(name, f"{value!r} is not an integer")
    return int(number)


def text_of(name: str, value: Any) -> str:
    """A scalar as text."""
    if isinstance(value, list | Mapping) or is_null(value):
        raise fail(name, "a string is needed")
    return as_text(value)


def truth_of(name: str, value: Any) -> bool:
    """A boolean, or text that is one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise fail(name, f"{value!r} is not a boolean")
