"""The loopback Azure has Azure's shapes and the product makes ARM's bodies of them: both as they are published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.azure.collectors.table import table
from auditor.snapshot.bodies import as_arm
from tests.azure.collecting import collect_from
from tests.azure.loopback.asking import ask
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.resource_graph import table_of
from tests.azure.loopback.server import Endpoints
from tests.azure.loopback.table_rows import properties_of
from tests.azure.published import COLUMNS, ENVELOPES, EXAMPLES, Example
from tests.conftest import SUBSCRIPTION, arm_id

IDS = [example.type for example in EXAMPLES]
ZONE = "Microsoft.Network/privateDnsZones"
SITE = "Microsoft.Web/sites"


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_a_published_row_becomes_arms_body(example: Example) -> None:
    row = {"id": "/x", "type": example.type.lower(), "kind": "", "sku": None, "properties": example.row}
    made = as_arm(example.type.lower(), row)
    assert made == {"id": "/x", "type": example.type.lower(), "properties": example.arm or example.row}
    assert as_arm(example.type.lower(), made) == made, "and stays as it is where it is one already"


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_the_loopback_azure_serves_what_is_published(example: Example) -> None:
    assert table_of(example.type) == example.table
    assert properties_of(example.type.lower(), example.arm or example.row) == example.row


def test_each_table_that_is_read_has_a_published_example() -> None:
    read = {(entry.table, entry.key) for entry in table().values() if entry.table}
    shown = {(example.table, example.type.lower()) for example in EXAMPLES}
    assert {name for name, _ in read} <= {name for name, _ in shown}
    special = {"dnsresources", "authorizationresources", "policyresources", "securityresources", "computeresources"}
    unshown = {pair for pair in read - shown if pair[0] in special}
    assert not unshown, "their rows may differ from what ARM answers: look them up and add an example"


def test_rows_lists_and_envelopes_have_the_published_names(start_azure: Callable[..., Endpoints]) -> None:
    bodies = [{"id": arm_id(SITE, f"app{number}"), "name": f"app{number}", "type": SITE} for number in range(3)]
    graph = {"applications": [{"id": str(number)} for number in range(3)]}
    endpoints = start_azure(LoopbackAzure(bodies, graph=graph, graph_page_size=2, page_size=2))
    question = {"query": "resources | order by id asc", "options": {"$top": 2}}
    url = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
    rows = ask(endpoints, url, method="POST", body=question).body
    assert set(rows) == ENVELOPES["resource graph"]
    assert all(set(row) == COLUMNS for row in rows["data"])
    sites = ask(endpoints, f"/subscriptions/{SUBSCRIPTION}/providers/{SITE}?api-version=2024-04-01").body
    assert set(sites) == ENVELOPES["arm"]
    found = ask(endpoints, "/v1.0/applications", audience="https://graph.microsoft.com").body
    assert {"value", "@odata.nextLink"} <= set(found) <= ENVELOPES["microsoft graph"]


def test_records_are_the_same_from_resource_graph_and_from_arm(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = arm_id(ZONE, "privatelink.blob.core.windows.net")
    properties = {"fqdn": "st.privatelink.", "ttl": 10, "aRecords": [{"ipv4Address": "10.0.0.4"}]}
    record = {"id": f"{zone}/A/st", "name": "st", "type": f"{ZONE}/A", "properties": properties}
    endpoints = start_azure(LoopbackAzure([{"id": zone, "name": "z", "type": ZONE, "location": "global"}, record]))
    for source in ("auto", "graph", "arm"):
        done = collect_from(endpoints, {f"{ZONE}/A"}, monkeypatch, source=source)
        [kept] = [resource for resource in done.snapshot.resources() if resource.id == record["id"]]
        assert kept.body["properties"] == properties, source
