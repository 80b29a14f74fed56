"""Which changes are told by activity log alerts."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.inventory.model import Unread
from tests.conftest import SUBSCRIPTION
from tests.facts.private_worlds import OTHER, fact, resource, unread

ALERT = "Microsoft.Insights/activityLogAlerts"
HERE = {"id": f"/subscriptions/{SUBSCRIPTION}", "type": "Microsoft.Resources/subscriptions"}
ADMINISTRATIVE = {"field": "category", "equals": "Administrative"}
WRITE = {"field": "operationName", "equals": "Microsoft.Network/publicIPAddresses/write"}
DELETE = {"field": "operationName", "equals": "Microsoft.Network/publicIPAddresses/delete"}


def alert(*conditions: Any, scope: str = f"/subscriptions/{SUBSCRIPTION}", **properties: Any):
    return resource(ALERT, "alert", {"scopes": [scope], "condition": {"allOf": list(conditions)}, **properties})


@pytest.mark.parametrize(
    ("found", "untold"),
    [
        (alert(ADMINISTRATIVE, WRITE), ["deleted"]),
        (alert(ADMINISTRATIVE, {"anyOf": [WRITE, DELETE]}), []),
        (alert(ADMINISTRATIVE, {"field": "operationName", "containsAny": [WRITE["equals"], DELETE["equals"]]}), []),
        (alert(ADMINISTRATIVE), []),
        (alert(ADMINISTRATIVE, {"field": "resourceType", "equals": "microsoft.network/publicipaddresses"}), []),
        (alert(ADMINISTRATIVE, {"field": "resourceProvider", "equals": "Microsoft.Network"}), []),
        (alert(ADMINISTRATIVE, {"field": "resourceProvider", "equals": "Microsoft.Compute"}), ["changed", "deleted"]),
        (alert(ADMINISTRATIVE, WRITE, {"field": "status", "equals": "Succeeded"}), ["deleted"]),
        (alert(ADMINISTRATIVE, WRITE, {"field": "status", "equals": "Failed"}), ["changed", "deleted"]),
        (alert(ADMINISTRATIVE, WRITE, {"field": "resourceGroup", "equals": "rg"}), ["changed", "deleted"]),
        (alert({"field": "category", "equals": "Security"}), ["changed", "deleted"]),
        (alert(ADMINISTRATIVE, WRITE, enabled=False), ["changed", "deleted"]),
        (alert(ADMINISTRATIVE, WRITE, scope=f"/SUBSCRIPTIONS/{SUBSCRIPTION}/"), ["deleted"]),
        (
            alert(ADMINISTRATIVE, WRITE, scope=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"),
            ["changed", "deleted"],
        ),
        (alert(ADMINISTRATIVE, WRITE, scope=f"/subscriptions/{OTHER}"), ["changed", "deleted"]),
        (alert(), ["changed", "deleted"]),
    ],
)
def test_what_no_alert_tells(found: Any, untold: list[str]):
    assert fact("activity_alerts", [HERE, found])["public_ip"] == untold


def test_an_alert_that_was_not_read_may_tell():
    bodies = [HERE, alert(ADMINISTRATIVE, {"field": "resourceProvider", "equals": "Microsoft.Network"})]
    ledger, gap = unread(bodies, ALERT)

    found = fact("activity_alerts", bodies, ledger)

    assert found["public_ip"] == []
    assert found["sql_firewall_rule"] == Unread(gap)


HEALTH = {"field": "category", "equals": "ServiceHealth"}


@pytest.mark.parametrize(
    ("found", "untold"),
    [
        (alert(HEALTH), []),
        (alert(HEALTH, {"field": "properties.incidentType", "equals": "Incident"}), []),
        (alert(HEALTH, {"field": "properties.impactedServices[*].ServiceName", "containsAny": ["Key Vault"]}), []),
        (alert(HEALTH, {"field": "properties.incidentType", "equals": "Maintenance"}), ["service issue"]),
        (alert({"field": "category", "equals": "ResourceHealth"}), ["service issue"]),
        (alert(HEALTH, enabled=False), ["service issue"]),
    ],
)
def test_an_alert_tells_of_azures_own_health(found: Any, untold: list[str]):
    assert fact("activity_alerts", [HERE, found])["service_health"] == untold
