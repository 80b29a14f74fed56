"""A private endpoint's body as values: what it leads to, in which state, and at which addresses.

https://learn.microsoft.com/rest/api/virtualnetwork/private-endpoints/get
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.topology import NIC, items, key_at, keys_at, value
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

ENDPOINT = "microsoft.network/privateendpoints"
STATES = ("approved", "pending", "rejected", "disconnected")


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection that a private endpoint asks for; it has exactly one."""

    target: str
    """Key of the resource, or the alias of a private link service."""
    groups: tuple[str, ...]
    """Sub-resources (group ids) as written; empty for private link services."""
    state: str
    """One of `STATES`, or whatever else the service says, lower-cased."""
    manual: bool
    """Whether somebody at the target had to approve it."""
    target_id: str = ""
    """The target as it is written."""


def connections_of(endpoint: Resource) -> Iterator[Connection]:
    """The connections of an endpoint, automatic ones first."""
    for manual, name in ((False, "privateLinkServiceConnections"), (True, "manualPrivateLinkServiceConnections")):
        for entry in items(endpoint.body, "properties", name):
            properties = value(entry, "properties")
            target = value(properties, "privateLinkServiceId")
            yield Connection(
                target=ids.id_key(target) if isinstance(target, str) else "",
                groups=tuple(str(group) for group in items(properties, "groupIds")),
                state=state_of(properties),
                manual=manual,
                target_id=target if isinstance(target, str) else "",
            )


def state_of(properties: Any) -> str:
    """The state of a connection, on whichever side: `approved`, `pending`, `rejected`, `disconnected`.

    One that could not be set up is `failed`, whatever was approved: it leads nowhere.
    """
    if str(value(properties, "provisioningState") or "").lower() == "failed":
        return "failed"
    return str(value(properties, "privateLinkServiceConnectionState", "status") or "").lower()


def network_of(endpoint: Resource) -> str:
    """Key of the virtual network that an endpoint is in."""
    return ids.parent_of(key_at(endpoint.body, "properties", "subnet"))


@dataclass(frozen=True, slots=True)
class Names:
    """Addresses of an endpoint, and the public names that ought to resolve to them."""

    addresses: frozenset[str]
    names: frozenset[str]
    """Lower-cased public names; empty where no body tells them."""
    gap: Gap | None
    """Why addresses are missing."""

    @classmethod
    def of(cls, endpoint: Resource, inventory: Inventory) -> Names:
        """From the endpoint itself and from its network interface.

        `customDnsConfigs` is empty as soon as a zone group keeps the records, the interface tells both always
        (https://learn.microsoft.com/azure/private-link/private-endpoint-dns-integration).
        """
        addresses: set[str] = set()
        names: set[str] = set()
        gap: Gap | None = None
        for entry in items(endpoint.body, "properties", "customDnsConfigs"):
            addresses.update(map(str, items(entry, "ipAddresses")))
            names.add(str(value(entry, "fqdn") or ""))
        for entry in items(endpoint.body, "properties", "ipConfigurations"):
            addresses.add(str(value(entry, "properties", "privateIPAddress") or ""))
        for key in sorted(keys_at(endpoint.body, "properties", "networkInterfaces")):
            interface = inventory.get(key)
            if interface is None:
                gap = gap or inventory.gap(NIC, key)
                continue
            for entry in items(interface.body, "properties", "ipConfigurations"):
                addresses.add(str(value(entry, "properties", "privateIPAddress") or ""))
                told = items(entry, "properties", "privateLinkConnectionProperties", "fqdns")
                names.update(str(name) for name in told)
        found = frozenset(name.rstrip(".").lower() for name in names) - {""}
        return cls(frozenset(addresses) - {""}, found, gap)
