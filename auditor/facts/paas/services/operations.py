"""Configuration, automation, monitoring and backup."""

from __future__ import annotations

from auditor.facts.paas.model import Service, Switch

_TEMPLATES = "https://learn.microsoft.com/azure/templates"
_SHUT = ("Disabled", "SecuredByPerimeter")
_INGESTION = Switch("properties.publicNetworkAccessForIngestion", _SHUT)
_QUERY = Switch("properties.publicNetworkAccessForQuery", _SHUT)

SERVICES = (
    Service(
        "App Configuration",
        "Microsoft.AppConfiguration/configurationStores",
        "https://learn.microsoft.com/azure/azure-app-configuration/howto-disable-public-access",
        switches=(Switch(default_with_endpoint="Disabled"),),
    ),
    Service(
        "Automation",
        "Microsoft.Automation/automationAccounts",
        "https://learn.microsoft.com/azure/automation/how-to/private-link-security",
        switches=(Switch(closed=("false",), default="true"),),
        documented=False,
    ),
    Service(
        "Log Analytics",
        "Microsoft.OperationalInsights/workspaces",
        "https://learn.microsoft.com/azure/azure-monitor/logs/private-link-configure",
        switches=(_INGESTION, _QUERY),
        either=True,
        note="Two doors: data in, and queries.",
    ),
    Service(
        "Application Insights",
        "Microsoft.Insights/components",
        "https://learn.microsoft.com/azure/azure-monitor/logs/private-link-configure",
        switches=(_INGESTION, _QUERY),
        either=True,
        note="Two doors: data in, and queries.",
    ),
    Service(
        "Data collection endpoint",
        "Microsoft.Insights/dataCollectionEndpoints",
        f"{_TEMPLATES}/microsoft.insights/datacollectionendpoints",
        switches=(Switch("properties.networkAcls.publicNetworkAccess", _SHUT),),
        documented=False,
    ),
    Service(
        "Azure Monitor workspace",
        "Microsoft.Monitor/accounts",
        f"{_TEMPLATES}/microsoft.monitor/accounts",
        documented=False,
    ),
    Service(
        "Recovery Services",
        "Microsoft.RecoveryServices/vaults",
        "https://learn.microsoft.com/azure/backup/private-endpoints-overview",
        documented=False,
    ),
    Service(
        "Managed Grafana",
        "Microsoft.Dashboard/grafana",
        "https://learn.microsoft.com/azure/managed-grafana/how-to-set-up-private-access",
    ),
    Service(
        "Attestation",
        "Microsoft.Attestation/attestationProviders",
        f"{_TEMPLATES}/microsoft.attestation/attestationproviders",
        documented=False,
    ),
    Service(
        "Azure Arc private link scope",
        "Microsoft.HybridCompute/privateLinkScopes",
        f"{_TEMPLATES}/microsoft.hybridcompute/privatelinkscopes",
        switches=(Switch(default="Disabled"),),
        documented=False,
        note="Whether its machines may also use the public endpoints of Azure Arc; off unless it is turned on.",
    ),
    Service(
        "Maps",
        "Microsoft.Maps/accounts",
        f"{_TEMPLATES}/microsoft.maps/accounts",
        documented=False,
    ),
)
