"""A tenant's own exemptions and management groups, from the wire to the verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.cli import inside
from tests.conftest import SUBSCRIPTION, arm_id

ACCOUNT = "Microsoft.Storage/storageAccounts"
AUTHORIZATION = "providers/Microsoft.Authorization"
GROUP = "/providers/Microsoft.Management/managementGroups/contoso"
HTTPS_ONLY = "404c3081-a854-4457-ae30-26a93ef643f9"  # equivalents.azure-policy of storage-https-only
INITIATIVE = "1f3afdf9-d0c9-4c3d-847f-89da613e70a8"


def body(resource_id: str, **properties: Any) -> dict[str, Any]:
    kind = resource_id.rpartition("/providers/")[2].split("/")
    return {
        "id": resource_id,
        "name": kind[-1],
        "type": f"{kind[0]}/{kind[1]}",
        "location": "westeurope",
        "properties": properties,
    }


def tenant(scope: str) -> LoopbackAzure:
    """Two insecure accounts; an initiative assigned to a management group; an exemption from it at `scope`."""
    member = {
        "policyDefinitionId": f"/{AUTHORIZATION}/policyDefinitions/{HTTPS_ONLY}",
        "policyDefinitionReferenceId": "secureTransferToStorageAccountMonitoring",
    }
    assignment = f"{GROUP}/{AUTHORIZATION}/policyAssignments/benchmark"
    return LoopbackAzure(
        [
            body(arm_id(ACCOUNT, "st1"), supportsHttpsTrafficOnly=False),
            body(arm_id(ACCOUNT, "st2"), supportsHttpsTrafficOnly=False),
            body(f"/{AUTHORIZATION}/policySetDefinitions/{INITIATIVE}", policyDefinitions=[member]),
            body(assignment, policyDefinitionId=f"/{AUTHORIZATION}/policySetDefinitions/{INITIATIVE}"),
            body(
                f"{scope}/{AUTHORIZATION}/policyExemptions/legacy",
                policyAssignmentId=assignment,
                exemptionCategory="Waiver",
                displayName="Legacy partner",
                expiresOn="2099-01-01T00:00:00Z",
                policyDefinitionReferenceIds=["secureTransferToStorageAccountMonitoring"],
            ),
        ],
        subscriptions={SUBSCRIPTION: "Production"},
        management_groups={"root": ["contoso"], "contoso": [SUBSCRIPTION]},
    )


@pytest.fixture
def auditor(
    start_azure: Callable[..., Endpoints], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CompletedProcess[str]]:
    """`auditor(azure, "scan", ...)`: runs against a loopback Azure; `None` runs without one."""

    def run(azure: LoopbackAzure | None, *arguments: str) -> CompletedProcess[str]:
        if azure is None:
            return inside.run(*arguments, cwd=tmp_path)
        endpoints = start_azure(azure)
        cloud = endpoints.cloud_file(tmp_path)
        return inside.run(*arguments, "--cloud", cloud, env=endpoints.managed_identity(), cwd=tmp_path)

    return run


def outcomes(text: str) -> dict[str, str]:
    return {result["resource"]["name"]: result["outcome"] for result in json.loads(text)["results"]}


RULE = ("--select", "storage-https-only", "--format", "json")


@pytest.mark.parametrize("source", ["auto", "graph"])
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (arm_id(ACCOUNT, "st1"), {"st1": "exempt", "st2": "fail"}),
        (f"/subscriptions/{SUBSCRIPTION}", {"st1": "exempt", "st2": "exempt"}),
        (GROUP, {"st1": "exempt", "st2": "exempt"}),
    ],
)
def test_the_tenants_exemptions_are_applied(auditor, scope: str, expected: dict[str, str], source: str):
    done = auditor(tenant(scope), "scan", *RULE, "--policy-exemptions", "--source", source)

    assert outcomes(done.stdout) == expected, done.stderr
    assert done.returncode == (1 if "fail" in expected.values() else 0)


def test_they_are_applied_only_where_that_is_asked(auditor):
    done = auditor(tenant(f"/subscriptions/{SUBSCRIPTION}"), "scan", *RULE)

    assert outcomes(done.stdout) == {"st1": "fail", "st2": "fail"}


def test_a_snapshot_holds_them_when_it_was_collected_with_them(auditor, tmp_path: Path):
    azure = tenant(GROUP)
    for name, more in (("with.db", ["--policy-exemptions"]), ("without.db", [])):
        done = auditor(azure, "collect", "--output", name, "--select", "storage-https-only", *more)
        assert done.returncode == 0, done.stderr

    applied = auditor(None, "scan", "--from", "with.db", *RULE, "--policy-exemptions")
    missing = auditor(None, "scan", "--from", "without.db", *RULE, "--policy-exemptions")

    assert outcomes(applied.stdout) == {"st1": "exempt", "st2": "exempt"}
    assert outcomes(missing.stdout) == {"st1": "fail", "st2": "fail"}
    assert "collect with --policy-exemptions" in missing.stderr


def test_exemptions_as_the_azure_cli_prints_them_are_applied_to_what_was_read(auditor, tmp_path: Path):
    scope = arm_id(ACCOUNT, "st2")
    flat = {
        "id": f"{scope}/{AUTHORIZATION}/policyExemptions/cli",
        "name": "cli",
        "type": "Microsoft.Authorization/policyExemptions",
        "policyAssignmentId": f"{GROUP}/{AUTHORIZATION}/policyAssignments/benchmark",
        "exemptionCategory": "Mitigated",
        "displayName": "Behind a proxy",
        "metadata": {"requestedBy": "web team"},
    }
    (tmp_path / "exemptions.json").write_text(json.dumps([flat]))

    done = auditor(tenant(arm_id(ACCOUNT, "st1")), "scan", *RULE, "--exemptions", "exemptions.json")

    assert outcomes(done.stdout) == {"st1": "fail", "st2": "exempt"}, done.stderr
    exempt = next(r["exemption"] for r in json.loads(done.stdout)["results"] if r["exemption"])
    assert exempt["reason"] == "Mitigated: Behind a proxy"
    assert exempt["owner"] == "web team"
    assert exempt["expires_at"] is None
    assert "have no end" in done.stderr


def test_one_sarif_file_a_management_group(auditor, tmp_path: Path):
    azure = tenant(GROUP)
    done = auditor(azure, "scan", *RULE, "--sarif-split", "parts", "--sarif-split-by", "management-group")

    assert done.returncode == 1, done.stderr
    (file,) = (tmp_path / "parts").iterdir()
    run = json.loads(file.read_text())["runs"][0]
    assert file.name == "management-group-contoso.sarif"
    assert run["automationDetails"]["id"].count("/split/management-group/contoso/") == 1
    assert len(run["results"]) == 2


def test_an_identity_that_sees_no_management_group_still_audits(auditor):
    azure = tenant(arm_id(ACCOUNT, "st1"))
    azure.deny(GROUP)
    azure.deny("/providers/Microsoft.Management/managementGroups/root")

    done = auditor(azure, "scan", *RULE, "--policy-exemptions", "--require-complete")

    assert outcomes(done.stdout)["st2"] == "fail", done.stderr
    assert "Traceback" not in done.stderr
