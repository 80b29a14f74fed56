"""Whether some traffic gets from one place to another: which way, and which rule decides at each stage.

Between inside places the source's rules are asked on the way out, then the routes, then the target's rules on the way
in (https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works). From the internet every door
to the target is a way of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.facts.network.address_set import AddressSet
from auditor.facts.network.addresses import Interval, prefixes_of
from auditor.facts.network.bodies import name_of
from auditor.facts.network.doors.door import Door
from auditor.facts.network.exposure import Exposures
from auditor.facts.network.interfaces import Interface, IpConfiguration
from auditor.facts.network.routes import Route, chosen, routes
from auditor.facts.network.screens import Screen
from auditor.facts.network.stages import ALLOWED, DENIED, UNKNOWN, Stage, Traffic, stages_of
from auditor.facts.network.topology import Topology
from auditor.inventory.model import Gap


@dataclass(frozen=True, slots=True)
class Place:
    """An end of a connection inside: one IP configuration of an interface."""

    interface: Interface
    configuration: IpConfiguration

    @property
    def spans(self) -> tuple[Interval, ...]:
        """Its address, where that is known."""
        return (self.configuration.address,) if self.configuration.address else ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way that was tried, stage by stage."""

    source: str
    target: str
    stages: tuple[Stage, ...]

    @property
    def verdict(self) -> str:
        """`denied` as soon as a stage denies, else `unknown` where one is not known, else `allowed`."""
        verdicts = [stage.verdict for stage in self.stages]
        return next((v for v in (DENIED, UNKNOWN) if v in verdicts), ALLOWED)

    @property
    def text(self) -> str:
        """The names on the way."""
        names = [stage.name for stage in self.stages if stage.kind in _SHOWN and stage.name]
        return " -> ".join([self.source, *names, self.target])


_SHOWN = frozenset(("public-ip", "load-balancer", "application-gateway", "firewall", "network", "route"))


class Tracer:
    """Answers over the network of one inventory."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._exposures = Exposures(topology)

    def from_internet(self, target: Place, protocol: str, port: int, address: Interval | None) -> list[Way]:
        """The ways from the internet, or from one public address of it."""
        source = prefixes_of(address)[0].removesuffix("/32").removesuffix("/128") if address else "internet"
        ways: list[Way] = []
        found = self._exposures.doors.to(target.interface, target.configuration)
        for door in found:
            if isinstance(door, Gap):
                ways.append(Way(source, target.interface.name, (_not_read(door),)))
            elif door.via != "bastion" and _leads_to(door, protocol, port):
                ways += self._by_door(door, source, target, protocol, port, address)
        if not ways:
            words = f"no public address, load balancer, gateway or firewall leads to {protocol} {port}"
            ways.append(Way(source, target.interface.name, (Stage("door", "", DENIED, words),)))
        return ways

    def _by_door(
        self, door: Door, source: str, target: Place, protocol: str, port: int, address: Interval | None
    ) -> Iterator[Way]:
        around = self._topology.surroundings(target.configuration.subnet)
        stages = [Stage(hop.kind, _hop_name(hop.name, hop.detail), ALLOWED, hop.detail) for hop in door.hops]
        if door.inner is None:
            remote = AddressSet((address,)) if address else around.public.of_family(door.family)
        else:
            remote = AddressSet(door.inner.origin)
            stages.append(self._admitted(door, address))
        traffic = Traffic(protocol, port, remote)
        for screen, last in self._screened(target, traffic, inbound=True, destination=door.destination):
            shut = screen and not (screen.grouped or door.basic or door.inner) and last[-1].kind != "security-admin"
            yield Way(source, target.interface.name, (*stages, *((_CLOSED,) if shut else last)))

    def _admitted(self, door: Door, address: Interval | None) -> Stage:
        """Whether what stands in between takes the traffic."""
        inner, name = door.inner, door.hops[-1].name
        if inner is None or not inner.reach.anyone:
            return Stage(door.hops[-1].kind, "", DENIED, f"{name} takes nothing from the internet")
        said = inner.rule or f"{name} takes it from anyone"
        if address is None or address[0] in inner.admits:
            return Stage("admission", name if inner.rule else "", ALLOWED, said)
        if inner.admits.tags:
            tags = ", ".join(sorted(inner.admits.tags))
            return Stage("admission", name, UNKNOWN, f"{said} is for {tags}, whose addresses are not known offline")
        return Stage("admission", name, DENIED, f"{said} is for other addresses")

    def from_place(self, source: Place, target: Place, protocol: str, port: int) -> list[Way]:
        """The ways from one inside place to another."""
        start, end = source.interface.name, target.interface.name
        out = Traffic(protocol, port, AddressSet(target.spans or self._topology.subnet_space(_subnet(target))))
        into = Traffic(protocol, port, AddressSet(source.spans or self._topology.subnet_space(_subnet(source))))
        ways: list[Way] = []
        for leaving in self._leaving(source, out):
            if leaving and leaving[-1].verdict == DENIED:
                ways.append(Way(start, end, leaving))
                continue
            between = tuple(self._between(source, target))
            if any(stage.verdict == DENIED for stage in between):
                ways.append(Way(start, end, (*leaving, *between)))
                continue
            ways += [Way(start, end, (*leaving, *between, *last)) for _, last in self._arriving(target, into)]
        return ways

    def from_inside(self, address: Interval, target: Place, protocol: str, port: int) -> list[Way]:
        """The ways from an inside address that no interface has: only the target's side can be judged."""
        source = prefixes_of(address)[0].removesuffix("/32").removesuffix("/128")
        space = self._topology.spaces.of(target.configuration.network)
        known = any(first <= address[0] <= last for first, last in space)
        words = "inside the virtual network or connected to it" if known else "nothing connects it to the network"
        way = Stage("network", "", ALLOWED if known else UNKNOWN, words)
        traffic = Traffic(protocol, port, AddressSet((address,)))
        return [Way(source, target.interface.name, (way, *last)) for _, last in self._arriving(target, traffic)]

    def _arriving(self, target: Place, traffic: Traffic) -> Iterator[tuple[Screen | None, tuple[Stage, ...]]]:
        yield from self._screened(target, traffic, inbound=True)

    def _leaving(self, source: Place, traffic: Traffic) -> list[tuple[Stage, ...]]:
        return [stages for _, stages in self._screened(source, traffic, inbound=False)]

    def _screened(
        self, place: Place, traffic: Traffic, *, inbound: bool, destination: Interval | None = None
    ) -> Iterator[tuple[Screen | None, tuple[Stage, ...]]]:
        screens = self._exposures.screens.at(
            place.interface, place.configuration, inbound=inbound, destination=destination
        )
        if isinstance(screens, Gap):
            yield None, (_not_read(screens),)
            return
        around = self._topology.surroundings(place.configuration.subnet)
        for screen in screens:
            stages = tuple(stages_of(screen, traffic, around, inbound=inbound))
            way = "in" if inbound else "out"
            yield screen, stages or (Stage("interface", "", ALLOWED, "no security group", way),)

    def _between(self, source: Place, target: Place) -> Iterator[Stage]:
        """Whether the networks are connected, and where the source's routes send it."""
        near, far = source.configuration.network, target.configuration.network
        connected = near == far or far in self._topology.spaces.peers(near)
        if connected and near != far:
            yield Stage("network", f"peering with {name_of(far)}", ALLOWED, "the virtual networks are peered")
        route = self._route(source, target, far if connected else "")
        if route is None:
            if not connected:
                yield self._unconnected(near, far)
        elif route.hop == "none":
            yield Stage("route", route.name, DENIED, str(route))
        elif route.hop == "virtualappliance":
            yield Stage("route", route.name, UNKNOWN, f"{route}, whose own rules decide")
        elif not connected:
            yield Stage("route", route.name, UNKNOWN, f"{route}: where it leads from there is in no configuration")

    def _route(self, source: Place, target: Place, connected: str) -> Route | None:
        """The route of the source's table that is taken; None where Azure's own route to a network is.

        The longest prefix wins, and of equals the table's:
        https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
        """
        if not target.spans:
            return None
        address = target.spans[0][0]
        route = chosen(routes(self._topology, source.configuration.subnet), address)
        own = [span for span in self._topology.spaces.own(connected) if span[0] <= address <= span[1]]
        return None if route and own and _length(route.prefix) > min(map(_length, own)) else route

    def _unconnected(self, near: str, far: str) -> Stage:
        if near in self._topology.spaces.peers(far):
            words = f"{name_of(far)} is peered with {name_of(near)}, but not the other way round"
            return Stage("network", "", DENIED, words)
        configurations = sorted(self._topology.spaces.grouped(near) & self._topology.spaces.grouped(far))
        if configurations:
            words = "has both networks, and whether it connects them directly is in its groups"
            name = name_of(configurations[0])
            return Stage("network", name, UNKNOWN, f"the connectivity configuration {name} {words}")
        shared = sorted(set(self._topology.spaces.peers(near)) & set(self._topology.spaces.peers(far)))
        words = f"{name_of(near)} and {name_of(far)} are not connected"
        if shared:
            words = (
                f"{words}: both are peered with {name_of(shared[0])}, but peerings lead no further and no route does"
            )
        return Stage("network", "", DENIED, words)


_CLOSED = Stage(
    "closed", "", DENIED, "the address is of the Standard SKU, which lets nothing in where no security group allows it"
)


def _not_read(gap: Gap) -> Stage:
    return Stage("not-read", "", UNKNOWN, f"{gap.type} was not read: {gap.message or gap.code}")


def _leads_to(door: Door, protocol: str, port: int) -> bool:
    return protocol in door.protocols and door.ports[0] <= port <= door.ports[1]


def _hop_name(name: str, detail: str) -> str:
    if not detail:
        return name
    return f"{name} {detail}" if detail.startswith(":") else f"{name} ({detail})"


def _length(span: Interval) -> int:
    return span[1] - span[0]


def _subnet(place: Place) -> str:
    return place.configuration.subnet
