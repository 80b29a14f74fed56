"""Two collections of one tenant compared, when the second may read less and hashes secrets with another key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.snapshot.store import Snapshot
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import OTHER_SUBSCRIPTION, SUBSCRIPTION, storage_account
from tests.azure.loopback.server import Endpoints
from tests.cli import inside
from tests.conftest import arm_id

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
) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """`compared(old, new)`: the JSON of `auditor diff` over two snapshots, and over the reports made of them."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> str:
        done = inside.run(*arguments, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def diff(old: LoopbackAzure, new: LoopbackAzure) -> tuple[dict[str, Any], dict[str, Any]]:
        for name, azure in (("old", old), ("new", new)):
            endpoints = start_azure(azure)
            cloud = str(endpoints.cloud_file(tmp_path))
            environment = endpoints.managed_identity()
            run("collect", "--cloud", cloud, "--output", f"{name}.db", "-q", *RULES, env=environment)
            source = ("--from", f"{name}.db", *RULES, "--fail-on", "none", "-q")
            run("scan", *source, "--format", "json", "--output", f"{name}.json")
        snapshots = run("diff", "old.db", "new.db", "--format", "json", *RULES)
        return json.loads(snapshots), json.loads(run("diff", "old.json", "new.json", "--format", "json"))

    return diff


def bodies_of(path: Path) -> str:
    with Snapshot.open(path) as snapshot:
        return json.dumps([resource.body for resource in snapshot.resources()])


def directions(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(r["direction"], r["rule"], r["resource"].rpartition("/")[2]) for r in found["results"]}


def test_the_same_tenant_twice_has_not_changed(compared, tmp_path: Path):
    for found in compared(tenant(), tenant()):
        assert found["results"] == []
        assert found["properties"] == []
    hashes = [set(re.findall(r'"hash": "(\w{32})"', bodies_of(tmp_path / name))) for name in ("old.db", "new.db")]
    assert hashes[0]
    assert not hashes[0] & hashes[1], "a secret's hash is keyed anew in each snapshot"


def test_what_is_behind_a_subscription_that_may_no_longer_be_read_did_not_go_away(compared):
    hidden = tenant()
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups")
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}/providers")
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}", "Microsoft.Storage/storageAccounts")
    hidden.deny(f"/subscriptions/{OTHER_SUBSCRIPTION}", "Microsoft.Resources/subscriptions/resourceGroups")

    for found in compared(tenant(), hidden):
        assert ("no longer readable", "storage-https-only", "sttwo") in directions(found)
        assert {direction for direction, _, _ in directions(found)} == {"no longer readable"}
        assert {p["kind"] for p in found["properties"]} <= {"no longer readable"}


def test_what_was_mended_went_away(compared):
    snapshots, reports = compared(tenant(), tenant(supportsHttpsTrafficOnly=True))

    for found in (snapshots, reports):
        assert directions(found) == {("went away", "storage-https-only", "stone")}
    assert snapshots["results"][0]["resource_exists"] is True
    assert reports["results"][0]["resource_exists"] is None
