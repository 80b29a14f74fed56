"""A loopback Azure for every test that asks for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints, serve

_FOREIGN = ("AZURE_", "IDENTITY_", "IMDS_", "MSI_", "ARM_")
_PROXIES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential, cloud, proxy or certificate authority of the machine that runs the tests."""
    for name in list(os.environ):
        if name.upper().startswith(_FOREIGN) or name.upper() in _PROXIES:
            monkeypatch.delenv(name)


@pytest.fixture
def start_azure(clean_environment: None, tmp_path: Path) -> Iterator[Callable[..., Endpoints]]:
    """Starts loopback Azures: `start_azure(LoopbackAzure(bodies), tls=True)`, ended with the test."""
    with ExitStack() as stack:

        def start(azure: LoopbackAzure | None = None, *, tls: bool = False, **fields: Any) -> Endpoints:
            chosen = azure or LoopbackAzure(**fields)
            return stack.enter_context(serve(chosen, tls_folder=tmp_path if tls else None))

        yield start
