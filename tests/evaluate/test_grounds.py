"""A finding that a computed fact decided names the properties behind the fact."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.evaluate.grounds import with_grounds
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import Context, Evidence
from tests.facts.key_worlds import encrypted, surroundings

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
WIDE = Evidence("facts.paas_exposure.wide", True, "not true")


def grounds(leaf: Evidence, kind: str, properties: dict[str, Any], *others: tuple[str, dict[str, Any]]) -> Any:
    judged = f"{GROUP}/{kind}/x"
    bodies = [{"id": judged, "type": kind, "name": "x", "properties": properties}]
    for path, inner in others:
        *_, child, name = path.split("/")
        bodies.append({"id": f"{judged}/{path}", "type": f"{kind}/{child}", "name": name, "properties": inner})
    inventory = Inventory([Resource.from_body(body) for body in bodies])
    context = Context(inventory.by_key[judged.lower()], inventory, FactStore(inventory))
    *led, last = with_grounds([leaf], context)
    assert last == leaf
    return [(ground.path, ground.actual) for ground in led]


def test_a_property_of_the_resource_with_the_value_found():
    found = grounds(WIDE, "Microsoft.KeyVault/vaults", {"publicNetworkAccess": "Enabled"})

    assert ("properties.publicNetworkAccess", "Enabled") in found
    assert ("properties.networkAcls.defaultAction", None) in found


def test_a_property_of_a_child_with_the_childs_id():
    everyone = ("firewallRules/all", {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"})  # noqa: S104

    found = grounds(WIDE, "Microsoft.Sql/servers", {"publicNetworkAccess": "Enabled"}, everyone)

    assert found == [(f"{GROUP}/Microsoft.Sql/servers/x/firewallRules/all:properties.startIpAddress", "0.0.0.0")]  # noqa: S104


@pytest.mark.parametrize(
    "leaf",
    [
        Evidence("facts.paas_exposure.trusted_services", False, "not false"),  # decided by something else
        Evidence("facts.no_such_family.wide", True, "not true"),
        Evidence("properties.publicNetworkAccess", "Enabled", "Disabled"),
    ],
)
def test_other_evidence_stays_as_it_is(leaf: Evidence):
    assert grounds(leaf, "Microsoft.KeyVault/vaults", {"publicNetworkAccess": "Enabled"}) == []


def test_a_property_that_the_rule_names_itself_is_not_said_twice():
    judged = Resource.from_body(
        {"id": f"{GROUP}/Microsoft.KeyVault/vaults/x", "type": "Microsoft.KeyVault/vaults", "properties": {}}
    )
    inventory = Inventory([judged])
    named = Evidence("properties.publicNetworkAccess", None, "Disabled")

    led = with_grounds([named, WIDE], Context(judged, inventory, FactStore(inventory)))

    assert [leaf.path for leaf in led].count("properties.publicNetworkAccess") == 1


def test_an_element_of_a_fact_has_grounds_of_its_own():
    bodies = [*encrypted(), *surroundings(attributes={"enabled": False, "exp": 1_700_000_000})]
    inventory = Inventory([Resource.from_body(body) for body in bodies])
    leaf = Evidence("facts.key_chain.key_expired[0].text", "the key ... expired", "does not exist")
    context = Context(inventory.by_key[bodies[0]["id"].lower()], inventory, FactStore(inventory))

    led = with_grounds([leaf], context)

    assert [(one.path.rpartition(":")[2], one.actual, one.expected) for one in led[:-1]] == [
        ("properties.attributes.exp", 1_700_000_000, "a date to come")
    ]
