"""What runs code and containers, and what stands in front of it."""

from __future__ import annotations

from auditor.facts.paas.app_service import ENVIRONMENTS, main_site
from auditor.facts.paas.model import Action, Bypass, Filter, RangeList, Service, Switch
from auditor.facts.paas.special import APPS_ENVIRONMENTS, container_app, logic_app
from auditor.facts.paas.subject import PRIVATE_ENDPOINTS

_TEMPLATES = "https://learn.microsoft.com/azure/templates"


def _site(name: str, kind: str) -> Service:
    return Service(
        name,
        kind,
        "https://learn.microsoft.com/azure/app-service/overview-access-restrictions",
        switches=(
            Switch(default_with_endpoint="Disabled", beside=("config", "web", "properties.publicNetworkAccess")),
        ),
        special=main_site,
        reads=(
            "config/web: properties.publicNetworkAccess",
            "config/web: properties.ipSecurityRestrictions",
            "config/web: properties.ipSecurityRestrictionsDefaultAction",
            "properties.hostingEnvironmentProfile.id",
        ),
        needs=(f"{kind.lower()}/config", ENVIRONMENTS, PRIVATE_ENDPOINTS),
        note="Rules count in the order of their priority; the first that names an address decides. "
        "Header filters narrow nothing, since whoever calls can write any header.",
    )


SITES = (
    _site("App Service", "Microsoft.Web/sites"),
    _site("App Service slot", "Microsoft.Web/sites/slots"),
)

SERVICES = (
    *SITES,
    Service(
        "App Service Environment",
        "Microsoft.Web/hostingEnvironments",
        "https://learn.microsoft.com/azure/app-service/environment/overview",
        switches=(Switch("properties.internalLoadBalancingMode", ("Web", "Web,Publishing", "1", "3"), "None"),),
        documented=False,
    ),
    Service(
        "Static Web Apps",
        "Microsoft.Web/staticSites",
        f"{_TEMPLATES}/microsoft.web/staticsites",
        documented=False,
        note="Address ranges in `staticwebapp.config.json` are part of the content and cannot be seen.",
    ),
    Service(
        "Container Apps environment",
        "Microsoft.App/managedEnvironments",
        "https://learn.microsoft.com/azure/container-apps/networking",
        switches=(Switch("properties.vnetConfiguration.internal", ("true",), "false"), Switch()),
        documented=False,
        note="Apps in it are reachable where their own ingress is external.",
    ),
    Service(
        "Container Apps",
        "Microsoft.App/containerApps",
        "https://learn.microsoft.com/azure/container-apps/ip-restrictions",
        switches=(),
        special=container_app,
        reads=(
            "properties.configuration.ingress.external",
            "properties.configuration.ingress.ipSecurityRestrictions",
            "properties.managedEnvironmentId",
        ),
        needs=(APPS_ENVIRONMENTS,),
        note="Without ingress, or with internal ingress, an app has no public endpoint. Rules are all of one kind: "
        "allow rules let in what they name, deny rules everything else.",
    ),
    Service(
        "Container Instances",
        "Microsoft.ContainerInstance/containerGroups",
        f"{_TEMPLATES}/microsoft.containerinstance/containergroups",
        switches=(Switch("properties.ipAddress.type", ("Private", "none"), "none"),),
        note="A group without an address has no endpoint; one with a public address has no network rules.",
    ),
    Service(
        "Container Registry",
        "Microsoft.ContainerRegistry/registries",
        "https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks",
        filter=Filter.DEFAULT_ACTION,
        action=Action("properties.networkRuleSet.defaultAction"),
        lists=(RangeList("properties.networkRuleSet.ipRules", "value", "action"),),
        subnets="properties.networkRuleSet.virtualNetworkRules",
        bypass=Bypass("properties.networkRuleBypassOptions"),
    ),
    Service(
        "AKS API server",
        "Microsoft.ContainerService/managedClusters",
        "https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges",
        switches=(Switch("properties.apiServerAccessProfile.enablePrivateCluster", ("true",), "false"),),
        filter=Filter.EMPTY_OPENS,
        lists=(RangeList("properties.apiServerAccessProfile.authorizedIPRanges"),),
        note="0.0.0.0/32 lets in nothing but the cluster's own outbound address. `publicNetworkAccess` is not looked "
        "at: only a private cluster takes the API server off public networks.",
    ),
    Service(
        "API Management",
        "Microsoft.ApiManagement/service",
        "https://learn.microsoft.com/azure/templates/microsoft.apimanagement/service",
        switches=(Switch(), Switch("properties.virtualNetworkType", ("Internal",), "None")),
        note="In an external virtual network the security group of the subnet can filter further; of the v2 tiers "
        "External is about the way out only.",
    ),
    Service(
        "Logic Apps",
        "Microsoft.Logic/workflows",
        "https://learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app#restrict-inbound-ip-addresses",
        switches=(),
        special=logic_app,
        reads=("properties.definition.triggers", "properties.accessControl.triggers.allowedCallerIpAddresses"),
        note="Only workflows with a request trigger have an endpoint. An empty list lets in other workflows only. "
        "Standard workflows are apps of App Service.",
    ),
    Service(
        "Batch",
        "Microsoft.Batch/batchAccounts",
        "https://learn.microsoft.com/azure/batch/public-network-access",
        filter=Filter.DEFAULT_ACTION,
        action=Action("properties.networkProfile.accountAccess.defaultAction"),
        lists=(RangeList("properties.networkProfile.accountAccess.ipRules", "value", "action"),),
        note="The account's own endpoint; the one for compute nodes has rules of its own.",
    ),
    Service(
        "HDInsight",
        "Microsoft.HDInsight/clusters",
        "https://learn.microsoft.com/azure/hdinsight/hdinsight-restrict-public-connectivity",
        switches=(Switch("properties.networkProperties.resourceProviderConnection", ("Outbound",), "Inbound"),),
        note="Security groups of the cluster's subnet can filter further.",
    ),
    Service(
        "Virtual Desktop host pool",
        "Microsoft.DesktopVirtualization/hostPools",
        f"{_TEMPLATES}/microsoft.desktopvirtualization/hostpools",
        documented=False,
        note="Open also where only clients, or only session hosts, may come over public networks.",
    ),
    Service(
        "Virtual Desktop workspace",
        "Microsoft.DesktopVirtualization/workspaces",
        f"{_TEMPLATES}/microsoft.desktopvirtualization/workspaces",
        documented=False,
    ),
    Service(
        "Bot Service",
        "Microsoft.BotService/botServices",
        f"{_TEMPLATES}/microsoft.botservice/botservices",
        documented=False,
    ),
)
