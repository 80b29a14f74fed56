"""Hostile infrastructure as code: templates, plans, what-if results and parameter files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.api import audit, foresee, render
from auditor.snapshot.demo import open_demo
from tests.hostile.mutations import Dice, as_json, members_spoilt, torn
from tests.hostile.seeds import bodies, rules
from tests.hostile.tally import Tally

_TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "names": {"type": "array", "defaultValue": ["st1", "st2"]},
        "open": {"type": "bool", "defaultValue": True},
        "tier": {"type": "object", "defaultValue": {"name": "Standard_LRS"}},
    },
    "variables": {
        "prefix": "[concat('x', uniqueString(resourceGroup().id))]",
        "count": "[length(parameters('names'))]",
    },
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2023-05-01",
            "name": "[parameters('names')[copyIndex()]]",
            "location": "[resourceGroup().location]",
            "sku": "[parameters('tier')]",
            "copy": {"name": "accounts", "count": "[variables('count')]"},
            "condition": "[parameters('open')]",
            "properties": {
                "minimumTlsVersion": "TLS1_0",
                "networkAcls": {"defaultAction": "[if(parameters('open'), 'Allow', 'Deny')]"},
            },
        },
        {
            "type": "Microsoft.Resources/deployments",
            "apiVersion": "2022-09-01",
            "name": "inner",
            "dependsOn": ["accounts"],
            "properties": {
                "mode": "Incremental",
                "expressionEvaluationOptions": {"scope": "inner"},
                "parameters": {"vault": {"value": "[variables('prefix')]"}},
                "template": {
                    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                    "contentVersion": "1.0.0.0",
                    "parameters": {"vault": {"type": "string"}},
                    "resources": [
                        {
                            "type": "Microsoft.KeyVault/vaults",
                            "apiVersion": "2023-07-01",
                            "name": "[parameters('vault')]",
                            "properties": {
                                "tenantId": "[subscription().tenantId]",
                                "sku": {"family": "A", "name": "standard"},
                            },
                        }
                    ],
                    "outputs": {
                        "id": {
                            "type": "string",
                            "value": "[resourceId('Microsoft.KeyVault/vaults', parameters('vault'))]",
                        }
                    },
                },
            },
        },
    ],
}


_TERRAFORM = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "planned_values": {
        "root_module": {
            "resources": [
                {
                    "address": "azurerm_storage_account.a",
                    "mode": "managed",
                    "type": "azurerm_storage_account",
                    "name": "a",
                    "provider_name": "registry.terraform.io/hashicorp/azurerm",
                    "values": {
                        "name": "st1",
                        "resource_group_name": "rg",
                        "location": "westeurope",
                        "min_tls_version": "TLS1_0",
                        "network_rules": [{"default_action": "Allow", "ip_rules": []}],
                    },
                }
            ],
            "child_modules": [
                {
                    "address": "module.m",
                    "resources": [
                        {
                            "address": "module.m.azapi_resource.v[0]",
                            "mode": "managed",
                            "type": "azapi_resource",
                            "name": "v",
                            "index": 0,
                            "values": {
                                "type": "Microsoft.KeyVault/vaults@2023-07-01",
                                "name": "kv1",
                                "body": {"properties": {"enableRbacAuthorization": False}},
                            },
                        }
                    ],
                }
            ],
        }
    },
    "resource_changes": [
        {
            "address": "azurerm_storage_account.a",
            "mode": "managed",
            "type": "azurerm_storage_account",
            "name": "a",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {
                    "name": "st1",
                    "resource_group_name": "rg",
                    "location": "westeurope",
                    "min_tls_version": "TLS1_0",
                },
                "after_unknown": {"id": True, "identity": [{"principal_id": True}]},
            },
        },
        {
            "address": "module.m.azapi_resource.v[0]",
            "mode": "managed",
            "type": "azapi_resource",
            "name": "v",
            "index": 0,
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {
                    "type": "Microsoft.KeyVault/vaults@2023-07-01",
                    "name": "kv1",
                    "body": {"properties": {"enableRbacAuthorization": False}},
                },
                "after_unknown": {"id": True},
            },
        },
    ],
    "configuration": {
        "root_module": {
            "resources": [{"address": "azurerm_storage_account.a", "expressions": {"name": {"references": ["var.n"]}}}]
        }
    },
}


def _what_if_answer(dice: Dice) -> dict[str, Any]:
    chosen = [body for body in dice.sample(bodies(), 5) if str(body["id"]).startswith("/subscriptions/")]
    kinds = ("Create", "Modify", "Delete", "NoChange", "Ignore", "Deploy", "Unsupported")
    return {
        "status": "Succeeded",
        "changes": [
            {
                "resourceId": body["id"],
                "changeType": dice.choice(kinds),
                "before": dict(body),
                "after": dict(body),
                "delta": [],
            }
            for body in chosen
        ],
    }


def code(dice: Dice, folder: Path, _tally: Tally) -> None:
    """Code by itself, or laid over a tenant."""
    made = dice.choice((lambda: _TEMPLATE, lambda: _TERRAFORM, lambda: _what_if_answer(dice)))()
    path = folder / "code.json"
    data = as_json(members_spoilt(made, dice, dice.choice((0.01, 0.05, 0.15))))
    path.write_bytes(torn(data, dice) if dice.random() < 0.15 else data)
    base = open_demo() if dice.random() < 0.3 else None
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
    found = foresee([path], base, scope=scope)
    report = audit(found.source, rules()[:120])
    render(report, "json")


def parameters(dice: Dice, folder: Path, _tally: Tally) -> None:
    """A template with a parameter file that somebody changed."""
    (folder / "main.json").write_bytes(as_json(_TEMPLATE))
    given = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"names": {"value": ["a", "b"]}, "open": {"value": False}, "tier": {"value": {"name": "P"}}},
    }
    data = as_json(members_spoilt(given, dice, 0.15))
    (folder / "main.parameters.json").write_bytes(torn(data, dice) if dice.random() < 0.3 else data)
    foresee([folder / "main.json", folder / "main.parameters.json"])
