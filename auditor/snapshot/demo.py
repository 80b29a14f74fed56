"""The built-in demo tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.resources import data_path
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source


class DemoCoverage:
    """Everything was read but what the demo's manifest lists as gaps."""

    def __init__(self, gaps: Sequence[Gap]) -> None:
        self._gaps = tuple((ids.type_key(gap.type), ids.id_key(gap.scope), gap) for gap in gaps)

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        """See `Coverage.gap`."""
        place = None if scope is None else ids.id_key(scope)
        for kind, where, gap in self._gaps:
            if kind == type_key and (place is None or place == where or place.startswith(where + "/")):
                return gap
        return None


def open_demo() -> Source:
    """The demo tenant, as if it had just been collected."""
    import orjson

    folder = data_path("demo")
    described: dict[str, Any] = orjson.loads((folder / "manifest.json").read_bytes())
    gaps = [Gap(**values) for values in described["gaps"]]
    resources = [
        Resource.from_body(body, resource_type=str(body.get("type", "")))
        for path in _files(folder)
        for body in orjson.loads(path.read_bytes())
    ]
    manifest = Manifest(
        source="demo",
        started_at=datetime.fromisoformat(described["started_at"]),
        finished_at=datetime.fromisoformat(described["finished_at"]),
        tenant=described["tenant"],
        subscriptions=described["subscriptions"],
        management_groups={guid: tuple(names) for guid, names in described["management_groups"].items()},
        scopes=("/",),
    )
    return Source(manifest, Inventory(resources, DemoCoverage(gaps), gaps, manifest.management_groups))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.json") if path.name != "manifest.json")
