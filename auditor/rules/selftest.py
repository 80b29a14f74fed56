"""Rules prove themselves: each example is judged and must come out as its author says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import Context, Evidence, Example, Facts, NoFacts, Rule, Unknown
from auditor.rules.patching import patched

EXAMPLE_TIME = "2026-01-01T00:00:00+00:00"
"""What `utcNow()` gives in examples, so that their dates never grow old."""

FactsOf = Callable[[Inventory, datetime], Facts]
"""Computes facts as of a time; handed in, since the rules room does not know them."""


@dataclass(frozen=True, slots=True)
class ExampleFailure:
    """An example that came out otherwise than its author says."""

    rule: Rule
    example: str
    """Which one: `fail[0]`."""
    expected: str
    actual: str
    evidence: tuple[Evidence, ...]
    """What decided it."""


def _no_facts(inventory: Inventory, now: datetime) -> Facts:  # noqa: ARG001
    return NoFacts()


def run_examples(rule: Rule, facts_of: FactsOf = _no_facts) -> list[ExampleFailure]:
    """Judge every example of a rule in a closed world; gives those that come out wrong."""
    kinds: tuple[tuple[str, Sequence[Example]], ...] = (
        ("fail", rule.examples.fail),
        ("pass", rule.examples.passing),
        ("not_applicable", rule.examples.not_applicable),
    )
    judged = [
        failure
        for kind, examples in kinds
        for index, example in enumerate(examples)
        for failure in _judge(rule, example, kind, f"{kind}[{index}]", facts_of)
    ]
    return judged or list(_unmended(rule, facts_of))


def _unmended(rule: Rule, facts_of: FactsOf) -> Iterator[ExampleFailure]:
    """The failing examples that still fail, or are unknown, with the rule's patch laid over them."""
    for index, example in enumerate(rule.examples.fail if rule.remediation.patch else ()):
        before = example_context(example, facts_of)
        after = patched(rule.remediation.patch, before)
        bodies = [after.pop(str(body["id"]), body) for body in example]
        context = example_context((*bodies, *after.values()), facts_of)
        actual = outcome_of(rule, context)
        if actual not in ("pass", "not_applicable"):
            evidence = tuple(rule.fail_if.explain(context))
            yield ExampleFailure(rule, f"fail[{index}] with remediation.patch", "pass", actual, evidence)


def example_context(example: Example, facts_of: FactsOf = _no_facts) -> Context:
    """The first body of an example as the judged resource, all of them as the world."""
    resources = [Resource.from_body(body) for body in example]
    inventory = Inventory(resources)
    return Context(resources[0], inventory, facts_of(inventory, datetime.fromisoformat(EXAMPLE_TIME)), {}, EXAMPLE_TIME)


def _judge(rule: Rule, example: Example, expected: str, label: str, facts_of: FactsOf) -> Iterator[ExampleFailure]:
    context = example_context(example, facts_of)
    actual = outcome_of(rule, context)
    if rule.resource and context.resource.type_key not in {name.lower() for name in rule.resource}:
        actual = f"not judged, its type is {context.resource.type}"
    if actual != expected:
        condition = rule.when if rule.when and actual == "not_applicable" else rule.fail_if
        yield ExampleFailure(rule, label, expected, actual, tuple(condition.explain(context)))


def outcome_of(rule: Rule, context: Context) -> str:
    """`fail`, `pass`, `not_applicable`, or `unknown` with its reason."""
    applies = rule.when.evaluate(context) if rule.when else True
    if applies is False:
        return "not_applicable"
    fails = rule.fail_if.evaluate(context)
    for value in (applies, fails):
        if isinstance(value, Unknown):
            return f"unknown: {value.reason or 'something was not read'}"
    return "fail" if fails else "pass"
