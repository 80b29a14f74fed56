"""Storage and keys of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_common import CONNECTIONS, PUBLIC, WRITTEN, identifier
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
    made,
    negated,
    seconds,
    translated,
    words,
)


def _sku(values: Any) -> Any:
    """`Standard_GRS`, or `StandardV2_ZRS` for file shares that are billed by what is provisioned."""
    model = at(values, "provisioned_billing_model_version")
    found = joined("_", "account_tier", "account_replication_type")(values)
    return found.replace("_", f"{model}_", 1) if isinstance(found, str) and isinstance(model, str) else found


def _addresses(path: str) -> Way:
    return each(path, {"value": element, "action": constant("Allow")})


_STORAGE = Provided(
    "Microsoft.Storage/storageAccounts",
    {
        "kind": attribute("account_kind"),
        "sku.name": _sku,
        "sku.tier": attribute("account_tier"),
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
    | WRITTEN
    | {
        "properties.primaryEndpoints",
        "properties.secondaryEndpoints",
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


ACCESS_POLICY: dict[str, Way] = {
    "tenantId": attribute("tenant_id"),
    "objectId": attribute("object_id"),
    "permissions.keys": attribute("key_permissions"),
    "permissions.secrets": attribute("secret_permissions"),
    "permissions.certificates": attribute("certificate_permissions"),
    "permissions.storage": attribute("storage_permissions"),
}
"""One access policy of a vault."""
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
    "properties.accessPolicies": each("access_policy", ACCESS_POLICY),
}


def _lifetime(values: Any) -> Any:
    """What a key's rotation policy does, and when it tells."""
    policy = at(values, "rotation_policy.0")
    if not isinstance(policy, Mapping):
        return policy
    automatic, notice = at(policy, "automatic.0"), at(policy, "notify_before_expiry")
    found: list[Any] = []
    if isinstance(automatic, Mapping):
        ways = {
            "timeAfterCreate": attribute("time_after_creation"),
            "timeBeforeExpiry": attribute("time_before_expiry"),
        }
        found.append({"trigger": made(ways, automatic), "action": {"type": "rotate"}})
    if notice is not None:
        found.append({"trigger": {"timeBeforeExpiry": notice}, "action": {"type": "notify"}})
    return found or automatic


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
    "azurerm_key_vault": Provided(
        "Microsoft.KeyVault/vaults", _VAULT, is_whole=True, never=CONNECTIONS | {"properties.securityDomainProperties"}
    ),
    "azurerm_key_vault_key": Provided(
        "Microsoft.KeyVault/vaults/keys",
        {
            "properties.kty": attribute("key_type"),
            "properties.keySize": attribute("key_size"),
            "properties.curveName": attribute("curve"),
            "properties.keyOps": attribute("key_opts"),
            # The provider creates keys that are enabled and cannot be exported.
            "properties.attributes.enabled": constant(True),
            "properties.attributes.exportable": constant(False),
            "properties.attributes.exp": seconds("expiration_date"),
            "properties.attributes.nbf": seconds("not_before_date"),
            "properties.rotationPolicy.attributes.expiryTime": attribute("rotation_policy.0.expire_after"),
            "properties.rotationPolicy.lifetimeActions": _lifetime,
        },
        parent="key_vault_id",
        never=frozenset({"properties.attributes.created", "properties.keyUri", "properties.keyUriWithVersion"}),
    ),
    "azurerm_key_vault_secret": Provided(
        "Microsoft.KeyVault/vaults/secrets",
        {
            "properties.contentType": attribute("content_type"),
            "properties.attributes.enabled": constant(True),
            "properties.attributes.exp": seconds("expiration_date"),
            "properties.attributes.nbf": seconds("not_before_date"),
        },
        parent="key_vault_id",
        never=frozenset({"properties.attributes.created"}),
    ),
}
"""Resource types of the provider."""
