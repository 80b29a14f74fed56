"""`related`: forwards, backwards, children, parent and by equal values, nested, and behind gaps."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.rules.model import Unknown
from tests.conftest import arm_id
from tests.rules.conditions.judging import SITE_ID, Missing, compiled, is_unknown, judge, other, site

NSG = "Microsoft.Network/networkSecurityGroups"
NIC = "Microsoft.Network/networkInterfaces"
ENDPOINT = "Microsoft.Network/privateEndpoints"
CHILD = "Microsoft.Test/sites/configs"
SETTINGS = "Microsoft.Insights/diagnosticSettings"

OPEN = other(NSG, "open", {"open": True})
SHUT = other(NSG, "shut", {"open": False})
BODY = site(
    {
        "group": {"id": arm_id(NSG, "OPEN")},
        "groups": [{"id": arm_id(NSG, "open")}, {"id": arm_id(NSG, "shut")}],
        "dangling": arm_id(NSG, "gone"),
        "part": arm_id(NIC, "nic") + "/ipConfigurations/one",
    },
    identity={"principalId": "p-1", "userAssignedIdentities": {arm_id("Microsoft.ManagedIdentity/x", "id1"): {}}},
)
OPEN_WHERE = {"field": "properties.open", "equals": True}
REFERENCING = "properties.connections[*].properties.target"

OTHERS = [
    OPEN,
    SHUT,
    other(NIC, "nic", {"vm": {"id": SITE_ID}}),
    other("Microsoft.ManagedIdentity/x", "id1"),
    other(ENDPOINT, "pe", {"connections": [{"properties": {"target": SITE_ID.upper()}}]}),
    other(CHILD, "web/one", {"level": 1}),
    other(CHILD, "web/two", {"level": 2}),
    other(CHILD, "elsewhere/three", {"level": 3}),
    {"id": f"{SITE_ID}/providers/{SETTINGS}/d", "name": "d", "type": SETTINGS, "properties": {"on": True}},
    other("Microsoft.Test/grants", "g1", {"principalId": "P-1", "role": "Owner"}),
    other("Microsoft.Test/grants", "g2", {"principalId": "p-2", "role": "Owner"}),
]


@pytest.mark.parametrize(
    ("related", "expected"),
    [
        ({"by": "properties.group.id"}, 1),
        ({"by": "properties.group.id", "where": OPEN_WHERE}, 1),
        ({"by": "properties.group.id", "where": {"not": OPEN_WHERE}}, 0),
        ({"by": "properties.groups[*].id"}, 2),
        ({"by": "properties.groups[*].id", "where": OPEN_WHERE}, 1),
        ({"by": "properties.part"}, 1),
        ({"by": "properties.part", "type": NSG}, 0),
        ({"by": "properties.dangling"}, 0),
        ({"by": "properties.no"}, 0),
        ({"by": "identity.userAssignedIdentities"}, 1),
        ({"type": ENDPOINT, "referencing": REFERENCING}, 1),
        ({"type": ENDPOINT, "referencing": "properties.elsewhere"}, 0),
        ({"type": NIC, "referencing": "properties.vm.id"}, 1),
        ({"child": "configs"}, 2),
        ({"child": "CONFIGS", "where": {"field": "properties.level", "greater": 1}}, 1),
        ({"child": SETTINGS, "where": {"field": "properties.on", "equals": True}}, 1),
        ({"type": "Microsoft.Test/grants", "matching": {"properties.principalId": "identity.principalId"}}, 1),
        ({"type": "Microsoft.Test/grants", "matching": {"properties.principalId": "[concat('p', '-2')]"}}, 1),
        (
            {
                "type": "Microsoft.Test/grants",
                "matching": {"properties.principalId": "identity.principalId", "properties.role": "[concat('no')]"},
            },
            0,
        ),
        ({"type": "Microsoft.Test/grants", "matching": {"properties.principalId": "properties.no"}}, 0),
    ],
)
def test_relation(related: dict[str, Any], expected: int) -> None:
    assert judge({"count": {"related": related}, "equals": expected}, BODY, OTHERS) is True
    assert judge({"related": related}, BODY, OTHERS) is (expected > 0)


def test_parent() -> None:
    child = other(CHILD, "web/one")
    where = {"field": "name", "equals": "web"}
    assert judge({"related": {"parent": True, "where": where}}, child, [BODY]) is True
    assert judge({"related": {"parent": True}}, child) is False


def test_where_may_stand_beside_related() -> None:
    count = {"related": {"child": "configs"}, "where": {"field": "properties.level", "equals": 2}}
    assert judge({"count": count, "equals": 1}, BODY, OTHERS) is True


def test_relations_nest_and_current_reaches_outward() -> None:
    up = {"parent": True, "where": {"related": {"by": "properties.group.id", "where": OPEN_WHERE}}}
    named = {
        "child": "configs",
        "name": "config",
        "where": {
            "allOf": [
                {"related": up},
                {
                    "related": {
                        "parent": True,
                        "where": {"value": "[current('config').properties.level]", "equals": 2},
                    }
                },
            ]
        },
    }
    assert judge({"count": {"related": named}, "equals": 1}, BODY, OTHERS) is True


def test_root_reads_the_judged_resource_from_a_relation() -> None:
    where = {"value": "[root('name')]", "equals": "web"}
    assert judge({"related": {"child": "configs", "where": where}}, BODY, OTHERS) is True


def test_needs_name_what_must_be_collected() -> None:
    needs = compiled(
        {
            "anyOf": [
                {"related": {"child": "configs"}},
                {"related": {"type": ENDPOINT, "where": {"related": {"child": "flows"}}}},
                {"related": {"by": "properties.networkSecurityGroup.id"}},
                {"field": "facts.exposure.internet", "equals": True},
                {"value": "[resourceGroup().name]", "equals": "x"},
            ]
        }
    ).needs
    assert needs.facts == {"exposure"}
    assert needs.types == {
        "microsoft.test/sites/configs",
        ENDPOINT.lower(),
        f"{ENDPOINT.lower()}/flows",
        NSG.lower(),
        "microsoft.resources/subscriptions/resourcegroups",
    }


@pytest.mark.parametrize(
    ("condition", "missing", "expected"),
    [
        # Children of one resource are asked for below it.
        ({"count": {"related": {"child": "configs"}}, "greaterOrEquals": 1}, CHILD, True),
        ({"count": {"related": {"child": "configs"}}, "greaterOrEquals": 3}, CHILD, None),
        ({"count": {"related": {"child": "configs"}}, "less": 2}, CHILD, False),
        ({"count": {"related": {"child": "configs"}}, "equals": 2}, CHILD, None),
        ({"count": {"related": {"child": "configs"}}, "equals": 1}, CHILD, False),
        ({"count": {"related": {"child": "configs"}}, "in": [0, 1]}, CHILD, False),
        ({"related": {"by": "properties.dangling"}}, NSG, None),
        ({"related": {"by": "properties.dangling"}}, NIC, False),
        ({"related": {"by": "properties.group.id"}}, NSG, True),
        ({"not": {"related": {"type": ENDPOINT, "referencing": "properties.no"}}}, ENDPOINT, None),
        ({"related": {"type": ENDPOINT, "referencing": REFERENCING}}, ENDPOINT, True),
        (
            {"related": {"type": "Microsoft.Test/grants", "matching": {"properties.principalId": "name"}}},
            "Microsoft.Test/grants",
            None,
        ),
    ],
)
def test_behind_a_gap(condition: dict[str, Any], missing: str, expected: bool | None) -> None:
    truth = judge(condition, BODY, OTHERS, coverage=Missing(missing))
    assert (None if is_unknown(truth) else truth) is expected
    if isinstance(truth, Unknown):
        assert [gap.type for gap in truth.gaps] == [missing.lower()]


def test_gaps_are_asked_for_where_the_objects_would_be() -> None:
    coverage = Missing()
    conditions = [
        {"related": {"child": "none"}},
        {"related": {"type": ENDPOINT, "referencing": "properties.no"}},
        {"related": {"by": "properties.dangling"}},
    ]
    for condition in conditions:
        judge(condition, BODY, OTHERS, coverage=coverage)
    assert coverage.asked == [
        ("microsoft.test/sites/none", SITE_ID),
        (ENDPOINT.lower(), None),
        (NSG.lower(), arm_id(NSG, "gone")),
    ]
