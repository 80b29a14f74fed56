"""Databases and analytics with customer-managed keys."""

from __future__ import annotations

from dataclasses import replace

from auditor.facts.keys.model import Passage, Place, Reported, Service
from auditor.facts.keys.services.blocks import (
    LEARN,
    PASSING,
    block,
    databricks,
    flexible_server,
    protector,
    shared_block,
)

SERVICES: tuple[Service, ...] = (
    shared_block("Microsoft.Cache/redisEnterprise", "Managed Redis", "redis/encryption", fixed=True),
    Service(
        "Microsoft.Databricks/workspaces",
        "Databricks workspace",
        (
            databricks("managedServices", "managed services", fixed=True),
            databricks(
                "managedDisk",
                "managed disks",
                principal="properties.managedDiskIdentity.principalId",
                follows="rotationToLatestKeyVersionEnabled",
            ),
        ),
        LEARN + "databricks/security/keys/customer-managed-keys",
        Passage.TRUSTED,
        application="2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
    ),
    Service(
        "Microsoft.DataFactory/factories",
        "data factory",
        (
            replace(
                block("properties.encryption", "vaultBaseUrl"),
                identity="properties.encryption.identity.userAssignedIdentity",
            ),
        ),
        LEARN + "data-factory/enable-customer-managed-key",
        Passage.TRUSTED,
    ),
    flexible_server(
        "Microsoft.DBforMySQL/flexibleServers",
        "MySQL server",
        "mysql/flexible-server/concepts-customer-managed-key",
        reports=False,
    ),
    flexible_server(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "PostgreSQL server",
        "postgresql/flexible-server/concepts-data-encryption",
        reports=True,
    ),
    Service(
        "Microsoft.DocumentDB/databaseAccounts",
        "Cosmos DB account",
        (
            # Its own application is the default identity: https://learn.microsoft.com/azure/cosmos-db/how-to-setup-managed-identity
            Place(
                url="properties.keyVaultKeyUri",
                identity="properties.defaultIdentity",
                reported=Reported(
                    "properties.customerManagedKeyStatus",
                    fine=("access to the configured customer managed key confirmed",),
                ),
                first_party=True,
            ),
        ),
        LEARN + "cosmos-db/how-to-setup-customer-managed-keys",
        application="a232010e-820c-4083-83bb-3ace5fc29d0b",
    ),
    shared_block("Microsoft.DocumentDB/mongoClusters", "DocumentDB cluster", "documentdb/database-encryption-at-rest"),
    Service(
        "Microsoft.HDInsight/clusters",
        "HDInsight cluster",
        (
            replace(
                block("properties.diskEncryptionProperties", "vaultUri"),
                identity="properties.diskEncryptionProperties.msiResourceId",
            ),
        ),
        LEARN + "hdinsight/disk-encryption",
    ),
    Service(
        "Microsoft.HealthcareApis/services",
        "FHIR service",
        (Place(url="properties.cosmosDbConfiguration.keyVaultKeyUri", first_party=True),),
        LEARN + "healthcare-apis/azure-api-for-fhir/customer-managed-key",
        application="a232010e-820c-4083-83bb-3ace5fc29d0b",
    ),
    Service(
        "Microsoft.HealthcareApis/workspaces/fhirServices",
        "FHIR service of a workspace",
        (Place(url="properties.encryption.customerManagedKeyEncryption.keyEncryptionKeyUrl"),),
        LEARN + "healthcare-apis/fhir/configure-customer-managed-keys",
    ),
    Service(
        "Microsoft.HealthcareApis/workspaces/dicomServices",
        "DICOM service of a workspace",
        (Place(url="properties.encryption.customerManagedKeyEncryption.keyEncryptionKeyUrl"),),
        LEARN + "healthcare-apis/dicom/configure-customer-managed-keys",
    ),
    Service(
        "Microsoft.Kusto/clusters",
        "Data Explorer cluster",
        (replace(block("properties.keyVaultProperties"), identity="properties.keyVaultProperties.userIdentity"),),
        LEARN + "data-explorer/customer-managed-keys",
    ),
    Service(
        "Microsoft.Kusto/clusters/databases",
        "Data Explorer database",
        (replace(block("properties.keyVaultProperties"), identity="properties.keyVaultProperties.userIdentity"),),
        LEARN + "data-explorer/customer-managed-keys",
        held_by="properties.keyVaultProperties.userIdentity",
    ),
    protector(
        "Microsoft.Sql/managedInstances",
        "SQL managed instance",
        "azure-sql/database/transparent-data-encryption-byok-overview",
    ),
    protector("Microsoft.Sql/servers", "SQL server", "azure-sql/database/transparent-data-encryption-byok-overview"),
    Service(
        "Microsoft.Sql/servers/databases",
        "SQL database",
        (
            Place(
                url="properties.encryptionProtector",
                follows="properties.encryptionProtectorAutoRotation",
                federated="properties.federatedClientId",
            ),
        ),
        LEARN + "azure-sql/database/transparent-data-encryption-byok-database-level-overview",
        Passage.TRUSTED,
    ),
    Service(
        "Microsoft.Synapse/workspaces",
        "Synapse workspace",
        (
            Place(
                url="properties.encryption.cmk.key.keyVaultUrl",
                identity="properties.encryption.cmk.kekIdentity.userAssignedIdentity",
                # ActivatingWorkspace, Consistent, or AwaitingUserAction (the key is to be activated); the schema has
                # no list: https://github.com/hashicorp/terraform-provider-azurerm, synapse_workspace_resource.go
                reported=Reported("properties.encryption.cmk.status", fine=("consistent", *PASSING)),
            ),
        ),
        LEARN + "synapse-analytics/security/workspaces-encryption",
        Passage.TRUSTED,
    ),
)
