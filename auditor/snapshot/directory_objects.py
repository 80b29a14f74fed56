"""Objects without a type of their own: those of Microsoft Graph and `az ad`, and subscriptions of `az account list`.

Microsoft Graph says what its objects are by `@odata.type`, or by `@odata.context` around a list
(https://learn.microsoft.com/graph/query-parameters and https://docs.oasis-open.org/odata/odata/v4.01/, "Context URL");
the Azure CLI takes both away, so that only properties are left that no other kind of object has
(https://learn.microsoft.com/graph/api/resources/application and its neighbours).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.inventory import ids
from auditor.inventory.model import Json

_PREFIX = "Microsoft.Graph/"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SECURITY_DEFAULTS = "00000000-0000-0000-0000-000000000005"
_APPLICATION_OF = re.compile(r"applications\('?([0-9a-fA-F-]{36})'?\)/federatedIdentityCredentials")
_KEYED = re.compile(r"\((?:[^()]|\([^()]*\))*\)")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of object."""

    name: str
    """Behind `Microsoft.Graph/`."""
    odata: tuple[str, ...]
    """Entity types, lower-cased, without `#microsoft.graph.`."""
    lists: tuple[str, ...]
    """Ends of the path in `@odata.context`, lower-cased."""
    shapes: tuple[frozenset[str], ...]
    """Sets of properties, lower-cased, each of which no other kind has together."""
    but: frozenset[str] = frozenset()
    """Properties that show another kind."""
    expected: tuple[str, ...] = ()
    """Properties that an answer has unless a `$select` left them out, or that come only where they are asked for."""


def _has(*names: str) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


_KINDS = (
    _Kind(
        "servicePrincipals",
        ("serviceprincipal",),
        ("serviceprincipals",),
        (_has("servicePrincipalType"), _has("servicePrincipalNames", "appId"), _has("appOwnerOrganizationId", "appId")),
        expected=(
            *("servicePrincipalType", "accountEnabled", "appOwnerOrganizationId", "appRoleAssignmentRequired"),
            *("passwordCredentials", "keyCredentials", "alternativeNames", "tags"),
        ),
    ),
    _Kind(
        "applications",
        ("application",),
        ("applications",),
        (_has("appId", "requiredResourceAccess"), _has("appId", "signInAudience", "identifierUris")),
        expected=(
            *("signInAudience", "identifierUris", "web", "spa", "publicClient", "isFallbackPublicClient"),
            *("requiredResourceAccess", "passwordCredentials", "keyCredentials"),
        ),
    ),
    _Kind("users", ("user",), ("users",), (_has("userPrincipalName"),), expected=("accountEnabled",)),
    _Kind("groups", ("group",), ("groups",), (_has("securityEnabled", "mailEnabled"),)),
    _Kind(
        "conditionalAccessPolicies",
        ("conditionalaccesspolicy",),
        ("conditionalaccess/policies", "conditionalaccesspolicies"),
        (_has("conditions", "grantControls", "state"),),
        expected=("state", "conditions", "grantControls"),
    ),
    _Kind(
        "namedLocations",
        ("namedlocation", "ipnamedlocation", "countrynamedlocation"),
        ("conditionalaccess/namedlocations", "namedlocations"),
        (_has("ipRanges", "isTrusted"), _has("countriesAndRegions", "includeUnknownCountriesAndRegions")),
    ),
    _Kind(
        "directoryRoleEligibilitySchedules",
        ("unifiedroleeligibilityschedule",),
        ("directory/roleeligibilityschedules", "roleeligibilityschedules"),
        (_has("principalId", "roleDefinitionId", "directoryScopeId", "scheduleInfo"),),
        expected=("principal",),
    ),
    _Kind(
        "directoryRoleAssignments",
        ("unifiedroleassignment",),
        ("directory/roleassignments", "roleassignments"),
        (_has("principalId", "roleDefinitionId", "directoryScopeId"),),
        but=_has("scheduleInfo", "assignmentType", "memberType", "action"),
        expected=("principal",),
    ),
    _Kind(
        "directoryRoleDefinitions",
        ("unifiedroledefinition",),
        ("directory/roledefinitions", "roledefinitions"),
        (_has("rolePermissions", "isBuiltIn"),),
    ),
    _Kind("directoryRoles", ("directoryrole",), ("directoryroles",), (_has("roleTemplateId", "displayName"),)),
    _Kind(
        "oauth2PermissionGrants",
        ("oauth2permissiongrant",),
        ("oauth2permissiongrants",),
        (_has("clientId", "consentType", "resourceId", "scope"),),
    ),
    _Kind(
        "appRoleAssignedTo",
        ("approleassignment",),
        ("approleassignedto", "approleassignments"),
        (_has("appRoleId", "principalId", "resourceId"),),
    ),
    _Kind(
        "applications/federatedIdentityCredentials",
        ("federatedidentitycredential",),
        ("federatedidentitycredentials",),
        (_has("issuer", "subject", "audiences"),),
    ),
    _Kind(
        "authenticationMethodsPolicy",
        ("authenticationmethodspolicy",),
        ("authenticationmethodspolicy",),
        (_has("authenticationMethodConfigurations"),),
    ),
    _Kind(
        "authorizationPolicy",
        ("authorizationpolicy",),
        ("authorizationpolicy",),
        (_has("defaultUserRolePermissions", "allowInvitesFrom"),),
    ),
    _Kind(
        "identitySecurityDefaultsEnforcementPolicy",
        ("identitysecuritydefaultsenforcementpolicy",),
        ("identitysecuritydefaultsenforcementpolicy",),
        (),
    ),
    _Kind("organization", ("organization",), ("organization",), (_has("verifiedDomains", "assignedPlans"),)),
    _Kind(
        "groupEligibilityScheduleInstances",
        ("privilegedaccessgroupeligibilityscheduleinstance",),
        ("group/eligibilityscheduleinstances", "eligibilityscheduleinstances"),
        (_has("accessId", "groupId", "principalId", "eligibilityScheduleId"),),
    ),
)
_BY_NAME = {f"{_PREFIX}{kind.name}".lower(): kind for kind in _KINDS}


def with_type(body: Mapping[str, Json], context: str) -> Mapping[str, Json] | None:
    """The body with its `type`, where it lacks one and is an object that is known; None where it cannot be told.

    `context` is the `@odata.context` of the answer that it stands in, "" where there is none.
    """
    if _has_type(body):
        return body
    identifier = str(body["id"])
    if identifier.lower().startswith("/tenants/"):
        return {**body, "type": "Microsoft.Resources/tenants"}
    if _is_subscription(body):
        return _subscription(body)
    own = body.get("@odata.context")
    context = own if isinstance(own, str) else context
    kind = _by_odata_type(body) or _by_context(context) or _by_shape(body)
    if kind is None:
        return None
    more = {}
    if (found := _APPLICATION_OF.search(context)) and "applicationObjectId" not in body:
        more = {"applicationObjectId": found[1]}
    return {**body, **more, "type": _PREFIX + kind}


def left_out(body: Mapping[str, Json]) -> list[str]:
    """Properties that rules may ask of a directory object, and that the answer which it came in does not have.

    Microsoft Graph writes a property that it has as null or empty; one that is missing was not selected.
    """
    kind = _BY_NAME.get(str(body.get("type")).lower())
    return [name for name in kind.expected if name not in body] if kind else []


def _has_type(body: Mapping[str, Json]) -> bool:
    own = body.get("type")
    return (isinstance(own, str) and "/" in own) or bool(ids.type_of_id(str(body["id"])))


def _is_subscription(body: Mapping[str, Json]) -> bool:
    """As `az account list` prints one: https://learn.microsoft.com/cli/azure/account#az-account-list."""
    return {"cloudName", "isDefault", "tenantId", "state"} <= body.keys() and bool(_GUID.fullmatch(str(body["id"])))


def _subscription(body: Mapping[str, Json]) -> dict[str, Json]:
    guid = str(body["id"])
    return {
        "id": f"/subscriptions/{guid}",
        "subscriptionId": guid,
        "displayName": body.get("name"),
        "state": body.get("state"),
        "tenantId": body.get("tenantId"),
        "type": ids.SUBSCRIPTION_TYPE,
    }


def _by_odata_type(body: Mapping[str, Json]) -> str | None:
    named = body.get("@odata.type")
    if not isinstance(named, str) or not named.lower().startswith("#microsoft.graph."):
        return None
    entity = named[len("#microsoft.graph.") :]
    return next((kind.name for kind in _KINDS if entity.lower() in kind.odata), entity)


def _by_context(context: str) -> str | None:
    """From `https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies(id,state)/$entity`."""
    _, found, path = context.partition("$metadata#")
    if not found:
        return None
    plain = _KEYED.sub("", path).removesuffix("/$entity").removesuffix("/$delta").lower()
    if plain.startswith("collection") and "microsoft.graph." in path.lower():
        entity = path.lower().partition("microsoft.graph.")[2].rstrip(")")
        return next((kind.name for kind in _KINDS if entity in kind.odata), None)
    ends = (kind.name for kind in _KINDS if any(plain == end or plain.endswith("/" + end) for end in kind.lists))
    return next(ends, None)


def _by_shape(body: Mapping[str, Json]) -> str | None:
    names = frozenset(name.lower() for name in body)
    if str(body["id"]) == _SECURITY_DEFAULTS and "isenabled" in names:
        return "identitySecurityDefaultsEnforcementPolicy"
    if "properties" in names:  # an object of Azure Resource Manager
        return None
    for kind in _KINDS:
        if not names & kind.but and any(shape <= names for shape in kind.shapes):
            return kind.name
    return None
