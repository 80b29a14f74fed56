"""Resources whose bodies are kept as JSON and decoded when somebody asks: decoded, a body takes five times the room.

The bodies that were asked for last stay decoded. A body is never written to, so that one that is decoded anew is the
same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from auditor.inventory.model import Gap, Json, Resource
from auditor.inventory.packing import as_json, from_json

DECODED = 20_000
"""How many bodies stay decoded: of a source with fewer resources than that all do."""
_NONE: Mapping[str, Gap] = {}
_BODY: Any = Resource.__dict__["body"]
"""The slot of every resource's body, empty while a stored one is not decoded."""


class Stored(Resource):
    """A resource whose body is decoded when it is asked for. Build with `stored` or `Stored.of_text`."""

    __slots__ = ("_text",)
    _text: bytes

    @classmethod
    def of_text(cls, plain: Resource, text: bytes) -> Stored:
        """The same as `plain`, with a body that `text` is the JSON of."""
        made = cls.__new__(cls)
        for name, value in (
            ("id", plain.id),
            ("type", sys.intern(plain.type)),
            ("unread", plain.unread or _NONE),
            ("key", plain.key),
            ("type_key", sys.intern(plain.type_key)),
            ("partial", plain.partial),
            ("_text", text),
        ):
            object.__setattr__(made, name, value)
        return made

    @property
    def body(self) -> Mapping[str, Json]:
        """See `Resource.body`."""
        try:
            found: Mapping[str, Json] = _BODY.__get__(self)
        except AttributeError:
            found = from_json(self._text)
            _BODY.__set__(self, found)
            _decoded_last.add(self)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Anywhere else, and where a part of it is replaced, it is a resource like any other."""
        return Resource, (self.id, self.type, self.body, self.unread, self.key, self.type_key, self.partial)


def stored(resource: Resource) -> Resource:
    """The same resource, its body kept as JSON where JSON gives back exactly what it is."""
    text = as_json(resource.body)
    return resource if text is None else Stored.of_text(resource, text)


def is_large(count: int) -> bool:
    """Whether so many bodies are more than stay decoded."""
    return count > DECODED


def beyond_the_first(resources: Iterable[Resource]) -> Iterator[Resource]:
    """The resources as they come: those beyond as many as stay decoded anyway are stored."""
    for count, resource in enumerate(resources, 1):
        yield stored(resource) if is_large(count) else resource


class _DecodedLast:
    """The stored resources that were decoded last, in two halves: when one is full the other is let go."""

    def __init__(self) -> None:
        self._young: list[Stored] = []
        self._old: list[Stored] = []

    def add(self, resource: Stored) -> None:
        """Note that a resource was decoded."""
        self._young.append(resource)
        if len(self._young) > DECODED // 2:
            for one in self._old:
                with suppress(AttributeError):  # two threads decoded it at once
                    _BODY.__delete__(one)
            self._old, self._young = self._young, []


_decoded_last = _DecodedLast()
