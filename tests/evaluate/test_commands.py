"""The command of a finding: names that are known stand in it, and it shuts what opened the way."""

from __future__ import annotations

import pytest

from auditor.api import audit, choose_rules
from auditor.evaluate.commands import command_for, fill_places, places, without_paths
from auditor.facts.network.mending import mending
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import Context, Evidence, Remediation
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source
from tests.conftest import arm_id
from tests.facts.network_worlds import allow, group, net

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
NETWORK = f"{GROUPS}/rg/providers/Microsoft.Network"
SCOPE = f"--subscription {SUBSCRIPTION} --resource-group rg"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{root}/{parent}/{name}", "kv/kv/k1"),
        ("{resource_group} {subscription_id}", f"rg {SUBSCRIPTION}"),
        ("{name} --query '{a: b}'", "k1 --query '{a: b}'"),
    ],
)
def test_a_child_has_its_own_name_and_those_of_its_parents(template, expected):
    names = places(f"{GROUPS}/rg/providers/Microsoft.KeyVault/vaults/kv/keys/k1", "Microsoft.KeyVault/vaults/keys")

    assert fill_places(template, names) == expected


def command(az, body, *evidence, mend=""):
    resource = Resource.from_body(body)
    inventory = Inventory([resource])
    context = Context(resource, inventory, FactStore(inventory))
    return command_for(Remediation("", az=az, mend=mend), context, evidence)


def test_a_name_from_the_body_is_that_of_the_element_that_decided():
    body = net("waf", "frontDoorWebApplicationFirewallPolicies", rules=[{"name": "a"}, {"name": "b"}, {"name": "$(c)"}])
    az = "az x --name {properties.rules[*].name|RULE}"

    assert command(az, body, Evidence("properties.rules[1].action", "Allow", "Block")) == "az x --name b"
    assert command(az, body) == "az x --name a"
    assert command(az, body, Evidence("properties.rules[2].action", "Allow", "Block")) == "az x --name RULE"
    assert without_paths(az) == "az x --name RULE"


def test_two_lists_in_one_another_are_both_those_that_decided():
    inner = [[{"name": "a"}, {"name": "b"}], [{"name": "c"}, {"name": "d"}]]
    body = net("p", "firewallPolicies", outer=[{"inner": rules} for rules in inner])

    found = command(
        "az x {properties.outer[*].inner[*].name|RULE}", body, Evidence("properties.outer[1].inner[1].x", 1, "2")
    )

    assert found == "az x d"


@pytest.mark.parametrize(
    ("opener", "expected"),
    [
        (
            f"{NETWORK}/networkSecurityGroups/nsg/securityRules/ssh",
            f"az network nsg rule update {SCOPE} --nsg-name nsg --name ssh --source-address-prefixes 198.51.100.0/28",
        ),
        (
            f"{NETWORK}/networkManagers/m/securityAdminConfigurations/c/ruleCollections/r/rules/x",
            f"az network manager security-admin-config rule-collection rule update {SCOPE} --network-manager-name m "
            "--configuration-name c --rule-collection-name r --rule-name x --access Allow",
        ),
        (
            f"{NETWORK}/firewallPolicies/p/ruleCollectionGroups/g/ruleCollections/c/rules/dnat",
            f"az network firewall policy rule-collection-group collection rule update {SCOPE} --policy-name p "
            "--rule-collection-group-name g --collection-name c --name dnat --source-addresses 198.51.100.0/28",
        ),
        (
            f"{NETWORK}/azureFirewalls/f/natRuleCollections/c/rules/dnat",
            f"az network firewall nat-rule delete {SCOPE} --firewall-name f --collection-name c --name dnat",
        ),
        (f"{NETWORK}/networkSecurityGroups/nsg/securityRules/$(x)", ""),
        (f"{NETWORK}/loadBalancers/lb", ""),
    ],
)
def test_what_shuts_a_way_depends_on_what_opened_it(opener, expected):
    assert mending([opener], Resource.from_body(net("nic", "networkInterfaces"))) == expected


def test_without_a_rule_there_is_a_group_missing():
    found = mending([], Resource.from_body(net("nic", "networkInterfaces")))

    assert found.startswith("az network nic update --subscription ")
    assert found.endswith(" --name nic --network-security-group NSG")
    assert mending([], Resource.from_body({"id": arm_id("Microsoft.Compute/virtualMachineScaleSets", "s")})) == ""


def test_a_finding_carries_its_command():
    body = group("nsg", allow("ssh", 100, "22", "Internet"))
    source = Source(Manifest("test", None, None), Inventory([Resource.from_body(body)]))

    (found,) = audit(source, choose_rules(select=["nsg-management-port-open"])).results

    assert found.command == mending([f"{body['id']}/securityRules/ssh"], Resource.from_body(body))
    assert found.command.count("az ") == 1, "IPv4 and IPv6 are opened by one rule"
