"""Azure Resource Manager: any object by its id, any list it belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.azure.loopback import ids, resource_graph, scopes, versions
from tests.azure.loopback.paging import page
from tests.azure.loopback.wire import Reply, Request, error_reply, json_reply

if TYPE_CHECKING:
    from tests.azure.loopback.access import Principal
    from tests.azure.loopback.azure import LoopbackAzure

RESOURCE_GRAPH = "/providers/microsoft.resourcegraph/resources"
_SITE = (
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.web/(?:sites|staticsites)/[^/]+(?:/slots/[^/]+)?"
)
_READ_POSTS = (
    RESOURCE_GRAPH.replace(".", r"\."),
    _SITE + r"/config/(?:appsettings|connectionstrings|authsettings|authsettingsv2|azurestorageaccounts|metadata)/list",
    _SITE + r"/listappsettings",
    r".*/providers/microsoft\.policyinsights/policystates/[^/]+/(?:summarize|queryresults)",
)
_READ_POST = re.compile("|".join(f"(?:{pattern})" for pattern in _READ_POSTS))


def is_write(request: Request) -> bool:
    """Whether a request to Azure Resource Manager is anything but a read."""
    if request.method in ("GET", "HEAD"):
        return False
    return request.method != "POST" or not _READ_POST.fullmatch(request.key)


def answer(azure: LoopbackAzure, request: Request, principal: Principal) -> Reply:
    """Answer one request whose token is good."""
    if is_write(request):
        # Accepted, as the real service would accept it from an owner: a test then finds it among the recorded writes.
        return json_reply(202 if request.method == "DELETE" else 200, {})
    if request.key == RESOURCE_GRAPH:
        return resource_graph.answer(azure, request, principal)
    if request.method == "GET" and (reply := scopes.answer(azure, request, principal)):
        return reply
    return _provider(azure, request, principal)


def _provider(azure: LoopbackAzure, request: Request, principal: Principal) -> Reply:
    action_name = ""
    key = request.key
    if request.method == "POST":
        key, _, action_name = key.rpartition("/")
    if "/providers/" not in key:
        words = f"The requested path '{request.path}' names no resource."
        return error_reply(404, "InvalidResourceType" if key else "NotFound", words)
    segments = _written(request, action_name).rpartition("/providers/")[2].split("/")
    kind = "/".join([segments[0], *segments[1::2]])
    is_list = len(segments) % 2 == 0
    subscription = ids.subscription_of(key)
    wrong = versions.refusal(kind, request.parameter("api-version"), given=azure.store.types)
    if wrong:
        return wrong
    if subscription and subscription not in azure.store.subscriptions:
        return scopes.subscription_not_found(subscription)
    if subscription and azure.is_unregistered(subscription, segments[0]):
        words = (
            f"The subscription is not registered to use namespace '{segments[0]}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions."
        )
        return error_reply(409, "MissingSubscriptionRegistration", words)
    if action_name:
        return _post(azure, request, principal, kind, key, action_name)
    return (_list if is_list else _object)(azure, request, principal, kind, key)


def _written(request: Request, action_name: str) -> str:
    path = request.path.rstrip("/")
    path = path[: -len(action_name) - 1] if action_name else path
    # Only the word `providers` is compared without case; types keep the case they were asked in.
    return re.sub(r"(?i)/providers/", "/providers/", path)


def _object(azure: LoopbackAzure, request: Request, principal: Principal, kind: str, key: str) -> Reply:
    action = f"{kind}/read"
    if not azure.access.allows(principal.object_id, action, key):
        return scopes.forbidden(principal, action, request.path.rstrip("/"))
    body = azure.store.by_id.get(key)
    return json_reply(200, body) if body is not None else not_found(azure, request.path.rstrip("/"), kind)


def _list(azure: LoopbackAzure, request: Request, principal: Principal, kind: str, key: str) -> Reply:
    action = f"{kind}/read"
    scope = _scope_of_list(key)
    oid = principal.object_id
    items = azure.store.lists.get(key, [])
    if azure.access.allows(oid, action, scope):
        if not items and not azure.store.exists(scope):
            return _parent_not_found(scope, kind)
        if not azure.access.denials:
            return page(azure, request, items, cache_key=key)
    elif not azure.access.has_narrower(oid, action, scope):
        return scopes.forbidden(principal, action, _as_written(azure, scope))
    return page(azure, request, [i for i in items if azure.access.allows(oid, action, str(i["id"]).lower())])


def _scope_of_list(key: str) -> str:
    """What a list is authorised on: the parent object, the resource group or the subscription."""
    head, _, tail = key.rpartition("/providers/")
    return head if tail.count("/") == 1 else key.rpartition("/")[0]


def _as_written(azure: LoopbackAzure, scope: str) -> str:
    found = azure.store.by_id.get(scope) or azure.store.groups.get(scope)
    return str(found["id"]) if found else scope


def _parent_not_found(scope: str, kind: str) -> Reply:
    parts = scope.strip("/").split("/")
    if len(parts) == 4 and parts[2] == "resourcegroups":
        return scopes.group_not_found(parts[3])
    words = (
        f"Failed to perform 'read' on resource(s) of type '{kind.partition('/')[2]}', because the parent resource "
        f"'{scope}' could not be found."
    )
    return error_reply(404, "ParentResourceNotFound", words)


_NOT_FOUND = {
    "microsoft.storage/storageaccounts/managementpolicies": "ManagementPolicyNotFound",
}
"""Types whose provider answers with a code of its own."""


def not_found(azure: LoopbackAzure, path: str, kind: str) -> Reply:
    """The 404 for an object."""
    group = ids.group_of(path)
    name = path.rpartition("/")[2]
    if group and group not in azure.store.groups:
        return scopes.group_not_found(path.strip("/").split("/")[3])
    if code := _NOT_FOUND.get(kind.lower()):
        return error_reply(404, code, f"No {kind.rpartition('/')[2]} found for account {path.split('/')[-3]}")
    words = (
        f"The Resource '{kind}/{name}' under resource group '{group.rpartition('/')[2]}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return error_reply(404, "ResourceNotFound", words)


def _post(azure: LoopbackAzure, request: Request, principal: Principal, kind: str, key: str, name: str) -> Reply:
    """POSTs that read: settings of an app, and summaries of policy states."""
    written = request.path.rstrip("/").rpartition("/")[2]
    # Summaries of policy states are a read:
    # https://learn.microsoft.com/azure/role-based-access-control/permissions/management-and-governance
    action = f"{kind}/{written}/{'read' if '/policystates/' in request.key else 'action'}"
    if not azure.access.allows(principal.object_id, action, key):
        return scopes.forbidden(principal, action, request.path.rstrip("/").rpartition("/")[0])
    given = azure.actions.get(request.key)
    if given is not None:
        return json_reply(200, given)
    if "/policystates/" in request.key:
        return json_reply(200, _no_policy_states(request, name))
    body = azure.store.by_id.get(key)
    if body is not None:
        return json_reply(200, body)
    site = key.partition("/config/")[0]
    if not azure.store.exists(site):
        return not_found(azure, request.path.partition("/config/")[0], kind.rpartition("/")[0])
    return json_reply(200, {"id": _own_id(request), "name": key.rpartition("/")[2], "type": kind, "properties": {}})


def _own_id(request: Request) -> str:
    return request.path.rstrip("/").rpartition("/")[0]


def _no_policy_states(request: Request, name: str) -> dict[str, Any]:
    """https://learn.microsoft.com/rest/api/policyinsights/policy-states/summarize-for-subscription."""
    context = f"{request.base}{request.path.rpartition('/')[0]}/$metadata#{name}/$entity"
    empty = {"queryResultsUri": "", "nonCompliantResources": 0, "nonCompliantPolicies": 0, "resourceDetails": []}
    value = [{"@odata.id": None, "results": empty, "policyAssignments": []}] if name == "summarize" else []
    return {"@odata.context": context, "@odata.count": len(value), "value": value}
