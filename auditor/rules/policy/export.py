"""Rules as Azure Policy definitions, so that what they find can be prevented.

A rule that needs one resource becomes a definition with a choice of effect; one that needs a child to exist becomes
`auditIfNotExists`. https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.rules.model import Rule

_PLAIN = re.compile(r"(?:name|type|kind|location|id|fullName|tags|identity\.type)(?=$|[.\[])|tags\b", re.I)
_FIELD_CALL = re.compile(r"\bfield\(\s*'((?:[^']|'')*)'\s*\)", re.I)
_OWN_FUNCTIONS = re.compile(r"\b(root|dateTimeToEpoch|dateTimeFromEpoch|subscription|resourceGroup|policy)\s*\(", re.I)
_CURRENT = re.compile(r"\bcurrent\(\s*'([^']*)'\s*\)", re.I)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOGIC = {"allof": "allOf", "anyof": "anyOf"}
_NONE = ({"equals": 0}, {"less": 1}, {"lessOrEquals": 0})
"""How a count says that there is none."""


class NotExportable(Exception):  # noqa: N818 - a reason, not an error
    """A rule that no definition can stand for; the text says why."""


@dataclass(frozen=True, slots=True)
class _Translation:
    """Conditions of one type, fields as its aliases."""

    type: str

    def node(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """A condition with aliases for paths. Raises NotExportable."""
        keys = {str(key).lower(): key for key in node}
        for lowered, name in _LOGIC.items():
            if lowered in keys:
                return {name: [self.node(part) for part in node[keys[lowered]]]}
        if "not" in keys:
            return {"not": self.node(node[keys["not"]])}
        if "related" in keys or (isinstance(node.get("count"), Mapping) and "related" in node["count"]):
            raise NotExportable("it relates several resources, which a policy does not")
        rest = {key: self.value(value) for key, value in node.items() if key not in ("field", "value", "count")}
        if "field" in node:
            return {"field": self.field(str(node["field"])), **rest}
        if "value" in node:
            return {"value": self.value(node["value"]), **rest}
        if "count" in node:
            return {"count": self.count(node["count"]), **rest}
        raise NotExportable("it has a condition that a policy does not know")

    def count(self, count: Mapping[str, Any]) -> dict[str, Any]:
        """A count of elements."""
        found: dict[str, Any] = {}
        if "field" in count:
            if "name" in count:
                raise NotExportable("it names a count over a field, which a policy does not")
            found["field"] = self.field(str(count["field"]))
        else:
            found["value"] = self.value(count["value"])
            if "name" in count:
                found["name"] = count["name"]
        if "where" in count:
            found["where"] = self.node(count["where"])
        return found

    def field(self, path: str) -> str:
        """A path into the body as a policy writes it: an alias, or one of the few names that need none."""
        if path.startswith("["):
            return str(self.value(path))
        if path.lower().startswith("facts."):
            raise NotExportable("it needs what is computed over several resources")
        if _PLAIN.match(path):
            return path
        # Aliases leave `properties` out, also that of elements which are resources of their own.
        bare = re.sub(r"(?<=\[\*\]\.)properties\.", "", path.removeprefix("properties."))
        if bare == "properties" or "['" in bare or re.search(r"\[\d+\]", bare):
            raise NotExportable(f"no alias leads to {path}")
        return f"{self.type}/{bare}"

    def value(self, value: Any) -> Any:
        """An operand, with the fields that its expressions read as aliases."""
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if not isinstance(value, str) or not value.startswith("["):
            return value
        if own := _OWN_FUNCTIONS.search(value):
            raise NotExportable(f"a policy has no function {own[1]}() for this")
        for current in _CURRENT.findall(value):
            if "." in current or "[" in current:
                raise NotExportable("it looks at an element by its path")
        return _FIELD_CALL.sub(lambda found: f"field('{self.field(found[1])}')", value)


def definition_of(rule: Rule) -> dict[str, Any]:
    """The policy definition that stands for a rule. Raises NotExportable."""
    if not rule.resource:
        raise NotExportable("it judges resources of every type")
    if foreign := [kind for kind in rule.resource if kind.lower().startswith("microsoft.graph/")]:
        raise NotExportable(f"{foreign[0]} is no resource of Azure Resource Manager")
    if not _NAME.fullmatch(rule.id):
        raise NotExportable("its id is too long for a policy's name")
    when, fails = rule.definition.get("when"), rule.definition.get("fail_if")
    if not isinstance(fails, Mapping):
        raise NotExportable("its condition is not known as text")
    if "$secret" in str((when, fails)):
        raise NotExportable("it judges what a secret is, which is worked out at collection")
    found = _existence(rule, when, fails) or _plain(rule, when, fails)
    return {
        "name": rule.id,
        "properties": {
            "displayName": rule.title[:128],
            "description": " ".join(rule.description.split())[:512],
            "policyType": "Custom",
            "mode": "All",
            "metadata": {"category": rule.topic, "version": "1.0.0", "severity": rule.severity.value},
            **found,
        },
    }


def _plain(rule: Rule, when: Any, fails: Mapping[str, Any]) -> dict[str, Any]:
    ways = [_of_type(kind, [part for part in (when, fails) if part]) for kind in rule.resource]
    return {
        "parameters": _effect(["Audit", "Deny", "Disabled"]),
        "policyRule": {
            "if": ways[0] if len(ways) == 1 else {"anyOf": ways},
            "then": {"effect": "[parameters('effect')]"},
        },
    }


def _of_type(kind: str, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    translation = _Translation(kind)
    return {"allOf": [{"field": "type", "equals": kind}, *map(translation.node, parts)]}


def _effect(allowed: list[str]) -> dict[str, Any]:
    return {
        "effect": {
            "type": "String",
            "metadata": {"displayName": "Effect", "description": "What the policy does where a resource fails."},
            "allowedValues": allowed,
            "defaultValue": allowed[0],
        }
    }


def _existence(rule: Rule, when: Any, fails: Mapping[str, Any]) -> dict[str, Any] | None:
    """A rule that fails where no child is as it should be; None for any other."""
    parts = list(fails["allOf"]) if set(fails) == {"allOf"} else [fails]
    missing = [(part, child) for part in parts if (child := _missing_child(part))]
    if len(missing) != 1:
        return None
    if len(rule.resource) > 1:
        raise NotExportable("it looks for children of several types")
    part, child = missing[0]
    kind = rule.resource[0]
    others = [other for other in parts if other is not part]
    name = str(child["child"])
    owner = name if "." in name.partition("/")[0] else f"{kind}/{name}"
    details: dict[str, Any] = {"type": owner}
    if where := child.get("where"):
        details["existenceCondition"] = _Translation(owner).node(where)
    return {
        "parameters": _effect(["AuditIfNotExists", "Disabled"]),
        "policyRule": {
            "if": _of_type(kind, [one for one in (when, *others) if one]),
            "then": {"effect": "[parameters('effect')]", "details": details},
        },
    }


def _missing_child(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a condition says must not be missing: `not: {related: {child: ...}}`, or a count of children that is 0."""
    inner = node.get("not")
    found: Any = None
    if set(node) == {"not"} and isinstance(inner, Mapping) and set(inner) == {"related"}:
        found = inner["related"]
    count = node.get("count")
    if isinstance(count, Mapping) and set(count) == {"related"}:
        rest = {key: value for key, value in node.items() if key != "count"}
        found = count["related"] if rest in _NONE else None
    return found if isinstance(found, Mapping) and set(found) <= {"child", "where"} and "child" in found else None


def initiative_of(
    framework: str, title: str, rules: Sequence[Rule], scope: str, titles: Mapping[str, str]
) -> dict[str, Any]:
    """The initiative of a framework: the definitions of its rules, grouped by controls.

    `scope` is where the definitions are created: a subscription's or management group's id; `titles` are those of the
    controls by id.
    """
    controls = sorted({control for rule in rules for control in rule.frameworks[framework]})
    return {
        "name": framework,
        "properties": {
            "displayName": title[:128],
            "policyType": "Custom",
            "metadata": {"category": "Regulatory Compliance", "version": "1.0.0"},
            "policyDefinitionGroups": [
                {"name": control, "displayName": f"{control} {titles.get(control, '')}".strip()[:128]}
                for control in controls
            ],
            "policyDefinitions": [
                {
                    "policyDefinitionReferenceId": rule.id,
                    "policyDefinitionId": f"{scope}/providers/Microsoft.Authorization/policyDefinitions/{rule.id}",
                    "groupNames": list(rule.frameworks[framework]),
                }
                for rule in rules
            ],
        },
    }
