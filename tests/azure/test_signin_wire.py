"""Sign-in through the real azure-identity, over the wire, against the loopback Azure."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.azure.clouds import Cloud, load_cloud
from auditor.azure.session import Session
from auditor.azure.signin import sign_in
from auditor.errors import ConfigError, SignInError
from tests.azure.loopback.access import TENANT, Principal
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.certificates import Authority, client_certificate
from tests.azure.loopback.server import Endpoints
from tests.azure.loopback.tokens import sign

Start = Callable[..., Endpoints]


def _sign_in(cloud: Cloud, **options: str | None) -> Session:
    async def run() -> Session:
        async with sign_in(cloud, **options) as session:
            return session

    return asyncio.run(run())


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def no_identity(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without managed identity and without developer tools, whatever it really is."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{_closed_port()}")
    monkeypatch.setenv("PATH", str(tmp_path))


def _use(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def _tls(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> Cloud:
    monkeypatch.setenv(variable, str(endpoints.ca_file))
    return load_cloud(str(endpoints.cloud_file(tmp_path, tls=True)))


def test_a_managed_identity_of_app_service_style_signs_in(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mirid = "/subscriptions/1/resourcegroups/rg/providers/Microsoft.Web/sites/auditor-app"
    endpoints = start_azure(principals=[Principal(claims={"xms_mirid": mirid})])
    _use(monkeypatch, endpoints.managed_identity())

    session = _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))))

    assert session.credential_name == "managed-identity"
    assert session.principal.kind == "managed identity"
    assert session.principal.name == "auditor-app"
    assert session.principal.object_id == endpoints.azure.principals[0].object_id
    assert session.principal.tenant == TENANT
    assert session.passed_over == ("environment: no AZURE_CLIENT_ID is set", "workload-identity: not set up")


def test_a_managed_identity_is_not_asked_through_a_proxy(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure()
    _use(monkeypatch, endpoints.managed_identity())
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{_closed_port()}")

    session = _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))))

    assert session.credential_name == "managed-identity"


def test_a_virtual_machines_identity_signs_in(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure()
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", endpoints.http)

    session = _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))), credential="ManagedIdentityCredential")

    assert session.principal.kind == "managed identity"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_service_principal_with_a_secret_signs_in_over_tls_with_a_private_authority(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    endpoints = start_azure(tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, variable)
    _use(monkeypatch, endpoints.service_principal())

    session = _sign_in(cloud)

    assert session.credential_name == "environment"
    assert session.principal.kind == "service principal"
    assert session.principal.application_id == endpoints.azure.principals[0].application_id
    assert session.principal.expires_at is not None


def test_authorities_that_an_image_and_its_user_name_are_both_trusted(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure(tls=True)
    (tmp_path / "image").mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Authority().write(tmp_path / "image")))
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    _use(monkeypatch, endpoints.service_principal())

    assert _sign_in(cloud).credential_name == "environment"


def test_a_file_that_holds_no_authority_is_refused(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure()
    cloud = load_cloud(str(endpoints.cloud_file(tmp_path)))
    monkeypatch.setenv("SSL_CERT_FILE", cloud.source)

    with pytest.raises(ConfigError, match="holds no certificates"):
        _sign_in(cloud)


def test_a_service_principal_with_a_certificate_signs_in(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registered, key_and_certificate = client_certificate()
    endpoints = start_azure(principals=[Principal(certificate=registered)], tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    file = tmp_path / "client.pem"
    file.write_bytes(key_and_certificate)
    _use(monkeypatch, endpoints.service_principal())
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(file))

    session = _sign_in(cloud)

    assert session.principal.object_id == endpoints.azure.principals[0].object_id


def test_a_workload_identity_signs_in_at_the_authority_of_the_cloud(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    issuer, subject = "https://token.actions.githubusercontent.com", "repo:contoso/infra:ref:refs/heads/main"
    endpoints = start_azure(principals=[Principal(federated=((issuer, subject),))], tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    file = tmp_path / "token"
    claims = {"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "exp": int(time.time()) + 600}
    file.write_text(sign(claims))
    _use(monkeypatch, endpoints.service_principal())
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))

    session = _sign_in(cloud, credential="workload-identity")

    assert session.credential_name == "workload-identity"
    assert [s.status for s in endpoints.azure.journal.of(service="entra")] == [200]


def _wrong_secret(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-the-secret")


def _expired_secret(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    azure.principals[0].secret_expired = True


def _unknown_application(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "dddddddd-0000-4000-8000-000000000000")


def _unknown_tenant(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", "dddddddd-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("spoil", "words", "remedy"),
    [
        (_wrong_secret, "environment: the client secret is wrong (AADSTS7000215)", "AZURE_CLIENT_SECRET"),
        (_expired_secret, "environment: the client secret has expired (AADSTS7000222)", "az ad app credential reset"),
        (_unknown_application, "environment: the application does not exist in this tenant (AADSTS700016)", "--cloud"),
        (_unknown_tenant, "environment: the tenant does not exist in this cloud (AADSTS90002)", "AZURE_TENANT_ID"),
    ],
)
def test_a_refused_service_principal_is_told_why(
    start_azure: Start,
    no_identity: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    spoil: Callable[[LoopbackAzure, pytest.MonkeyPatch], None],
    words: str,
    remedy: str,
) -> None:
    endpoints = start_azure(tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    _use(monkeypatch, endpoints.service_principal())
    spoil(endpoints.azure, monkeypatch)
    began = time.monotonic()

    with pytest.raises(SignInError) as refused:
        _sign_in(cloud)

    assert time.monotonic() - began < 5
    assert refused.value.exit_code == 4
    assert words in str(refused.value)
    assert remedy in refused.value.remedy
    assert "\n" not in str(refused.value)
    assert "secret-" not in str(refused.value)
    assert "managed-identity" not in str(refused.value), "another identity is not tried behind the user's back"
    assert capfd.readouterr().err == ""


def test_without_any_credential_each_part_says_why(
    start_azure: Start,
    no_identity: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    endpoints = start_azure()
    began = time.monotonic()

    with pytest.raises(SignInError) as refused:
        _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))))

    assert time.monotonic() - began < 5
    message = str(refused.value)
    for clause in (
        "no credential answered",
        "environment: no AZURE_CLIENT_ID is set",
        "workload-identity: not set up",
        "managed-identity: ",
        "azure-cli: not installed",
        "azure-powershell: not installed",
        "azure-developer-cli: not installed",
    ):
        assert clause in message
    assert "az login" in refused.value.remedy
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AZURE_CLIENT_ID": "a", "AZURE_CLIENT_SECRET": "b"}, "environment: AZURE_TENANT_ID not set"),
        (
            {"AZURE_TENANT_ID": "a", "AZURE_CLIENT_ID": "b"},
            "environment: AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH not set",
        ),
    ],
)
def test_an_incomplete_service_principal_is_told_what_is_missing(
    start_azure: Start,
    no_identity: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    words: str,
) -> None:
    endpoints = start_azure()
    _use(monkeypatch, variables)

    with pytest.raises(SignInError) as refused:
        _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))), credential="environment")

    assert words in str(refused.value)


def test_an_empty_secret_is_told_as_such(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure(tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    _use(monkeypatch, {**endpoints.service_principal(), "AZURE_CLIENT_SECRET": ""})

    with pytest.raises(SignInError) as refused:
        _sign_in(cloud)

    assert "secret" in str(refused.value)


def test_a_certificate_that_is_no_certificate_is_told_as_such(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure(tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    _use(monkeypatch, endpoints.service_principal())
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(tmp_path / "absent.pem"))

    with pytest.raises(SignInError) as refused:
        _sign_in(cloud)

    assert "absent.pem" in str(refused.value)


def test_an_authority_that_does_not_answer_is_named_quickly(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure()
    file = endpoints.cloud_file(tmp_path)
    file.write_text(file.read_text().replace(f'"{endpoints.http}"', f'"https://127.0.0.1:{_closed_port()}"'))
    _use(monkeypatch, endpoints.service_principal())
    began = time.monotonic()

    with pytest.raises(SignInError) as refused:
        _sign_in(load_cloud(str(file)))

    assert time.monotonic() - began < 5
    assert "refuses connections" in str(refused.value)
    assert "HTTPS_PROXY" in refused.value.remedy


def test_a_proxy_that_does_not_answer_is_named(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure(tls=True)
    cloud = _tls(endpoints, monkeypatch, tmp_path, "SSL_CERT_FILE")
    port = _closed_port()
    _use(monkeypatch, {**endpoints.service_principal(), "HTTPS_PROXY": f"http://user:hidden@127.0.0.1:{port}"})

    with pytest.raises(SignInError) as refused:
        _sign_in(cloud)

    assert f"the proxy 127.0.0.1:{port} refuses connections" in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_a_private_authority_that_is_not_trusted_is_named(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure(tls=True)
    _use(monkeypatch, endpoints.service_principal())

    with pytest.raises(SignInError) as refused:
        _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path, tls=True))))

    assert "certificate" in str(refused.value)
    assert "SSL_CERT_FILE" in refused.value.remedy


def test_a_managed_identity_of_another_tenant_is_refused(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure()
    _use(monkeypatch, endpoints.managed_identity())
    other = "dddddddd-0000-4000-8000-000000000000"

    with pytest.raises(SignInError) as refused:
        _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))), tenant=other)

    assert f"answered for tenant {TENANT}, not for {other}" in str(refused.value)


def test_a_tool_whose_sign_in_has_expired_is_named_with_what_to_do(
    start_azure: Start, no_identity: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure()
    tool = tmp_path / "az"
    tool.write_text("#!/bin/sh\necho 'ERROR: AADSTS700082: The refresh token has expired.' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(SignInError) as refused:
        _sign_in(load_cloud(str(endpoints.cloud_file(tmp_path))), credential="azure-cli")

    assert "azure-cli: the sign-in has expired (AADSTS700082)" in str(refused.value)
    assert "az login" in refused.value.remedy
