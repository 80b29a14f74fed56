"""Load balancers: rules to backend pools, inbound NAT rules and pools, and what an internal one passes on.

Shape: https://learn.microsoft.com/rest/api/load-balancer/load-balancers/get.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditor.facts.network.addresses import Interval, parse_prefix
from auditor.facts.network.bodies import items, key_at, keys_at, port, text, value
from auditor.facts.network.doors.door import Door, Hop, transports
from auditor.facts.network.doors.public_ip import public_ip, unknown_public_ip
from auditor.facts.network.security_rules import PORTS
from auditor.facts.network.topology import LOAD_BALANCER
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource


@dataclass(frozen=True, slots=True)
class Target:
    """What a rule leads to."""

    kind: str
    """`pool`, `nat-rule`, `configuration` (keys) or `address` (`<network>|<address>`)."""
    key: str


@dataclass(frozen=True, slots=True)
class Inside:
    """A rule of an internal frontend: traffic to its address and port goes on to other places."""

    address: Interval
    network: str
    balancer: Hop
    protocols: frozenset[str]
    ports: Interval
    backend: Interval
    target: Target
    floating: bool

    def passed_on(self, door: Door) -> Door | None:
        """A door to the internal frontend as a door to what is behind it; None where the rule is not about it."""
        if not (self.ports[0] <= door.ports[0] and door.ports[1] <= self.ports[1] and self.protocols & door.protocols):
            return None
        ports = door.ports if self.backend == PORTS else self.backend
        hop = replace(self.balancer, detail=f":{door.ports[0]}")
        destination = self.address if self.floating else None
        hops, protocols = (*door.hops, hop), self.protocols & door.protocols
        return replace(door, hops=hops, ports=ports, protocols=protocols, destination=destination)


class Balancers:
    """The load balancers of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.doors: dict[Target, list[Door | Gap]] = {}
        self.inside: list[Inside] = []
        for balancer in inventory.of_type(LOAD_BALANCER):
            fronts = _by_id(items(balancer.body, "properties", "frontendIPConfigurations"))
            pools = _by_id(items(balancer.body, "properties", "backendAddressPools"))
            for via, rule in _rules(balancer):
                front = fronts.get(key_at(rule, "properties", "frontendIPConfiguration"))
                for target in _targets(via, rule, pools):
                    self._add(via, balancer, front, rule, target)

    def unread(self, part: str) -> Gap | None:
        """Why the balancer that a pool or NAT rule belongs to is not known."""
        balancer = part.rsplit("/", 2)[0]
        return None if self._inventory.get(balancer) else self._inventory.gap(LOAD_BALANCER, balancer)

    def _add(self, via: str, balancer: Resource, front: Any, rule: Any, target: Target) -> None:
        hop = Hop("load-balancer", balancer.key, balancer.name)
        protocols, ports, backend = _ports(rule)
        key = key_at(front, "properties", "publicIPAddress")
        if not key:
            self._add_inside(hop, front, rule, target)
            return
        public = public_ip(self._inventory, key)
        if isinstance(public, Gap) and _is_floating(rule):
            # What rules at the machine would see as the destination is not known.
            self.doors.setdefault(target, []).append(public)
            return
        if isinstance(public, Gap):
            public = unknown_public_ip(key)
        shown = "all ports" if ports == PORTS else str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"
        door = Door(
            via=via,
            address=public.address,
            hops=(public.hop, replace(hop, detail=f":{shown}")),
            basic=text(balancer.body, "sku", "name") == "basic" or public.basic,
            family=public.family,
            protocols=protocols,
            ports=backend,
            frontend_port=None if ports == PORTS else ports[0],
            destination=parse_prefix(public.address) if _is_floating(rule) else None,
        )
        self.doors.setdefault(target, []).append(door)

    def _add_inside(self, hop: Hop, front: Any, rule: Any, target: Target) -> None:
        address = parse_prefix(str(value(front, "properties", "privateIPAddress") or ""))
        network = ids.parent_of(key_at(front, "properties", "subnet"))
        if address and network:
            self.inside.append(Inside(address, network, hop, *_ports(rule), target, _is_floating(rule)))


def _rules(balancer: Resource) -> Iterator[tuple[str, Any]]:
    for via, name in (
        ("load-balancer", "loadBalancingRules"),
        ("nat-rule", "inboundNatRules"),
        ("nat-rule", "inboundNatPools"),
    ):
        for rule in items(balancer.body, "properties", name):
            yield via, rule


def _targets(via: str, rule: Any, pools: dict[str, Any]) -> set[Target]:
    """Where a rule leads: pools, the NAT rule itself (interfaces name it), one configuration, addresses of a pool."""
    named = {key_at(rule, "properties", "backendAddressPool"), *keys_at(rule, "properties", "backendAddressPools")}
    found = {Target("pool", key) for key in named - {""}}
    for key in named - {""}:
        found |= set(_addresses(pools.get(key)))
    rule_id = value(rule, "id")
    if via == "nat-rule" and isinstance(rule_id, str):
        found.add(Target("nat-rule", ids.id_key(rule_id)))
    if configuration := key_at(rule, "properties", "backendIPConfiguration"):
        found.add(Target("configuration", configuration))
    return found


def _addresses(pool: Any) -> Iterator[Target]:
    """The members of a pool that names addresses in place of interfaces.

    https://learn.microsoft.com/azure/load-balancer/backend-pool-management
    """
    network = key_at(pool, "properties", "virtualNetwork")
    for member in items(pool, "properties", "loadBalancerBackendAddresses"):
        if configuration := key_at(member, "properties", "networkInterfaceIPConfiguration"):
            yield Target("configuration", configuration)
            continue
        address = parse_prefix(str(value(member, "properties", "ipAddress") or ""))
        subnet = key_at(member, "properties", "subnet")
        place = key_at(member, "properties", "virtualNetwork") or network or ids.parent_of(subnet)
        if address and place:
            yield Target("address", f"{place}|{address[0]}")


def _ports(rule: Any) -> tuple[frozenset[str], Interval, Interval]:
    """Protocols, ports of the frontend, and ports of the machine."""
    properties = value(rule, "properties")
    # A rule with a range of ports may come with 0 as its one port.
    one = value(properties, "frontendPort") or None
    first = port(value(properties, "frontendPortRangeStart") or one, one)
    last = port(value(properties, "frontendPortRangeEnd") or one, first)
    # Port 0 with protocol All is every port: https://learn.microsoft.com/azure/load-balancer/load-balancer-ha-ports-overview
    transport = text(properties, "protocol") or "tcp"
    if first is None or last is None or (transport == "all" and not first):
        return transports(transport), PORTS, PORTS
    backend = first if _is_floating(rule) else port(value(properties, "backendPort"), first)
    return transports(transport), (first, last), (backend or first, backend or first)


def _is_floating(rule: Any) -> bool:
    """Whether a packet keeps the frontend's address and port on its way to the machine, where rules then see them.

    https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip. Load balancers of Kubernetes work this
    way, and the security rules that come with them name the public address as the destination.
    """
    return value(rule, "properties", "enableFloatingIP") is True


def _by_id(entries: list[Any]) -> dict[str, Any]:
    return {ids.id_key(found): entry for entry in entries if isinstance(found := value(entry, "id"), str)}
