"""Machines, scale sets and disks of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_common import KEYS_ELSEWHERE, WRITTEN
from auditor.iac.provider_ways import Provided, Way, at, attribute, constant, each, element, given, switched


def _public(values: Any) -> Any:
    """The public address that each instance gets."""
    found = each("public_ip_address", {"name": attribute("name")})(values)
    return (found[0] if found else None) if isinstance(found, list) else found


_CONFIGURATION: dict[str, Way] = {
    "name": attribute("name"),
    "properties.primary": attribute("primary"),
    "properties.subnet.id": attribute("subnet_id"),
    "properties.privateIPAddressVersion": attribute("version"),
    "properties.publicIPAddressConfiguration": _public,
    "properties.loadBalancerBackendAddressPools": each("load_balancer_backend_address_pool_ids", {"id": element}),
    "properties.loadBalancerInboundNatPools": each("load_balancer_inbound_nat_rules_ids", {"id": element}),
    "properties.applicationSecurityGroups": each("application_security_group_ids", {"id": element}),
    "properties.applicationGatewayBackendAddressPools": each(
        "application_gateway_backend_address_pool_ids", {"id": element}
    ),
}
_PROFILE = "properties.virtualMachineProfile."


def _scale_set(system: str) -> Provided:
    """Machines of one kind, with the profile that each of them has."""
    disk = f"{_PROFILE}storageProfile.osDisk"
    ways: dict[str, Way] = {
        "sku.name": attribute("sku"),
        "properties.orchestrationMode": constant("Uniform"),
        f"{disk}.osType": constant(system),
        f"{disk}.managedDisk.diskEncryptionSet.id": attribute("os_disk.0.disk_encryption_set_id"),
        f"{disk}.managedDisk.securityProfile.securityEncryptionType": attribute("os_disk.0.security_encryption_type"),
        f"{disk}.managedDisk.securityProfile.diskEncryptionSet.id": attribute(
            "os_disk.0.secure_vm_disk_encryption_set_id"
        ),
        f"{_PROFILE}storageProfile.dataDisks": each(
            "data_disk", {"managedDisk.diskEncryptionSet.id": attribute("disk_encryption_set_id")}
        ),
        f"{_PROFILE}osProfile.linuxConfiguration.disablePasswordAuthentication": attribute(
            "disable_password_authentication"
        ),
        f"{_PROFILE}securityProfile.encryptionAtHost": attribute("encryption_at_host_enabled"),
        f"{_PROFILE}securityProfile.securityType": security_type,
        f"{_PROFILE}securityProfile.uefiSettings.secureBootEnabled": attribute("secure_boot_enabled"),
        f"{_PROFILE}securityProfile.uefiSettings.vTpmEnabled": attribute("vtpm_enabled"),
        f"{_PROFILE}extensionProfile.extensions": each(
            "extension",
            {
                "name": attribute("name"),
                "properties.publisher": attribute("publisher"),
                "properties.type": attribute("type"),
                "properties.typeHandlerVersion": attribute("type_handler_version"),
            },
        ),
        f"{_PROFILE}networkProfile.networkInterfaceConfigurations": each(
            "network_interface",
            {
                "name": attribute("name"),
                "properties.primary": attribute("primary"),
                "properties.enableIPForwarding": attribute("ip_forwarding_enabled", "enable_ip_forwarding"),
                "properties.networkSecurityGroup.id": attribute("network_security_group_id"),
                "properties.ipConfigurations": each("ip_configuration", _CONFIGURATION),
            },
        ),
    }
    # No argument has the settings of the metadata proxy; the others are where rules look at interfaces.
    never = WRITTEN | {
        f"{_PROFILE}securityProfile.proxyAgentSettings",
        "properties.ipConfigurations[*]",
        "properties.ipConfigurations[*].properties.privateIPAddressVersion",
        "properties.virtualMachine.id",
    }
    return Provided("Microsoft.Compute/virtualMachineScaleSets", ways, is_whole=True, never=never)


def security_type(values: Any) -> Any:
    """What the provider asks for: a confidential machine by its disk, a trusted launch by secure boot or its TPM."""
    if (found := at(values, "os_disk.0.security_encryption_type")) is not None:
        return found if isinstance(found, Unknown) else "ConfidentialVM"
    wanted = [at(values, "secure_boot_enabled"), at(values, "vtpm_enabled")]
    if True in wanted:
        return "TrustedLaunch"
    return next((one for one in wanted if isinstance(one, Unknown)), None)


_MACHINE: dict[str, Way] = {
    "properties.hardwareProfile.vmSize": attribute("size"),
    "properties.networkProfile.networkInterfaces": each("network_interface_ids", {"id": element}),
    "properties.securityProfile.encryptionAtHost": attribute("encryption_at_host_enabled"),
    "properties.securityProfile.uefiSettings.secureBootEnabled": attribute("secure_boot_enabled"),
    "properties.securityProfile.uefiSettings.vTpmEnabled": attribute("vtpm_enabled"),
    "properties.extensionsTimeBudget": attribute("extensions_time_budget"),
    "properties.userData": attribute("user_data"),
    "properties.virtualMachineScaleSet.id": attribute("virtual_machine_scale_set_id"),
    "properties.osProfile.linuxConfiguration.disablePasswordAuthentication": attribute(
        "disable_password_authentication"
    ),
    "properties.storageProfile.osDisk.managedDisk.storageAccountType": attribute("os_disk.0.storage_account_type"),
    "properties.storageProfile.osDisk.managedDisk.diskEncryptionSet.id": attribute("os_disk.0.disk_encryption_set_id"),
    "properties.storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType": attribute(
        "os_disk.0.security_encryption_type"
    ),
    "properties.storageProfile.osDisk.managedDisk.securityProfile.diskEncryptionSet.id": attribute(
        "os_disk.0.secure_vm_disk_encryption_set_id"
    ),
}


def _machine(system: str) -> Provided:
    ways: dict[str, Way] = {
        **_MACHINE,
        "properties.securityProfile.securityType": security_type,
        "properties.storageProfile.osDisk.osType": constant(system),
        f"properties.osProfile.{system.lower()}Configuration.patchSettings.assessmentMode": attribute(
            "patch_assessment_mode"
        ),
    }
    other = "windows" if system == "Linux" else "linux"
    # No argument has the settings of the metadata proxy, or a disk in a storage account; data disks are attached by
    # blocks of their own.
    never = WRITTEN | {
        "managedBy",
        "properties.securityProfile.proxyAgentSettings",
        "properties.storageProfile.dataDisks",
        "properties.storageProfile.dataDisks[*]",
        "properties.storageProfile.dataDisks[*].vhd.uri",
        "properties.storageProfile.osDisk.vhd.uri",
        f"properties.osProfile.{other}Configuration",
        f"properties.osProfile.{other}Configuration.patchSettings.assessmentMode",
    }
    return Provided("Microsoft.Compute/virtualMachines", ways, is_whole=True, never=never)


COMPUTE: dict[str, Provided] = {
    "azurerm_linux_virtual_machine": _machine("Linux"),
    "azurerm_windows_virtual_machine": _machine("Windows"),
    "azurerm_managed_disk": Provided(
        "Microsoft.Compute/disks",
        {
            "sku.name": attribute("storage_account_type"),
            "properties.encryption.diskEncryptionSetId": attribute("disk_encryption_set_id"),
            "properties.encryption.type": given(
                "disk_encryption_set_id", "EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformKey"
            ),
            "properties.encryptionSettingsCollection.enabled": given("encryption_settings", True),
            "properties.securityProfile.securityType": attribute("security_type"),
            "properties.networkAccessPolicy": attribute("network_access_policy"),
            "properties.publicNetworkAccess": switched("public_network_access_enabled"),
        },
        never=frozenset({"properties.diskState", "properties.dataAccessAuthMode"}),
    ),
    "azurerm_disk_encryption_set": Provided(
        "Microsoft.Compute/diskEncryptionSets",
        {
            "properties.activeKey.keyUrl": attribute("key_vault_key_id", "managed_hsm_key_id"),
            "properties.rotationToLatestKeyVersionEnabled": attribute("auto_key_rotation_enabled"),
            "properties.encryptionType": attribute("encryption_type"),
        },
        never=KEYS_ELSEWHERE - {"properties.activeKey.keyUrl"},
    ),
    "azurerm_linux_virtual_machine_scale_set": _scale_set("Linux"),
    "azurerm_windows_virtual_machine_scale_set": _scale_set("Windows"),
}
"""Resource types of the provider."""
