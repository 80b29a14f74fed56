"""Bodies of an export, most of them as JSON until they are asked for: decoded they take five times the room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.inventory.model import Json
from auditor.inventory.packing import as_json, from_json


class Bodies:
    """A list of bodies that gives each anew."""

    def __init__(self, bodies: Iterable[Mapping[str, Json]]) -> None:
        self._held: list[Mapping[str, Json] | bytes] = list(bodies)

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Mapping[str, Json]]:
        return map(_decoded, self._held)

    def add_text(self, text: bytes) -> None:
        """Add the body that `text` is the JSON of."""
        self._held.append(text)

    def pack(self) -> None:
        """Keep as JSON what JSON gives back exactly as it is."""
        self._held = [held if isinstance(held, bytes) else _packed(held) for held in self._held]

    def taken(self) -> Iterator[Mapping[str, Json]]:
        """Every body for the last time: each is let go when the next one is asked for."""
        self._held.reverse()
        while self._held:
            yield _decoded(self._held.pop())


def _decoded(held: Mapping[str, Json] | bytes) -> Mapping[str, Json]:
    found: Mapping[str, Json] = from_json(held) if isinstance(held, bytes) else held
    return found


def _packed(body: Mapping[str, Json]) -> Mapping[str, Json] | bytes:
    text = as_json(body)
    return body if text is None else text
