"""Whose accounts blobs are replicated to and from."""

from __future__ import annotations

import pytest

from auditor.inventory.model import Unread
from tests.conftest import arm_id
from tests.facts.private_worlds import OTHER, STORAGE, STRANGE, account, fact, resource, unread

POLICY = f"{STORAGE}/objectReplicationPolicies"


def policy(source: str, destination: str):
    return resource(POLICY, "stsource/one", {"sourceAccount": source, "destinationAccount": destination})


@pytest.mark.parametrize(
    ("source", "destination", "account_of_others"),
    [
        ("stsource", "stcopy", ""),
        ("STSOURCE", "StCopy", ""),
        ("stsource", arm_id(STORAGE, "stunread", subscription=OTHER), ""),
        ("stsource", "ststranger", "ststranger"),
        ("ststranger", "stsource", "ststranger"),
        ("stsource", arm_id(STORAGE, "ststranger", subscription=STRANGE), "ststranger"),
    ],
)
def test_whose_the_other_account_is(source: str, destination: str, account_of_others: str):
    ours = {"id": f"/subscriptions/{OTHER}", "type": "Microsoft.Resources/subscriptions"}
    bodies = [policy(source, destination), account("stsource"), account("stcopy"), ours]

    found = fact("object_replication", bodies)

    assert (found["foreign"], found["account"]) == (bool(account_of_others), account_of_others)


def test_a_bare_name_may_be_an_account_that_was_not_read():
    bodies = [policy("stsource", "stother"), account("stsource")]
    ledger, _ = unread(bodies, "Microsoft.Network/unrelated")
    hub = {"id": f"/subscriptions/{OTHER}", "type": "Microsoft.Resources/subscriptions"}

    assert fact("object_replication", bodies, ledger)["foreign"] is True
    assert isinstance(fact("object_replication", [*bodies, hub], ledger)["foreign"], Unread)


def test_subscriptions_that_were_not_listed_leave_an_id_open():
    bodies = [policy("stsource", arm_id(STORAGE, "stother", subscription=STRANGE)), account("stsource")]
    ledger, gap = unread(bodies, "Microsoft.Resources/subscriptions")

    assert fact("object_replication", bodies, ledger)["foreign"] == Unread(gap)
