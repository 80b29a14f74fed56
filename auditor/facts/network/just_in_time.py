"""Ports that just-in-time access opens on request only.

Shape: https://learn.microsoft.com/rest/api/defenderforcloud/jit-network-access-policies/list.
"""

from __future__ import annotations

from auditor.facts.network.bodies import items, port, text, value
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap

POLICY = "microsoft.security/locations/jitnetworkaccesspolicies"


class JustInTime:
    """The just-in-time policies of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._ports: dict[str, set[tuple[str, int]]] = {}
        for policy in inventory.of_type(POLICY):
            for machine in items(policy.body, "properties", "virtualMachines"):
                key = ids.id_key(str(value(machine, "id") or ""))
                for entry in items(machine, "ports"):
                    number = port(value(entry, "number"))
                    if number is not None:
                        self._ports.setdefault(key, set()).add((text(entry, "protocol") or "*", number))

    def covers(self, machine: str, protocol: str, first: int, last: int) -> bool | Gap:
        """Whether every port of a range is under just-in-time access of the machine; why that is not known."""
        timed = self._ports.get(machine)
        found = {number for name, number in timed if name in ("*", protocol)} if timed else set()
        if found and last - first < len(found) and all(number in found for number in range(first, last + 1)):
            return True
        return (self._inventory.gap(POLICY, machine) or False) if machine else False
