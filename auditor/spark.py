"""Many tenants on Apache Spark: each is judged whole by one task, since relations do not leave a tenant.

    from auditor import spark as auditor_spark

    snapshots = auditor_spark.read(spark, "abfss://audits@lake.dfs.core.windows.net/2026-12-01")
    audited = auditor_spark.audit(spark, snapshots)
    audited.results.write.mode("overwrite").saveAsTable("findings")
    audited.tenants.where("error is not null").show()

`read` takes what `auditor export --parquet` wrote. The workers need this package and pyarrow; Spark comes with the
platform, or with `pip install 'azure-auditor[spark]'`, and is not imported before it is used. docs/scale.md tells more.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor import api
from auditor.errors import AuditorError, SnapshotError
from auditor.evaluate.model import Report
from auditor.inventory.stumbles import Stumble, attempt
from auditor.report.rows import COLUMNS, rows
from auditor.rules.model import Severity
from auditor.snapshot.source import Source
from auditor.snapshot.tables import TABLES, snapshot_of

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession

TENANT_COLUMNS = ("tenant", "error", "complete", "resources", "gaps", "seconds", *(s.value for s in Severity))
"""Of each tenant: what went wrong (null where nothing did), whether its collection came to its end, how many resources
were judged, how many reads had failed, how long judging took, and the number of findings by severity."""
_NUMBERS = {"resources": "bigint", "gaps": "bigint", "seconds": "double", "complete": "boolean"}
_KINDS = {**{severity.value: "bigint" for severity in Severity}, **_NUMBERS}

_BUILT_IN = "built-in"
_rules: dict[str, api.RuleChoice] = {}
"""Of this worker, by the call that they came with: they are loaded and compiled once, and kept from task to task."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What came of an audit. Both are computed together, once, when the first of them is used."""

    results: DataFrame
    """A row a result: `tenant`, and the columns of `auditor.report.rows`. Equal to what `auditor scan` lists."""
    tenants: DataFrame
    """A row a tenant, those that could not be judged included: `TENANT_COLUMNS`."""
    together: DataFrame
    """What both are read from; `together.unpersist()` frees it."""


def read(spark: SparkSession, place: str) -> DataFrame:
    """The snapshots below a folder that `auditor export --parquet` wrote.

    `tenant`, `part` (a table of `auditor.snapshot.tables`) and `row` (its columns, in their order).
    """
    from pyspark.sql import functions as f

    found = None
    for part, columns in TABLES.items():
        table = spark.read.parquet(f"{place.rstrip('/')}/{part}")
        rows = table.select(
            f.col("tenant").cast("string").alias("tenant"),
            f.lit(part).alias("part"),
            f.array(*(f.col(name) for name in columns)).alias("row"),
        )
        found = rows if found is None else found.unionByName(rows)
    assert found is not None  # noqa: S101 - there are tables
    return found


def audit(
    spark: SparkSession, snapshots: DataFrame, rules: api.RuleChoice | None = None, *, include_passed: bool = False
) -> Audited:
    """Judge every tenant of `snapshots` (see `read`) by rules: all built-in ones, where none are given.

    The largest tenants begin first, each in a task of its own, so that the last to end is a small one; a tenant must
    fit into one worker's memory. One that cannot be judged is a row with its error and ends nothing.
    """
    from pyspark.sql import functions as f

    types = [f"{name} {_KINDS.get(name, 'string')}" for name in TENANT_COLUMNS]
    schema = ", ".join([*types, *(f"{name} string" for name in COLUMNS)])
    judged = _placed(spark, snapshots).mapInArrow(_task(rules, include_passed, uuid.uuid4().hex), schema).persist()
    return Audited(
        results=judged.where(f.col("rule").isNotNull()).select("tenant", *COLUMNS),
        tenants=judged.where(f.col("rule").isNull()).select(*TENANT_COLUMNS),
        together=judged,
    )


def _placed(spark: SparkSession, snapshots: DataFrame) -> DataFrame:
    """The rows with each tenant in a partition of its own, the largest in the first: Spark begins with these."""
    from pyspark.sql import functions as f

    weight = f.sum(f.length(f.element_at("row", -1)))
    sized = [(row[0], row[1] or 0) for row in snapshots.groupBy("tenant").agg(weight).collect()]
    order = [tenant for tenant, _ in sorted(sized, key=lambda found: (-found[1], found[0]))]
    count = max(len(order), 1)
    # Spark puts a row into partition pmod(hash(key), count): a key for each partition is found by trying.
    keys = _keys(spark, count)
    places = spark.createDataFrame(list(zip(order, keys, strict=False)), "tenant string, place bigint")
    return snapshots.join(f.broadcast(places), "tenant").repartition(count, "place").select("tenant", "part", "row")


def _keys(spark: SparkSession, count: int) -> list[int]:
    """For each of so many partitions a number that Spark's hash puts there."""
    from pyspark.sql import functions as f

    tried = 32 * count
    while True:
        where = f.expr(f"pmod(hash(id), {count})")
        found = spark.range(tried).groupBy(where.alias("at")).agg(f.min("id").alias("key")).orderBy("at").collect()
        if len(found) == count:
            return [int(row["key"]) for row in found]
        tried *= 2


def _task(
    rules: api.RuleChoice | None, include_passed: bool, call: str
) -> Callable[[Iterable[pyarrow.RecordBatch]], Iterator[pyarrow.RecordBatch]]:
    """What a worker does with the rows of one partition.

    Rules of one's own travel with it; built-in ones are there already, and are read where they are.
    """

    def judge(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        choice = _rules.setdefault(call, rules) if rules else _rules.get(_BUILT_IN)
        if choice is None:
            choice = _rules[_BUILT_IN] = api.choose_rules()
        for tenant, parts in _by_tenant(batches).items():
            yield from _batches(tenant, parts, choice, include_passed=include_passed)

    return judge


Parts = Mapping[str, Sequence[Sequence[str | None]]]


def _by_tenant(batches: Iterable[pyarrow.RecordBatch]) -> Mapping[str, Parts]:
    found: dict[str, dict[str, list[Sequence[str | None]]]] = {}
    for batch in batches:
        columns = (batch.column(name).to_pylist() for name in ("tenant", "part", "row"))
        for tenant, part, row in zip(*columns, strict=True):
            found.setdefault(tenant, {}).setdefault(part, []).append(row)
    return found


def _batches(
    tenant: str, parts: Parts, choice: api.RuleChoice, *, include_passed: bool
) -> Iterator[pyarrow.RecordBatch]:
    began = time.monotonic()
    try:
        judged = attempt(_judged, tenant, parts, choice, include_passed=include_passed)
    except AuditorError as error:
        yield _batch([_failed(tenant, str(error), began)])
        return
    if isinstance(judged, Stumble):
        yield _batch([_failed(tenant, f"a mistake in auditor itself ({judged})", began)])
        return
    report, results = judged
    yield _batch([_told(tenant, report, began), *({"tenant": tenant, **result} for result in results)])


def _judged(
    tenant: str, parts: Parts, choice: api.RuleChoice, *, include_passed: bool
) -> tuple[Report, list[dict[str, Any]]]:
    report = _report(tenant, parts, choice, include_passed=include_passed)
    return report, [dict(zip(COLUMNS, row, strict=True)) for row in rows(report, include_passed=include_passed)]


def _report(tenant: str, parts: Parts, choice: api.RuleChoice, *, include_passed: bool) -> Report:
    if not parts.get("manifest"):
        raise SnapshotError("has no manifest: its export was not finished", subject=f"tenant {tenant}")
    with snapshot_of({table: parts.get(table, ()) for table in TABLES}, f"tenant {tenant}") as snapshot:
        return api.audit(Source(snapshot.manifest, snapshot.inventory()), choice, keep_passed=include_passed)


def _told(tenant: str, report: Report, began: float) -> Mapping[str, Any]:
    fail = report.summary.fail
    return {
        "tenant": tenant,
        "complete": report.scan.complete,
        "resources": report.scan.resources,
        "gaps": len(report.gaps),
        "seconds": time.monotonic() - began,
        **{severity.value: fail.get(severity, 0) for severity in Severity},
    }


def _failed(tenant: str, words: str, began: float) -> Mapping[str, Any]:
    return {"tenant": tenant, "error": words, "seconds": time.monotonic() - began}


def _batch(found: Sequence[Mapping[str, Any]]) -> pyarrow.RecordBatch:
    import pyarrow

    arrow = {"bigint": pyarrow.int64(), "double": pyarrow.float64(), "boolean": pyarrow.bool_()}
    fields = [(name, arrow.get(_KINDS.get(name, ""), pyarrow.string())) for name in (*TENANT_COLUMNS, *COLUMNS)]
    return pyarrow.RecordBatch.from_pylist(list(found), schema=pyarrow.schema(fields))
