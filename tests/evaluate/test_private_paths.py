"""The picture of private endpoints: who uses them, and what keeps names from leading to them."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.evaluate.model import Picture
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.pictures import pictures_of
from auditor.pictures.private_paths import private_paths
from tests.conftest import arm_id
from tests.facts.private_worlds import BLOB, STORAGE, STRANGE, Body, endpoint, network, peer, zone

ACCOUNT = arm_id(STORAGE, "st1")


def draw(*bodies: Body, **more: Any) -> Picture | None:
    inventory = Inventory([Resource.from_body(body) for body in bodies], **more)
    return private_paths(inventory, FactStore(inventory))


def edges(picture: Picture | None) -> dict[tuple[str, str], tuple[str, bool]]:
    assert picture
    names = {node.id: node.label for node in picture.nodes}
    return {(names[e.source], names[e.target]): (e.label, e.broken) for e in picture.edges}


def blob(where: Body, **more: Any) -> Body:
    return endpoint("pe", ACCOUNT, where, "blob", names=["st1.blob.core.windows.net"], **more)


def test_a_path_that_works():
    vnet = network("vnet")
    picture = draw(blob(vnet), vnet, *zone(BLOB, vnet, st1="10.0.0.5"))

    assert edges(picture) == {("vnet", "pe"): (BLOB, False), ("pe", "st1"): ("blob", False)}
    assert picture
    assert picture.caption.startswith("1 private endpoint; 0 of them are not")


@pytest.mark.parametrize(
    ("exists", "linked", "records", "said"),
    [
        (False, False, {}, f"no zone {BLOB}"),
        (True, False, {}, f"{BLOB} is not linked"),
        (True, True, {}, f"no record in {BLOB}"),
        (True, True, {"st1": "10.0.0.99"}, f"{BLOB} leads to 10.0.0.99"),
    ],
)
def test_what_keeps_names_from_leading_to_it(exists: bool, linked: bool, records: dict[str, str], said: str):
    vnet = network("vnet")
    zones = zone(BLOB, *([vnet] if linked else []), **records) if exists else []
    picture = draw(blob(vnet), vnet, *zones)

    assert edges(picture)["vnet", "pe"] == (said, True)
    assert picture
    assert "1 of them is not" in picture.caption


def test_a_peer_in_which_names_lead_elsewhere():
    vnet, spoke = network("vnet"), network("spoke", "10.2.0.0/16")
    peer(vnet, spoke)

    found = edges(draw(blob(vnet), vnet, spoke, *zone(BLOB, vnet, st1="10.0.0.5")))
    assert found["spoke", "pe"] == ("names lead to the public address", True)
    assert found["vnet", "pe"] == (BLOB, False)


def test_a_connection_that_nobody_approved():
    vnet = network("vnet")

    assert edges(draw(blob(vnet, status="Pending"), vnet))["pe", "st1"] == ("pending", True)


def test_a_stranger_s_account_is_told():
    vnet = network("vnet")
    picture = draw(endpoint("pe", arm_id(STORAGE, "drop", subscription=STRANGE), vnet, "blob"), vnet)

    assert picture
    assert [node.detail for node in picture.nodes if node.label == "drop"] == ["of somebody else"]


def test_clients_on_premises_whose_names_nobody_answers():
    spoke, hub = network("vnet"), network("hub", "10.1.0.0/16", GatewaySubnet={"ipConfigurations": [{"id": "/x/y"}]})
    peer(spoke, hub, remote_gateways=True)

    assert edges(draw(blob(spoke), spoke, hub))["on-premises", "vnet"] == ("nobody answers names", True)


def test_what_was_not_read_is_not_drawn_as_broken():
    vnet = network("vnet")
    bodies = [blob(vnet), vnet]
    kinds = {body["type"].lower() for body in bodies}
    found = edges(draw(*bodies, coverage=ExportCoverage(kinds, "export.json")))

    assert found["vnet", "pe"] == (BLOB, False)


def test_without_endpoints_there_is_no_picture():
    inventory = Inventory([Resource.from_body(network("vnet"))])

    assert draw(network("vnet")) is None
    assert [p.id for p in pictures_of(inventory, FactStore(inventory))] == []
