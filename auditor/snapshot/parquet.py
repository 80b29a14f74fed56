"""Parquet files of a snapshot and of results, partitioned by tenant: what Spark and other engines read.

    DIR/resources/tenant=<guid>/part-0.parquet    the columns of `auditor.snapshot.tables`, all of them text
    DIR/ledger/tenant=<guid>/part-0.parquet       what was read and what was not
    DIR/manifest/tenant=<guid>/part-0.parquet
    DIR/results/tenant=<guid>/part-0.parquet      the columns of `auditor.report.rows`

The folders are named as Hive names partitions, which every engine understands:
https://spark.apache.org/docs/latest/sql-data-sources-parquet.html#partition-discovery
Folders and files are for their owner alone.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import SnapshotError, UsageError
from auditor.snapshot.store import Snapshot
from auditor.snapshot.tables import TABLES, Row, rows_of

_FILE = "part-0.parquet"
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROWS = 20_000
_CHARACTERS = 32_000_000
"""A row group holds at most so many rows, and a body more than so many characters."""
_REMEDY = "Install it with: pip install 'azure-auditor[parquet]'"


def export_snapshot(snapshot: Snapshot, folder: Path) -> int:
    """Write a snapshot below a folder, in place of what an earlier export wrote there of its tenant.

    Gives the number of resources. Raises SnapshotError where the snapshot does not say whose it is, and UsageError
    where pyarrow is missing or the folder cannot be written to.
    """
    tenant = tenant_of(snapshot)
    counts = {
        table: write_part(folder, table, tenant, columns, rows_of(snapshot, table)) for table, columns in TABLES.items()
    }
    return counts["resources"]


def one_a_tenant(paths: Iterable[Path]) -> None:
    """Make sure that no two snapshots are of one tenant: the second would replace the first. Raises SnapshotError."""
    seen: dict[str, Path] = {}
    for path in paths:
        with Snapshot.open(path) as snapshot:
            tenant = tenant_of(snapshot)
        if tenant in seen:
            raise SnapshotError(
                f"is of the same tenant as {seen[tenant]}",
                subject=str(path),
                remedy="Join them first: auditor merge FILE FILE --output tenant.db",
            )
        seen[tenant] = path


def tenant_of(snapshot: Snapshot) -> str:
    """The tenant's GUID in lower case. Raises SnapshotError where there is none."""
    tenant = snapshot.manifest.tenant.lower()
    if not _TENANT.fullmatch(tenant):
        raise SnapshotError(
            "does not say of which tenant it is", subject=snapshot.manifest.source, remedy="Collect it anew."
        )
    return tenant


def write_part(folder: Path, table: str, tenant: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write one table of one tenant, whole or not at all; gives the number of rows. Raises UsageError."""
    place = folder / table / f"tenant={tenant}"
    try:
        _make(folder, place)
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=folder)
        os.close(handle)
        try:
            written = _write(name, columns, rows)
            Path(name).replace(place / _FILE)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror or error}", subject=str(place), remedy="Choose another folder."
        ) from error
    return written


def _make(folder: Path, place: Path) -> None:
    """The folders of a part, made where they are missing; never through a link, and never beside other files."""
    for path in (folder, place.parent, place):
        if path.is_symlink() and path != folder:
            raise UsageError("is a link, which is not followed", subject=str(path), remedy="Remove it.")
        path.mkdir(mode=0o700, parents=path == folder, exist_ok=True)
    if others := sorted(path.name for path in place.iterdir() if path.name != _FILE):
        raise UsageError(
            f"also holds {others[0]}, which would be read as a part of the tenant",
            subject=str(place),
            remedy="Remove it, or choose another folder.",
        )


def _write(name: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    arrow, parquet = _libraries()
    schema = arrow.schema([(column, arrow.string()) for column in columns])
    written = 0
    with parquet.ParquetWriter(name, schema, compression="zstd") as writer:
        for group in _groups(rows):
            values = [arrow.array(column, arrow.string()) for column in zip(*group, strict=True)]
            writer.write_batch(arrow.record_batch(values, schema=schema))
            written += len(group)
    return written


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in groups that fit in memory."""
    group: list[Row] = []
    size = 0
    for row in rows:
        group.append(row)
        size += sum(len(value) for value in row if value)
        if len(group) >= _ROWS or size >= _CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("Parquet files need pyarrow, which is not installed", remedy=_REMEDY) from error
    return pyarrow, parquet
