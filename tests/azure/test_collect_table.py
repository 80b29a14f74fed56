"""The collection table as a whole, and what a wish list of types comes to."""

from __future__ import annotations

import importlib

import pytest

from auditor.azure.collectors.entry import Entry, How
from auditor.azure.collectors.table import expand, route, table
from auditor.azure.pipeline import SDK_CLIENTS
from auditor.inventory import ids

ALL = sorted(table().values(), key=lambda entry: entry.key)


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.type)
def test_every_entry_can_be_read(entry: Entry) -> None:
    owner = "/subscriptions/1"
    assert entry.url(owner).startswith(f"{owner}/")
    if entry.how is not How.QUERY:
        assert "?api-version=20" in entry.url(owner)
    if entry.is_child:
        assert entry.parents
        known = set(table()) | {ids.type_key(ids.SUBSCRIPTION_TYPE)}
        assert {ids.type_key(parent) for parent in entry.parents} <= known
    else:
        assert not entry.parents
    if entry.how is How.QUERY:
        assert entry.table
    assert entry.client == "" or entry.client in SDK_CLIENTS


CLIENT_VERSIONS = {
    "storage": "azure.mgmt.storage.aio",
    "keyvault": "azure.mgmt.keyvault.aio",
    "msi": "azure.mgmt.msi.v2024_11_30.aio",
}


@pytest.mark.parametrize("client", CLIENT_VERSIONS)
def test_the_versions_of_the_clients_are_sent(client: str) -> None:
    configuration = importlib.import_module(f"{CLIENT_VERSIONS[client]}._configuration")
    name = next(name for name in dir(configuration) if name.endswith("ClientConfiguration"))
    version = getattr(configuration, name)(object(), "s", credential_scopes=["x/.default"]).api_version
    assert {entry.api_version for entry in ALL if entry.client == client} == {version}


def test_the_version_of_the_network_client_is_sent() -> None:
    operations = importlib.import_module("azure.mgmt.network.operations._operations")
    url = operations.build_network_security_groups_list_all_request("s").url
    version = url.rpartition("api-version=")[2]
    mine = [entry for entry in ALL if entry.client == "network" and "privateDnsZones" not in entry.type]
    assert {entry.api_version for entry in mine} == {version}


def _types(*wanted: str) -> list[str]:
    return [entry.type.partition("/")[2] for entry in expand(wanted).entries]


@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        ("Microsoft.Storage/storageAccounts/blobServices", ["storageAccounts", "storageAccounts/blobServices"]),
        ("microsoft.network/virtualnetworks/subnets", ["virtualNetworks"]),
        ("microsoft.storage/storageaccounts/privateendpointconnections", ["storageAccounts"]),
        ("Microsoft.Resources/resourceGroups", ["subscriptions/resourceGroups"]),
        ("Microsoft.Resources/subscriptions", []),
        (
            "Microsoft.ApiManagement/service/apis/operations/policies",
            ["service", "service/apis", "service/apis/operations", "service/apis/operations/policies"],
        ),
        ("Microsoft.Insights/diagnosticSettings", ["diagnosticSettings"]),
    ],
)
def test_a_type_brings_what_it_is_found_by(wanted: str, read: list[str]) -> None:
    assert _types(wanted) == read


@pytest.mark.parametrize(
    ("source", "wanted", "queried"),
    [
        ("auto", "Microsoft.Network/virtualNetworks", False),
        ("graph", "Microsoft.Network/virtualNetworks", True),
        ("arm", "Microsoft.Network/virtualNetworks", False),
        ("auto", "Microsoft.Sql/servers", True),
        ("arm", "Microsoft.Sql/servers", False),
        ("graph", "Microsoft.Sql/servers/firewallRules", False),
        ("auto", "Microsoft.Network/privateDnsZones/A", True),
        ("arm", "Microsoft.Network/privateDnsZones/A", False),
        ("auto", "Contoso.New/things", True),
    ],
)
def test_where_a_type_is_read_from(source: str, wanted: str, queried: bool) -> None:
    routes = route([wanted], source)
    assert (ids.type_key(wanted) in {entry.key for entry in routes.queries}) is queried


def test_what_cannot_be_read_is_said() -> None:
    routes = route(["Contoso.New/things/parts", "Microsoft.Graph/dreams", "Microsoft.Graph/applications"], "auto")
    assert routes.unknown == ("contoso.new/things/parts", "microsoft.graph/dreams")
    assert routes.directory == {"microsoft.graph/applications"}
