"""Who can become Owner, and how: each way with its right, its guard, and what closes it."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.identity.escalation.graph import Escalation
from tests.conftest import arm_id
from tests.facts.identity_worlds import (
    ALICE,
    APP,
    BOB,
    CONTRIBUTOR,
    GROUP,
    OWNER,
    READER,
    SUB,
    Body,
    access,
    assigned,
    group,
    may_activate,
    role_definition,
)

IDENTITY = "f0f0f0f0-0000-4000-8000-000000000001"
VM = "Microsoft.Compute/virtualMachines"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


def host(type_: str, name: str = "host", *, properties: Body | None = None, **more: Any) -> Body:
    """A resource with an identity of its own."""
    return {
        "id": arm_id(type_, f"app/{name}" if type_.endswith("/slots") else name, group="rg"),
        "name": name,
        "type": type_,
        "identity": {"type": "SystemAssigned", "principalId": IDENTITY},
        "properties": properties or {},
        **more,
    }


def user_assigned(name: str = "id-ops") -> Body:
    return {
        "id": f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        "name": name,
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "properties": {"principalId": IDENTITY},
    }


def directory_role(role: str, principal: str, kind: str = "user") -> Body:
    return {
        "id": f"{role}.{principal}",
        "type": "Microsoft.Graph/directoryRoleAssignments",
        "roleDefinitionId": role,
        "principalId": principal,
        "directoryScopeId": "/",
        "principal": {"@odata.type": f"#microsoft.graph.{kind}", "id": principal},
    }


OWNED = assigned(OWNER, IDENTITY, kind="ServicePrincipal")


def ways(*bodies: Body) -> dict[str, list[str]]:
    """Who becomes Owner by doing something, and by which edges."""
    graph = Escalation(access(*bodies))
    return {path.start.id: [step.edge for step in path.steps] for path in graph.paths(graph.owner()) if not path.direct}


@pytest.mark.parametrize(
    ("type_", "action", "edge"),
    [
        (VM, f"{VM}/runCommand/action", "vm-run-command"),
        (VM, f"{VM}/extensions/write", "vm-extension"),
        ("Microsoft.Web/sites", "Microsoft.Web/sites/config/write", "app-config"),
        ("Microsoft.Web/sites/slots", "Microsoft.Web/sites/slots/publish/action", "app-publish"),
        ("Microsoft.App/containerApps", "Microsoft.App/containerApps/getAuthToken/action", "container-app-exec"),
        ("Microsoft.Logic/workflows", "Microsoft.Logic/workflows/*", "workflow"),
        ("Microsoft.ContainerService/managedClusters", "*/runCommand/action", "aks-run-command"),
        (
            "Microsoft.Authorization/policyAssignments",
            "Microsoft.Authorization/policyDefinitions/write",
            "policy-definition",
        ),
    ],
)
def test_a_right_on_a_host_gives_what_its_identity_has(type_: str, action: str, edge: str) -> None:
    bodies = (host(type_), OWNED, role_definition("r", [action]), assigned("r", ALICE, GROUP))
    assert ways(*bodies) == {ALICE: [edge, "holds"]}


@pytest.mark.parametrize(
    "bodies",
    [
        # The right is elsewhere.
        (host(VM), OWNED, assigned(CONTRIBUTOR, ALICE, f"{SUB}/resourceGroups/other")),
        # The identity has no role that matters.
        (host(VM), assigned(READER, IDENTITY, kind="ServicePrincipal"), assigned(CONTRIBUTOR, ALICE, GROUP)),
        # Reads only.
        (host(VM), OWNED, assigned(READER, ALICE)),
        # Closed by a setting.
        (
            host("Microsoft.ContainerService/managedClusters", properties={"disableLocalAccounts": True}),
            OWNED,
            role_definition("r", ["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"]),
            assigned("r", ALICE),
        ),
        # Runbooks can be written and never started.
        (
            host("Microsoft.Automation/automationAccounts"),
            OWNED,
            role_definition("r", ["Microsoft.Automation/automationAccounts/runbooks/write"]),
            assigned("r", ALICE),
        ),
        # Signing in takes the extension.
        (host(VM), OWNED, role_definition("r", [], dataActions=[f"{VM}/loginAsAdmin/action"]), assigned("r", ALICE)),
        # An identity that nobody may attach.
        (user_assigned(), OWNED, role_definition("r", [f"{VM}/write"]), assigned("r", ALICE)),
        # It may attach, and has no host.
        (
            user_assigned(),
            OWNED,
            role_definition("r", ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"]),
            assigned("r", ALICE),
        ),
        # A managed identity has no secret that an Application Administrator could add.
        (host(VM), OWNED, directory_role("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", ALICE)),
    ],
)
def test_what_is_closed_is_no_way(bodies: tuple[Body, ...]) -> None:
    assert ways(*bodies) == {}


def test_an_identity_is_attached_to_a_host_of_ones_own() -> None:
    role = role_definition("r", ["Microsoft.ManagedIdentity/userAssignedIdentities/*/action", f"{VM}/*"])
    assert ways(user_assigned(), OWNED, role, assigned("r", ALICE)) == {ALICE: ["attach-identity", "holds"]}


def test_a_repository_of_ones_own_signs_in_and_one_that_is_trusted_does() -> None:
    credential = {
        "id": f"{user_assigned()['id']}/federatedIdentityCredentials/pr",
        "name": "pr",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:c/s:pull_request"},
    }
    found = ways(user_assigned(), OWNED, credential, assigned("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", ALICE, GROUP))
    outside = "outside:https://token.actions.githubusercontent.com|pull requests of c/s"
    assert found == {outside: ["federated", "holds"], ALICE: ["federated-credential", "holds"]}


def test_a_way_leads_over_several_principals() -> None:
    second = {**host(VM, "second"), "identity": {"principalId": "f0f0f0f0-0000-4000-8000-000000000002"}}
    bodies = (
        host(VM),
        OWNED,
        {**second, "id": second["id"].replace("/rg/", "/edge/")},
        assigned(CONTRIBUTOR, "f0f0f0f0-0000-4000-8000-000000000002", GROUP, kind="ServicePrincipal"),
        assigned("9980e02c-c2be-4d73-94e8-173b1dc7cf3c", ALICE, f"{SUB}/resourceGroups/edge"),
    )
    assert ways(*bodies)[ALICE] == ["vm-run-command", "vm-run-command", "holds"]


def test_whoever_rewrites_the_role_that_he_holds() -> None:
    almost = role_definition("almost", ["*"], ["Microsoft.Authorization/roleAssignments/write"])
    assert ways(almost, assigned("almost", ALICE)) == {ALICE: ["rewrite-role"]}
    elsewhere = role_definition(
        "almost", ["*"], ["Microsoft.Authorization/roleAssignments/write"], scopes=[SUB, "/subscriptions/2"]
    )
    assert ways(elsewhere, assigned("almost", ALICE)) == {}


def test_owners_of_groups_and_those_who_change_them() -> None:
    owners = group("g", [BOB], owners=[{"id": ALICE}], isAssignableToRole=False)
    groups_administrator = directory_role("fdd7a751-b60b-444a-984c-02652fe8fa1c", APP)
    assert ways(assigned(OWNER, "g", kind="Group"), owners, groups_administrator) == {
        ALICE: ["group-owner", "holds"],
        APP: ["directory-role", "holds"],
    }
    protected = group("g", [BOB], owners=[], isAssignableToRole=True)
    assert ways(assigned(OWNER, "g", kind="Group"), protected, groups_administrator) == {}


def test_the_directory_leads_to_every_subscription() -> None:
    permission = {
        "id": "grant",
        "type": "Microsoft.Graph/appRoleAssignedTo",
        "appRoleId": "06b708a9-e830-4db3-a914-8e69da51d44f",
        "principalId": APP,
    }
    assert ways(directory_role(GLOBAL, ALICE), permission) == {APP: ["graph-permission", "elevate"]}


def test_a_secret_is_added_to_an_application_of_ones_own_tenant_only() -> None:
    principal = {"id": APP, "type": "Microsoft.Graph/servicePrincipals", "appId": "app", "displayName": "pipeline"}
    application = {"id": "object", "type": "Microsoft.Graph/applications", "appId": "app", "displayName": "pipeline"}
    owners = {
        "id": "object/owners",
        "type": "Microsoft.Graph/applications/owners",
        "applicationObjectId": "object",
        "owners": [{"id": ALICE}],
    }
    role = assigned(OWNER, APP, kind="ServicePrincipal")
    administrator = directory_role("158c047a-c907-4556-b7ef-446551a6b5f7", BOB)
    assert ways(principal, application, owners, role, administrator) == {
        ALICE: ["application-owner", "holds"],
        BOB: ["directory-role", "holds"],
    }
    assert ways(principal, role, administrator) == {}


def test_the_helpdesk_resets_those_without_roles_only() -> None:
    helpdesk = directory_role("729827e3-9c14-49f7-bb1b-9608f156bbb8", BOB)
    user = {"id": ALICE, "type": "Microsoft.Graph/users", "displayName": "Alice"}
    assert ways(user, assigned(OWNER, ALICE), helpdesk) == {BOB: ["directory-role", "holds"]}
    reader = directory_role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", ALICE)
    assert ways(user, assigned(OWNER, ALICE), helpdesk, reader) == {}


def test_a_path_says_by_which_right_what_waits_and_what_to_change() -> None:
    graph = Escalation(access(host(VM, "vm-ops"), OWNED, may_activate(CONTRIBUTOR, ALICE, GROUP)))
    [path] = [path for path in graph.paths(graph.owner()) if not path.direct]
    assert path.text == (
        f"{ALICE} runs a command on vm-ops (Contributor (eligible) at the resource group rg), "
        f"then vm-ops gives access (Owner at the subscription {SUB.rpartition('/')[2]})"
    )
    assert path.guards == ("has to be activated first",)
    assert [(proof.path, proof.value) for step in path.steps for proof in step.proofs] == [
        ("properties.roleDefinitionId", "Contributor"),
        ("identity", "vm-ops"),
        ("properties.roleDefinitionId", "Owner"),
    ]
    assert f"take Owner at the subscription {SUB.rpartition('/')[2]} from vm-ops" in {
        cut.text for cut in graph.cuts([path])
    }


def test_ways_to_one_resource_are_more() -> None:
    vault = {"id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv", "type": "Microsoft.KeyVault/vaults", "name": "kv"}
    graph = Escalation(
        access({**vault, "properties": {}}, assigned("f25e0fa2-a7c8-4377-a976-54943a77a395", ALICE, GROUP))
    )
    resource = graph.access.inventory.get(vault["id"])
    assert resource is not None
    assert {path.start.id: path.steps[0].edge for path in graph.paths(graph.resource(resource))} == {
        ALICE: "vault-policy"
    }
    roles = Escalation(
        access({**vault, "properties": {"enableRbacAuthorization": True}}, assigned(CONTRIBUTOR, ALICE, GROUP))
    )
    guarded = roles.access.inventory.get(vault["id"])
    assert guarded is not None
    assert roles.paths(roles.resource(guarded)) == ()


def permission(key: str) -> Body:
    """An application permission of APP."""
    return {"id": f"grant-{key}", "type": "Microsoft.Graph/appRoleAssignedTo", "appRoleId": key, "principalId": APP}


@pytest.mark.parametrize(
    ("key", "guard"),
    [
        ("31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad", "somebody who may activate"),
        ("7e05723c-0bb0-42da-be95-ae9f08a6e53c", "in a domain of the tenant's own"),
        ("292d869f-3427-49a8-9dab-8c70152b74e9", "sign-in by certificate"),
        ("a402ca1c-2696-4531-972d-6e5ee4aa11ea", "consents under the changed policy"),
        ("9acd699f-1e81-4958-b001-93b1d2506e19", "a package or a catalogue"),
    ],
)
def test_a_permission_that_needs_help_says_which(key: str, guard: str) -> None:
    graph = Escalation(access(permission(key)))
    [path] = graph.paths(graph.owner())

    assert [step.edge for step in path.steps] == ["graph-permission", "elevate"]
    assert guard in path.guards[0]


def test_a_permission_that_reads_leads_nowhere() -> None:
    assert ways(permission("df021288-bdef-4463-88db-98f22de89214"), directory_role(GLOBAL, ALICE)) == {}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ('user.department -eq "Ops"', True),
        ('(user.objectId -eq "x") -or (user.jobTitle -contains "admin")', True),
        ('user.objectId -in ["a","b"]', False),
        ("user.accountEnabled -eq true", False),
        (None, False),
    ],
)
def test_a_group_by_rule_takes_in_whom_somebody_gives_its_attributes(rule: str | None, found: bool) -> None:
    dynamic = group(
        "g", [BOB], owners=[], groupTypes=["DynamicMembership"], membershipRule=rule, isAssignableToRole=True
    )
    changes_users = permission("741f803b-c850-494e-b5df-cde7c675a1ca")

    assert (APP in ways(assigned(OWNER, "g", kind="Group"), dynamic, changes_users)) is found


def test_a_rule_that_is_paused_takes_nobody_in() -> None:
    paused = group(
        "g", [BOB], owners=[], membershipRule='user.department -eq "Ops"', membershipRuleProcessingState="Paused"
    )
    changes_users = permission("741f803b-c850-494e-b5df-cde7c675a1ca")
    assert APP not in ways(assigned(OWNER, "g", kind="Group"), {**paused, "isAssignableToRole": True}, changes_users)


def test_permissions_take_over_users_those_with_roles_by_their_methods_only() -> None:
    user = {"id": ALICE, "type": "Microsoft.Graph/users", "displayName": "Alice"}
    owner = assigned(OWNER, ALICE)
    reader = directory_role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", ALICE)
    methods = permission("50483e42-d915-4231-9639-7fdb7fd190e5")
    password = permission("cc117bb9-00cf-4eb8-b580-ea2a878fe8f7")

    assert ways(user, owner, password) == {APP: ["graph-permission", "holds"]}
    assert ways(user, owner, password, reader) == {}
    assert ways(user, owner, methods, reader) == {APP: ["graph-permission", "holds"]}


def test_the_owner_of_a_service_principal_adds_a_secret_unless_its_application_is_locked() -> None:
    principal = {"id": APP, "type": "Microsoft.Graph/servicePrincipals", "appId": "app", "displayName": "pipeline"}
    application = {"id": "object", "type": "Microsoft.Graph/applications", "appId": "app", "displayName": "pipeline"}
    owners = {
        "id": f"{APP}/owners",
        "type": "Microsoft.Graph/servicePrincipals/owners",
        "servicePrincipalObjectId": APP,
        "owners": [{"id": ALICE}],
    }
    role = assigned(OWNER, APP, kind="ServicePrincipal")
    locked = {**application, "servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True}}
    half = {**application, "servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": False}}

    assert ways(principal, application, owners, role) == {ALICE: ["principal-owner", "holds"]}
    assert ways(principal, half, owners, role) == {ALICE: ["principal-owner", "holds"]}
    assert ways(principal, locked, owners, role) == {}
    assert ways(principal, owners, role) == {}  # another tenant's: the secret is of no use


def devops(issuer: str) -> Body:
    inner = {"issuer": issuer, "subject": "sc://contoso/shop/deploy", "audiences": ["api://AzureADTokenExchange"]}
    place = f"{user_assigned()['id']}/federatedIdentityCredentials/pipeline"
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    return {"id": place, "name": "pipeline", "type": kind, "properties": inner}


def test_who_governs_azure_devops_changes_the_pipeline_that_signs_in() -> None:
    administrator = directory_role("e3973bdf-4987-49ae-837a-ba8e231c7286", ALICE)
    there = devops("https://vstoken.dev.azure.com/11111111-1111-1111-1111-111111111111")
    elsewhere = devops("https://token.actions.githubusercontent.com")
    graph = Escalation(access(user_assigned(), OWNED, there, administrator))
    found = {path.start.id: path for path in graph.paths(graph.owner())}

    assert [step.edge for step in found[ALICE].steps] == ["directory-role", "holds"]
    assert "cannot be seen from here" in found[ALICE].guards[0]
    assert ALICE not in ways(user_assigned(), OWNED, elsewhere, administrator)


STORE = {
    "id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stcode",
    "name": "stcode",
    "type": "Microsoft.Storage/storageAccounts",
    "properties": {},
}


def function(kind: str = "functionapp", setting: str = "AzureWebJobsStorage", account: str = "stcode") -> list[Body]:
    site = host("Microsoft.Web/sites", "func", kind=kind)
    mark = {"$secret": {"kind": "storage-account-key", "account": account, "hash": "0" * 32}}
    config = {
        "id": f"{site['id']}/config/appsettings",
        "name": "appsettings",
        "type": "Microsoft.Web/sites/config",
        "properties": {setting: mark},
    }
    return [site, config]


TAKES_KEYS = role_definition("keys", ["Microsoft.Storage/storageAccounts/listKeys/action"])
WRITES_BLOBS = role_definition(
    "blobs", [], dataActions=["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"]
)


def test_whoever_writes_the_account_of_its_code_changes_a_function_app() -> None:
    by_key = ways(*function(), STORE, OWNED, TAKES_KEYS, assigned("keys", ALICE, STORE["id"]))
    by_data = ways(*function(), STORE, OWNED, WRITES_BLOBS, assigned("blobs", ALICE, STORE["id"]))

    assert by_key == {ALICE: ["function-store-keys", "holds"]}
    assert by_data == {ALICE: ["function-store-blobs", "holds"]}


@pytest.mark.parametrize(
    "bodies",
    [
        # Keys of the account are turned off.
        (*function(), {**STORE, "properties": {"allowSharedKeyAccess": False}}),
        # A web app reads data there, not its code.
        (*function("app"), STORE),
        # The setting is one of the app's own.
        (*function(setting="Orders"), STORE),
        # The code is in another account.
        (*function(account="stother"), STORE),
    ],
)
def test_an_account_without_the_code_of_a_function_app_gives_nothing(bodies: tuple[Body, ...]) -> None:
    assert ways(*bodies, OWNED, TAKES_KEYS, assigned("keys", ALICE, STORE["id"])) == {}


def test_who_may_activate_owner_and_change_its_policy_needs_no_approval() -> None:
    policy = role_definition("policies", ["Microsoft.Authorization/roleManagementPolicies/write"])
    eligible = may_activate(OWNER, ALICE)
    alone = Escalation(access(eligible))
    graph = Escalation(access(eligible, policy, assigned("policies", ALICE)))
    elsewhere = Escalation(access(eligible, policy, assigned("policies", BOB)))

    assert [path.guards for path in alone.paths(alone.owner())] == [("has to be activated first",)]
    assert [path.guards for path in elsewhere.paths(elsewhere.owner())] == [("has to be activated first",)]
    [path] = graph.paths(graph.owner())
    assert ([step.edge for step in path.steps], path.guards) == (["activation-policy"], ())


def test_a_reservation_administrator_gives_access_to_reservations_alone() -> None:
    order = "/providers/Microsoft.Capacity/reservationOrders/r"
    writes = role_definition("r", ["Microsoft.Authorization/roleAssignments/write"], scopes=[order])
    assert ways(writes, assigned("r", ALICE, order)) == {}


TAGGED = {**STORE, "tags": {"ms-resource-usage": "azure-cloud-shell"}}
WRITES_FILES = role_definition(
    "files", [], dataActions=["Microsoft.Storage/storageAccounts/fileServices/fileshares/files/write"]
)


def home(name: str = "cs-bob-contoso-com-10033fff877a6a35", account: Body = TAGGED) -> list[Body]:
    """Bob, who is Owner, and a share that holds the home of somebody's Cloud Shell."""
    bob = {"id": BOB, "type": "Microsoft.Graph/users", "displayName": "Bob", "userPrincipalName": "bob@contoso.com"}
    alice = {"id": ALICE, "type": "Microsoft.Graph/users", "displayName": "Alice"}
    share = {
        "id": f"{account['id']}/fileServices/default/shares/{name}",
        "name": name,
        "type": "Microsoft.Storage/storageAccounts/fileServices/shares",
        "properties": {},
    }
    return [alice, bob, account, share, assigned(OWNER, BOB)]


def test_whoever_writes_the_home_of_a_cloud_shell_becomes_its_user() -> None:
    by_key = ways(*home(), TAKES_KEYS, assigned("keys", ALICE, STORE["id"]))
    by_data = ways(*home(), WRITES_FILES, assigned("files", ALICE, STORE["id"]))

    assert by_key == {ALICE: ["cloud-shell-keys", "holds"]}
    assert by_data == {ALICE: ["cloud-shell-files", "holds"]}


@pytest.mark.parametrize(
    "bodies",
    [
        home("cs-ann-contoso-com-10033fff877a6a35"),
        home("cs-bob-contoso-com-example-10033fff877a6a35"),
        home("backups"),
        home(account=STORE),
        home(account={**TAGGED, "properties": {"allowSharedKeyAccess": False}}),
    ],
    ids=["of another", "of a longer name", "of nobody that can be told", "of no shell", "keys are off"],
)
def test_other_shares_lead_nowhere(bodies: list[Body]) -> None:
    assert ways(*bodies, TAKES_KEYS, assigned("keys", ALICE, STORE["id"])) == {}
