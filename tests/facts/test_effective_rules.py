"""Effective security rules agree exactly with judging packets one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.facts.network.addresses import merge, parse_prefix, prefixes_of
from auditor.facts.network.effective import Local, Surroundings, filter_traffic, relevant
from auditor.facts.network.security_rules import admin_rules_of, rules_of
from auditor.inventory.model import Resource
from tests.facts.packets import Packet, World, passes, source_ports

NETWORK = ("10.0.0.0/16", "10.9.0.0/16", "fd00:1::/48")
LOCAL = {"10.0.1.4": ("asg-web",), "fd00:1::4": ()}
GROUP_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/{}"
MEMBERS = {"asg-web": ("10.0.1.4", "10.0.1.5"), "asg-db": ("10.0.2.4",)}
WORLD = World((*NETWORK, "168.63.129.16/32"), {GROUP_ID.format(n).lower(): a for n, a in MEMBERS.items()})
AROUND = Surroundings(
    merge(parse_prefix(text) for text in WORLD.network),
    tuple((key, merge(parse_prefix(a) for a in addresses)) for key, addresses in WORLD.members.items()),
)

PREFIXES = (
    *("*", "Internet", "VirtualNetwork", "AzureLoadBalancer", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8"),
    *("10.0.1.0/24", "10.0.1.4", "10.0.2.0/24", "203.0.113.0/24", "203.0.113.128/25", "198.51.100.7/32", "::/0"),
    *("2001:db8::/32", "fd00:1::/48", "168.63.129.16"),
)
ADDRESSES = (
    *("203.0.113.5", "203.0.113.200", "198.51.100.7", "198.51.100.8", "8.8.8.8", "130.0.0.1", "10.0.1.5", "10.0.2.4"),
    *(
        "10.9.3.3",
        "10.200.0.1",
        "192.168.1.1",
        "168.63.129.16",
        "2001:db8::1",
        "2a00:1450::1",
        "fd00:1::9",
        "fd00:2::1",
    ),
)
PORTS = ("*", "22", "80", "443", "1-1024", "22-80", "3389", "1024-65535", "0-65535", "8000-8100")
PROTOCOLS = ("*", "Tcp", "Udp", "Icmp", "Esp", "Ah")


@st.composite
def sides(draw: st.DrawFn, name: str) -> dict[str, Any]:
    if draw(st.integers(0, 5)) == 0:
        chosen = draw(st.lists(st.sampled_from(sorted(MEMBERS)), min_size=1, max_size=2, unique=True))
        return {f"{name}ApplicationSecurityGroups": [{"id": GROUP_ID.format(group)} for group in chosen]}
    chosen = draw(st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=3, unique=True))
    return {f"{name}AddressPrefix": chosen[0]} if len(chosen) == 1 else {f"{name}AddressPrefixes": chosen}


@st.composite
def ports(draw: st.DrawFn, name: str) -> dict[str, Any]:
    rare = name == "source" and draw(st.integers(0, 3)) > 0
    chosen = ["*"] if rare else draw(st.lists(st.sampled_from(PORTS), min_size=1, max_size=3, unique=True))
    return {f"{name}PortRange": chosen[0]} if len(chosen) == 1 else {f"{name}PortRanges": chosen}


@st.composite
def groups(draw: st.DrawFn) -> Resource:
    priorities = draw(st.lists(st.integers(100, 4096), max_size=6, unique=True))
    rules = [
        {
            "name": f"r{priority}",
            "properties": {
                "priority": priority,
                "direction": draw(st.sampled_from(("Inbound", "Inbound", "Outbound"))),
                "access": draw(st.sampled_from(("Allow", "Deny"))),
                "protocol": draw(st.sampled_from(PROTOCOLS)),
                **draw(sides("source")),
                **draw(sides("destination")),
                **draw(ports("source")),
                **draw(ports("destination")),
            },
        }
        for priority in priorities
    ]
    return Resource.from_body({"id": "/subscriptions/s/x", "name": "nsg", "properties": {"securityRules": rules}})


DEFAULTS = [
    {
        "properties": {
            "priority": priority,
            "direction": direction,
            "access": access,
            "protocol": "*",
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": destination,
            "sourcePortRange": "*",
            "destinationPortRange": "*",
        }
    }
    for priority, direction, access, source, destination in (
        (65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        (65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
        (65500, "Inbound", "Deny", "*", "*"),
        (65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        (65001, "Outbound", "Allow", "*", "Internet"),
        (65500, "Outbound", "Deny", "*", "*"),
    )
]
PACKET_PORTS = (0, 22, 79, 80, 443, 1024, 1025, 3389, 8080, 65535)
PACKETS = [
    (remote, protocol, port)
    for remote in ADDRESSES
    for protocol in ("tcp", "udp", "icmp", "esp", "ah")
    for port in (PACKET_PORTS if protocol in ("tcp", "udp") else (0,))
]


@st.composite
def admin_rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    priorities = draw(st.lists(st.integers(1, 4096), max_size=4, unique=True))
    return [
        {
            "id": f"/subscriptions/s/x/rc/rules/r{priority}",
            "name": f"r{priority}",
            "properties": {
                "priority": priority,
                "direction": draw(st.sampled_from(("Inbound", "Outbound"))),
                "access": draw(st.sampled_from(("Allow", "Deny", "AlwaysAllow"))),
                "protocol": draw(st.sampled_from(("Any", *PROTOCOLS[1:]))),
                "sources": draw(admin_sides()),
                "destinations": draw(admin_sides()),
                "sourcePortRanges": draw(st.sampled_from((["0-65535"], ["0-65535"], ["1024-65535"], ["22", "80"]))),
                "destinationPortRanges": draw(st.lists(st.sampled_from(PORTS[1:]), min_size=1, max_size=2)),
            },
        }
        for priority in priorities
    ]


@st.composite
def admin_sides(draw: st.DrawFn) -> list[dict[str, str]]:
    chosen = draw(st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=2, unique=True))
    return [{"addressPrefixType": "IPPrefix", "addressPrefix": text} for text in chosen]


def axis(address: str) -> int:
    interval = parse_prefix(address)
    assert interval is not None
    return interval[0]


def disagreements(chosen: list[Resource], admin: list[dict[str, Any]], local: str, *, inbound: bool) -> list[Any]:
    """The packets on which sets and packet by packet judgement differ: all addresses, protocols and ports of PACKETS.

    A set says that some source port gets through, so every source port that a rule can tell apart is tried.
    """
    me = Local(axis(local), frozenset(GROUP_ID.format(group).lower() for group in LOCAL[local]))
    filters = [relevant(rules_of(group), me, AROUND, inbound=inbound) for group in chosen]
    first = relevant(admin_rules_of(admin), me, AROUND, inbound=inbound)
    passed = filter_traffic(filters, first, AROUND, inbound=inbound)
    bodies = [[*group.body["properties"]["securityRules"], *DEFAULTS] for group in chosen]
    direction = "inbound" if inbound else "outbound"
    tried = source_ports(rule for rules in (admin, *bodies) for rule in rules)
    wrong = []
    for remote, protocol, port in PACKETS:
        ends = (remote, local) if inbound else (local, remote)
        by_packet = any(
            passes(admin, bodies, Packet(ends[0], source_port, protocol, ends[1], port), WORLD, direction)
            for source_port in (tried if protocol in ("tcp", "udp") else (0,))
        )
        if passed.allows(protocol, port, axis(remote)) != by_packet:
            wrong.append((remote, protocol, port, by_packet))
    return wrong


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(groups(), min_size=1, max_size=2), st.sampled_from(sorted(LOCAL)), st.booleans())
def test_sets_agree_with_packets(chosen: list[Resource], local: str, inbound: bool) -> None:
    """60 worlds of one or two levels, 368 packets each: 22,000 packets."""
    assert disagreements(chosen, [], local, inbound=inbound) == []


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(groups(), max_size=2), admin_rules(), st.sampled_from(sorted(LOCAL)), st.booleans())
def test_sets_agree_with_packets_after_security_admin_rules(
    chosen: list[Resource], admin: list[dict[str, Any]], local: str, inbound: bool
) -> None:
    """40 worlds, 368 packets each: 14,000 packets."""
    assert disagreements(chosen, admin, local, inbound=inbound) == []


def test_a_deny_of_nearly_all_source_ports_leaves_source_port_0() -> None:
    """RFC 768 has UDP senders without a port use 0, so a packet from there is real."""
    deny = {
        "name": "deny",
        "properties": {
            "priority": 100,
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "*",
            "sourcePortRanges": ["1-65535"],
            "destinationPortRange": "*",
        },
    }
    allow = {**deny, "name": "allow"}
    allow["properties"] = {**deny["properties"], "priority": 110, "access": "Allow", "sourcePortRanges": ["*"]}
    group = Resource.from_body(
        {"id": "/subscriptions/s/x", "name": "n", "properties": {"securityRules": [deny, allow]}}
    )

    assert disagreements([group], [], "10.0.1.4", inbound=True) == []


@settings(derandomize=True)
@given(st.lists(st.sampled_from([p for p in PREFIXES if p[0].isdigit() or ":" in p]), min_size=1, max_size=5))
def test_prefixes_survive_the_axis(chosen: list[str]) -> None:
    merged = merge(interval for text in chosen if (interval := parse_prefix(text)))
    again = merge(parse_prefix(text) for interval in merged for text in prefixes_of(interval))

    assert again == merged
