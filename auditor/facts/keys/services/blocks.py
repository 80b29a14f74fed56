"""Blocks of properties that several services share."""

from __future__ import annotations

from dataclasses import replace

from auditor.facts.keys.model import Passage, Place, Reported, Service

LEARN = "https://learn.microsoft.com/azure/"
_CMK = "properties.encryption.customerManagedKeyEncryption"
# Whatever a service says while it is about to take a new key.
PASSING = ("updating", "pending", "inprogress", "in progress", "rotating", "activating")


def block(path: str, vault: str = "keyVaultUri") -> Place:
    """A block that names vault, key and version apart."""
    return Place(vault=f"{path}.{vault}", name=f"{path}.keyName", version=f"{path}.keyVersion")


def namespace(type_name: str, name: str, page: str) -> Service:
    """A namespace of messages: several keys, any of which opens its data."""
    place = Place(
        items="properties.encryption.keyVaultProperties",
        vault="keyVaultUri",
        name="keyName",
        version="keyVersion",
        identity="identity.userAssignedIdentity",
        federated="identity.federatedIdentityClientId",
    )
    return Service(type_name, name, (place,), LEARN + page, Passage.ONLY_TRUSTED)


def flexible_server(type_name: str, name: str, page: str, *, reports: bool) -> Service:
    """A database server with a key for its data and one for its geo-redundant backup."""
    block = "properties.dataEncryption"

    def status(path: str) -> Reported | None:
        return Reported(f"{block}.{path}", bad=("invalid",)) if reports else None

    places = (
        Place(
            url=f"{block}.primaryKeyURI",
            identity=f"{block}.primaryUserAssignedIdentityId",
            reported=status("primaryEncryptionKeyStatus"),
        ),
        Place(
            url=f"{block}.geoBackupKeyURI",
            identity=f"{block}.geoBackupUserAssignedIdentityId",
            purpose="geo-redundant backup",
            reported=status("geoBackupEncryptionKeyStatus"),
        ),
    )
    return Service(type_name, name, places, LEARN + page, Passage.TRUSTED)


def databricks(entity: str, purpose: str, *, principal: str = "", follows: str = "", fixed: bool = False) -> Place:
    """One of the kinds of data of a Databricks workspace, each with a key of its own."""
    entry = f"properties.encryption.entities.{entity}"
    return replace(
        block(f"{entry}.keyVaultProperties"),
        source=f"{entry}.keySource",
        principal=principal,
        follows=f"{entry}.{follows}" if follows else "",
        cannot_follow=fixed,
        purpose=purpose,
        first_party=True,
    )


def shared_block(
    type_name: str, name: str, page: str, *, fixed: bool = False, passage: Passage = Passage.NOT_LISTED
) -> Service:
    """A service with the block that newer resource providers share.

    https://learn.microsoft.com/azure/templates/microsoft.cache/redisenterprise#clusterpropertiesencryptioncustomermanagedkeyencryption
    """
    place = Place(
        url=f"{_CMK}.keyEncryptionKeyUrl",
        identity=f"{_CMK}.keyEncryptionKeyIdentity.userAssignedIdentityResourceId",
        federated=f"{_CMK}.keyEncryptionKeyIdentity.federatedClientId",
        cannot_follow=fixed,
    )
    return Service(type_name, name, (place,), LEARN + page, passage)


def protector(owner: str, name: str, page: str) -> Service:
    """The encryption protector of a SQL server or managed instance."""
    place = Place(url="properties.uri", source="properties.serverKeyType", follows="properties.autoRotationEnabled")
    return Service(
        f"{owner}/encryptionProtector",
        name,
        (place,),
        LEARN + page,
        Passage.TRUSTED,
        held_by="properties.primaryUserAssignedIdentityId",
        of_parent=True,
    )


KEY_VAULT_BLOCK = "properties.encryption.keyVaultProperties"
