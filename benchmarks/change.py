"""A Terraform plan over a large tenant: `python -m benchmarks.change [copies of the demo] [resources in the plan]`.

Seconds by the clock, beyond having the tenant's inventory. Half of the plan is new storage accounts, the other half new
security rules of the demo's groups.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from auditor import api
from auditor.inventory.inventory import Inventory
from auditor.snapshot.demo import open_demo
from auditor.snapshot.source import Source
from benchmarks.audit import copies


def change(address: str, values: dict[str, Any]) -> dict[str, Any]:
    """One resource that a plan creates."""
    kind, _, name = address.partition(".")
    told = {"actions": ["create"], "before": None, "after": values, "after_unknown": {"id": True}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": told}


def plan_of(groups: list[str], number: int) -> dict[str, Any]:
    """New accounts and new rules, one by one in the security groups."""
    changes = []
    for index in range(number // 2):
        place = groups[index % len(groups)].split("/")
        account = {"name": f"st{index}", "resource_group_name": place[4], "min_tls_version": "TLS1_0"}
        changes.append(change(f"azurerm_storage_account.a{index}", account))
        rule = {
            "name": f"r{index}",
            "resource_group_name": place[4],
            "network_security_group_name": place[8],
            "priority": 200 + index,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "source_address_prefix": "*",
            "source_port_range": "*",
            "destination_address_prefix": "*",
            "destination_port_range": "22",
        }
        changes.append(change(f"azurerm_network_security_rule.r{index}", rule))
    return {"format_version": "1.2", "resource_changes": changes}


def main(number: int, size: int) -> None:
    inventory = Inventory(copies(number))
    base = Source(open_demo().manifest, inventory)
    one = [key for key in inventory.by_key if key.count("/") == 8 and "/networksecuritygroups/" in key]
    scope = "/".join(one[0].split("/")[:3])
    groups = [inventory.by_key[key].id for key in one if key.startswith(scope)]
    rules = api.choose_rules()
    print(f"{len(inventory.by_key):,} resources, {size:,} in the plan")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.json")
        path.write_text(json.dumps(plan_of(groups, size)))
        begun = time.perf_counter()
        found = api.foresee([path], base, scope=scope)
        print(f"reading and laying over {time.perf_counter() - begun:6.1f} s")
    begun = time.perf_counter()
    report = api.only_new(api.audit(base, rules), api.audit(found.source, rules))
    print(f"judging what is new     {time.perf_counter() - begun:6.1f} s, {len(report.results):,} results")


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:]]
    main(*(arguments + [250, 2_000][len(arguments) :]))
