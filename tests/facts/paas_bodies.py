"""Bodies of services with a public endpoint, and the fact about the first of several."""

from __future__ import annotations

from typing import Any

from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from tests.conftest import SUBSCRIPTION

Body = dict[str, Any]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers"

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
HSM = "Microsoft.KeyVault/managedHSMs"
SQL = "Microsoft.Sql/servers"
INSTANCE = "Microsoft.Sql/managedInstances"
POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
MYSQL = "Microsoft.DBforMySQL/flexibleServers"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
MONGO = "Microsoft.DocumentDB/mongoClusters"
CITUS = "Microsoft.DBforPostgreSQL/serverGroupsv2"
REDIS = "Microsoft.Cache/redis"
MANAGED_REDIS = "Microsoft.Cache/redisEnterprise"
SAN = "Microsoft.ElasticSan/elasticSans"
DISK = "Microsoft.Compute/disks"
SNAPSHOT = "Microsoft.Compute/snapshots"
FILE_SYNC = "Microsoft.StorageSync/storageSyncServices"
KUSTO = "Microsoft.Kusto/clusters"
SITE = "Microsoft.Web/sites"
ENVIRONMENT = "Microsoft.Web/hostingEnvironments"
APP = "Microsoft.App/containerApps"
APPS = "Microsoft.App/managedEnvironments"
CONTAINERS = "Microsoft.ContainerInstance/containerGroups"
REGISTRY = "Microsoft.ContainerRegistry/registries"
AKS = "Microsoft.ContainerService/managedClusters"
APIM = "Microsoft.ApiManagement/service"
LOGIC = "Microsoft.Logic/workflows"
SCOPE = "Microsoft.HybridCompute/privateLinkScopes"
BATCH = "Microsoft.Batch/batchAccounts"
HDINSIGHT = "Microsoft.HDInsight/clusters"
BUS = "Microsoft.ServiceBus/namespaces"
HUBS = "Microsoft.EventHub/namespaces"
TOPIC = "Microsoft.EventGrid/topics"
SIGNALR = "Microsoft.SignalRService/signalR"
IOT = "Microsoft.Devices/IotHubs"
PROVISIONING = "Microsoft.Devices/provisioningServices"
AI = "Microsoft.CognitiveServices/accounts"
SEARCH = "Microsoft.Search/searchServices"
SYNAPSE = "Microsoft.Synapse/workspaces"
CONFIGURATION = "Microsoft.AppConfiguration/configurationStores"
AUTOMATION = "Microsoft.Automation/automationAccounts"
LOGS = "Microsoft.OperationalInsights/workspaces"
ENDPOINT = "Microsoft.Insights/dataCollectionEndpoints"

PRIVATE, SELECTED, OPEN = "private-only", "selected-networks", "all-networks"
ZERO = "0.0.0.0"  # noqa: S104 - a firewall's notation
ON = {"publicNetworkAccess": "Enabled"}
ALLOW_ALL = {"ipAddress": "Any", "action": "Allow", "priority": 2147483647, "name": "Allow all"}
OFFICE = {"ipAddress": "203.0.113.0/24", "action": "Allow", "priority": 100, "name": "office"}
APPROVED = [{"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}]
PENDING = [{"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}]


def path_of(kind: str, name: str = "x") -> str:
    namespace, _, rest = kind.partition("/")
    parts = [part for pair in zip(rest.split("/"), name.split("/"), strict=True) for part in pair]
    return f"{GROUP}/{namespace}/" + "/".join(parts)


def body(kind: str, properties: Body, name: str = "x", **more: Any) -> Body:
    return {"id": path_of(kind, name), "name": name.rpartition("/")[2], "type": kind, "properties": properties, **more}


def firewall(kind: str, first: str, last: str, name: str = "r") -> Body:
    keys = ("startIP", "endIP") if kind == REDIS else ("startIpAddress", "endIpAddress")
    return body(f"{kind}/firewallRules", dict(zip(keys, (first, last), strict=True)), f"x/{name}")


def rule_set(kind: str, **properties: Any) -> Body:
    return body(f"{kind}/networkRuleSets", properties, "x/default")


def web(**properties: Any) -> Body:
    return body(f"{SITE}/config", properties, "x/web")


def exposure(service: Body, *others: Body, family: str = "paas_exposure") -> Any:
    resources = [Resource.from_body(one) for one in (service, *others)]
    return FactStore(Inventory(resources)).get(family, resources[0])


def managed_instance(rules: list[Body] | None, **properties: Any) -> list[Body]:
    network = "Microsoft.Network/virtualNetworks"
    subnet: Body = {"addressPrefix": "10.0.1.0/24"}
    bodies = []
    if rules is not None:
        group = body("Microsoft.Network/networkSecurityGroups", {"securityRules": rules}, "nsg-mi")
        subnet["networkSecurityGroup"] = {"id": group["id"]}
        bodies.append(group)
    subnet_id = f"{path_of(network, 'vnet')}/subnets/mi"
    subnets = [{"id": subnet_id, "name": "mi", "properties": subnet}]
    vnet = body(network, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}, "vnet")
    return [body(INSTANCE, {"subnetId": subnet_id, **properties}), vnet, *bodies]


def nsg_rule(source: str, destination: str = "10.0.1.0/24", port: str = "3342") -> Body:
    return {
        "name": "r",
        "properties": {
            "priority": 100,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": destination,
            "destinationPortRange": port,
        },
    }
