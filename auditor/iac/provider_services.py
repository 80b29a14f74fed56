"""Messaging, containers and other services of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_common import CONNECTIONS, IDENTITY, KEYS_ELSEWHERE, LOCAL, PUBLIC, WRITTEN, identifier
from auditor.iac.provider_ways import (
    ABSENT,
    Provided,
    Way,
    at,
    attribute,
    constant,
    each,
    either,
    element,
    given,
    made,
    negated,
    switched,
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
            "keyVersion": identifier("key_vault_key_id", "version"),
            "identity.userAssignedIdentity": attribute("identity_id"),
        },
    ),
}


def _inside(path: str, way: Way) -> Way:
    """A way that begins at a block."""
    return lambda values: way(at(values, path) or {})


def _network_rules(kind: str, path: str, ways: dict[str, Way]) -> Provided:
    """The firewall of a namespace, a block inside it."""
    own: dict[str, Way] = {name: _inside(path, way) for name, way in ways.items()}
    return Provided(f"{kind}/networkRuleSets", own, name="=default", is_whole=True)


_BUS_NAMESPACE = "Microsoft.ServiceBus/namespaces"
_HUB_NAMESPACE = "Microsoft.EventHub/namespaces"
_BUS_RULES: dict[str, Way] = {
    "properties.defaultAction": attribute("default_action"),
    "properties.publicNetworkAccess": switched("public_network_access_enabled"),
    "properties.trustedServiceAccessEnabled": attribute("trusted_services_allowed"),
    "properties.ipRules": each("ip_rules", {"ipMask": element, "action": constant("Allow")}),
    "properties.virtualNetworkRules": each("network_rules", {"subnet.id": attribute("subnet_id")}),
}
_HUB_RULES: dict[str, Way] = {
    "properties.defaultAction": attribute("default_action"),
    "properties.publicNetworkAccess": switched("public_network_access_enabled"),
    "properties.trustedServiceAccessEnabled": attribute("trusted_service_access_enabled"),
    "properties.ipRules": each("ip_rule", {"ipMask": attribute("ip_mask"), "action": attribute("action")}),
    "properties.virtualNetworkRules": each("virtual_network_rule", {"subnet.id": attribute("subnet_id")}),
}
_GRID: dict[str, Way] = {
    **LOCAL,
    **PUBLIC,
    "properties.inboundIpRules": each(
        "inbound_ip_rule", {"ipMask": attribute("ip_mask"), "action": attribute("action")}
    ),
}
# No argument says which protocol versions a topic takes.
_GRID_NEVER = CONNECTIONS | {"properties.endpoint", "properties.minimumTlsVersionAllowed"}


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


_POOL: dict[str, Way] = {
    "vmSize": attribute("vm_size"),
    "workloadRuntime": attribute("workload_runtime"),
    "enableEncryptionAtHost": attribute("host_encryption_enabled", "enable_host_encryption"),
    "enableNodePublicIP": attribute("node_public_ip_enabled", "enable_node_public_ip"),
    "vnetSubnetID": attribute("vnet_subnet_id"),
}


def _advanced(values: Any) -> Any:
    """Whether a cluster has the advanced networking services, which are on with either of them."""
    block = at(values, "network_profile.0.advanced_networking.0")
    if not isinstance(block, Mapping):
        return block
    switches = [at(block, "observability_enabled"), at(block, "security_enabled")]
    return next((one for one in switches if isinstance(one, Unknown)), True in switches)


def _access(path: str, switch: str) -> Way:
    """`Enabled`, as an argument has it since version 5 of the provider; a truth value before."""

    def read(values: Any) -> Any:
        found = attribute(path)(values)
        return switched(switch)(values) if found is ABSENT or found is None else found

    return read


SERVICES: dict[str, Provided] = {
    "azurerm_servicebus_namespace": Provided(
        _BUS_NAMESPACE,
        _NAMESPACE,
        children=(_network_rules(_BUS_NAMESPACE, "network_rule_set.0", _BUS_RULES),),
        is_whole=True,
        never=CONNECTIONS | WRITTEN | {"properties.serviceBusEndpoint"},
    ),
    "azurerm_eventhub_namespace": Provided(
        _HUB_NAMESPACE,
        {path: way for path, way in _NAMESPACE.items() if ".encryption." not in path},
        children=(_network_rules(_HUB_NAMESPACE, "network_rulesets.0", _HUB_RULES),),
        is_whole=True,
        # Keys are set by azurerm_eventhub_namespace_customer_managed_key.
        never=CONNECTIONS
        | WRITTEN
        | {
            "properties.encryption.keySource",
            "properties.encryption.keyVaultProperties",
            "properties.encryption.requireInfrastructureEncryption",
            "properties.serviceBusEndpoint",
        },
    ),
    "azurerm_eventgrid_topic": Provided(
        "Microsoft.EventGrid/topics", {**_GRID, "kind": constant("Azure")}, is_whole=True, never=_GRID_NEVER
    ),
    "azurerm_eventgrid_domain": Provided("Microsoft.EventGrid/domains", _GRID, is_whole=True, never=_GRID_NEVER),
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
            "properties.encryption.keyVaultProperties.identity": attribute("encryption.0.identity_client_id"),
            "properties.networkRuleSet.defaultAction": attribute("network_rule_set.0.default_action"),
            "properties.networkRuleSet.ipRules": each(
                "network_rule_set.0.ip_rule", {"action": attribute("action"), "value": attribute("ip_range")}
            ),
            "properties.networkRuleSet.virtualNetworkRules": each(
                "network_rule_set.0.virtual_network", {"action": attribute("action"), "id": attribute("subnet_id")}
            ),
            "properties.networkRuleBypassOptions": attribute("network_rule_bypass_option"),
            **PUBLIC,
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN | KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyIdentifier"},
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
            "properties.autoUpgradeProfile.upgradeChannel": attribute(
                "automatic_upgrade_channel", "automatic_channel_upgrade"
            ),
            "properties.autoUpgradeProfile.nodeOSUpgradeChannel": attribute(
                "node_os_upgrade_channel", "node_os_channel_upgrade"
            ),
            "properties.securityProfile.defender.securityMonitoring.enabled": given("microsoft_defender", True, False),
            "properties.addonProfiles.azurepolicy.enabled": attribute("azure_policy_enabled"),
            "properties.addonProfiles.azureKeyvaultSecretsProvider.enabled": given(
                "key_vault_secrets_provider", True, False
            ),
            "properties.addonProfiles.azureKeyvaultSecretsProvider.config.enableSecretRotation": switched(
                "key_vault_secrets_provider.0.secret_rotation_enabled", on="true", off="false"
            ),
            "properties.agentPoolProfiles": each("default_node_pool", {"name": attribute("name"), **_POOL}),
            "properties.networkProfile.networkDataplane": attribute("network_profile.0.network_data_plane"),
            "properties.networkProfile.advancedNetworking.enabled": _advanced,
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
        # No argument encrypts what nodes say to one another.
        never=CONNECTIONS | WRITTEN | {"properties.networkProfile.advancedNetworking.security.transitEncryption.type"},
    ),
    "azurerm_kubernetes_cluster_node_pool": Provided(
        "Microsoft.ContainerService/managedClusters/agentPools",
        {f"properties.{name}": way for name, way in _POOL.items()},
        parent="kubernetes_cluster_id",
    ),
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
            "properties.forceCmkForQuery": attribute("cmk_for_query_forced"),
            "properties.publicNetworkAccessForIngestion": _access(
                "internet_ingestion_access_type", "internet_ingestion_enabled"
            ),
            "properties.publicNetworkAccessForQuery": _access("internet_query_access_type", "internet_query_enabled"),
        },
        is_whole=True,
        # A cluster is joined by azurerm_log_analytics_linked_service.
        never=CONNECTIONS | {"properties.privateLinkScopedResources[*]", "properties.features.clusterResourceId"},
    ),
    "azurerm_application_insights": Provided(
        "Microsoft.Insights/components",
        {
            "properties.DisableLocalAuth": either("local_authentication_disabled", "local_authentication_enabled"),
            "properties.publicNetworkAccessForIngestion": switched("internet_ingestion_enabled"),
            "properties.publicNetworkAccessForQuery": switched("internet_query_enabled"),
        },
        is_whole=True,
        never=CONNECTIONS | {"properties.privateLinkScopedResources[*]"},
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
        is_whole=True,
        never=CONNECTIONS
        | WRITTEN
        | {"properties.createdAtUtc", "properties.gatewayUrl", "properties.platformVersion"},
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
            "properties.encryption.keyVaultProperties.identityClientId": attribute("encryption.0.identity_client_id"),
            "properties.publicNetworkAccess": attribute("public_network_access"),
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN | KEYS_ELSEWHERE - {"properties.encryption.keyVaultProperties.keyIdentifier"},
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
            "properties.networkAcls.defaultAction": attribute("network_acls.0.default_action"),
            "properties.networkAcls.bypass": attribute("network_acls.0.bypass"),
            "properties.networkAcls.ipRules": each("network_acls.0.ip_rules", {"value": element}),
            "properties.networkAcls.virtualNetworkRules": each(
                "network_acls.0.virtual_network_rules", {"id": attribute("subnet_id")}
            ),
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN,
    ),
    "azurerm_search_service": Provided(
        "Microsoft.Search/searchServices",
        {
            "sku.name": attribute("sku"),
            **LOCAL,
            **PUBLIC,
            "properties.encryptionWithCmk.enforcement": switched("customer_managed_key_enforcement_enabled"),
            "properties.networkRuleSet.ipRules": each("allowed_ips", {"value": element}),
            "properties.networkRuleSet.bypass": attribute("network_rule_bypass_option"),
        },
        is_whole=True,
        # No argument has the service's own key.
        never=CONNECTIONS
        | WRITTEN
        | {
            "properties.encryptionWithCmk.encryptionComplianceStatus",
            "properties.encryptionWithCmk.serviceLevelEncryptionKey",
        },
    ),
    "azurerm_data_factory": Provided(
        "Microsoft.DataFactory/factories",
        {
            "properties.publicNetworkAccess": switched("public_network_enabled"),
            "properties.encryption.vaultBaseUrl": identifier("customer_managed_key_id", "vault"),
            "properties.encryption.keyName": identifier("customer_managed_key_id", "name"),
            "properties.encryption.identity.userAssignedIdentity": attribute("customer_managed_key_identity_id"),
        },
        children=(
            Provided(
                "Microsoft.DataFactory/factories/managedVirtualNetworks",
                {"properties": lambda values: {} if at(values, "managed_virtual_network_enabled") is True else None},
                name="=default",
                is_whole=True,
            ),
        ),
        is_whole=True,
        never=CONNECTIONS | WRITTEN | IDENTITY,
    ),
    "azurerm_automation_account": Provided(
        "Microsoft.Automation/automationAccounts",
        {
            **LOCAL,
            "properties.publicNetworkAccess": attribute("public_network_access_enabled"),
            "properties.encryption.keySource": given("encryption", "Microsoft.Keyvault", "Microsoft.Automation"),
        },
        is_whole=True,
        never=CONNECTIONS | WRITTEN | IDENTITY,
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
