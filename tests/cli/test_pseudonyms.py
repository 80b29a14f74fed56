"""Text that may be shown to strangers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cli.terminal.pseudonyms import Pseudonyms, code_place, secrets_in

GUID = "3b9a1f7c-0d7e-4c58-9c57-2f1f6f0a5d11"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"token {JWT} refused", "eyJ"),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
        ("https://st.blob.core.windows.net/c?sv=1&sig=Zm9vYmFy%3D", "Zm9v"),
        ("AccountName=st;AccountKey=c2VjcmV0c2VjcmV0", "c2Vjcm"),
        ("proxy http://user:hunter22@proxy:80", "hunter22"),
        ("secret uX~8Q~aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", "aBcDe"),
        ("key aB3dEfGhIjKlMnOpQrStUvWxYz0123456789ABCDEFGH+/==", "aB3dEf"),
        ("signed in as jane.doe@contoso.example", "jane"),
        (f"tenant {GUID} is another", GUID),
        ("the vault 'kv-payments' is not there", "payments"),
        ('no file "/home/jane/tenant.db"', "jane"),
        ("/home/jane/tenant.db: exists already", "jane"),
        ("C:\\Users\\jane\\tenant.db: exists already", "jane"),
        ("connect to 203.0.113.7 failed", "203.0"),
        (f"/subscriptions/{GUID}/resourceGroups/rg-payments was not read", "payments"),
    ],
)
def test_what_must_not_be_told_is_not(text: str, hidden: str):
    assert hidden in text
    assert hidden not in Pseudonyms().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "no credential answered: azure-cli: not installed; environment: no AZURE_CLIENT_ID is set",
        "3 of 12 could not be read; each has its own line",
        "GET Microsoft.Storage/storageAccounts answered 403 AuthorizationFailed",
        "the answer is over 128 MB",
    ],
)
def test_plain_words_stay(text: str):
    assert Pseudonyms().text(text) == text


def test_a_value_has_one_label_in_a_log_and_another_in_the_next():
    first, second = Pseudonyms(), Pseudonyms()

    assert first.text(GUID) == first.text(GUID.upper())
    assert first.text(GUID) != second.text(GUID)


def test_names_that_were_learned_are_replaced_where_they_stand_alone():
    pseudonyms = Pseudonyms()
    pseudonyms.learn("Contoso Production")

    text = pseudonyms.text("subscription contoso production: not visible")

    assert re.fullmatch(r"subscription <name:\w{8}> <name:\w{8}>: not visible", text)


def test_readable_keeps_names_and_never_secrets_or_mail_addresses():
    text = Pseudonyms(readable=True).text(f"{GUID} kv-payments jane@contoso.example {JWT}")

    assert f"{GUID} kv-payments" in text
    assert "jane" not in text
    assert "eyJ" not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            f"https://management.azure.com/subscriptions/{GUID}/resourceGroups/rg-a/providers/Microsoft.KeyVault/vaults/kv1"
            "/keys?api-version=2026-01-01&$skiptoken=abc",
            "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.KeyVault/vaults/<name>/keys"
            "?api-version=2026-01-01&$skiptoken=...",
        ),
        (
            "/subscriptions/x/resourceGroups/g/providers/Microsoft.Web/sites/s1/config/web",
            "/subscriptions/<name>/resourceGroups/<name>/providers/Microsoft.Web/sites/<name>/config/web",
        ),
        (
            "/providers/Microsoft.Management/managementGroups/corp/descendants?api-version=1",
            "/providers/Microsoft.Management/managementGroups/<name>/descendants?api-version=1",
        ),
        (
            f"/subscriptions/{GUID}/resourceGroups/g/providers/Microsoft.Web/sites/s/providers/Microsoft.Insights/diagnosticSettings",
            "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.Web/sites/<name>"
            "/providers/Microsoft.Insights/diagnosticSettings",
        ),
        (
            f"/v1.0/servicePrincipals/{GUID}/appRoleAssignedTo?$filter=x",
            "/v1.0/servicePrincipals/<id>/appRoleAssignedTo?$filter=...",
        ),
        ("/v1.0/oauth2PermissionGrants", "/v1.0/oauth2PermissionGrants"),
    ],
)
def test_a_path_keeps_what_was_asked_and_hides_of_whom(url: str, shown: str):
    assert re.sub(r"<(\w+):\w{8}>", r"<\1>", Pseudonyms().path(url)) == shown


@given(name=st.from_regex(r"[a-z][a-z0-9-]{5,30}", fullmatch=True).filter(lambda name: "zq" not in name))
def test_no_resource_name_of_any_path_reaches_the_log(name: str):
    name = f"zq{name}"
    url = (
        f"/subscriptions/{GUID}/resourceGroups/{name}/providers/Microsoft.Sql/servers/{name}/databases/{name}?x={name}"
    )
    pseudonyms = Pseudonyms()

    assert name not in pseudonyms.path(url)
    assert name not in pseudonyms.text(f"{name} was refused")


@given(secret=st.text(min_size=6).filter(lambda text: text.strip() == text))
def test_a_secret_of_the_environment_is_removed_wherever_it_stands(secret: str):
    known = secrets_in({"AZURE_CLIENT_SECRET": secret})

    assert Pseudonyms(known_secrets=known).text(f">>{secret}<<") == ">>[removed]<<"


def test_secrets_are_told_by_the_names_of_their_variables():
    environment = {
        "AZURE_CLIENT_SECRET": "s3cret-value",
        "SYSTEM_ACCESSTOKEN": "t0ken-value",
        "AZURE_TOKEN_CREDENTIALS": "azure-cli",
        "AZURE_FEDERATED_TOKEN_FILE": "/var/run/token",
        "HOME": "/home/jane",
    }

    assert secrets_in(environment) == {"s3cret-value", "t0ken-value"}


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/home/jane/.venv/lib/python3.12/site-packages/auditor/cli/scan/command.py", "auditor/cli/scan/command.py"),
        ("/home/jane/src/auditor/auditor/azure/wire.py", "auditor/azure/wire.py"),
        ("/usr/lib/python3.12/asyncio/runners.py", "asyncio/runners.py"),
    ],
)
def test_places_of_code_name_no_home_folder(file: str, place: str):
    assert code_place(file) == place
