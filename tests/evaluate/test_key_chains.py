"""Chains of customer-managed keys: who is encrypted with which key, as whom, and what is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.evaluate.model import Node, Outcome, Picture, Result, Subject, fingerprint
from auditor.facts.keys.places import key_uses
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.pictures.keys import key_chains
from auditor.pictures.marks import marked
from auditor.rules.model import Severity

Body = dict[str, Any]
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = 86_400
HOST = "https://kv-data.vault.azure.net"
ENCRYPTION_USER = "/providers/Microsoft.Authorization/roleDefinitions/e147488a-f6f5-4113-8e2d-b22465e65bf6"
READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
PRINCIPAL = "33333333-3333-3333-3333-333333333333"


@pytest.fixture
def world(body: Callable[..., Body]) -> Callable[..., list[Body]]:
    """An account whose own identity opens a sound key in a sound vault; each part can be changed or left out."""

    def make(**changes: Any) -> list[Body]:
        vault = body(
            "Microsoft.KeyVault/vaults", "kv-data", {"enablePurgeProtection": True, **changes.get("vault", {})}
        )
        vault["properties"].setdefault("enableRbacAuthorization", True)
        attributes = {"enabled": True, **changes.get("key", {})}
        key = body("Microsoft.KeyVault/vaults/keys", "kv-data/storage", {"attributes": attributes})
        encryption = {
            "keySource": "Microsoft.Keyvault",
            "keyvaultproperties": {"keyvaulturi": f"{HOST}/", "keyname": "Storage"},
            **changes.get("encryption", {}),
        }
        identity = {"type": "SystemAssigned", "principalId": PRINCIPAL}
        account = body("Microsoft.Storage/storageAccounts", "stdata", {"encryption": encryption}, identity=identity)
        assignment = {
            "id": f"{vault['id']}/providers/Microsoft.Authorization/roleAssignments/a1",
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "principalId": PRINCIPAL,
                "principalType": "ServicePrincipal",
                "roleDefinitionId": ENCRYPTION_USER,
                "scope": vault["id"],
                **changes.get("assignment", {}),
            },
        }
        reader = {
            "id": READER,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {"permissions": [{"actions": ["*/read"], "dataActions": []}]},
        }
        parts = {"vault": vault, "key": key, "account": account, "assignment": assignment, "reader": reader}
        return [part for name, part in parts.items() if name not in changes.get("without", ())]

    return make


def draw(bodies: list[Body], **more: Any) -> Picture:
    picture = key_chains(Inventory([Resource.from_body(body) for body in bodies], **more), NOW)
    assert picture
    return picture


def words(picture: Picture) -> tuple[bool, str]:
    """Whether the first chain is broken, and all that is said of it."""
    node = {node.id: node for node in picture.nodes}
    edge = picture.edges[0]
    after = next((other for other in picture.edges if other.source == edge.target), edge)
    return edge.broken, "; ".join([edge.label, node[edge.target].detail, node[after.target].detail])


@pytest.mark.parametrize(
    ("changes", "broken", "said"),
    [
        ({}, False, "as itself; enabled; purge protection on"),
        ({"key": {"enabled": False}}, True, "disabled"),
        ({"key": {"exp": NOW.timestamp() - DAY}}, True, "expired 2026-10-31"),
        ({"key": {"exp": NOW.timestamp() + DAY}}, False, "enabled"),
        ({"key": {"nbf": NOW.timestamp() + DAY}}, True, "not valid before 2026-11-02"),
        ({"without": ["key"]}, True, "gone"),
        ({"vault": {"enablePurgeProtection": None}}, False, "no purge protection"),
        ({"assignment": {"roleDefinitionId": READER}}, True, "has no right to it"),
        ({"assignment": {"principalId": "another"}}, True, "has no right to it"),
        ({"assignment": {"scope": "/subscriptions/another"}}, True, "has no right to it"),
        ({"assignment": {"scope": "/"}}, False, "as itself"),
        # A group's members are not read, and a role that is not known could grant it: nothing is claimed.
        ({"assignment": {"principalId": "a group", "principalType": "Group"}}, False, "as itself"),
        ({"assignment": {"roleDefinitionId": "/providers/x/roleDefinitions/custom"}}, False, "as itself"),
        ({"without": ["assignment"]}, True, "has no right to it"),
        ({"vault": {"publicNetworkAccess": "Disabled"}}, False, "purge protection on"),  # trusted services come in
        ({"vault": {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}}, True, "firewall keeps out"),
        ({"vault": {"networkAcls": {"defaultAction": "Allow", "bypass": "None"}}}, False, "purge protection on"),
        ({"vault": {"enableRbacAuthorization": False, "accessPolicies": []}}, True, "has no right to it"),
        (
            {
                "vault": {
                    "enableRbacAuthorization": False,
                    "accessPolicies": [{"objectId": PRINCIPAL, "permissions": {"keys": ["Get", "UnwrapKey"]}}],
                }
            },
            False,
            "as itself",
        ),
        ({"without": ["vault", "key"]}, False, "not among what was read"),
    ],
)
def test_what_is_broken(world, changes, broken, said):
    found = words(draw(world(**changes)))

    assert found[0] is broken
    assert said in found[1]


def test_a_user_assigned_identity_that_is_gone_breaks_the_chain(world, body):
    identity = body("Microsoft.ManagedIdentity/userAssignedIdentities", "id-cmk", {"principalId": PRINCIPAL})
    bodies = world(
        encryption={"identity": {"userAssignedIdentity": identity["id"].upper().replace("ID-CMK", "id-cmk")}}
    )

    assert words(draw([*bodies, identity]))[:1] == (False,)
    assert "as id-cmk, which is gone" in words(draw(bodies))[1]


def test_what_was_not_read_is_not_called_broken(world):
    gap = Gap("/subscriptions/x", "x", "GET", 403, "AuthorizationFailed")
    denied = [
        LedgerEntry("/", kind, ReadState.DENIED, gap=gap)
        for kind in ("Microsoft.KeyVault/vaults/keys", "Microsoft.Authorization/roleAssignments")
    ]

    broken, said = words(draw(world(without=["key", "assignment"]), coverage=Ledger(denied)))

    assert not broken
    assert "not read" in said


def test_a_version_that_is_not_the_newest_is_not_judged_by_the_newest(world):
    bodies = world(
        key={"enabled": False},
        encryption={"keyvaultproperties": {"keyvaulturi": HOST, "keyname": "storage", "keyversion": "0a"}},
    )
    bodies[1]["properties"]["keyUriWithVersion"] = f"{HOST}/keys/storage/0b"

    assert words(draw(bodies))[:1] == (False,)


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("Microsoft.Compute/diskEncryptionSets", {"activeKey": {"keyUrl": f"{HOST}/keys/k/1"}}),
        ("Microsoft.DocumentDB/databaseAccounts", {"keyVaultKeyUri": f"{HOST}/keys/k"}),
        ("Microsoft.DBforPostgreSQL/flexibleServers", {"dataEncryption": {"primaryKeyURI": f"{HOST}/keys/k/1"}}),
        (
            "Microsoft.ServiceBus/namespaces",
            {
                "encryption": {
                    "keySource": "Microsoft.KeyVault",
                    "keyVaultProperties": [{"keyVaultUri": HOST, "keyName": "k"}],
                }
            },
        ),
        ("Microsoft.DataFactory/factories", {"encryption": {"vaultBaseUrl": HOST, "keyName": "k"}}),
        ("Microsoft.Synapse/workspaces", {"encryption": {"cmk": {"key": {"keyVaultUrl": f"{HOST}/keys/k"}}}}),
    ],
)
def test_each_service_names_its_key_in_its_own_way(kind: str, properties: Body, body):
    uses = list(key_uses(Inventory([Resource.from_body(body(kind, "thing", properties))])))

    assert [(use.host, use.key) for use in uses] == [("kv-data.vault.azure.net", "k")]


def test_an_encryption_protector_stands_for_its_server(body):
    server = body("Microsoft.Sql/servers", "sql-data", {"primaryUserAssignedIdentityId": "/subscriptions/x/id-tde"})
    protector = body(
        "Microsoft.Sql/servers/encryptionProtector",
        "sql-data/current",
        {"serverKeyType": "AzureKeyVault", "uri": f"{HOST}/keys/k/1"},
    )
    service_managed = body(
        "Microsoft.Sql/servers/encryptionProtector", "sql-other/current", {"serverKeyType": "ServiceManaged"}
    )

    picture = draw([server, protector, service_managed])

    assert [node.label for node in picture.nodes][:1] == ["sql-data"]
    assert len(picture.edges) == 2


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        (None, "as Microsoft's own application"),
        ("FirstPartyIdentity", "as Microsoft's own application"),
        ("SystemAssignedIdentity", "as itself"),
        ("UserAssignedIdentity=/subscriptions/s/x/id-data", "as id-data, which is gone"),
    ],
)
def test_cosmos_says_in_words_as_whom_it_opens_its_key(identity, said, body):
    account = body(
        "Microsoft.DocumentDB/databaseAccounts",
        "cosmos",
        {"keyVaultKeyUri": f"{HOST}/keys/k", "defaultIdentity": identity},
        identity={"type": "SystemAssigned", "principalId": PRINCIPAL},
    )

    assert draw([account]).edges[0].label == said


def test_an_encryption_scope_is_another_key_of_its_account(world, body):
    scope = body(
        "Microsoft.Storage/storageAccounts/encryptionScopes",
        "stdata/archive",
        {"source": "Microsoft.KeyVault", "keyVaultProperties": {"keyUri": f"{HOST}/keys/archive"}},
    )

    picture = draw([*world(), scope])

    assert sorted(edge.target.rpartition("/")[2] for edge in picture.edges if edge.label != "lies in") == [
        "archive",
        "storage",
    ]


@pytest.mark.parametrize("enabled", [False, None])
def test_a_key_that_is_switched_off_is_not_drawn(enabled, body):
    kms = {"enabled": enabled, "keyId": f"{HOST}/keys/k/1"}
    cluster = body("Microsoft.ContainerService/managedClusters", "aks", {"securityProfile": {"azureKeyVaultKms": kms}})

    assert key_chains(Inventory([Resource.from_body(cluster)]), NOW) is None


def test_nothing_is_drawn_without_a_key_of_the_customers(world):
    bodies = world(encryption={"keySource": "Microsoft.Storage"})

    assert key_chains(Inventory([Resource.from_body(body) for body in bodies]), NOW) is None


def test_a_node_shows_the_worst_finding_on_it_or_below_it(rule):
    vault = "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/kv"
    machine = Node("/vm", "vm", "machine", parts=("/nic-1", "/nic-2"))
    picture = Picture("p", "P", "", (Node(vault, "kv", "key-vault"), Node(f"{vault}/keys/k", "k", "key"), machine), ())

    def result(severity: Severity, where: str, outcome: Outcome = Outcome.FAIL) -> Result:
        judged = replace(rule(), severity=severity)
        return Result(judged, outcome, Subject(where, "t", "n"), "", fingerprint(judged.id, where))

    found = marked(
        [picture],
        [
            result(Severity.LOW, vault.upper()),
            result(Severity.MEDIUM, f"{vault}/secrets/s"),
            result(Severity.CRITICAL, vault, Outcome.EXEMPT),
            result(Severity.HIGH, f"{vault}/keys/k"),
            result(Severity.HIGH, "/NIC-2"),
        ],
    )

    assert [node.severity for node in found[0].nodes] == [Severity.MEDIUM, Severity.HIGH, Severity.HIGH]
