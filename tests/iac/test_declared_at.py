"""Resources found in the code that declares them, and never in code that might."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.iac import declared_at
from auditor.inventory.model import Resource

STORAGE = "Microsoft.Storage/storageAccounts"
BICEP = """param location string = resourceGroup().location
param logsName string = 'stlogs'
var vaultName = 'kv-main'

// resource commented 'Microsoft.Storage/storageAccounts@2023-05-01' = { name: 'stcomment' }
resource logs 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: logsName
  properties: {
    name: 'stother'
    note: 'a brace } in text'
  }
}

resource blob 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: logs
  name: 'default'
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = if (deployVault) {
  name: vaultName
}

resource theirs 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: 'sttheirs'
}

resource computed 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'st${uniqueString(resourceGroup().id)}'
}

resource many 'Microsoft.Storage/storageAccounts@2023-05-01' = [for n in names: {
  name: 'stmany'
}]

resource api 'Microsoft.Web/sites@2023-12-01' = {
  name: '${prefix}-api'
  tags: union(tags, { 'azd-service-name': 'api' })
}
"""
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string", "defaultValue": "stparam"}},
    "variables": {"vault": "kv-var"},
    "resources": [
        {"type": STORAGE, "name": "[parameters('name')]", "resources": [{"type": "blobServices", "name": "default"}]},
        {"type": "Microsoft.KeyVault/vaults", "name": "[variables('vault')]"},
        {"type": STORAGE, "name": "[concat('st', uniqueString('x'))]"},
        {"type": STORAGE, "name": "stloop", "copy": {"name": "loop", "count": 2}},
    ],
}
TERRAFORM = """variable "kv" {
  default = "kv-tf"
}
locals {
  group = "rg"
}
resource "azurerm_storage_account" "logs" {
  name = "sttf"
  network_rules {
    name = "inner"
  }
}
# resource "azurerm_storage_account" "old" {
resource "azurerm_key_vault" "main" {
  name = var.kv
}
resource "azurerm_storage_account" "several" {
  count = 2
  name  = "stseveral"
}
resource "azapi_resource" "vault" {
  type = "Microsoft.KeyVault/vaults@2023-07-01"
  name = "kv-azapi"
}
resource "azurerm_storage_account" "computed" {
  name = "st${random_id.x.hex}"
}
"""


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., dict[str, tuple[str, int]]]:
    """`found({"main.bicep": text}, resource, ...)`: file and line by resource name."""

    def find(files: dict[str, str], *resources: Resource) -> dict[str, tuple[str, int]]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        declared = declared_at(tmp_path, resources)
        names = {resource.key: resource.name for resource in resources}
        return {names[key]: (one.place.uri, one.place.start_line) for key, one in declared.items()}

    return find


def resource(kind: str, name: str, *, group: str = "rg", **more: Any) -> Resource:
    namespace, *kinds = kind.split("/")
    tail = "/".join(f"{k}/{n}" for k, n in zip(kinds, name.split("/"), strict=True))
    return Resource.from_body({"id": f"/subscriptions/s/resourceGroups/{group}/providers/{namespace}/{tail}", **more})


def line(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (STORAGE, "stlogs", "resource logs"),
        (STORAGE, "STLOGS", "resource logs"),
        (STORAGE + "/blobServices", "stlogs/default", "resource blob"),
        ("Microsoft.KeyVault/vaults", "kv-main", "resource vault"),
    ],
)
def test_bicep_declarations_are_found(kind: str, name: str, words: str, found):
    wanted = resource(kind, name)

    assert found({"infra/main.bicep": BICEP}, wanted) == {wanted.name: ("infra/main.bicep", line(BICEP, words))}


@pytest.mark.parametrize("name", ["sttheirs", "stcomment", "stother", "stmany", "st", "stabc"])
def test_bicep_that_only_refers_loops_or_computes_is_no_match(name: str, found):
    assert found({"main.bicep": BICEP}, resource(STORAGE, name)) == {}


def test_the_type_must_be_the_same(found):
    assert found({"main.bicep": BICEP}, resource("Microsoft.Batch/batchAccounts", "stlogs")) == {}


def test_a_service_tag_leads_to_the_declaration_with_that_tag(found):
    site = resource("Microsoft.Web/sites", "app-x1y2", tags={"azd-service-name": "api"})

    assert found({"main.bicep": BICEP}, site) == {"app-x1y2": ("main.bicep", line(BICEP, "resource api"))}


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (STORAGE, "stparam", '"type": "Microsoft.Storage/storageAccounts"'),
        (STORAGE + "/blobServices", "stparam/default", '"type": "blobServices"'),
        ("Microsoft.KeyVault/vaults", "kv-var", '"type": "Microsoft.KeyVault/vaults"'),
    ],
)
def test_arm_template_declarations_are_found(kind: str, name: str, words: str, found):
    text = json.dumps(TEMPLATE, indent=2)
    wanted = resource(kind, name)

    assert found({"azuredeploy.json": text}, wanted) == {wanted.name: ("azuredeploy.json", line(text, words))}


def test_arm_loops_and_other_json_are_no_match(found):
    other = json.dumps({"resources": [{"type": STORAGE, "name": "stx"}]})

    assert (
        found({"a.json": json.dumps(TEMPLATE), "b.json": other}, resource(STORAGE, "stloop"), resource(STORAGE, "stx"))
        == {}
    )


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (STORAGE, "sttf", '"logs"'),
        ("Microsoft.KeyVault/vaults", "kv-tf", '"main"'),
        ("Microsoft.KeyVault/vaults", "kv-azapi", '"azapi_resource"'),
    ],
)
def test_terraform_declarations_are_found(kind: str, name: str, words: str, found):
    assert found({"main.tf": TERRAFORM}, resource(kind, name)) == {name: ("main.tf", line(TERRAFORM, words))}


@pytest.mark.parametrize("name", ["inner", "stseveral", "st"])
def test_terraform_that_loops_or_computes_is_no_match(name: str, found):
    assert found({"main.tf": TERRAFORM}, resource(STORAGE, name)) == {}


def test_a_terraform_state_knows_computed_names(found):
    wanted = resource(STORAGE, "st0a1b2c")
    state = {
        "version": 4,
        "resources": [
            {
                "mode": "managed",
                "type": "azurerm_storage_account",
                "name": "computed",
                "instances": [{"attributes": {"id": wanted.id, "primary_access_key": "not read"}}],
            }
        ],
    }

    places = found({"main.tf": TERRAFORM, "terraform.tfstate": json.dumps(state)}, wanted)

    assert places == {"st0a1b2c": ("main.tf", line(TERRAFORM, '"computed"'))}


def test_two_declarations_or_two_resources_that_could_be_meant_are_no_match(found):
    twice = {"a/main.bicep": BICEP, "b/main.bicep": BICEP}

    assert found(twice, resource(STORAGE, "stlogs")) == {}


def test_two_resources_with_the_declared_name_are_no_match(found):
    one, other = (resource("Microsoft.KeyVault/vaults", "kv-main", group=group) for group in ("rg1", "rg2"))

    assert found({"main.bicep": BICEP}, one, other) == {}


@pytest.mark.parametrize(
    "text", ["{", "\x00", "resource x 'Microsoft.Storage/storageAccounts@1' = {", '{"resources": 3}']
)
@pytest.mark.parametrize("name", ["a.bicep", "a.json", "a.tf", "a.tfstate"])
def test_broken_files_are_passed_over(text: str, name: str, found):
    assert found({name: text}, resource(STORAGE, "stlogs")) == {}
