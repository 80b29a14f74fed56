"""Security rules as values: what a rule of a network security group, or a security admin rule, matches.

Property names and semantics: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview and
https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor.facts.network.addresses import Interval, parse_prefix
from auditor.inventory import ids
from auditor.inventory.model import Json, Resource

PORTS: Interval = (0, 65535)
PROTOCOLS = ("tcp", "udp", "icmp", "esp", "ah", "other")
"""`*` covers all of them; `other` stands for every protocol that has no name in security rules."""
PORTLESS = frozenset(("icmp", "esp", "ah", "other"))

ANY = "*"
INTERNET = "internet"
VIRTUAL_NETWORK = "virtualnetwork"
LOAD_BALANCER = "azureloadbalancer"
_ANY_WORDS = frozenset(("*", "any"))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of a rule: which addresses it matches."""

    tags: frozenset[str] = frozenset()
    """Lower-cased service tags; `*` for any address."""
    intervals: tuple[Interval, ...] = ()
    groups: frozenset[str] = frozenset()
    """Keys of application security groups."""

    @property
    def any(self) -> bool:
        """Whether it matches every address."""
        return ANY in self.tags

    @property
    def opaque_tags(self) -> frozenset[str]:
        """Service tags whose addresses are not known offline."""
        return self.tags - {ANY, INTERNET, VIRTUAL_NETWORK, LOAD_BALANCER}


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule."""

    name: str
    owner: str
    """Name of the security group, or of the rule collection."""
    priority: int
    inbound: bool
    access: str
    """`allow`, `deny`, or for security admin rules also `alwaysallow`; lower-cased."""
    protocols: frozenset[str]
    source: Endpoint
    destination: Endpoint
    source_ports: tuple[Interval, ...] = (PORTS,)
    destination_ports: tuple[Interval, ...] = (PORTS,)
    id: str = ""
    """ARM id; "" of a default rule, which nobody can change."""

    def __str__(self) -> str:
        return f"{self.owner}/{self.name} ({self.priority})"


def rules_of(group: Resource) -> tuple[SecurityRule, ...]:
    """The rules of a network security group in the order they are tried, default rules included."""
    properties = _properties(group.body)
    bodies = [*_list(properties, "securityRules"), *(_list(properties, "defaultSecurityRules") or _DEFAULT_RULES)]
    own = len(_list(properties, "securityRules"))
    rules = [rule for index, body in enumerate(bodies) if (rule := _rule(body, group, own=index < own)) is not None]
    return tuple(sorted(rules, key=lambda rule: (rule.inbound, rule.priority)))


def _rule(body: Json, group: Resource, *, own: bool) -> SecurityRule | None:
    properties = _properties(body)
    if not isinstance(properties.get("priority"), int):
        return None
    return SecurityRule(
        name=str(body.get("name", "")),
        owner=group.name,
        priority=properties["priority"],
        inbound=_text(properties, "direction") == "inbound",
        access=_text(properties, "access"),
        protocols=protocols_of(_text(properties, "protocol")),
        source=_endpoint(properties, "source"),
        destination=_endpoint(properties, "destination"),
        source_ports=_ports(properties, "source"),
        destination_ports=_ports(properties, "destination"),
        id=f"{group.id}/securityRules/{body.get('name', '')}" if own else "",
    )


def admin_rules_of(bodies: Iterable[Json]) -> tuple[SecurityRule, ...]:
    """Security admin rules in the order they are tried.

    Shape: https://learn.microsoft.com/rest/api/networkmanager/admin-rules/get. A rule's owner is its rule collection.
    """
    rules = [rule for body in bodies if (rule := _admin_rule(body)) is not None]
    return tuple(sorted(rules, key=lambda rule: (rule.inbound, rule.priority)))


def _admin_rule(body: Json) -> SecurityRule | None:
    properties = _lowered(_properties(body))
    if not isinstance(properties.get("priority"), int):
        return None
    return SecurityRule(
        name=str(body.get("name", "")).rpartition("/")[2],
        owner=_collection_of(str(body.get("id", ""))),
        priority=properties["priority"],
        inbound=_text(properties, "direction") == "inbound",
        access=_text(properties, "access"),
        protocols=protocols_of(_text(properties, "protocol")),
        source=_admin_endpoint(properties, "sources"),
        destination=_admin_endpoint(properties, "destinations"),
        source_ports=_admin_ports(properties, "sourcePortRanges"),
        destination_ports=_admin_ports(properties, "destinationPortRanges"),
        id=str(body.get("id", "")),
    )


def _collection_of(rule_id: str) -> str:
    parts = rule_id.split("/")
    return parts[-3] if len(parts) > 2 else "security admin rules"


def _admin_endpoint(properties: Mapping[str, Any], side: str) -> Endpoint:
    """A side of a security admin rule; without any prefix it is every address."""
    entries = [_lowered(entry) for entry in _list(properties, side) if isinstance(entry, Mapping)]
    named = [(str(e.get("addressPrefix") or ""), str(e.get("addressPrefixType") or "").lower()) for e in entries]
    groups = [text for text, kind in named if kind == "networkgroup"]
    plain = [text for text, kind in named if kind != "networkgroup" and text]
    return endpoint_of(plain if plain or groups else [ANY], groups)


def _lowered(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """With names as the REST API writes them; Resource Graph has rows with `Access` and `Direction` too."""
    return {name[:1].lower() + name[1:]: found for name, found in properties.items()}


def _admin_ports(properties: Mapping[str, Any], name: str) -> tuple[Interval, ...]:
    return ports_of(tuple(map(str, _list(properties, name)))) if _list(properties, name) else (PORTS,)


def protocols_of(text: str) -> frozenset[str]:
    """The protocols a rule's `protocol` covers."""
    return frozenset(PROTOCOLS) if text in _ANY_WORDS or not text else frozenset((text,))


def endpoint_of(prefixes: Iterable[str], groups: Iterable[str] = ()) -> Endpoint:
    """A side of a rule from its prefixes and service tags."""
    tags: set[str] = set()
    intervals: list[Interval] = []
    for text in prefixes:
        interval = parse_prefix(text)
        if interval is not None:
            intervals.append(interval)
        elif text:
            lowered = text.lower()
            tags.add(ANY if lowered in _ANY_WORDS else lowered)
    return Endpoint(frozenset(tags), tuple(intervals), frozenset(map(ids.id_key, groups)))


@lru_cache(maxsize=4096)
def ports_of(texts: tuple[str, ...]) -> tuple[Interval, ...]:
    """Port ranges such as `443`, `8000-8100` and `*`; what cannot be read matches nothing."""
    found: list[Interval] = []
    for text in texts:
        first, separator, last = text.strip().partition("-")
        if text.strip() == ANY:
            return (PORTS,)
        if first.strip().isdecimal() and (not separator or last.strip().isdecimal()):
            found.append((int(first), int(last or first)))
    return tuple(found)


def _endpoint(properties: Mapping[str, Any], side: str) -> Endpoint:
    prefixes = [properties.get(f"{side}AddressPrefix"), *_list(properties, f"{side}AddressPrefixes")]
    groups = [group.get("id", "") for group in _list(properties, f"{side}ApplicationSecurityGroups")]
    return endpoint_of([text for text in prefixes if isinstance(text, str)], groups)


def _ports(properties: Mapping[str, Any], side: str) -> tuple[Interval, ...]:
    texts = [properties.get(f"{side}PortRange"), *_list(properties, f"{side}PortRanges")]
    return ports_of(tuple(str(text) for text in texts if text not in (None, "")))


def _properties(body: Json) -> Mapping[str, Any]:
    found = body.get("properties") if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _list(properties: Mapping[str, Any], name: str) -> list[Any]:
    found = properties.get(name)
    return found if isinstance(found, list) else []


def _text(properties: Mapping[str, Any], name: str) -> str:
    return str(properties.get(name) or "").lower()


def _defaults() -> Iterator[Mapping[str, Any]]:
    """The default rules, for bodies without them (templates, examples).

    https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
    """
    for direction, rows in (
        (
            "Inbound",
            (
                ("AllowVnetInBound", "VirtualNetwork", "VirtualNetwork"),
                ("AllowAzureLoadBalancerInBound", "AzureLoadBalancer", "*"),
            ),
        ),
        (
            "Outbound",
            (("AllowVnetOutBound", "VirtualNetwork", "VirtualNetwork"), ("AllowInternetOutBound", "*", "Internet")),
        ),
    ):
        last = (f"DenyAll{direction[:-5]}Bound", "*", "*")
        for (name, source, destination), priority in zip((*rows, last), (65000, 65001, 65500), strict=True):
            yield {
                "name": name,
                "properties": {
                    "priority": priority,
                    "direction": direction,
                    "access": "Deny" if priority == 65500 else "Allow",
                    "protocol": "*",
                    "sourceAddressPrefix": source,
                    "destinationAddressPrefix": destination,
                    "sourcePortRange": "*",
                    "destinationPortRange": "*",
                },
            }


_DEFAULT_RULES = tuple(_defaults())
