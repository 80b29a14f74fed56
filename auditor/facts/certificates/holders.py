"""What each holder of certificates tells of them, for readers; `READERS` reads the same properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LEARN = "https://learn.microsoft.com/azure/"
_REST = "https://learn.microsoft.com/rest/api/"


@dataclass(frozen=True, slots=True)
class Holder:
    """One type that holds certificates."""

    type: str
    """As the service writes it."""
    name: str
    properties: tuple[str, ...]
    renews: str
    """When it counts as renewed without anybody's doing."""
    source: str


_HOLDERS = (
    Holder(
        "Microsoft.Web/certificates",
        "App Service certificate",
        ("properties.expirationDate", "properties.keyVaultSecretStatus", "properties.thumbprint"),
        "made by the service (`canonicalName`), or read from a key vault",
        f"{_LEARN}app-service/configure-ssl-certificate",
    ),
    Holder(
        "Microsoft.CertificateRegistration/certificateOrders",
        "App Service certificate order",
        ("properties.expirationTime", "properties.autoRenew", "properties.keySize"),
        "`autoRenew`, true where it is left out",
        f"{_REST}appservice/app-service-certificate-orders/get",
    ),
    Holder(
        "Microsoft.Network/applicationGateways",
        "Application Gateway",
        ("properties.sslCertificates", "properties.trustedClientCertificates", "properties.trustedRootCertificates"),
        "in a key vault, named without a version, and renewed there",
        f"{_LEARN}application-gateway/key-vault-certs",
    ),
    Holder(
        "Microsoft.ApiManagement/service",
        "API Management",
        ("properties.hostnameConfigurations[].certificate.expiry",),
        "managed, or in a key vault and named without a version",
        f"{_LEARN}api-management/configure-custom-domain",
    ),
    Holder(
        "Microsoft.ApiManagement/service/certificates",
        "API Management client certificate",
        ("properties.expirationDate", "properties.keyVault.lastStatus"),
        "in a key vault and named without a version",
        f"{_LEARN}api-management/api-management-howto-mutual-certificates",
    ),
    Holder(
        "Microsoft.Cdn/profiles/secrets",
        "Front Door secret",
        ("properties.parameters.expirationDate", "properties.parameters.useLatestVersion"),
        "managed by the service",
        f"{_LEARN}frontdoor/standard-premium/how-to-configure-https-custom-domain",
    ),
    Holder(
        "Microsoft.App/managedEnvironments/certificates",
        "Container Apps certificate",
        ("properties.expirationDate", "properties.valid"),
        "read from a key vault",
        f"{_REST}containerapps/certificates/get",
    ),
    Holder(
        "Microsoft.KeyVault/vaults/secrets",
        "Key Vault certificate",
        ("properties.contentType", "properties.attributes.exp", "properties.attributes.enabled"),
        "the policy is data of the vault, which is not read",
        f"{_LEARN}key-vault/certificates/about-certificates",
    ),
    Holder(
        "Microsoft.Graph/applications",
        "Entra application",
        ("keyCredentials[].endDateTime", "passwordCredentials[].endDateTime"),
        "another credential is valid for longer",
        "https://learn.microsoft.com/graph/api/resources/keycredential",
    ),
    Holder(
        "Microsoft.Graph/servicePrincipals",
        "Service principal, SAML signing",
        ("keyCredentials[].endDateTime", "keyCredentials[].usage", "preferredSingleSignOnMode"),
        "another certificate of the same use is valid for longer",
        "https://learn.microsoft.com/graph/api/resources/keycredential",
    ),
)
HOLDERS: Mapping[str, Holder] = {holder.type.lower(): holder for holder in _HOLDERS}
"""By type key."""
