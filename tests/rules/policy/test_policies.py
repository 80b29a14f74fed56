"""Azure Policy definitions and initiatives as rules, in every form they are exported in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import RuleError
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.rules.model import Context, Unknown
from auditor.rules.policy import PolicySet, load_policies
from auditor.rules.selftest import outcome_of

ACCOUNT = "Microsoft.Storage/storageAccounts"
HTTPS = {
    "allOf": [
        {"field": "type", "equals": ACCOUNT},
        {"field": f"{ACCOUNT}/supportsHttpsTrafficOnly", "notEquals": "true"},
    ]
}


def definition(condition: Any, effect: str = "audit", **more: Any) -> dict[str, Any]:
    details = more.pop("details", None)
    then = {"effect": effect, **({"details": details} if details else {})}
    return {
        "name": more.pop("name", "11111111-aaaa-4bbb-8ccc-000000000001"),
        "id": "/providers/Microsoft.Authorization/policyDefinitions/x",
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "displayName": more.pop("title", "Test policy"),
            "mode": more.pop("mode", "Indexed"),
            "metadata": {"category": "Storage"},
            "policyRule": {"if": condition, "then": then},
            **more,
        },
    }


@pytest.fixture
def load(tmp_path: Path):
    def run(*documents: Any, parameters: dict[str, Any] | None = None) -> PolicySet:
        files = []
        for number, document in enumerate(documents):
            file = tmp_path / f"policy{number}.json"
            file.write_text(json.dumps(document))
            files.append(file)
        return load_policies(files, parameters or {})

    return run


@pytest.fixture
def judge(body):
    def run(policies: PolicySet, *bodies: dict[str, Any], coverage: Any = None) -> str:
        resources = [Resource.from_body(item) for item in bodies]
        (rule,) = policies.rules
        context = Context(
            resources[0], Inventory(resources, coverage), parameters=rule.parameters, now="2026-11-01T00:00:00Z"
        )
        return outcome_of(rule, context)

    return run


@pytest.mark.parametrize(
    "wrap",
    [
        lambda d: d,
        lambda d: [d],
        lambda d: {"value": [d]},
        lambda d: {"data": [d]},
        lambda d: {"name": d["name"], "id": d["id"], **d["properties"]},
    ],
    ids=["published", "array", "rest-list", "resource-graph", "az"],
)
def test_every_form_of_export_gives_the_same_rule(load, judge, body, wrap):
    policies = load(wrap(definition(HTTPS)))

    assert [(r.title, r.resource, r.equivalents["azure-policy"]) for r in policies.rules] == [
        ("Test policy", (ACCOUNT,), ("11111111-aaaa-4bbb-8ccc-000000000001",))
    ]
    assert judge(policies, body(ACCOUNT, "st1", {"supportsHttpsTrafficOnly": False})) == "fail"
    assert judge(policies, body(ACCOUNT, "st1", {"supportsHttpsTrafficOnly": True})) == "pass"


@pytest.mark.parametrize(
    ("alias", "shape"),
    [
        (f"{ACCOUNT}/networkAcls.defaultAction", {"properties": {"networkAcls": {"defaultAction": "X"}}}),
        (f"{ACCOUNT}/sku.name", {"sku": {"name": "X"}}),
        (f"{ACCOUNT}/accountType", {"sku": {"name": "X"}}),
        ("microsoft.storage/STORAGEACCOUNTS/minimumTlsVersion", {"properties": {"minimumTlsVersion": "X"}}),
        (f"{ACCOUNT}/networkAcls.ipRules[*].value", {"properties": {"networkAcls": {"ipRules": [{"value": "X"}]}}}),
        (
            f"{ACCOUNT}/privateEndpointConnections[*].privateLinkServiceConnectionState.status",
            {
                "properties": {
                    "privateEndpointConnections": [
                        {"properties": {"privateLinkServiceConnectionState": {"status": "X"}}}
                    ]
                }
            },
        ),
        ("tags['cost center']", {"tags": {"cost center": "X"}}),
        ("[concat('tags[', parameters('tagName'), ']')]", {"tags": {"cost center": "X"}}),
        ("identity.type", {"identity": {"type": "X"}}),
        ("kind", {"kind": "X"}),
    ],
)
def test_an_alias_leads_to_its_place_in_the_body(load, judge, body, alias, shape):
    condition = {"allOf": [{"field": "type", "equals": ACCOUNT}, {"field": alias, "equals": "x"}]}
    policies = load(definition(condition, parameters={"tagName": {"type": "String", "defaultValue": "cost center"}}))

    assert judge(policies, {**body(ACCOUNT, "st1"), **shape}) == "fail"
    other = json.loads(json.dumps(shape).replace('"X"', '"Y"'))
    assert judge(policies, {**body(ACCOUNT, "st1"), **other}) == "pass"


def test_a_sku_that_lies_below_properties_is_found_there(load, judge, body):
    vaults = "Microsoft.KeyVault/vaults"
    condition = {"allOf": [{"field": "type", "equals": vaults}, {"field": f"{vaults}/sku.name", "equals": "standard"}]}

    assert judge(load(definition(condition)), body(vaults, "kv1", {"sku": {"name": "standard"}})) == "fail"


def test_an_alias_of_one_type_says_nothing_of_another(load, body):
    vaults = "Microsoft.KeyVault/vaults"
    condition = {
        "allOf": [
            {"field": "type", "in": [ACCOUNT, vaults]},
            {"field": f"{ACCOUNT}/publicNetworkAccess", "equals": "Enabled"},
        ]
    }
    (rule,) = load(definition(condition)).rules
    outcomes = {}
    for kind in (ACCOUNT, vaults):
        resource = Resource.from_body(body(kind, "x1", {"publicNetworkAccess": "Enabled"}))
        outcomes[kind] = outcome_of(rule, Context(resource, Inventory([resource])))

    assert outcomes == {ACCOUNT: "fail", vaults: "pass"}


SERVERS = "Microsoft.Sql/servers"
AUDITING = definition(
    {"field": "type", "equals": SERVERS},
    "auditIfNotExists",
    details={
        "type": f"{SERVERS}/auditingSettings",
        "name": "default",
        "evaluationDelay": "AfterProvisioning",
        "existenceCondition": {"field": "Microsoft.Sql/servers/auditingSettings/state", "equals": "Enabled"},
    },
)


def test_what_must_exist_is_looked_for_among_the_children(load, judge, body):
    policies = load(AUDITING)
    server = body(SERVERS, "sql1")
    on = body(f"{SERVERS}/auditingSettings", "sql1/default", {"state": "Enabled"})
    off = body(f"{SERVERS}/auditingSettings", "sql1/default", {"state": "Disabled"})
    misnamed = body(f"{SERVERS}/auditingSettings", "sql1/other", {"state": "Enabled"})
    of_another = body(f"{SERVERS}/auditingSettings", "sql2/default", {"state": "Enabled"})

    assert judge(policies, server, on) == "pass"
    assert [judge(policies, server, *rest) for rest in ([off], [misnamed], [of_another], [])] == ["fail"] * 4


def test_what_must_exist_and_was_not_read_is_unknown(load, body):
    (rule,) = load(AUDITING).rules
    resource = Resource.from_body(body(SERVERS, "sql1"))
    gap = Gap(resource.id, f"{SERVERS}/auditingSettings", "GET", 403, "AuthorizationFailed")
    ledger = Ledger([LedgerEntry(resource.id, gap.type, ReadState.DENIED, gap=gap)])

    answer = rule.fail_if.evaluate(Context(resource, Inventory([resource], ledger)))

    assert isinstance(answer, Unknown)
    assert answer.gaps == (gap,)


@pytest.mark.parametrize(("scope", "expected"), [("ResourceGroup", "fail"), ("Subscription", "pass")])
def test_the_scope_of_existence_is_the_resource_group_unless_it_is_the_subscription(load, judge, body, scope, expected):
    workspace = body("Microsoft.OperationalInsights/workspaces", "log1")
    workspace["id"] = workspace["id"].replace("rg-app", "rg-other")
    details = {"type": workspace["type"], "existenceScope": scope}
    policies = load(definition({"field": "type", "equals": ACCOUNT}, "AuditIfNotExists", details=details))

    assert judge(policies, body(ACCOUNT, "st1"), workspace) == expected


@pytest.mark.parametrize(("mode", "expected"), [("Indexed", "not_applicable"), ("All", "fail")])
def test_mode_indexed_leaves_out_what_has_no_location(load, body, mode, expected):
    (rule,) = load(definition({"field": "tags", "notContainsKey": "owner"}, mode=mode)).rules
    resource = Resource.from_body({**body(f"{ACCOUNT}/blobServices", "st1/default"), "location": None})

    assert outcome_of(rule, Context(resource, Inventory([resource]))) == expected


def test_diagnostic_settings_extend_the_resource(load, judge, body):
    account = body(ACCOUNT, "st1")
    kind = "Microsoft.Insights/diagnosticSettings"
    setting = {
        "id": f"{account['id']}/providers/{kind}/audit",
        "type": kind,
        "name": "audit",
        "properties": {"logs": [{"enabled": True}]},
    }
    condition = {
        "count": {"field": f"{kind}/logs[*]", "where": {"field": f"{kind}/logs[*].enabled", "equals": "true"}},
        "greater": 0,
    }
    details = {"type": kind, "existenceCondition": condition}
    policies = load(definition({"field": "type", "equals": ACCOUNT}, "AuditIfNotExists", details=details))

    assert judge(policies, account, setting) == "pass"
    assert judge(policies, account) == "fail"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mode": "Microsoft.Kubernetes.Data"}, "evaluated inside the service"),
        ({"effect": "manual"}, "somebody has to attest"),
        ({"effect": "denyAction"}, "does not judge resources"),
        ({"effect": "[parameters('effect')]"}, "'effect' has no value"),
        ({"condition": {"field": "type", "equals": "[parameters('kind')]"}}, "'kind' has no value"),
        ({"condition": {"field": "Nothing/like/this", "equals": 1}}, "alias 'Nothing/like/this' is not known"),
        ({"condition": {"field": "type", "equal": 1}}, "no operator 'equal'"),
        ({"effect": "auditIfNotExists"}, "no details.type"),
    ],
)
def test_a_definition_that_cannot_be_evaluated_is_named_with_its_reason_and_the_others_run(load, changes, says):
    bad = definition(
        changes.pop("condition", HTTPS), changes.pop("effect", "audit"), title="The bad one", name="bad", **changes
    )

    policies = load(bad, definition(HTTPS))

    assert [rule.title for rule in policies.rules] == ["Test policy"]
    assert [(item.name, item.title) for item in policies.skipped] == [("bad", "The bad one")]
    assert says in policies.skipped[0].reason
    assert any("The bad one" in notice and says in notice for notice in policies.notices)


EFFECT = {"effect": {"type": "String", "defaultValue": "Disabled", "allowedValues": ["Audit", "Disabled"]}}


@pytest.mark.parametrize(
    "parameters",
    [
        {"effect": {"value": "Audit"}},
        {"effect": "Audit"},
        {"11111111-aaaa-4bbb-8ccc-000000000001": {"effect": {"value": "Audit"}}},
    ],
)
def test_a_disabled_definition_is_counted_until_a_parameter_enables_it(load, parameters):
    off = definition(HTTPS, "[parameters('effect')]", parameters=EFFECT)

    assert (load(off).rules, load(off).disabled) == ((), 1)
    assert "1 policy definition is disabled" in load(off).notices[0]
    assert len(load(off, parameters=parameters).rules) == 1


def initiative(*members: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "set1",
        "id": "/providers/Microsoft.Authorization/policySetDefinitions/set1",
        "properties": {"displayName": "Our Baseline", "policyDefinitions": list(members), **more},
    }


def member(name: str, groups: list[str], **parameters: Any) -> dict[str, Any]:
    return {
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{name}",
        "policyDefinitionReferenceId": f"ref-{name}",
        "groupNames": groups,
        "parameters": {key: {"value": value} for key, value in parameters.items()},
    }


TLS = definition(
    {
        "allOf": [
            {"field": "type", "equals": ACCOUNT},
            {"field": f"{ACCOUNT}/minimumTlsVersion", "notEquals": "[parameters('minimum')]"},
        ]
    },
    name="tls",
    parameters={"minimum": {"type": "String", "defaultValue": "TLS1_2"}},
)


def test_an_initiative_hands_its_parameters_down_and_its_groups_become_controls(load, judge, body):
    document = initiative(
        member("tls", ["C-1", "C-2"], minimum="[parameters('version')]"),
        member("missing", ["C-3"]),
        parameters={"version": {"type": "String", "defaultValue": "TLS1_3"}},
    )

    policies = load([TLS, document])

    assert [dict(rule.frameworks) for rule in policies.rules] == [{"x-our-baseline": ("C-1", "C-2")}]
    assert judge(policies, body(ACCOUNT, "st1", {"minimumTlsVersion": "TLS1_2"})) == "fail"
    assert judge(policies, body(ACCOUNT, "st1", {"minimumTlsVersion": "TLS1_3"})) == "pass"
    assert [(item.name, item.reason) for item in policies.skipped] == [
        ("missing", "its definition is not in the files given")
    ]


def test_the_groups_of_an_initiative_are_the_controls_of_a_framework_used_or_not(load):
    groups = [
        {"name": "C-1", "displayName": "Traffic is encrypted", "category": "Network"},
        {"name": "C-2"},
        {"name": "C-9", "displayName": "Nobody checks this"},
        {"displayName": "nameless"},
    ]
    document = initiative(member("tls", ["C-1", "C-2"], minimum="TLS1_2"), policyDefinitionGroups=groups, version="2.1")

    (framework,) = load([TLS, document]).frameworks

    assert (framework.id, framework.name, framework.version) == ("x-our-baseline", "Our Baseline", "2.1")
    assert [(control.id, control.title, control.section) for control in framework.controls] == [
        ("C-1", "Traffic is encrypted", "Network"),
        ("C-2", "", ""),
        ("C-9", "Nobody checks this", ""),
    ]
    assert load([TLS]).frameworks == ()


def test_an_assignment_overrides_the_initiative_it_assigns(load, judge, body):
    document = initiative(
        member("tls", [], minimum="[parameters('version')]"),
        parameters={"version": {"type": "String", "defaultValue": "TLS1_3"}},
    )
    assignment = {
        "name": "a1",
        "id": "/subscriptions/x/providers/Microsoft.Authorization/policyAssignments/a1",
        "properties": {"policyDefinitionId": document["id"], "parameters": {"version": {"value": "TLS1_0"}}},
    }

    policies = load([TLS, document, assignment])

    assert judge(policies, body(ACCOUNT, "st1", {"minimumTlsVersion": "TLS1_0"})) == "pass"


def test_a_definition_used_twice_with_other_values_is_two_rules_and_with_the_same_ones_is_one(load):
    document = initiative(member("tls", ["A"], minimum="TLS1_0"), member("tls", ["B"]), member("tls", ["B"]))

    policies = load([TLS, document])

    assert sorted(rule.id for rule in policies.rules) == ["policy-tls", "policy-tls-2"]


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "is not JSON"), ("[]", "holds no policy"), ('{"a": 1}', "holds no policy"), ("", "is not JSON")],
)
def test_a_file_that_holds_no_policy_is_refused_with_its_name(tmp_path, text, says):
    file = tmp_path / "x.json"
    file.write_text(text)

    with pytest.raises(RuleError) as caught:
        load_policies([file], {})
    assert [(problem.file, says in problem.message) for problem in caught.value.problems] == [(str(file), True)]


@pytest.mark.parametrize("effect", ["AuditIfNotExists", "DeployIfNotExists", "audit", "[parameters('e')]"])
@pytest.mark.parametrize("details", ["x", ["x"], 5, {"type": 5}, {"type": ACCOUNT, "existenceCondition": "x"}])
def test_details_that_are_none_are_told_and_end_nothing(load, effect: str, details: Any):
    policies = load(
        definition({"field": "type", "equals": ACCOUNT}, effect, details=details), definition(HTTPS, name="b")
    )

    assert [rule.id for rule in policies.rules if rule.id.endswith("b")]


@pytest.mark.parametrize("groups", [5, "x", {"a": 1}, [5, None]])
def test_groups_of_an_initiative_that_are_none_end_nothing(load, groups: Any):
    known = definition(HTTPS)
    member = {"policyDefinitionId": known["id"].replace("/x", f"/{known['name']}"), "groupNames": groups}
    initiative = {"name": "i", "properties": {"displayName": "I", "policyDefinitions": [member]}}

    assert load(known, initiative).rules
