"""Computing and the platform with customer-managed keys."""

from __future__ import annotations

from dataclasses import replace

from auditor.facts.keys.model import Passage, Place, Reported, Service
from auditor.facts.keys.services.blocks import KEY_VAULT_BLOCK, LEARN, block, shared_block

SERVICES: tuple[Service, ...] = (
    Service(
        "Microsoft.AppConfiguration/configurationStores",
        "App Configuration store",
        (Place(url=f"{KEY_VAULT_BLOCK}.keyIdentifier", client=f"{KEY_VAULT_BLOCK}.identityClientId"),),
        LEARN + "azure-app-configuration/concept-customer-managed-keys",
    ),
    Service(
        "Microsoft.Automation/automationAccounts",
        "Automation account",
        (
            replace(
                block(KEY_VAULT_BLOCK, "keyvaultUri"),
                identity="properties.encryption.identity.userAssignedIdentity",
                source="properties.encryption.keySource",
            ),
        ),
        LEARN + "automation/automation-secure-asset-encryption",
    ),
    Service(
        "Microsoft.AVS/privateClouds",
        "VMware private cloud",
        (
            replace(
                block(KEY_VAULT_BLOCK, "keyVaultUrl"),
                switch="properties.encryption.status",  # https://learn.microsoft.com/rest/api/avs/private-clouds/get#encryptionkeystatus
                # Connected or AccessDenied; the vault is `keyVaultUrl`, beside `keyName` and `keyVersion`:
                # https://learn.microsoft.com/javascript/api/@azure/arm-avs/encryptionkeyvaultproperties
                reported=Reported(f"{KEY_VAULT_BLOCK}.keyState", bad=("accessdenied",)),
            ),
        ),
        LEARN + "azure-vmware/configure-customer-managed-keys",
    ),
    Service(
        "Microsoft.Batch/batchAccounts",
        "Batch account",
        (Place(url=f"{KEY_VAULT_BLOCK}.keyIdentifier", source="properties.encryption.keySource"),),
        LEARN + "batch/batch-customer-managed-key",
        Passage.TRUSTED,
    ),
    Service(
        "Microsoft.BotService/botServices",
        "bot",
        (Place(url="properties.cmekKeyVaultUrl", switch="properties.isCmekEnabled", first_party=True),),
        "https://learn.microsoft.com/azure/bot-service/bot-service-encryption",
        Passage.TRUSTED,
    ),
    Service(
        "Microsoft.CognitiveServices/accounts",
        "AI account",
        (
            replace(
                block(KEY_VAULT_BLOCK),
                client=f"{KEY_VAULT_BLOCK}.identityClientId",
                source="properties.encryption.keySource",
            ),
        ),
        LEARN + "ai-services/encryption/cognitive-services-encryption-keys-portal",
    ),
    Service(
        "Microsoft.Compute/diskEncryptionSets",
        "disk encryption set",
        (
            Place(
                url="properties.activeKey.keyUrl",
                vault_id="properties.activeKey.sourceVault.id",
                federated="properties.federatedClientId",
                follows="properties.rotationToLatestKeyVersionEnabled",
            ),
        ),
        LEARN + "virtual-machines/disk-encryption",
        Passage.ONLY_TRUSTED,
    ),
    Service(
        "Microsoft.ContainerInstance/containerGroups",
        "container group",
        (
            replace(
                block("properties.encryptionProperties", "vaultBaseUrl"),
                identity="properties.encryptionProperties.identity",
                cannot_follow=True,
                first_party=True,
            ),
        ),
        LEARN + "container-instances/container-instances-encrypt-data",
        application="6bb8e274-af5d-4df2-98a3-4fd78b4cafd9",
    ),
    Service(
        "Microsoft.ContainerRegistry/registries",
        "container registry",
        (
            Place(
                url=f"{KEY_VAULT_BLOCK}.keyIdentifier",
                client=f"{KEY_VAULT_BLOCK}.identity",
                follows=f"{KEY_VAULT_BLOCK}.keyRotationEnabled",
                switch="properties.encryption.status",
            ),
        ),
        LEARN + "container-registry/tutorial-customer-managed-keys",
        Passage.ONLY_TRUSTED,
    ),
    Service(
        "Microsoft.ContainerService/managedClusters",
        "Kubernetes cluster",
        (
            Place(
                url="properties.securityProfile.azureKeyVaultKms.keyId",
                switch="properties.securityProfile.azureKeyVaultKms.enabled",
                vault_id="properties.securityProfile.azureKeyVaultKms.keyVaultResourceId",
                private="properties.securityProfile.azureKeyVaultKms.keyVaultNetworkAccess",
                cannot_follow=True,
                purpose="etcd",
            ),
        ),
        LEARN + "aks/use-kms-etcd-encryption",
        # The plugin encrypts and decrypts; the page asks for Crypto User, or for those two in a policy.
        uses=frozenset({"encrypt", "decrypt"}),
    ),
    shared_block(
        "Microsoft.DevCenter/devcenters", "dev center", "deployment-environments/how-to-configure-customer-managed-keys"
    ),
    Service(
        "Microsoft.DeviceUpdate/accounts",
        "Device Update account",
        # https://learn.microsoft.com/azure/templates/microsoft.deviceupdate/accounts#encryption
        (Place(url="properties.encryption.keyVaultKeyUri", identity="properties.encryption.userAssignedIdentity"),),
        LEARN + "iot-hub-device-update/device-update-data-encryption",
    ),
    shared_block(
        "Microsoft.FluidRelay/fluidRelayServers",
        "Fluid Relay server",
        "azure-fluid-relay/concepts/customer-managed-keys",
    ),
    Service(
        "Microsoft.HealthBot/healthBots",
        "health bot",
        # https://learn.microsoft.com/azure/templates/microsoft.healthbot/healthbots#keyvaultproperties
        (
            replace(
                block("properties.keyVaultProperties"),
                identity="properties.keyVaultProperties.userIdentity",
            ),
        ),
        LEARN + "health-bot/cmk",
    ),
    Service(
        "Microsoft.LoadTestService/loadTests",
        "load testing resource",
        # https://learn.microsoft.com/azure/templates/microsoft.loadtestservice/loadtests#encryptionproperties
        (Place(url="properties.encryption.keyUrl", identity="properties.encryption.identity.resourceId"),),
        LEARN + "app-testing/load-testing/how-to-configure-customer-managed-keys",
    ),
    Service(
        "Microsoft.MachineLearningServices/workspaces",
        "machine learning workspace",
        (
            Place(
                url=f"{KEY_VAULT_BLOCK}.keyIdentifier",
                identity="properties.encryption.identity.userAssignedIdentity",
                client=f"{KEY_VAULT_BLOCK}.identityClientId",
                switch="properties.encryption.status",
                vault_id=f"{KEY_VAULT_BLOCK}.keyVaultArmId",
                cannot_follow=True,
                first_party=True,
            ),
        ),
        LEARN + "machine-learning/concept-customer-managed-keys",
        Passage.TRUSTED,
    ),
    shared_block("Microsoft.Maps/accounts", "Maps account", "azure-maps/"),
    Service(
        "Microsoft.OperationalInsights/clusters",
        "Log Analytics cluster",
        (block("properties.keyVaultProperties"),),
        LEARN + "azure-monitor/logs/customer-managed-keys",
        Passage.TRUSTED,
    ),
    Service(
        "Microsoft.Search/searchServices",
        "search service",
        (
            # Keys of single indexes are data of the service.
            Place(
                vault="properties.encryptionWithCmk.serviceLevelEncryptionKey.keyVaultUri",
                name="properties.encryptionWithCmk.serviceLevelEncryptionKey.keyVaultKeyName",
                version="properties.encryptionWithCmk.serviceLevelEncryptionKey.keyVaultKeyVersion",
                identity="properties.encryptionWithCmk.serviceLevelEncryptionKey.identity.userAssignedIdentity",
            ),
        ),
        LEARN + "search/search-security-manage-encryption-keys",
    ),
)
