"""What templates and what-if results say that will be, alone and over what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.errors import ConfigError, UsageError
from auditor.inventory.model import Unread
from tests.iac.worlds import (
    GROUP,
    STORAGE,
    account,
    base_of,
    foreseen,
    outcomes,
    parameters,
    rules,
    template,
    what_if,
)

ACCOUNT = f"{GROUP}/providers/{STORAGE}/stapp"
ENDPOINT = "Microsoft.Network/privateEndpoints"
NSG = "Microsoft.Network/networkSecurityGroups"
VAULT = "Microsoft.KeyVault/vaults"
REFERENCE = "[reference(resourceId('Microsoft.KeyVault/vaults', 'kv')).vaultUri]"


def body(foretold: api.Foreseen, identifier: str) -> Any:
    resource = foretold.source.inventory.get(identifier)
    return resource.body if resource else None


@pytest.mark.parametrize(
    ("value", "more", "wanted"),
    [
        ("TLS1_2", {}, "TLS1_2"),
        ("[parameters('tls')]", {"parameters": {"tls": {"type": "string", "defaultValue": "TLS1_2"}}}, "TLS1_2"),
        ("[variables('all')[1]]", {"variables": {"all": ["TLS1_0", "TLS1_1"]}}, "TLS1_1"),
        ("[if(equals(1, 2), 'TLS1_0', 'TLS1_2')]", {}, "TLS1_2"),
        ("[concat('TLS', replace('1.2', '.', '_'))]", {}, "TLS1_2"),
        ("[[literal]", {}, "[literal]"),
        ("[resourceId('Microsoft.KeyVault/vaults', 'kv')]", {}, f"{GROUP}/providers/{VAULT}/kv"),
        ("[resourceGroup().name]", {}, "rg-app"),
        ("[environment().suffixes.storage]", {}, "core.windows.net"),
    ],
)
def test_expressions_of_a_template_are_worked_out(value: str, more: dict[str, Any], wanted: str, tmp_path: Path):
    found = foreseen({"main.json": template(account(minimumTlsVersion=value), **more)}, tmp_path)

    assert body(found, ACCOUNT)["properties"]["minimumTlsVersion"] == wanted


@pytest.mark.parametrize(
    ("value", "more", "reason"),
    [
        ("[parameters('tls')]", {"parameters": {"tls": {"type": "string"}}}, "the parameter tls has no value"),
        (
            "[concat('TLS', parameters('version'))]",
            {"parameters": {"version": {"type": "string"}}},
            "the parameter version has no value",
        ),
        (REFERENCE, {}, "reference() of kv is only known when it is deployed"),
        (
            "[if(parameters('old'), 'TLS1_0', 'TLS1_2')]",
            {"parameters": {"old": {"type": "bool"}}},
            "the parameter old has no value",
        ),
    ],
)
def test_what_only_deployment_knows_is_unknown_and_says_what_would_decide_it(
    value: str, more: dict[str, Any], reason: str, tmp_path: Path
):
    found = foreseen({"main.json": template(account(minimumTlsVersion=value), **more)}, tmp_path)

    report = api.audit(found.source, rules("storage-minimum-tls"))

    assert [result.outcome.value for result in report.results] == ["unknown"]
    assert reason in str(report.results[0].evidence)


def test_a_choice_of_which_every_value_is_right_is_decided(tmp_path: Path):
    value = "[if(parameters('new'), 'TLS1_2', 'TLS1_2')]"
    found = foreseen(
        {"main.json": template(account(minimumTlsVersion=value), parameters={"new": {"type": "bool"}})}, tmp_path
    )

    assert outcomes(found.source, "storage-minimum-tls") == {"storage-minimum-tls stapp": "pass"}


@pytest.mark.parametrize(
    "files",
    [
        {"main.json": 0, "main.parameters.json": parameters(tls="TLS1_2")},
        {"main.json": 0, "main.prod.parameters.json": parameters(tls="TLS1_2")},
        {"main.json": 0, "values/prod.json": parameters(tls="TLS1_2")},
    ],
)
def test_parameter_files_beside_or_named_with_the_template_count(files: dict[str, Any], tmp_path: Path):
    declared = {"tls": {"type": "string"}}
    files = {**files, "main.json": template(account(minimumTlsVersion="[parameters('tls')]"), parameters=declared)}

    assert body(foreseen(files, tmp_path), ACCOUNT)["properties"]["minimumTlsVersion"] == "TLS1_2"


def test_secret_parameters_are_neither_read_nor_in_the_way_of_facts(tmp_path: Path):
    server = {
        "type": "Microsoft.Sql/servers",
        "name": "sql",
        "properties": {"administratorLoginPassword": "[parameters('password')]", "publicNetworkAccess": "Enabled"},
    }
    found = foreseen(
        {
            "main.json": template(server, parameters={"password": {"type": "secureString"}}),
            "main.parameters.json": parameters(password="hunter2-hunter2"),
        },
        tmp_path,
    )
    resource = found.source.inventory.get(f"{GROUP}/providers/Microsoft.Sql/servers/sql")

    assert resource
    assert isinstance(resource.body["properties"]["administratorLoginPassword"], Unread)
    assert resource.partial is None
    assert "hunter2" not in str(resource.body)


COPIED = {**account("[concat('st', copyIndex())]"), "copy": {"name": "all", "count": 2}}
NESTED = {
    "type": "Microsoft.Resources/deployments",
    "name": "inner",
    "resourceGroup": "rg-other",
    "properties": {"template": {"resources": [account("stnested")]}},
}
LOCK = {
    "type": "Microsoft.Authorization/locks",
    "name": "keep",
    "scope": "[resourceId('Microsoft.Storage/storageAccounts', 'stapp')]",
    "properties": {},
}
OLD_LOCK = {"type": f"{STORAGE}/providers/locks", "name": "stapp/Microsoft.Authorization/keep", "properties": {}}


@pytest.mark.parametrize(
    ("resource", "identifiers"),
    [
        (account(), [ACCOUNT]),
        (COPIED, [f"{GROUP}/providers/{STORAGE}/st0", f"{GROUP}/providers/{STORAGE}/st1"]),
        ({**account(), "condition": False}, []),
        ({**account(), "condition": "[parameters('maybe')]"}, [ACCOUNT]),
        (NESTED, [f"{GROUP.replace('rg-app', 'rg-other')}/providers/{STORAGE}/stnested"]),
        (LOCK, [f"{ACCOUNT}/providers/Microsoft.Authorization/locks/keep"]),
        (OLD_LOCK, [f"{ACCOUNT}/providers/Microsoft.Authorization/locks/keep"]),
        (
            {**account(), "resources": [{"type": "blobServices", "name": "default", "properties": {}}]},
            [ACCOUNT, f"{ACCOUNT}/blobServices/default"],
        ),
        (account("[concat('st', uniqueString('x'))]"), [f"{GROUP}/providers/{STORAGE}/stuniquestring0"]),
        (account("[parameters('maybe')]"), [f"{GROUP}/providers/{STORAGE}/{{maybe}}"]),
    ],
)
def test_resources_get_the_ids_that_they_will_have(resource: dict[str, Any], identifiers: list[str], tmp_path: Path):
    other = {"type": VAULT, "name": "kv-other", "properties": {}}
    found = foreseen(
        {"main.json": template(resource, other, parameters={"maybe": {"type": "string"}})}, tmp_path
    ).source.inventory

    assert sorted(one.id for one in found if one.name != "kv-other") == sorted(identifiers)


def test_a_subscription_template_makes_its_groups(tmp_path: Path):
    text = template({"type": "Microsoft.Resources/resourceGroups", "name": "rg-new", "location": "westeurope"}, NESTED)
    text["$schema"] = text["$schema"].replace("deploymentTemplate", "subscriptionDeploymentTemplate")
    found = foreseen({"main.json": text}, tmp_path).source.inventory
    subscription = GROUP.rpartition("/resourceGroups/")[0]

    assert found.get(f"{subscription}/resourceGroups/rg-new")
    assert found.get(f"{subscription}/resourceGroups/rg-other/providers/{STORAGE}/stnested")


def endpoint(target: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    connection = {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": ["blob"]}}
    return {"type": ENDPOINT, "name": "pe", "properties": {"privateLinkServiceConnections": [connection], **more}}


@pytest.mark.parametrize(
    ("base", "resources", "outcome"),
    [
        ([], [account()], "unknown"),  # an endpoint may stand in other code
        ([], [account(), endpoint()], "pass"),  # or in another module of this one
        ([{"id": ACCOUNT, "type": STORAGE, "properties": {}}], [endpoint()], "pass"),
        ([{"id": f"{GROUP}/providers/{STORAGE}/stother", "properties": {}}], [account()], "fail"),
    ],
)
def test_a_private_endpoint_counts_wherever_it_is_declared(
    base: list[dict[str, Any]], resources: list[dict[str, Any]], outcome: str, tmp_path: Path
):
    found = foreseen({"main.json": template(*resources)}, tmp_path, base_of(*base) if base else None)

    assert outcomes(found.source, "storage-private-endpoint")["storage-private-endpoint stapp"] == outcome


def rule(name: str = "ssh", port: str = "22") -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "priority": 100,
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": port,
        },
    }


GROUP_ID = f"{GROUP}/providers/{NSG}/nsg"


def test_a_rule_that_stands_apart_belongs_to_its_group(tmp_path: Path):
    base = base_of({"id": GROUP_ID, "type": NSG, "properties": {"securityRules": []}})
    apart = {"type": f"{NSG}/securityRules", "name": "nsg/ssh", "properties": rule()["properties"]}

    found = foreseen({"main.json": template(apart)}, tmp_path, base)

    assert [one["name"] for one in body(found, GROUP_ID)["properties"]["securityRules"]] == ["ssh"]
    assert outcomes(base, "nsg-management-port-open") == {"nsg-management-port-open nsg": "pass"}
    assert outcomes(found.source, "nsg-management-port-open") == {"nsg-management-port-open nsg": "fail"}


def test_a_group_that_a_subnet_of_the_same_code_names_is_attached(tmp_path: Path):
    subnet = {"name": "app", "properties": {"networkSecurityGroup": {"id": f"[resourceId('{NSG}', 'nsg')]"}}}
    network = {"type": "Microsoft.Network/virtualNetworks", "name": "vnet", "properties": {"subnets": [subnet]}}
    group = {"type": NSG, "name": "nsg", "properties": {"securityRules": []}}
    base = base_of({"id": f"{GROUP}/providers/{STORAGE}/stother", "properties": {}})

    found = {
        name: outcomes(foreseen({f"{name}.json": template(*resources)}, tmp_path, base).source, "nsg-unattached")
        for name, resources in {"with": (network, group), "without": (group,)}.items()
    }

    assert found == {"with": {"nsg-unattached nsg": "pass"}, "without": {"nsg-unattached nsg": "fail"}}


THERE = {"a": 0, "gone": 1, "readOnly": True}
CREATE = {"resourceId": ACCOUNT, "changeType": "Create", "after": {"id": ACCOUNT, "properties": {"a": 1}}}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (CREATE, {"a": 1}),
        # what the foretelling leaves out on both sides stays, what it drops goes
        (
            {
                "resourceId": ACCOUNT,
                "changeType": "Modify",
                "before": {"id": ACCOUNT, "properties": {"a": 0, "gone": 1}},
                "after": {"id": ACCOUNT, "properties": {"a": 2}},
            },
            {"a": 2, "readOnly": True},
        ),
        ({"resourceId": ACCOUNT, "changeType": "Delete", "before": {"id": ACCOUNT}}, None),
        (
            {"resourceId": ACCOUNT, "changeType": "Ignore", "before": {"id": ACCOUNT}},
            {"a": 0, "gone": 1, "readOnly": True},
        ),
        (
            {"resourceId": ACCOUNT, "changeType": "NoChange", "before": {"id": ACCOUNT, "properties": {"a": 9}}},
            {"a": 0, "gone": 1, "readOnly": True},
        ),
    ],
)
@pytest.mark.parametrize("shape", ["command", "rest"])
def test_what_if_results_are_laid_over_the_base(change: dict[str, Any], wanted: Any, shape: str, tmp_path: Path):
    there = {"id": ACCOUNT, "type": STORAGE, "properties": THERE}
    base = base_of(*([] if change is CREATE else [there]))
    result = what_if(change)
    if shape == "rest":
        result = {"status": "Succeeded", "properties": {"changes": result["changes"]}}

    found = body(foreseen({"result.json": result}, tmp_path, base), ACCOUNT)

    assert (found["properties"] if found else None) == wanted


def test_an_expression_that_what_if_leaves_is_unknown(tmp_path: Path):
    after = {"id": ACCOUNT, "properties": {"minimumTlsVersion": "[reference('x').tls]"}}
    found = foreseen({"r.json": what_if({**CREATE, "after": after})}, tmp_path)

    assert outcomes(found.source, "storage-minimum-tls") == {"storage-minimum-tls stapp": "unknown"}


def test_changes_without_bodies_are_unknown_and_told(tmp_path: Path):
    found = foreseen({"r.json": what_if({"resourceId": ACCOUNT, "changeType": "Deploy"})}, tmp_path)

    assert outcomes(found.source, "storage-minimum-tls") == {"storage-minimum-tls stapp": "unknown"}
    assert "FullResourcePayloads" in found.source.notices[0]


def test_a_deleted_endpoint_leaves_its_service(tmp_path: Path):
    connection = {"id": f"{ACCOUNT}/privateEndpointConnections/pe", "properties": {"privateEndpoint": {"id": "PE"}}}
    connection["properties"]["privateEndpoint"]["id"] = f"{GROUP}/providers/{ENDPOINT}/pe"
    base = base_of(
        {"id": ACCOUNT, "type": STORAGE, "properties": {"privateEndpointConnections": [connection]}},
        {"id": f"{GROUP}/providers/{ENDPOINT}/pe", "properties": {}},
    )
    delete = {"resourceId": f"{GROUP}/providers/{ENDPOINT}/pe", "changeType": "Delete"}

    found = foreseen({"r.json": what_if(delete)}, tmp_path, base)

    assert body(found, ACCOUNT)["properties"]["privateEndpointConnections"] == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"x.json": {"a": 1}}, "neither code for Azure nor a what-if result"),
        ({"x.json": template()}, "declares no Azure resources"),
        ({"x.json": "{"}, "ends too early"),
        ({"x.bicep": "resource a 'A.B/c@1' = {\n  name: 'x'\n}\n"}, "neither is on the path"),
    ],
)
def test_what_cannot_be_judged_is_one_clear_error(
    files: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ConfigError, match=words):
        foreseen(files, tmp_path)


PLAN: dict[str, Any] = {"format_version": "1.2", "resource_changes": []}
CHANGE = {"address": "azurerm_storage_account.a", "mode": "managed", "type": "azurerm_storage_account", "name": "a"}


@pytest.mark.parametrize(
    "odd",
    [
        template({**account("[copyIndex()]"), "copy": {"count": "[1]"}}),
        template({**account(), "resources": 3, "tags": [], "condition": {}, "sku": None}),
        template(account(), parameters=[], variables={"copy": True}),
        template({"type": "Microsoft.Resources/deployments", "name": {}, "properties": {"template": {"resources": 1}}}),
        what_if({"resourceId": ACCOUNT, "changeType": "Modify", "before": 3, "after": {"properties": [1]}}),
        what_if({"resourceId": "", "changeType": "Create", "after": {}}),
        {**PLAN, "resource_changes": 3},
        {**PLAN, "resource_changes": [{**CHANGE, "change": {"actions": True, "after": {"name": 3, "identity": 1}}}]},
        {
            **PLAN,
            "resource_changes": [{**CHANGE, "change": {"actions": ["create"], "after": {"blob_properties": [1]}}}],
        },
    ],
)
def test_odd_values_end_no_audit(odd: Any, tmp_path: Path):
    base = base_of({"id": ACCOUNT, "type": STORAGE, "properties": {}})
    try:
        found = foreseen({"odd.json": odd}, tmp_path, base)
    except ConfigError:
        return

    assert api.audit(found.source, rules("storage-minimum-tls", "nsg-unattached"))


def test_a_scope_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "main.json").write_text(json.dumps(template(account())))

    with pytest.raises(UsageError, match="no scope"):
        api.foresee([tmp_path / "main.json"], scope="rg-app")


def test_bicep_is_compiled_where_its_compiler_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    compiler = tmp_path / "bin" / "bicep"
    compiler.parent.mkdir()
    (tmp_path / "compiled.txt").write_text(json.dumps(template(account(minimumTlsVersion="TLS1_0"))))
    compiler.write_text(f"#!/bin/sh\n/bin/cat {tmp_path / 'compiled.txt'}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(compiler.parent))

    found = foreseen({"main.bicep": "param x string\n", "lib/used.bicep": ""}, tmp_path, paths=["main.bicep"])

    assert body(found, ACCOUNT)["properties"]["minimumTlsVersion"] == "TLS1_0"
    assert found.declared == {}


def test_only_what_the_change_brings_is_new(tmp_path: Path):
    base = base_of(
        {
            "id": ACCOUNT,
            "type": STORAGE,
            "properties": {"minimumTlsVersion": "TLS1_0", "supportsHttpsTrafficOnly": True},
        }
    )
    choice = rules("storage-minimum-tls", "storage-https-only")
    changed = template(account(minimumTlsVersion="TLS1_0", supportsHttpsTrafficOnly=False))
    mended = template(account(minimumTlsVersion="TLS1_2", supportsHttpsTrafficOnly=True))
    before = api.audit(base, choice)

    shown = {}
    for name, text in (("changed", changed), ("mended", mended)):
        after = api.audit(foreseen({f"{name}.json": text}, tmp_path, base).source, choice)
        shown[name] = api.only_new(before, after)

    assert [result.rule.id for result in shown["changed"].results] == ["storage-https-only"]
    assert shown["changed"].summary.failed == 1
    assert shown["mended"].results == ()
    assert any("storage-minimum-tls on stapp" in notice for notice in shown["mended"].notices)


def test_one_more_open_port_is_new_though_the_group_was_open(tmp_path: Path):
    ssh = rule()
    base = base_of(
        {"id": GROUP_ID, "type": NSG, "properties": {"securityRules": [{**ssh, "id": GROUP_ID + "/securityRules/ssh"}]}}
    )
    choice = rules("nsg-management-port-open")
    more = template({"type": NSG, "name": "nsg", "properties": {"securityRules": [ssh, rule("rdp", "3389")]}})
    same = template({"type": NSG, "name": "nsg", "properties": {"securityRules": [ssh]}})
    before = api.audit(base, choice)

    news = [
        len(api.only_new(before, api.audit(foreseen({f"{i}.json": text}, tmp_path, base).source, choice)).results)
        for i, text in enumerate((more, same))
    ]

    assert news == [1, 0]


@pytest.mark.parametrize("identifier", ["/", "///", "", "storage"])
def test_a_what_if_result_that_names_no_resource_is_refused(tmp_path, identifier):
    changes = what_if({"resourceId": identifier, "changeType": "NoChange", "before": {"properties": {}}})

    with pytest.raises(ConfigError, match="neither code for Azure nor a what-if result"):
        foreseen({"result.json": changes}, tmp_path)
