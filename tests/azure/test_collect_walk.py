"""Every entry of the collection table, against a loopback Azure that knows which API versions exist."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from auditor.azure.collectors.entry import Entry, How
from auditor.azure.collectors.table import table
from auditor.inventory import ids
from tests.azure.collecting import Done, collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.azure.shapes.make import made
from tests.azure.shapes.schema import MARK, Steps, paths_of, shown
from tests.conftest import SUBSCRIPTION

SUB = f"/subscriptions/{SUBSCRIPTION}"
OTHER = "22222222-2222-2222-2222-222222222222"
START = Callable[..., Endpoints]


def _id(entry: Entry) -> str:
    """The id of the one object of a type."""
    if entry.key == ids.RESOURCE_GROUP_TYPE.lower():
        return f"{SUB}/resourceGroups/rg"
    if entry.how is How.SINGLETON or entry.how is How.POST:
        return entry.url(_parent_id(entry)).partition("?")[0]
    if not entry.is_child:
        namespace, _, name = entry.type.partition("/")
        group = "" if namespace in ("Microsoft.Authorization", "Microsoft.Security") else "/resourceGroups/rg"
        return f"{SUB}{group}/providers/{namespace}/" + "/".join(f"{part}/x" for part in name.split("/"))
    return f"{entry.url(_parent_id(entry)).partition('?')[0]}/x"


def _parent_id(entry: Entry) -> str:
    parent = table().get(ids.type_key(entry.parents[0]))
    return _id(parent) if parent else SUB


def _bodies(*, published: bool = False) -> list[dict[str, Any]]:
    """One object of every type, children below their parents; empty, or with all properties that are published."""
    bodies = []
    for entry in table().values():
        for one in (entry, *entry.parts):
            if one.how is How.POST:
                continue
            identifier = _id(one)
            name = identifier.rpartition("/")[2]
            # Which children it can have is not for the dice to say.
            kind = {"kind": "StorageV2"} if one.type == "Microsoft.Storage/storageAccounts" else {}
            properties = made(one.type, Random(one.key)).get("properties") if published else {}  # noqa: S311
            body = {"id": identifier, "name": name, "type": one.type, "location": "westeurope"}
            bodies.append({**body, "properties": properties if isinstance(properties, dict) else {}, **kind})
    return bodies


def _actions() -> dict[str, Any]:
    posts = [one for entry in table().values() for one in (entry, *entry.parts) if one.how is How.POST]
    return {_id(one): {"id": _id(one).removesuffix("/list"), "properties": {}} for one in posts}


@pytest.mark.parametrize("source", ["auto", "arm", "graph"])
def test_one_object_of_every_type_is_found(start_azure: START, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    bodies = _bodies(published=True)
    azure = LoopbackAzure(bodies, actions=_actions())
    wanted = {key for key, entry in table().items() if source != "arm" or entry.how is not How.QUERY}
    done = collect_from(start_azure(azure), wanted, monkeypatch, source=source)
    assert done.gaps == set()
    found = {resource.type_key for resource in done.snapshot.resources()}
    assert wanted - found == set()
    assert azure.journal.repeated == {}
    assert azure.journal.writes == []
    kept = {resource.key: resource.body for resource in done.snapshot.resources()}
    for body in bodies:
        if body["type"].lower() in wanted:
            assert _lost(body["properties"], kept[body["id"].lower()]["properties"]) == [], body["id"]


def _lost(served: Any, kept: Any) -> list[str]:
    """Paths of what was served that are not kept, but for what stands below the mark of a secret."""
    marks = _marks(kept)
    missing = set(paths_of(served)) - set(paths_of(kept))
    return [shown(path) for path in missing if not any(path[: len(mark)] == mark for mark in marks)]


def _marks(value: Any, path: Steps = ()) -> list[Steps]:
    if isinstance(value, dict):
        return [path] if MARK in value else [at for name in value for at in _marks(value[name], (*path, name))]
    return [at for inner in value for at in _marks(inner, (*path, "[*]"))] if isinstance(value, list) else []


def test_an_empty_subscription_is_known_to_be_empty(start_azure: START, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = LoopbackAzure(subscriptions={SUBSCRIPTION: "Empty"})
    done = collect_from(start_azure(azure), set(table()), monkeypatch)
    assert done.outcome.complete
    assert set(done.keys) <= {SUB, f"{SUB}/providers/microsoft.policyinsights/policystates/latest"}


def test_a_forbidden_subscription_is_all_gaps(start_azure: START, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = LoopbackAzure(_bodies(), subscriptions={OTHER: "Shut"}, actions=_actions())
    azure.deny(f"/subscriptions/{OTHER}")
    done = collect_from(start_azure(azure), set(table()), monkeypatch)
    assert {scope for scope, _, _ in done.gaps} - {f"/subscriptions/{OTHER}"} <= {
        f"/subscriptions/{OTHER}/providers/microsoft.policyinsights/policystates/latest"
    }
    assert {kind for _, kind, _ in done.gaps} == set(table())


def test_a_denied_child_is_a_gap_of_its_own(start_azure: START, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = LoopbackAzure(_bodies(), actions=_actions())
    azure.deny(kind="Microsoft.KeyVault/vaults/keys")
    done = collect_from(start_azure(azure), {"Microsoft.KeyVault/vaults/keys"}, monkeypatch)
    vault = _id(table()["microsoft.keyvault/vaults"]).lower()
    assert (vault, "microsoft.keyvault/vaults/keys", "AuthorizationFailed") in done.gaps
    assert vault in done.keys


def _counts(done: Done) -> dict[str, int]:
    return dict(done.outcome.requests)


def test_the_breadth_takes_one_query_a_table(start_azure: START, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = LoopbackAzure(_bodies(), actions=_actions())
    wanted = {key for key, entry in table().items() if entry.table and not entry.is_fresh}
    done = collect_from(start_azure(azure), wanted, monkeypatch)
    tables = {table()[key].table for key in wanted}
    assert _counts(done)["POST Microsoft.ResourceGraph/resources"] == len(tables)
