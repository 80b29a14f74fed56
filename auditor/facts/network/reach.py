"""How much of the public internet a passage is open to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Self

from auditor.facts.network.addresses import V6_OFFSET, Interval, public_space
from auditor.facts.network.effective import Filtered, Passage
from auditor.facts.network.security_rules import PROTOCOLS

_WIDE = 16


@dataclass(frozen=True, slots=True)
class Reach:
    """Who of the internet gets through."""

    addresses: int
    """Public IPv4 addresses."""
    everyone: bool
    """Whether that is all of them."""
    wide: bool
    """Whether it is at least a sixteenth of them, which is as good as everyone."""
    tags: tuple[str, ...]
    """Service tags that get through; which addresses these are is not known offline."""

    @classmethod
    def of_all(cls) -> Self:
        """The whole internet."""
        return cls(count_ipv4(public_space()), everyone=True, wide=True, tags=())

    @classmethod
    def of(cls, remote: int, passed: Filtered) -> Self:
        """The part of the internet that a set of remote addresses is."""
        count = count_ipv4(passed.atoms.intervals(remote & passed.internet))
        total = count_ipv4(passed.atoms.intervals(passed.internet))
        wide = bool(count) and count * _WIDE >= total
        return cls(count, everyone=count == total, wide=wide, tags=passed.atoms.tags_in(remote))


@dataclass(frozen=True, slots=True)
class Opening:
    """Ports that some part of the internet reaches, by whichever rules."""

    protocol: str
    first_port: int
    last_port: int
    reach: Reach
    rules: str
    """Each way through: the rule of every filter joined by `and`, several ways by `or`."""


def openings(passed: Filtered) -> Iterator[Opening]:
    """What the internet reaches, by protocol and port.

    Rules that open the same port to parts of the internet add up: two halves are the whole.
    """
    for protocol in PROTOCOLS:
        open_here = [p for p in passed.passages if p.protocol == protocol and p.remote & passed.internet]
        for first, last, remote, rules in _joined(_segments(open_here, passed.internet)):
            yield Opening(protocol, first, last, Reach.of(remote, passed), rules)


_Segment = tuple[int, int, int, str]


def _segments(passages: Sequence[Passage], internet: int) -> Iterator[_Segment]:
    cuts = sorted({p.first_port for p in passages} | {p.last_port + 1 for p in passages})
    for first, after in pairwise(cuts):
        covering = [p for p in passages if p.first_port <= first <= p.last_port]
        if covering:
            remote = reduce(or_, (p.remote & internet for p in covering))
            ways = dict.fromkeys(" and ".join(map(str, p.rules)) or "no rule against it" for p in covering)
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
    return sum(min(last, V6_OFFSET - 1) - first + 1 for first, last in intervals if first < V6_OFFSET)
