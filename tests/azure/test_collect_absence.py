"""Absence that is none: what came without its properties or its list is unknown and a gap, never empty."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.inventory.coverage import ReadState
from auditor.inventory.inventory import Inventory
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.faults import Fault, Kind
from tests.azure.loopback.server import Endpoints
from tests.azure.scripted import SUB, Collected, Scripted, error, item, list_path, raw, reset_after, run
from tests.conftest import arm_id

NSG = "Microsoft.Network/networkSecurityGroups"
SERVER = "Microsoft.Sql/servers"
SITE = "Microsoft.Web/sites"
VAULT = "Microsoft.KeyVault/vaults"
CONFIG = f"{SITE}/config"
LIST = list_path(NSG)
QUERY = "/providers/microsoft.resourcegraph/resources"
PERMISSIONS = f"/subscriptions/{SUB}/providers/microsoft.authorization/permissions"
GOOD = {"value": [item(NSG, "nsg-1")]}
BARE = [
    {name: value for name, value in item(NSG, "bare").items() if name != "properties"},
    {**item(NSG, "bare"), "properties": None},
    {**item(NSG, "bare"), "properties": "Succeeded"},
    {**item(NSG, "bare"), "properties": []},
]


def _unread(inventory: Inventory) -> dict[str, str]:
    return {r.name: r.unread["properties"].code for r in inventory.by_key.values() if r.unread}


@pytest.mark.parametrize("bare", BARE, ids=["missing", "null", "text", "list"])
def test_a_listed_resource_without_properties_is_unread(monkeypatch: pytest.MonkeyPatch, bare: dict[str, Any]) -> None:
    done = run(Scripted({LIST: {"value": [item(NSG, "good"), bare]}}), {NSG}, monkeypatch)
    inventory = done.snapshot.inventory()
    assert _unread(inventory) == {"bare": "NoProperties"}
    assert [(gap.scope, gap.type, gap.code) for gap in inventory.gaps] == [(bare["id"], NSG, "NoProperties")]
    assert (done.outcome.complete, done.outcome.gaps) == (False, 1)
    assert inventory.gap(NSG, f"/subscriptions/{SUB}") is None, "it is known which groups there are"


def test_a_row_of_resource_graph_without_properties_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [item(SERVER, "good"), {**item(SERVER, "bare"), "properties": None}]
    done = run(Scripted({QUERY: {"totalRecords": 2, "data": rows}}), {SERVER}, monkeypatch)
    assert _unread(done.snapshot.inventory()) == {"bare": "NoProperties"}
    assert not done.outcome.complete


def test_an_object_read_by_its_own_address_without_properties_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    web = f"{item(SITE, 'app')['id']}/config/web"
    script = Scripted(
        {QUERY: {"totalRecords": 1, "data": [item(SITE, "app")]}, web.lower(): {"id": web, "type": CONFIG}}
    )
    done = run(script, {CONFIG}, monkeypatch)
    assert _unread(done.snapshot.inventory())["web"] == "NoProperties"


def test_properties_that_come_later_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted({LIST: [{"value": [BARE[0]], "nextLink": ""}, GOOD]})
    first = run(script, {NSG}, monkeypatch)
    first.snapshot.close(f"/subscriptions/{SUB}", NSG, ReadState.PARTIAL)
    script.answers[LIST] = {"value": [item(NSG, "bare")]}
    again = run(script, {NSG}, monkeypatch, snapshot=first.snapshot)
    assert again.outcome.complete
    assert not again.snapshot.inventory().gaps


EMPTY = {
    "empty-object": {},
    "null": {"value": None},
    "no-content": raw(b"", 204),
    "object": {"value": {}},
    "text": {"value": "none"},
    "other-name": {"items": []},
}


@pytest.mark.parametrize("answer", EMPTY.values(), ids=EMPTY)
def test_a_list_without_a_list_is_no_empty_list(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    done = run(Scripted({LIST: answer}), {NSG}, monkeypatch)
    assert done.gaps() == [(NSG, "UnexpectedAnswer")]
    assert done.snapshot.state(f"/subscriptions/{SUB}", NSG) is ReadState.FAILED
    assert not done.outcome.complete


@pytest.mark.parametrize("answer", EMPTY.values(), ids=EMPTY)
def test_a_list_that_comes_at_the_second_try_is_whole(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    done = run(Scripted({LIST: [answer, GOOD]}), {NSG}, monkeypatch)
    assert done.outcome.complete
    assert len(done.ids(NSG)) == 1


@pytest.mark.parametrize("answer", [*EMPTY.values(), {"data": None, "totalRecords": 0}], ids=[*EMPTY, "null-data"])
def test_a_query_without_rows_is_listed_instead(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    script = Scripted({QUERY: answer, list_path(SERVER): {"value": [item(SERVER, "sql")]}})
    done = run(script, {SERVER}, monkeypatch)
    assert len(done.ids(SERVER)) == 1
    assert done.outcome.complete


def test_a_single_object_that_is_empty_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    web = f"{item(SITE, 'app')['id']}/config/web".lower()
    script = Scripted({QUERY: {"totalRecords": 1, "data": [item(SITE, "app")]}, web: {}})
    done = run(script, {CONFIG}, monkeypatch)
    assert _unread(done.snapshot.inventory())["web"] == "UnexpectedAnswer"


@pytest.mark.parametrize("body", [{}, None, {"value": None}], ids=["empty", "null", "null-list"])
def test_an_inner_answer_of_a_batch_without_a_list_is_a_gap(monkeypatch: pytest.MonkeyPatch, body: Any) -> None:
    async def batch(request: Any) -> Any:
        inner = (await request.json())["requests"]
        responses = [{"id": one["id"], "status": 200, "body": body} for one in inner]
        return await raw(json.dumps({"responses": responses}))(request)

    apps = {"value": [{"id": "aaaaaaaa-0000-0000-0000-000000000001", "appId": "x"}]}
    script = Scripted({"/v1.0/applications": apps, "/v1.0/$batch": batch})
    kind = "Microsoft.Graph/applications/federatedIdentityCredentials"
    assert run(script, {kind}, monkeypatch).gaps() == [(kind, "UnexpectedAnswer")]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"value": []}, 200),
        (error(403, "AuthorizationFailed"), 403),
    ],
    ids=["none", "refused"],
)
def test_who_may_not_read_a_subscription_is_not_shown_it_whole(
    monkeypatch: pytest.MonkeyPatch, answer: Any, status: int
) -> None:
    script = Scripted({QUERY: {"totalRecords": 0, "data": []}, PERMISSIONS: answer})
    assert run(script, {SERVER}, monkeypatch).gaps() == [(SERVER, "PartialVisibility")]


# --- answers whose bodies are of no use


def _first(done: Collected) -> tuple[int | None, str]:
    [gap] = [entry.gap for entry in done.snapshot.ledger() if entry.gap]
    return gap.status, gap.code


ERRORS = {
    "html": b"<html><body>Bad Gateway</body></html>",
    "text": b"upstream connect error",
    "empty": b"",
    "cut": b'{"error": {"code": "Autho',
    "json-text": b'"no"',
    "odd": b'{"error": {"code": {"a": 1}, "message": ["x"]}}',
    "not-utf-8": b"\xff\xfe\x00",
}


@pytest.mark.parametrize(
    ("status", "tries", "body"),
    [
        *((403, 1, body) for body in ERRORS.values()),
        *((503, 6, body) for body in ERRORS.values()),
        *((status, 1, ERRORS["text"]) for status in (400, 404, 501)),
        *((status, 6, ERRORS["text"]) for status in (500, 502, 520, 599)),
    ],
)
def test_the_status_of_an_error_decides_whatever_its_body(
    monkeypatch: pytest.MonkeyPatch, status: int, tries: int, body: bytes
) -> None:
    script = Scripted({LIST: raw(body, status)})
    done = run(script, {NSG}, monkeypatch)
    assert _first(done)[0] == status
    assert script.count("networkSecurityGroups") == tries


@pytest.mark.parametrize("status", [403, 404, 503])
def test_an_error_that_is_cut_off_is_judged_by_its_status(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    script = Scripted({LIST: reset_after(b'{"error": {"co', status)})
    done = run(script, {NSG}, monkeypatch)
    assert _first(done)[0] == status
    assert script.count("networkSecurityGroups") == (6 if status == 503 else 1)


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_plain_body_that_says_it_is_compressed_is_told(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    script = Scripted({LIST: raw(json.dumps(GOOD), status, {"Content-Encoding": "gzip"})})
    done = run(script, {NSG, VAULT}, monkeypatch)
    assert _first(done) == ((200, "BadEncoding") if status == 200 else (status, f"Http{status}"))


def test_a_compressed_body_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = gzip.compress(json.dumps(GOOD).encode())
    assert run(
        Scripted({LIST: raw(content, headers={"Content-Encoding": "gzip"})}), {NSG}, monkeypatch
    ).outcome.complete


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        json.dumps({"value": [item(NSG, "nsg-1", tags={"owner": "\ud83d"})]}).encode(),
        json.dumps({"value": [item(NSG, "nsg-1", tags={"\udc00": "x"})]}).encode(),
        json.dumps({"value": [item(NSG, "nsg-1", tags={"owner": "Zo?"})]}).encode().replace(b"?", b"\xeb"),
    ],
    ids=["byte-order-mark", "half-a-pair", "half-a-pair-as-name", "latin-1"],
)
def test_odd_text_does_not_hide_a_list(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    done = run(Scripted({LIST: raw(content)}), {NSG}, monkeypatch)
    assert [name.rpartition("/")[2] for name in done.ids(NSG)] == ["nsg-1"]
    assert done.outcome.complete


def test_groups_that_were_listed_bare_are_unknown_and_not_judged_as_empty(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"name": "any", "properties": {"access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "*"}}
    body = {"id": arm_id(NSG, "open"), "name": "open", "type": NSG, "properties": {"securityRules": [rule]}}
    azure = LoopbackAzure([body])
    azure.plan_faults(Fault(Kind.NULL_PROPERTIES, path="networkSecurityGroups"))
    done = collect_from(start_azure(azure), {NSG}, monkeypatch)
    [group] = [r for r in done.snapshot.resources() if r.type == NSG]
    assert group.unread["properties"].code == "NoProperties"
    assert "properties" not in group.body


def test_settings_of_a_type_that_is_not_asked_for_them_are_unknown(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, disk = "Microsoft.Insights/diagnosticSettings", "Microsoft.Compute/disks"
    bodies = [{"id": arm_id(kind, "x"), "name": "x", "type": kind} for kind in (VAULT, disk)]
    done = collect_from(start_azure(LoopbackAzure(bodies)), {logs, VAULT, disk}, monkeypatch)
    inventory = done.snapshot.inventory()
    assert done.outcome.complete
    assert inventory.gap(logs, arm_id(VAULT, "x")) is None
    assert inventory.gap(logs, arm_id(disk, "x")).code == "NotAsked"


def test_a_small_answer_that_unpacks_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b" " * (140 * 1024 * 1024), compresslevel=1)
    done = run(Scripted({LIST: raw(bomb, headers={"Content-Encoding": "gzip"})}), {NSG}, monkeypatch)
    assert done.gaps() == [(NSG, "TooLarge")]
    assert _first(done)[0] == 200


def test_a_page_beyond_the_bound_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(Scripted({LIST: raw(b" " * (130 << 20))}), {NSG}, monkeypatch)
    assert done.gaps() == [(NSG, "TooLarge")]
