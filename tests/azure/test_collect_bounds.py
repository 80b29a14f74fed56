"""Pages, requests, bytes and waiting have bounds that say so; a refused token is replaced while there is another."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest
from aiohttp import web

from auditor.azure.budget import Timing
from auditor.azure.collectors.bounds import MOST_BYTES, MOST_PAGES, MOST_WITHOUT_NEWS, Bounds
from auditor.inventory.coverage import ReadState
from tests.azure.scripted import SUB, Clock, Scripted, error, item, list_path, raw, run

NSG = "Microsoft.Network/networkSecurityGroups"
VNET = "Microsoft.Network/virtualNetworks"
SERVER = "Microsoft.Sql/servers"
APPS = "Microsoft.Graph/applications"
LIST = list_path(NSG)
GOOD = {"value": [item(NSG, "nsg-1")]}
QUERY = "/providers/microsoft.resourcegraph/resources"


def _pages(script: Scripted, *names: str, path: str = LIST, link: str = "nextLink", times: int = 10**9) -> Any:
    """Pages with the same objects, each with a link that was never seen before; after `times` the last one."""
    numbers = itertools.count(1)

    async def answer(request: Any) -> Any:
        number = next(numbers)
        page: dict[str, Any] = {"value": [item(NSG, name) for name in names]}
        if number < times:
            page[link] = f"{script.base}{path}?page={number}"
        return await raw(json.dumps(page))(request)

    return answer


@pytest.mark.parametrize("names", [("nsg-1",), ()], ids=["same-page", "empty-page"])
def test_a_list_that_brings_nothing_new_ends(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    script = Scripted()
    script.answers[LIST] = _pages(script, *names)
    done = run(script, {NSG}, monkeypatch)
    assert done.gaps() == [(NSG, "EndlessList")]
    assert done.snapshot.state(f"/subscriptions/{SUB}", NSG) is ReadState.PARTIAL
    assert script.count("networkSecurityGroups") <= MOST_WITHOUT_NEWS + 1
    assert len(done.ids(NSG)) == len(names)


@pytest.mark.parametrize("names", [("nsg-1",), ()], ids=["doubled", "empty"])
def test_some_doubled_or_empty_pages_are_allowed(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    script = Scripted()
    script.answers[LIST] = _pages(script, *names, times=5)
    assert run(script, {NSG}, monkeypatch).outcome.complete


def test_the_directory_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted()
    script.answers["/v1.0/applications"] = _pages(script, "x", path="/v1.0/applications", link="@odata.nextLink")
    assert run(script, {APPS}, monkeypatch).gaps() == [(APPS, "EndlessList")]


def test_a_query_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count(1)

    async def answer(request: Any) -> Any:
        body = {"totalRecords": 1, "data": [item(SERVER, "sql")], "$skipToken": str(next(numbers))}
        return await raw(json.dumps(body))(request)

    script = Scripted({QUERY: answer, list_path(SERVER): error(403, "AuthorizationFailed")})
    done = run(script, {SERVER}, monkeypatch)
    assert done.gaps() == [(SERVER, "AuthorizationFailed")]
    assert script.count("ResourceGraph") <= MOST_WITHOUT_NEWS + 1


def test_pages_and_bytes_of_one_list_are_bounded() -> None:
    pages = Bounds()
    found = [pages.exceeded([{"id": str(number)}], 1) for number in range(MOST_PAGES)]
    assert [trouble.code for trouble in found if trouble] == ["TooManyPages"]
    large = Bounds()
    assert large.exceeded([{"id": "1"}], MOST_BYTES - 1) is None
    assert (trouble := large.exceeded([{"id": "2"}], 1))
    assert trouble.code == "TooManyBytes"


@pytest.mark.parametrize("wait", ["0", "nan", "-5", "inf", "1e400", "0.0001", "soon", None])
@pytest.mark.parametrize("kind", [APPS, NSG])
def test_throttling_without_end_is_waited_for_minutes_and_with_few_requests(
    monkeypatch: pytest.MonkeyPatch, wait: str | None, kind: str
) -> None:
    throttled = error(429, "TooManyRequests", headers={"Retry-After": wait} if wait else None)
    script = Scripted({"/v1.0/applications": throttled, LIST: throttled})
    done = run(script, {kind}, monkeypatch)
    assert [code for _, code in done.gaps()] == ["TooManyRequests"]
    assert len(script.asked) < 70
    assert done.clock.at < 700


def test_what_shares_an_exhausted_quota_does_not_wait_for_it_one_after_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    throttled = error(429, "TooManyRequests", headers={"Retry-After": "20"})
    vault = "Microsoft.KeyVault/vaults"
    vaults = [item(vault, f"kv{number}") for number in range(40)]
    parts = {f"{body['id']}/{name}".lower(): throttled for body in vaults for name in ("keys", "secrets")}
    script = Scripted({list_path(vault): {"value": vaults}, **parts})
    done = run(script, {f"{vault}/keys", f"{vault}/secrets"}, monkeypatch)
    assert len([code for _, code in done.gaps() if code == "TooManyRequests"]) == 80
    assert done.clock.at < 1300


async def _trickle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


def test_a_trickle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hurried(Clock):
        @property
        def timing(self) -> Timing:
            return Timing(self.now, self.sleep, answer_s=0.2)

    script = Scripted({LIST: _trickle, list_path(VNET): {"value": [item(VNET, "vnet-1")]}})
    done = run(script, {NSG, VNET}, monkeypatch, clock=Hurried())
    assert done.gaps() == [(NSG, "Unreachable")]
    assert len(done.ids(VNET)) == 1


# --- tokens


def test_tokens_that_are_refused_again_and_again_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = error(401, "ExpiredAuthenticationToken")
    script = Scripted({LIST: [*[refused] * 7, GOOD]})
    done = run(script, {NSG}, monkeypatch)
    assert done.outcome.complete
    assert len(done.ids(NSG)) == 1


def test_a_service_that_takes_each_token_once_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[str] = set()
    vault = "Microsoft.KeyVault/vaults"
    vaults = [item(vault, f"kv{number}") for number in range(12)]
    answers = {list_path(vault): {"value": vaults}, **{f"{body['id']}/keys".lower(): {"value": []} for body in vaults}}

    def once(answer: Any) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            token = request.headers["Authorization"]
            if token in used:
                return await error(401, "InvalidAuthenticationToken")(request)
            used.add(token)
            return web.json_response(answer)

        return handle

    script = Scripted({path: once(answer) for path, answer in answers.items()})
    assert run(script, {f"{vault}/keys"}, monkeypatch).outcome.complete


def test_who_is_never_let_in_does_not_ask_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = "Microsoft.KeyVault/vaults"
    vaults = [item(vault, f"kv{number}") for number in range(40)]
    refused = {f"{body['id']}/keys".lower(): error(401, "InvalidAuthenticationToken") for body in vaults}
    script = Scripted({list_path(vault): {"value": vaults}, **refused})
    done = run(script, {f"{vault}/keys"}, monkeypatch)
    assert len([code for _, code in done.gaps() if code == "InvalidAuthenticationToken"]) == 40
    assert next(script.issued) < 40
    assert script.count("/keys") < 40 * 12
