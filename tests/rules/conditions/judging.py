"""Judges one condition over small bodies: what every test of the condition language does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.inventory.coverage import ClosedWorld
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.rules.conditions import AliasTarget, CompiledCondition, Language, compile_condition
from auditor.rules.model import Context, Evidence, Truth, Unknown
from tests.conftest import arm_id

SITE = "Microsoft.Test/sites"
SITE_ID = arm_id(SITE, "web")
NOW = "2026-11-01T08:00:00Z"


def site(properties: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The body of the resource that tests judge."""
    body = {"id": SITE_ID, "name": "web", "type": SITE, "location": "West Europe", "properties": dict(properties or {})}
    return {**body, **more}


def other(resource_type: str, name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The body of another resource."""
    body = {"id": arm_id(resource_type, name), "name": name.rpartition("/")[2], "type": resource_type}
    return {**body, "properties": dict(properties or {}), **more}


class Missing:
    """A coverage behind which objects of some types may be missing."""

    def __init__(self, *types: str) -> None:
        self._types = {name.lower() for name in types}
        self.asked: list[tuple[str, str | None]] = []

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        self.asked.append((type_key, scope))
        return gap_of(type_key, scope or "/") if type_key in self._types else None


def gap_of(resource_type: str, scope: str = "/") -> Gap:
    """A read that was denied."""
    return Gap(scope, resource_type, "GET", 403, "AuthorizationFailed", f"{resource_type} may not be read")


class PlainAliases:
    """Resolves `Microsoft.Test/sites/a.b` to `properties.a.b`, and `.../children/x` to children."""

    def resolve(self, alias: str, types: tuple[str, ...]) -> AliasTarget | None:  # noqa: ARG002
        lowered = alias.lower()
        if lowered.startswith("microsoft.test/sites/children/"):
            return AliasTarget("properties." + alias[30:], child="children")
        if lowered.startswith("microsoft.test/sites/"):
            return AliasTarget("properties." + alias[21:])
        return None


@dataclass
class Facts:
    """Fact families by name."""

    families: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def get(self, family: str, resource: Resource) -> Any:  # noqa: ARG002
        return self.families.get(family)


def compiled(condition: Mapping[str, Any], language: Language = Language.RULE) -> CompiledCondition:
    """The condition, compiled for the type that tests judge."""
    return compile_condition(condition, language=language, aliases=PlainAliases(), resource_types=(SITE,))


def context(
    body: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]] = (),
    *,
    coverage: Any = None,
    unread: Mapping[str, Gap] | None = None,
    facts: Mapping[str, Any] | None = None,
    **more: Any,
) -> Context:
    """What a condition is judged against, in a closed world unless told otherwise."""
    judged = Resource.from_body(body, unread=unread)
    inventory = Inventory([judged, *map(Resource.from_body, others)], coverage or ClosedWorld())
    return Context(judged, inventory, Facts(facts or {}), now=more.pop("now", NOW), **more)


def judge(
    condition: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    others: Sequence[Mapping[str, Any]] = (),
    *,
    language: Language = Language.RULE,
    **more: Any,
) -> Truth:
    """What a condition says of a body."""
    return compiled(condition, language).evaluate(context(body or site(), others, **more))


def explain(
    condition: Mapping[str, Any], body: Mapping[str, Any], others: Sequence[Mapping[str, Any]] = (), **more: Any
) -> list[tuple[str, Any, str]]:
    """The evidence of a condition as plain tuples."""
    lines: Sequence[Evidence] = compiled(condition).explain(context(body, others, **more))
    return [(line.path, line.actual, line.expected) for line in lines]


def is_unknown(truth: Truth) -> bool:
    return isinstance(truth, Unknown)


def reason(truth: Truth) -> str:
    """Why a condition is unknown; fails for one that is decided."""
    assert isinstance(truth, Unknown), truth
    return truth.reason
