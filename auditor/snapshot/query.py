"""SQL over a snapshot, for reading only: an authorizer allows what reads, and time and size are limited.

Seen are views, not the file's own tables: `resources`, `gaps`, `ledger`, `manifest`, and one for each type held, such
as `microsoft_storage_storageaccounts`; beside them tables that the caller brings. Types compare without case.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import InputError, SnapshotError
from auditor.inventory.changes import CHANGES_KEY
from auditor.snapshot.deadline import Deadline, can_interrupt, interrupting
from auditor.snapshot.file import check_file, connect_reader, sqlite_errors

_COLUMNS = (
    "id, name, type COLLATE NOCASE AS type, location, subscription_id, resource_group, "
    "json_extract(body, '$.kind') AS kind, "
    "json_extract(body, '$.sku') AS sku, json_extract(body, '$.identity') AS identity, "
    "json_extract(body, '$.tags') AS tags, json_extract(body, '$.properties') AS properties, body"
)
_GAP = ", ".join(
    f"json_extract(gap, '$.{name}') AS {name}" for name in ("scope", "type", "operation", "status", "code", "message")
)
# A row a property that was set; see `auditor.inventory.changes`.
_ATTRIBUTE = "json_extract(one.body, '$.properties.changeAttributes.{}') AS {}"
_CHANGE = ", ".join(
    (
        "json_extract(one.body, '$.properties.targetResourceId') AS resource_id",
        "each.key AS path",
        "json_extract(each.value, '$.previousValue') AS value_before",
        "json_extract(each.value, '$.newValue') AS value_after",
        _ATTRIBUTE.format("timestamp", "changed_at"),
        _ATTRIBUTE.format("changedBy", "changed_by"),
        _ATTRIBUTE.format("changedByType", "changed_by_type"),
        _ATTRIBUTE.format("clientType", "client"),
        _ATTRIBUTE.format("operation", "operation"),
    )
)
_VIEWS = {
    "resources": f"SELECT {_COLUMNS} FROM main.resources WHERE type_key <> '{CHANGES_KEY}'",  # noqa: S608 - ours
    "changes": f"SELECT {_CHANGE} FROM main.resources AS one, json_each(one.body, '$.properties.changes') AS each "  # noqa: S608 - ours
    f"WHERE one.type_key = '{CHANGES_KEY}'",
    "ledger": "SELECT scope, type COLLATE NOCASE AS type, state, as_of FROM main.ledger",
    # Of an object that came without its properties the resource itself says so.
    "gaps": f"SELECT {_GAP} FROM main.ledger WHERE gap NOT NULL AND state NOT IN ('complete', 'unsupported') "  # noqa: S608 - ours
    f"UNION SELECT {_GAP.replace('(gap', '(unread')} FROM main.resources WHERE unread NOT NULL".replace(
        "unread, '$.", "unread, '$.properties."
    ),
}
# A copy of all but that key.
_MANIFEST = "CREATE TEMP TABLE manifest AS SELECT name, value FROM main.manifest WHERE name <> 'secret_key'"
_FUNCTIONS = frozenset(
    # https://www.sqlite.org/lang_corefunc.html, lang_aggfunc.html, lang_datefunc.html, lang_mathfunc.html,
    # windowfunctions.html and json1.html, without what loads code, reads files or makes large values.
    (  # noqa: SIM905 - names are easier to read without quotes
        "abs char coalesce format glob hex ifnull iif instr length like likely likelihood lower ltrim max min nullif "
        "printf quote replace round rtrim sign substr substring total trim typeof unhex unicode unlikely upper "
        "avg count group_concat string_agg sum date time datetime julianday strftime unixepoch timediff "
        "acos asin atan atan2 ceil ceiling cos degrees exp floor ln log log10 log2 mod pi pow power radians sin sqrt "
        "tan trunc row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value "
        "json json_array json_array_length json_each json_extract json_group_array json_group_object json_insert "
        "json_object json_patch json_quote json_remove json_replace json_set json_tree json_type json_valid -> ->> "
        "current_date current_time current_timestamp regexp"
    ).split()
)
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
_HIDDEN = ("manifest", "main")
"""Never read: the file's own manifest of an unfinished collection holds the key that secrets are hashed with."""
_JSON_TABLES = ("json_each", "json_tree")
_REMEDY = (
    "Tables: resources, findings, results, exemptions, facts, changes, gaps, ledger, manifest, and one for each type; "
    "`auditor query --tables` lists them."
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a query may cost."""

    seconds: float = 30.0
    rows: int = 10_000
    bytes: int = 64 * 1024 * 1024
    """Of all values of the answer together; one value may not be larger either."""


Value = str | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    cut: str = ""
    """What limit left rows out; "" where all are here."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that a query can name beside what the snapshot holds."""

    columns: tuple[str, ...]
    """Words of letters and underscores."""
    rows: tuple[tuple[Value, ...], ...]


def query_snapshot(
    path: Path, sql: str, limits: Limits | None = None, tables: Mapping[str, Table] | None = None
) -> Answer:
    """The answer to one SELECT over a snapshot and `tables`, by their names.

    Raises SnapshotError for a file that is none, InputError for a statement that is wrong, writes, or takes too long.
    """
    limits = limits or Limits()
    deadline = Deadline(limits.seconds)
    connection = _open(path, tables)
    try:
        connection.create_function("regexp", 2, _Matcher(deadline), deterministic=True)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.bytes)
        connection.set_authorizer(_Guard(_view_names(connection)))
        connection.set_progress_handler(lambda: deadline.over, 1000)
        return _run(connection, sql, limits)
    except (sqlite3.Error, sqlite3.Warning, UnicodeError, ValueError) as error:
        raise _refusal(error, sql, limits, over=deadline.over) from error
    finally:
        connection.close()


def views_of(path: Path, tables: Mapping[str, Table] | None = None) -> tuple[tuple[str, int], ...]:
    """The names of all views of a snapshot, each with how many rows it has; those of types last."""
    connection = _open(path, tables)
    try:
        with sqlite_errors(path):
            return tuple(
                (name, int(connection.execute(f'SELECT count(*) FROM temp."{name}"').fetchone()[0]))  # noqa: S608 - ours
                for name in _view_names(connection)
            )
    finally:
        connection.close()


def _open(path: Path, tables: Mapping[str, Table] | None = None) -> sqlite3.Connection:
    check_file(path)
    with sqlite_errors(path):
        connection = connect_reader(path)
        try:
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(_MANIFEST)
            for name in _JSON_TABLES:  # the first use declares it, which the authorizer would take for a write
                connection.execute(f"SELECT 1 FROM {name}('[]')").fetchall()  # noqa: S608 - ours
            for name, table in (tables or {}).items():
                _bring(connection, name, table)
            for name, select in (*_VIEWS.items(), *_type_views(connection)):
                connection.execute(f'CREATE TEMP VIEW "{name}" AS {select}')
        except BaseException:
            connection.close()
            raise
    return connection


def _bring(connection: sqlite3.Connection, name: str, table: Table) -> None:
    columns = ", ".join(f'"{column}" COLLATE NOCASE' if column == "type" else f'"{column}"' for column in table.columns)
    connection.execute(f'CREATE TEMP TABLE "{name}" ({columns})')
    places = ", ".join("?" * len(table.columns))
    connection.executemany(f'INSERT INTO temp."{name}" VALUES ({places})', table.rows)  # noqa: S608 - ours


def _type_views(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    taken = {*_VIEWS, "manifest", "results", "findings", "exemptions", "facts"}
    for (kind,) in connection.execute("SELECT DISTINCT type_key FROM main.resources ORDER BY type_key").fetchall():
        if not isinstance(kind, str):
            raise sqlite3.DatabaseError("malformed JSON: a type is no text")
        name = re.sub(r"[^a-z0-9]+", "_", kind).strip("_") or "untyped"
        while name in taken:
            name += "_"
        taken.add(name)
        literal = kind.replace("'", "''")
        yield name, f"SELECT {_COLUMNS} FROM main.resources WHERE type_key = '{literal}'"  # noqa: S608 - quoted


def _view_names(connection: sqlite3.Connection) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT name FROM temp.sqlite_master WHERE type IN ('view', 'table') ORDER BY rowid"
    ).fetchall()
    return tuple(name for (name,) in rows)


class _Matcher:
    """`text REGEXP pattern`, within the query's time: SQLite looks at no clock while it waits for an answer."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __call__(self, pattern: str | None, text: str | None) -> bool | None:
        if pattern is None or text is None:
            return None
        if self._deadline.over:
            raise TimeoutError
        if not can_interrupt() and _NESTED.search(pattern):
            raise ValueError("repetitions inside repetitions are not run here")
        with interrupting(self._deadline):
            return re.search(pattern[:200], str(text)[:2000]) is not None


_UNREADABLE = re.compile("Could not decode|malformed JSON")
"""What SQLite says of a column that was not written by a collection."""
_NESTED = re.compile(r"[*+}?]\)*[^()]*\)[*+{]")
"""Where a pattern repeats what it repeats already: such a one can take for ever."""


class _Guard:
    """SQLite asks this of everything a statement would do (https://www.sqlite.org/c3ref/set_authorizer.html)."""

    def __init__(self, views: Iterable[str]) -> None:
        self._readable = frozenset((*views, *_JSON_TABLES))

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, _inside: str | None
    ) -> int:
        if action in _ALLOWED:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        # A table expression of the query itself is in no database.
        known = first in self._readable or database is None
        if action == sqlite3.SQLITE_READ and known and (first, database) != _HIDDEN:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


def _run(connection: sqlite3.Connection, sql: str, limits: Limits) -> Answer:
    cursor = connection.execute(sql)
    if cursor.description is None:
        raise sqlite3.DatabaseError("it is no SELECT")
    columns = tuple(column[0] for column in cursor.description)
    rows: list[tuple[Value, ...]] = []
    size = 0
    for row in cursor:
        size += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
        if len(rows) >= limits.rows:
            return Answer(columns, tuple(rows), f"only the first {limits.rows:,} rows are shown")
        if size > limits.bytes:
            return Answer(columns, tuple(rows), f"only the first {limits.bytes // 2**20} MiB are shown")
        rows.append(row)
    return Answer(columns, tuple(rows))


def _refusal(error: Exception, sql: str, limits: Limits, *, over: bool) -> InputError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    words = str(error)
    if code == sqlite3.SQLITE_INTERRUPT or (over and "user-defined function" in words):
        return InputError(f"the query took longer than {limits.seconds:g} s", remedy="Narrow it, or give --timeout.")
    if "user-defined function" in words:
        return InputError("a pattern after regexp cannot be used", remedy="Write a regular expression of Python.")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _UNREADABLE.search(words):
        return SnapshotError("the snapshot is damaged", remedy="Collect it anew with `auditor collect`.")
    if code == sqlite3.SQLITE_AUTH or "prohibited" in words or "not authorized" in words:
        return InputError(
            "the query does what is not allowed: a query only reads, and only the views",
            remedy=_REMEDY,
        )
    if "one statement" in words or not sql.strip():
        return InputError("give one SELECT statement", remedy=_REMEDY)
    return InputError(f"the query cannot be run: {words}", remedy=_REMEDY)
