"""What a network security group by itself would let in from the internet, wherever it is attached.

A fact of a security group:

    {"internet": [{"protocol": "tcp", "first_port": 22, "last_port": 22, "services": ["SSH"], "kinds": ["ssh"],
                   "everyone": true, "wide": true, "addresses": 3702259455, "tags": [],
                   "rule": "nsg-web/allow-ssh (300)"}],
     "attached": true}

`services`, `kinds`, `everyone`, `wide`, `addresses` and `tags` mean what they mean in `internet_exposure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from auditor.facts.network.bodies import items
from auditor.facts.network.effective import Surroundings, filter_traffic
from auditor.facts.network.interfaces import NIC
from auditor.facts.network.reach import openings
from auditor.facts.network.security_rules import Endpoint, SecurityRule
from auditor.facts.network.services import described
from auditor.facts.network.topology import GROUP, NETWORK, Topology
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each security group."""
    topology = Topology.of(inventory)
    return {group.key: _openings(group, topology.rules(group.key)) for group in inventory.of_type(GROUP)}


def _openings(group: Resource, all_rules: tuple[SecurityRule, ...] | Gap | None) -> Json | Unread:
    if all_rules is None or isinstance(all_rules, Gap):
        return Unread(all_rules) if all_rules else {"internet": [], "attached": False}
    # Seen by itself a group has no machine behind it: a rule for some destination opens the way to that destination.
    rules = [replace(rule, destination=Endpoint(frozenset("*"))) for rule in all_rules if rule.inbound]
    passed = filter_traffic([rules], (), Surroundings(()), inbound=True)
    found = [
        {**opening.as_json(), **described(opening.protocol, (opening.first_port, opening.last_port))}
        for opening in openings(passed)
        if opening.protocol in ("tcp", "udp", "icmp")
    ]
    attached = bool(items(group.body, "properties", "subnets") or items(group.body, "properties", "networkInterfaces"))
    return {"internet": found, "attached": attached}


FAMILY = FactFamily(
    name="nsg_openings",
    types=frozenset((GROUP,)),
    needs=frozenset((GROUP, NETWORK, NIC)),
    compute=compute,
)
