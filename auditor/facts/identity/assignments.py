"""Role assignments, eligibilities and deny assignments of one inventory, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.facts.identity.bodies import entries, texts
from auditor.facts.identity.conditions import Condition, Request, condition
from auditor.facts.identity.patterns import Actions, Block
from auditor.facts.identity.principals import Principal, Principals
from auditor.facts.identity.roles import Role, Roles, role_key
from auditor.facts.identity.scopes import ScopeKind, kind_of, scope_key
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

ASSIGNMENT = "microsoft.authorization/roleassignments"
ELIGIBLE = "microsoft.authorization/roleeligibilityscheduleinstances"
DENY = "microsoft.authorization/denyassignments"

EVERYBODY = "00000000-0000-0000-0000-000000000000"
"""Principal of a deny assignment that is for all:
https://learn.microsoft.com/azure/role-based-access-control/deny-assignments#deny-assignment-properties."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role, given to a principal at a scope."""

    resource: Resource
    """The role assignment, or the instance of an eligibility."""
    principal: Principal
    """Who has it: a user, a group, a service principal."""
    role: Role | None
    """What it gives; None where the definition is not known."""
    role_id: str
    """`roleDefinitionId` as written."""
    scope: str
    """Where, lower-cased; `/` is the tenant."""
    kind: ScopeKind
    """What the scope is."""
    condition: Condition | None
    """What limits it."""
    eligible: bool
    """Whether it must be activated first in Privileged Identity Management."""
    written_type: str = ""
    """`principalType` as written, lower-cased."""
    ends_at: str = ""
    """Of an eligibility its end, as written; "" where it has none."""

    @property
    def role_name(self) -> str:
        """The role's name, or its GUID where it is not known."""
        return self.role.name if self.role else role_key(self.role_id)

    def grants(self, action: str, *, data: bool = False) -> bool | None:
        """Whether it gives an action in its scope; None where the role is not known or a condition decides."""
        if self.role is None:
            return None
        request = Request(action, {})
        answers = []
        for permission in self.role.allowing(action, data=data):
            parts = [c.permits(request) for c in (permission.condition, self.condition) if c is not None]
            answers.append(False if False in parts else None if None in parts else True)
        return True if True in answers else None if None in answers else False


@dataclass(frozen=True, slots=True)
class Deny:
    """A deny assignment: it wins over everything that roles give."""

    resource: Resource
    """The deny assignment."""
    scope: str
    """Where, lower-cased."""
    only_here: bool
    """`doNotApplyToChildScopes`."""
    principals: frozenset[str]
    """Object ids, lower-cased; `EVERYBODY` among them for all."""
    excluded: frozenset[str]
    """Object ids of those it does not hold for."""
    control: Actions
    """Denied actions."""
    data: Actions
    """Denied data actions."""
    conditioned: bool
    """Whether a condition limits it."""


def assignments(inventory: Inventory, roles: Roles, principals: Principals) -> Iterator[Assignment]:
    """Every assignment and eligibility whose body was read."""
    for kind, eligible in ((ASSIGNMENT, False), (ELIGIBLE, True)):
        for resource in inventory.of_type(kind):
            if found := _assignment(resource, roles, principals, eligible=eligible):
                yield found


def _assignment(resource: Resource, roles: Roles, principals: Principals, *, eligible: bool) -> Assignment | None:
    properties = resource.body.get("properties")
    if not isinstance(properties, Mapping):
        return None
    role_id, principal = _text(properties, "roleDefinitionId"), _text(properties, "principalId")
    scope = scope_key(_text(properties, "scope") or ids.parent_of(resource.key))
    written = _text(properties, "condition")
    return Assignment(
        resource=resource,
        principal=principals.get(principal, _text(properties, "principalType")),
        role=roles.get(role_id),
        role_id=role_id,
        scope=scope,
        kind=kind_of(scope),
        condition=condition(written) if written.strip() else None,
        eligible=eligible,
        written_type=_text(properties, "principalType").lower(),
        ends_at=_text(properties, "endDateTime") if eligible else "",
    )


def denies(inventory: Inventory) -> Iterator[Deny]:
    """Every deny assignment (https://learn.microsoft.com/rest/api/authorization/deny-assignments/get)."""
    for resource in inventory.of_type(DENY):
        properties = resource.body.get("properties")
        if not isinstance(properties, Mapping):
            continue
        blocks = entries(properties.get("permissions"))
        yield Deny(
            resource=resource,
            scope=scope_key(_text(properties, "scope") or ids.parent_of(resource.key)),
            only_here=properties.get("doNotApplyToChildScopes") is True,
            principals=_ids(properties.get("principals")),
            excluded=_ids(properties.get("excludePrincipals")),
            control=Actions(Block.of(texts(b.get("actions")), texts(b.get("notActions"))) for b in blocks),
            data=Actions(Block.of(texts(b.get("dataActions")), texts(b.get("notDataActions"))) for b in blocks),
            conditioned=bool(_text(properties, "condition").strip()) or any(_text(b, "condition") for b in blocks),
        )


def _ids(value: Json) -> frozenset[str]:
    return frozenset(_text(entry, "id").lower() for entry in entries(value))


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
