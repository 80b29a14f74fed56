"""Resource Graph, Microsoft Graph, settings that hold secrets: each source's own ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.inventory.coverage import ReadState
from tests.azure.scripted import OTHER, SUB, Scripted, error, item, list_path, new_snapshot, raw, run

SERVER = "Microsoft.Sql/servers"
SITE = "Microsoft.Web/sites"
QUERY = "/providers/microsoft.resourcegraph/resources"
PERMISSIONS = f"/subscriptions/{SUB}/providers/microsoft.authorization/permissions"
READER = {"value": [{"actions": ["*/read"], "notActions": []}]}


class ResourceGraph:
    """Answers queries over rows, a few a page, and keeps what it was asked."""

    def __init__(self, rows: list[dict[str, Any]], *, page: int = 1000, total: int | None = None) -> None:
        self.rows = rows
        self.page = page
        self.total = len(rows) if total is None else total
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, request: Any) -> Any:
        question = await request.json()
        self.asked.append(question)
        start = int(question["options"].get("$skipToken", "0"))
        wanted = {guid.lower() for guid in question["subscriptions"]}
        rows = [row for row in self.rows if row["id"].split("/")[2].lower() in wanted]
        rows = [row for row in rows if f"'{row['type'].lower()}'" in question["query"]]
        answer = {"totalRecords": self.total, "data": rows[start : start + self.page], "resultTruncated": "false"}
        if start + self.page < len(rows):
            answer["$skipToken"] = str(start + self.page)
        return await raw(json.dumps(answer))(request)


def test_pages_of_a_query_are_followed_and_empty_columns_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**item(SERVER, f"sql{n}"), "kind": "", "sku": None} for n in range(5)]
    graph = ResourceGraph(rows, page=2)
    done = run(Scripted({QUERY: graph, PERMISSIONS: READER}), {SERVER}, monkeypatch)
    assert len(done.ids(SERVER)) == 5
    assert [question["options"].get("$skipToken") for question in graph.asked] == [None, "2", "4"]
    assert all("kind" not in resource.body for resource in done.snapshot.resources())
    assert done.snapshot.state(f"/subscriptions/{SUB}", SERVER) is ReadState.COMPLETE
    assert done.outcome.complete


def test_a_query_is_plain_and_ordered_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = ResourceGraph([])
    run(Scripted({QUERY: graph, PERMISSIONS: READER}), {SERVER, "Contoso.New/things"}, monkeypatch)
    [question] = graph.asked
    assert question["query"].startswith("resources | where type in~ ('contoso.new/things', 'microsoft.sql/servers') | ")
    assert "| project id, name, type," in question["query"]
    assert question["query"].endswith("| order by id asc")
    assert question["subscriptions"] == [SUB]
    assert question["options"] == {"$top": 1000, "resultFormat": "objectArray"}


def test_a_large_result_is_cut_and_still_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    subscriptions = tuple(f"{n:08d}-1111-1111-1111-111111111111" for n in range(8))
    rows = [item(SERVER, f"sql{n}", guid) for guid in subscriptions for n in range(4)]
    graph = ResourceGraph(rows, page=3, total=20_000)
    done = run(Scripted({QUERY: graph}, subscriptions=subscriptions), {SERVER}, monkeypatch)
    assert len(done.ids(SERVER)) == len(rows)
    assert {len(question["subscriptions"]) for question in graph.asked} == {8, 2}


def test_one_large_subscription_is_cut_by_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = ResourceGraph([item(SERVER, f"sql{n}") for n in range(4)], page=3, total=12_000)
    run(Scripted({QUERY: graph, PERMISSIONS: READER}), {SERVER}, monkeypatch)
    cuts = {question["query"].split(" | ")[2] for question in graph.asked[1:]}
    assert cuts == {f"where hash(tolower(id), 3) == {number}" for number in range(3)}


def test_fewer_than_300_subscriptions_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    subscriptions = tuple(f"{n:08d}-1111-1111-1111-111111111111" for n in range(301))
    graph = ResourceGraph([])
    run(Scripted({QUERY: graph}, subscriptions=subscriptions), {SERVER}, monkeypatch)
    assert sorted(len(question["subscriptions"]) for question in graph.asked) == [11, 290]


def test_what_is_assigned_above_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = ResourceGraph([])
    script = Scripted({QUERY: graph}, subscriptions=(SUB, OTHER))
    run(script, {"Microsoft.Authorization/roleAssignments"}, monkeypatch)
    [question] = graph.asked
    assert question["query"].startswith("authorizationresources | ")
    assert question["options"]["authorizationScopeFilter"] == "AtScopeAboveAndBelow"


def test_the_quota_of_resource_graph_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = ResourceGraph([item(SERVER, f"sql{n}") for n in range(40)], page=1, total=40)
    left = 15

    async def metered(request: Any) -> Any:
        nonlocal left
        left -= 1
        assert left >= 0, "a query left although none was left"
        response = await graph(request)
        response.headers.update({"x-ms-user-quota-remaining": str(left), "x-ms-user-quota-resets-after": "00:00:05"})
        left = left or 15
        return response

    done = run(Scripted({QUERY: metered, PERMISSIONS: READER}), {SERVER}, monkeypatch)
    assert len(done.ids(SERVER)) == 40
    assert done.clock.at >= 10


def test_where_resource_graph_leaves_subscriptions_out_types_are_listed_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = ResourceGraph([item(SERVER, "sql")])

    async def limited(request: Any) -> Any:
        response = await graph(request)
        response.headers["x-ms-tenant-subscription-limit-hit"] = "true"
        return response

    done = run(Scripted({QUERY: limited, PERMISSIONS: READER}), {SERVER}, monkeypatch)

    assert len(done.ids(SERVER)) == 1
    assert done.outcome.requests["GET Microsoft.Sql/servers"] == 1
    assert done.outcome.complete


def test_too_large_an_answer_is_asked_for_in_smaller_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = ResourceGraph([item(SERVER, "sql")])

    async def sized(request: Any) -> Any:
        if (await request.json())["options"]["$top"] > 200:
            return await error(400, "ResponsePayloadTooLarge")(request)
        return await graph(request)

    assert len(run(Scripted({QUERY: sized, PERMISSIONS: READER}), {SERVER}, monkeypatch).ids(SERVER)) == 1


def test_without_resource_graph_types_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted({QUERY: error(404, "NotFound"), list_path(SERVER): {"value": [item(SERVER, "sql")]}})
    done = run(script, {SERVER, "Contoso.New/things"}, monkeypatch)
    assert done.ids(SERVER) == [item(SERVER, "sql")["id"]]
    assert done.gaps() == [("contoso.new/things", "NotFound")]


def test_what_resource_graph_may_hide_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = {"value": [{"actions": ["Microsoft.Web/*"], "notActions": []}]}
    graph = ResourceGraph([item(SERVER, "sql"), item(SITE, "app")])
    done = run(Scripted({QUERY: graph, PERMISSIONS: allowed}), {SERVER, SITE}, monkeypatch)
    assert done.gaps() == [(SERVER, "PartialVisibility")]
    assert len(done.ids(SERVER)) == 1


def test_a_query_that_was_interrupted_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = new_snapshot()
    graph = ResourceGraph([item(SERVER, f"sql{n}") for n in range(4)], page=1)
    script = Scripted(
        {QUERY: [graph, graph, error(403, "Stop")], PERMISSIONS: READER, list_path(SERVER): error(403, "No")}
    )
    run(script, {SERVER}, monkeypatch, snapshot=snapshot)
    script.answers[QUERY] = graph
    done = run(script, {SERVER}, monkeypatch, snapshot=snapshot)
    assert len(done.ids(SERVER)) == 4
    assert done.outcome.complete
    assert [question["options"].get("$skipToken") for question in graph.asked] == [None, "1", "2", "3"]


SETTINGS = f"{item(SITE, 'app')['id']}/config"


def _site(**more: Any) -> Scripted:
    config = {"id": f"{SETTINGS}/web", "name": "web", "type": f"{SITE}/config", "properties": {"minTlsVersion": "1.2"}}
    return Scripted(
        {
            QUERY: ResourceGraph([item(SITE, "app")]),
            PERMISSIONS: READER,
            f"{SETTINGS}/web".lower(): config,
            f"{SETTINGS}/authsettingsV2".lower(): {"id": f"{SETTINGS}/authsettingsV2", "properties": {}},
            f"{SETTINGS}/connectionstrings/list".lower(): {"id": f"{SETTINGS}/connectionstrings", "properties": {}},
            **more,
        }
    )


def test_settings_are_kept_without_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "c2VjcmV0" * 10 + "c2VjcmU="
    text = f"DefaultEndpointsProtocol=https;AccountName=st1;AccountKey={key};EndpointSuffix=core.windows.net"
    settings = {
        "id": f"{SETTINGS}/appsettings",
        "name": "appsettings",
        "type": f"{SITE}/config",
        "properties": {"S": text},
    }
    done = run(_site(**{f"{SETTINGS}/appsettings/list".lower(): settings}), {f"{SITE}/config"}, monkeypatch)
    assert [name.rpartition("/")[2] for name in done.ids("/config")] == [
        "appsettings",
        "authsettingsV2",
        "connectionstrings",
        "web",
    ]
    kept = json.dumps([dict(resource.body) for resource in done.snapshot.resources()])
    assert key not in kept
    assert "st1" in kept, "which account it opens is what rules need"


def test_settings_that_may_not_be_read_are_unknown_and_their_neighbours_known(monkeypatch: pytest.MonkeyPatch) -> None:
    script = _site(**{f"{SETTINGS}/appsettings/list".lower(): error(403, "AuthorizationFailed")})
    done = run(script, {f"{SITE}/config"}, monkeypatch)
    inventory = done.snapshot.inventory()
    hidden = inventory.get(f"{SETTINGS}/appsettings")
    known = inventory.get(f"{SETTINGS}/web")
    assert hidden is not None
    assert known is not None
    assert hidden.unread["properties"].code == "AuthorizationFailed"
    assert "Website Contributor" in hidden.unread["properties"].message
    assert not known.unread
    assert inventory.gap(f"{SITE}/config", item(SITE, "app")["id"]) is None
    assert not done.outcome.complete


APP = "aaaaaaaa-0000-0000-0000-000000000001"


def _application(guid: str, **more: Any) -> dict[str, Any]:
    return {"id": guid, "appId": guid, "displayName": "App", **more}


def test_without_a_licence_nobody_is_eligible(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "Microsoft.Authorization/roleEligibilityScheduleInstances"
    script = Scripted(answers={list_path(kind): error(400, "AadPremiumLicenseRequired")})
    done = run(script, {kind}, monkeypatch)
    assert done.outcome.complete
    assert done.snapshot.inventory().gap(kind, f"/subscriptions/{SUB}") is None


def test_directory_objects_are_kept_under_their_own_id(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"keyId": "k", "endDateTime": "2027-01-01T00:00:00Z", "hint": "abc", "secretText": "abcdef"}
    page = {"value": [_application(APP, passwordCredentials=[secret])]}
    script = Scripted({"/v1.0/applications": page})
    done = run(script, {"Microsoft.Graph/applications"}, monkeypatch)
    [resource] = [found for found in done.snapshot.resources() if found.id == APP]
    assert resource.type == "Microsoft.Graph/applications"
    assert resource.body["passwordCredentials"] == [{"keyId": "k", "endDateTime": "2027-01-01T00:00:00Z"}]
    assert done.snapshot.state("/", "Microsoft.Graph/applications") is ReadState.COMPLETE
    assert script.count("$top=999") == 1


def test_without_graph_permission_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted(
        {
            "/v1.0/identity/conditionalaccess/policies": error(
                403, "Authorization_RequestDenied", "Insufficient privileges"
            )
        }
    )
    done = run(script, {"Microsoft.Graph/conditionalAccessPolicies", "Microsoft.KeyVault/vaults"}, monkeypatch)
    [gap] = [entry.gap for entry in done.snapshot.ledger() if entry.gap]
    assert "Policy.Read.All" in gap.message
    assert done.snapshot.state(f"/subscriptions/{SUB}", "Microsoft.KeyVault/vaults") is ReadState.COMPLETE


def test_a_page_of_the_directory_that_continues_elsewhere_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = {
        "value": [_application(APP)],
        "@odata.nextLink": "https://graph.evil.example/v1.0/applications?$skiptoken=x",
    }
    done = run(Scripted({"/v1.0/applications": page}), {"Microsoft.Graph/applications"}, monkeypatch)
    assert done.gaps() == [("Microsoft.Graph/applications", "ForeignNextLink")]


def test_details_of_many_objects_are_asked_in_batches_and_throttled_ones_again(monkeypatch: pytest.MonkeyPatch) -> None:
    apps = [f"aaaaaaaa-0000-0000-0000-{n:012d}" for n in range(25)]
    sizes: list[int] = []
    refused = {apps[3]}

    async def batch(request: Any) -> Any:
        requests = (await request.json())["requests"]
        sizes.append(len(requests))
        responses = []
        for inner in requests:
            app = inner["url"].split("/")[2]
            if app in refused:
                refused.discard(app)
                responses.append({"id": inner["id"], "status": 429, "headers": {"Retry-After": "3"}, "body": {}})
                continue
            credential = {"id": f"f-{app}", "name": "github", "issuer": "https://token.actions.githubusercontent.com"}
            responses.append({"id": inner["id"], "status": 200, "body": {"value": [credential]}})
        return await raw(json.dumps({"responses": responses}))(request)

    page = {"value": [_application(app) for app in apps]}
    # Only beta has the expression of a flexible credential.
    script = Scripted({"/v1.0/applications": page, "/beta/$batch": batch})
    done = run(script, {"Microsoft.Graph/applications/federatedIdentityCredentials"}, monkeypatch)
    kept = [found for found in done.snapshot.resources() if found.type.endswith("federatedIdentityCredentials")]
    assert {found.body["applicationObjectId"] for found in kept} == set(apps)
    assert sorted(sizes) == [1, 5, 20]
    assert done.clock.at >= 3
    assert done.outcome.complete


def test_owners_of_applications_and_groups_that_policies_name(monkeypatch: pytest.MonkeyPatch) -> None:
    app, group, gone = (f"aaaaaaaa-0000-0000-0000-00000000000{n}" for n in range(3))
    owner = {"id": "u1", "userType": "Guest"}

    async def batch(request: Any) -> Any:
        responses = []
        for inner in (await request.json())["requests"]:
            # Of two groups that are asked for, one was deleted.
            listed = [{"id": group, "displayName": "Sales"}] if inner["url"].startswith("/groups?") else [owner]
            assert gone not in inner["url"] or inner["url"].startswith("/groups?")
            responses.append({"id": inner["id"], "status": 200, "body": {"value": listed}})
        return await raw(json.dumps({"responses": responses}))(request)

    policy = {"id": "p", "conditions": {"users": {"includeGroups": [group.upper()], "excludeGroups": [gone]}}}
    script = Scripted(
        {
            QUERY: ResourceGraph([]),
            PERMISSIONS: READER,
            "/v1.0/applications": {"value": [_application(app)]},
            "/v1.0/identity/conditionalaccess/policies": {"value": [policy]},
            "/v1.0/$batch": batch,
        }
    )
    wanted = {"applications/owners", "groups", "conditionalAccessPolicies"}
    done = run(script, {f"Microsoft.Graph/{name}" for name in wanted}, monkeypatch)

    kept = {found.id: found.body for found in done.snapshot.resources()}
    assert kept[f"{app}/owners"]["owners"] == [owner]
    assert kept[group]["members"] == [owner]
    assert gone not in kept
    assert [gap for gap in done.gaps() if gap[0].startswith("Microsoft.Graph")] == []


def test_owners_of_service_principals_of_the_tenants_own_applications(monkeypatch: pytest.MonkeyPatch) -> None:
    """Microsoft's service principals are hundreds, and nobody gains anything by owning one."""
    app, own, foreign = (f"aaaaaaaa-0000-0000-0000-00000000000{n}" for n in range(3))
    asked = []

    async def batch(request: Any) -> Any:
        inner = (await request.json())["requests"]
        asked.extend(one["url"] for one in inner)
        listed = {"value": [{"id": "u1", "displayName": "Alice"}]}
        return await raw(
            json.dumps({"responses": [{"id": one["id"], "status": 200, "body": listed} for one in inner]})
        )(request)

    script = Scripted(
        {
            QUERY: ResourceGraph([]),
            PERMISSIONS: READER,
            "/v1.0/applications": {"value": [{**_application(app), "appId": "APP-1"}]},
            "/v1.0/serviceprincipals": {"value": [{"id": own, "appId": "app-1"}, {"id": foreign, "appId": "app-2"}]},
            "/v1.0/$batch": batch,
        }
    )
    done = run(script, {"Microsoft.Graph/servicePrincipals/owners"}, monkeypatch)

    kept = {found.id: found.body for found in done.snapshot.resources() if found.id.endswith("/owners")}
    assert {key: body["owners"][0]["id"] for key, body in kept.items()} == {f"{own}/owners": "u1"}
    assert [url.partition("?")[0] for url in asked] == [f"/servicePrincipals/{own}/owners"]
    assert done.outcome.complete
