"""Where Azure Policy's aliases lead: by their pattern, by the tables, and as the tenant's providers say."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.conditions import CompiledCondition, Language, compile_condition
from auditor.rules.model import Context, Truth, Unknown
from auditor.rules.policy.aliases import PROVIDERS, PatternAliases, TenantAliases
from tests.conftest import arm_id

# Alias, the type that is judged, and the place that the provider gives as the alias's default path.
CASES = [
    (
        "Microsoft.Compute/imagePublisher",
        "Microsoft.Compute/virtualMachines",
        "storageProfile.imageReference.publisher",
    ),
    (
        "Microsoft.Compute/imagePublisher",
        "Microsoft.Compute/virtualMachineScaleSets",
        "virtualMachineProfile.storageProfile.imageReference.publisher",
    ),
    (
        "Microsoft.Compute/VirtualMachineScaleSets/extensionProfile.extensions[*].type",
        "Microsoft.Compute/virtualMachineScaleSets",
        "virtualMachineProfile.extensionProfile.extensions[*].properties.type",
    ),
    (
        "Microsoft.Compute/disks/encryptionSettings.diskEncryptionKey.secretUrl",
        "Microsoft.Compute/disks",
        "encryptionSettingsCollection.encryptionSettings[*].diskEncryptionKey.secretUrl",
    ),
    (
        "Microsoft.DataFactory/factories/linkedservices/AzureBlobStorage.typeProperties.servicePrincipalKey.type",
        "Microsoft.DataFactory/factories/linkedservices",
        "typeProperties.servicePrincipalKey.type",
    ),
    (
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/throughputSettings/default.resource.throughput",
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/throughputSettings",
        "resource.throughput",
    ),
    ("Microsoft.Web/sites/config/web.minTlsVersion", "Microsoft.Web/sites/config", "minTlsVersion"),
    ("Microsoft.Web/sites/slots/config/web.http20Enabled", "Microsoft.Web/sites/slots/config", "http20Enabled"),
    ("Microsoft.Insights/diagnosticSettings/logs.enabled", "Microsoft.Insights/diagnosticSettings", "logs[*].enabled"),
    ("Microsoft.Security/securityContacts/email", "Microsoft.Security/securityContacts", "emails"),
    (
        "Microsoft.StreamAnalytics/streamingJobs/inputs/Reference.datasource.type",
        "Microsoft.StreamAnalytics/streamingJobs/inputs",
        "datasource.type",
    ),
    (
        "Microsoft.MachineLearningServices/workspaces/computes/subnet.id",
        "Microsoft.MachineLearningServices/workspaces/computes",
        "properties.subnet.id",
    ),
    (
        "Microsoft.Network/virtualNetworks/subnets[*].networkSecurityGroup.securityRules[*].access",
        "Microsoft.Network/virtualNetworks",
        "subnets[*].properties.networkSecurityGroup.properties.securityRules[*].properties.access",
    ),
    (
        "Microsoft.Network/expressRouteCircuits/serviceProvider.bandwidthInMbps",
        "Microsoft.Network/expressRouteCircuits",
        "serviceProviderProperties.bandwidthInMbps",
    ),
    (
        "Microsoft.Network/networkSecurityGroups/securityRules[*].destinationPortRange",
        "Microsoft.Network/networkSecurityGroups",
        "securityRules[*].properties.destinationPortRange",
    ),
    (
        "Microsoft.Network/frontDoors/routingRules[*].customForwardingPath",
        "Microsoft.Network/frontDoors",
        "routingRules[*].properties.routeConfiguration.customForwardingPath",
    ),
    ("Microsoft.Sql/servers/databases/edition", "Microsoft.Sql/servers/databases", "/sku.tier"),
    ("Microsoft.Sql/auditingSettings.state", "Microsoft.Sql/servers/auditingSettings", "state"),
    ("Microsoft.Storage/storageAccounts/sku.name", "Microsoft.Storage/storageAccounts", "/sku.name"),
]


def with_value(path: str, value: Any) -> dict[str, Any]:
    """A body with a value at a path; from `properties` unless the path begins with a slash."""
    steps = path[1:].split(".") if path[:1] == "/" else ["properties", *path.split(".")]
    for step in reversed(steps):
        name, each, _ = step.partition("[*]")
        value = {name: [value] if each else value}
    return dict(value)


def compiled(alias: str, kind: str, aliases: Any = None) -> CompiledCondition:
    return compile_condition(
        {"field": alias, "equals": "wanted"},
        language=Language.POLICY,
        aliases=aliases or PatternAliases(),
        resource_types=[kind],
    )


def judged(condition: CompiledCondition, kind: str, body: dict[str, Any]) -> Truth:
    resource = Resource.from_body({"id": arm_id(kind, "/".join("x" * kind.count("/"))), "type": kind, **body})
    return condition.evaluate(Context(resource, Inventory([resource])))


@pytest.mark.parametrize(("alias", "kind", "path"), CASES)
def test_an_alias_leads_to_its_default_path(alias: str, kind: str, path: str):
    condition = compiled(alias, kind)
    assert judged(condition, kind, with_value(path, "wanted")) is True
    assert judged(condition, kind, with_value(path, "other")) is False


def test_an_alias_of_several_types_is_looked_for_where_each_has_it():
    kinds = ("Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets")
    condition = compile_condition(
        {"field": "Microsoft.Compute/imagePublisher", "equals": "wanted"},
        language=Language.POLICY,
        aliases=PatternAliases(),
        resource_types=kinds,
    )
    paths = [path for alias, _, path in CASES if alias == "Microsoft.Compute/imagePublisher"]
    assert [judged(condition, kind, with_value(path, "wanted")) for kind, path in zip(kinds, paths, strict=True)] == [
        True,
        True,
    ]


LINKED = "Microsoft.DataFactory/factories/linkedservices"


@pytest.mark.parametrize("alias", [f"{LINKED}/NewSource.typeProperties.password", "Microsoft.New/thing"])
def test_what_neither_pattern_nor_tables_prove_is_unknown_and_named(alias: str):
    truth = judged(compiled(alias, LINKED), LINKED, {"properties": {"typeProperties": {}}})
    assert isinstance(truth, Unknown)
    assert alias in truth.reason
    counted = compile_condition(
        {"count": {"field": f"{LINKED}/NewSource.list[*]"}, "greater": 0},
        language=Language.POLICY,
        aliases=PatternAliases(),
        resource_types=[LINKED],
    )
    assert isinstance(judged(counted, LINKED, {"properties": {}}), Unknown)


def provider(*aliases: str) -> Inventory:
    body = {
        "id": "/providers/Microsoft.DataFactory",
        "name": "Microsoft.DataFactory",
        "type": "Microsoft.Resources/providers",
    }
    return Inventory([Resource.from_body({**body, "properties": {"aliases": list(aliases)}}, resource_type=PROVIDERS)])


def test_the_tenant_knows_its_aliases_best():
    alias = f"{LINKED}/NewSource.typeProperties.user"
    aliases = TenantAliases(provider(f"{alias} properties.typeProperties.user"))
    body = with_value("typeProperties.user", "wanted")
    assert judged(compiled(alias, LINKED, aliases), LINKED, body) is True
    assert judged(compiled(alias, LINKED, aliases), LINKED, {"properties": {}}) is False
    gone = judged(compiled(f"{LINKED}/description", LINKED, aliases), LINKED, {"properties": {}})
    assert isinstance(gone, Unknown)


def test_of_a_provider_that_was_not_read_the_tables_know():
    aliases = TenantAliases(provider(f"{LINKED}/type properties.type"))
    alias, kind, path = CASES[-2]
    assert judged(compiled(alias, kind, aliases), kind, with_value(path, "wanted")) is True
