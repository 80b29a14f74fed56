"""What relates to what: ids in any spelling, references both ways, children wherever they came from."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.inventory import ids
from auditor.inventory.coverage import ExportCoverage, Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, pattern_of

SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUB}/resourceGroups/rg"
NET = f"{GROUP}/providers/Microsoft.Network"
VNET = f"{NET}/virtualNetworks/v1"
NSG = f"{NET}/networkSecurityGroups/n1"
NIC = f"{NET}/networkInterfaces/nic1"
ROLE = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"


def inventory(*bodies: dict[str, Any], **types: str) -> Inventory:
    return Inventory(Resource.from_body(body, resource_type=types.get(body["id"], "")) for body in bodies)


def vnet(**subnet: Any) -> dict[str, Any]:
    inner = {"id": f"{VNET}/subnets/s1", "name": "s1", "properties": {"networkSecurityGroup": {"id": NSG}, **subnet}}
    return {"id": VNET, "type": "Microsoft.Network/virtualNetworks", "properties": {"subnets": [inner]}}


# --- ids


@pytest.mark.parametrize(
    ("resource_id", "kind", "parent"),
    [
        (NSG, "Microsoft.Network/networkSecurityGroups", GROUP),
        (f"{VNET}/subnets/s1", "Microsoft.Network/virtualNetworks/subnets", VNET),
        (f"{VNET}/subnets/s1/", "Microsoft.Network/virtualNetworks/subnets", VNET),
        (f"{NSG}/providers/Microsoft.Insights/diagnosticSettings/d", "Microsoft.Insights/diagnosticSettings", NSG),
        (f"{SUB}/providers/Microsoft.Authorization/locks/l", "Microsoft.Authorization/locks", SUB),
        (GROUP, ids.RESOURCE_GROUP_TYPE, SUB),
        (SUB, ids.SUBSCRIPTION_TYPE, ""),
        (SUB.upper(), ids.SUBSCRIPTION_TYPE, ""),
        (ROLE, "Microsoft.Authorization/roleDefinitions", ""),
        ("/providers/Microsoft.Management/managementGroups/mg", ids.MANAGEMENT_GROUP_TYPE, ""),
        (
            "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/roleAssignments/a",
            "Microsoft.Authorization/roleAssignments",
            "/providers/Microsoft.Management/managementGroups/mg",
        ),
        ("/", "", ""),
        ("", "", ""),
        ("11111111-1111-1111-1111-111111111111", "", ""),
        ("/providers", "", ""),
        ("/providers/Microsoft.X", "", ""),
        ("//", "", ""),
    ],
)
def test_what_an_id_names_and_what_contains_it(resource_id: str, kind: str, parent: str):
    assert ids.type_of_id(resource_id) == kind
    assert ids.parent_of(resource_id) == parent


@pytest.mark.parametrize(
    ("resource_id", "subscription", "group"),
    [
        (NSG, SUB[15:], "rg"),
        (NSG.upper(), SUB[15:], "RG"),
        (GROUP, SUB[15:], "rg"),
        (SUB, SUB[15:], ""),
        (ROLE, "", ""),
        ("", "", ""),
    ],
)
def test_subscription_and_group_of_an_id(resource_id: str, subscription: str, group: str):
    assert (ids.subscription_of(resource_id), ids.resource_group_of(resource_id)) == (subscription, group)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("Properties.A", "properties.a"), ("a[0].B[12].c", "a[*].b[*].c"), ("a[0]", "a[*]"), ("a[0][1]", "a[*][*]")],
)
def test_the_pattern_of_a_path(path: str, pattern: str):
    assert pattern_of(path) == pattern


# --- resources


@pytest.mark.parametrize("spelling", [NSG, NSG.upper(), NSG.lower(), NSG + "/"])
def test_ids_compare_without_case_and_trailing_slash(spelling: str):
    found = inventory({"id": NSG}).get(spelling)

    assert found is not None
    assert found.id == NSG


def test_of_two_bodies_with_one_id_the_later_one_wins():
    (found,) = inventory({"id": NSG, "tags": {"a": "1"}}, {"id": NSG.upper(), "tags": {"a": "2"}})

    assert found.body["tags"] == {"a": "2"}


def test_both_names_of_the_resource_groups_type_are_one():
    found = inventory({"id": GROUP, "type": "Microsoft.Resources/resourceGroups"})

    assert [r.id for r in found.of_type("microsoft.resources/subscriptions/resourcegroups")] == [GROUP]
    assert [r.id for r in found.of_type("Microsoft.Resources/resourceGroups")] == [GROUP]


def test_children_in_a_body_are_resources_of_their_own():
    found = inventory(vnet())
    (network,) = found.of_type("Microsoft.Network/virtualNetworks")

    assert [child.name for child in found.children(network, "subnets")] == ["s1"]
    assert found.collected == 1
    assert len(found) == 2


@pytest.mark.parametrize("first", [True, False])
def test_a_child_that_was_also_read_on_its_own_is_there_once_as_read_on_its_own(first: bool):
    own = {"id": f"{VNET}/SUBNETS/S1", "properties": {"fresh": True}}
    found = inventory(*([own, vnet()] if first else [vnet(), own]))

    (subnet,) = found.of_type("Microsoft.Network/virtualNetworks/subnets")
    assert subnet.body["properties"] == {"fresh": True}


def test_a_child_whose_own_read_lacks_properties_is_taken_from_the_parents_body():
    gap = Gap("x", "y", "z", None, "NotInExport")
    stub = Resource.from_body({"id": f"{VNET}/subnets/s1"}, unread={"properties": gap})
    found = Inventory([stub, Resource.from_body(vnet())])

    (subnet,) = found.of_type("Microsoft.Network/virtualNetworks/subnets")
    assert subnet.unread == {}


def test_only_elements_below_the_bodys_own_id_are_children():
    body = vnet()
    body["properties"]["peerings"] = [{"id": f"{NET}/virtualNetworks/v2/x/y", "properties": {}}, "text", None, 3]

    assert len(inventory(body)) == 2


def test_children_several_steps_down():
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st1"
    found = inventory(
        {"id": account},
        {"id": account + "0"},
        {"id": f"{account}/blobServices/default/containers/a"},
        {"id": f"{account}0/blobServices/default/containers/b"},
        {"id": f"{account}-x/blobServices/default/containers/c"},
    )

    children = found.children(found.get(account), "blobServices/containers")
    assert [child.name for child in children] == ["a"]


def test_extensions_of_a_resource():
    found = inventory({"id": NSG}, {"id": f"{NSG}/providers/Microsoft.Insights/diagnosticSettings/d1"})

    assert [r.name for r in found.children(found.get(NSG), "Microsoft.Insights/diagnosticSettings")] == ["d1"]


# --- references


def targets(body: dict[str, Any], *others: dict[str, Any]) -> set[tuple[str, str]]:
    found = inventory(body, *others)
    return {(reference.path, reference.target) for reference in found.references_from(found.get(body["id"]))}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"x": {"id": NSG.upper() + "/"}}, {("properties.x.id", NSG.lower())}),
        ({"list": [NSG, {"id": VNET}]}, {("properties.list[0]", NSG.lower()), ("properties.list[1].id", VNET.lower())}),
        ({"nested": [[NSG]]}, {("properties.nested[0][0]", NSG.lower())}),
        ({"by": {NSG: {"a": 1}}}, {("properties.by", NSG.lower())}),
        ({"self": NIC, "part": f"{NIC}/ipConfigurations/a"}, set()),
        ({"text": "/healthz", "path": "/", "empty": "", "number": 3, "none": None}, set()),
        ({"guid": "22222222-2222-2222-2222-222222222222"}, set()),
        ({"role": ROLE}, {("properties.role", ROLE.lower())}),
        ({"scope": SUB}, {("properties.scope", SUB)}),
    ],
)
def test_what_counts_as_a_reference(properties: dict[str, Any], expected: set[tuple[str, str]]):
    assert targets({"id": NIC, "properties": properties}) == expected


def test_identities_are_property_names():
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i1"
    body = {"id": NIC, "identity": {"userAssignedIdentities": {identity: {}}}}

    assert targets(body) == {("identity.userAssignedIdentities", identity.lower())}


def test_a_guid_refers_to_a_directory_object_that_is_known():
    guid = "ABCDEFAB-0000-0000-0000-000000000001"
    principal = {"id": guid.lower(), "type": "Microsoft.Graph/servicePrincipals"}
    found = inventory({"id": NIC, "properties": {"principalId": guid}}, principal)

    assert [r.path for r in found.references_from(found.get(NIC))] == ["properties.principalId"]
    assert [r.source for r in found.references_to(guid)] == [NIC.lower()]


def test_references_are_followed_backwards_by_type_and_path():
    nic = {
        "id": NIC,
        "properties": {"networkSecurityGroup": {"id": NSG.upper()}, "ipConfigurations": [{"subnet": {"id": NSG}}]},
    }
    found = inventory(vnet(), nic, {"id": NSG})
    group = found.get(NSG)

    def names(kind: str, path: str | None = None) -> list[str]:
        return [r.name for r in found.referencing(group, kind, path)]

    assert names("microsoft.network/networkinterfaces") == ["nic1"]
    assert names("Microsoft.Network/networkInterfaces", "properties.networkSecurityGroup.id") == ["nic1"]
    assert names("Microsoft.Network/networkInterfaces", "properties.ipConfigurations[*].subnet.id") == ["nic1"]
    assert names("Microsoft.Network/networkInterfaces", "properties.other.id") == []
    assert names("Microsoft.Network/virtualNetworks/subnets", "properties.networkSecurityGroup.id") == ["s1"]
    assert names("Microsoft.Network/routeTables") == []


def test_a_reference_to_a_part_counts_for_what_holds_it():
    address = {
        "id": f"{NET}/publicIPAddresses/p1",
        "properties": {"ipConfiguration": {"id": f"{NIC}/ipConfigurations/a"}},
    }
    found = inventory(address, {"id": NIC})
    nic = found.get(NIC)

    assert [r.name for r in found.referencing(nic, "Microsoft.Network/publicIPAddresses")] == ["p1"]
    assert found.nearest(f"{NIC}/ipConfigurations/a") is nic
    assert found.nearest(f"{NET}/networkInterfaces/other/ipConfigurations/a") is None


@pytest.mark.parametrize("written", [ROLE, SUB + ROLE, GROUP + ROLE.upper()])
def test_a_definition_is_found_whatever_scope_its_id_is_written_with(written: str):
    assignment = {
        "id": f"{SUB}/providers/Microsoft.Authorization/roleAssignments/a",
        "properties": {"roleDefinitionId": written},
    }
    found = inventory(assignment, {"id": ROLE})

    assert found.get(written) is found.get(ROLE)
    assert [r.name for r in found.referencing(found.get(ROLE), "Microsoft.Authorization/roleAssignments")] == ["a"]


def test_deep_and_wide_bodies_are_followed():
    deep: Any = {"id": NSG}
    for _ in range(5000):
        deep = [{"a": deep}]
    found = inventory({"id": NIC, "properties": deep}, {"id": NSG})

    assert len(found.references_to(NSG)) == 1


@pytest.mark.parametrize("odd", [None, [], "text", 3, {"id": None}, {"id": ""}, {"name": 3, "type": 4, "location": []}])
def test_odd_shapes_do_not_disturb(odd: Any):
    found = inventory({"id": NIC, "properties": odd, "identity": odd, "tags": odd, "name": odd, "type": odd})
    (resource,) = found

    assert (resource.name, resource.location, resource.type) == (
        "text" if odd == "text" else "nic1", "", "Microsoft.Network/networkInterfaces"
    )  # fmt: skip


def test_a_body_without_an_id_is_no_resource():
    with pytest.raises(ValueError, match="needs an id"):
        Resource.from_body({"name": "x"})


# --- coverage


KIND = "microsoft.storage/storageaccounts"
DENIED = Gap(SUB, KIND, "GET", 403, "AuthorizationFailed")


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        (f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a", "AuthorizationFailed"),
        (SUB.upper(), "AuthorizationFailed"),
        (f"{GROUP}/providers/Microsoft.Storage/storageAccounts/read", None),
        ("/subscriptions/22222222-2222-2222-2222-222222222222", None),
        (None, "AuthorizationFailed"),
    ],
)
def test_the_nearest_line_of_the_ledger_speaks(scope: str | None, code: str | None):
    ledger = Ledger(
        [
            LedgerEntry("/", KIND, ReadState.COMPLETE),
            LedgerEntry(SUB, KIND, ReadState.DENIED, gap=DENIED),
            LedgerEntry(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/read", KIND, ReadState.UNSUPPORTED),
        ]
    )

    gap = ledger.gap(KIND, scope)

    assert (gap.code if gap else None) == code


def test_what_bodies_hold_was_read_where_the_bodies_were():
    ledger = Ledger([LedgerEntry(SUB, "Microsoft.Network/virtualNetworks", ReadState.COMPLETE)])

    assert ledger.gap("microsoft.network/virtualnetworks/subnets", VNET) is None
    assert ledger.gap("microsoft.network/virtualnetworks/gateways", VNET).code == "NotAsked"
    assert ledger.gap("microsoft.network/virtualnetworks", "/subscriptions/2").code == "NotAsked"


def test_of_what_an_export_holds_none_nothing_is_known():
    coverage = ExportCoverage({"microsoft.network/virtualnetworks"}, "x.json")

    assert coverage.gap("microsoft.network/virtualnetworks", None) is None
    assert coverage.gap("microsoft.network/virtualnetworks/subnets", VNET) is None
    assert coverage.gap("microsoft.sql/servers", SUB).code == "NotInExport"
