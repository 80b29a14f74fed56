"""What services take, how apps connect, who asks clients for certificates, and the way of a request hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.evaluate.model import Outcome
from auditor.facts.registry import FactStore, family
from auditor.facts.transport.request_path import _MOST
from auditor.facts.transport.table import SERVICES, Reading
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread
from auditor.rules.loader import load_rules
from auditor.rules.selftest import example_context
from tests.conftest import arm_id

Body = Mapping[str, Any]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
GATEWAY = "Microsoft.Network/applicationGateways"


def fact(name: str, judged: str, *bodies: Body) -> Any:
    inventory = Inventory([Resource.from_body(body) for body in bodies])
    found = inventory.get(judged)
    assert found is not None
    return FactStore(inventory, NOW).get(name, found)


def settings(**marks: Mapping[str, str]) -> dict[str, Any]:
    identifier = arm_id("Microsoft.Web/sites/config", "app/appsettings")
    values = {name: {"$secret": mark} for name, mark in marks.items()}
    return {"id": identifier, "type": "Microsoft.Web/sites/config", "properties": values}


@pytest.mark.parametrize(
    ("mark", "flaws"),
    [
        ({"kind": "sql-password", "host": "db.example.com", "encrypt": "false"}, ["plain"]),
        # Azure SQL encrypts all the same; only nobody looks at its certificate.
        ({"kind": "sql-password", "host": "sql1.database.windows.net", "encrypt": "false"}, ["unchecked"]),
        ({"kind": "sql-password", "host": "db.example.com"}, []),
        ({"kind": "sql-password", "host": "db.example.com", "encrypt": "true"}, []),
        ({"kind": "sql-password", "host": "d.x", "encrypt": "true", "trust_server_certificate": "true"}, ["unchecked"]),
        ({"kind": "sql-password", "host": "d.x", "encrypt": "strict", "trust_server_certificate": "true"}, []),
        ({"kind": "sql-password", "host": "d.x", "encrypt": "false", "trust_server_certificate": "true"}, ["plain"]),
        ({"kind": "connection-string", "host": "pg.x", "sslmode": "prefer"}, ["plain"]),
        ({"kind": "connection-string", "host": "pg.x", "sslmode": "require"}, ["unchecked"]),
        ({"kind": "connection-string", "host": "pg.x", "sslmode": "verify-full"}, []),
        ({"kind": "redis-key", "host": "c.redis.cache.windows.net", "ssl": "False"}, ["plain"]),
        ({"kind": "storage-account-key", "account": "st1", "protocol": "http"}, ["plain"]),
        ({"kind": "storage-account-key", "account": "st1", "protocol": "https"}, []),
    ],
)
def test_a_connection_is_as_its_settings_say(mark: Mapping[str, str], flaws: list[str]):
    body = settings(DB=mark)

    assert [one["flaws"] for one in fact("connections", body["id"], body)["all"]] == [flaws]


def test_an_address_in_a_setting_is_no_connection():
    body = settings(DOCS={"kind": "url", "host": "schemas.example.com", "protocol": "http"})

    assert fact("connections", body["id"], body)["all"] == []


def gateway(protocol: str = "Https", host: str = "app.azurewebsites.net", **backend: Any) -> dict[str, Any]:
    me = arm_id(GATEWAY, "agw")
    part = {name: {"id": f"{me}/{name}/{name}"} for name in ("httpListeners", "backendAddressPools", "settings")}
    rule = {
        "httpListener": part["httpListeners"],
        "backendAddressPool": part["backendAddressPools"],
        "backendHttpSettings": part["settings"],
    }
    properties = {
        "httpListeners": [
            {**part["httpListeners"], "name": "l", "properties": {"protocol": "Https", "hostName": "a.x"}}
        ],
        "backendAddressPools": [{**part["backendAddressPools"], "properties": {"backendAddresses": [{"fqdn": host}]}}],
        "backendHttpSettingsCollection": [
            {**part["settings"], "name": "settings", "properties": {"protocol": protocol, **backend}}
        ],
        "requestRoutingRules": [{"name": "r", "properties": rule}],
    }
    return {"id": me, "name": "agw", "type": GATEWAY, "properties": properties}


def site(name: str = "app") -> dict[str, Any]:
    kind = "Microsoft.Web/sites"
    properties = {"defaultHostName": f"{name}.azurewebsites.net"}
    return {"id": arm_id(kind, name), "name": name, "type": kind, "properties": properties}


SAFE = {"kind": "connection-string", "host": "sql1.database.windows.net", "encrypt": "true"}


@pytest.mark.parametrize(
    ("bodies", "state", "said"),
    [
        ((gateway(), site(), settings(DB=SAFE)), "sound", ""),
        ((gateway("Http"), site(), settings(DB=SAFE)), "plain", "from agw to app over HTTP"),
        ((gateway(validateSNI=False), site(), settings(DB=SAFE)), "unchecked", "from agw to app with any certificate"),
        (
            (gateway(), site(), settings(DB={**SAFE, "encrypt": "false"})),
            "unchecked",
            "from app to sql1.database.windows.net by Encrypt=false",
        ),
        # One hop is told by the rule of the gateway, not as a way.
        ((gateway("Http", host="elsewhere.example.com"),), "plain", ""),
    ],
)
def test_a_way_is_as_good_as_its_worst_hop(bodies: tuple[Body, ...], state: str, said: str):
    found = fact("request_path", arm_id(GATEWAY, "agw"), *bodies)

    assert found["worst"] == state
    assert said in "".join(found[name] for name in ("plain", "unchecked", "old"))
    assert bool(said) == any(found[name] for name in ("plain", "unchecked", "old"))


def test_a_way_begins_where_nothing_leads_to():
    bodies = (gateway("Http"), site(), settings(DB=SAFE))

    assert fact("request_path", site()["id"], *bodies)["paths"] == []
    assert [path["text"] for path in fact("request_path", gateway()["id"], *bodies)["paths"]] == [
        "agw -> app -> sql1.database.windows.net"
    ]


def test_where_settings_were_not_read_a_way_is_not_said_to_be_sound():
    class Refused:
        def gap(self, type_key: str, scope: str | None) -> Any:
            from auditor.inventory.model import Gap

            return Gap(scope or "/", type_key, "POST", 403, "Forbidden") if type_key.endswith("/config") else None

    bodies = [gateway(), site()]
    inventory = Inventory([Resource.from_body(body) for body in bodies], Refused())
    found: Any = family("request_path").compute(inventory)[arm_id(GATEWAY, "agw").lower()]

    assert isinstance(found["plain"], Unread)


def test_ways_in_a_dense_net_are_counted_out():
    hosts = [f"app{number}" for number in range(14)]
    bodies: list[Body] = []
    for number, name in enumerate(hosts):
        bodies.append(site(name))
        marks = {
            f"NEXT{other}": {"kind": "connection-string", "host": f"app{other}.azurewebsites.net"}
            for other in range(number + 1, len(hosts))
        }
        own = settings(**marks)
        bodies.append({**own, "id": arm_id("Microsoft.Web/sites/config", f"{name}/appsettings")})

    assert len(fact("request_path", site("app0")["id"], *bodies)["paths"]) == _MOST


@pytest.mark.parametrize(
    ("kind", "properties", "mode"),
    [
        ("Microsoft.Web/sites", {"clientCertEnabled": True}, "required"),
        ("Microsoft.Web/sites", {"clientCertEnabled": True, "clientCertMode": "Optional"}, "optional"),
        ("Microsoft.Web/sites", {"clientCertEnabled": True, "clientCertExclusionPaths": "/"}, "optional"),
        ("Microsoft.Web/sites", {"clientCertEnabled": True, "clientCertExclusionPaths": "/health;/ping"}, "required"),
        ("Microsoft.Web/sites", {"clientCertEnabled": False, "clientCertMode": "Required"}, "ignored"),
        (
            "Microsoft.App/containerApps",
            {"configuration": {"ingress": {"clientCertificateMode": "Accept"}}},
            "optional",
        ),
        ("Microsoft.App/containerApps", {"configuration": {"ingress": {}}}, "ignored"),
        ("Microsoft.ApiManagement/service", {"enableClientCertificate": True}, "optional"),
        (
            "Microsoft.ApiManagement/service",
            {"hostnameConfigurations": [{"negotiateClientCertificate": True}]},
            "optional",
        ),
        ("Microsoft.SignalRService/signalR", {"tls": {"clientCertEnabled": True}}, "optional"),
    ],
)
def test_who_asks_clients_for_certificates(kind: str, properties: Body, mode: str, body: Callable[..., Body]):
    one = body(kind, "x", properties)

    assert fact("client_certificates", str(one["id"]), one)["mode"] == mode


@pytest.mark.parametrize(
    ("properties", "ends", "expired"),
    [
        ({"expiry": "Sat, 31 Oct 2026 00:00:00 GMT"}, "2026-10-31", True),
        ({"expiry": "Mon, 02 Nov 2026 00:00:00 GMT"}, "2026-11-02", False),
        ({"expiryTimeInUtc": "2025-01-01T00:00:00Z"}, "2025-01-01", True),
        ({"expiry": "some day"}, "", False),
        ({}, "", False),
    ],
)
def test_an_authority_ends_when_its_certificate_does(
    properties: Body, ends: str, expired: bool, body: Callable[..., Body]
):
    one = body("Microsoft.Devices/IotHubs/certificates", "h/ca", properties)
    found = fact("client_certificates", str(one["id"]), one)

    assert (found["ends"], found["expired"]) == (ends, expired)


RULES = {rule.id: rule for rule in load_rules(examples=True).rules}
AGREE = {
    "storage-https-only": "plain",
    "storage-minimum-tls": "version",
    "redis-plain-port": "plain",
    "redis-minimum-tls": "version",
    "redis-enterprise-minimum-tls": "version",
    "sql-minimum-tls": "version",
    "sqlmi-minimum-tls": "version",
    "eventhub-minimum-tls": "version",
    "servicebus-minimum-tls": "version",
    "eventgrid-minimum-tls": "version",
    "eventgrid-namespace-minimum-tls": "version",
    "iothub-minimum-tls": "version",
    "hdinsight-minimum-tls": "version",
    "cdn-classic-domain-minimum-tls": "version",
    "frontdoor-minimum-tls": "version",
    "domain-services-tls-1-0": "version",
    "containerapp-plain-http": "plain",
    "app-https-only": "plain",
}
"""Rules that ask for one property, and what the table says of the same service."""


@pytest.mark.parametrize("rule_id", AGREE)
def test_the_table_agrees_with_the_rules_on_their_examples(rule_id: str):
    rule, part = RULES[rule_id], AGREE[rule_id]
    for outcome, examples in ((Outcome.FAIL, rule.examples.fail), (Outcome.PASS, rule.examples.passing)):
        for example in examples:
            context = example_context(example, FactStore)
            found: Any = context.facts.get("transport", context.resource)
            bad = found[part] in ("accepted", "1.0", "1.1")
            assert bad is (outcome is Outcome.FAIL), example[0]


def test_every_entry_says_where_its_default_is_written():
    readings = [one for service in SERVICES for one in (service.plain, service.version) if isinstance(one, Reading)]

    assert all(one.source.startswith("https://learn.microsoft.com/") for one in readings)
    assert len({service.key for service in SERVICES}) == len(SERVICES)


def test_the_document_is_made_from_the_table():
    from auditor.facts.transport.document import document

    assert (Path(__file__).parents[2] / "docs" / "transport.md").read_text(encoding="utf-8") == document()
