"""Every door of an inventory, by the IP configuration that it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from auditor.facts.network.doors.balancers import Balancers, Inside, Target
from auditor.facts.network.doors.bastions import BASTION, Bastions
from auditor.facts.network.doors.door import Door
from auditor.facts.network.doors.firewalls import FIREWALL, HUB, IP_GROUP, POLICY, RULE_GROUP, Firewalls
from auditor.facts.network.doors.gateways import GATEWAY, Gateways
from auditor.facts.network.doors.public_ip import own_doors
from auditor.facts.network.interfaces import Interface, IpConfiguration
from auditor.facts.network.screens import Screens
from auditor.facts.network.topology import LOAD_BALANCER, NETWORK, PUBLIC_IP, Topology
from auditor.facts.readable import is_of_one
from auditor.inventory import ids
from auditor.inventory.model import Gap

NEEDS = frozenset(
    (PUBLIC_IP, LOAD_BALANCER, GATEWAY, FIREWALL, POLICY, RULE_GROUP, IP_GROUP, HUB, BASTION),
)


class Doors:
    """The doors of an inventory, found once."""

    def __init__(self, topology: Topology, screens: Screens) -> None:
        self._topology = topology
        self._balancers = Balancers(topology.inventory)
        self._gateways = Gateways(topology, screens)
        self._firewalls = Firewalls(topology)
        self._bastions = Bastions(topology)
        self._missing: dict[str, Gap | None] = {}
        self._found: dict[Target, list[Door | Gap]] = {}
        for some in (self._balancers.doors, self._gateways.doors, self._firewalls.doors):
            for target, doors in some.items():
                self._found.setdefault(target, []).extend(doors)
        self._pass_on()

    def to(self, interface: Interface, configuration: IpConfiguration) -> list[Door | Gap]:
        """Every door to an IP configuration, with gaps for those that may be missing."""
        found: list[Door | Gap] = []
        own = own_doors(self._topology.inventory, interface, configuration)
        found += [own] if isinstance(own, Gap) else own
        found += self._named(configuration)
        found += self._addressed(configuration)
        if interface.machine:
            found += self._bastions.doors(configuration.network)
        return list(dict.fromkeys(found))

    def _named(self, configuration: IpConfiguration) -> Iterator[Door | Gap]:
        """Doors to what the configuration says it belongs to, and to itself by its key."""
        for part in sorted(configuration.pools | configuration.nat_rules):
            if gap := self._balancers.unread(part):
                yield gap
        for pool in sorted(configuration.gateway_pools):
            if gap := self._gateways.unread(pool):
                yield gap
        for pool in sorted(configuration.pools | configuration.gateway_pools):
            yield from self._found.get(Target("pool", pool), ())
        for rule in sorted(configuration.nat_rules):
            yield from self._found.get(Target("nat-rule", rule), ())
        yield from self._found.get(Target("configuration", configuration.key), ())

    def _addressed(self, configuration: IpConfiguration) -> Iterator[Door | Gap]:
        """Doors to its private address, from its own network and those it is peered with."""
        for network in self._around(configuration.network):
            if gap := self._gap(network):
                yield gap
            if gap := self._firewalls.gaps.get(network):
                yield gap
            for address in self._addresses(network, configuration):
                yield from self._found.get(Target("address", f"{network}|{address}"), ())

    def _addresses(self, network: str, configuration: IpConfiguration) -> Iterable[int]:
        """The configuration's address; of a scale set those in its subnet that doors lead to and no interface has.

        Which instance has which address is in no model; a door to an address of theirs leads to one of them.
        """
        if configuration.address is not None:
            return (configuration.address[0],)
        spans = self._topology.subnet_space(configuration.subnet)
        led = self._led_to.get(network, ())
        inside = [address for address in led if any(first <= address <= last for first, last in spans)]
        return [address for address in inside if not self._is_taken(address, configuration.network)]

    def _is_taken(self, address: int, network: str) -> bool:
        holders = self._topology.at_address.get(address, ())
        return any(configuration.network == network for _, configuration in holders)

    @cached_property
    def _led_to(self) -> dict[str, list[int]]:
        """By virtual network, the addresses that doors lead to from it."""
        found: dict[str, list[int]] = {}
        for target in self._found:
            if target.kind == "address":
                network, _, address = target.key.rpartition("|")
                found.setdefault(network, []).append(int(address))
        return found

    def _around(self, network: str) -> Iterable[str]:
        """The network, those it is peered with, and "" for virtual hubs where it may be connected to one.

        A virtual hub's own network is Microsoft's and in no inventory, so that a peering with an unknown network may be
        a connection to a hub: https://learn.microsoft.com/azure/virtual-wan/howto-connect-vnet-hub.
        """
        peers = self._topology.spaces.peers(network)
        hubs = [""] if any(self._topology.inventory.get(peer) is None for peer in peers) else []
        return (network, *peers, *hubs)

    def _gap(self, network: str) -> Gap | None:
        """Why gateways or firewalls that could lead into a network may be missing.

        They are in the network or in one that it is peered with, and not named by what they lead to, so that an
        export, which has no ledger, is taken to hold all of them.
        """
        if network not in self._missing:
            scope = f"/subscriptions/{ids.subscription_of(network)}" if network else ""
            asked = [(GATEWAY, scope), (FIREWALL, scope), (NETWORK, network)] if scope else []
            gaps = (self._topology.inventory.gap(kind, where) for kind, where in asked)
            self._missing[network] = next((gap for gap in gaps if gap and not _is_of_export(gap)), None)
        return self._missing[network]

    def _pass_on(self) -> None:
        """What a firewall or gateway sends to an internal load balancer reaches what is behind that."""
        inside: dict[Target, list[Inside]] = {}
        for rule in self._balancers.inside:
            for network in self._around(rule.network):
                inside.setdefault(Target("address", f"{network}|{rule.address[0]}"), []).append(rule)
        for target in list(self._found):
            for rule in inside.get(target, ()):
                passed = [rule.passed_on(door) for door in self._found[target] if isinstance(door, Door)]
                self._found.setdefault(rule.target, []).extend(door for door in passed if door)


def _is_of_export(gap: Gap) -> bool:
    """Whether it only says that an export has no ledger."""
    return gap.code == "NotInExport" and not is_of_one(gap)
