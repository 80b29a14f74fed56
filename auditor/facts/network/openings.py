"""What a network security group by itself would let in from the internet, wherever it is attached.

A fact of a security group:

    {"internet": [{"family": 4, "protocol": "tcp", "first_port": 22, "last_port": 22, "services": ["SSH"],
                   "kinds": ["ssh"], "everyone": true, "wide": true, "addresses": 3702259455, "tags": [],
                   "rule": "nsg-web/allow-ssh (300)", "openers": ["..."], "mend": "az network nsg rule update ..."}],
     "attached": true}

What some machine behind it could be reached at: a deny for another host, group or address family hides nothing.
`services`, `kinds`, `everyone`, `wide`, `addresses`, `tags`, `openers` and `mend` mean what they mean in
`internet_exposure`; IPv6 has entries of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.facts.network.address_set import AddressSet
from auditor.facts.network.behind import lists_behind, spaces_of
from auditor.facts.network.bodies import items
from auditor.facts.network.effective import Filtered, Passage, Surroundings, filter_traffic
from auditor.facts.network.interfaces import NIC
from auditor.facts.network.mending import mending
from auditor.facts.network.reach import openings
from auditor.facts.network.security_rules import LOAD_BALANCER, VIRTUAL_NETWORK, SecurityRule
from auditor.facts.network.services import described
from auditor.facts.network.topology import GROUP, NETWORK, Topology
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

_ALONE = Surroundings(())
"""Seen by itself a group lies in no network."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each security group."""
    topology = Topology.of(inventory)
    return {group.key: _openings(group, topology.rules(group.key), inventory) for group in inventory.of_type(GROUP)}


def _openings(group: Resource, all_rules: tuple[SecurityRule, ...] | Gap | None, inventory: Inventory) -> Json | Unread:
    if all_rules is None or isinstance(all_rules, Gap):
        return Unread(all_rules) if all_rules else {"internet": [], "attached": False}
    attached = bool(items(group.body, "properties", "subnets") or items(group.body, "properties", "networkInterfaces"))
    rules = [rule for rule in all_rules if rule.inbound]
    if not any(rule.access == "allow" and _from_outside(rule) for rule in rules):
        return {"internet": [], "attached": attached}
    found = [
        {
            "family": family,
            **opening.as_json(),
            **described(opening.protocol, (opening.first_port, opening.last_port)),
            "openers": list(opening.openers),
            "mend": mending(opening.openers, group, family),
        }
        for family, lists in lists_behind(rules, spaces_of(group, inventory)).items()
        for opening in openings(_Several([filter_traffic([one], (), _ALONE, inbound=True) for one in lists]), family)
        if opening.protocol in ("tcp", "udp", "icmp")
    ]
    return {"internet": found, "attached": attached}


def _from_outside(rule: SecurityRule) -> bool:
    return bool(rule.source.tags - {VIRTUAL_NETWORK, LOAD_BALANCER} or rule.source.intervals)


class _Several:
    """What gets through to one machine or another."""

    def __init__(self, several: Sequence[Filtered]) -> None:
        self._several = several
        self.internet = _ALONE.public

    def within(self, region: AddressSet) -> tuple[Passage, ...]:
        """What passes to at least one of them, each passage once."""
        return tuple(dict.fromkeys(passage for one in self._several for passage in one.within(region)))


FAMILY = FactFamily(
    name="nsg_openings",
    types=frozenset((GROUP,)),
    needs=frozenset((GROUP, NETWORK, NIC)),
    compute=compute,
)
