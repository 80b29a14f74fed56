"""Answers of Microsoft Graph and of `az ad` as they come: recognised, or refused with what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import SnapshotError
from auditor.inventory.ids import SUBSCRIPTION_TYPE
from auditor.snapshot.opening import open_source
from auditor.snapshot.source import Source

GUID = "0f3c6a5e-1111-4222-8333-444455556666"
METADATA = "https://graph.microsoft.com/v1.0/$metadata#"
APPLICATION = {
    "id": GUID,
    "appId": "aaaaaaaa-1111-4222-8333-444455556666",
    "displayName": "shop",
    "signInAudience": "AzureADMyOrg",
    "identifierUris": [],
    "requiredResourceAccess": [],
    "passwordCredentials": [],
    "keyCredentials": [],
    "web": {"redirectUris": []},
    "spa": {"redirectUris": []},
    "publicClient": {"redirectUris": []},
    "isFallbackPublicClient": None,
}
PRINCIPAL = {"id": GUID, "appId": GUID, "displayName": "shop", "servicePrincipalType": "Application"}
POLICY = {"id": GUID, "state": "enabled", "conditions": {}, "grantControls": {}, "sessionControls": None}
ASSIGNMENT = {"id": "lAPpYvVpN0KRkAEhdxReEJ", "principalId": GUID, "roleDefinitionId": GUID, "directoryScopeId": "/"}


def opened(folder: Path, content: Any) -> Source:
    (folder / "export.json").write_text(json.dumps(content))
    return open_source(folder / "export.json")


def kinds(source: Source) -> list[str]:
    return [resource.type for resource in source.inventory]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("applications", "applications"),
        ("applications/$entity", "applications"),
        ("applications(id,displayName)", "applications"),
        ("servicePrincipals", "servicePrincipals"),
        ("users", "users"),
        ("groups", "groups"),
        ("directoryRoles", "directoryRoles"),
        ("identity/conditionalAccess/policies", "conditionalAccessPolicies"),
        ("identity/conditionalAccess/namedLocations", "namedLocations"),
        ("roleManagement/directory/roleAssignments", "directoryRoleAssignments"),
        ("roleManagement/directory/roleAssignments(principal())", "directoryRoleAssignments"),
        ("roleManagement/directory/roleDefinitions", "directoryRoleDefinitions"),
        ("roleManagement/directory/roleEligibilitySchedules", "directoryRoleEligibilitySchedules"),
        ("oauth2PermissionGrants", "oauth2PermissionGrants"),
        ("Collection(microsoft.graph.oAuth2PermissionGrant)", "oauth2PermissionGrants"),
        (f"servicePrincipals('{GUID}')/appRoleAssignedTo", "appRoleAssignedTo"),
        (f"applications('{GUID}')/federatedIdentityCredentials", "applications/federatedIdentityCredentials"),
        ("policies/authorizationPolicy/$entity", "authorizationPolicy"),
        ("policies/authenticationMethodsPolicy/$entity", "authenticationMethodsPolicy"),
        ("organization", "organization"),
    ],
)
def test_the_context_of_an_answer_says_what_its_objects_are(tmp_path: Path, path: str, kind: str):
    thing = {"id": GUID, "displayName": "a thing"}
    wanted = [f"Microsoft.Graph/{kind}"]
    assert kinds(opened(tmp_path, {"@odata.context": METADATA + path, "value": [thing]})) == wanted
    assert kinds(opened(tmp_path, {"@odata.context": METADATA + path, **thing})) == wanted


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"@odata.type": "#microsoft.graph.user", "id": GUID}, "users"),
        ({"@odata.type": "#microsoft.graph.countryNamedLocation", "id": GUID}, "namedLocations"),
        ({"@odata.type": "#microsoft.graph.device", "id": GUID}, "device"),
        (APPLICATION, "applications"),
        (PRINCIPAL, "servicePrincipals"),
        ({"id": GUID, "userPrincipalName": "ada@contoso.example"}, "users"),
        ({"id": GUID, "displayName": "ops", "securityEnabled": True, "mailEnabled": False}, "groups"),
        (POLICY, "conditionalAccessPolicies"),
        (ASSIGNMENT, "directoryRoleAssignments"),
        ({**ASSIGNMENT, "scheduleInfo": {}, "memberType": "Direct"}, "directoryRoleEligibilitySchedules"),
        (
            {"id": GUID, "issuer": "https://x", "subject": "s", "audiences": []},
            "applications/federatedIdentityCredentials",
        ),
        (
            {"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": False},
            "identitySecurityDefaultsEnforcementPolicy",
        ),
    ],
)
def test_so_does_a_type_or_a_shape_that_nothing_else_has(tmp_path: Path, body: dict[str, Any], kind: str):
    assert kinds(opened(tmp_path, [body])) == [f"Microsoft.Graph/{kind}"]


def test_a_list_of_subscriptions_is_one(tmp_path: Path):
    row = {
        "cloudName": "AzureCloud",
        "id": GUID,
        "isDefault": True,
        "name": "prod",
        "state": "Enabled",
        "tenantId": "t",
    }
    (found,) = opened(tmp_path, [row]).inventory
    assert (found.id, found.type, found.display_name) == (f"/subscriptions/{GUID}", SUBSCRIPTION_TYPE, "prod")


def test_a_credential_of_an_application_keeps_which_one_it_is_of(tmp_path: Path):
    context = f"{METADATA}applications('{GUID}')/federatedIdentityCredentials"
    (found,) = opened(tmp_path, {"@odata.context": context, "value": [{"id": "c", "subject": "s"}]}).inventory
    assert found.body["applicationObjectId"] == GUID


def test_what_was_not_selected_was_not_read(tmp_path: Path):
    (whole,) = opened(tmp_path, [APPLICATION]).inventory
    assert whole.unread == {}
    (part,) = opened(
        tmp_path, {"@odata.context": METADATA + "applications(id,appId)", "value": [{"id": GUID}]}
    ).inventory
    assert {"passwordcredentials", "signinaudience"} <= part.unread.keys()
    assert "properties" not in part.unread
    (assigned,) = opened(tmp_path, [ASSIGNMENT]).inventory
    assert list(assigned.unread) == ["principal"]


@pytest.mark.parametrize(
    "body",
    [{"id": GUID, "displayName": "a thing"}, {"id": "1"}, {"id": GUID, "properties": {"principalId": GUID}}],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, body: dict[str, Any]):
    with pytest.raises(SnapshotError) as caught:
        opened(tmp_path, [APPLICATION, body])
    (problem,) = caught.value.problems
    assert problem.file.endswith("export.json")
    assert "1 of 2 items do not say what they are" in problem.message
    assert "(item 1)" in problem.message
    assert "az rest" in problem.remedy
