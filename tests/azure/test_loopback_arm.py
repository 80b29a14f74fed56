"""The loopback Azure answers as Azure Resource Manager does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.azure.loopback import bodies as b
from tests.azure.loopback import bodies_network as n
from tests.azure.loopback.access import READER, Access, Grant, Principal
from tests.azure.loopback.asking import ask
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.entra import issue
from tests.azure.loopback.server import Endpoints
from tests.azure.loopback.throttle import Throttle

Start = Callable[..., Endpoints]
SUB = f"/subscriptions/{b.SUBSCRIPTION}"
APP = f"{SUB}/resourceGroups/rg-app/providers"
DATA = f"{SUB}/resourceGroups/rg-data/providers"
GROUP = "/providers/Microsoft.Management/managementGroups/root"
NO_SUB = "/subscriptions/33333333-3333-4333-8333-333333333333"
SV = "api-version=2026-09-01"
STORAGE = f"{SUB}/providers/Microsoft.Storage/storageAccounts?api-version=2026-09-01"


@pytest.fixture
def endpoints(start_azure: Start) -> Endpoints:
    account = b.storage_account("st1")
    zone = n.private_dns_zone("privatelink.blob.core.windows.net")
    site = b.site("app1")
    return start_azure(
        bodies=[
            account,
            b.storage_account("st2", group="rg-data"),
            b.blob_service(account),
            b.vault("kv1", subscription=b.OTHER_SUBSCRIPTION),
            zone,
            n.virtual_network_link(
                zone, "link", f"{SUB}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v"
            ),
            b.role_assignment(account["id"], "p", "r", name="ra1"),
            b.role_assignment(SUB, "p", "r", name="ra2"),
            site,
            b.site_config(site, "appsettings", {"KEY": "value"}),
        ],
        management_groups={"root": ["team", b.SUBSCRIPTION], "team": [b.OTHER_SUBSCRIPTION]},
    )


@pytest.mark.parametrize(
    ("url", "names"),
    [
        (STORAGE, ["st1", "st2"]),
        (STORAGE.replace("storageAccounts", "STORAGEACCOUNTS"), ["st1", "st2"]),
        (STORAGE.replace("/providers/", "/resourceGroups/RG-DATA/providers/"), ["st2"]),
        (f"{APP}/Microsoft.Storage/storageAccounts/st1/blobServices?{SV}", ["default"]),
        (f"{DATA}/Microsoft.Storage/storageAccounts/st2/blobServices?{SV}", []),
        (f"{SUB}/providers/Microsoft.KeyVault/vaults?api-version=2026-05-15", []),
        (f"{SUB}/resourcegroups?api-version=2022-09-01", ["rg-app", "rg-data"]),
        (f"{SUB}/resources?api-version=2021-04-01&$filter=resourceType%20eq%20'Microsoft.Web/sites'", ["app1"]),
        (f"{SUB}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01", ["ra1", "ra2"]),
        (f"{GROUP}/descendants?api-version=2020-05-01", ["team", b.OTHER_SUBSCRIPTION, b.SUBSCRIPTION]),
    ],
)
def test_lists_hold_what_belongs_to_them(endpoints: Endpoints, url: str, names: list[str]) -> None:
    answer = ask(endpoints, url.replace(" ", "%20"))

    assert answer.status == 200
    assert sorted(answer.names) == sorted(names)


def test_an_object_is_served_unchanged(endpoints: Endpoints) -> None:
    body = next(body for body in endpoints.azure.bodies if body["name"] == "st2")

    assert ask(endpoints, f"{body['id']}?{SV}").body == body


def test_settings_are_listed_by_a_post_that_counts_as_a_read(endpoints: Endpoints) -> None:
    url = f"{APP}/Microsoft.Web/sites/app1/config/appsettings/list?api-version=2024-04-01"

    answer = ask(endpoints, url, method="POST")

    assert answer.body["properties"] == {"KEY": "value"}
    assert endpoints.azure.journal.writes == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{SUB}/providers/Microsoft.Storage/register"),
        ("PUT", f"{APP}/Microsoft.Storage/storageAccounts/st1"),
        ("PATCH", f"{SUB}/resourceGroups/rg-app"),
        ("DELETE", f"{SUB}/resourceGroups/rg-app"),
        ("POST", f"{APP}/Microsoft.Storage/storageAccounts/st1/listKeys"),
    ],
)
def test_everything_else_is_recorded_as_a_write(endpoints: Endpoints, method: str, path: str) -> None:
    answer = ask(endpoints, f"{path}?api-version=2021-04-01", method=method, body={})

    assert 200 <= answer.status < 300
    assert [(w.method, w.path) for w in endpoints.azure.journal.writes] == [(method, path)]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        (STORAGE.partition("?")[0], 400, "MissingApiVersionParameter"),
        ("/subscriptions", 400, "MissingApiVersionParameter"),
        (STORAGE.replace("2026-09-01", "2019-09-09"), 400, "NoRegisteredProviderFound"),
        (f"{SUB}/resourcegroups?api-version=1999-01-01", 400, "InvalidApiVersionParameter"),
        (f"{SUB}/providers/Microsoft.Storage/nothing?api-version=2023-01-01", 404, "InvalidResourceType"),
        (f"{SUB}/providers/Microsoft.Nothing/things?api-version=2023-01-01", 404, "InvalidResourceNamespace"),
        (f"{NO_SUB}/resourcegroups?api-version=2022-09-01", 404, "SubscriptionNotFound"),
        (f"{SUB}/resourceGroups/none/providers/Microsoft.Storage/storageAccounts?{SV}", 404, "ResourceGroupNotFound"),
        (f"{APP}/Microsoft.Storage/storageAccounts/none?{SV}", 404, "ResourceNotFound"),
        (f"{APP}/Microsoft.Storage/storageAccounts/none/blobServices?{SV}", 404, "ParentResourceNotFound"),
        (
            f"{APP}/Microsoft.Storage/storageAccounts/st1/managementPolicies/default?{SV}",
            404,
            "ManagementPolicyNotFound",
        ),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_azures_words(
    endpoints: Endpoints, url: str, status: int, code: str
) -> None:
    answer = ask(endpoints, url)

    assert (answer.status, answer.code) == (status, code)
    assert answer.body["error"]["message"]


def test_a_refused_version_names_the_ones_that_exist(endpoints: Endpoints) -> None:
    assert "2026-09-01" in ask(endpoints, STORAGE.replace("2026-09-01", "2019-09-09")).body["error"]["message"]


def test_a_provider_that_is_not_registered_is_a_409(endpoints: Endpoints) -> None:
    endpoints.azure.unregistered = [(b.SUBSCRIPTION, "Microsoft.Storage")]

    answer = ask(endpoints, STORAGE)

    assert (answer.status, answer.code) == (409, "MissingSubscriptionRegistration")


def test_pages_are_followed_to_every_item_once(start_azure: Start) -> None:
    endpoints = start_azure(bodies=b.many(25, b.storage_account, prefix="st"), page_size=10)
    url, names = f"{endpoints.http}{STORAGE}", []

    while url:
        answer = ask(endpoints, url)
        names += answer.names
        url = answer.body.get("nextLink", "")

    assert names == [f"st{number:02d}" for number in range(25)]
    assert endpoints.azure.journal.repeated == {}


def _expired(azure: LoopbackAzure) -> str:
    azure.token_lifetime_s = -1
    return issue(azure, azure.principals[0], "https://management.azure.com")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (lambda _: "", "AuthenticationFailed"),
        (lambda _: "not.a.token", "InvalidAuthenticationToken"),
        (
            lambda azure: issue(azure, azure.principals[0], "https://vault.azure.net"),
            "InvalidAuthenticationTokenAudience",
        ),
        (_expired, "ExpiredAuthenticationToken"),
    ],
)
def test_a_token_that_will_not_do_is_a_401_with_a_challenge(
    endpoints: Endpoints, token: Callable[[LoopbackAzure], str], code: str
) -> None:
    answer = ask(endpoints, STORAGE, token=token(endpoints.azure))

    assert (answer.status, answer.code) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")


def test_a_denied_read_is_worded_as_azure_words_it(endpoints: Endpoints) -> None:
    endpoints.azure.deny(SUB, "Microsoft.Storage/*")
    who = endpoints.azure.principals[0]

    answer = ask(endpoints, STORAGE)

    assert (answer.status, answer.code) == (403, "AuthorizationFailed")
    assert answer.body["error"]["message"] == (
        f"The client '{who.application_id}' with object id '{who.object_id}' does not have authorization to perform "
        f"action 'Microsoft.Storage/storageAccounts/read' over scope '{SUB}' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials."
    )


def test_a_reader_may_not_list_settings(endpoints: Endpoints) -> None:
    endpoints.azure.access = Access(grants=(Grant("/", READER),))
    url = f"{APP}/Microsoft.Web/sites/app1/config/appsettings/list?api-version=2024-04-01"

    assert ask(endpoints, url, method="POST").code == "AuthorizationFailed"


def test_who_may_read_one_group_sees_only_that_group(endpoints: Endpoints) -> None:
    endpoints.azure.access = Access(grants=(Grant(f"{SUB}/resourceGroups/rg-data", READER),))

    assert ask(endpoints, STORAGE).names == ["st2"]
    assert [s["subscriptionId"] for s in ask(endpoints, "/subscriptions?api-version=2022-12-01").body["value"]] == [
        b.SUBSCRIPTION
    ]


def test_each_principal_has_its_own_rights(endpoints: Endpoints) -> None:
    second = Principal(object_id="0b1ec700-0000-4000-8000-000000000002", application_id="a2")
    endpoints.azure.principals.append(second)
    endpoints.azure.deny("/", "*", principal=second.object_id)

    assert ask(endpoints, STORAGE).status == 200
    assert ask(endpoints, STORAGE, principal=1).status == 403


def test_the_token_bucket_throttles_and_says_what_is_left(endpoints: Endpoints) -> None:
    clock = [0.0]
    endpoints.azure.throttle = Throttle(arm_depth=3, arm_per_second=1, enforce_arm=True, clock=lambda: clock[0])

    left = [ask(endpoints, STORAGE).headers["x-ms-ratelimit-remaining-subscription-reads"] for _ in range(3)]
    refused = ask(endpoints, STORAGE)
    clock[0] = float(refused.headers["retry-after"])

    assert left == ["2", "1", "0"]
    assert (refused.status, refused.code) == (429, "SubscriptionRequestsThrottled")
    assert ask(endpoints, STORAGE).status == 200


def test_permissions_are_those_of_the_grants(endpoints: Endpoints) -> None:
    endpoints.azure.access = Access(grants=(Grant(SUB, READER),))
    url = f"{SUB}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"

    (entry,) = ask(endpoints, url).body["value"]

    assert entry["actions"] == ["*/read"]


def test_the_journal_knows_the_versions_that_were_used(endpoints: Endpoints) -> None:
    ask(endpoints, STORAGE)

    assert endpoints.azure.journal.versions == {"microsoft.storage/storageaccounts": {"2026-09-01"}}


def test_bodies_are_what_the_services_return() -> None:
    made: list[dict[str, Any]] = [
        n.network_security_group("nsg", [n.security_rule("ssh", 100, ports="22")]),
        n.virtual_network("v", {"s": {}}),
        n.load_balancer("lb", "/ip"),
        n.application_gateway("agw", "/s", "/ip"),
        n.private_endpoint("pe", "/target", "blob", "/s"),
        n.route_table("rt", {"r": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}),
        n.network_interface("nic", "/s", public_ip_id="/ip"),
        n.public_ip("ip"),
    ]

    for body in made:
        for value in body["properties"].values():
            for part in value if isinstance(value, list) else ():
                if isinstance(part, dict) and "properties" in part:
                    assert part["id"].startswith(body["id"] + "/")
                    assert part["properties"]["provisioningState"] == "Succeeded"
