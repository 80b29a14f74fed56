"""Three-valued `or` over what is known and what was not read."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.inventory.model import Unread

Truth = bool | Unread
"""True, false, or not read."""


def either(parts: Iterable[Truth]) -> Truth:
    """Whether at least one part holds: one true part decides it, whatever else was not read."""
    unread: Unread | None = None
    for part in parts:
        if isinstance(part, Unread):
            unread = unread or part
        elif part:
            return True
    return unread or False
