"""Storage, backup and messaging with customer-managed keys."""

from __future__ import annotations

from dataclasses import replace

from auditor.facts.keys.model import Passage, Place, Reported, Service
from auditor.facts.keys.services.blocks import KEY_VAULT_BLOCK, LEARN, block, namespace

SERVICES: tuple[Service, ...] = (
    Service(
        "Microsoft.DataProtection/backupVaults",
        "backup vault",
        (
            Place(
                url="properties.securitySettings.encryptionSettings.keyVaultProperties.keyUri",
                identity="properties.securitySettings.encryptionSettings.kekIdentity.identityId",
                reported=Reported("properties.securitySettings.encryptionSettings.state", bad=("inconsistent",)),
            ),
        ),
        LEARN + "backup/encryption-at-rest-with-cmk-for-backup-vault",
        Passage.TRUSTED,
    ),
    Service(
        "Microsoft.ElasticSan/elasticSans/volumeGroups",
        "volume group",
        (
            replace(
                block("properties.encryptionProperties.keyVaultProperties"),
                identity="properties.encryptionProperties.identity.userAssignedIdentity",
                source="properties.encryption",
                expiry="properties.encryptionProperties.keyVaultProperties.currentVersionedKeyExpirationTimestamp",
            ),
        ),
        LEARN + "storage/elastic-san/elastic-san-encryption-overview",
    ),
    namespace("Microsoft.EventHub/namespaces", "Event Hubs namespace", "event-hubs/configure-customer-managed-key"),
    Service(
        "Microsoft.NetApp/netAppAccounts",
        "NetApp account",
        (
            Place(
                vault=f"{KEY_VAULT_BLOCK}.keyVaultUri",
                name=f"{KEY_VAULT_BLOCK}.keyName",
                identity="properties.encryption.identity.userAssignedIdentity",
                source="properties.encryption.keySource",
                vault_id=f"{KEY_VAULT_BLOCK}.keyVaultResourceId",
                federated="properties.encryption.identity.federatedClientId",
                # https://learn.microsoft.com/rest/api/netapp/accounts/get#keyvaultstatus
                reported=Reported(f"{KEY_VAULT_BLOCK}.status", bad=("deleted", "error")),
            ),
        ),
        LEARN + "azure-netapp-files/configure-customer-managed-keys",
        Passage.TRUSTED,
    ),
    Service(
        "Microsoft.RecoveryServices/vaults",
        "recovery vault",
        (
            Place(
                url=f"{KEY_VAULT_BLOCK}.keyUri",
                identity="properties.encryption.kekIdentity.userAssignedIdentity",
            ),
        ),
        LEARN + "backup/encryption-at-rest-with-cmk",
        Passage.TRUSTED,
    ),
    namespace(
        "Microsoft.ServiceBus/namespaces",
        "Service Bus namespace",
        "service-bus-messaging/configure-customer-managed-key",
    ),
    Service(
        "Microsoft.Storage/storageAccounts",
        "storage account",
        (
            Place(
                vault="properties.encryption.keyvaultproperties.keyvaulturi",
                name="properties.encryption.keyvaultproperties.keyname",
                version="properties.encryption.keyvaultproperties.keyversion",
                identity="properties.encryption.identity.userAssignedIdentity",
                federated="properties.encryption.identity.federatedIdentityClientId",
                source="properties.encryption.keySource",
                expiry="properties.encryption.keyvaultproperties.currentVersionedKeyExpirationTimestamp",
            ),
        ),
        LEARN + "storage/common/customer-managed-keys-overview",
        Passage.ONLY_TRUSTED,
    ),
    Service(
        "Microsoft.Storage/storageAccounts/encryptionScopes",
        "encryption scope",
        (
            Place(
                url="properties.keyVaultProperties.keyUri",
                source="properties.source",
                # Where the state is left out the scope is in use: it is set to Enabled when a scope is made.
                expiry="",
            ),
        ),
        LEARN + "storage/blobs/encryption-scope-overview",
        Passage.ONLY_TRUSTED,
        held_by="properties.encryption.identity.userAssignedIdentity",
    ),
    *(
        Service(
            f"Microsoft.StorageCache/{kind}",
            name,
            (
                Place(
                    url="properties.encryptionSettings.keyEncryptionKey.keyUrl",
                    vault_id="properties.encryptionSettings.keyEncryptionKey.sourceVault.id",
                    follows="properties.encryptionSettings.rotationToLatestKeyVersionEnabled",
                ),
            ),
            LEARN + page,
        )
        for kind, name, page in (
            ("amlFilesystems", "Lustre file system", "azure-managed-lustre/customer-managed-encryption-keys"),
            ("caches", "HPC cache", "hpc-cache/customer-keys"),
        )
    ),
)
