"""Collection table: subscriptions' groups, network, storage, key vaults and managed identities."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.azure.budget import Limit
from auditor.azure.collectors.entry import Entry, How, Quota
from auditor.inventory.model import Json

_NETWORK = "2026-03-01"
_STORAGE = "2026-09-01"
_VAULTS = "2026-05-15"
_IDENTITIES = "2024-11-30"
_PRIVATE_DNS = "2024-06-01"
_RESOLVERS = "2025-05-01"
_NETWORK_TABLE = "networkresources"

# https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-storage-limits
_STORAGE_LISTS = Quota("storage lists", Limit(100, 100 / 300))
_STORAGE_READS = Quota("storage reads", Limit(800, 800 / 300, adaptive=True), regional=True)
# https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling#network-throttling
_NETWORK_READS = Quota("network reads", Limit(10_000, 10_000 / 300, adaptive=True))
_DNS_READS = Quota("private DNS reads", Limit(500, 500 / 300, adaptive=True))


def _network(name: str, *, path: str = "") -> Entry:
    return Entry(
        f"Microsoft.Network/{name}",
        _NETWORK,
        client="network",
        table="resources",
        quota=_NETWORK_READS,
        path=path,
    )


def _network_child(parent: str, name: str) -> Entry:
    owner = f"Microsoft.Network/{parent}"
    return Entry(f"{owner}/{name}", _NETWORK, How.CHILDREN, parents=(owner,), client="network", quota=_NETWORK_READS)


def _queried(name: str, table: str = "resources") -> Entry:
    """A type that only Resource Graph shows for a whole subscription."""
    return Entry(name, "", How.QUERY, table=table)


def _storage_child(name: str, only: str, path: str = "") -> Entry:
    return Entry(
        f"Microsoft.Storage/storageAccounts/{name}",
        _STORAGE,
        How.CHILDREN,
        path=path,
        parents=("Microsoft.Storage/storageAccounts",),
        client="storage",
        quota=_STORAGE_READS,
        only=_HAS_SERVICE[only],
        absent=frozenset({"featurenotsupportedforaccount"}),
    )


def _has(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


# https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts
_BLOB_KINDS = _has("storage", "storagev2", "blobstorage", "blockblobstorage")
_FILE_KINDS = _has("storage", "storagev2", "filestorage")
_QUEUE_KINDS = _has("storage", "storagev2")


def _kind_in(kinds: frozenset[str], body: Mapping[str, Json]) -> bool:
    kind = body.get("kind")
    return not isinstance(kind, str) or kind.lower() in kinds


_HAS_SERVICE = {
    "blob": lambda body: _kind_in(_BLOB_KINDS, body),
    "file": lambda body: _kind_in(_FILE_KINDS, body),
    "queue": lambda body: _kind_in(_QUEUE_KINDS, body) and not _is_premium(body),
}


def _is_premium(body: Mapping[str, Json]) -> bool:
    sku = body.get("sku")
    name = sku.get("name") if isinstance(sku, Mapping) else None
    return isinstance(name, str) and name.lower().startswith("premium")


_VAULT = ("Microsoft.KeyVault/vaults",)
_ZONE = ("Microsoft.Network/privateDnsZones",)

ENTRIES = (
    Entry(
        "Microsoft.Resources/subscriptions/resourceGroups",
        "2022-09-01",
        path="resourcegroups",
        table="resourcecontainers",
        client="",
    ),
    _network("networkSecurityGroups"),
    _network("applicationSecurityGroups"),
    _network("virtualNetworks"),
    _network("networkInterfaces"),
    _network("publicIPAddresses"),
    _network("publicIPPrefixes"),
    _network("loadBalancers"),
    _network("applicationGateways"),
    _network("applicationGatewayWebApplicationFirewallPolicies"),
    _network("routeTables"),
    _network("natGateways"),
    _network("azureFirewalls"),
    _network("firewallPolicies"),
    _network("bastionHosts"),
    _network("privateEndpoints"),
    _network("privateLinkServices"),
    _network("networkWatchers"),
    _network("ddosProtectionPlans"),
    _network("expressRouteCircuits"),
    _network("expressRoutePorts"),
    _network("networkVirtualAppliances"),
    _network("virtualHubs"),
    _network("virtualWans"),
    _network("vpnGateways"),
    _network("ipGroups"),
    _network("serviceEndpointPolicies"),
    _network("networkManagers"),
    _network("networkSecurityPerimeters"),
    Entry(
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        _NETWORK,
        How.CHILDREN,
        parents=("Microsoft.Network/privateEndpoints",),
        client="network",
        quota=_NETWORK_READS,
    ),
    Entry(
        "Microsoft.Network/networkWatchers/flowLogs",
        _NETWORK,
        How.CHILDREN,
        parents=("Microsoft.Network/networkWatchers",),
        client="network",
        quota=_NETWORK_READS,
        table="resources",
    ),
    _network_child("firewallPolicies", "ruleCollectionGroups"),
    _network_child("virtualHubs", "routingIntent"),
    _network_child("networkSecurityPerimeters", "profiles"),
    _network_child("networkSecurityPerimeters/profiles", "accessRules"),
    _network_child("networkSecurityPerimeters", "resourceAssociations"),
    # Only below a resource group can ARM list these.
    _queried("Microsoft.Network/virtualNetworkGateways"),
    _queried("Microsoft.Network/localNetworkGateways"),
    _queried("Microsoft.Network/connections"),
    _queried("Microsoft.Network/networkManagers/securityAdminConfigurations", _NETWORK_TABLE),
    _queried("Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections", _NETWORK_TABLE),
    _queried("Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules", _NETWORK_TABLE),
    # What is deployed of them: https://learn.microsoft.com/azure/virtual-network-manager/query-azure-resource-graph
    _queried("Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/snapshots", _NETWORK_TABLE),
    _queried(
        "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules/snapshots", _NETWORK_TABLE
    ),
    _queried("Microsoft.Network/networkManagers/securityAdminRegionalGoalStates", _NETWORK_TABLE),
    _queried("Microsoft.Network/networkGroupMemberships", _NETWORK_TABLE),
    _queried("Microsoft.Network/effectiveSecurityAdminRules", _NETWORK_TABLE),
    _queried("Microsoft.Network/effectiveConnectivityConfigurations", _NETWORK_TABLE),
    _queried("Microsoft.Compute/virtualMachineScaleSets/virtualMachines", "computeresources"),
    # Not part of azure-mgmt-network, but the same host and the same reads: sent through its client.
    Entry(
        "Microsoft.Network/privateDnsZones",
        _PRIVATE_DNS,
        client="network",
        quota=_DNS_READS,
        table="resources",
    ),
    Entry(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        _PRIVATE_DNS,
        How.CHILDREN,
        parents=_ZONE,
        client="network",
        quota=_DNS_READS,
        table="resources",
    ),
    Entry(
        "Microsoft.Network/privateDnsZones/A",
        _PRIVATE_DNS,
        How.CHILDREN,
        parents=_ZONE,
        client="network",
        quota=_DNS_READS,
        table="dnsresources",
    ),
    # Resolvers are a service of their own beside azure-mgmt-network.
    Entry("Microsoft.Network/dnsResolvers", _RESOLVERS, table="resources"),
    Entry(
        "Microsoft.Network/dnsResolvers/inboundEndpoints",
        _RESOLVERS,
        How.CHILDREN,
        parents=("Microsoft.Network/dnsResolvers",),
        table="resources",
    ),
    Entry(
        "Microsoft.Storage/storageAccounts",
        _STORAGE,
        client="storage",
        table="resources",
        quota=_STORAGE_LISTS,
    ),
    _storage_child("blobServices", "blob"),
    _storage_child("fileServices", "file"),
    _storage_child("queueServices", "queue"),
    _storage_child("tableServices", "queue"),
    # What is in them has one list an account, whatever the service's own settings are.
    _storage_child("fileServices/shares", "file", "fileServices/default/shares"),
    _storage_child("queueServices/queues", "queue", "queueServices/default/queues"),
    _storage_child("tableServices/tables", "queue", "tableServices/default/tables"),
    _storage_child("localUsers", "blob"),
    _storage_child("encryptionScopes", "blob"),
    _storage_child("objectReplicationPolicies", "blob"),
    Entry(
        "Microsoft.Storage/storageAccounts/managementPolicies",
        _STORAGE,
        How.SINGLETON,
        path="managementPolicies/default",
        parents=("Microsoft.Storage/storageAccounts",),
        client="storage",
        quota=_STORAGE_READS,
        only=_HAS_SERVICE["blob"],
        absent=frozenset({"managementpolicynotfound", "featurenotsupportedforaccount"}),
    ),
    Entry(
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        _STORAGE,
        How.CHILDREN,
        parents=("Microsoft.Storage/storageAccounts/blobServices",),
        client="storage",
        quota=_STORAGE_READS,
    ),
    _storage_child("encryptionScopes", "blob"),
    Entry("Microsoft.KeyVault/vaults", _VAULTS, client="keyvault", table="resources"),
    # The list of keys has neither their kind and size nor their rotation policy
    # (https://learn.microsoft.com/rest/api/keyvault/keyvault/keys/list).
    Entry("Microsoft.KeyVault/vaults/keys", _VAULTS, How.CHILDREN, parents=_VAULT, client="keyvault", detailed=True),
    Entry("Microsoft.KeyVault/vaults/secrets", _VAULTS, How.CHILDREN, parents=_VAULT, client="keyvault"),
    Entry("Microsoft.KeyVault/managedHSMs", _VAULTS, client="keyvault", table="resources"),
    # A service can stay on a version that is disabled while the newest one is fine.
    *(
        Entry(f"{keys}/versions", _VAULTS, How.CHILDREN, parents=(keys,), client="keyvault")
        for keys in ("Microsoft.KeyVault/vaults/keys", "Microsoft.KeyVault/managedHSMs/keys")
    ),
    Entry(
        "Microsoft.KeyVault/managedHSMs/keys",
        _VAULTS,
        How.CHILDREN,
        parents=("Microsoft.KeyVault/managedHSMs",),
        client="keyvault",
        detailed=True,
    ),
    # https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/list-deleted
    Entry("Microsoft.KeyVault/deletedVaults", _VAULTS, client="keyvault"),
    Entry("Microsoft.KeyVault/deletedManagedHSMs", _VAULTS, client="keyvault"),
    Entry(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        _IDENTITIES,
        client="msi",
        table="resources",
    ),
    # The one version with `claimsMatchingExpression`, which the client does not send; any other gives a flexible
    # credential without subject and expression:
    # https://learn.microsoft.com/azure/templates/microsoft.managedidentity/2025-01-31-preview/userassignedidentities/federatedidentitycredentials
    Entry(
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "2025-01-31-preview",
        How.CHILDREN,
        parents=("Microsoft.ManagedIdentity/userAssignedIdentities",),
    ),
)
