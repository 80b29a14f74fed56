"""Text functions over texts of which only some characters are known.

`uniqueString()` gives thirteen letters and digits, `guid()` and `newGuid()` a GUID: whatever they are made from, the
length is certain. https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from auditor.expressions.functions import FUNCTIONS, to_string
from auditor.expressions.partial import Choice, Hole, Shape, Unknown, joined, unknowns

_HASH = Shape((Hole(13, "a-z0-9"),))
_GUID = Shape((Hole(36, "0-9a-f-"),))
HASHED: Mapping[str, Shape] = {"uniquestring": _HASH, "guid": _GUID, "newguid": _GUID}
"""What functions give that hash their arguments, by lower-cased name."""
_HOLE = re.compile(r"\{\{|\}\}|\{(\d+)\}")


def shaped(name: str, values: Sequence[Any]) -> Any:
    """The value of a text function, by lower-cased name; None where its arguments' shapes do not decide it."""
    if name in HASHED:
        is_computed = name == "guid" and values and not any(True for _ in unknowns(list(values)))
        return None if is_computed else HASHED[name]
    function = _FUNCTIONS.get(name)
    return function(values) if function else None


_TEXTS = ("concat", "format", "tolower", "toupper", "replace", "take", "substring", "trim", "string")


def stand_in(name: str, values: Sequence[Any]) -> str:
    """What stands in names for a text function's value that is not known."""
    if name not in _TEXTS:
        return "{computed}"
    known = [text_of(value) for value in values if isinstance(value, str | int | Shape | Unknown)]
    return str(FUNCTIONS["format"].call(*known)) if name == "format" and known else "".join(known)


def text_of(value: Any) -> str:
    """A value as it stands in names, known or not."""
    if isinstance(value, Unknown):
        return value.text
    if isinstance(value, Choice):
        return value.why.text
    if isinstance(value, list | Mapping):  # where a name was wanted: what it holds may be unknown as well
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=text_of)
    return value.example if isinstance(value, Shape) else to_string(value)


def _text(value: Any) -> str | Shape | None:
    """A scalar as text; None for what is not known or no scalar."""
    if isinstance(value, str | Shape):
        return value
    return to_string(value) if isinstance(value, int | float) else None


def _concat(values: Sequence[Any]) -> Any:
    parts = [part for value in values if (part := _text(value)) is not None]
    return joined(parts) if len(parts) == len(values) else None


def _format(values: Sequence[Any]) -> Any:
    if not values or not isinstance(values[0], str):
        return None
    parts: list[str | Shape] = []
    at = 0
    for hole in _HOLE.finditer(values[0]):
        parts.append(values[0][at : hole.start()])
        at = hole.end()
        if hole[1] is None:
            parts.append(hole[0][0])
            continue
        number = int(hole[1]) + 1
        part = _text(values[number]) if number < len(values) else None
        if part is None:
            return None
        parts.append(part)
    return joined([*parts, values[0][at:]])


def _join(values: Sequence[Any]) -> Any:
    if len(values) != 2 or not isinstance(values[0], list) or not isinstance(values[1], str):
        return None
    between = [part for value in values[0] for part in (values[1], value)][1:]
    return _concat(between)


def _each_known(change: Callable[[str], str]) -> Callable[[Sequence[Any]], Any]:
    def call(values: Sequence[Any]) -> Any:
        text = values[0]
        return joined(part if isinstance(part, Hole) else change(part) for part in text.parts)

    return call


def _replace(values: Sequence[Any]) -> Any:
    text, old, new = values if len(values) == 3 else (None, "", "")
    if not isinstance(text, Shape) or not isinstance(old, str) or not isinstance(new, str):
        return None
    is_mark = bool(old) and not any(letter.isalnum() for letter in old)
    if not is_mark or any(isinstance(part, Hole) and "-" in part.letters[-1:] for part in text.parts):
        return None  # it could stand in what is not known
    return joined(part if isinstance(part, Hole) else part.replace(old, new) for part in text.parts)


def _take(values: Sequence[Any]) -> Any:
    return values[0].cut(0, values[1]) if _is_cut(values, 2) else None


def _skip(values: Sequence[Any]) -> Any:
    return values[0].cut(values[1], values[0].length) if _is_cut(values, 2) else None


def _substring(values: Sequence[Any]) -> Any:
    if not _is_cut(values, 2, 3):
        return None
    text, start = values[0], values[1]
    stop = start + values[2] if len(values) == 3 else text.length
    return text.cut(start, stop) if 0 <= start <= stop <= text.length else None


def _is_cut(values: Sequence[Any], *counts: int) -> bool:
    numbers = values[1:]
    return len(values) in counts and isinstance(values[0], Shape) and all(type(number) is int for number in numbers)


_FUNCTIONS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "concat": _concat,
    "format": _format,
    "join": _join,
    "tolower": _each_known(str.lower),
    "toupper": _each_known(str.upper),
    "trim": lambda values: values[0],
    "string": lambda values: values[0],
    "length": lambda values: values[0].length,
    "replace": _replace,
    "take": _take,
    "skip": _skip,
    "substring": _substring,
}
