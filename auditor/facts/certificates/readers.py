"""How each type holds its certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from auditor.facts.certificates.der import inside
from auditor.facts.certificates.model import Certificate
from auditor.facts.certificates.vault import SECRET, VaultCertificates
from auditor.facts.keys.dates import moment
from auditor.facts.keys.places import at, text_at
from auditor.inventory.model import Json, Resource

Reader = Callable[[Resource, VaultCertificates], Iterator[Certificate]]

# https://learn.microsoft.com/rest/api/appservice/certificates/get#keyvaultsecretstatus
_FINE = ("", "initialized", "succeeded", "waitingoncertificateorder", "externalprivatekey", "unknown")


def _items(body: Json, path: str) -> Sequence[Json]:
    found = at(body, path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _text(body: Json, path: str) -> str:
    found = at(body, path)
    return found.strip() if isinstance(found, str) else ""


def _hosts(value: Json) -> tuple[str, ...]:
    return tuple(str(name).lower() for name in value) if isinstance(value, list) else ()


def of_app_service(resource: Resource, _: VaultCertificates) -> Iterator[Certificate]:
    """A certificate of App Service: uploaded, imported from a vault, or made by the service.

    The service renews its own, which have a `canonicalName`, and those whose secret in a vault it can read
    (https://learn.microsoft.com/azure/app-service/configure-ssl-certificate).
    """
    status = _text(resource.body, "properties.keyVaultSecretStatus")
    in_vault = bool(_text(resource.body, "properties.keyVaultId"))
    trouble = "" if status.lower() in _FINE else f"App Service says {status} of its secret in the key vault"
    issuer, subject = _text(resource.body, "properties.issuer"), _text(resource.body, "properties.subjectName")
    yield Certificate(
        name=resource.name,
        ends=moment(at(resource.body, "properties.expirationDate")),
        path="properties.expirationDate",
        hosts=_hosts(at(resource.body, "properties.hostNames")),
        subject=subject,
        issuer=issuer,
        self_signed=bool(issuer) and issuer == subject,
        renews=not trouble and (in_vault or bool(_text(resource.body, "properties.canonicalName"))),
        trouble=trouble,
        identity=text_at(resource.body, "properties.thumbprint"),
    )


def of_order(resource: Resource, _: VaultCertificates) -> Iterator[Certificate]:
    """A bought certificate: renewed unless somebody said no.

    https://learn.microsoft.com/rest/api/appservice/app-service-certificate-orders/get
    """
    size = at(resource.body, "properties.keySize")
    weak = isinstance(size, int) and 0 < size < 2048
    name = _text(resource.body, "properties.distinguishedName").removeprefix("CN=").lower()
    yield Certificate(
        name=resource.name,
        role="certificate order",
        ends=moment(at(resource.body, "properties.expirationTime")),
        path="properties.expirationTime",
        hosts=(name,) if name else (),
        key=f"RSA {size}" if size else "",
        weakness=f"its RSA key has {size} bits" if weak else "",
        renews=at(resource.body, "properties.autoRenew") is not False,
        identity=resource.key,
    )


def of_gateway(resource: Resource, vaults: VaultCertificates) -> Iterator[Certificate]:
    """What an application gateway serves, and whom it trusts.

    Without a version in the secret's address it looks for a renewed one every four hours:
    https://learn.microsoft.com/azure/application-gateway/key-vault-certs
    """
    for number, one in enumerate(_items(resource.body, "properties.sslCertificates")):
        name = str(one.get("name") or "")
        where = f"properties.sslCertificates[{number}].properties"
        if address := _text(one, "properties.keyVaultSecretId"):
            yield replace(vaults.at_address(address), name=name)
        else:
            yield _given(_text(one, "properties.publicCertData"), name, "certificate", f"{where}.publicCertData")
    for block, role in (
        ("trustedClientCertificates", "trusted authority of clients"),
        ("trustedRootCertificates", "trusted authority of backends"),
        ("authenticationCertificates", "trusted certificate of backends"),
    ):
        for number, one in enumerate(_items(resource.body, f"properties.{block}")):
            name = str(one.get("name") or "")
            if address := _text(one, "properties.keyVaultSecretId"):
                yield replace(vaults.at_address(address), name=name, role=role)
            elif data := _text(one, "properties.data"):
                yield _given(data, name, role, f"properties.{block}[{number}].properties.data")


def _given(data: str, name: str, role: str, path: str) -> Certificate:
    found = inside(data) if data else None
    if found is None:
        return Certificate(name, role, path=path)
    # An authority has signed itself by its nature.
    is_server = role == "certificate"
    return Certificate(
        name=name,
        role=role,
        ends=found.ends,
        path=path,
        hosts=found.hosts,
        subject=found.subject,
        issuer=found.issuer,
        key=found.key,
        weakness=found.weakness,
        self_signed=found.self_signed and is_server,
        identity=found.thumbprint,
    )


def of_api_management(resource: Resource, vaults: VaultCertificates) -> Iterator[Certificate]:
    """The certificates of the service's own host names; managed and built-in ones renew themselves.

    https://learn.microsoft.com/azure/api-management/configure-custom-domain
    """
    for number, one in enumerate(_items(resource.body, "properties.hostnameConfigurations")):
        host = text_at(one, "hostName")
        source = text_at(one, "certificateSource")
        path = f"properties.hostnameConfigurations[{number}].certificate.expiry"
        if source in ("builtin", "managed"):
            continue
        address = _text(one, "keyVaultId")
        ends = moment(at(one, "certificate.expiry"))
        status = text_at(one, "certificateStatus")
        trouble = "API Management cannot take it from its key vault" if status == "failed" else ""
        pinned = bool(address) and vaults.at_address(address).pinned
        yield Certificate(
            name=host,
            ends=ends,
            path=path,
            hosts=(host,) if host else (),
            subject=_text(one, "certificate.subject"),
            renews=bool(address) and not pinned and not trouble,
            pinned=pinned,
            trouble=trouble,
            identity=text_at(one, "certificate.thumbprint"),
        )


def of_api_certificate(resource: Resource, vaults: VaultCertificates) -> Iterator[Certificate]:
    """A certificate with which API Management signs in to backends or that policies compare with."""
    address = _text(resource.body, "properties.keyVault.secretIdentifier")
    status = text_at(resource.body, "properties.keyVault.lastStatus.code")
    pinned = bool(address) and vaults.at_address(address).pinned
    trouble = f"API Management says {status} of its key vault" if status not in ("", "success") else ""
    yield Certificate(
        name=resource.name,
        role="client certificate",
        ends=moment(at(resource.body, "properties.expirationDate")),
        path="properties.expirationDate",
        subject=_text(resource.body, "properties.subject"),
        renews=bool(address) and not pinned and not trouble,
        pinned=pinned,
        trouble=trouble,
        identity=text_at(resource.body, "properties.thumbprint"),
    )


def of_front_door(resource: Resource, vaults: VaultCertificates) -> Iterator[Certificate]:
    """A secret of a Front Door profile: a certificate of the owner's, or one that the service manages.

    https://learn.microsoft.com/azure/frontdoor/standard-premium/how-to-configure-https-custom-domain
    """
    kind = text_at(resource.body, "properties.parameters.type")
    if kind not in ("", "customercertificate", "managedcertificate", "azurefirstpartymanagedcertificate"):
        return
    managed = kind not in ("", "customercertificate")
    source = _text(resource.body, "properties.parameters.secretSource.id")
    held = vaults.at_id(source) if source and not managed else None
    newest = at(resource.body, "properties.parameters.useLatestVersion") is True
    told = moment(at(resource.body, "properties.parameters.expirationDate"))
    yield Certificate(
        name=resource.name,
        ends=told or (held.ends if held else None),
        path="properties.parameters.expirationDate" if told or held is None else held.path,
        hosts=_hosts(at(resource.body, "properties.parameters.subjectAlternativeNames")),
        subject=_text(resource.body, "properties.parameters.subject"),
        issuer=_text(resource.body, "properties.parameters.certificateAuthority"),
        key=held.key if held else "",
        weakness=held.weakness if held else "",
        renews=managed,
        pinned=not managed and not newest,
        trouble=held.trouble if held else "",
        identity=text_at(resource.body, "properties.parameters.thumbprint") or (held.identity if held else ""),
    )


def of_container_apps(resource: Resource, _: VaultCertificates) -> Iterator[Certificate]:
    """A certificate of a Container Apps environment.

    https://learn.microsoft.com/rest/api/containerapps/certificates/get
    """
    issuer, subject = _text(resource.body, "properties.issuer"), _text(resource.body, "properties.subjectName")
    wrong = at(resource.body, "properties.valid") is False
    yield Certificate(
        name=resource.name,
        ends=moment(at(resource.body, "properties.expirationDate")),
        path="properties.expirationDate",
        hosts=_hosts(at(resource.body, "properties.subjectAlternativeNames")),
        subject=subject,
        issuer=issuer,
        self_signed=bool(issuer) and issuer == subject,
        renews=bool(_text(resource.body, "properties.certificateKeyVaultProperties.keyVaultUrl")),
        trouble="its environment says that it is not valid" if wrong else "",
        identity=text_at(resource.body, "properties.thumbprint"),
    )


def of_secret(resource: Resource, vaults: VaultCertificates) -> Iterator[Certificate]:
    """A certificate in a key vault."""
    if vaults.is_certificate(resource):
        yield vaults.of_secret(resource)


READERS: Mapping[str, Reader] = {
    "microsoft.web/certificates": of_app_service,
    "microsoft.certificateregistration/certificateorders": of_order,
    "microsoft.network/applicationgateways": of_gateway,
    "microsoft.apimanagement/service": of_api_management,
    "microsoft.apimanagement/service/certificates": of_api_certificate,
    "microsoft.cdn/profiles/secrets": of_front_door,
    "microsoft.app/managedenvironments/certificates": of_container_apps,
    SECRET: of_secret,
}
"""Type key to what reads its certificates."""
