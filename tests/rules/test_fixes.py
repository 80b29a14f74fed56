"""Fixes mend what they are for: applied to the failing examples, the rule fails no more.

Rules over who may reach a service name a property of its type; the table of services says which that is.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pycep import BicepParser

from auditor.facts.paas.services import SERVICES
from auditor.facts.registry import FactStore
from auditor.rules.loader import load_rules
from auditor.rules.model import Example, Rule
from auditor.rules.selftest import example_context, outcome_of

BICEP = BicepParser()
RULES = [rule for rule in load_rules(examples=True).rules if {"paas_exposure", "scm_exposure"} & set(rule.needs.facts)]
SWITCHES = {service.key: {switch.path for switch in service.switches} for service in SERVICES}
OTHER_WAYS = {
    "cosmos-allows-all-azure": "its second example has the older list, which the newer one takes the place of",
}


def merged(body: Any, fix: Any) -> Any:
    """A body with what a template sets, as a deployment leaves it."""
    if not (isinstance(body, Mapping) and isinstance(fix, Mapping)):
        return fix
    known = {name.lower(): name for name in body}
    return {**body, **{(own := known.get(name.lower(), name)): merged(body.get(own), fix[name]) for name in fix}}


def declared(rule: Rule) -> Iterator[tuple[str, dict[str, Any]]]:
    """Type and body of what the Bicep of a rule declares."""
    for resource in BICEP.parse(text=rule.remediation.bicep).get("resources", {}).values():
        kept = {name: value for name, value in resource["config"].items() if name in ("properties", "sku", "kind")}
        yield resource["type"].lower(), plain(json.loads(json.dumps(kept, default=str)))


def plain(value: Any) -> Any:
    """A value without the quotes that Bicep has around names with dashes."""
    if isinstance(value, Mapping):
        return {name.strip("'"): plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def failing(rule: Rule) -> Iterator[Example]:
    yield from rule.examples.fail


def mended(rule: Rule) -> Iterator[tuple[int, str]]:
    """For each failing example that the Bicep declares a part of, the outcome after it."""
    for number, example in enumerate(failing(rule)):
        bodies = list(example)
        touched = False
        for kind, fix in declared(rule):
            for index, body in enumerate(bodies):
                if str(body["type"]).lower() == kind:
                    bodies[index], touched = merged(body, fix), True
        if touched:
            yield number, outcome_of(rule, example_context(tuple(bodies), FactStore))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.id not in OTHER_WAYS], ids=lambda rule: rule.id)
def test_the_template_of_a_rule_mends_its_failing_examples(rule: Rule):
    assert [number for number, outcome in mended(rule) if outcome == "fail"] == []


def settings(command: str) -> Iterator[tuple[str, str]]:
    """What `az resource update --ids {id} --set` sets, by property."""
    words = shlex.split(command)
    if words[:3] == ["az", "resource", "update"] and "--set" in words and words[words.index("--ids") + 1] == "{id}":
        for word in words[words.index("--set") + 1 :]:
            if word.startswith("--"):
                break
            yield word.partition("=")[0], word.partition("=")[2]


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if re.search("public|exposed|open", rule.id)], ids=lambda rule: rule.id
)
def test_a_command_sets_a_switch_of_the_table(rule: Rule):
    kinds = [kind.lower() for kind in rule.resource]
    for path, _ in settings(rule.remediation.az):
        if "ublic" not in path:
            continue  # rules that are narrowed, and no switch
        wrong = [kind for kind in kinds if not any(path.startswith(switch) for switch in SWITCHES.get(kind, {path}))]
        assert wrong == [] or rule.remediation.mend, f"{path} is no switch of {wrong}"


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.remediation.mend == "facts.paas_exposure.mend"], ids=lambda rule: rule.id
)
def test_the_command_that_a_fact_has_mends_the_failing_examples(rule: Rule):
    for example in failing(rule):
        context = example_context(example, FactStore)
        command = context.facts.get("paas_exposure", context.resource)["mend"]
        fix: dict[str, Any] = {}
        for path, value in settings(command.replace(context.resource.id, "{id}")):
            place = fix
            *above, last = path.split(".")
            for name in above:
                place = place.setdefault(name, {})
            place[last] = {"true": True, "false": False}.get(value, value)
        assert fix, f"{rule.id} has no command for {context.resource.type}"
        after = (merged(example[0], fix), *example[1:])
        assert outcome_of(rule, example_context(after, FactStore)) != "fail"
