"""Attack paths over a planted tenant: forty ways that exist, and for every guard one that does not."""

from __future__ import annotations

import itertools

import pytest

from auditor.facts.paths.chokes import chokes, joined
from auditor.facts.paths.graph import Attack
from auditor.facts.paths.model import Edge, EdgeKind, Entry, Node, NodeKind
from auditor.facts.paths.position import NOWHERE
from auditor.facts.paths.search import DEEPEST, PER_TARGET, ordered, search
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread
from tests.conftest import arm_id
from tests.facts.attack_worlds import (
    BLOB_READER,
    GROUP,
    KEY_OPERATOR,
    MACHINE_CONTRIBUTOR,
    SECRETS_USER,
    SHUT,
    SUB,
    Body,
    app,
    body,
    carrying,
    endpoint,
    identity,
    key_of,
    machine,
    own,
    publishing,
    right,
    settings,
    sign_in,
    store,
    vault,
)
from tests.facts.identity_worlds import CONTRIBUTOR, OTHER_SUB, OWNER, READER, denied, world
from tests.facts.identity_worlds import group as people
from tests.facts.network_worlds import subnet_id

HOST = app("web", "p1")
STORE = store("st")
READS = right(BLOB_READER, "p1", STORE["id"])
SHARED = identity("id-app", "p1")
OPEN_CONTAINER = body(
    "Microsoft.Storage/storageAccounts/blobServices/containers", "st/default/pub", {"publicAccess": "Blob"}
)
SQL = body("Microsoft.Sql/servers", "sql", {"publicNetworkAccess": "Enabled"})
EVERYBODY = body(
    "Microsoft.Sql/servers/firewallRules", "sql/all", {"startIpAddress": "1.0.0.0", "endIpAddress": "255.255.255.255"}
)
VM = machine("vm", identity=own("p1"))
VM_SUBNET = subnet_id(VM[0], "a")
PRIVATE = store("st", **SHUT)
INSIDE = endpoint("pe", VM_SUBNET, PRIVATE)
FEDERATED = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
GITHUB = "https://token.actions.githubusercontent.com"
COSMOS = body("Microsoft.DocumentDB/databaseAccounts", "cosmos")
POLICY_VAULT = vault(
    "kv",
    enableRbacAuthorization=False,
    accessPolicies=[{"objectId": "p1", "permissions": {"secrets": ["Get"]}}],
)


def trusting(subject: str) -> Body:
    return body(FEDERATED, "id-app/gh", {"issuer": GITHUB, "subject": subject, "audiences": []})


def flexible(expression: str) -> Body:
    inner = {"issuer": GITHUB, "claimsMatchingExpression": {"value": expression, "languageVersion": 1}}
    return body(FEDERATED, "id-app/gh", inner)


def jit(name: str) -> Body:
    place = f"{GROUP}/providers/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default"
    host = body("Microsoft.Compute/virtualMachines", name)["id"]
    ports = [{"number": 22, "protocol": "*", "allowedSourceAddressPrefix": "*"}]
    kind = "Microsoft.Security/locations/jitNetworkAccessPolicies"
    return {"id": place, "type": kind, "properties": {"virtualMachines": [{"id": host, "ports": ports}]}}


WAYS: dict[str, tuple[list[Body], str]] = {
    "app with a data right": ([HOST, STORE, READS], "internet -> web -> identity of web -> st"),
    "publishing password": (
        [HOST, publishing("web"), STORE, READS],
        "internet -> web -> identity of web -> st",
    ),
    "right by a group": (
        [
            HOST,
            STORE,
            people("g", [{"id": "p1", "@odata.type": "#microsoft.graph.servicePrincipal"}]),
            right(BLOB_READER, "g", STORE["id"]),
        ],
        "internet -> web -> identity of web -> st",
    ),
    "right at the group of resources": (
        [HOST, STORE, right(BLOB_READER, "p1", GROUP)],
        "internet -> web -> identity of web -> st",
    ),
    "right at one container": (
        [HOST, STORE, right(BLOB_READER, "p1", f"{STORE['id']}/blobServices/default/containers/c")],
        "internet -> web -> identity of web -> st",
    ),
    "keys by a management right": (
        [HOST, STORE, right(KEY_OPERATOR, "p1", GROUP)],
        "internet -> web -> identity of web -> st",
    ),
    "whoever writes the account opens its door": (
        [HOST, PRIVATE, right(CONTRIBUTOR, "p1", GROUP)],
        "internet -> web -> identity of web -> st",
    ),
    "carried identity": (
        [app("web") | {"identity": carrying(SHARED)}, SHARED, STORE, READS],
        "internet -> web -> id-app -> st",
    ),
    "key in the settings": (
        [app("web"), settings("web", Data=key_of("st")), STORE],
        "internet -> web -> Data -> st",
    ),
    "open port of a machine": ([*VM, STORE, READS], "internet -> vm -> identity of vm -> st"),
    "private endpoint beside the machine": (
        [*VM, PRIVATE, INSIDE, READS],
        "internet -> vm -> identity of vm -> st",
    ),
    "subnet rule for the machine": (
        [
            *VM,
            store("st", networkAcls={"defaultAction": "Deny", "virtualNetworkRules": [{"id": VM_SUBNET}]}),
            READS,
        ],
        "internet -> vm -> identity of vm -> st",
    ),
    "firewall rule for the app's own address": (
        [
            app("web", "p1", outboundIpAddresses="203.0.113.77,203.0.113.78"),
            store("st", networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.77"}]}),
            READS,
        ],
        "internet -> web -> identity of web -> st",
    ),
    "integrated app and a private endpoint": (
        [
            *VM,
            app("web", "p2", virtualNetworkSubnetId=VM_SUBNET),
            PRIVATE,
            INSIDE,
            right(BLOB_READER, "p2", STORE["id"]),
        ],
        "internet -> web -> identity of web -> st",
    ),
    "vault by role": (
        [HOST, vault("kv"), right(SECRETS_USER, "p1", GROUP)],
        "internet -> web -> identity of web -> kv",
    ),
    "vault by access policy": ([HOST, POLICY_VAULT], "internet -> web -> identity of web -> kv"),
    "anonymous container": ([store("st", allowBlobPublicAccess=True), OPEN_CONTAINER], "internet -> st"),
    "database with passwords": ([SQL, EVERYBODY], "internet -> sql"),
    "roles of the account's own": (
        [
            HOST,
            COSMOS,
            body("Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments", "cosmos/r", {"principalId": "p1"}),
        ],
        "internet -> web -> identity of web -> cosmos",
    ),
    "pull requests": (
        [SHARED, trusting("repo:contoso/shop:pull_request"), STORE, READS],
        "internet -> id-app -> st",
    ),
    "trust in anybody": (
        [SHARED, flexible("claims['sub'] matches 'repo:*'"), STORE, READS],
        "internet -> id-app -> st",
    ),
    "command on another machine": (
        [
            HOST,
            right(MACHINE_CONTRIBUTOR, "p1", GROUP),
            body("Microsoft.Compute/virtualMachines", "batch", identity=own("p2")),
            STORE,
            right(BLOB_READER, "p2", STORE["id"]),
        ],
        "internet -> web -> identity of web -> batch -> identity of batch -> st",
    ),
    "owner of the subscription": (
        [HOST, right(OWNER, "p1", SUB)],
        f"internet -> web -> identity of web -> Owner of subscription {SUB.rpartition('/')[2]}",
    ),
    "everything in the subscription": (
        [HOST, right(CONTRIBUTOR, "p1", SUB)],
        f"internet -> web -> identity of web -> Contributor of subscription {SUB.rpartition('/')[2]}",
    ),
    "sign-in that lets everybody on": (
        [HOST, sign_in("web", unauthenticatedClientAction="AllowAnonymous"), STORE, READS],
        "internet -> web -> identity of web -> st",
    ),
}


def container_app(name: str, principal: str, *, external: bool = True) -> Body:
    ingress = {"external": external, "targetPort": 80}
    return body("Microsoft.App/containerApps", name, {"configuration": {"ingress": ingress}}, identity=own(principal))


def container_group(name: str, principal: str, kind: str = "Public") -> Body:
    address = {"type": kind, "ip": "203.0.113.50", "ports": [{"protocol": "TCP", "port": 80}]}
    inner = {"ipAddress": address, "containers": [{"name": "c", "properties": {"ports": [{"port": 80}]}}]}
    return body("Microsoft.ContainerInstance/containerGroups", name, inner, identity=own(principal))


def slot(name: str, principal: str, **properties: object) -> Body:
    inner = {"publicNetworkAccess": "Enabled", **properties}
    return body("Microsoft.Web/sites/slots", name, inner, identity=own(principal))


def custom(name: str, *, data: list[str], less: list[str]) -> Body:
    granted = {"actions": [], "notActions": [], "dataActions": data, "notDataActions": less}
    inner = {"roleName": name, "type": "CustomRole", "permissions": [granted], "assignableScopes": [SUB]}
    place = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return {"id": place, "name": name, "type": "Microsoft.Authorization/roleDefinitions", "properties": inner}


def database(kind: str, name: str, password: str) -> list[Body]:
    """A flexible server that every address may call."""
    inner = {
        "network": {"publicNetworkAccess": "Enabled"},
        "authConfig": {"passwordAuth": password, "activeDirectoryAuth": "Enabled"},
    }
    rule = {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"}  # noqa: S104 - of a firewall
    return [body(kind, name, inner), body(f"{kind}/firewallRules", f"{name}/all", rule)]


def kept_of(kind: str, host: str) -> Body:
    return {"kind": kind, "host": host, "hash": f"{len(host):032x}"}


ROLE_ID = "77777777-0000-4000-8000-000000000001"
WHOLE = custom(ROLE_ID, data=["Microsoft.Storage/*"], less=[])
LESS = custom(ROLE_ID, data=["Microsoft.Storage/*"], less=["Microsoft.Storage/storageAccounts/blobServices/*"])
POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
COSMOS_OPEN = body(
    "Microsoft.DocumentDB/databaseAccounts", "cosmos", {"documentEndpoint": "https://cosmos.documents.azure.com:443/"}
)
COSMOS_KEY = kept_of("cosmos-key", "cosmos.documents.azure.com")
CONTAINER_LEVEL = {**OPEN_CONTAINER, "properties": {"publicAccess": "Container"}}
SQL_NAMED = {**SQL, "properties": {**SQL["properties"], "fullyQualifiedDomainName": "sql.database.windows.net"}}
SQL_PASSWORD = settings("web", Db=kept_of("sql-password", "sql.database.windows.net"))

WAYS |= {
    "container app with a data right": (
        [container_app("capp", "p1"), STORE, READS],
        "internet -> capp -> identity of capp -> st",
    ),
    "container group with a data right": (
        [container_group("cg", "p1"), STORE, READS],
        "internet -> cg -> identity of cg -> st",
    ),
    "slot with a data right": (
        [app("web"), slot("web/next", "p1"), STORE, READS],
        "internet -> web/next -> identity of next -> st",
    ),
    "open port of remote desktop": (
        [*machine("vm", ports="3389", identity=own("p1")), STORE, READS],
        "internet -> vm -> identity of vm -> st",
    ),
    "open range of ports": (
        [*machine("vm", ports="20-4000", identity=own("p1")), STORE, READS],
        "internet -> vm -> identity of vm -> st",
    ),
    "every port": (
        [*machine("vm", ports="*", identity=own("p1")), STORE, READS],
        "internet -> vm -> identity of vm -> st",
    ),
    "right at the subscription": (
        [HOST, STORE, right(BLOB_READER, "p1", SUB)],
        "internet -> web -> identity of web -> st",
    ),
    "owner of the data": ([HOST, STORE, right(BLOB_OWNER, "p1", GROUP)], "internet -> web -> identity of web -> st"),
    "contributor of the data": (
        [HOST, STORE, right(BLOB_CONTRIBUTOR, "p1", GROUP)],
        "internet -> web -> identity of web -> st",
    ),
    "role of one's own": (
        [HOST, STORE, WHOLE, right(ROLE_ID, "p1", STORE["id"])],
        "internet -> web -> identity of web -> st",
    ),
    "administrator of a vault": (
        [HOST, vault("kv"), right(VAULT_ADMINISTRATOR, "p1", SUB)],
        "internet -> web -> identity of web -> kv",
    ),
    "access administrator of the subscription": (
        [HOST, right(ACCESS_ADMINISTRATOR, "p1", SUB)],
        f"internet -> web -> identity of web -> Owner of subscription {SUB.rpartition('/')[2]}",
    ),
    "anonymous container that lists": ([store("st", allowBlobPublicAccess=True), CONTAINER_LEVEL], "internet -> st"),
    "server with passwords": (database(POSTGRES, "pg", "Enabled"), "internet -> pg"),
    "key of another service": (
        [app("web"), settings("web", Data=COSMOS_KEY), COSMOS_OPEN],
        "internet -> web -> Data -> cosmos",
    ),
    "password in the settings": ([app("web"), SQL_PASSWORD, SQL_NAMED, EVERYBODY], "internet -> web -> Db -> sql"),
}

MISSES: dict[str, list[Body]] = {
    "the app is shut": [app("web", "p1", **SHUT), STORE, READS],
    "the app is stopped": [app("web", "p1", state="Stopped"), STORE, READS],
    "strangers are sent away": [HOST, sign_in("web"), STORE, READS],
    "Reader reads no data": [HOST, STORE, right(READER, "p1", STORE["id"])],
    "the right is to another account": [HOST, STORE, right(BLOB_READER, "p1", f"{STORE['id']}x")],
    "the right is in another subscription": [HOST, STORE, right(BLOB_READER, "p1", OTHER_SUB)],
    "the right is somebody else's": [HOST, STORE, right(BLOB_READER, "p9", STORE["id"])],
    "a deny assignment wins": [
        HOST,
        STORE,
        READS,
        denied(
            GROUP,
            [],
            permissions=[{"dataActions": ["Microsoft.Storage/*"], "actions": [], "notActions": []}],
        ),
    ],
    "the account is shut": [HOST, PRIVATE, READS],
    "the account's firewall lists others": [
        HOST,
        store("st", networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.7"}]}),
        READS,
    ],
    "the endpoint is in another network": [HOST, PRIVATE, *machine("vm", public=False), INSIDE, READS],
    "the endpoint is not approved": [*VM, PRIVATE, endpoint("pe", VM_SUBNET, PRIVATE, "Pending"), READS],
    "keys are turned off": [HOST, store("st", allowSharedKeyAccess=False), right(KEY_OPERATOR, "p1", GROUP)],
    "a key that opens nothing": [
        app("web"),
        settings("web", Data=key_of("st")),
        store("st", allowSharedKeyAccess=False),
    ],
    "a key, and the account is shut": [app("web"), settings("web", Data=key_of("st")), PRIVATE],
    "a reference in place of a key": [
        app("web"),
        settings("web", Data={"kind": "key-vault-reference", "host": "kv.vault.azure.net"}),
        STORE,
    ],
    "publishing takes no passwords, and the app is shut": [
        app("web", "p1", **SHUT),
        publishing("web", allow=False),
        STORE,
        READS,
    ],
    "no rule lets in": [*machine("vm", ports="", identity=own("p1")), STORE, READS],
    "a few addresses": [*machine("vm", source="198.51.100.0/24", identity=own("p1")), STORE, READS],
    "no public address": [*machine("vm", public=False, identity=own("p1")), STORE, READS],
    "just in time": [*VM, jit("vm"), STORE, READS],
    "the account allows no anonymous reading": [store("st", allowBlobPublicAccess=False), OPEN_CONTAINER],
    "nothing is set about anonymous reading": [STORE, OPEN_CONTAINER],
    "anonymous, and the account is shut": [store("st", allowBlobPublicAccess=True, **SHUT), OPEN_CONTAINER],
    "Entra ID alone": [
        {**SQL, "properties": {**SQL["properties"], "administrators": {"azureADOnlyAuthentication": True}}},
        EVERYBODY,
    ],
    "no firewall rule": [SQL],
    "one environment is trusted": [SHARED, trusting("repo:contoso/shop:environment:prod"), STORE, READS],
    "a policy for keys": [
        HOST,
        vault(
            "kv",
            enableRbacAuthorization=False,
            accessPolicies=[{"objectId": "p1", "permissions": {"keys": ["Get"], "secrets": ["List"]}}],
        ),
    ],
    "policies that do not count": [
        HOST,
        vault("kv", accessPolicies=[{"objectId": "p1", "permissions": {"secrets": ["Get"]}}]),
    ],
    "the machine runs as nobody": [
        HOST,
        right(MACHINE_CONTRIBUTOR, "p1", GROUP),
        body("Microsoft.Compute/virtualMachines", "batch"),
        # The role takes keys of accounts too.
        store("st", allowSharedKeyAccess=False),
        right(BLOB_READER, "p2", STORE["id"]),
    ],
    "an eligible role has to be activated by a person": [
        HOST,
        {**READS, "type": "Microsoft.Authorization/roleEligibilityScheduleInstances", "id": f"{GROUP}/x"},
        STORE,
    ],
}

MISSES |= {
    "the container app serves its environment alone": [container_app("capp", "p1", external=False), STORE, READS],
    "the container group has a private address": [container_group("cg", "p1", "Private"), STORE, READS],
    "the slot is shut": [app("web"), slot("web/next", "p1", **SHUT), STORE, READS],
    "a role of one's own without the data": [HOST, STORE, LESS, right(ROLE_ID, "p1", STORE["id"])],
    "a group that it is not in": [HOST, STORE, people("g", []), right(BLOB_READER, "g", STORE["id"])],
    "the server takes no passwords": database(POSTGRES, "pg", "Disabled"),
    "a key, and the other service takes none": [
        app("web"),
        settings("web", Data=COSMOS_KEY),
        {**COSMOS_OPEN, "properties": {**COSMOS_OPEN["properties"], "disableLocalAuth": True}},
    ],
    "a key of another account": [app("web"), settings("web", Data=key_of("other")), STORE],
    "the identity is carried by nobody": [app("web"), SHARED, STORE, READS],
    "owner of what holds nothing": [
        HOST,
        STORE,
        right(OWNER, "p1", arm_id("Microsoft.Network/publicIPAddresses", "pip")),
    ],
}


def tenant(*bodies: Body) -> Inventory:
    return Inventory([Resource.from_body(one) for one in bodies])


def shorts(inventory: Inventory) -> list[str]:
    return [path.short for path in ordered(Attack(inventory).from_internet().paths)]


@pytest.mark.parametrize("name", WAYS)
def test_a_way_is_found(name: str):
    bodies, wanted = WAYS[name]
    found = Attack(tenant(*bodies)).from_internet().paths

    assert wanted in [path.short for path in found]
    assert all(path.certain for path in found)
    assert all(edge.proofs for path in found for edge in path.edges)


@pytest.mark.parametrize("name", MISSES)
def test_a_guard_shuts_it(name: str):
    assert shorts(tenant(*MISSES[name])) == []


def test_a_condition_that_is_not_understood_is_a_dotted_step():
    condition = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'x'"
    given = right(BLOB_READER, "p1", STORE["id"], condition=condition, conditionVersion="2.0")
    found = Attack(tenant(HOST, STORE, given)).from_internet().paths

    assert [path.certain for path in found] == [False]


def test_what_was_not_read_makes_no_path_absent():
    inventory = world(HOST, STORE, unread=["Microsoft.Authorization/roleAssignments"])
    value = FactStore(inventory).get("attack_path", inventory.of_type("Microsoft.Storage/storageAccounts")[0])

    assert isinstance(value, dict)
    assert all(isinstance(path, Unread) for path in value["paths"])
    assert value["paths"]


def test_the_easiest_door_is_told_first():
    open_door = Attack(tenant(HOST, publishing("web"), STORE, READS)).from_internet().paths

    assert [path.entry for path in ordered(open_door)] == [Entry.EXPOSED, Entry.SERVED]


def test_tags_raise_a_target():
    crown = {**store("crown"), "tags": {"Crown-Jewel": "true"}}
    both = [right(BLOB_READER, "p1", one["id"]) for one in (STORE, crown)]
    found = ordered(Attack(tenant(HOST, STORE, crown, *both)).from_internet().paths)

    assert [(path.target.name, path.weight) for path in found] == [("crown", 10), ("st", 6)]


def test_paths_that_differ_in_their_end_are_told_once_with_what_cuts_them_all():
    stores = [store(f"st{number}") for number in range(4)]
    found = Attack(tenant(HOST, *stores, right(BLOB_READER, "p1", GROUP))).from_internet().paths
    ways, cuts = joined(ordered(found)), chokes(found)

    assert [node.name for node in ways[0].targets] == ["st0", "st1", "st2", "st3"]
    assert cuts[0].paths == 4
    assert cuts[0].targets == ("st0", "st1", "st2", "st3")
    assert "web" in cuts[0].change


def test_a_start_can_be_chosen():
    inventory = tenant(app("web", "p1", **SHUT), STORE, READS)
    graph = Attack(inventory)
    start = graph.node(inventory.of_type("Microsoft.Web/sites")[0])

    assert [path.short for path in graph.search([start]).paths] == ["web -> identity of web -> st"]


def test_from_machine_to_machine_inside_the_network():
    first = machine("front")
    inner = machine("inner", ports="", public=False, space=0, identity=own("p1"))
    inner[3]["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"] = subnet_id(first[0], "a")
    inner[3]["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.0.0.5"
    found = Attack(tenant(*first, *inner[1:], STORE, READS)).from_internet().paths

    assert [path.short for path in found] == ["internet -> front -> inner -> identity of inner -> st"]
    assert [path.lateral for path in found] == [1]


def test_a_dense_graph_stays_bounded():
    """Two hundred nodes, each with a step to each: paths are beyond counting, what is told is not."""
    nodes = [Node(f"n{number}", NodeKind.IDENTITY, f"n{number}") for number in range(200)]
    steps = {
        one.id: [Edge(one, other, EdgeKind.MAY, "leads on") for other in nodes if other is not one] for one in nodes
    }
    looked = itertools.count()

    def leading(node: Node) -> list[Edge]:
        next(looked)
        return steps[node.id]

    found = search(
        nodes[:1],
        leading,
        weight=lambda _: 5,
        passes=lambda edge, _: edge,
        place=lambda _: NOWHERE,
    )

    assert len({path.target.id for path in found.paths}) == 199
    assert len(found.paths) <= 199 * PER_TARGET
    assert max(len(path.edges) for path in found.paths) <= DEEPEST
    assert next(looked) <= 200 * 12
    assert not found.complete
