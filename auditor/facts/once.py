"""What several fact families build on, made once for all that ask one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")

_made: dict[type, tuple[object, Any]] = {}


def once(kind: type[Made], over: object, make: Callable[[], Made]) -> Made:
    """The `kind` that was made over this very object, made now where the last one was over another."""
    found = _made.get(kind)
    if found is None or found[0] is not over:
        found = _made[kind] = (over, make())
    made: Made = found[1]
    return made


def forget() -> None:
    """Let go of all: of a large inventory they take more room than the facts that were made from them."""
    _made.clear()
