"""Connections of services: their state, whose they are, and which sub-resources they cover."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.private_link.zones import cloud_of, matches, public_suffixes, service_of, services
from auditor.inventory.model import Unread
from tests.conftest import SUBSCRIPTION, arm_id
from tests.facts.private_worlds import (
    ENDPOINT,
    OTHER,
    STORAGE,
    STRANGE,
    Body,
    account,
    connection,
    endpoint,
    fact,
    network,
    resource,
    unread,
)

ACCOUNT = arm_id(STORAGE, "st1")
VNET = network("vnet")


def pe_id(name: str = "pe", subscription: str = SUBSCRIPTION) -> str:
    return arm_id(ENDPOINT, name, subscription=subscription)


def child(kind: str, name: str) -> Body:
    return resource(f"{STORAGE}/{kind}", f"st1/default/{name}")


def test_states_are_counted_whatever_their_case():
    states = ["Approved", "APPROVED", "pending", "Rejected", "Disconnected"]
    body = account("st1", *(connection(ACCOUNT, pe_id(f"pe{n}"), state) for n, state in enumerate(states)))

    found = fact("private_link", [body])

    assert [found[state] for state in ("approved", "pending", "rejected", "disconnected")] == [2, 1, 1, 1]
    assert found["text"] == "2 approved, 1 pending, 1 rejected, 1 disconnected"


def test_no_connection_is_none_and_not_unknown():
    found = fact("private_link", [account()])

    assert (found["connections"], found["approved"], found["text"]) == ([], 0, "no connection")


@pytest.mark.parametrize(
    ("more", "groups"),
    [
        ({"groupIds": ["blob", "dfs"]}, ["blob", "dfs"]),
        ({"groupId": "blob"}, ["blob"]),
        ({}, []),
    ],
)
def test_sub_resources_as_services_write_them(more: Body, groups: list[str]):
    (only,) = fact("private_link", [account("st1", connection(ACCOUNT, pe_id(), **more))])["connections"]

    assert only["group_ids"] == groups


def test_sub_resources_come_from_the_endpoint_where_the_service_is_silent():
    pe = endpoint("pe", ACCOUNT.upper(), VNET, "blob", manual=True)
    found = fact("private_link", [account("st1", connection(ACCOUNT, pe["id"].upper(), description="")), pe, VNET])

    (only,) = found["connections"]
    assert (only["group_ids"], only["manual"], only["known"]) == (["blob"], True, True)
    assert found["covered"] == ["blob"]


def test_an_endpoint_that_the_service_does_not_list_counts_once():
    pe = endpoint("pe", ACCOUNT, VNET, "blob")

    assert fact("private_link", [account(), pe, VNET])["approved"] == 1
    assert fact("private_link", [account("st1", connection(ACCOUNT, pe["id"])), pe, VNET])["approved"] == 1


@pytest.mark.parametrize(
    ("subscription", "listed", "description", "expected"),
    [
        (SUBSCRIPTION, [], "Auto-Approved", (True, True, False, 0)),
        (OTHER, [OTHER], "Auto-Approved", (False, True, False, 0)),
        (OTHER, [], "approved for the partner", (False, False, True, 1)),
        (STRANGE, [OTHER], "Auto-Approved", (False, False, False, 1)),
    ],
)
def test_whose_an_endpoint_is(subscription: str, listed: list[str], description: str, expected: tuple[Any, ...]):
    ours = [{"id": f"/subscriptions/{each}", "type": "Microsoft.Resources/subscriptions"} for each in listed]
    body = account("st1", connection(ACCOUNT, pe_id(subscription=subscription), description=description))
    found = fact("private_link", [body, *ours])

    (only,) = found["connections"]
    assert (only["own_subscription"], only["tenant_known"], only["manual"], found["foreign"]) == expected


def test_a_stranger_whose_request_waits_is_not_counted_as_foreign():
    body = account("st1", connection(ACCOUNT, pe_id(subscription=STRANGE), "Pending"))

    assert fact("private_link", [body])["foreign"] == 0


def test_nobody_is_foreign_where_the_subscriptions_were_not_all_listed():
    body = account("st1", connection(ACCOUNT, pe_id(subscription=STRANGE)))
    ledger, gap = unread([body], "Microsoft.Resources/subscriptions")

    found = fact("private_link", [body], ledger)

    assert found["foreign"] == Unread(gap)
    assert found["connections"][0]["tenant_known"] == Unread(gap)


def storing(*children: Body, sku: str = "Standard_LRS", **more: Any) -> list[Body]:
    return [account(sku={"name": sku}, **more), *children]


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        pytest.param(storing(), [], id="nothing in it"),
        pytest.param(storing(child("blobServices/containers", "c")), ["blob"], id="containers"),
        pytest.param(storing(child("blobServices/containers", "$logs")), [], id="a container of the service's own"),
        pytest.param(storing(child("fileServices/shares", "s")), ["file"], id="shares"),
        pytest.param(
            storing(child("queueServices/queues", "q"), child("tableServices/tables", "t")),
            ["queue", "table"],
            id="others",
        ),
        pytest.param(storing(properties={"isHnsEnabled": True}), ["blob", "dfs"], id="a data lake has two names"),
        pytest.param(
            storing(child("fileServices/shares", "s"), kind="BlobStorage"), [], id="a kind that has no file service"
        ),
        pytest.param(
            storing(child("blobServices/containers", "c"), child("fileServices/shares", "s"), sku="Standard_RAGRS"),
            ["blob", "blob_secondary", "file"],
            id="the second region is read, files are not",
        ),
        pytest.param(storing(child("blobServices/containers", "c"), sku="Standard_GRS"), ["blob"], id="but not in GRS"),
    ],
)
def test_what_of_an_account_is_in_use(bodies: list[Body], expected: list[str]):
    assert fact("private_link", bodies)["in_use"] == expected


@pytest.mark.parametrize(
    ("kind", "capability", "expected"),
    [
        ("GlobalDocumentDB", "", "Sql"),
        ("MongoDB", "", "MongoDB"),
        ("GlobalDocumentDB", "EnableCassandra", "Cassandra"),
        ("GlobalDocumentDB", "EnableGremlin", "Gremlin"),
        ("GlobalDocumentDB", "EnableTable", "Table"),
    ],
)
def test_cosmos_db_is_used_by_its_api(kind: str, capability: str, expected: str):
    body = resource("Microsoft.DocumentDB/databaseAccounts", "c", {"capabilities": [{"name": capability}]}, kind=kind)

    assert fact("private_link", [body])["in_use"] == [expected]


def lake(*endpoints: Body) -> list[Body]:
    return [account(properties={"isHnsEnabled": True}), VNET, *endpoints]


@pytest.mark.parametrize(
    ("bodies", "missing"),
    [
        pytest.param(lake(endpoint("a", ACCOUNT, VNET, "blob")), ["dfs"], id="one of two"),
        pytest.param(lake(endpoint("a", ACCOUNT, VNET, "BLOB"), endpoint("b", ACCOUNT, VNET, "Dfs")), [], id="both"),
        pytest.param(
            lake(endpoint("a", ACCOUNT, VNET, "blob"), endpoint("b", ACCOUNT, VNET, "dfs", status="Pending")),
            ["dfs"],
            id="a pending one covers nothing",
        ),
    ],
)
def test_what_is_used_and_not_covered(bodies: list[Body], missing: list[str]):
    assert fact("private_link", bodies)["missing"] == missing


def test_a_service_with_one_sub_resource_is_covered_by_any_connection():
    vault = arm_id("Microsoft.KeyVault/vaults", "kv")
    listed = {"privateEndpointConnections": [connection(vault, pe_id())]}
    body = resource("Microsoft.KeyVault/vaults", "kv", listed)

    assert (fact("private_link", [body])["covered"], fact("private_link", [body])["missing"]) == (["vault"], [])


def test_an_endpoint_of_a_slot_does_not_cover_the_app():
    app = resource("Microsoft.Web/sites", "app")
    pe = endpoint("pe", app["id"], VNET, "sites-next", names=["app-next.azurewebsites.net"])
    found = fact("private_link", [app, pe, VNET])

    assert (found["covered"], found["missing"]) == (["sites-next"], ["sites"])
    assert fact("private_endpoint", [pe, app, VNET])["dns"][0]["zone"] == "privatelink.azurewebsites.net"


def test_a_stranger_s_endpoint_covers_nothing():
    body = account("st1", connection(ACCOUNT, pe_id(subscription=STRANGE), groupIds=["blob"]))
    found = fact("private_link", [body, child("blobServices/containers", "c")])

    assert (found["approved"], found["covered"], found["missing"]) == (1, [], ["blob"])


def test_what_an_unseen_endpoint_covers_is_unknown():
    body = account("st1", connection(ACCOUNT, pe_id()), properties={"isHnsEnabled": True})

    assert isinstance(fact("private_link", [body])["missing"], Unread)


def test_whether_shares_need_cover_is_unknown_where_they_were_not_read():
    bodies = [account(), VNET, endpoint("a", ACCOUNT, VNET, "blob")]
    ledger, gap = unread(bodies, f"{STORAGE}/fileServices/shares")

    assert fact("private_link", bodies, ledger)["missing"] == Unread(gap)


@pytest.mark.parametrize("kind", ["Microsoft.Web/sites", "Microsoft.DataFactory/factories"])
def test_services_whose_bodies_are_silent_are_unknown_without_their_list(kind: str):
    body = resource(kind, "one")
    ledger, gap = unread([body], f"{kind}/privateEndpointConnections")

    assert fact("private_link", [body], ledger) == Unread(gap)
    assert fact("private_link", [body])["approved"] == 0


def test_connections_come_as_children_too():
    site = resource("Microsoft.Web/sites", "app")
    listed = {"privateEndpoint": {"id": pe_id()}, "privateLinkServiceConnectionState": {"status": "Approved"}}
    one = resource("Microsoft.Web/sites/privateEndpointConnections", "app/pe.conn", listed)

    assert fact("private_link", [site, one])["covered"] == ["sites"]


# --- the table of zones


@pytest.mark.parametrize(
    ("kind", "group", "region", "zones"),
    [
        ("microsoft.STORAGE/storageAccounts", "BLOB", "westeurope", ("privatelink.blob.core.windows.net",)),
        ("Microsoft.Storage/storageAccounts", "dfs", "usgovvirginia", ("privatelink.dfs.core.usgovcloudapi.net",)),
        ("Microsoft.Storage/storageAccounts", "queue", "China North 2", ("privatelink.queue.core.chinacloudapi.cn",)),
        ("Microsoft.KeyVault/vaults", "vault", "USDoD Central", ("privatelink.vaultcore.usgovcloudapi.net",)),
        (
            "Microsoft.MachineLearningServices/workspaces",
            "amlworkspace",
            "westus",
            ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
        ),
    ],
)
def test_the_zones_of_a_sub_resource(kind: str, group: str, region: str, zones: tuple[str, ...]):
    service = service_of(kind)

    assert service
    found = service.zones(group, cloud_of(region))
    assert found
    assert found.all == zones


def test_a_placeholder_is_one_label():
    assert matches("privatelink.{regionName}.kusto.windows.net", "privatelink.WestEurope.kusto.windows.net")
    assert not matches("privatelink.{regionName}.kusto.windows.net", "privatelink.kusto.windows.net")
    assert not matches("privatelink.{regionName}.kusto.windows.net", "privatelink.a.b.kusto.windows.net")


def test_key_vault_has_names_below_two_suffixes():
    assert public_suffixes("privatelink.vaultcore.azure.net") == ("vaultcore.azure.net", "vault.azure.net")


def test_every_service_of_the_table_is_whole():
    for service in services():
        assert service.type.count("/") == 1
        assert service.sub_resources
        assert len(set(service.sub_resources)) == len(service.sub_resources)
        assert all(zones.all for _, by_cloud in service.groups for zones in by_cloud.values())
