"""Where endpoints lead, and whether their names resolve to them, in their network and in its peers."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.azure.loopback.bodies_network import network_interface
from tests.conftest import SUBSCRIPTION, arm_id
from tests.facts.private_worlds import (
    BLOB,
    ENDPOINT,
    OTHER,
    STORAGE,
    STRANGE,
    ZONE,
    Body,
    account,
    endpoint,
    fact,
    network,
    peer,
    resource,
    unread,
    zone,
    zone_group,
)

ACCOUNT = arm_id(STORAGE, "st1")
NAME = "st1.blob.core.windows.net"


def blob(where: Body, **more: Any) -> Body:
    return endpoint("pe", ACCOUNT, where, "blob", **{"names": [NAME], **more})


def dns(*bodies: Body, coverage: Any = None) -> Any:
    (only,) = fact("private_endpoint", list(bodies), coverage)["dns"]
    return only


@pytest.mark.parametrize(
    ("target", "listed", "foreign"),
    [
        (ACCOUNT, [], False),
        (arm_id(STORAGE, "st1", subscription=OTHER), [OTHER], False),
        (arm_id(STORAGE, "st1", subscription=OTHER).upper(), [OTHER], False),
        (arm_id(STORAGE, "drop", subscription=STRANGE), [OTHER], True),
        ("partner.1f2e3d4c.westeurope.azure.privatelinkservice", [], True),
    ],
)
def test_whose_the_target_is(target: str, listed: list[str], foreign: bool):
    ours = [{"id": f"/subscriptions/{each}", "type": "Microsoft.Resources/subscriptions"} for each in listed]
    vnet = network("vnet")

    assert fact("private_endpoint", [endpoint("pe", target, vnet, "blob"), vnet, *ours])["foreign"] is foreign


def test_our_own_link_service_is_known_by_its_alias():
    vnet, alias = network("vnet"), "Ours.1f2e3d4c.westeurope.azure.privatelinkservice"
    service = resource("Microsoft.Network/privateLinkServices", "pls", {"alias": alias})

    assert fact("private_endpoint", [endpoint("pe", alias.lower(), vnet), vnet, service])["foreign"] is False


def test_whose_the_target_is_stays_open_where_subscriptions_were_not_listed():
    vnet = network("vnet")
    bodies = [endpoint("pe", arm_id(STORAGE, "st1", subscription=STRANGE), vnet, "blob"), vnet]
    ledger, gap = unread(bodies, "Microsoft.Resources/subscriptions")

    assert fact("private_endpoint", bodies, ledger)["foreign"] == Unread(gap)


def test_what_is_told_of_an_endpoint():
    vnet = network("vnet")
    found = fact("private_endpoint", [blob(vnet, manual=True), account(), vnet])

    assert (found["service"], found["sub_resources"], found["state"]) == ("Storage account", ["blob"], "approved")
    assert (found["manual"], found["target_known"], found["addresses"]) == (True, True, ["10.0.0.5"])
    assert found["text"] == "pe -> st1 (blob) at 10.0.0.5 in vnet, approved"


def test_addresses_and_names_come_from_the_interface_when_a_zone_group_emptied_the_endpoint():
    vnet = network("vnet")
    nic = network_interface("pe.nic", f"{vnet['id']}/subnets/endpoints", subscription=SUBSCRIPTION)
    configuration = nic["properties"]["ipConfigurations"][0]["properties"]
    configuration |= {"privateIPAddress": "10.0.0.9", "privateLinkConnectionProperties": {"fqdns": [NAME.upper()]}}
    pe = blob(vnet)
    pe["properties"] |= {"customDnsConfigs": [], "networkInterfaces": [{"id": nic["id"]}]}

    assert fact("private_endpoint", [pe, vnet, nic])["addresses"] == ["10.0.0.9"]
    assert dns(pe, vnet, nic, *zone(BLOB, vnet, st1="10.0.0.9"))["record_matches"] is True


@pytest.mark.parametrize(
    ("records", "record", "matches", "points_to"),
    [
        pytest.param({"st1": "10.0.0.5"}, True, True, [], id="right"),
        pytest.param({"ST1": "10.0.0.5"}, True, True, [], id="whatever its case"),
        pytest.param({"st1": "10.0.0.4 10.0.0.5"}, True, True, [], id="among others"),
        pytest.param({"*": "10.0.0.5"}, True, True, [], id="by a wildcard"),
        pytest.param({"*": "10.0.0.9", "st1": "10.0.0.5"}, True, True, [], id="in spite of a wildcard"),
        pytest.param({"st1": "203.0.113.7"}, True, False, ["203.0.113.7"], id="elsewhere"),
        pytest.param({"st2": "10.0.0.6"}, False, False, [], id="somebody else's"),
        pytest.param({}, False, False, [], id="none"),
    ],
)
def test_the_record(records: dict[str, str], record: bool, matches: bool, points_to: list[str]):
    vnet = network("vnet")
    found = dns(blob(vnet), vnet, *zone(BLOB, vnet, **records))

    assert (found["zone_exists"], found["zone_linked_to_network"]) == (True, True)
    assert (found["record"], found["record_matches"], found["points_to"]) == (record, matches, points_to)


def test_a_record_of_a_second_endpoint_to_the_same_account_is_right():
    vnet, other = network("vnet"), network("vnet2", "10.9.0.0/16")
    second = endpoint("pe2", ACCOUNT, other, "blob", address="10.9.0.5", names=[NAME])

    assert dns(blob(vnet), vnet, second, other, *zone(BLOB, vnet, other, st1="10.9.0.5"))["record_matches"] is True


@pytest.mark.parametrize("name", [NAME, f"st1.{BLOB}"])
def test_a_zone_for_one_name_alone_has_the_record_at_its_top(name: str):
    vnet, hub = network("vnet"), network("hub", "10.1.0.0/16")

    found = dns(blob(vnet), vnet, *zone(name, vnet, **{"@": "10.0.0.5"}), *zone(BLOB, vnet, st1="10.0.0.99"))
    assert (found["zone_exists"], found["record_matches"], found["zone_linked_to_network"]) == (True, True, True)
    found = dns(blob(vnet), vnet, hub, *zone(name, hub, **{"@": "10.0.0.5"}))
    assert (found["zone_exists"], found["zone_linked_to_network"]) == (True, False)


def test_a_record_is_named_after_the_target_where_no_name_is_told():
    vnet = network("vnet")
    pe = blob(vnet, names=[])

    assert dns(pe, vnet, *zone(BLOB, vnet, st1="10.0.0.5"))["record_matches"] is True
    assert dns(pe, vnet, *zone(BLOB, vnet, other="10.0.0.5"))["record"] is True  # found by its address


def test_key_vault_asks_for_a_name_that_the_zone_does_not_have():
    vnet, vault = network("vnet"), arm_id("Microsoft.KeyVault/vaults", "kv1")
    pe = endpoint("pe", vault, vnet, "vault", names=["kv1.vault.azure.net"])
    found = dns(pe, vnet, *zone("privatelink.vaultcore.azure.net", vnet, kv1="10.0.0.5"))

    assert (found["zone"], found["record_matches"]) == ("privatelink.vaultcore.azure.net", True)


def test_names_say_which_of_several_zones_are_needed():
    vnet, oai = network("vnet"), arm_id("Microsoft.CognitiveServices/accounts", "oai")
    pe = endpoint("pe", oai, vnet, "account", names=["oai.openai.azure.com"])

    assert dns(pe, vnet)["zone"] == "privatelink.openai.azure.com"


def test_every_zone_that_is_needed_is_asked_for():
    vnet, ml = network("vnet"), arm_id("Microsoft.MachineLearningServices/workspaces", "ml")
    found = fact("private_endpoint", [endpoint("pe", ml, vnet, "amlworkspace"), vnet])

    assert [entry["zone"] for entry in found["dns"]] == [
        "privatelink.api.azureml.ms",
        "privatelink.notebooks.azure.net",
    ]


def test_the_cloud_is_that_of_the_region():
    vnet = network("vnet")
    pe = blob(vnet, names=[], location="USGov Virginia")

    assert dns(pe, vnet, *zone(BLOB, vnet, st1="10.0.0.5"))["zone_exists"] is False
    assert dns(pe, vnet)["zone"] == "privatelink.blob.core.usgovcloudapi.net"


def test_the_region_stands_in_the_zone_where_the_target_is_known():
    vnet = network("vnet")
    cluster = resource("Microsoft.Kusto/clusters", "adx", location="North Europe")
    found = fact("private_endpoint", [endpoint("pe", cluster["id"], vnet, "cluster"), vnet, cluster])

    assert found["dns"][0]["zone"] == "privatelink.northeurope.kusto.windows.net"


def test_our_own_service_needs_no_zone():
    vnet = network("vnet")
    target = arm_id("Microsoft.Network/privateLinkServices", "pls")

    assert fact("private_endpoint", [endpoint("pe", target, vnet), vnet])["dns"] == []


# --- zone groups


def test_a_zone_group_is_told_by_the_zone_it_writes_to():
    vnet, (right, *_) = network("vnet"), zone(BLOB)
    pe = blob(vnet)

    assert dns(pe, vnet, right, zone_group(pe, right))["zone_group"] is True
    assert dns(pe, vnet, right, zone_group(pe))["zone_group"] is False
    assert dns(pe, vnet, right)["zone_group"] is False


def test_a_zone_group_into_a_zone_of_another_service_is_wrong():
    vnet = network("vnet")
    pe = blob(vnet)
    (other, *_) = zone("privatelink.database.windows.net")

    assert fact("private_endpoint", [pe, vnet, zone_group(pe, other)])["wrong_zones"] == [other["name"]]
    assert fact("private_endpoint", [pe, vnet, zone_group(pe, zone(BLOB)[0])])["wrong_zones"] == []


def test_a_zone_outside_of_the_audit_exists_and_holds_what_the_group_wrote():
    vnet = network("vnet")
    pe = blob(vnet)
    hidden = arm_id(ZONE, BLOB.upper(), subscription=OTHER)
    found = dns(pe, vnet, zone_group(pe, hidden, st1="10.0.0.5"))

    assert (found["zone_exists"], found["zone_group"], found["record_matches"]) == (True, True, True)
    assert isinstance(found["zone_linked_to_network"], Unread)
    assert isinstance(dns(pe, vnet, zone_group(pe, hidden))["record"], Unread)


def test_a_zone_may_be_in_a_subscription_that_was_not_asked_for():
    vnet = network("vnet")
    bodies = [blob(vnet), vnet]
    hub = {"id": f"/subscriptions/{OTHER}", "type": "Microsoft.Resources/subscriptions"}
    ledger, _ = unread(bodies, "Microsoft.Network/unrelated")

    assert dns(*bodies, coverage=ledger)["zone_exists"] is False
    found = dns(*bodies, hub, coverage=ledger)
    assert isinstance(found["zone_exists"], Unread)
    assert isinstance(found["zone_linked_to_network"], Unread)


# --- links


@pytest.mark.parametrize(
    ("linked", "state", "expected"),
    [(True, "Completed", True), (True, "InProgress", False), (False, "Completed", False)],
)
def test_the_link_to_the_own_network(linked: bool, state: str, expected: bool):
    vnet, other = network("vnet"), network("other", "10.9.0.0/16")
    found = dns(blob(vnet), vnet, other, *zone(BLOB, vnet if linked else other, state=state, st1="10.0.0.5"))

    assert found["zone_linked_to_network"] is expected


def test_a_peer_without_a_link_does_not_resolve():
    vnet, hub, spoke = network("vnet"), network("hub", "10.1.0.0/16"), network("spoke", "10.2.0.0/16")
    peer(vnet, hub)
    peer(vnet, spoke)
    found = dns(blob(vnet), vnet, hub, spoke, *zone(BLOB, vnet, hub, st1="10.0.0.5"))

    assert (found["linked_networks"], found["unlinked_networks"]) == (["hub"], ["spoke"])


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({"used": False}, "Connected", id="nothing in it"),
        pytest.param({}, "Disconnected", id="no longer peered"),
        pytest.param({"dns": ["10.0.0.200"]}, "Connected", id="asks a server in a linked network"),
        pytest.param({"dns": ["192.168.1.1"]}, "Connected", id="asks a server that is not known"),
    ],
)
def test_a_peer_of_which_nothing_is_said(changes: Any, state: str):
    vnet, spoke = network("vnet"), network("spoke", "10.2.0.0/16", **changes)
    peer(vnet, spoke, state=state)

    assert dns(blob(vnet), vnet, spoke, *zone(BLOB, vnet, st1="10.0.0.5"))["unlinked_networks"] == []


def test_a_peer_that_asks_a_server_in_an_unlinked_network():
    vnet, hub = network("vnet"), network("hub", "10.1.0.0/16", used=False)
    spoke = network("spoke", "10.2.0.0/16", dns=["10.1.0.4"])
    peer(vnet, spoke)

    assert dns(blob(vnet), vnet, hub, spoke, *zone(BLOB, vnet))["unlinked_networks"] == ["spoke"]
    assert dns(blob(vnet), vnet, hub, spoke, *zone(BLOB, vnet, hub))["linked_networks"] == ["spoke"]


def test_interfaces_of_endpoints_ask_for_nothing():
    vnet, spoke = network("vnet"), network("spoke", "10.2.0.0/16", used=False)
    nic = network_interface("x.nic", f"{spoke['id']}/subnets/endpoints", subscription=SUBSCRIPTION)
    peer(vnet, spoke)
    zones = zone(BLOB, vnet)

    assert dns(blob(vnet), vnet, spoke, nic, *zones)["unlinked_networks"] == ["spoke"]
    nic["properties"]["privateEndpoint"] = {"id": arm_id(ENDPOINT, "x")}
    assert dns(blob(vnet), vnet, spoke, nic, *zones)["unlinked_networks"] == []


def test_servers_elsewhere_leave_the_link_unsaid():
    vnet = network("vnet", dns=["192.168.1.1"])
    found = fact("private_endpoint", [blob(vnet), vnet])

    assert (found["dns_source"], found["dns"][0]["zone_linked_to_network"]) == ("external", None)


def test_a_private_cluster_cares_for_its_own_names():
    vnet = network("vnet")
    cluster = arm_id("Microsoft.ContainerService/managedClusters", "aks")

    assert fact("private_endpoint", [endpoint("pe", cluster, vnet, "management"), vnet])["dns"] == []


# --- what was not read


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (ZONE, "zone_exists"),
        (ZONE, "zone_linked_to_network"),
        (f"{ENDPOINT}/privateDnsZoneGroups", "zone_group"),
    ],
)
def test_an_unread_type_makes_unknown_what_depends_on_it(kind: str, part: str):
    vnet = network("vnet")
    bodies = [blob(vnet), vnet]
    ledger, gap = unread(bodies, kind)

    assert dns(*bodies, coverage=ledger)[part] == Unread(gap)


@pytest.mark.parametrize(
    ("kind", "part"), [(f"{ZONE}/virtualNetworkLinks", "zone_linked_to_network"), (f"{ZONE}/A", "record")]
)
def test_an_unread_child_of_the_zone(kind: str, part: str):
    vnet = network("vnet")
    bodies = [blob(vnet), vnet, zone(BLOB)[0]]
    ledger, gap = unread(bodies, kind)

    assert dns(*bodies, coverage=ledger)[part] == Unread(gap)


def test_an_unread_interface_leaves_open_where_the_record_ought_to_lead():
    vnet = network("vnet")
    pe = blob(vnet)
    nic = arm_id("Microsoft.Network/networkInterfaces", "pe.nic")
    pe["properties"] |= {"customDnsConfigs": [], "networkInterfaces": [{"id": nic}]}
    bodies = [pe, vnet, *zone(BLOB, vnet, st1="10.0.0.5")]
    ledger, gap = unread(bodies, "Microsoft.Network/networkInterfaces")

    assert fact("private_endpoint", bodies, ledger)["addresses"] == Unread(gap)
    found = dns(*bodies, coverage=ledger)
    assert (found["record"], found["record_matches"]) == (True, Unread(gap))


def test_static_addresses_stand_in_the_endpoint_itself():
    vnet = network("vnet")
    pe = blob(vnet)
    fixed = [{"name": "blob", "properties": {"groupId": "blob", "privateIPAddress": "10.0.0.77"}}]
    pe["properties"] |= {"customDnsConfigs": [], "ipConfigurations": fixed}
    found = fact("private_endpoint", [pe, vnet])

    assert (found["static"], found["addresses"]) == (True, ["10.0.0.77"])


@pytest.mark.parametrize("family", ["private_endpoint", "private_link", "gateway_reach", "object_replication"])
def test_a_body_without_properties_says_nothing(family: str):
    kinds = {
        "private_endpoint": (ENDPOINT, "x"),
        "private_link": (STORAGE, "x"),
        "gateway_reach": ("Microsoft.Network/virtualNetworkGateways", "x"),
        "object_replication": (f"{STORAGE}/objectReplicationPolicies", "x/y"),
    }
    gap = Gap("/", kinds[family][0], "read export.json", None, "NotInExport")
    body = {key: part for key, part in resource(*kinds[family]).items() if key != "properties"}
    only = Resource.from_body(body, unread={"properties": gap})

    assert FactStore(Inventory([only])).get(family, only) == Unread(gap)
