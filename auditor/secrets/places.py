"""Where bodies of Azure's services hold secrets: a table of places by type.

A place is a property path, compared without case: `*` stands for any property, `[*]` for any element, `**` for any
depth. All text at a place and below it is replaced, save below properties that `_KEPT` lists for the type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

_SITE_CONFIG = (
    "appCommandLine",
    "appSettings[*].value",
    "connectionStrings[*].connectionString",
    "metadata[*].value",
    "azureStorageAccounts.*.accessKey",
)
_CONTAINER = ("env[*].value", "command[*]", "args[*]", "probes[*].httpGet.httpHeaders[*].value")
_PROBES = tuple(
    f"{probe}.{place}"
    for probe in ("livenessProbe", "readinessProbe")
    for place in ("exec.command[*]", "httpGet.httpHeaders.*", "httpGet.httpHeaders[*].value")
)
_CONTAINER_APP = (
    "properties.configuration.secrets[*].value",
    "properties.template.scale.rules[*].custom.metadata.*",
    "properties.configuration.eventTriggerConfig.scale.rules[*].metadata.*",
    *(f"properties.template.{which}[*].{place}" for which in ("containers", "initContainers") for place in _CONTAINER),
)
_GROUP_CONTAINER = (
    "environmentVariables[*].value",
    "environmentVariables[*].secureValue",
    "command[*]",
    *_PROBES,
)
_EXTENSION = ("properties.settings", "properties.protectedSettings", "properties.publicSettings")
_DEPLOYMENT = ("properties.parameters.*.value", "properties.outputs.*.value", "properties.templateLink.queryString")
_LINKED_SERVICE = (
    "properties.typeProperties",
    "properties.parameters.*.defaultValue",
    "properties.connectVia.parameters",
)
_EVENTS = (
    "properties.destination.properties.endpointUrl",
    "properties.destination.properties.deliveryAttributeMappings[*].properties.value",
    "properties.deliveryWithResourceIdentity.destination.properties.endpointUrl",
    "properties.deliveryWithResourceIdentity.destination.properties.deliveryAttributeMappings[*].properties.value",
    "properties.deliveryConfiguration.push.destination.properties.endpointUrl",
    "properties.deliveryConfiguration.push.destination.properties.deliveryAttributeMappings[*].properties.value",
)
_ALERT = (
    "properties.actions.customProperties.*",
    "properties.actions.actionProperties.*",
    "properties.actions[*].webHookProperties.*",
    "properties.actions.actionGroups[*].webhookProperties.*",
    "properties.actions[*].webhookProperties.*",
    "properties.action.customWebhookPayload",
    "properties.action.aznsAction.customWebhookPayload",
    "properties.actions[*].properties.*",
    "properties.actions[*].serviceUri",
    "properties.actions.customWebhookPayload",
)
_WORKFLOW = (
    "properties.parameters.*.value",
    "properties.definition.parameters.*.defaultValue",
    "properties.definition.actions.**.inputs",
    "properties.definition.triggers.**.inputs",
    "properties.definition.outputs.*.value",
    "properties.definition.staticResults",
)

_PLACES: Mapping[str, tuple[str, ...]] = {
    "microsoft.web/sites": tuple(f"properties.siteConfig.{place}" for place in _SITE_CONFIG),
    "microsoft.web/sites/config": tuple(f"properties.{place}" for place in _SITE_CONFIG),
    "microsoft.web/staticsites/config": ("properties.*",),
    "microsoft.web/connections": (
        "properties.parameterValues",
        "properties.customParameterValues",
        "properties.nonSecretParameterValues",
        "properties.parameterValueSet.values",
    ),
    "microsoft.logic/workflows": _WORKFLOW,
    "microsoft.app/containerapps": _CONTAINER_APP,
    "microsoft.app/jobs": _CONTAINER_APP,
    "microsoft.app/managedenvironments/daprcomponents": (
        "properties.secrets[*].value",
        "properties.metadata[*].value",
    ),
    "microsoft.containerinstance/containergroups": (
        *(
            f"properties.{which}[*].properties.{place}"
            for which in ("containers", "initContainers")
            for place in _GROUP_CONTAINER
        ),
        "properties.volumes[*].secret.*",
        "properties.extensions[*].properties.settings",
    ),
    "microsoft.compute/virtualmachines": (
        "properties.osProfile.windowsConfiguration.additionalUnattendContent[*].content",
        *(f"resources[*].{place}" for place in _EXTENSION),
    ),
    "microsoft.compute/virtualmachines/extensions": _EXTENSION,
    "microsoft.compute/virtualmachines/runcommands": (
        "properties.source.script",
        "properties.parameters[*].value",
        "properties.protectedParameters[*].value",
    ),
    "microsoft.compute/virtualmachinescalesets": (
        *(f"properties.virtualMachineProfile.extensionProfile.extensions[*].{place}" for place in _EXTENSION),
        "properties.virtualMachineProfile.osProfile.windowsConfiguration.additionalUnattendContent[*].content",
    ),
    "microsoft.compute/virtualmachinescalesets/extensions": _EXTENSION,
    "microsoft.hybridcompute/machines/extensions": _EXTENSION,
    "microsoft.datafactory/factories": ("properties.globalParameters.*.value",),
    "microsoft.datafactory/factories/linkedservices": _LINKED_SERVICE,
    "microsoft.synapse/workspaces/linkedservices": _LINKED_SERVICE,
    "microsoft.automation/automationaccounts/variables": ("properties.value",),
    "microsoft.automation/automationaccounts/webhooks": ("properties.uri", "properties.parameters"),
    "microsoft.automation/automationaccounts/connections": ("properties.fieldDefinitionValues",),
    "microsoft.automation/automationaccounts/jobs": ("properties.parameters",),
    "microsoft.apimanagement/service/namedvalues": ("properties.value",),
    "microsoft.apimanagement/service/properties": ("properties.value",),
    "microsoft.apimanagement/service/backends": (
        "properties.credentials.header",
        "properties.credentials.query",
        "properties.credentials.authorization.parameter",
    ),
    "microsoft.apimanagement/service/authorizationservers": ("properties.tokenBodyParameters[*].value",),
    "microsoft.apimanagement/service/loggers": ("properties.credentials",),
    "microsoft.apimanagement/service/portalsettings": ("properties.validationKey",),
    "microsoft.batch/batchaccounts/pools": (
        "properties.startTask.environmentSettings[*].value",
        "properties.startTask.commandLine",
    ),
    "microsoft.resources/deployments": _DEPLOYMENT,
    "microsoft.resources/deploymentstacks": _DEPLOYMENT,
    "microsoft.resources/deploymentscripts": (
        "properties.environmentVariables[*].value",
        "properties.environmentVariables[*].secureValue",
        "properties.scriptContent",
        "properties.arguments",
        "properties.outputs",
    ),
    "microsoft.containerregistry/registries/tasks": (
        "properties.step.values[*].value",
        "properties.step.arguments[*].value",
        "properties.step.encodedTaskContent",
        "properties.step.encodedValuesContent",
        "properties.credentials.customRegistries",
    ),
    "microsoft.containerregistry/registries/webhooks": ("properties.customHeaders.*", "properties.serviceUri"),
    "microsoft.machinelearningservices/workspaces/connections": ("properties.credentials",),
    "microsoft.machinelearningservices/workspaces/datastores": ("properties.credentials",),
    "microsoft.keyvault/vaults/secrets": ("properties.value", "tags.*"),
    "microsoft.network/applicationgateways": (
        "properties.sslCertificates[*].properties.data",
        *(
            f"properties.rewriteRuleSets[*].properties.rewriteRules[*].actionSet.{which}HeaderConfigurations[*].headerValue"
            for which in ("request", "response")
        ),
    ),
    "microsoft.insights/actiongroups": (
        "properties.webhookReceivers[*].serviceUri",
        "properties.webhookReceivers[*].properties",
        "properties.azureFunctionReceivers[*].httpTriggerUrl",
        "properties.logicAppReceivers[*].callbackUrl",
        "properties.automationRunbookReceivers[*].serviceUri",
    ),
    "microsoft.insights/webtests": (
        "properties.Configuration.WebTest",
        "properties.Request.Headers[*].value",
        "properties.Request.RequestBody",
    ),
    "microsoft.eventgrid/eventsubscriptions": _EVENTS,
    **{
        f"microsoft.eventgrid/{parent}/eventsubscriptions": _EVENTS
        for parent in ("topics", "systemtopics", "domains", "domains/topics", "partnertopics", "namespaces/topics")
    },
    "microsoft.containerservice/managedclusters": ("properties.addonProfiles.*.config.*",),
    "microsoft.datafactory/factories/pipelines": (
        "properties.activities.**.typeProperties",
        "properties.parameters.*.defaultValue",
        "properties.variables.*.defaultValue",
    ),
    "microsoft.synapse/workspaces/pipelines": (
        "properties.activities.**.typeProperties",
        "properties.parameters.*.defaultValue",
        "properties.variables.*.defaultValue",
    ),
    "microsoft.datafactory/factories/triggers": (
        "properties.pipelines[*].parameters.*",
        "properties.pipeline.parameters.*",
    ),
    "microsoft.network/trafficmanagerprofiles": (
        "properties.monitorConfig.customHeaders[*].value",
        "properties.endpoints[*].properties.customHeaders[*].value",
    ),
    "microsoft.cdn/profiles/rulesets/rules": ("properties.actions[*].parameters.value",),
    "microsoft.insights/activitylogalerts": _ALERT,
    "microsoft.insights/metricalerts": _ALERT,
    "microsoft.insights/alertrules": _ALERT,
    "microsoft.insights/scheduledqueryrules": _ALERT,
    "microsoft.alertsmanagement/smartdetectoralertrules": ("properties.actionGroups.customWebhookPayload",),
    "microsoft.insights/autoscalesettings": (
        "properties.notifications[*].webhooks[*].serviceUri",
        "properties.notifications[*].webhooks[*].properties.*",
    ),
    # The hint is the first three characters of the secret.
    "microsoft.graph/applications": ("passwordCredentials[*].hint", "notes"),
    "microsoft.graph/serviceprincipals": ("passwordCredentials[*].hint", "notes"),
}

_SITE_PARTS: Mapping[str, tuple[str, ...]] = {
    "appsettings": ("properties.*",),
    "connectionstrings": ("properties.*.value",),
    "metadata": ("properties.*",),
    "azurestorageaccounts": ("properties.*.accessKey",),
    "backup": ("properties.storageAccountUrl", "properties.databases[*].connectionString"),
    "logs": (
        "properties.applicationLogs.*.sasUrl",
        "properties.httpLogs.*.sasUrl",
    ),
    "publishingcredentials": ("properties",),
    "pushsettings": ("properties",),
}

_KEPT: Mapping[str, frozenset[str]] = {
    # The version of the host, which Azure itself puts there.
    "microsoft.web/sites/config": frozenset({"functions_extension_version"}),
    "microsoft.logic/workflows": frozenset(
        {"type", "kind", "method", "identity", "audience", "tenant", "operationid", "connectionname", "referencename"}
    ),
    "microsoft.datafactory/factories/linkedservices": frozenset(
        {
            "type",
            "referencename",
            "secretname",
            "secretversion",
            "authenticationtype",
            "authentication",
            "credentialtype",
            # How the connection is made, which no secret is part of.
            "encrypt",
            "sslmode",
            "enablessl",
            "trustservercertificate",
            "enableservercertificatevalidation",
            "skiphostkeyvalidation",
        }
    ),
    "microsoft.apimanagement/service/loggers": frozenset({"identityclientid", "name"}),
    # https://learn.microsoft.com/azure/aks/csi-secrets-store-driver and the other add-ons: switches and names.
    "microsoft.containerservice/managedclusters": frozenset(
        {
            "enablesecretrotation",
            "rotationpollinterval",
            "useaadauth",
            "version",
            "subnetname",
            "applicationgatewayname",
        }
    )
    | frozenset({"subnetcidr", "effectiveapplicationgatewayid", "aciconnectorsubnetname", "watchnamespace"}),
    "microsoft.machinelearningservices/workspaces/datastores": frozenset({"credentialstype"}),
}


@dataclass(slots=True)
class Node:
    """One step of the places of a type."""

    final: bool = False
    anywhere: bool = False
    """Whether what follows may stand at any depth."""
    steps: dict[str, Node] = field(default_factory=dict)


@cache
def places_of(type_key: str, name: str) -> Node | None:
    """The places of a type, as a tree of steps; `name` (lower-cased) tells apart the configurations of a site."""
    type_key = type_key.replace("/slots/", "/").removesuffix("/slots").replace("/service/workspaces/", "/service/")
    places = [*_PLACES.get(type_key, ())]
    if type_key in ("microsoft.web/sites/config", "microsoft.web/staticsites/config"):
        places += _SITE_PARTS.get(name, ())
    return _tree(places) if places else None


def kept_below(type_key: str) -> frozenset[str]:
    """Property names that keep their text below the places of a type, lower-cased."""
    if type_key == "microsoft.synapse/workspaces/linkedservices":
        type_key = "microsoft.datafactory/factories/linkedservices"
    type_key = type_key.replace("/slots/", "/")
    return _KEPT.get(type_key, frozenset())


def _tree(places: Iterable[str]) -> Node:
    root = Node()
    for place in places:
        node = root
        for step in place.lower().replace("[*]", ".[]").split("."):
            node = node.steps.setdefault(step, Node(anywhere=step == "**"))
        node.final = True
    return root


def follow(nodes: tuple[Node, ...], step: str) -> tuple[Node, ...]:
    """Where one step further leads; `[]` is an element of a list."""
    if not nodes:
        return nodes
    found: list[Node] = []
    for node in nodes:
        if node.anywhere:
            found.append(node)
        for name in (step, "*") if step != "[]" else (step,):
            if after := node.steps.get(name):
                found.append(after)
                if deep := after.steps.get("**"):
                    found.append(deep)
        if deep := node.steps.get("**"):
            found.append(deep)
    return tuple(found)
