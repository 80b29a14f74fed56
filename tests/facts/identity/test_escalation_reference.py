"""Every known way to Owner, by its number: a world in which it is found, and one in which a guard closes it.

Numbers are those of the list of edges that this project keeps: 37 of Azure, 14 of the directory. What is found to be no
way at all has worlds too, in which nothing may be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from auditor.facts.identity.escalation.graph import Escalation
from tests.conftest import arm_id
from tests.facts.identity.test_escalation import (
    GLOBAL,
    IDENTITY,
    OWNED,
    STORE,
    TAKES_KEYS,
    VM,
    devops,
    directory_role,
    function,
    home,
    host,
    permission,
    user_assigned,
)
from tests.facts.identity_worlds import (
    ALICE,
    APP,
    BOB,
    GROUP,
    MANAGEMENT,
    OWNER,
    RBAC_ADMINISTRATOR,
    SUB,
    Body,
    access,
    assigned,
    group,
    may_activate,
    role_definition,
)

AKS = "Microsoft.ContainerService/managedClusters"
AUTOMATION = "Microsoft.Automation/automationAccounts"
SITE = "Microsoft.Web/sites"
APIM = "Microsoft.ApiManagement/service"
ML = "Microsoft.MachineLearningServices/workspaces"
VAULT = "Microsoft.KeyVault/vaults"
POOL = "Microsoft.DesktopVirtualization/hostPools"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
ATTACH = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
FEDERATE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"


class Way(NamedTuple):
    """One way: how many steps do not matter, only how it begins."""

    edge: str
    """Id of the first step that gains something; "" where there is none to find."""
    open: Sequence[Body]
    closed: Sequence[Body]
    to: str = ""
    """Type of the resource that is the goal; Owner otherwise."""
    who: str = ALICE


def has(*actions: str, data: Sequence[str] = (), scope: str = GROUP, **more: Any) -> list[Body]:
    """Alice holds a role with these actions."""
    return [role_definition("r", actions, dataActions=list(data), **more), assigned("r", ALICE, scope)]


def taking(edge: str, type_: str, *actions: str, **more: Any) -> Way:
    """On a host whose identity is Owner; closed where the right is at another group."""
    there = [host(type_, **more), OWNED]
    elsewhere = f"{SUB}/resourceGroups/other"
    return Way(edge, [*there, *has(*actions)], [*there, *has(*actions, scope=elsewhere)])


def opening(edge: str, type_: str, actions: Sequence[str], open_: Body, closed: Body, *, data: bool = False) -> Way:
    """On a resource that is the goal itself; closed by one of its properties."""
    there = {"id": arm_id(type_, "thing", group="rg"), "name": "thing", "type": type_}
    role = has(data=actions) if data else has(*actions)
    return Way(edge, [{**there, "properties": open_}, *role], [{**there, "properties": closed}, *role], type_)


CONDITION = (
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/"
    "roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7}))"
)
ALMOST = ("*", [ASSIGN])
LOGIN = {
    "id": f"{arm_id(VM, 'host', group='rg')}/extensions/login",
    "name": "login",
    "type": f"{VM}/extensions",
    "properties": {"type": "AADSSHLoginForLinux"},
}
SIGNS_IN = [host(VM), OWNED, *has(data=[f"{VM}/login/action"])]
EXPORTS = "Microsoft.Compute/disks/beginGetAccess/action"
NODES = f"{SUB}/resourceGroups/MC_rg"
CLUSTER = host(AKS)
SCALE_SET = {
    **host("Microsoft.Compute/virtualMachineScaleSets"),
    "id": f"{NODES}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes",
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {user_assigned()["id"]: {"principalId": IDENTITY}}},
}
RUNS_NODES = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"
BELOW = f"{MANAGEMENT}team"
MOVES = ["Microsoft.Management/managementGroups/subscriptions/write", "Microsoft.Management/managementGroups/write"]

AZURE: dict[int, Way] = {
    1: Way(
        "holds",
        [assigned(RBAC_ADMINISTRATOR, ALICE)],
        [assigned(RBAC_ADMINISTRATOR, ALICE, condition=CONDITION, conditionVersion="2.0")],
    ),
    2: Way(
        "rewrite-role",
        [role_definition("r", ["*"], [ASSIGN]), assigned("r", ALICE)],
        [role_definition("r", ["*"], [ASSIGN], scopes=[SUB, "/subscriptions/2"]), assigned("r", ALICE)],
    ),
    3: Way(
        "elevate",
        [directory_role(GLOBAL, ALICE)],
        [*has("Microsoft.Authorization/elevateAccess/action", scope=SUB)],
    ),
    4: Way(
        "activation-policy",
        [may_activate(OWNER, ALICE), *has("Microsoft.Authorization/roleManagementPolicies/write", scope=SUB)],
        [*has("Microsoft.Authorization/roleManagementPolicies/write", scope=SUB)],
    ),
    # To move a subscription takes roleAssignments/write on it, and who has that is its owner already:
    # https://learn.microsoft.com/azure/governance/management-groups/manage#moving-management-groups-and-subscriptions
    5: Way("holds", has(*MOVES, ASSIGN, scope=SUB), has(*MOVES, "Microsoft.Resources/subscriptions/write", scope=SUB)),
    6: taking(
        "policy-definition",
        "Microsoft.Authorization/policyAssignments",
        "Microsoft.Authorization/policyDefinitions/write",
    ),
    7: Way(
        "federated-credential",
        [user_assigned(), OWNED, *has(FEDERATE)],
        [user_assigned(), assigned(OWNER, BOB), *has(FEDERATE)],
    ),
    8: Way(
        "attach-identity",
        [user_assigned(), OWNED, *has(ATTACH, f"{VM}/write")],
        [user_assigned(), OWNED, *has(ATTACH)],
    ),
    9: taking("vm-run-commands", VM, f"{VM}/runCommands/write"),
    10: Way("vm-login", [*SIGNS_IN, LOGIN], SIGNS_IN),
    11: opening(
        "disk-export",
        "Microsoft.Compute/disks",
        [EXPORTS],
        {"networkAccessPolicy": "AllowAll"},
        {"networkAccessPolicy": "DenyAll"},
    ),
    12: taking(
        "arc-extension", "Microsoft.HybridCompute/machines", "Microsoft.HybridCompute/machines/extensions/write"
    ),
    13: taking("app-publish-profile", SITE, f"{SITE}/publishxml/action"),
    14: Way(
        "app-settings",
        [host(SITE), *has(f"{SITE}/config/list/action")],
        [host(SITE), *has(f"{SITE}/config/read")],
        SITE,
    ),
    15: Way(
        "function-master-key",
        [host(SITE, kind="functionapp,linux"), OWNED, *has(f"{SITE}/host/listkeys/action")],
        [host(SITE, kind="app,linux"), OWNED, *has(f"{SITE}/host/listkeys/action")],
    ),
    16: Way(
        "function-store-keys",
        [*function(), STORE, OWNED, TAKES_KEYS, assigned("keys", ALICE)],
        [
            *function(),
            {**STORE, "properties": {"allowSharedKeyAccess": False}},
            OWNED,
            TAKES_KEYS,
            assigned("keys", ALICE),
        ],
    ),
    17: Way(
        "runbook-test",
        [
            host(AUTOMATION),
            OWNED,
            *has(f"{AUTOMATION}/runbooks/draft/write", f"{AUTOMATION}/runbooks/draft/testJob/write"),
        ],
        [host(AUTOMATION), OWNED, *has(f"{AUTOMATION}/jobSchedules/write", f"{AUTOMATION}/webhooks/write")],
    ),
    18: taking("workflow", "Microsoft.Logic/workflows", "Microsoft.Logic/workflows/write"),
    19: Way(
        "aks-run-command",
        [CLUSTER, OWNED, *has(f"{AKS}/runCommand/action")],
        [
            host(AKS, properties={"apiServerAccessProfile": {"disableRunCommand": True}}),
            OWNED,
            *has(f"{AKS}/runCommand/action"),
        ],
    ),
    20: Way(
        "aks-admin-credential",
        [CLUSTER, OWNED, *has(f"{AKS}/listClusterAdminCredential/action")],
        [host(AKS, properties={"disableLocalAccounts": True}), OWNED, *has(f"{AKS}/listClusterAdminCredential/action")],
    ),
    21: taking("aks-write", AKS, f"{AKS}/write"),
    22: Way(
        "aks-pods",
        [host(AKS, properties={"aadProfile": {"enableAzureRBAC": True}}), OWNED, *has(data=[f"{AKS}/pods/write"])],
        [host(AKS, properties={"aadProfile": {"enableAzureRBAC": False}}), OWNED, *has(data=[f"{AKS}/pods/write"])],
    ),
    23: Way(
        "vmss-run-command",
        [SCALE_SET, user_assigned(), OWNED, *has(RUNS_NODES, scope=NODES)],
        [SCALE_SET, user_assigned(), OWNED, *has(RUNS_NODES, scope=GROUP)],
    ),
    24: taking("container-app-exec", "Microsoft.App/containerApps", "Microsoft.App/containerApps/getAuthToken/action"),
    25: taking(
        "container-group-exec",
        "Microsoft.ContainerInstance/containerGroups",
        "Microsoft.ContainerInstance/containerGroups/containers/exec/action",
    ),
    26: taking(
        "registry-task",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.ContainerRegistry/registries/tasks/write",
    ),
    27: Way(
        "attach-identity",
        [user_assigned(), OWNED, *has(ATTACH, "Microsoft.Resources/deploymentScripts/write")],
        [user_assigned(), OWNED, *has("Microsoft.Resources/deploymentScripts/write")],
    ),
    28: opening("vault-policy", VAULT, [f"{VAULT}/accessPolicies/write"], {}, {"enableRbacAuthorization": True}),
    29: opening(
        "vault-secrets",
        VAULT,
        [f"{VAULT}/secrets/getSecret/action"],
        {"enableRbacAuthorization": True},
        {},
        data=True,
    ),
    30: taking("gateway-api-policy", APIM, f"{APIM}/apis/policies/write"),
    31: Way(
        "pipeline",
        [
            host("Microsoft.DataFactory/factories"),
            OWNED,
            *has(
                "Microsoft.DataFactory/factories/pipelines/write",
                "Microsoft.DataFactory/factories/pipelines/createrun/action",
            ),
        ],
        [host("Microsoft.DataFactory/factories"), OWNED, *has("Microsoft.DataFactory/factories/pipelines/write")],
    ),
    32: taking("ml-job", ML, f"{ML}/jobs/write"),
    33: taking("sql-administrator", "Microsoft.Sql/servers", "Microsoft.Sql/servers/administrators/write"),
    # Session hosts that a configuration makes anew have fresh identities, so the way leads to the machines alone.
    34: opening(
        "session-host-script",
        POOL,
        [f"{POOL}/*"],
        {"managementType": "Automated"},
        {"managementType": "Standard"},
    ),
    35: Way(
        "search-write",
        [host("Microsoft.Search/searchServices"), OWNED, *has("Microsoft.Search/searchServices/write")],
        [host("Microsoft.Search/searchServices"), *has("Microsoft.Search/searchServices/write")],
    ),
    36: Way(
        "cloud-shell-keys",
        [*home(), TAKES_KEYS, assigned("keys", ALICE)],
        [*home("backups"), TAKES_KEYS, assigned("keys", ALICE)],
    ),
    # It gives access to reservations, and to no subscription.
    37: Way("", has(ASSIGN, scope="/providers/Microsoft.Capacity"), has(ASSIGN, scope="/providers/Microsoft.Capacity")),
}

PRINCIPAL = {"id": APP, "type": "Microsoft.Graph/servicePrincipals", "appId": "app", "displayName": "pipeline"}
APPLICATION = {"id": "object", "type": "Microsoft.Graph/applications", "appId": "app", "displayName": "pipeline"}
LOCKED = {**APPLICATION, "servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True}}
OWNS_APPLICATION = {
    "id": "object/owners",
    "type": "Microsoft.Graph/applications/owners",
    "applicationObjectId": "object",
    "owners": [{"id": ALICE}],
}
OWNS_PRINCIPAL = {
    "id": f"{APP}/owners",
    "type": "Microsoft.Graph/servicePrincipals/owners",
    "servicePrincipalObjectId": APP,
    "owners": [{"id": ALICE}],
}
RULES = assigned(OWNER, APP, kind="ServicePrincipal")
READS = permission("df021288-bdef-4463-88db-98f22de89214")
PERSON = {"id": BOB, "type": "Microsoft.Graph/users", "displayName": "Bob"}
HOLDS_A_ROLE = directory_role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", BOB)


def team(**more: Any) -> list[Body]:
    """A group that is Owner."""
    return [assigned(OWNER, "g", kind="Group"), group("g", [BOB], owners=[], **more)]


def dynamic(rule: str) -> list[Body]:
    """The group takes in whom a rule describes."""
    return team(isAssignableToRole=True, groupTypes=["DynamicMembership"], membershipRule=rule)


def permitted(key: str, *rest: Body, closed: Sequence[Body] | None = None) -> Way:
    """An application holds a permission; closed where it only reads."""
    return Way("graph-permission", [permission(key), *rest], closed or [READS, *rest], who=APP)


DIRECTORY: dict[str, Way] = {
    # The lock of instances does not protect the application itself, so only not owning it closes the way.
    "E1": Way(
        "application-owner",
        [PRINCIPAL, LOCKED, OWNS_APPLICATION, RULES],
        [PRINCIPAL, OWNS_APPLICATION, RULES],
    ),
    "E2": Way(
        "principal-owner", [PRINCIPAL, APPLICATION, OWNS_PRINCIPAL, RULES], [PRINCIPAL, LOCKED, OWNS_PRINCIPAL, RULES]
    ),
    "E3": permitted("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"),
    "E3 schedules": permitted("dd199f4a-f148-40a4-a2ec-f0069cc799ec"),
    "E4": permitted("fee28b28-e1f3-4841-818e-2704dc62245f"),
    "E4 policies": permitted("31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad"),
    "E5": permitted("06b708a9-e830-4db3-a914-8e69da51d44f"),
    "E6": Way(
        "graph-permission",
        [
            {**PRINCIPAL, "id": BOB},
            APPLICATION,
            assigned(OWNER, BOB, kind="ServicePrincipal"),
            permission("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
        ],
        # Another tenant's: a secret is accepted and cannot be used.
        [
            {**PRINCIPAL, "id": BOB},
            assigned(OWNER, BOB, kind="ServicePrincipal"),
            permission("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
        ],
        who=APP,
    ),
    "E7": permitted(
        "2f6817f8-7b12-4f0f-bc18-eeaf60705a9e",
        *team(isAssignableToRole=True),
    ),
    "E8": permitted(
        "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
        *team(isAssignableToRole=False),
        closed=[permission("dbaae8cf-10b5-4b86-a4a1-f871c94c6695"), *team(isAssignableToRole=True)],
    ),
    "E8 roles": Way(
        "directory-role",
        [
            *team(isAssignableToRole=False),
            directory_role("3a2c62db-5318-420d-8d74-23affee5d9d5", ALICE),
        ],
        [*team(isAssignableToRole=True), directory_role("3a2c62db-5318-420d-8d74-23affee5d9d5", ALICE)],
    ),
    "E9": permitted(
        "741f803b-c850-494e-b5df-cde7c675a1ca",
        *dynamic('user.department -eq "Ops"'),
        closed=[permission("741f803b-c850-494e-b5df-cde7c675a1ca"), *dynamic('user.objectId -eq "x"')],
    ),
    # It turns kinds of names on for the whole tenant, and changes no user:
    # https://learn.microsoft.com/graph/api/signinidentifierbase-update
    "E9 identifiers": Way(
        "",
        [permission("7fc588a2-ea2d-4d1f-bcf7-33c324b149b8"), *dynamic('user.department -eq "Ops"')],
        [permission("7fc588a2-ea2d-4d1f-bcf7-33c324b149b8")],
        who=APP,
    ),
    "E10": permitted(
        "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
        PERSON,
        assigned(OWNER, BOB),
        closed=[permission("cc117bb9-00cf-4eb8-b580-ea2a878fe8f7"), PERSON, assigned(OWNER, BOB), HOLDS_A_ROLE],
    ),
    "E10 roles": Way(
        "directory-role",
        [PERSON, assigned(OWNER, BOB), directory_role("966707d0-3269-4727-9be2-8c3a10f19b9d", ALICE)],
        [PERSON, assigned(OWNER, BOB), directory_role("966707d0-3269-4727-9be2-8c3a10f19b9d", ALICE), HOLDS_A_ROLE],
    ),
    **{
        f"E11 {name}": permitted(key)
        for name, key in (
            ("domains", "7e05723c-0bb0-42da-be95-ae9f08a6e53c"),
            ("organization", "292d869f-3427-49a8-9dab-8c70152b74e9"),
            ("consent", "a402ca1c-2696-4531-972d-6e5ee4aa11ea"),
            ("packages", "9acd699f-1e81-4958-b001-93b1d2506e19"),
            ("device configuration", "9241abd9-d0e6-425a-bd4f-47ba86e767a4"),
            ("device scripts", "9255e99d-faf5-445e-bbf7-cb71482737c4"),
            ("device administration", "e330c4f0-4170-414e-a55a-2f022ec2b57b"),
        )
    },
    "E12": Way(
        "directory-role",
        [directory_role("e8611ab8-c189-46e8-94e1-60213ab1f814", ALICE)],
        [
            {
                **directory_role("e8611ab8-c189-46e8-94e1-60213ab1f814", ALICE),
                "directoryScopeId": "/administrativeUnits/u",
            }
        ],
    ),
    "E13": Way(
        "federated",
        [user_assigned(), OWNED, devops("https://token.actions.githubusercontent.com")],
        [user_assigned(), assigned(OWNER, BOB), devops("https://token.actions.githubusercontent.com")],
        who="outside",
    ),
    "E14": Way(
        "directory-role",
        [
            user_assigned(),
            OWNED,
            devops("https://vstoken.dev.azure.com/11111111-1111-1111-1111-111111111111"),
            directory_role("e3973bdf-4987-49ae-837a-ba8e231c7286", ALICE),
        ],
        [
            user_assigned(),
            OWNED,
            devops("https://token.actions.githubusercontent.com"),
            directory_role("e3973bdf-4987-49ae-837a-ba8e231c7286", ALICE),
        ],
    ),
}


def begins(way: Way, bodies: Sequence[Body]) -> list[str]:
    """Edges of the path of the one who walks."""
    graph = Escalation(access(*bodies))
    goal = graph.owner()
    if way.to:
        [resource] = graph.access.inventory.of_type(way.to.lower())
        goal = graph.resource(resource)
    found = [path for path in graph.paths(goal) if way.who in (path.start.id, path.start.kind)]
    return [step.edge for path in found for step in path.steps]


def test_every_number_has_its_worlds() -> None:
    assert sorted(AZURE) == list(range(1, 38))
    assert {key.split()[0] for key in DIRECTORY} == {f"E{number}" for number in range(1, 15)}


@pytest.mark.parametrize(("number", "way"), [*AZURE.items(), *DIRECTORY.items()])
def test_a_way_is_found_where_it_is_open_and_not_where_it_is_closed(number: int | str, way: Way) -> None:
    found, closed = begins(way, way.open), begins(way, way.closed)

    assert (way.edge in found) if way.edge else not found, number
    assert way.edge not in closed if way.edge else not closed, number
