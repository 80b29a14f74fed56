"""What checks the callers of an API, composed from all policies that apply."""

from __future__ import annotations

import time
from typing import Any

import pytest

from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread
from tests.conftest import arm_id

SERVICE = "Microsoft.ApiManagement/service"
JWT = (
    '<validate-jwt header-name="Authorization">'
    '<openid-config url="https://login.example/t/.well-known/openid-configuration" />'
    "<audiences><audience>api://a</audience></audiences></validate-jwt>"
)
Body = dict[str, Any]


def body(kind: str, name: str, **properties: Any) -> Body:
    type_ = f"{SERVICE}{kind}"
    return {"id": arm_id(type_, name), "name": name.rpartition("/")[2], "type": type_, "properties": properties}


def policy(kind: str, owner: str, inbound: str) -> Body:
    text = f"<policies><inbound>{inbound}</inbound><backend><base /></backend></policies>"
    return body(f"{kind}/policies", f"{owner}/policy", format="rawxml", value=text)


def fragment(name: str, inner: str, kind: str = "") -> Body:
    return body(f"{kind}/policyFragments", f"gw/{name}", value=f"<fragment>{inner}</fragment>")


GW = body("", "gw")
API = body("/apis", "gw/orders", path="orders", isCurrent=True, subscriptionRequired=True)
GET = body("/apis/operations", "gw/orders/get", method="GET", urlTemplate="/")


def of(*bodies: Body, of: Body = API, coverage: Any = None) -> Any:
    inventory = Inventory([Resource.from_body(one) for one in bodies], coverage)
    found = inventory.get(of["id"])
    assert found is not None
    return FactStore(inventory).get("api_protection", found)


def when(condition: str, inner: str) -> str:
    return f'<choose><when condition="{condition}">{inner}</when></choose>'


@pytest.mark.parametrize(
    ("service", "api", "state"),
    [
        ("", "<base />", "unchecked"),
        (JWT, "<base />", "checked"),
        (JWT, None, "checked"),
        (JWT, "", "unchecked"),
        ("", JWT, "checked"),
        ("", "<!-- " + JWT + " -->", "unchecked"),
        ("", JWT.replace("<validate-jwt", '<validate-jwt require-signed-tokens="false"'), "unchecked"),
        ("", "<authentication-certificate thumbprint='x' />", "unchecked"),
        ("", "<authentication-managed-identity resource='x' />", "unchecked"),
        ("", when('@(context.Request.Headers.ContainsKey("Authorization"))', JWT), "partly"),
        ("", when('@(context.Request.Method != "OPTIONS")', JWT), "checked"),
        ("", "<choose><when condition='@(a)'>" + JWT + "</when><otherwise>" + JWT + "</otherwise></choose>", "checked"),
        ("", "<choose><when condition='@(a)'>" + JWT + "</when><otherwise /></choose>", "partly"),
        (
            "",
            "<choose><when condition='@(a)'>"
            + JWT
            + "</when><otherwise><return-response><set-status code='401' /></return-response></otherwise></choose>",
            "checked",
        ),
        ("", "<return-response />" + JWT, "answered"),
        ("", "<mock-response />", "answered"),
        ("", "<limit-concurrency key='a' max-count='1'>" + JWT + "</limit-concurrency>", "checked"),
        ("", "<validate-client-certificate><identities /></validate-client-certificate>", "checked"),
        ("", "<validate-client-certificate ignore-error='true' />", "unchecked"),
        (
            "",
            when(
                "@(context.Request.Certificate == null)", "<return-response><set-status code='403' /></return-response>"
            ),
            "checked",
        ),
        ("", "<include-fragment fragment-id='Check' />", "checked"),
        ("", "<include-fragment fragment-id='loop' />", "unchecked"),
        ("", "<include-fragment fragment-id='none' />", "unchecked"),
    ],
)
def test_an_api(service: str, api: str | None, state: str) -> None:
    own = [policy("/apis", "gw/orders", api)] if api is not None else []
    loop = fragment("loop", "<include-fragment fragment-id='loop' /><base />")

    assert of(GW, API, policy("", "gw", service), *own, fragment("check", JWT), loop)["state"] == state


def test_a_check_that_does_not_apply_is_told() -> None:
    told = of(GW, API, policy("", "gw", JWT), policy("/apis", "gw/orders", ""))

    assert told["dropped"] == ["validate-jwt in the policy of the service"]
    assert "leaves <base /> out" in told["text"]


@pytest.mark.parametrize(("operation", "unchecked"), [("<base />", []), ("", ["GET /"]), (JWT, []), (None, [])])
def test_an_operation_of_a_checked_api(operation: str | None, unchecked: list[str]) -> None:
    own = [policy("/apis/operations", "gw/orders/get", operation)] if operation is not None else []

    told = of(GW, API, GET, policy("/apis", "gw/orders", JWT), *own)

    assert told["state"] == "checked"
    assert told["unchecked_operations"] == unchecked


PRODUCT = body("/products", "gw/paid", state="published", subscriptionRequired=True)
OPEN = body("/products", "gw/paid", state="published", subscriptionRequired=False)
LINK = body("/products/apiLinks", "gw/paid/1", apiId=API["id"])
KEY = body("/subscriptions", "gw/k", state="active", scope=f"{GW['id']}/apis")
MASTER = body("/subscriptions", "gw/master", state="active", scope=f"{GW['id']}/apis")
FREE = {**API, "properties": {**API["properties"], "subscriptionRequired": False}}


@pytest.mark.parametrize(
    ("bodies", "state", "anonymous"),
    [
        ([API, PRODUCT, LINK, policy("/products", "gw/paid", JWT)], "checked", False),
        ([API, PRODUCT, LINK, policy("/products", "gw/paid", JWT), MASTER], "checked", False),
        ([API, PRODUCT, LINK, policy("/products", "gw/paid", JWT), KEY], "unchecked", False),
        ([API, PRODUCT, policy("/products", "gw/paid", JWT)], "unchecked", False),
        ([API, OPEN, LINK], "unchecked", True),
        ([API, OPEN, LINK, policy("/products", "gw/paid", JWT)], "checked", False),
        ([FREE], "unchecked", True),
        ([FREE, policy("", "gw", JWT)], "checked", False),
    ],
)
def test_keys_and_products(bodies: list[Body], state: str, anonymous: bool) -> None:
    told = of(GW, *bodies)

    assert (told["state"], told["anonymous"]) == (state, anonymous)


def test_a_workspace_has_policies_and_fragments_of_its_own() -> None:
    api = body("/workspaces/apis", "gw/team/orders", path="orders")
    workspace = policy("/workspaces", "gw/team", "<base /><include-fragment fragment-id='check' />")
    mine = body("/workspaces/policyFragments", "gw/team/check", value=f"<fragment>{JWT}</fragment>")

    assert of(GW, api, workspace, mine, of=api)["state"] == "checked"
    assert of(GW, api, workspace, fragment("check", JWT), of=api)["state"] == "unchecked"
    assert of(GW, api, policy("", "gw", JWT), policy("/workspaces", "gw/team", ""), of=api)["state"] == "unchecked"


def present(*names: str) -> ExportCoverage:
    return ExportCoverage([f"{SERVICE}{name}".lower() for name in ("", "/apis", *names)], "export.json")


def test_what_was_not_read_is_not_known() -> None:
    own = policy("/apis", "gw/orders", "<base />")
    included = policy("/apis", "gw/orders", "<include-fragment fragment-id='check' />")

    assert isinstance(of(GW, API, own, coverage=present("/apis/policies"))["state"], Unread)
    assert isinstance(of(GW, API, included, coverage=present("/policies", "/apis/policies"))["state"], Unread)
    assert of(GW, API, policy("/apis", "gw/orders", JWT), coverage=present("/apis/policies"))["state"] == "checked"
    product = [PRODUCT, policy("/products", "gw/paid", JWT)]
    coverage = present("/policies", "/apis/policies", "/products", "/products/policies")
    assert isinstance(of(GW, API, own, *product, coverage=coverage)["state"], Unread)


def test_what_cannot_be_read_or_judged_is_not_known() -> None:
    broken = body("/apis/policies", "gw/orders/policy", value='<!DOCTYPE a [<!ENTITY b "c">]><policies>&b;</policies>')
    taken = body("/apis/policies", "gw/orders/policy", value={"$secret": {"kind": "plain", "hash": "00"}})
    refuse = "<return-response><set-status code='401' /></return-response>"
    own = policy("/apis", "gw/orders", when('@((string)context.Variables["active"] != "true")', refuse))

    for one in (broken, taken, own):
        assert isinstance(of(GW, API, one)["state"], Unread)


def test_policies_that_put_in_very_much_take_no_long_time() -> None:
    many = "<base />" * 20_000 + "<include-fragment fragment-id='big' />" * 5_000
    big = fragment("big", "<set-header name='a' exists-action='delete' />" * 5_000)
    began = time.monotonic()

    told = of(
        GW,
        API,
        GET,
        big,
        policy("", "gw", many),
        *[policy(k, o, many) for k, o in (("/apis", "gw/orders"), ("/apis/operations", "gw/orders/get"))],
    )

    assert told["state"] == "unchecked"
    assert time.monotonic() - began < 20
