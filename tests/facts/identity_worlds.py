"""Small tenants for the facts over identity: roles, assignments, groups, and what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditor.facts.identity.access import Access
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from tests.conftest import SUBSCRIPTION

Body = dict[str, Any]
SUB = f"/subscriptions/{SUBSCRIPTION}"
OTHER_SUB = "/subscriptions/22222222-2222-2222-2222-222222222222"
GROUP = f"{SUB}/resourceGroups/rg"
MANAGEMENT = "/providers/Microsoft.Management/managementGroups/"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
ALICE = "a1a1a1a1-0000-4000-8000-000000000001"
BOB = "b0b0b0b0-0000-4000-8000-000000000002"
APP = "c2c2c2c2-0000-4000-8000-000000000003"


def role_definition(key: str, actions: Sequence[str], excluded: Sequence[str] = (), **more: Any) -> Body:
    """A custom role; `more` go to its block of permissions, `scopes` are where it may be assigned."""
    scopes = more.pop("scopes", [SUB])
    return {
        "id": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{key}",
        "name": key,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": key,
            "type": "CustomRole",
            "assignableScopes": list(scopes),
            "permissions": [{"actions": list(actions), "notActions": list(excluded), **more}],
        },
    }


def assigned(role: str, principal: str, scope: str = SUB, *, kind: str = "User", **more: Any) -> Body:
    """A role assignment, by the GUID of its role."""
    return _given("roleAssignments", role, principal, scope, kind, more)


def may_activate(role: str, principal: str, scope: str = SUB, *, kind: str = "User", **more: Any) -> Body:
    """An eligibility in Privileged Identity Management."""
    return _given("roleEligibilityScheduleInstances", role, principal, scope, kind, more)


def _given(type_: str, role: str, principal: str, scope: str, kind: str, more: Mapping[str, Any]) -> Body:
    place = "" if scope == "/" else scope
    name = f"{role}.{principal}"
    return {
        "id": f"{place}/providers/Microsoft.Authorization/{type_}/{name}",
        "name": name,
        "type": f"Microsoft.Authorization/{type_}",
        "properties": {
            "roleDefinitionId": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": kind,
            "scope": scope,
            **more,
        },
    }


def group(key: str, members: Iterable[str | Body] = (), **more: Any) -> Body:
    """A group of the directory with its members, users where only an id is given."""
    found = [{"id": m, "@odata.type": "#microsoft.graph.user"} if isinstance(m, str) else m for m in members]
    return {"id": key, "type": "Microsoft.Graph/groups", "members": found, **more}


def nested(key: str) -> Body:
    """A group as a member of another."""
    return {"id": key, "@odata.type": "#microsoft.graph.group"}


def denied(scope: str, actions: Sequence[str], **more: Any) -> Body:
    """A deny assignment, for everybody unless `principals` are given."""
    everybody = [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{len(actions)}{sorted(more)}",
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "scope": scope,
            "principals": everybody,
            "excludePrincipals": [],
            "doNotApplyToChildScopes": False,
            "permissions": [{"actions": list(actions), "notActions": []}],
            **more,
        },
    }


def world(*bodies: Body, unread: Iterable[str] = (), groups: Mapping[str, Sequence[str]] | None = None) -> Inventory:
    """An inventory in which all was read but the types in `unread`; `groups` are above each subscription's GUID."""
    resources = [Resource.from_body(body) for body in bodies]
    if not unread:
        return Inventory(resources, management_groups=groups)
    kinds = {resource.type for resource in resources} | set(_IDENTITY_TYPES)
    lines = [LedgerEntry("/", kind, ReadState.COMPLETE) for kind in sorted(kinds - set(unread))]
    gaps = [Gap("/", kind, f"GET {kind}", 403, "AuthorizationFailed") for kind in unread]
    lines += [LedgerEntry("/", gap.type, ReadState.DENIED, gap=gap) for gap in gaps]
    return Inventory(resources, Ledger(lines), gaps, groups)


_IDENTITY_TYPES = (
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.Authorization/denyAssignments",
    "Microsoft.Authorization/roleEligibilityScheduleInstances",
    "Microsoft.Graph/groups",
    "Microsoft.Graph/servicePrincipals",
    "Microsoft.Graph/users",
)


def access(*bodies: Body, **more: Any) -> Access:
    """The arithmetic over such an inventory."""
    return Access(world(*bodies, **more))
