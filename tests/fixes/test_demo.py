"""Every free fix of the demo by itself: its finding goes away, and nothing that was sound breaks."""

from __future__ import annotations

from collections import Counter

from auditor import api
from auditor.facts.registry import FactStore
from auditor.fixes.model import Standing
from auditor.fixes.world import World
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Unread
from auditor.rules.model import Context
from auditor.rules.patching import patched
from auditor.rules.selftest import outcome_of


def broken(inventory: Inventory, facts: FactStore) -> Counter[str]:
    """Resources whose data cannot be read."""
    found = ((one.key, facts.get("key_chain", one)) for one in inventory)
    return Counter(key for key, fact in found if fact and not isinstance(fact, Unread) and fact["state"] == "broken")


def test_each_free_fix_mends_what_it_is_for_and_breaks_no_chain():
    source = api.open_demo()
    plan = api.plan_fixes(source)
    assert source.manifest.finished_at
    world = World(source.inventory, source.manifest.finished_at)
    before = broken(source.inventory, world.facts)
    wrong = []

    for fix in plan.standing(Standing.FREE):
        resource = source.inventory.get(fix.subject.id)
        assert resource
        rule = fix.results[0].rule
        bodies = patched(rule.remediation.patch, Context(resource, source.inventory, world.facts))
        after = world.with_bodies(bodies)
        judged = after.inventory.get(resource.id)
        assert judged
        outcome = outcome_of(rule, Context(judged, after.inventory, after.facts, {}, world.now.isoformat()))
        if outcome == "fail" or broken(after.inventory, after.facts) - before:
            wrong.append((rule.id, fix.subject.name, outcome))

    assert wrong == []
