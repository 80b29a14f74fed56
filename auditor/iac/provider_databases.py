"""Databases of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from typing import Any

from auditor.iac.provider_common import CONNECTIONS, KEYS_ELSEWHERE, PUBLIC, WRITTEN
from auditor.iac.provider_ways import (
    ABSENT,
    Provided,
    Way,
    attribute,
    each,
    either,
    given,
    negated,
    switched,
    translated,
)

_RANGE: dict[str, Way] = {
    "properties.startIpAddress": attribute("start_ip_address"),
    "properties.endIpAddress": attribute("end_ip_address"),
}
_DATABASE_KEYS: dict[str, Way] = {
    "properties.backup.geoRedundantBackup": switched("geo_redundant_backup_enabled"),
    "properties.dataEncryption.primaryKeyURI": attribute("customer_managed_key.0.key_vault_key_id"),
    "properties.dataEncryption.primaryUserAssignedIdentityId": attribute(
        "customer_managed_key.0.primary_user_assigned_identity_id"
    ),
    "properties.dataEncryption.geoBackupKeyURI": attribute("customer_managed_key.0.geo_backup_key_vault_key_id"),
    "properties.dataEncryption.geoBackupUserAssignedIdentityId": attribute(
        "customer_managed_key.0.geo_backup_user_assigned_identity_id"
    ),
}
_DATABASE_NEVER = frozenset(
    {
        "properties.dataEncryption.geoBackupEncryptionKeyStatus",
        "properties.dataEncryption.primaryEncryptionKeyStatus",
        "properties.fullyQualifiedDomainName",
        "properties.publicNetworkAccess",
    }
    | KEYS_ELSEWHERE - {"properties.dataEncryption.primaryKeyURI"}
)


def _mysql_access(values: Any) -> Any:
    """Whether everybody reaches the server: `Enabled`, or a truth value in older versions of the provider."""
    found = attribute("public_network_access")(values)
    return switched("public_network_access_enabled")(values) if found is ABSENT or found is None else found


def _ranges(values: Any) -> Any:
    """The ranges of a Cosmos DB firewall; a text with commas in older versions of the provider."""
    found = attribute("ip_range_filter")(values)
    if isinstance(found, str):
        found = [part.strip() for part in found.split(",") if part.strip()]
    return [{"ipAddressOrRange": one} for one in found] if isinstance(found, list) else found


DATABASES: dict[str, Provided] = {
    "azurerm_mssql_server": Provided(
        "Microsoft.Sql/servers",
        {
            # The provider sends nothing for `Disabled`.
            "properties.minimalTlsVersion": translated("minimum_tls_version", {"Disabled": None}),
            "properties.administrators.administratorType": given("azuread_administrator", "ActiveDirectory"),
            "properties.administrators.login": attribute("azuread_administrator.0.login_username"),
            "properties.administrators.sid": attribute("azuread_administrator.0.object_id"),
            "properties.administrators.azureADOnlyAuthentication": attribute(
                "azuread_administrator.0.azuread_authentication_only"
            ),
            "properties.primaryUserAssignedIdentityId": attribute("primary_user_assigned_identity_id"),
            "properties.restrictOutboundNetworkAccess": switched("outbound_network_restriction_enabled"),
            **PUBLIC,
        },
        children=(
            Provided(
                "Microsoft.Sql/servers/encryptionProtector",
                {
                    "properties.serverKeyType": given(
                        "transparent_data_encryption_key_vault_key_id", "AzureKeyVault", "ServiceManaged"
                    ),
                    "properties.uri": attribute("transparent_data_encryption_key_vault_key_id"),
                },
                name="=current",
                is_whole=True,
            ),
        ),
        is_whole=True,
        # No argument has a federated client.
        never=CONNECTIONS | WRITTEN | {"kind", "properties.fullyQualifiedDomainName", "properties.federatedClientId"},
    ),
    "azurerm_mssql_database": Provided(
        "Microsoft.Sql/servers/databases",
        {
            "sku.name": attribute("sku_name"),
            "properties.zoneRedundant": attribute("zone_redundant"),
            "properties.preferredEnclaveType": attribute("enclave_type"),
            "properties.encryptionProtector": attribute("transparent_data_encryption_key_vault_key_id"),
        },
        parent="server_id",
        is_whole=True,
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
        _RANGE,
        parent="server_id",
        is_whole=True,
    ),
    "azurerm_mssql_server_transparent_data_encryption": Provided(
        "Microsoft.Sql/servers/encryptionProtector",
        {
            "properties.serverKeyType": given("key_vault_key_id", "AzureKeyVault", "ServiceManaged"),
            "properties.uri": attribute("key_vault_key_id", "managed_hsm_key_id"),
            "properties.autoRotationEnabled": attribute("auto_rotation_enabled"),
        },
        parent="server_id",
        name="=current",
        is_whole=True,
        never=KEYS_ELSEWHERE - {"properties.uri"},
    ),
    "azurerm_mssql_server_extended_auditing_policy": Provided(
        "Microsoft.Sql/servers/auditingSettings",
        {
            "properties.state": switched("enabled"),
            "properties.retentionDays": attribute("retention_in_days"),
            "properties.storageEndpoint": attribute("blob_storage_endpoint", "storage_endpoint"),
            "properties.isAzureMonitorTargetEnabled": attribute("log_monitoring_enabled"),
        },
        parent="server_id",
        name="=default",
        is_whole=True,
    ),
    "azurerm_postgresql_flexible_server": Provided(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        {
            "properties.network.delegatedSubnetResourceId": attribute("delegated_subnet_id"),
            "properties.network.publicNetworkAccess": switched("public_network_access_enabled"),
            "properties.dataEncryption.type": given("customer_managed_key", "AzureKeyVault", "SystemManaged"),
            **_DATABASE_KEYS,
            "properties.authConfig.activeDirectoryAuth": switched("authentication.0.active_directory_auth_enabled"),
            "properties.authConfig.passwordAuth": switched("authentication.0.password_auth_enabled"),
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN | _DATABASE_NEVER,
    ),
    "azurerm_postgresql_flexible_server_firewall_rule": Provided(
        "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules", _RANGE, parent="server_id", is_whole=True
    ),
    "azurerm_mysql_flexible_server_firewall_rule": Provided(
        "Microsoft.DBforMySQL/flexibleServers/firewallRules", _RANGE, within=("server_name",), is_whole=True
    ),
    "azurerm_redis_firewall_rule": Provided(
        "Microsoft.Cache/redis/firewallRules",
        {"properties.startIP": attribute("start_ip"), "properties.endIP": attribute("end_ip")},
        within=("redis_cache_name",),
        is_whole=True,
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
            "properties.network.publicNetworkAccess": _mysql_access,
            "properties.dataEncryption.type": given("customer_managed_key", "AzureKeyVault", "SystemManaged"),
            **_DATABASE_KEYS,
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN | _DATABASE_NEVER,
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
            "properties.virtualNetworkRules": each("virtual_network_rule", {"id": attribute("id")}),
            "properties.ipRules": _ranges,
            "properties.networkAclBypass": switched(
                "network_acl_bypass_for_azure_services", on="AzureServices", off="None"
            ),
            "properties.networkAclBypassResourceIds": attribute("network_acl_bypass_ids"),
            "properties.defaultIdentity": attribute("default_identity_type"),
            **PUBLIC,
        },
        is_whole=True,
        never=CONNECTIONS
        | WRITTEN
        | {"properties.customerManagedKeyStatus", "properties.documentEndpoint", "properties.ipRangeFilter"}
        | {"properties.keysMetadata.primaryMasterKey.generationTime"}
        | KEYS_ELSEWHERE - {"properties.keyVaultKeyUri"},
    ),
    "azurerm_redis_cache": Provided(
        "Microsoft.Cache/redis",
        {
            "properties.enableNonSslPort": attribute("non_ssl_port_enabled", "enable_non_ssl_port"),
            "properties.minimumTlsVersion": attribute("minimum_tls_version"),
            "properties.disableAccessKeyAuthentication": negated("access_keys_authentication_enabled"),
            "properties.subnetId": attribute("subnet_id"),
            "properties.sku.name": attribute("sku_name"),
            "properties.redisConfiguration.aad-enabled": switched(
                "redis_configuration.0.active_directory_authentication_enabled", on="true", off="false"
            ),
            **PUBLIC,
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN | {"properties.hostName"},
    ),
}
"""Resource types of the provider."""
