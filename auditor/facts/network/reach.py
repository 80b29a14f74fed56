"""How much of the public internet a passage is open to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Protocol, Self

from auditor.facts.network.address_set import AddressSet, intersection, union
from auditor.facts.network.addresses import V6_OFFSET, Interval, merge, public_space
from auditor.facts.network.effective import Filtered, Passage
from auditor.facts.network.security_rules import PROTOCOLS, SecurityRule
from auditor.inventory.model import Json

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
        public = intersection(merge(intervals), public_space())
        return cls._of_count(_count(public, family), _count(public_space(), family), tuple(tags))

    @classmethod
    def of(cls, remote: AddressSet, everyone: AddressSet, family: int = 4) -> Self:
        """The part of everyone that some remote addresses are."""
        tags = tuple(sorted(remote.tags))
        return cls._of_count(_count(remote.spans, family), _count(everyone.spans, family), tags)

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
    forced: bool = False
    """Whether every way is a security admin rule that no security group is asked after."""
    openers: tuple[str, ...] = ()
    """Ids of the rules that let it through."""

    def as_json(self) -> dict[str, Json]:
        """As facts show it: ports, how much of the internet gets there, and by which rule."""
        return {
            "protocol": self.protocol,
            "first_port": self.first_port,
            "last_port": self.last_port,
            "everyone": self.reach.everyone,
            "wide": self.reach.wide,
            "addresses": self.reach.addresses,
            "tags": list(self.reach.tags),
            "rule": self.rules,
        }


class Passed(Protocol):
    """What has come through all filters."""

    @property
    def internet(self) -> AddressSet:
        """The public internet, service tags included."""

    def within(self, region: AddressSet) -> tuple[Passage, ...]:
        """What passes from or to a part of all addresses."""


def openings(passed: Passed, family: int = 4, *, ruled: bool = False) -> Iterator[Opening]:
    """What the internet reaches, by protocol and port.

    Rules that open the same port to parts of the internet add up: two halves are the whole. `ruled` leaves out what
    passes only because no rule is against it.
    """
    everyone = _everyone(passed.internet, family)
    by_protocol: dict[str, list[Passage]] = {}
    for passage in passed.within(everyone):
        if passage.rules or not ruled:
            by_protocol.setdefault(passage.protocol, []).append(passage)
    for protocol in PROTOCOLS:
        for first, last, remote, rules, forced, openers in _joined(_segments(by_protocol.get(protocol, []))):
            reach = Reach.of(remote, everyone, family)
            if reach.anyone:
                yield Opening(protocol, first, last, reach, rules, forced, openers)


@lru_cache(maxsize=4096)
def _everyone(internet: AddressSet, family: int) -> AddressSet:
    return internet.of_family(family)


def reach_of_port(
    several: Sequence[Filtered], protocol: str, port: int, family: int
) -> tuple[Reach, str, AddressSet, tuple[str, ...]] | None:
    """Who of the internet reaches one port at one of several places, by which rules (ids too); None for nobody."""
    passages = [
        passage
        for passed in several
        for passage in passed.within(_everyone(passed.internet, family))
        if passage.protocol == protocol and passage.first_port <= port <= passage.last_port
    ]
    if not passages:
        return None
    admitted = union(passage.remote for passage in passages)
    reach = Reach.of(admitted, _everyone(several[0].internet, family), family)
    rules = " or ".join(dict.fromkeys(words(passage.rules) for passage in passages))
    return (reach, rules, admitted, openers_of(passages)) if reach.anyone else None


def admitting_rules(
    passed: Filtered, protocol: str, port: int, origin: Iterable[Interval]
) -> tuple[str, tuple[str, ...]] | None:
    """The rules that let some address of `origin` reach a port, as text and by id; None where none gets through."""
    through = [
        p
        for p in passed.within(AddressSet(merge(origin)))
        if p.protocol == protocol and p.first_port <= port <= p.last_port
    ]
    if not through:
        return None
    return " or ".join(dict.fromkeys(words(p.rules) for p in through)), openers_of(through)


def words(rules: Sequence[SecurityRule]) -> str:
    """The rules of one way through."""
    return " and ".join(map(str, rules)) or "no rule against it"


def openers_of(passages: Iterable[Passage]) -> tuple[str, ...]:
    """Ids of the rules that let passages through, those that cannot be changed left out."""
    return tuple(dict.fromkeys(rule.id for passage in passages for rule in passage.rules if rule.id))


_Segment = tuple[int, int, AddressSet, str, bool, tuple[str, ...]]


def merged(passages: Iterable[Passage]) -> Iterator[tuple[str, int, int, AddressSet, str]]:
    """Passages by protocol and port, those of one port together: protocol, ports, remote addresses, rules as text."""
    by_protocol: dict[str, list[Passage]] = {}
    for passage in passages:
        by_protocol.setdefault(passage.protocol, []).append(passage)
    for protocol in PROTOCOLS:
        for first, last, remote, rules, *_ in _joined(_segments(by_protocol.get(protocol, []))):
            yield protocol, first, last, remote, rules


def _segments(passages: Sequence[Passage]) -> Iterator[_Segment]:
    cuts = sorted({p.first_port for p in passages} | {p.last_port + 1 for p in passages})
    unions: dict[tuple[int, ...], tuple[AddressSet, str, bool, tuple[str, ...]]] = {}
    for first, after in pairwise(cuts):
        covering = [p for p in passages if p.first_port <= first <= p.last_port]
        if covering:
            key = tuple(map(id, covering))
            if key not in unions:
                ways = dict.fromkeys(words(p.rules) for p in covering)
                forced = all(bool(p.rules) and p.rules[0].access == "alwaysallow" for p in covering)
                unions[key] = (union(p.remote for p in covering), " or ".join(ways), forced, openers_of(covering))
            yield first, after - 1, *unions[key]


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
