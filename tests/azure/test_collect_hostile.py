"""Answers that are broken, hostile or merely odd: nothing crashes, loops, leaks the token or loses what was good."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.inventory.coverage import ReadState
from tests.azure.scripted import (
    OTHER,
    SUB,
    Scripted,
    error,
    item,
    list_path,
    raw,
    reset_after,
    run,
)

NSG = "Microsoft.Network/networkSecurityGroups"
VNET = "Microsoft.Network/virtualNetworks"
LIST = list_path(NSG)
GOOD = {"value": [item(NSG, "nsg-1")]}


def _page(*names: str, next_link: Any = None) -> dict[str, Any]:
    page: dict[str, Any] = {"value": [item(NSG, name) for name in names]}
    return {**page, "nextLink": next_link} if next_link is not None else page


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (error(429, "TooManyRequests", headers={"Retry-After": "7"}), "TooManyRequests"),
        (error(503, "ServiceUnavailable"), "ServiceUnavailable"),
        (error(500, "InternalServerError"), "InternalServerError"),
        (error(409, "RetryableErrorDueToAnotherOperation"), "RetryableErrorDueToAnotherOperation"),
        (reset_after(b'{"value": ['), "Unreachable"),
        (raw(b'{"value": [{"id": "/subscr'), "TruncatedAnswer"),
        (raw("<html><body>sign in</body></html>", kind="text/html"), "NotJson"),
        (raw('"text"'), "UnexpectedAnswer"),
        (raw(json.dumps({"error": {"code": "GatewayTimeout", "message": "late"}})), "GatewayTimeout"),
    ],
    ids=["429", "503", "500", "lock", "reset", "truncated", "html", "no-object", "200-with-error"],
)
def test_what_may_pass_is_asked_again(monkeypatch: pytest.MonkeyPatch, first: Any, code: str) -> None:
    script = Scripted({LIST: [first, GOOD]})
    done = run(script, {NSG}, monkeypatch)
    assert done.ids(NSG) == [item(NSG, "nsg-1")["id"]]
    assert done.outcome.complete
    assert done.outcome.troubles == {code: 1}
    assert script.count("networkSecurityGroups") == 2


@pytest.mark.parametrize(
    ("answer", "code", "state"),
    [
        (error(403, "AuthorizationFailed"), "AuthorizationFailed", ReadState.DENIED),
        (error(404, "SubscriptionNotFound"), "SubscriptionNotFound", ReadState.FAILED),
        (error(503, "ServerBusy"), "ServerBusy", ReadState.FAILED),
        (error(429, "TooManyRequests"), "TooManyRequests", ReadState.THROTTLED),
        (raw("<html>"), "NotJson", ReadState.FAILED),
        (raw(b'{"value": [{'), "TruncatedAnswer", ReadState.FAILED),
        (raw("[" * 2000 + "]" * 2000), "TooDeep", ReadState.FAILED),
        (raw(b"", 302, {"Location": "http://127.0.0.1:9/elsewhere"}), "Redirected", ReadState.FAILED),
    ],
    ids=["403", "404", "503", "429", "html", "truncated", "deep", "redirect"],
)
def test_what_stays_broken_becomes_a_gap_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, answer: Any, code: str, state: ReadState
) -> None:
    script = Scripted({LIST: answer, list_path(VNET): {"value": [item(VNET, "vnet-1")]}})
    done = run(script, {NSG, VNET}, monkeypatch)
    assert done.gaps() == [(NSG, code)]
    assert done.snapshot.state(f"/subscriptions/{SUB}", NSG) is state
    assert done.ids(VNET) == [item(VNET, "vnet-1")["id"]]
    assert not done.outcome.complete


def test_a_provider_that_is_not_registered_is_an_answer_and_nothing_is_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Scripted({LIST: error(409, "MissingSubscriptionRegistration")})
    done = run(script, {NSG}, monkeypatch)
    assert done.outcome.complete
    assert done.snapshot.state(f"/subscriptions/{SUB}", NSG) is ReadState.UNSUPPORTED
    assert {method for method, _ in script.asked} == {"GET"}


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("http://evil.example/next", "ForeignNextLink"),
        ("https://127.0.0.1/next", "ForeignNextLink"),
        ("http://user@127.0.0.1/next", "ForeignNextLink"),
        ("//evil.example/next", "ForeignNextLink"),
        ({"href": "x"}, "BadNextLink"),
    ],
)
def test_a_foreign_next_link_is_not_followed(monkeypatch: pytest.MonkeyPatch, link: Any, code: str) -> None:
    script = Scripted({LIST: _page("nsg-1", next_link=link)})
    done = run(script, {NSG}, monkeypatch)
    assert done.ids(NSG) == [item(NSG, "nsg-1")["id"]]
    assert done.gaps() == [(NSG, code)]
    assert done.snapshot.state(f"/subscriptions/{SUB}", NSG) is ReadState.PARTIAL
    assert len(script.asked) == 2


def test_a_next_link_loop_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted()

    async def loop(request: Any) -> Any:
        return await raw(json.dumps(_page("nsg-1", next_link=f"{script.base}{LIST}?page=2")))(request)

    script.answers[LIST] = loop
    done = run(script, {NSG}, monkeypatch)
    assert done.gaps() == [(NSG, "NextLinkLoop")]
    assert script.count("networkSecurityGroups") == 2


def test_all_pages_are_followed_and_duplicates_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted()

    async def pages(request: Any) -> Any:
        number = int(request.query.get("page", "1"))
        link = f"{script.base}{LIST}?page={number + 1}" if number < 3 else None
        return await raw(json.dumps(_page("nsg-1", f"nsg-{number + 1}", next_link=link)))(request)

    script.answers[LIST] = pages
    done = run(script, {NSG}, monkeypatch)
    assert [name.rpartition("/")[2] for name in done.ids(NSG)] == ["nsg-1", "nsg-2", "nsg-3", "nsg-4"]
    assert done.outcome.complete


@pytest.mark.parametrize(
    ("items", "kept", "codes"),
    [
        ([None, item(NSG, "nsg-1")], 1, ["MalformedItem"]),
        (["text", item(NSG, "nsg-1"), {"name": "no id"}], 1, ["MalformedItem"]),
        ([{**item(NSG, "nsg-1"), "tags": None}], 1, []),
        ([{**item(NSG, "nsg-1"), "sku": {"name": "NotInvented"}, "brandNew": [[[]]]}], 1, []),
        ([{**item(NSG, "NSG-1"), "id": item(NSG, "nsg-1")["id"].upper()}, item(NSG, "nsg-1")], 1, []),
        ([item(NSG, "nsg-1"), {**item(NSG, "deep"), "x": json.loads("[" * 400 + "]" * 400)}], 1, ["MalformedItem"]),
    ],
    ids=["null", "no-object", "null-tags", "unknown-values", "odd-case", "one-too-deep"],
)
def test_odd_objects_do_not_lose_the_good_ones(
    monkeypatch: pytest.MonkeyPatch, items: list[Any], kept: int, codes: list[str]
) -> None:
    done = run(Scripted({LIST: {"value": items}}), {NSG}, monkeypatch)
    assert len(done.ids(NSG)) == kept
    assert [code for _, code in done.gaps()] == codes


def test_a_page_of_50_megabytes_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"value": [item(NSG, "big", filler="x" * 50_000_000)]}).encode()
    done = run(Scripted({LIST: raw(body)}), {NSG}, monkeypatch)
    assert len(done.ids(NSG)) == 1


def test_words_of_a_service_are_made_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "line one\nline two\x1b[31m " + "eyJhbGciOiJSUzI1NiJ9.eyJhdWQi.c2ln" + " z" * 400
    done = run(Scripted({LIST: error(403, "Authorization<Failed>", words)}), {NSG}, monkeypatch)
    [gap] = [entry.gap for entry in done.snapshot.ledger() if entry.gap]
    assert gap.code == "AuthorizationFailed"
    assert "\n" not in gap.message
    assert "\x1b" not in gap.message
    assert "eyJ" not in gap.message
    assert len(gap.message) < 450
    assert gap.message.endswith("needs Microsoft.Network/networkSecurityGroups/read, which the role Reader has)")


def test_a_throttled_subscription_holds_no_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted(
        {LIST: [error(429, "TooManyRequests", headers={"Retry-After": "120"}), GOOD]}, subscriptions=(SUB, OTHER)
    )
    done = run(script, {NSG}, monkeypatch)
    assert done.outcome.complete
    assert 119 < done.clock.at < 125
    order = [path for _, path in script.asked if "networksecuritygroups" in path.lower()]
    assert [SUB in path for path in order].index(False) < 2, "the other subscription was read before the wait was over"


def test_a_wait_without_end_is_not_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    for status, code in ((429, "TooManyRequests"), (503, "ServerBusy")):
        script = Scripted({LIST: error(status, code, headers={"Retry-After": "86400"})})
        done = run(script, {NSG}, monkeypatch)
        assert done.gaps() == [(NSG, code)]
        assert done.clock.at < 1
        assert script.count("networkSecurityGroups") == 1


def test_a_service_that_is_down_is_not_asked_six_times_for_every_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = "Microsoft.KeyVault/vaults"
    vaults = [item(vault, f"kv{number}") for number in range(40)]
    keys = {f"{body['id']}/keys".lower(): error(503, "ServerBusy") for body in vaults}
    script = Scripted({list_path(vault): {"value": vaults}, **keys})
    done = run(script, {f"{vault}/keys"}, monkeypatch)
    assert len([code for _, code in done.gaps() if code == "ServerBusy"]) == 40
    assert script.count("/keys") <= 16 * 6 + 24


def test_a_refused_token_is_replaced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted({LIST: [error(401, "ExpiredAuthenticationToken"), GOOD]})
    done = run(script, {NSG}, monkeypatch)
    asked = [token for token, (_, path) in zip(script.tokens, script.asked, strict=True) if "networkSec" in path]
    assert done.outcome.complete
    assert len(set(asked)) == 2


def test_the_token_is_in_no_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    run(
        Scripted({LIST: [error(401, "ExpiredAuthenticationToken"), error(403, "AuthorizationFailed")]}),
        {NSG},
        monkeypatch,
    )
    assert "token-1" not in caplog.text
    assert "Bearer" not in caplog.text
