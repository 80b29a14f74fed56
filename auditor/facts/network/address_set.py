"""Sets of addresses as values of their own, which can be mixed whatever rules they came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.facts.network.addresses import ALL, V6_OFFSET, Interval, merge


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses on the axis, and service tags whose addresses are not known offline.

    A set made from rules can tell only the tags that these rules name apart; of all others it has all or none.
    """

    spans: tuple[Interval, ...]
    """Ordered, neither overlapping nor touching."""
    tags: frozenset[str] = frozenset()
    """The tags that are in it, of those it can tell apart."""
    known: frozenset[str] = frozenset()
    """The tags that it can tell apart."""
    other_tags: bool = False
    """Whether every other tag is in it."""

    def __bool__(self) -> bool:
        # Of services that no rule names none is left where no address is: filters may each have stopped a part.
        return bool(self.spans or self.tags)

    def __contains__(self, address: int) -> bool:
        return any(first <= address <= last for first, last in self.spans)

    def has_tag(self, tag: str) -> bool:
        """Whether a tag's addresses are in it."""
        return tag in self.tags if tag in self.known else self.other_tags

    def __and__(self, other: AddressSet) -> AddressSet:
        if self is EVERYTHING or other is EVERYTHING:
            return other if self is EVERYTHING else self
        spans, rest = intersection(self.spans, other.spans), self.other_tags and other.other_tags
        if self.known == other.known:
            return AddressSet(spans, self.tags & other.tags, self.known, rest)
        tags = self.tags & other.tags
        if other.other_tags:
            tags |= self.tags - other.known
        if self.other_tags:
            tags |= other.tags - self.known
        return AddressSet(spans, tags, self.known | other.known, rest)

    def of_family(self, family: int) -> AddressSet:
        """Its IPv4 or its IPv6 addresses; tags belong to IPv4."""
        if family == 4:
            return AddressSet(intersection(self.spans, _V4), self.tags, self.known, self.other_tags)
        return AddressSet(intersection(self.spans, _V6))


def union(sets: Iterable[AddressSet]) -> AddressSet:
    """What is in at least one of several sets."""
    several = list(sets)
    if len(several) == 1:
        return several[0]
    known = frozenset[str]().union(*(some.known for some in several))
    tags = frozenset(tag for tag in known if any(some.has_tag(tag) for some in several))
    spans = merge(span for some in several for span in some.spans)
    return AddressSet(spans, tags, known, any(some.other_tags for some in several))


def intersection(some: Sequence[Interval], others: Sequence[Interval]) -> tuple[Interval, ...]:
    """What two ordered lists of intervals have in common, in order."""
    found: list[Interval] = []
    i = j = 0
    while i < len(some) and j < len(others):
        first, last = some[i]
        low, high = others[j]
        if max(first, low) <= min(last, high):
            found.append((max(first, low), min(last, high)))
        if last < high:
            i += 1
        else:
            j += 1
    return tuple(found)


EVERYTHING = AddressSet((ALL,), other_tags=True)
_V4 = ((0, V6_OFFSET - 1),)
_V6 = ((V6_OFFSET, ALL[1]),)
