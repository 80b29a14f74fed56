"""Apps and functions of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_common import CONNECTIONS, IDENTITY, PUBLIC, WRITTEN
from auditor.iac.provider_ways import ABSENT, Provided, Way, at, attribute, constant, each, given, switched

_SITE: dict[str, Way] = {
    "kind": constant("app"),
    "properties.httpsOnly": attribute("https_only"),
    "properties.serverFarmId": attribute("service_plan_id"),
    "properties.virtualNetworkSubnetId": attribute("virtual_network_subnet_id"),
    "properties.clientAffinityEnabled": attribute("client_affinity_enabled"),
    "properties.clientCertEnabled": attribute("client_certificate_enabled"),
    "properties.clientCertMode": attribute("client_certificate_mode"),
    "properties.clientCertExclusionPaths": attribute("client_certificate_exclusion_paths"),
    "properties.enabled": attribute("enabled"),
    "properties.state": switched("enabled", on="Running", off="Stopped"),
    "properties.keyVaultReferenceIdentity": attribute("key_vault_reference_identity_id"),
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
    "properties.minTlsCipherSuite": attribute("site_config.0.minimum_tls_cipher_suite"),
    "properties.remoteDebuggingEnabled": attribute("site_config.0.remote_debugging_enabled"),
    "properties.cors.allowedOrigins": attribute("site_config.0.cors.0.allowed_origins"),
    "properties.cors.supportCredentials": attribute("site_config.0.cors.0.support_credentials"),
    "properties.ipSecurityRestrictions": lambda values: _restrictions(values, "site_config.0.ip_restriction"),
    "properties.ipSecurityRestrictionsDefaultAction": attribute("site_config.0.ip_restriction_default_action"),
    "properties.scmIpSecurityRestrictions": lambda values: _restrictions(values, "site_config.0.scm_ip_restriction"),
    "properties.scmIpSecurityRestrictionsDefaultAction": attribute("site_config.0.scm_ip_restriction_default_action"),
    "properties.scmIpSecurityRestrictionsUseMain": attribute("site_config.0.scm_use_main_ip_restriction"),
    **PUBLIC,
}


def _restrictions(values: Any, path: str) -> Any:
    """Who reaches an app: a service tag stands where an address does, and says so."""
    ways: dict[str, Way] = {
        "name": attribute("name"),
        "priority": attribute("priority"),
        "action": attribute("action"),
        "ipAddress": attribute("service_tag", "ip_address"),
        "tag": given("service_tag", "ServiceTag"),
        "vnetSubnetResourceId": attribute("virtual_network_subnet_id"),
        "headers": _headers,
    }
    return each(path, ways)(values)


def _headers(values: Any) -> Any:
    block = at(values, "headers.0")
    if not isinstance(block, Mapping):
        return block
    names = {
        "x-azure-fdid": "x_azure_fdid",
        "x-fd-healthprobe": "x_fd_health_probe",
        "x-forwarded-for": "x_forwarded_for",
        "x-forwarded-host": "x_forwarded_host",
    }
    return {header: found for header, name in names.items() if (found := at(block, name))} or None


def _stack(values: Any) -> Any:
    """What an app runs, as `linuxFxVersion` and `windowsFxVersion` say it: `DOCKER|image`, `NODE|20-lts`."""
    block = at(values, "site_config.0.application_stack.0")
    if not isinstance(block, Mapping):
        return block
    image, registry = at(block, "docker_image_name"), at(block, "docker_registry_url")
    if image is None:
        containers = at(block, "docker.0")  # of function apps
        image, registry = at(containers, "image_name"), at(containers, "registry_url")
    for one in (image, registry):
        if isinstance(one, Unknown):
            return one
    if image is not None:
        host = str(registry or "").partition("://")[2] or registry
        return f"DOCKER|{host}/{image}" if host else f"DOCKER|{image}"
    languages = (name for name in sorted(block) if name.endswith("_version") and at(block, name) is not None)
    name = next(languages, None)
    return f"{name.removesuffix('_version').upper()}|{at(block, name)}" if name else None


def _settings(values: Any) -> Any:
    """All application settings; none is an empty object."""
    found = attribute("app_settings")(values)
    return {} if found is None else found


def _sign_in(values: Any) -> Any:
    """Whether an app signs users in; how it does is not in the table."""
    for name in ("auth_settings_v2", "auth_settings"):
        found = attribute(name)(values)
        if isinstance(found, Unknown):
            return found
        if found is not ABSENT and found:
            switch = "auth_enabled" if name == "auth_settings_v2" else "enabled"
            if at(found, f"0.{switch}") is not False:
                return Unknown("the plan's table does not have how users sign in")
    return {"platform": {"enabled": False}} if isinstance(values, Mapping) and "site_config" in values else ABSENT


def _publishing(name: str, path: str) -> Provided:
    ways = {"properties.allow": attribute(path)}
    kind = "Microsoft.Web/sites/basicPublishingCredentialsPolicies"
    return Provided(kind, ways, name=f"={name}", is_whole=True)


def _site(kind: str) -> Provided:
    system = "linux" if "linux" in kind else "windows"
    return Provided(
        "Microsoft.Web/sites",
        {**_SITE, "kind": constant(kind)},
        children=(
            Provided(
                "Microsoft.Web/sites/config",
                {**_SITE_CONFIG, f"properties.{system}FxVersion": _stack},
                name="=web",
                is_whole=True,
            ),
            Provided("Microsoft.Web/sites/config", {"properties": _settings}, name="=appsettings", is_whole=True),
            Provided("Microsoft.Web/sites/config", {"properties": _sign_in}, name="=authsettingsV2", is_whole=True),
            _publishing("ftp", "ftp_publish_basic_authentication_enabled"),
            _publishing("scm", "webdeploy_publish_basic_authentication_enabled"),
        ),
        is_whole=True,
        never=IDENTITY
        | CONNECTIONS
        | WRITTEN
        | {
            "properties.sshEnabled",  # no argument has it
            "properties.defaultHostName",
            "properties.enabledHostNames",
            "properties.hostNames",
            "properties.outboundIpAddresses",
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


APPS: dict[str, Provided] = {
    "azurerm_linux_web_app": _site("app,linux"),
    "azurerm_windows_web_app": _site("app"),
    "azurerm_linux_function_app": _site("functionapp,linux"),
    "azurerm_windows_function_app": _site("functionapp"),
    "azurerm_service_plan": Provided("Microsoft.Web/serverFarms", {"sku.name": attribute("sku_name")}),
}
"""Resource types of the provider."""
