"""The facts that rules over roles, owners, identities and the directory ask for."""

from __future__ import annotations

import time
from typing import Any

import pytest

from auditor.facts.registry import FactStore, family_names
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Unread
from tests.facts.identity_worlds import (
    ALICE,
    APP,
    BOB,
    CONTRIBUTOR,
    GROUP,
    MANAGEMENT,
    OWNER,
    READER,
    SUB,
    Body,
    assigned,
    group,
    may_activate,
    role_definition,
    world,
)

SUBSCRIPTION: Body = {"id": SUB, "type": "Microsoft.Resources/subscriptions", "displayName": "prod"}
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


def fact(inventory: Inventory, family: str, body: Body) -> Any:
    """The value of a family for one resource."""
    resource = inventory.get(body["id"])
    assert resource is not None
    return FactStore(inventory).get(family, resource)


def user(key: str, **more: Any) -> Body:
    return {"id": key, "type": "Microsoft.Graph/users", "displayName": key[:2], **more}


def test_people_behind_an_assignment_are_told_with_the_group() -> None:
    members = [{"id": ALICE, "displayName": "Ada", "userType": "Guest", "accountEnabled": False}, BOB]
    given = assigned(READER, "g", kind="Group")
    value = fact(world(given, group("g", members, displayName="readers"), user(BOB)), "role", given)
    assert (value["guests"], value["disabled"], value["gone"]) == (["Ada in readers"], ["Ada in readers"], False)


def test_people_that_were_not_read_are_unknown_and_not_nobody() -> None:
    given = assigned(OWNER, ALICE)
    value = fact(world(given, unread=["Microsoft.Graph/users"]), "role", given)
    assert isinstance(value["gone"], Unread)
    [guest] = value["guests"]
    assert isinstance(guest, Unread)
    hidden = assigned(OWNER, "g", kind="Group")
    value = fact(world(hidden, unread=["Microsoft.Graph/groups"]), "role", hidden)
    assert isinstance(value["guests"][0], Unread)


def test_a_role_that_was_not_read_has_no_power_that_is_known() -> None:
    given = assigned("77777777-0000-4000-8000-000000000007", ALICE)
    value = fact(world(given), "role", given)
    assert isinstance(value["power"], Unread)
    assert isinstance(value["gives_access"], Unread)


@pytest.mark.parametrize(
    ("owners", "outsiders"),
    [([{"id": BOB, "displayName": "Bob"}], ["Bob"]), ([{"id": ALICE}], []), ([], [])],
)
def test_owners_of_a_group_count_who_have_not_its_role(owners: list[Body], outsiders: list[str]) -> None:
    given = assigned(OWNER, "g", kind="Group")
    value = fact(world(given, group("g", [ALICE], owners=owners)), "role", given)
    assert value["group"]["outsiders"] == outsiders


def test_what_protects_a_group_that_was_not_read_is_unknown_and_not_nothing() -> None:
    given = assigned(OWNER, "g", kind="Group")
    assert isinstance(fact(world(given, unread=["Microsoft.Graph/groups"]), "role", given)["group"], Unread)
    person = assigned(OWNER, ALICE, kind="User")
    assert fact(world(person, unread=["Microsoft.Graph/groups"]), "role", person)["group"] is None


def test_owners_of_a_subscription_are_people_each_once() -> None:
    bodies = [
        SUBSCRIPTION,
        assigned(OWNER, ALICE),
        assigned(OWNER, "g", kind="Group"),
        group("g", [ALICE, BOB]),
        may_activate(OWNER, APP, kind="ServicePrincipal"),
        assigned(OWNER, "above", f"{MANAGEMENT}corp"),
        assigned(CONTRIBUTOR, "other"),
        assigned(OWNER, "narrow", GROUP),
    ]
    groups = {SUB.rpartition("/")[2]: ["corp"]}
    value = fact(world(*bodies, groups=groups), "owners", SUBSCRIPTION)
    assert [one["name"] for one in value["own"]] == [ALICE, BOB]
    assert [one["name"] for one in value["above"]] == ["above"]
    assert [one["name"] for one in value["eligible"]] == [APP]
    assert len(value["everybody"]) == 4


def test_a_group_that_was_not_read_may_hold_as_many_owners_as_a_rule_asks_for() -> None:
    inventory = world(SUBSCRIPTION, assigned(OWNER, "g", kind="Group"), unread=["Microsoft.Graph/groups"])
    value = fact(inventory, "owners", SUBSCRIPTION)
    assert len(value["own"]) >= 4
    assert all(isinstance(one, Unread) for one in value["own"])


def test_roles_together_administer_what_none_does_alone() -> None:
    machine = {
        "id": f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm",
        "type": "Microsoft.Compute/virtualMachines",
        "identity": {"type": "SystemAssigned", "principalId": APP},
        "properties": {},
    }
    parts = [
        role_definition("compute", ["Microsoft.Compute/*", "Microsoft.Web/*", "Microsoft.Storage/*"]),
        role_definition("rest", ["*"], ["Microsoft.Authorization/*", "Microsoft.Compute/*"]),
        assigned("compute", APP, kind="ServicePrincipal"),
        assigned("rest", APP, kind="ServicePrincipal"),
    ]
    value = fact(world(machine, *parts), "holdings", machine)
    assert [(one["power"], one["role"]) for one in value["wide"]] == [("contributor", "compute with rest")]
    assert fact(world(machine, *parts[:3]), "holdings", machine)["wide"] == []


def test_global_administrators_are_counted_in_groups() -> None:
    policy = {"id": "authorizationPolicy", "type": "Microsoft.Graph/authorizationPolicy"}
    role = {
        "id": "r",
        "type": "Microsoft.Graph/directoryRoleAssignments",
        "roleDefinitionId": GLOBAL.upper(),
        "principalId": "g",
        "directoryScopeId": "/",
    }
    value = fact(world(policy, role, group("g", [ALICE, BOB])), "directory_role", policy)
    assert [one["name"] for one in value["global_administrators"]] == [ALICE, BOB]
    narrow = {**role, "directoryScopeId": "/administrativeUnits/a"}
    assert fact(world(policy, narrow, group("g", [ALICE])), "directory_role", policy)["global_administrators"] == []


@pytest.mark.parametrize("family", ["role", "owners", "holdings", "federation", "directory_role", "escalation"])
def test_bodies_of_another_shape_end_nothing(family: str) -> None:
    odd: list[Body] = [
        {
            "id": f"{SUB}/providers/Microsoft.Authorization/roleAssignments/a",
            "type": "Microsoft.Authorization/roleAssignments",
        },
        {
            "id": f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/d",
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {"permissions": [None, {"actions": "*", "notActions": None}], "assignableScopes": "x"},
        },
        {"id": "g", "type": "Microsoft.Graph/groups", "members": {"id": 1}, "owners": None},
        {"id": "p", "type": "Microsoft.Graph/servicePrincipals", "appId": None},
        {
            "id": f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm",
            "type": "Microsoft.Compute/virtualMachines",
            "identity": {"principalId": None, "userAssignedIdentities": {"/x": None}},
        },
        {
            "id": "c",
            "type": "Microsoft.Graph/applications/federatedIdentityCredentials",
            "claimsMatchingExpression": "x",
        },
        SUBSCRIPTION,
    ]
    FactStore(world(*odd)).prepare(family)


def test_all_families_over_ten_thousand_assignments_take_seconds() -> None:
    people = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(1000)]
    bodies = [{**SUBSCRIPTION, "id": f"{SUB[:-4]}{n:04d}"} for n in range(50)]
    for n in range(10_000):
        body = assigned(
            [READER, CONTRIBUTOR, OWNER][n % 3], people[n % 1000], f"{bodies[n % 50]['id']}/resourceGroups/g{n}"
        )
        bodies.append({**body, "id": f"{body['id']}.{n}"})
    store = FactStore(world(*bodies))
    started = time.process_time()
    for name in {"role", "owners", "holdings", "escalation"} & set(family_names()):
        store.prepare(name)
    assert time.process_time() - started < 10
