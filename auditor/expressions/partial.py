"""Values that are known in part: not at all, by their shape, or as one of several.

Code decides some values only when it is deployed. What can be said before is a plain JSON value, or one of these,
which may also stand inside lists and objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST = 50
"""More alternatives than this are not told apart."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known before deployment."""

    reason: str
    """In words for the user."""
    parameters: tuple[str, ...] = ()
    """Names of the parameters that would decide it."""
    text: str = "{computed}"
    """What stands for it in names: the same for the same expression over parameters."""
    is_secret: bool = False
    """Whether nobody but the service ever sees it: a password, a key."""

    @classmethod
    def of(cls, causes: Sequence[Unknown], reason: str = "", text: str = "{computed}") -> Unknown:
        """One for several causes."""
        names = tuple(dict.fromkeys(name for cause in causes for name in cause.parameters))
        why = reason or (causes[0].reason if causes else "it is computed at deployment")
        return cls(why, names, text, bool(causes) and all(cause.is_secret for cause in causes))


@dataclass(frozen=True, slots=True)
class Hole:
    """Characters of a text that are not known."""

    length: int
    letters: str
    """As in a regular expression's class: `a-z0-9`."""

    @property
    def example(self) -> str:
        """Characters that stand for these."""
        pattern = "00000000-0000-0000-0000-000000000000" if "-" in self.letters[-1:] else "uniquestring0"
        return (pattern * (self.length // len(pattern) + 1))[: self.length]


@dataclass(frozen=True, slots=True)
class Shape:
    """A text of which some characters are known: `st` and thirteen more."""

    parts: tuple[str | Hole, ...]

    @property
    def length(self) -> int:
        """Characters, known or not."""
        return sum(part.length if isinstance(part, Hole) else len(part) for part in self.parts)

    @property
    def known(self) -> str:
        """The characters that are known."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def pattern(self) -> str:
        """A regular expression for the lower-cased text."""
        return "".join(
            f"[{part.letters}]{{{part.length}}}" if isinstance(part, Hole) else re.escape(part.lower())
            for part in self.parts
        )

    @property
    def example(self) -> str:
        """A text of this shape, always the same."""
        return "".join(part if isinstance(part, str) else part.example for part in self.parts)

    def cut(self, start: int, stop: int) -> str | Shape:
        """Characters from one place to another."""
        return joined(_cut(self.parts, start, stop))


def joined(parts: Iterable[str | Hole | Shape]) -> str | Shape:
    """Texts one after the other; a plain one where all of it is known."""
    found: list[str | Hole] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Shape) else (part,):
            if isinstance(piece, str) and found and isinstance(found[-1], str):
                found[-1] += piece
            elif piece != "":
                found.append(piece)
    texts = [piece for piece in found if isinstance(piece, str)]
    return Shape(tuple(found)) if len(texts) < len(found) else "".join(texts)


def _cut(parts: tuple[str | Hole, ...], start: int, stop: int) -> Iterator[str | Hole]:
    at = 0
    for part in parts:
        size = part.length if isinstance(part, Hole) else len(part)
        first, last = max(start - at, 0), min(stop - at, size)
        if first < last:
            yield Hole(last - first, part.letters) if isinstance(part, Hole) else part[first:last]
        at += size


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, and why it is not known which."""

    values: tuple[Any, ...]
    why: Unknown

    @classmethod
    def of(cls, values: Iterable[Any], why: Unknown) -> Any:
        """The one value where all are the same; `why` where there are too many."""
        flat = [one for value in values for one in (value.values if isinstance(value, Choice) else (value,))]
        different: list[Any] = []
        for one in flat:
            if not any(type(one) is type(other) and one == other for other in different):
                different.append(one)
        if len(different) == 1:
            return different[0]
        return cls(tuple(different), why) if 0 < len(different) <= MOST else why


@dataclass(eq=False)
class Open(dict[str, Any]):
    """An object that may have members beyond those that are known."""

    why: Unknown = field(default_factory=lambda: Unknown("it is computed at deployment"))


def alternatives(value: Any) -> tuple[Any, ...]:
    """Every value that it can be."""
    return value.values if isinstance(value, Choice) else (value,)


def unknowns(value: Any) -> Iterator[Unknown]:
    """What is not known in a value, however deep."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, Choice):
        yield value.why
    elif isinstance(value, Shape):
        yield Unknown("part of the text is computed at deployment")
    elif isinstance(value, Mapping):
        if isinstance(value, Open):
            yield value.why
        for inner in value.values():
            yield from unknowns(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from unknowns(inner)
