"""A collection that is killed, then goes on: the same snapshot, no finished page read again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.azure.collecting import Done, collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.conftest import SUBSCRIPTION, arm_id

ACCOUNT = "Microsoft.Storage/storageAccounts"
BLOBS = f"{ACCOUNT}/blobServices"
SERVER = "Microsoft.Sql/servers"
TYPES = frozenset({BLOBS, SERVER, "Microsoft.Network/virtualNetworks"})
MANIFEST = Manifest("live", datetime(2026, 11, 1, tzinfo=UTC), None, needs=tuple(sorted(TYPES)))

CHILD = """
import asyncio, sys
from pathlib import Path
from auditor.azure.clouds import load_cloud
from auditor.azure.collect import collect
from auditor.azure.plan import CollectionPlan
from auditor.azure.progress import Silent
from auditor.azure.signin import sign_in
from tests.azure.test_collect_killed import MANIFEST, TYPES, Snapshot

async def main():
    async with sign_in(load_cloud(sys.argv[1]), credential="managed-identity") as session:
        with Snapshot.create(Path(sys.argv[2]), MANIFEST) as snapshot:
            await collect(session, CollectionPlan(TYPES), snapshot, Silent())

asyncio.run(main())
"""


class _Killed(BaseException):
    """The process ends here."""


class _Mortal(Snapshot):
    """A snapshot whose process dies right after its commit number `last`."""

    last = 0
    commits = 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with super()._transaction():
            yield
        self.commits += 1
        if self.commits == self.last:
            raise _Killed


LOGS = "Microsoft.Insights/diagnosticSettings"
VAULT = "Microsoft.KeyVault/vaults"
MANY = frozenset({LOGS, VAULT, f"{VAULT}/keys", SERVER, "Microsoft.PolicyInsights/policyStates"})
"""What is read in every way: a list, a query, children, a single, details, and settings of the subscription itself."""


def _small_tenant() -> LoopbackAzure:
    """A subscription whose own logs are settled before those of its resources."""
    parents = [f"/subscriptions/{SUBSCRIPTION}", arm_id(VAULT, "kv1"), arm_id(VAULT, "kv2")]
    bodies: list[dict[str, Any]] = [{"id": f"{parent}/providers/{LOGS}/all", "type": LOGS} for parent in parents]
    bodies += [{"id": parent, "type": VAULT} for parent in parents[1:]]
    bodies += [{"id": f"{parents[1]}/keys/k", "type": f"{VAULT}/keys"}, {"id": arm_id(SERVER, "sql"), "type": SERVER}]
    return LoopbackAzure(bodies)


def test_killed_after_any_commit_it_goes_on_and_loses_nothing(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endpoints = start_azure(_small_tenant())
    manifest = replace(MANIFEST, needs=tuple(sorted(MANY)))
    with _Mortal.create(tmp_path / "whole.db", manifest) as snapshot:
        whole = collect_from(endpoints, MANY, monkeypatch, snapshot=snapshot)
        commits, content = snapshot.commits, whole.content
    assert whole.outcome.complete
    assert sum(LOGS.lower() in key for key, _, _ in content[0]) == 3
    for last in range(1, commits + 1):
        path = tmp_path / f"{last}.db"
        with _Mortal.create(path, manifest) as snapshot:
            snapshot.last = last
            with suppress(_Killed):
                collect_from(endpoints, MANY, monkeypatch, snapshot=snapshot)
        with Snapshot.open(path) as partial:
            inventory = partial.inventory()
        for vault in (arm_id(VAULT, "kv1"), arm_id(VAULT, "kv2")):
            assert inventory.get(f"{vault}/providers/{LOGS}/all") or inventory.gap(LOGS, vault), "absent, yet not known"
        with Snapshot.resume(path, manifest) as snapshot:
            done = collect_from(endpoints, MANY, monkeypatch, snapshot=snapshot)
            assert done.content == content, f"killed after commit {last} of {commits}"
            assert done.outcome.complete


def _azure(**more: Any) -> LoopbackAzure:
    bodies = []
    for number in range(40):
        account = arm_id(ACCOUNT, f"st{number:02}")
        bodies.append({"id": account, "name": f"st{number:02}", "type": ACCOUNT, "kind": "StorageV2", "properties": {}})
        bodies.append({"id": f"{account}/blobServices/default", "name": "default", "type": BLOBS, "properties": {}})
        bodies.append({"id": arm_id(SERVER, f"sql{number:02}"), "name": f"sql{number:02}", "type": SERVER})
    return LoopbackAzure(bodies, page_size=5, **more)


def _content(done: Done) -> tuple[list[Any], list[Any]]:
    return done.content


@pytest.mark.parametrize("answered", [1, 6, 15, 26, 40])
def test_a_killed_collection_goes_on(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answered: int
) -> None:
    endpoints = start_azure(_azure(arm_latency_s=0.02))
    whole = collect_from(endpoints, TYPES, monkeypatch)
    journal = endpoints.azure.journal
    journal.seen.clear()
    path = tmp_path / "tenant.db"
    command = [sys.executable, "-c", CHILD, str(endpoints.cloud_file(tmp_path)), str(path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], env={**os.environ}) as child:
        assert journal.wait_for(answered, "arm")
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    with Snapshot.resume(path, MANIFEST) as snapshot:
        done = collect_from(endpoints, TYPES, monkeypatch, snapshot=snapshot)
        assert _content(done) == _content(whole)
        assert done.outcome.complete
    asked = Counter(f"{seen.path.lower()}?{seen.query}" for seen in journal if seen.service == "arm")
    asked.pop("/subscriptions?api-version=2022-12-01", None)
    in_flight = 16 + 4  # children of a subscription that are read at once, and its lists
    assert sum(count - 1 for count in asked.values()) <= in_flight
