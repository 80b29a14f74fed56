"""What many resource types of the `azurerm` provider have in common."""

from __future__ import annotations

from typing import Any

from auditor.iac.provider_ways import (
    Way,
    at,
    negated,
    switched,
)

CONNECTIONS = frozenset(
    {
        "properties.privateEndpointConnections[*]",
        "properties.privateEndpointConnections[*].properties.privateLinkServiceConnectionState.status",
        "properties.privateEndpointConnections[*].properties.provisioningState",
    }
)
"""Written by the service; the overlay gives services the connections of private endpoints in the plan."""
WRITTEN = frozenset(
    {
        "properties.autoKeyRotationError",
        "properties.identityProfile",
        "properties.oidcIssuerProfile",
        "properties.provisioningState",
    }
)
"""What services write themselves, or what rules over many types look for and other types have."""
IDENTITY = frozenset({"identity.principalId"})
KEYS_ELSEWHERE = frozenset(
    {
        "properties.activeKey.keyUrl",
        "properties.dataEncryption.primaryKeyURI",
        "properties.encryption.keyVaultProperties.keyIdentifier",
        "properties.encryption.keyVaultProperties.keyUri",
        "properties.keyVaultKeyUri",
        "properties.uri",
    }
)
"""Where a rule over many types looks for a key: each type has one of them."""
PUBLIC: dict[str, Way] = {"properties.publicNetworkAccess": switched("public_network_access_enabled")}
LOCAL: dict[str, Way] = {"properties.disableLocalAuth": negated("local_authentication_enabled", "local_auth_enabled")}


def identifier(path: str, kind: str) -> Way:
    """A part of a Key Vault key's id, `https://vault.vault.azure.net/keys/name/version`."""

    def read(values: Any) -> Any:
        found = at(values, path)
        if not isinstance(found, str):
            return found
        parts = found.split("/")
        if kind == "vault":
            return "/".join(parts[:3])
        place = {"name": 4, "version": 5}[kind]
        return parts[place] if len(parts) > place else None

    return read
