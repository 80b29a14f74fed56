"""Who a token speaks for."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.azure.signin_claims import principal_of
from auditor.azure.signin_parts import chosen_parts
from auditor.errors import UsageError
from tests.azure.loopback.tokens import encode, sign


@pytest.mark.parametrize(
    ("claims", "credential", "kind", "label"),
    [
        (
            {"idtyp": "user", "upn": "ana@contoso.com", "scp": "user_impersonation"},
            "azure-cli",
            "user",
            "ana@contoso.com",
        ),
        ({"scp": "user_impersonation", "name": "Ana"}, "azure-cli", "user", "Ana"),
        ({"idtyp": "app", "appid": "a1"}, "environment", "service principal", "a1"),
        ({"appid": "a1", "app_displayname": "ci"}, "environment", "service principal", "ci"),
        ({"appid": "a1", "xms_mirid": "/subscriptions/1/x/id1"}, "azure-cli", "managed identity", "id1"),
        ({"appid": "a1"}, "managed-identity", "managed identity", "a1"),
        ({"azp": "a2", "oid": "o"}, "environment", "service principal", "a2"),
    ],
)
def test_the_claims_tell_who_it_is(claims: dict[str, Any], credential: str, kind: str, label: str) -> None:
    principal = principal_of(sign(claims), credential)

    assert (principal.kind, principal.label) == (kind, label)


def test_permissions_of_applications_and_of_users_are_told() -> None:
    assert principal_of(sign({"roles": ["B", "A"]})).permissions == ("A", "B")
    assert principal_of(sign({"scp": "Z Y"})).permissions == ("Y", "Z")


@pytest.mark.parametrize(
    "token",
    ["", "opaque", "a.b.c", "a..c", f"a.{encode(b'[]')}.c", f"a.{encode(b'{')}.c", sign({"exp": 10**30, "oid": 5})],
)
def test_a_token_that_is_no_token_says_nothing(token: str) -> None:
    principal = principal_of(token)

    assert principal.object_id == ""
    assert principal.expires_at is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (None, None),
        ("azure-cli", ("azure-cli",)),
        ("AzureCliCredential", ("azure-cli",)),
        ("AZURECLICREDENTIAL", ("azure-cli",)),
        ("environment", ("environment",)),
        ("Workload_Identity", ("workload-identity",)),
        ("prod", ("environment", "workload-identity", "managed-identity")),
    ],
)
def test_parts_are_chosen_by_the_names_that_azure_uses(name: str | None, parts: tuple[str, ...] | None) -> None:
    assert chosen_parts(name) == parts


def test_a_part_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(UsageError) as refused:
        chosen_parts("azure-cly")

    assert "Did you mean azure-cli?" in refused.value.remedy
