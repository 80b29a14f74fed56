"""A template and the bodies that the service would return for it give the same verdicts.

Every rule's own examples serve as bodies. An example that holds one resource is written as a template and as a what-if
result; what is judged must come out as in the example, or as unknown where other code could change the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from auditor import api
from auditor.evaluate.model import Outcome, Report
from auditor.iac.deployed import Target, changes_of
from auditor.iac.overlay import overlaid
from auditor.iac.template import TemplateFile
from auditor.iac.what_if import foretold
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.loader import load_rules
from auditor.rules.model import Context, Example, Rule
from auditor.rules.selftest import EXAMPLE_TIME, outcome_of
from tests.iac.worlds import template, what_if

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@cache
def single() -> list[tuple[Rule, str, Mapping[str, Any]]]:
    """Rules without facts, with the outcome and body of each example of one ARM resource."""
    found = []
    for rule in load_rules(examples=True).rules:
        if rule.needs.facts or any(kind.lower().startswith("microsoft.graph/") for kind in rule.resource):
            continue
        own = rule.examples
        for outcome, examples in (("fail", own.fail), ("pass", own.passing), ("not_applicable", own.not_applicable)):
            found += [(rule, outcome, example[0]) for example in examples if _is_plain(example)]
    return found


def _is_plain(example: Example) -> bool:
    text = json.dumps(example[0], default=str)
    return len(example) == 1 and "/providers/" in str(example[0].get("id")) and "$secret" not in text


def escaped(value: Any) -> Any:
    """A body as a template writes it: a text that begins with a bracket is doubled."""
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") else value
    if isinstance(value, Mapping):
        return {key: escaped(inner) for key, inner in value.items()}
    return [escaped(one) for one in value] if isinstance(value, list) else value


def as_template(body: Mapping[str, Any]) -> Iterator[Any]:
    resource = Resource.from_body(body)
    scope, _, _ = resource.id.rpartition("/providers/")
    text = template(
        {**escaped(body), "type": resource.type, "name": escaped(resource.full_name), "scope": scope or "/"}
    )
    file = TemplateFile("main.json", "main.json", json.dumps(text, default=str))
    yield from changes_of(file, {}, Target(SUBSCRIPTION), lambda _path: None, lambda _kind, one: one, [])


def as_what_if(body: Mapping[str, Any]) -> Iterator[Any]:
    change = {"resourceId": body["id"], "changeType": "Create", "before": None, "after": body}
    yield from foretold([*what_if(change)["changes"]], "r.json", lambda _kind, one: one, [])


@pytest.mark.parametrize("read", [as_template, as_what_if])
def test_code_is_judged_as_what_it_deploys(read: Any):
    different = []
    decided = 0
    for rule, outcome, body in single():
        inventory: Inventory = overlaid(None, read(body), "main.json")
        resource = inventory.get(body["id"])
        assert resource, (rule.id, body["id"], list(inventory.by_key))
        actual = outcome_of(rule, Context(resource, inventory, parameters={}, now=EXAMPLE_TIME))
        decided += actual == outcome
        if actual != outcome and not actual.startswith("unknown"):
            different.append((rule.id, outcome, actual))

    assert different == []
    assert decided > 0.8 * len(single())


NOT_IN_TEMPLATES = ("microsoft.graph/", "microsoft.resources/subscriptions", "microsoft.resources/resourcegroups")
DIFFERENT = {
    "role-leads-to-owner": "the directory is not in the template, so nothing says that a principal is gone",
}
"""Rules that decide otherwise of the demo tenant's template than of the demo tenant, each with its reason."""


def _outcomes(report: Report) -> dict[tuple[str, str], Outcome]:
    return {
        (result.rule.id, result.subject.id.lower()): result.outcome
        for result in report.results
        if not result.subject.type.lower().startswith(NOT_IN_TEMPLATES)
    }


def test_the_demo_tenant_as_a_template_is_judged_as_the_demo_tenant():
    """All rules, those over facts and relations too: what the template cannot know is unknown, the rest is the same."""
    demo = api.open_demo()
    bodies = []
    for resource in demo.inventory.by_key.values():
        if "/providers/" in resource.id and not resource.type_key.startswith(NOT_IN_TEMPLATES):
            scope = resource.id.rpartition("/providers/")[0] or "/"
            own = {"type": resource.type, "name": escaped(resource.full_name), "scope": scope}
            bodies.append({**escaped(resource.body), **own})
    file = TemplateFile("main.json", "main.json", json.dumps(template(*bodies), default=str))
    target = Target(next(iter(demo.manifest.subscriptions)))
    changes = changes_of(file, {}, target, lambda _path: None, lambda _kind, one: one, [])
    deployed = replace(demo, inventory=overlaid(None, changes, "main.json"))

    before, after = (_outcomes(api.audit(source, keep_passed=True)) for source in (demo, deployed))

    different = {
        (rule, outcome, now)
        for (rule, subject), outcome in before.items()
        if (now := after.get((rule, subject))) not in (outcome, Outcome.UNKNOWN)
        # It cannot fail, whether it applies or not, and that is not known here.
        and (outcome, now) != (Outcome.NOT_APPLICABLE, Outcome.PASS)
    }
    assert {rule for rule, _, _ in different} == set(DIFFERENT), different
    assert sum(after.get(key) is outcome for key, outcome in before.items()) > 0.75 * len(before)
