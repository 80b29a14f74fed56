"""What exposure costs in a large network: 10,000 interfaces behind 500 security groups of 100 rules.

python benchmarks/exposure.py [interfaces] [groups] [rules] [shared]

`shared` says how many subnets' interfaces one group belongs to: the more, the more pairs of groups there are.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from typing import Any

from auditor.facts.registry import FactStore, family_names
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

Body = dict[str, Any]
NETWORK = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Network"
PREFIXES = ("Internet", "VirtualNetwork", "*", "10.0.0.0/8", "AzureCloud", "Storage.WestEurope")
SUBNETS_A_NETWORK = 25


def tenant(interfaces: int, groups: int, rules: int, shared: int = 2) -> list[Resource]:
    """Networks of 25 subnets with a group each; every second interface has a group of its own tier besides.

    Half of the groups belong to subnets, and each of the others to the interfaces of `shared` subnets.
    """
    chance = random.Random(7)
    subnets = groups // 2
    bodies = [group(chance, number, rules) for number in range(groups)]
    bodies += [
        network(first // SUBNETS_A_NETWORK, range(first, min(first + SUBNETS_A_NETWORK, subnets)))
        for first in range(0, subnets, SUBNETS_A_NETWORK)
    ]
    for number in range(interfaces):
        subnet = number % subnets
        own = subnets + (subnet + number // subnets // 2 % shared) % subnets
        bodies += interface(number, subnet, own if number // subnets % 2 else None)
    return [Resource.from_body(body) for body in bodies]


def group(chance: random.Random, number: int, rules: int) -> Body:
    """A security group whose rules have random prefixes, ports and protocols; one in four names a destination."""
    return body("networkSecurityGroups", f"nsg-{number}", {"securityRules": [rule(chance, i) for i in range(rules)]})


def rule(chance: random.Random, index: int) -> Body:
    sources = [
        chance.choice(PREFIXES)
        if chance.random() < 0.3
        else f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.0/24"
        for _ in range(chance.choice((1, 1, 3)))
    ]
    low = chance.randrange(1, 65000)
    properties = {
        "priority": 100 + index,
        "direction": "Inbound" if chance.random() < 0.7 else "Outbound",
        "access": chance.choice(("Allow", "Deny")),
        "protocol": chance.choice(("Tcp", "Tcp", "Udp", "*")),
        "sourcePortRange": "*",
        "destinationPortRanges": [chance.choice(("22", "443", "3389", f"{low}-{low + 400}", str(low)))],
        "sourceAddressPrefixes": sources,
        "destinationAddressPrefix": f"10.0.{chance.randrange(25)}.0/24" if chance.random() < 0.25 else "*",
    }
    return {"name": f"rule-{index}", "properties": properties}


def network(number: int, groups: range) -> Body:
    name = f"vnet-{number}"
    subnets = [
        {
            "id": f"{NETWORK}/virtualNetworks/{name}/subnets/s{index}",
            "name": f"s{index}",
            "properties": {
                "addressPrefix": f"10.0.{index - groups.start}.0/24",
                "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/nsg-{index}"},
            },
        }
        for index in groups
    ]
    return body("virtualNetworks", name, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets})


def interface(number: int, subnet: int, own: int | None) -> list[Body]:
    """An interface with a public address in a subnet, perhaps with a group of its own."""
    address = body(
        "publicIPAddresses", f"pip-{number}", {"ipAddress": f"20.{number >> 16}.{number >> 8 & 255}.{number & 255}"}
    )
    place = f"{NETWORK}/virtualNetworks/vnet-{subnet // SUBNETS_A_NETWORK}/subnets/s{subnet}"
    configuration = {
        "privateIPAddress": f"10.0.{subnet % SUBNETS_A_NETWORK}.{4 + number // 500 % 250}",
        "subnet": {"id": place},
        "publicIPAddress": {"id": address["id"]},
    }
    properties: Body = {"ipConfigurations": [{"name": "ip", "properties": configuration}]}
    if own is not None:
        properties["networkSecurityGroup"] = {"id": f"{NETWORK}/networkSecurityGroups/nsg-{own}"}
    return [{**address, "sku": {"name": "Standard"}}, body("networkInterfaces", f"nic-{number}", properties)]


def body(kind: str, name: str, properties: Body) -> Body:
    return {
        "id": f"{NETWORK}/{kind}/{name}",
        "name": name,
        "type": f"Microsoft.Network/{kind}",
        "properties": properties,
    }


def main() -> None:
    """Time each family."""
    counts = [int(argument) for argument in sys.argv[1:]] or [10_000, 500, 100]
    resources = tenant(*counts)
    started = time.process_time()
    inventory = Inventory(resources)
    print(f"inventory of {len(inventory):,}: {time.process_time() - started:.1f} s")
    for name in ("internet_exposure", "effective_security", "nsg_openings"):
        if name not in family_names():
            continue
        started = time.process_time()
        store = FactStore(inventory)
        found = [store.get(name, r) for r in inventory]
        took = time.process_time() - started
        print(f"{name}: {took:.1f} s for {sum(value is not None for value in found):,} resources")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory: {peak:,.0f} MB")


if __name__ == "__main__":
    main()
