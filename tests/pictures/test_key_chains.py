"""The picture of key chains draws what the fact says."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.evaluate.model import Picture
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.pictures.keys import key_chains
from tests.facts.key_worlds import STORAGE, encrypted, facts_of, make, surroundings


def draw(bodies: list[dict[str, Any]], **more: Any) -> Picture | None:
    return key_chains(Inventory([Resource.from_body(one) for one in bodies]), facts_of(bodies), **more)


def words(picture: Picture | None) -> tuple[bool, str]:
    """Whether the first chain is broken, and all that is said of it."""
    assert picture
    node = {node.id: node for node in picture.nodes}
    edge = picture.edges[0]
    after = next((other for other in picture.edges if other.source == edge.target), edge)
    return edge.broken, "; ".join([edge.label, node[edge.target].detail, node[after.target].detail])


@pytest.mark.parametrize(
    ("changes", "broken", "said"),
    [
        ({}, False, "as id-cmk; enabled; purge protection on"),
        ({"attributes": {"enabled": False}}, True, "as id-cmk; disabled; purge protection on"),
        ({"without": ("key",)}, True, "as id-cmk; gone; purge protection on"),
        ({"vault": {"enablePurgeProtection": None}}, False, "as id-cmk; enabled; no purge protection"),
        ({"without": ("role",)}, True, "as id-cmk, id-cmk has no right to get, wrapKey or unwrapKey"),
        (
            {"without": ("identity",)},
            True,
            "as id-cmk, the identity id-cmk, as which thing opens its key, does not exist",
        ),
        ({"vault": {"networkAcls": {"defaultAction": "Deny", "bypass": "None"}}}, True, "keeps thing out"),
        ({"without": ("vault", "key")}, True, "as id-cmk; gone; gone"),
    ],
)
def test_what_is_broken(changes: dict[str, Any], broken: bool, said: str):
    shown = words(draw([*encrypted(), *surroundings(**changes)]))

    assert shown[0] is broken
    assert said in shown[1]


def test_broken_chains_come_first_and_are_counted():
    other = make(
        STORAGE,
        "another",
        {
            "encryption": {
                "keySource": "Microsoft.Keyvault",
                "keyvaultproperties": {"keyvaulturi": "https://kv-data.vault.azure.net", "keyname": "gone"},
            }
        },
        identity={"type": "SystemAssigned", "principalId": "p"},
    )
    picture = draw([*encrypted(), other, *surroundings()])

    assert picture
    assert [node.label for node in picture.nodes if node.kind == "resource"] == ["another", "thing"]
    assert "1 of 2 chains is broken" in picture.caption


def test_a_disk_is_drawn_through_its_set():
    named, *_ = encrypted("Microsoft.Compute/diskEncryptionSets")
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": named["id"]}
    disk = make("Microsoft.Compute/disks", "disk-1", {"encryption": encryption})
    picture = draw([disk, named, *surroundings()])

    assert picture
    ways = {(edge.source.rpartition("/")[2], edge.target.rpartition("/")[2]): edge.label for edge in picture.edges}
    assert ways[("disk-1", "thing")] == "encrypted through"
    assert len(ways) == 3


def test_only_chosen_resources_are_drawn():
    bodies = [*encrypted(), *surroundings()]

    assert draw(bodies, only=frozenset()) is None
    assert draw(bodies, only=frozenset({bodies[0]["id"].lower()}))


def test_nothing_is_drawn_without_a_key_of_the_customers():
    assert draw([make(STORAGE, "st", {"encryption": {"keySource": "Microsoft.Storage"}}), *surroundings()]) is None
