"""Collection table: who may do what, locks, policies, Defender for Cloud, and diagnostic settings."""

from __future__ import annotations

from auditor.azure.collectors.entry import Entry, How
from auditor.inventory import ids

_AUTHORIZATION = "2022-04-01"
_SCHEDULES = "2020-10-01"
_SUBSCRIPTION = (ids.SUBSCRIPTION_TYPE,)

LOGGED = (
    # Types whose diagnostic settings say whether access is recorded; one request a resource, so only those that matter
    # (https://learn.microsoft.com/azure/azure-monitor/reference/logs-index).
    ids.SUBSCRIPTION_TYPE,
    "Microsoft.KeyVault/vaults",
    "Microsoft.KeyVault/managedHSMs",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Storage/storageAccounts/tableServices",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/bastionHosts",
    "Microsoft.Network/frontDoors",
    "Microsoft.Cdn/profiles",
    "Microsoft.Sql/servers/databases",
    "Microsoft.Sql/managedInstances",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.DBforMySQL/flexibleServers",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.Cache/redis",
    "Microsoft.Web/sites",
    "Microsoft.ApiManagement/service",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.EventHub/namespaces",
    "Microsoft.EventGrid/topics",
    "Microsoft.EventGrid/domains",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Search/searchServices",
    "Microsoft.DataFactory/factories",
    "Microsoft.Databricks/workspaces",
    "Microsoft.Synapse/workspaces",
    "Microsoft.Batch/batchAccounts",
    "Microsoft.Automation/automationAccounts",
    "Microsoft.Logic/workflows",
    "Microsoft.AppConfiguration/configurationStores",
    "Microsoft.RecoveryServices/vaults",
    "Microsoft.Devices/IotHubs",
    "Microsoft.StreamAnalytics/streamingJobs",
)


def _authorization(name: str, version: str, *, table: str = "", absent: frozenset[str] = frozenset()) -> Entry:
    return Entry(f"Microsoft.Authorization/{name}", version, table=table, absent=absent)


ENTRIES = (
    # With what is assigned above the subscription: Resource Graph gives it once for all of them, by its scope filter.
    _authorization("roleAssignments", _AUTHORIZATION, table="authorizationresources"),
    # The one version with the conditions of permissions, which the roles that may assign only some roles have
    # (https://learn.microsoft.com/rest/api/authorization/role-definitions/list?view=rest-authorization-2022-05-01-preview).
    _authorization("roleDefinitions", "2022-05-01-preview", table="authorizationresources"),
    _authorization("denyAssignments", _AUTHORIZATION),
    # Without a licence for Privileged Identity Management nobody is eligible
    # (https://learn.microsoft.com/entra/id-governance/licensing-fundamentals).
    _authorization("roleEligibilityScheduleInstances", _SCHEDULES, absent=frozenset({"aadpremiumlicenserequired"})),
    _authorization("roleAssignmentScheduleInstances", _SCHEDULES),
    _authorization("roleManagementPolicyAssignments", _SCHEDULES),
    # Service and co-administrators of before roles; where nobody is one the list is empty.
    _authorization("classicAdministrators", "2015-07-01"),
    # What principals of other tenants may do here: https://learn.microsoft.com/azure/lighthouse/concepts/architecture
    Entry("Microsoft.ManagedServices/registrationDefinitions", "2022-10-01"),
    _authorization("locks", "2020-05-01"),
    _authorization("policyAssignments", "2022-06-01", table="policyresources"),
    _authorization("policyExemptions", "2022-07-01-preview", table="policyresources"),
    _authorization("policySetDefinitions", "2023-04-01", table="policyresources"),
    Entry(
        "Microsoft.PolicyInsights/policyStates",
        "2019-10-01",
        How.POST,
        path="providers/Microsoft.PolicyInsights/policyStates/latest/summarize",
        parents=_SUBSCRIPTION,
        action="Microsoft.PolicyInsights/policyStates/summarize/read",
    ),
    Entry("Microsoft.Security/pricings", "2024-01-01", table="securityresources"),
    # https://learn.microsoft.com/rest/api/defenderforcloud/jit-network-access-policies/list
    Entry(
        "Microsoft.Security/locations/jitNetworkAccessPolicies",
        "2020-01-01",
        path="providers/Microsoft.Security/jitNetworkAccessPolicies",
    ),
    # The first version that tells of attack paths (`notificationsSources`):
    # https://learn.microsoft.com/azure/templates/microsoft.security/2023-12-01-preview/securitycontacts
    Entry("Microsoft.Security/securityContacts", "2023-12-01-preview"),
    Entry("Microsoft.Security/serverVulnerabilityAssessmentsSettings", "2023-05-01"),
    Entry("Microsoft.Security/iotSecuritySolutions", "2019-08-01"),
    # https://learn.microsoft.com/rest/api/defenderforcloud/alerts-suppression-rules/list
    Entry("Microsoft.Security/alertsSuppressionRules", "2019-01-01-preview"),
    # Of all vaults at once, with `properties` as the service's own list has them; `sourceResourceId` is what is
    # backed up:
    # https://learn.microsoft.com/azure/backup/query-backups-using-azure-resource-graph
    # https://learn.microsoft.com/rest/api/backup/backup-protected-items/list#genericprotecteditem
    Entry(
        "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
        "",
        How.QUERY,
        table="recoveryservicesresources",
    ),
    Entry("Microsoft.Security/settings", "2022-05-01"),
    Entry("Microsoft.Security/assessments", "2020-01-01", How.QUERY, table="securityresources"),
    Entry("Microsoft.Security/secureScores", "2020-01-01", table="securityresources"),
    Entry("Microsoft.Insights/activityLogAlerts", "2020-10-01", table="resources"),
    Entry(
        "Microsoft.Insights/diagnosticSettings",
        "2021-05-01-preview",
        How.CHILDREN,
        path="providers/Microsoft.Insights/diagnosticSettings",
        parents=LOGGED,
        absent=frozenset({"resourcetypenotsupported"}),
    ),
)
