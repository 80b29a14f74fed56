"""Reads from Microsoft Graph: applications, service principals, consents, directory roles and sign-in policies.

Objects are kept as resources of type `Microsoft.Graph/<name>` under their own id, a GUID for most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from auditor.azure.collectors.directory_reads import (
    PREFIX,
    SOURCE,
    BodiesOf,
    DirectoryEntry,
    graph_target,
    read_each,
)
from auditor.azure.collectors.reading import SETTLED, Reader, Target, state_of
from auditor.azure.collectors.role_holders import GROUP_ELIGIBILITY, GROUPS, ROLES_IN_AZURE, USERS, read_role_holders
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Json

RESOURCE_APPS = (
    # The few applications whose roles are worth stealing: asked once each, instead of every client for its roles.
    "00000003-0000-0000-c000-000000000000",  # Microsoft Graph
    "00000002-0000-0000-c000-000000000000",  # Azure AD Graph
    "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
    "00000003-0000-0ff1-ce00-000000000000",  # SharePoint Online
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",  # Azure Resource Manager
)

_CREDENTIALS = ("passwordCredentials", "keyCredentials")
_KEPT_OF_CREDENTIAL = ("keyId", "displayName", "startDateTime", "endDateTime", "type", "usage", "customKeyIdentifier")
_KEPT_OF_PRINCIPAL = ("id", "@odata.type", "displayName", "userPrincipalName", "appId")


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


def with_bare_principal(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """A role assignment of the directory with the principal's kind and name, and nothing else of a person."""
    principal = body.get("principal")
    if not isinstance(principal, Mapping):
        return body
    return {**body, "principal": {key: value for key, value in principal.items() if key in _KEPT_OF_PRINCIPAL}}


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
    DirectoryEntry("applications", "/applications", "Application.Read.All", _APPLICATION, trim=without_credentials),
    DirectoryEntry(
        "servicePrincipals", "/servicePrincipals", "Application.Read.All", _PRINCIPAL, trim=without_credentials
    ),
    DirectoryEntry("oauth2PermissionGrants", "/oauth2PermissionGrants", "Directory.Read.All"),
    # Takes $filter, $expand and $select only: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
    DirectoryEntry(
        "directoryRoleAssignments",
        "/roleManagement/directory/roleAssignments",
        "RoleManagement.Read.Directory",
        pages=False,
        # Whether it is a user, a group or an application is said nowhere else.
        expand="principal",
        trim=with_bare_principal,
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
        expand="principal",
        trim=with_bare_principal,
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
    DirectoryEntry(
        "deviceRegistrationPolicy",
        "/policies/deviceRegistrationPolicy",
        "Policy.Read.DeviceConfiguration",
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
_OWNERS_OF_PRINCIPALS = "Microsoft.Graph/servicePrincipals/owners"
"""Who owns the service principal of an application of the tenant's own."""
_HOLDERS = frozenset({GROUPS.lower(), USERS.lower(), GROUP_ELIGIBILITY.lower()})
_PER_OBJECT = (
    frozenset({_ASSIGNED.lower(), _FEDERATED.lower(), _OWNERS.lower(), _OWNERS_OF_PRINCIPALS.lower()}) | _HOLDERS
)
DIRECTORY_ROLES = ("directoryRoleAssignments", "directoryRoleEligibilitySchedules")
"""Lists that say who holds roles of the directory."""


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
    if _OWNERS_OF_PRINCIPALS.lower() in chosen:
        chosen |= {f"{PREFIX}applications", f"{PREFIX}serviceprincipals"}
    return frozenset(chosen)


def found_by_roles(types: Iterable[str]) -> tuple[str, ...]:
    """What has to be known in Azure to find these: groups and users are read where they hold roles."""
    return tuple(sorted(ROLES_IN_AZURE)) if _HOLDERS & {name.lower() for name in types} else ()


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
        if held := chosen & _HOLDERS:
            group.create_task(read_role_holders(reader, held, roles_read, lists))
        if _FEDERATED.lower() in chosen:
            group.create_task(_read_federated(reader, lists))
        if _OWNERS.lower() in chosen:
            group.create_task(_read_owners(reader, lists))
        if _OWNERS_OF_PRINCIPALS.lower() in chosen:
            group.create_task(_read_owners_of_principals(reader, lists))
    broken = reader.troubled.get(SOURCE, 0)
    reader.progress.end(SOURCE, f"{broken} not read" if broken else "")


async def _read_list(reader: Reader, entry: DirectoryEntry) -> ReadState:
    return await reader.read(graph_target(reader, entry.type, entry.url, entry.permission, entry))


async def _read_assigned(reader: Reader) -> None:
    """Who holds application permissions of the resources that matter: one paged list each."""
    whole = graph_target(reader, _ASSIGNED, "", "Application.Read.All")
    if reader.sink.state("/", _ASSIGNED) in SETTLED:
        return
    states = []
    for app in RESOURCE_APPS:
        url = f"/v1.0/servicePrincipals(appId='{app}')/appRoleAssignedTo?$top=999"
        target = graph_target(reader, _ASSIGNED, url, "Application.Read.All", scope=app)
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

    # Only beta has `claimsMatchingExpression`; without it a flexible credential looks like one without a subject:
    # https://learn.microsoft.com/graph/api/resources/federatedidentitycredential?view=graph-rest-beta
    whole = graph_target(reader, _FEDERATED, "/beta/$batch", "Application.Read.All")
    await _read_of_applications(reader, lists, whole, "federatedIdentityCredentials", bodies)


async def _read_owners(reader: Reader, lists: Sequence[asyncio.Task[ReadState]]) -> None:
    """Owners of all applications, twenty a request."""

    def bodies(app: str, answer: Json) -> list[Mapping[str, Json]]:
        return [{"id": f"{app}/owners", "applicationObjectId": app, "owners": _listed(answer)}]

    whole = graph_target(reader, _OWNERS, "", "Application.Read.All")
    await _read_of_applications(reader, lists, whole, f"owners?{_OF_OWNERS}", bodies)


async def _read_owners_of_principals(reader: Reader, lists: Sequence[asyncio.Task[ReadState]]) -> None:
    """Owners of the service principals of the tenant's own applications, twenty a request.

    Of those of other tenants (Microsoft's are hundreds) an owner gains nothing: a secret is accepted and of no use.
    https://learn.microsoft.com/graph/api/serviceprincipal-list-owners
    """

    def bodies(principal: str, answer: Json) -> list[Mapping[str, Json]]:
        return [{"id": f"{principal}/owners", "servicePrincipalObjectId": principal, "owners": _listed(answer)}]

    whole = graph_target(reader, _OWNERS_OF_PRINCIPALS, "", "Application.Read.All")
    await asyncio.gather(*lists)
    for kind in ("applications", "serviceprincipals"):
        if trouble := reader.failures.get(("/", f"{PREFIX}{kind}")):
            reader.close_gap(whole, trouble, state_of(trouble))
            return
    own = {str(body.get("appId")).lower() for body in reader.sink.kept("/", "Microsoft.Graph/applications")}
    principals = [
        str(body["id"])
        for body in reader.sink.kept("/", "Microsoft.Graph/servicePrincipals")
        if str(body.get("appId")).lower() in own
    ]
    await read_each(reader, whole, {one: f"/servicePrincipals/{one}/owners?{_OF_OWNERS}" for one in principals}, bodies)


_OF_OWNERS = "$select=id,displayName,userPrincipalName,userType,accountEnabled,appId"


def _listed(answer: Json) -> list[Json]:
    owners = answer.get("value") if isinstance(answer, Mapping) else None
    return owners if isinstance(owners, list) else []


async def _read_of_applications(
    reader: Reader, lists: Sequence[asyncio.Task[ReadState]], whole: Target, path: str, bodies: BodiesOf
) -> None:
    """What is read of each application by a request of its own."""
    await asyncio.gather(*lists)
    if trouble := reader.failures.get(("/", f"{PREFIX}applications")):
        reader.close_gap(whole, trouble, state_of(trouble))
        return
    applications = [str(body["id"]) for body in reader.sink.kept("/", "Microsoft.Graph/applications")]
    await read_each(reader, whole, {app: f"/applications/{app}/{path}" for app in applications}, bodies)
