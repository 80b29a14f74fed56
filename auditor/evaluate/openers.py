"""The rules that open a way, as evidence: each by its own properties, in the resource that holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditor.expressions.values import MISSING
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.conditions.paths import find, parse_path
from auditor.rules.model import Evidence

_SHOWN = 4
_SOURCES = ("sourceAddressPrefix", "sourceAddressPrefixes", "sourceAddresses", "sourceIpGroups", "sources")
_PORTS = ("destinationPortRange", "destinationPortRanges", "destinationPorts")
_NARROW = "the addresses that need it"
_FEW = "the ports that are needed"


def lines_of(openers: Sequence[str], resource: Resource, inventory: Inventory) -> Iterator[Evidence]:
    """What the rules with these ids let in; without any, that no security group filters."""
    if not openers:
        path = "properties.networkSecurityGroup.id"
        yield Evidence(path, _at(resource.body, path), "a security group, of the interface or the subnet")
        return
    for opener in openers[:_SHOWN]:
        owner, path = _place(opener, inventory)
        if owner is None:
            continue
        before = "" if owner.key == resource.key else f"{owner.id}:"
        for names, wanted in ((_SOURCES, _NARROW), (_PORTS, _FEW)):
            for name in names:
                found = _at(owner.body, f"{path}.{name}")
                if found not in (None, "", []):
                    yield Evidence(f"{before}{path}.{name}", found, wanted)


def _place(opener: str, inventory: Inventory) -> tuple[Resource | None, str]:
    """The resource whose body holds a rule, and the path of the rule's properties there."""
    if (own := inventory.get(opener)) is not None:
        return own, "properties"
    owner = inventory.get(ids.parent_of(ids.id_key(opener)))
    if owner is not None:
        index = _index(owner.body, "properties.securityRules", opener.rpartition("/")[2])
        return (owner, f"properties.securityRules[{index}].properties") if index is not None else (None, "")
    for lists, inside in (("ruleCollections", ""), ("natRuleCollections", ".properties")):
        holder, separator, rest = opener.partition(f"/{lists}/")
        owner = inventory.get(holder) if separator else None
        if owner is None:
            continue
        collection, _, rule = rest.partition("/rules/")
        outer = _index(owner.body, f"properties.{lists}", collection)
        inner = None if outer is None else _index(owner.body, f"properties.{lists}[{outer}]{inside}.rules", rule)
        if inner is not None:
            return owner, f"properties.{lists}[{outer}]{inside}.rules[{inner}]"
    return None, ""


def _index(body: Any, path: str, name: str) -> int | None:
    entries = _at(body, path)
    names = [str(one.get("name")).lower() for one in entries] if isinstance(entries, list) else []
    return names.index(name.lower()) if name.lower() in names else None


def _at(body: Any, path: str) -> Any:
    found = find(body, parse_path(path))
    return None if found is MISSING else found
