"""With one request in twenty failing, the snapshot is the very same as without."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.azure.collectors.table import table
from auditor.snapshot.demo import open_demo
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.faults import TRANSIENT, Fault
from tests.azure.loopback.server import Endpoints
from tests.azure.scripted import OTHER, SUB, Clock, Collected, Scripted, error, item, list_path, raw, reset_after, run

ACCOUNT = "Microsoft.Storage/storageAccounts"
BLOBS = f"{ACCOUNT}/blobServices"
VAULT = "Microsoft.KeyVault/vaults"
KEYS = f"{VAULT}/keys"
SERVER = "Microsoft.Sql/servers"
QUERY = "/providers/microsoft.resourcegraph/resources"


def _tenant() -> Scripted:
    """Two subscriptions, a hundred accounts in pages of twenty with their blob services, ten vaults with keys."""
    script = Scripted(subscriptions=(SUB, OTHER))
    for guid in (SUB, OTHER):
        accounts = [item(ACCOUNT, f"st{n}", guid, kind="StorageV2") for n in range(50)]
        script.answers[list_path(ACCOUNT, guid)] = _paged(accounts)
        vaults = [item(VAULT, f"kv{n}", guid) for n in range(5)]
        script.answers[list_path(VAULT, guid)] = {"value": vaults}
        for parent, child, name in [*((a, BLOBS, "default") for a in accounts), *((v, KEYS, "k1") for v in vaults)]:
            path = f"{parent['id']}/{child.rpartition('/')[2]}"
            found = {"id": f"{path}/{name}", "name": name, "type": child, "properties": {}}
            script.answers[path.lower()] = {"value": [found]}
            script.answers[f"{path}/{name}".lower()] = {**found, "properties": {"kty": "RSA"}}
    script.answers[QUERY] = {"totalRecords": 1, "data": [item(SERVER, "sql")], "resultTruncated": "false"}
    return script


def _paged(items: list[dict[str, Any]], size: int = 20) -> Any:
    async def answer(request: Any) -> Any:
        start = int(request.query.get("skip", "0"))
        link = f"http://{request.host}{request.path}?skip={start + size}" if start + size < len(items) else None
        return await raw(json.dumps({"value": items[start : start + size], "nextLink": link}))(request)

    return answer


FAULTS = (
    error(429, "TooManyRequests", headers={"Retry-After": "2"}),
    error(503, "ServiceUnavailable"),
    reset_after(b'{"value": [{"id": "/sub'),
    raw(b'{"value": [{"id": "/subscriptions/1", "na'),
    raw("<html>busy</html>", 502),
)


def _with_faults(script: Scripted, seed: int) -> Scripted:
    """Every twentieth answer on average replaced by a failure, from a fixed seed."""
    dice = random.Random(seed)  # noqa: S311 - repeats itself on purpose
    answer = script.handle

    async def handle(request: Any) -> Any:
        if request.path != "/msi/token" and dice.random() < 0.05:
            script.asked.append((request.method, request.path_qs))
            script.tokens.append("")
            return await dice.choice(FAULTS)(request)
        return await answer(request)

    script.handle = handle  # type: ignore[method-assign]
    return script


def _content(done: Collected) -> tuple[list[tuple[str, Mapping[str, Any]]], list[tuple[str, str, str]]]:
    resources = [(resource.key, resource.body) for resource in done.snapshot.resources()]
    ledger = [(entry.scope.lower(), entry.type.lower(), entry.state.value) for entry in done.snapshot.ledger()]
    return resources, ledger


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_do_not_change_what_is_collected(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    wanted = {BLOBS, KEYS, SERVER}
    sound = run(_tenant(), wanted, monkeypatch)
    shaken = run(_with_faults(_tenant(), seed), wanted, monkeypatch)
    assert sum(shaken.outcome.troubles.values()) > 3
    assert shaken.outcome.complete
    assert _content(shaken) == _content(sound)
    assert len(_content(sound)[0]) == 2 + 100 + 100 + 10 + 10 + 1


def test_requests_are_as_few_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(_tenant(), {BLOBS, KEYS, SERVER}, monkeypatch)
    assert dict(done.outcome.requests) == {
        "GET Microsoft.Authorization/permissions": 2,
        "GET Microsoft.KeyVault/vaults": 2,
        "GET Microsoft.KeyVault/vaults/keys": 20,
        "GET Microsoft.Resources/subscriptions": 1,
        "GET Microsoft.Storage/storageAccounts": 6,
        "GET Microsoft.Storage/storageAccounts/blobServices": 100,
        "POST Microsoft.ResourceGraph/resources": 1,
    }


def test_the_demo_tenant_comes_the_same_through_a_bad_network(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [dict(resource.body) for resource in open_demo().inventory.by_key.values() if resource.id[0] == "/"]
    endpoints = start_azure(LoopbackAzure(bodies, page_size=3))
    sound = collect_from(endpoints, frozenset(table()), monkeypatch)
    assert sound.outcome.complete
    assert set(sound.outcome.troubles) <= {"ManagementPolicyNotFound"}, "an answer: the account has none"
    azure = endpoints.azure
    azure.plan_faults(*(Fault(kind, 0.0125, path="subscriptions|ResourceGraph") for kind in TRANSIENT), seed=7)
    shaken = collect_from(endpoints, frozenset(table()), monkeypatch, timing=Clock().timing)
    assert sum(azure.faults.met.values()) > 5
    assert shaken.content == sound.content
