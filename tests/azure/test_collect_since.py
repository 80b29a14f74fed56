"""`collect --since`: what did not move is taken over, and the result is that of a whole collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.inventory.coverage import ReadState
from auditor.snapshot.earlier import Earlier, open_earlier
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.azure.collecting import Done, collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.conftest import arm_id

ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINER = f"{ACCOUNT}/blobServices/containers"
VAULT = "Microsoft.KeyVault/vaults"
KEY = f"{VAULT}/keys"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
VARIABLE = "Microsoft.Automation/automationAccounts/variables"
TYPES = {CONTAINER, KEY, f"{KEY}/versions", SETTINGS, VARIABLE}


def body(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    namespace, *segments = kind.split("/")
    path = "/".join(f"{segment}/{part}" for segment, part in zip(segments, name.split("/"), strict=True))
    identifier = f"{arm_id(VAULT, 'x').rpartition('/providers/')[0]}/providers/{namespace}/{path}"
    return {
        "id": identifier,
        "name": name.rpartition("/")[2],
        "type": kind,
        "location": "westeurope",
        **({"kind": "StorageV2"} if kind == ACCOUNT else {}),
        "properties": properties,
    }


def logged(owner: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"id": f"{owner['id']}/providers/{SETTINGS}/{name}", "name": name, "type": SETTINGS, "properties": {}}


def account(name: str, *containers: str, **properties: Any) -> Iterable[dict[str, Any]]:
    yield body(ACCOUNT, name, **properties)
    yield body(f"{ACCOUNT}/blobServices", f"{name}/default")
    for container in containers:
        yield body(CONTAINER, f"{name}/default/{container}", publicAccess="None")


def tenant() -> LoopbackAzure:
    accounts = [one for number in range(8) for one in account(f"st{number}", "data", "logs")]
    vaults = [body(VAULT, f"kv{number}") for number in range(4)]
    keys = [body(KEY, f"kv{number}/key{key}", kty="RSA") for number in range(4) for key in range(3)]
    automation = body("Microsoft.Automation/automationAccounts", "au")
    return LoopbackAzure(
        [
            *accounts,
            *vaults,
            *keys,
            automation,
            *(logged(vault, "all") for vault in vaults),
            logged(accounts[1], "blob"),
        ]
    )


World = tuple[Endpoints, Callable[..., Done], Callable[..., Earlier]]


@pytest.fixture
def world(start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch) -> World:
    endpoints = start_azure(tenant())

    def run(earlier: Earlier | None = None) -> Done:
        now = datetime.now(UTC)
        snapshot = Snapshot.in_memory(Manifest("test", now, None))
        done = collect_from(endpoints, TYPES, monkeypatch, snapshot=snapshot, earlier=earlier)
        snapshot.finish(datetime.now(UTC), tenant=endpoints.azure.tenant, subscriptions=done.outcome.subscriptions)
        return done

    def since(done: Done, *, days: float = 1, later: float = 0) -> Earlier:
        return Earlier(done.snapshot, full_after=timedelta(days=days), now=datetime.now(UTC) + timedelta(days=later))

    return endpoints, run, since


def requests(done: Done) -> int:
    return sum(done.outcome.requests.values())


def test_where_nothing_moved_no_child_is_asked_for(world: World) -> None:
    _, run, since = world
    first = run()
    second = run(since(first))
    assert second.content == first.content
    assert requests(second) < requests(first) / 5
    assert second.outcome.taken_over > 50


def test_what_the_feed_tells_of_is_as_in_a_whole_collection(world: World) -> None:
    endpoints, run, since = world
    azure = endpoints.azure
    first = run()
    now = datetime.now(UTC)
    azure.change(*account("st1", "data", "open", allowBlobPublicAccess=True), at=now)
    azure.change(*account("new", "data"), at=now)
    azure.change(body(KEY, "kv1/key9", kty="EC"), body(VAULT, "kv1", enableRbacAuthorization=True), at=now)
    azure.remove(body(VAULT, "kv2")["id"], body(ACCOUNT, "st2")["id"], at=now)
    second = run(since(first))
    whole = run()
    assert second.content == whole.content
    assert second.content != first.content
    assert second.outcome.read_whole == ""
    assert requests(second) < requests(whole) / 2


def test_a_child_that_changed_alone_is_read_when_what_is_known_of_it_is_too_old(world: World) -> None:
    endpoints, run, since = world
    first = run()
    opened = body(CONTAINER, "st3/default/data", publicAccess="Blob")
    endpoints.azure.change(opened, at=datetime.now(UTC))

    def access(done: Done) -> str:
        found = done.snapshot.inventory().get(opened["id"])
        assert found is not None
        return str(found.body["properties"]["publicAccess"])

    second = run(since(first))
    assert access(second) == "None"  # as the documentation says: the feed is silent of it
    assert access(run(since(second, later=0.9))) == "None"
    assert access(run(since(second, later=1.1))) == "Blob"


def test_the_age_of_each_part_stays_that_of_its_own_read(world: World) -> None:
    _, run, since = world
    first = run()
    third = run(since(run(since(first))))
    key = body(VAULT, "kv0")["id"].lower()
    times = [{(e.scope.lower(), e.type): e.as_of for e in done.snapshot.ledger()}[key, KEY] for done in (first, third)]
    assert times[0] == times[1]


def test_what_must_be_read_again_and_cannot_is_not_known(world: World) -> None:
    endpoints, run, since = world
    first = run()
    endpoints.azure.change(body(ACCOUNT, "st3"), at=datetime.now(UTC))
    endpoints.azure.deny(body(ACCOUNT, "st3")["id"], CONTAINER)
    done = run(since(first))
    service = body(ACCOUNT, "st3")["id"].lower() + "/blobservices/default"
    assert not [key for key in done.keys if key.startswith(f"{service}/containers")]
    assert (service, CONTAINER.lower(), "AuthorizationFailed") in done.gaps


def test_a_part_with_a_secret_is_read_again(world: World) -> None:
    endpoints, run, since = world
    endpoints.azure.add(body(VARIABLE, "au/v", value='"AccountKey=' + "k" * 86 + '=="', isEncrypted=False))
    first = run()
    assert "$secret" in str(first.snapshot.inventory().get(body(VARIABLE, "au/v")["id"]))
    second = run(since(first))
    assert second.outcome.requests[f"GET {VARIABLE}"] == 1
    assert second.content == first.content


def test_a_report_says_how_old_its_parts_are(
    start_azure: Callable[..., Endpoints], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints = start_azure(tenant())
    for name, value in endpoints.managed_identity().items():
        monkeypatch.setenv(name, value)
    target = api.Target(cloud=str(endpoints.cloud_file(tmp_path)))
    types = frozenset(name.lower() for name in TYPES)
    manifests = [api.new_manifest(target, types) for _ in range(2)]
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with Snapshot.create(old, manifests[0]) as snapshot:
        api.collect_into(snapshot, target, types)
    with (
        open_earlier(old, manifests[1], full_after=timedelta(days=1)) as earlier,
        Snapshot.create(new, replace(manifests[1], started_at=datetime.now(UTC))) as snapshot,
    ):
        assert isinstance(earlier, Earlier)
        taken = api.collect_into(snapshot, target, types, earlier=earlier).taken_over
    notices = [api.audit(api.open_source(path)).notices for path in (old, new)]
    assert not any("taken over" in notice for notice in notices[0])
    assert any(f"{taken} reads were taken over" in notice for notice in notices[1])


def test_where_changes_may_not_be_seen_everything_is_read(world: World) -> None:
    endpoints, run, since = world
    first = run()
    endpoints.azure.deny(kind="Microsoft.Resources/changes")
    second = run(since(first))
    assert second.content == first.content
    assert second.outcome.taken_over == 0


def test_which_snapshots_can_be_gone_on_from(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    asked = Manifest("live", now, None, tool_version="1", tenant="t")

    def reason(**fields: Any) -> str:
        path = tmp_path / "old.db"
        begun = replace(asked, started_at=now - timedelta(days=1), **fields)
        with Snapshot.create(path, begun, force=True) as snapshot:
            snapshot.close("/", ACCOUNT, ReadState.COMPLETE, as_of=now)
            snapshot.finish(now)
        with open_earlier(path, asked, full_after=timedelta(days=1), now=now) as earlier:
            return earlier if isinstance(earlier, str) else ""

    assert reason() == ""
    assert "another tenant" in reason(tenant="other")
    assert "version 0" in reason(tool_version="0")
    assert "another cloud" in reason(cloud="china")
