"""The values of a fact family over a large inventory, kept as JSON until they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.model import Json, Unread

FROM = 5_000
"""Values of a family from which on it is worth it."""
_AT_HAND = 1_000


class PackedValues(Mapping[str, Json | Unread]):
    """Values by resource key; each equals what was given, and is nobody's to write to."""

    def __init__(self, values: Mapping[str, Json | Unread]) -> None:
        self._held = {key: _packed(value) for key, value in values.items()}
        self._at_hand: dict[str, Json | Unread] = {}

    def __getitem__(self, key: str) -> Json | Unread:
        held = self._held[key]
        if not isinstance(held, bytes):
            return held
        found = self._at_hand.get(key)
        if found is None:
            import orjson

            if len(self._at_hand) >= _AT_HAND:
                self._at_hand.clear()
            found = self._at_hand[key] = orjson.loads(held)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held


def packed(values: Mapping[str, Json | Unread]) -> Mapping[str, Json | Unread]:
    """The same values, packed where there are many."""
    return PackedValues(values) if len(values) >= FROM else values


def _packed(value: Json | Unread) -> Json | Unread | bytes:
    import orjson

    if isinstance(value, Unread):
        return value
    try:
        text = bytes(memoryview(orjson.dumps(value)))  # a copy: what it gives has room for four times as much
        return text if orjson.loads(text) == value else value
    except (TypeError, ValueError, RecursionError):
        return value
