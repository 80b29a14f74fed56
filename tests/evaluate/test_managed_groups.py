"""Findings in resource groups that belong to a service."""

from __future__ import annotations

import pytest

from auditor.api import audit, choose_rules
from auditor.inventory.inventory import Inventory
from auditor.inventory.managed import GROUP_TYPE, ManagedGroups
from auditor.inventory.model import Resource
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-managed"


def resource(kind, name, group=GROUP, **properties):
    return {"id": f"{group}/providers/{kind}/{name}", "type": kind, "name": name, "properties": properties}


def owner(kind, **properties):
    return resource(kind, "owner", f"{SUBSCRIPTION}/resourceGroups/rg", **properties)


def group(managed_by=None):
    return {"id": GROUP, "type": GROUP_TYPE, "name": "rg-managed", "managedBy": managed_by, "properties": {}}


def inventory(*bodies):
    return Inventory([Resource.from_body(body) for body in bodies])


ACCOUNT = resource("Microsoft.Storage/storageAccounts", "stmanaged", supportsHttpsTrafficOnly=False)
CLUSTER = "Microsoft.ContainerService/managedClusters"
DENIAL = {
    "id": f"{GROUP}/providers/Microsoft.Authorization/denyAssignments/d1",
    "type": "Microsoft.Authorization/denyAssignments",
    "name": "d1",
    "properties": {"scope": GROUP, "isSystemProtected": True, "permissions": [{"actions": ["*"]}]},
}


@pytest.mark.parametrize(
    ("bodies", "manager", "locked"),
    [
        ([], None, None),
        ([group()], None, None),
        ([group("someone")], None, None),
        ([group(owner("Microsoft.Databricks/workspaces")["id"])], "owner", True),
        ([owner("Microsoft.Databricks/workspaces", managedResourceGroupId=GROUP.upper())], "owner", True),
        ([owner("Microsoft.Synapse/workspaces", managedResourceGroupName="RG-managed")], "owner", True),
        ([owner("Microsoft.Solutions/applications", managedResourceGroupId=GROUP)], "owner", True),
        ([owner(CLUSTER, nodeResourceGroup="rg-managed")], "owner", False),
        (
            [
                owner(
                    CLUSTER,
                    nodeResourceGroup="rg-managed",
                    nodeResourceGroupProfile={"restrictionLevel": "ReadOnly"},
                )
            ],
            "owner",
            True,
        ),
        ([owner(CLUSTER, nodeResourceGroup="rg-managed"), DENIAL], "owner", True),
        ([DENIAL], "d1", True),
        ([{**DENIAL, "properties": {**DENIAL["properties"], "isSystemProtected": False}}], None, None),
    ],
)
def test_whose_a_group_is(bodies, manager, locked):
    found = ManagedGroups(inventory(ACCOUNT, *bodies)).of(Resource.from_body(ACCOUNT))

    assert (found and found.name, found and found.locked) == (manager, locked)


def report(*bodies, select=("storage-https-only",)):
    source = Source(Manifest("test", None, None), inventory(*bodies))
    return audit(source, choose_rules(select=select), keep_passed=True)


def outcomes(found):
    return {(result.subject.name, str(result.outcome)) for result in found.results}


def test_what_cannot_be_changed_is_left_out_and_told_of_the_service():
    workspace = owner("Microsoft.Databricks/workspaces", managedResourceGroupId=GROUP)
    found = report(ACCOUNT, workspace, select=("storage-https-only", "databricks-storage-firewall"))

    assert outcomes(found) == {("stmanaged", "not-applicable"), ("owner", "fail")}
    assert [notice for notice in found.notices if notice.startswith("owner (rg-managed): 1 finding ")]


def test_an_ordinary_group_is_judged():
    found = report(ACCOUNT, group())

    assert outcomes(found) == {("stmanaged", "fail")}
    assert found.notices == ()


def test_what_a_cluster_opens_is_told_where_it_is_open():
    rules = [
        {"name": "ssh", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp"}}
    ]
    rules[0]["properties"] |= {
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    nodes = resource("Microsoft.Network/networkSecurityGroups", "nodes", securityRules=rules)
    cluster = owner(CLUSTER, nodeResourceGroup="rg-managed")

    assert ("nodes", "fail") in outcomes(report(nodes, cluster, select=("nsg-management-port-open",)))
    assert ("nodes", "not-applicable") in outcomes(report(nodes, cluster, select=("nsg-unattached",)))
