"""Which ports of which machine the internet reaches, and by which path.

A fact of a network interface, and of a scale set, whose model says what its instances get:

    {"machine": "vm-web", "open": true, "paths": [
        {"protocol": "tcp", "first_port": 22, "last_port": 22, "services": ["SSH"], "kinds": ["ssh"],
         "via": "public-ip", "address": "203.0.113.7", "frontend_port": null,
         "everyone": true, "wide": true, "addresses": 3702259455, "tags": [], "family": 4,
         "waf": null, "just_in_time": false, "asymmetric_return": null,
         "past_groups": false, "around": [], "only_ipv6": false,
         "hops": [{"kind": "public-ip", "id": "/subscriptions/...", "name": "pip-web", "detail": "203.0.113.7"}],
         "interface": "nic-web", "rule": "nsg-web/allow-ssh (300)",
         "openers": ["/subscriptions/.../securityRules/allow-ssh"], "mend": "az network nsg rule update ...",
         "text": "internet -> pip-web (203.0.113.7) -> nic-web tcp 22, allowed by nsg-web/allow-ssh (300)",
         "told": "vm-web: internet -> pip-web (203.0.113.7) -> nic-web tcp 22, allowed by nsg-web/allow-ssh (300)"}]}

`via` is `public-ip`, `load-balancer`, `nat-rule`, `application-gateway`, `firewall` (translation by Azure Firewall) or
`bastion`; what only Bastion's operators reach is listed, with nobody of the internet in it, and is not `open`.
`everyone` says that every public address of the family reaches it, `wide` that at least a sixteenth of them do;
`addresses` counts public IPv4 addresses, or IPv6 networks (/64); `tags` names service tags (their addresses are not
known offline) that reach it besides. `services` and `kinds` are what well-known ports in the range mean
(`auditor.facts.network.services`). `waf` says of an application gateway whether a web application firewall looks at
the requests. `just_in_time` says that Defender for Cloud opens the port on request, so that it may be shut at other
times. `asymmetric_return` names a default route that sends the answers another way than the requests came: what keeps
track of connections there may drop them, which is no protection to count on. `past_groups` says that a security admin
rule opens what the security groups by themselves would close; `around` names application gateways and firewalls that
lead to the same service, which this path goes around; `only_ipv6` says that the same service is not reached by IPv4.
`openers` are the ids of the rules that let the internet in, `mend` what narrows or removes the first of them.

Where a part could not be read, `paths` ends with what is missing; where no path is known besides, all is unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from auditor.facts.network.addresses import Interval
from auditor.facts.network.admin import NEEDS as ADMIN_NEEDS
from auditor.facts.network.bodies import name_of
from auditor.facts.network.doors.all import NEEDS as DOOR_NEEDS
from auditor.facts.network.doors.all import Doors
from auditor.facts.network.doors.door import Door, Hop
from auditor.facts.network.interfaces import NIC, SCALE_SET, Interface, IpConfiguration
from auditor.facts.network.just_in_time import POLICY as JIT_POLICY
from auditor.facts.network.just_in_time import JustInTime
from auditor.facts.network.mending import mending
from auditor.facts.network.reach import Opening, Reach, admitting_rules, openings
from auditor.facts.network.relations import relate
from auditor.facts.network.routes import default_route
from auditor.facts.network.screens import Screen, Screens
from auditor.facts.network.security_rules import PORTLESS, PORTS
from auditor.facts.network.services import described
from auditor.facts.network.space import CONNECTION, CONNECTIVITY, GATEWAY, LOCAL_GATEWAY, ROUTE_TABLE
from auditor.facts.network.topology import GROUP, NETWORK, Topology
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Unread

SPACE_NEEDS = frozenset((NETWORK, GATEWAY, LOCAL_GATEWAY, CONNECTION, ROUTE_TABLE, CONNECTIVITY))


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each network interface and scale set."""
    return Exposures(Topology.of(inventory)).all()


class Exposures:
    """The exposure of everything in an inventory."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self.screens = Screens.of(topology)
        self.doors = Doors(topology, self.screens)
        self._just_in_time = JustInTime(topology.inventory)
        self._openings: dict[tuple[int, int, bool], tuple[Opening, ...]] = {}
        self._grouped: dict[tuple[int, int], tuple[Opening, ...]] = {}

    def all(self) -> dict[str, Json | Unread]:
        """By the key of each network interface and scale set."""
        return {key: self._of(found) for key, found in self._topology.interfaces.items()}

    def _of(self, found: tuple[Interface, ...]) -> Json | Unread:
        machine = name_of(found[0].machine) if found else ""
        paths: list[Json] = []
        gaps: dict[Gap, None] = {}
        for interface in found:
            for configuration in interface.configurations:
                for path in self._paths(interface, configuration):
                    if isinstance(path, Gap):
                        gaps[path] = None
                    else:
                        paths.append(path)
        paths.sort(key=lambda path: (path["first_port"], path["protocol"], path["text"]))
        relate(paths)
        opened = any(path["via"] != "bastion" for path in paths)
        if gaps and not opened:
            return Unread(next(iter(gaps)))
        return {"machine": machine, "open": opened, "paths": [*paths, *map(Unread, gaps)]}

    def _paths(self, interface: Interface, configuration: IpConfiguration) -> Iterator[Json | Gap]:
        doors = self.doors.to(interface, configuration)
        yield from (door for door in doors if isinstance(door, Gap))
        known = [door for door in doors if isinstance(door, Door)]
        seen: set[str] = set()
        for door in known:
            screens = self.screens.at(interface, configuration, inbound=True, destination=door.destination)
            if isinstance(screens, Gap):
                yield screens
                return
            for screen in screens:
                for path in self._through(interface, configuration, door, screen):
                    if isinstance(path, Gap) or path["text"] not in seen:
                        seen.add("" if isinstance(path, Gap) else path["text"])
                        yield path

    def _through(
        self, interface: Interface, configuration: IpConfiguration, door: Door, screen: Screen
    ) -> Iterator[Json | Gap]:
        found = self._direct(door, screen) if door.inner is None else _indirect(door, screen)
        asymmetric = default_route(self._topology, configuration.subnet) if door.inner is None else None
        for opening in found:
            path = _path(interface, door, opening, asymmetric)
            timed = self._just_in_time.covers(
                interface.machine, opening.protocol, opening.first_port, opening.last_port
            )
            path["just_in_time"] = Unread(timed) if isinstance(timed, Gap) else timed
            path["past_groups"] = self._past_groups(door, screen, opening)
            yield path

    def _direct(self, door: Door, screen: Screen) -> Iterator[Opening]:
        """What clients reach whose own addresses the machine sees."""
        # A Standard public IP or load balancer lets nothing in that no rule allows:
        # https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#sku
        ruled = not screen.grouped and not door.basic
        key = (id(screen), door.family, ruled)
        if key not in self._openings:
            self._openings[key] = tuple(openings(screen.passed, door.family, ruled=ruled))
        for opening in self._openings[key]:
            ports = _common(opening, door)
            if opening.protocol in door.protocols and ports and _told(opening, screen):
                yield replace(opening, first_port=ports[0], last_port=ports[1])

    def _past_groups(self, door: Door, screen: Screen, opening: Opening) -> bool:
        """Whether security admin rules open what the security groups by themselves would close."""
        if not (opening.forced and screen.grouped):
            return False
        key = (id(screen), door.family)
        if key not in self._grouped:
            self._grouped[key] = tuple(openings(screen.passed.without_admin(), door.family))
        return not any(
            o.protocol == opening.protocol and o.first_port <= opening.last_port and opening.first_port <= o.last_port
            for o in self._grouped[key]
        )


def _indirect(door: Door, screen: Screen) -> Iterator[Opening]:
    """What is reached through something in between, port by port of what it leads to."""
    inner = door.inner
    if inner is None or not (inner.reach.anyone or door.via == "bastion"):
        return
    for protocol in sorted(door.protocols):
        admitting = admitting_rules(screen.passed, protocol, door.ports[0], inner.origin)
        if admitting is not None:
            said = " and ".join(filter(None, (inner.rule, admitting[0])))
            # What lets the internet in is mended; the machine's own rules let in what is in between.
            openers = inner.openers or admitting[1]
            yield Opening(protocol, *door.ports, inner.reach, said, openers=openers)


def _told(opening: Opening, screen: Screen) -> bool:
    """Whether a protocol is listed: those without a name only where a security group says something of them."""
    return screen.grouped or opening.protocol in ("tcp", "udp", "icmp")


def _common(opening: Opening, door: Door) -> Interval | None:
    first, last = max(opening.first_port, door.ports[0]), min(opening.last_port, door.ports[1])
    return (first, last) if first <= last else None


def _path(interface: Interface, door: Door, opening: Opening, asymmetric: str | None) -> dict[str, Json]:
    first, last = opening.first_port, opening.last_port
    return {
        "protocol": opening.protocol,
        "first_port": first,
        "last_port": last,
        **described(opening.protocol, (first, last)),
        "via": door.via,
        "address": door.address,
        "frontend_port": door.frontend_port,
        "everyone": opening.reach.everyone,
        "wide": opening.reach.wide,
        "addresses": opening.reach.addresses,
        "tags": list(opening.reach.tags),
        "family": door.family,
        "waf": door.waf,
        "asymmetric_return": asymmetric,
        "hops": list(_hops(door.hops)),
        "interface": interface.name,
        "rule": opening.rules if _is_ruled(opening) else "no security group",
        "text": _text(interface, door, opening),
        "told": _told_of(interface, door, opening),
        "openers": list(opening.openers),
        "mend": mending(opening.openers, interface.owner, door.family),
    }


def _is_ruled(opening: Opening) -> bool:
    """Whether some rule lets an opening through, and not only the absence of rules."""
    return opening.rules != "no rule against it"


@lru_cache(maxsize=65536)
def _hops(hops: tuple[Hop, ...]) -> tuple[dict[str, str], ...]:
    return tuple({"kind": hop.kind, "id": hop.id, "name": hop.name, "detail": hop.detail} for hop in hops)


def _text(interface: Interface, door: Door, opening: Opening) -> str:
    rule = opening.rules if _is_ruled(opening) else "no security group"
    what = shown_ports(opening.protocol, opening.first_port, opening.last_port)
    return f"{_who(door, opening.reach)} -> {door.label} -> {interface.name} {what}, allowed by {rule}"


def _told_of(interface: Interface, door: Door, opening: Opening) -> str:
    """The path with the machine that it leads to, where the interface's name does not say it."""
    text, machine = _text(interface, door, opening), name_of(interface.machine)
    return text if not machine or interface.name.startswith(f"{machine}/") else f"{machine}: {text}"


def shown_ports(protocol: str, first: int, last: int) -> str:
    """A protocol with its ports: `tcp 22`, `udp 8000-8100`, `tcp all ports`, `icmp`."""
    if protocol in PORTLESS:
        return "other protocols" if protocol == "other" else protocol
    ports = "all ports" if (first, last) == PORTS else str(first) if first == last else f"{first}-{last}"
    return f"{protocol} {ports}"


def _who(door: Door, reach: Reach) -> str:
    if door.via == "bastion":
        return "operators"
    if reach.wide:
        return "internet"
    if reach.addresses:
        return f"{reach.addresses:,} public {'addresses' if door.family == 4 else 'networks'}"
    return ", ".join(reach.tags)


FAMILY = FactFamily(
    name="internet_exposure",
    types=frozenset((NIC, SCALE_SET)),
    needs=frozenset((NIC, SCALE_SET, GROUP, JIT_POLICY)) | SPACE_NEEDS | DOOR_NEEDS | ADMIN_NEEDS,
    compute=compute,
)
