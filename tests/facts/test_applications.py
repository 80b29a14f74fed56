"""Applications of a directory: where they redirect, what they hold, with what they sign in."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.directory.permissions import application_permission, delegated_scope
from auditor.facts.directory.redirects import is_insecure, is_local
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread

Body = dict[str, Any]
TENANT, MICROSOFT = "t", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
ROLES = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"


def graph(kind: str, id_: str, **more: Any) -> Body:
    return {"id": id_, "type": f"Microsoft.Graph/{kind}", **more}


def principal(id_: str, app: str, owner: str = TENANT, **more: Any) -> Body:
    return graph("servicePrincipals", id_, appId=app, displayName=id_, appOwnerOrganizationId=owner, **more)


GRAPH = principal("graph", "00000003-0000-0000-c000-000000000000", MICROSOFT)
ARM = principal("arm", "797f4846-ba00-4fd7-ba43-dac1f8f63013", MICROSOFT)
OWN = principal("own", "own-api")
CLIENT = principal("client", "app-1")
STRANGER = principal("stranger", "app-9", "elsewhere")
APP = graph("applications", "app-object", appId="app-1", displayName="tool")
ORGANIZATION = graph("organization", TENANT)


def fact(family: str, *bodies: Body, coverage: Any = None) -> Any:
    """Of the first body."""
    inventory = Inventory([Resource.from_body(one) for one in bodies], coverage)
    found = inventory.get(bodies[0]["id"])
    assert found is not None
    return FactStore(inventory).get(family, found)


@pytest.mark.parametrize(
    ("address", "insecure", "local"),
    [
        ("https://app.example/cb", False, False),
        ("http://app.example/cb", True, False),
        ("HTTP://app.example/cb", True, False),
        ("http://localhost", False, True),
        ("http://LOCALHOST:3000/cb", False, True),
        ("http://127.0.0.1:8400/", False, True),
        ("http://[::1]/", False, True),
        ("http://127.0.0.1.nip.io/cb", True, False),
        ("http://localhost.example/", True, False),
        ("http://localhost@example.com/", True, False),
        ("https://*.example/cb", True, False),
        ("https://localhost:5001/cb", False, True),
        ("msal1234://auth", False, False),
        ("urn:ietf:wg:oauth:2.0:oob", False, False),
        ("http://[broken", True, False),
        ("", False, False),
    ],
)
def test_addresses(address: str, insecure: bool, local: bool) -> None:
    assert (is_insecure(address), is_local(address)) == (insecure, local)


def test_a_name_of_azure_is_owned_or_not() -> None:
    site = {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop",
        "type": "Microsoft.Web/sites",
        "properties": {"defaultHostName": "shop.azurewebsites.net"},
    }
    app = graph("applications", "a", web={"redirectUris": ["https://gone.azurewebsites.net/cb"]})
    slot = graph("applications", "a", web={"redirectUris": ["https://shop-blue.azurewebsites.net/cb"]})
    sites = ExportCoverage(["microsoft.graph/applications", "microsoft.web/sites"], "export.json")

    def found(*bodies: Body, coverage: Any = None) -> Any:
        return fact("application_redirects", *bodies, coverage=coverage)["names"][0]["found"]

    assert found(app, site) is False
    assert found(app, site, coverage=sites) is False
    # The name could be that of a slot, and these were not read.
    assert isinstance(found(slot, site, coverage=sites), Unread)
    assert isinstance(found(app, coverage=ExportCoverage(["microsoft.graph/applications"], "e")), Unread)


def delegated(scope: str, resource: str = "graph", client: str = "client", kind: str = "AllPrincipals") -> Body:
    return graph("oauth2PermissionGrants", "g", clientId=client, resourceId=resource, consentType=kind, scope=scope)


@pytest.mark.parametrize(
    ("scope", "resource", "opens"),
    [
        (" Mail.Read openid", "graph", ["mail"]),
        ("EWS.AccessAsUser.All SMTP.Send", "graph", ["mail"]),
        ("Files.ReadWrite.All chat.read", "graph", ["chats", "files"]),
        ("Mail.ReadBasic Sites.Selected User.Read User.ReadBasic.All", "graph", []),
        ("Directory.Read.All", "graph", ["the directory"]),
        ("user_impersonation", "arm", ["manages Azure"]),
        ("user_impersonation", "own", []),
        ("Mail.Read", "own", []),
        ("Mail.Read", "nobody", ["mail"]),
    ],
)
def test_a_delegated_grant_is_judged_with_its_resource(scope: str, resource: str, opens: list[str]) -> None:
    assert fact("grant", delegated(scope, resource), CLIENT, GRAPH, ARM, OWN)["opens"] == opens


def test_a_resource_that_was_not_read() -> None:
    only = ExportCoverage(["microsoft.graph/oauth2permissiongrants"], "export.json")

    assert isinstance(fact("grant", delegated("user_impersonation", "x"), coverage=only)["opens"], Unread)
    assert fact("grant", delegated("Mail.Read", "x"), coverage=only)["opens"] == ["mail"]


@pytest.mark.parametrize(
    ("client", "foreign"), [(CLIENT, False), (STRANGER, True), (principal("m", "m", MICROSOFT), False)]
)
def test_whose_the_client_is(client: Body, foreign: bool) -> None:
    told = fact("grant", delegated("Mail.Read", client=client["id"]), client, GRAPH, ORGANIZATION)

    assert told["foreign"] is foreign


def held(role: str, resource: str = "graph") -> Body:
    return graph("appRoleAssignedTo", "ra", appRoleId=role, principalId="client", resourceId=resource)


def test_an_application_permission_is_told_by_its_id_and_by_its_name() -> None:
    named = {**GRAPH, "appRoles": [{"id": "r9", "value": "AppRoleAssignment.ReadWrite.All"}]}
    own = {**OWN, "appRoles": [{"id": "r9", "value": "AppRoleAssignment.ReadWrite.All"}]}
    with_secret = {**APP, "passwordCredentials": [{"keyId": "1"}]}

    told = fact("grant", held(ROLES.upper()), CLIENT, GRAPH, with_secret)
    assert (told["permission"], told["reach"]) == ("RoleManagement.ReadWrite.Directory", "administrator")
    assert told["secrets"] == 1
    assert fact("grant", held("r9"), CLIENT, named)["reach"] == "administrator"
    assert fact("grant", held("r9", "own"), CLIENT, own)["reach"] == ""
    assert fact("grant", held("unknown"), CLIENT, GRAPH)["reach"] == ""


def test_every_permission_is_found_by_its_name() -> None:
    assert application_permission("", "mail.readwrite") is not None
    assert application_permission("", "User.Read.All") is None
    assert delegated_scope("RoleManagement.ReadWrite.Directory") == "the directory"


def test_the_grants_of_an_application() -> None:
    web = {"redirectUris": ["https://a.example"], "implicitGrantSettings": {"enableAccessTokenIssuance": True}}
    app = {**APP, "web": web, "isFallbackPublicClient": True, "keyCredentials": [{"usage": "Verify"}]}
    owners = graph(
        "applications/owners",
        "app-object/owners",
        applicationObjectId="app-object",
        owners=[{"id": "u", "userType": "Guest", "userPrincipalName": "mia@partner.example"}, {"id": "v"}],
    )

    told = fact("application", app, CLIENT, GRAPH, held(ROLES), delegated("Mail.Read"), owners)

    assert told["grants"] == [
        "authorization code",
        "implicit (access token)",
        "password",
        "device code",
        "client credentials",
    ]
    assert told["privileged"] == ["RoleManagement.ReadWrite.Directory"]
    assert told["broad"] == ["Mail.Read (mail)"]
    assert (told["owners"], told["guest_owners"]) == (2, ["mia@partner.example"])


def test_permissions_and_owners_that_were_not_read() -> None:
    told = fact("application", APP, coverage=ExportCoverage(["microsoft.graph/applications"], "export.json"))

    assert all(isinstance(told[name], Unread) for name in ("permissions", "privileged", "broad", "owners"))


def test_what_single_sign_on_is_signed_with_is_no_secret() -> None:
    saml = principal(
        "sso",
        "app-2",
        preferredSingleSignOnMode="saml",
        passwordCredentials=[{"customKeyIdentifier": "k", "endDateTime": "2028-01-01T00:00:00Z"}],
        keyCredentials=[
            {"usage": usage, "customKeyIdentifier": "k", "startDateTime": "2025-01-01T00:00:00Z", "endDateTime": end}
            for usage, end in (("Sign", "2028-01-01T00:00:00Z"), ("Verify", "2028-01-01T00:00:00Z"))
        ],
    )
    told = fact("application_credentials", saml)

    assert (told["secrets"], told["certificates"]) == ([], [])
    assert [one["days"] for one in told["signing"]] == [1095]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 731),
        (None, "2026-01-01T00:00:00Z", None),
        ("2024-01-01T00:00:00.123Z", "not a date", None),
        ("2024-01-01", "2026-01-01T00:00:00Z", None),
    ],
)
def test_the_length_of_a_life(start: str | None, end: str, days: int | None) -> None:
    app = {**APP, "passwordCredentials": [{"displayName": "s", "startDateTime": start, "endDateTime": end}]}

    assert fact("application_credentials", app)["secrets"] == [{"name": "s", "days": days, "end": end}]


@pytest.mark.parametrize(
    ("definition", "minutes"),
    [
        (['{"TokenLifetimePolicy":{"AccessTokenLifetime":"8:00:00"}}'], 480),
        (['{"TokenLifetimePolicy":{"AccessTokenLifetime":"1.00:30:00"}}'], 1470),
        (['{"TokenLifetimePolicy":{"AccessTokenLifetime":"soon"}}'], None),
        (["not json", 1, None], None),
        (["[" * 100000], None),
        (None, None),
    ],
)
def test_the_life_of_access_tokens(definition: Any, minutes: int | None) -> None:
    policy = graph("tokenLifetimePolicies", "p", definition=definition)

    assert fact("token_lifetime", policy) == {"access_token_minutes": minutes}
