"""What Azure Resource Manager itself answers: subscriptions, tenants, groups, management groups, permissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tests.azure.loopback import versions
from tests.azure.loopback.paging import page
from tests.azure.loopback.wire import Reply, Request, error_reply, json_reply

if TYPE_CHECKING:
    from tests.azure.loopback.access import Principal
    from tests.azure.loopback.azure import LoopbackAzure

_GROUPS = "/providers/microsoft.management/managementgroups"
_PERMISSIONS = "/providers/microsoft.authorization/permissions"


def answer(azure: LoopbackAzure, request: Request, principal: Principal) -> Reply | None:
    """The answer to a GET of one of these; None for everything else."""
    parts = request.key.strip("/").split("/")
    kind, respond = _handler(request.key, parts)
    if respond is None:
        return None
    wrong = versions.refusal(kind, request.parameter("api-version"), given=frozenset())
    if wrong:
        return wrong
    if parts[0] == "subscriptions" and len(parts) > 1 and parts[1] not in azure.store.subscriptions:
        return subscription_not_found(parts[1])
    reply: Reply = respond(azure, request, principal, parts)
    return reply


def _handler(key: str, parts: list[str]) -> tuple[str, Any]:
    if key.endswith(_PERMISSIONS):
        return "Microsoft.Authorization/permissions", _permissions
    if key == _GROUPS or (key.startswith(_GROUPS + "/") and len(parts) == 4):
        return "Microsoft.Management/managementGroups", _management_groups
    if key.startswith(_GROUPS + "/") and parts[-1] == "descendants" and len(parts) == 5:
        return "Microsoft.Management/managementGroups/descendants", _descendants
    match parts:
        case ["tenants"]:
            return "Microsoft.Resources/tenants", _tenants
        case ["subscriptions"] | ["subscriptions", _]:
            return "Microsoft.Resources/subscriptions", _subscriptions
        case ["subscriptions", _, "resourcegroups"] | ["subscriptions", _, "resourcegroups", _]:
            return "Microsoft.Resources/subscriptions/resourceGroups", _resource_groups
        case ["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", _, "resources"]:
            return "Microsoft.Resources/resources", _resources
        case ["providers"]:
            return "Microsoft.Resources/providers", _tenant_providers
        case ["providers", "microsoft.subscription", "policies", "default"]:
            return "Microsoft.Subscription/policies", _subscription_policy
        case ["subscriptions", _, "providers"]:
            return "Microsoft.Resources/providers", _providers
    return "", None


def subscription_not_found(guid: str) -> Reply:
    """The 404 for a subscription that does not exist or is of another tenant."""
    return error_reply(404, "SubscriptionNotFound", f"The subscription '{guid}' could not be found.")


def _subscription(azure: LoopbackAzure, guid: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{guid}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": guid,
        "tenantId": azure.tenant,
        "displayName": azure.store.subscriptions[guid],
        "state": azure.subscription_states.get(guid, "Enabled"),
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _subscriptions(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    visible = [
        guid
        for guid in azure.store.subscriptions
        if azure.access.sees(principal.object_id, f"/subscriptions/{guid}") and guid not in azure.hidden_subscriptions
    ]
    if len(parts) == 2:
        found = parts[1] in visible
        return json_reply(200, _subscription(azure, parts[1])) if found else subscription_not_found(parts[1])
    return page(azure, request, [_subscription(azure, guid) for guid in visible], total=True)


def _tenants(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    del principal, parts
    tenant = {
        "id": f"/tenants/{azure.tenant}",
        "tenantId": azure.tenant,
        "countryCode": "NL",
        "displayName": "Loopback",
        "domains": ["loopback.example"],
        "tenantCategory": "Home",
        "defaultDomain": "loopback.example",
        "tenantType": "AAD",
    }
    return page(azure, request, [tenant])


def _resource_groups(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    action = "Microsoft.Resources/subscriptions/resourceGroups/read"
    scope = "/" + "/".join(parts[:4] if len(parts) == 4 else parts[:2])
    if len(parts) == 4:
        if not azure.access.allows(principal.object_id, action, scope):
            return forbidden(principal, action, request.path)
        body = azure.store.groups.get(scope)
        return json_reply(200, body) if body else group_not_found(parts[3])
    groups = azure.store.groups_of(parts[1])
    if not azure.access.allows(principal.object_id, action, scope):
        if not azure.access.has_narrower(principal.object_id, action, scope):
            return forbidden(principal, action, scope)
        groups = [g for g in groups if azure.access.allows(principal.object_id, action, g["id"].lower())]
    return page(azure, request, groups)


def _resources(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    """The generic list: no properties, and only what the identity may read."""
    wanted = _filtered_type(request.parameter("$filter"))
    prefix = "/" + "/".join(parts[:-1]) + "/"
    items = [
        {key: body[key] for key in _GENERIC if key in body}
        for body in azure.store.top_level.get(parts[1], ())
        if str(body["id"]).lower().startswith(prefix)
        and (not wanted or str(body["type"]).lower() == wanted)
        and azure.access.allows(principal.object_id, f"{body['type']}/read", str(body["id"]).lower())
    ]
    return page(azure, request, items)


_GENERIC = ("id", "name", "type", "kind", "location", "managedBy", "sku", "identity", "plan", "tags", "zones")


def _filtered_type(text: str | None) -> str:
    """Only `resourceType eq '...'` of what the filter can say."""
    head, found, value = (text or "").partition(" eq ")
    return value.strip("'").lower() if found and head.strip().lower() == "resourcetype" else ""


def _providers(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    del principal
    names = sorted({kind.partition("/")[0] for kind in azure.store.types if kind})
    items = [
        {
            "id": f"/subscriptions/{parts[1]}/providers/{name}",
            "namespace": name,
            "registrationState": "NotRegistered" if azure.is_unregistered(parts[1], name) else "Registered",
            "resourceTypes": [],
        }
        for name in names
    ]
    return page(azure, request, items)


def _tenant_providers(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    """https://learn.microsoft.com/rest/api/resources/providers/list-at-tenant-scope, aliases where asked for."""
    del principal, parts
    wanted = request.parameter("$expand") == "resourceTypes/aliases"
    items = []
    for name, aliases in sorted(azure.aliases.items()):
        kinds: dict[str, list[dict[str, Any]]] = {}
        for alias, path in aliases.items():
            listed = {"name": alias, "paths": [{"path": path, "apiVersions": ["2024-01-01"]}], "defaultPath": path}
            kinds.setdefault(alias.rpartition("/")[0].partition("/")[2], []).append(listed)
        types = [{"resourceType": kind, **({"aliases": found} if wanted else {})} for kind, found in kinds.items()]
        items.append({"id": f"/providers/{name}", "namespace": name, "resourceTypes": types})
    return page(azure, request, items)


def _subscription_policy(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    """https://learn.microsoft.com/rest/api/subscription/subscription-policy/get-policy-for-tenant."""
    del request, principal, parts
    if azure.subscription_policy is None:
        return error_reply(404, "NotFound", "The tenant has no policy for subscriptions.")
    identifier = "providers/Microsoft.Subscription/policies/default"  # without a slash, as the service writes it
    return json_reply(
        200,
        {
            "id": identifier,
            "name": "default",
            "type": "providers/Microsoft.Subscription/policies",
            "properties": dict(azure.subscription_policy),
        },
    )


def _permissions(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    del parts
    scope = request.key.removesuffix(_PERMISSIONS) or "/"
    return page(azure, request, azure.access.permissions(principal.object_id, scope))


def _management_groups(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    if len(parts) == 4:
        name = next((n for n in azure.management_groups if n.lower() == parts[3]), None)
        if name is None:
            return _no_management_group(principal, parts[3], "read")
        return json_reply(200, _management_group(azure, name))
    return page(azure, request, [_management_group(azure, name) for name in azure.management_groups])


def _management_group(azure: LoopbackAzure, name: str) -> dict[str, Any]:
    return {
        "id": f"/providers/Microsoft.Management/managementGroups/{name}",
        "type": "Microsoft.Management/managementGroups",
        "name": name,
        "properties": {"tenantId": azure.tenant, "displayName": f"Group {name}"},
    }


def _descendants(azure: LoopbackAzure, request: Request, principal: Principal, parts: list[str]) -> Reply:
    """https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants."""
    name = next((n for n in azure.management_groups if n.lower() == parts[3]), None)
    action = "Microsoft.Management/managementGroups/descendants/read"
    scope = f"{_GROUPS}/{parts[3]}"
    if name is None or not azure.access.allows(principal.object_id, action, scope):
        return _no_management_group(principal, parts[3], "descendants/read")
    return page(azure, request, list(_below(azure, name)))


def _below(azure: LoopbackAzure, name: str) -> Iterator[Mapping[str, Any]]:
    parent = {"id": f"/providers/Microsoft.Management/managementGroups/{name}"}
    for member in azure.management_groups[name]:
        if member in azure.management_groups:
            yield {**_management_group(azure, member), "properties": {"displayName": member, "parent": parent}}
            yield from _below(azure, member)
        else:
            yield {
                "id": f"/subscriptions/{member}",
                "type": "/subscriptions",
                "name": member,
                "properties": {"displayName": azure.store.subscriptions.get(member.lower()), "parent": parent},
            }


def descendant_subscriptions(azure: LoopbackAzure, name: str) -> list[str]:
    """GUIDs of all subscriptions below a management group, without case."""
    found = next((n for n in azure.management_groups if n.lower() == name.lower()), None)
    return [str(m["name"]) for m in _below(azure, found) if m["type"] == "/subscriptions"] if found else []


def _no_management_group(principal: Principal, name: str, verb: str) -> Reply:
    """A group that does not exist and one that may not be read are answered alike."""
    return forbidden(principal, f"Microsoft.Management/managementGroups/{verb}", f"{_GROUPS}/{name}")


def group_not_found(name: str) -> Reply:
    """The 404 for a resource group."""
    return error_reply(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def forbidden(principal: Principal, action: str, scope: str) -> Reply:
    """The 403 of Azure RBAC.

    https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
    """
    words = (
        f"The client '{principal.name}' with object id '{principal.object_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials."
    )
    return error_reply(403, "AuthorizationFailed", words)
