"""What a `field` reads, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.rules.conditions import Language
from tests.conftest import arm_id
from tests.rules.conditions.judging import judge, other, site

BODY = site(
    {"minimumTlsVersion": "TLS1_0", "nested": {"Deep": 1}, "list": [{"a": 1}, {"a": 2}], "x.y": "dotted"},
    kind="app",
    tags={"Env": "Prod", "cost center": "42", "Acct.CostCenter": "7", "it's": "q"},
    identity={"type": "SystemAssigned, UserAssigned"},
    sku={"name": "Premium"},
)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("name", "web"),
        ("type", "Microsoft.Test/sites"),
        ("kind", "app"),
        ("fullName", "web"),
        ("id", BODY["id"]),
        ("identity.type", "SystemAssigned, UserAssigned"),
        ("tags.Env", "Prod"),
        ("tags.env", "Prod"),
        ("tags['cost center']", "42"),
        ("tags['Acct.CostCenter']", "7"),
        ("tags[Acct.CostCenter]", "7"),
        ("tags['''it's''']", "q"),
        ("tags['it''s']", "q"),
        ("sku.name", "Premium"),
        ("properties.minimumTlsVersion", "TLS1_0"),
        ("PROPERTIES.MINIMUMTLSVERSION", "TLS1_0"),
        ("properties.nested.deep", 1),
        ("properties.list[1].a", 2),
        ("properties['x.y']", "dotted"),
    ],
)
def test_path(field: str, expected: Any) -> None:
    assert judge({"field": field, "equals": expected}, BODY) is True
    assert judge({"field": field, "notEquals": expected}, BODY) is False


@pytest.mark.parametrize(
    "field",
    ["properties.no", "properties.minimumTlsVersion.no", "properties.list[7]", "properties.list.a", "tags.no", "zones"],
)
def test_missing_path(field: str) -> None:
    assert judge({"field": field, "exists": False}, BODY) is True


@pytest.mark.parametrize("operand", ["westeurope", "West Europe", "WESTEUROPE"])
def test_location_compares_in_any_form(operand: str) -> None:
    assert judge({"field": "location", "equals": operand}, BODY) is True
    assert judge({"field": "location", "in": [operand]}, BODY) is True


def test_full_name_has_the_parents() -> None:
    child = other("Microsoft.Sql/servers/databases", "server/db")
    assert judge({"field": "fullName", "equals": "server/db"}, child) is True
    assert judge({"field": "name", "equals": "db"}, child) is True


def test_full_name_is_read_from_an_id_in_any_case() -> None:
    child = other("Microsoft.Sql/servers/databases", "server/db")
    shouted = {**child, "id": child["id"].upper()}
    assert judge({"field": "fullName", "equals": "server/db"}, shouted) is True


def test_resource_group_has_the_type_that_policies_name() -> None:
    group = {"id": "/subscriptions/s/resourceGroups/rg", "type": "Microsoft.Resources/resourceGroups", "name": "rg"}
    assert judge({"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"}, group) is True


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Microsoft.Test/sites/minimumTlsVersion", "TLS1_0"),
        ("microsoft.test/SITES/nested.deep", 1),
        ("type", "Microsoft.Test/sites"),
        ("tags['Env']", "Prod"),
        ("[concat('tags[', parameters('tag'), ']')]", "Prod"),
    ],
)
def test_policy_field(field: str, expected: Any) -> None:
    condition = {"field": field, "equals": expected}
    assert judge(condition, BODY, language=Language.POLICY, parameters={"tag": "Env"}) is True


def test_alias_into_children_holds_for_all_of_them() -> None:
    condition = {"field": "Microsoft.Test/sites/children/open", "equals": True}
    children = [other("Microsoft.Test/sites/children", f"web/{n}", {"open": n != "c"}) for n in "abc"]
    assert judge(condition, BODY, children[:2], language=Language.POLICY) is True
    assert judge(condition, BODY, children, language=Language.POLICY) is False


def test_fact_is_read_by_family_and_path() -> None:
    facts = {"exposure": {"internet": True, "ways": [{"port": 22}, {"port": 443}]}}
    assert judge({"field": "facts.exposure.internet", "equals": True}, facts=facts) is True
    assert judge({"field": "facts.exposure.ways[*].port", "greater": 21}, facts=facts) is True
    assert judge({"field": "facts.exposure.no", "exists": False}, facts=facts) is True


def test_id_of_the_judged_resource_is_as_the_service_wrote_it() -> None:
    assert judge({"field": "id", "equals": arm_id("Microsoft.Test/sites", "WEB")}, BODY) is True
