"""Every built-in rule on many copies of the demo tenant, facts included: `python benchmarks/audit.py [copies]`.

Processor seconds, since nothing here waits.
"""

from __future__ import annotations

import json
import sys
import time

from auditor.api import audit
from auditor.evaluate import evaluator
from auditor.facts.registry import FactStore, family_names
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.loader import load_rules
from auditor.snapshot.demo import open_demo
from auditor.snapshot.source import Source

SUBSCRIPTIONS = ("1a5f6c10", "2b6e7d21", "3c7f8e32")


def copies(number: int) -> list[Resource]:
    """The demo's resources so many times, each time in subscriptions and with names of their own."""
    inventory = open_demo().inventory
    texts = [(json.dumps(dict(r.body)), r.type) for r in inventory.by_key.values() if not inventory.is_embedded(r)]
    found: list[Resource] = []
    for copy in range(number):
        for text, kind in texts:
            body = text.replace("larkspur", f"larkspur{copy}")
            for start in SUBSCRIPTIONS:
                body = body.replace(start, f"{start[:4]}{copy:04x}")
            found.append(Resource.from_body(json.loads(body), resource_type=kind))
    return found


def main(number: int) -> None:
    inventory = Inventory(copies(number))
    rules = [rule for rule in load_rules().rules if not rule.deprecated]
    print(f"{len(inventory.by_key):,} resources, {len(rules)} rules")
    facts = FactStore(inventory)
    for name in family_names():
        begun = time.process_time()
        facts.prepare(name)
        if (took := time.process_time() - begun) > 0.1:
            print(f"{name:20} {took:6.1f} s")
    source = Source(open_demo().manifest, inventory)
    for name, least in (("judging", evaluator.GENERATED_FROM), ("judging, by nodes", sys.maxsize)):
        evaluator.GENERATED_FROM = least
        begun = time.process_time()
        report = audit(source, rules, facts=facts)
        print(f"{name:20} {time.process_time() - begun:6.1f} s, {len(report.results):,} results")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
