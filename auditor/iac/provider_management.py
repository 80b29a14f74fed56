"""Logs, rights and locks of the `azurerm` provider.

Attributes: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs; what they become in a request:
https://github.com/hashicorp/terraform-provider-azurerm, `internal/services/`.
"""

from __future__ import annotations

from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.provider_ways import Provided, Way, at, attribute, constant, each, known, switched


def _role(values: Any) -> Any:
    """The id of the role, which the provider looks up where only its name is given."""
    found = attribute("role_definition_id")(values)
    if found is None and at(values, "role_definition_name") is not None:
        return Unknown("the id of a role that is named is only known when it is applied")
    return found


def _logs(values: Any) -> Any:
    """The logs that are sent somewhere; blocks with a switch in older versions of the provider."""
    category: dict[str, Way] = {"category": attribute("category"), "categoryGroup": attribute("category_group")}
    found = each("enabled_log", {**category, "enabled": constant(True)})(values)
    if isinstance(found, list) and found:
        return found
    return found if isinstance(found, Unknown) else each("log", {**category, "enabled": attribute("enabled")})(values)


def _metrics(values: Any) -> Any:
    found = each("enabled_metric", {"category": attribute("category"), "enabled": constant(True)})(values)
    if isinstance(found, list) and found:
        return found
    ways: dict[str, Way] = {"category": attribute("category"), "enabled": attribute("enabled")}
    return found if isinstance(found, Unknown) else each("metric", ways)(values)


MANAGEMENT: dict[str, Provided] = {
    "azurerm_monitor_diagnostic_setting": Provided(
        "Microsoft.Insights/diagnosticSettings",
        {
            "properties.workspaceId": attribute("log_analytics_workspace_id"),
            "properties.storageAccountId": attribute("storage_account_id"),
            "properties.eventHubAuthorizationRuleId": attribute("eventhub_authorization_rule_id"),
            "properties.marketplacePartnerId": attribute("partner_solution_id"),
            "properties.logs": _logs,
            "properties.metrics": _metrics,
        },
        parent="target_resource_id",
        is_whole=True,
    ),
    "azurerm_role_assignment": Provided(
        "Microsoft.Authorization/roleAssignments",
        {
            "properties.scope": attribute("scope"),
            "properties.roleDefinitionId": _role,
            "properties.principalId": attribute("principal_id"),
            "properties.principalType": known("principal_type"),
            "properties.condition": attribute("condition"),
            "properties.conditionVersion": attribute("condition_version"),
        },
        parent="scope",
        is_whole=True,
    ),
    "azurerm_management_lock": Provided(
        "Microsoft.Authorization/locks", {"properties.level": attribute("lock_level")}, parent="scope", is_whole=True
    ),
    "azurerm_network_watcher_flow_log": Provided(
        "Microsoft.Network/networkWatchers/flowLogs",
        {
            "properties.enabled": attribute("enabled"),
            "properties.targetResourceId": attribute("target_resource_id", "network_security_group_id"),
            "properties.storageId": attribute("storage_account_id"),
            "properties.retentionPolicy.enabled": attribute("retention_policy.0.enabled"),
            "properties.retentionPolicy.days": attribute("retention_policy.0.days"),
            "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.enabled": attribute(
                "traffic_analytics.0.enabled"
            ),
        },
        within=("network_watcher_name",),
        is_whole=True,
    ),
    "azurerm_federated_identity_credential": Provided(
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        {
            "properties.issuer": attribute("issuer"),
            "properties.subject": attribute("subject"),
            "properties.audiences": attribute("audience"),
        },
        parent="user_assigned_identity_id",
        is_whole=True,
    ),
    "azurerm_web_application_firewall_policy": Provided(
        "Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies",
        {
            "properties.policySettings.state": switched("policy_settings.0.enabled"),
            "properties.policySettings.mode": attribute("policy_settings.0.mode"),
            "properties.policySettings.requestBodyCheck": attribute("policy_settings.0.request_body_check"),
        },
    ),
}
"""Resource types of the provider."""
