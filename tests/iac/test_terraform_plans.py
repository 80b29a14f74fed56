"""Terraform plans as the bodies that applying them makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.iac.provider_ways import Each, Provided
from auditor.iac.terraform_plan import PROVIDED
from auditor.inventory.model import Unread
from auditor.rules.loader import load_rules
from tests.iac.plans import UNKNOWN, Ref, plan, resource
from tests.iac.worlds import GROUP, STORAGE, base_of, foreseen, outcomes

ACCOUNT = f"{GROUP}/providers/{STORAGE}/stapp"
IN_GROUP = {"resource_group_name": "rg-app", "location": "westeurope"}
ENTRA = {"azure_active_directory_role_based_access_control": [{"azure_rbac_enabled": True}]}


def account(**values: Any) -> dict[str, Any]:
    return {
        "name": "stapp",
        **IN_GROUP,
        "account_kind": "StorageV2",
        "account_tier": "Standard",
        "account_replication_type": "GRS",
        "min_tls_version": "TLS1_2",
        **values,
    }


def body(identifier: str, document: Mapping[str, Any], folder: Path) -> Any:
    found = foreseen({"plan.json": document}, folder).source.inventory.get(identifier)
    assert found, identifier
    return found.body


def test_a_block_of_azurerm_is_a_body_by_the_table(tmp_path: Path):
    rules = [{"default_action": "Deny", "bypass": ["Logging", "AzureServices"], "ip_rules": ["203.0.113.0/24"]}]
    found = body(ACCOUNT, plan(resource("azurerm_storage_account.a", account(network_rules=rules))), tmp_path)

    assert found["sku"] == {"name": "Standard_GRS", "tier": "Standard"}
    assert found["properties"]["minimumTlsVersion"] == "TLS1_2"
    assert found["properties"]["networkAcls"] == {
        "defaultAction": "Deny",
        "bypass": "Logging, AzureServices",
        "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}],
    }


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"min_tls_version": "TLS1_0"}, "fail"),
        ({"min_tls_version": "TLS1_2"}, "pass"),
        ({"min_tls_version": None}, "fail"),  # not sent: the service's default
        ({"min_tls_version": UNKNOWN}, "unknown"),
    ],
)
def test_what_is_null_is_not_set_and_what_is_applied_later_is_unknown(
    values: dict[str, Any], outcome: str, tmp_path: Path
):
    document = plan(resource("azurerm_storage_account.a", account(**values)))
    found = foreseen({"plan.json": document}, tmp_path).source

    assert outcomes(found, "storage-minimum-tls") == {"storage-minimum-tls stapp": outcome}


@pytest.mark.parametrize(
    ("blob", "outcome"),
    [
        ([], "unknown"),  # the service's own settings, which the plan does not say
        ([{"versioning_enabled": True, "delete_retention_policy": [{"days": 7}]}], "pass"),
        ([{"versioning_enabled": True, "delete_retention_policy": []}], "fail"),
    ],
)
def test_settings_of_a_child_that_stand_in_its_parents_block_belong_to_the_child(
    blob: list[Any], outcome: str, tmp_path: Path
):
    document = plan(resource("azurerm_storage_account.a", account(blob_properties=blob)))
    found = foreseen({"plan.json": document}, tmp_path).source

    assert outcomes(found, "storage-blob-soft-delete") == {"storage-blob-soft-delete stapp": outcome}


@pytest.mark.parametrize("encoded", [False, True])
def test_a_resource_of_azapi_is_the_body_that_it_sends(encoded: bool, tmp_path: Path):
    sent: Any = {"properties": {"minimumTlsVersion": "TLS1_1"}, "kind": "StorageV2"}
    values = {"type": f"{STORAGE}@2023-05-01", "name": "stapp", "parent_id": GROUP, "location": "westeurope"}
    if encoded:
        sent = '{"properties": {"minimumTlsVersion": "TLS1_1"}, "kind": "StorageV2"}'

    found = body(ACCOUNT, plan(resource("azapi_resource.a", {**values, "body": sent})), tmp_path)

    assert found["kind"] == "StorageV2"
    assert found["properties"]["minimumTlsVersion"] == "TLS1_1"


NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
RULE = {
    "name": "ssh",
    "priority": 100,
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "source_address_prefix": "*",
    "source_port_range": "*",
    "destination_address_prefix": "*",
    "destination_port_range": "22",
}


def network(subnet: Mapping[str, Any], *more: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    subnets = {"name": "app", "resource_group_name": "rg-app", "virtual_network_name": "vnet"}
    return [
        resource("azurerm_virtual_network.v", {"name": "vnet", **IN_GROUP, "address_space": ["10.0.0.0/16"]}),
        resource("azurerm_subnet.app", {**subnets, "address_prefixes": ["10.0.1.0/24"], **subnet}),
        resource("azurerm_network_security_group.n", {"name": "nsg", **IN_GROUP, "security_rule": []}),
        *more,
    ]


def test_blocks_that_only_join_two_others_are_followed_by_their_references(tmp_path: Path):
    joins = {
        "subnet_id": Ref("azurerm_subnet.app.id", "azurerm_subnet.app"),
        "network_security_group_id": Ref("azurerm_network_security_group.n.id", "azurerm_network_security_group.n"),
    }
    apart = {**RULE, "resource_group_name": "rg-app", "network_security_group_name": "nsg"}
    document = plan(
        *network(
            {},
            resource("azurerm_subnet_network_security_group_association.j", joins),
            resource("azurerm_network_security_rule.ssh", apart),
        )
    )
    found = foreseen({"plan.json": document}, tmp_path).source.inventory
    subnet, group, parent = (found.get(one) for one in (f"{VNET}/subnets/app", NSG, VNET))

    assert subnet
    assert group
    assert parent
    assert subnet.body["properties"]["networkSecurityGroup"] == {"id": NSG}
    assert [one["id"] for one in group.body["properties"]["subnets"]] == [f"{VNET}/subnets/app"]
    assert [one["name"] for one in group.body["properties"]["securityRules"]] == ["ssh"]
    assert [one["name"] for one in parent.body["properties"]["subnets"]] == ["app"]


def test_references_are_followed_through_modules(tmp_path: Path):
    endpoint = {
        "name": "pe",
        **IN_GROUP,
        "subnet_id": "x",
        "private_service_connection": [
            {
                "name": "c",
                "is_manual_connection": False,
                "private_connection_resource_id": Ref("var.target"),
                "subresource_names": ["blob"],
            }
        ],
    }
    document = plan(
        resource("module.data.azurerm_storage_account.a", account()),
        resource("module.link.azurerm_private_endpoint.e", endpoint),
        calls={"link": {"target": "module.data.account_id"}},
        outputs={"data": {"account_id": "azurerm_storage_account.a.id"}},
    )
    found = foreseen({"plan.json": document}, tmp_path).source

    assert outcomes(found, "storage-private-endpoint") == {"storage-private-endpoint stapp": "pass"}


def test_a_reference_to_one_of_several_is_open_where_nothing_tells_them_apart(tmp_path: Path):
    several = [resource("azurerm_subnet.app", {"name": name, "resource_group_name": "rg-app"}) for name in ("a", "b")]
    for index, one in enumerate(several):
        one["change"]["index"] = index
        one["change"]["address"] = f"azurerm_subnet.app[{index}]"
    interface = {
        "name": "nic",
        **IN_GROUP,
        "ip_configuration": [{"name": "i", "subnet_id": Ref("azurerm_subnet.app.id")}],
    }
    document = plan(*several, resource("azurerm_network_interface.n", interface))

    nic = body(f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic", document, tmp_path)

    assert isinstance(nic["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"], Unread)


def test_what_the_table_lacks_is_unknown_not_missing(tmp_path: Path):
    disk = {"name": "disk", **IN_GROUP, "network_access_policy": "DenyAll"}
    document = plan(resource("azurerm_managed_disk.d", disk))
    found = body(f"{GROUP}/providers/Microsoft.Compute/disks/disk", document, tmp_path)

    assert found["properties"]["networkAccessPolicy"] == "DenyAll"
    assert isinstance(found["properties"].get("supportsHibernation"), Unread)
    assert isinstance(found.get("sku"), Unread)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"local_account_disabled": True}, "pass"),
        ({"local_account_disabled": False}, "fail"),
        ({"local_account_disabled": None}, "fail"),  # not sent: the service's default
        ({}, "unknown"),  # this version of the provider has no such attribute
    ],
)
def test_an_attribute_that_is_not_set_and_one_that_is_not_there_are_two_things(
    values: dict[str, Any], outcome: str, tmp_path: Path
):
    document = plan(resource("azurerm_kubernetes_cluster.k", {"name": "aks", **IN_GROUP, **ENTRA, **values}))
    found = foreseen({"plan.json": document}, tmp_path).source

    assert outcomes(found, "aks-local-accounts") == {"aks-local-accounts aks": outcome}


def test_words_of_the_provider_that_send_nothing_are_not_set(tmp_path: Path):
    document = plan(resource("azurerm_mssql_server.s", {"name": "sql", **IN_GROUP, "minimum_tls_version": "Disabled"}))
    found = body(f"{GROUP}/providers/Microsoft.Sql/servers/sql", document, tmp_path)

    assert "minimalTlsVersion" not in found["properties"]


def test_changes_are_laid_over_the_base(tmp_path: Path):
    old = f"{GROUP}/providers/{STORAGE}/stold"
    base = base_of(
        {"id": ACCOUNT, "type": STORAGE, "properties": {"minimumTlsVersion": "TLS1_0", "creationTime": "x"}},
        {"id": old, "type": STORAGE, "properties": {}},
        {"id": NSG, "type": "Microsoft.Network/networkSecurityGroups", "properties": {"securityRules": []}},
    )
    document = plan(
        resource("azurerm_storage_account.a", account(), actions=("update",), before={"id": ACCOUNT}),
        resource(
            "azurerm_storage_account.o", {}, actions=("delete",), before={"id": f"{GROUP}/providers/{STORAGE}/stold"}
        ),
        resource(
            "azurerm_network_security_rule.r",
            {**RULE, "resource_group_name": "rg-app", "network_security_group_name": "nsg"},
        ),
    )
    found = foreseen({"plan.json": document}, tmp_path, base).source.inventory
    changed, group = found.get(ACCOUNT), found.get(NSG)

    assert found.get(old) is None
    assert changed
    assert group
    assert changed.body["properties"]["minimumTlsVersion"] == "TLS1_2"
    assert changed.body["properties"]["creationTime"] == "x"
    assert [one["name"] for one in group.body["properties"]["securityRules"]] == ["ssh"]


def test_values_that_the_plan_marks_as_sensitive_are_not_read(tmp_path: Path):
    one = resource("azurerm_storage_account.a", account(min_tls_version="hunter2-hunter2"))
    one["change"]["change"]["after_sensitive"] = {"min_tls_version": True}

    found = body(ACCOUNT, plan(one), tmp_path)

    assert isinstance(found["properties"]["minimumTlsVersion"], Unread)
    assert "hunter2" not in str(found)


def test_types_that_nobody_mapped_are_told(tmp_path: Path):
    document = plan(
        resource("azurerm_storage_account.a", account()),
        resource("azurerm_marketplace_agreement.m", {"publisher": "x"}),
    )

    assert "azurerm_marketplace_agreement" in foreseen({"plan.json": document}, tmp_path).source.notices[0]


# --- what the table covers

MOST_USED = (
    *("api_management", "app_configuration", "application_gateway", "application_insights", "automation_account"),
    *("bastion_host", "cognitive_account", "container_app", "container_app_environment", "container_registry"),
    *("cosmosdb_account", "data_factory", "disk_encryption_set", "eventgrid_topic", "eventhub_namespace", "firewall"),
    *("firewall_policy", "key_vault", "key_vault_key", "key_vault_secret", "kubernetes_cluster", "lb"),
    *("linux_function_app", "linux_virtual_machine", "linux_virtual_machine_scale_set", "linux_web_app"),
    *("log_analytics_workspace", "managed_disk", "monitor_diagnostic_setting", "mssql_database", "mssql_server"),
    *(
        "mysql_flexible_server",
        "nat_gateway",
        "network_interface",
        "network_security_group",
        "postgresql_flexible_server",
    ),
    *("private_dns_zone", "private_dns_zone_virtual_network_link", "private_endpoint", "public_ip"),
    *("recovery_services_vault", "redis_cache", "role_assignment", "route_table", "search_service", "service_plan"),
    *("servicebus_namespace", "storage_account", "storage_container", "subnet", "user_assigned_identity"),
    *("virtual_network", "windows_function_app", "windows_virtual_machine", "windows_web_app"),
)
"""The types that are declared most often, of those that rules judge or that these relate to."""


@cache
def read_paths() -> dict[str, set[str]]:
    """Property paths of the judged resource that the built-in rules read, by type key."""
    found: dict[str, set[str]] = {}
    for rule in load_rules().rules:
        paths = {path for path in _paths(dict(rule.definition)) if not path.startswith(("facts.", "["))}
        for kind in rule.resource:
            found.setdefault(kind.lower(), set()).update(paths)
    return found


def _paths(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        related = node.get("related") or (
            node["count"].get("related") if isinstance(node.get("count"), Mapping) else None
        )
        if isinstance(related, Mapping):
            yield from [related["by"]] if "by" in related else []
            return
        yield from [node["field"]] if isinstance(node.get("field"), str) else []
        for value in node.values():
            yield from _paths(value)
    elif isinstance(node, list):
        for value in node:
            yield from _paths(value)
    elif isinstance(node, str):
        yield from re.findall(r"field\('([^']+)'\)", node)


def is_covered(path: str, provided: Provided) -> bool:
    if path in provided.never or path.split(".", maxsplit=1)[0].partition("[")[0] in (
        "name",
        "id",
        "fullName",
        "identity",
        "location",
        "tags",
    ):
        return True
    plain = re.sub(r"\[[^\]]*\]", "", path).lower()
    return any(_covers(own.lower(), way, plain) for own, way in provided.ways.items())


def _covers(own: str, way: Any, path: str) -> bool:
    if path == own or own.startswith(path + "."):
        return True
    if not path.startswith(own + "."):
        return False
    rest = path[len(own) + 1 :]
    return any(_covers(inner.lower(), one, rest) for inner, one in way.ways.items()) if isinstance(way, Each) else True


def lacking(name: str) -> tuple[int, list[str]]:
    """How many paths rules read of a type of the provider, and those that the table does not have."""
    wanted = {path for path in read_paths().get(PROVIDED[name].type.lower(), set()) if "$secret" not in path}
    return len(wanted), sorted(path for path in wanted if not is_covered(path, PROVIDED[name]))


def test_the_table_covers_what_the_rules_read_of_the_most_used_types():
    found = {name: lacking(f"azurerm_{name}") for name in MOST_USED}
    total = sum(number for number, _ in found.values())
    missing = {name: paths for name, (_, paths) in found.items() if paths}

    assert len(set(MOST_USED)) >= 50
    assert total > 300
    assert sum(map(len, missing.values())) <= 0.03 * total, missing
    assert all(len(paths) <= 0.2 * found[name][0] for name, paths in missing.items()), missing


@pytest.mark.parametrize("name", [name for name, one in PROVIDED.items() if one.is_whole])
def test_of_a_type_that_is_said_to_be_whole_nothing_is_lacking(name: str):
    # What the table lacks of these counts as not set, so a rule that reads it would give a false alarm.
    assert lacking(name)[1] == []
