"""A way from the internet to an IP configuration, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from auditor.facts.network.address_set import EVERYTHING, AddressSet
from auditor.facts.network.addresses import Interval
from auditor.facts.network.reach import Reach
from auditor.facts.network.security_rules import PORTS, PROTOCOLS

EVERY_PROTOCOL = frozenset(PROTOCOLS)
_TRANSPORTS = {"tcp": frozenset(("tcp",)), "udp": frozenset(("udp",))}
_BOTH = frozenset(("tcp", "udp"))


@dataclass(frozen=True, slots=True)
class Hop:
    """One thing on the way."""

    kind: str
    """In kebab-case: `public-ip`, `load-balancer`, `application-gateway`, `firewall`, `bastion`."""
    id: str
    """Key of the resource, or a made-up one for what has no resource."""
    name: str
    detail: str = ""
    """An address, or the port that is entered by."""


@dataclass(frozen=True, slots=True)
class Inner:
    """A door whose traffic reaches the machine from an inside address, because something in between passes it on."""

    origin: tuple[Interval, ...]
    """Addresses that the machine sees as the source."""
    reach: Reach
    """Who of the internet gets to what is in between."""
    rule: str
    """What lets them."""
    admits: AddressSet = EVERYTHING
    """The addresses that are let."""
    openers: tuple[str, ...] = ()
    """Ids of what lets them."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way from the internet to an IP configuration, before the configuration's own rules."""

    via: str
    """`public-ip`, `load-balancer`, `nat-rule`, `application-gateway`, `firewall` or `bastion`."""
    address: str
    """Public address, or the name of the public IP where the address is not assigned."""
    hops: tuple[Hop, ...]
    """What is passed before the machine, in order."""
    basic: bool = False
    """Whether it is of the Basic SKU, which is open where no security group filters."""
    family: int = 4
    """4 or 6: of the public address."""
    protocols: frozenset[str] = EVERY_PROTOCOL
    ports: Interval = PORTS
    """Ports of the machine that it leads to."""
    frontend_port: int | None = None
    inner: Inner | None = None
    """None where the machine sees the client's own address."""
    destination: Interval | None = None
    """The address that rules at the machine see as the destination; None where it is the machine's own."""
    waf: bool | None = None
    """Of an application gateway: whether a web application firewall looks at the requests."""

    @property
    def label(self) -> str:
        """The way as it is shown: `pip-web (203.0.113.7) -> lb-web :443`."""
        return _label(self.hops)


@lru_cache(maxsize=65536)
def _label(hops: tuple[Hop, ...]) -> str:
    return " -> ".join(_shown(hop) for hop in hops)


def _shown(hop: Hop) -> str:
    if not hop.detail:
        return hop.name
    return f"{hop.name} {hop.detail}" if hop.detail.startswith(":") else f"{hop.name} ({hop.detail})"


def transports(name: str) -> frozenset[str]:
    """The protocols of a load balancing or NAT rule: `tcp`, `udp`, `all` or `any`."""
    return _TRANSPORTS.get(name, _BOTH if name in ("all", "any") else frozenset((name,)))
