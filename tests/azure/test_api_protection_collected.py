"""What the facts over API Management name as their needs is enough: collected, they say what the bodies say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from auditor.facts.registry import family
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.facts.test_api_protection import API, GET, GW, JWT, LINK, PRODUCT, body, fragment, policy

BODIES = [
    {**GW, "location": "westeurope", "sku": {"name": "Premium", "capacity": 1}},
    API,
    GET,
    PRODUCT,
    LINK,
    policy("", "gw", "<base />"),
    policy("/products", "gw/paid", "<include-fragment fragment-id='check' /><base />"),
    policy("/apis", "gw/orders", "<base />"),
    policy("/apis/operations", "gw/orders/get", "<set-header name='a' exists-action='delete' />"),
    fragment("check", JWT),
    body("/workspaces", "gw/team", displayName="Team"),
    body("/workspaces/apis", "gw/team/stock", path="stock"),
    policy("/workspaces", "gw/team", "<include-fragment fragment-id='mine' />"),
    policy("/workspaces/apis", "gw/team/stock", "<base />"),
    fragment("team/mine", JWT, "/workspaces"),
]


@pytest.mark.parametrize("name", ["api_protection", "api_policy"])
def test_policies_of_all_scopes_are_collected(
    name: str, start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = collect_from(start_azure(LoopbackAzure(BODIES)), family(name).needs, monkeypatch)
    done.snapshot.finish(datetime(2026, 11, 1, tzinfo=UTC), subscriptions=done.outcome.subscriptions)

    collected = family(name).compute(done.snapshot.inventory())

    assert done.gaps == set()
    expected = family(name).compute(Inventory([Resource.from_body(one) for one in BODIES]))
    assert collected == expected
    if name == "api_protection":
        states = {key.rpartition("/")[2]: fact["state"] for key, fact in collected.items()}  # type: ignore[index]
        assert states == {"orders": "checked", "get": "unchecked", "stock": "checked"}
