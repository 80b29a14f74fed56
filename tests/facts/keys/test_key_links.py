"""Every link of a key chain that can be broken, and what looks like it and is none."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.keys.links import KINDS
from auditor.facts.registry import family
from tests.facts.key_worlds import (
    CLIENT,
    DAY,
    HOST,
    IDENTITY,
    KEY,
    NOW,
    PRINCIPAL,
    PROPERTIES,
    STORAGE,
    VAULT,
    VAULT_READER,
    attached,
    chain_of,
    encrypted,
    found,
    make,
    surroundings,
)

NOW_S = int(NOW.timestamp())
ROTATES = {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "Rotate"}, "trigger": {}}]}}
POLICY = {"enableRbacAuthorization": False}
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
SET = "Microsoft.Compute/diskEncryptionSets"


def policies(*words: str, holder: str = PRINCIPAL) -> dict[str, Any]:
    return {**POLICY, "accessPolicies": [{"objectId": holder, "permissions": {"keys": list(words)}}]}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, {}),
        ({"attributes": {"enabled": False}}, {"key_disabled": "is disabled"}),
        ({"attributes": {"exp": NOW_S - DAY}}, {"key_expired": "the key data in kv-data expired on 2026-10-31"}),
        ({"attributes": {"exp": NOW_S}}, {"key_expired": "expired on 2026-11-01"}),
        ({"attributes": {"exp": "soon"}}, {}),
        ({"attributes": {"exp": NOW_S + 5 * DAY}}, {"key_expiring": "expires on 2026-11-06, and nothing rotates it"}),
        ({"attributes": {"exp": NOW_S + 5 * DAY}, "key": ROTATES}, {}),
        ({"attributes": {"exp": NOW_S + 30 * DAY}}, {}),
        ({"attributes": {"nbf": NOW_S + DAY}}, {"key_not_yet_valid": "is not valid before 2026-11-02"}),
        ({"attributes": {"nbf": NOW_S}}, {}),
        ({"key": {"kty": "EC-HSM"}}, {"key_unsuitable": "is of the kind EC-HSM"}),
        ({"key": {"keyOps": ["encrypt", "decrypt"]}}, {"key_unsuitable": "may not be used for wrapKey and unwrapKey"}),
        ({"key": {"keyOps": ["wrapKey"]}}, {"key_unsuitable": "may not be used for unwrapKey"}),
        ({"key": {"keyOps": []}}, {}),
        ({"without": ("key",)}, {"key_gone": "the key data does not exist in kv-data"}),
        ({"without": ("vault", "key", "role")}, {"vault_gone": "the key vault kv-data does not exist any more"}),
        ({"without": ("identity",)}, {"identity_gone": "the identity id-cmk, as which thing opens its key"}),
        ({"vault": {"enablePurgeProtection": None}}, {"vault_unprotected": "kv-data has no purge protection"}),
        ({"vault": {"enableSoftDelete": False}}, {"vault_unprotected": "kv-data has soft delete turned off"}),
        ({"vault": {"enableSoftDelete": None}}, {}),
        ({"without": ("role",)}, {"identity_without_rights": "id-cmk has no right to get, wrapKey or unwrapKey"}),
        ({"role": {"roleDefinitionId": VAULT_READER}}, {"identity_without_rights": "to wrapKey or unwrapKey with"}),
        ({"role": {"principalId": CLIENT}}, {"identity_without_rights": "id-cmk has no right"}),
        ({"role": {"scope": "/subscriptions/another"}}, {"identity_without_rights": "id-cmk has no right"}),
        ({"role": {"scope": VAULT.rpartition("/providers")[0]}}, {}),
        ({"vault": policies("Get", "wrapKey", "UNWRAPKEY"), "without": ("role",)}, {}),
        ({"vault": policies("all"), "without": ("role",)}, {}),
        ({"vault": policies("Get", "WrapKey")}, {"identity_without_rights": "no right to unwrapKey"}),
        ({"vault": policies("all", holder=CLIENT)}, {"identity_without_rights": "no right to get"}),
        ({"vault": POLICY}, {"identity_without_rights": "no right to get"}),
        ({"vault": {"publicNetworkAccess": "Disabled"}}, {}),
        ({"vault": {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}}}, {}),
        ({"vault": {"networkAcls": {"defaultAction": "Allow", "bypass": "None"}}}, {}),
        (
            {"vault": {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}},
            {"firewall": "keeps thing out: its default action is Deny"},
        ),
        (
            {"vault": {"publicNetworkAccess": "Disabled", "networkAcls": {"bypass": "None"}}},
            {"firewall": "keeps thing out: public access is disabled"},
        ),
    ],
)
def test_a_storage_account(changes: dict[str, Any], wanted: dict[str, str]):
    links = found(chain_of([*encrypted(), *surroundings(**changes)]))

    assert links.keys() == wanted.keys()
    for name, words in wanted.items():
        assert words in links[name][0]


@pytest.mark.parametrize(
    ("kind", "vault", "state"),
    [
        # A managed instance can also come from a network of its owner's; what that network lets through is not known.
        ("Microsoft.Sql/managedInstances", {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}, "broken"),
        (
            "Microsoft.Sql/managedInstances",
            {"networkAcls": {"defaultAction": "Deny", "bypass": "None", "ipRules": [{"value": "198.51.100.1"}]}},
            "unknown",
        ),
        # Not among the trusted services; its own pages speak of trusted access.
        (COSMOS, {"publicNetworkAccess": "Disabled"}, "unknown"),
        (COSMOS, {"publicNetworkAccess": "Disabled", "networkAcls": {"bypass": "None"}}, "broken"),
        (STORAGE, {"publicNetworkAccess": "SecuredByPerimeter"}, "unknown"),
    ],
)
def test_the_way_through_the_firewall(kind: str, vault: dict[str, Any], state: str):
    assert chain_of([*encrypted(kind), *surroundings(vault=vault)])["state"] == state


@pytest.mark.parametrize(
    ("kind", "properties", "words"),
    [
        (COSMOS, {"customerManagedKeyStatus": "Access to your account is currently revoked because."}, "revoked"),
        ("Microsoft.Synapse/workspaces", {"status": "Inconsistent"}, "status is Inconsistent"),
        ("Microsoft.Synapse/workspaces", {"status": "Updating"}, ""),
        ("Microsoft.NetApp/netAppAccounts", {"status": "Error"}, "status is Error"),
        ("Microsoft.NetApp/netAppAccounts", {"status": "Updating"}, ""),
        ("Microsoft.DataProtection/backupVaults", {"state": "Inconsistent"}, "state is Inconsistent"),
        ("Microsoft.DBforPostgreSQL/flexibleServers", {"primaryEncryptionKeyStatus": "Invalid"}, "is Invalid"),
        ("Microsoft.AVS/privateClouds", {"keyState": "AccessDenied"}, "keyState is AccessDenied"),
    ],
)
def test_what_a_service_says_itself_holds_without_the_vault(kind: str, properties: dict[str, Any], words: str):
    def put(part: Any, name: str, value: Any) -> Any:
        """The value where the sound body has one of that name, or beside the key."""
        if not isinstance(part, dict):
            return part
        if name in part or (part.keys() & {"primaryKeyURI", "keyVaultUrl", "keyVaultKeyUri"} and name not in part):
            return {**part, name: value}
        return {key: put(inner, name, value) for key, inner in part.items()}

    (name, value), *_ = properties.items()
    body = make(kind, "thing", put(PROPERTIES[kind], name, value), identity=attached())
    links = found(chain_of([body, *surroundings(without=("vault", "key"))]))

    assert [words in text for text in links.get("service_reports", [])] == ([True] if words else [])


def test_a_set_that_could_not_rotate():
    error = {"code": "KeyVaultAccessForbidden", "message": "no access"}
    links = found(chain_of([*encrypted(SET, autoKeyRotationError=error), *surroundings()]))

    assert links["rotation_failed"] == [
        "thing could not take a new version of its key: KeyVaultAccessForbidden: no access"
    ]


@pytest.mark.parametrize(
    ("version", "follows", "broken", "risks"),
    [
        ({"enabled": True}, False, [], ["version_behind", "version_pinned"]),
        ({"enabled": False}, False, ["version_unusable"], ["version_behind", "version_pinned"]),
        ({"exp": NOW_S - DAY}, False, ["version_unusable"], ["version_behind", "version_pinned"]),
        ({"exp": NOW_S + DAY}, False, [], ["key_expiring", "version_behind", "version_pinned"]),
        (None, False, ["version_unusable"], ["version_behind", "version_pinned"]),
        ({"enabled": False}, True, [], []),
    ],
)
def test_the_version_that_a_resource_stays_on(version, follows: bool, broken: list[str], risks: list[str]):
    bodies = [
        *encrypted(SET, rotationToLatestKeyVersionEnabled=follows),
        *surroundings(key={"keyUriWithVersion": f"{KEY}/0b"}),
    ]
    if version is not None:
        bodies.append(make("Microsoft.KeyVault/vaults/keys/versions", "kv-data/data/0a", {"attributes": version}))

    links = sorted(found(chain_of(bodies)))

    assert links == sorted(broken + risks)
    assert [name for name in links if KINDS[name].breaks] == broken


def test_a_deleted_vault_can_be_recovered_until_its_date():
    deleted = {
        "id": "/subscriptions/s/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-data",
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {"deletionDate": "2026-10-20T08:00:00Z", "scheduledPurgeDate": "2027-01-18T08:00:00Z"},
    }
    fact = chain_of([*encrypted(), *surroundings(without=("vault", "key")), deleted])

    assert found(fact) == {
        "vault_deleted": ["the key vault kv-data was deleted on 2026-10-20 and can be recovered until 2027-01-18"]
    }
    assert fact["state"] == "broken"


@pytest.mark.parametrize(
    ("identity", "link"),
    [
        ({"type": "SystemAssigned", "principalId": PRINCIPAL}, "identity_detached"),
        ({"type": "UserAssigned", "userAssignedIdentities": {}}, "identity_detached"),
        (attached(), ""),
    ],
)
def test_the_named_identity_has_to_be_attached(identity: dict[str, Any], link: str):
    account, *_ = encrypted()

    assert "".join(found(chain_of([{**account, "identity": identity}, *surroundings()]))) == link


@pytest.mark.parametrize(
    ("named", "opener", "broken"),
    [
        (None, "Microsoft's own application", ""),
        ("FirstPartyIdentity", "Microsoft's own application", ""),
        ("SystemAssignedIdentity", "itself", ""),
        (f"UserAssignedIdentity={IDENTITY}", "id-cmk", ""),
        (f"UserAssignedIdentity={IDENTITY}-2", "id-cmk-2", "identity_gone"),
    ],
)
def test_cosmos_says_in_words_as_whom_it_opens_its_key(named: str | None, opener: str, broken: str):
    fact = chain_of([*encrypted(COSMOS, defaultIdentity=named), *surroundings()])

    assert fact["chains"][0]["opener"] == opener
    assert "".join(found(fact)) == broken


def test_two_keys_are_two_chains():
    kind = "Microsoft.DBforPostgreSQL/flexibleServers"
    both = {**PROPERTIES[kind]["dataEncryption"], "geoBackupKeyURI": f"{HOST}/keys/geo"}
    both["geoBackupUserAssignedIdentityId"] = IDENTITY
    geo = make("Microsoft.KeyVault/vaults/keys", "kv-data/geo", {"attributes": {"enabled": False}})

    fact = chain_of([*encrypted(kind, dataEncryption=both), *surroundings(), geo])

    assert [(chain["purpose"], chain["state"]) for chain in fact["chains"]] == [
        ("", "healthy"),
        ("geo-redundant backup", "broken"),
    ]
    assert fact["state"] == "broken"
    assert found(fact)["key_disabled"] == ["the key geo in kv-data is disabled"]


FEDERATED = "eeeeeeee-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("audience", "subject", "words"),
    [
        ("AzureADMultipleOrgs", PRINCIPAL, ""),
        ("AzureADMyOrg", PRINCIPAL, "is not multi-tenant"),
        ("AzureADMultipleOrgs", CLIENT, "does not trust id-cmk"),
        ("AzureADMultipleOrgs", "", "does not trust id-cmk"),
        ("", "", "no application has the client id"),
    ],
)
def test_a_key_in_another_tenant(audience: str, subject: str, words: str):
    named = {"userAssignedIdentity": IDENTITY, "federatedIdentityClientId": FEDERATED}
    account = encrypted(encryption={**PROPERTIES[STORAGE]["encryption"], "identity": named})
    application = {"id": "a1", "type": "Microsoft.Graph/applications", "appId": FEDERATED, "signInAudience": audience}
    credential = {"id": "c1", "type": "Microsoft.Graph/applications/federatedIdentityCredentials"}
    bodies = [*account, *surroundings()]
    bodies += [application] if audience else []
    bodies += [{**credential, "applicationObjectId": "a1", "subject": subject}] if subject else []

    texts = found(chain_of(bodies)).get("federation_missing", [])

    assert [words in text for text in texts] == ([True] if words else [])


def test_a_vault_of_another_tenant_needs_an_application():
    identity = make(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "id-cmk",
        {"principalId": PRINCIPAL, "clientId": CLIENT, "tenantId": "ours"},
    )
    bodies = [*encrypted(), *surroundings(vault={"tenantId": "theirs"}, without=("identity",)), identity]

    assert "lies in the tenant theirs" in found(chain_of(bodies))["federation_missing"][0]


def test_a_disk_hangs_on_its_set():
    named = make(SET, "thing", PROPERTIES[SET], identity=attached())
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": named["id"].upper()}
    disk = make("Microsoft.Compute/disks", "disk-1", {"encryption": encryption})
    off = surroundings(attributes={"enabled": False})

    assert found(chain_of([disk, named, *surroundings()])) == {}
    assert found(chain_of([disk, named, *off])) == {
        "set_broken": ["the disk encryption set thing cannot open its key: the key data in kv-data is disabled"]
    }
    assert found(chain_of([disk, *surroundings()])) == {
        "set_gone": ["the disk encryption set THING does not exist any more".replace("THING", "thing")]
    }
    platform = {"type": "EncryptionAtRestWithPlatformKey", "diskEncryptionSetId": named["id"]}
    assert chain_of([make("Microsoft.Compute/disks", "disk-2", {"encryption": platform})]) is None


@pytest.mark.parametrize(("days", "told"), [(29, [29]), (30, [30]), (365, [365]), (400, [])])
def test_what_ends_within_a_year_is_told_with_its_days_and_is_a_risk_for_the_last_thirty(days: int, told: list[int]):
    fact = chain_of([*encrypted(), *surroundings(attributes={"exp": NOW_S + days * DAY})])

    assert [one["days_left"] for one in fact["key_ending"]] == told
    assert bool(fact["key_expiring"]) is (days < 30)


def test_what_decided_is_named_with_every_link():
    fact = chain_of([*encrypted(), *surroundings(attributes={"exp": NOW_S - DAY})])

    assert fact["key_expired"][0]["decided_by"] == [f"{VAULT}/keys/data:properties.attributes.exp"]
    assert family("key_chain").grounds.keys() == {*KINDS, "key_ending"}


@pytest.mark.parametrize(("status", "broken"), [("Approved", False), ("Pending", True), (None, True)])
def test_a_cluster_that_comes_by_private_link_alone(status: str | None, broken: bool):
    kind = "Microsoft.ContainerService/managedClusters"
    kms = {**PROPERTIES[kind]["securityProfile"]["azureKeyVaultKms"], "keyVaultNetworkAccess": "Private"}
    connection = {"properties": {"privateLinkServiceConnectionState": {"status": status}}}
    vault = {"publicNetworkAccess": "Disabled", "privateEndpointConnections": [connection] if status else []}
    fact = chain_of([*encrypted(kind, securityProfile={"azureKeyVaultKms": kms}), *surroundings(vault=vault)])

    assert [("private link alone" in text) for text in found(fact).get("firewall", [])] == [True] * broken
