"""Security admin rules of Azure Virtual Network Manager, from the inventory to what the internet reaches."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.model import Unread
from tests.conftest import SUBSCRIPTION, arm_id
from tests.facts.network_worlds import Body, allow, fact, group, network, nic, pip, ref, subnet_id

MANAGER = "Microsoft.Network/networkManagers"
CONFIGURATION = f"{MANAGER}/securityAdminConfigurations"


def body(kind: str, name: str, **properties: Any) -> Body:
    return {"id": arm_id(kind, name), "name": name.rpartition("/")[2], "type": kind, "properties": properties}


def admin_rule(access: str, ports: str, *, priority: int = 10, place: str = "m/c/base", **more: Any) -> Body:
    """A security admin rule about what comes in from the internet; `place` is manager, configuration, collection."""
    properties = {
        "access": access,
        "direction": "Inbound",
        "priority": priority,
        "protocol": "Tcp",
        "sources": [{"addressPrefix": "Internet", "addressPrefixType": "ServiceTag"}],
        "destinations": [{"addressPrefix": "*", "addressPrefixType": "IPPrefix"}],
        "sourcePortRanges": ["0-65535"],
        "destinationPortRanges": [ports],
        **more,
    }
    return body(f"{CONFIGURATION}/ruleCollections/rules", f"{place}/r{priority}", **properties)


def collection(place: str = "m/c/base", *groups: str) -> Body:
    """A rule collection and the network groups it applies to."""
    applies = [{"networkGroupId": network_group(name)} for name in groups or ("all",)]
    return body(f"{CONFIGURATION}/ruleCollections", place, appliesToGroups=applies)


def network_group(name: str) -> str:
    return arm_id(f"{MANAGER}/networkGroups", f"m/{name}")


def extension(vnet: Body, kind: str, **properties: Any) -> Body:
    identifier = f"{vnet['id']}/providers/Microsoft.Network/{kind}/default"
    return {"id": identifier, "name": "default", "type": f"Microsoft.Network/{kind}", "properties": properties}


def managed(*admin: Body, rules: Any = (), configurations: Any = ("m/c",), member_of: Any = ("all",)) -> list[Body]:
    """A machine with a public address in a network to which a manager applies configurations."""
    nsg = group("nsg", *rules)
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(nsg)}})
    address = pip()
    applied = [{"id": f"{arm_id(CONFIGURATION, name)}/snapshots/3"} for name in configurations]
    groups = [{"networkGroupId": network_group(name).upper()} for name in member_of]
    return [
        nic("nic", subnet_id(vnet, "app"), publicIPAddress=ref(address)),
        vnet,
        nsg,
        address,
        extension(vnet, "effectiveSecurityAdminRules", effectiveSecurityAdminConfigurations=applied),
        extension(vnet, "networkGroupMemberships", groupMemberships=groups),
        *admin,
    ]


def reached(bodies: list[Body]) -> list[tuple[int, str]]:
    return [(path["first_port"], path["rule"]) for path in fact(bodies)["paths"]]


SSH = (allow("ssh", 100, "22"),)


@pytest.mark.parametrize(
    ("access", "rules", "expected"),
    [
        ("AlwaysAllow", (), [(22, "base/r10 (10)")]),
        ("AlwaysAllow", SSH, [(22, "base/r10 (10)")]),
        ("Deny", SSH, []),
        ("Allow", SSH, [(22, "nsg/ssh (100)")]),
        ("Allow", (), []),
    ],
)
def test_admin_rules_come_before_groups(access, rules, expected):
    assert reached(managed(admin_rule(access, "22"), collection(), rules=rules)) == expected


def test_the_first_admin_rule_decides():
    first, second = admin_rule("AlwaysAllow", "22", priority=5), admin_rule("Deny", "1-65535", priority=10)

    assert reached(managed(second, first, collection(), rules=SSH)) == [(22, "base/r5 (5)")]


def test_always_allow_opens_a_standard_address_without_any_group():
    bodies = managed(admin_rule("AlwaysAllow", "22"), collection())
    del bodies[1]["properties"]["subnets"][0]["properties"]["networkSecurityGroup"]

    assert reached(bodies) == [(22, "base/r10 (10)")]


def test_a_collection_for_other_groups_does_not_apply():
    bodies = managed(
        admin_rule("AlwaysAllow", "22"),
        collection("m/c/base", "prod"),
        collection("m/c/more", "all"),
        member_of=["all"],
    )

    assert reached(bodies) == []


def test_a_configuration_that_is_not_in_force_does_not_apply():
    assert reached(managed(admin_rule("Deny", "22"), collection(), rules=SSH, configurations=())) == [
        (22, "nsg/ssh (100)")
    ]


def test_what_was_deployed_counts_and_not_a_later_edit():
    edited = admin_rule("Deny", "22")
    deployed = {**admin_rule("Allow", "22"), "type": f"{edited['type']}/snapshots"}
    deployed |= {"id": f"{edited['id']}/snapshots/0", "name": "0"}

    assert reached(managed(edited, deployed, collection(), rules=SSH)) == [(22, "nsg/ssh (100)")]


def test_the_regions_goal_state_says_which_rules_are_deployed():
    rule = admin_rule("Deny", "22")
    other = admin_rule("Deny", "80", priority=20)
    goal = body(f"{MANAGER}/securityAdminRegionalGoalStates", "m/westeurope", securityAdminRules=[other["id"]])

    bodies = managed(rule, other, collection(), {**goal, "location": "West Europe"}, rules=SSH)

    assert reached(bodies) == [(22, "nsg/ssh (100)")]


def test_names_in_older_rows_begin_with_capitals():
    bodies = managed(collection(), rules=SSH)
    applied = bodies[4]["properties"].pop("effectiveSecurityAdminConfigurations")
    bodies[4]["properties"]["EffectiveSecurityAdminConfigurations"] = [{"Id": entry["id"]} for entry in applied]
    rule = admin_rule("Deny", "22")
    rule["properties"] = {name[:1].upper() + name[1:]: value for name, value in rule["properties"].items()}

    assert reached([*bodies, rule]) == []


def test_network_groups_as_sources_are_their_members_addresses():
    source = [{"addressPrefix": network_group("all"), "addressPrefixType": "NetworkGroup"}]
    bodies = managed(admin_rule("Deny", "22", sources=source), collection(), rules=SSH)

    assert reached(bodies) == [(22, "nsg/ssh (100)")]


def test_only_allow_rules_reach_a_network_with_a_managed_instance_where_that_is_chosen():
    configuration = body(CONFIGURATION, "m/c", applyOnNetworkIntentPolicyBasedServices=["AllowRulesOnly"])
    bodies = managed(admin_rule("Deny", "22"), collection(), configuration, rules=SSH)
    delegation = {"name": "d", "properties": {"serviceName": "Microsoft.Sql/managedInstances"}}
    bodies[1]["properties"]["subnets"].append({"name": "mi", "properties": {"delegations": [delegation]}})

    assert reached(bodies) == [(22, "nsg/ssh (100)")]


# --- several managers


def manager(name: str, **scopes: Any) -> Body:
    return body(MANAGER, name, networkManagerScopes=scopes)


def two_managers(*managers: Body) -> list[Body]:
    return managed(
        admin_rule("AlwaysAllow", "22", place="low/c/base"),
        collection("low/c/base"),
        admin_rule("Deny", "22", place="high/c/top"),
        collection("high/c/top"),
        *managers,
        configurations=("low/c", "high/c"),
    )


def test_of_two_managers_the_one_with_the_higher_scope_is_first():
    high = manager("high", managementGroups=["/providers/Microsoft.Management/managementGroups/root"])
    low = manager("low", subscriptions=[f"/subscriptions/{SUBSCRIPTION}"])

    assert reached(two_managers(high, low)) == []


def test_which_of_two_managers_comes_first_is_not_guessed():
    same = {"managementGroups": ["/providers/Microsoft.Management/managementGroups/root"]}

    found = fact(two_managers(manager("high", **same), manager("low", **same)))

    assert isinstance(found, Unread)
    assert found.gap.code == "OrderUnknown"


# --- not read


def test_what_a_manager_applies_and_was_not_found_is_unknown():
    found = fact(managed(rules=SSH))

    assert isinstance(found, Unread)
    assert found.gap.type == "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections"


def export(*bodies: Body) -> Any:
    present = {one["type"].lower() for one in bodies}
    return fact(list(bodies), coverage=ExportCoverage(present, "export.json"))


def exported() -> list[Body]:
    return [one for one in managed(rules=SSH) if not one["id"].endswith("/default")]


def test_an_export_without_network_managers_is_of_a_tenant_without_them():
    assert export(*exported())["open"]


def test_an_export_with_a_network_manager_and_without_what_it_applies_is_unknown():
    found = export(*exported(), manager("m", subscriptions=[f"/subscriptions/{SUBSCRIPTION}"]))

    assert isinstance(found, Unread)
    assert found.gap.type == "microsoft.network/effectivesecurityadminrules"


@pytest.mark.parametrize(
    ("rules", "past"),
    [((), True), (SSH, False), ((allow("web", 100, "443"),), True), ((allow("some", 100, "20-30"),), False)],
)
def test_what_only_an_admin_rule_opens_is_told(rules, past):
    path = next(
        path
        for path in fact(managed(admin_rule("AlwaysAllow", "22"), collection(), rules=rules))["paths"]
        if path["first_port"] == 22
    )

    assert path["past_groups"] is past
