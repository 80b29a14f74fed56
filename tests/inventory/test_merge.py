"""Snapshots of several scopes as one: what was read last and to its end counts, and what nobody read is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import SnapshotError
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.merge import merge_snapshots
from auditor.snapshot.opening import open_source
from auditor.snapshot.source import Source
from auditor.snapshot.store import Snapshot

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
ONE = "11111111-1111-1111-1111-111111111111"
TWO = "22222222-2222-2222-2222-222222222222"
KIND = "Microsoft.Storage/storageAccounts"
OTHER = "Microsoft.Sql/servers"

Read = tuple[str, str, ReadState, list[str]]
Shard = Callable[..., Path]


def body(scope: str, kind: str, name: str, tag: str) -> dict[str, Any]:
    return {
        "id": f"{scope.rstrip('/')}/resourceGroups/rg/providers/{kind}/{name}",
        "type": kind,
        "tags": {"from": tag},
        "properties": {},
    }


def sub(guid: str) -> str:
    return f"/subscriptions/{guid}"


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    def make(name: str, reads: list[Read], *, hours: int = 0, finish: bool = True, **changes: Any) -> Path:
        values: dict[str, Any] = {
            "tenant": "t1",
            "needs": tuple(sorted({kind.lower() for _, kind, _, _ in reads})),
            "subscriptions": {scope.rpartition("/")[2]: "name" for scope, *_ in reads if scope != "/"},
        } | changes
        moment = NOW + timedelta(hours=hours)
        manifest = Manifest(source="live", started_at=moment, finished_at=None, scopes=("/",), **values)
        path = tmp_path / f"{name}.db"
        with Snapshot.create(path, manifest) as snapshot:
            for scope, kind, state, names in reads:
                place = sub(ONE) if scope == "/" else scope
                snapshot.add(scope, kind, [body(place, kind, found, name) for found in names])
                denied = Gap(scope, kind, "GET", 403, "AuthorizationFailed", "")
                snapshot.close(scope, kind, state, as_of=moment, gap=None if state is ReadState.COMPLETE else denied)
            if finish:
                snapshot.finish(moment)
        return path

    return make


def merged(*paths: Path) -> Source:
    output = paths[0].parent / "out.db"
    merge_snapshots(paths, output)
    return open_source(output)


def found(source: Source) -> dict[str, str]:
    return {resource.name: resource.body["tags"]["from"] for resource in source.inventory}


def test_scopes_are_joined_with_their_ledgers(shard: Shard):
    a = shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1"])])
    b = shard("b", [(sub(TWO), KIND, ReadState.DENIED, [])])

    source = merged(a, b)

    assert found(source) == {"st1": "a"}
    assert source.inventory.gap(KIND, sub(ONE)) is None
    assert source.inventory.gap(KIND, sub(TWO)).code == "AuthorizationFailed"
    assert [gap.scope for gap in source.inventory.gaps] == [sub(TWO)]
    assert source.manifest.complete
    assert source.manifest.tenant == "t1"
    assert set(source.manifest.subscriptions) == {ONE, TWO}


def test_the_management_groups_of_all_are_kept(shard: Shard, tmp_path: Path):
    first = shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, [])], management_groups={ONE: ("prod", "root")})
    second = shard("b", [(sub(TWO), KIND, ReadState.COMPLETE, [])], management_groups={TWO: ("root",)})
    merge_snapshots([first, second], tmp_path / "all.db")

    assert open_source(tmp_path / "all.db").manifest.management_groups == {ONE: ("prod", "root"), TWO: ("root",)}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_complete_reads_the_newer_one_counts_and_what_it_lacks_is_gone(shard: Shard, order: tuple[int, int]):
    both = [
        shard("old", [(sub(ONE), KIND, ReadState.COMPLETE, ["kept", "deleted"])]),
        shard("new", [(sub(ONE), KIND, ReadState.COMPLETE, ["kept", "added"])], hours=1),
    ]

    assert found(merged(*(both[n] for n in order))) == {"kept": "new", "added": "new"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_complete_read_counts_against_a_newer_one_that_failed(shard: Shard, order: tuple[int, int]):
    both = [
        shard("whole", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1", "st2"])]),
        shard("part", [(sub(ONE), KIND, ReadState.PARTIAL, ["st1"])], hours=1),
    ]
    source = merged(*(both[n] for n in order))

    assert found(source) == {"st1": "whole", "st2": "whole"}
    assert source.inventory.gaps == ()


def test_of_two_partial_reads_both_are_kept(shard: Shard):
    a = shard("a", [(sub(ONE), KIND, ReadState.PARTIAL, ["st1", "st2"])])
    b = shard("b", [(sub(ONE), KIND, ReadState.PARTIAL, ["st2", "st3"])], hours=1)
    source = merged(b, a)

    assert found(source) == {"st1": "a", "st2": "b", "st3": "b"}
    assert source.inventory.gap(KIND, sub(ONE)) is not None


def test_a_read_of_the_tenant_speaks_only_of_subscriptions_that_it_knew(shard: Shard):
    a = shard("a", [("/", KIND, ReadState.COMPLETE, ["st1"])], subscriptions={ONE: "one"})
    b = shard("b", [(sub(TWO), KIND, ReadState.DENIED, [])], hours=1)
    c = shard("c", [(sub(ONE), KIND, ReadState.DENIED, [])], hours=2)
    source = merged(a, b, c)

    assert source.inventory.gap(KIND, sub(ONE)) is None
    assert source.inventory.gap(KIND, sub(TWO)).code == "AuthorizationFailed"


def test_what_one_was_not_to_read_is_a_gap_where_the_other_does_not_answer(shard: Shard):
    a = shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1"])])
    b = shard("b", [(sub(TWO), OTHER, ReadState.COMPLETE, ["sql1"])])
    source = merged(a, b)

    assert source.inventory.gap(KIND, None).code == "NotAsked"
    assert source.inventory.gap(OTHER, sub(ONE)).code == "NotAsked"
    assert source.inventory.gap(OTHER, sub(TWO)) is None
    assert {(gap.type, gap.scope) for gap in source.inventory.gaps} == {
        (KIND.lower(), sub(TWO)),
        (OTHER.lower(), sub(ONE)),
    }


def test_merging_is_the_same_in_any_order(shard: Shard, tmp_path: Path):
    paths = [
        shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1", "st2"])]),
        shard("b", [(sub(ONE), KIND, ReadState.COMPLETE, ["st2"]), (sub(TWO), OTHER, ReadState.DENIED, [])], hours=1),
        shard("c", [(sub(TWO), KIND, ReadState.PARTIAL, ["st9"])], hours=2),
    ]
    for name, order in {"x": paths, "y": paths[::-1]}.items():
        merge_snapshots(order, tmp_path / f"{name}.db")
    with Snapshot.open(tmp_path / "x.db") as x, Snapshot.open(tmp_path / "y.db") as y:
        assert x.ledger() == y.ledger()
        assert [(r.key, r.body) for r in x.resources()] == [(r.key, r.body) for r in y.resources()]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tenant": "t2"}, "another tenant"),
        ({"cloud": "china"}, "another cloud"),
        ({"finish": False}, "did not finish"),
    ],
)
def test_what_does_not_belong_together_is_refused_and_nothing_is_written(
    shard: Shard, tmp_path: Path, changes: dict[str, Any], words: str
):
    a = shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1"])])
    b = shard("b", [(sub(TWO), KIND, ReadState.COMPLETE, ["st1"])], **changes)

    with pytest.raises(SnapshotError, match=words) as caught:
        merge_snapshots([a, b], tmp_path / "out.db")

    assert caught.value.remedy
    assert sorted(path.suffix for path in tmp_path.iterdir() if "out" in path.name) == []


def test_an_existing_output_is_replaced_only_by_force_and_only_if_it_is_ours(shard: Shard, tmp_path: Path):
    a = shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1"])])
    b = shard("b", [(sub(TWO), KIND, ReadState.COMPLETE, ["st2"])])
    output = tmp_path / "out.db"
    output.write_text("precious")

    for force in (False, True):
        with pytest.raises(SnapshotError):
            merge_snapshots([a, b], output, force=force)
    assert output.read_text() == "precious"

    output.unlink()
    merge_snapshots([a, b], output)
    result = merge_snapshots([a, b], output, force=True)
    assert (result.resources, result.subscriptions, result.gaps) == (2, 2, 0)
    assert output.stat().st_mode & 0o777 == 0o600


def test_a_damaged_snapshot_is_named(shard: Shard, tmp_path: Path):
    a = shard("a", [(sub(ONE), KIND, ReadState.COMPLETE, ["st1"])])
    b = shard("b", [(sub(TWO), KIND, ReadState.COMPLETE, [f"st{number}" for number in range(2000)])])
    content = bytearray(b.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 65536] = b"\xa5" * 65536
    b.write_bytes(content)

    with pytest.raises(SnapshotError, match="damaged") as caught:
        merge_snapshots([a, b], tmp_path / "out.db")

    assert caught.value.subject == str(b)


LOGS = "Microsoft.Insights/diagnosticSettings"


def test_a_subscriptions_own_line_is_kept_apart_from_that_of_all_below_it(tmp_path: Path) -> None:
    denied = Gap(sub(ONE), LOGS, "GET", 403, "AuthorizationFailed", "")
    found = {"id": f"{sub(ONE)}/providers/{LOGS}/all", "properties": {}}
    paths = []
    for number, own_state in enumerate((ReadState.COMPLETE, ReadState.DENIED)):
        moment = NOW + timedelta(hours=number)
        manifest = Manifest(
            "live", moment, None, tenant="t1", scopes=("/",), needs=(LOGS.lower(),), subscriptions={ONE: "one"}
        )
        paths.append(tmp_path / f"{number}.db")
        with Snapshot.create(paths[-1], manifest) as snapshot:
            own_gap = None if own_state is ReadState.COMPLETE else denied
            snapshot.add(sub(ONE), LOGS, [found] if own_gap is None else [], own=True)
            snapshot.close(sub(ONE), LOGS, own_state, own=True, as_of=moment, gap=own_gap)
            other = ReadState.DENIED if own_gap is None else ReadState.COMPLETE
            snapshot.close(sub(ONE), LOGS, other, as_of=moment, gap=denied if own_gap is None else None)
            snapshot.finish(moment)
    merge_snapshots(paths, tmp_path / "both.db")
    inventory = open_source(tmp_path / "both.db").inventory
    assert inventory.get(found["id"]) is not None
    assert inventory.gap(LOGS, sub(ONE)) is None
    assert inventory.gap(LOGS, f"{sub(ONE)}/resourceGroups/rg") is None
