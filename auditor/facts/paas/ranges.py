"""Ranges of addresses as services write them, and how many public addresses they hold."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from auditor.facts.network.addresses import (
    ALL,
    AXIS_END,
    V6_OFFSET,
    Interval,
    merge,
    parse_prefix,
    public_space,
    subtract,
)
from auditor.facts.network.reach import count_ipv4
from auditor.facts.network.topology import value
from auditor.facts.paas.model import Range, RangeChildren, RangeList
from auditor.inventory.model import Resource

_WIDE = 16
_AZURE = "0.0.0.0"  # noqa: S104 - a firewall's notation, not an address to listen on


def public_part(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """What of these addresses the public internet can carry."""
    space = public_space()
    found: list[Interval] = []
    for first, last in merge(intervals):
        index = bisect_left(space, first, key=_last)
        while index < len(space) and space[index][0] <= last:
            found.append((max(first, space[index][0]), min(last, space[index][1])))
            index += 1
    return tuple(found)


def _last(interval: Interval) -> int:
    return interval[1]


@lru_cache(maxsize=1)
def all_public() -> int:
    """How many public IPv4 addresses there are."""
    return count_ipv4(public_space())


@lru_cache(maxsize=1)
def _all_public_v6() -> int:
    return _count_ipv6(public_space())


def count_public(intervals: Iterable[Interval]) -> int:
    """How many public IPv4 addresses these are."""
    return count_ipv4(public_part(intervals))


def is_wide(intervals: Iterable[Interval]) -> bool:
    """Whether these are at least a sixteenth of the public addresses, of IPv4 or of IPv6."""
    public = public_part(intervals)
    return count_ipv4(public) * _WIDE >= all_public() or _count_ipv6(public) * _WIDE >= _all_public_v6()


def _count_ipv6(intervals: Iterable[Interval]) -> int:
    return sum(last - max(first, V6_OFFSET) + 1 for first, last in intervals if last >= V6_OFFSET)


def parse(text: str) -> Interval | None:
    """A prefix, an address, or the words that stand for every address; None for a service tag."""
    cleaned = text.strip()
    if cleaned.lower() in ("any", "*", "internet", "0.0.0.0/0"):
        return (0, V6_OFFSET - 1) if cleaned == "0.0.0.0/0" else ALL
    return parse_prefix(cleaned)


def range_of(text: str, path: str, name: str = "", *, zero_is_azure: bool = False) -> Range:
    """One range from its text."""
    azure = zero_is_azure and text.strip() in (_AZURE, f"{_AZURE}/32")
    interval = None if azure else parse(text)
    intervals = (interval,) if interval else ()
    return Range(text, count_public(intervals), path, name, intervals, azure=azure)


def listed(entry: RangeList, body: Any, place: str = "") -> Iterator[Range]:
    """The ranges in a list of a body; `place` goes before their paths."""
    found = value(body, *entry.path.split("."))
    if isinstance(found, str):  # the older, comma-separated form
        found = [part.strip() for part in found.split(",") if part.strip()]
    for index, item in enumerate(found if isinstance(found, list) else ()):
        text = value(item, entry.key) if entry.key else item
        if not isinstance(text, str) or not text.strip() or (entry.action and not _allows(value(item, entry.action))):
            continue
        name = value(item, entry.name)
        path = f"{place}{entry.path}[{index}]" + (f".{entry.key}" if entry.key else "")
        yield range_of(text, path, name if isinstance(name, str) else "", zero_is_azure=entry.zero_is_azure)


def _allows(action: Any) -> bool:
    return not isinstance(action, str) or action.lower() in ("allow", "accept")


def of_child(entry: RangeChildren, child: Resource, place: str) -> Range | None:
    """The range of a child resource, None where it has no address; `place` goes before its path."""
    first, last = (value(child.body, *path.split(".")) for path in (entry.start, entry.end))
    if not isinstance(first, str) or not isinstance(last, str):
        return None
    path = f"{place}{entry.start}"
    if entry.zero_is_azure and first.strip() == last.strip() == _AZURE:
        return Range(f"{_AZURE} - {_AZURE}", 0, path, child.name, azure=True)
    interval = parse_prefix(f"{first.strip()}-{last.strip()}")
    intervals = (interval,) if interval else ()
    return Range(_shown(first, last, interval), count_public(intervals), path, child.name, intervals)


def _shown(first: str, last: str, interval: Interval | None) -> str:
    """A range as one prefix where it is one."""
    size = interval[1] - interval[0] + 1 if interval else 0
    if interval is None or size & (size - 1) or interval[0] % size or interval[1] >= V6_OFFSET:
        return f"{first} - {last}"
    return f"{first}/{33 - size.bit_length()}"


def first_match(
    rules: Iterable[tuple[bool, Interval]], *, otherwise: bool, among: Interval = ALL
) -> tuple[Interval, ...]:
    """Which addresses of `among` ordered rules let in: of each address the first rule that names it decides."""
    left: tuple[Interval, ...] = (among,)
    allowed: list[Interval] = []
    for allow, interval in rules:
        after = subtract(left, [interval])
        if allow:
            allowed += subtract(left, after)
        left = after
    return merge([*allowed, *left] if otherwise else allowed)


def is_everything(intervals: Iterable[Interval]) -> bool:
    """Whether every public IPv4 address is among them."""
    v4 = [(first, min(last, V6_OFFSET - 1)) for first, last in intervals if first < V6_OFFSET]
    return count_public(v4) == all_public()


IPV4: Interval = (0, V6_OFFSET - 1)
"""What a service without IPv6 can be reached from."""

EVERYTHING: tuple[Interval, ...] = ((0, AXIS_END - 1),)
