"""How fast conditions are: 100 rules over 100,000 resources, and the cost of one evaluation by kind.

.venv/bin/python benchmarks/conditions.py [resources]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.conditions import CompiledCondition, compile_condition
from auditor.rules.model import Context

STORE = "Microsoft.Storage/storageAccounts"
SERVICES = f"{STORE}/blobServices"
ROOT = "/subscriptions/{:08d}-0000-0000-0000-000000000000/resourceGroups/rg{}/providers/"
RULES = 100

KINDS: Mapping[str, Mapping[str, Any]] = {
    "field": {"field": "properties.minimumTlsVersion", "notEquals": "TLS1_2"},
    "allOf of three": {
        "allOf": [
            {"field": "kind", "in": ["StorageV2", "BlobStorage"]},
            {"field": "properties.allowBlobPublicAccess", "equals": True},
            {"field": "properties.networkAcls.defaultAction", "notEquals": "Deny"},
        ]
    },
    "array": {"field": "properties.networkAcls.ipRules[*].value", "notLike": "0.0.0.0*"},
    "count": {
        "count": {
            "field": "properties.networkAcls.ipRules[*]",
            "where": {"field": "properties.networkAcls.ipRules[*].action", "equals": "Allow"},
        },
        "greater": 3,
    },
    "template": {"value": "[length(field('properties.networkAcls.ipRules'))]", "greater": 4},
    "children": {
        "not": {
            "related": {
                "child": "blobServices",
                "where": {"field": "properties.deleteRetentionPolicy.enabled", "equals": True},
            }
        }
    },
}


def account(number: int) -> Resource:
    base = ROOT.format(number % 50, number % 500)
    return Resource.from_body(
        {
            "id": f"{base}{STORE}/st{number}",
            "name": f"st{number}",
            "type": STORE,
            "kind": "StorageV2",
            "location": "westeurope",
            "properties": {
                "minimumTlsVersion": "TLS1_2" if number % 3 else "TLS1_0",
                "allowBlobPublicAccess": number % 2 == 0,
                "networkAcls": {
                    "defaultAction": "Allow" if number % 5 else "Deny",
                    "ipRules": [{"value": f"10.0.{n}.0/24", "action": "Allow"} for n in range(number % 4)],
                },
            },
        }
    )


def service(number: int) -> Resource:
    base = ROOT.format(number % 50, number % 500)
    properties = {"deleteRetentionPolicy": {"enabled": number % 4 == 0}}
    body = {"id": f"{base}{STORE}/st{number}/blobServices/default", "type": SERVICES, "properties": properties}
    return Resource.from_body(body)


def resources(total: int) -> Iterator[Resource]:
    for number in range(total // 2):
        yield account(number)
        yield service(number)


def timed(condition: CompiledCondition, contexts: list[Context]) -> float:
    started = time.perf_counter()
    for context in contexts:
        condition.evaluate(context)
    return time.perf_counter() - started


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    inventory = Inventory(resources(total))
    kinds = {name: compile_condition(node, resource_types=(STORE,)) for name, node in KINDS.items()}
    of_services = compile_condition({"field": "properties.deleteRetentionPolicy.enabled", "equals": False})
    accounts = [Context(resource, inventory) for resource in inventory.of_type(STORE)]
    services = [Context(resource, inventory) for resource in inventory.of_type(SERVICES)]
    for name, condition in kinds.items():
        print(f"{name:16} {timed(condition, accounts) / len(accounts) * 1e6:8.2f} us an evaluation")
    names = list(kinds)
    spent = sum(timed(kinds[names[rule % len(names)]], accounts) for rule in range(RULES // 2))
    spent += sum(timed(of_services, services) for _ in range(RULES // 2))
    print(f"{RULES} rules over {total} resources: {spent:.1f} s, {total / spent:,.0f} resources/s")
    every = spent * 2
    print(
        f"every one of {RULES} rules on every resource, at that rate: {every:.1f} s, {total / every:,.0f} resources/s"
    )


if __name__ == "__main__":
    main()
