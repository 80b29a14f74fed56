"""Roles of the directory: who holds them, members of groups counted, and which of them lead to all others.

Of the authorization policy, which every tenant has once:

    {"global_administrators": [{"name": "Ada", "kind": "user", "text": "user Ada", "direct": true}],
     "eligible": [...], "privileged": 12, "decided_by": []}

Of a role assignment and an eligibility of the directory:

    {"role": "Global Administrator", "privileged": true, "tenant_wide": true, "principal": "Ada", "kind": "user",
     "eligible": false, "people": ["Ada"], "guests": [], "disabled": [], "synced": []}

Of a role definition: `{"custom": true, "escalates": ["microsoft.directory/applications/credentials/update"]}`.
An element is unknown where the members of a group or the properties of a user were not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.facts.identity.access import Access
from auditor.facts.identity.bodies import entries, texts
from auditor.facts.identity.owners import MANY
from auditor.facts.identity.patterns import matches
from auditor.facts.identity.principals import (
    DIRECTORY_ROLES,
    GROUPS,
    SERVICE_PRINCIPALS,
    USERS,
    Principal,
    PrincipalKind,
)
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

POLICY = "microsoft.graph/authorizationpolicy"
DEFINITIONS = "microsoft.graph/directoryroledefinitions"
ASSIGNED, ELIGIBLE = DIRECTORY_ROLES
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"

# Roles that Microsoft marks as privileged, those that only read left out; the ids are the same in every tenant.
# https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
PRIVILEGED: Mapping[str, str] = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    PRIVILEGED_ROLE_ADMINISTRATOR: "Privileged Role Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
    "25a516ed-2fa0-40ea-a2d0-12923a21473a": "Authentication Extensibility Administrator",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
    "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "9360feb5-f418-4baa-8175-e2a00bac4301": "Directory Writers",
    "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
    "8329153b-31d0-4727-b945-745eb3bc5f31": "Domain Name Administrator",
    "be2f45a1-457d-42af-a067-6ec1fa63bc45": "External Identity Provider Administrator",
    "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8": "Partner Tier2 Support",
    "4ba39ca4-527c-499a-b93d-d9b492c50246": "Partner Tier1 Support",
    "db506228-d27e-4b7d-95e5-295956d6615f": "Agent ID Administrator",
    "cf1c38e5-3621-4004-a7cb-879624dced7c": "Application Developer",
    "ecb2c6bf-0ab6-418e-bd87-7986f8d63bbe": "Attribute Provisioning Administrator",
    "aaf43236-0c0d-4d5f-883a-6955382ac081": "B2C IEF Keyset Administrator",
    "7698a772-787b-4ac8-901f-60d6b08affd2": "Cloud Device Administrator",
    "59d46f88-662b-457b-bceb-5c3809e5908f": "Lifecycle Workflows Administrator",
    "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f": "Security Operator",
}

# What lets the holder of a custom role act as an application or put himself into groups that hold roles.
# https://learn.microsoft.com/entra/identity/role-based-access-control/custom-available-permissions
ESCALATING = (
    "microsoft.directory/applications/credentials/update",
    "microsoft.directory/applications/owners/update",
    "microsoft.directory/applications/permissions/update",
    "microsoft.directory/serviceprincipals/credentials/update",
    "microsoft.directory/serviceprincipals/owners/update",
    "microsoft.directory/serviceprincipals/approleassignedto/update",
    "microsoft.directory/groups/members/update",
    "microsoft.directory/groups/owners/update",
    "microsoft.directory/groupsassignabletoroles/members/update",
)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by resource key."""
    access = Access.of(inventory)
    found: dict[str, Json | Unread] = {}
    for kind in DIRECTORY_ROLES:
        for resource in inventory.of_type(kind):
            found[resource.key] = _assignment(resource, access)
    for resource in inventory.of_type(DEFINITIONS):
        found[resource.key] = _definition(resource)
    for resource in inventory.of_type(POLICY):
        found[resource.key] = _tenant(access)
    return found


def role_id(resource: Resource) -> str:
    """The GUID of the role that an assignment of the directory gives, lower-cased."""
    return str(resource.body.get("roleDefinitionId") or "").lower()


def role_name(resource: Resource, inventory: Inventory) -> str:
    """The name of the role that an assignment of the directory gives."""
    key = role_id(resource)
    definition = inventory.get(key)
    return PRIVILEGED.get(key) or (definition.display_name if definition else key)


def tenant_wide(resource: Resource) -> bool:
    """Whether an assignment is for the whole directory; one of an administrative unit or an application is not."""
    return str(resource.body.get("directoryScopeId") or "/") == "/"


def holders_of(role: str, access: Access, *, eligible: bool = False) -> Iterator[tuple[Principal, Sequence[Principal]]]:
    """Everybody who holds a role of the whole directory, members instead of groups, with the groups between."""
    for resource in access.inventory.of_type(ELIGIBLE if eligible else ASSIGNED):
        if role_id(resource) == role and tenant_wide(resource):
            yield from access.expanded(_principal(resource, access))


def _principal(resource: Resource, access: Access) -> Principal:
    return access.principals.get(str(resource.body.get("principalId") or ""))


def _tenant(access: Access) -> Json:
    return {
        "global_administrators": _named(access, ASSIGNED, eligible=False),
        "eligible": _named(access, ELIGIBLE, eligible=True),
        "decided_by": [],
    }


def _named(access: Access, kind: str, *, eligible: bool) -> list[Json]:
    found: dict[str, Json | Unread] = {}
    for principal, groups in holders_of(GLOBAL_ADMINISTRATOR, access, eligible=eligible):
        if principal.kind is PrincipalKind.GROUP:
            unread = _unread_members(principal, access)
            found.update({f"{principal.id} {number}": unread for number in range(MANY)})
            continue
        through = f", as a member of {groups[0].name}" if groups else ""
        value = {
            "name": principal.name,
            "kind": principal.kind.value,
            "text": f"{principal.text}{through}",
            "direct": not groups,
        }
        found.setdefault(principal.id, value)
    values = list(found.values())
    if gap := access.inventory.gap(kind, None):
        values.append(Unread(gap))
    return values


def _assignment(resource: Resource, access: Access) -> Json:
    principal = _principal(resource, access)
    people = list(access.expanded(principal))
    users = [person for person, _ in people if person.kind in (PrincipalKind.USER, PrincipalKind.UNKNOWN)]
    unread: list[Json] = [_unread_members(p, access) for p, _ in people if p.kind is PrincipalKind.GROUP]
    return {
        "role": role_name(resource, access.inventory),
        "privileged": role_id(resource) in PRIVILEGED,
        "tenant_wide": tenant_wide(resource),
        "principal": principal.name,
        "kind": principal.kind.value,
        "eligible": resource.type_key == ELIGIBLE,
        "people": [*(person.name for person, _ in people if person.kind is not PrincipalKind.GROUP), *unread],
        "guests": [*_those(access, users, "guest", wanted=True), *unread],
        "disabled": [*_those(access, users, "enabled", wanted=False), *unread],
        "synced": [*_those(access, users, "synced", wanted=True), *unread],
    }


def _those(access: Access, users: Sequence[Principal], name: str, *, wanted: bool) -> Iterator[Json | Unread]:
    """Users of whom a property has a value; unknown where it was not read."""
    for user in users:
        answer = getattr(user, name)
        if answer is wanted:
            yield user.name
        elif answer is None and user.kind is PrincipalKind.USER and (gap := access.inventory.gap(USERS, None)):
            yield Unread(gap)


def _definition(resource: Resource) -> Json:
    permissions = resource.body.get("rolePermissions")
    actions = [
        action.lower()
        for permission in entries(permissions)
        for action in texts(permission.get("allowedResourceActions"))
    ]
    return {
        "custom": resource.body.get("isBuiltIn") is False,
        "escalates": [one for one in ESCALATING if any(matches((action,), one) for action in actions)],
    }


def _unread_members(group: Principal, access: Access) -> Unread:
    words = f"the members of {group.name} were not read"
    gap = access.inventory.gap(GROUPS, None)
    return Unread(gap or Gap("/", "Microsoft.Graph/groups", "", None, "NotCollected", words))


_NEEDS = frozenset({ASSIGNED, ELIGIBLE, GROUPS, USERS, SERVICE_PRINCIPALS})
FAMILY = FactFamily(
    name="directory_role",
    types=frozenset({POLICY, ASSIGNED, ELIGIBLE, DEFINITIONS}),
    needs=_NEEDS | {DEFINITIONS},
    compute=compute,
    needs_by_type={
        POLICY: frozenset({ASSIGNED, ELIGIBLE, GROUPS}),
        ASSIGNED: _NEEDS,
        ELIGIBLE: _NEEDS,
        DEFINITIONS: frozenset({DEFINITIONS}),
    },
)
