"""Bodies that remember which of their properties were asked for by name, there or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Watched(dict[str, Any]):
    """An object of a body; what is asked of it goes into `asked`, elements as `[*]`.

    What walks over all members, whatever they are called, asks for none of them.
    """

    __slots__ = ("_asked", "_at")

    def __init__(self, value: Mapping[str, Any], asked: set[str], at: str = "") -> None:
        self._asked = asked
        self._at = at
        super().__init__({key: watched(inner, asked, self._path(key)) for key, inner in value.items()})

    def _path(self, key: str) -> str:
        return f"{self._at}.{key}" if self._at else key

    def _ask(self, key: object) -> None:
        if isinstance(key, str):
            self._asked.add(self._path(key))

    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        self._ask(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._ask(key)
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        self._ask(key)
        return super().__getitem__(key)


def watched(value: Any, asked: set[str], at: str = "") -> Any:
    """A value whose objects are watched."""
    if isinstance(value, Mapping):
        return Watched(value, asked, at)
    return [watched(inner, asked, f"{at}[*]") for inner in value] if isinstance(value, list) else value
