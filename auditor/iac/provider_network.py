"""Network and identity of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

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
    known,
    made,
    switched,
)

_RULE: dict[str, Way] = {
    "properties.direction": attribute("direction"),
    "properties.access": attribute("access"),
    "properties.protocol": attribute("protocol"),
    "properties.priority": attribute("priority"),
    "properties.sourceAddressPrefix": attribute("source_address_prefix"),
    "properties.sourceAddressPrefixes": attribute("source_address_prefixes"),
    "properties.sourcePortRange": attribute("source_port_range"),
    "properties.sourcePortRanges": attribute("source_port_ranges"),
    "properties.destinationAddressPrefix": attribute("destination_address_prefix"),
    "properties.destinationAddressPrefixes": attribute("destination_address_prefixes"),
    "properties.destinationPortRange": attribute("destination_port_range"),
    "properties.destinationPortRanges": attribute("destination_port_ranges"),
    "properties.sourceApplicationSecurityGroups": each("source_application_security_group_ids", {"id": element}),
    "properties.destinationApplicationSecurityGroups": each(
        "destination_application_security_group_ids", {"id": element}
    ),
}
_ROUTE: dict[str, Way] = {
    "properties.addressPrefix": attribute("address_prefix"),
    "properties.nextHopType": attribute("next_hop_type"),
    "properties.nextHopIpAddress": attribute("next_hop_in_ip_address"),
}


def _service_endpoints(values: Any) -> Any:
    """Services that a subnet has endpoints of: names, or blocks since version 5 of the provider."""
    found = attribute("service_endpoint")(values)
    if isinstance(found, list) and found:
        return [made({"service": attribute("service")}, one) for one in found]
    return found if isinstance(found, Unknown) else each("service_endpoints", {"service": element})(values)


_SUBNET: dict[str, Way] = {
    "properties.addressPrefixes": attribute("address_prefixes"),
    "properties.serviceEndpoints": _service_endpoints,
    "properties.serviceEndpointPolicies": each("service_endpoint_policy_ids", {"id": element}),
    "properties.privateEndpointNetworkPolicies": attribute("private_endpoint_network_policies"),
    "properties.privateLinkServiceNetworkPolicies": switched("private_link_service_network_policies_enabled"),
    "properties.defaultOutboundAccess": attribute("default_outbound_access_enabled"),
    "properties.delegations": each(
        "delegation",
        {"name": attribute("name"), "properties.serviceName": attribute("service_delegation.0.name")},
    ),
}
_FRONT: dict[str, Way] = {
    "name": attribute("name"),
    "properties.publicIPAddress.id": attribute("public_ip_address_id"),
    "properties.subnet.id": attribute("subnet_id"),
    # Which address the service chooses says nothing of who reaches it.
    "properties.privateIPAddress": known("private_ip_address"),
    "properties.privateIPAllocationMethod": attribute("private_ip_address_allocation"),
}


def _front_of_balancer(values: Any) -> Any:
    """The id of the front that a rule names."""
    parts = [at(values, "loadbalancer_id"), at(values, "frontend_ip_configuration_name")]
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    return unknown or (None if None in parts else f"{parts[0]}/frontendIPConfigurations/{parts[1]}")


_BALANCED: dict[str, Way] = {
    "properties.frontendIPConfiguration.id": _front_of_balancer,
    "properties.protocol": attribute("protocol"),
    "properties.frontendPort": attribute("frontend_port"),
    "properties.backendPort": attribute("backend_port"),
    "properties.enableFloatingIP": attribute("floating_ip_enabled", "enable_floating_ip"),
}


def _of_balancer(name: str, ways: dict[str, Way]) -> Provided:
    return Provided(f"Microsoft.Network/loadBalancers/{name}", ways, parent="loadbalancer_id", is_whole=True)


NETWORK: dict[str, Provided] = {
    "azurerm_virtual_network": Provided(
        "Microsoft.Network/virtualNetworks",
        {
            "properties.addressSpace.addressPrefixes": attribute("address_space"),
            "properties.dhcpOptions.dnsServers": attribute("dns_servers"),
            "properties.enableDdosProtection": attribute("ddos_protection_plan.0.enable"),
            "properties.ddosProtectionPlan.id": attribute("ddos_protection_plan.0.id"),
            "properties.encryption.enabled": given("encryption", True),
            "properties.encryption.enforcement": attribute("encryption.0.enforcement"),
            "properties.subnets": each(
                "subnet",
                {
                    "name": attribute("name"),
                    **_SUBNET,
                    "properties.networkSecurityGroup.id": attribute("security_group"),
                    "properties.routeTable.id": attribute("route_table_id"),
                },
            ),
        },
        is_whole=True,
        # Peerings stand apart, and the overlay puts them in.
        never=frozenset({"properties.virtualNetworkPeerings[*].properties.remoteVirtualNetwork.id"}),
    ),
    "azurerm_subnet": Provided(
        "Microsoft.Network/virtualNetworks/subnets",
        {
            **_SUBNET,
            # Usually set by blocks that only join two others; since version 5 also here, write-only.
            "properties.networkSecurityGroup.id": attribute("network_security_group_id_wo"),
            "properties.routeTable.id": attribute("route_table_id_wo"),
        },
        within=("virtual_network_name",),
        is_whole=True,
        never=frozenset({"properties.natGateway.id", "properties.networkSecurityGroup.id", "properties.routeTable.id"}),
    ),
    "azurerm_virtual_network_peering": Provided(
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
        {
            "properties.remoteVirtualNetwork.id": attribute("remote_virtual_network_id"),
            "properties.allowVirtualNetworkAccess": attribute("allow_virtual_network_access"),
            "properties.allowForwardedTraffic": attribute("allow_forwarded_traffic"),
            "properties.allowGatewayTransit": attribute("allow_gateway_transit"),
            "properties.useRemoteGateways": attribute("use_remote_gateways"),
        },
        within=("virtual_network_name",),
        is_whole=True,
    ),
    "azurerm_network_security_group": Provided(
        "Microsoft.Network/networkSecurityGroups",
        {"properties.securityRules": each("security_rule", {"name": attribute("name"), **_RULE})},
        is_whole=True,
        # Written by the service; the overlay writes them too.
        never=frozenset({"properties.networkInterfaces[*]", "properties.subnets[*]"}),
    ),
    "azurerm_network_security_rule": Provided(
        "Microsoft.Network/networkSecurityGroups/securityRules",
        _RULE,
        within=("network_security_group_name",),
        is_whole=True,
    ),
    "azurerm_application_security_group": Provided("Microsoft.Network/applicationSecurityGroups", {}, is_whole=True),
    "azurerm_network_interface": Provided(
        "Microsoft.Network/networkInterfaces",
        {
            "properties.enableIPForwarding": attribute("ip_forwarding_enabled", "enable_ip_forwarding"),
            "properties.dnsSettings.dnsServers": attribute("dns_servers"),
            "properties.ipConfigurations": each(
                "ip_configuration",
                {
                    **_FRONT,
                    "properties.privateIPAddressVersion": attribute("private_ip_address_version"),
                    "properties.primary": attribute("primary"),
                },
            ),
        },
        is_whole=True,
        never=frozenset(
            {
                "properties.networkSecurityGroup.id",
                "properties.virtualMachine.id",
                "properties.virtualMachineProfile.networkProfile",
            }
        ),
    ),
    "azurerm_public_ip": Provided(
        "Microsoft.Network/publicIPAddresses",
        {
            "sku.name": attribute("sku"),
            "properties.publicIPAllocationMethod": attribute("allocation_method"),
            "properties.publicIPAddressVersion": attribute("ip_version"),
            "properties.dnsSettings.domainNameLabel": attribute("domain_name_label"),
            "properties.ddosSettings.protectionMode": attribute("ddos_protection_mode"),
        },
        is_whole=True,
        never=frozenset(
            {
                "properties.ipConfiguration.id",
                "properties.linkedPublicIPAddress.id",
                "properties.natGateway.id",
                "properties.servicePublicIPAddress.id",
            }
        ),
    ),
    "azurerm_route_table": Provided(
        "Microsoft.Network/routeTables",
        {
            "properties.disableBgpRoutePropagation": lambda values: (
                None
                if (found := attribute("bgp_route_propagation_enabled")(values)) is None
                else (not found if isinstance(found, bool) else found)
            ),
            "properties.routes": each("route", {"name": attribute("name"), **_ROUTE}),
        },
        is_whole=True,
    ),
    "azurerm_route": Provided(
        "Microsoft.Network/routeTables/routes", _ROUTE, within=("route_table_name",), is_whole=True
    ),
    "azurerm_nat_gateway": Provided(
        "Microsoft.Network/natGateways",
        {"sku.name": attribute("sku_name")},
        is_whole=True,
        never=frozenset({"properties.publicIpAddresses", "properties.publicIpPrefixes"}),
    ),
    "azurerm_private_endpoint": Provided(
        "Microsoft.Network/privateEndpoints",
        {
            "properties.subnet.id": attribute("subnet_id"),
            "properties.privateLinkServiceConnections": lambda values: _connections(values, manual=False),
            "properties.manualPrivateLinkServiceConnections": lambda values: _connections(values, manual=True),
        },
        children=(
            Provided(
                "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
                {
                    "properties.privateDnsZoneConfigs": each(
                        "private_dns_zone_group.0.private_dns_zone_ids",
                        {"name": constant("zone"), "properties.privateDnsZoneId": element},
                    )
                },
                name="private_dns_zone_group.0.name",
                is_whole=True,
            ),
        ),
        is_whole=True,
    ),
    "azurerm_private_dns_zone": Provided("Microsoft.Network/privateDnsZones", {}, is_whole=True),
    "azurerm_private_dns_zone_virtual_network_link": Provided(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        {
            "properties.virtualNetwork.id": attribute("virtual_network_id"),
            "properties.registrationEnabled": attribute("registration_enabled"),
            "properties.resolutionPolicy": attribute("resolution_policy"),
        },
        # A parent's id since version 5 of the provider, its name before.
        parent="private_dns_zone_id",
        within=("private_dns_zone_name",),
        is_whole=True,
    ),
    "azurerm_bastion_host": Provided(
        "Microsoft.Network/bastionHosts",
        {
            "sku.name": attribute("sku"),
            "properties.disableCopyPaste": lambda values: (
                not found if isinstance(found := attribute("copy_paste_enabled")(values), bool) else found
            ),
            "properties.enableFileCopy": attribute("file_copy_enabled"),
            "properties.enableShareableLink": attribute("shareable_link_enabled"),
            "properties.ipConfigurations": each("ip_configuration", _FRONT),
        },
    ),
    "azurerm_lb": Provided(
        "Microsoft.Network/loadBalancers",
        {
            "sku.name": attribute("sku"),
            "properties.frontendIPConfigurations": each("frontend_ip_configuration", _FRONT),
        },
        is_whole=True,
        # These are blocks of their own, and the overlay puts them in.
        never=frozenset(
            {
                "properties.backendAddressPools",
                "properties.inboundNatPools",
                "properties.inboundNatRules",
                "properties.loadBalancingRules",
                "properties.outboundRules",
                "properties.probes",
            }
        ),
    ),
    "azurerm_lb_backend_address_pool": _of_balancer(
        "backendAddressPools", {"properties.virtualNetwork.id": attribute("virtual_network_id")}
    ),
    "azurerm_lb_rule": _of_balancer(
        "loadBalancingRules",
        {
            **_BALANCED,
            "properties.backendAddressPools": each("backend_address_pool_ids", {"id": element}),
            "properties.disableOutboundSnat": attribute("disable_outbound_snat"),
        },
    ),
    "azurerm_lb_nat_rule": _of_balancer(
        "inboundNatRules",
        {
            **_BALANCED,
            "properties.frontendPortRangeStart": attribute("frontend_port_start"),
            "properties.frontendPortRangeEnd": attribute("frontend_port_end"),
            "properties.backendAddressPool.id": attribute("backend_address_pool_id"),
        },
    ),
    "azurerm_lb_outbound_rule": _of_balancer(
        "outboundRules", {"properties.backendAddressPool.id": attribute("backend_address_pool_id")}
    ),
    "azurerm_firewall": Provided(
        "Microsoft.Network/azureFirewalls",
        {
            "properties.sku.name": attribute("sku_name"),
            "properties.sku.tier": attribute("sku_tier"),
            "properties.firewallPolicy.id": attribute("firewall_policy_id"),
            "properties.threatIntelMode": attribute("threat_intel_mode"),
            "properties.ipConfigurations": each("ip_configuration", _FRONT),
        },
        # Classic collections stand apart: azurerm_firewall_network_rule_collection.
        never=frozenset(
            {
                "properties.networkRuleCollections[*]",
                "properties.networkRuleCollections[*].properties.action.type",
                "properties.networkRuleCollections[*].properties.rules[*]",
                "properties.networkRuleCollections[*].properties.rules[*].destinationAddresses",
                "properties.networkRuleCollections[*].properties.rules[*].destinationPorts",
                "properties.networkRuleCollections[*].properties.rules[*].sourceAddresses",
            }
        ),
    ),
    "azurerm_firewall_policy": Provided(
        "Microsoft.Network/firewallPolicies",
        {
            "properties.sku.tier": attribute("sku"),
            "properties.basePolicy.id": attribute("base_policy_id"),
            "properties.threatIntelMode": attribute("threat_intelligence_mode"),
            "properties.dnsSettings.enableProxy": attribute("dns.0.proxy_enabled"),
            "properties.insights.isEnabled": attribute("insights.0.enabled"),
            "properties.intrusionDetection.mode": attribute("intrusion_detection.0.mode"),
            "properties.intrusionDetection.configuration.signatureOverrides": each(
                "intrusion_detection.0.signature_overrides", {"id": attribute("id"), "mode": attribute("state")}
            ),
            "properties.intrusionDetection.configuration.bypassTrafficSettings": each(
                "intrusion_detection.0.traffic_bypass", {"name": attribute("name"), "protocol": attribute("protocol")}
            ),
            "properties.transportSecurity.certificateAuthority.keyVaultSecretId": attribute(
                "tls_certificate.0.key_vault_secret_id"
            ),
        },
    ),
    "azurerm_application_gateway": Provided(
        "Microsoft.Network/applicationGateways",
        {
            "properties.sku.name": attribute("sku.0.name"),
            "properties.sku.tier": attribute("sku.0.tier"),
            "properties.enableHttp2": attribute("http2_enabled", "enable_http2"),
            "properties.firewallPolicy.id": attribute("firewall_policy_id"),
            "properties.webApplicationFirewallConfiguration.enabled": attribute("waf_configuration.0.enabled"),
            "properties.frontendIPConfigurations": each("frontend_ip_configuration", _FRONT),
            "properties.requestRoutingRules": each("request_routing_rule", {"name": attribute("name")}),
            "properties.backendHttpSettingsCollection": each(
                "backend_http_settings",
                {
                    "name": attribute("name"),
                    "properties.port": attribute("port"),
                    "properties.protocol": attribute("protocol"),
                    "properties.cookieBasedAffinity": attribute("cookie_based_affinity"),
                },
            ),
        },
        never=frozenset(
            {
                "properties.entraJWTValidationConfigs[*]",
                "properties.entraJWTValidationConfigs[*].properties.tenantId",
                "properties.entraJWTValidationConfigs[*].properties.unAuthorizedRequestAction",
                "properties.requestRoutingRules[*].properties.entraJWTValidationConfig.id",
            }
        ),
    ),
    "azurerm_user_assigned_identity": Provided("Microsoft.ManagedIdentity/userAssignedIdentities", {}, is_whole=True),
    "azurerm_resource_group": Provided("Microsoft.Resources/resourceGroups", {}, is_whole=True),
}
"""Resource types of the provider."""


def _connections(values: Any, *, manual: bool) -> Any:
    """Connections of a private endpoint, those that ask for approval apart from the others."""
    found = each(
        "private_service_connection",
        {
            "name": attribute("name"),
            "manual": attribute("is_manual_connection"),
            "properties.privateLinkServiceId": attribute("private_connection_resource_id"),
            "properties.groupIds": attribute("subresource_names"),
        },
    )(values)
    if not isinstance(found, list):
        return found
    chosen = [{k: v for k, v in one.items() if k != "manual"} for one in found if one.get("manual", False) is manual]
    return chosen or None
