"""What each grant of permissions makes possible, judged by the resource and by the permission.

A fact of a delegated grant (`oauth2PermissionGrants`):

    {"client": "Contract Signer", "resource": "Microsoft Graph", "broad": ["Mail.Read (mail)"], "opens": ["mail"],
     "offline": true, "foreign": true, "verified": false}

A fact of an application permission (`appRoleAssignedTo`):

    {"client": "automation", "resource": "Microsoft Graph", "permission": "RoleManagement.ReadWrite.Directory",
     "reach": "administrator", "means": "assigns itself any role of the directory", "secrets": 1, "foreign": false}

`reach` is `administrator`, `data` or "". `secrets` counts the client's secrets, on the application and on the service
principal. `foreign` says that another organization owns the client. What a scope of an API of one's own opens is not
known here, and its name says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.directory.permissions import WHOLE_API, application_permission, delegated_scope
from auditor.facts.directory.principals import APPLICATION, ASSIGNED, GRANT, ORGANIZATION, PRINCIPAL, Principals
from auditor.facts.network.bodies import items, text, value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

_IMPERSONATION = "user_impersonation"


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each grant and assignment."""
    principals = Principals(inventory)
    gap = inventory.gap(PRINCIPAL, None)
    found: dict[str, Json | Unread] = {}
    for grant in inventory.of_type(GRANT):
        found[grant.key] = _delegated(grant, principals, gap)
    for assigned in inventory.of_type(ASSIGNED):
        found[assigned.key] = _held(assigned, principals, gap)
    return found


def _delegated(grant: Resource, principals: Principals, gap: Gap | None) -> Json:
    client = principals.principal(text(grant.body, "clientId"))
    resource = principals.principal(text(grant.body, "resourceId"))
    scopes = str(value(grant.body, "scope") or "").split()
    return {
        "client": client.display_name if client else str(value(grant.body, "clientId") or ""),
        "resource": resource.display_name if resource else "",
        "offline": any(scope.lower() == "offline_access" for scope in scopes),
        **_opened(scopes, resource, principals, gap),
        **_about(client, principals, gap),
    }


def _opened(scopes: list[str], resource: Resource | None, principals: Principals, gap: Gap | None) -> dict[str, Json]:
    application = text(resource.body, "appId") if resource else ""
    # Names of Graph are nobody else's, so a grant whose resource is not here is judged by them all the same.
    microsofts = resource is None or principals.is_microsofts(resource)
    opened: dict[str, str] = {}
    unsure = False
    for scope in scopes:
        if scope.lower() == _IMPERSONATION:
            opened |= {scope: WHOLE_API[application]} if application in WHOLE_API else {}
            unsure = unsure or (resource is None and gap is not None)
        elif microsofts and (what := delegated_scope(scope)):
            opened[scope] = what
    if unsure and not opened and gap:
        return {"broad": Unread(gap), "opens": Unread(gap)}
    return {
        "broad": [f"{scope} ({what})" for scope, what in opened.items()],
        "opens": sorted(set(opened.values())),
    }


def _held(assigned: Resource, principals: Principals, gap: Gap | None) -> Json:
    client = principals.principal(text(assigned.body, "principalId"))
    resource = principals.principal(text(assigned.body, "resourceId"))
    role = text(assigned.body, "appRoleId")
    name = _role_name(resource, role)
    own = resource is not None and not principals.is_microsofts(resource)
    permission = None if own else application_permission(role, name)
    application = principals.application_of(client) if client else None
    secrets = [one for holder in (client, application) if holder for one in items(holder.body, "passwordCredentials")]
    return {
        "client": client.display_name if client else str(value(assigned.body, "principalDisplayName") or ""),
        "resource": resource.display_name if resource else str(value(assigned.body, "resourceDisplayName") or ""),
        "permission": permission.name if permission else name,
        "reach": permission.reach.value if permission else "",
        "means": permission.means if permission else "",
        "secrets": len(secrets),
        **_about(client, principals, gap),
    }


def _role_name(resource: Resource | None, role: str) -> str:
    roles = items(resource.body, "appRoles") if resource else []
    return next((str(value(one, "value") or "") for one in roles if text(one, "id") == role), "")


def _about(client: Resource | None, principals: Principals, gap: Gap | None) -> dict[str, Json]:
    if client is None:
        missing: Json = Unread(gap) if gap else False
        return {"foreign": missing, "verified": missing, "microsofts": False}
    return {
        "foreign": principals.is_foreign(client),
        "verified": principals.is_verified(client),
        "microsofts": principals.is_microsofts(client),
    }


FAMILY = FactFamily(
    name="grant",
    types=frozenset((GRANT, ASSIGNED)),
    needs=frozenset((GRANT, ASSIGNED, PRINCIPAL, APPLICATION, ORGANIZATION)),
    compute=compute,
    needs_by_type={kind: frozenset((kind, PRINCIPAL, APPLICATION, ORGANIZATION)) for kind in (GRANT, ASSIGNED)},
)
