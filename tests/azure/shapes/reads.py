"""Which properties of which types rules and facts read, found by judging every rule's examples with watched bodies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.loader import load_rules
from auditor.rules.model import Context, Example, NoFacts, Rule
from auditor.rules.selftest import EXAMPLE_TIME
from tests.azure.shapes.schema import Steps
from tests.azure.shapes.watched import watched

Read = Mapping[tuple[str, Steps], set[str]]
"""Type key and path, with the rules that read it."""


@cache
def examples() -> tuple[tuple[Rule, Example], ...]:
    """Every example of every rule."""
    rules = load_rules(examples=True).rules
    return tuple(
        (rule, example)
        for rule in rules
        for example in (*rule.examples.fail, *rule.examples.passing, *rule.examples.not_applicable)
    )


@cache
def read(*, facts: bool) -> Read:
    """What conditions read by themselves, or what is read where facts are computed as well."""
    found = defaultdict[tuple[str, Steps], set[str]](set)
    for rule, example in examples():
        asked = defaultdict[str, set[Steps]](set)
        resources = [_resource(body, asked) for body in example]
        inventory = Inventory(resources)
        known = FactStore(inventory, datetime.fromisoformat(EXAMPLE_TIME)) if facts else NoFacts()
        context = Context(resources[0], inventory, known, {}, EXAMPLE_TIME)
        for condition in (rule.when, rule.fail_if):
            if condition:
                condition.evaluate(context)
                condition.explain(context)
        for kind, paths in asked.items():
            for path in paths:
                found[kind, path].add(rule.id)
    return found


def _resource(body: Mapping[str, object], asked: Mapping[str, set[Steps]]) -> Resource:
    kind = Resource.from_body(body).type_key
    return Resource.from_body(watched(body, asked[kind]))
