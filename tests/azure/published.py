"""Rows of Resource Graph's tables and what Azure Resource Manager answers for the same objects, as published.

Values are made up; names of properties are those of the pages named as source. The product and the loopback Azure are
both held against them, so that the one cannot agree with a mistake of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
_GROUP = f"{_SUB}/resourceGroups/rg"
_MANAGER = f"{_GROUP}/providers/Microsoft.Network/networkManagers/m"
_CONFIGURATION = f"{_MANAGER}/securityAdminConfigurations/c/snapshots/0"
_ROLE = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
_REST = "https://learn.microsoft.com/rest/api"
_SAMPLES = "https://learn.microsoft.com/azure/virtual-network-manager/query-azure-resource-graph#sample-queries"


@dataclass(frozen=True, slots=True)
class Example:
    """One object of one type."""

    table: str
    type: str
    source: str
    """Where the names of its properties are published."""
    row: dict[str, Any]
    """Column `properties` of the table."""
    arm: dict[str, Any] | None = None
    """`properties` of ARM's answer; None for the same."""


_DEFENDER = {"azurePortal": "portal.azure.com/x"}
_NAMES = {"displayName": "d", "metadata": {}, "parameters": {}}

EXAMPLES = (
    Example(
        "dnsresources",
        "Microsoft.Network/privateDnsZones/A",
        f"{_REST}/dns/privatednszones/record-sets/get",
        {"fqdn": "a.b.", "ttl": 10, "isAutoRegistered": False, "records": [{"ipv4Address": "10.0.0.4"}]},
        {"fqdn": "a.b.", "ttl": 10, "isAutoRegistered": False, "aRecords": [{"ipv4Address": "10.0.0.4"}]},
    ),
    Example(
        "dnsresources",
        "Microsoft.Network/privateDnsZones/SOA",
        f"{_REST}/dns/privatednszones/record-sets/get",
        {"fqdn": "b.", "ttl": 10, "records": [{"host": "azureprivatedns.net", "serialNumber": 1}]},
        {"fqdn": "b.", "ttl": 10, "soaRecord": {"host": "azureprivatedns.net", "serialNumber": 1}},
    ),
    Example(
        "dnsresources",
        "Microsoft.Network/dnsZones/CNAME",
        f"{_REST}/dns/record-sets/get",
        {"fqdn": "a.b.", "TTL": 10, "records": [{"cname": "c.example"}]},
        {"fqdn": "a.b.", "TTL": 10, "CNAMERecord": {"cname": "c.example"}},
    ),
    Example(
        "networkresources",
        "Microsoft.Network/effectiveSecurityAdminRules",
        _SAMPLES,
        {
            "ProvisioningState": "Succeeded",
            "EffectiveSecurityAdminConfigurations": [{"Id": _CONFIGURATION}],
        },
        {
            "provisioningState": "Succeeded",
            "effectiveSecurityAdminConfigurations": [{"id": _CONFIGURATION}],
        },
    ),
    Example(
        "networkresources",
        "Microsoft.Network/networkManagers/securityAdminRegionalGoalStates",
        _SAMPLES,
        {
            "CommitId": "1",
            "CommitTimestamp": "2026-11-01T00:00:00Z",
            "SecurityAdminConfigurations": [{"Id": _CONFIGURATION}],
            "SecurityAdminRuleCollections": [f"{_MANAGER}/x"],
            "SecurityAdminRules": [f"{_MANAGER}/y"],
            "Status": "Success",
            "ErrorMessage": "",
        },
        {
            "commitId": "1",
            "commitTimestamp": "2026-11-01T00:00:00Z",
            "securityAdminConfigurations": [{"id": _CONFIGURATION}],
            "securityAdminRuleCollections": [f"{_MANAGER}/x"],
            "securityAdminRules": [f"{_MANAGER}/y"],
            "status": "Success",
            "errorMessage": "",
        },
    ),
    Example(
        "authorizationresources",
        "Microsoft.Authorization/roleAssignments",
        f"{_REST}/authorization/role-assignments/get",
        {"roleDefinitionId": _ROLE, "principalId": "p", "principalType": "User", "scope": _SUB, "condition": None},
    ),
    Example(
        "authorizationresources",
        "Microsoft.Authorization/roleDefinitions",
        f"{_REST}/authorization/role-definitions/get",
        {
            "roleName": "Reader",
            "type": "BuiltInRole",
            "description": "d",
            "assignableScopes": ["/"],
            "permissions": [{"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}],
        },
    ),
    Example(
        "policyresources",
        "Microsoft.Authorization/policyAssignments",
        f"{_REST}/policy-authorization/policy-assignments/get",
        {**_NAMES, "policyDefinitionId": "/x", "scope": _SUB, "notScopes": [], "enforcementMode": "Default"},
    ),
    Example(
        "policyresources",
        "Microsoft.Authorization/policyExemptions",
        f"{_REST}/policy-exemption/policy-exemptions/get",
        {"displayName": "d", "policyAssignmentId": "/x", "exemptionCategory": "Waiver", "expiresOn": None},
    ),
    Example(
        "policyresources",
        "Microsoft.Authorization/policySetDefinitions",
        f"{_REST}/policy-authorization/policy-set-definitions/get",
        {**_NAMES, "policyType": "BuiltIn", "policyDefinitions": [], "policyDefinitionGroups": []},
    ),
    Example(
        "securityresources",
        "Microsoft.Security/pricings",
        f"{_REST}/defenderforcloud-composite/pricings/get",
        {"pricingTier": "Standard", "subPlan": "P2", "freeTrialRemainingTime": "PT0S", "extensions": []},
    ),
    Example(
        "securityresources",
        "Microsoft.Security/assessments",
        "https://learn.microsoft.com/azure/defender-for-cloud/resource-graph-samples",
        {
            "displayName": "d",
            "status": {"code": "Healthy"},
            "resourceDetails": {"Source": "Azure", "Id": "/x"},
            "metadata": {},
            "links": _DEFENDER,
        },
        {
            "displayName": "d",
            "status": {"code": "Healthy"},
            "resourceDetails": {"source": "Azure", "id": "/x"},
            "metadata": {},
            "links": _DEFENDER,
        },
    ),
    Example(
        "securityresources",
        "Microsoft.Security/secureScores",
        f"{_REST}/defenderforcloud-composite/secure-scores/get",
        {"displayName": "ASC score", "score": {"max": 58, "current": 20.0, "percentage": 0.34}, "weight": 100},
    ),
    Example(
        "recoveryservicesresources",
        "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
        f"{_REST}/backup/protected-items/get",
        {
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "backupManagementType": "AzureIaasVM",
            "sourceResourceId": "/x",
            "policyId": "/y",
            "protectionState": "Protected",
        },
    ),
    Example(
        "resourcecontainers",
        "Microsoft.Resources/subscriptions/resourceGroups",
        f"{_REST}/resources/resource-groups/get",
        {"provisioningState": "Succeeded"},
    ),
    Example(
        "computeresources",
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
        f"{_REST}/compute/virtual-machine-scale-set-vms/get",
        {"vmId": "v", "latestModelApplied": True, "networkProfile": {"networkInterfaces": []}, "storageProfile": {}},
    ),
    Example(
        "resources",
        "Microsoft.Network/networkWatchers/flowLogs",
        f"{_REST}/network-watcher/flow-logs/get",
        {"targetResourceId": f"{_GROUP}/x", "storageId": f"{_GROUP}/y", "enabled": True, "retentionPolicy": {}},
    ),
)

# https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language#resource-graph-tables: the columns
# that the query asks for and those that every row has.
COLUMNS = frozenset(
    {
        *("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku"),
        *("plan", "properties", "tags", "identity", "zones", "extendedLocation"),
    }
)

# Lists and their envelopes: https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#collections,
# https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources#queryresponse and
# https://learn.microsoft.com/graph/paging
ENVELOPES = {
    "arm": frozenset({"value", "nextLink"}),
    "resource graph": frozenset({"totalRecords", "count", "data", "facets", "resultTruncated", "$skipToken"}),
    "microsoft graph": frozenset({"@odata.context", "value", "@odata.nextLink", "@odata.count"}),
}
