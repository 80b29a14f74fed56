"""What may come in to and go out of a machine, after every rule that applies.

A fact of a network interface, and of a scale set:

    {"machine": "vm-web",
     "inbound": {"openings": [
        {"protocol": "tcp", "first_port": 443, "last_port": 443, "kinds": ["web-tls"],
         "remote": ["internet", "10.1.0.0/16"], "rule": "nsg-web/allow-https (310)"}]},
     "outbound": {"openings": [...],
        "internet": {"open": true, "everything": true, "egress": "nat-gateway", "egress_name": "ng-web",
                     "ports": [{"protocol": "tcp", "first_port": 0, "last_port": 65535, "everyone": true, "wide": true,
                                "addresses": 3702259455, "tags": [], "rule": "nsg-web/AllowInternetOutBound (65001)"}],
                     "text": "everything to the internet by nat-gateway ng-web, allowed by ..."}}}

`remote` is read from left to right: `any`, `internet` (every public address outside the virtual network),
`virtual-network` (its whole space), prefixes, service tags. `kinds` means what it means in `internet_exposure`. An
interface that no rule filters lets everything through.
In `outbound.internet`, `open` says that at least one port reaches at least a sixteenth of the public IPv4 addresses and
that there is a way out; `everything` that every port of TCP and UDP does; `egress` is the way
(`auditor.facts.network.egress`). A firewall or appliance on the way may still stop what the rules let out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from auditor.facts.network.address_set import EVERYTHING, AddressSet
from auditor.facts.network.addresses import Interval, merge, prefixes_of, subtract
from auditor.facts.network.admin import NEEDS as ADMIN_NEEDS
from auditor.facts.network.bodies import name_of
from auditor.facts.network.egress import FIREWALL, NAT_GATEWAY, Egress, Egresses
from auditor.facts.network.exposure import SPACE_NEEDS, shown_ports
from auditor.facts.network.interfaces import NIC, SCALE_SET, Interface, IpConfiguration
from auditor.facts.network.places import Surroundings
from auditor.facts.network.reach import Opening, merged, openings
from auditor.facts.network.screens import Screen, Screens
from auditor.facts.network.security_rules import PORTS
from auditor.facts.network.services import described
from auditor.facts.network.topology import GROUP, LOAD_BALANCER, PUBLIC_IP, Topology
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Unread

_MOST_PREFIXES = 32
"""Prefixes of one opening that are listed; with more, the last word is `more prefixes`."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each network interface and scale set."""
    topology = Topology.of(inventory)
    security = _Security(topology)
    return {key: security.of(found) for key, found in topology.interfaces.items()}


class _Security:
    """The effective security of everything in an inventory."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._screens = Screens.of(topology)
        self._egresses = Egresses(topology)
        self._shown: dict[int, list[Json]] = {}
        self._out: dict[int, list[Opening]] = {}

    def of(self, found: tuple[Interface, ...]) -> Json | Unread:
        """Of a network interface or scale set."""
        inbound: dict[int, list[Json]] = {}
        outbound: dict[int, list[Json]] = {}
        internet: list[Json | Unread] = []
        for interface in found:
            for configuration in interface.configurations:
                both = [self._screens.at(interface, configuration, inbound=way) for way in (True, False)]
                for screens, openings_ in zip(both, (inbound, outbound), strict=True):
                    if isinstance(screens, Gap):
                        return Unread(screens)
                    around = self._topology.surroundings(configuration.subnet)
                    for screen in screens:
                        openings_[id(screen)] = self._openings(screen, around)
                if not isinstance(both[1], Gap):
                    internet.append(self._internet(interface, configuration, both[1]))
        return {
            "machine": name_of(found[0].machine) if found else "",
            "inbound": {"openings": [one for some in inbound.values() for one in some]},
            "outbound": {
                "openings": [one for some in outbound.values() for one in some],
                "internet": _widest(internet),
            },
        }

    def _openings(self, screen: Screen, around: Surroundings) -> list[Json]:
        """What passes, worked out once for all interfaces with the same screen."""
        if id(screen) not in self._shown:
            self._shown[id(screen)] = [
                {
                    "protocol": protocol,
                    "first_port": first,
                    "last_port": last,
                    "kinds": described(protocol, (first, last))["kinds"],
                    "remote": remotes(remote, around),
                    "rule": rules,
                }
                for protocol, first, last, remote, rules in merged(screen.passed.passages)
            ]
        return self._shown[id(screen)]

    def _internet(self, interface: Interface, configuration: IpConfiguration, screens: list[Screen]) -> Json | Unread:
        if interface.private_endpoint:
            return {**_NOTHING, "text": "a private endpoint opens no connections"}
        egress = self._egresses.of(interface, configuration)
        if isinstance(egress, Gap):
            return Unread(egress)
        ports = [opening for screen in screens for opening in self._to_internet(screen)]
        reached = egress.kind != "none"
        wide = [opening for opening in ports if opening.reach.wide]
        everything = reached and all(_holds_all(wide, protocol) for protocol in ("tcp", "udp"))
        return {
            "open": reached and bool(wide),
            "everything": everything,
            "egress": egress.kind,
            "egress_name": egress.name,
            "ports": [opening.as_json() for opening in ports] if reached else [],
            "text": _text(wide, egress, everything=everything),
        }

    def _to_internet(self, screen: Screen) -> list[Opening]:
        if id(screen) not in self._out:
            self._out[id(screen)] = list(openings(screen.passed))
        return self._out[id(screen)]


_NOTHING = {"open": False, "everything": False, "egress": "none", "egress_name": "", "ports": []}


def remotes(remote: AddressSet, around: Surroundings) -> list[str]:
    """A set of addresses in words: `any`, `internet`, `virtual-network`, prefixes, service tags."""
    if remote is EVERYTHING or (remote.spans == EVERYTHING.spans and remote.other_tags):
        return ["any"]
    return list(_in_words(remote, around.internet, around.virtual_network))


@lru_cache(maxsize=65536)
def _in_words(remote: AddressSet, internet: tuple[Interval, ...], inside: tuple[Interval, ...]) -> tuple[str, ...]:
    return tuple(_named(remote, internet, inside))


def _named(remote: AddressSet, internet: tuple[Interval, ...], inside: tuple[Interval, ...]) -> Iterator[str]:
    left = remote.spans
    listed = 0
    for name, whole in (("internet", internet), ("virtual-network", inside)):
        if whole and not subtract(whole, left):
            left = subtract(left, whole)
            yield name
    for span in left:
        if listed >= _MOST_PREFIXES:
            yield "more prefixes"
            break
        found = prefixes_of(span)
        listed += len(found)
        yield from found
    yield from sorted(remote.tags)


def _holds_all(found: list[Opening], protocol: str) -> bool:
    return PORTS in merge((o.first_port, o.last_port) for o in found if o.protocol == protocol)


def _text(wide: list[Opening], egress: Egress, *, everything: bool) -> str:
    if egress.kind == "none":
        return f"no way to the internet: {egress.name}"
    if not wide:
        return "security rules let nothing out to the internet at large"
    rules = " or ".join(dict.fromkeys(opening.rules for opening in wide[:4]))
    what = "everything" if everything else ", ".join(_ports(wide))
    name = egress.name if egress.kind == "default" else f"{egress.kind} {egress.name}"
    return f"{what} to the internet by {name}, allowed by {rules}"


def _ports(wide: list[Opening]) -> list[str]:
    shown = [shown_ports(o.protocol, o.first_port, o.last_port) for o in wide]
    return [*shown[:6], *([f"{len(shown) - 6} more"] if len(shown) > 6 else [])]


def _widest(found: list[Any]) -> Json | Unread:
    """Of several configurations the one that lets most out; unread where one that is not known may let out more."""
    if not found:
        return None
    known = [one for one in found if not isinstance(one, Unread)]
    unread = [one for one in found if isinstance(one, Unread)]
    if unread and not any(one["everything"] for one in known):
        return unread[0]
    return max(known, key=lambda one: (one["everything"], one["open"], len(one["ports"])))


FAMILY = FactFamily(
    name="effective_security",
    types=frozenset((NIC, SCALE_SET)),
    needs=frozenset((NIC, SCALE_SET, GROUP, LOAD_BALANCER, PUBLIC_IP, NAT_GATEWAY, FIREWALL))
    | SPACE_NEEDS
    | ADMIN_NEEDS,
    compute=compute,
    words={
        "everything": "whether everything may leave for the internet",
        "egress": "the way to the internet",
        "protocol": "protocol that may leave",
        "wide": "whether that is the internet at large",
        "first_port": "first port that may leave",
        "last_port": "last port that may leave",
        "kinds": "services that are let in",
        "remote": "sources that are let in",
    },
)
