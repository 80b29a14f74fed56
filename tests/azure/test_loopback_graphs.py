"""The loopback Azure answers as Resource Graph and Microsoft Graph do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.azure.loopback import bodies as b
from tests.azure.loopback import bodies_network as n
from tests.azure.loopback import kql
from tests.azure.loopback.access import Principal
from tests.azure.loopback.asking import Answered, ask
from tests.azure.loopback.server import Endpoints
from tests.azure.loopback.throttle import Throttle

Start = Callable[..., Endpoints]
QUERY = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
ROWS = [
    {"id": "/a", "name": "a", "type": "t1", "properties": {"x": 1, "tags": ["p", "q"]}, "kind": ""},
    {"id": "/B", "name": "b", "type": "T2", "properties": {"x": 2}, "kind": "K"},
    {"id": "/c", "name": "c", "type": "t3", "properties": None, "kind": "k"},
]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("resources", ["a", "b", "c"]),
        ("resources | where type in~ ('t1', 'T3')", ["a", "c"]),
        ("resources | where type in ('t1', 't2')", ["a"]),
        ("resources | where type !in~ ('t1')", ["b", "c"]),
        ("resources | where type =~ 't2'", ["b"]),
        ("resources | where type == 't2'", []),
        ('resources | where kind =~ "K" and not(type =~ "t3")', ["b"]),
        ("resources | where type =~ 't1' or properties.x == 2", ["a", "b"]),
        ("resources | where properties.x > 1", ["b"]),
        ("resources | where properties.tags[1] == 'q'", ["a"]),
        ("resources | where properties['x'] == 1", ["a"]),
        ("resources | where isnotempty(kind) | order by id desc", ["c", "b"]),
        ("resources | where tolower(id) contains 'B'", ["b"]),
        ("resources | order by name asc | limit 2", ["a", "b"]),
        ("resources | where id startswith '/' | project name, id", ["a", "b", "c"]),
    ],
)
def test_queries_find_what_kusto_would_find(query: str, names: list[str]) -> None:
    rows = [row for row in ROWS if row["properties"] is not None or "properties" not in query]

    assert [row["name"] for row in kql.parse(query).run(rows)] == names


def test_hash_partitions_hold_every_row_once() -> None:
    parts = [kql.parse(f"resources | where hash(tolower(id)) % 3 == {k}").run(ROWS) for k in range(3)]
    other = [kql.parse(f"resources | where hash(tolower(id), 3) == {k}").run(ROWS) for k in range(3)]

    assert sorted(row["name"] for part in parts for row in part) == ["a", "b", "c"]
    assert parts == other


@pytest.mark.parametrize("query", ["resources | join x", "resources | where", "resources | where a ~ b", "| where"])
def test_queries_that_cannot_be_read_are_refused(query: str) -> None:
    with pytest.raises(kql.QueryError):
        kql.parse(query)


@pytest.fixture
def endpoints(start_azure: Start) -> Endpoints:
    account = b.storage_account("st1")
    bodies = [
        account,
        b.blob_service(account),
        *b.many(2500, b.managed_identity, prefix="id"),
        b.vault("kv1", subscription=b.OTHER_SUBSCRIPTION),
        n.network_security_group("nsg1"),
        b.role_assignment(account["id"], "p", "r", name="below"),
        b.role_assignment("/providers/Microsoft.Management/managementGroups/root", "p", "r", name="above"),
    ]
    return start_azure(
        bodies=bodies,
        management_groups={"root": [b.OTHER_SUBSCRIPTION]},
        graph={
            "applications": [
                {"id": f"{i:08d}-0000-4000-8000-000000000000", "appId": str(i), "tags": []} for i in range(250)
            ],
            "servicePrincipals": [{"id": "5b000000-0000-4000-8000-000000000000", "appId": "graph"}],
            "servicePrincipals/5b000000-0000-4000-8000-000000000000/appRoleAssignedTo": [{"id": "x"}],
        },
    )


def _query(endpoints: Endpoints, text: str, **more: Any) -> Answered:
    return ask(endpoints, QUERY, method="POST", body={"query": text, **more})


def test_pages_of_a_query_are_a_thousand_rows_each(endpoints: Endpoints) -> None:
    text = "resources | where type =~ 'microsoft.managedidentity/userassignedidentities' | project id | order by id asc"
    counts, token = [], None

    while token is not None or not counts:
        options = {"$skipToken": token} if token else {}
        answer = _query(endpoints, text, options=options).body
        counts.append(answer["count"])
        token = answer.get("$skipToken")

    assert counts == [1000, 1000, 500]
    assert answer["totalRecords"] == 2500


def test_rows_have_every_column_and_types_in_lower_case(endpoints: Endpoints) -> None:
    (row,) = _query(endpoints, "Resources | where type =~ 'Microsoft.Storage/storageAccounts'").body["data"]

    assert row["type"] == "microsoft.storage/storageaccounts"
    assert row["resourceGroup"] == "rg-app"
    assert row["managedBy"] == ""
    assert row["plan"] is None


def test_children_that_resource_graph_lacks_are_not_found(endpoints: Endpoints) -> None:
    assert _query(endpoints, "resources | where type contains 'blobservices'").body["data"] == []


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ({}, ["kv1", "st1"]),
        ({"subscriptions": [b.SUBSCRIPTION]}, ["st1"]),
        ({"managementGroups": ["ROOT"]}, ["kv1"]),
    ],
)
def test_a_query_covers_its_scope(endpoints: Endpoints, scope: dict[str, Any], names: list[str]) -> None:
    text = "resources | where type in~ ('microsoft.keyvault/vaults', 'microsoft.storage/storageaccounts')"

    answer = _query(endpoints, text, **scope)

    assert sorted(row["name"] for row in answer.body["data"]) == names


def test_what_may_not_be_read_is_silently_missing_until_nothing_is_left(endpoints: Endpoints) -> None:
    endpoints.azure.deny(f"/subscriptions/{b.SUBSCRIPTION}")
    text = "resources | where type !contains 'identities'"

    assert [row["name"] for row in _query(endpoints, text).body["data"]] == ["kv1"]
    assert _query(endpoints, text, subscriptions=[b.SUBSCRIPTION]).status == 403


def test_assignments_above_come_only_with_the_scope_filter(endpoints: Endpoints) -> None:
    text = "authorizationresources | project id, name"

    below = _query(endpoints, text).body["data"]
    above = _query(endpoints, text, options={"authorizationScopeFilter": "AtScopeAboveAndBelow"}).body["data"]

    assert [row["name"] for row in below] == ["below"]
    assert sorted(row["name"] for row in above) == ["above", "below"]


def test_the_query_quota_is_enforced_and_told(endpoints: Endpoints) -> None:
    clock = [0.0]
    endpoints.azure.throttle = Throttle(query_limit=2, enforce_queries=True, clock=lambda: clock[0])

    answers = [_query(endpoints, "resources | limit 1") for _ in range(3)]
    clock[0] = 5.0

    assert [a.status for a in answers] == [200, 200, 429]
    assert [a.headers["x-ms-user-quota-remaining"] for a in answers] == ["1", "0", "0"]
    assert answers[2].headers["x-ms-user-quota-resets-after"] == "00:00:05"
    assert _query(endpoints, "resources | limit 1").status == 200


def test_a_query_that_cannot_be_read_says_why_in_its_details(endpoints: Endpoints) -> None:
    answer = _query(endpoints, "resources | join other")

    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.body["error"]["details"][0]["code"] == "InvalidQuery"


GRAPH = "https://graph.microsoft.com"


def _graph(endpoints: Endpoints, path: str, **more: Any) -> Answered:
    return ask(endpoints, f"/v1.0/{path}", audience=GRAPH, **more)


def test_microsoft_graph_selects_and_pages(endpoints: Endpoints) -> None:
    endpoints.azure.graph_page_size = 100
    url, seen = "/v1.0/applications?$select=appId&$top=999", []

    while url:
        answer = ask(endpoints, url, audience=GRAPH)
        seen += answer.body["value"]
        url = answer.body.get("@odata.nextLink", "")

    assert len(seen) == 250
    assert set(seen[0]) == {"id", "appId"}
    assert answer.headers["x-ms-resource-unit"] == "2"


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("servicePrincipals(appId='graph')/appRoleAssignedTo", []),
        ("servicePrincipals/5b000000-0000-4000-8000-000000000000/appRoleAssignedTo", ["x"]),
        ("servicePrincipals?$filter=appId eq 'graph'", ["5b000000-0000-4000-8000-000000000000"]),
        ("applications?$filter=appId eq 'none'", []),
        ("identity/conditionalAccess/policies", []),
    ],
)
def test_microsoft_graph_serves_collections_of_objects(endpoints: Endpoints, path: str, ids: list[str]) -> None:
    answer = _graph(endpoints, path.replace(" ", "%20"))

    assert answer.status == 200
    assert [item["id"] for item in answer.body["value"]] == ids


def test_without_its_permission_microsoft_graph_refuses(endpoints: Endpoints) -> None:
    endpoints.azure.principals[0] = Principal(graph_roles=("Application.Read.All",))

    assert _graph(endpoints, "applications?$top=1").status == 200
    assert _graph(endpoints, "oauth2PermissionGrants").code == "Authorization_RequestDenied"
    assert _graph(endpoints, "identity/conditionalAccess/policies").code == "AccessDenied"


def test_a_token_for_resource_manager_is_not_taken(endpoints: Endpoints) -> None:
    assert ask(endpoints, "/v1.0/applications").status == 401


def test_a_batch_has_twenty_parts_at_most_each_with_its_status(endpoints: Endpoints) -> None:
    parts = [
        {"id": "1", "method": "GET", "url": "/applications?$top=1"},
        {"id": "2", "method": "GET", "url": "/groups/x"},
    ]

    answer = _graph(endpoints, "$batch", method="POST", body={"requests": parts})
    too_many = _graph(endpoints, "$batch", method="POST", body={"requests": parts * 11})

    assert [(part["id"], part["status"]) for part in answer.body["responses"]] == [("1", 200), ("2", 404)]
    assert too_many.status == 400
    assert endpoints.azure.journal.writes == []


def test_a_batch_with_a_write_counts_as_a_write(endpoints: Endpoints) -> None:
    _graph(endpoints, "$batch", method="POST", body={"requests": [{"id": "1", "method": "DELETE", "url": "/groups/x"}]})

    assert len(endpoints.azure.journal.writes) == 1
