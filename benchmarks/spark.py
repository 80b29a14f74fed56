"""Twenty tenants of different sizes on Spark with one and with two cores, beside `auditor scan` of one after the other.

    python -m benchmarks.spark [TENANTS [SCALE]]      needs Java and `pip install -e '.[spark]'`

Every Spark run is a process of its own, begins when Spark has started, and includes reading, placing, loading the rules
and counting the results. Says whether all runs found the same.
"""

# ruff: noqa: PLC0415 - the process that measures Spark imports it

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor import api
from auditor.inventory.coverage import ReadState
from auditor.snapshot.parquet import export_snapshot
from auditor.snapshot.store import Snapshot


def made(folder: Path, number: int, copies: int) -> Path:
    """The demo tenant `copies` times, each copy in subscriptions of its own, as a snapshot of one tenant."""
    source = api.open_demo()
    needs = tuple(sorted(api.choose_rules().types))
    tenant = f"99999999-9999-4999-8999-{number:012}"
    guids = source.manifest.subscriptions
    manifest = replace(source.manifest, source="live", finished_at=None, tenant=tenant, needs=needs)
    path = folder / f"{number}.db"
    bodies = [one for one in source.inventory if not source.inventory.is_embedded(one)]
    with Snapshot.create(path, manifest) as snapshot:
        names = {}
        for copy in range(copies):
            fresh = {guid: f"{guid[:24]}{copy:06x}{guid[30:]}" for guid in guids}
            names |= {fresh[guid]: f"{name} {copy}" for guid, name in guids.items()}
            text = json.dumps([[one.type, dict(one.body)] for one in bodies])
            for guid, other in fresh.items():
                text = text.replace(guid, other)
            by_type: dict[str, list[dict[str, Any]]] = {}
            for kind, body in json.loads(text):
                by_type.setdefault(kind, []).append(body)
            for kind, found in by_type.items():
                snapshot.add("/", kind, found)
        for kind in needs:
            snapshot.close("/", kind, ReadState.COMPLETE)
        snapshot.finish(source.manifest.finished_at, subscriptions=names)  # type: ignore[arg-type]
    return path


def on_spark(lake: str, cores: int) -> None:
    """One run, in its own process; prints seconds and the number of results."""
    from pyspark.sql import SparkSession

    from auditor import spark as many

    settings = {"spark.ui.enabled": "false", "spark.log.level": "ERROR", "spark.sql.shuffle.partitions": "2"}
    session = SparkSession.builder.master(f"local[{cores}]").config(map=settings).getOrCreate()
    session.range(1).count()
    began = time.monotonic()
    found = many.audit(session, many.read(session, lake))
    results = found.results.count()
    errors = found.tenants.where("error is not null").count()
    print(json.dumps({"seconds": time.monotonic() - began, "results": results, "errors": errors}))
    session.stop()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    scale = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # One large, some middling, many small: 311 resources a copy.
        snapshots = [made(folder, number, scale * max(1, 12 // (number + 1))) for number in range(count)]
        began = time.monotonic()
        resources = 0
        for path in snapshots:
            with Snapshot.open(path) as snapshot:
                resources += export_snapshot(snapshot, folder / "lake")
        print(f"{count} tenants, {resources:,} resources; export to Parquet {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        results = sum(len(api.audit(api.open_source(path)).results) for path in snapshots)
        alone = time.monotonic() - began
        print(f"one after the other in one process  {alone:6.1f} s  {results:,} results")
        times = {}
        for cores in (1, 2):
            command = [sys.executable, "-m", "benchmarks.spark", "--run", str(folder / "lake"), str(cores)]
            environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            told = json.loads(done.stdout.splitlines()[-1])
            times[cores] = told["seconds"]
            same = "the same" if told["results"] == results else "NOT the same"
            print(
                f"Spark, local[{cores}]                     {told['seconds']:6.1f} s  {same}, {told['errors']} errors"
            )
        print(f"two cores against one: {times[1] / times[2]:.2f}x; against one after the other {alone / times[2]:.2f}x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        on_spark(sys.argv[2], int(sys.argv[3]))
    else:
        main()
