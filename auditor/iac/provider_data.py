"""Storage, keys and databases of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_common import CONNECTIONS, KEYS_ELSEWHERE, PUBLIC, identifier
from auditor.iac.provider_ways import (
    Provided,
    Way,
    at,
    attribute,
    constant,
    each,
    either,
    element,
    given,
    joined,
    negated,
    switched,
    translated,
    words,
)


def _sku(values: Any) -> Any:
    return joined("_", "account_tier", "account_replication_type")(values)


def _addresses(path: str) -> Way:
    return each(path, {"value": element, "action": constant("Allow")})


_STORAGE = Provided(
    "Microsoft.Storage/storageAccounts",
    {
        "kind": attribute("account_kind"),
        "sku.name": _sku,
        "properties.minimumTlsVersion": attribute("min_tls_version"),
        "properties.supportsHttpsTrafficOnly": attribute("https_traffic_only_enabled", "enable_https_traffic_only"),
        "properties.allowBlobPublicAccess": attribute("allow_nested_items_to_be_public"),
        "properties.allowSharedKeyAccess": attribute("shared_access_key_enabled"),
        "properties.allowCrossTenantReplication": attribute("cross_tenant_replication_enabled"),
        "properties.allowedCopyScope": attribute("allowed_copy_scope"),
        "properties.defaultToOAuthAuthentication": attribute("default_to_oauth_authentication"),
        "properties.isHnsEnabled": attribute("is_hns_enabled"),
        "properties.isNfsV3Enabled": attribute("nfsv3_enabled"),
        "properties.isSftpEnabled": attribute("sftp_enabled"),
        "properties.isLocalUserEnabled": attribute("local_user_enabled"),
        "properties.sasPolicy.sasExpirationPeriod": attribute("sas_policy.0.expiration_period"),
        "properties.encryption.requireInfrastructureEncryption": attribute("infrastructure_encryption_enabled"),
        "properties.encryption.services.queue.keyType": attribute("queue_encryption_key_type"),
        "properties.encryption.services.table.keyType": attribute("table_encryption_key_type"),
        "properties.encryption.keySource": given("customer_managed_key", "Microsoft.Keyvault", "Microsoft.Storage"),
        "properties.encryption.identity.userAssignedIdentity": attribute(
            "customer_managed_key.0.user_assigned_identity_id"
        ),
        "properties.encryption.keyvaultproperties.keyvaulturi": identifier(
            "customer_managed_key.0.key_vault_key_id", "vault"
        ),
        "properties.encryption.keyvaultproperties.keyname": identifier(
            "customer_managed_key.0.key_vault_key_id", "name"
        ),
        "properties.encryption.keyvaultproperties.keyversion": identifier(
            "customer_managed_key.0.key_vault_key_id", "version"
        ),
        **PUBLIC,
        "properties.networkAcls.defaultAction": attribute("network_rules.0.default_action"),
        "properties.networkAcls.bypass": words("network_rules.0.bypass", ", "),
        "properties.networkAcls.ipRules": _addresses("network_rules.0.ip_rules"),
        "properties.networkAcls.virtualNetworkRules": each(
            "network_rules.0.virtual_network_subnet_ids", {"id": element}
        ),
        "properties.networkAcls.resourceAccessRules": each(
            "network_rules.0.private_link_access",
            {"resourceId": attribute("endpoint_resource_id"), "tenantId": attribute("endpoint_tenant_id")},
        ),
    },
    children=(
        Provided(
            "Microsoft.Storage/storageAccounts/blobServices",
            {
                "properties.isVersioningEnabled": attribute("blob_properties.0.versioning_enabled"),
                "properties.changeFeed.enabled": attribute("blob_properties.0.change_feed_enabled"),
                "properties.deleteRetentionPolicy.enabled": lambda values: _retention(
                    values, "blob_properties", "delete_retention_policy"
                ),
                "properties.containerDeleteRetentionPolicy.enabled": lambda values: _retention(
                    values, "blob_properties", "container_delete_retention_policy"
                ),
            },
            name="=default",
            is_whole=True,
        ),
        Provided(
            "Microsoft.Storage/storageAccounts/fileServices",
            {
                "properties.shareDeleteRetentionPolicy.enabled": lambda values: _retention(
                    values, "share_properties", "retention_policy"
                ),
                "properties.protocolSettings.smb.versions": words("share_properties.0.smb.0.versions", ";", ";"),
                "properties.protocolSettings.smb.channelEncryption": words(
                    "share_properties.0.smb.0.channel_encryption_type", ";", ";"
                ),
            },
            name="=default",
            is_whole=True,
        ),
    ),
    is_whole=True,
    never=CONNECTIONS
    | {
        "properties.keyCreationTime.key1",
        "properties.keyCreationTime.key2",
        # The provider has no attribute for it.
        "properties.keyPolicy.keyExpirationPeriodInDays",
    },
)


def _retention(values: Any, block: str, name: str) -> Any:
    """A retention policy: on where its block stands, off where the block around it stands without it."""
    around = at(values, f"{block}.0")
    if not isinstance(around, Mapping):
        return around
    found = around.get(name)
    return found if isinstance(found, Unknown) else bool(found)


_VAULT: dict[str, Way] = {
    "properties.tenantId": attribute("tenant_id"),
    "properties.sku.name": attribute("sku_name"),
    "properties.enablePurgeProtection": lambda values: attribute("purge_protection_enabled")(values) or None,
    "properties.enableRbacAuthorization": attribute("rbac_authorization_enabled", "enable_rbac_authorization"),
    # The provider has no attribute for it: soft delete cannot be switched off any more.
    "properties.enableSoftDelete": constant(True),
    "properties.softDeleteRetentionInDays": attribute("soft_delete_retention_days"),
    "properties.enabledForDeployment": attribute("enabled_for_deployment"),
    "properties.enabledForDiskEncryption": attribute("enabled_for_disk_encryption"),
    "properties.enabledForTemplateDeployment": attribute("enabled_for_template_deployment"),
    **PUBLIC,
    "properties.networkAcls.defaultAction": attribute("network_acls.0.default_action"),
    "properties.networkAcls.bypass": attribute("network_acls.0.bypass"),
    "properties.networkAcls.ipRules": each("network_acls.0.ip_rules", {"value": element}),
    "properties.networkAcls.virtualNetworkRules": each("network_acls.0.virtual_network_subnet_ids", {"id": element}),
    "properties.accessPolicies": each(
        "access_policy",
        {
            "tenantId": attribute("tenant_id"),
            "objectId": attribute("object_id"),
            "permissions.keys": attribute("key_permissions"),
            "permissions.secrets": attribute("secret_permissions"),
            "permissions.certificates": attribute("certificate_permissions"),
            "permissions.storage": attribute("storage_permissions"),
        },
    ),
}
DATA: dict[str, Provided] = {
    "azurerm_storage_account": _STORAGE,
    "azurerm_storage_container": Provided(
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        {
            "properties.publicAccess": translated(
                "container_access_type", {"private": "None", "blob": "Blob", "container": "Container"}
            ),
            "properties.defaultEncryptionScope": attribute("default_encryption_scope"),
            "properties.denyEncryptionScopeOverride": negated("encryption_scope_override_enabled"),
        },
        parent="storage_account_id",
        is_whole=True,
    ),
    "azurerm_key_vault": Provided("Microsoft.KeyVault/vaults", _VAULT, is_whole=True, never=CONNECTIONS),
    "azurerm_key_vault_key": Provided(
        "Microsoft.KeyVault/vaults/keys",
        {"properties.kty": attribute("key_type"), "properties.keySize": attribute("key_size")},
        parent="key_vault_id",
    ),
    "azurerm_mssql_server": Provided(
        "Microsoft.Sql/servers",
        {
            # The provider sends nothing for `Disabled`.
            "properties.minimalTlsVersion": translated("minimum_tls_version", {"Disabled": None}),
            "properties.administrators.azureADOnlyAuthentication": attribute(
                "azuread_administrator.0.azuread_authentication_only"
            ),
            "properties.restrictOutboundNetworkAccess": switched("outbound_network_restriction_enabled"),
            **PUBLIC,
        },
        never=CONNECTIONS,
    ),
    "azurerm_mssql_database": Provided(
        "Microsoft.Sql/servers/databases",
        {"sku.name": attribute("sku_name"), "properties.zoneRedundant": attribute("zone_redundant")},
        parent="server_id",
        children=(
            Provided(
                "Microsoft.Sql/servers/databases/transparentDataEncryption",
                {"properties.state": switched("transparent_data_encryption_enabled")},
                name="=current",
                is_whole=True,
            ),
        ),
    ),
    "azurerm_mssql_firewall_rule": Provided(
        "Microsoft.Sql/servers/firewallRules",
        {
            "properties.startIpAddress": attribute("start_ip_address"),
            "properties.endIpAddress": attribute("end_ip_address"),
        },
        parent="server_id",
        is_whole=True,
    ),
    "azurerm_postgresql_flexible_server": Provided(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        {
            "properties.network.delegatedSubnetResourceId": attribute("delegated_subnet_id"),
            "properties.network.publicNetworkAccess": switched("public_network_access_enabled"),
            "properties.dataEncryption.type": given("customer_managed_key", "AzureKeyVault", "SystemManaged"),
            "properties.dataEncryption.primaryKeyURI": attribute("customer_managed_key.0.key_vault_key_id"),
            "properties.authConfig.activeDirectoryAuth": switched("authentication.0.active_directory_auth_enabled"),
            "properties.authConfig.passwordAuth": switched("authentication.0.password_auth_enabled"),
        },
        never=CONNECTIONS | KEYS_ELSEWHERE - {"properties.dataEncryption.primaryKeyURI"},
    ),
    "azurerm_postgresql_flexible_server_configuration": Provided(
        "Microsoft.DBforPostgreSQL/flexibleServers/configurations",
        {"properties.value": attribute("value")},
        parent="server_id",
        is_whole=True,
    ),
    "azurerm_mysql_flexible_server": Provided(
        "Microsoft.DBforMySQL/flexibleServers",
        {
            "properties.network.delegatedSubnetResourceId": attribute("delegated_subnet_id"),
            "properties.network.publicNetworkAccess": attribute("public_network_access"),
            "properties.dataEncryption.type": given("customer_managed_key", "AzureKeyVault", "SystemManaged"),
            "properties.dataEncryption.primaryKeyURI": attribute("customer_managed_key.0.key_vault_key_id"),
        },
        never=CONNECTIONS | KEYS_ELSEWHERE - {"properties.dataEncryption.primaryKeyURI"},
    ),
    "azurerm_mysql_flexible_server_configuration": Provided(
        "Microsoft.DBforMySQL/flexibleServers/configurations",
        {"properties.value": attribute("value")},
        within=("server_name",),
        is_whole=True,
    ),
    "azurerm_cosmosdb_account": Provided(
        "Microsoft.DocumentDB/databaseAccounts",
        {
            "kind": attribute("kind"),
            "properties.capabilities": each("capabilities", {"name": attribute("name")}),
            "properties.disableLocalAuth": either("local_authentication_disabled", "local_authentication_enabled"),
            "properties.disableKeyBasedMetadataWriteAccess": negated("access_key_metadata_writes_enabled"),
            "properties.minimalTlsVersion": attribute("minimal_tls_version"),
            "properties.keyVaultKeyUri": attribute("key_vault_key_id"),
            "properties.isVirtualNetworkFilterEnabled": attribute("is_virtual_network_filter_enabled"),
            **PUBLIC,
        },
        never=CONNECTIONS | KEYS_ELSEWHERE - {"properties.keyVaultKeyUri"},
    ),
    "azurerm_redis_cache": Provided(
        "Microsoft.Cache/redis",
        {
            "properties.enableNonSslPort": attribute("non_ssl_port_enabled", "enable_non_ssl_port"),
            "properties.minimumTlsVersion": attribute("minimum_tls_version"),
            "properties.disableAccessKeyAuthentication": negated("access_keys_authentication_enabled"),
            "properties.subnetId": attribute("subnet_id"),
            "properties.sku.name": attribute("sku_name"),
            **PUBLIC,
        },
        never=CONNECTIONS,
    ),
}
"""Resource types of the provider."""
