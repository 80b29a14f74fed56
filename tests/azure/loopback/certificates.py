"""A certificate authority for the loopback Azure, and client certificates for its applications."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """An authority of its own, and the server certificate it issued for this machine."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="Loopback Azure")
        self._server = self._ca.issue_cert("127.0.0.1", "::1", "localhost")

    def server_context(self) -> ssl.SSLContext:
        """TLS for the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.configure_cert(context)
        return context

    def write(self, folder: Path) -> Path:
        """Write the authority's certificate as PEM; gives the file for `REQUESTS_CA_BUNDLE` or `SSL_CERT_FILE`."""
        path = folder / "loopback-ca.pem"
        self._ca.cert_pem.write_to_path(str(path))
        return path


def client_certificate(days: int = 30) -> tuple[bytes, bytes]:
    """A self-signed certificate as PEM, and key and certificate together as `AZURE_CLIENT_CERTIFICATE_PATH` takes them.

    With `days` below zero it has expired.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback-client")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, private + pem
