"""Mistakes in conditions, each at its place, all of them at once; and what else every module here shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto

Place = tuple[str | int, ...]
"""Keys and indexes that lead from the root of a condition to one of its parts."""


class Language(Enum):
    """Which dialect a condition is written in."""

    RULE = auto()
    """Our YAML: a `field` is a path into the ARM body."""
    POLICY = auto()
    """An Azure Policy definition: a `field` is an alias."""


@dataclass(frozen=True, slots=True)
class ConditionProblem:
    """One mistake."""

    path: Place
    """Leads to the offending key or value."""
    message: str
    """What is wrong."""
    remedy: str = ""
    """What would be right."""


class ConditionErrors(ValueError):  # noqa: N818 - several errors at once
    """A condition that cannot be compiled."""

    def __init__(self, problems: Iterable[ConditionProblem]) -> None:
        self.problems = tuple(problems)
        """Every mistake, in the order of the text."""
        super().__init__("; ".join(problem.message for problem in self.problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean ...?` for a misspelt word, or an empty string."""
    names = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), names, 1, 0.6)
    return f"did you mean {names[close[0]]}?" if close else ""
