"""Bodies that remember which of their properties were asked for by name, there or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.azure.shapes.schema import Steps


class Watched(dict[str, Any]):
    """An object of a body; the paths that are asked of it go into `asked`, elements as `[*]`.

    What walks over all members, whatever they are called, asks for none of them.
    """

    __slots__ = ("_asked", "_at")

    def __init__(self, value: Mapping[str, Any], asked: set[Steps], at: Steps = ()) -> None:
        self._asked = asked
        self._at = at
        super().__init__({key: watched(inner, asked, (*at, key)) for key, inner in value.items()})

    def _ask(self, key: object) -> None:
        if isinstance(key, str):
            self._asked.add((*self._at, key))

    def get(self, key: str, default: Any = None) -> Any:
        """See `dict.get`."""
        self._ask(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._ask(key)
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        self._ask(key)
        return super().__getitem__(key)


def watched(value: Any, asked: set[Steps], at: Steps = ()) -> Any:
    """A value whose objects are watched."""
    if isinstance(value, Mapping):
        return Watched(value, asked, at)
    return [watched(inner, asked, (*at, "[*]")) for inner in value] if isinstance(value, list) else value
