"""JSON text and where each of its parts stands.

A part is named by its steps, `("properties", "securityRules", 0, "name")`; its span reaches from the start of its key,
where it has one, to the end of its value, or of the opening bracket where the value goes on over several lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Steps = tuple[str | int, ...]
_STEP = re.compile(r"\[(\d+)\]|\['([^']+)'\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line, all numbers 1-based, the end column after the last character."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """JSON text with the places of its parts."""

    text: str
    spans: Mapping[Steps, Span]

    def find(self, path: str) -> Span | None:
        """The span of a property path, names compared without case; of its nearest part that exists, or None.

        A property that is missing is shown where it would have to be set.
        """
        by_folded = {fold(steps): span for steps, span in self.spans.items()}
        steps = steps_of(path)
        for length in range(len(steps), 0, -1):
            if span := by_folded.get(fold(steps[:length])):
                return span
        return None


def steps_of(path: str) -> Steps:
    """The steps of `properties.rules[0]['a.b']`."""
    return tuple(int(m[1]) if m[1] else m[2] or m[3] for m in _STEP.finditer(path))


def fold(steps: Steps) -> Steps:
    """The steps with names in lower case."""
    return tuple(step.lower() if isinstance(step, str) else step for step in steps)
