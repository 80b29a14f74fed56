"""Objects of which only some members are known: reading another one finds `Unread`, never that it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.inventory.model import Gap, Unread


class Foretold(dict[str, Any]):
    """An object whose unmentioned members are not known, for the reason that a gap gives."""

    def __init__(self, known: Mapping[str, Any], gap: Gap) -> None:
        super().__init__(known)
        self.gap = gap

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - a dict's signature
        """The member, its name compared without case; `Unread` for one that is not known."""
        if key in self:
            return self[key]
        lowered = key.lower()
        return next((value for name, value in self.items() if name.lower() == lowered), Unread(self.gap))

    def __reduce__(self) -> tuple[type[Foretold], tuple[dict[str, Any], Gap]]:
        return Foretold, (dict(self), self.gap)


def with_members(known: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """The object with other members, as little known as before beyond them."""
    changed = {**known, **members}
    return Foretold(changed, known.gap) if isinstance(known, Foretold) else changed
