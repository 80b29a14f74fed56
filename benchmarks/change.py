"""A Terraform plan over a large tenant: `python -m benchmarks.change [copies of the demo] [resources planned] [apps]`.

Seconds beyond having the tenant's inventory. Half of the plan is new storage accounts, the other half new rules of the
demo's security groups; with `apps` all of it is new web apps.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from auditor import api
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.snapshot.demo import open_demo
from auditor.snapshot.source import Source
from benchmarks.audit import copies


def change(address: str, values: dict[str, Any]) -> dict[str, Any]:
    """One resource that a plan creates."""
    kind, _, name = address.partition(".")
    told = {"actions": ["create"], "before": None, "after": values, "after_unknown": {"id": True}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": told}


def apps_of(groups: list[str], number: int) -> dict[str, Any]:
    """New web apps."""
    places = [groups[index % len(groups)].split("/") for index in range(number)]
    apps = [{"name": f"app{n}", "resource_group_name": place[4], "https_only": False} for n, place in enumerate(places)]
    return {
        "format_version": "1.2",
        "resource_changes": [change(f"azurerm_linux_web_app.a{n}", app) for n, app in enumerate(apps)],
    }


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


def main(number: int, size: int, *, apps: bool) -> None:
    inventory = Inventory(copies(number))
    base = Source(open_demo().manifest, inventory)
    one = [key for key in inventory.by_key if key.count("/") == 8 and "/networksecuritygroups/" in key]
    scope = "/".join(one[0].split("/")[:3])
    groups = [inventory.by_key[key].id for key in one if key.startswith(scope)]
    rules = api.choose_rules()
    print(f"{len(inventory.by_key):,} resources, {size:,} in the plan")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.json")
        path.write_text(json.dumps((apps_of if apps else plan_of)(groups, size)))
        begun = time.perf_counter()
        found = api.foresee([path], base, scope=scope)
        print(f"reading and laying over {time.perf_counter() - begun:6.1f} s")
    for name, limited in (("what it can reach", True), ("both worlds whole", False)):
        begun = time.process_time()
        reach = api.reach_of(base, found.source, rules) if limited else None
        facts = FactStore(inventory), FactStore(found.source.inventory)
        if reach:
            facts[1].share(facts[0], reach.keeps)
        worlds = zip((base, found.source), facts, strict=True)
        before, after = (api.audit(world, rules, facts=own, reach=reach) for world, own in worlds)
        report = api.only_new(before, after)
        print(f"judging {name} {time.process_time() - begun:6.1f} s, {len(report.results):,} results")


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    main(*(arguments + [250, 2_000][len(arguments) :]), apps="apps" in sys.argv)
