"""Properties that differ, and all the ways of writing the same that do not."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.evaluate.difference import Kind
from auditor.evaluate.property_diff import property_changes
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

NSG = "Microsoft.Network/networkSecurityGroups"
ACCOUNT = "Microsoft.Storage/storageAccounts"
SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
ID = f"{SUBSCRIPTION}/resourceGroups/rg/providers/{ACCOUNT}/st1"


def secret(digest: str, kind: str = "plain") -> dict[str, Any]:
    return {"$secret": {"kind": kind, "hash": digest * 32}}


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    inventories = [
        Inventory([Resource.from_body({"id": ID, "properties": properties})]) for properties in (before, after)
    ]
    return [
        (c.path.removeprefix("properties."), c.kind.value, c.before, c.after) for c in property_changes(*inventories)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"tls": "1.0"}, {"tls": "1.2"}, [("tls", "changed", "1.0", "1.2")]),
        ({"tls": "1.0"}, {}, [("tls", "removed", "1.0", None)]),
        ({}, {"acl": {"bypass": "None"}}, [("acl", "added", None, {"bypass": "None"})]),
        ({"n": 0}, {"n": False}, [("n", "changed", 0, False)]),
        (
            {"rules": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]},
            {"rules": [{"name": "b", "port": 3}, {"name": "A", "port": 1}]},
            [("rules['b'].port", "changed", 2, 3), ("rules['A'].name", "changed", "a", "A")],
        ),
        (
            {"rules": [{"name": "a", "port": 1}]},
            {"rules": [{"name": "b", "port": 2}, {"name": "a", "port": 1}]},
            [("rules['b']", "added", None, {"name": "b", "port": 2})],
        ),
        (
            {
                "nets": [
                    {"id": "/subscriptions/x/providers/Microsoft.Network/virtualNetworks/v/subnets/s", "state": "a"}
                ]
            },
            {
                "nets": [
                    {"id": "/subscriptions/X/providers/microsoft.network/virtualnetworks/v/subnets/s", "state": "b"}
                ]
            },
            [("nets['s'].state", "changed", "a", "b")],
        ),
        ({"ips": ["a", "b"]}, {"ips": ["c", "a"]}, [("ips[*]", "removed", "b", None), ("ips[*]", "added", None, "c")]),
        ({"ips": [{"value": "1"}]}, {"ips": [{"value": "2"}]}, [("ips[*].value", "changed", "1", "2")]),
        ({"a.b": 1}, {"a.b": 2}, [("['a.b']", "changed", 1, 2)]),
        (
            {"key": secret("a")},
            {"key": secret("a", "sas")},
            [("key", "changed", {"$secret": {"kind": "plain"}}, {"$secret": {"kind": "sas"}})],
        ),
    ],
)
def test_a_change_is_told_at_its_property(before: Any, after: Any, expected: Any):
    found = changed(before, after)

    assert sorted(found, key=repr) == sorted(
        [(f"properties{path}" if path.startswith("[") else path, *rest) for path, *rest in expected], key=repr
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"ips": ["a", "b"]}, {"ips": ["b", "a"]}),
        ({"rules": [{"name": "a"}, {"name": "b"}]}, {"rules": [{"name": "b"}, {"name": "a"}]}),
        ({"rules": [{"x": [1, 2]}, {"x": [3]}]}, {"rules": [{"x": [3]}, {"x": [2, 1]}]}),
        ({"Tls": "1.0"}, {"tls": "1.0"}),
        ({"tls": None}, {}),
        ({"etag": "a"}, {"etag": "b"}),
        ({"subnet": "/subscriptions/A/x/"}, {"subnet": "/subscriptions/a/X"}),
        ({"key": secret("a")}, {"key": secret("b")}),
        ({"keys": [secret("a")]}, {"keys": [secret("b")]}),
    ],
)
def test_what_only_looks_otherwise_is_no_change(before: Any, after: Any):
    assert changed(before, after) == []


def group(name: str, access: str) -> Resource:
    identifier = f"{SUBSCRIPTION}/resourceGroups/rg/providers/{NSG}/{name}"
    rule = {"id": f"{identifier}/securityRules/ssh", "name": "ssh", "properties": {"access": access}}
    return Resource.from_body({"id": identifier, "name": name, "properties": {"securityRules": [rule]}})


def test_a_child_that_its_parents_body_holds_is_told_once():
    found = list(property_changes(Inventory([group("nsg", "Deny")]), Inventory([group("nsg", "Allow")])))

    assert [(change.resource.rpartition("/")[2], change.path) for change in found] == [
        ("nsg", "properties.securityRules['ssh'].properties.access")
    ]


def test_a_resource_is_removed_only_where_its_type_was_read():
    denied = Gap(SUBSCRIPTION, NSG, "GET", 403, "AuthorizationFailed")
    read = Ledger([LedgerEntry(SUBSCRIPTION, NSG, ReadState.COMPLETE)])
    unread = Ledger([LedgerEntry(SUBSCRIPTION, NSG, ReadState.DENIED, gap=denied)])
    there, gone, hidden = (Inventory([group("nsg", "Deny")], read), Inventory([], read), Inventory([], unread))

    assert [change.kind for change in property_changes(there, gone)] == [Kind.REMOVED]
    assert [change.kind for change in property_changes(there, hidden)] == [Kind.UNREADABLE]
    assert [change.kind for change in property_changes(gone, there)] == [Kind.ADDED]
    assert [change.kind for change in property_changes(hidden, there)] == [Kind.READABLE]


def test_properties_that_were_not_read_are_not_compared():
    gap = Gap(ID, ACCOUNT, "GET", 403, "AuthorizationFailed")
    known = Inventory([Resource.from_body({"id": ID, "properties": {"a": 1}})])
    hidden = Inventory([Resource.from_body({"id": ID}, unread={"properties": gap})])

    assert [(c.path, c.kind) for c in property_changes(known, hidden)] == [("properties", Kind.UNREADABLE)]
    assert [(c.path, c.kind) for c in property_changes(hidden, known)] == [("properties", Kind.READABLE)]
