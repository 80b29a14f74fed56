"""Paths into ARM bodies: `properties.securityRules[*].properties.access`, `tags['cost center']`.

Property names compare without case, as Azure Resource Manager treats them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from auditor.expressions import values
from auditor.expressions.values import MISSING
from auditor.inventory.model import Unread


class Each(Enum):
    """The step `[*]`."""

    EACH = "[*]"


EACH: Final = Each.EACH

Step = str | int | Each
"""A property name as written, an index, or every element."""

_STEP = re.compile(
    r"""
    \[\*\]                             (?P<each>)
  | \[(?P<index>\d+)\]
  | \['''(?P<apostrophes>.*?)'''\]
  | \['(?P<quoted>(?:[^']|'')*)'\]
  | \[(?P<bare>[^\]'\[*]+)\]
  | (?:(?<=.)\.)?(?P<name>[^.\[\]]+)
    """,
    re.VERBOSE,
)


class BadPath(ValueError):  # noqa: N818 - its message is for users
    """A path that cannot be read; the message says where."""


@lru_cache(maxsize=8192)
def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises BadPath for an empty step, a stray bracket or dot."""
    steps: list[Step] = []
    position = 0
    if not text:
        raise BadPath("the path is empty")
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or match.end() == position:
            raise BadPath(f"cannot read {text[position:]!r} in the path {text!r}")
        steps.append(_step(match))
        position = match.end()
    if isinstance(steps[0], int | Each):
        raise BadPath(f"the path {text!r} starts with an index")
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["each"] is not None:
        return EACH
    if match["index"] is not None:
        return int(match["index"])
    if match["quoted"] is not None:
        return match["quoted"].replace("''", "'")
    return match["apostrophes"] or match["bare"] or match["name"]


def show_path(steps: tuple[Step, ...]) -> str:
    """The steps as text."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step is EACH:
            text += "[*]"
        elif re.fullmatch(r"[\w$@-]+", step):
            text += f".{step}" if text else step
        else:
            text += "['" + step.replace("'", "''") + "']"
    return text


def pattern(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with names lower-cased, for comparing paths."""
    return tuple(step.lower() if isinstance(step, str) else step for step in steps)


class Loose(str):
    """A name in an alias: where it is missing, it may stand below `properties`, which aliases leave out."""

    __slots__ = ()


def loosened(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of an alias: every name is looked for below `properties` too."""
    return tuple(Loose(step) if isinstance(step, str) else step for step in steps)


def member(value: Any, name: str) -> Any:
    """The member of an object, as `values.member`; a `Loose` name also below `properties`."""
    found = values.member(value, name)
    if found is MISSING and type(name) is Loose and name.lower() != "properties" and isinstance(value, Mapping):
        return member(value["properties"], str(name)) if "properties" in value else MISSING
    return found


def find(value: Any, steps: tuple[Step, ...]) -> Any:
    """What a path without `[*]` leads to, MISSING, or the `Unread` that it meets on its way."""
    if type(value) is Unread:
        return value
    for step in steps:
        if isinstance(step, str):
            # Nearly always the name is written as the body has it.
            found = value.get(step, MISSING) if type(value) is dict else MISSING
            value = member(value, step) if found is MISSING else found
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return MISSING
        if value is MISSING or type(value) is Unread:
            return value
    return value


def find_all(value: Any, steps: tuple[Step, ...]) -> list[Any]:
    """Every value that a path with `[*]` selects; a property that an element lacks is MISSING.

    A missing array, or one that is no array, selects nothing; one that was not read stands for its elements.
    """
    values = [value]
    for step in steps:
        if step is EACH:
            values = [element for item in values for element in _elements(item)]
        else:
            values = [find(item, (step,)) for item in values]
    return values


def _elements(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if type(value) is Unread else []


@dataclass(frozen=True, slots=True)
class Found:
    """A value with the place it was found at."""

    steps: tuple[Step, ...]
    """Without `[*]`: every element by its index."""
    value: Any


def places(value: Any, steps: tuple[Step, ...], at: tuple[Step, ...] = ()) -> Iterator[Found]:
    """What a path selects, like `find` and `find_all`, with the place of each value."""
    if not steps or type(value) is Unread:
        yield Found(at, value)
        return
    step, rest = steps[0], steps[1:]
    if step is EACH:
        if isinstance(value, list):
            for index, element in enumerate(value):
                yield from places(element, rest, (*at, index))
    else:
        yield from places(find(value, (step,)), rest, (*at, step))
