"""Tenants judged on a real Spark in local mode: row for row what `auditor scan` finds, and none ends the others."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from auditor import spark as many
from auditor.report.rows import COLUMNS
from auditor.snapshot.store import Snapshot
from auditor.snapshot.tables import TABLES, rows_of
from tests.cli.inside import run
from tests.tenants import accounts, demo, guid

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java, which Spark runs on"),
    # Spark's own libraries warn of each other; that is not ours to mend.
    pytest.mark.filterwarnings("ignore"),
]
WHOLE, LARGE, UNREAD, DAMAGED, UNFINISHED = map(guid, range(5))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five tenants; the body of one is damaged, one has lost its manifest."""
    folder = tmp_path_factory.mktemp("tenants")
    snapshots = [
        demo(folder / "whole.db", WHOLE),
        accounts(folder / "large.db", LARGE, 300),
        accounts(folder / "unread.db", UNREAD, 4, vaults_read=False),
        accounts(folder / "damaged.db", DAMAGED, 2),
        accounts(folder / "unfinished.db", UNFINISHED, 1),
    ]
    assert run("export", *snapshots, "--parquet", "lake", "--results", cwd=folder).returncode == 0
    _damage(folder / "lake" / "resources" / f"tenant={DAMAGED}" / "part-0.parquet")
    shutil.rmtree(folder / "lake" / "manifest" / f"tenant={UNFINISHED}")
    return folder / "lake"


def _damage(path: Path) -> None:
    import pyarrow

    rows = parquet.read_table(path, partitioning=None)
    place = rows.column_names.index("body")
    bodies = ["{half", *rows["body"].to_pylist()[1:]]
    parquet.write_table(rows.set_column(place, "body", pyarrow.array(bodies, pyarrow.string())), path)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.local.dir": str(tmp_path_factory.mktemp("scratch")),
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
            "spark.log.level": "OFF",
            # What pays off after minutes of running costs a short run more than it gives.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.adaptive.enabled": "false",
        }
        session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
        yield session
        session.stop()


@pytest.fixture(scope="module")
def audited(spark: SparkSession, lake: Path) -> dict[str, list[dict[str, Any]]]:
    found = many.audit(spark, many.read(spark, str(lake)))
    return {name: [row.asDict() for row in getattr(found, name).collect()] for name in ("results", "tenants")}


def test_it_finds_row_for_row_what_a_scan_of_each_tenant_finds(audited: dict[str, list[dict[str, Any]]], lake: Path):
    for tenant in (WHOLE, LARGE, UNREAD):
        scanned = parquet.read_table(lake / "results" / f"tenant={tenant}" / "part-0.parquet", partitioning=None)
        found = [{name: row[name] for name in COLUMNS} for row in audited["results"] if row["tenant"] == tenant]

        assert found == scanned.to_pylist()
        assert found


def test_every_tenant_is_told_and_one_that_cannot_be_judged_with_its_error(audited: dict[str, list[dict[str, Any]]]):
    told = {row["tenant"]: row for row in audited["tenants"]}

    assert {tenant: row["error"] for tenant, row in told.items()} == {
        WHOLE: None,
        LARGE: None,
        UNREAD: None,
        DAMAGED: f"tenant {DAMAGED}: is damaged: the body of {_first()!r} is no JSON",
        UNFINISHED: f"tenant {UNFINISHED}: has no manifest: its export was not finished",
    }
    assert told[LARGE]["resources"] == 300
    assert told[LARGE]["high"] == sum(
        row["tenant"] == LARGE and (row["outcome"], row["severity"]) == ("fail", "high") for row in audited["results"]
    )
    assert (told[WHOLE]["complete"], told[UNREAD]["complete"]) == (True, False)
    assert told[UNREAD]["gaps"] > 0
    assert not [row for row in audited["results"] if row["tenant"] in (DAMAGED, UNFINISHED)]


@pytest.mark.usefixtures("lenient")
def test_a_mistake_of_ours_is_told_with_its_kind_and_line_and_ends_one_tenant(tmp_path: Path):
    with Snapshot.open(accounts(tmp_path / "one.db", WHOLE, 1)) as snapshot:
        parts = {table: [list(row) for row in rows_of(snapshot, table)] for table in TABLES}
    no_rules: Any = [object()]

    (told,) = many._batches(WHOLE, parts, no_rules, include_passed=False)

    assert re.fullmatch(r"a mistake in auditor itself \(\w+Error in [\w/]+\.py:\d+\)", told.to_pylist()[0]["error"])


def _first() -> str:
    from tests.tenants import account

    return account("st0000")["id"].lower()


def test_the_largest_tenants_are_the_first_tasks_each_alone(spark: SparkSession, lake: Path):
    placed = many._placed(spark, many.read(spark, str(lake)))

    tasks = [sorted({row["tenant"] for row in task}) for task in placed.rdd.glom().collect()]

    assert tasks[:2] == [[WHOLE], [LARGE]]
    assert sorted(map(len, tasks)) == [1] * 5


def test_only_chosen_rules_judge(spark: SparkSession, lake: Path):
    from auditor import api

    found = many.audit(spark, many.read(spark, str(lake)), api.choose_rules(select=["storage-https-only"]))

    rows = found.results.where(f"tenant = '{LARGE}'").groupBy("rule", "outcome").count().collect()
    assert [tuple(row) for row in rows] == [("storage-https-only", "fail", 150)]
