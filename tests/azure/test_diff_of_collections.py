"""Two collections of one tenant compared, when the second may read less and hashes secrets with another key."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.inventory.snapshot import Snapshot
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import OTHER_SUBSCRIPTION, SUBSCRIPTION, storage_account
from tests.azure.loopback.server import Endpoints
from tests.conftest import arm_id

AUDITOR = Path(sys.executable).parent / "auditor"
SITE = "Microsoft.Web/sites"
KEY = (
    "DefaultEndpointsProtocol=https;AccountName=st1;AccountKey="
    + "c2VjcmV0" * 10
    + "c2VjcmU=;EndpointSuffix=core.windows.net"
)
RULES = ("--select", "storage-https-only", "--select", "app-key-in-settings")


def tenant(**changes: Any) -> LoopbackAzure:
    """An insecure account in each of two subscriptions, and an app with a key among its settings."""
    site = {"id": arm_id(SITE, "app"), "name": "app", "type": SITE, "location": "westeurope", "properties": {}}
    settings = {"id": f"{site['id']}/config/appsettings", "name": "appsettings", "type": f"{SITE}/config"}
    return LoopbackAzure(
        [
            storage_account("stone", {"supportsHttpsTrafficOnly": False, **changes}, subscription=SUBSCRIPTION),
            storage_account("sttwo", {"supportsHttpsTrafficOnly": False}, subscription=OTHER_SUBSCRIPTION),
            site,
        ],
        actions={f"{site['id']}/config/appsettings/list".lower(): {**settings, "properties": {"STORAGE": KEY}}},
    )


@pytest.fixture
def compared(
    start_azure: Callable[..., Endpoints], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """`compared(old, new, "reports")`: the JSON of `auditor diff` over snapshots, or over the reports made of them."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(AUDITOR), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)

    def diff(old: LoopbackAzure, new: LoopbackAzure, kind: str) -> dict[str, Any]:
        files = []
        for name, azure in (("old", old), ("new", new)):
            endpoints = start_azure(azure)
            for variable, value in endpoints.managed_identity().items():
                monkeypatch.setenv(variable, value)
            cloud = str(endpoints.cloud_file(tmp_path))
            done = run("collect", "--cloud", cloud, "--output", f"{name}.db", "--quiet", *RULES)
            assert done.returncode == 0, done.stderr
            files.append(f"{name}.db")
            if kind == "reports":
                run("scan", "--from", f"{name}.db", *RULES, "--format", "json", "--output", f"{name}.json", "--quiet")
                files[-1] = f"{name}.json"
        done = run("diff", *files, "--format", "json", *(RULES if kind == "snapshots" else ()))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return diff


def bodies_of(path: Path) -> str:
    with Snapshot.open(path) as snapshot:
        return json.dumps([resource.body for resource in snapshot.resources()])


def directions(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(r["direction"], r["rule"], r["resource"].rpartition("/")[2]) for r in found["results"]}


@pytest.mark.parametrize("kind", ["snapshots", "reports"])
def test_the_same_tenant_twice_has_not_changed(compared, kind: str, tmp_path: Path):
    found = compared(tenant(), tenant(), kind)

    hashes = [set(re.findall(r'"hash": "(\w{32})"', bodies_of(tmp_path / name))) for name in ("old.db", "new.db")]
    assert hashes[0]
    assert not hashes[0] & hashes[1], "a secret's hash is keyed anew in each snapshot"
    assert found["results"] == []
    assert found["properties"] == []


@pytest.mark.parametrize("kind", ["snapshots", "reports"])
def test_what_is_behind_a_subscription_that_may_no_longer_be_read_did_not_go_away(compared, kind: str):
    hidden = tenant()
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups")
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}/providers")
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}", "Microsoft.Storage/storageAccounts")

    found = compared(tenant(), hidden, kind)

    assert ("no longer readable", "storage-https-only", "sttwo") in directions(found)
    assert {direction for direction, _, _ in directions(found)} == {"no longer readable"}
    assert {p["kind"] for p in found["properties"]} <= {"no longer readable"}


@pytest.mark.parametrize("kind", ["snapshots", "reports"])
def test_what_was_mended_went_away(compared, kind: str):
    found = compared(tenant(), tenant(supportsHttpsTrafficOnly=True), kind)

    assert directions(found) == {("went away", "storage-https-only", "stone")}
    assert found["results"][0]["resource_exists"] is (True if kind == "snapshots" else None)
