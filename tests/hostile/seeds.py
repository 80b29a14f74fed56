"""What hostile inputs are made from: bodies, rules, a snapshot and reports, each made once."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from auditor.api import audit, render
from auditor.resources import data_path
from auditor.rules.loader import load_rules
from auditor.snapshot.demo import open_demo
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.azure.shapes.answers import answers


@cache
def bodies() -> tuple[Mapping[str, Any], ...]:
    """Bodies of the demo tenant, of every rule's examples and of what services answer as published."""
    found = [*(resource.body for resource in open_demo().inventory), *(answer.body for answer in answers())]
    for number, rule in enumerate(load_rules(examples=True).rules):
        for example in (*rule.examples.fail, *rule.examples.passing):
            for index, body in enumerate(example):
                kind = str(body.get("type") or (rule.resource or ("Contoso.Any/things",))[0])
                names = "/".join(f"{part}/n{number}x{index}" for part in kind.split("/")[1:])
                own = f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/{kind.split('/', maxsplit=1)[0]}/{names}"
                found.append({"id": own, "type": kind, **body})
    return tuple(found)


@cache
def rules() -> Any:
    """The rules that judge."""
    return [rule for rule in load_rules().rules if not rule.deprecated]


@cache
def snapshot_bytes() -> bytes:
    """A snapshot of forty bodies."""
    from datetime import UTC, datetime

    now = datetime(2026, 11, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tenant.db"
        with Snapshot.create(path, Manifest(source="live", started_at=now, finished_at=None)) as snapshot:
            for body in bodies()[:40]:
                snapshot.add("/", str(body.get("type") or "Contoso.Any/things"), [body])
            snapshot.finish(now)
        return path.read_bytes()


@cache
def rule_texts() -> list[tuple[str, bytes]]:
    """Every rule file, by its name."""
    return [(path.name, path.read_bytes()) for path in sorted(data_path("rules").rglob("*.yaml"))]


@cache
def reports() -> tuple[bytes, bytes]:
    """A report of the demo, as JSON and as SARIF."""
    report = audit(open_demo(), rules()[:40])
    made = (render(report, name).data for name in ("json", "sarif"))
    return tuple(data if isinstance(data, bytes) else data.encode() for data in made)  # type: ignore[return-value]
