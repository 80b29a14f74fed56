"""Collection table: applications, databases, messaging, computing and other services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from auditor.azure.collectors.entry import Entry, How
from auditor.inventory.model import Json

_WEB = "2025-03-01"
_SQL = "2023-08-01"
_POSTGRES = "2024-08-01"
_MYSQL = "2023-12-30"
_APIM = "2024-05-01"
_COSMOS = "2024-11-15"
_REDIS = "2024-11-01"
_MESSAGING = "2024-01-01"
_AUTOMATION = "2023-11-01"
_COMPUTE = "2024-11-01"
_DISKS = "2023-10-02"
_APPS = "2025-07-01"
_MONGO_CLUSTERS = "2025-09-01"
_POSTGRES_CLUSTERS = "2022-11-08"
_SAN = "2024-05-01"
_EVENT_GRID = "2025-02-15"


def _top(name: str, version: str) -> Entry:
    """A top-level type: from Resource Graph, or by its list a subscription."""
    return Entry(name, version, table="resources")


def _below(parent: str, name: str, version: str, only: Callable[[Mapping[str, Json]], bool] | None = None) -> Entry:
    """A child type, by one list a parent; `only` of parents that can have it."""
    return Entry(f"{parent}/{name}", version, How.CHILDREN, parents=(parent,), only=only)


def _tabled(
    parent: str,
    name: str,
    version: str,
    only: Callable[[Mapping[str, Json]], bool] | None = None,
) -> Entry:
    """A child type that Resource Graph has as well: one query for all parents instead of a list each.

    https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources
    """
    return replace(_below(parent, name, version, only), table="resources")


# --- App Service

_SITES = "Microsoft.Web/sites"
_SLOTS = "Microsoft.Web/sites/slots"


def _config(owner: str) -> Entry:
    """The configurations of a site or slot: objects of one type, each read by a request of its own.

    `authsettingsV2` by GET leaves secrets out; settings and connection strings come only by a POST that Reader lacks
    (https://learn.microsoft.com/rest/api/appservice/web-apps/list-application-settings).
    """
    kind = f"{owner}/config"

    def part(name: str, *, how: How = How.SINGLETON) -> Entry:
        post = how is How.POST
        return Entry(
            kind,
            _WEB,
            how,
            path=f"config/{name}/list" if post else f"config/{name}",
            parents=(owner,),
            action=f"{kind}/list/action" if post else "",
            role="Website Contributor" if post else "Reader",
            always=True,
        )

    return Entry(
        kind,
        _WEB,
        How.SINGLETON,
        path="config/web",
        parents=(owner,),
        always=True,
        parts=(
            part("authsettingsV2"),
            part("appsettings", how=How.POST),
            part("connectionstrings", how=How.POST),
        ),
    )


_WEB_ENTRIES = (
    _top(_SITES, _WEB),
    Entry(_SLOTS, _WEB, How.CHILDREN, parents=(_SITES,), table="resources"),
    _config(_SITES),
    _config(_SLOTS),
    _below(_SITES, "basicPublishingCredentialsPolicies", _WEB),
    _below(_SLOTS, "basicPublishingCredentialsPolicies", _WEB),
    _below(_SITES, "hostNameBindings", _WEB),
    _below(_SITES, "privateEndpointConnections", _WEB),
    _below(_SITES, "virtualNetworkConnections", _WEB),
    _top("Microsoft.Web/serverFarms", _WEB),
    _top("Microsoft.Web/certificates", _WEB),
    _top("Microsoft.Web/hostingEnvironments", _WEB),
    _top("Microsoft.Web/staticSites", _WEB),
    _top("Microsoft.Web/connections", "2016-06-01"),
    # Outputs and parameters of what was deployed, which every Reader sees:
    # https://learn.microsoft.com/rest/api/resources/deployments/list-by-resource-group
    Entry(
        "Microsoft.Resources/deployments",
        "2024-03-01",
        How.CHILDREN,
        path="providers/Microsoft.Resources/deployments",
        parents=("Microsoft.Resources/subscriptions/resourceGroups",),
    ),
    _tabled("Microsoft.Compute/virtualMachines", "runCommands", "2024-03-01"),
    _below("Microsoft.ContainerRegistry/registries", "tasks", "2019-06-01-preview"),
    _below("Microsoft.ContainerRegistry/registries", "tokens", "2023-07-01"),
    _top("Microsoft.Logic/workflows", "2019-05-01"),
    _top("Microsoft.App/containerApps", _APPS),
    _top("Microsoft.App/jobs", _APPS),
    _top("Microsoft.App/managedEnvironments", _APPS),
    _tabled("Microsoft.App/managedEnvironments", "certificates", _APPS),
    _below("Microsoft.App/managedEnvironments", "daprComponents", _APPS),
    _top("Microsoft.CertificateRegistration/certificateOrders", "2024-04-01"),
    Entry(
        "Microsoft.App/containerApps/authConfigs",
        _APPS,
        How.CHILDREN,
        parents=("Microsoft.App/containerApps",),
    ),
)

# --- databases

_SERVER = "Microsoft.Sql/servers"
_PG = "Microsoft.DBforPostgreSQL/flexibleServers"
_MY = "Microsoft.DBforMySQL/flexibleServers"
# `advancedThreatProtectionSettings` has a list beside `Default` in both versions:
# https://learn.microsoft.com/rest/api/postgresql/server-threat-protection-settings/list-by-server
_OF_FLEXIBLE = ("configurations", "firewallRules", "administrators", "advancedThreatProtectionSettings")
_ACCOUNT = "Microsoft.DocumentDB/databaseAccounts"


def _not_master(body: Mapping[str, Json]) -> bool:
    """What is set for `master` is set for the server."""
    return str(body.get("name", "")).rpartition("/")[2].lower() != "master"


def _speaks_sql(body: Mapping[str, Json]) -> bool:
    """Roles of the data plane exist in accounts for the API for NoSQL, which are of kind `GlobalDocumentDB`."""
    return body.get("kind") in (None, "GlobalDocumentDB")


_DATABASE_ENTRIES = (
    _top(_SERVER, _SQL),
    *(
        _below(_SERVER, name, _SQL)
        for name in (
            "administrators",
            "auditingSettings",
            "azureADOnlyAuthentications",
            "connectionPolicies",
            "devOpsAuditingSettings",
            "encryptionProtector",
            "extendedAuditingSettings",
            "firewallRules",
            "keys",
            "outboundFirewallRules",
            "securityAlertPolicies",
            "sqlVulnerabilityAssessments",
            "virtualNetworkRules",
            "vulnerabilityAssessments",
        )
    ),
    Entry(f"{_SERVER}/databases", _SQL, How.CHILDREN, parents=(_SERVER,), table="resources"),
    Entry(
        f"{_SERVER}/databases/transparentDataEncryption",
        _SQL,
        How.CHILDREN,
        parents=(f"{_SERVER}/databases",),
        only=_not_master,
    ),
    _below(f"{_SERVER}/databases", "auditingSettings", _SQL, _not_master),
    _tabled(_SERVER, "elasticPools", _SQL),
    _top("Microsoft.Sql/managedInstances", _SQL),
    _below("Microsoft.Sql/managedInstances", "encryptionProtector", _SQL),
    *(
        _below("Microsoft.Sql/managedInstances", name, _SQL)
        for name in (
            "administrators",
            "azureADOnlyAuthentications",
            "securityAlertPolicies",
            "vulnerabilityAssessments",
        )
    ),
    _top(_PG, _POSTGRES),
    *(_below(_PG, name, _POSTGRES) for name in _OF_FLEXIBLE),
    _top(_MY, _MYSQL),
    *(_below(_MY, name, _MYSQL) for name in _OF_FLEXIBLE),
    _top(_ACCOUNT, _COSMOS),
    _below(_ACCOUNT, "sqlRoleAssignments", _COSMOS, _speaks_sql),
    _below(_ACCOUNT, "sqlRoleDefinitions", _COSMOS, _speaks_sql),
    _top("Microsoft.DocumentDB/mongoClusters", _MONGO_CLUSTERS),
    _below("Microsoft.DocumentDB/mongoClusters", "firewallRules", _MONGO_CLUSTERS),
    _top("Microsoft.DBforPostgreSQL/serverGroupsv2", _POSTGRES_CLUSTERS),
    _below("Microsoft.DBforPostgreSQL/serverGroupsv2", "firewallRules", _POSTGRES_CLUSTERS),
    _top("Microsoft.Cache/redis", _REDIS),
    _below("Microsoft.Cache/redis", "firewallRules", _REDIS),
    _below("Microsoft.Cache/redis", "accessPolicyAssignments", _REDIS),
)

# --- API management

_SERVICE = "Microsoft.ApiManagement/service"
_POLICY = frozenset({"resourcenotfound"})


def _policies(owner: str) -> Entry:
    """Policies of a service, product, API or operation; they can hold keys in their XML."""
    return Entry(f"{owner}/policies", _APIM, How.CHILDREN, parents=(owner,), absent=_POLICY)


def _fragments(owner: str) -> Entry:
    """Parts that policies include by name."""
    return Entry(f"{owner}/policyFragments", _APIM, How.CHILDREN, parents=(owner,), absent=_POLICY)


_WORKSPACE = f"{_SERVICE}/workspaces"
# Of a tier without them: https://learn.microsoft.com/azure/api-management/workspaces-overview
_NO_WORKSPACES = frozenset({"resourcenotfound", "methodnotallowedinpricingtier"})

_API_ENTRIES = (
    _top(_SERVICE, _APIM),
    _below(_SERVICE, "apis", _APIM),
    _below(f"{_SERVICE}/apis", "operations", _APIM),
    _below(_SERVICE, "products", _APIM),
    _below(_SERVICE, "subscriptions", _APIM),
    _below(_SERVICE, "backends", _APIM),
    _below(_SERVICE, "namedValues", _APIM),
    _below(_SERVICE, "authorizationServers", _APIM),
    _below(_SERVICE, "openidConnectProviders", _APIM),
    _below(_SERVICE, "identityProviders", _APIM),
    _below(_SERVICE, "certificates", _APIM),
    _below(_SERVICE, "loggers", _APIM),
    _below(_SERVICE, "tenant", _APIM),
    _below(_SERVICE, "portalsettings", _APIM),
    _policies(_SERVICE),
    _policies(f"{_SERVICE}/products"),
    _policies(f"{_SERVICE}/apis"),
    _policies(f"{_SERVICE}/apis/operations"),
    _fragments(_SERVICE),
    # `products/apis` gives the APIs themselves once more; the links say which product holds which.
    _below(f"{_SERVICE}/products", "apiLinks", _APIM),
    Entry(_WORKSPACE, _APIM, How.CHILDREN, parents=(_SERVICE,), absent=_NO_WORKSPACES),
    *(_below(_WORKSPACE, name, _APIM) for name in ("apis", "products", "subscriptions", "backends", "namedValues")),
    _below(f"{_WORKSPACE}/apis", "operations", _APIM),
    _below(f"{_WORKSPACE}/products", "apiLinks", _APIM),
    _policies(_WORKSPACE),
    _policies(f"{_WORKSPACE}/products"),
    _policies(f"{_WORKSPACE}/apis"),
    _policies(f"{_WORKSPACE}/apis/operations"),
    _fragments(_WORKSPACE),
)

# --- messaging

_BUS = "Microsoft.ServiceBus/namespaces"
_HUBS = "Microsoft.EventHub/namespaces"
_RELAY = "Microsoft.Relay/namespaces"


def _has_topics(body: Mapping[str, Json]) -> bool:
    """The tier Basic has queues only (https://azure.microsoft.com/pricing/details/service-bus/)."""
    sku = body.get("sku")
    return not (isinstance(sku, Mapping) and sku.get("name") == "Basic")


_MESSAGING_ENTRIES = (
    _top(_BUS, _MESSAGING),
    _top(_HUBS, _MESSAGING),
    *(_below(owner, name, _MESSAGING) for owner in (_BUS, _HUBS) for name in ("authorizationRules", "networkRuleSets")),
    _below(_BUS, "queues", _MESSAGING),
    _below(f"{_BUS}/queues", "authorizationRules", _MESSAGING),
    _below(_BUS, "topics", _MESSAGING, _has_topics),
    _below(f"{_BUS}/topics", "authorizationRules", _MESSAGING),
    _below(_HUBS, "eventhubs", _MESSAGING),
    _below(f"{_HUBS}/eventhubs", "authorizationRules", _MESSAGING),
    _top(_RELAY, _MESSAGING),
    # The only one there is, and Relay has no list of them: https://learn.microsoft.com/rest/api/relay
    Entry(f"{_RELAY}/networkRuleSets", _MESSAGING, How.SINGLETON, path="networkRuleSets/default", parents=(_RELAY,)),
    _top("Microsoft.EventGrid/topics", _EVENT_GRID),
    _top("Microsoft.EventGrid/domains", _EVENT_GRID),
    _top("Microsoft.EventGrid/systemTopics", _EVENT_GRID),
    _below("Microsoft.EventGrid/topics", "eventSubscriptions", _EVENT_GRID),
    _below("Microsoft.EventGrid/domains", "eventSubscriptions", _EVENT_GRID),
    _below("Microsoft.EventGrid/systemTopics", "eventSubscriptions", _EVENT_GRID),
    _top("Microsoft.EventGrid/namespaces", _EVENT_GRID),
    _below("Microsoft.EventGrid/namespaces", "caCertificates", _EVENT_GRID),
    _top("Microsoft.SignalRService/signalR", "2024-03-01"),
    _top("Microsoft.SignalRService/webPubSub", "2024-03-01"),
)

# --- computing, containers, intelligence, operations

_AUTOMATION_ACCOUNT = "Microsoft.Automation/automationAccounts"

_PROFILE = "Microsoft.Cdn/profiles"
_CDN = "2025-06-01"
_DNS = "2018-05-01"


def _tier(body: Mapping[str, Json]) -> str:
    sku = body.get("sku")
    name = sku.get("name") if isinstance(sku, Mapping) else None
    return name.lower() if isinstance(name, str) else ""


def _may_be_front_door(body: Mapping[str, Json]) -> bool:
    """Front Door and the classic CDN are profiles of one type; the tiers tell them apart."""
    return not _tier(body) or _tier(body).endswith("_azurefrontdoor")


def _may_be_classic(body: Mapping[str, Json]) -> bool:
    return not _tier(body).endswith("_azurefrontdoor")


_OTHER_ENTRIES = (
    _top("Microsoft.Compute/virtualMachines", _COMPUTE),
    Entry(
        "Microsoft.Compute/virtualMachines/extensions",
        _COMPUTE,
        How.CHILDREN,
        parents=("Microsoft.Compute/virtualMachines",),
        table="resources",
    ),
    _top("Microsoft.Compute/virtualMachineScaleSets", _COMPUTE),
    _top("Microsoft.Compute/disks", _DISKS),
    _top("Microsoft.Compute/snapshots", _DISKS),
    _top("Microsoft.Compute/diskEncryptionSets", _DISKS),
    _top("Microsoft.Compute/diskAccesses", _DISKS),
    _top("Microsoft.ContainerService/managedClusters", "2026-01-01"),
    _top("Microsoft.Kubernetes/connectedClusters", "2024-01-01"),
    # https://learn.microsoft.com/rest/api/kubernetesconfiguration/extensions/extensions/list
    Entry(
        "Microsoft.KubernetesConfiguration/extensions",
        "2023-05-01",
        How.CHILDREN,
        path="providers/Microsoft.KubernetesConfiguration/extensions",
        parents=("Microsoft.Kubernetes/connectedClusters",),
    ),
    _top("Microsoft.ContainerRegistry/registries", "2025-11-01"),
    _top("Microsoft.ContainerInstance/containerGroups", "2023-05-01"),
    _top("Microsoft.CognitiveServices/accounts", "2024-10-01"),
    # Which addresses are let in is in previews only; without it a restricted workspace looks like an open one.
    _top("Microsoft.MachineLearningServices/workspaces", "2025-10-01-preview"),
    _below("Microsoft.MachineLearningServices/workspaces", "computes", "2024-04-01"),
    _top("Microsoft.Search/searchServices", "2025-05-01"),
    _top("Microsoft.DataFactory/factories", "2018-06-01"),
    _below("Microsoft.DataFactory/factories", "linkedservices", "2018-06-01"),
    _below("Microsoft.DataFactory/factories", "pipelines", "2018-06-01"),
    _top("Microsoft.Resources/templateSpecs", "2022-02-01"),
    _below("Microsoft.Resources/templateSpecs", "versions", "2022-02-01"),
    _below("Microsoft.DataFactory/factories", "privateEndpointConnections", "2018-06-01"),
    _below("Microsoft.DataFactory/factories", "managedVirtualNetworks", "2018-06-01"),
    _top("Microsoft.Databricks/workspaces", "2026-01-01"),
    _top("Microsoft.Synapse/workspaces", "2021-06-01"),
    _below("Microsoft.Synapse/workspaces", "firewallRules", "2021-06-01"),
    _below("Microsoft.Synapse/workspaces", "securityAlertPolicies", "2021-06-01"),
    _below("Microsoft.Synapse/workspaces", "dedicatedSQLminimalTlsSettings", "2021-06-01"),
    _top("Microsoft.Batch/batchAccounts", "2024-07-01"),
    _below("Microsoft.Batch/batchAccounts", "pools", "2025-06-01"),
    _top("Microsoft.ElasticSan/elasticSans", _SAN),
    _below("Microsoft.ElasticSan/elasticSans", "volumeGroups", _SAN),
    _top("Microsoft.AppConfiguration/configurationStores", "2024-06-01"),
    _top(_AUTOMATION_ACCOUNT, _AUTOMATION),
    _below(_AUTOMATION_ACCOUNT, "connections", _AUTOMATION),
    _below(_AUTOMATION_ACCOUNT, "variables", _AUTOMATION),
    _below(_AUTOMATION_ACCOUNT, "webhooks", "2024-10-23"),
    _top("Microsoft.RecoveryServices/vaults", "2025-02-01"),
    _top("Microsoft.OperationalInsights/workspaces", "2022-10-01"),
    _top("Microsoft.Insights/components", "2020-02-02"),
    _top(_PROFILE, _CDN),
    *(
        _below(_PROFILE, name, _CDN, _may_be_front_door)
        for name in ("customDomains", "securityPolicies", "originGroups", "secrets")
    ),
    _below(_PROFILE, "ruleSets", _CDN, _may_be_front_door),
    _below(f"{_PROFILE}/ruleSets", "rules", _CDN),
    _below(f"{_PROFILE}/originGroups", "origins", _CDN),
    _below(f"{_PROFILE}/afdEndpoints", "routes", _CDN),
    _tabled(_PROFILE, "afdEndpoints", _CDN, only=_may_be_front_door),
    _tabled(_PROFILE, "endpoints", _CDN, only=_may_be_classic),
    _below(f"{_PROFILE}/endpoints", "customDomains", _CDN),
    _top("Microsoft.Network/frontDoors", "2021-06-01"),
    _top("Microsoft.Network/frontDoorWebApplicationFirewallPolicies", "2024-02-01"),
    _top("Microsoft.Network/trafficManagerProfiles", "2022-04-01"),
    _top("Microsoft.ServiceNetworking/trafficControllers", "2025-01-01"),
    _tabled("Microsoft.ServiceNetworking/trafficControllers", "securityPolicies", "2025-01-01"),
    _top("Microsoft.Network/dnsZones", _DNS),
    # Signing came with this version: https://learn.microsoft.com/rest/api/dns/dnssec-configs/list-by-dns-zone
    _below("Microsoft.Network/dnsZones", "dnssecConfigs", "2023-07-01-preview"),
    Entry(
        "Microsoft.Network/dnsZones/CNAME",
        _DNS,
        How.CHILDREN,
        parents=("Microsoft.Network/dnsZones",),
        table="dnsresources",
    ),
    _top("Microsoft.Network/dnsForwardingRulesets", "2022-07-01"),
    _below("Microsoft.Network/dnsForwardingRulesets", "forwardingRules", "2022-07-01"),
    _top("Microsoft.HybridCompute/machines", "2024-07-10"),
    _top("Microsoft.HybridCompute/privateLinkScopes", "2025-01-13"),
    _top("Microsoft.Insights/privateLinkScopes", "2021-09-01"),
    _top("Microsoft.StreamAnalytics/streamingJobs", "2020-03-01"),
    _below("Microsoft.StreamAnalytics/streamingJobs", "inputs", "2020-03-01"),
    _below("Microsoft.StreamAnalytics/streamingJobs", "outputs", "2020-03-01"),
    _top("Microsoft.BotService/botServices", "2022-09-15"),
    _top("Microsoft.VirtualMachineImages/imageTemplates", "2024-02-01"),
    _top("Microsoft.Devices/IotHubs", "2023-06-30"),
    _below("Microsoft.Devices/IotHubs", "certificates", "2023-06-30"),
    _top("Microsoft.Devices/provisioningServices", "2022-12-12"),
    _below("Microsoft.Devices/provisioningServices", "certificates", "2022-12-12"),
    _top("Microsoft.Kusto/clusters", "2024-04-13"),
    _below("Microsoft.Kusto/clusters", "databases", "2024-04-13"),
    _top("Microsoft.OperationalInsights/clusters", "2025-02-01"),
    _top("Microsoft.DataProtection/backupVaults", "2025-01-01"),
    _top("Microsoft.Purview/accounts", "2021-12-01"),
    _top("Microsoft.ConfidentialLedger/ledgers", "2022-05-13"),
    _top("Microsoft.Attestation/attestationProviders", "2021-06-01"),
    _top("Microsoft.Relay/namespaces", "2024-01-01"),
    _top("Microsoft.NotificationHubs/namespaces", "2023-09-01"),
    _top("Microsoft.Cache/redisEnterprise", "2025-07-01"),
    _below("Microsoft.Cache/redisEnterprise", "databases", "2025-07-01"),
    _top("Microsoft.DocumentDB/mongoClusters", "2025-09-01"),
)

# Children that Resource Graph lists beside their parents.
_QUERIED_ENTRIES = tuple(
    Entry(name, "", How.QUERY, table="resources")
    for name in (
        "Microsoft.HealthcareApis/workspaces/fhirServices",
        "Microsoft.HealthcareApis/workspaces/dicomServices",
        "Microsoft.NetApp/netAppAccounts/capacityPools/volumes",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    )
)

ENTRIES = (
    *_QUERIED_ENTRIES,
    *_WEB_ENTRIES,
    *_DATABASE_ENTRIES,
    *_API_ENTRIES,
    *_MESSAGING_ENTRIES,
    *_OTHER_ENTRIES,
)
