"""Microsoft Graph v1.0: collections and objects, `$select`, `$top`, paging, `$batch`, permissions.

https://learn.microsoft.com/graph/paging, https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from tests.azure.loopback.paging import read_token, write_token
from tests.azure.loopback.wire import Reply, Request, json_reply

if TYPE_CHECKING:
    from tests.azure.loopback.access import Principal
    from tests.azure.loopback.azure import LoopbackAzure

_MOST_IN_BATCH = 20
_MOST_IN_FILTER = 15
_LARGEST_PAGE = 999
_PAGE = 100

# Any one of these lets a path be read; the reference page of each method lists them.
_PERMISSIONS = (
    ("applications", ("Application.Read.All", "Directory.Read.All")),
    ("serviceprincipals", ("Application.Read.All", "Directory.Read.All")),
    ("oauth2permissiongrants", ("Directory.Read.All", "DelegatedPermissionGrant.Read.All")),
    ("identity/conditionalaccess", ("Policy.Read.All", "Policy.Read.ConditionalAccess")),
    ("policies", ("Policy.Read.All",)),
    (
        "rolemanagement/directory/roleeligibilityschedules",
        ("RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"),
    ),
    ("identitygovernance/privilegedaccess/group", ("PrivilegedEligibilitySchedule.Read.AzureADGroup",)),
    ("rolemanagement", ("RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All")),
    ("directoryroles", ("RoleManagement.Read.Directory", "Directory.Read.All")),
    ("groups", ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")),
    ("users", ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")),
    ("organization", ("Organization.Read.All", "Directory.Read.All")),
    ("directoryobjects", ("Directory.Read.All",)),
)
_COSTS = {"applications": 2, "oauth2permissiongrants": 2, "serviceprincipals": 1, "groups": 1}
"""Resource units (https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits)."""

Json = Any


def is_write(request: Request) -> bool:
    """Whether a request is anything but a read; a batch is one when any part of it is."""
    if request.method in ("GET", "HEAD"):
        return False
    path = _path(request)
    if request.method == "POST" and path == "$batch":
        body = request.json()
        parts = body.get("requests", ()) if isinstance(body, Mapping) else ()
        return any(str(part.get("method")).upper() != "GET" for part in parts)
    return not (request.method == "POST" and path == "directoryobjects/getbyids")


def answer(azure: LoopbackAzure, request: Request, principal: Principal) -> Reply:
    """Answer one request whose token is good."""
    path = _path(request)
    if is_write(request):
        return json_reply(201 if request.method == "POST" else 204, {})
    if path == "$batch":
        return _batch(azure, request, principal)
    if refused := _refusal(azure, path, principal):
        return refused
    if path == "directoryobjects/getbyids":
        return _by_ids(azure, request)
    reply = _read(azure, request, path)
    reply.headers["x-ms-resource-unit"] = str(_COSTS.get(path.partition("/")[0], 1))
    return reply


def _path(request: Request) -> str:
    return request.key.strip("/").partition("/")[2]


def _refusal(azure: LoopbackAzure, path: str, principal: Principal) -> Reply | None:
    wanted = next((names for prefix, names in _PERMISSIONS if path.startswith(prefix)), ("Directory.Read.All",))
    denied = any(path.startswith(prefix.lower()) for prefix in azure.graph_denials)
    if not denied and set(wanted) & set(principal.graph_roles):
        return None
    if path.startswith(("identity/", "policies")):
        words = "You cannot perform the requested operation, required scopes are missing in the token."
        return error(403, "AccessDenied", words)
    return error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def error(status: int, code: str, message: str) -> Reply:
    """An error in Microsoft Graph's shape (https://learn.microsoft.com/graph/errors)."""
    trace = str(uuid.uuid4())
    inner = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "request-id": trace,
        "client-request-id": trace,
    }
    return json_reply(status, {"error": {"code": code, "message": message, "innerError": inner}})


def _read(azure: LoopbackAzure, request: Request, path: str) -> Reply:
    given = azure.graph_paths.get(path)
    if isinstance(given, Mapping):
        return json_reply(200, _selected(given, request))
    if isinstance(given, Sequence):
        return _collection(azure, request, path, given)
    found = _object(azure, path)
    if found is not None:
        return json_reply(200, _selected(found, request))
    owner, _, last = path.rpartition("/")
    if owner and not _looks_like_id(last) and (_object(azure, owner) is not None or owner in azure.graph_paths):
        return _collection(azure, request, path, ())
    if path in _KNOWN_COLLECTIONS:
        return _collection(azure, request, path, ())
    words = f"Resource '{last}' does not exist or one of its queried reference-property objects are not present."
    return error(404, "Request_ResourceNotFound", words)


_KNOWN_COLLECTIONS = frozenset(
    {
        "applications",
        "serviceprincipals",
        "oauth2permissiongrants",
        "groups",
        "users",
        "organization",
        "directoryroles",
        "identity/conditionalaccess/policies",
        "identity/conditionalaccess/namedlocations",
        "groupsettings",
        "policies/tokenlifetimepolicies",
        "rolemanagement/directory/roleassignments",
        "rolemanagement/directory/roledefinitions",
        "rolemanagement/directory/roleeligibilityschedules",
        "rolemanagement/directory/roleeligibilityscheduleinstances",
        "rolemanagement/directory/roleassignmentscheduleinstances",
    }
)
_BY_KEY = re.compile(r"(?P<owner>[\w/]+)\((?P<name>\w+)='(?P<value>[^']*)'\)")


def _looks_like_id(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _object(azure: LoopbackAzure, path: str) -> Mapping[str, Json] | None:
    if match := _BY_KEY.fullmatch(path):
        owner, name, value = match.group("owner", "name", "value")
    else:
        owner, _, value = path.rpartition("/")
        name = "id"
    items = azure.graph_paths.get(owner)
    if not isinstance(items, Sequence):
        return None
    return next((item for item in items if _property(item, name).lower() == value), None)


def _property(item: Mapping[str, Json], name: str) -> str:
    return str(next((value for key, value in item.items() if key.lower() == name.lower()), ""))


def _collection(azure: LoopbackAzure, request: Request, path: str, items: Sequence[Mapping[str, Json]]) -> Reply:
    start = read_token(request.parameter("$skiptoken"))
    if start is None:
        return error(400, "Request_BadRequest", "The skip token is not valid.")
    top = request.parameter("$top")
    if top and not 1 <= int(top) <= _LARGEST_PAGE:
        words = f"Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
        return error(400, "Request_UnsupportedQuery", words)
    chosen = _filtered(items, request.parameter("$filter"))
    size = min(int(top or _PAGE), azure.graph_page_size)
    body: dict[str, Json] = {
        "@odata.context": f"{request.base}/v1.0/$metadata#{path}",
        "value": [_selected(item, request) for item in chosen[start : start + size]],
    }
    if (request.parameter("$count") or "").lower() == "true":
        body["@odata.count"] = len(chosen)
    if start + size < len(chosen):
        body["@odata.nextLink"] = _next_link(request, start + size)
    return json_reply(200, body)


def _next_link(request: Request, offset: int) -> str:
    kept = "".join(f"{k}={quote(v, safe=',')}&" for k, v in request.query.items() if k.lower() != "$skiptoken")
    return f"{request.base}{request.path}?{kept}$skiptoken={write_token(offset)}"


def _filtered(items: Sequence[Mapping[str, Json]], text: str | None) -> Sequence[Mapping[str, Json]]:
    """`name eq 'value'`, several joined by `or`, and `name in ('a','b')`; others are taken and not applied."""
    if not text:
        return items
    if listed := re.fullmatch(r"(\w+) in \(([^)]*)\)", text.strip()):
        values = re.findall(r"'([^']*)'", listed[2].lower())
        if len(values) > _MOST_IN_FILTER:
            return ()
        return [item for item in items if _property(item, listed[1]).lower() in values]
    pairs = re.findall(r"(\w+) eq '([^']*)'", text)
    if not pairs or re.sub(r"\w+ eq '[^']*'|\bor\b|[\s()]", "", text):
        return items
    return [item for item in items if any(_property(item, name).lower() == value.lower() for name, value in pairs)]


def _selected(item: Mapping[str, Json], request: Request) -> Mapping[str, Json]:
    names = request.parameter("$select")
    if not names:
        return item
    wanted = {name.strip().lower() for name in names.split(",")} | {"id"}
    return {name: value for name, value in item.items() if name.lower() in wanted or name.startswith("@odata")}


def _by_ids(azure: LoopbackAzure, request: Request) -> Reply:
    """https://learn.microsoft.com/graph/api/directoryobject-getbyids."""
    body = request.json()
    wanted = {str(name).lower() for name in (body or {}).get("ids", ())}
    if len(wanted) > 1000:
        return error(400, "Request_BadRequest", "Too many ids.")
    kinds = {"serviceprincipals": "servicePrincipal", "users": "user", "groups": "group", "applications": "application"}
    found = [
        {"@odata.type": f"#microsoft.graph.{kind}", **item}
        for path, kind in kinds.items()
        for item in azure.graph_paths.get(path, ())
        if str(item.get("id", "")).lower() in wanted
    ]
    return json_reply(200, {"@odata.context": f"{request.base}/v1.0/$metadata#directoryObjects", "value": found})


def _batch(azure: LoopbackAzure, request: Request, principal: Principal) -> Reply:
    body = request.json()
    parts = body.get("requests") if isinstance(body, Mapping) else None
    if not isinstance(parts, list) or not parts:
        return error(400, "BadRequest", "Invalid batch payload format.")
    if len(parts) > _MOST_IN_BATCH:
        return error(400, "BadRequest", f"Number of batch request steps exceeds the maximum value of {_MOST_IN_BATCH}.")
    return json_reply(200, {"responses": [_part(azure, request, principal, part) for part in parts]})


def _part(azure: LoopbackAzure, request: Request, principal: Principal, part: Mapping[str, Json]) -> dict[str, Json]:
    url = urlsplit(str(part["url"]))
    inner = Request(
        method=str(part["method"]).upper(),
        path="/v1.0/" + url.path.lstrip("/"),
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers=request.headers,
        base=request.base,
    )
    reply = azure.inner_reply(inner, lambda: answer(azure, inner, principal))
    headers = {"Content-Type": "application/json", **reply.headers}
    return {"id": str(part["id"]), "status": reply.status, "headers": headers, "body": _json(reply)}


def _json(reply: Reply) -> Json:
    import orjson

    return orjson.loads(reply.body) if reply.body else None
