"""Azure Policy definitions and initiatives as rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.rules.conditions import AliasResolver
from auditor.rules.model import Framework, Rule
from auditor.rules.policy.aliases import PatternAliases
from auditor.rules.policy.build import NotEvaluable, Switched, Use, build_rule
from auditor.rules.policy.documents import PolicyObject, read_objects
from auditor.rules.policy.groups import framework_id, framework_of

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Skipped:
    """A definition that did not become a rule."""

    name: str
    title: str
    reason: str
    """Why, as a sentence's end."""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """What a set of policy files came to."""

    rules: tuple[Rule, ...]
    skipped: tuple[Skipped, ...]
    disabled: int
    """Definitions whose effect is disabled."""
    frameworks: tuple[Framework, ...] = ()
    """The groups of the initiatives."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know: what is disabled, and what cannot be evaluated and why."""
        lines: list[str] = []
        if self.disabled:
            noun = "policy definition is" if self.disabled == 1 else "policy definitions are"
            lines.append(f"{self.disabled} {noun} disabled; enable with --policy-parameters")
        lines += [
            f"policy {item.title!r} ({item.name}) is not evaluated: {item.reason}" for item in self.skipped[:_SHOWN]
        ]
        if len(self.skipped) > _SHOWN:
            reasons = Counter(re.sub(r"'[^']*'", "...", item.reason) for item in self.skipped)
            lines.append(f"{len(self.skipped)} policies in all are not evaluated: {_counted(reasons)}")
        return tuple(lines)


def _counted(reasons: Mapping[str, int]) -> str:
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:5]
    return "; ".join(f"{count} because {reason}" for reason, count in most)


def load_policies(
    paths: Sequence[Path], parameters: Mapping[str, Any], aliases: AliasResolver | None = None
) -> PolicySet:
    """Rules from files with policy definitions, initiatives and assignments.

    Where there are initiatives or assignments, a definition is used as these say; otherwise by itself. `parameters` are
    values by parameter name, or by definition, initiative or assignment name and then parameter name; each either bare
    or as `{"value": ...}`. A definition that cannot become a rule is skipped with its reason; the others run. `aliases`
    says where aliases lead; without it, their pattern and the tables here do.

    Raises RuleError for files that cannot be read.
    """
    resolver = aliases or PatternAliases()
    objects = read_objects(paths)
    definitions = {item.name.lower(): item for item in objects if item.kind == "definition"}
    rules: dict[str, Rule] = {}
    skipped: list[Skipped] = []
    disabled = 0
    for name, use in _uses(objects, definitions, parameters):
        definition = definitions.get(name.lower())
        if definition is None:
            skipped.append(Skipped(name, name, "its definition is not in the files given"))
            continue
        try:
            _keep(rules, build_rule(definition, use, resolver))
        except NotEvaluable as reason:
            skipped.append(Skipped(definition.name, definition.title, str(reason)))
        except Switched:
            disabled += 1
    found = [framework_of(item) for item in objects if item.kind == "initiative"]
    frameworks = {framework.id: framework for framework in found if framework}
    return PolicySet(tuple(rules.values()), tuple(dict.fromkeys(skipped)), disabled, tuple(frameworks.values()))


def _keep(rules: dict[str, Rule], rule: Rule) -> None:
    """Keep a rule; the same definition with the same values, used twice, is one rule with the controls of both."""
    plain = rule.id
    for known in rules.values():
        if known.equivalents == rule.equivalents and known.parameters == rule.parameters:
            rules[known.id] = replace(known, frameworks={**known.frameworks, **rule.frameworks})
            return
    number = 2
    while rule.id in rules:
        rule = replace(rule, id=f"{plain}-{number}")
        number += 1
    rules[rule.id] = rule


def _uses(
    objects: Iterable[PolicyObject], definitions: Mapping[str, PolicyObject], parameters: Mapping[str, Any]
) -> Iterator[tuple[str, Use]]:
    objects = list(objects)
    initiatives = {item.name.lower(): item for item in objects if item.kind == "initiative"}
    assignments = [item for item in objects if item.kind == "assignment"]
    used: set[str] = set()
    for assignment in assignments:
        target = _last(assignment.properties.get("policyDefinitionId"))
        values = {**_values(assignment.properties.get("parameters")), **_given(parameters, assignment.name)}
        initiative = initiatives.get(target.lower())
        if initiative:
            used.add(target.lower())
            yield from _members(initiative, values, parameters)
        else:
            used.add(target.lower())
            yield target, Use({**_given(parameters, target), **values})
    for initiative in initiatives.values():
        if initiative.name.lower() not in used:
            yield from _members(initiative, _given(parameters, initiative.name), parameters)
    if not initiatives:
        for name, definition in definitions.items():
            if name not in used:
                yield definition.name, Use(_given(parameters, definition.name))


def _members(
    initiative: PolicyObject, values: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Iterator[tuple[str, Use]]:
    declared = initiative.properties.get("parameters")
    known = {
        name: description["defaultValue"]
        for name, description in (declared.items() if isinstance(declared, Mapping) else ())
        if isinstance(description, Mapping) and "defaultValue" in description
    }
    known = {name.lower(): value for name, value in {**known, **values}.items()}
    framework = framework_id(initiative)
    for member in initiative.properties["policyDefinitions"]:
        if not isinstance(member, Mapping):
            continue
        name = _last(member.get("policyDefinitionId"))
        named = member.get("groupNames")
        groups = tuple(map(str, named)) if isinstance(named, list) else ()
        given = {**_resolved(_values(member.get("parameters")), known), **_given(parameters, name)}
        yield name, Use(given, frameworks={framework: groups} if groups else None)


def _resolved(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """A member's values with `[parameters('x')]` of the initiative filled in; what has no value is left out."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        match = re.fullmatch(r"\[\s*parameters\('([^']+)'\)\s*\]", value) if isinstance(value, str) else None
        if match is None:
            found[name] = value
        elif match[1].lower() in known:
            found[name] = known[match[1].lower()]
    return found


def _values(parameters: Any) -> dict[str, Any]:
    """Bare values of `{"name": {"value": ...}}`."""
    if not isinstance(parameters, Mapping):
        return {}
    return {name: _bare(value) for name, value in parameters.items()}


def _bare(value: Any) -> Any:
    return value["value"] if isinstance(value, Mapping) and set(value) == {"value"} else value


def _given(parameters: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What the parameter file says for one object: values for all, then those under its name."""
    general = {key: _bare(value) for key, value in parameters.items() if not _is_section(value)}
    own = next((value for key, value in parameters.items() if key.lower() == name.lower()), None)
    return {**general, **(_values(own) if isinstance(own, Mapping) and _is_section(own) else {})}


def _is_section(value: Any) -> bool:
    """Whether an entry of the parameter file holds parameters of one object rather than a value."""
    return (
        isinstance(value, Mapping) and set(value) != {"value"} and all(isinstance(v, Mapping) for v in value.values())
    )


def _last(identifier: Any) -> str:
    return str(identifier or "").rstrip("/").rpartition("/")[2]
