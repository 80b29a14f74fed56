"""Queries read, within limits, and do nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import InputError, SnapshotError
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.query import Limits, query_snapshot, views_of
from auditor.snapshot.store import Snapshot

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
KIND = "Microsoft.Storage/storageAccounts"


def fill(path: Path, *, finish: bool = True) -> None:
    with Snapshot.create(path, Manifest(source="live", started_at=NOW, finished_at=None, tenant="t1")) as snapshot:
        snapshot.add(
            SUB,
            KIND,
            [
                {
                    "id": f"{SUB}/resourceGroups/RG/providers/{KIND}/st{n}",
                    "name": f"st{n}",
                    "type": KIND,
                    "location": "westeurope",
                    "tags": {"env": "prod"},
                    "properties": {"minimumTlsVersion": "TLS1_2", "rules": [{"ip": "1.1.1.1"}, {"ip": "2.2.2.2"}]},
                }
                for n in range(3)
            ],
        )
        snapshot.add(SUB, "O'Reilly.Odd/things-x", [{"id": f"{SUB}/providers/O'Reilly.Odd/things-x/a"}])
        snapshot.close(SUB, KIND, ReadState.COMPLETE, as_of=NOW)
        gap = Gap(SUB, "Microsoft.Sql/servers", "GET x", 403, "AuthorizationFailed", "no")
        snapshot.close(SUB, "Microsoft.Sql/servers", ReadState.DENIED, gap=gap)
        if finish:
            snapshot.finish(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "tenant.db")
    return tmp_path / "tenant.db"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT name FROM microsoft_storage_storageaccounts ORDER BY name", (("st0",), ("st1",), ("st2",))),
        ("SELECT count(*) FROM resources", ((4,),)),
        ("SELECT DISTINCT resource_group, location FROM microsoft_storage_storageaccounts", (("RG", "westeurope"),)),
        ("SELECT DISTINCT properties ->> 'minimumTlsVersion' FROM resources WHERE name LIKE 'st%'",
         (("TLS1_2",),)),
        ("SELECT DISTINCT json_extract(body, '$.tags.env') FROM microsoft_storage_storageaccounts", (("prod",),)),
        ("SELECT r.value ->> 'ip' FROM microsoft_storage_storageaccounts a, json_each(a.properties, '$.rules') r "
         "WHERE a.name = 'st0'", (("1.1.1.1",), ("2.2.2.2",))),
        ("SELECT type, status, code FROM gaps", (("Microsoft.Sql/servers", 403, "AuthorizationFailed"),)),
        ("SELECT state FROM ledger ORDER BY type", (("denied",), ("complete",))),
        ("SELECT value FROM manifest WHERE name = 'tenant'", (('"t1"',),)),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2) SELECT i FROM n", ((1,), (2,))),
        ("SELECT name, row_number() OVER (ORDER BY name DESC) FROM resources WHERE name REGEXP '0$'",
         (("st0", 1),)),
        ("SELECT count(*) FROM o_reilly_odd_things_x", ((1,),)),
        ("WITH x AS (SELECT * FROM resources) SELECT count(*) FROM x JOIN x y USING (id)", ((4,),)),
        ("SELECT name FROM resources GROUP BY name HAVING count(*) > 5", ()),
    ],
)  # fmt: skip
def test_what_can_be_asked(path: Path, sql: str, rows: tuple[tuple[object, ...], ...]):
    assert query_snapshot(path, sql).rows == rows


def test_the_views_are_listed_with_their_size(path: Path):
    assert dict(views_of(path)) == {
        "changes": 0,
        "manifest": 10,
        "resources": 4,
        "ledger": 2,
        "gaps": 1,
        "microsoft_storage_storageaccounts": 3,
        "o_reilly_odd_things_x": 1,
    }


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM main.resources",
        "DELETE FROM resources",
        "INSERT INTO manifest VALUES ('a', 'b')",
        "UPDATE main.manifest SET value = ''",
        "DROP TABLE main.resources",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "ATTACH DATABASE 'other.db' AS o",
        "DETACH DATABASE main",
        "PRAGMA user_version = 9",
        "PRAGMA writable_schema = 1",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/hostname')",
        "SELECT writefile('x', 'y')",
        "SELECT fts3_tokenizer('x')",
        "SELECT zeroblob(1000)",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM main.manifest",
        "SELECT * FROM main.cursors",
        "WITH manifest AS (SELECT * FROM main.manifest) SELECT * FROM manifest",
        "SELECT * FROM (SELECT * FROM main.manifest) AS resources",
        "VACUUM INTO 'copy.db'",
        "BEGIN",
        "REINDEX",
        "ANALYZE",
        "SELECT 1; DELETE FROM resources",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "",
        "-- nothing",
        "SELECT 'a\x00b",
    ],
)
def test_everything_else_is_refused_and_nothing_changes(path: Path, sql: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(path.parent)
    before = path.read_bytes()

    with pytest.raises(InputError) as caught:
        query_snapshot(path, sql)

    assert caught.value.remedy
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_key_of_an_unfinished_snapshot_cannot_be_asked_for(tmp_path: Path):
    path = tmp_path / "unfinished.db"
    fill(path, finish=False)

    assert query_snapshot(path, "SELECT * FROM manifest WHERE name = 'secret_key'").rows == ()
    assert query_snapshot(path, "SELECT count(*) FROM resources").rows == ((4,),)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT count(*) FROM resources" + ", resources" * 20,
    ],
)
def test_what_takes_too_long_is_stopped(path: Path, sql: str):
    with pytest.raises(InputError, match="longer than"):
        query_snapshot(path, sql, Limits(seconds=0.05))


def test_rows_and_bytes_are_limited_and_it_says_so(path: Path):
    few = query_snapshot(path, "SELECT name FROM resources", Limits(rows=2))
    small = query_snapshot(path, "SELECT body FROM resources", Limits(bytes=800))
    exact = query_snapshot(path, "SELECT name FROM resources", Limits(rows=4))

    assert len(few.rows) == 2
    assert "first 2 rows" in few.cut
    assert 0 < len(small.rows) < 4
    assert small.cut
    assert len(exact.rows) == 4
    assert exact.cut == ""


def test_a_value_that_grows_without_end_is_refused(path: Path):
    with pytest.raises(InputError):
        query_snapshot(path, "SELECT replace(printf('%1000000d', 1), ' ', printf('%1000000d', 1))", Limits(bytes=10**7))


def test_an_export_is_no_snapshot(tmp_path: Path):
    (tmp_path / "x.json").write_text("[]")

    with pytest.raises(SnapshotError, match="is no snapshot"):
        query_snapshot(tmp_path / "x.json", "SELECT 1")
