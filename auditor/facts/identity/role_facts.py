"""What a role, and each assignment of one, amounts to.

Of a role definition:

    {"role": "Operator", "power": "access", "gives_access": true, "rewrites_itself": true, "by": ["*"],
     "reads_all_data": false, "takes_keys": ["Microsoft.Storage/storageAccounts/listKeys/action"], "writes": true,
     "administers_locks": true, "assigned": 2, "wide": true, "decided_by": ["properties.permissions[0].actions"]}

`power` is one of `auditor.facts.identity.powers.Power`, `by` are the patterns that give the right to give access,
`takes_keys` the actions by which it reads keys that open data, `wide` says whether it can be assigned at a
subscription or above it.

Of a role assignment and of an eligibility:

    {"role": "Owner", "power": "owner", "gives_access": true, "limit": "free", "lets": "", "scope": "subscription",
     "wide": true, "where": "the subscription 1111...", "principal": "admins", "kind": "group", "eligible": false,
     "writes": true, "gone": false, "microsoft": false, "guests": ["Ada"], "disabled": [], "group": {...},
     "decided_by": [...]}

`limit` is what a condition leaves (`auditor.facts.identity.powers.Limit`), `lets` the role that a useless one lets
through, `writes` whether the role changes anything at all, `microsoft` whether the principal is an application of
Microsoft's own, such as the one of Privileged Identity Management. `guests` and `disabled` are the people behind it,
members of groups included. `group` is null or

    {"assignable": true, "dynamic": false, "own_attribute": null, "synced": false, "owners": ["Bob"],
     "outsiders": ["Bob"]}

where `own_attribute` is what a dynamic group's rule names and every user changes on himself, `outsiders` are owners who
do not have that role's power otherwise, and `assignable` says whether only Privileged Role Administrators and owners
may change its members. Of an entry of
`Microsoft.Authorization/roleManagementPolicyAssignments`: `role`, `power`, `wide`, `where`, `hours`, how long an
activation lasts at most, and `in_use`, whether somebody is eligible for that role there. Of a registration definition
of Azure Lighthouse: `{"administers": [{"principal": "Ops team", "role": "Contributor"}]}`, what its permanent
authorizations amount to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from auditor.facts.identity.access import NEEDS_ELIGIBLE, Access, shown
from auditor.facts.identity.assignments import ASSIGNMENT, ELIGIBLE, Assignment
from auditor.facts.identity.bodies import entries, texts
from auditor.facts.identity.patterns import Actions, matches
from auditor.facts.identity.powers import (
    Handing,
    Limit,
    Power,
    administers_resources,
    handing,
    power_of,
    power_of_role,
    rewrites_itself,
)
from auditor.facts.identity.principals import GROUPS, SERVICE_PRINCIPALS, USERS, Principal, PrincipalKind
from auditor.facts.identity.roles import ASSIGN, DEFINE, ROLE, Role, role_of
from auditor.facts.identity.scopes import kind_of, scope_key
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

ACTIVATION = "microsoft.authorization/rolemanagementpolicyassignments"
_LOCKS = ("Microsoft.Authorization/locks/write", "Microsoft.Authorization/locks/delete")
LIGHTHOUSE = "microsoft.managedservices/registrationdefinitions"
_MICROSOFT = ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47")
_MOBILE = re.compile(r"\buser\.mobile\b", re.IGNORECASE)
_DURATION = re.compile(r"P(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?)?", re.IGNORECASE)
_CHANGES = Actions.only("*/write", "*/delete", "*/action")
_DIRECTORY_TYPES = {
    "user": USERS,
    "group": GROUPS,
    "serviceprincipal": SERVICE_PRINCIPALS,
    "unknown": SERVICE_PRINCIPALS,
}
KEY_ACTIONS = (
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
    "Microsoft.Web/sites/config/list/action",
    "Microsoft.Web/sites/publishxml/action",
    "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
    "Microsoft.ContainerRegistry/registries/listCredentials/action",
    "Microsoft.ServiceBus/namespaces/authorizationRules/listkeys/action",
    "Microsoft.EventHub/namespaces/authorizationRules/listkeys/action",
    "Microsoft.Cache/redis/listKeys/action",
    "Microsoft.Search/searchServices/listAdminKeys/action",
    "Microsoft.CognitiveServices/accounts/listKeys/action",
    "Microsoft.AppConfiguration/configurationStores/ListKeys/action",
    "Microsoft.Automation/automationAccounts/listKeys/action",
)
"""Actions that hand out a key or a password which opens data or runs code
(https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations)."""
_WRITES = (
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Web/sites/write",
    "Microsoft.Storage/storageAccounts/write",
    "Microsoft.Resources/deployments/write",
    "Microsoft.Network/virtualNetworks/write",
)
_DATA = (
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "Microsoft.ServiceBus/namespaces/messages/receive/action",
    "Microsoft.EventHub/namespaces/messages/receive/action",
)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by resource key."""
    worker = _Worker(inventory)
    found: dict[str, Json | Unread] = {}
    for resource in inventory.of_type(ROLE):
        role = role_of(resource)
        found[resource.key] = worker.of_role(role) if role else Unread(_not_read(resource, "its permissions"))
    for assignment in worker.access.assignments:
        found[assignment.resource.key] = worker.of_assignment(assignment)
    for resource in inventory.of_type(ACTIVATION):
        if value := worker.of_activation(resource):
            found[resource.key] = value
    for resource in inventory.of_type(LIGHTHOUSE):
        found[resource.key] = worker.of_delegation(resource)
    return found


class _Worker:
    def __init__(self, inventory: Inventory) -> None:
        self.access = Access.of(inventory)
        self._inventory = inventory
        self._people: dict[str, tuple[list[Json], list[Json]]] = {}
        self._changing: dict[str, bool] = {}

    def of_role(self, role: Role) -> Json:
        power = power_of_role(role)
        rewrites = rewrites_itself(role)
        by = sorted({*_by(role, ASSIGN), *(_by(role, DEFINE) if rewrites else ())})
        gap = self._inventory.gap(ASSIGNMENT, None)
        assigned = self._used.get(role.key, 0)
        return {
            "role": role.name,
            "power": power.value if power else Unread(_condition_gap(role)),
            "gives_access": power in (Power.OWNER, Power.ACCESS) or rewrites,
            "administers": administers_resources(role),
            "rewrites_itself": rewrites,
            "by": by,
            "reads_all_data": all(role.allows(action, data=True) for action in _DATA),
            "takes_keys": [action for action in KEY_ACTIONS if role.allows(action)],
            "writes": any(role.allows(action) for action in _WRITES),
            "administers_locks": all(role.allows(action) for action in _LOCKS),
            "assigned": Unread(gap) if gap and not assigned else assigned,
            "wide": any(kind_of(scope).wide for scope in role.assignable),
            "decided_by": _places(role),
        }

    def _writes(self, role: Role) -> bool:
        """Once a role: there are many more assignments than roles."""
        if role.key not in self._changing:
            self._changing[role.key] = _writes(role)
        return self._changing[role.key]

    @cached_property
    def _used(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for assignment in self.access.assignments:
            if assignment.role:
                found[assignment.role.key] = found.get(assignment.role.key, 0) + 1
        return found

    def of_assignment(self, assignment: Assignment) -> Json:
        power = power_of(assignment, self.access)
        unclear = Unread(self.access.unclear(assignment))
        assigns = bool(assignment.role and assignment.role.allowing(ASSIGN))
        left = handing(assignment, self.access.roles) if assigns else Handing(Limit.CONSTRAINED)
        guests, disabled = self._behind(assignment.principal)
        return {
            "role": assignment.role_name,
            "power": power.value if power else unclear,
            "gives_access": power in (Power.OWNER, Power.ACCESS) if power else unclear,
            "assigns": assigns if assignment.role else unclear,
            "limit": (left.limit.value if left.limit is not Limit.UNKNOWN else unclear) if assigns else "",
            "lets": left.role.name if left.role else "",
            "scope": assignment.kind.value,
            "wide": assignment.kind.wide,
            "where": shown(assignment.scope),
            "principal": assignment.principal.name,
            "kind": assignment.principal.kind.value,
            "eligible": assignment.eligible,
            "writes": unclear if assignment.role is None else self._writes(assignment.role),
            "gone": self._gone(assignment),
            "microsoft": _is_microsoft(assignment.principal),
            "guests": guests,
            "disabled": disabled,
            "group": self._group(assignment.principal, power),
            "decided_by": ["properties.roleDefinitionId", "properties.scope", *_condition_path(assignment)],
        }

    def of_activation(self, resource: Resource) -> Json | None:
        """What a policy for activating a role is about."""
        properties = resource.body.get("properties")
        if not isinstance(properties, Mapping):
            return None
        role = self.access.roles.get(str(properties.get("roleDefinitionId") or ""))
        scope = scope_key(str(properties.get("scope") or ids.parent_of(resource.key)))
        gap = self._inventory.gap(ELIGIBLE, None)
        power = power_of_role(role) if role else None
        in_use = role is not None and (role.key, scope) in self._eligible
        return {
            "role": role.name if role else "",
            "power": power.value if power else Unread(_not_read(resource, "the role")),
            "wide": kind_of(scope).wide,
            "where": shown(scope),
            "in_use": Unread(gap) if gap and not in_use else in_use,
            "hours": _hours(properties),
            "decided_by": [],
        }

    def of_delegation(self, resource: Resource) -> Json:
        """https://learn.microsoft.com/rest/api/managedservices/registration-definitions/get."""
        properties = resource.body.get("properties")
        given = properties.get("authorizations") if isinstance(properties, Mapping) else None
        found: list[Json] = []
        for entry in entries(given):
            role = self.access.roles.get(str(entry.get("roleDefinitionId") or ""))
            name = str(entry.get("principalIdDisplayName") or entry.get("principalId") or "")
            if role is None:
                found.append(Unread(_not_read(resource, "a role")))
            elif (power_of_role(role) or Power.NONE).administers:
                found.append({"principal": name, "role": role.name})
        return {"administers": found}

    @cached_property
    def _eligible(self) -> frozenset[tuple[str, str]]:
        return frozenset((a.role.key, a.scope) for a in self.access.assignments if a.eligible and a.role)

    def _behind(self, principal: Principal) -> tuple[list[Json], list[Json]]:
        """Guests, and accounts that may not sign in, among those whom an assignment is for."""
        if principal.id not in self._people:
            guests: list[Json] = []
            disabled: list[Json] = []
            for person, groups in self.access.expanded(principal):
                name = person.name if not groups else f"{person.name} in {groups[0].name}"
                if person.kind is PrincipalKind.GROUP:
                    unknown = Unread(self._gap(GROUPS, f"the members of {person.name}"))
                    guests.append(unknown)
                    disabled.append(unknown)
                elif person.kind in (PrincipalKind.USER, PrincipalKind.UNKNOWN):
                    guests += self._where(person, name, person.guest)
                    disabled += self._where(person, name, None if person.enabled is None else not person.enabled)
            self._people[principal.id] = guests, disabled
        return self._people[principal.id]

    def _where(self, person: Principal, name: str, answer: bool | None) -> list[Json]:
        if answer:
            return [name]
        # A user that was asked for and did not come back is gone; members come with their groups.
        if answer is None and (gap := self._inventory.gap(USERS, None)) and person.kind is PrincipalKind.USER:
            return [Unread(gap)]
        return []

    def _gone(self, assignment: Assignment) -> Json:
        """Whether the directory was asked for the principal and does not have it any more.

        Every managed identity is a service principal. Principals of other tenants (`ForeignGroup`, Azure Lighthouse)
        are members of no directory that can be asked.
        """
        written = assignment.written_type
        kind = _DIRECTORY_TYPES.get(written)
        if kind is None or self.access.principals.is_known(assignment.principal.id):
            return False
        gap = self._inventory.gap(kind, None)
        return Unread(gap) if gap else True

    def _group(self, principal: Principal, power: Power | None) -> Json | Unread:
        """What protects the group that has a role: who can put himself into it; None for what is no group."""
        if principal.resource is None:
            may_be = principal.kind in (PrincipalKind.GROUP, PrincipalKind.UNKNOWN)
            gap = self._inventory.gap(GROUPS, None) if may_be else None
            return Unread(gap) if gap else None
        if principal.kind is not PrincipalKind.GROUP:
            return None
        body = principal.resource.body
        owners = entries(body.get("owners"))
        unread = Unread(self._gap(GROUPS, f"the properties of {principal.name}"))
        outsiders = [_name(owner) for owner in owners if not self._has(str(owner.get("id")), principal, power)]
        return {
            "assignable": body.get("isAssignableToRole") is True if "isAssignableToRole" in body else unread,
            "dynamic": "DynamicMembership" in texts(body.get("groupTypes")) or bool(body.get("membershipRule")),
            "own_attribute": _own_attribute(body.get("membershipRule")),
            "synced": principal.synced if principal.synced is not None else unread,
            "owners": [_name(owner) for owner in owners] if "owners" in body else unread,
            "outsiders": outsiders if "owners" in body else unread,
        }

    def _has(self, person: str, group: Principal, power: Power | None) -> bool:
        """Whether a person has what the group's role gives, by way of the group or otherwise."""
        if group.id in self.access.principals.groups_of(person):
            return True
        held = (power_of(grant.assignment, self.access) for grant in self.access.held_by(person, eligible=True))
        return power is not None and any(one is power or one is Power.OWNER for one in held)

    def _gap(self, kind: str, what: str) -> Gap:
        return self._inventory.gap(kind, None) or Gap("/", kind, "", None, "NotCollected", f"{what} were not read")


def _own_attribute(rule: Json) -> Json:
    """The attribute in a group's rule that every member of the tenant changes on himself; None for none.

    Of attributes that rules can name the mobile number is the only one that default permissions let a user manage:
    https://learn.microsoft.com/entra/fundamentals/users-default-permissions
    """
    match = _MOBILE.search(rule) if isinstance(rule, str) else None
    return match[0] if match else None


def _hours(properties: Mapping[str, Json]) -> float | None:
    """How long an activation may last at most; None where nothing says so.

    `maximumDuration` is an ISO 8601 duration: https://learn.microsoft.com/graph/identity-governance-pim-rules-overview.
    """
    rules = properties.get("effectiveRules")
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, Mapping) and rule.get("id") == "Expiration_EndUser_Assignment":
            match = _DURATION.fullmatch(str(rule.get("maximumDuration") or ""))
            days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
            return days * 24 + hours + minutes / 60 if match else None
    return None


def _is_microsoft(principal: Principal) -> bool:
    """https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in."""
    owner = principal.resource.body.get("appOwnerOrganizationId") if principal.resource else None
    return str(owner or "").lower() in _MICROSOFT


def _writes(role: Role) -> bool:
    try:
        return role.control.overlaps(_CHANGES)
    except OverflowError:
        return True


def _by(role: Role, action: str) -> Iterator[str]:
    """The patterns of a role that match an action."""
    for permission in role.allowing(action):
        yield from (pattern for pattern in permission.control.actions if matches((pattern,), action.lower()))


def _places(role: Role) -> list[str]:
    """Paths of the lists that say what a role may do."""
    if role.resource is None or "properties" not in role.resource.body:
        return []
    places = []
    for number, permission in enumerate(role.permissions):
        places.append(f"properties.permissions[{number}].actions")
        if permission.control.excluded:
            places.append(f"properties.permissions[{number}].notActions")
    return places


def _condition_path(assignment: Assignment) -> list[str]:
    return ["properties.condition"] if assignment.condition else []


def _condition_gap(role: Role) -> Gap:
    words = f"a condition on the permissions of {role.name} decides"
    return Gap("/", "Microsoft.Authorization/roleDefinitions", "", None, "NotCollected", words)


def _not_read(resource: Resource, what: str) -> Gap:
    return Gap(resource.id, resource.type, "", None, "NotCollected", f"{what} was not read")


def _name(body: Mapping[str, Json]) -> str:
    return next((str(body[key]) for key in ("displayName", "userPrincipalName", "id") if body.get(key)), "")


_NEEDS = NEEDS_ELIGIBLE | {USERS}
FAMILY = FactFamily(
    name="role",
    types=frozenset({ROLE, ASSIGNMENT, ELIGIBLE, ACTIVATION, LIGHTHOUSE}),
    needs=_NEEDS | {ACTIVATION, LIGHTHOUSE},
    compute=compute,
    needs_by_type={
        ROLE: frozenset({ROLE, ASSIGNMENT}),
        ASSIGNMENT: _NEEDS,
        ELIGIBLE: _NEEDS,
        ACTIVATION: frozenset({ACTIVATION, ROLE, ELIGIBLE}),
        LIGHTHOUSE: frozenset({LIGHTHOUSE, ROLE}),
    },
    grounds={
        "power": "a role that administers less, or a narrower scope",
        "gives_access": "no right to give access",
        "limit": "a condition that keeps privileged roles back",
        "takes_keys": "no action that hands out keys",
    },
)
