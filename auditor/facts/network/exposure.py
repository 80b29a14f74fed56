"""Which ports of which machine the internet reaches, and by which path.

A fact of a network interface:

    {"machine": "vm-web", "open": true, "paths": [
        {"protocol": "tcp", "first_port": 22, "last_port": 22, "services": ["SSH"], "kinds": ["ssh"],
         "via": "public-ip", "address": "203.0.113.7", "frontend_port": null,
         "everyone": true, "wide": true, "addresses": 3702259455, "tags": [],
         "rule": "nsg-web/allow-ssh (300)", "text": "internet -> pip-web (203.0.113.7) -> nic-web :22, ..."}]}

`everyone` says that every public IPv4 address reaches it, `wide` that at least a sixteenth of them do; `addresses`
counts public IPv4 addresses; `tags` names service tags (their addresses are not known offline) that reach it besides.
`services` and `kinds` are what well-known ports in the range mean (`auditor.facts.network.services`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.addresses import Interval
from auditor.facts.network.effective import filter_traffic, relevant
from auditor.facts.network.reach import Opening, Reach, openings
from auditor.facts.network.security_rules import PORTS, SecurityRule
from auditor.facts.network.services import described
from auditor.facts.network.topology import (
    GROUP,
    LOAD_BALANCER,
    NETWORK,
    NIC,
    PUBLIC_IP,
    IpConfiguration,
    Topology,
    configurations,
    items,
    key_at,
    keys_at,
    value,
)
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread


@dataclass(frozen=True, slots=True)
class Door:
    """A way from the internet to an IP configuration, before any filter."""

    via: str
    """`public-ip`, `load-balancer` or `nat-rule`."""
    address: str
    """Public address, or the name of the public IP where the address is not assigned."""
    label: str
    """The way as it is shown: `pip-web (203.0.113.7) -> lb-web :443`."""
    basic: bool
    """Whether it is of the Basic SKU, which is open where no security group filters."""
    protocols: frozenset[str]
    ports: Interval = PORTS
    """Ports of the machine that it leads to."""
    frontend_port: int | None = None


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each network interface that a door leads to, and of those without one."""
    topology = Topology(inventory)
    doors = _Doors(inventory)
    cache: dict[Any, Sequence[Opening]] = {}
    return {nic.key: _exposure(nic, topology, doors, cache) for nic in inventory.of_type(NIC)}


def _exposure(nic: Resource, topology: Topology, doors: _Doors, cache: dict[Any, Sequence[Opening]]) -> Json | Unread:
    machine = key_at(nic.body, "properties", "virtualMachine")
    paths: list[Json] = []
    for configuration in configurations(nic):
        found = doors.to(configuration)
        if isinstance(found, Gap):
            return Unread(found)
        if not found:
            continue
        passed = _filtered(nic, configuration, topology, cache)
        if isinstance(passed, Gap):
            return Unread(passed)
        for door in found:
            paths += _paths(nic, door, passed)
    paths.sort(key=lambda path: (path["first_port"], path["protocol"], path["text"]))
    return {"machine": machine.rpartition("/")[2], "open": bool(paths), "paths": paths}


def _filtered(
    nic: Resource, configuration: IpConfiguration, topology: Topology, cache: dict[Any, Sequence[Opening]]
) -> Sequence[Opening] | Gap | None:
    """What of the internet passes the security groups of subnet and interface; None where neither has one."""
    subnet_group = topology.subnet_group(configuration.subnet)
    if isinstance(subnet_group, Gap):
        return subnet_group
    around = topology.surroundings(configuration.subnet)
    filters: list[tuple[SecurityRule, ...]] = []
    for group in (subnet_group, key_at(nic.body, "properties", "networkSecurityGroup")):
        rules = topology.rules(group)
        if isinstance(rules, Gap):
            return rules
        if rules is not None:
            filters.append(relevant(rules, configuration.local, around, inbound=True))
    if not filters:
        return None
    key = (tuple(tuple(map(id, rules)) for rules in filters), ids.parent_of(configuration.subnet))
    if key not in cache:
        cache[key] = tuple(openings(filter_traffic(filters, (), around, inbound=True)))
    return cache[key]


def _paths(nic: Resource, door: Door, passed: Sequence[Opening] | None) -> Iterator[Json]:
    if passed is None:
        if door.basic:
            for protocol in sorted(door.protocols & {"tcp", "udp", "icmp"}):
                yield _path(nic, door, protocol, door.ports, Reach.of_all(), "no security group")
        # A Standard public IP or load balancer lets nothing in where no security group allows it:
        # https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#sku
        return
    for opening in passed:
        if opening.protocol not in door.protocols:
            continue
        ports = (max(opening.first_port, door.ports[0]), min(opening.last_port, door.ports[1]))
        if ports[0] <= ports[1]:
            yield _path(nic, door, opening.protocol, ports, opening.reach, opening.rules)


def _path(nic: Resource, door: Door, protocol: str, ports: Interval, reach: Reach, rule: str) -> Json:
    shown = f"{ports[0]}" if ports[0] == ports[1] else "all ports" if ports == PORTS else f"{ports[0]}-{ports[1]}"
    source = (
        "internet"
        if reach.wide
        else f"{reach.addresses:,} public addresses"
        if reach.addresses
        else ", ".join(reach.tags)
    )
    return {
        "protocol": protocol,
        "first_port": ports[0],
        "last_port": ports[1],
        **described(protocol, ports),
        "via": door.via,
        "address": door.address,
        "frontend_port": door.frontend_port,
        "everyone": reach.everyone,
        "wide": reach.wide,
        "addresses": reach.addresses,
        "tags": list(reach.tags),
        "rule": rule,
        "text": f"{source} -> {door.label} -> {nic.name} {protocol} {shown}, allowed by {rule}",
    }


_TRANSPORTS = {"tcp": frozenset(("tcp",)), "udp": frozenset(("udp",)), "all": frozenset(("tcp", "udp"))}


class _Doors:
    """The doors of an inventory, found once."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._by_pool: dict[str, list[Door]] = {}
        self._by_configuration: dict[str, list[Door]] = {}
        self._by_nat_rule: dict[str, list[Door]] = {}
        for balancer in inventory.of_type(LOAD_BALANCER):
            self._add_balancer(balancer)

    def to(self, configuration: IpConfiguration) -> list[Door] | Gap:
        """Every door to an IP configuration; a gap where something on the way was not read."""
        doors: list[Door] = []
        if configuration.public_ip:
            public = self._public(configuration.public_ip)
            if isinstance(public, Gap):
                return public
            address, label, basic = public
            every = frozenset(("tcp", "udp", "icmp", "esp", "ah", "other"))
            doors.append(Door("public-ip", address, label, basic, every))
        for pool in sorted(configuration.pools):
            if gap := self._unread_balancer(pool):
                return gap
            doors += self._by_pool.get(pool, ())
        for rule in sorted(configuration.nat_rules):
            if gap := self._unread_balancer(rule):
                return gap
            doors += self._by_nat_rule.get(rule, ())
        doors += self._by_configuration.get(configuration.key, ())
        return list(dict.fromkeys(doors))

    def _unread_balancer(self, part: str) -> Gap | None:
        balancer = part.rsplit("/", 2)[0]
        return None if self._inventory.get(balancer) else self._inventory.gap(LOAD_BALANCER, balancer)

    def _public(self, key: str) -> tuple[str, str, bool] | Gap:
        resource = self._inventory.get(key)
        name = key.rpartition("/")[2]
        if resource is None:
            gap = self._inventory.gap(PUBLIC_IP, key)
            return gap or (name, name, False)
        address = value(resource.body, "properties", "ipAddress")
        # A body without a sku is of the time before there were others: Basic.
        sku = str(value(resource.body, "sku", "name") or "Basic").lower()
        shown = f"{resource.name} ({address})" if address else resource.name
        return str(address or resource.name), shown, sku == "basic"

    def _add_balancer(self, balancer: Resource) -> None:
        fronts = {
            ids.id_key(str(value(f, "id"))): f for f in items(balancer.body, "properties", "frontendIPConfigurations")
        }
        for rule in items(balancer.body, "properties", "loadBalancingRules"):
            door = self._door("load-balancer", balancer, fronts, rule)
            if door:
                pools = {
                    key_at(rule, "properties", "backendAddressPool"),
                    *keys_at(rule, "properties", "backendAddressPools"),
                }
                for pool in pools - {""}:
                    self._by_pool.setdefault(pool, []).append(door)
        for rule in items(balancer.body, "properties", "inboundNatRules"):
            self._add_nat_rule(balancer, fronts, rule)

    def _add_nat_rule(self, balancer: Resource, fronts: Mapping[str, Json], rule: Json) -> None:
        door = self._door("nat-rule", balancer, fronts, rule)
        if door is None:
            return
        rule_id = value(rule, "id")
        if isinstance(rule_id, str):
            self._by_nat_rule.setdefault(ids.id_key(rule_id), []).append(door)
        target = key_at(rule, "properties", "backendIPConfiguration")
        if target:
            self._by_configuration.setdefault(target, []).append(door)
        pool = key_at(rule, "properties", "backendAddressPool")
        if pool:
            self._by_pool.setdefault(pool, []).append(door)

    def _door(self, via: str, balancer: Resource, fronts: Mapping[str, Json], rule: Json) -> Door | None:
        front = fronts.get(key_at(rule, "properties", "frontendIPConfiguration"))
        public_ip = key_at(front, "properties", "publicIPAddress")
        if not public_ip:
            return None  # an internal frontend
        public = self._public(public_ip)
        address, label, basic = ("", public_ip.rpartition("/")[2], False) if isinstance(public, Gap) else public
        properties = value(rule, "properties")
        frontend = _port(value(properties, "frontendPort"), value(properties, "frontendPortRangeStart"))
        # With floating IP the packet keeps the frontend's port:
        # https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip
        floating = value(properties, "enableFloatingIP") is True
        backend = frontend if floating else _port(value(properties, "backendPort"), frontend)
        transport = str(value(properties, "protocol") or "tcp").lower()
        whole = transport == "all" and not backend
        return Door(
            via=via,
            address=address,
            label=f"{label} -> {balancer.name} :{frontend or 'all ports'}",
            basic=basic,
            protocols=_TRANSPORTS.get(transport, frozenset((transport,))),
            ports=PORTS if whole or backend is None else (backend, backend),
            frontend_port=frontend,
        )


def _port(*candidates: Any) -> int | None:
    return next((port for port in candidates if isinstance(port, int) and not isinstance(port, bool)), None)


FAMILY = FactFamily(
    name="internet_exposure",
    types=frozenset((NIC,)),
    needs=frozenset((NIC, GROUP, NETWORK, PUBLIC_IP, LOAD_BALANCER)),
    compute=compute,
)
