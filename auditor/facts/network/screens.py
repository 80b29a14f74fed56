"""What passes all rules at one IP configuration, computed once for all configurations with the same rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditor.facts.network.addresses import Interval
from auditor.facts.network.effective import Filtered
from auditor.facts.network.interfaces import Interface, IpConfiguration
from auditor.facts.network.places import Local, Surroundings, relevant
from auditor.facts.network.security_rules import SecurityRule
from auditor.facts.network.tables import Table, admin_table_of, table_of
from auditor.facts.network.topology import Topology
from auditor.facts.once import once
from auditor.inventory.model import Gap

_Rules = tuple[SecurityRule, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """The rules at one address, and what they let through."""

    passed: Filtered
    grouped: bool
    """Whether a security group filters, of the subnet or the interface."""
    admin: _Rules
    """Security admin rules that concern the address."""
    groups: tuple[tuple[str, _Rules], ...]
    """`subnet` and `interface` in the order they are passed, each with the rules that concern the address."""


class Screens:
    """The screens of an inventory."""

    @classmethod
    def of(cls, topology: Topology) -> Screens:
        """The screens over a topology, the same for every fact family that asks one after the other."""
        return once(cls, topology, lambda: cls(topology))

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._screens: dict[object, Screen] = {}
        self._tables: dict[tuple[int, int, bool], Table] = {}
        self._relevant: dict[object, _Rules] = {}
        self._narrow: dict[tuple[int, bool], bool] = {}

    def at(
        self,
        interface: Interface,
        configuration: IpConfiguration,
        *,
        inbound: bool,
        destination: Interval | None = None,
    ) -> list[Screen] | Gap:
        """The screens of a configuration: one, or for a scale set one a part of the subnet that rules tell apart.

        `destination` is the address that rules see where it is not the configuration's own.
        """
        if destination is not None:
            configuration = replace(configuration, address=destination)
        admin = self._topology.admin_rules(configuration.network)
        if isinstance(admin, Gap):
            return admin
        filtered = not interface.private_endpoint or self._topology.filters_endpoints(configuration.subnet)
        return self._at(configuration, interface.group, admin, inbound=inbound, filtered=filtered)

    def at_subnet(self, configuration: IpConfiguration, *, inbound: bool) -> list[Screen] | Gap:
        """The screens of an application gateway's subnet, to which security admin rules are not applied.

        https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins#nonapplication-of-security-admin-rules
        """
        return self._at(configuration, "", (), inbound=inbound, filtered=True)

    def _at(
        self, configuration: IpConfiguration, own_group: str, admin: _Rules, *, inbound: bool, filtered: bool
    ) -> list[Screen] | Gap:
        topology = self._topology
        subnet_group = topology.subnet_group(configuration.subnet)
        if isinstance(subnet_group, Gap):
            return subnet_group
        filters: list[tuple[str, _Rules]] = []
        for place, key in (("subnet", subnet_group), ("interface", own_group)) if filtered else ():
            rules = topology.rules(key)
            if isinstance(rules, Gap):
                return rules
            if rules is not None:
                filters.append((place, rules))
        if not inbound:
            filters.reverse()
        around = topology.surroundings(configuration.subnet)
        locals_ = topology.locals(configuration, [admin, *(rules for _, rules in filters)])
        found = {id(s): s for local in locals_ if (s := self._screen(admin, filters, local, around, inbound=inbound))}
        return list(found.values())

    def _screen(
        self,
        admin: _Rules,
        filters: list[tuple[str, _Rules]],
        local: Local,
        around: Surroundings,
        *,
        inbound: bool,
    ) -> Screen:
        first = self._concerning(admin, local, around, inbound=inbound)
        groups = tuple((place, self._concerning(rules, local, around, inbound=inbound)) for place, rules in filters)
        key = (id(first), tuple((place, id(rules)) for place, rules in groups), id(around), inbound)
        if key not in self._screens:
            tables = [self._table(rules, around, inbound=inbound) for _, rules in groups]
            admin_table = admin_table_of(first, around, inbound=inbound) if first else None
            passed = Filtered(tables, admin_table, around)
            self._screens[key] = Screen(passed, bool(groups), first, groups)
        return self._screens[key]

    def _table(self, rules: _Rules, around: Surroundings, *, inbound: bool) -> Table:
        key = (id(rules), id(around), inbound)
        if key not in self._tables:
            self._tables[key] = table_of(rules, around, inbound=inbound)
        return self._tables[key]

    def _concerning(self, rules: _Rules, local: Local, around: Surroundings, *, inbound: bool) -> _Rules:
        """`relevant`, computed once for all addresses that the rules cannot tell apart; the same list is one object."""
        address = local.address if self._is_narrow(rules, inbound=inbound) else None
        inside = any(first <= local.address <= last for first, last in around.virtual_network)
        key = (id(rules), address, inside, local.groups, id(around), inbound)
        if key not in self._relevant:
            found = relevant(rules, local, around, inbound=inbound)
            # One object for equal lists, so that their screens are shared.
            self._relevant[key] = self._relevant.setdefault((tuple(map(id, found)),), found)
        return self._relevant[key]

    def _is_narrow(self, rules: _Rules, *, inbound: bool) -> bool:
        """Whether some rule names addresses on the machine's side."""
        key = (id(rules), inbound)
        if key not in self._narrow:
            sides = (rule.destination if inbound else rule.source for rule in rules if rule.inbound is inbound)
            self._narrow[key] = any(side.intervals and not side.any for side in sides)
        return self._narrow[key]
