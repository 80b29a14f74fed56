"""ARM bodies as the services return them, with the properties that audits look at. Everything can be overridden.

Shapes: Azure/azure-rest-api-specs, network 2026-03-01, storage 2026-09-01, vaults 2026-05-15, identities 2024-11-30.
Nested mappings given as properties replace what is there, key by key of the outermost level.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

Body = dict[str, Any]

SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
OTHER_SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
TENANT = "99999999-9999-4999-8999-999999999999"


def resource_id(resource_type: str, name: str, *, group: str = "rg-app", subscription: str = SUBSCRIPTION) -> str:
    """The id of a resource; a child's name is `parent/child`."""
    namespace, *segments = resource_type.split("/")
    pairs = zip(segments, name.split("/"), strict=True)
    tail = "/".join(f"{segment}/{part}" for segment, part in pairs)
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{tail}"


def resource(
    resource_type: str,
    name: str,
    properties: Mapping[str, Any] | None = None,
    *,
    group: str = "rg-app",
    subscription: str = SUBSCRIPTION,
    location: str | None = "westeurope",
    **more: Any,
) -> Body:
    """Any resource; `more` are top-level keys such as `sku`, `kind`, `identity`, `tags`."""
    body: Body = {
        "id": resource_id(resource_type, name, group=group, subscription=subscription),
        "name": name.rpartition("/")[2],
        "type": resource_type,
    }
    if location:
        body["location"] = location
    return {**body, **more, "properties": dict(properties or {})}


def child(parent: Body, segment: str, name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> Body:
    """A child of a resource: `child(account, "blobServices", "default", {...})`."""
    return {
        "id": f"{parent['id']}/{segment}/{name}",
        "name": name,
        "type": f"{parent['type']}/{segment}",
        **more,
        "properties": dict(properties or {}),
    }


def _guid(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


# --- storage


def storage_account(name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> Body:
    """A storage account; https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties."""
    defaults = {
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "publicNetworkAccess": "Disabled",
        "supportsHttpsTrafficOnly": True,
        "isHnsEnabled": False,
        "networkAcls": {
            "bypass": "AzureServices",
            "virtualNetworkRules": [],
            "ipRules": [],
            "ipv6Rules": [],
            "defaultAction": "Deny",
        },
        "encryption": {
            "services": {
                "file": {"keyType": "Account", "enabled": True, "lastEnabledTime": "2026-01-05T09:00:00.0000000Z"},
                "blob": {"keyType": "Account", "enabled": True, "lastEnabledTime": "2026-01-05T09:00:00.0000000Z"},
            },
            "keySource": "Microsoft.Storage",
        },
        "accessTier": "Hot",
        "privateEndpointConnections": [],
        "provisioningState": "Succeeded",
        "creationTime": "2026-01-05T09:00:00.0000000Z",
        "primaryEndpoints": {
            service: f"https://{name}.{service}.core.windows.net/" for service in ("blob", "file", "queue", "table")
        },
        "primaryLocation": more.get("location", "westeurope"),
        "statusOfPrimary": "available",
    }
    more = {"kind": "StorageV2", "sku": {"name": "Standard_LRS", "tier": "Standard"}, "tags": {}, **more}
    return resource("Microsoft.Storage/storageAccounts", name, {**defaults, **(properties or {})}, **more)


def blob_service(account: Body, properties: Mapping[str, Any] | None = None) -> Body:
    """An account's blob service."""
    defaults = {
        "cors": {"corsRules": []},
        "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": True, "days": 7},
        "containerDeleteRetentionPolicy": {"enabled": True, "days": 7},
        "isVersioningEnabled": True,
    }
    body = child(account, "blobServices", "default", {**defaults, **(properties or {})})
    return {**body, "sku": account.get("sku")}


def blob_container(account: Body, name: str, public_access: str = "None") -> Body:
    """A container of an account's blob service."""
    service = {"id": f"{account['id']}/blobServices/default", "type": f"{account['type']}/blobServices"}
    properties = {
        "publicAccess": public_access,
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
    }
    return {**child(service, "containers", name, properties), "etag": '"0x8DC"'}


# --- key vault


def vault(name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> Body:
    """A key vault; https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/get."""
    defaults = {
        "tenantId": TENANT,
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
        "enabledForDeployment": False,
        "enabledForDiskEncryption": False,
        "enabledForTemplateDeployment": False,
        "enableRbacAuthorization": True,
        "enableSoftDelete": True,
        "enablePurgeProtection": True,
        "softDeleteRetentionInDays": 90,
        "publicNetworkAccess": "Disabled",
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": []},
        "vaultUri": f"https://{name}.vault.azure.net/",
        "provisioningState": "Succeeded",
    }
    return resource("Microsoft.KeyVault/vaults", name, {**defaults, **(properties or {})}, tags={}, **more)


def vault_key(owner: Body, name: str, attributes: Mapping[str, Any] | None = None, **properties: Any) -> Body:
    """A key's metadata, as Azure Resource Manager shows it; times are Unix seconds."""
    defaults = {
        "attributes": {
            "enabled": True,
            "created": 1767600000,
            "updated": 1767600000,
            "recoveryLevel": "Recoverable+Purgeable",
            "exportable": False,
            **(attributes or {}),
        },
        "kty": "RSA",
        "keyOps": ["sign", "verify", "wrapKey", "unwrapKey", "encrypt", "decrypt"],
        "keySize": 2048,
        "keyUri": f"https://{owner['name']}.vault.azure.net/keys/{name}",
        "keyUriWithVersion": f"https://{owner['name']}.vault.azure.net/keys/{name}/{_guid(name).replace('-', '')}",
    }
    return {**child(owner, "keys", name, {**defaults, **properties}), "location": owner["location"]}


def vault_secret(owner: Body, name: str, attributes: Mapping[str, Any] | None = None, **properties: Any) -> Body:
    """A secret's metadata; the value is never part of it."""
    uri = f"https://{owner['name']}.vault.azure.net/secrets/{name}"
    defaults = {
        "attributes": {"enabled": True, "created": 1767600000, "updated": 1767600000, **(attributes or {})},
        "contentType": "text/plain",
        "secretUri": uri,
        "secretUriWithVersion": f"{uri}/{_guid(name).replace('-', '')}",
    }
    return {**child(owner, "secrets", name, {**defaults, **properties}), "location": owner["location"]}


# --- identities and roles


def managed_identity(name: str, **more: Any) -> Body:
    """A user-assigned identity."""
    properties = {
        "isolationScope": "None",
        "tenantId": TENANT,
        "principalId": _guid(f"principal {name}"),
        "clientId": _guid(f"client {name}"),
    }
    return resource("Microsoft.ManagedIdentity/userAssignedIdentities", name, properties, tags={}, **more)


def federated_credential(
    identity: Body, name: str, subject: str, issuer: str = "https://token.actions.githubusercontent.com"
) -> Body:
    """A federated credential of a user-assigned identity."""
    properties = {"issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
    return child(identity, "federatedIdentityCredentials", name, properties)


def role_assignment(
    scope: str, principal: str, role: str, *, kind: str = "ServicePrincipal", name: str = "", **properties: Any
) -> Body:
    """A role assignment; `role` is the GUID of the role definition."""
    guid = name or _guid(f"{scope} {principal} {role}")
    top = "/".join(scope.split("/")[:3]) if scope.startswith("/subscriptions/") else ""
    defaults = {
        "roleDefinitionId": f"{top}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": kind,
        "scope": scope,
        "condition": None,
        "conditionVersion": None,
        "createdOn": "2026-01-05T09:00:00.0000000Z",
        "updatedOn": "2026-01-05T09:00:00.0000000Z",
        "createdBy": _guid("creator"),
        "updatedBy": _guid("creator"),
        "delegatedManagedIdentityResourceId": None,
        "description": None,
    }
    return {
        "properties": {**defaults, **properties},
        "id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{guid}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": guid,
    }


# --- app service


def site(name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> Body:
    """A web app; https://learn.microsoft.com/rest/api/appservice/web-apps/get."""
    defaults = {
        "state": "Running",
        "enabled": True,
        "hostNames": [f"{name}.azurewebsites.net"],
        "defaultHostName": f"{name}.azurewebsites.net",
        "httpsOnly": True,
        "clientAffinityEnabled": False,
        "clientCertEnabled": False,
        "clientCertMode": "Required",
        "clientCertExclusionPaths": None,
        "publicNetworkAccess": "Enabled",
        "virtualNetworkSubnetId": None,
        "siteConfig": {"numberOfWorkers": 1, "minTlsVersion": "1.2"},
    }
    more = {"kind": "app,linux", "identity": {"type": "None"}, **more}
    return resource("Microsoft.Web/sites", name, {**defaults, **(properties or {})}, **more)


def site_config(owner: Body, name: str, properties: Mapping[str, Any]) -> Body:
    """A part of an app's configuration: `web`, `authsettingsV2`, `appsettings`, `connectionstrings`."""
    return {**child(owner, "config", name, properties), "location": owner["location"]}


def resource_group(name: str, *, subscription: str = SUBSCRIPTION, location: str = "westeurope", **more: Any) -> Body:
    """A resource group."""
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        **more,
        "properties": {"provisioningState": "Succeeded"},
    }


def many(count: int, make: Any, *, prefix: str, **more: Any) -> Sequence[Body]:
    """So many resources that differ by name: `many(2500, storage_account, prefix="st")`."""
    width = len(str(count))
    return [make(f"{prefix}{number:0{width}d}", **more) for number in range(count)]
