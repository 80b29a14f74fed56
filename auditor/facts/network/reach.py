"""How much of the public internet a passage is open to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Self

from auditor.facts.network.addresses import V6_OFFSET, Interval, merge, public_space
from auditor.facts.network.effective import Filtered, Passage
from auditor.facts.network.security_rules import PROTOCOLS, SecurityRule

_WIDE = 16
_V6_NETWORK = 64
"""IPv6 addresses are counted as networks of this prefix length: what one subscriber has."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Who of the internet gets through."""

    addresses: int
    """Public IPv4 addresses, or public IPv6 networks (/64)."""
    everyone: bool
    """Whether that is all of them."""
    wide: bool
    """Whether it is at least a sixteenth of them, which is as good as everyone."""
    tags: tuple[str, ...]
    """Service tags that get through; which addresses these are is not known offline."""

    @classmethod
    def of_all(cls, family: int = 4) -> Self:
        """The whole internet."""
        return cls(_count(public_space(), family), everyone=True, wide=True, tags=())

    @classmethod
    def of_none(cls) -> Self:
        """Nobody of the internet."""
        return cls(0, everyone=False, wide=False, tags=())

    @classmethod
    def of_intervals(cls, intervals: Iterable[Interval], tags: Iterable[str] = (), family: int = 4) -> Self:
        """The public ones of some addresses."""
        public = _intersection(merge(intervals), public_space())
        return cls._of_count(_count(public, family), _count(public_space(), family), tuple(tags))

    @classmethod
    def of(cls, remote: int, passed: Filtered, family: int = 4) -> Self:
        """The part of the internet that a set of remote addresses is."""
        count = _count(passed.atoms.intervals(remote & passed.internet), family)
        total = _count(passed.atoms.intervals(passed.internet), family)
        return cls._of_count(count, total, passed.atoms.tags_in(remote))

    @classmethod
    def _of_count(cls, count: int, total: int, tags: tuple[str, ...]) -> Self:
        wide = bool(count) and count * _WIDE >= total
        return cls(count, everyone=bool(total) and count == total, wide=wide, tags=tags)

    @property
    def anyone(self) -> bool:
        """Whether there is anyone at all."""
        return bool(self.addresses or self.tags)


@dataclass(frozen=True, slots=True)
class Opening:
    """Ports that some part of the internet reaches, by whichever rules."""

    protocol: str
    first_port: int
    last_port: int
    reach: Reach
    rules: str
    """Each way through: the rule of every filter joined by `and`, several ways by `or`."""


def openings(passed: Filtered, family: int = 4, *, ruled: bool = False) -> Iterator[Opening]:
    """What the internet reaches, by protocol and port.

    Rules that open the same port to parts of the internet add up: two halves are the whole. `ruled` leaves out what
    passes only because no rule is against it.
    """
    seen = _internet_of(passed, family)
    for protocol in PROTOCOLS:
        here = [p for p in passed.passages if p.protocol == protocol and p.remote & seen and (p.rules or not ruled)]
        for first, last, remote, rules in _joined(_segments(here, seen)):
            yield Opening(protocol, first, last, Reach.of(remote, passed, family), rules)


def reach_of_port(several: Sequence[Filtered], protocol: str, port: int, family: int) -> tuple[Reach, str] | None:
    """Who of the internet reaches one port at the best of several places, and by which rules; None for nobody."""
    found = [
        (opening.reach, opening.rules)
        for passed in several
        for opening in openings(passed, family)
        if opening.protocol == protocol and opening.first_port <= port <= opening.last_port
    ]
    return max(found, key=lambda pair: (pair[0].addresses, len(pair[0].tags)), default=None)


def admitting_rules(passed: Filtered, protocol: str, port: int, origin: Iterable[Interval]) -> str | None:
    """The rules that let some address of `origin` reach a port, as text; None where none gets through."""
    remote = passed.atoms.touching(origin)
    through = [
        p
        for p in passed.passages
        if p.protocol == protocol and p.first_port <= port <= p.last_port and p.remote & remote
    ]
    return " or ".join(dict.fromkeys(words(p.rules) for p in through)) if through else None


def words(rules: Sequence[SecurityRule]) -> str:
    """The rules of one way through."""
    return " and ".join(map(str, rules)) or "no rule against it"


def _internet_of(passed: Filtered, family: int) -> int:
    """The internet as a set, as far as it can come to an address of this family; tags belong to IPv4."""
    return passed.internet & (passed.atoms.v4 | passed.atoms.all_tags if family == 4 else passed.atoms.v6)


_Segment = tuple[int, int, int, str]


def _segments(passages: Sequence[Passage], internet: int) -> Iterator[_Segment]:
    cuts = sorted({p.first_port for p in passages} | {p.last_port + 1 for p in passages})
    for first, after in pairwise(cuts):
        covering = [p for p in passages if p.first_port <= first <= p.last_port]
        if covering:
            remote = reduce(or_, (p.remote & internet for p in covering))
            ways = dict.fromkeys(words(p.rules) for p in covering)
            yield first, after - 1, remote, " or ".join(ways)


def _joined(segments: Iterable[_Segment]) -> Iterator[_Segment]:
    """Neighbours that are open to the same addresses by the same rules, as one."""
    held: _Segment | None = None
    for segment in segments:
        if held and held[1] + 1 == segment[0] and held[2:] == segment[2:]:
            held = (held[0], segment[1], *held[2:])
            continue
        if held:
            yield held
        held = segment
    if held:
        yield held


def count_ipv4(intervals: Iterable[Interval]) -> int:
    """How many IPv4 addresses intervals of the axis hold."""
    return _count(intervals, 4)


def _count(intervals: Iterable[Interval], family: int) -> int:
    """How many IPv4 addresses, or IPv6 networks, intervals of the axis hold."""
    if family == 4:
        return sum(min(last, V6_OFFSET - 1) - first + 1 for first, last in intervals if first < V6_OFFSET)
    shift = 128 - _V6_NETWORK
    return sum(
        ((last - V6_OFFSET) >> shift) - ((max(first, V6_OFFSET) - V6_OFFSET) >> shift) + 1
        for first, last in intervals
        if last >= V6_OFFSET
    )


def _intersection(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    return [
        (max(first, low), min(last, high))
        for first, last in some
        for low, high in others
        if max(first, low) <= min(last, high)
    ]
