"""Which changes of what guards the network no activity log alert of a subscription tells.

A fact of a subscription, for each kind of what is watched, what happens to it untold:

    {"network_security_group": ["changed"], "public_ip": [], "service_health": ["service issue"], ...}

An alert tells of an operation when it is enabled, its scope is the whole subscription, and an event of that operation
meets all its conditions: a resource group, a caller or the status Failed leave events out. Shape, and that `enabled`
left out is true: https://learn.microsoft.com/rest/api/monitor/activity-log-alerts/create-or-update. Every operation has
an event with the status Started, and where it works one with Succeeded, both of the level Informational:
https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.facts.network.bodies import items, text, value
from auditor.facts.private_link.tenancy import SUBSCRIPTION
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

ALERT = "microsoft.insights/activitylogalerts"
WATCHED: Mapping[str, str] = {
    "network_security_group": "microsoft.network/networksecuritygroups",
    "policy_assignment": "microsoft.authorization/policyassignments",
    "public_ip": "microsoft.network/publicipaddresses",
    "security_rule": "microsoft.network/networksecuritygroups/securityrules",
    "security_solution": "microsoft.security/securitysolutions",
    "sql_firewall_rule": "microsoft.sql/servers/firewallrules",
}
"""Kind to the type whose changes are to be told."""
_HAPPENINGS: Mapping[str, str] = {"write": "changed", "delete": "deleted"}
"""Last segment of an operation's name to the word for it; making something is a change too."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each subscription."""
    covering: dict[str, list[Resource]] = {}
    own: dict[str, list[Resource]] = {}
    for alert in inventory.of_type(ALERT):
        own.setdefault(ids.subscription_of(alert.id), []).append(alert)
        for scope in _scopes(alert):
            covering.setdefault(scope, []).append(alert)
    return {
        one.key: _untold(inventory, one, covering.get(one.key, ()), own.get(ids.subscription_of(one.id), ()))
        for one in inventory.of_type(SUBSCRIPTION)
    }


def _untold(
    inventory: Inventory, subscription: Resource, covering: Sequence[Resource], own: Sequence[Resource]
) -> Json:
    blind = (alert.unread["properties"] for alert in own if "properties" in alert.unread)
    gap = inventory.gap(ALERT, subscription.key) or next(blind, None)

    def of_kind(watched: str) -> Json | Unread:
        missing = [
            word
            for verb, word in _HAPPENINGS.items()
            if not any(_tells(alert, watched, f"{watched}/{verb}") for alert in covering)
        ]
        return Unread(gap) if gap and missing else missing

    health: Json | Unread = [] if any(_tells_of_health(alert) for alert in covering) else ["service issue"]
    return {
        **{kind: of_kind(watched) for kind, watched in WATCHED.items()},
        "service_health": Unread(gap) if gap and health else health,
    }


def _scopes(alert: Resource) -> frozenset[str]:
    """Keys of what an alert looks at; none where it is switched off."""
    if value(alert.body, "properties", "enabled") is False:
        return frozenset()
    return frozenset(ids.id_key(one) for one in items(alert.body, "properties", "scopes") if isinstance(one, str))


def _tells(alert: Resource, watched: str, operation: str) -> bool:
    met = {
        "category": ("administrative",),
        "operationname": (operation,),
        "resourcetype": (watched,),
        "resourceprovider": (watched.partition("/")[0],),
        "status": ("started", "succeeded"),
        "level": ("informational",),
    }

    def meets(condition: Json) -> bool:
        if choices := items(condition, "anyOf"):
            return any(meets(choice) for choice in choices)
        wanted = {text(condition, "equals"), *(str(one).lower() for one in items(condition, "containsAny"))}
        return not wanted.isdisjoint(met.get(text(condition, "field"), ()))

    conditions = items(alert.body, "properties", "condition", "allOf")
    return bool(conditions) and all(meets(condition) for condition in conditions)


def _tells_of_health(alert: Resource) -> bool:
    """Whether it tells of service issues; services and regions that it names are a choice.

    https://learn.microsoft.com/azure/service-health/alerts-activity-log-service-notifications-arm
    """
    narrowed = ("properties.impactedservices",)

    def meets(condition: Json) -> bool:
        if choices := items(condition, "anyOf"):
            return any(meets(choice) for choice in choices)
        wanted = {text(condition, "equals"), *(str(one).lower() for one in items(condition, "containsAny"))}
        field = text(condition, "field")
        return field.startswith(narrowed) or not wanted.isdisjoint(
            {"category": ("servicehealth",), "properties.incidenttype": ("incident",)}.get(field, ())
        )

    conditions = items(alert.body, "properties", "condition", "allOf")
    return bool(conditions) and all(meets(condition) for condition in conditions)


FAMILY = FactFamily(
    name="activity_alerts",
    types=frozenset((SUBSCRIPTION,)),
    needs=frozenset((ALERT, SUBSCRIPTION)),
    compute=compute,
    words={
        "network_security_group": "changes of a network security group that no alert tells of",
        "policy_assignment": "changes of a policy assignment that no alert tells of",
        "public_ip": "changes of a public IP address that no alert tells of",
        "security_rule": "changes of a security rule that no alert tells of",
        "security_solution": "changes of a security solution that no alert tells of",
        "service_health": "events of Azure's own health that no alert tells of",
        "sql_firewall_rule": "changes of a SQL firewall rule that no alert tells of",
    },
)
