"""What gets through a sequence of filters: exact sets of (remote address, source port, protocol, destination port).

Order of evaluation: security admin rules of Azure Virtual Network Manager, then, inbound, the subnet's security group
and the network interface's; both must allow. Within one group the first rule that matches decides.
https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works and
https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from auditor.facts.network.addresses import (
    HOST_VIRTUAL_IP,
    Atoms,
    Interval,
    merge,
    parse_prefix,
    public_space,
    subtract,
)
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


@dataclass(frozen=True, slots=True)
class Local:
    """The machine's side of a connection."""

    address: int
    """On the axis of `auditor.facts.network.addresses`."""
    groups: frozenset[str] = frozenset()
    """Keys of the application security groups it belongs to."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What service tags and application security groups mean at one place."""

    virtual_network: tuple[Interval, ...]
    """The address space of the virtual network and of all it is connected to."""
    members: tuple[tuple[str, tuple[Interval, ...]], ...] = ()
    """Addresses of each application security group, by its key."""

    @property
    def internet(self) -> tuple[Interval, ...]:
        """Public addresses outside the virtual network."""
        return _internet(self.virtual_network)


@lru_cache(maxsize=4096)
def _internet(virtual_network: tuple[Interval, ...]) -> tuple[Interval, ...]:
    return subtract(public_space(), virtual_network)


@dataclass(frozen=True, slots=True)
class Passage:
    """Traffic that one rule lets through."""

    protocol: str
    first_port: int
    last_port: int
    remote: int
    """Remote addresses as a set of `Atoms`."""
    rules: tuple[SecurityRule, ...]
    """The rule of each filter that allows it, in the order they are passed."""


@dataclass(frozen=True, slots=True)
class Filtered:
    """What passes all filters."""

    atoms: Atoms
    internet: int
    """The public internet as a set of `atoms`, opaque service tags included."""
    passages: tuple[Passage, ...]

    def allows(self, protocol: str, port: int, remote: int) -> bool:
        """Whether a remote address (on the axis) reaches a port from at least one source port."""
        atom = self.atoms.at(remote)
        return any(
            p.protocol == protocol and p.first_port <= port <= p.last_port and p.remote & atom for p in self.passages
        )


def matches_local(endpoint: Endpoint, local: Local, surroundings: Surroundings) -> bool:
    """Whether the machine's own address is on this side of a rule."""
    if endpoint.any or endpoint.groups & local.groups:
        return True
    spans = list(endpoint.intervals)
    if VIRTUAL_NETWORK in endpoint.tags:
        spans += surroundings.virtual_network
    if INTERNET in endpoint.tags:
        spans += surroundings.internet
    return any(first <= local.address <= last for first, last in spans)


def relevant(
    rules: Sequence[SecurityRule], local: Local, around: Surroundings, *, inbound: bool
) -> tuple[SecurityRule, ...]:
    """The rules of one direction that concern the machine, in order."""
    return tuple(
        rule
        for rule in rules
        if rule.inbound is inbound and matches_local(rule.destination if inbound else rule.source, local, around)
    )


def filter_traffic(
    filters: Sequence[Sequence[SecurityRule]],
    admin: Sequence[SecurityRule],
    around: Surroundings,
    *,
    inbound: bool,
) -> Filtered:
    """What passes `admin` and then every one of `filters`, each already reduced by `relevant`.

    An empty list of filters lets everything through; a filter that no rule of matches lets nothing through.
    """
    everything = [rule for rules in (admin, *filters) for rule in rules]
    atoms = _atoms(everything, around, inbound=inbound)
    masks = {id(rule): _mask(rule.source if inbound else rule.destination, atoms, around) for rule in everything}
    passages: list[Passage] = []
    for protocol in PROTOCOLS:
        passages += _passages(protocol, filters, admin, atoms, masks)
    internet = atoms.of(around.internet) | atoms.all_tags
    return Filtered(atoms, internet, tuple(_joined(passages)))


def _remote(rule: SecurityRule, *, inbound: bool) -> Endpoint:
    return rule.source if inbound else rule.destination


def _atoms(rules: Iterable[SecurityRule], around: Surroundings, *, inbound: bool) -> Atoms:
    ends = [_remote(rule, inbound=inbound) for rule in rules]
    host = parse_prefix(HOST_VIRTUAL_IP)
    intervals = [interval for end in ends for interval in end.intervals]
    named = frozenset().union(*(end.groups for end in ends))
    intervals += [interval for key, members in around.members if key in named for interval in members]
    intervals += [*around.virtual_network, *around.internet, *([host] if host else [])]
    intervals.append((0, (1 << 32) - 1))
    return Atoms.cut_by(intervals, (tag for end in ends for tag in end.opaque_tags))


def _mask(endpoint: Endpoint, atoms: Atoms, around: Surroundings) -> int:
    if endpoint.any:
        return atoms.everything
    mask = atoms.of(endpoint.intervals)
    if any(first == 0 and last >= (1 << 32) - 1 for first, last in endpoint.intervals):
        mask |= atoms.all_tags  # 0.0.0.0/0 holds every service's addresses
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


# --- cells: ranges of ports that no rule tells apart

_Cell = tuple[int, int]
"""Indexes of a range of destination ports and of one of source ports."""


@dataclass(slots=True)
class _Grid:
    destination: list[int]
    """First port of each range of destination ports."""
    source: list[int]

    def cells(self, rule: SecurityRule, portless: bool) -> Iterator[_Cell]:
        if portless:
            if PORTS in rule.destination_ports and PORTS in rule.source_ports:
                yield (0, 0)
            return
        for low, high in rule.destination_ports:
            for first, last in rule.source_ports:
                for d in range(bisect_left(self.destination, low), bisect_left(self.destination, high + 1)):
                    for s in range(bisect_left(self.source, first), bisect_left(self.source, last + 1)):
                        yield (d, s)


def _cuts(ranges: Iterable[Interval]) -> list[int]:
    cuts = {0}
    for first, last in ranges:
        cuts.add(first)
        if last < PORTS[1]:
            cuts.add(last + 1)
    return sorted(cuts)


_Verdicts = dict[_Cell, list[tuple[SecurityRule, int]]]
"""For each cell, what each rule decides first: the rule and the remote addresses."""


def _verdicts(
    rules: Sequence[SecurityRule], grid: _Grid, everything: int, masks: dict[int, int], portless: bool
) -> _Verdicts:
    left: dict[_Cell, int] = {}
    decided: _Verdicts = {}
    for rule in rules:
        mask = masks[id(rule)]
        for cell in grid.cells(rule, portless):
            remaining = left.get(cell, everything)
            hit = remaining & mask
            if hit:
                left[cell] = remaining & ~hit
                decided.setdefault(cell, []).append((rule, hit))
    return decided


def _passages(
    protocol: str,
    filters: Sequence[Sequence[SecurityRule]],
    admin: Sequence[SecurityRule],
    atoms: Atoms,
    masks: dict[int, int],
) -> Iterator[Passage]:
    stages = [[rule for rule in rules if protocol in rule.protocols] for rules in (admin, *filters)]
    portless = protocol in PORTLESS
    every = [rule for rules in stages for rule in rules]
    grid = (
        _Grid([0], [0])
        if portless
        else _Grid(
            _cuts(r for rule in every for r in rule.destination_ports),
            _cuts(r for rule in every for r in rule.source_ports),
        )
    )
    tables = [_verdicts(rules, grid, atoms.everything, masks, portless) for rules in stages]
    for d, first in enumerate(grid.destination):
        last = grid.destination[d + 1] - 1 if d + 1 < len(grid.destination) else PORTS[1]
        for s in range(len(grid.source)):
            for remote, rules in _through((d, s), tables, atoms.everything):
                yield Passage(protocol, first, last, remote, rules)


def _through(
    cell: _Cell, tables: Sequence[_Verdicts], everything: int
) -> Iterator[tuple[int, tuple[SecurityRule, ...]]]:
    """What passes every stage in one cell, with the rules that let it."""
    undecided = everything
    for rule, hit in tables[0].get(cell, ()):
        if rule.access == "alwaysallow":
            yield hit, (rule,)
        if rule.access != "allow":
            undecided &= ~hit
    flows: list[tuple[int, tuple[SecurityRule, ...]]] = [(undecided, ())]
    for table in tables[1:]:
        flows = [
            (mask & hit, (*rules, rule))
            for mask, rules in flows
            for rule, hit in table.get(cell, ())
            if rule.access == "allow" and mask & hit
        ]
    yield from ((mask, rules) for mask, rules in flows if mask)


def _joined(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Neighbouring port ranges that the same rules open to the same addresses, as one."""
    groups: dict[tuple[str, int, tuple[int, ...]], list[Passage]] = {}
    for passage in passages:
        groups.setdefault((passage.protocol, passage.remote, tuple(map(id, passage.rules))), []).append(passage)
    for same in groups.values():
        for first, last in merge((p.first_port, p.last_port) for p in same):
            yield Passage(same[0].protocol, first, last, same[0].remote, same[0].rules)
