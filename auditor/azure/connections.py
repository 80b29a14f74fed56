"""Connections: one place that says which certificate authorities are trusted and which proxies are used.

`requests` knows only `REQUESTS_CA_BUNDLE` and OpenSSL only `SSL_CERT_FILE`, so that a client library honours one of
them and not the other; here each counts for sign-in and for reads alike.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auditor.errors import ConfigError

if TYPE_CHECKING:
    import aiohttp

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Environment variables that name a file of trusted authorities. Several can be set, by an image and by its user for
example, and a program would honour any one of them: authorities of all of them are trusted."""


def trusted_authorities() -> tuple[tuple[str, Path], ...]:
    """Each variable that names trusted authorities, with the file or folder it names; none for the system's own.

    Raises ConfigError where there is nothing at that place.
    """
    named = tuple((name, Path(value)) for name in CA_VARIABLES if (value := os.environ.get(name)))
    for name, path in named:
        if not path.exists():
            raise ConfigError("does not exist", subject=f"{name}={path}", remedy=_name_a_file(name))
    return named


def tls_context() -> ssl.SSLContext:
    """TLS that trusts what the environment says. Raises ConfigError for a file that holds no certificates."""
    named = trusted_authorities()
    if not named:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, path in named:
        try:
            if path.is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(
                "holds no certificates that can be read", subject=f"{name}={path}", remedy=_name_a_file(name)
            ) from error
    return context


def _name_a_file(variable: str) -> str:
    return f"Let {variable} name a PEM file of certificate authorities, or unset it."


def open_session(*, limit: int, proxies: bool = True) -> aiohttp.ClientSession:
    """A connection pool; the caller closes it.

    Proxies are those of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; none where `proxies` is false, for endpoints of the
    machine itself.
    """
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, ssl=tls_context()),
        trust_env=proxies,
        auto_decompress=False,  # azure-core decompresses
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def proxy_for(url: str) -> str | None:
    """The proxy that requests to `url` go through, without its password; None where there is none."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    found = getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return None
    address = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
    return f"{address.scheme}://{address.hostname}:{address.port or (443 if address.scheme == 'https' else 80)}"
