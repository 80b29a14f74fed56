"""Small bodies, templates and what-if results, and the world that code makes of a base."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from auditor import api
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import Rule
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app"
STORAGE = "Microsoft.Storage/storageAccounts"
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def template(*resources: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "$schema": f"{_SCHEMA}deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        **more,
        "resources": [*resources],
    }


def parameters(**values: Any) -> dict[str, Any]:
    given = {name: {"value": value} for name, value in values.items()}
    return {"$schema": f"{_SCHEMA}deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters": given}


def account(name: str = "stapp", **properties: Any) -> dict[str, Any]:
    return {"type": STORAGE, "apiVersion": "2023-05-01", "name": name, "kind": "StorageV2", "properties": properties}


def what_if(*changes: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": "Succeeded", "error": None, "changes": [*changes]}


def base_of(*bodies: Mapping[str, Any]) -> Source:
    resources = [Resource.from_body(body) for body in bodies]
    manifest = Manifest("tenant.db", _NOW, _NOW, subscriptions={SUBSCRIPTION: "app"})
    return Source(manifest, Inventory(resources))


def foreseen(
    files: Mapping[str, Any], folder: Path, base: Source | None = None, *, paths: Sequence[str] = ()
) -> api.Foreseen:
    """The world that some files make; values that are no text are written as JSON."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    chosen = [folder / name for name in paths or files]
    return api.foresee(chosen, base, scope=GROUP, repository=folder)


@cache
def _catalogue() -> Mapping[str, Rule]:
    return {rule.id: rule for rule in api.choose_rules().rules}


def rules(*names: str) -> list[Rule]:
    return [_catalogue()[name] for name in names]


def outcomes(source: Source, *names: str) -> dict[str, str]:
    """Outcome by rule and resource name."""
    report = api.audit(source, rules(*names), keep_passed=True)
    return {f"{result.rule.id} {result.subject.name}": result.outcome.value for result in report.results}
