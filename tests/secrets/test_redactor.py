"""Marked secrets in every place that Azure keeps them: none may be left, and what rules need stays."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.secrets.marks import MARK, is_replaced
from auditor.secrets.names import SECRET_NAMES
from auditor.secrets.places import _PLACES
from auditor.secrets.redactor import Redactor
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot

KEY = b"k" * 32
STORAGE_KEY = base64.b64encode(b"s" * 64).decode()
MARKED = "Sw0rdfish-MARKED-0815"
VAULT = "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/db/0123456789abcdef0123456789abcdef)"


def redact(type_key: str, body: dict[str, Any]) -> Any:
    return Redactor(KEY).redact(type_key, body)


def setting(value: Any) -> Any:
    body = {"name": "appsettings", "properties": {"S": value}}
    return redact("microsoft.web/sites/config", body)["properties"]["S"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"kind": "empty"}),
        ("********", {"kind": "masked"}),
        (MARKED, {"kind": "plain"}),
        (
            f"DefaultEndpointsProtocol=https;AccountName=st1;AccountKey={STORAGE_KEY};EndpointSuffix=core.windows.net",
            {"kind": "storage-account-key", "account": "st1", "protocol": "https"},
        ),
        (
            f"AccountEndpoint=https://c1.documents.azure.com:443/;AccountKey={STORAGE_KEY};",
            {"kind": "cosmos-key", "host": "c1.documents.azure.com", "protocol": "https"},
        ),
        (STORAGE_KEY, {"kind": "account-key"}),
        ("A" * 76 + "+AStABCDEA==", {"kind": "storage-account-key"}),
        (
            "https://st1.blob.core.windows.net/c?sv=2022-11-02&se=2027-01-01T00:00:00Z&sr=c&sp=rl&sig=abc%2Fdef",
            {
                "kind": "sas",
                "host": "st1.blob.core.windows.net",
                "protocol": "https",
                "expires_at": "2027-01-01T00:00:00Z",
                "permissions": "rl",
            },
        ),
        # Another zone takes these dates out of the years that there are.
        (
            "https://st1.blob.core.windows.net/c?se=0001-01-01T00:00:00%2B14:00&sig=abc",
            {"kind": "sas", "host": "st1.blob.core.windows.net", "protocol": "https"},
        ),
        ("se=9999-12-31T23:59:59-14:00&sig=abc", {"kind": "sas"}),
        (
            "BlobEndpoint=https://st1.blob.core.windows.net/;Shared Access Signature =sv=2022&se=2027-01-01&sig=abc",
            {"kind": "sas", "host": "st1.blob.core.windows.net", "expires_at": "2027-01-01T00:00:00Z"},
        ),
        ("sv=2022-11-02&se=2027-01-01&sig=abc", {"kind": "sas", "expires_at": "2027-01-01T00:00:00Z"}),
        (
            "SharedAccessSignature sr=sb%3a%2f%2fns&sig=abc&se=1798761600&skn=Root",
            {"kind": "sas", "expires_at": "2027-01-01T00:00:00Z"},
        ),
        (
            "BlobEndpoint=https://st1.blob.core.windows.net/;SharedAccessSignature=sv=2022&se=2027-01-01&sig=abc",
            {"kind": "sas", "host": "st1.blob.core.windows.net", "expires_at": "2027-01-01T00:00:00Z"},
        ),
        (
            f"Server=tcp:sql1.database.windows.net,1433;Initial Catalog=db;User ID=sa;Password={MARKED};Encrypt=True",
            {"kind": "sql-password", "host": "sql1.database.windows.net", "user": "given", "encrypt": "true"},
        ),
        (
            f"postgresql://app:{MARKED}@pg1.postgres.database.azure.com:5432/db",
            {"kind": "sql-password", "host": "pg1.postgres.database.azure.com", "protocol": "postgresql"},
        ),
        (
            f"Server=sql1.database.windows.net;User ID=sa;PWD={MARKED};Encrypt=False;TrustServerCertificate=True",
            {
                "kind": "sql-password",
                "host": "sql1.database.windows.net",
                "user": "given",
                "encrypt": "false",
                "trust_server_certificate": "true",
            },
        ),
        (
            f"host=pg1.postgres.database.azure.com port=5432 user=app password={MARKED} sslmode=require",
            {
                "kind": "sql-password",
                "host": "pg1.postgres.database.azure.com",
                "user": "given",
                "sslmode": "require",
            },
        ),
        (
            f"jdbc:postgresql://pg1.postgres.database.azure.com/db?user=app&password={MARKED}&sslmode=disable",
            {
                "kind": "sql-password",
                "host": "pg1.postgres.database.azure.com",
                "protocol": "postgresql",
                "user": "given",
                "sslmode": "disable",
            },
        ),
        (
            f"jdbc:sqlserver://sql1.database.windows.net:1433;database=db;user=sa;password={MARKED};encrypt=true",
            {
                "kind": "sql-password",
                "host": "sql1.database.windows.net",
                "protocol": "sqlserver",
                "user": "given",
                "encrypt": "true",
            },
        ),
        (
            f"mysql://app:{MARKED}@my1.mysql.database.azure.com/db?ssl-mode=REQUIRED",
            {
                "kind": "sql-password",
                "host": "my1.mysql.database.azure.com",
                "protocol": "mysql",
                "sslmode": "required",
            },
        ),
        ("ghp_" + "a1B2" * 9, {"kind": "token"}),
        ("sk-proj-" + "a1B2" * 9, {"kind": "token"}),
        ("xoxb-123456789012-abcdefABCDEF", {"kind": "token"}),
        (
            "Server=sql1.database.windows.net;Authentication=Active Directory Managed Identity;Database=db",
            {
                "kind": "connection-string",
                "host": "sql1.database.windows.net",
                "authentication": "Active Directory Managed Identity",
            },
        ),
        (
            "Endpoint=sb://ns1.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=" + "k" * 43 + "=",
            {"kind": "service-bus-key", "host": "ns1.servicebus.windows.net", "key_name": "Root"},
        ),
        (
            f"HostName=hub1.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey={MARKED}",
            {"kind": "iot-hub-key", "host": "hub1.azure-devices.net", "key_name": "iothubowner"},
        ),
        (
            f"r1.redis.cache.windows.net:6380,password={MARKED},ssl=True,abortConnect=False",
            {"kind": "redis-key", "host": "r1.redis.cache.windows.net", "ssl": "true"},
        ),
        (
            f"Endpoint=https://s1.service.signalr.net;AccessKey={MARKED};Version=1.0;",
            {"kind": "signalr-key", "host": "s1.service.signalr.net"},
        ),
        (
            f"Endpoint=https://a1.azconfig.io;Id=abc;Secret={MARKED}",
            {"kind": "app-configuration-key", "host": "a1.azconfig.io"},
        ),
        (
            "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://x.in.ai.azure.com/",
            {"kind": "application-insights", "host": "x.in.ai.azure.com"},
        ),
        ("abc8Q~" + "x" * 34, {"kind": "client-secret"}),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", {"kind": "token"}),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", {"kind": "private-key"}),
        (
            f"https://user:{MARKED}@git.contoso.com/r",
            {"kind": "password", "host": "git.contoso.com", "protocol": "https"},
        ),
        (
            "https://f1.azurewebsites.net/f?code=abcdefabcdef",
            {"kind": "function-key", "host": "f1.azurewebsites.net", "protocol": "https"},
        ),
        ("https://hooks.contoso.com/T0/B0/XX", {"kind": "url", "host": "hooks.contoso.com", "protocol": "https"}),
        (
            VAULT,
            {
                "kind": "key-vault-reference",
                "host": "kv1.vault.azure.net",
                "vault": "kv1",
                "name": "db",
                "uri": "https://kv1.vault.azure.net/secrets/db/0123456789abcdef0123456789abcdef",
            },
        ),
        (
            "@Microsoft.KeyVault(VaultName=kv1;SecretName=db)",
            {"kind": "key-vault-reference", "vault": "kv1", "name": "db"},
        ),
        (f"@Microsoft.KeyVault(SecretUri=https://u:{MARKED}@kv1.vault.azure.net/secrets/db)", {"kind": "plain"}),
    ],
)  # fmt: skip
def test_a_value_is_told_by_its_kind_and_not_by_itself(text: str, expected: dict[str, str]):
    found = setting(text)

    told = dict(found[MARK])
    digest = told.pop("hash", None)
    assert told == expected
    assert (digest is None) == (expected["kind"] in ("empty", "masked", "key-vault-reference"))
    assert MARKED not in json.dumps(found)
    assert STORAGE_KEY not in json.dumps(found)


@pytest.mark.parametrize(
    "harmless",
    [
        True,
        False,
        None,
        "true",
        "1",
        "{{named-value}}",
        "@parameters('key')",
        "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Web/sites/a",
    ],
)
def test_what_is_provably_no_secret_stays(harmless: Any):
    assert setting(harmless) == harmless


def test_one_secret_in_two_strings_has_one_hash_and_another_in_another_snapshot():
    bare = setting(STORAGE_KEY)[MARK]["hash"]
    inside = setting(f"AccountName=st1;AccountKey={STORAGE_KEY}")[MARK]["hash"]
    elsewhere = Redactor(b"other").secret(STORAGE_KEY)[MARK]["hash"]

    assert bare == inside
    assert bare != elsewhere


def _fill(place: str, value: str) -> dict[str, Any]:
    """A body with `value` at a place of the table."""
    steps = place.replace("[*]", ".[]").split(".")
    found: Any = value
    for step in reversed(steps):
        if step == "[]":
            found = [found, found]
        elif step == "**":
            found = {"Outer": {"actions": {"Inner": found}}}
        else:
            found = {"Anything" if step == "*" else step: found}
    return dict(found)


@pytest.mark.parametrize(
    ("type_key", "place"), [(type_key, place) for type_key, places in sorted(_PLACES.items()) for place in places]
)
def test_nothing_is_left_at_any_place_of_the_table(type_key: str, place: str):
    for value in (MARKED, 12345678, [MARKED, {"deep": MARKED}], {"a": {"b": [MARKED]}}):
        found = json.dumps(redact(type_key, _fill(place, value)))

        assert MARKED not in found
        assert "12345678" not in found
        assert MARK in found


@pytest.mark.parametrize("kind", ["namedvalues", "backends", "loggers"])
def test_what_a_workspace_of_api_management_holds_is_as_what_the_service_holds(kind: str):
    properties = {"value": MARKED, "credentials": {"header": {"x": [MARKED]}}}
    body = {"properties": {"value": MARKED} if kind == "namedvalues" else properties | {"value": ""}}

    found = json.dumps(redact(f"microsoft.apimanagement/service/workspaces/{kind}", body))

    assert MARKED not in found


@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_nothing_is_left_below_a_name_that_tells_a_secret(name: str):
    for value in (MARKED, [MARKED], 12345678):
        found = json.dumps(redact("contoso.any/things", {"properties": {"list": [{name.upper(): value}]}}))

        assert MARKED not in found
        assert "12345678" not in found


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("appsettings", {"A": MARKED}),
        ("connectionstrings", {"A": {"value": MARKED, "type": "SQLAzure"}}),
        ("azurestorageaccounts", {"A": {"accountName": "st1", "accessKey": MARKED}}),
        ("backup", {"storageAccountUrl": f"https://st1/?{MARKED}", "databases": [{"connectionString": MARKED}]}),
        ("logs", {"httpLogs": {"azureBlobStorage": {"sasUrl": MARKED}}}),
        ("web", {"appSettings": [{"name": "A", "value": MARKED}], "connectionStrings": [{"connectionString": MARKED}]}),
    ],
)
@pytest.mark.parametrize("owner", ["microsoft.web/sites", "microsoft.web/sites/slots"])
def test_configurations_of_sites_and_slots(owner: str, name: str, properties: dict[str, Any]):
    found = redact(f"{owner}/config", {"name": name, "properties": properties})

    assert MARKED not in json.dumps(found)
    assert set(found["properties"]) == set(properties)


def test_the_type_of_a_connection_string_stays():
    body = {
        "name": "connectionstrings",
        "properties": {"Db": {"value": f"Server=a.b;pwd={MARKED}", "type": "SQLAzure"}},
    }

    found = redact("microsoft.web/sites/config", body)["properties"]["Db"]

    assert found["type"] == "SQLAzure"
    assert found["value"][MARK]["kind"] == "sql-password"


@pytest.mark.parametrize(
    "text",
    [
        f"AccountName=a;AccountKey={STORAGE_KEY}",
        f"curl -H x?sv=1&sig={MARKED}",
        f"https://u:{MARKED}@host.example/x",
        f"run --password={MARKED}",
        f"pwd: {MARKED}",
        "-----BEGIN PRIVATE KEY-----\n" + MARKED,
        "abc8Q~" + "x" * 34,
    ],
)
def test_a_text_that_shows_itself_as_a_secret_goes_wherever_it_stands(text: str):
    found = redact("contoso.any/things", {"tags": {"note": text}, "properties": {"a": [{"b": text}]}})

    assert text not in json.dumps(found)
    assert is_replaced(found["tags"]["note"])
    assert is_replaced(found["properties"]["a"][0]["b"])


def test_what_is_no_secret_is_untouched():
    body = {
        "id": "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/A.B/c/d",
        "name": "d",
        "tags": {"owner": "someone@contoso.com", "cost": "a=b"},
        "properties": {
            "secretUri": "https://kv1.vault.azure.net/secrets/x",
            "clientSecretSettingName": "AAD_SECRET",
            "secret": True,
            "publicKey": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC",
            "nested": [{"minimumTlsVersion": "TLS1_2", "count": 3, "none": None}],
        },
    }

    assert redact("a.b/c", body) == body


def test_doing_it_twice_changes_nothing():
    body = {"name": "appsettings", "properties": {"A": MARKED, "B": VAULT, "C": "", "D": {"x": MARKED}}}
    once = redact("microsoft.web/sites/config", body)

    assert redact("microsoft.web/sites/config", once) == once


@pytest.mark.parametrize(
    "forged",
    [
        {"$secret": MARKED},
        {"$secret": {"kind": MARKED}},
        {"$secret": {"kind": [MARKED]}},
        {"$secret": {"kind": {"a": MARKED}}},
        {"$secret": {"kind": "plain", "host": MARKED}},
        {"$secret": {"kind": "plain", "host": [MARKED]}},
        {"$secret": {"kind": "plain", "user": MARKED}},
        {"$secret": {"kind": "plain", "hash": MARKED}},
        {"$secret": {"kind": "plain", "note": MARKED}},
        {"$secret": {"kind": "plain"}, "more": MARKED},
    ],
)
def test_what_only_looks_like_a_replacement_is_replaced(forged: dict[str, Any]):
    assert MARKED not in json.dumps(setting(forged))


@pytest.mark.parametrize("name", ["Identity:Password:RequiredLength", "pwd=x", "a?sig=x"])
def test_what_tells_a_resource_from_others_stays_whatever_it_looks_like(name: str):
    body = {"id": f"/subscriptions/s/providers/A.B/c/{name}", "name": name, "type": "A.B/c", "properties": {"v": "12"}}

    assert redact("a.b/c", body) == body


def test_nesting_beyond_reason_is_cut_and_not_followed():
    deep: Any = MARKED
    for _ in range(900):
        deep = {"a": deep}

    found = redact("microsoft.logic/workflows", {"properties": {"definition": {"actions": deep}, "x": [deep]}})

    assert MARKED not in json.dumps(found)


def test_no_marked_secret_reaches_a_byte_of_any_file_of_a_snapshot(tmp_path: Path):
    path = tmp_path / "tenant.db"
    now = datetime(2026, 11, 1, tzinfo=UTC)
    bodies = [
        {"id": f"/subscriptions/s/providers/{type_key}/x{n}", "name": "x", "type": type_key, **_fill(place, MARKED)}
        for type_key, places in _PLACES.items()
        for n, place in enumerate(places)
    ]
    settings = {"id": "/s/appsettings", "name": "appsettings", "properties": {"A": MARKED, "B": {"C": [MARKED]}}}
    policy = {"id": "/s/policy", "properties": {"value": POLICY}}
    special = {"microsoft.web/sites/config": settings, "microsoft.apimanagement/service/policies": policy}
    with Snapshot.create(path, Manifest(source="live", started_at=now, finished_at=None)) as snapshot:
        redactor = Redactor(snapshot.secret_key)
        for kind, body in [*((str(body["type"]), body) for body in bodies), *special.items()]:
            snapshot.add("/", kind, [redactor.redact(kind, body)])
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        snapshot.finish(now)

    assert written.count(b"$secret") > len(bodies)
    for data in (written, path.read_bytes()):
        assert MARKED.encode() not in data
        assert base64.b64encode(MARKED.encode()) not in data


POLICY = f"""<policies>
  <inbound>
    <base />
    <!-- password is {MARKED} -->
    <validate-jwt header-name="Authorization" require-expiration-time="true">
      <openid-config url="https://login.microsoftonline.com/t/v2.0/.well-known/openid-configuration" />
      <audiences><audience>api://app</audience></audiences>
      <issuers><issuer>https://sts.windows.net/t/</issuer></issuers>
      <issuer-signing-keys><key>{MARKED}</key></issuer-signing-keys>
      <required-claims><claim name="roles"><value>Reader</value></claim></required-claims>
    </validate-jwt>
    <authentication-basic username="svc" password="{MARKED}" />
    <authentication-certificate body="{MARKED}" password='{MARKED}' />
    <set-header name="x-api-key" exists-action="override"><value>{MARKED}</value></set-header>
    <set-header name="x-other" exists-action="override"><value>{{{{named}}}}</value></set-header>
    <set-header name="Strict-Transport-Security" exists-action="override"><value>max-age=31536000</value></set-header>
    <set-query-parameter name="code" exists-action="override"><value>{MARKED}</value></set-query-parameter>
    <set-variable name="v" value="{MARKED}" />
    <set-backend-service base-url="https://st1.blob.core.windows.net/c?sv=1&amp;sig={MARKED}" />
    <set-body><![CDATA[{{"k": "{MARKED}"}}]]></set-body>
    <set-body>@("{MARKED}")</set-body>
    <choose><when condition="@(context.Request.Headers[&quot;k&quot;] == &quot;{MARKED}&quot;)">
      <return-response><set-status code="403" /></return-response></when></choose>
    <choose><when condition='@((string)context.Variables["x"] == "{MARKED}" && 1 < 2)'><base /></when></choose>
    <ip-filter action="allow"><address>10.0.0.1</address></ip-filter>
  </inbound>
</policies>"""


@pytest.mark.parametrize(
    "type_key",
    [f"microsoft.apimanagement/service/{below}policies" for below in ("", "apis/", "apis/operations/", "products/")]
    + ["microsoft.apimanagement/service/policyfragments"],
)
def test_a_policy_keeps_its_structure_and_loses_its_secrets(type_key: str):
    found = redact(type_key, {"name": "policy", "properties": {"format": "xml", "value": POLICY}})
    text = found["properties"]["value"]

    assert MARKED not in text
    for kept in (
        '<validate-jwt header-name="Authorization" require-expiration-time="true">',
        "<audience>api://app</audience>",
        '<claim name="roles"><value>Reader</value></claim>',
        "<value>{{named}}</value>",
        "<value>max-age=31536000</value>",
        '<authentication-basic username="svc" password="$secret(plain:',
        '<ip-filter action="allow"><address>10.0.0.1</address></ip-filter>',
    ):
        assert kept in text


@pytest.mark.parametrize("text", [f"<policies><inbound>{MARKED}", f"</inbound>{MARKED}", f"<a b='{MARKED}"])
def test_a_policy_whose_tags_do_not_match_goes_as_a_whole(text: str):
    found = redact("microsoft.apimanagement/service/policies", {"properties": {"value": text}})

    assert MARKED not in json.dumps(found)


@pytest.mark.parametrize(
    "part",
    [
        "<!--",
        "<![CDATA[",
        "<a ",
        "<a b='",
        "<a '\"",
        "</a",
        "a",
        "a=",
        "<a>",
        '<a b="c">',
        "<!-- -",
        "<a/>",
        '"',
        "&quot;",
        "< ",
        "<!-- --><a ",
        "@(",
        'a="',
        "name = ",
        "\n",
        "<a\t",
        "x='y\"",
        "password ",
    ],
)
def test_a_policy_made_to_be_slow_takes_time_in_proportion(part: str):
    started = time.process_time()
    for text in (part * (80_000 // len(part)), f"<p x{part * (80_000 // len(part))}", f"<p>{part * 8_000}</p>"):
        redact("microsoft.apimanagement/service/policies", {"properties": {"value": text}})

    assert time.process_time() - started < 4


def test_ten_thousand_ordinary_bodies_take_no_noticeable_time():
    body = {
        "id": "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/A.B/c/d",
        "properties": {f"p{n}": {"enabled": True, "value": "text", "list": ["a", "b"]} for n in range(10)},
    }
    started = time.process_time()
    for _ in range(10_000):
        redact("microsoft.storage/storageaccounts", body)

    assert time.process_time() - started < 10
