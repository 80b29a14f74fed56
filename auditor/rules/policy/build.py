"""From one policy definition to a rule, or to the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.rules.conditions import AliasResolver, CompiledCondition, ConditionErrors, Language, compile_condition
from auditor.rules.conditions.compare import OPERATORS
from auditor.rules.conditions.compiler import compile_node
from auditor.rules.conditions.frame import Scope
from auditor.rules.conditions.nodes import Count, Junction, Negation
from auditor.rules.conditions.problems import ConditionProblem
from auditor.rules.conditions.template import compile_value
from auditor.rules.model import DataNeeds, Remediation, Rule, Severity
from auditor.rules.policy.documents import PolicyObject
from auditor.rules.policy.existence import Existence
from auditor.rules.policy.typing_of import types_of

_JUDGED_EFFECTS = ("audit", "deny", "modify", "append")
"""A resource that such a policy's `if` holds for is not compliant."""
_EXISTENCE_EFFECTS = ("auditifnotexists", "deployifnotexists")
_SEVERITIES = {"security center": Severity.MEDIUM}


class NotEvaluable(Exception):  # noqa: N818 - a reason, not an error
    """A definition that does not become a rule; the text says why."""


class Switched(Exception):  # noqa: N818 - a reason, not an error
    """A definition whose effect is disabled."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a definition: by itself, in an initiative, or assigned."""

    values: Mapping[str, Any]
    """Parameter values; defaults fill the rest."""
    reference: str = ""
    """The initiative's reference id, which tells several uses of one definition apart."""
    frameworks: Mapping[str, tuple[str, ...]] | None = None
    """Controls of the initiative that the use stands for."""


def build_rule(definition: PolicyObject, use: Use, aliases: AliasResolver) -> Rule:
    """The rule for one use of a definition. Raises NotEvaluable and Switched."""
    mode = str(definition.properties.get("mode") or "Indexed")
    if mode.lower() not in ("all", "indexed"):
        raise NotEvaluable(f"its mode {mode} is evaluated inside the service, not on resources")
    parameters = _parameters(definition, use.values)
    rule = definition.properties["policyRule"]
    effect = _effect(rule, parameters)
    try:
        return _compile(definition, use, rule, effect, parameters, aliases)
    except ConditionErrors as errors:
        raise NotEvaluable("; ".join(_said(problem) for problem in errors.problems[:3])) from None


def _said(problem: ConditionProblem) -> str:
    return problem.message


def _parameters(definition: PolicyObject, given: Mapping[str, Any]) -> dict[str, Any]:
    declared = definition.properties.get("parameters")
    values: dict[str, Any] = {}
    wanted = {str(name).lower(): value for name, value in given.items()}
    for name, description in (declared or {}).items() if isinstance(declared, Mapping) else ():
        if name.lower() in wanted:
            values[name] = wanted[name.lower()]
        elif isinstance(description, Mapping) and "defaultValue" in description:
            values[name] = description["defaultValue"]
    return values


def _effect(rule: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    then = rule.get("then")
    text = str(then.get("effect", "")) if isinstance(then, Mapping) else ""
    match = re.fullmatch(r"\[\s*parameters\('([^']+)'\)\s*\]", text)
    if match:
        value = next((v for k, v in parameters.items() if k.lower() == match[1].lower()), None)
        if value is None:
            raise NotEvaluable(f"its parameter {match[1]!r} has no value")
        text = str(value)
    effect = text.lower()
    if effect == "disabled":
        raise Switched
    if effect == "manual":
        raise NotEvaluable("its effect is manual: somebody has to attest")
    if effect not in (*_JUDGED_EFFECTS, *_EXISTENCE_EFFECTS):
        raise NotEvaluable(f"its effect {text!r} does not judge resources")
    return effect


def _missing_parameters(node: Any, parameters: Mapping[str, Any]) -> list[str]:
    known = {name.lower() for name in parameters}
    used = re.findall(r"parameters\(\s*'([^']+)'\s*\)", repr(node).replace("\\'", "'"))
    return sorted({name for name in used if name.lower() not in known})


def _compile(
    definition: PolicyObject,
    use: Use,
    rule: Mapping[str, Any],
    effect: str,
    parameters: Mapping[str, Any],
    aliases: AliasResolver,
) -> Rule:
    details = rule["then"].get("details") if effect in _EXISTENCE_EFFECTS else None
    read = [rule.get("if"), {k: v for k, v in _members(details) if k in ("existenceCondition", "name", "type")}]
    if missing := _missing_parameters(read, parameters):
        raise NotEvaluable(f"its parameter {missing[0]!r} has no value")
    types = types_of(rule.get("if"), parameters)
    judged = tuple(sorted(types)) if types else ()
    condition = compile_condition(
        rule.get("if") or {}, language=Language.POLICY, aliases=aliases, resource_types=judged
    )
    when = _where_indexed(definition, judged)
    fail_if = condition
    if effect in _EXISTENCE_EFFECTS:
        when = _both(when, condition)
        fail_if = _must_exist(details, judged, aliases)
    return Rule(
        id=_id(definition, use),
        title=definition.title,
        severity=Severity.MEDIUM,
        topic=_slug(definition.category) or "policy",
        resource=judged,
        when=when,
        fail_if=fail_if,
        message=re.sub(r"[{}]", "", definition.title),
        description=str(definition.properties.get("description") or ""),
        remediation=Remediation(text="See the description of the policy definition."),
        references=("https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies",),
        frameworks=dict(use.frameworks or {}),
        equivalents={"azure-policy": (definition.name,)},
        source=definition.file,
        parameters=parameters,
        definition={"fail_if": rule.get("if")},
    )


def _where_indexed(definition: PolicyObject, judged: tuple[str, ...]) -> CompiledCondition | None:
    """Mode Indexed leaves out what has no location, children above all; types that are named are taken at their word.

    https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-basics#mode
    """
    if judged or str(definition.properties.get("mode") or "Indexed").lower() == "all":
        return None
    return compile_condition({"field": "location", "exists": True}, language=Language.POLICY)


def _both(first: CompiledCondition | None, second: CompiledCondition) -> CompiledCondition:
    if first is None:
        return second
    both = Junction((first.node, second.node), decisive=False)
    return CompiledCondition(both, first.needs | second.needs, (_both, (first, second)))


def _members(details: Any) -> Iterable[tuple[str, Any]]:
    return details.items() if isinstance(details, Mapping) else ()


def _must_exist(details: Any, judged: tuple[str, ...], aliases: AliasResolver) -> CompiledCondition:
    if not isinstance(details, Mapping) or not isinstance(details.get("type"), str):
        raise NotEvaluable("its effect has no details.type")
    kind = details["type"].lower()
    if kind.startswith("["):
        raise NotEvaluable("the type of the related resource is computed")
    scope = Scope(language=Language.POLICY, types=tuple(t.lower() for t in judged), aliases=aliases)
    inner = Scope(language=Language.POLICY, types=(kind,), aliases=aliases, problems=scope.problems, needs=scope.needs)
    # `field()` in the existence condition reads the related resource, in name and resource group the judged one.
    name = compile_value(details["name"], scope, ("name",)) if details.get("name") else None
    group = compile_value(details["resourceGroupName"], scope, ()) if details.get("resourceGroupName") else None
    where = details.get("existenceCondition")
    node = compile_node(where, inner, ("existenceCondition",)) if where else None
    wide = str(details.get("existenceScope") or "").lower() == "subscription"
    if scope.problems:
        raise ConditionErrors(scope.problems)
    source = Existence(details["type"], kind, name, group, wide)
    count = Count(source, node, OPERATORS["greaterorequals"], lambda _frame: 1)
    needs = DataNeeds(types=frozenset((kind,)))
    for need in scope.needs:
        needs |= need
    return CompiledCondition(Negation(count), needs, (_must_exist, (details, judged, aliases)))


def _id(definition: PolicyObject, use: Use) -> str:
    stem = _slug(definition.name) or _slug(definition.title) or "definition"
    return f"policy-{stem}" + (f"-{_slug(use.reference)}" if use.reference else "")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
