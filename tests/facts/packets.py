"""Security groups judged packet by packet, straight from the documentation: slow, and hard to get wrong.

https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview and
https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

HOST = "168.63.129.16"
# https://www.iana.org/assignments/iana-ipv4-special-registry, what cannot come from the public internet.
SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        *("::/127", "100::/64", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
]


@dataclass(frozen=True)
class Packet:
    source: str
    source_port: int
    protocol: str
    destination: str
    port: int


@dataclass(frozen=True)
class World:
    network: tuple[str, ...]
    """Prefixes of the virtual network."""
    members: Mapping[str, tuple[str, ...]]
    """Addresses of each application security group by its lower-cased id."""


@cache
def is_in(address: str, prefix: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix)


def within(address: str, prefixes: Iterable[str]) -> bool:
    return any(is_in(address, prefix) for prefix in prefixes)


@cache
def is_special(address: str) -> bool:
    return any(ipaddress.ip_address(address) in special for special in SPECIAL)


def is_public(address: str, world: World) -> bool:
    return not within(address, world.network) and address != HOST and not is_special(address)


def side_matches(properties: Mapping[str, Any], side: str, address: str, world: World) -> bool:
    groups = [group["id"].lower() for group in properties.get(f"{side}ApplicationSecurityGroups") or ()]
    if any(address in world.members.get(group, ()) for group in groups):
        return True
    texts = [properties.get(f"{side}AddressPrefix"), *(properties.get(f"{side}AddressPrefixes") or ())]
    texts += [entry["addressPrefix"] for entry in properties.get(f"{side}s") or ()]
    for text in filter(None, texts):
        match text.lower():
            case "*":
                return True
            case "internet":
                matched = is_public(address, world)
            case "virtualnetwork":
                matched = within(address, world.network) or address == HOST
            case "azureloadbalancer":
                matched = address == HOST
            case _:
                matched = within(address, [text])
        if matched:
            return True
    return False


def ports_match(properties: Mapping[str, Any], side: str, port: int, protocol: str) -> bool:
    texts = [properties.get(f"{side}PortRange"), *(properties.get(f"{side}PortRanges") or ())]
    for text in filter(None, texts):
        first, _, last = ("0", "-", "65535") if text == "*" else text.partition("-")
        low, high = int(first), int(last or first)
        if protocol in ("icmp", "esp", "ah"):  # no ports: only a rule for all of them speaks of these
            if (low, high) == (0, 65535):
                return True
        elif low <= port <= high:
            return True
    return False


def rule_matches(properties: Mapping[str, Any], packet: Packet, world: World) -> bool:
    return (
        properties["protocol"].lower() in ("*", "any", packet.protocol)
        and side_matches(properties, "source", packet.source, world)
        and side_matches(properties, "destination", packet.destination, world)
        and ports_match(properties, "source", packet.source_port, packet.protocol)
        and ports_match(properties, "destination", packet.port, packet.protocol)
    )


def decision(rules: Sequence[Mapping[str, Any]], packet: Packet, world: World, direction: str) -> str:
    """What the first rule by priority that matches says; "" where none does."""
    ours = [rule["properties"] for rule in rules if rule["properties"]["direction"].lower() == direction]
    for properties in sorted(ours, key=lambda p: p["priority"]):
        if rule_matches(properties, packet, world):
            return str(properties["access"].lower())
    return ""


def group_allows(rules: Sequence[Mapping[str, Any]], packet: Packet, world: World, direction: str) -> bool:
    """The first rule by priority that matches decides."""
    return decision(rules, packet, world, direction) == "allow"


def passes(
    admin: Sequence[Mapping[str, Any]],
    groups: Sequence[Sequence[Mapping[str, Any]]],
    packet: Packet,
    world: World,
    direction: str,
) -> bool:
    """Security admin rules first: AlwaysAllow skips the groups, Deny ends it, anything else leaves it to them.

    https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins
    """
    match decision(admin, packet, world, direction):
        case "alwaysallow":
            return True
        case "deny":
            return False
    return all(group_allows(rules, packet, world, direction) for rules in groups)


def source_ports(rules: Iterable[Mapping[str, Any]]) -> list[int]:
    """One source port of each range that no rule tells apart: 0, and where a range begins or has just ended."""
    cuts = {0}
    for rule in rules:
        properties = rule["properties"]
        for text in filter(None, [properties.get("sourcePortRange"), *(properties.get("sourcePortRanges") or ())]):
            first, _, last = ("0", "-", "65535") if text == "*" else text.partition("-")
            cuts |= {int(first), int(last or first) + 1}
    return sorted(port for port in cuts if port <= 65535)
