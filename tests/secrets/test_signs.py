"""Secrets that show themselves wherever they stand, and what only looks alike."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from typing import Any

import pytest

from auditor.rules.loader import load_rules
from auditor.secrets.redactor import Redactor
from auditor.secrets.signs import is_suspect, looks_random, swept
from auditor.snapshot.demo import open_demo

_DICE = random.Random("keys and tokens")  # noqa: S311 - repeats itself on purpose
ALNUM = string.ascii_letters + string.digits


def some(count: int, of: str = ALNUM) -> str:
    return "".join(_DICE.choice(of) for _ in range(count))


ACCOUNT_KEY = base64.b64encode(bytes(_DICE.randrange(256) for _ in range(64))).decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + some(43)
SHOWN = {
    "account key": ACCOUNT_KEY,
    "github": "ghp_" + some(36),
    "github fine-grained": "github_pat_" + some(22) + "_" + some(59),
    "gitlab": "glpat-" + some(20),
    "aws": "AKIA" + some(16, string.ascii_uppercase + string.digits),
    "openai": "sk-" + some(20) + "T3BlbkFJ" + some(20),
    "openai project": "sk-proj-" + some(48),
    "devops": some(50, "abcdefghijklmnopqrstuvwxyz234567") + "a7",
    "devops new": some(76) + "AZDO" + some(4),
    "slack": "xoxb-" + some(12, string.digits) + "-" + some(24),
    "slack hook": f"https://hooks.slack.com/services/T{some(8)}/B{some(8)}/{some(24)}",
    "teams hook": f"https://contoso.webhook.office.com/webhookb2/{some(36)}@{some(36)}/IncomingWebhook/{some(32)}",
    "databricks": "dapi" + some(32, "0123456789abcdef"),
    "npm": "npm_" + some(36),
    "jwt": JWT,
    "search": some(42) + "AzSeA" + some(5),
    "client secret": "abc8Q~" + some(34),
    "private key": "-----BEGIN OPENSSH PRIVATE KEY-----\n" + some(60),
}
NAMED = {
    "basic": "Authorization: Basic " + base64.b64encode(b"user:Sw0rdfish").decode(),
    "bearer": "Bearer " + some(40),
    "password=": "connect --host x password=Sw0rdfish",
    "password: ": "the password: Sw0rdfish",
    "password is": "the admin password is Sw0rdfish!",
    "pwd": "pwd=Sw0rdfish;x",
    "json": '{"clientSecret": "Sw0rdfish1"}',
    "flag": "run --password Sw0rdfish",
    "curl": "curl -u admin:Sw0rdfish https://x.example",
    "sas": "https://st.blob.core.windows.net/c?sv=2022-11-02&sig=abcdefgh%3D",
    "function": "https://f.azurewebsites.net/api/x?code=" + some(40),
    "url": "https://user:Sw0rdfish@git.example/x.git",
    "aws secret": "AWS_SECRET_ACCESS_KEY=" + some(40, ALNUM + "/+"),
    "connection": f"AccountName=a;AccountKey={ACCOUNT_KEY}",
}
ORDINARY = [
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Web/sites/password-reset",
    "11111111-1111-1111-1111-111111111111",
    "https://kv1.vault.azure.net/secrets/db-password/0123456789abcdef0123456789abcdef",
    "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/db)",
    "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0/.well-known/openid-configuration",
    "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC" + some(60, ALNUM + "/+"),
    "W/\"datetime'2026-01-01T10:20:30.1234567Z'\"",
    "sk-contoso-production-westeurope-frontend-0123456789",
    "Identity:Password:RequiredLength",
    "password=${DB_PASSWORD}",
    "password=$(dbPassword)",
    "password={{db-password}}",
    "Password=********",
    "PublicKeyToken=b77a5c561934e089",
    "SharedAccessKeyName=RootManageSharedAccessKey",
    "Basic plan for small teams",
    "Password expiry: 90 days",
    "token:enabled",
    "mcr.microsoft.com/azure-functions/dotnet:4.0",
    "Standard_D4s_v5",
    "aks-nodepool1-12345678-vmss000001",
    "customDomainVerificationId",
    "requirePassword=true",
]


@pytest.mark.parametrize("name", sorted(SHOWN | NAMED))
def test_a_secret_shows_itself(name: str):
    text = (SHOWN | NAMED)[name]

    assert is_suspect(text)
    assert is_suspect(f"see also: {text}") or name == "json"


@pytest.mark.parametrize("text", ORDINARY)
def test_what_only_looks_alike_does_not(text: str):
    assert not is_suspect(text)


@pytest.mark.parametrize("name", sorted(SHOWN))
@pytest.mark.parametrize("place", ["tag", "tag name", "description", "list", "property name", "id", "name"])
def test_a_key_or_token_is_left_nowhere_in_a_body(name: str, place: str):
    text = SHOWN[name]
    body: dict[str, Any] = {"id": "/s/x", "name": "x", "type": "A.B/c", "properties": {}}
    match place:
        case "tag":
            body["tags"] = {"a": text}
        case "tag name":
            body["tags"] = {text: ""}
        case "description":
            body["properties"] = {"description": f"use {text} for it"}
        case "list":
            body["properties"] = {"a": [[{"b": [text]}]]}
        case "property name":
            body["properties"] = {text: {"a": 1}}
        case "id":
            body["id"] = f"/subscriptions/11111111-1111-1111-1111-111111111111/providers/A.B/c/{text}"
        case "name":
            body["name"] = text

    found = Redactor(b"key").redact("a.b/c", body)

    assert text.split("\n")[-1] not in json.dumps(found)
    assert isinstance(found["id"], str)
    assert isinstance(found["name"], str)


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ({"db-password": "hunter"}, False),
        ({"Secret": "swordfish"}, False),
        ({"backup-key": "abc"}, False),
        ({"note": some(24, ALNUM)}, False),
        ({"secret-rotation": "2026-01-01", "password-policy": "strict", "keyvault": "kv1"}, True),
        ({"token": "n/a", "secret": "Rotated", "api-key": "none", "password-expiry": "P90D"}, True),
        ({"owner": "someone@contoso.com", "cost-center": "DE-4711", "ContosoTeam": "PlatformEngineering2024"}, True),
        ({"hidden-link:/subscriptions/x/providers/Microsoft.Insights/components/a": "Resource"}, True),
        ({"commit": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "aks-managed-poolName": "pool1"}, True),
        ({"created": "2026-01-01T10:20:30Z", "createdBy": "11111111-1111-1111-1111-111111111111"}, True),
    ],
)
def test_tags_tell_by_their_names_and_looks(tags: dict[str, str], kept: bool):
    found = Redactor(b"key").redact("a.b/c", {"id": "/s/x", "tags": tags})

    assert (found["tags"] == tags) is kept
    assert list(found["tags"]) == list(tags)


@pytest.mark.parametrize(
    ("pair", "kept"),
    [
        ({"name": "DB_PASSWORD", "value": "hunter"}, False),
        ({"headerName": "x-functions-key", "headerValue": "hunter"}, False),
        ({"name": "Authorization", "value": "hunter"}, False),
        ({"key": "origin-auth", "value": "hunter"}, False),
        ({"type": "SecureString", "value": "hunter"}, False),
        ({"name": "PIN_TOKEN", "value": 123456}, False),
        ({"name": "retention", "value": "30"}, True),
        ({"name": "tokenLifetime", "value": "hunter"}, True),
        ({"type": "String", "defaultValue": "westeurope"}, True),
    ],
)
def test_a_value_whose_name_beside_it_tells(pair: dict[str, Any], kept: bool):
    found = Redactor(b"key").redact("a.b/c", {"id": "/s/x", "properties": {"list": [pair]}})

    assert (found["properties"]["list"][0] == pair) is kept


def test_a_parameter_whose_name_tells():
    parameters = {"adminPassword": {"type": "string", "defaultValue": "hunter"}, "size": {"defaultValue": "small"}}
    found = Redactor(b"key").redact("a.b/c", {"id": "/s/x", "properties": {"parameters": parameters}})["properties"]

    assert found["parameters"]["adminPassword"]["type"] == "string"
    assert "hunter" not in json.dumps(found)
    assert found["parameters"]["size"] == parameters["size"]


def test_literals_of_expressions_go_and_the_expression_stays():
    key = some(32)
    body = {
        "properties": {
            "a": f"@equals(triggerBody()?['key'], '{key}')",
            "b": f"@{{concat('x', '{key}')}}",
            "c": f"[concat('https://', parameters('host'), '/{key}')]",
            "definition": {"actions": {"If": {"expression": {"equals": ["@triggerOutputs()['h']", "Sw0rdfish1"]}}}},
            "kept": "@equals(triggerBody()?['contentType'], 'application/json')",
        }
    }
    found = Redactor(b"key").redact("a.b/c", body)["properties"]

    assert key not in json.dumps(found)
    assert "Sw0rdfish1" not in json.dumps(found)
    assert found["a"].startswith("@equals(triggerBody()?['key'], '$secret(plain:")
    assert found["kept"] == body["properties"]["kept"]


def test_a_message_keeps_its_words_and_loses_its_secrets():
    text = f"The key {ACCOUNT_KEY} of 'st1' is not valid; password=Sw0rdfish, try again"

    assert swept(text, lambda _: "...") == "The key ... of 'st1' is not valid; password=..., try again"


@pytest.mark.parametrize(
    "word",
    [
        "ContosoProductionWestEurope2024",
        "Microsoft.Network/virtualNetworks",
        "someone@contoso.com",
        "rg-shop-prod-weu-001",
        "0123456789abcdef0123456789abcdef",
        "Standard_DS3_v2",
        "UPPERCASE-NAME-2024-01",
    ],
)
def test_names_that_people_make_up_do_not_look_random(word: str):
    assert not looks_random(word)


def test_nothing_that_rules_or_the_demo_hold_is_taken_for_a_secret():
    """What stays of bodies without a secret is all of them: also keys of rules' own examples judge the same."""
    redactor = Redactor(b"key")
    for resource in open_demo().inventory:
        if "$secret" not in (text := json.dumps(resource.body)) and resource.type_key not in _WITH_PLACES:
            assert json.loads(text) == redactor.redact(resource.type_key, resource.body)


_WITH_PLACES = ("microsoft.graph/applications",)
"""Types whose demo bodies hold what is no secret at a place for one: the first letters of a client secret."""


def test_rules_judge_their_examples_the_same_once_secrets_are_replaced():
    from dataclasses import replace

    from auditor.facts.registry import FactStore
    from auditor.rules.selftest import run_examples

    redactor = Redactor(b"key")
    wrong = []
    for rule in load_rules(examples=True).rules:
        told = rule.examples
        kinds = {
            name: tuple(
                tuple(redactor.redact(str(body.get("type", rule.resource[0])).lower(), body) for body in example)
                for example in getattr(told, name)
            )
            for name in ("fail", "passing", "not_applicable")
        }
        if any(found != getattr(told, name) for name, found in kinds.items()):
            wrong += run_examples(replace(rule, examples=replace(told, **kinds)), FactStore)

    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "eyJ-" * 20_000,
        "password " * 10_000,
        "password:a" * 10_000,
        "a:" * 50_000,
        "://" * 30_000,
        "://a:" * 20_000,
        "xoxb-" * 20_000,
        "A" * 100_000,
        "a1B2+/" * 20_000,
        "password=" + " " * 100_000,
        "Q~0" * 30_000,
        "sig=" * 25_000,
        "@{'" * 30_000,
        "Basic " * 20_000,
        "gh" * 50_000 + "ghp_",
        "-u a" * 20_000,
        "pwd" * 30_000,
        "token is " * 10_000,
    ],
)  # fmt: skip
def test_a_text_made_to_be_slow_takes_time_in_proportion(text: str):
    started = time.process_time()
    Redactor(b"key").redact("a.b/c", {"id": "/s/x", "properties": {"description": text, text[:5000]: text}})

    assert time.process_time() - started < 3
