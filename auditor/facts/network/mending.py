"""The command that shuts a way in: it depends on what opened it.

A rule of a security group is narrowed in the group, a security admin rule in Virtual Network Manager (a group is never
asked after what it always allows), a translation in the firewall's policy. Where no rule opens the way, there is no
group that could shut it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.facts.network.interfaces import NIC
from auditor.inventory import ids
from auditor.inventory.model import Resource

_SAFE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_TO = {4: "198.51.100.0/28", 6: "2001:db8::/48"}
"""Stand for the addresses that need it: ranges for documentation (RFC 5737, RFC 3849)."""


def mending(openers: Sequence[str], owner: Resource, family: int = 4) -> str:
    """What shuts a way that the first of `openers` opens to `owner`; "" where no single command does."""
    if openers:
        return _narrowed(openers[0], _TO[family])
    if owner.type_key == NIC:
        return _command("network nic update", owner.id, {"name": owner.name, "network-security-group": "NSG"})
    return ""


def _narrowed(opener: str, to: str) -> str:
    names = _names(opener)
    match names:
        case {"networksecuritygroups": group, "securityrules": rule}:
            options = {"nsg-name": group, "name": rule, "source-address-prefixes": to}
            return _command("network nsg rule update", opener, options)
        case {
            "networkmanagers": manager,
            "securityadminconfigurations": configuration,
            "rulecollections": collection,
            "rules": rule,
        }:
            options = {
                "network-manager-name": manager,
                "configuration-name": configuration,
                "rule-collection-name": collection,
                "rule-name": rule,
                "access": "Allow",
            }
            return _command("network manager security-admin-config rule-collection rule update", opener, options)
        case {
            "firewallpolicies": policy,
            "rulecollectiongroups": group,
            "rulecollections": collection,
            "rules": rule,
        }:
            options = {
                "policy-name": policy,
                "rule-collection-group-name": group,
                "collection-name": collection,
                "name": rule,
                "source-addresses": to,
            }
            return _command("network firewall policy rule-collection-group collection rule update", opener, options)
        case {"azurefirewalls": firewall, "natrulecollections": collection, "rules": rule}:
            options = {"firewall-name": firewall, "collection-name": collection, "name": rule}
            return _command("network firewall nat-rule delete", opener, options)
        case _:
            return ""


def _names(resource_id: str) -> dict[str, str]:
    """Names by the lower-cased kind before each."""
    parts = ids.below_provider(resource_id).split("/")[1:]
    return {kind.lower(): name for kind, name in zip(parts[::2], parts[1::2], strict=False)}


def _command(verb: str, resource_id: str, options: dict[str, str]) -> str:
    """A command for a shell; "" where a name is none that a shell takes as a plain word."""
    where = {"subscription": ids.subscription_of(resource_id), "resource-group": ids.resource_group_of(resource_id)}
    every = {**where, **options}
    if not all(_SAFE.fullmatch(value) for value in every.values()):
        return ""
    return " ".join((f"az {verb}", *(f"--{name} {value}" for name, value in every.items())))
