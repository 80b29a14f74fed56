"""Effective security rules agree exactly with judging packets one by one."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.facts.network.addresses import merge, parse_prefix, prefixes_of
from auditor.facts.network.effective import Local, Surroundings, filter_traffic, relevant
from auditor.facts.network.security_rules import rules_of
from auditor.inventory.model import Resource
from tests.facts.packets import Packet, World, group_allows

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
SOURCE_PORTS = (22, 80, 500, 1024, 8050, 40000)
DESTINATION_PORTS = (0, 22, 79, 80, 443, 1024, 1025, 3389, 8080, 65535)


def axis(address: str) -> int:
    interval = parse_prefix(address)
    assert interval is not None
    return interval[0]


@settings(max_examples=350, deadline=None)
@given(st.lists(groups(), min_size=1, max_size=2), st.sampled_from(sorted(LOCAL)), st.booleans(), st.data())
def test_sets_agree_with_packets(chosen: list[Resource], local: str, inbound: bool, data: st.DataObject) -> None:
    """350 pairs of groups, 40 packets each: 14,000 packets."""
    me = Local(axis(local), frozenset(GROUP_ID.format(group).lower() for group in LOCAL[local]))
    filters = [relevant(rules_of(group), me, AROUND, inbound=inbound) for group in chosen]
    passed = filter_traffic(filters, (), AROUND, inbound=inbound)
    bodies = [[*group.body["properties"]["securityRules"], *DEFAULTS] for group in chosen]
    direction = "inbound" if inbound else "outbound"
    for _ in range(40):
        remote = data.draw(st.sampled_from(ADDRESSES))
        protocol = data.draw(st.sampled_from(("tcp", "tcp", "udp", "icmp", "esp", "ah")))
        port = data.draw(st.sampled_from(DESTINATION_PORTS))
        ends = (remote, local) if inbound else (local, remote)
        # A passage says that some source port gets through.
        by_packet = any(
            all(
                group_allows(rules, Packet(ends[0], source_port, protocol, ends[1], port), WORLD, direction)
                for rules in bodies
            )
            for source_port in SOURCE_PORTS
        )
        assert passed.allows(protocol, port, axis(remote)) == by_packet, (remote, protocol, port)


@given(st.lists(st.sampled_from([p for p in PREFIXES if p[0].isdigit() or ":" in p]), min_size=1, max_size=5))
def test_prefixes_survive_the_axis(chosen: list[str]) -> None:
    merged = merge(interval for text in chosen if (interval := parse_prefix(text)))
    again = merge(parse_prefix(text) for interval in merged for text in prefixes_of(interval))

    assert again == merged
