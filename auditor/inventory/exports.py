"""Exports of other tools as a source: REST lists, `az resource list`, `az graph query`, JSON lines, folders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import Problem, SnapshotError
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.manifest import Manifest
from auditor.inventory.model import Gap, Json, Resource
from auditor.inventory.source import Source

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_REMEDY = "Export with: az graph query -q 'resources' --first 1000 -o json"
# Microsoft Graph objects have no properties of their own kind of envelope.
_FLAT_NAMESPACES = ("microsoft.graph/",)


def read_exports(path: Path) -> Source:
    """Resources from a file or a folder of files. Raises SnapshotError with every file's problem."""
    problems: list[Problem] = []
    bodies: list[tuple[Path, Mapping[str, Json]]] = []
    for file in _files(path):
        bodies += [(file, body) for body in _read_file(file, problems)]
    if problems:
        raise SnapshotError("cannot be read as an export", subject=str(path), remedy=_REMEDY, problems=problems)
    if not bodies:
        raise SnapshotError("holds no resources", subject=str(path), remedy=_REMEDY)
    resources = [_resource(file, body) for file, body in bodies]
    present = {resource.type_key for resource in resources if not resource.unread}
    modified = datetime.fromtimestamp(max(file.stat().st_mtime for file, _ in bodies), UTC).replace(microsecond=0)
    manifest = Manifest(source=str(path), started_at=modified, finished_at=modified, tenant=_tenant(bodies))
    inventory = Inventory(resources, ExportCoverage(present, str(path)))
    return Source(manifest, inventory, tuple(_notices(resources)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())


def _text(file: Path) -> str:
    """The text of a file: UTF-8, or UTF-16 with a byte-order mark as Windows PowerShell writes it."""
    raw = file.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    return raw.decode("utf-8-sig")


def _read_file(file: Path, problems: list[Problem]) -> list[Mapping[str, Json]]:
    try:
        text = _text(file)
        if file.suffix.lower() in (".jsonl", ".ndjson"):
            return [
                body for number, line in enumerate(text.splitlines(), 1) for body in _line(file, number, line, problems)
            ]
        found = json.loads(text)
    except OSError as error:
        problems.append(Problem(str(file), 0, 0, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        problems.append(Problem(str(file), 0, 0, f"is neither UTF-8 nor UTF-16: byte {error.start}"))
    except json.JSONDecodeError as error:
        problems.append(_broken(file, text, error))
    except RecursionError:
        problems.append(Problem(str(file), 0, 0, "nests too deeply"))
    else:
        return list(_checked(file, _items(file, found, problems), problems))
    return []


def _broken(file: Path, text: str, error: json.JSONDecodeError) -> Problem:
    if not text.strip():
        return Problem(str(file), 0, 0, "is empty")
    if error.pos >= len(text.rstrip()) - 1:
        return Problem(str(file), error.lineno, error.colno, "ends too early: it is truncated", "export it again")
    return Problem(str(file), error.lineno, error.colno, f"is not JSON: {error.msg}")


def _line(file: Path, number: int, line: str, problems: list[Problem]) -> Iterator[Mapping[str, Json]]:
    if not line.strip():
        return
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        problems.append(Problem(str(file), number, 1, f"is not JSON: {error}"))
        return
    yield from _checked(file, [found], problems, line=number)


def _items(file: Path, found: Any, problems: list[Problem]) -> list[Any]:
    """The list of resources in a document, whichever envelope it has."""
    if isinstance(found, list):
        return found
    if isinstance(found, Mapping):
        for envelope in ("value", "data"):
            if isinstance(found.get(envelope), list):
                return list(found[envelope])
        if "id" in found:
            return [found]
        if "error" in found:
            problems.append(
                Problem(str(file), 0, 0, "holds an error answer of Azure, not resources", "export it again")
            )
            return []
    problems.append(Problem(str(file), 0, 0, 'is no array, {"value": [...]} or {"data": [...]}'))
    return []


def _checked(
    file: Path, items: Iterable[Any], problems: list[Problem], *, line: int = 0
) -> Iterator[Mapping[str, Json]]:
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and isinstance(item.get("id"), str) and item["id"]:
            yield item
        else:
            what = f"item {index}" if not line else "the line"
            problems.append(Problem(str(file), line, 1 if line else 0, f"{what} is no resource: it has no id"))


def _resource(file: Path, body: Mapping[str, Json]) -> Resource:
    resource = Resource.from_body(body)
    if "properties" in body or resource.type_key.startswith(_FLAT_NAMESPACES) or not resource.type_key:
        return resource
    gap = Gap(
        scope=resource.id,
        type=resource.type,
        operation=f"read {file}",
        status=None,
        code="NotInExport",
        message="the export leaves out properties, as `az resource list` and `az <service> list` do",
    )
    return Resource.from_body(body, unread={"properties": gap})


def _tenant(bodies: Iterable[tuple[Path, Mapping[str, Json]]]) -> str:
    """The tenant, where all rows of a Resource Graph query name the same one."""
    tenants = {str(body["tenantId"]).lower() for _, body in bodies if body.get("tenantId")}
    return tenants.pop() if len(tenants) == 1 else ""


def _notices(resources: Iterable[Resource]) -> Iterator[str]:
    bare = sum(1 for resource in resources if resource.unread)
    if bare:
        yield (
            f"{bare} resource{'s have' if bare > 1 else ' has'} no properties in the export, so rules over these are "
            "unknown; export with `az graph query` or `az rest` instead"
        )
