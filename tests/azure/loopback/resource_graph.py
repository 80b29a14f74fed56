"""Azure Resource Graph: `POST /providers/Microsoft.ResourceGraph/resources`.

https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.azure.loopback import ids, kql, table_rows, versions
from tests.azure.loopback.paging import read_token, write_token
from tests.azure.loopback.wire import Reply, Request, json_reply

if TYPE_CHECKING:
    from tests.azure.loopback.access import Principal
    from tests.azure.loopback.azure import LoopbackAzure

_MOST_ROWS = 1000
_MOST_BYTES = 16 * 1024 * 1024
_TEXT_COLUMNS = ("id", "name", "type", "kind", "location", "managedBy")
_DYNAMIC_COLUMNS = ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation")

# https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources
_TABLES = {
    "microsoft.resources/subscriptions": "resourcecontainers",
    "microsoft.resources/subscriptions/resourcegroups": "resourcecontainers",
    "microsoft.management/managementgroups": "resourcecontainers",
    "microsoft.authorization/roleassignments": "authorizationresources",
    "microsoft.authorization/roledefinitions": "authorizationresources",
    "microsoft.authorization/policyassignments": "policyresources",
    "microsoft.authorization/policyexemptions": "policyresources",
    "microsoft.authorization/policydefinitions": "policyresources",
    "microsoft.authorization/policysetdefinitions": "policyresources",
    "microsoft.policyinsights/policystates": "policyresources",
    "microsoft.web/sites/config": "appserviceresources",
    "microsoft.web/sites/slots/config": "appserviceresources",
    "microsoft.network/firewallpolicies/rulecollectiongroups": "networkresources",
    "microsoft.network/effectivesecurityadminrules": "networkresources",
    "microsoft.network/networkgroupmemberships": "networkresources",
    "microsoft.network/effectiveconnectivityconfigurations": "networkresources",
    "microsoft.compute/virtualmachinescalesets/virtualmachines": "computeresources",
    "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems": "recoveryservicesresources",
}
_TABLE_PREFIXES = (
    ("microsoft.security/", "securityresources"),
    ("microsoft.network/networkmanagers/", "networkresources"),
    ("microsoft.network/networksecurityperimeters/", "networkresources"),
    ("microsoft.network/privatednszones/", "dnsresources"),
    ("microsoft.network/dnszones/", "dnsresources"),
)
# Children that the table `resources` holds; all other children are missing from Resource Graph.
_LISTED_CHILDREN = frozenset(
    {
        "microsoft.network/privatednszones/virtualnetworklinks",
        "microsoft.network/networkwatchers/flowlogs",
        "microsoft.network/networkwatchers/connectionmonitors",
        "microsoft.network/dnsresolvers/inboundendpoints",
        "microsoft.app/managedenvironments/certificates",
        "microsoft.servicenetworking/trafficcontrollers/securitypolicies",
        "microsoft.sql/servers/databases",
        "microsoft.sql/servers/elasticpools",
        "microsoft.web/sites/slots",
        "microsoft.compute/virtualmachines/extensions",
        "microsoft.compute/virtualmachines/runcommands",
        "microsoft.cdn/profiles/endpoints",
        "microsoft.cdn/profiles/afdendpoints",
        "microsoft.apimanagement/service/gateways",
        "microsoft.automation/automationaccounts/runbooks",
        "microsoft.cognitiveservices/accounts/projects",
        "microsoft.machinelearningservices/workspaces/onlineendpoints",
        "microsoft.healthcareapis/workspaces/dicomservices",
        "microsoft.healthcareapis/workspaces/fhirservices",
        "microsoft.netapp/netappaccounts/capacitypools/volumes",
    }
)
TABLES = (
    frozenset(_TABLES.values())
    | {table for _, table in _TABLE_PREFIXES}
    | {"resources", "advisorresources", "resourcechanges", "resourcecontainerchanges"}
)


def table_of(resource_type: str) -> str:
    """The table that holds a type; "" for what Resource Graph does not have."""
    lowered = resource_type.lower()
    if lowered in _LISTED_CHILDREN:
        return "resources"
    if found := _TABLES.get(lowered):
        return found
    for prefix, table in _TABLE_PREFIXES:
        if lowered.startswith(prefix):
            return table
    return "resources" if lowered.count("/") == 1 and not lowered.startswith("microsoft.authorization/") else ""


def answer(azure: LoopbackAzure, request: Request, principal: Principal) -> Reply:
    """Answer one query."""
    wrong = versions.refusal("Microsoft.ResourceGraph/resources", request.parameter("api-version"), given=frozenset())
    if wrong:
        return wrong
    body = request.json()
    if not isinstance(body, Mapping) or not isinstance(body.get("query"), str):
        return _invalid("InvalidQuery", "Query is missing.")
    try:
        query = kql.parse(body["query"])
    except kql.QueryError as error:
        return _invalid("InvalidQuery", f"Query is invalid: {error}")
    if query.table not in TABLES:
        return _invalid("DisallowedLogicalTableName", f"Table {query.table} was not found.")
    options = body.get("options") or {}
    start = read_token(options.get("$skipToken"))
    if start is None:
        return _invalid("InvalidSkipToken", "Skip token is invalid.")
    scope = _scope(azure, body, principal)
    if not scope:
        return _no_access()
    rows = _cached_rows(azure, query, body["query"], scope, str(options.get("authorizationScopeFilter", "")), principal)
    return _page(rows, query, start, min(int(options.get("$top", _MOST_ROWS)), _MOST_ROWS), len(scope))


def _cached_rows(
    azure: LoopbackAzure, query: kql.Query, text: str, scope: frozenset[str], above: str, principal: Principal
) -> list[kql.Row]:
    key = (text, scope, above, principal.object_id)
    found = azure.query_cache.get(key)
    if found is None:
        everything = _rows(azure, query.table, scope, above, principal)
        found = azure.query_cache[key] = query.run(everything)
    return found


def _scope(azure: LoopbackAzure, body: Mapping[str, Any], principal: Principal) -> frozenset[str]:
    """Subscriptions that are asked for and where the identity can read anything."""
    from tests.azure.loopback.scopes import descendant_subscriptions

    asked: set[str] | None = None
    if groups := body.get("managementGroups"):
        asked = {guid.lower() for group in groups for guid in descendant_subscriptions(azure, group)}
    elif subscriptions := body.get("subscriptions"):
        asked = {guid.lower() for guid in subscriptions}
    return frozenset(
        guid
        for guid in azure.store.subscriptions
        if (asked is None or guid in asked)
        and azure.access.sees(principal.object_id, f"/subscriptions/{guid}")
        and not azure.is_closed(guid, principal.object_id)
    )


def _rows(azure: LoopbackAzure, table: str, scope: frozenset[str], above: str, principal: Principal) -> list[kql.Row]:
    oid = principal.object_id
    wide = "above" in above.lower()
    rows = []
    for kind, bodies in _of_table(azure, table):
        action = f"{kind}/read"
        for body in bodies:
            key = str(body["id"]).lower()
            subscription = ids.subscription_of(key)
            inside = subscription in scope if subscription else wide
            if inside and azure.access.allows(oid, action, key):
                rows.append(_row(azure, body, kind, subscription))
    return rows


def _of_table(azure: LoopbackAzure, table: str) -> Iterator[tuple[str, list[Any]]]:
    if table in ("resourcechanges", "resourcecontainerchanges"):
        of_containers = table == "resourcecontainerchanges"
        told = [one for one in azure.changes if _is_of_container(one) is of_containers]
        yield "microsoft.resources/changes", told
    for kind, bodies in azure.store.by_type.items():
        if table_of(kind) == table:
            yield kind, bodies
    if table == "resourcecontainers":
        yield "microsoft.resources/subscriptions/resourcegroups", list(azure.store.groups.values())


def _is_of_container(record: Mapping[str, Any]) -> bool:
    return str(record["properties"]["targetResourceType"]).lower().startswith("microsoft.resources/subscriptions")


def _row(azure: LoopbackAzure, body: Mapping[str, Any], kind: str, subscription: str) -> kql.Row:
    """A body as a row: type in lower case, text columns empty and others null where the body has none."""
    row: kql.Row = {name: body.get(name) or "" for name in _TEXT_COLUMNS}
    row.update({name: body.get(name) for name in _DYNAMIC_COLUMNS})
    row["properties"] = table_rows.properties_of(kind, row["properties"])
    row["type"] = kind
    row["tenantId"] = azure.tenant
    row["subscriptionId"] = subscription
    row["resourceGroup"] = ids.group_of(str(body["id"])).rpartition("/")[2]
    return row


def _page(rows: list[kql.Row], query: kql.Query, start: int, size: int, subscriptions: int) -> Reply:
    chunk = rows[start : start + size]
    more = start + size < len(rows)
    # Without an id in the result Resource Graph cannot page and cuts the result.
    can_page = not query.limited and (not query.projected or "id" in query.projected)
    body: dict[str, Any] = {
        "totalRecords": len(rows),
        "count": len(chunk),
        "data": chunk,
        "facets": [],
        "resultTruncated": "true" if more and not can_page else "false",
    }
    if more and can_page:
        body["$skipToken"] = write_token(start + size)
    reply = json_reply(200, body)
    if len(reply.body) > _MOST_BYTES:
        words = "Response payload size is larger than the maximum. Please use $top or project to make it smaller."
        return _invalid("ResponsePayloadTooLarge", words)
    reply.headers["x-ms-tenant-subscription-limit-hit"] = "true" if subscriptions > 10_000 else "false"
    return reply


def _invalid(code: str, message: str) -> Reply:
    return _error(400, "BadRequest", code, message)


def _no_access() -> Reply:
    words = "The provided authorization token is not authorized to access any of the requested subscriptions."
    return _error(403, "Forbidden", "AccessDenied", words)


def _error(status: int, code: str, inner: str, message: str) -> Reply:
    """Resource Graph's errors say the cause in `details` only."""
    return json_reply(
        status,
        {
            "error": {
                "code": code,
                "message": "Please provide below info when asking for support: timestamp = "
                f"{datetime.now(UTC).isoformat()}, correlationId = 00000000-0000-4000-8000-000000000000.",
                "details": [{"code": inner, "message": message}],
            }
        },
    )


def throttled(resets_after_s: float) -> Reply:
    """The 429 of the query quota.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
    """
    words = (
        "Client application has been throttled and should not attempt to repeat the request until an amount of time has"
        " elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
    )
    reply = _error(429, "RateLimiting", "RateLimiting", words)
    reply.headers["Retry-After"] = str(max(1, math.ceil(resets_after_s)))
    return reply
