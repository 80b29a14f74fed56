"""Certificates of every holder in one form, and what is wrong of each."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from auditor.facts.certificates.der import inside
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread
from tests.facts.key_worlds import make

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER, SOON, PAST = "2045-01-01T00:00:00Z", "2026-11-15T00:00:00Z", "2026-10-01T00:00:00Z"
GATEWAY = "Microsoft.Network/applicationGateways"
VAULT = make("Microsoft.KeyVault/vaults", "kv", {})


@cache
def _signer() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(ends: str, *, own: bool = False, weak: bool = False, name: str = "*.example.com") -> x509.Certificate:
    key = rsa.generate_private_key(65537, 1024) if weak else _signer()  # noqa: S505 - what has to be told
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = subject if own else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Authority")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime.fromisoformat(ends.removesuffix("Z")))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(_signer(), hashes.SHA256())
    )


def der(found: x509.Certificate) -> str:
    return base64.b64encode(found.public_bytes(Encoding.DER)).decode()


def fact(*bodies: dict[str, Any], **more: Any) -> Any:
    resources = [Resource.from_body(one) for one in bodies]
    return FactStore(Inventory(resources, **more), NOW).get("certificates", resources[0])


def troubles(*bodies: dict[str, Any], **more: Any) -> dict[str, str]:
    """What is wrong, by kind; `?` where it is not known."""
    found = fact(*bodies, **more) or {}
    return {
        name: "?" if isinstance(value[0], Unread) else value[0]["text"]
        for name, value in found.items()
        if name != "certificates" and value
    }


def test_what_is_inside_data():
    issuer = certificate(LATER, own=True, name="Example Authority")
    leaf = certificate(LATER)
    bundle = base64.b64encode(pkcs7.serialize_certificates([issuer, leaf], Encoding.DER)).decode()

    for data in (der(leaf), leaf.public_bytes(Encoding.PEM).decode(), bundle):
        found = inside(data)
        assert found
        assert (found.subject, found.issuer, found.hosts) == ("*.example.com", "Example Authority", ("*.example.com",))
        assert (found.key, found.weakness, found.self_signed) == ("EC secp256r1", "", False)
    assert [inside(data) for data in ("", "x", "AAAA", "-----BEGIN CERTIFICATE-----")] == [None] * 4


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"ends": LATER}, None),
        ({"ends": PAST}, "expired"),
        ({"ends": SOON}, "ending"),
        ({"ends": LATER, "own": True}, "self_signed"),
        ({"ends": LATER, "weak": True}, "weak"),
    ],
)
def test_an_uploaded_certificate_of_a_gateway(how: dict[str, Any], kind: str | None):
    inner = {"sslCertificates": [{"name": "shop", "properties": {"publicCertData": der(certificate(**how))}}]}

    assert list(troubles(make(GATEWAY, "agw", inner))) == ([kind] if kind else [])


def test_an_authority_may_sign_itself_and_must_not_end():
    def trusting(ends: str) -> dict[str, Any]:
        inner = {"name": "partner", "properties": {"data": der(certificate(ends, own=True))}}
        return make(GATEWAY, "agw", {"trustedClientCertificates": [inner]})

    assert troubles(trusting(LATER)) == {}
    assert troubles(trusting(PAST)) == {"expired": "the trusted authority of clients partner expired on 2026-10-01"}


def secret(**attributes: Any) -> dict[str, Any]:
    return make(
        "Microsoft.KeyVault/vaults/secrets",
        "kv/shop",
        {"contentType": "application/x-pkcs12", "attributes": attributes},
    )


def in_vault(version: str = "") -> dict[str, Any]:
    address = f"https://kv.vault.azure.net/secrets/shop{version}"
    return make(GATEWAY, "agw", {"sslCertificates": [{"name": "shop", "properties": {"keyVaultSecretId": address}}]})


@pytest.mark.parametrize(
    ("others", "version", "wanted"),
    [
        ([VAULT, secret(enabled=True, exp=4_000_000_000)], "", []),
        ([VAULT, secret()], "/", []),
        ([VAULT, secret(enabled=True, exp=1_700_000_000)], "", ["expired"]),
        ([VAULT, secret(enabled=False, exp=4_000_000_000)], "", ["unavailable"]),
        ([VAULT, secret(enabled=True, exp=4_000_000_000)], "/0a", ["pinned"]),
        ([VAULT], "", ["unavailable"]),
    ],
)
def test_a_certificate_in_a_key_vault(others: list[dict[str, Any]], version: str, wanted: list[str]):
    assert list(troubles(in_vault(version), *others)) == wanted


def test_a_vault_that_was_not_read_leaves_it_open():
    export = ExportCoverage([GATEWAY.lower()], "export")

    assert troubles(in_vault(), coverage=export) == {"expired": "?", "ending": "?", "unavailable": "?"}


@pytest.mark.parametrize(
    ("kind", "properties", "wanted"),
    [
        ("Microsoft.Web/certificates", {"expirationDate": SOON}, ["ending"]),
        ("Microsoft.Web/certificates", {"expirationDate": SOON, "canonicalName": "www.example.com"}, []),
        ("Microsoft.Web/certificates", {"expirationDate": SOON, "keyVaultId": "/x"}, []),
        (
            "Microsoft.Web/certificates",
            {"expirationDate": SOON, "keyVaultId": "/x", "keyVaultSecretStatus": "OperationNotPermittedOnKeyVault"},
            ["ending", "unavailable"],
        ),
        ("Microsoft.CertificateRegistration/certificateOrders", {"expirationTime": SOON}, []),
        (
            "Microsoft.CertificateRegistration/certificateOrders",
            {"expirationTime": SOON, "autoRenew": False},
            ["ending"],
        ),
        ("Microsoft.ApiManagement/service/certificates", {"expirationDate": PAST}, ["expired"]),
        (
            "Microsoft.ApiManagement/service/certificates",
            {"expirationDate": SOON, "keyVault": {"secretIdentifier": "https://kv.vault.azure.net/secrets/a/1"}},
            ["ending", "pinned"],
        ),
        ("Microsoft.Cdn/profiles/secrets", {"parameters": {"type": "ManagedCertificate", "expirationDate": SOON}}, []),
        (
            "Microsoft.Cdn/profiles/secrets",
            {"parameters": {"type": "CustomerCertificate", "useLatestVersion": False, "expirationDate": SOON}},
            ["ending", "pinned"],
        ),
        ("Microsoft.Cdn/profiles/secrets", {"parameters": {"type": "UrlSigningKey"}}, []),
        ("Microsoft.App/managedEnvironments/certificates", {"expirationDate": PAST, "valid": False}, ["expired"]),
        ("Microsoft.App/managedEnvironments/certificates", {"expirationDate": LATER, "valid": False}, ["unavailable"]),
        ("Microsoft.KeyVault/vaults/secrets", {"contentType": "text/plain", "attributes": {"exp": 1}}, []),
    ],
)
def test_other_holders(kind: str, properties: dict[str, Any], wanted: list[str]):
    name = "/".join(["holder", "part", "inner"][: kind.count("/")])

    assert list(troubles(make(kind, name, properties))) == wanted


@pytest.mark.parametrize(
    ("source", "ends", "wanted"),
    [("Custom", PAST, ["expired"]), ("Custom", SOON, ["ending"]), ("Managed", PAST, []), ("BuiltIn", PAST, [])],
)
def test_a_host_name_of_api_management(source: str, ends: str, wanted: list[str]):
    host = {"hostName": "api.example.com", "certificateSource": source, "certificate": {"expiry": ends}}

    assert list(troubles(make("Microsoft.ApiManagement/service", "apim", {"hostnameConfigurations": [host]}))) == wanted


def test_a_wildcard_is_shared_from_three_places_on():
    held = make(
        "Microsoft.Web/certificates",
        "wild",
        {"expirationDate": LATER, "hostNames": ["*.example.com"], "thumbprint": "AB12"},
    )
    sites = [
        make(
            "Microsoft.Web/sites", f"app-{name}", {"hostNameSslStates": [{"thumbprint": "ab12"}, {"thumbprint": None}]}
        )
        for name in "abc"
    ]

    assert troubles(held, *sites[:2]) == {}
    assert "in 3 places: app-a, app-b, app-c" in troubles(held, *sites)["shared_wildcard"]


def key(ends: str | None, usage: str = "Verify", mark: str | None = None) -> dict[str, Any]:
    return {"type": "AsymmetricX509Cert", "usage": usage, "endDateTime": ends, "customKeyIdentifier": mark}


@pytest.mark.parametrize(
    ("keys", "secrets", "wanted"),
    [
        ([key(PAST)], [], ["expired"]),
        ([key(SOON)], [], ["ending"]),
        ([key(PAST), key(LATER)], [], []),
        ([key(PAST), key(SOON)], [], ["ending"]),
        ([key(PAST)], [{"endDateTime": LATER}], []),
        ([key(PAST)], [{"endDateTime": PAST}], ["expired"]),
        ([key(PAST)], [{"startDateTime": LATER, "endDateTime": LATER}], ["expired"]),
        ([key(None)], [], []),
        ([], [], []),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_an_application(keys: list[Any], secrets: list[Any], wanted: list[str], nested: bool):
    inner = {"keyCredentials": keys, "passwordCredentials": secrets}
    body = {"id": "a1", "type": "Microsoft.Graph/applications", **({"properties": inner} if nested else inner)}

    assert list(troubles(body)) == wanted


@pytest.mark.parametrize(
    ("mode", "keys", "wanted"),
    [
        ("saml", [key(PAST, "Sign", "a"), key(PAST, "Verify", "a")], "the signing certificate"),
        ("saml", [key(PAST, "Sign", "a"), key(LATER, "Sign", "b")], ""),
        (None, [key(PAST, "Verify")], "the certificate"),
    ],
)
def test_a_service_principal(mode: str | None, keys: list[Any], wanted: str):
    body = {
        "id": "p1",
        "type": "Microsoft.Graph/servicePrincipals",
        "preferredSingleSignOnMode": mode,
        "keyCredentials": keys,
    }

    assert troubles(body).get("expired", "").startswith(wanted)
    assert bool(troubles(body)) is bool(wanted)


def test_an_export_keeps_a_principals_properties_below():
    inner = {"keyCredentials": [key(PAST, "Sign", "a")]}
    body = {"id": "p1", "type": "Microsoft.Graph/servicePrincipals", "properties": inner}

    found = fact(body)
    assert [one["role"] for one in found["certificates"]] == ["signing certificate"]
    assert found["expired"][0]["decided_by"] == ["properties.keyCredentials[0].endDateTime"]
