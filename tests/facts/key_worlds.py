"""Worlds of one encrypted resource, its key, vault and identity: sound, with what a test changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread
from tests.conftest import arm_id

Body = dict[str, Any]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = 86_400
HOST = "https://kv-data.vault.azure.net"
KEY = f"{HOST}/keys/data"
VERSIONED = f"{KEY}/0a"
PRINCIPAL = "33333333-3333-3333-3333-333333333333"
CLIENT = "44444444-4444-4444-4444-444444444444"
IDENTITY = arm_id("Microsoft.ManagedIdentity/userAssignedIdentities", "id-cmk")
VAULT = arm_id("Microsoft.KeyVault/vaults", "kv-data")
_ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
ENCRYPTION_USER = f"{_ROLES}/e147488a-f6f5-4113-8e2d-b22465e65bf6"
VAULT_READER = f"{_ROLES}/21090545-7ca7-4776-b22c-e363652d74d2"
STORAGE = "Microsoft.Storage/storageAccounts"

_APART = {"keyVaultUri": f"{HOST}/", "keyName": "data", "keyVersion": ""}
_SHARED = {
    "encryption": {
        "customerManagedKeyEncryption": {
            "keyEncryptionKeyUrl": VERSIONED,
            "keyEncryptionKeyIdentity": {
                "identityType": "userAssignedIdentity",
                "userAssignedIdentityResourceId": IDENTITY,
            },
        }
    }
}
_MESSAGING = {
    "encryption": {
        "keySource": "Microsoft.KeyVault",
        "keyVaultProperties": [{**_APART, "identity": {"userAssignedIdentity": IDENTITY}}],
    }
}
_SERVER = {"dataEncryption": {"type": "AzureKeyVault", "primaryKeyURI": KEY, "primaryUserAssignedIdentityId": IDENTITY}}
_SETTINGS = {"encryptionSettings": {"keyEncryptionKey": {"keyUrl": KEY, "sourceVault": {"id": VAULT}}}}
_URL_ONLY = {"encryption": {"customerManagedKeyEncryption": {"keyEncryptionKeyUrl": KEY}}}
_PROTECTOR = {"serverKeyType": "AzureKeyVault", "uri": VERSIONED, "autoRotationEnabled": True}

PROPERTIES: Mapping[str, Body] = {
    "Microsoft.AppConfiguration/configurationStores": {
        "encryption": {"keyVaultProperties": {"keyIdentifier": KEY, "identityClientId": CLIENT}}
    },
    "Microsoft.Automation/automationAccounts": {
        "encryption": {
            "keySource": "Microsoft.Keyvault",
            "keyVaultProperties": {"keyvaultUri": HOST, "keyName": "data", "keyVersion": "0a"},
            "identity": {"userAssignedIdentity": IDENTITY},
        }
    },
    "Microsoft.AVS/privateClouds": {
        "encryption": {"status": "Enabled", "keyVaultProperties": {"keyVaultUrl": HOST, "keyName": "data"}}
    },
    "Microsoft.Batch/batchAccounts": {
        "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyIdentifier": KEY}}
    },
    "Microsoft.BotService/botServices": {"isCmekEnabled": True, "cmekKeyVaultUrl": KEY},
    "Microsoft.Cache/redisEnterprise": _SHARED,
    "Microsoft.CognitiveServices/accounts": {
        "encryption": {
            "keySource": "Microsoft.KeyVault",
            "keyVaultProperties": {**_APART, "identityClientId": CLIENT.upper()},
        }
    },
    "Microsoft.Compute/diskEncryptionSets": {"activeKey": {"sourceVault": {"id": VAULT}, "keyUrl": VERSIONED}},
    "Microsoft.ContainerInstance/containerGroups": {
        "encryptionProperties": {"vaultBaseUrl": HOST, "keyName": "data", "keyVersion": "0a", "identity": IDENTITY}
    },
    "Microsoft.ContainerRegistry/registries": {
        "encryption": {"status": "enabled", "keyVaultProperties": {"keyIdentifier": KEY, "identity": CLIENT}}
    },
    "Microsoft.ContainerService/managedClusters": {
        "securityProfile": {"azureKeyVaultKms": {"enabled": True, "keyId": VERSIONED}}
    },
    "Microsoft.Databricks/workspaces": {
        "encryption": {
            "entities": {
                "managedDisk": {
                    "keySource": "Microsoft.Keyvault",
                    "keyVaultProperties": {**_APART, "keyVersion": "0a"},
                    "rotationToLatestKeyVersionEnabled": True,
                }
            }
        },
        "managedDiskIdentity": {"principalId": PRINCIPAL},
    },
    "Microsoft.DataFactory/factories": {
        "encryption": {"vaultBaseUrl": HOST, "keyName": "data", "identity": {"userAssignedIdentity": IDENTITY}}
    },
    "Microsoft.DataProtection/backupVaults": {
        "securitySettings": {
            "encryptionSettings": {
                "state": "Enabled",
                "keyVaultProperties": {"keyUri": KEY},
                "kekIdentity": {"identityType": "UserAssigned", "identityId": IDENTITY},
            }
        }
    },
    "Microsoft.DBforMySQL/flexibleServers": _SERVER,
    "Microsoft.DBforPostgreSQL/flexibleServers": _SERVER,
    "Microsoft.DevCenter/devcenters": _SHARED,
    "Microsoft.DeviceUpdate/accounts": {"encryption": {"keyVaultKeyUri": KEY, "userAssignedIdentity": IDENTITY}},
    "Microsoft.DocumentDB/databaseAccounts": {
        "keyVaultKeyUri": KEY,
        "defaultIdentity": f"UserAssignedIdentity={IDENTITY}",
        "customerManagedKeyStatus": "Access to the configured customer managed key confirmed.",
    },
    "Microsoft.DocumentDB/mongoClusters": _SHARED,
    "Microsoft.ElasticSan/elasticSans/volumeGroups": {
        "encryption": "EncryptionAtRestWithCustomerManagedKey",
        "encryptionProperties": {"keyVaultProperties": _APART, "identity": {"userAssignedIdentity": IDENTITY}},
    },
    "Microsoft.EventHub/namespaces": _MESSAGING,
    "Microsoft.FluidRelay/fluidRelayServers": _SHARED,
    "Microsoft.HDInsight/clusters": {
        "diskEncryptionProperties": {
            "vaultUri": HOST,
            "keyName": "data",
            "keyVersion": "0a",
            "msiResourceId": IDENTITY,
        }
    },
    "Microsoft.HealthBot/healthBots": {"keyVaultProperties": {**_APART, "userIdentity": IDENTITY}},
    "Microsoft.HealthcareApis/services": {"cosmosDbConfiguration": {"keyVaultKeyUri": KEY}},
    "Microsoft.HealthcareApis/workspaces/dicomServices": _URL_ONLY,
    "Microsoft.HealthcareApis/workspaces/fhirServices": _URL_ONLY,
    "Microsoft.Kusto/clusters": {"keyVaultProperties": {**_APART, "userIdentity": IDENTITY}},
    "Microsoft.Kusto/clusters/databases": {"keyVaultProperties": {**_APART, "userIdentity": IDENTITY}},
    "Microsoft.LoadTestService/loadTests": {
        "encryption": {"keyUrl": KEY, "identity": {"type": "UserAssigned", "resourceId": IDENTITY}}
    },
    "Microsoft.MachineLearningServices/workspaces": {
        "encryption": {
            "status": "Enabled",
            "keyVaultProperties": {"keyVaultArmId": VAULT, "keyIdentifier": VERSIONED},
            "identity": {"userAssignedIdentity": IDENTITY},
        }
    },
    "Microsoft.Maps/accounts": _SHARED,
    "Microsoft.NetApp/netAppAccounts": {
        "encryption": {
            "keySource": "Microsoft.KeyVault",
            "keyVaultProperties": {"keyVaultUri": HOST, "keyName": "data", "status": "InUse"},
            "identity": {"userAssignedIdentity": IDENTITY},
        }
    },
    "Microsoft.OperationalInsights/clusters": {"keyVaultProperties": _APART},
    "Microsoft.RecoveryServices/vaults": {
        "encryption": {
            "keyVaultProperties": {"keyUri": KEY},
            "kekIdentity": {"userAssignedIdentity": IDENTITY, "useSystemAssignedIdentity": False},
        }
    },
    "Microsoft.Search/searchServices": {
        "encryptionWithCmk": {
            "serviceLevelEncryptionKey": {
                "keyVaultUri": HOST,
                "keyVaultKeyName": "data",
                "identity": {"userAssignedIdentity": IDENTITY},
            }
        }
    },
    "Microsoft.ServiceBus/namespaces": _MESSAGING,
    "Microsoft.Sql/managedInstances": {"primaryUserAssignedIdentityId": IDENTITY},
    "Microsoft.Sql/servers": {"primaryUserAssignedIdentityId": IDENTITY},
    "Microsoft.Sql/servers/databases": {"encryptionProtector": KEY},
    STORAGE: {
        "encryption": {
            "keySource": "Microsoft.Keyvault",
            "keyvaultproperties": {"keyvaulturi": HOST, "keyname": "Data", "keyversion": ""},
            "identity": {"userAssignedIdentity": IDENTITY.upper().replace("ID-CMK", "id-cmk")},
        }
    },
    f"{STORAGE}/encryptionScopes": {"source": "Microsoft.KeyVault", "keyVaultProperties": {"keyUri": KEY}},
    "Microsoft.StorageCache/amlFilesystems": _SETTINGS,
    "Microsoft.StorageCache/caches": _SETTINGS,
    "Microsoft.Synapse/workspaces": {
        "encryption": {
            "cmk": {
                "status": "Consistent",
                "key": {"name": "default", "keyVaultUrl": KEY},
                "kekIdentity": {"userAssignedIdentity": IDENTITY},
            }
        }
    },
}
"""What each type says of its key, as its service returns it."""

APPLICATIONS = ("6bb8e274-af5d-4df2-98a3-4fd78b4cafd9", "a232010e-820c-4083-83bb-3ace5fc29d0b")


def make(resource_type: str, name: str, properties: Body, **more: Any) -> Body:
    return {
        "id": arm_id(resource_type, name),
        "name": name.rpartition("/")[2],
        "type": resource_type,
        "properties": properties,
        **more,
    }


def attached(**more: Any) -> Body:
    """Both kinds of identity, of one principal."""
    inside = {IDENTITY: {"principalId": PRINCIPAL, "clientId": CLIENT}}
    return {
        "type": "SystemAssigned, UserAssigned",
        "principalId": PRINCIPAL,
        "userAssignedIdentities": inside,
        **more,
    }


def encrypted(resource_type: str = STORAGE, **changes: Any) -> list[Body]:
    """The resource of a type, with what it belongs to or what names its key beside it."""
    depth = resource_type.count("/")
    name = "/".join(["thing", "part"][:depth])
    bodies = [make(resource_type, name, {**PROPERTIES[resource_type], **changes}, identity=attached())]
    if depth == 2:
        parent = resource_type.rpartition("/")[0]
        bodies.append(make(parent, "thing", {}, identity=attached()))
        if resource_type.endswith("encryptionScopes"):
            bodies[1]["properties"] = {"encryption": {"identity": {"userAssignedIdentity": IDENTITY}}}
    if resource_type in ("Microsoft.Sql/servers", "Microsoft.Sql/managedInstances"):
        bodies.append(make(f"{resource_type}/encryptionProtector", "thing/current", _PROTECTOR))
    return bodies


def surroundings(
    *,
    vault: Mapping[str, Any] | None = None,
    key: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
    role: Mapping[str, Any] | None = None,
    without: tuple[str, ...] = (),
) -> list[Body]:
    """A sound vault, its key, the identity and its role; each can be changed or left out."""
    parts = {
        "vault": make(
            "Microsoft.KeyVault/vaults",
            "kv-data",
            {"enablePurgeProtection": True, "enableRbacAuthorization": True, **(vault or {})},
        ),
        "key": make(
            "Microsoft.KeyVault/vaults/keys",
            "kv-data/data",
            {
                "kty": "RSA",
                "keyOps": ["wrapKey", "unwrapKey"],
                "attributes": {"enabled": True, **(attributes or {})},
                **(key or {}),
            },
        ),
        "identity": make(
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "id-cmk",
            {"principalId": PRINCIPAL, "clientId": CLIENT},
        ),
        "role": {
            "id": f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/a1",
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "principalId": PRINCIPAL,
                "principalType": "ServicePrincipal",
                "roleDefinitionId": ENCRYPTION_USER,
                "scope": VAULT,
                **(role or {}),
            },
        },
    }
    applications = [
        {"id": PRINCIPAL, "type": "Microsoft.Graph/servicePrincipals", "appId": app} for app in APPLICATIONS[1:]
    ]
    return [*applications, *(part for name, part in parts.items() if name not in without)]


def facts_of(bodies: list[Body], **more: Any) -> FactStore:
    return FactStore(Inventory([Resource.from_body(one) for one in bodies], **more), NOW)


def chain_of(bodies: list[Body], **more: Any) -> Any:
    """The fact of the first body."""
    return facts_of(bodies, **more).get("key_chain", Resource.from_body(bodies[0]))


def found(fact: Any) -> dict[str, list[str]]:
    """Links that are broken or risks, with their words; `?` for those that are not known."""
    return {
        name: ["?" if isinstance(one, Unread) else one["text"] for one in value]
        for name, value in fact.items()
        if name not in ("state", "chains", "key_ending") and value
    }
