"""What the built-in sign-in of apps asks of callers, and where their sessions live."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.conftest import arm_id

Body = dict[str, Any]
SITE_ID = arm_id("Microsoft.Web/sites", "app")
GAP = Gap(SITE_ID, "Microsoft.Web/sites/config", "POST", 403, "AuthorizationFailed")
OURS = {"clientId": "c", "openIdIssuer": "https://login.microsoftonline.com/8f3b0c2e-5d14-4a67-9b21-6c0d5e7f1a90/v2.0"}
EVERY = {"clientId": "c", "openIdIssuer": "https://login.microsoftonline.com/Common/v2.0"}


def config(name: str, properties: Body) -> Body:
    return {"id": f"{SITE_ID}/config/{name}", "type": "Microsoft.Web/sites/config", "properties": properties}


def sign_in(validation: Body | None = None, entra: Body | None = None, **more: Any) -> Body:
    providers = {"azureActiveDirectory": {"enabled": True, "registration": OURS, **(entra or {})}}
    return config(
        "authsettingsV2",
        {"platform": {"enabled": True}, "globalValidation": validation or {}, "identityProviders": providers, **more},
    )


def fact(family: str, *bodies: Body, coverage: Any = None) -> Any:
    """Of the first body."""
    inventory = Inventory([Resource.from_body(one) for one in bodies], coverage)
    found = inventory.get(bodies[0]["id"])
    assert found is not None
    return FactStore(inventory).get(family, found)


@pytest.mark.parametrize(
    ("validation", "required"),
    [
        ({"requireAuthentication": True}, True),
        ({"requireAuthentication": True, "unauthenticatedClientAction": "Return401"}, True),
        ({"requireAuthentication": True, "unauthenticatedClientAction": "allowAnonymous"}, False),
        ({"requireAuthentication": False, "unauthenticatedClientAction": "RedirectToLoginPage"}, False),
        ({}, False),
    ],
)
def test_whether_sign_in_is_required(validation: Body, required: bool) -> None:
    assert fact("app_sign_in", sign_in(validation))["required"] is required


def test_a_container_app_says_it_by_the_action_alone() -> None:
    owner = arm_id("Microsoft.App/containerApps", "ca")

    def told(action: str | None) -> Any:
        properties = {"platform": {"enabled": True}, "globalValidation": {"unauthenticatedClientAction": action}}
        body = {"id": f"{owner}/authConfigs/current", "type": "Microsoft.App/containerApps/authConfigs"}
        return fact("app_sign_in", {**body, "properties": properties})

    assert (told(None)["app"], told(None)["required"]) == ("ca", True)
    assert told("AllowAnonymous")["required"] is False


def test_sign_in_that_is_off_requires_nothing() -> None:
    off = config(
        "authsettingsV2", {"platform": {"enabled": False}, "globalValidation": {"requireAuthentication": True}}
    )

    told = fact("app_sign_in", off)
    assert (told["on"], told["required"], told["providers"]) == (False, False, [])
    assert fact("app_sign_in", config("web", {})) is None


@pytest.mark.parametrize(
    ("entra", "any_tenant", "anybody"),
    [
        ({}, False, True),
        ({"registration": EVERY}, True, True),
        (
            {"registration": EVERY, "validation": {"defaultAuthorizationPolicy": {"allowedApplications": ["a"]}}},
            False,
            False,
        ),
        ({"registration": OURS, "validation": {"jwtClaimChecks": {"allowedGroups": ["g"]}}}, False, False),
        ({"registration": EVERY, "enabled": False}, False, False),
        ({"registration": {"openIdIssuer": 5, "clientId": "c"}}, False, True),
    ],
)
def test_who_gets_in(entra: Body, any_tenant: bool, anybody: bool) -> None:
    told = fact("app_sign_in", sign_in({"requireAuthentication": True}, entra))

    assert (told["any_tenant"], told["anybody"]) == (any_tenant, anybody)


@pytest.mark.parametrize(("tenants", "any_tenant"), [("8f3b0c2e-5d14-4a67-9b21-6c0d5e7f1a90", False), (" ", True)])
def test_a_setting_of_the_app_can_name_the_tenants_that_it_takes(tenants: str, any_tenant: bool) -> None:
    settings = config("appsettings", {"WEBSITE_AUTH_AAD_ALLOWED_TENANTS": tenants})

    assert fact("app_sign_in", sign_in(entra={"registration": EVERY}), settings)["any_tenant"] is any_tenant


def test_which_tenants_it_takes_is_unknown_where_its_settings_were_not_read() -> None:
    told = fact("app_sign_in", sign_in(entra={"registration": EVERY}), coverage=ExportCoverage(frozenset(), "x.json"))
    assert isinstance(told["any_tenant"], Unread)

    settings = Resource.from_body(config("appsettings", {}), unread={"properties": GAP})
    inventory = Inventory([Resource.from_body(sign_in(entra={"registration": EVERY})), settings])
    told = FactStore(inventory).get("app_sign_in", next(r for r in inventory if r.key.endswith("/authsettingsv2")))
    assert told["any_tenant"] == Unread(GAP)


@pytest.mark.parametrize(
    ("span", "hours"),
    [("08:00:00", 8), ("30.00:00:00", 720), ("00:30:00", 0.5), (None, 8), ("for ever", 8), (12, 8)],
)
def test_how_long_a_cookie_lasts(span: Any, hours: float) -> None:
    login = {"cookieExpiration": {"convention": "FixedTime", "timeToExpiration": span}}

    assert fact("app_sign_in", sign_in(login=login))["cookie_hours"] == hours


def test_hostile_configurations_are_told_and_end_nothing() -> None:
    hostile = config("authsettingsV2", {"platform": [], "identityProviders": 1, "login": "x", "globalValidation": [{}]})

    assert fact("app_sign_in", hostile)["on"] is False


SITE = {"id": SITE_ID, "type": "Microsoft.Web/sites", "properties": {}}
HOST = "redis-shop.redis.cache.windows.net"
SETTINGS = config("appsettings", {"Session": {"$secret": {"kind": "redis-key", "host": HOST}}})
STRINGS = config("connectionstrings", {})


def cache(**properties: Any) -> Body:
    id_ = arm_id("Microsoft.Cache/redis", "redis-shop")
    return {
        "id": id_,
        "name": "redis-shop",
        "type": "Microsoft.Cache/redis",
        "properties": {"hostName": HOST, **properties},
    }


@pytest.mark.parametrize(
    ("properties", "weak"),
    [
        ({"publicNetworkAccess": "Disabled", "minimumTlsVersion": "1.2"}, []),
        ({"publicNetworkAccess": "Disabled", "enableNonSslPort": True}, ["redis-shop answers without TLS"]),
        ({"disableAccessKeyAuthentication": True, "minimumTlsVersion": "1.0"}, ["redis-shop takes TLS 1.0"]),
        ({}, ["redis-shop is reached from every network by key"]),
    ],
)
def test_the_cache_of_sessions(properties: Body, weak: list[str]) -> None:
    told = fact("app_sessions", SITE, SETTINGS, STRINGS, cache(**properties))

    assert told == {"affinity": True, "caches": ["redis-shop"], "weak": weak}


def test_settings_that_were_not_read() -> None:
    only = ExportCoverage(["microsoft.web/sites"], "export.json")

    assert isinstance(fact("app_sessions", SITE, coverage=only)["caches"], Unread)
    assert fact("app_sessions", SITE, SETTINGS, STRINGS)["caches"] == ["redis-shop"]
    assert fact("app_sessions", SITE)["caches"] == []
