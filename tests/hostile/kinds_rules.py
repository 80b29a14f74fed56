"""Hostile rules, policies and exemptions."""

from __future__ import annotations

import json
from pathlib import Path

from auditor.evaluate.exemption_files import load_exemptions
from auditor.evaluate.policy_exemptions import tenant_of, understand
from auditor.rules.loader import load_rules
from auditor.rules.policy.documents import policy_objects
from auditor.snapshot.opening import open_source
from tests.hostile.mutations import Dice, as_json, members_spoilt, spoilt, torn
from tests.hostile.seeds import rule_texts
from tests.hostile.tally import Tally


def rule_file(dice: Dice, folder: Path, _tally: Tally) -> None:
    name, text = dice.choice(rule_texts())
    path = folder / name
    path.write_bytes(torn(text, dice))
    load_rules([path], builtin=False, examples=dice.random() < 0.5)


def rule_values(dice: Dice, folder: Path, _tally: Tally) -> None:
    import yaml

    name, text = dice.choice(rule_texts())
    path = folder / name
    read = yaml.safe_load(text)
    path.write_text(
        yaml.safe_dump(
            json.loads(
                as_json({key: inner if key == "id" else spoilt(inner, dice, 0.02) for key, inner in read.items()})
            )
        ),
        "utf-8",
        "replace",
    )
    load_rules([path], builtin=False, examples=True)


_POLICY = {
    "name": "p",
    "id": "/providers/Microsoft.Authorization/policyDefinitions/p",
    "type": "Microsoft.Authorization/policyDefinitions",
    "properties": {
        "displayName": "P",
        "mode": "All",
        "metadata": {"category": "Storage"},
        "parameters": {"effect": {"type": "String", "defaultValue": "AuditIfNotExists", "allowedValues": ["Audit"]}},
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                    {"count": {"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]"}, "greater": 0},
                    {"value": "[length(field('name'))]", "less": 5},
                ]
            },
            "then": {
                "effect": "[parameters('effect')]",
                "details": {
                    "type": "Microsoft.Insights/diagnosticSettings",
                    "existenceCondition": {
                        "field": "Microsoft.Insights/diagnosticSettings/logs.enabled",
                        "equals": "true",
                    },
                },
            },
        },
    },
}


_INITIATIVE = {
    "name": "i",
    "properties": {
        "displayName": "I",
        "policyDefinitionGroups": [{"name": "g", "displayName": "G"}],
        "policyDefinitions": [
            {"policyDefinitionId": _POLICY["id"], "groupNames": ["g"], "parameters": {"effect": {"value": "Audit"}}}
        ],
    },
}


def policies(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "policy.json"
    data = as_json([spoilt(_POLICY, dice, 0.06), spoilt(_INITIATIVE, dice, 0.06)])
    path.write_bytes(torn(data, dice) if dice.random() < 0.3 else data)
    load_rules([path], builtin=False)


_EXEMPTIONS = b"""exemptions:
  - rule: storage-https-only
    resource: /subscriptions/*/resourceGroups/rg
    reason: accepted by the owner
    owner: somebody@contoso.com
    expires: 2027-01-01
"""


def exemptions(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "exemptions.yaml"
    path.write_bytes(torn(_EXEMPTIONS, dice))
    load_exemptions([path])


def acceptance(dice: Dice, folder: Path, _tally: Tally) -> None:
    """Exemptions that Azure Policy holds, in a tenant's own resources."""
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111"
    authorization = f"{scope}/providers/Microsoft.Authorization"
    tenant = [
        {"id": scope, "type": "Microsoft.Resources/subscriptions", "name": "s"},
        {"type": "Microsoft.Authorization/policyDefinitions", **_POLICY, "id": f"{authorization}/policyDefinitions/p"},
        {
            "id": f"{authorization}/policyAssignments/a",
            "type": "Microsoft.Authorization/policyAssignments",
            "name": "a",
            "properties": {"policyDefinitionId": f"{authorization}/policyDefinitions/p", "scope": scope},
        },
        {
            "id": f"{authorization}/policyExemptions/e",
            "type": "Microsoft.Authorization/policyExemptions",
            "name": "e",
            "properties": {
                "policyAssignmentId": f"{authorization}/policyAssignments/a",
                "exemptionCategory": "Waiver",
                "expiresOn": "2027-01-01T00:00:00Z",
                "resourceSelectors": [{"name": "x", "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}],
            },
        },
    ]
    path = folder / "export.json"
    path.write_bytes(
        as_json([{**members_spoilt(body, dice, 0.1), "id": body["id"], "type": body["type"]} for body in tenant])
    )
    source = open_source(path)
    stored = [found for resource in source.inventory for found in policy_objects(path, dict(resource.body))]
    understand(tenant_of(stored, source.inventory, source.manifest, stored=True), (scope.rpartition("/")[2],))
