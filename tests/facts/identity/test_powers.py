"""What roles and conditions amount to."""

from __future__ import annotations

import pytest

from auditor.facts.identity.assignments import assignments
from auditor.facts.identity.conditions import condition
from auditor.facts.identity.powers import Limit, Power, handing, power_of, power_of_role, rewrites_itself
from auditor.facts.identity.roles import built_in, role_of
from auditor.inventory.model import Resource
from tests.facts.identity_worlds import (
    ACCESS_ADMINISTRATOR,
    ALICE,
    CONTRIBUTOR,
    OWNER,
    RBAC_ADMINISTRATOR,
    READER,
    SUB,
    Body,
    access,
    assigned,
    role_definition,
)

_ROLE = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
_NOT_WRITE = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})"
_KEY_VAULT_DATA_ACCESS = "8b54135c-b56d-4d72-a534-26097cfdc8d8"


def _only(roles: str) -> str:
    return f"(({_NOT_WRITE}) OR ({_ROLE} ForAnyOfAnyValues:GuidEquals {{{roles}}}))"


def _but(roles: str) -> str:
    return f"(({_NOT_WRITE}) OR ({_ROLE} ForAnyOfAllValues:GuidNotEquals {{{roles}}}))"


@pytest.mark.parametrize(
    ("actions", "excluded", "power", "rewrites"),
    [
        (["*"], [], Power.OWNER, True),
        (["*"], ["Microsoft.Network/*"], Power.ACCESS, True),
        (["*"], ["Microsoft.Authorization/*/write", "Microsoft.Authorization/*/delete"], Power.CONTRIBUTOR, False),
        (["*"], ["Microsoft.Authorization/roleAssignments/write"], Power.CONTRIBUTOR, True),
        (["Microsoft.Authorization/role*"], [], Power.ACCESS, True),
        (["*/roleAssignments/write"], [], Power.ACCESS, False),
        (["*/WRITE"], [], Power.ACCESS, True),
        (["Microsoft.Authorization/*"], ["*/write"], Power.NONE, False),
        (["*/read"], [], Power.NONE, False),
        ([], [], Power.NONE, False),
    ],
)
def test_what_a_custom_role_amounts_to(actions: list[str], excluded: list[str], power: Power, rewrites: bool) -> None:
    role = role_of(Resource.from_body(role_definition("r", actions, excluded)))
    assert role is not None
    assert power_of_role(role) is power
    assert rewrites_itself(role) is rewrites


@pytest.mark.parametrize(
    ("key", "power"),
    [
        (OWNER, Power.OWNER),
        (CONTRIBUTOR, Power.CONTRIBUTOR),
        (ACCESS_ADMINISTRATOR, Power.ACCESS),
        (RBAC_ADMINISTRATOR, Power.ACCESS),
        (READER, Power.NONE),
        (_KEY_VAULT_DATA_ACCESS, Power.NONE),  # by the condition on its own permissions
    ],
)
def test_what_built_in_roles_amount_to(key: str, power: Power) -> None:
    role = built_in(key)
    assert role is not None
    assert power_of_role(role) is power


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", Limit.FREE),
        (f"({_NOT_WRITE})", Limit.CONSTRAINED),
        (_only(READER), Limit.CONSTRAINED),
        (_only(f"{READER}, {OWNER.upper()}"), Limit.USELESS),
        (_only(OWNER.replace("-", "")), Limit.USELESS),
        (_but(f"{OWNER}, {ACCESS_ADMINISTRATOR}, {RBAC_ADMINISTRATOR}"), Limit.CONSTRAINED),
        (_but(f"{OWNER}, {ACCESS_ADMINISTRATOR}"), Limit.USELESS),
        # One of two is always another one.
        (f"(({_NOT_WRITE}) OR ({_ROLE} ForAnyOfAnyValues:GuidNotEquals {{{OWNER}, {READER}}}))", Limit.USELESS),
        # It limits what can be taken away, not what can be given.
        ("((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR (1))", Limit.UNKNOWN),
        (
            "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR "
            "(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
            f"ForAnyOfAnyValues:GuidEquals {{{READER}}}))",
            Limit.USELESS,
        ),
        # Owner, but only for applications: these are somebody's too.
        (
            f"(({_NOT_WRITE}) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalType] "
            "StringEqualsIgnoreCase 'ServicePrincipal'))",
            Limit.USELESS,
        ),
        (
            f"(({_NOT_WRITE}) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalId] "
            f"ForAnyOfAnyValues:GuidEquals {{{ALICE}}}))",
            Limit.USELESS,
        ),
        (
            f"(({_NOT_WRITE}) OR (@Request[Microsoft.Authorization/roleAssignments:PrincipalId] "
            "ForAnyOfAnyValues:GuidEquals {99999999-0000-4000-8000-000000000009}))",
            Limit.CONSTRAINED,
        ),
        (
            f"(({_NOT_WRITE}) OR (@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:T_L] StringEquals 'x'))",
            Limit.UNKNOWN,
        ),
        ("this is no condition", Limit.UNKNOWN),
        ("(" * 500 + _NOT_WRITE + ")" * 500, Limit.UNKNOWN),
    ],
)
def test_what_a_condition_leaves(text: str, limit: Limit) -> None:
    asked = access(assigned(ACCESS_ADMINISTRATOR, ALICE, condition=text))
    assert handing(asked.assignments[0], asked.roles).limit is limit


def test_a_list_of_forbidden_roles_must_have_the_custom_ones_too() -> None:
    text = _but(f"{OWNER}, {ACCESS_ADMINISTRATOR}, {RBAC_ADMINISTRATOR}")
    own = role_definition("44444444-0000-4000-8000-000000000004", ["Microsoft.Authorization/*"])
    asked = access(assigned(RBAC_ADMINISTRATOR, ALICE, condition=text), own)
    found = handing(asked.assignments[0], asked.roles)
    assert (found.limit, found.role and found.role.key) == (Limit.USELESS, "44444444-0000-4000-8000-000000000004")


@pytest.mark.parametrize(
    ("body", "power"),
    [
        (assigned(OWNER, ALICE, condition=_only(READER)), Power.CONTRIBUTOR),
        (assigned(ACCESS_ADMINISTRATOR, ALICE, condition=_only(READER)), Power.NONE),
        (assigned(ACCESS_ADMINISTRATOR, ALICE, condition="?"), None),
        (assigned("55555555-0000-4000-8000-000000000005", ALICE), None),
    ],
)
def test_what_an_assignment_makes_of_its_holder(body: Body, power: Power | None) -> None:
    asked = access(body)
    assert power_of(asked.assignments[0], asked) is power


def test_a_condition_keeps_its_text() -> None:
    asked = access(assigned(OWNER, ALICE, SUB, condition=_only(READER)))
    found = next(iter(assignments(asked.inventory, asked.roles, asked.principals)))
    assert found.condition is condition(_only(READER))
