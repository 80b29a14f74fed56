"""Files of exports as documents: whatever the envelope, the encoding and the shell that wrote them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import Problem, SnapshotError
from auditor.inventory.model import Json
from auditor.snapshot.directory_objects import with_type
from auditor.snapshot.packed_bodies import Bodies

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_LINES = (".jsonl", ".ndjson")
_CONTINUATIONS = ("nextLink", "@odata.nextLink", "$skipToken", "skipToken", "skip_token")


@dataclass(frozen=True, slots=True)
class Document:
    """What one file holds."""

    file: Path
    bodies: Bodies
    digest: bytes
    """SHA-256 of the file."""
    modified_at: datetime
    """UTC."""
    continued: bool = False
    """Whether it says that there is a next page."""
    total: int | None = None
    """How many rows the query has in all, where it says so."""
    recognised: frozenset[int] = frozenset()
    """Places of those bodies that do not name their type themselves."""


def files_below(path: Path) -> list[Path]:
    """The file itself, or every export in a folder, sorted; hidden files and folders are left alone."""
    if not path.is_dir():
        return [path]
    try:
        found = [file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file()]
    except OSError as error:  # taken away while it was looked through
        raise SnapshotError(
            f"cannot be read: {error.strerror}", subject=str(path), remedy="Check the folder, and the rights on it."
        ) from error
    return sorted(file for file in found if not any(part[:1] == "." for part in file.relative_to(path).parts))


def read_document(file: Path, problems: list[Problem]) -> Document | None:
    """A file's resources; what is wrong with it goes to `problems`."""
    if file.suffix.lower() in _LINES and (found := _sound_lines(file)):
        return found
    before = len(problems)
    try:
        raw = file.read_bytes()
        modified_at = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(microsecond=0)
    except OSError as error:
        problems.append(Problem(str(file), 0, 0, f"cannot be read: {error.strerror}", "check the rights on the file"))
        return None
    text = _decoded(file, raw, problems)
    if text is None:
        return None
    if file.suffix.lower() in _LINES:
        envelope, items = None, list(_lines(file, text, problems))
    else:
        envelope = _parsed(file, text, problems)
        items = _items(file, envelope, problems) if len(problems) == before else []
    given = _identified(file, items, problems)
    bodies = _typed(file, given, _context(envelope), problems) if len(problems) == before else ()
    if len(problems) > before:
        return None
    continued, total = _more(envelope)
    recognised = frozenset(n for n, (old, new) in enumerate(zip(given, bodies, strict=True)) if new is not old)
    return Document(file, Bodies(bodies), hashlib.sha256(raw).digest(), modified_at, continued, total, recognised)


def _sound_lines(file: Path) -> Document | None:
    """A file of lines without holding all of them decoded; None where anything about it has to be told."""
    import orjson

    bodies, told = Bodies(()), hashlib.sha256()
    recognised: set[int] = set()
    try:
        with file.open("rb") as stream:
            modified_at = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC).replace(microsecond=0)
            for line in stream:
                told.update(line)
                text = line.strip()
                if not text:
                    continue
                given = orjson.loads(text)
                if not (isinstance(given, dict) and isinstance(given.get("id"), str) and given["id"].strip()):
                    return None
                body = with_type(given, "")
                if body is None:
                    return None
                if body is not given:
                    recognised.add(len(bodies))
                    text = orjson.dumps(body)
                bodies.add_text(text)
    except (OSError, ValueError):
        return None
    return Document(file, bodies, told.digest(), modified_at, recognised=frozenset(recognised))


def _decoded(file: Path, raw: bytes, problems: list[Problem]) -> str | None:
    """The text: UTF-8, or UTF-16 with a byte-order mark as Windows PowerShell's `>` writes it."""
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(
            Problem(str(file), 0, 0, f"is neither UTF-8 nor UTF-16: byte {error.start}", "save it as UTF-8")
        )
        return None


def _loads(text: str) -> Any:
    import orjson

    try:
        return orjson.loads(text)
    except ValueError:  # also for what only the slower parser takes: NaN, half surrogate pairs
        return json.loads(text)


def _parsed(file: Path, text: str, problems: list[Problem]) -> Any:
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        problems.append(_broken(file, text, error))
    except ValueError as error:  # a number of thousands of digits
        problems.append(Problem(str(file), 0, 0, f"is not JSON: {error}", "export it with -o json"))
    except RecursionError:
        problems.append(Problem(str(file), 0, 0, "nests too deeply", "export it again"))
    return None


def _broken(file: Path, text: str, error: json.JSONDecodeError) -> Problem:
    if not text.strip():
        return Problem(str(file), 0, 0, "is empty", "export it again")
    unterminated = error.msg.startswith("Unterminated string")
    if unterminated or error.pos >= len(text.rstrip()) - 1:
        return Problem(str(file), error.lineno, error.colno, "ends too early: it is truncated", "export it again")
    if error.msg.startswith("Extra data") and text.lstrip()[:1] == "{":
        return Problem(
            str(file), error.lineno, error.colno, "holds several objects", "name it .jsonl if each is a line"
        )
    return Problem(str(file), error.lineno, error.colno, f"is not JSON: {error.msg}", "export it with -o json")


def _lines(file: Path, text: str, problems: list[Problem]) -> Iterator[Any]:
    # Not splitlines(): JSON may hold U+2028 and its like as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = _loads(line)
        except json.JSONDecodeError as error:
            problems.append(Problem(str(file), number, error.colno, f"is not JSON: {error.msg}", "one resource a line"))
        except ValueError as error:
            problems.append(Problem(str(file), number, 1, f"is not JSON: {error}", "one resource a line"))
        except RecursionError:
            problems.append(Problem(str(file), number, 1, "nests too deeply", "export it again"))
        else:
            if isinstance(found, Mapping) and isinstance(found.get("id"), str) and found["id"]:
                yield found
            else:
                problems.append(Problem(str(file), number, 1, "is no resource: it has no id", "export the id too"))


def _items(file: Path, found: Any, problems: list[Problem]) -> list[Any]:
    """The list of resources in a document, whichever envelope it has."""
    if isinstance(found, list):
        return found
    if isinstance(found, Mapping):
        for envelope in ("value", "data"):
            if isinstance(found.get(envelope), list):
                return list(found[envelope])
        if isinstance(found.get("data"), Mapping) and isinstance(found["data"].get("rows"), list):
            return _rows(found["data"])
        if "id" in found:
            return [found]
        if "error" in found:
            problems.append(
                Problem(str(file), 0, 0, "holds an error answer of Azure, not resources", "export it again")
            )
            return []
    problems.append(
        Problem(str(file), 0, 0, 'is no array, {"value": [...]} or {"data": [...]}', "export it with az graph query")
    )
    return []


def _rows(table: Mapping[str, Any]) -> list[Any]:
    """Resource Graph's older answer, `resultFormat: table`: columns and rows."""
    names = [column.get("name") for column in table.get("columns", []) if isinstance(column, Mapping)]
    return [dict(zip(names, row, strict=False)) for row in table["rows"] if isinstance(row, list)]


def _identified(file: Path, items: list[Any], problems: list[Problem]) -> tuple[Mapping[str, Json], ...]:
    """The items, all of which must be objects with an id: nothing can be said of a resource without a name."""
    nameless = [
        index
        for index, item in enumerate(items)
        if not (isinstance(item, Mapping) and isinstance(item.get("id"), str) and item["id"].strip())
    ]
    if nameless:
        shown = ", ".join(map(str, nameless[:3])) + (", ..." if len(nameless) > 3 else "")
        message = f"{len(nameless)} of {len(items)} items are no resources: they have no id (item {shown})"
        problems.append(Problem(str(file), 0, 0, message, "project the id, as `resources` without `project` does"))
        return ()
    return tuple(items)


def _context(envelope: Any) -> str:
    found = envelope.get("@odata.context") if isinstance(envelope, Mapping) else None
    return found if isinstance(found, str) else ""


def _typed(
    file: Path, bodies: tuple[Mapping[str, Json], ...], context: str, problems: list[Problem]
) -> tuple[Mapping[str, Json], ...]:
    """The bodies, all of which must say what they are: no rule would judge an object without a type."""
    typed = [with_type(body, context) for body in bodies]
    unknown = [index for index, body in enumerate(typed) if body is None]
    if unknown:
        shown = ", ".join(map(str, unknown[:3])) + (", ..." if len(unknown) > 3 else "")
        message = (
            f"{len(unknown)} of {len(bodies)} items do not say what they are: they have no type, and are no objects of "
            f"Microsoft Graph that are known here (item {shown})"
        )
        remedy = "export them with their type; of Microsoft Graph with az rest, whose answers have an @odata.context"
        problems.append(Problem(str(file), 0, 0, message, remedy))
    return tuple(body for body in typed if body is not None)


def _more(envelope: Any) -> tuple[bool, int | None]:
    """Whether an envelope says that there is a next page, and how many rows there are in all."""
    if not isinstance(envelope, Mapping):
        return False, None
    continued = any(envelope.get(name) for name in _CONTINUATIONS) or envelope.get("resultTruncated") == "true"
    total = envelope.get("total_records", envelope.get("totalRecords"))
    return continued, total if isinstance(total, int) else None
