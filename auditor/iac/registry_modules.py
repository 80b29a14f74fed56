"""Types of the resources that Azure Verified Modules deploy, for Bicep and Terraform.

A resource module is named after the one resource that it is for: `avm/res/<provider>/<type>`, both in the singular, and
`Azure/avm-res-<provider>-<type>/azurerm`, without hyphens in either. Its parameter `name` is that resource's name.
https://azure.github.io/Azure-Verified-Modules/specs/shared/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BICEP = re.compile(r"br:mcr\.microsoft\.com/bicep/avm/res/([\w/-]+?)(?::[^:/]+)?")
_TERRAFORM = re.compile(r"(?:registry\.terraform\.io/)?azure/avm-res-([\w-]+)/azurerm", re.I)
_ALIAS = re.compile(r"br/([\w.-]+):(.+)", re.S)
PUBLIC = {"public": "mcr.microsoft.com/bicep"}
"""Registry paths by the alias that Bicep itself knows."""


def type_of_module(source: str, aliases: Mapping[str, str]) -> str:
    """The lower-cased ARM type that a module deploys, "" for a module that is not known.

    `aliases` are registry paths by alias, as `bicepconfig.json` has them.
    """
    if found := _ALIAS.fullmatch(source):
        registry = {**PUBLIC, **aliases}.get(found[1])
        source = f"br:{registry}/{found[2]}" if registry else source
    if found := _BICEP.fullmatch(source):
        provider, _, rest = found[1].partition("/")
        return _TYPES.get(f"{provider.replace('-', '')}-{rest.replace('-', '').replace('/', '-')}", "").lower()
    if found := _TERRAFORM.fullmatch(source.partition("?")[0]):
        return _TYPES.get(found[1].lower(), "").lower()
    return ""


def module_aliases(text: str) -> dict[str, str]:
    """Registry paths by alias, from a `bicepconfig.json`.

    https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-config-modules
    """
    try:
        found = json.loads(text)["moduleAliases"]["br"]
        pairs = [(str(name), one) for name, one in found.items() if isinstance(one, dict)]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}
    return {name: "/".join(str(one[part]) for part in ("registry", "modulePath") if part in one) for name, one in pairs}


_TYPES = {
    "apimanagement-service": "Microsoft.ApiManagement/service",
    "app-containerapp": "Microsoft.App/containerApps",
    "app-job": "Microsoft.App/jobs",
    "app-managedenvironment": "Microsoft.App/managedEnvironments",
    "appconfiguration-configurationstore": "Microsoft.AppConfiguration/configurationStores",
    "automation-automationaccount": "Microsoft.Automation/automationAccounts",
    "batch-batchaccount": "Microsoft.Batch/batchAccounts",
    "cache-redis": "Microsoft.Cache/redis",
    "cache-redisenterprise": "Microsoft.Cache/redisEnterprise",
    "cdn-profile": "Microsoft.Cdn/profiles",
    "cognitiveservices-account": "Microsoft.CognitiveServices/accounts",
    "compute-disk": "Microsoft.Compute/disks",
    "compute-diskencryptionset": "Microsoft.Compute/diskEncryptionSets",
    "compute-virtualmachine": "Microsoft.Compute/virtualMachines",
    "compute-virtualmachinescaleset": "Microsoft.Compute/virtualMachineScaleSets",
    "containerinstance-containergroup": "Microsoft.ContainerInstance/containerGroups",
    "containerregistry-registry": "Microsoft.ContainerRegistry/registries",
    "containerservice-managedcluster": "Microsoft.ContainerService/managedClusters",
    "databricks-workspace": "Microsoft.Databricks/workspaces",
    "datafactory-factory": "Microsoft.DataFactory/factories",
    "dbformysql-flexibleserver": "Microsoft.DBforMySQL/flexibleServers",
    "dbforpostgresql-flexibleserver": "Microsoft.DBforPostgreSQL/flexibleServers",
    "documentdb-databaseaccount": "Microsoft.DocumentDB/databaseAccounts",
    "eventgrid-domain": "Microsoft.EventGrid/domains",
    "eventgrid-topic": "Microsoft.EventGrid/topics",
    "eventhub-namespace": "Microsoft.EventHub/namespaces",
    "insights-component": "Microsoft.Insights/components",
    "keyvault-vault": "Microsoft.KeyVault/vaults",
    "kusto-cluster": "Microsoft.Kusto/clusters",
    "logic-workflow": "Microsoft.Logic/workflows",
    "machinelearningservices-workspace": "Microsoft.MachineLearningServices/workspaces",
    "managedidentity-userassignedidentity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "network-applicationgateway": "Microsoft.Network/applicationGateways",
    "network-applicationsecuritygroup": "Microsoft.Network/applicationSecurityGroups",
    "network-azurefirewall": "Microsoft.Network/azureFirewalls",
    "network-bastionhost": "Microsoft.Network/bastionHosts",
    "network-firewallpolicy": "Microsoft.Network/firewallPolicies",
    "network-loadbalancer": "Microsoft.Network/loadBalancers",
    "network-natgateway": "Microsoft.Network/natGateways",
    "network-networkinterface": "Microsoft.Network/networkInterfaces",
    "network-networksecuritygroup": "Microsoft.Network/networkSecurityGroups",
    "network-privatednszone": "Microsoft.Network/privateDnsZones",
    "network-privateendpoint": "Microsoft.Network/privateEndpoints",
    "network-publicipaddress": "Microsoft.Network/publicIPAddresses",
    "network-routetable": "Microsoft.Network/routeTables",
    "network-virtualnetwork": "Microsoft.Network/virtualNetworks",
    "operationalinsights-workspace": "Microsoft.OperationalInsights/workspaces",
    "purview-account": "Microsoft.Purview/accounts",
    "recoveryservices-vault": "Microsoft.RecoveryServices/vaults",
    "search-searchservice": "Microsoft.Search/searchServices",
    "servicebus-namespace": "Microsoft.ServiceBus/namespaces",
    "signalrservice-signalr": "Microsoft.SignalRService/signalR",
    "signalrservice-webpubsub": "Microsoft.SignalRService/webPubSub",
    "sql-managedinstance": "Microsoft.Sql/managedInstances",
    "sql-server": "Microsoft.Sql/servers",
    "storage-storageaccount": "Microsoft.Storage/storageAccounts",
    "synapse-workspace": "Microsoft.Synapse/workspaces",
    "web-hostingenvironment": "Microsoft.Web/hostingEnvironments",
    "web-serverfarm": "Microsoft.Web/serverFarms",
    "web-site": "Microsoft.Web/sites",
    "web-staticsite": "Microsoft.Web/staticSites",
}
