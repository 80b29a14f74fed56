"""The snapshot: one SQLite file that a collection writes as pages arrive, and every later step reads.

The file's `application_id` says that it is ours, its `user_version` which schema it has. While it is written, SQLite's
exclusive lock keeps other writers out and ends with the process; every page is one transaction, so that a collection
that is killed loses at most the page in flight.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from auditor.errors import SnapshotError
from auditor.inventory import ids
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource
from auditor.inventory.stored import beyond_the_first
from auditor.snapshot.decoding import Decoder
from auditor.snapshot.file import (
    APPLICATION_ID,
    SCHEMA,
    SCHEMA_VERSION,
    check_file,
    check_unused,
    connect_reader,
    connect_writer,
    is_blank,
    sqlite_errors,
)
from auditor.snapshot.manifest import Manifest

_ASKED = {"tenant": "tenant", "cloud": "cloud", "scopes": "scope", "needs": "choice of rules"}
"""What `resume` compares, and what users call it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A body as it stands in the file."""

    key: str
    type_key: str
    whole: bool
    """Whether all of it was read and no secret was taken out of it."""
    body: Mapping[str, Json]


class Snapshot:
    """A snapshot that is open: for writing after `create` and `resume`, for reading after `open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None, manifest: Manifest) -> None:
        self._connection = connection
        self._path = path
        self._manifest = manifest
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        self._own = "own" if version >= 2 else "0"
        """The ledger's column; a finished snapshot of the first schema has none."""

    # --- opening

    @classmethod
    def in_memory(cls, manifest: Manifest) -> Self:
        """A snapshot that is never on disk."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        return cls._new(connection, None, manifest)

    @classmethod
    def of_rows(
        cls,
        rows: Mapping[str, Iterable[Sequence[str | None]]],
        columns: Mapping[str, Sequence[str]],
        source: str,
    ) -> Self:
        """A snapshot in memory of the rows of one, by table; `columns` names those of each, `source` the whole.

        Raises SnapshotError for rows that no snapshot has.
        """
        place = Path(source)
        connection = sqlite3.connect(":memory:", isolation_level=None)
        with sqlite_errors(place):
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}")
            for table, names in columns.items():
                put = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - ours
                connection.executemany(put, rows[table])
            connection.execute("COMMIT")
            return cls(connection, place, _read_manifest(connection, place))

    @classmethod
    def create(cls, path: Path, manifest: Manifest, *, force: bool = False) -> Self:
        """A new snapshot file that only its owner can read; `force` replaces one that is there.

        Raises SnapshotError where the file exists, is being written, or its place cannot be written to.
        """
        if path.exists():
            if not force:
                raise SnapshotError(
                    "exists already",
                    subject=str(path),
                    remedy="Give --resume to go on with it, or --force to replace it.",
                )
            cls.make_replaceable(path)
            path.unlink()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            raise SnapshotError(
                f"cannot be written: {error.strerror}", subject=str(path), remedy="Choose another place."
            ) from error
        with sqlite_errors(path):
            return cls._new(connect_writer(path), path, manifest)

    @classmethod
    def resume(cls, path: Path, manifest: Manifest) -> Self:
        """Go on with an unfinished snapshot; what `manifest` asks for must be what it was begun with.

        Raises SnapshotError where it asks for something else, is finished, foreign, damaged, or in use.
        """
        if is_blank(path):
            with sqlite_errors(path):
                return cls._new(connect_writer(path), path, manifest)
        check_file(path)
        with sqlite_errors(path):
            connection = connect_writer(path)
            try:
                found = _read_manifest(connection, path)
                _refuse_other(found, manifest, path)
                _refuse_unfinished_old(connection, found, path)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path, found)

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing snapshot, for reading only. Raises SnapshotError for what is none."""
        check_file(path)
        with sqlite_errors(path):
            connection = connect_reader(path)
            try:
                found = _read_manifest(connection, path)
                _refuse_unfinished_old(connection, found, path)
                return cls(connection, path, found)
            except BaseException:
                connection.close()
                raise

    @classmethod
    def _new(cls, connection: sqlite3.Connection, path: Path | None, manifest: Manifest) -> Self:
        connection.executescript(f"BEGIN; {SCHEMA}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        snapshot = cls(connection, path, manifest)
        snapshot._write_manifest(manifest)
        snapshot._set("secret_key", secrets.token_hex(32))
        connection.execute("COMMIT")
        return snapshot

    @staticmethod
    def check_replaceable(path: Path) -> None:
        """Make sure that a file may be replaced: a snapshot that nobody writes. Raises SnapshotError."""
        if not is_blank(path):
            check_file(path)
            with sqlite_errors(path):
                check_unused(path)

    @classmethod
    def make_replaceable(cls, path: Path) -> None:
        """As `check_replaceable`; takes away what lies beside the file as well."""
        cls.check_replaceable(path)
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)

    # --- the sink

    def state(self, scope: str, kind: str, *, own: bool = False) -> ReadState | None:
        """See `Sink.state`."""
        row = self._one(f"SELECT state FROM ledger WHERE {_READ}", _read(scope, kind, own))  # noqa: S608 - ours
        return ReadState(row[0]) if row else None

    def cursor(self, scope: str, kind: str, *, own: bool = False) -> str | None:
        """See `Sink.cursor`."""
        row = self._one(f"SELECT cursor FROM cursors WHERE {_READ}", _read(scope, kind, own))  # noqa: S608 - ours
        return str(row[0]) if row else None

    def add(
        self,
        scope: str,
        kind: str,
        bodies: Iterable[Mapping[str, Json]],
        *,
        own: bool = False,
        cursor: str | None = None,
        unread: Mapping[str, Mapping[str, Gap]] | None = None,
    ) -> int:
        """See `Sink.add`."""
        notes = unread or {}
        rows = [
            _row(Resource.from_body(body, resource_type=_kind_for(body, kind)), _note(notes.get(body["id"])))
            for body in bodies
        ]
        with self._transaction():
            put = "INTO resources VALUES (?,?,?,?,?,?,?,?,?,?)"
            new = self._connection.executemany(f"INSERT OR IGNORE {put}", rows).rowcount if rows else 0
            if new < len(rows):
                self._connection.executemany(f"INSERT OR REPLACE {put}", rows)
            if cursor is None:
                # Between its last page and its closing a read can be killed: then that page alone is read again.
                self._connection.execute(
                    f"UPDATE cursors SET last = 1 WHERE {_READ}",  # noqa: S608 - ours
                    _read(scope, kind, own),
                )
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO cursors VALUES (?,?,?,?,0)", (*_read(scope, kind, own), cursor)
                )
        return new

    def kept(self, scope: str, kind: str) -> Iterator[Mapping[str, Json]]:
        """See `Sink.kept`."""
        scope_key = ids.id_key(scope)
        query = "SELECT body FROM resources WHERE type_key = ? AND (key = ? OR key >= ? AND key < ?) ORDER BY key"
        # "0" follows "/" in the alphabet: every key below the scope, and no other.
        bounds = (scope_key, scope_key + "/", scope_key + "0") if scope_key else ("", "", "\U0010ffff")
        for (body,) in self._connection.execute(query, (ids.type_key(kind), *bounds)).fetchall():
            yield _loads(body)

    def close(
        self,
        scope: str,
        kind: str,
        state: ReadState,
        *,
        own: bool = False,
        as_of: datetime | None = None,
        gap: Gap | None = None,
    ) -> None:
        """See `Sink.close`."""
        moment = as_of.isoformat() if as_of else None
        note = json.dumps(_gap_values(gap)) if gap else None
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO ledger VALUES (?,?,?,?,?,?,?,?)",
                (*_read(scope, kind, own), scope, kind, state.value, moment, note),
            )
            settled = state in (ReadState.COMPLETE, ReadState.UNSUPPORTED)
            self._connection.execute(
                f"DELETE FROM cursors WHERE {_READ} AND (last OR ?)",  # noqa: S608 - ours
                (*_read(scope, kind, own), settled),
            )

    def gaps(self) -> int:
        """See `Sink.gaps`."""
        lines = "SELECT count(*) FROM ledger WHERE gap IS NOT NULL AND state NOT IN ('complete', 'unsupported')"
        objects = """SELECT count(*) FROM resources WHERE unread IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM ledger WHERE scope_key = resources.key AND type_key = resources.type_key
            AND gap IS NOT NULL AND state NOT IN ('complete', 'unsupported'))"""
        return int(self._one(lines, ())[0]) + int(self._one(objects, ())[0])

    # --- the whole

    @property
    def manifest(self) -> Manifest:
        """What the snapshot says of itself."""
        return self._manifest

    @property
    def path(self) -> Path | None:
        """The file; None in memory."""
        return self._path

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read but which subscriptions there are."""
        query = "SELECT 1 FROM resources WHERE type_key <> ? LIMIT 1"
        return self._one(query, (ids.type_key(ids.SUBSCRIPTION_TYPE),)) is None

    @property
    def secret_key(self) -> bytes:
        """The key that secrets' values are hashed with; it is gone once the snapshot is finished."""
        row = self._one("SELECT value FROM manifest WHERE name = 'secret_key'", ())
        return bytes.fromhex(row[0]) if row else b""

    def finish(
        self,
        finished_at: datetime,
        *,
        tenant: str = "",
        subscriptions: Mapping[str, str] | None = None,
        management_groups: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Write that the collection came to its end, and make the file whole: no journal beside it, no key in it."""
        self._manifest = replace(
            self._manifest,
            finished_at=finished_at,
            tenant=tenant or self._manifest.tenant,
            subscriptions=dict(subscriptions or self._manifest.subscriptions),
            management_groups=dict(management_groups or self._manifest.management_groups),
        )
        with self._transaction():
            self._write_manifest(self._manifest)
            self._connection.execute("DELETE FROM manifest WHERE name = 'secret_key'")
        if self._path:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA journal_mode = DELETE")

    def resources(self) -> Iterator[Resource]:
        """Every resource in order of its key, read from disk as it is asked for."""
        query = "SELECT key, id, type, type_key, unread, body FROM resources ORDER BY key"
        read = Decoder(self._path)
        for key, identifier, kind, type_key, note, body in self._connection.execute(query):
            texts = (read.text(text, f"a column of {key!r}") for text in (identifier, kind, key, type_key))
            identifier, kind, key, type_key = texts  # noqa: PLW2901 - the same, known to be texts
            unread = read.unread(note, key)
            yield Resource(identifier, sys.intern(kind), read.body(body, key), unread, key, sys.intern(type_key))

    def below(self, scope: str) -> Iterator[Kept]:
        """What was kept at or below an ARM id, in order of the keys. Raises SnapshotError where the file is damaged."""
        key = ids.id_key(scope)
        query = """SELECT key, type_key, unread IS NULL AND instr(body, '"$secret"') = 0, body FROM resources
            WHERE key = ? OR key >= ? AND key < ? ORDER BY key"""
        with sqlite_errors(self._path):
            read = Decoder(self._path)
            for found, kind, whole, body in self._connection.execute(query, (key, key + "/", key + "0")).fetchall():
                yield Kept(found, kind, bool(whole), read.body(body, found))

    def count(self) -> int:
        """How many resources there are."""
        return int(self._one("SELECT count(*) FROM resources", ())[0])

    def copy_from(self, other: Snapshot, wanted: Callable[[str, str], bool]) -> None:
        """Take over the resources of another snapshot as they are; `wanted` is asked with type key and key of each."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO resources VALUES (?,?,?,?,?,?,?,?,?,?)",
                (row for row in other._rows() if wanted(row[3], row[0])),
            )

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
        """The rows of a table as text, in the order of its key, without the key of the secrets' hashes."""
        # A finished snapshot of the first schema has no column for whose a line is.
        names = [f"CAST({self._own if name == 'own' else name} AS TEXT)" for name in columns]
        secret = "WHERE name <> 'secret_key'" if table == "manifest" else ""
        with sqlite_errors(self._path):
            yield from self._connection.execute(
                f"SELECT {', '.join(names)} FROM {table} {secret} ORDER BY {', '.join(columns[:2])}"  # noqa: S608 - ours
            )

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        """The table of resources; what is wrong with it is said of this file, whoever reads it."""
        columns = "key, id, type, type_key, name, location, subscription_id, resource_group, unread, body"
        with sqlite_errors(self._path):
            yield from self._connection.execute(f"SELECT {columns} FROM resources ORDER BY key")  # noqa: S608 - ours

    def ledger(self) -> list[LedgerEntry]:
        """Every line of the coverage ledger, ordered by scope and type."""
        rows = self._connection.execute(
            f"SELECT scope, type, state, as_of, gap, {self._own} AS own FROM ledger ORDER BY scope_key, type_key, own"  # noqa: S608 - ours
        ).fetchall()
        read = Decoder(self._path)
        return [
            LedgerEntry(
                read.text(scope, "a scope of the ledger"),
                read.text(kind, "a type of the ledger"),
                read.state(state, where := f"{kind} in {scope}"),
                read.moment(as_of, where),
                read.gap(gap, where),
                own=bool(own),
            )
            for scope, kind, state, as_of, gap, own in rows
        ]

    def inventory(self) -> Inventory:
        """All resources with their indexes. Raises SnapshotError where the file is damaged."""
        with sqlite_errors(self._path):
            entries = self.ledger()
            gaps = [entry.gap for entry in entries if entry.gap and not entry.settled]
            told = {_read(gap.scope, gap.type, False) for gap in gaps}
            resources = list(beyond_the_first(self.resources()))
            found = (gap for resource in resources for gap in resource.unread.values())
            gaps.extend(gap for gap in found if _read(gap.scope, gap.type, False) not in told)
            if self._manifest.finished_at is None:
                gaps.extend(self._never_asked(entries))
            finished = self._manifest.finished_at is not None
            coverage = Ledger(entries, finished=finished)
            return Inventory(resources, coverage, tuple(gaps), self._manifest.management_groups)

    def _never_asked(self, entries: list[LedgerEntry]) -> Iterator[Gap]:
        """A gap for each type of which an unfinished collection does not know that it was read everywhere."""
        settled = {ids.type_key(entry.type) for entry in entries if entry.settled and not ids.id_key(entry.scope)}
        for kind in self._manifest.needs:
            if kind not in settled:
                yield Gap("/", kind, "", None, "NotAsked", "the collection did not finish")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # --- inside

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with sqlite_errors(self._path):
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _one(self, query: str, values: tuple[str | bool, ...]) -> Any:
        return self._connection.execute(query, values).fetchone()

    def _set(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO manifest VALUES (?,?)", (name, value))

    def _write_manifest(self, manifest: Manifest) -> None:
        values: dict[str, Any] = {
            "source": manifest.source,
            "tool_version": manifest.tool_version,
            "tenant": manifest.tenant,
            "cloud": manifest.cloud,
            "scopes": manifest.scopes,
            "subscriptions": dict(manifest.subscriptions),
            "management_groups": dict(manifest.management_groups),
            "needs": manifest.needs,
            "started_at": manifest.started_at.isoformat() if manifest.started_at else None,
            "finished_at": manifest.finished_at.isoformat() if manifest.finished_at else None,
        }
        for name, value in values.items():
            self._set(name, json.dumps(value))


def _read_manifest(connection: sqlite3.Connection, path: Path) -> Manifest:
    values = dict(connection.execute("SELECT name, value FROM manifest"))
    try:
        read = {name: json.loads(value) for name, value in values.items() if name != "secret_key"}
        _check_manifest(read)
        return Manifest(
            source=str(path),
            started_at=datetime.fromisoformat(read["started_at"]) if read["started_at"] else None,
            finished_at=datetime.fromisoformat(read["finished_at"]) if read["finished_at"] else None,
            tool_version=read["tool_version"],
            tenant=read["tenant"],
            cloud=read["cloud"],
            scopes=tuple(read["scopes"]),
            subscriptions=read["subscriptions"],
            management_groups={guid: tuple(names) for guid, names in read.get("management_groups", {}).items()},
            needs=tuple(read["needs"]),
            **_taken_over(connection, read["started_at"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SnapshotError("has an unreadable manifest", subject=str(path), remedy="Collect it anew.") from error


def _taken_over(connection: sqlite3.Connection, started_at: str | None) -> dict[str, Any]:
    """How many reads are older than the collection, and when the oldest was made."""
    older = "SELECT count(*), min(as_of) FROM ledger WHERE julianday(as_of) < julianday(?)"
    count, oldest = connection.execute(older, (started_at,)).fetchone()
    return {"taken_over": int(count), "oldest": datetime.fromisoformat(oldest) if oldest else None}


def _check_manifest(read: Mapping[str, Any]) -> None:
    """Raises TypeError where a part of a manifest is not of its kind, KeyError where one is missing."""
    kinds = {"tool_version": str, "tenant": str, "cloud": str, "scopes": list, "needs": list, "subscriptions": dict}
    texts = (*read["scopes"], *read["needs"], *read["subscriptions"].items())
    if not all(isinstance(read[name], kind) for name, kind in kinds.items()) or not all(
        isinstance(text, str) or all(isinstance(part, str) for part in text) for text in texts
    ):
        raise TypeError


def _refuse_other(found: Manifest, asked: Manifest, path: Path) -> None:
    if found.finished_at is not None:
        raise SnapshotError("is finished", subject=str(path), remedy="Scan it with --from, or collect anew.")
    for name, words in _ASKED.items():
        wanted = getattr(asked, name)
        if wanted and wanted != getattr(found, name):
            raise SnapshotError(
                f"was begun with another {words}",
                subject=str(path),
                remedy="Give the same options as before, or collect into a new file.",
            )


def _refuse_unfinished_old(connection: sqlite3.Connection, found: Manifest, path: Path) -> None:
    """An unfinished ledger of the first schema can take one parent's own objects for everything below it."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version < SCHEMA_VERSION and found.finished_at is None:
        raise SnapshotError(
            "was begun by an older version and never finished: what it lacks cannot be told",
            subject=str(path),
            remedy="Collect anew: auditor collect --force.",
        )


_READ = "scope_key = ? AND type_key = ? AND own = ?"


def _read(scope: str, kind: str, own: bool) -> tuple[str, str, bool]:
    return ids.id_key(scope), ids.type_key(kind), own


def _note(unread: Mapping[str, Gap] | None) -> str | None:
    return json.dumps({name: _gap_values(gap) for name, gap in unread.items()}) if unread else None


def _kind_for(body: Mapping[str, Json], kind: str) -> str:
    """The type to keep a body under: its own where it has a full one, otherwise what was read."""
    own = body.get("type")
    return own if isinstance(own, str) and "/" in own else kind


def _row(resource: Resource, unread: str | None) -> tuple[str | None, ...]:
    return (
        _storable(resource.key),
        _storable(resource.id),
        _storable(resource.type),
        _storable(resource.type_key),
        _storable(resource.display_name),
        _storable(resource.location),
        _storable(resource.subscription_id),
        _storable(resource.resource_group),
        unread,
        _dumps(resource.body),
    )


def _storable(text: str) -> str:
    """The text as UTF-8 can hold it: JSON may escape half a surrogate pair."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _gap_values(gap: Gap) -> dict[str, Any]:
    return {name: getattr(gap, name) for name in ("scope", "type", "operation", "status", "code", "message")}


def _dumps(body: Mapping[str, Json]) -> str:
    import orjson

    try:
        return orjson.dumps(body).decode()
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(body)


def _loads(text: str) -> Any:
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
