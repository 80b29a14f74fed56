"""Snapshots of whole tenants for what works on several of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor import api
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
ACCOUNT = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


def guid(number: int) -> str:
    """The GUID of one of our tenants."""
    return f"99999999-9999-4999-8999-{number:012}"


def account(name: str, **properties: Any) -> dict[str, Any]:
    """A storage account."""
    place = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/{ACCOUNT}/{name}"
    return {"id": place, "name": name, "type": ACCOUNT, "location": "westeurope", "properties": properties}


def accounts(path: Path, tenant: str, count: int, *, vaults_read: bool = True) -> Path:
    """A tenant of some storage accounts, every second with plain HTTP; vaults there are none, or nobody read them."""
    bodies = [account(f"st{number:04}", supportsHttpsTrafficOnly=number % 2 == 0) for number in range(count)]

    def fill(snapshot: Snapshot) -> None:
        snapshot.add("/", ACCOUNT, bodies)
        snapshot.close("/", ACCOUNT, ReadState.COMPLETE, as_of=NOW)
        if not vaults_read:
            gap = Gap(f"/subscriptions/{SUBSCRIPTION}", VAULT, "GET x", 403, "AuthorizationFailed", "no")
            snapshot.close(f"/subscriptions/{SUBSCRIPTION}", VAULT, ReadState.DENIED, gap=gap)

    return _written(path, tenant, (ACCOUNT.lower(), VAULT.lower()), fill)


def demo(path: Path, tenant: str) -> Path:
    """The demo tenant as a snapshot of a tenant of its own, in which everything was read."""
    source = api.open_demo()
    needs = tuple(sorted(api.choose_rules().types))

    def fill(snapshot: Snapshot) -> None:
        for resource in source.inventory:
            if not source.inventory.is_embedded(resource):
                snapshot.add("/", resource.type, [resource.body])
        for kind in needs:
            snapshot.close("/", kind, ReadState.COMPLETE, as_of=NOW)

    return _written(path, tenant, needs, fill, replace(source.manifest, source="live", finished_at=None))


def _written(
    path: Path, tenant: str, needs: tuple[str, ...], fill: Callable[[Snapshot], None], base: Manifest | None = None
) -> Path:
    manifest = base or Manifest(source="live", started_at=NOW, finished_at=None, scopes=("/",))
    with Snapshot.create(path, replace(manifest, tenant=tenant, needs=needs)) as snapshot:
        fill(snapshot)
        snapshot.finish(NOW, subscriptions=manifest.subscriptions or {SUBSCRIPTION: "one"})
    return path
