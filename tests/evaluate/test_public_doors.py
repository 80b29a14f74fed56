"""The picture of services with a public door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auditor.evaluate.model import Picture
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.pictures import pictures_of
from auditor.pictures.services import public_doors

Body = dict[str, Any]
ALL_AZURE = "0.0.0.0"  # noqa: S104 - what a SQL firewall rule calls all of Azure


def draw(*bodies: Body, **more: Any) -> Picture | None:
    inventory = Inventory([Resource.from_body(body) for body in bodies], **more)
    return public_doors(inventory, FactStore(inventory))


def ways(picture: Picture | None) -> set[tuple[str, ...]]:
    """Each way from the internet to a service: source, kind, service, what is said of it."""
    assert picture
    names = {node.id: node.label for node in picture.nodes}
    before = {edge.target: names[edge.source] for edge in picture.edges}
    return {
        (before[edge.source], names[edge.source], names[edge.target], edge.label)
        for edge in picture.edges
        if edge.source in before
    }


@pytest.fixture
def account(body: Callable[..., Body]) -> Callable[..., Body]:
    def make(name: str, **properties: Any) -> Body:
        return body("Microsoft.Storage/storageAccounts", name, properties)

    return make


def test_who_comes_in_by_which_door(account, body):
    server = body("Microsoft.Sql/servers", "sql", {"publicNetworkAccess": "Enabled"})
    rule = body(
        "Microsoft.Sql/servers/firewallRules",
        "sql/AllowAllWindowsAzureIps",
        {"startIpAddress": ALL_AZURE, "endIpAddress": ALL_AZURE},
    )
    listed = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}]}

    picture = draw(
        account("stopen"),
        account("stlisted", networkAcls=listed),
        account("stshut", publicNetworkAccess="Disabled"),
        account("stvnets", networkAcls={"defaultAction": "Deny"}),
        server,
        rule,
    )

    assert ways(picture) == {
        ("internet", "Storage", "stopen", "all networks"),
        ("some public addresses", "Storage", "stlisted", "256 addresses"),
        ("every customer of Azure", "SQL Database", "sql", ""),
    }
    assert picture
    assert picture.caption.startswith("3 of 5 services can be reached from the internet, 1 of them by everyone.")


def test_what_is_not_known_is_said(body):
    server = body("Microsoft.Sql/servers", "sql", {"publicNetworkAccess": "Enabled"})

    picture = draw(server, coverage=ExportCoverage({"microsoft.sql/servers"}, "export.json"))

    assert picture
    assert picture.nodes == ()
    assert "of 1 more it is not known" in picture.caption


def test_without_a_service_there_is_no_picture():
    inventory = Inventory([])

    assert pictures_of(inventory, FactStore(inventory)) == ()
