"""One list of rules as a table: for every protocol and port, from which addresses it lets traffic through.

Ports are cut into ranges that no rule tells apart, and addresses into atoms; the first rule that matches decides in
each cell. A table is computed once and serves every interface that the list applies to.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from auditor.facts.network.address_set import EVERYTHING, AddressSet
from auditor.facts.network.addresses import HOST_VIRTUAL_IP, V6_OFFSET, Atoms, Interval, merge, parse_prefix, subtract
from auditor.facts.network.places import Surroundings
from auditor.facts.network.security_rules import (
    INTERNET,
    LOAD_BALANCER,
    PORTLESS,
    PORTS,
    PROTOCOLS,
    VIRTUAL_NETWORK,
    Endpoint,
    SecurityRule,
)

_OTHER_TAGS = ""
"""Stands for every service tag that no rule of the list names."""


class Clearance(Enum):
    """What a table says of traffic that it lets through."""

    ON = auto()
    """It goes on to the next filter."""
    ALWAYS = auto()
    """It goes straight to the machine."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Traffic of one protocol that one rule lets through."""

    ports: Interval
    source_ports: Interval
    remote: AddressSet
    rule: SecurityRule | None
    """None where no rule stops it."""


ByProtocol = Mapping[str, Sequence[Cleared]]


@dataclass(slots=True)
class Table:
    """What a list of rules lets through."""

    cleared: Mapping[Clearance, ByProtocol]
    _restricted: dict[tuple[AddressSet, Clearance], ByProtocol] = field(default_factory=dict)

    def restricted(self, region: AddressSet, clearance: Clearance) -> ByProtocol:
        """What it lets through from or to a part of all addresses."""
        found = self.cleared.get(clearance, {})
        if region is EVERYTHING:
            return found
        key = (region, clearance)
        if key not in self._restricted:
            self._restricted[key] = {name: _within(entries, region) for name, entries in found.items()}
        return self._restricted[key]


def _within(entries: Sequence[Cleared], region: AddressSet) -> list[Cleared]:
    found = []
    for entry in entries:
        remote = entry.remote & region
        if remote:
            found.append(Cleared(entry.ports, entry.source_ports, remote, entry.rule))
    return found


def table_of(rules: Sequence[SecurityRule], around: Surroundings, *, inbound: bool) -> Table:
    """The table of a security group."""
    return Table({Clearance.ON: _Builder(rules, around, inbound=inbound).allowed("allow")})


def admin_table_of(rules: Sequence[SecurityRule], around: Surroundings, *, inbound: bool) -> Table:
    """The table of security admin rules: what no `Deny` stops goes on, `AlwaysAllow` goes past the groups."""
    builder = _Builder(rules, around, inbound=inbound)
    return Table({Clearance.ON: builder.undecided(), Clearance.ALWAYS: builder.allowed("alwaysallow")})


_Cell = tuple[int, int]
"""Indexes of a range of destination ports and of one of source ports."""
_Verdicts = dict[_Cell, list[tuple[SecurityRule, int]]]
"""For each cell, what each rule decides first: the rule and the remote addresses."""


class _Builder:
    """Works a table out."""

    def __init__(self, rules: Sequence[SecurityRule], around: Surroundings, *, inbound: bool) -> None:
        ends = [rule.source if inbound else rule.destination for rule in rules]
        self._rules = rules
        self._atoms = _atoms(ends, around)
        self._masks = [_mask(end, self._atoms, around) for end in ends]
        self._public = self._atoms.of(_public_ipv4(around))
        self._sets: dict[int, AddressSet] = {self._atoms.everything: EVERYTHING}
        self._by_rules: dict[tuple[object, ...], tuple[_Grid, _Verdicts]] = {}

    def allowed(self, access: str) -> ByProtocol:
        """What rules of one kind let through."""
        return {protocol: self._allowed(protocol, access) for protocol in PROTOCOLS}

    def undecided(self) -> ByProtocol:
        """What rules that only allow, and no rule at all, leave to the next filter."""
        return {protocol: self._undecided(protocol) for protocol in PROTOCOLS}

    def _allowed(self, protocol: str, access: str) -> list[Cleared]:
        grid, verdicts = self._decided(protocol)
        cells: dict[tuple[int, int], list[_Cell]] = {}
        by_id: dict[int, SecurityRule] = {}
        for cell, decided in verdicts.items():
            for rule, hit in decided:
                if rule.access == access:
                    by_id[id(rule)] = rule
                    cells.setdefault((id(rule), hit), []).append(cell)
        return [
            Cleared(*ranges, self._set(mask), by_id[rule_id])
            for (rule_id, mask), found in cells.items()
            for ranges in grid.ranges(found)
        ]

    def _undecided(self, protocol: str) -> list[Cleared]:
        grid, verdicts = self._decided(protocol)
        cells: dict[int, list[_Cell]] = {}
        for cell in grid.all_cells():
            left = self._atoms.everything
            for rule, hit in verdicts.get(cell, ()):
                if rule.access != "allow":
                    left = _without_tags(left & ~hit, self._public, self._atoms)
            if left:
                cells.setdefault(left, []).append(cell)
        return [
            Cleared(*ranges, self._set(mask), None) for mask, found in cells.items() for ranges in grid.ranges(found)
        ]

    def _decided(self, protocol: str) -> tuple[_Grid, _Verdicts]:
        ours = [number for number, rule in enumerate(self._rules) if protocol in rule.protocols]
        portless = protocol in PORTLESS
        key = (portless, *ours)  # most rules are about every protocol, so that several share one answer
        if key not in self._by_rules:
            rules = [self._rules[number] for number in ours]
            grid = _Grid([0], [0]) if portless else _Grid.cut_by(rules)
            masks = [self._masks[number] for number in ours]
            self._by_rules[key] = (grid, self._verdicts(rules, masks, grid, portless=portless))
        return self._by_rules[key]

    def _verdicts(
        self, rules: Sequence[SecurityRule], masks: Sequence[int], grid: _Grid, *, portless: bool
    ) -> _Verdicts:
        left: dict[_Cell, int] = {}
        decided: _Verdicts = {}
        for rule, mask in zip(rules, masks, strict=True):
            for cell in grid.cells(rule, portless=portless):
                remaining = left.get(cell, self._atoms.everything)
                hit = remaining & mask
                if hit:
                    left[cell] = _without_tags(remaining & ~hit, self._public, self._atoms)
                    decided.setdefault(cell, []).append((rule, hit))
        return decided

    def _set(self, mask: int) -> AddressSet:
        if mask not in self._sets:
            tags = frozenset(self._atoms.tags_in(mask))
            known = frozenset(self._atoms.tags) - {_OTHER_TAGS}
            spans = self._atoms.intervals(mask)
            self._sets[mask] = AddressSet(spans, tags & known, known, _OTHER_TAGS in tags)
        return self._sets[mask]


def _atoms(ends: Sequence[Endpoint], around: Surroundings) -> Atoms:
    host = parse_prefix(HOST_VIRTUAL_IP)
    intervals = [interval for end in ends for interval in end.intervals]
    named = frozenset[str]().union(*(end.groups for end in ends))
    intervals += [interval for key, members in around.members if key in named for interval in members]
    intervals += [*around.virtual_network, *around.internet, *([host] if host else [])]
    intervals.append((0, (1 << 32) - 1))
    return Atoms.cut_by(intervals, [_OTHER_TAGS, *(tag for end in ends for tag in end.opaque_tags)])


def _mask(endpoint: Endpoint, atoms: Atoms, around: Surroundings) -> int:
    if endpoint.any:
        return atoms.everything
    mask = atoms.of(endpoint.intervals)
    if _holds_all(endpoint.intervals, around):
        mask |= atoms.all_tags  # every service's addresses are among them
    if INTERNET in endpoint.tags:
        mask |= atoms.of(around.internet) | atoms.all_tags
    if VIRTUAL_NETWORK in endpoint.tags:
        mask |= atoms.of(around.virtual_network)
    if LOAD_BALANCER in endpoint.tags and (host := parse_prefix(HOST_VIRTUAL_IP)):
        mask |= atoms.of([host])
    for tag in endpoint.opaque_tags:
        mask |= atoms.of_tag(tag)
    for key, members in around.members:
        if key in endpoint.groups:
            mask |= atoms.of(members)
    return mask


def _public_ipv4(around: Surroundings) -> list[Interval]:
    return [(first, min(last, _LAST_IPV4)) for first, last in around.internet if first <= _LAST_IPV4]


def _holds_all(intervals: Sequence[Interval], around: Surroundings) -> bool:
    """Whether every public IPv4 address is among some intervals."""
    if sum(last - first for first, last in intervals) < _LAST_IPV4 // 2:
        return False
    return not subtract(_public_ipv4(around), intervals)


def _without_tags(left: int, public: int, atoms: Atoms) -> int:
    """What is left where rules have decided: without public addresses, no service's addresses are left either."""
    return left if left & public else left & ~atoms.all_tags


_LAST_IPV4 = V6_OFFSET - 1


@dataclass(slots=True)
class _Grid:
    """Ranges of destination and of source ports that no rule tells apart."""

    destination: list[int]
    """First port of each range of destination ports."""
    source: list[int]

    @classmethod
    def cut_by(cls, rules: Sequence[SecurityRule]) -> _Grid:
        """The ranges that the rules cut all ports into."""
        return cls(
            _cuts(r for rule in rules for r in rule.destination_ports),
            _cuts(r for rule in rules for r in rule.source_ports),
        )

    def cells(self, rule: SecurityRule, *, portless: bool) -> Iterator[_Cell]:
        """The cells that a rule is about. What has no ports is matched by rules for all ports only."""
        if portless:
            if PORTS in rule.destination_ports and PORTS in rule.source_ports:
                yield (0, 0)
            return
        for low, high in rule.destination_ports:
            for first, last in rule.source_ports:
                for d in range(bisect_left(self.destination, low), bisect_left(self.destination, high + 1)):
                    for s in range(bisect_left(self.source, first), bisect_left(self.source, last + 1)):
                        yield (d, s)

    def all_cells(self) -> Iterator[_Cell]:
        """Every cell."""
        for d in range(len(self.destination)):
            for s in range(len(self.source)):
                yield (d, s)

    def ranges(self, cells: Sequence[_Cell]) -> Iterator[tuple[Interval, Interval]]:
        """Cells as ranges of destination and of source ports, neighbours joined."""
        by_source: dict[int, list[Interval]] = {}
        for d, s in cells:
            by_source.setdefault(s, []).append(_range(self.destination, d))
        same: dict[tuple[Interval, ...], list[Interval]] = {}
        for s, found in by_source.items():
            same.setdefault(merge(found), []).append(_range(self.source, s))
        for destinations, sources in same.items():
            for source in merge(sources):
                for destination in destinations:
                    yield destination, source


def _range(starts: Sequence[int], index: int) -> Interval:
    return starts[index], starts[index + 1] - 1 if index + 1 < len(starts) else PORTS[1]


def _cuts(ranges: Iterable[Interval]) -> list[int]:
    cuts = {0}
    for first, last in ranges:
        cuts.add(first)
        if last < PORTS[1]:
            cuts.add(last + 1)
    return sorted(cuts)
