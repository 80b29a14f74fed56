"""Collects from a loopback Azure with a real managed-identity credential and the real clients."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.azure.budget import Timing
from auditor.azure.clouds import Cloud
from auditor.azure.collect import CollectionOutcome, collect
from auditor.azure.plan import CollectionPlan
from auditor.azure.progress import Silent
from auditor.azure.signin import sign_in
from auditor.snapshot.earlier import Earlier
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.azure.loopback.azure import ARM_AUDIENCE
from tests.azure.loopback.server import Endpoints

_HASH = re.compile(r'(?<="hash": ")[0-9a-f]{32}')
"""What the key of one snapshot makes of a secret."""


@dataclass(frozen=True, slots=True)
class Done:
    """A collection that has been run."""

    outcome: CollectionOutcome
    snapshot: Snapshot

    @property
    def keys(self) -> list[str]:
        return [resource.key for resource in self.snapshot.resources()]

    @property
    def gaps(self) -> set[tuple[str, str, str]]:
        """Subscription or other scope, type key and code of each gap."""
        return {(e.scope.lower(), e.type.lower(), e.gap.code) for e in self.snapshot.ledger() if e.gap}

    @property
    def content(self) -> tuple[list[Any], list[Any]]:
        """All that must be the same in two collections of one tenant: everything but times and keyed hashes."""
        resources = [(r.key, r.type_key, _HASH.sub("#", json.dumps(r.body))) for r in self.snapshot.resources()]
        ledger = [(e.scope.lower(), e.type.lower(), e.state.value) for e in self.snapshot.ledger()]
        return resources, ledger


def new_snapshot() -> Snapshot:
    return Snapshot.in_memory(Manifest("test", datetime(2026, 11, 1, tzinfo=UTC), None))


def cloud_of(endpoints: Endpoints) -> Cloud:
    base = endpoints.http
    endpoints.azure.cloud(base)  # lets it issue tokens for its own Microsoft Graph
    return Cloud(
        name="loopback",
        authority=base,
        resource_manager=base,
        arm_scope=f"{ARM_AUDIENCE}/.default",
        microsoft_graph=base,
        graph_scope=f"{base}/.default",
    )


def collect_from(
    endpoints: Endpoints,
    types: set[str] | frozenset[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    snapshot: Snapshot | None = None,
    timing: Timing | None = None,
    earlier: Earlier | None = None,
    **plan: Any,
) -> Done:
    for name, value in endpoints.managed_identity().items():
        monkeypatch.setenv(name, value)
    snapshot = snapshot or new_snapshot()
    chosen = CollectionPlan(frozenset(types), **plan)
    return Done(asyncio.run(_collect(cloud_of(endpoints), chosen, snapshot, timing, earlier)), snapshot)


async def _collect(
    cloud: Cloud, plan: CollectionPlan, snapshot: Snapshot, timing: Timing | None, earlier: Earlier | None
) -> CollectionOutcome:
    async with sign_in(cloud) as session:
        return await collect(session, plan, snapshot, Silent(), timing=timing, seed=1, earlier=earlier)
