"""What each filter on a way says of some traffic, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.facts.network.address_set import AddressSet, intersection, union
from auditor.facts.network.addresses import ALL, HOST_VIRTUAL_IP, Interval, merge, parse_prefix, subtract
from auditor.facts.network.places import Surroundings
from auditor.facts.network.screens import Screen
from auditor.facts.network.security_rules import INTERNET, LOAD_BALANCER, VIRTUAL_NETWORK, Endpoint, SecurityRule
from auditor.facts.network.tables import Clearance, Cleared, admin_table_of, table_of

ALLOWED, DENIED, UNKNOWN = "allowed", "denied", "unknown"


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that traffic meets on its way."""

    kind: str
    """`door`, `public-ip`, `load-balancer`, `application-gateway`, `firewall`, `admission`, `network`, `route`,
    `security-admin`, `subnet`, `interface`, `closed`, `not-read`."""
    name: str
    """What it is called: a resource, a security group, a route."""
    verdict: str
    """`allowed`, `denied` or `unknown`."""
    text: str
    """The rule or the reason."""
    direction: str = ""
    """Of rules: `out` at the source, `in` at the target."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is asked about."""

    protocol: str
    port: int
    remote: AddressSet
    """The other side: one address, or the internet."""


def stages_of(screen: Screen, traffic: Traffic, around: Surroundings, *, inbound: bool) -> Iterator[Stage]:
    """What security admin rules and security groups say, in the order in which they are asked, until one denies."""
    left = traffic.remote
    way = "in" if inbound else "out"
    if screen.admin:
        table = admin_table_of(screen.admin, around, inbound=inbound)
        always = _cleared(table.cleared[Clearance.ALWAYS].get(traffic.protocol, ()), traffic, left)
        if always:
            yield Stage("security-admin", always[0][1].owner, ALLOWED, _named(always), way)
            return
        on = _remote(table.cleared[Clearance.ON].get(traffic.protocol, ()), traffic, left)
        if not on:
            rule = _denying(screen.admin, traffic, left, around, inbound=inbound)
            yield Stage("security-admin", rule.owner if rule else "", DENIED, str(rule or ""), way)
            return
        left = on
    for place, rules in screen.groups:
        cleared = table_of(rules, around, inbound=inbound).cleared[Clearance.ON].get(traffic.protocol, ())
        found = _cleared(cleared, traffic, left)
        if not found:
            rule = _denying(rules, traffic, left, around, inbound=inbound)
            yield Stage(place, rule.owner if rule else "", DENIED, str(rule or "no rule allows it"), way)
            return
        left = union(remote for remote, _ in found)
        yield Stage(place, found[0][1].owner, ALLOWED, _named(found), way)


def _cleared(entries: Sequence[Cleared], traffic: Traffic, left: AddressSet) -> list[tuple[AddressSet, SecurityRule]]:
    """What of the traffic each rule lets through."""
    return [
        (remote, entry.rule)
        for entry in entries
        if entry.rule and entry.ports[0] <= traffic.port <= entry.ports[1] and (remote := entry.remote & left)
    ]


def _remote(entries: Sequence[Cleared], traffic: Traffic, left: AddressSet) -> AddressSet:
    """What of the traffic goes on to the groups."""
    parts = [entry.remote & left for entry in entries if entry.ports[0] <= traffic.port <= entry.ports[1]]
    return union(parts) if parts else AddressSet(())


def _named(found: Sequence[tuple[AddressSet, SecurityRule]]) -> str:
    return " or ".join(dict.fromkeys(str(rule) for _, rule in found))


def _denying(
    rules: Sequence[SecurityRule], traffic: Traffic, left: AddressSet, around: Surroundings, *, inbound: bool
) -> SecurityRule | None:
    """The rule that decides for most of the traffic: the first of those that match it which holds the most of it."""
    best: tuple[int, SecurityRule] | None = None
    spans = left.spans
    for rule in rules:
        if traffic.protocol not in rule.protocols or not _holds(rule, traffic.port):
            continue
        matched = _matched(rule.source if inbound else rule.destination, around)
        share = sum(last - first + 1 for first, last in intersection(spans, matched))
        if share and rule.access == "deny" and (best is None or share > best[0]):
            best = (share, rule)
        spans = subtract(spans, matched)
    return best[1] if best else None


def _holds(rule: SecurityRule, port: int) -> bool:
    return any(first <= port <= last for first, last in rule.destination_ports)


def _matched(end: Endpoint, around: Surroundings) -> tuple[Interval, ...]:
    if end.any:
        return (ALL,)
    spans = list(end.intervals)
    if INTERNET in end.tags:
        spans += around.internet
    if VIRTUAL_NETWORK in end.tags:
        spans += around.virtual_network
    if LOAD_BALANCER in end.tags and (host := parse_prefix(HOST_VIRTUAL_IP)):
        spans.append(host)
    for key, members in around.members:
        if key in end.groups:
            spans += members
    return merge(spans)


def stage_name(stage: Stage) -> str:
    """What a stage is called where it is shown."""
    name = _SHOWN.get(stage.kind, stage.kind)
    return f"{name}, {stage.direction}" if stage.direction else name


_SHOWN = {
    "security-admin": "security admin",
    "admission": "in between",
    "subnet": "subnet group",
    "interface": "interface group",
    "not-read": "not read",
}
