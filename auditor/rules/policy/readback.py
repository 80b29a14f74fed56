"""Exported definitions proved: read back as any other policy, each must judge the rule's examples as the rule does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.rules.model import Rule
from auditor.rules.policy.aliases import PatternAliases
from auditor.rules.policy.build import NotEvaluable, Use, build_rule
from auditor.rules.policy.documents import PolicyObject
from auditor.rules.policy.export import NotExportable, definition_of
from auditor.rules.selftest import example_context, outcome_of


def proved_definition(rule: Rule) -> dict[str, Any]:
    """The definition that stands for a rule and judges its examples alike. Raises NotExportable.

    The rule must have been loaded with its examples.
    """
    if not rule.examples.fail:
        raise NotExportable("it has no examples that could prove a definition")
    definition = definition_of(rule)
    if difference := _difference(rule, definition):
        raise NotExportable(difference)
    return definition


def _difference(rule: Rule, definition: Mapping[str, Any]) -> str:
    try:
        read = PolicyObject("", str(definition["name"]), "", definition["properties"])
        policy = build_rule(read, Use({}), PatternAliases())
    except NotEvaluable as reason:
        return f"the policy could not be evaluated: {reason}"
    own = rule.examples
    kinds = (("fail", own.fail), ("pass", own.passing), ("not_applicable", own.not_applicable))
    for kind, examples in kinds:
        for index, example in enumerate(examples):
            context = example_context(example)
            if (outcome_of(policy, context) == "fail") != (kind == "fail"):
                return f"the policy would judge its example {kind}[{index}] differently"
    return ""
