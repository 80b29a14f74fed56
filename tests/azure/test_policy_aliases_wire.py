"""A live audit with policies reads the tenant's own aliases, and judges by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.api import audit, choose_rules
from auditor.snapshot.source import Source
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import storage_account
from tests.azure.loopback.server import serve

ALIAS = "Microsoft.Storage/storageAccounts/NewKind.guard"


def policy(folder: Path) -> Path:
    condition = {
        "allOf": [
            {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
            {"field": ALIAS, "notEquals": "on"},
        ]
    }
    properties = {"displayName": "Guarded", "mode": "All", "policyRule": {"if": condition, "then": {"effect": "audit"}}}
    file = folder / "policy.json"
    file.write_text(json.dumps({"name": "guarded", "properties": properties}))
    return file


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ({"Microsoft.Storage": {ALIAS: "properties.guard"}, "Microsoft.Web": {"Microsoft.Web/sites/x": "x"}}, "pass"),
        ({}, "fail"),  # the pattern takes NewKind for a property, and that one is not there
    ],
)
def test_the_tenants_own_aliases_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aliases: dict[str, Any], expected: str
):
    choice = choose_rules([policy(tmp_path)], builtin=False)
    with serve(LoopbackAzure([storage_account("st1", {"guard": "on"})], aliases=aliases)) as endpoints:
        done = collect_from(endpoints, choice.types, monkeypatch)
    source = Source(done.snapshot.manifest, done.snapshot.inventory())
    (result,) = audit(source, choice, keep_passed=True).results
    assert result.outcome == expected
    kept = [resource.body for resource in source.inventory.of_type("Microsoft.Resources/providers")]
    assert [body["properties"]["aliases"] for body in kept if body["name"] == "Microsoft.Web"] == [[]] * bool(aliases)


def test_without_policies_no_aliases_are_asked_for():
    assert not any("providers" in kind for kind in choose_rules(select=["storage-https-only"]).types)
