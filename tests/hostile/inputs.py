"""Hostile inputs of every kind that the program reads, made from real ones by a seeded dice; and what each is fed to.

By hand, as long as wanted: `python -m tests.hostile.inputs 10000 [seed]`.
"""

from __future__ import annotations

import copy
import io
import json
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import typer

from auditor.api import audit, draw, foresee, plan_fixes, render, what_if
from auditor.azure.clouds import load_cloud
from auditor.cli.app import app
from auditor.cli.settings.file import read_config
from auditor.errors import AuditorError
from auditor.evaluate.baseline import load_baseline
from auditor.evaluate.exemption_files import load_exemptions
from auditor.evaluate.policy_exemptions import tenant_of, understand
from auditor.evaluate.property_diff import property_changes
from auditor.facts.registry import FactStore
from auditor.inventory.stumbles import be_strict
from auditor.report.fix_answer import plan_as_json, plan_as_text
from auditor.report.fix_scripts import as_bash, as_bicep, as_powershell, as_terraform
from auditor.resources import data_path
from auditor.rules.frameworks import load_framework
from auditor.rules.loader import load_rules
from auditor.rules.model import Change
from auditor.rules.policy.documents import policy_objects
from auditor.snapshot.demo import open_demo
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.opening import open_source
from auditor.snapshot.query import views_of
from auditor.snapshot.source import Source
from auditor.snapshot.store import Snapshot
from auditor.snapshot.tables import TABLES, rows_of, snapshot_of

Dice = random.Random
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), "", " ", "x", "²", "\ud800", "\x00", "\u202e"),
    *([], {}, [None], ["x"], [[]], [{}], {"a": 1}, {"id": None}, {"": ""}, {"$secret": {"kind": ["a"]}}, {"properties": "x"}),
    *("0.0.0.0/0", "::/0", "10.0.0.0/99", "1-", "99999", "*", "true", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00+14:00"),
    *("/subscriptions/", "/subscriptions//providers/", "//", "/providers/x", "https://[", "https://x:99999999/", "%zz", "@(", "[("),
    *("x;Shared Access Signature=se=1&sig=", "Password=;", "a,password=", "jdbc:x://", "Identity:Password:RequiredLength"),
)  # fmt: skip
DEEP: Any = "x"
for _ in range(120):
    DEEP = {"a": [DEEP]}


def spoilt(value: Any, dice: Dice, share: float) -> Any:
    """A copy in which a share of the parts is junk, gone, doubled, wrapped or of another kind."""
    if dice.random() < share:
        return _changed(value, dice)
    if isinstance(value, Mapping):
        return {
            (key if dice.random() > share / 4 else str(dice.choice(JUNK))): spoilt(inner, dice, share)
            for key, inner in value.items()
            if dice.random() > share / 4
        }
    return [spoilt(inner, dice, share) for inner in value] if isinstance(value, list) else value


def members_spoilt(body: Mapping[str, Any], dice: Dice, share: float) -> dict[str, Any]:
    """A body that stays one, with its members spoilt."""
    return {key: spoilt(inner, dice, share) for key, inner in body.items()}


def _changed(value: Any, dice: Dice) -> Any:
    match dice.randrange(10):
        case 0:
            return [value]
        case 1:
            return {"a": value}
        case 2:
            return str(value)
        case 3:
            return [value, value, value]
        case 4 if isinstance(value, list) and value:
            return value[0]
        case 4 if isinstance(value, str):
            return value * dice.choice((2, 500))
        case 5:
            return copy.deepcopy(DEEP)
        case _:
            return dice.choice(JUNK)


def torn(data: bytes, dice: Dice) -> bytes:
    """Bytes cut, flipped, doubled or with something else in them."""
    at, to = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
    match dice.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[to:] if to - at < 2000 else data[:at]
        case 2:
            return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        case 3:
            sign = dice.choice(
                (b"[" * 3000, b"{" * 50, b'"', b"\x00", b"\xff\xfe", b"9" * 5000, b"&a [*a]", b"\n", b"'", b": ", b"- ")
            )
            return data[:at] + sign + data[at:]
        case 4:
            return b"\xef\xbb\xbf" + data
        case _:
            return data[:at] + data[at:to][:200] * 20 + data[to:]


@cache
def bodies() -> tuple[Mapping[str, Any], ...]:
    """Bodies of the demo tenant and of every rule's examples."""
    found = [resource.body for resource in open_demo().inventory]
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


@dataclass
class Tally:
    """What became of the inputs."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    """Mistakes that stayed with one resource, by where they were."""
    crashed: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)


def _audited(path: Path, tally: Tally) -> None:
    source = open_source(path)
    facts = FactStore(source.inventory)
    report = draw(audit(source, rules(), facts=facts), source, facts)
    for notice in (*source.notices, *report.notices):
        if " in " in notice and notice.endswith(")"):
            tally.held[notice.rpartition("(")[2].rstrip(")")] += 1
    for output_format in ("json", "sarif", "html", "csv", "markdown", "junit", "ocsf", "table"):
        render(report, output_format)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, default=str).encode()


def _export(dice: Dice, folder: Path, tally: Tally) -> None:
    chosen = dice.sample(bodies(), 12)
    share = dice.choice((0.02, 0.1, 0.3))
    made = [{key: spoilt(inner, dice, share) for key, inner in body.items()} for body in chosen]
    for body, real in zip(made, chosen, strict=True):
        if dice.random() < 0.9:
            body["id"], body["type"] = real["id"], real.get("type")
    path = folder / "export.json"
    path.write_bytes(_json(made))
    _audited(path, tally)


def _torn_export(dice: Dice, folder: Path, tally: Tally) -> None:
    path = folder / dice.choice(("export.json", "export.jsonl"))
    chosen = dice.sample(bodies(), 6)
    data = b"\n".join(map(_json, chosen)) if path.suffix == ".jsonl" else _json({"value": chosen})
    path.write_bytes(torn(data, dice))
    _audited(path, tally)


@cache
def _snapshot_bytes() -> bytes:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tenant.db"
        with Snapshot.create(path, Manifest(source="live", started_at=now, finished_at=None)) as snapshot:
            for body in bodies()[:40]:
                snapshot.add("/", str(body.get("type") or "Contoso.Any/things"), [body])
            snapshot.finish(now)
        return path.read_bytes()


def _snapshot(dice: Dice, folder: Path, tally: Tally) -> None:
    path = folder / "tenant.db"
    data = bytearray(_snapshot_bytes())
    for _ in range(dice.choice((1, 5, 50))):
        data[dice.randrange(len(data))] = dice.randrange(256)
    path.write_bytes(bytes(data[: dice.randrange(len(data))]) if dice.random() < 0.2 else bytes(data))
    views_of(path)
    _audited(path, tally)


@cache
def _rule_texts() -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(data_path("rules").rglob("*.yaml"))]


def _rule(dice: Dice, folder: Path, _tally: Tally) -> None:
    name, text = dice.choice(_rule_texts())
    path = folder / name
    path.write_bytes(torn(text, dice))
    load_rules([path], builtin=False, examples=dice.random() < 0.5)


def _rule_values(dice: Dice, folder: Path, _tally: Tally) -> None:
    import yaml

    name, text = dice.choice(_rule_texts())
    path = folder / name
    read = yaml.safe_load(text)
    path.write_text(
        yaml.safe_dump(
            json.loads(_json({key: inner if key == "id" else spoilt(inner, dice, 0.02) for key, inner in read.items()}))
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


def _policy(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "policy.json"
    data = _json([spoilt(_POLICY, dice, 0.06), spoilt(_INITIATIVE, dice, 0.06)])
    path.write_bytes(torn(data, dice) if dice.random() < 0.3 else data)
    load_rules([path], builtin=False)


_EXEMPTIONS = b"""exemptions:
  - rule: storage-https-only
    resource: /subscriptions/*/resourceGroups/rg
    reason: accepted by the owner
    owner: somebody@contoso.com
    expires: 2027-01-01
"""


def _exemptions(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "exemptions.yaml"
    path.write_bytes(torn(_EXEMPTIONS, dice))
    load_exemptions([path])


@cache
def _reports() -> tuple[bytes, bytes]:
    report = audit(open_demo(), rules()[:40])
    made = (render(report, name).data for name in ("json", "sarif"))
    return tuple(data if isinstance(data, bytes) else data.encode() for data in made)  # type: ignore[return-value]


def _baseline(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "baseline.json"
    data = dice.choice(_reports())
    changed = torn(data, dice) if dice.random() < 0.4 else _json(spoilt(json.loads(data), dice, 0.01))
    path.write_bytes(changed)
    load_baseline(path)


def _comparison(dice: Dice, folder: Path, _tally: Tally) -> None:
    """A report that somebody changed against the same one, and resources of two exports."""
    from auditor.cli.diff import _of_reports

    plain = json.loads(_reports()[0])
    _of_reports([plain, members_spoilt(plain, dice, 0.0005)], folder / "a.json", folder / "b.json")
    paths = (folder / "old.json", folder / "new.json")
    chosen = dice.sample(bodies(), 6)
    for path in paths:
        path.write_bytes(_json([{**members_spoilt(body, dice, 0.05), "id": body["id"]} for body in chosen]))
    list(property_changes(*(open_source(path).inventory for path in paths)))


def _acceptance(dice: Dice, folder: Path, _tally: Tally) -> None:
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
        _json([{**members_spoilt(body, dice, 0.1), "id": body["id"], "type": body["type"]} for body in tenant])
    )
    source = open_source(path)
    stored = [found for resource in source.inventory for found in policy_objects(path, dict(resource.body))]
    understand(tenant_of(stored, source.inventory, source.manifest, stored=True), (scope.rpartition("/")[2],))


_CONFIG = b"""tenant = "contoso.onmicrosoft.com"
select = ["storage-*"]
[scan]
fail-on = "high"
report = ["csv=all.csv"]
exemptions = ["a.yaml"]
width = 90
[rules.list]
format = "json"
"""


def _config(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "auditor.toml"
    path.write_bytes(torn(_CONFIG, dice))
    read_config(path, typer.main.get_command(app), named=dice.random() < 0.5)


_FRAMEWORK = b"""id: our-own
name: Ours
version: "1"
controls:
  - id: A.1
    title: Storage is encrypted
    rules: [storage-*, encryption-at-rest]
  - {id: A.2, title: Networks, section: Two, rules: [network]}
"""


def _framework(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "own.yaml"
    path.write_bytes(torn(_FRAMEWORK, dice))
    load_framework(path, rules())


_CLOUD = {
    "name": "Stack",
    "endpoints": {
        "activeDirectory": "https://login.stack.example/adfs",
        "activeDirectoryResourceId": "https://management.stack.example/4a5b",
        "microsoftGraphResourceId": "https://graph.stack.example",
        "resourceManager": "https://management.local.stack.example",
    },
    "suffixes": {"keyvaultDns": ".vault.stack.example"},
}


def _cloud(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "cloud.json"
    data = _json(spoilt(_CLOUD, dice, 0.1))
    path.write_bytes(torn(data, dice) if dice.random() < 0.3 else data)
    load_cloud(str(path))


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


def _code(dice: Dice, folder: Path, _tally: Tally) -> None:
    """Code by itself, or laid over a tenant."""
    made = dice.choice((lambda: _TEMPLATE, lambda: _TERRAFORM, lambda: _what_if_answer(dice)))()
    path = folder / "code.json"
    data = _json(members_spoilt(made, dice, dice.choice((0.01, 0.05, 0.15))))
    path.write_bytes(torn(data, dice) if dice.random() < 0.15 else data)
    base = open_demo() if dice.random() < 0.3 else None
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
    found = foresee([path], base, scope=scope)
    report = audit(found.source, rules()[:120])
    render(report, "json")


def _parameters(dice: Dice, folder: Path, _tally: Tally) -> None:
    """A template with a parameter file that somebody changed."""
    (folder / "main.json").write_bytes(_json(_TEMPLATE))
    given = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"names": {"value": ["a", "b"]}, "open": {"value": False}, "tier": {"value": {"name": "P"}}},
    }
    data = _json(members_spoilt(given, dice, 0.15))
    (folder / "main.parameters.json").write_bytes(torn(data, dice) if dice.random() < 0.3 else data)
    foresee([folder / "main.json", folder / "main.parameters.json"])


def _fixes(dice: Dice, folder: Path, _tally: Tally) -> None:
    """A plan of fixes over spoilt bodies, in every form."""
    chosen = dice.sample(bodies(), 14)
    made = [{**members_spoilt(body, dice, 0.08), "id": body["id"], "type": body.get("type")} for body in chosen]
    path = folder / "export.json"
    path.write_bytes(_json(made))
    source = open_source(path, assume_complete=dice.random() < 0.5)
    plan = plan_fixes(source, rules()[:: dice.choice((3, 5, 7))])
    for answer in (as_bash, as_powershell, as_bicep, as_terraform):
        answer(plan)
    plan_as_json("x", plan)
    plan_as_text(plan, 80)
    target = dice.choice(list(source.inventory)) if len(source.inventory) else None
    if target is not None:
        change = Change("properties.publicNetworkAccess", dice.choice(JUNK))
        plan_as_json("x", what_if(source, {target.id: [change]}, rules()[:40]))


def _rows(dice: Dice, _folder: Path, _tally: Tally) -> None:
    """The rows of a snapshot, as another engine may give them back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tenant.db"
        path.write_bytes(_snapshot_bytes())
        with Snapshot.open(path) as snapshot:
            rows = {table: [list(row) for row in rows_of(snapshot, table)] for table in TABLES}
    for _ in range(dice.choice((1, 4, 20))):
        table = dice.choice(list(rows))
        if rows[table]:
            row = dice.choice(rows[table])
            junk = (None, "", "x", "{", "[]", "null", "\ud800", "9" * 400, '{"a": 1}', "1", "complete")
            row[dice.randrange(len(row))] = dice.choice(junk)
    if dice.random() < 0.2:
        rows[dice.choice(list(rows))] = []
    with snapshot_of(rows, "rows") as made:
        audit(Source(made.manifest, made.inventory()), rules()[:60])


KINDS: Mapping[str, tuple[int, Callable[[Dice, Path, Tally], None]]] = {
    "bodies": (4, _export),
    "export files": (2, _torn_export),
    "snapshots": (2, _snapshot),
    "rule files": (3, _rule),
    "rules": (2, _rule_values),
    "policies": (3, _policy),
    "exemptions": (2, _exemptions),
    "baselines": (1, _baseline),
    "comparisons": (1, _comparison),
    "policy exemptions": (2, _acceptance),
    "configuration": (2, _config),
    "frameworks": (2, _framework),
    "clouds": (2, _cloud),
    "code": (6, _code),
    "parameters": (1, _parameters),
    "fixes": (3, _fixes),
    "rows": (2, _rows),
}
"""Each kind, and its share."""


def feed(count: int, seed: int, *, slow_s: float = 10.0) -> Tally:
    """Make `count` inputs and feed them; every one must end in a value or in an error that users are meant to see."""
    tally = Tally()
    kinds = [kind for kind, (share, _) in KINDS.items() for _ in range(share)]
    be_strict(False)
    for ready in (bodies, rules, _snapshot_bytes, _rule_texts, _reports):
        ready()  # what is read once says nothing of an input's time
    with tempfile.TemporaryDirectory() as place, redirect_stderr(io.StringIO()):
        for number in range(count):
            dice = random.Random(f"{seed} {number}")  # noqa: S311 - repeats itself on purpose
            kind = kinds[number % len(kinds)]
            folder = Path(place) / str(number % 50)
            folder.mkdir(exist_ok=True)
            started = time.process_time()
            tally.tried[kind] += 1
            try:
                KINDS[kind][1](dice, folder, tally)
            except AuditorError:
                tally.refused[kind] += 1
            except BaseException as error:  # also what ends a program
                if isinstance(error, KeyboardInterrupt):
                    raise
                where = traceback.extract_tb(error.__traceback__)[-1]
                tally.crashed.append(
                    f"{kind} {number}: {type(error).__name__} {error!s:.80} in {where.filename}:{where.lineno}"
                )
            if (took_s := time.process_time() - started) > slow_s:
                tally.slow.append(f"{kind} {number}: {took_s:.1f} s")
    return tally


def main() -> None:
    """Feed as many as asked and say what became of them."""
    import resource

    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.monotonic()
    tally = feed(count, seed)
    print(f"{count} inputs, seed {seed}, {time.monotonic() - started:.0f} s")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most")
    for kind, number in tally.tried.items():
        print(f"  {kind}: {number}, refused with an error {tally.refused[kind]}")
    print(f"crashed: {len(tally.crashed)}, slow: {len(tally.slow)}, held: {sum(tally.held.values())}")
    print(f"{len({str(body.get('type')).lower() for body in bodies()})} types of resources among the bodies")
    for line in (*tally.crashed[:60], *tally.slow[:20]):
        print("  ", line)
    for place, number in tally.held.most_common(40):
        print(f"   held {number}: {place}")


if __name__ == "__main__":
    main()
