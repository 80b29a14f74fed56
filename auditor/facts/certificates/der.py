"""What is inside a certificate that is given as data: base64 of DER, PEM, or a PKCS #7 bundle."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name

# https://learn.microsoft.com/security/trusted-root/program-requirements: RSA of 2048 bits, P-256, no SHA-1.
_LEAST_RSA = 2048
_LEAST_CURVE = 256
_OLD_HASHES = ("md5", "sha1")


@dataclass(frozen=True, slots=True)
class Inside:
    """What a certificate says of itself."""

    subject: str
    issuer: str
    ends: datetime
    hosts: tuple[str, ...]
    key: str
    weakness: str
    self_signed: bool
    thumbprint: str


@lru_cache(maxsize=4096)
def inside(data: str) -> Inside | None:
    """The leaf of what is given; None where it cannot be read."""
    certificates = _load(data)
    if not certificates:
        return None
    issuers = {one.issuer for one in certificates if one.issuer != one.subject}
    leaf = next((one for one in certificates if one.subject not in issuers), certificates[0])
    return _described(leaf)


def _load(data: str) -> list[Certificate]:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import pkcs7

    text = data.strip()
    if "-----BEGIN" in text:
        try:
            return x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            return []
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return []
    try:
        return [x509.load_der_x509_certificate(raw)]
    except ValueError:
        pass
    try:
        return list(pkcs7.load_der_pkcs7_certificates(raw))
    except (ValueError, UnsupportedAlgorithm):
        return []


def _described(leaf: Certificate) -> Inside:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.hashes import SHA1

    key, weakness = _key(leaf)
    try:
        signed = leaf.signature_hash_algorithm
    except UnsupportedAlgorithm:  # one that the library does not know is not an old one
        signed = None
    is_own = leaf.issuer == leaf.subject
    # The signature of one that signed itself proves nothing, however it was made.
    if signed is not None and signed.name in _OLD_HASHES and not is_own:
        weakness = weakness or f"it is signed with {signed.name.upper()}"
    return Inside(
        subject=_common_name(leaf.subject),
        issuer=_common_name(leaf.issuer),
        ends=leaf.not_valid_after_utc,
        hosts=_hosts(leaf),
        key=key,
        weakness=weakness,
        self_signed=is_own,
        thumbprint=leaf.fingerprint(SHA1()).hex(),  # noqa: S303 - what Azure calls a thumbprint
    )


def _key(leaf: Certificate) -> tuple[str, str]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        public = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "", ""
    if isinstance(public, RSAPublicKey):
        weak = public.key_size < _LEAST_RSA
        return f"RSA {public.key_size}", f"its RSA key has {public.key_size} bits" if weak else ""
    if isinstance(public, EllipticCurvePublicKey):
        weak = public.curve.key_size < _LEAST_CURVE
        return f"EC {public.curve.name}", f"its key is on the curve {public.curve.name}" if weak else ""
    return type(public).__name__, ""


def _hosts(leaf: Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        found = []
    return tuple(found) or ((name.lower(),) if (name := _common_name(leaf.subject)) and "." in name else ())


def _common_name(name: Name) -> str:
    from cryptography.x509.oid import NameOID

    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
