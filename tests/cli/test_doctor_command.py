"""`auditor doctor` as its users run it, against the loopback Azure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.azure.loopback.access import READER, TENANT, Access, Grant, Principal
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import OTHER_SUBSCRIPTION, SUBSCRIPTION
from tests.azure.loopback.server import Endpoints, serve
from tests.cli import inside

_FOREIGN = ("AZURE_", "IDENTITY_", "IMDS_", "MSI_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")

Doctor = Callable[..., "subprocess.CompletedProcess[str]"]
TWO = {SUBSCRIPTION: "production", OTHER_SUBSCRIPTION: "test"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """This machine's environment without any credential, tool or proxy."""
    kept = {n: v for n, v in os.environ.items() if not n.upper().startswith(_FOREIGN) and n.upper() not in _PROXIES}
    return {**kept, "PATH": str(tmp_path), "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"}


@pytest.fixture
def azure() -> LoopbackAzure:
    return LoopbackAzure(subscriptions=TWO, graph={"applications": []})


@pytest.fixture
def endpoints(azure: LoopbackAzure, tmp_path: Path) -> Iterator[Endpoints]:
    with serve(azure) as running:
        yield running


@pytest.fixture
def doctor(endpoints: Endpoints, environment: dict[str, str], tmp_path: Path) -> Doctor:
    """Runs the command with a managed identity."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        cloud = str(endpoints.cloud_file(tmp_path))
        return inside.run(
            "doctor", "--cloud", cloud, *arguments, env={**environment, **endpoints.managed_identity(), **more}
        )

    return run


def _report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_an_identity_that_may_read_everything_is_healthy(doctor: Doctor, azure: LoopbackAzure) -> None:
    azure.principals[0].claims = {"xms_mirid": "/subscriptions/1/providers/Microsoft.Web/sites/auditor-app"}

    done = doctor("--format", "json", "--select", "nsg-*")

    report = _report(done)
    assert done.returncode == 0, done.stderr
    assert report["healthy"] is True
    assert report["identity"]["credential"] == "managed-identity"
    assert report["identity"]["kind"] == "managed identity"
    assert report["identity"]["name"] == "auditor-app"
    assert report["identity"]["object_id"] == azure.principals[0].object_id
    assert report["identity"]["tenant"] == TENANT
    assert report["identity"]["token_expires_at"].endswith("Z")
    assert [s["name"] for s in report["subscriptions"]] == ["production", "test"]
    assert report["grant"] == []
    assert azure.journal.writes == []


def test_what_cannot_be_read_is_told_with_the_command_that_grants_it(doctor: Doctor, azure: LoopbackAzure) -> None:
    basics = ("Microsoft.Resources/*/read", "Microsoft.Authorization/*/read")
    grants = (Grant(f"/subscriptions/{SUBSCRIPTION}", READER), Grant(f"/subscriptions/{OTHER_SUBSCRIPTION}", basics))
    azure.access = Access(grants=grants)

    report = _report(doctor("--format", "json", "--select", "nsg-*"))

    first, second = report["subscriptions"]
    assert report["healthy"] is False
    assert first["complete"] is True
    assert second["complete"] is False
    assert any(m["permission"] == "Microsoft.Network/networkSecurityGroups/read" for m in second["missing"])
    assert report["grant"] == [
        f"az role assignment create --assignee-object-id {azure.principals[0].object_id} "
        f'--assignee-principal-type ServicePrincipal --role "Reader" --scope /subscriptions/{OTHER_SUBSCRIPTION}'
    ]


def test_where_the_permissions_may_not_be_read_real_reads_tell(doctor: Doctor, azure: LoopbackAzure) -> None:
    azure.access = Access(grants=(Grant("/", ("Microsoft.Resources/subscriptions/read", "Microsoft.Network/*/read")),))
    azure.deny("/", "Microsoft.Authorization/permissions")

    report = _report(doctor("--format", "json", "--select", "network"))

    missing = {name for m in report["subscriptions"][0]["missing"] for name in m["types"]}
    assert "Microsoft.Network/virtualNetworks" not in missing


def test_an_identity_without_any_subscription_is_told_to_get_one(doctor: Doctor, azure: LoopbackAzure) -> None:
    azure.access = Access(grants=())

    done = doctor("--select", "network")

    assert "subscriptions 0 visible" in done.stdout
    assert '--role "Reader" --scope /subscriptions/<subscription id>' in done.stdout


RULE = """
id: oauth-test-rule
title: An application that anybody may sign in to
severity: low
topic: oauth
resource: Microsoft.Graph/applications
fail_if: {field: signInAudience, equals: AzureADMultipleOrgs}
message: "{name} takes sign-ins from every tenant"
description: A rule that needs applications, so that the command asks for them.
remediation: {text: Narrow the audience.}
references: ["https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation"]
examples:
  fail: [{id: 11111111-1111-4111-8111-111111111111, signInAudience: AzureADMultipleOrgs}]
  pass: [{id: 11111111-1111-4111-8111-111111111111, signInAudience: AzureADMyOrg}]
"""


def test_a_missing_permission_for_microsoft_graph_is_told_with_its_command(
    doctor: Doctor, azure: LoopbackAzure, tmp_path: Path
) -> None:
    azure.principals[0].graph_roles = ()
    rule = tmp_path / "oauth-test-rule.yaml"
    rule.write_text(RULE)

    report = _report(doctor("--format", "json", "--no-builtin", "--rules", str(rule)))

    denied = [d for d in report["directory"] if not d["readable"]]
    assert "Application.Read.All" in [d["permission"] for d in denied]
    assert any("appRoleAssignments" in command and "Application.Read.All" in command for command in report["grant"])


def test_a_clock_that_is_off_is_told(doctor: Doctor, azure: LoopbackAzure) -> None:
    azure.clock_skew_s = -400

    done = doctor("--select", "network")

    assert re.search(r"! clock +(39\d|40\d) s ahead of Azure's", done.stdout)


def test_without_a_credential_it_says_what_was_tried_and_exits_4(
    endpoints: Endpoints, environment: dict[str, str], tmp_path: Path
) -> None:
    began = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-m", "auditor", "doctor", "--cloud", str(endpoints.cloud_file(tmp_path))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert time.monotonic() - began < 20  # two on an idle machine; the libraries' own tries take more than a minute
    assert done.returncode == 4
    assert "resource manager" in done.stdout
    assert "no credential answered" in done.stderr
    assert "az login" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_proxy_that_does_not_answer_is_named_as_such(doctor: Doctor) -> None:
    done = doctor("--select", "network", HTTP_PROXY="http://user:hidden@127.0.0.1:1", no_proxy="")

    assert "through the proxy http://127.0.0.1:1" in done.stdout
    assert "the proxy 127.0.0.1:1 refuses connections" in done.stdout
    assert done.returncode == 3
    assert "hidden" not in done.stdout + done.stderr


def test_a_certificate_authority_file_that_does_not_exist_is_named_as_such(doctor: Doctor) -> None:
    done = doctor(REQUESTS_CA_BUNDLE="/nowhere/ca.pem")

    assert done.returncode == 2
    assert "REQUESTS_CA_BUNDLE=/nowhere/ca.pem: does not exist" in done.stderr


def test_no_token_is_ever_shown(doctor: Doctor, azure: LoopbackAzure) -> None:
    azure.principals[0] = Principal()

    for form in ("table", "json"):
        done = doctor("--format", form, "--select", "network")

        assert "eyJ" not in done.stdout + done.stderr
        assert azure.identity_header not in done.stdout + done.stderr
