"""A mistake met over one thing stays with that thing: the rest of an audit goes on, and the mistake is told.

A body that no sane service sends can break code that was never tried with it. Whoever looks at many things does so
through `attempt`; what broke comes back as a `Stumble`, and its caller says `unknown` for that thing alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import ParamSpec, TypeVar

from auditor.errors import AuditorError
from auditor.inventory.model import Resource

Given = ParamSpec("Given")
Found = TypeVar("Found")

_PACKAGE = Path(__file__).parent.parent
_strict = False


@dataclass(frozen=True, slots=True)
class Stumble:
    """A mistake that was held."""

    kind: str
    """The exception's type; never its text, which can quote what was read."""
    place: str
    """File and line inside the package: `facts/network/doors.py:12`."""
    suspects: tuple[Resource, ...] = ()
    """Resources that were being looked at, those of the innermost function first."""

    def __str__(self) -> str:
        return f"{self.kind} in {self.place}"


def be_strict(wanted: bool) -> None:
    """Whether mistakes are raised and not held: for tests, so that those of our own are seen."""
    global _strict  # noqa: PLW0603 - one program, one way
    _strict = wanted


def attempt(what: Callable[Given, Found], *given: Given.args, **named: Given.kwargs) -> Found | Stumble:
    """What a call gives, or the mistake that it met; errors that users are meant to see are raised."""
    try:
        return what(*given, **named)
    except AuditorError:
        raise
    except Exception as error:
        if _strict:
            raise
        return _stumble(error)


def _stumble(error: Exception) -> Stumble:
    frames: list[tuple[FrameType, int]] = []
    trace = error.__traceback__
    while trace is not None:
        frames.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    frames.reverse()
    ours = ((frame, line) for frame, line in frames if _inside(frame.f_code.co_filename))
    frame, line = next(ours, frames[0])
    suspects = dict.fromkeys(resource.key for frame, _ in frames for resource in _resources(frame))
    by_key = {resource.key: resource for frame, _ in frames for resource in _resources(frame)}
    file = Path(frame.f_code.co_filename)
    place = file.relative_to(_PACKAGE).as_posix() if _inside(str(file)) else file.name
    return Stumble(type(error).__name__, f"{place}:{line}", tuple(by_key[key] for key in suspects))


def _inside(file: str) -> bool:
    return Path(file).is_relative_to(_PACKAGE)


def _resources(frame: FrameType) -> Iterator[Resource]:
    """Resources that a function had in its hands, on their own or as the `resource` of what it had."""
    for value in frame.f_locals.values():
        if isinstance(value, Resource):
            yield value
        elif isinstance(inner := getattr(value, "resource", None), Resource):
            yield inner
