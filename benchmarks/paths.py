"""Attack paths of many copies of the demo tenant, with the facts they rest on: `python -m benchmarks.paths [COPIES]`.

Processor seconds; 250 copies are some 100,000 resources, each copy in subscriptions of its own.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from auditor import api
from auditor.facts.paths.graph import Attack
from auditor.facts.registry import Shared
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

BELOW = ("internet_exposure", "paas_exposure", "scm_exposure", "app_sign_in", "client_certificates", "local_access")


def copies(number: int) -> Inventory:
    """The demo's resources so many times."""
    source = api.open_demo()
    text = json.dumps([[one.type, dict(one.body)] for one in source.inventory if not source.inventory.is_embedded(one)])
    found: list[Resource] = []
    for copy in range(number):
        own = text.replace("larkspur", f"lark{copy:05d}")
        for guid in source.manifest.subscriptions:
            own = own.replace(guid, f"{guid[:24]}{copy:06x}{guid[30:]}")
        found += [Resource.from_body(body, resource_type=kind) for kind, body in json.loads(own)]
    return Inventory(found, source.inventory.coverage, source.inventory.gaps, source.inventory.management_groups)


def main(number: int) -> None:
    inventory = copies(number)
    said = Shared.of(inventory)
    begun = time.process_time()
    for family in BELOW:
        said.values(family)
    below = time.process_time() - begun
    begun = time.process_time()
    said.values("attack_path")
    paths = len(Attack.of(inventory).from_internet().paths)
    took = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{len(inventory):,} resources: network facts {below:.1f} s, paths {took:.1f} s, {paths:,} paths, {memory} MB"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250)
