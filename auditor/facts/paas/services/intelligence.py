"""Artificial intelligence, search and analytics."""

from __future__ import annotations

from auditor.facts.paas.model import Action, Bypass, Filter, RangeChildren, RangeList, Service
from auditor.facts.paas.rights_and_lists import workspace

_TEMPLATES = "https://learn.microsoft.com/azure/templates"

SERVICES = (
    Service(
        "AI services",
        "Microsoft.CognitiveServices/accounts",
        "https://learn.microsoft.com/azure/ai-services/cognitive-services-virtual-networks",
        filter=Filter.DEFAULT_ACTION,
        action=Action(),
        lists=(RangeList("properties.networkAcls.ipRules", "value"),),
        subnets="properties.networkAcls.virtualNetworkRules",
        bypass=Bypass(default="None"),
        note="Azure OpenAI and AI Foundry accounts too.",
    ),
    Service(
        "AI Search",
        "Microsoft.Search/searchServices",
        "https://learn.microsoft.com/azure/search/service-configure-firewall",
        filter=Filter.EMPTY_OPENS,
        lists=(RangeList("properties.networkRuleSet.ipRules", "value"),),
        bypass=Bypass("properties.networkRuleSet.bypass", default="None"),
    ),
    Service(
        "Machine Learning",
        "Microsoft.MachineLearningServices/workspaces",
        f"{_TEMPLATES}/microsoft.machinelearningservices/workspaces",
        filter=Filter.DEFAULT_ACTION,
        action=Action(),
        lists=(RangeList("properties.networkAcls.ipRules", "value"), RangeList("properties.ipAllowlist")),
        special=workspace,
        documented=False,
        note="Without network rules the older `ipAllowlist` counts; a list closes the workspace to everybody else.",
    ),
    Service(
        "Machine Learning registry",
        "Microsoft.MachineLearningServices/registries",
        f"{_TEMPLATES}/microsoft.machinelearningservices/registries",
        documented=False,
    ),
    Service(
        "Data Factory",
        "Microsoft.DataFactory/factories",
        "https://learn.microsoft.com/azure/data-factory/data-factory-private-link",
        documented=False,
    ),
    Service(
        "Synapse",
        "Microsoft.Synapse/workspaces",
        "https://learn.microsoft.com/azure/synapse-analytics/security/connectivity-settings",
        filter=Filter.LISTED_ONLY,
        children=(RangeChildren(),),
        bypass=Bypass("properties.trustedServiceBypassEnabled", "true", "false"),
        documented=False,
    ),
    Service(
        "Databricks",
        "Microsoft.Databricks/workspaces",
        "https://learn.microsoft.com/azure/databricks/security/network/front-end/front-end-private-connect",
        documented=False,
        note="IP access lists of the workspace are kept inside it and cannot be seen.",
    ),
    Service(
        "Purview",
        "Microsoft.Purview/accounts",
        f"{_TEMPLATES}/microsoft.purview/accounts",
        documented=False,
    ),
    Service(
        "Health Data (API for FHIR)",
        "Microsoft.HealthcareApis/services",
        f"{_TEMPLATES}/microsoft.healthcareapis/services",
        documented=False,
    ),
    Service(
        "Health Data workspace",
        "Microsoft.HealthcareApis/workspaces",
        f"{_TEMPLATES}/microsoft.healthcareapis/workspaces",
        documented=False,
    ),
    Service(
        "Health Data de-identification",
        "Microsoft.HealthDataAIServices/deidServices",
        f"{_TEMPLATES}/microsoft.healthdataaiservices/deidservices",
        documented=False,
    ),
)
