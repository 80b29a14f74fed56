"""A finding that a computed fact decided names the properties behind the fact."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.api import audit, open_demo
from auditor.evaluate.grounds import with_grounds
from auditor.evaluate.model import Outcome
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import Context, Evidence
from tests.facts.key_worlds import encrypted, surroundings
from tests.facts.network_worlds import allow, group

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
    return [(line.path, line.actual) for line in with_grounds([leaf], context)]


def test_a_property_of_the_resource_with_the_value_found():
    found = grounds(WIDE, "Microsoft.KeyVault/vaults", {"publicNetworkAccess": "Enabled"})

    assert ("properties.publicNetworkAccess", "Enabled") in found
    assert ("properties.networkAcls.defaultAction", None) in found


def test_a_property_of_a_child_with_the_childs_id():
    everyone = ("firewallRules/all", {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"})  # noqa: S104

    found = grounds(WIDE, "Microsoft.Sql/servers", {"publicNetworkAccess": "Enabled"}, everyone)

    assert found == [(f"{GROUP}/Microsoft.Sql/servers/x/firewallRules/all:properties.startIpAddress", "0.0.0.0")]  # noqa: S104


def test_what_a_field_has_grounds_of_its_own_for():
    trusted = Evidence("facts.paas_exposure.trusted_services", False, "not false")
    azure = ("firewallRules/azure", {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"})  # noqa: S104
    body = {"publicNetworkAccess": "Enabled", "networkAcls": {"bypass": "None", "defaultAction": "Deny"}}

    assert grounds(trusted, "Microsoft.KeyVault/vaults", body) == [("properties.networkAcls.bypass", "None")]
    found = grounds(Evidence("facts.paas_exposure.all_azure", True, "not true"), "Microsoft.Sql/servers", {}, azure)
    assert found == [(f"{GROUP}/Microsoft.Sql/servers/x/firewallRules/azure:properties.startIpAddress", "0.0.0.0")]  # noqa: S104


@pytest.mark.parametrize(
    "leaf",
    [
        Evidence("facts.no_such_family.wide", True, "not true"),
        Evidence("properties.publicNetworkAccess", "Enabled", "Disabled"),
    ],
)
def test_other_evidence_stays_as_it_is(leaf: Evidence):
    found = grounds(leaf, "Microsoft.KeyVault/vaults", {"publicNetworkAccess": "Enabled"})

    assert found == [(leaf.path, leaf.actual)]


def test_a_fact_that_no_property_explains_is_said_in_words():
    leaf = Evidence("facts.paas_exposure.private_endpoints", 0, "at least 1")

    assert grounds(leaf, "Microsoft.KeyVault/vaults", {}) == [("private endpoints", 0)]


def test_a_rule_that_opens_a_machine_is_told_by_its_own_properties():
    opened = network_exposed()

    assert [(line.path.rpartition("/")[2], line.actual) for line in opened] == [
        ("ssh:properties.sourceAddressPrefix", "Internet"),
        ("ssh:properties.destinationPortRange", "22"),
    ]


def network_exposed() -> tuple[Evidence, ...]:
    nsg = group("nsg", allow("ssh", 100, "22", "Internet"))
    inventory = Inventory([Resource.from_body(nsg)])
    context = Context(inventory.by_key[nsg["id"].lower()], inventory, FactStore(inventory))
    return with_grounds([Evidence("facts.nsg_openings.internet[0].kinds", ["ssh"], "without ssh")], context)


def test_the_reports_of_the_demo_tenant_hold_no_names_of_facts_and_no_counts():
    findings = [result for result in audit(open_demo()).results if result.outcome is Outcome.FAIL]

    lines = [line.path for result in findings for line in result.evidence]
    assert len(findings) > 300
    assert [path for path in lines if "facts." in path or "count(" in path] == []
    assert [result.rule.id for result in findings if not result.evidence] == []


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

    assert [(one.path.rpartition(":")[2], one.actual, one.expected) for one in led] == [
        ("properties.attributes.exp", 1_700_000_000, "a date to come")
    ]
