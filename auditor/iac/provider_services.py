"""Storage, data, messaging, applications and management of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_ways import (
    Provided,
    Way,
    at,
    attribute,
    constant,
    each,
    element,
    given,
    joined,
    negated,
    switched,
    translated,
)

_CONNECTIONS = frozenset(
    {
        "properties.privateEndpointConnections[*]",
        "properties.privateEndpointConnections[*].properties.privateLinkServiceConnectionState.status",
    }
)
"""Written by the service; the overlay gives services the connections of private endpoints in the plan."""
_IDENTITY = frozenset({"identity.principalId"})
_KEYS_ELSEWHERE = frozenset(
    {
        "properties.activeKey.keyUrl",
        "properties.dataEncryption.primaryKeyURI",
        "properties.encryption.keyVaultProperties.keyIdentifier",
        "properties.encryption.keyVaultProperties.keyUri",
        "properties.keyVaultKeyUri",
        "properties.uri",
    }
)
"""Where a rule over many types looks for a key: each type has one of them."""
_PUBLIC: dict[str, Way] = {"properties.publicNetworkAccess": switched("public_network_access_enabled")}
_LOCAL: dict[str, Way] = {"properties.disableLocalAuth": negated("local_authentication_enabled", "local_auth_enabled")}


def _identifier(path: str, kind: str) -> Way:
    """A part of a Key Vault key's id, `https://vault.vault.azure.net/keys/name/version`."""

    def read(values: Any) -> Any:
        found = at(values, path)
        if not isinstance(found, str):
            return found
        parts = found.split("/")
        if kind == "vault":
            return "/".join(parts[:3])
        place = {"name": 4, "version": 5}[kind]
        return parts[place] if len(parts) > place else None

    return read


def _sku(values: Any) -> Any:
    return joined("_", "account_tier", "account_replication_type")(values)


def _bypass(path: str) -> Way:
    def read(values: Any) -> Any:
        found = at(values, path)
        if not isinstance(found, list):
            return found
        unknown = next((one for one in found if not isinstance(one, str)), None)
        return unknown if unknown is not None else ", ".join(found)

    return read


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
        "properties.encryption.keyvaultproperties.keyvaulturi": _identifier(
            "customer_managed_key.0.key_vault_key_id", "vault"
        ),
        "properties.encryption.keyvaultproperties.keyname": _identifier(
            "customer_managed_key.0.key_vault_key_id", "name"
        ),
        "properties.encryption.keyvaultproperties.keyversion": _identifier(
            "customer_managed_key.0.key_vault_key_id", "version"
        ),
        **_PUBLIC,
        "properties.networkAcls.defaultAction": attribute("network_rules.0.default_action"),
        "properties.networkAcls.bypass": _bypass("network_rules.0.bypass"),
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
                "properties.protocolSettings.smb.versions": lambda values: _words(
                    values, "share_properties.0.smb.0.versions"
                ),
                "properties.protocolSettings.smb.channelEncryption": lambda values: _words(
                    values, "share_properties.0.smb.0.channel_encryption_type"
                ),
            },
            name="=default",
            is_whole=True,
        ),
    ),
    is_whole=True,
    never=_CONNECTIONS
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


def _words(values: Any, path: str) -> Any:
    """A set of words as the service writes it: `SMB3.0;SMB3.1.1;`."""
    found = at(values, path)
    if not isinstance(found, list) or not found:
        return found or None
    unknown = next((one for one in found if not isinstance(one, str)), None)
    return unknown if unknown is not None else ";".join(found) + ";"


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
    **_PUBLIC,
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
_SITE: dict[str, Way] = {
    "kind": constant("app"),
    "properties.httpsOnly": attribute("https_only"),
    "properties.serverFarmId": attribute("service_plan_id"),
    "properties.virtualNetworkSubnetId": attribute("virtual_network_subnet_id"),
    "properties.clientAffinityEnabled": attribute("client_affinity_enabled"),
    "properties.clientCertEnabled": attribute("client_certificate_enabled"),
    "properties.clientCertMode": attribute("client_certificate_mode"),
    "properties.clientCertExclusionPaths": attribute("client_certificate_exclusion_paths"),
    "properties.siteConfig.vnetRouteAllEnabled": attribute("site_config.0.vnet_route_all_enabled"),
    "properties.vnetRouteAllEnabled": attribute("site_config.0.vnet_route_all_enabled"),
    **_PUBLIC,
}
_SITE_CONFIG: dict[str, Way] = {
    "properties.minTlsVersion": attribute("site_config.0.minimum_tls_version"),
    "properties.scmMinTlsVersion": attribute("site_config.0.scm_minimum_tls_version"),
    "properties.ftpsState": attribute("site_config.0.ftps_state"),
    "properties.http20Enabled": attribute("site_config.0.http2_enabled"),
    "properties.acrUseManagedIdentityCreds": attribute("site_config.0.container_registry_use_managed_identity"),
    "properties.linuxFxVersion": attribute("site_config.0.linux_fx_version"),
    "properties.remoteDebuggingEnabled": attribute("site_config.0.remote_debugging_enabled"),
    **_PUBLIC,
}


def _publishing(name: str, path: str) -> Provided:
    ways = {"properties.allow": attribute(path)}
    kind = "Microsoft.Web/sites/basicPublishingCredentialsPolicies"
    return Provided(kind, ways, name=f"={name}", is_whole=True)


def _site(kind: str) -> Provided:
    return Provided(
        "Microsoft.Web/sites",
        {**_SITE, "kind": constant(kind)},
        children=(
            Provided("Microsoft.Web/sites/config", _SITE_CONFIG, name="=web"),
            _publishing("ftp", "ftp_publish_basic_authentication_enabled"),
            _publishing("scm", "webdeploy_publish_basic_authentication_enabled"),
        ),
        never=_IDENTITY
        | {
            "properties.hostNameSslStates[*]",
            "properties.hostNameSslStates[*].hostType",
            "properties.hostNameSslStates[*].name",
            "properties.hostNameSslStates[*].sslState",
            "properties.hostingEnvironmentProfile.id",
            # The provider has no attribute for these.
            "properties.endToEndEncryptionEnabled",
            "properties.outboundVnetRouting.allTraffic",
            "properties.outboundVnetRouting.applicationTraffic",
        },
    )


_NAMESPACE: dict[str, Way] = {
    "sku.name": attribute("sku"),
    "properties.minimumTlsVersion": attribute("minimum_tls_version"),
    **_LOCAL,
    **_PUBLIC,
    "properties.encryption.keySource": given("customer_managed_key", "Microsoft.KeyVault"),
    "properties.encryption.requireInfrastructureEncryption": attribute(
        "customer_managed_key.0.infrastructure_encryption_enabled"
    ),
    "properties.encryption.keyVaultProperties": each(
        "customer_managed_key",
        {
            "keyVaultUri": _identifier("key_vault_key_id", "vault"),
            "keyName": _identifier("key_vault_key_id", "name"),
        },
    ),
}
_GRID: dict[str, Way] = {**_LOCAL, **_PUBLIC}


def _apim(values: Any) -> Any:
    """The switches of protocols and ciphers, which the service keeps as texts."""
    block = at(values, "security.0")
    if not isinstance(block, Mapping):
        return block
    prefix = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security."
    names = {
        "backend_ssl30_enabled": "Backend.Protocols.Ssl30",
        "backend_tls10_enabled": "Backend.Protocols.Tls10",
        "backend_tls11_enabled": "Backend.Protocols.Tls11",
        "frontend_ssl30_enabled": "Protocols.Ssl30",
        "frontend_tls10_enabled": "Protocols.Tls10",
        "frontend_tls11_enabled": "Protocols.Tls11",
        "triple_des_ciphers_enabled": "Ciphers.TripleDes168",
    }
    found: dict[str, Any] = {}
    for attribute_name, name in names.items():
        for own in (attribute_name, f"enable_{attribute_name.removesuffix('_enabled')}"):
            value = at(block, own)
            if value is not None:
                found[prefix + name] = str(value) if isinstance(value, bool) else value
    return found or None


def _tier(values: Any) -> Any:
    """The tier of an API Management service, `Developer_1` without its units."""
    found = at(values, "sku_name")
    return found.partition("_")[0] if isinstance(found, str) else found


def _insights(values: Any) -> Any:
    """Authentication of Application Insights: `local_authentication_disabled`, or its opposite in newer versions."""
    found = at(values, "local_authentication_disabled")
    return found if found is not None else negated("local_authentication_enabled")(values)


def _ingress(values: Any) -> Any:
    """The way into a container app; a list of one block."""
    block = at(values, "ingress.0")
    if not isinstance(block, Mapping):
        return block
    found = {
        "external": attribute("external_enabled")(block),
        "allowInsecure": attribute("allow_insecure_connections")(block),
        "transport": attribute("transport")(block),
        "targetPort": attribute("target_port")(block),
        "clientCertificateMode": attribute("client_certificate_mode")(block),
    }
    return {name: value for name, value in found.items() if value is not None}


def _containers(values: Any, path: str) -> Any:
    variable = {
        "name": attribute("name"),
        "value": attribute("value"),
        "secretRef": attribute("secret_name"),
    }
    return each(path, {"name": attribute("name"), "image": attribute("image"), "env": each("env", variable)})(values)


def _hostnames(values: Any) -> Any:
    """Host names of all kinds, which the provider keeps in a list for each."""
    block = at(values, "hostname_configuration.0")
    if not isinstance(block, Mapping):
        return block
    found = []
    for name, kind in (("proxy", "Proxy"), ("management", "Management"), ("portal", "Portal"), ("scm", "Scm")):
        for one in block.get(name) or []:
            negotiated = at(one, "negotiate_client_certificate")
            host = {"type": kind, "hostName": at(one, "host_name"), "negotiateClientCertificate": negotiated}
            found.append({key: value for key, value in host.items() if value is not None})
    return found or None


SERVICES: dict[str, Provided] = {
    "azurerm_storage_account": _STORAGE,
    "azurerm_storage_container": Provided(
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        {
            "properties.publicAccess": translated(
                "container_access_type", {"private": "None", "blob": "Blob", "container": "Container"}
            )
        },
        parent="storage_account_id",
        is_whole=True,
    ),
    "azurerm_key_vault": Provided("Microsoft.KeyVault/vaults", _VAULT, is_whole=True, never=_CONNECTIONS),
    "azurerm_key_vault_key": Provided(
        "Microsoft.KeyVault/vaults/keys",
        {"properties.kty": attribute("key_type"), "properties.keySize": attribute("key_size")},
        parent="key_vault_id",
    ),
    "azurerm_mssql_server": Provided(
        "Microsoft.Sql/servers",
        {
            "properties.minimalTlsVersion": attribute("minimum_tls_version"),
            "properties.administrators.azureADOnlyAuthentication": attribute(
                "azuread_administrator.0.azuread_authentication_only"
            ),
            "properties.restrictOutboundNetworkAccess": switched("outbound_network_restriction_enabled"),
            **_PUBLIC,
        },
        never=_CONNECTIONS,
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
        never=_CONNECTIONS | _KEYS_ELSEWHERE - {"properties.dataEncryption.primaryKeyURI"},
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
        never=_CONNECTIONS | _KEYS_ELSEWHERE - {"properties.dataEncryption.primaryKeyURI"},
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
            "properties.disableLocalAuth": attribute("local_authentication_disabled"),
            "properties.disableKeyBasedMetadataWriteAccess": negated("access_key_metadata_writes_enabled"),
            "properties.minimalTlsVersion": attribute("minimal_tls_version"),
            "properties.keyVaultKeyUri": attribute("key_vault_key_id"),
            "properties.isVirtualNetworkFilterEnabled": attribute("is_virtual_network_filter_enabled"),
            **_PUBLIC,
        },
        never=_CONNECTIONS | _KEYS_ELSEWHERE - {"properties.keyVaultKeyUri"},
    ),
    "azurerm_redis_cache": Provided(
        "Microsoft.Cache/redis",
        {
            "properties.enableNonSslPort": attribute("non_ssl_port_enabled", "enable_non_ssl_port"),
            "properties.minimumTlsVersion": attribute("minimum_tls_version"),
            "properties.disableAccessKeyAuthentication": negated("access_keys_authentication_enabled"),
            "properties.subnetId": attribute("subnet_id"),
            "properties.sku.name": attribute("sku_name"),
            **_PUBLIC,
        },
        never=_CONNECTIONS,
    ),
    "azurerm_servicebus_namespace": Provided("Microsoft.ServiceBus/namespaces", _NAMESPACE, never=_CONNECTIONS),
    "azurerm_eventhub_namespace": Provided(
        "Microsoft.EventHub/namespaces",
        _NAMESPACE,
        # Keys are set by azurerm_eventhub_namespace_customer_managed_key.
        never=_CONNECTIONS
        | {"properties.encryption.keySource", "properties.encryption.requireInfrastructureEncryption"},
    ),
    "azurerm_eventgrid_topic": Provided(
        "Microsoft.EventGrid/topics", {**_GRID, "kind": constant("Azure")}, never=_CONNECTIONS
    ),
    "azurerm_eventgrid_domain": Provided("Microsoft.EventGrid/domains", _GRID, never=_CONNECTIONS),
    "azurerm_container_registry": Provided(
        "Microsoft.ContainerRegistry/registries",
        {
            "sku.name": attribute("sku"),
            "properties.adminUserEnabled": attribute("admin_enabled"),
            "properties.anonymousPullEnabled": attribute("anonymous_pull_enabled"),
            "properties.dataEndpointEnabled": attribute("data_endpoint_enabled"),
            "properties.policies.exportPolicy.status": switched("export_policy_enabled", off="disabled", on="enabled"),
            "properties.encryption.status": given("encryption", "enabled", "disabled"),
            "properties.encryption.keyVaultProperties.keyIdentifier": attribute("encryption.0.key_vault_key_id"),
            "properties.networkRuleSet.defaultAction": attribute("network_rule_set.0.default_action"),
            "properties.networkRuleBypassOptions": attribute("network_rule_bypass_option"),
            **_PUBLIC,
        },
        never=_CONNECTIONS | _KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyIdentifier"},
    ),
    "azurerm_kubernetes_cluster": Provided(
        "Microsoft.ContainerService/managedClusters",
        {
            "sku.tier": attribute("sku_tier"),
            "properties.enableRBAC": attribute("role_based_access_control_enabled"),
            "properties.disableLocalAccounts": attribute("local_account_disabled"),
            "properties.aadProfile.enableAzureRBAC": attribute(
                "azure_active_directory_role_based_access_control.0.azure_rbac_enabled"
            ),
            "properties.addonProfiles.httpApplicationRouting.enabled": attribute("http_application_routing_enabled"),
            "properties.addonProfiles.azurepolicy.enabled": attribute("azure_policy_enabled"),
            "properties.agentPoolProfiles": each(
                "default_node_pool",
                {
                    "name": attribute("name"),
                    "enableEncryptionAtHost": attribute("host_encryption_enabled", "enable_host_encryption"),
                    "enableNodePublicIP": attribute("node_public_ip_enabled", "enable_node_public_ip"),
                    "vnetSubnetID": attribute("vnet_subnet_id"),
                },
            ),
            "properties.apiServerAccessProfile.enablePrivateCluster": attribute("private_cluster_enabled"),
            "properties.apiServerAccessProfile.disableRunCommand": negated("run_command_enabled"),
            "properties.apiServerAccessProfile.authorizedIPRanges": attribute(
                "api_server_access_profile.0.authorized_ip_ranges"
            ),
            "properties.diskEncryptionSetID": attribute("disk_encryption_set_id"),
            "properties.networkProfile.networkPlugin": attribute("network_profile.0.network_plugin"),
            "properties.networkProfile.networkPolicy": attribute("network_profile.0.network_policy"),
            "properties.oidcIssuerProfile.enabled": attribute("oidc_issuer_enabled"),
            "properties.securityProfile.azureKeyVaultKms.enabled": given("key_management_service", True, False),
            "properties.securityProfile.workloadIdentity.enabled": attribute("workload_identity_enabled"),
            "properties.servicePrincipalProfile.clientId": lambda values: (
                at(values, "service_principal.0.client_id") or given("identity", "msi")(values)
            ),
        },
    ),
    "azurerm_linux_web_app": _site("app,linux"),
    "azurerm_windows_web_app": _site("app"),
    "azurerm_linux_function_app": _site("functionapp,linux"),
    "azurerm_windows_function_app": _site("functionapp"),
    "azurerm_service_plan": Provided("Microsoft.Web/serverFarms", {"sku.name": attribute("sku_name")}),
    "azurerm_container_app_environment": Provided(
        "Microsoft.App/managedEnvironments",
        {
            "properties.peerAuthentication.mtls.enabled": attribute("mutual_tls_enabled"),
            "properties.peerTrafficConfiguration.encryption.enabled": attribute("mutual_tls_enabled"),
            "properties.vnetConfiguration.infrastructureSubnetId": attribute("infrastructure_subnet_id"),
            "properties.vnetConfiguration.internal": attribute("internal_load_balancer_enabled"),
            "properties.zoneRedundant": attribute("zone_redundancy_enabled"),
        },
    ),
    "azurerm_container_app": Provided(
        "Microsoft.App/containerApps",
        {
            "properties.managedEnvironmentId": attribute("container_app_environment_id"),
            "properties.configuration.ingress": _ingress,
            "properties.configuration.registries": each(
                "registry",
                {
                    "server": attribute("server"),
                    "username": attribute("username"),
                    "identity": attribute("identity"),
                    "passwordSecretRef": attribute("password_secret_name"),
                },
            ),
            "properties.configuration.secrets": each(
                "secret",
                {
                    "name": attribute("name"),
                    "keyVaultUrl": attribute("key_vault_secret_id"),
                    "identity": attribute("identity"),
                },
            ),
            "properties.template.containers": lambda values: _containers(values, "template.0.container"),
            "properties.template.initContainers": lambda values: _containers(values, "template.0.init_container"),
        },
        never=_IDENTITY,
    ),
    "azurerm_log_analytics_workspace": Provided(
        "Microsoft.OperationalInsights/workspaces",
        {
            "properties.features.disableLocalAuth": negated("local_authentication_enabled"),
            "properties.retentionInDays": attribute("retention_in_days"),
            "properties.publicNetworkAccessForIngestion": switched("internet_ingestion_enabled"),
            "properties.publicNetworkAccessForQuery": switched("internet_query_enabled"),
        },
        never=frozenset({"properties.privateLinkScopedResources[*]"}),
    ),
    "azurerm_application_insights": Provided(
        "Microsoft.Insights/components",
        {
            "properties.DisableLocalAuth": _insights,
            "properties.publicNetworkAccessForIngestion": switched("internet_ingestion_enabled"),
            "properties.publicNetworkAccessForQuery": switched("internet_query_enabled"),
        },
        never=frozenset({"properties.privateLinkScopedResources[*]"}),
    ),
    "azurerm_api_management": Provided(
        "Microsoft.ApiManagement/service",
        {
            "sku.name": _tier,
            "properties.virtualNetworkType": attribute("virtual_network_type"),
            "properties.enableClientCertificate": attribute("client_certificate_enabled"),
            "properties.customProperties": _apim,
            "properties.hostnameConfigurations": _hostnames,
            **_PUBLIC,
        },
        never=_CONNECTIONS | {"properties.createdAtUtc"},
    ),
    "azurerm_app_configuration": Provided(
        "Microsoft.AppConfiguration/configurationStores",
        {
            "sku.name": attribute("sku"),
            "properties.disableLocalAuth": negated("local_auth_enabled"),
            "properties.encryption.keyVaultProperties.keyIdentifier": attribute(
                "encryption.0.key_vault_key_identifier"
            ),
            "properties.enablePurgeProtection": attribute("purge_protection_enabled"),
            "properties.publicNetworkAccess": attribute("public_network_access"),
        },
        never=_CONNECTIONS | _KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyIdentifier"},
    ),
    "azurerm_cognitive_account": Provided(
        "Microsoft.CognitiveServices/accounts",
        {
            "kind": attribute("kind"),
            "sku.name": attribute("sku_name"),
            **_LOCAL,
            **_PUBLIC,
            "properties.restrictOutboundNetworkAccess": attribute("outbound_network_access_restricted"),
            "properties.encryption.keySource": given("customer_managed_key", "Microsoft.KeyVault"),
            "properties.customSubDomainName": attribute("custom_subdomain_name"),
        },
        never=_CONNECTIONS,
    ),
    "azurerm_search_service": Provided(
        "Microsoft.Search/searchServices",
        {
            "sku.name": attribute("sku"),
            **_LOCAL,
            **_PUBLIC,
            "properties.encryptionWithCmk.enforcement": switched("customer_managed_key_enforcement_enabled"),
        },
        never=_CONNECTIONS,
    ),
    "azurerm_data_factory": Provided(
        "Microsoft.DataFactory/factories",
        {
            **_PUBLIC,
            "properties.encryption.vaultBaseUrl": _identifier("customer_managed_key_id", "vault"),
            "properties.encryption.keyName": _identifier("customer_managed_key_id", "name"),
        },
        never=_IDENTITY,
    ),
    "azurerm_automation_account": Provided(
        "Microsoft.Automation/automationAccounts",
        {
            **_LOCAL,
            "properties.publicNetworkAccess": attribute("public_network_access_enabled"),
            "properties.encryption.keySource": given("encryption", "Microsoft.Keyvault", "Microsoft.Automation"),
        },
        never=_CONNECTIONS | _IDENTITY,
    ),
    "azurerm_recovery_services_vault": Provided(
        "Microsoft.RecoveryServices/vaults",
        {
            "sku.name": attribute("sku"),
            **_PUBLIC,
            "properties.securitySettings.immutabilitySettings.state": attribute("immutability"),
            "properties.securitySettings.softDeleteSettings.softDeleteState": switched("soft_delete_enabled"),
            "properties.encryption.keyVaultProperties.keyUri": attribute("encryption.0.key_id"),
        },
        never=_CONNECTIONS | _KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyUri"},
    ),
}
"""Resource types of the provider."""
