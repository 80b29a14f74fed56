"""What consumers keep: what it opens, who shares it, the better step, and what a service's own switch says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.evaluate.model import Outcome
from auditor.facts.credentials.local_access import SWITCHES
from auditor.facts.credentials.services import LADDER, STEPS, WAYS
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.loader import load_rules
from auditor.rules.selftest import example_context
from tests.conftest import SUBSCRIPTION, arm_id

Body = dict[str, Any]
HASH = "0" * 31 + "1"
PRINCIPAL = "33333333-3333-3333-3333-333333333333"
ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
ACCOUNT = arm_id("Microsoft.Storage/storageAccounts", "storders")


def app(site: str, setting: str = "Orders", *, identity: bool = True, **mark: str) -> list[Body]:
    kind = "Microsoft.Web/sites"
    who = {"identity": {"type": "SystemAssigned", "principalId": PRINCIPAL}} if identity else {}
    values = {setting: {"$secret": {"hash": HASH, **mark}}}
    return [
        {"id": arm_id(kind, site), "name": site, "type": kind, "properties": {}, **who},
        {"id": arm_id(f"{kind}/config", f"{site}/appsettings"), "type": f"{kind}/config", "properties": values},
    ]


def account(**properties: Any) -> Body:
    return {"id": ACCOUNT, "name": "storders", "type": "Microsoft.Storage/storageAccounts", "properties": properties}


def granted(*data_actions: str) -> list[Body]:
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"
    permissions = [{"actions": [], "notActions": [], "dataActions": list(data_actions), "notDataActions": []}]
    role = {"roleName": "Own name", "type": "CustomRole", "assignableScopes": ["/"], "permissions": permissions}
    given = {"principalId": PRINCIPAL, "roleDefinitionId": definition, "scope": ACCOUNT}
    assignment = f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/a"
    return [
        {"id": definition, "type": "Microsoft.Authorization/roleDefinitions", "properties": role},
        {"id": assignment, "type": "Microsoft.Authorization/roleAssignments", "properties": given},
    ]


def facts(*bodies: Body) -> tuple[Inventory, FactStore]:
    inventory = Inventory([Resource.from_body(body) for body in bodies])
    return inventory, FactStore(inventory)


def entry(name: str, *bodies: Body) -> Mapping[str, Any]:
    inventory, store = facts(*bodies)
    holder = inventory.get(arm_id("Microsoft.Web/sites/config", f"{name}/appsettings"))
    assert holder is not None
    fact: Any = store.get("credentials", holder)
    found: Mapping[str, Any] = fact["entries"][0]
    return found


KEY = {"kind": "storage-account-key", "account": "storders"}


@pytest.mark.parametrize(
    ("more", "has_role"),
    [
        ([], False),
        (granted("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"), True),
        (granted("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"), False),
    ],
)
def test_whether_the_role_is_there_is_computed_not_named(more: list[Body], has_role: bool):
    one = entry("app", *app("app", **KEY), account(), *more)

    assert (one["step"], one["better"], one["opens"], one["has_role"]) == (
        "account key",
        "managed identity",
        "storders",
        has_role,
    )
    assert one["instead"] == "Orders__accountName = storders"
    assert f"--assignee-object-id {PRINCIPAL}" in one["assign"]
    assert f"--scope {ACCOUNT}" in one["assign"]


def test_an_app_without_an_identity_is_given_one_first():
    one = entry("app", *app("app", identity=False, **KEY), account())

    assert (one["identity"], one["has_role"]) == (False, False)


@pytest.mark.parametrize(
    ("setting", "mark", "better"),
    [
        ("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", KEY, "Key Vault reference"),
        (
            "MICROSOFT_PROVIDER_AUTHENTICATION_SECRET",
            {"kind": "client-secret"},
            "federated credential",
        ),
        ("Db", {"kind": "sql-password", "host": "sql1.database.windows.net"}, "managed identity"),
        ("Db", {"kind": "connection-string", "host": "sql1.database.windows.net"}, ""),
        ("Db", {"kind": "key-vault-reference", "vault": "kv", "name": "s"}, ""),
        ("Code", {"kind": "function-key", "host": "fn.azurewebsites.net"}, "Key Vault reference"),
    ],
)
def test_the_better_step_is_one_that_exists_for_the_case(setting: str, mark: dict[str, str], better: str):
    assert entry("app", *app("app", setting, **mark))["better"] == better


def test_a_mounted_share_and_one_with_code_keep_their_key_in_a_vault():
    mount = {**app("app", **KEY)[1], "id": arm_id("Microsoft.Web/sites/config", "app/azurestorageaccounts")}
    mount |= {"name": "azurestorageaccounts", "properties": {"data": {"accessKey": {"$secret": KEY}}}}
    inventory, store = facts(app("app", **KEY)[0], mount, account())
    holder = inventory.get(mount["id"])
    assert holder is not None
    fact: Any = store.get("credentials", holder)
    content = entry("app", *app("app", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", **KEY), account())

    for one in (fact["entries"][0], content):
        assert (one["better"], one["instead"], one["assign"]) == ("Key Vault reference", "", "")
        assert one["note"]


def test_one_secret_in_two_apps_is_told_with_the_other_place():
    other = app("admin", "Store", **KEY)

    assert entry("app", *app("app", **KEY), *other)["shared_with"] == ["admin: Store"]


def test_a_key_of_a_service_without_keys_opens_nothing():
    assert entry("app", *app("app", **KEY), account(allowSharedKeyAccess=False))["keys_off"] is True
    assert entry("app", *app("app", **KEY), account())["keys_off"] is False


def test_a_service_knows_who_uses_its_keys():
    for bodies, users, unused in (
        ([account()], [], True),
        ([account(), *app("app", **KEY)], ["app: Orders"], False),
        ([account(allowSharedKeyAccess=False)], [], False),
    ):
        inventory, store = facts(*bodies)
        found = inventory.get(ACCOUNT)
        assert found is not None
        fact: Any = store.get("key_users", found)
        assert (fact["users"], fact["unused"]) == (users, unused)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            {
                "type": "Microsoft.Resources/deployments",
                "properties": {"outputs": {"key": {"value": {"$secret": KEY}}}},
            },
            "key",
        ),
        (
            {
                "type": "Microsoft.Resources/deploymentScripts",
                "properties": {"environmentVariables": [{"name": "KEY", "value": {"$secret": KEY}}]},
            },
            "KEY",
        ),
        (
            {
                "type": "Microsoft.ApiManagement/service/policies",
                "properties": {"value": f"<set-header><value>$secret(sas:{HASH})</value></set-header>"},
            },
            "value",
        ),
    ],
)
def test_secrets_are_found_at_any_depth(body: Body, what: str):
    inventory, store = facts({"id": arm_id(body["type"], "a/b"[: 1 + 2 * (body["type"].count("/") > 1)]), **body})
    fact: Any = store.get("credentials", next(iter(inventory)))

    assert [one["setting"] for one in fact["entries"]] == [what]


def test_every_step_is_on_the_ladder_and_every_way_has_an_end():
    assert set(STEPS.values()) <= set(LADDER)
    assert all(way.roles or way.inside or kind == "function-key" for kind, way in WAYS.items())


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda one: one.type)
def test_a_switch_says_what_azure_does_with_each_value_and_with_none(switch: Any):
    depth = switch.type.count("/")
    names = "/".join("abcd"[:depth])

    def body(value: Any) -> list[Body]:
        properties: dict[str, Any] = {}
        place = properties
        *path, last = switch.path.split(".")[1:]
        for part in path:
            place = place.setdefault(part, {})
        if value is not None:
            place[last] = value
        me = {"id": arm_id(switch.type, names), "type": switch.type, "properties": {} if switch.child else properties}
        if not switch.child:
            return [me]
        kind, name = switch.child.split("/")
        return [me, {"id": f"{me['id']}/{kind}/{name}", "type": f"{switch.type}/{kind}", "properties": properties}]

    unset = switch.type not in ("Microsoft.ContainerRegistry/registries", "Microsoft.Cache/redisEnterprise")
    for value, accepted in ((switch.off[0], False), (switch.off[0].upper(), False), ("other", True), (None, unset)):
        inventory, store = facts(*body(value))
        found = inventory.get(arm_id(switch.type, names))
        assert found is not None
        fact: Any = store.get("local_access", found)
        assert fact["accepted"] is accepted, value


RULES = {rule.id: rule for rule in load_rules(examples=True).rules}


@pytest.mark.parametrize(
    "rule_id",
    [
        "storage-shared-key-access",
        "cosmos-local-auth",
        "servicebus-local-auth",
        "eventhub-local-auth",
        "eventgrid-topic-local-auth",
        "eventgrid-domain-local-auth",
        "appconfig-local-auth",
        "cognitive-local-auth",
        "search-local-auth",
        "signalr-local-auth",
        "webpubsub-local-auth",
        "automation-local-auth",
        "redis-access-keys",
        "registry-admin-user",
        "sql-entra-only",
        "sqlmi-entra-only",
    ],
)
def test_rules_and_the_table_of_switches_say_the_same_of_every_example(rule_id: str):
    rule = RULES[rule_id]
    for outcome, examples in ((Outcome.FAIL, rule.examples.fail), (Outcome.PASS, rule.examples.passing)):
        for example in examples:
            context = example_context(example, FactStore)
            fact: Any = context.facts.get("local_access", context.resource)
            assert fact["accepted"] is (outcome is Outcome.FAIL), example[0]


def test_a_password_of_a_server_that_takes_none_opens_nothing():
    server = arm_id("Microsoft.Sql/servers", "sql1")
    mark = {"kind": "sql-password", "host": "sql1.database.windows.net"}

    def servers(only: bool) -> list[Body]:
        child = f"{server}/azureADOnlyAuthentications/Default"
        only_entra = {"azureADOnlyAuthentication": only}
        return [
            {"id": server, "name": "sql1", "type": "Microsoft.Sql/servers", "properties": {"administratorLogin": "a"}},
            {"id": child, "type": "Microsoft.Sql/servers/azureADOnlyAuthentications", "properties": only_entra},
        ]

    assert entry("app", *app("app", "Db", **mark), *servers(True))["keys_off"] is True
    assert entry("app", *app("app", "Db", **mark), *servers(False))["keys_off"] is False
