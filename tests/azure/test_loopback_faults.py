"""Planned faults happen where they are planned, and are the same for the same seed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable

import pytest

from tests.azure.loopback import bodies as b
from tests.azure.loopback.asking import ask
from tests.azure.loopback.faults import TRANSIENT, Fault, Faults, Kind
from tests.azure.loopback.server import Endpoints
from tests.azure.loopback.wire import Request

Start = Callable[..., Endpoints]
STORAGE = f"/subscriptions/{b.SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts?api-version=2026-09-01"


@pytest.fixture
def endpoints(start_azure: Start) -> Endpoints:
    return start_azure(bodies=b.many(6, b.storage_account, prefix="st"), page_size=3)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.THROTTLED, 429),
        (Kind.THROTTLED_BARE, 429),
        (Kind.UNAVAILABLE, 503),
        (Kind.SERVER_ERROR, 500),
        (Kind.ERROR_IN_200, 200),
        (Kind.HTML, 200),
        (Kind.EMPTY, 200),
    ],
)
def test_answers_in_place_of_the_real_one(endpoints: Endpoints, kind: Kind, status: int) -> None:
    endpoints.azure.plan_faults(Fault(kind))

    answer = ask(endpoints, STORAGE)

    assert answer.status == status
    assert ("retry-after" in answer.headers) is (kind is Kind.THROTTLED)
    assert "value" not in answer.body


def test_a_reset_breaks_the_connection_in_the_middle(endpoints: Endpoints) -> None:
    endpoints.azure.plan_faults(Fault(Kind.RESET))

    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        ask(endpoints, STORAGE)


def test_a_truncated_answer_is_whole_http_and_half_a_document(endpoints: Endpoints) -> None:
    endpoints.azure.plan_faults(Fault(Kind.TRUNCATED))

    answer = ask(endpoints, STORAGE)

    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_links_lead_elsewhere_or_in_circles(endpoints: Endpoints) -> None:
    endpoints.azure.plan_faults(Fault(Kind.FOREIGN_HOST))
    assert ask(endpoints, STORAGE).body["nextLink"].startswith("https://attacker.example/")

    endpoints.azure.plan_faults(Fault(Kind.FOREIGN_SCHEME))
    assert ask(endpoints, STORAGE).body["nextLink"].startswith("https://127.0.0.1:")

    endpoints.azure.plan_faults(Fault(Kind.LOOP))
    assert ask(endpoints, STORAGE).names == ask(endpoints, ask(endpoints, STORAGE).body["nextLink"]).names


def test_items_come_again_or_come_broken(endpoints: Endpoints) -> None:
    endpoints.azure.plan_faults(Fault(Kind.DUPLICATES))
    first = ask(endpoints, STORAGE)
    assert set(first.names) & set(ask(endpoints, first.body["nextLink"]).names)

    endpoints.azure.plan_faults(Fault(Kind.NULL_ITEMS))
    assert None in ask(endpoints, STORAGE).body["value"]

    endpoints.azure.plan_faults(Fault(Kind.NULL_LIST))
    assert ask(endpoints, STORAGE).body["value"] is None

    endpoints.azure.plan_faults(Fault(Kind.ODD_CASE))
    assert all(item["id"].isupper() for item in ask(endpoints, STORAGE).body["value"])


def test_a_fault_is_planned_by_path_and_times(endpoints: Endpoints) -> None:
    endpoints.azure.plan_faults(
        Fault(Kind.UNAVAILABLE, path="storageaccounts", first=2), Fault(Kind.HTML, path="vaults")
    )

    assert [ask(endpoints, STORAGE).status for _ in range(4)] == [503, 503, 200, 200]
    assert endpoints.azure.faults.met == {Kind.UNAVAILABLE: 2}


def test_a_share_is_met_and_does_not_depend_on_the_order() -> None:
    requests = [Request("GET", f"/subscriptions/{number}", {}, {}) for number in range(4000)]

    def struck(order: list[Request]) -> set[str]:
        faults = Faults([Fault(kind, share=0.0125) for kind in TRANSIENT], seed=7)
        return {request.path for request in order if faults.choose(request)}

    assert struck(requests) == struck(requests[::-1])
    assert 0.03 < len(struck(requests)) / len(requests) < 0.07
