"""Sets of addresses with exact arithmetic, fast enough for tens of thousands of security rules.

All IPv4 and IPv6 addresses lie on one axis (IPv4 first). The prefixes that a set of rules names cut the axis into
*atoms* that no rule can tell apart, so that a set of addresses is one integer with a bit an atom, and intersection,
union and difference are single instructions. Service tags whose ranges change weekly (`Storage`,
`AzureCloud.WestEurope`) are atoms of their own: their addresses are public, but which ones is not known offline.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

V6_OFFSET = 1 << 32
AXIS_END = V6_OFFSET + (1 << 128)

Interval = tuple[int, int]
"""First and last address on the axis, both included."""

ALL: Interval = (0, AXIS_END - 1)

# Space that is not reachable over the public internet: IANA's special-purpose registries
# (https://www.iana.org/assignments/iana-ipv4-special-registry, .../iana-ipv6-special-registry) without the
# documentation ranges, which stand for public addresses wherever they are used as examples.
_NOT_PUBLIC = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
)
# The virtual IP of the host, from which load balancer probes, DHCP and DNS come:
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
HOST_VIRTUAL_IP = "168.63.129.16/32"


@lru_cache(maxsize=65536)
def parse_prefix(text: str) -> Interval | None:
    """A prefix, address or `first-last` range as an interval; None for anything else, such as a service tag."""
    if not text or not (text[0].isdigit() or ":" in text):
        return None
    try:
        if "-" in text:
            low, high = (ipaddress.ip_address(end.strip()) for end in text.split("-", 1))
        else:
            network = ipaddress.ip_network(text.strip(), strict=False)
            low, high = network.network_address, network.broadcast_address
    except ValueError:
        return None
    if low.version != high.version or int(low) > int(high):
        return None
    offset = V6_OFFSET if low.version == 6 else 0
    return (int(low) + offset, int(high) + offset)


def prefixes_of(interval: Interval) -> list[str]:
    """An interval as the shortest list of prefixes, IPv4 before IPv6."""
    first, last = interval
    texts: list[str] = []
    if first < V6_OFFSET:
        ends = ipaddress.IPv4Address(first), ipaddress.IPv4Address(min(last, V6_OFFSET - 1))
        texts += map(str, ipaddress.summarize_address_range(*ends))
    if last >= V6_OFFSET:
        six = ipaddress.IPv6Address(max(first, V6_OFFSET) - V6_OFFSET), ipaddress.IPv6Address(last - V6_OFFSET)
        texts += map(str, ipaddress.summarize_address_range(*six))
    return texts


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same addresses as ordered intervals that neither overlap nor touch."""
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is left of `intervals` without `taken`."""
    away = merge(taken)
    left: list[Interval] = []
    index = 0
    for first, last in merge(intervals):
        low = first
        while index < len(away) and away[index][1] < low:
            index += 1
        at = index
        while at < len(away) and away[at][0] <= last:
            if low < away[at][0]:
                left.append((low, away[at][0] - 1))
            low = away[at][1] + 1
            at += 1
        if low <= last:
            left.append((low, last))
    return tuple(left)


@lru_cache(maxsize=1)
def public_space() -> tuple[Interval, ...]:
    """Every address that the public internet can carry."""
    taken = [interval for text in _NOT_PUBLIC if (interval := parse_prefix(text))]
    # 168.63.129.16 belongs to the host, although it looks public.
    host = parse_prefix(HOST_VIRTUAL_IP)
    return subtract([ALL], [*taken, *([host] if host else [])])


@dataclass(frozen=True, slots=True)
class Atoms:
    """The atoms of one set of rules. Sets made by one `Atoms` value cannot be mixed with another's."""

    starts: tuple[int, ...]
    """First address of each atom, ascending; each ends where the next begins."""
    tags: tuple[str, ...]
    """Opaque service tags, lower-cased; their bits come after those of the addresses."""

    @classmethod
    def cut_by(cls, intervals: Iterable[Interval], tags: Iterable[str] = ()) -> Atoms:
        """The atoms that all of `intervals` cut the axis into."""
        cuts = {0}
        for first, last in intervals:
            cuts.add(first)
            cuts.add(last + 1)
        cuts.discard(AXIS_END)
        return cls(tuple(sorted(cuts)), tuple(sorted({tag.lower() for tag in tags})))

    @property
    def everything(self) -> int:
        """Every address, and every tag."""
        return (1 << (len(self.starts) + len(self.tags))) - 1

    @property
    def all_tags(self) -> int:
        """Every opaque tag: each is a part of the public internet."""
        return self.everything ^ ((1 << len(self.starts)) - 1)

    def of(self, intervals: Iterable[Interval]) -> int:
        """The set of these addresses. Every end must be a cut, or the set would be wrong; ValueError otherwise."""
        mask = 0
        for first, last in intervals:
            low, high = self._index(first), self._index(last + 1)
            mask |= (1 << high) - (1 << low)
        return mask

    def of_tag(self, tag: str) -> int:
        """The set of the addresses behind an opaque tag."""
        return 1 << (len(self.starts) + self.tags.index(tag.lower()))

    def intervals(self, mask: int) -> tuple[Interval, ...]:
        """The addresses of a set, tags left out, as ordered intervals."""
        found: list[Interval] = []
        left = mask & ((1 << len(self.starts)) - 1)
        while left:
            first = (left & -left).bit_length() - 1
            rest = left >> first
            length = (~rest & (rest + 1)).bit_length() - 1
            after = first + length
            end = self.starts[after] if after < len(self.starts) else AXIS_END
            found.append((self.starts[first], end - 1))
            left = rest >> length << after
        return tuple(found)

    def tags_in(self, mask: int) -> tuple[str, ...]:
        """The opaque tags of a set."""
        offset = len(self.starts)
        return tuple(tag for index, tag in enumerate(self.tags) if mask >> (offset + index) & 1)

    def _index(self, address: int) -> int:
        if address == AXIS_END:
            return len(self.starts)
        index = bisect_left(self.starts, address)
        if index == len(self.starts) or self.starts[index] != address:
            raise ValueError(f"{address} is inside an atom")
        return index
