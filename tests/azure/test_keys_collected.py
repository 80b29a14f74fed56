"""What the facts over keys name as their needs is enough: collected, chains are what they are in the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from auditor.facts.registry import FactStore, family
from auditor.snapshot.demo import open_demo
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.facts.key_worlds import HOST, encrypted, found, make, surroundings

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_chains_of_the_demo(start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch) -> None:
    demo = open_demo().inventory
    bodies = [dict(resource.body) for resource in demo.by_key.values() if resource.id[0] == "/"]
    endpoints = start_azure(LoopbackAzure(bodies))

    done = collect_from(endpoints, family("key_chain").needs, monkeypatch)
    done.snapshot.finish(NOW, subscriptions=done.outcome.subscriptions)
    live, saved = FactStore(done.snapshot.inventory(), NOW), FactStore(demo, NOW)

    states = {
        resource.name: (live.get("key_chain", resource) or {}).get("state")
        for resource in demo
        if saved.get("key_chain", resource)
    }
    assert states == {
        "stlarkspurorders": "healthy",
        "stlarkspurarchive": "broken",
        "sql-larkspur": "healthy",
        "appcs-larkspur-shop": "unknown",
    }


def test_versions_and_deleted_vaults(start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch) -> None:
    set_type = "Microsoft.Compute/diskEncryptionSets"
    resources = [one for one in surroundings(key={"keyUriWithVersion": f"{HOST}/keys/data/0b"}) if one["id"][0] == "/"]
    lost = make(
        "Microsoft.DocumentDB/databaseAccounts", "lost", {"keyVaultKeyUri": "https://kv-lost.vault.azure.net/keys/k"}
    )
    subscription = "/".join(resources[0]["id"].split("/")[:3])
    bodies = [
        *encrypted(set_type),
        *resources,
        make("Microsoft.KeyVault/vaults/keys/versions", "kv-data/data/0a", {"attributes": {"enabled": False}}),
        make("Microsoft.KeyVault/vaults/keys/versions", "kv-data/data/0b", {"attributes": {"enabled": True}}),
        lost,
        {
            "id": f"{subscription}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-lost",
            "name": "kv-lost",
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {"scheduledPurgeDate": "2027-01-18T08:00:00Z"},
        },
    ]
    endpoints = start_azure(LoopbackAzure(bodies))

    done = collect_from(endpoints, family("key_chain").needs, monkeypatch)
    done.snapshot.finish(NOW, subscriptions=done.outcome.subscriptions)
    inventory = done.snapshot.inventory()
    facts = FactStore(inventory, NOW)

    (disk_set,) = inventory.of_type(set_type)
    (account,) = inventory.of_type("Microsoft.DocumentDB/databaseAccounts")
    assert "is disabled, and thing stays on it" in found(facts.get("key_chain", disk_set))["version_unusable"][0]
    assert found(facts.get("key_chain", account))["vault_deleted"] == [
        "the key vault kv-lost was deleted and can be recovered until 2027-01-18"
    ]


_HSM = "Microsoft.KeyVault/managedHSMs"
_CHILDREN = {
    "Microsoft.App/managedEnvironments/certificates": "env/cert",
    "Microsoft.Cdn/profiles/secrets": "afd/own",
    "Microsoft.Kusto/clusters/databases": "adx/logs",
    "Microsoft.Sql/servers/elasticPools": "sql/pool",
    "Microsoft.Storage/storageAccounts/encryptionScopes": "stdata/scope",
    "Microsoft.Batch/batchAccounts/pools": "batch/pool",
    f"{_HSM}/keys": "hsm/data",
}


def test_children_that_the_facts_over_encryption_read(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = {kind.rpartition("/")[0]: name.partition("/")[0] for kind, name in _CHILDREN.items()}
    bodies = [
        *(make(kind, name, {}, location="westeurope", kind="StorageV2") for kind, name in parents.items()),
        *(make(kind, name, {"told": name}) for kind, name in _CHILDREN.items()),
        make(f"{_HSM}/keys/versions", "hsm/data/0a", {}),
    ]
    needs = frozenset().union(*(family(name).needs for name in ("certificates", "in_use", "key_chain")))

    done = collect_from(start_azure(LoopbackAzure(bodies)), needs, monkeypatch)
    done.snapshot.finish(NOW, subscriptions=done.outcome.subscriptions)
    inventory = done.snapshot.inventory()

    wanted = {**_CHILDREN, f"{_HSM}/keys/versions": "hsm/data/0a"}
    assert {kind: [one.full_name for one in inventory.of_type(kind)] for kind in wanted} == {
        kind: [name] for kind, name in wanted.items()
    }
    subscription = bodies[0]["id"].split("/")[2]
    assert [kind for kind in wanted if inventory.gap(kind, f"/subscriptions/{subscription}")] == []
