"""Reads from Microsoft Graph: applications, service principals, consents, directory roles and sign-in policies.

Objects are kept as resources of type `Microsoft.Graph/<name>` under their own id, a GUID for most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.azure.answers import Trouble
from auditor.azure.budget import Bucket, Limit
from auditor.azure.collectors.batches import BATCH_SIZE, all_pages, read_batch
from auditor.azure.collectors.reading import SETTLED, Reader, Target, state_of
from auditor.azure.wire import Call
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Json

SOURCE = "directory"
PREFIX = "microsoft.graph/"
_BATCHES_AT_ONCE = 4

# Resource units are 3,500 to 8,000 in 10 seconds for an application and tenant, most requests cost 1 or 2
# (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits).
_UNITS = Limit(depth=500, per_second=150)
# "Conditional access and identity protection: 1 request a second for a tenant", and no Retry-After on its 429.
_CONDITIONAL_ACCESS = Limit(depth=1, per_second=1)

RESOURCE_APPS = (
    # The few applications whose roles are worth stealing: asked once each, instead of every client for its roles.
    "00000003-0000-0000-c000-000000000000",  # Microsoft Graph
    "00000002-0000-0000-c000-000000000000",  # Azure AD Graph
    "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
    "00000003-0000-0ff1-ce00-000000000000",  # SharePoint Online
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",  # Azure Resource Manager
)

BodiesOf = Callable[[str, Json], list[Mapping[str, Json]]]
"""Makes resources of what was answered for an owner."""

_CREDENTIALS = ("passwordCredentials", "keyCredentials")
_KEPT_OF_CREDENTIAL = ("keyId", "displayName", "startDateTime", "endDateTime", "type", "usage", "customKeyIdentifier")


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """How objects of one Microsoft Graph type are read."""

    name: str
    """Below `Microsoft.Graph/`."""
    path: str
    """Below `/v1.0`."""
    permission: str
    """The least privileged application permission."""
    select: str = ""
    single: bool = False
    pages: bool = True
    """Whether `$top` is allowed."""
    slow: bool = False
    """Whether it falls under the limit of one request a second."""

    @property
    def type(self) -> str:
        """The resource type it is kept as."""
        return f"Microsoft.Graph/{self.name}"

    @property
    def url(self) -> str:
        """Path and query of the first page."""
        query = [f"$select={self.select}"] if self.select else []
        if self.pages and not self.single:
            query.append("$top=999")
        return f"/v1.0{self.path}" + (f"?{'&'.join(query)}" if query else "")


_APPLICATION = (
    "id,appId,displayName,createdDateTime,signInAudience,identifierUris,web,spa,publicClient,isFallbackPublicClient,"
    "requiredResourceAccess,passwordCredentials,keyCredentials,api,appRoles,groupMembershipClaims,optionalClaims,"
    "servicePrincipalLockConfiguration,tags,verifiedPublisher"
)
_PRINCIPAL = (
    "id,appId,displayName,servicePrincipalType,accountEnabled,appOwnerOrganizationId,appRoleAssignmentRequired,"
    "passwordCredentials,keyCredentials,signInAudience,tags,alternativeNames,appRoles,oauth2PermissionScopes,"
    "replyUrls,preferredSingleSignOnMode,verifiedPublisher"
)

ENTRIES = (
    DirectoryEntry("applications", "/applications", "Application.Read.All", _APPLICATION),
    DirectoryEntry("servicePrincipals", "/servicePrincipals", "Application.Read.All", _PRINCIPAL),
    DirectoryEntry("oauth2PermissionGrants", "/oauth2PermissionGrants", "Directory.Read.All"),
    # Takes $filter, $expand and $select only: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
    DirectoryEntry(
        "directoryRoleAssignments",
        "/roleManagement/directory/roleAssignments",
        "RoleManagement.Read.Directory",
        pages=False,
    ),
    DirectoryEntry(
        "directoryRoleDefinitions",
        "/roleManagement/directory/roleDefinitions",
        "RoleManagement.Read.Directory",
        pages=False,
    ),
    DirectoryEntry(
        "directoryRoleEligibilitySchedules",
        "/roleManagement/directory/roleEligibilitySchedules",
        "RoleEligibilitySchedule.Read.Directory",
        pages=False,
    ),
    DirectoryEntry(
        "conditionalAccessPolicies",
        "/identity/conditionalAccess/policies",
        "Policy.Read.All",
        pages=False,
        slow=True,
    ),
    DirectoryEntry(
        "namedLocations", "/identity/conditionalAccess/namedLocations", "Policy.Read.All", pages=False, slow=True
    ),
    DirectoryEntry(
        "authenticationMethodsPolicy",
        "/policies/authenticationMethodsPolicy",
        "Policy.Read.AuthenticationMethod",
        single=True,
    ),
    DirectoryEntry("authorizationPolicy", "/policies/authorizationPolicy", "Policy.Read.All", single=True),
    DirectoryEntry(
        "identitySecurityDefaultsEnforcementPolicy",
        "/policies/identitySecurityDefaultsEnforcementPolicy",
        "Policy.Read.All",
        single=True,
    ),
    DirectoryEntry("adminConsentRequestPolicy", "/policies/adminConsentRequestPolicy", "Policy.Read.All", single=True),
    DirectoryEntry(
        "defaultAppManagementPolicy", "/policies/defaultAppManagementPolicy", "Policy.Read.All", single=True
    ),
    DirectoryEntry("tokenLifetimePolicies", "/policies/tokenLifetimePolicies", "Policy.Read.All", pages=False),
    # Lockout, banned passwords, who makes groups; there is one only where something was changed.
    DirectoryEntry("groupSettings", "/groupSettings", "Directory.Read.All", pages=False),
    DirectoryEntry("organization", "/organization", "Organization.Read.All", pages=False),
)

_LISTS: Mapping[str, DirectoryEntry] = {entry.type.lower(): entry for entry in ENTRIES}
_ASSIGNED = "Microsoft.Graph/appRoleAssignedTo"
_FEDERATED = "Microsoft.Graph/applications/federatedIdentityCredentials"
_OWNERS = "Microsoft.Graph/applications/owners"
"""Who owns an application: one object an application, with all owners in it."""
GROUPS = "Microsoft.Graph/groups"
"""Groups with everyone in them; only those that hold roles in Azure."""
_PER_OBJECT = frozenset({_ASSIGNED.lower(), _FEDERATED.lower(), _OWNERS.lower(), GROUPS.lower()})
ROLE_ASSIGNMENTS = "microsoft.authorization/roleassignments"


def directory_types() -> frozenset[str]:
    """Type keys of everything that can be read from Microsoft Graph."""
    return frozenset(_LISTS) | _PER_OBJECT


def is_directory_type(type_key: str) -> bool:
    """Whether a type is an object of Microsoft Graph that can be read here."""
    return type_key in directory_types()


def expand_directory(type_keys: Iterable[str]) -> frozenset[str]:
    """Types with those that they are found by."""
    chosen = set(type_keys)
    if chosen & {_FEDERATED.lower(), _OWNERS.lower()}:
        chosen.add(f"{PREFIX}applications")
    return frozenset(chosen)


async def read_directory(reader: Reader, types: frozenset[str], roles_read: Sequence[asyncio.Event]) -> None:
    """Read the chosen types; `roles_read` are set when the role assignments whose groups matter are known."""
    if not reader.wire.endpoints["graph"]:
        for key in sorted(types):
            reader.not_asked("/", key, "this cloud has no Microsoft Graph")
        return
    reader.progress.begin(SOURCE)
    chosen = expand_directory(types)
    async with asyncio.TaskGroup() as group:
        lists = [group.create_task(_read_list(reader, _LISTS[key])) for key in sorted(chosen) if key in _LISTS]
        if _ASSIGNED.lower() in chosen:
            group.create_task(_read_assigned(reader))
        if GROUPS.lower() in chosen:
            group.create_task(_read_groups(reader, roles_read, lists))
        if _FEDERATED.lower() in chosen:
            group.create_task(_read_federated(reader, lists))
        if _OWNERS.lower() in chosen:
            group.create_task(_read_owners(reader, lists))
    broken = reader.troubled.get(SOURCE, 0)
    reader.progress.end(SOURCE, f"{broken} not read" if broken else "")


async def _read_list(reader: Reader, entry: DirectoryEntry) -> ReadState:
    return await reader.read(_target(reader, entry.type, entry.url, entry.permission, entry))


def _target(
    reader: Reader, kind: str, url: str, permission: str, entry: DirectoryEntry | None = None, scope: str = "/"
) -> Target:
    return Target(
        scope,
        kind,
        Call(
            url,
            f"GET {kind}",
            service="graph",
            headers={"x-ms-throttle-priority": "Low"},
            buckets=_buckets(reader, slow=entry is not None and entry.slow),
        ),
        SOURCE,
        cure=f"needs the Microsoft Graph application permission {permission}",
        single=entry is not None and entry.single,
        trim=without_credentials if entry is not None and entry.name in ("applications", "servicePrincipals") else None,
    )


def _buckets(reader: Reader, *, slow: bool) -> tuple[Bucket, ...]:
    if slow:
        return (reader.wire.budget.bucket("conditional access", _CONDITIONAL_ACCESS),)
    return (reader.wire.budget.bucket("microsoft graph", _UNITS),)


def without_credentials(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """An application without key material: Graph gives the first characters of a password as its `hint`."""
    kept = dict(body)
    for name in _CREDENTIALS:
        credentials = body.get(name)
        if isinstance(credentials, list):
            kept[name] = [
                {key: value for key, value in credential.items() if key in _KEPT_OF_CREDENTIAL}
                for credential in credentials
                if isinstance(credential, Mapping)
            ]
    return kept


async def _read_assigned(reader: Reader) -> None:
    """Who holds application permissions of the resources that matter: one paged list each."""
    whole = _target(reader, _ASSIGNED, "", "Application.Read.All")
    if reader.sink.state("/", _ASSIGNED) in SETTLED:
        return
    states = []
    for app in RESOURCE_APPS:
        url = f"/v1.0/servicePrincipals(appId='{app}')/appRoleAssignedTo?$top=999"
        target = _target(reader, _ASSIGNED, url, "Application.Read.All", scope=app)
        target = replace(target, absent=frozenset({"request_resourcenotfound"}))
        states.append(await reader.read(target))
    failed = [app for app, state in zip(RESOURCE_APPS, states, strict=True) if state not in SETTLED]
    if failed:
        trouble = reader.failures[failed[0], _ASSIGNED.lower()]
        reader.close_gap(whole, trouble, state_of(trouble))
    else:
        reader.close_complete(whole)


async def _read_federated(reader: Reader, lists: Sequence[asyncio.Task[ReadState]]) -> None:
    """Federated credentials of all applications, twenty a request."""

    def bodies(app: str, answer: Json) -> list[Mapping[str, Json]]:
        items = answer.get("value") if isinstance(answer, Mapping) else None
        return [{**item, "applicationObjectId": app} for item in items or [] if isinstance(item, Mapping)]

    await _read_of_applications(reader, lists, _FEDERATED, "federatedIdentityCredentials", bodies)


async def _read_owners(reader: Reader, lists: Sequence[asyncio.Task[ReadState]]) -> None:
    """Owners of all applications, twenty a request."""

    def bodies(app: str, answer: Json) -> list[Mapping[str, Json]]:
        owners = answer.get("value") if isinstance(answer, Mapping) else None
        listed = owners if isinstance(owners, list) else []
        return [{"id": f"{app}/owners", "applicationObjectId": app, "owners": listed}]

    select = "$select=id,displayName,userPrincipalName,userType,accountEnabled,appId"
    await _read_of_applications(reader, lists, _OWNERS, f"owners?{select}", bodies)


async def _read_of_applications(
    reader: Reader, lists: Sequence[asyncio.Task[ReadState]], kind: str, path: str, bodies: BodiesOf
) -> None:
    """What is read of each application by a request of its own."""
    await asyncio.gather(*lists)
    applications = [str(body["id"]) for body in reader.sink.kept("/", "Microsoft.Graph/applications")]
    paths = {app: f"/applications/{app}/{path}" for app in applications}
    whole = _target(reader, kind, "", "Application.Read.All")
    if trouble := reader.failures.get(("/", f"{PREFIX}applications")):
        reader.close_gap(whole, trouble, state_of(trouble))
        return
    await _read_each(reader, whole, paths, bodies)


async def _read_groups(
    reader: Reader, roles_read: Sequence[asyncio.Event], lists: Sequence[asyncio.Task[ReadState]]
) -> None:
    """The groups that hold roles or that Conditional Access names, with everyone in them."""
    await asyncio.gather(*lists)
    for event in roles_read:
        await event.wait()
    groups = sorted(_groups_with_roles(reader) | _groups_of_policies(reader))
    whole = _target(reader, GROUPS, "", "GroupMember.Read.All")
    select = "$select=id,displayName,userPrincipalName,userType,accountEnabled,appId"
    paths = {group: f"/groups/{group}/transitiveMembers?{select}&$top=999" for group in groups}

    def bodies(group: str, answer: Json) -> list[Mapping[str, Json]]:
        members = answer.get("value") if isinstance(answer, Mapping) else None
        return [{"id": group, "members": members if isinstance(members, list) else []}]

    await _read_each(reader, whole, paths, bodies)


def _groups_with_roles(reader: Reader) -> set[str]:
    found: set[str] = set()
    for body in reader.sink.kept("/", ROLE_ASSIGNMENTS):
        properties = body.get("properties")
        if isinstance(properties, Mapping) and properties.get("principalType") == "Group":
            found.add(str(properties.get("principalId")).lower())
    return found


def _groups_of_policies(reader: Reader) -> set[str]:
    found: set[str] = set()
    for body in reader.sink.kept("/", "Microsoft.Graph/conditionalAccessPolicies"):
        conditions = body.get("conditions")
        users = conditions.get("users") if isinstance(conditions, Mapping) else None
        for name in ("includeGroups", "excludeGroups"):
            named = users.get(name) if isinstance(users, Mapping) else None
            found |= {str(group).lower() for group in named} if isinstance(named, list) else set()
    return found


async def _read_each(reader: Reader, whole: Target, paths: Mapping[str, str], bodies: BodiesOf) -> None:
    """One object a path, in batches; the ledger line of the whole at the end."""
    if reader.sink.state(whole.scope, whole.kind) in SETTLED:
        return
    owners = sorted(paths)
    chunks = [owners[start : start + BATCH_SIZE] for start in range(0, len(owners), BATCH_SIZE)]
    remaining = iter(chunks)
    troubles: list[Trouble] = []

    async def worker() -> None:
        for chunk in remaining:
            answers = await read_batch(reader, whole, {owner: paths[owner] for owner in chunk})
            kept: list[Mapping[str, Json]] = []
            for owner in chunk:
                outcome = await all_pages(reader, whole, answers[owner])
                if isinstance(outcome, Trouble):
                    # What was deleted since it was named has nobody in it, and nothing to read.
                    if outcome.code.lower() != "request_resourcenotfound":
                        troubles.append(outcome)
                else:
                    kept.extend(bodies(owner, outcome))
            reader.keep(whole.scope, whole.kind, kept, None, SOURCE)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_BATCHES_AT_ONCE, len(chunks))):
            group.create_task(worker())
    if troubles:
        reader.close_gap(
            whole, troubles[0], ReadState.PARTIAL if len(troubles) < len(owners) else state_of(troubles[0])
        )
    else:
        reader.close_complete(whole)
