"""What was not read makes a chain unknown, never broken and never sound."""

from __future__ import annotations

import pytest

from auditor.inventory.coverage import ExportCoverage, Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from tests.conftest import SUBSCRIPTION
from tests.facts.key_worlds import chain_of, encrypted, found, make, surroundings

GAP = Gap("/subscriptions/x", "x", "GET", 403, "AuthorizationFailed")
HERE = f"/subscriptions/{SUBSCRIPTION}"
_GROUPS = "Microsoft.Graph/groups"


def ledger(*denied: str) -> Ledger:
    """All of one subscription was read, but what is denied."""
    kinds = {one["type"] for one in surroundings()} | {
        "Microsoft.KeyVault/deletedVaults",
        "Microsoft.KeyVault/vaults/keys/versions",
        "Microsoft.Authorization/roleDefinitions",
        "Microsoft.Authorization/denyAssignments",
        "Microsoft.Compute/diskEncryptionSets",
    }
    return Ledger(
        [
            *(LedgerEntry(HERE, kind, ReadState.COMPLETE) for kind in kinds if kind not in denied),
            *(LedgerEntry(HERE, kind, ReadState.DENIED, gap=GAP) for kind in denied),
            *(LedgerEntry("/", kind, ReadState.COMPLETE) for kind in [_GROUPS] if kind not in denied),
        ]
    )


@pytest.mark.parametrize(
    ("without", "denied", "unknown"),
    [
        ((), (), set()),
        (("key",), ("Microsoft.KeyVault/vaults/keys",), {"key_gone", "key_disabled", "key_expired"}),
        (
            ("vault", "key"),
            ("Microsoft.KeyVault/vaults",),
            {"vault_gone", "firewall", "key_expired", "vault_unprotected"},
        ),
        (("role",), ("Microsoft.Authorization/roleAssignments",), {"identity_without_rights"}),
        (("identity",), ("Microsoft.ManagedIdentity/userAssignedIdentities",), {"identity_gone"}),
        # Its name alone does not say in which subscription a vault lies.
        (("vault", "key"), (), {"vault_gone", "key_gone", "identity_without_rights"}),
    ],
)
def test_a_gap(without: tuple[str, ...], denied: tuple[str, ...], unknown: set[str]):
    fact = chain_of([*encrypted(), *surroundings(without=without)], coverage=ledger(*denied))

    links = found(fact)
    assert unknown <= links.keys()
    assert {word for words in links.values() for word in words} <= {"?"}
    assert fact["state"] == ("unknown" if unknown else "healthy")


def test_a_named_vault_of_a_subscription_that_was_read_is_gone():
    kind = "Microsoft.Compute/diskEncryptionSets"
    fact = chain_of([*encrypted(kind), *surroundings(without=("vault", "key"))], coverage=ledger())

    assert found(fact)["vault_gone"] == ["the key vault kv-data does not exist any more"]


def test_a_set_of_a_subscription_that_was_not_read_may_exist():
    there = "/subscriptions/other/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/des"
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": there}
    disk = make("Microsoft.Compute/disks", "disk-1", {"encryption": encryption})

    assert found(chain_of([disk], coverage=ledger())) == {"set_gone": ["?"], "set_broken": ["?"]}


def test_an_export_without_vaults_shows_none():
    bodies = encrypted()
    fact = chain_of(bodies, coverage=ExportCoverage([one["type"].lower() for one in bodies], "export"))

    assert fact["state"] == "unknown"
    assert found(fact)["vault_gone"] == ["?"]


def test_a_managed_hsm_keeps_its_roles_to_itself():
    named = {"keyvaulturi": "https://hsm-data.managedhsm.azure.net", "keyname": "data"}
    account = encrypted(encryption={"keySource": "Microsoft.Keyvault", "keyvaultproperties": named})
    hsm = make("Microsoft.KeyVault/managedHSMs", "hsm-data", {"enablePurgeProtection": True})
    key = make("Microsoft.KeyVault/managedHSMs/keys", "hsm-data/data", {"kty": "RSA-HSM", "attributes": {}})
    namesake = make("Microsoft.KeyVault/vaults", "hsm-data", {})

    assert found(chain_of([*account, hsm, key, namesake])) == {"identity_without_rights": ["?"]}


@pytest.mark.parametrize(("member", "link"), [(True, None), (False, ["id-cmk has no right"]), (None, ["?"])])
def test_a_group_that_has_the_role(member: bool | None, link: list[str] | None):
    group = "99999999-9999-9999-9999-999999999999"
    bodies = [*encrypted(), *surroundings(role={"principalId": group, "principalType": "Group"})]
    if member is not None:
        inside = bodies[1]["id"] if member else "somebody"
        bodies.append({"id": group, "type": "Microsoft.Graph/groups", "members": [{"id": inside}]})

    coverage = ledger() if member is not None else ledger(_GROUPS)
    links = found(chain_of(bodies, coverage=coverage)).get("identity_without_rights")

    assert (links is None) if link is None else (links is not None and links[0].startswith(link[0]))


def test_a_resource_of_which_only_the_name_was_read_is_unknown():
    account, *_ = encrypted()
    bare = Resource.from_body({"id": account["id"], "type": account["type"]}, unread={"properties": GAP})
    from auditor.facts.registry import FactStore
    from auditor.inventory.model import Unread

    assert FactStore(Inventory([bare])).get("key_chain", bare) == Unread(GAP)
