"""A snapshot as rows of text, for stores that are no SQLite file, and a snapshot in memory made of such rows again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.snapshot.store import Snapshot

TABLES: Mapping[str, tuple[str, ...]] = {
    "resources": (
        *("key", "id", "type", "type_key", "name", "location", "subscription_id", "resource_group", "unread", "body"),
    ),
    "ledger": ("scope_key", "type_key", "own", "scope", "type", "state", "as_of", "gap"),
    "manifest": ("name", "value"),
}
"""The columns of each part, every one of them text: `body`, `unread`, `gap` and `value` are JSON, `own` is 0 or 1, and
what is null is null. `ledger` says of each read how it ended, with a gap where it failed."""

Row = Sequence[str | None]


def rows_of(snapshot: Snapshot, table: str) -> Iterable[Row]:
    """The rows of a part, in a fixed order. The key of the secrets' hashes is not among them."""
    return snapshot.rows(table, TABLES[table])


def snapshot_of(rows: Mapping[str, Iterable[Row]], source: str) -> Snapshot:
    """A snapshot in memory of such rows; `source` is what errors call it.

    Raises SnapshotError for rows that no snapshot has.
    """
    return Snapshot.of_rows(rows, TABLES, source)
