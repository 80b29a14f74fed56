"""What gets through a sequence of filters: exact sets of (remote address, source port, protocol, destination port).

Order of evaluation: security admin rules of Azure Virtual Network Manager, then, inbound, the subnet's security group
and the network interface's; both must allow. Within one group the first rule that matches decides.
https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works and
https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.facts.network.address_set import EVERYTHING, AddressSet
from auditor.facts.network.addresses import Interval, merge
from auditor.facts.network.places import Local, Surroundings, matches_local, relevant
from auditor.facts.network.security_rules import PORTS, PROTOCOLS, SecurityRule
from auditor.facts.network.tables import Clearance, Cleared, Table, admin_table_of, table_of

__all__ = ["Filtered", "Local", "Passage", "Surroundings", "filter_traffic", "matches_local", "relevant"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Traffic that one rule of each filter lets through."""

    protocol: str
    first_port: int
    last_port: int
    remote: AddressSet
    rules: tuple[SecurityRule, ...]
    """The rule of each filter that allows it, in the order they are passed."""


class Filtered:
    """What passes all filters, worked out when it is asked for."""

    def __init__(self, tables: Sequence[Table], admin: Table | None, around: Surroundings) -> None:
        self._tables = tables
        self._admin = admin
        self._around = around
        self.internet = around.public
        """The public internet, service tags included."""

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """All that passes."""
        return self.within(EVERYTHING)

    def within(self, region: AddressSet) -> tuple[Passage, ...]:
        """What passes from or to a part of all addresses: nothing else is worked out."""
        flows = [_Flow(*_all_of(protocol), region, ()) for protocol in PROTOCOLS]
        always: list[_Flow] = []
        if self._admin is not None:
            always = list(_joined(flows, self._admin.restricted(region, Clearance.ALWAYS), region))
            flows = list(_joined(flows, self._admin.restricted(region, Clearance.ON), region, named=False))
        for table in self._tables:
            flows = list(_joined(flows, table.restricted(region, Clearance.ON), region))
        return tuple(_without_source_ports([*always, *flows]))

    def without_admin(self) -> Filtered:
        """What the security groups by themselves would let through."""
        return Filtered(self._tables, None, self._around)

    def allows(self, protocol: str, port: int, remote: int) -> bool:
        """Whether a remote address (on the axis) reaches a port from at least one source port."""
        return any(
            p.protocol == protocol and p.first_port <= port <= p.last_port and remote in p.remote for p in self.passages
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
    tables = [table_of(rules, around, inbound=inbound) for rules in filters]
    return Filtered(tables, admin_table_of(admin, around, inbound=inbound) if admin else None, around)


@dataclass(frozen=True, slots=True)
class _Flow:
    """Traffic that has come through some filters."""

    protocol: str
    ports: Interval
    source_ports: Interval
    remote: AddressSet
    rules: tuple[SecurityRule, ...]


def _all_of(protocol: str) -> tuple[str, Interval, Interval]:
    return protocol, PORTS, PORTS


def _joined(
    flows: Iterable[_Flow], cleared: Mapping[str, Sequence[Cleared]], region: AddressSet, *, named: bool = True
) -> Iterator[_Flow]:
    """What of some flows comes through one more filter; `named` says whether its rules are told."""
    for flow in flows:
        for entry in cleared.get(flow.protocol, ()):
            first, last = max(flow.ports[0], entry.ports[0]), min(flow.ports[1], entry.ports[1])
            if first > last:
                continue
            low, high = _common(flow.source_ports, entry.source_ports)
            if low > high:
                continue
            # What is cleared lies in the region, which is all that comes to the first filter.
            remote = entry.remote if flow.remote is region else flow.remote & entry.remote
            if remote:
                rules = (*flow.rules, entry.rule) if named and entry.rule else flow.rules
                yield _Flow(flow.protocol, (first, last), (low, high), remote, rules)


def _common(some: Interval, others: Interval) -> Interval:
    return max(some[0], others[0]), min(some[1], others[1])


def _without_source_ports(flows: Iterable[_Flow]) -> Iterator[Passage]:
    """Flows as passages: neighbouring ports that the same rules open to the same addresses are one."""
    groups: dict[tuple[str, AddressSet, tuple[int, ...]], list[_Flow]] = {}
    for flow in flows:
        groups.setdefault((flow.protocol, flow.remote, tuple(map(id, flow.rules))), []).append(flow)
    for same in groups.values():
        for first, last in merge(flow.ports for flow in same) if len(same) > 1 else [same[0].ports]:
            yield Passage(same[0].protocol, first, last, same[0].remote, same[0].rules)
