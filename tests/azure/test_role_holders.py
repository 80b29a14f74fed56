"""Who holds roles: groups with members and owners, users, and who may activate a membership, over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.azure.collectors.directory import ENTRIES
from auditor.inventory.coverage import ReadState
from tests.azure.collecting import Done, collect_from
from tests.azure.loopback.access import Principal
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.facts.identity_worlds import ALICE, BOB, CONTRIBUTOR, OWNER, READER, assigned, may_activate

GROUPS = "Microsoft.Graph/groups"
USERS = "Microsoft.Graph/users"
ELIGIBLE = "Microsoft.Graph/groupEligibilityScheduleInstances"
IN_DIRECTORY = "Microsoft.Graph/directoryRoleAssignments"
ADMINS = "d4d4d4d4-0000-4000-8000-000000000001"
NIGHT = "d4d4d4d4-0000-4000-8000-000000000002"
GLOBAL = "d4d4d4d4-0000-4000-8000-000000000003"
GONE = "d4d4d4d4-0000-4000-8000-000000000009"
ERIN = "e5e5e5e5-0000-4000-8000-000000000001"
_ELIGIBLE_PATH = "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
_ALL = ("Directory.Read.All", "RoleManagement.Read.Directory", "PrivilegedEligibilitySchedule.Read.AzureADGroup")

_DIRECTORY: Mapping[str, Any] = {
    "groups": [
        {"id": ADMINS, "displayName": "admins", "isAssignableToRole": False, "mailNickname": "unasked"},
        {"id": NIGHT, "displayName": "night shift", "isAssignableToRole": None, "membershipRule": 'user.city -eq "x"'},
        {"id": GLOBAL, "displayName": "global admins", "isAssignableToRole": True},
        {"id": "d4d4d4d4-0000-4000-8000-00000000000f", "displayName": "holds nothing"},
    ],
    f"groups/{ADMINS}/transitiveMembers": [{"id": ALICE, "displayName": "Alice", "userType": "Guest"}],
    f"groups/{ADMINS}/owners": [{"id": BOB, "displayName": "Bob"}],
    f"groups/{NIGHT}/transitiveMembers": [],
    f"groups/{NIGHT}/owners": [],
    f"groups/{GLOBAL}/transitiveMembers": [{"id": BOB}],
    f"groups/{GLOBAL}/owners": [],
    "users": [
        {"id": ALICE, "displayName": "Alice", "userType": "Guest", "accountEnabled": True, "mobilePhone": "+1 555"},
        {"id": ERIN, "displayName": "Erin", "userType": "Member", "accountEnabled": False},
        {"id": BOB, "displayName": "Bob"},
    ],
    "roleManagement/directory/roleAssignments": [
        {
            "id": "r1",
            "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
            "principalId": GLOBAL,
            "directoryScopeId": "/",
            "principal": {"@odata.type": "#microsoft.graph.group", "id": GLOBAL, "mail": "group@example.com"},
        },
        {
            "id": "r2",
            "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
            "principalId": ERIN,
            "directoryScopeId": "/",
            "principal": {"@odata.type": "#microsoft.graph.user", "id": ERIN, "mobilePhone": "+1 555"},
        },
    ],
    _ELIGIBLE_PATH: [{"id": "e1", "groupId": ADMINS, "principalId": ERIN, "accessId": "member"}],
}
_ROLES = (
    assigned(OWNER, ADMINS, kind="Group"),
    assigned(READER, GONE, kind="Group"),
    may_activate(CONTRIBUTOR, NIGHT, kind="Group"),
    assigned(CONTRIBUTOR, ALICE),
    assigned(CONTRIBUTOR, GONE.replace("9", "8")),
)


@pytest.fixture
def collected(start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    def run(*types: str, rights: tuple[str, ...] = _ALL) -> Done:
        azure = LoopbackAzure(_ROLES, graph=_DIRECTORY, principals=[Principal(graph_roles=rights)])
        return collect_from(start_azure(azure), frozenset(types), monkeypatch)

    return run


def _bodies(done: Done, kind: str) -> dict[str, Mapping[str, Any]]:
    return {r.id: r.body for r in done.snapshot.resources() if r.type_key == kind.lower()}


def test_groups_that_hold_roles_come_with_members_owners_and_what_protects_them(collected: Callable[..., Done]) -> None:
    done = collected(GROUPS, IN_DIRECTORY)
    groups = _bodies(done, GROUPS)
    assert set(groups) == {ADMINS, NIGHT, GLOBAL}  # the one that is gone is not among them
    admins = groups[ADMINS]
    assert (admins["displayName"], admins["isAssignableToRole"], "mailNickname" in admins) == ("admins", False, False)
    assert [member["id"] for member in admins["members"]] == [ALICE]
    assert [owner["id"] for owner in admins["owners"]] == [BOB]
    assert groups[NIGHT]["membershipRule"]
    assert done.snapshot.state("/", GROUPS) is ReadState.COMPLETE
    assert done.gaps == set()


def test_users_that_hold_roles_are_read_and_nobody_else(collected: Callable[..., Done]) -> None:
    users = _bodies(collected(USERS, IN_DIRECTORY), USERS)
    assert set(users) == {ALICE, ERIN}
    assert users[ALICE]["userType"] == "Guest"
    assert users[ERIN]["accountEnabled"] is False
    assert not any("mobilePhone" in body for body in users.values())


def test_of_a_principal_in_a_directory_role_only_kind_and_name_are_kept(collected: Callable[..., Done]) -> None:
    found = _bodies(collected(IN_DIRECTORY), IN_DIRECTORY)
    assert found["r1"]["principal"] == {"@odata.type": "#microsoft.graph.group", "id": GLOBAL}
    assert found["r2"]["principal"] == {"@odata.type": "#microsoft.graph.user", "id": ERIN}


def test_who_may_activate_membership_of_a_group_needs_a_permission_of_its_own(collected: Callable[..., Done]) -> None:
    assert set(_bodies(collected(ELIGIBLE), ELIGIBLE)) == {"e1"}
    denied = collected(ELIGIBLE, rights=("Directory.Read.All",))
    assert _bodies(denied, ELIGIBLE) == {}
    assert denied.snapshot.state("/", ELIGIBLE) is ReadState.DENIED
    [gap] = [entry.gap for entry in denied.snapshot.ledger() if entry.gap]
    assert "PrivilegedEligibilitySchedule.Read.AzureADGroup" in gap.message


def test_without_the_right_to_read_groups_none_counts_as_empty(collected: Callable[..., Done]) -> None:
    done = collected(GROUPS, USERS, rights=("Application.Read.All",))
    assert done.snapshot.state("/", GROUPS) is ReadState.DENIED
    assert done.snapshot.state("/", USERS) is ReadState.DENIED


def test_the_documents_name_what_reading_eligible_roles_and_members_needs() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    least = {entry.permission for entry in ENTRIES if "Eligibility" in entry.name}
    assert least == {"RoleEligibilitySchedule.Read.Directory"}
    assert all(
        f"`{permission}`" in readme for permission in (*least, "PrivilegedEligibilitySchedule.Read.AzureADGroup")
    )
