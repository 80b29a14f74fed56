"""What a role amounts to: whether its holder can give access, all of it, and what a condition leaves of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import cast

from auditor.facts.identity.access import Access
from auditor.facts.identity.assignments import Assignment
from auditor.facts.identity.conditions import Condition, Request
from auditor.facts.identity.roles import (
    ASSIGN,
    CONTRIBUTOR,
    DEFINE,
    OWNER,
    RBAC_ADMINISTRATOR,
    USER_ACCESS_ADMINISTRATOR,
    Role,
    Roles,
    built_in,
)

_ATTRIBUTE = "request:microsoft.authorization/roleassignments:"
_SOMEBODY = "5c1e2b0a-7d94-4f38-9a66-3e0d8b7f1c25"
"""A principal that no condition names."""
_TYPES = ("User", "Group", "ServicePrincipal")

TAKEOVERS = (
    "Microsoft.Compute/virtualMachines/runCommand/action",
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Web/sites/write",
    "Microsoft.Web/sites/publishxml/action",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.KeyVault/vaults/write",
    "Microsoft.ContainerService/managedClusters/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.Automation/automationAccounts/runbooks/write",
)
"""What one must be able to do to everything of importance to be called an administrator of resources."""


class Power(StrEnum):
    """What a role amounts to, the most first."""

    OWNER = "owner"
    """Everything, giving access included."""
    ACCESS = "access"
    """Gives any role to anybody: Owner with one more step."""
    CONTRIBUTOR = "contributor"
    """Takes over whatever there is, and gives no access."""
    NONE = "none"
    """Less."""

    @property
    def administers(self) -> bool:
        """Whether it is one of the administrators' roles."""
        return self is not Power.NONE


class Limit(StrEnum):
    """What a condition leaves of the right to assign roles."""

    FREE = "free"
    """No condition."""
    USELESS = "useless"
    """A condition that lets a role through which gives access in turn."""
    CONSTRAINED = "constrained"
    """Only roles that give no access."""
    UNKNOWN = "unknown"
    """The condition is not understood, or rests on what is not known."""


@dataclass(frozen=True, slots=True)
class Handing:
    """Whether the right to assign roles makes its holder an administrator of access."""

    limit: Limit
    """What conditions leave."""
    role: Role | None = None
    """A role that gets through and gives access in turn."""


def power_of_role(role: Role) -> Power | None:
    """What a role amounts to where no condition is put on its assignment; None where its own condition decides."""
    assigns = role.allows(ASSIGN)
    if assigns:
        everything = built_in(CONTRIBUTOR)
        whole = everything is not None and _within(everything, role)
        return Power.OWNER if whole else Power.ACCESS
    if assigns is None and all(_handed(p.condition, None, ()) is None for p in role.allowing(ASSIGN)):
        return None
    return Power.CONTRIBUTOR if administers_resources(role) else Power.NONE


def administers_resources(role: Role) -> bool:
    """Whether a role takes over every kind of resource that others run on."""
    return all(role.allows(action) for action in TAKEOVERS)


def rewrites_itself(role: Role) -> bool:
    """Whether holders may change the role that they hold: what was taken out of it is theirs with one more step.

    Only a custom role can be changed, by whoever may write role definitions at all its assignable scopes:
    https://learn.microsoft.com/azure/role-based-access-control/custom-roles#who-can-create-delete-update-or-view-a-custom-role
    """
    return role.custom and role.allows(DEFINE) is True


def power_of(assignment: Assignment, access: Access) -> Power | None:
    """What an assignment makes of its holder in its scope; None where that is not known."""
    role = assignment.role
    if role is None:
        return None
    if assignment.condition is None and all(p.condition is None for p in role.permissions):
        # Without conditions the role alone decides, and tenants assign few roles many times.
        if role.key not in access.powers:
            access.powers[role.key] = _power_of(role, assignment, access)
        return cast("Power | None", access.powers[role.key])
    return _power_of(role, assignment, access)


def _power_of(role: Role, assignment: Assignment, access: Access) -> Power | None:
    if role.allowing(ASSIGN):
        match handing(assignment, access.roles).limit:
            case Limit.FREE | Limit.USELESS:
                return power_of_role(role) or Power.ACCESS
            case Limit.UNKNOWN:
                return None
            case Limit.CONSTRAINED:
                pass
    return Power.CONTRIBUTOR if administers_resources(role) else Power.NONE


def handing(assignment: Assignment, roles: Roles) -> Handing:
    """What of the right to assign roles an assignment leaves; meant for roles that have it."""
    permissions = assignment.role.allowing(ASSIGN) if assignment.role else ()
    unknown = False
    for permission in permissions:
        conditions = [c for c in (permission.condition, assignment.condition) if c is not None]
        if not conditions:
            return Handing(Limit.FREE)
        for role in privileged(roles):
            answer = _lets_all(conditions, role, (assignment.principal.id,))
            if answer:
                return Handing(Limit.USELESS, role)
            unknown = unknown or answer is None
    return Handing(Limit.UNKNOWN if unknown else Limit.CONSTRAINED)


def privileged(roles: Roles) -> Sequence[Role]:
    """Every role that gives access in turn: the three built-in ones, and the customer's own."""
    built = [role for key in (OWNER, USER_ACCESS_ADMINISTRATOR, RBAC_ADMINISTRATOR) if (role := roles.get(key))]
    own = [role for role in roles if role.custom and (role.allows(ASSIGN) or rewrites_itself(role))]
    return (*built, *sorted(own, key=lambda role: role.key))


def _lets_all(conditions: Iterable[Condition], role: Role, holders: Sequence[str]) -> bool | None:
    """Whether all conditions together let somebody be given a role."""
    answers = [
        _joined(condition.permits(request) for condition in conditions) for request in _requests(role.key, holders)
    ]
    return True if True in answers else None if None in answers else False


def _handed(condition: Condition | None, role: str | None, holders: Sequence[str]) -> bool | None:
    """Whether a block's own condition lets Owner be given."""
    if condition is None:
        return True
    answers = [condition.permits(request) for request in _requests(role or OWNER, holders)]
    return True if True in answers else None if None in answers else False


def _requests(role: str, holders: Sequence[str]) -> Iterator[Request]:
    """Requests to give a role to anybody, and to the holder himself."""
    for principal in (_SOMEBODY, *holders):
        for kind in _TYPES:
            yield Request(
                ASSIGN,
                {
                    f"{_ATTRIBUTE}roledefinitionid": role,
                    f"{_ATTRIBUTE}principalid": principal,
                    f"{_ATTRIBUTE}principaltype": kind,
                },
            )


def _joined(answers: Iterable[bool | None]) -> bool | None:
    known = list(answers)
    return False if False in known else None if None in known else True


@lru_cache(maxsize=1024)
def _within(one: Role, other: Role) -> bool:
    try:
        return one.control.within(other.control)
    except OverflowError:
        return False
