"""Role definitions of one inventory, as sets of actions.

Definitions come from the inventory. Of the well-known built-in roles, whose ids and permissions are the same in every
tenant, a table stands in where a source holds none: `built_in_roles.jsonl`, one role a line, with the roles that
administer access and those of storage, keys, messages, containers, machines and web applications
(https://learn.microsoft.com/azure/role-based-access-control/built-in-roles, as published on 22 August 2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from auditor.facts.identity.bodies import texts
from auditor.facts.identity.conditions import Condition, Request, condition
from auditor.facts.identity.patterns import Actions, Block
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

ROLE = "microsoft.authorization/roledefinitions"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
DEFINE = "Microsoft.Authorization/roleDefinitions/write"

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"


@dataclass(frozen=True, slots=True)
class Permission:
    """One block of a role's permissions."""

    control: Block
    """`actions` less `notActions`."""
    data: Block
    """`dataActions` less `notDataActions`."""
    condition: Condition | None = None
    """What a built-in role puts on the block itself: Key Vault Data Access Administrator assigns some roles only."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role: what it allows, and where it may be assigned."""

    key: str
    """Its GUID, lower-cased."""
    name: str
    """`roleName`, or the GUID where it has none."""
    custom: bool
    """Whether it is the customer's own."""
    permissions: tuple[Permission, ...]
    """Its blocks."""
    assignable: tuple[str, ...] = ()
    """`assignableScopes`: where it may be assigned, and all of which one must be able to write to in order to change it
    (https://learn.microsoft.com/azure/role-based-access-control/custom-roles#who-can-create-delete-update-or-view-a-custom-role)."""
    resource: Resource | None = None
    """The definition that was read; None for one from the table."""
    control: Actions = field(default_factory=lambda: Actions(()), compare=False)
    """Everything that `actions` allow, conditions on blocks left aside."""
    data: Actions = field(default_factory=lambda: Actions(()), compare=False)
    """Everything that `dataActions` allow."""

    def allowing(self, action: str, *, data: bool = False) -> tuple[Permission, ...]:
        """The blocks that allow an action; some may be conditioned."""
        chosen = self.data if data else self.control
        blocks = chosen.allowing(action)
        return tuple(p for p in self.permissions if (p.data if data else p.control) in blocks) if blocks else ()

    def allows(self, action: str, *, data: bool = False) -> bool | None:
        """Whether the role allows an action; None where only a condition on a block decides that."""
        answers = [_free(permission, action) for permission in self.allowing(action, data=data)]
        return True if True in answers else None if None in answers else False


def _free(permission: Permission, action: str) -> bool | None:
    if permission.condition is None:
        return True
    return permission.condition.permits(Request(action, {}))


class Roles:
    """The roles that assignments of one inventory can name."""

    def __init__(self, inventory: Inventory) -> None:
        """Index the definitions of `inventory`."""
        self._read: dict[str, Role] = {}
        for resource in inventory.of_type(ROLE):
            if role := role_of(resource):
                self._read.setdefault(role.key, role)

    def get(self, role_definition_id: str) -> Role | None:
        """The role that an id names, whatever scope it is written with; None where it is not known."""
        key = role_key(role_definition_id)
        return self._read.get(key) or built_in(key)

    def __iter__(self) -> Iterator[Role]:
        """All that were read."""
        return iter(self._read.values())


def role_key(role_definition_id: str) -> str:
    """The GUID at the end of a role definition's id, lower-cased."""
    return role_definition_id.rstrip("/").rpartition("/")[2].lower()


def role_of(resource: Resource) -> Role | None:
    """The role that a definition describes; None where its permissions were not read."""
    body = resource.body
    properties = body.get("properties")
    found = properties if isinstance(properties, Mapping) else body
    permissions = found.get("permissions")
    if not isinstance(permissions, list):
        return None
    kind = str(found.get("type") or found.get("roleType") or "").lower()
    name = found.get("roleName")
    return _role(
        role_key(resource.id),
        name if isinstance(name, str) and name else resource.name,
        permissions,
        custom=kind == "customrole",
        assignable=texts(found.get("assignableScopes")),
        resource=resource,
    )


def built_in(key: str) -> Role | None:
    """A well-known built-in role by its GUID."""
    return _table().get(key)


@cache
def _table() -> Mapping[str, Role]:
    text = resources.files("auditor.facts.identity").joinpath("built_in_roles.jsonl").read_text(encoding="utf-8")
    rows = map(json.loads, text.splitlines())
    return {
        row["id"]: _role(row["id"], row["roleName"], row["permissions"], custom=False, assignable=("/",))
        for row in rows
    }


def _role(
    key: str,
    name: str,
    permissions: list[Json],
    *,
    custom: bool,
    assignable: tuple[str, ...],
    resource: Resource | None = None,
) -> Role:
    blocks = tuple(_permission(entry) for entry in permissions if isinstance(entry, Mapping))
    return Role(
        key=key,
        name=name,
        custom=custom,
        permissions=blocks,
        assignable=assignable,
        resource=resource,
        control=Actions(block.control for block in blocks),
        data=Actions(block.data for block in blocks),
    )


def _permission(entry: Mapping[str, Json]) -> Permission:
    text = entry.get("condition")
    return Permission(
        control=Block.of(texts(entry.get("actions")), texts(entry.get("notActions"))),
        data=Block.of(texts(entry.get("dataActions")), texts(entry.get("notDataActions"))),
        condition=condition(text) if isinstance(text, str) and text.strip() else None,
    )
