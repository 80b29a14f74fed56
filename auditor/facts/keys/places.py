"""Where each resource type names the customer-managed key it is encrypted with, and the identity that opens it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One resource and one key that its data is encrypted with."""

    resource: Resource
    """What a reader knows: of an encryption protector or scope its server or account, which has the identity."""
    host: str
    """Host name of the vault or managed HSM, lower-cased: `kv-data.vault.azure.net`."""
    key: str
    """The key's name, lower-cased."""
    version: str
    """The version the resource stays on; "" where it follows the newest."""
    identity_id: str
    """Id of the user-assigned identity that opens the key; "" where none is named."""
    client_id: str
    """Client id of that identity, where the service names it so."""
    first_party: bool
    """Whether the service opens the key as an application of Microsoft's own."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Property paths below a resource's body; `url`, or `vault` and `name`."""

    url: str = ""
    vault: str = ""
    name: str = ""
    version: str = ""
    items: str = ""
    """A list whose elements the other paths start from."""
    identity: str = ""
    """Path, from the body, of the user-assigned identity's id; from the element where `items` is given."""
    client: str = ""
    """Path of the identity's client id."""
    source: str = ""
    """A property that must begin with `Microsoft.KeyVault` or `AzureKeyVault` for the key to be in use."""
    switch: str = ""
    """A property that must be true for the key to be in use."""
    first_party: bool = False
    """Whether an application of Microsoft's own opens the key where no identity is named."""


_NAMESPACE = _Place(
    items="properties.encryption.keyVaultProperties",
    vault="keyVaultUri",
    name="keyName",
    version="keyVersion",
    identity="identity.userAssignedIdentity",
)
_FLEXIBLE_SERVER = (
    _Place(
        url="properties.dataEncryption.primaryKeyURI",
        identity="properties.dataEncryption.primaryUserAssignedIdentityId",
    ),
    _Place(
        url="properties.dataEncryption.geoBackupKeyURI",
        identity="properties.dataEncryption.geoBackupUserAssignedIdentityId",
    ),
)


def _databricks(entity: str) -> _Place:
    block = f"properties.encryption.entities.{entity}"
    return _Place(
        vault=f"{block}.keyVaultProperties.keyVaultUri",
        name=f"{block}.keyVaultProperties.keyName",
        version=f"{block}.keyVaultProperties.keyVersion",
        source=f"{block}.keySource",
        first_party=True,
    )


# The paths as in the services' REST references, https://learn.microsoft.com/rest/api/: "Get" of each type.
_PLACES: Mapping[str, tuple[_Place, ...]] = {
    "microsoft.appconfiguration/configurationstores": (
        _Place(
            url="properties.encryption.keyVaultProperties.keyIdentifier",
            client="properties.encryption.keyVaultProperties.identityClientId",
        ),
    ),
    "microsoft.automation/automationaccounts": (
        _Place(
            vault="properties.encryption.keyVaultProperties.keyvaultUri",
            name="properties.encryption.keyVaultProperties.keyName",
            version="properties.encryption.keyVaultProperties.keyVersion",
            identity="properties.encryption.identity.userAssignedIdentity",
            source="properties.encryption.keySource",
        ),
    ),
    "microsoft.batch/batchaccounts": (
        _Place(url="properties.encryption.keyVaultProperties.keyIdentifier", source="properties.encryption.keySource"),
    ),
    "microsoft.cache/redisenterprise": (
        _Place(
            url="properties.encryption.customerManagedKeyEncryption.keyEncryptionKeyUrl",
            identity="properties.encryption.customerManagedKeyEncryption.keyEncryptionKeyIdentity"
            ".userAssignedIdentityResourceId",
        ),
    ),
    "microsoft.cognitiveservices/accounts": (
        _Place(
            vault="properties.encryption.keyVaultProperties.keyVaultUri",
            name="properties.encryption.keyVaultProperties.keyName",
            version="properties.encryption.keyVaultProperties.keyVersion",
            client="properties.encryption.keyVaultProperties.identityClientId",
            source="properties.encryption.keySource",
        ),
    ),
    "microsoft.compute/diskencryptionsets": (_Place(url="properties.activeKey.keyUrl"),),
    "microsoft.containerinstance/containergroups": (
        _Place(
            vault="properties.encryptionProperties.vaultBaseUrl",
            name="properties.encryptionProperties.keyName",
            version="properties.encryptionProperties.keyVersion",
            identity="properties.encryptionProperties.identity",
        ),
    ),
    "microsoft.containerregistry/registries": (
        _Place(
            url="properties.encryption.keyVaultProperties.keyIdentifier",
            client="properties.encryption.keyVaultProperties.identity",
        ),
    ),
    "microsoft.containerservice/managedclusters": (
        _Place(
            url="properties.securityProfile.azureKeyVaultKms.keyId",
            switch="properties.securityProfile.azureKeyVaultKms.enabled",
        ),
    ),
    "microsoft.databricks/workspaces": (_databricks("managedServices"), _databricks("managedDisk")),
    "microsoft.datafactory/factories": (
        _Place(
            vault="properties.encryption.vaultBaseUrl",
            name="properties.encryption.keyName",
            version="properties.encryption.keyVersion",
            identity="properties.encryption.identity.userAssignedIdentity",
        ),
    ),
    "microsoft.dataprotection/backupvaults": (
        _Place(
            url="properties.securitySettings.encryptionSettings.keyVaultProperties.keyUri",
            identity="properties.securitySettings.encryptionSettings.kekIdentity.identityId",
        ),
    ),
    "microsoft.dbformysql/flexibleservers": _FLEXIBLE_SERVER,
    "microsoft.dbforpostgresql/flexibleservers": _FLEXIBLE_SERVER,
    "microsoft.documentdb/databaseaccounts": (
        # Its own application is the default identity: https://learn.microsoft.com/azure/cosmos-db/how-to-setup-managed-identity
        _Place(url="properties.keyVaultKeyUri", identity="properties.defaultIdentity", first_party=True),
    ),
    "microsoft.eventhub/namespaces": (_NAMESPACE,),
    "microsoft.kusto/clusters": (
        _Place(
            vault="properties.keyVaultProperties.keyVaultUri",
            name="properties.keyVaultProperties.keyName",
            version="properties.keyVaultProperties.keyVersion",
            identity="properties.keyVaultProperties.userIdentity",
        ),
    ),
    "microsoft.machinelearningservices/workspaces": (
        _Place(
            url="properties.encryption.keyVaultProperties.keyIdentifier",
            identity="properties.encryption.identity.userAssignedIdentity",
            client="properties.encryption.keyVaultProperties.identityClientId",
        ),
    ),
    "microsoft.netapp/netappaccounts": (
        _Place(
            vault="properties.encryption.keyVaultProperties.keyVaultUri",
            name="properties.encryption.keyVaultProperties.keyName",
            identity="properties.encryption.identity.userAssignedIdentity",
            source="properties.encryption.keySource",
        ),
    ),
    "microsoft.operationalinsights/clusters": (
        _Place(
            vault="properties.keyVaultProperties.keyVaultUri",
            name="properties.keyVaultProperties.keyName",
            version="properties.keyVaultProperties.keyVersion",
        ),
    ),
    "microsoft.recoveryservices/vaults": (
        _Place(
            url="properties.encryption.keyVaultProperties.keyUri",
            identity="properties.encryption.kekIdentity.userAssignedIdentity",
        ),
    ),
    "microsoft.servicebus/namespaces": (_NAMESPACE,),
    "microsoft.sql/managedinstances/encryptionprotector": (
        _Place(url="properties.uri", source="properties.serverKeyType"),
    ),
    "microsoft.sql/servers/encryptionprotector": (_Place(url="properties.uri", source="properties.serverKeyType"),),
    "microsoft.storage/storageaccounts": (
        _Place(
            vault="properties.encryption.keyvaultproperties.keyvaulturi",
            name="properties.encryption.keyvaultproperties.keyname",
            version="properties.encryption.keyvaultproperties.keyversion",
            identity="properties.encryption.identity.userAssignedIdentity",
            source="properties.encryption.keySource",
        ),
    ),
    "microsoft.storage/storageaccounts/encryptionscopes": (
        _Place(url="properties.keyVaultProperties.keyUri", source="properties.source"),
    ),
    "microsoft.synapse/workspaces": (
        _Place(
            url="properties.encryption.cmk.key.keyVaultUrl",
            identity="properties.encryption.cmk.kekIdentity.userAssignedIdentity",
        ),
    ),
}
# Children whose parent holds the data, with where it names the identity.
_OWNERS = {
    "microsoft.sql/servers/encryptionprotector": "properties.primaryUserAssignedIdentityId",
    "microsoft.sql/managedinstances/encryptionprotector": "properties.primaryUserAssignedIdentityId",
    "microsoft.storage/storageaccounts/encryptionscopes": "properties.encryption.identity.userAssignedIdentity",
}


def key_uses(inventory: Inventory) -> Iterator[KeyUse]:
    """Every use of a customer-managed key, by type and resource id."""
    for resource_type, places in sorted(_PLACES.items()):
        for resource in inventory.of_type(resource_type):
            for place in places:
                yield from _uses(inventory, resource, place)


def at(body: Json, path: str) -> Json:
    """The value at a dotted path, names compared without case; None where there is none."""
    for step in path.split("."):
        if not isinstance(body, Mapping):
            return None
        if step in body:
            body = body[step]
            continue
        lowered = step.lower()
        body = next((inner for name, inner in body.items() if name.lower() == lowered), None)
    return body


def _uses(inventory: Inventory, resource: Resource, place: _Place) -> Iterator[KeyUse]:
    if place.source and not _text(at(resource.body, place.source)).startswith(("microsoft.keyvault", "azurekeyvault")):
        return
    if place.switch and at(resource.body, place.switch) is not True:
        return
    for body in at(resource.body, place.items) or () if place.items else (resource.body,):
        host, key, version = _key(body, place)
        if not host or not key:
            continue
        owner, named = resource, place.identity
        if resource.type_key in _OWNERS:
            owner, named = _parent(inventory, resource), ""
        identity = _text(at(body, named)) if named else _text(at(owner.body, _OWNERS.get(resource.type_key, "")))
        yield KeyUse(
            resource=owner,
            host=host,
            key=key,
            version=version,
            # Cosmos DB writes `UserAssignedIdentity=<id>`, Data Protection and Kusto an id:
            # https://learn.microsoft.com/azure/cosmos-db/how-to-setup-managed-identity
            identity_id=identity[identity.find("/subscriptions/") :] if "/subscriptions/" in identity else "",
            client_id=_text(at(body, place.client)) if place.client else "",
            first_party=place.first_party and identity in ("", "firstpartyidentity"),
        )


def _key(body: Json, place: _Place) -> tuple[str, str, str]:
    """Host, key and version, lower-cased; "" for what is not named."""
    if place.url:
        # https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
        parts = _text(at(body, place.url)).partition("://")[2].split("/")
        if len(parts) < 3 or parts[1] != "keys":
            return "", "", ""
        return parts[0], parts[2], parts[3] if len(parts) > 3 else ""
    host = _text(at(body, place.vault)).partition("://")[2].strip("/")
    version = _text(at(body, place.version)) if place.version else ""
    return host, _text(at(body, place.name)), version


def _parent(inventory: Inventory, resource: Resource) -> Resource:
    """The resource that a child belongs to; the child itself where that was not read."""
    return inventory.get(ids.parent_of(resource.key)) or resource


def _text(value: Json) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
