"""What a principal may do: assignments, groups, scopes, conditions, deny assignments, and what was not read."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.conftest import SUBSCRIPTION
from tests.facts.identity_worlds import (
    ACCESS_ADMINISTRATOR,
    ALICE,
    APP,
    BOB,
    CONTRIBUTOR,
    GROUP,
    MANAGEMENT,
    OTHER_SUB,
    OWNER,
    READER,
    SUB,
    Body,
    access,
    assigned,
    denied,
    group,
    may_activate,
    nested,
    role_definition,
)

_WRITE = "Microsoft.Compute/virtualMachines/write"
_ASSIGN = "Microsoft.Authorization/roleAssignments/write"
_MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm"
_BLOB_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
_BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


@pytest.mark.parametrize(
    ("bodies", "action", "scope", "verdict"),
    [
        ([assigned(CONTRIBUTOR, ALICE)], _WRITE, _MACHINE, True),
        ([assigned(CONTRIBUTOR, ALICE)], _WRITE.upper(), _MACHINE.upper(), True),
        ([assigned(CONTRIBUTOR, ALICE)], _ASSIGN, SUB, False),
        ([assigned(CONTRIBUTOR, ALICE, GROUP)], _WRITE, SUB, False),
        ([assigned(CONTRIBUTOR, ALICE, _MACHINE)], _WRITE, _MACHINE, True),
        ([assigned(CONTRIBUTOR, BOB)], _WRITE, _MACHINE, False),
        ([assigned(CONTRIBUTOR, ALICE, "/")], _WRITE, _MACHINE, True),
        ([assigned(OWNER, ALICE, "/providers/Microsoft.Capacity/reservationOrders/r")], _WRITE, SUB, False),
        # A union: what one role leaves out, another one gives.
        (
            [
                assigned(CONTRIBUTOR, ALICE),
                role_definition("assigner", ["*/roleAssignments/*"]),
                assigned("assigner", ALICE),
            ],
            _ASSIGN,
            GROUP,
            True,
        ),
        ([role_definition("r", ["*"], ["*/write"]), assigned("r", ALICE)], _WRITE, SUB, False),
        # A group in a group.
        ([assigned(CONTRIBUTOR, "g", kind="Group"), group("g", [nested("h")]), group("h", [ALICE])], _WRITE, SUB, True),
        ([assigned(CONTRIBUTOR, "g", kind="Group"), group("g", [BOB])], _WRITE, SUB, False),
        # A role that nobody knows.
        ([assigned("77777777-0000-4000-8000-000000000007", ALICE)], _WRITE, SUB, None),
        ([assigned("77777777-0000-4000-8000-000000000007", BOB)], _WRITE, SUB, False),
        # A group that is gone.
        ([assigned(CONTRIBUTOR, "g", kind="Group")], _WRITE, SUB, False),
        ([assigned(READER, "g", kind="Group")], _WRITE, SUB, False),
        # A condition on writing assignments leaves other actions alone.
        (
            [assigned(OWNER, ALICE, condition="(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}))")],
            _WRITE,
            SUB,
            True,
        ),
        (
            [assigned(OWNER, ALICE, condition="(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}))")],
            _ASSIGN,
            SUB,
            False,
        ),
        # Deny assignments win.
        ([assigned(OWNER, ALICE), denied(GROUP, ["*/write"])], _WRITE, _MACHINE, False),
        ([assigned(OWNER, ALICE), denied(GROUP, ["*/write"])], _WRITE, SUB, True),
        ([assigned(OWNER, ALICE), denied(GROUP, ["*/delete"])], _WRITE, _MACHINE, True),
        ([assigned(OWNER, ALICE), denied(GROUP, ["*"], doNotApplyToChildScopes=True)], _WRITE, _MACHINE, True),
        ([assigned(OWNER, ALICE), denied(GROUP, ["*"], excludePrincipals=[{"id": ALICE}])], _WRITE, _MACHINE, True),
        ([assigned(OWNER, ALICE), denied(GROUP, ["*"], principals=[{"id": BOB}])], _WRITE, _MACHINE, True),
        # Only eligible.
        ([may_activate(OWNER, ALICE)], _WRITE, SUB, False),
    ],
)
def test_what_a_principal_may_do(bodies: list[Body], action: str, scope: str, verdict: bool | None) -> None:
    assert access(*bodies).may(ALICE, action, scope).verdict is verdict


def test_data_actions_are_apart() -> None:
    asked = access(assigned(OWNER, ALICE), assigned(_BLOB_READER, APP, kind="ServicePrincipal"))
    assert asked.may(ALICE, _BLOB_READ, GROUP, data=True).verdict is False
    assert asked.may(APP, _BLOB_READ, GROUP, data=True).verdict is True
    assert asked.may(APP, _BLOB_READ, GROUP).verdict is False


def test_what_can_be_activated_counts_where_it_is_asked_for() -> None:
    answer = access(may_activate(OWNER, ALICE)).may(ALICE, _ASSIGN, GROUP, eligible=True)
    assert answer.verdict is True
    assert answer.grants[0].text == f"Owner (eligible) at the subscription {SUBSCRIPTION}"


@pytest.mark.parametrize(
    ("groups", "verdict"),
    [
        ({SUBSCRIPTION: ["platform", "corp"]}, True),
        ({SUBSCRIPTION: ["platform"], OTHER_SUB.rpartition("/")[2]: ["corp"]}, False),
        ({SUBSCRIPTION: ["platform"]}, None),
        (None, None),
    ],
)
def test_a_management_group_counts_where_it_is_above(groups: Any, verdict: bool | None) -> None:
    asked = access(assigned(OWNER, ALICE, f"{MANAGEMENT}Corp"), groups=groups)
    assert asked.may(ALICE, _WRITE, GROUP).verdict is verdict


@pytest.mark.parametrize("unread", ["Microsoft.Authorization/roleAssignments"])
def test_nobody_is_said_to_lack_a_right_that_was_not_read(unread: str) -> None:
    assert access(unread=[unread]).may(ALICE, _WRITE, SUB).verdict is None


def test_without_deny_assignments_read_what_roles_give_counts_and_the_answer_says_so() -> None:
    asked = access(assigned(OWNER, ALICE), unread=["Microsoft.Authorization/denyAssignments"])
    answer = asked.may(ALICE, _WRITE, SUB)
    assert answer.verdict is True
    assert answer.doubt is not None
    assert answer.doubt.type == "Microsoft.Authorization/denyAssignments"


@pytest.mark.parametrize(("role", "verdict"), [(CONTRIBUTOR, None), (READER, False)])
def test_a_group_whose_members_were_not_read_leaves_open_who_is_in_it(role: str, verdict: bool | None) -> None:
    asked = access(assigned(role, "g", kind="Group"), unread=["Microsoft.Graph/groups"])
    assert asked.may(ALICE, _WRITE, SUB).verdict is verdict


def test_a_group_that_was_not_read_is_a_holder_itself() -> None:
    asked = access(assigned(CONTRIBUTOR, "g", kind="Group"), unread=["Microsoft.Graph/groups"])
    assert [holder.principal.id for holder in asked.holders(_WRITE, SUB).holders] == ["g"]


def test_holders_are_the_members_of_groups_and_not_the_groups() -> None:
    asked = access(
        assigned(OWNER, "g", kind="Group"),
        group("g", [ALICE, nested("h")], displayName="admins"),
        group("h", [BOB], displayName="night shift"),
        assigned(CONTRIBUTOR, "gone", GROUP, kind="Group"),
        assigned(READER, APP, kind="ServicePrincipal"),
    )
    found = asked.holders(_WRITE, _MACHINE)
    assert {holder.principal.id: holder.grant.text for holder in found.holders} == {
        ALICE: f"Owner at the subscription {SUBSCRIPTION}, as a member of admins",
        BOB: f"Owner at the subscription {SUBSCRIPTION}, as a member of night shift in admins",
    }
    assert found.gap is None


def test_groups_in_a_circle_end() -> None:
    asked = access(group("g", [nested("h")]), group("h", [nested("g"), ALICE]), assigned(OWNER, "g", kind="Group"))
    assert asked.may(ALICE, _WRITE, SUB).verdict is True
    assert [holder.principal.id for holder in asked.holders(_WRITE, SUB).holders] == [ALICE]


def test_ten_thousand_assignments_and_a_thousand_principals_take_seconds() -> None:
    roles = [role_definition(f"r{n}", [f"Microsoft.P{n}/*", "*/read"], ["*/write"]) for n in range(50)]
    people = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(1000)]
    given = [
        assigned(
            [OWNER, READER, ACCESS_ADMINISTRATOR, f"r{n % 50}"][n % 4], people[n % 1000], f"{SUB}/resourceGroups/g{n}"
        )
        for n in range(10_000)
    ]
    started = time.process_time()
    asked = access(*roles, *given)
    for n, person in enumerate(people):
        asked.may(person, _WRITE, f"{SUB}/resourceGroups/g{n}")
        asked.holders(_ASSIGN, f"{SUB}/resourceGroups/g{n}")
    assert time.process_time() - started < 8
