"""The groups of an initiative as a framework: its controls, those that no definition here says anything of included.

https://learn.microsoft.com/azure/governance/policy/concepts/initiative-definition-structure#policy-definition-groups
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor.rules.model import Framework, FrameworkControl
from auditor.rules.policy.documents import PolicyObject


def framework_id(initiative: PolicyObject) -> str:
    """`x-` and the initiative's title in lower-case words."""
    return "x-" + re.sub(r"[^a-z0-9]+", "-", initiative.title.lower()).strip("-")


def framework_of(initiative: PolicyObject) -> Framework | None:
    """The framework, a control each group; None where the initiative has no groups."""
    groups = initiative.properties.get("policyDefinitionGroups")
    controls = [_control(group) for group in groups if _is_named(group)] if isinstance(groups, list) else []
    if not controls:
        return None
    return Framework(
        id=framework_id(initiative),
        name=initiative.title,
        controls=tuple({control.id: control for control in controls}.values()),
        version=str(initiative.properties.get("version") or ""),
        source=initiative.file,
    )


def _is_named(group: Any) -> bool:
    return isinstance(group, Mapping) and isinstance(group.get("name"), str) and bool(group["name"])


def _control(group: Mapping[str, Any]) -> FrameworkControl:
    """Microsoft's own groups have a name alone; what they stand for is kept by the service."""
    return FrameworkControl(group["name"], _text(group, "displayName"), _text(group, "category"))


def _text(group: Mapping[str, Any], key: str) -> str:
    value = group.get(key)
    return value if isinstance(value, str) else ""
