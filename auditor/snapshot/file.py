"""The file of a snapshot: its schema, who may write it, and what is refused before SQLite touches it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.errors import SnapshotError

APPLICATION_ID = 0x41554454
SCHEMA_VERSION = 2
"""2: a ledger line says whether it is of one parent's own objects; 1 kept both under one key."""
SCHEMA = """
CREATE TABLE manifest (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE resources (
  key TEXT PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, type_key TEXT NOT NULL, name TEXT NOT NULL,
  location TEXT NOT NULL, subscription_id TEXT NOT NULL, resource_group TEXT NOT NULL, unread TEXT, body TEXT NOT NULL
);
CREATE INDEX resources_by_type ON resources (type_key, key);
CREATE INDEX resources_unread ON resources (key) WHERE unread IS NOT NULL;
CREATE TABLE ledger (
  scope_key TEXT NOT NULL, type_key TEXT NOT NULL, own INTEGER NOT NULL, scope TEXT NOT NULL, type TEXT NOT NULL,
  state TEXT NOT NULL, as_of TEXT, gap TEXT, PRIMARY KEY (scope_key, type_key, own)
) WITHOUT ROWID;
CREATE TABLE cursors (
  scope_key TEXT NOT NULL, type_key TEXT NOT NULL, own INTEGER NOT NULL, cursor TEXT NOT NULL,
  last INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (scope_key, type_key, own)
) WITHOUT ROWID;
"""
_ANEW = "Collect it anew with `auditor collect`."
_MAGIC = b"SQLite format 3\0"


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection that holds the file for itself until it is closed or the process ends."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # What is deleted (the key of the secrets' hashes) is overwritten, not only forgotten.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def check_unused(path: Path) -> None:
    """Make sure that no other process has the file open for writing; leaves it as it is. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=2)


@contextmanager
def sqlite_errors(path: Path | None) -> Iterator[None]:
    """SQLite's errors as ours, with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        subject = str(path or "the snapshot in memory")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            message, remedy = "is being written by another process", "Wait until it is done."
        elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _says_damaged(str(error)):
            message, remedy = "is damaged or no snapshot", _ANEW
        elif code == sqlite3.SQLITE_FULL:
            message, remedy = "cannot be written: the disk is full", "Make room and go on with --resume."
        else:
            message, remedy = f"cannot be used: {error}", "Check the rights on the file and its folder."
        raise SnapshotError(message, subject=subject, remedy=remedy) from error
    except UnicodeError as error:  # also a name of SQLite's own tables, and half a surrogate pair
        raise SnapshotError(
            "is damaged: what should be text is none", subject=str(path or "the snapshot in memory"), remedy=_ANEW
        ) from error


def _says_damaged(words: str) -> bool:
    """Whether SQLite's words, which it gives no code of its own, say that the content is not what was written."""
    return any(sign in words for sign in ("no such table", "no such column", "Could not decode", "malformed JSON"))


def check_file(path: Path) -> None:
    """Refuse what is not a whole snapshot of a schema that this version reads.

    Looks at the file's own first bytes (https://www.sqlite.org/fileformat2.html#the_database_header), so that a foreign
    database is never opened for writing. Raises SnapshotError.
    """
    header, size = _header(path)
    if not header.startswith(_MAGIC) or len(header) < 100:
        raise SnapshotError("is no snapshot", subject=str(path), remedy="Write one with `auditor collect`.")
    application = int.from_bytes(header[68:72], "big")
    version = int.from_bytes(header[60:64], "big")
    # While pages are still in the write-ahead log, the header can be older than they are.
    if application != APPLICATION_ID and not (application == 0 and has_log(path)):
        raise SnapshotError(
            "is a SQLite file, but no snapshot of auditor",
            subject=str(path),
            remedy="Write one with `auditor collect`.",
        )
    if version > SCHEMA_VERSION:
        raise SnapshotError(
            f"has schema {version}, this version reads up to {SCHEMA_VERSION}",
            subject=str(path),
            remedy="Update auditor, or collect anew.",
        )
    if _is_short(size, header) and not has_log(path):
        raise SnapshotError("is damaged: its end is missing", subject=str(path), remedy=_ANEW)


def is_blank(path: Path) -> bool:
    """Whether a collection was killed before it wrote a first page: there is a file, and nothing in it."""
    header, _ = _header(path)
    if not header:
        return True
    if not header.startswith(_MAGIC) or header[68:72] != bytes(4):
        return False
    with sqlite_errors(path):
        connection = connect_reader(path)
        try:
            return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])
        finally:
            connection.close()


def has_log(path: Path) -> bool:
    """Whether there is a write-ahead log beside the file: it is being written, or its writer was killed."""
    log = path.with_name(path.name + "-wal")
    try:
        return log.stat().st_size > 0
    except OSError:
        return False


def _header(path: Path) -> tuple[bytes, int]:
    """The file's first bytes and its size."""
    if not path.is_file():
        message = "is a folder" if path.is_dir() else "there is no such file"
        raise SnapshotError(message, subject=str(path), remedy="Write a snapshot with `auditor collect`.")
    try:
        with path.open("rb") as stream:
            return stream.read(100), os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise SnapshotError(
            f"cannot be read: {error.strerror}", subject=str(path), remedy="Check the rights on the file."
        ) from error


def _is_short(found: int, header: bytes) -> bool:
    size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    return found < pages * (65536 if size == 1 else size)
