"""Blocks of the `azurerm` provider that only join two others, or set a part of another one.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs.
"""

from __future__ import annotations

from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_common import identifier
from auditor.iac.provider_data import ACCESS_POLICY
from auditor.iac.provider_ways import Patch, Way, at, attribute, constant, each, element, made, words


def _one_id(values: Any, name: str) -> Any:
    found = at(values, name)
    return found if found is None or isinstance(found, Unknown) else [{"id": found}]


def _of_configuration(name: str, path: str) -> dict[str, Way]:
    """What is added to a configuration of an interface; to all of them where the block names none."""

    def read(values: Any) -> Any:
        found = _one_id(values, path)
        own = at(values, "ip_configuration_name")
        return [{"name": "*" if own is None else own, "properties": {name: found}}] if found is not None else None

    return {"properties.ipConfigurations": read}


PATCHES: dict[str, Patch] = {
    "azurerm_subnet_network_security_group_association": Patch(
        "subnet_id", {"properties.networkSecurityGroup.id": attribute("network_security_group_id")}
    ),
    "azurerm_subnet_route_table_association": Patch(
        "subnet_id", {"properties.routeTable.id": attribute("route_table_id")}
    ),
    "azurerm_subnet_nat_gateway_association": Patch(
        "subnet_id", {"properties.natGateway.id": attribute("nat_gateway_id")}
    ),
    "azurerm_network_interface_application_security_group_association": Patch(
        "network_interface_id", _of_configuration("applicationSecurityGroups", "application_security_group_id"), True
    ),
    "azurerm_network_interface_backend_address_pool_association": Patch(
        "network_interface_id", _of_configuration("loadBalancerBackendAddressPools", "backend_address_pool_id"), True
    ),
    "azurerm_network_interface_nat_rule_association": Patch(
        "network_interface_id", _of_configuration("loadBalancerInboundNatRules", "nat_rule_id"), True
    ),
    "azurerm_network_interface_application_gateway_backend_address_pool_association": Patch(
        "network_interface_id",
        _of_configuration("applicationGatewayBackendAddressPools", "backend_address_pool_id"),
        True,
    ),
    "azurerm_nat_gateway_public_ip_association": Patch(
        "nat_gateway_id", {"properties.publicIpAddresses": lambda values: _one_id(values, "public_ip_address_id")}, True
    ),
    "azurerm_virtual_network_dns_servers": Patch(
        "virtual_network_id", {"properties.dhcpOptions.dnsServers": attribute("dns_servers")}
    ),
    "azurerm_storage_account_customer_managed_key": Patch(
        "storage_account_id",
        {
            "properties.encryption.keySource": constant("Microsoft.Keyvault"),
            "properties.encryption.identity.userAssignedIdentity": attribute("user_assigned_identity_id"),
            "properties.encryption.keyvaultproperties.keyvaulturi": identifier("key_vault_key_id", "vault"),
            "properties.encryption.keyvaultproperties.keyname": identifier("key_vault_key_id", "name"),
            "properties.encryption.keyvaultproperties.keyversion": identifier("key_vault_key_id", "version"),
        },
    ),
    "azurerm_cognitive_account_customer_managed_key": Patch(
        "cognitive_account_id", {"properties.encryption.keySource": constant("Microsoft.KeyVault")}
    ),
    "azurerm_key_vault_access_policy": Patch(
        "key_vault_id", {"properties.accessPolicies": lambda values: [made(ACCESS_POLICY, values)]}, True
    ),
    "azurerm_network_interface_security_group_association": Patch(
        "network_interface_id", {"properties.networkSecurityGroup.id": attribute("network_security_group_id")}
    ),
    "azurerm_storage_account_network_rules": Patch(
        "storage_account_id",
        {
            "properties.networkAcls.defaultAction": attribute("default_action"),
            "properties.networkAcls.bypass": words("bypass", ", "),
            "properties.networkAcls.ipRules": each("ip_rules", {"value": element, "action": constant("Allow")}),
            "properties.networkAcls.virtualNetworkRules": each("virtual_network_subnet_ids", {"id": element}),
        },
    ),
}
"""Blocks that only join two others, or set a part of another one."""
