"""Messaging, applications, containers and management of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.iac.provider_common import CONNECTIONS, IDENTITY, KEYS_ELSEWHERE, LOCAL, PUBLIC, identifier
from auditor.iac.provider_ways import (
    Provided,
    Way,
    at,
    attribute,
    constant,
    each,
    either,
    given,
    made,
    negated,
    switched,
)

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
    **PUBLIC,
}
_SITE_CONFIG: dict[str, Way] = {
    "properties.minTlsVersion": attribute("site_config.0.minimum_tls_version"),
    "properties.scmMinTlsVersion": attribute("site_config.0.scm_minimum_tls_version"),
    "properties.ftpsState": attribute("site_config.0.ftps_state"),
    "properties.http20Enabled": attribute("site_config.0.http2_enabled"),
    "properties.acrUseManagedIdentityCreds": attribute("site_config.0.container_registry_use_managed_identity"),
    "properties.linuxFxVersion": attribute("site_config.0.linux_fx_version"),
    "properties.remoteDebuggingEnabled": attribute("site_config.0.remote_debugging_enabled"),
    **PUBLIC,
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
        never=IDENTITY
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
    **LOCAL,
    **PUBLIC,
    "properties.encryption.keySource": given("customer_managed_key", "Microsoft.KeyVault"),
    "properties.encryption.requireInfrastructureEncryption": attribute(
        "customer_managed_key.0.infrastructure_encryption_enabled"
    ),
    "properties.encryption.keyVaultProperties": each(
        "customer_managed_key",
        {
            "keyVaultUri": identifier("key_vault_key_id", "vault"),
            "keyName": identifier("key_vault_key_id", "name"),
        },
    ),
}
_GRID: dict[str, Way] = {**LOCAL, **PUBLIC}


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


def _ingress(values: Any) -> Any:
    """The way into a container app; a list of one block."""
    block = at(values, "ingress.0")
    if not isinstance(block, Mapping):
        return block
    ways = {
        "external": attribute("external_enabled"),
        "allowInsecure": attribute("allow_insecure_connections"),
        "transport": attribute("transport"),
        "targetPort": attribute("target_port"),
        "clientCertificateMode": attribute("client_certificate_mode"),
    }
    return made(ways, block)


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
    "azurerm_servicebus_namespace": Provided("Microsoft.ServiceBus/namespaces", _NAMESPACE, never=CONNECTIONS),
    "azurerm_eventhub_namespace": Provided(
        "Microsoft.EventHub/namespaces",
        _NAMESPACE,
        # Keys are set by azurerm_eventhub_namespace_customer_managed_key.
        never=CONNECTIONS
        | {"properties.encryption.keySource", "properties.encryption.requireInfrastructureEncryption"},
    ),
    "azurerm_eventgrid_topic": Provided(
        "Microsoft.EventGrid/topics", {**_GRID, "kind": constant("Azure")}, never=CONNECTIONS
    ),
    "azurerm_eventgrid_domain": Provided("Microsoft.EventGrid/domains", _GRID, never=CONNECTIONS),
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
            **PUBLIC,
        },
        never=CONNECTIONS | KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyIdentifier"},
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
        never=IDENTITY,
    ),
    "azurerm_log_analytics_workspace": Provided(
        "Microsoft.OperationalInsights/workspaces",
        {
            "properties.features.disableLocalAuth": either(
                "local_authentication_disabled", "local_authentication_enabled"
            ),
            "properties.retentionInDays": attribute("retention_in_days"),
            "properties.publicNetworkAccessForIngestion": switched("internet_ingestion_enabled"),
            "properties.publicNetworkAccessForQuery": switched("internet_query_enabled"),
        },
        never=frozenset({"properties.privateLinkScopedResources[*]"}),
    ),
    "azurerm_application_insights": Provided(
        "Microsoft.Insights/components",
        {
            "properties.DisableLocalAuth": either("local_authentication_disabled", "local_authentication_enabled"),
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
            **PUBLIC,
        },
        never=CONNECTIONS | {"properties.createdAtUtc"},
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
        never=CONNECTIONS | KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyIdentifier"},
    ),
    "azurerm_cognitive_account": Provided(
        "Microsoft.CognitiveServices/accounts",
        {
            "kind": attribute("kind"),
            "sku.name": attribute("sku_name"),
            **LOCAL,
            **PUBLIC,
            "properties.restrictOutboundNetworkAccess": attribute("outbound_network_access_restricted"),
            "properties.encryption.keySource": given("customer_managed_key", "Microsoft.KeyVault"),
            "properties.customSubDomainName": attribute("custom_subdomain_name"),
        },
        never=CONNECTIONS,
    ),
    "azurerm_search_service": Provided(
        "Microsoft.Search/searchServices",
        {
            "sku.name": attribute("sku"),
            **LOCAL,
            **PUBLIC,
            "properties.encryptionWithCmk.enforcement": switched("customer_managed_key_enforcement_enabled"),
        },
        never=CONNECTIONS,
    ),
    "azurerm_data_factory": Provided(
        "Microsoft.DataFactory/factories",
        {
            **PUBLIC,
            "properties.encryption.vaultBaseUrl": identifier("customer_managed_key_id", "vault"),
            "properties.encryption.keyName": identifier("customer_managed_key_id", "name"),
        },
        never=IDENTITY,
    ),
    "azurerm_automation_account": Provided(
        "Microsoft.Automation/automationAccounts",
        {
            **LOCAL,
            "properties.publicNetworkAccess": attribute("public_network_access_enabled"),
            "properties.encryption.keySource": given("encryption", "Microsoft.Keyvault", "Microsoft.Automation"),
        },
        never=CONNECTIONS | IDENTITY,
    ),
    "azurerm_recovery_services_vault": Provided(
        "Microsoft.RecoveryServices/vaults",
        {
            "sku.name": attribute("sku"),
            **PUBLIC,
            "properties.securitySettings.immutabilitySettings.state": attribute("immutability"),
            "properties.securitySettings.softDeleteSettings.softDeleteState": switched("soft_delete_enabled"),
            "properties.encryption.keyVaultProperties.keyUri": attribute("encryption.0.key_id"),
        },
        never=CONNECTIONS | KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyUri"},
    ),
}
"""Resource types of the provider."""
