"""Bodies with a secret planted in each: where Azure's services can hold one, and what a person can write it into."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterator
from typing import Any

_DICE = random.Random("planted")  # noqa: S311 - repeats itself on purpose
_ALNUM = string.ascii_letters + string.digits


def _some(count: int, of: str = _ALNUM) -> str:
    return "".join(_DICE.choice(of) for _ in range(count))


def _key() -> str:
    return base64.b64encode(bytes(_DICE.randrange(256) for _ in range(64))).decode()


def _word() -> str:
    """What people choose: only its place or its name tells that it is secret."""
    return f"Sword{_some(4, string.digits)}fish{_some(4, string.ascii_lowercase)}!"


def planted() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Of each place: its name, the secret, and a body that holds it."""
    for number, (kind, name, secret, rest) in enumerate(_places()):
        namespace, *parts = kind.split("/")
        tail = "/".join(f"{part}/x{number}" for part in parts[:-1])
        own = name or f"x{number}"
        place = f"{kind} {number}"
        ident = f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/{namespace}/"
        yield (
            place,
            secret,
            {"id": f"{ident}{tail}{'/' if tail else ''}{parts[-1]}/{own}", "name": own, "type": kind, **rest},
        )


def _props(kind: str, *makers: Any, name: str = "") -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """A body for each maker of properties, with a secret of its own."""
    for make in makers:
        secret = _word()
        yield kind, name, secret, {"properties": make(secret)}


def _places() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    site, config = "Microsoft.Web/sites", "Microsoft.Web/sites/config"
    yield from _props(config, lambda s: {"A": s}, lambda s: {"A": f"Server=a.b.c;Password={s}"}, name="appsettings")
    yield from _props("Microsoft.Web/sites/slots/config", lambda s: {"A": s}, name="appsettings")
    yield from _props(
        config, lambda s: {"Db": {"type": "SQLAzure", "value": f"Server=a.b.c;pwd={s}"}}, name="connectionstrings"
    )
    yield from _props(config, lambda s: {"M": {"accountName": "st1", "accessKey": s}}, name="azurestorageaccounts")
    yield from _props(
        site,
        lambda s: {"siteConfig": {"appCommandLine": f"node server.js {s}"}},
        lambda s: {"siteConfig": {"appSettings": [{"name": "A", "value": s}]}},
        lambda s: {"siteConfig": {"connectionStrings": [{"name": "A", "connectionString": s}]}},
        lambda s: {"siteConfig": {"publishingPassword": s}},
    )
    yield from _props(config, lambda s: {"publishingPassword": s}, lambda s: {"appCommandLine": f"run {s}"}, name="web")
    yield from _props(
        "Microsoft.App/containerApps",
        lambda s: {"configuration": {"secrets": [{"name": "a", "value": s}]}},
        lambda s: {"template": {"containers": [{"env": [{"name": "A", "value": s}]}]}},
        lambda s: {"template": {"containers": [{"command": ["run", s]}]}},
        lambda s: {
            "template": {"containers": [{"probes": [{"httpGet": {"httpHeaders": [{"name": "X-A", "value": s}]}}]}]}
        },
        lambda s: {"template": {"scale": {"rules": [{"custom": {"metadata": {"connection": s}}}]}}},
    )
    yield from _props("Microsoft.App/jobs", lambda s: {"template": {"initContainers": [{"args": [s]}]}})
    yield from _props("Microsoft.App/managedEnvironments", lambda s: {"daprAIConnectionString": s})
    yield from _props(
        "Microsoft.ContainerInstance/containerGroups",
        lambda s: {"containers": [{"properties": {"environmentVariables": [{"name": "A", "value": s}]}}]},
        lambda s: {"containers": [{"properties": {"command": ["sh", "-c", s]}}]},
        lambda s: {"containers": [{"properties": {"livenessProbe": {"httpGet": {"httpHeaders": {"X-A": s}}}}}]},
        lambda s: {"volumes": [{"name": "v", "secret": {"f": s}}]},
        lambda s: {"imageRegistryCredentials": [{"server": "a.b.c", "username": "u", "password": s}]},
    )
    yield from _props(
        "Microsoft.Compute/virtualMachines",
        lambda s: {"userData": s},
        lambda s: {"osProfile": {"customData": s}},
        lambda s: {"osProfile": {"adminPassword": s}},
    )
    yield from _props(
        "Microsoft.Compute/virtualMachines/extensions",
        lambda s: {"settings": {"commandToExecute": f"sh x.sh {s}"}},
        lambda s: {"protectedSettings": {"storageAccountKey": s}},
    )
    yield from _props("Microsoft.Compute/virtualMachines/runCommands", lambda s: {"source": {"script": f"login {s}"}})
    yield from _props(
        "Microsoft.Compute/virtualMachineScaleSets",
        lambda s: {"virtualMachineProfile": {"userData": s}},
        lambda s: {
            "virtualMachineProfile": {"extensionProfile": {"extensions": [{"properties": {"settings": {"a": s}}}]}}
        },
    )
    yield from _props(
        "Microsoft.Resources/deployments",
        lambda s: {"parameters": {"a": {"type": "String", "value": s}}},
        lambda s: {"outputs": {"a": {"type": "String", "value": s}}},
    )
    yield from _props(
        "Microsoft.Resources/deploymentScripts", lambda s: {"scriptContent": s}, lambda s: {"arguments": s}
    )
    yield from _props(
        "Microsoft.Resources/templateSpecs/versions",
        lambda s: {"mainTemplate": {"parameters": {"adminPassword": {"type": "string", "defaultValue": s}}}},
        lambda s: {"mainTemplate": {"parameters": {"a": {"type": "securestring", "defaultValue": s}}}},
    )
    yield from _props(
        "Microsoft.Automation/automationAccounts/variables", lambda s: {"value": f'"{s}"', "isEncrypted": False}
    )
    yield from _props(
        "Microsoft.Automation/automationAccounts/webhooks", lambda s: {"uri": f"https://a.b.c/webhooks?token={s}"}
    )
    yield from _props(
        "Microsoft.Logic/workflows",
        lambda s: {"parameters": {"a": {"value": s}}},
        lambda s: {"definition": {"parameters": {"a": {"type": "String", "defaultValue": s}}}},
        lambda s: {"definition": {"actions": {"A": {"type": "Http", "inputs": {"headers": {"X-A": s}}}}}},
        lambda s: {"definition": {"actions": {"S": {"actions": {"A": {"inputs": {"body": {"a": s}}}}}}}},
        lambda s: {"definition": {"actions": {"If": {"expression": {"and": [{"equals": ["@triggerBody()", s]}]}}}}},
        lambda s: {"definition": {"actions": {"If": {"expression": f"@equals(triggerBody(), '{s}')"}}}},
    )
    yield from _props("Microsoft.Web/connections", lambda s: {"parameterValues": {"a": s}})
    yield from _props("Microsoft.DataFactory/factories/linkedservices", lambda s: {"typeProperties": {"url": s}})
    yield from _props("Microsoft.DataFactory/factories", lambda s: {"globalParameters": {"a": {"value": s}}})
    yield from _props(
        "Microsoft.DataFactory/factories/pipelines",
        lambda s: {"activities": [{"name": "a", "typeProperties": {"baseParameters": {"t": s}}}]},
    )
    yield from _props("Microsoft.Synapse/workspaces/linkedServices", lambda s: {"typeProperties": {"a": {"b": s}}})
    yield from _props("Microsoft.ApiManagement/service/namedValues", lambda s: {"value": s, "secret": False})
    yield from _props("Microsoft.ApiManagement/service/workspaces/namedValues", lambda s: {"value": s})
    yield from _props(
        "Microsoft.ApiManagement/service/backends",
        lambda s: {"credentials": {"header": {"X-A": [s]}}},
        lambda s: {"credentials": {"query": {"a": [s]}}},
        lambda s: {"credentials": {"authorization": {"scheme": "Basic", "parameter": s}}},
    )
    yield from _props("Microsoft.ApiManagement/service/loggers", lambda s: {"credentials": {"connectionString": s}})
    policy = "Microsoft.ApiManagement/service/apis/policies"
    for text in (
        '<inbound><set-header name="X-A"><value>{}</value></set-header></inbound>',
        '<inbound><authentication-basic username="u" password="{}" /></inbound>',
        "<inbound><!-- {} --><base /></inbound>",
        "<inbound><set-body><![CDATA[{}]]></set-body></inbound>",
    ):
        yield from _props(
            policy, lambda s, text=text: {"format": "xml", "value": f"<policies>{text.format(s)}</policies>"}
        )
    yield from _props("Microsoft.KeyVault/vaults/secrets", lambda s: {"value": s})
    secret = _word()
    yield "Microsoft.KeyVault/vaults/secrets", "", secret, {"properties": {}, "tags": {"was": secret}}
    yield from _props(
        "Microsoft.Network/applicationGateways",
        lambda s: {"sslCertificates": [{"name": "c", "properties": {"data": s, "password": "x"}}]},
        lambda s: {
            "rewriteRuleSets": [
                {
                    "properties": {
                        "rewriteRules": [
                            {
                                "actionSet": {
                                    "requestHeaderConfigurations": [{"headerName": "X-Origin", "headerValue": s}]
                                }
                            }
                        ]
                    }
                }
            ]
        },
    )
    yield from _props("Microsoft.Network/connections", lambda s: {"sharedKey": s})
    yield from _props(
        "Microsoft.Network/vpnGateways/vpnConnections",
        lambda s: {"vpnLinkConnections": [{"properties": {"sharedKey": s}}]},
    )
    yield from _props(
        "Microsoft.Network/trafficManagerProfiles",
        lambda s: {"monitorConfig": {"customHeaders": [{"name": "X-A", "value": s}]}},
    )
    yield from _props(
        "Microsoft.Cdn/profiles/ruleSets/rules",
        lambda s: {"actions": [{"parameters": {"headerName": "X-A", "value": s}}]},
    )
    yield from _props(
        "Microsoft.Insights/actionGroups",
        lambda s: {"webhookReceivers": [{"serviceUri": f"https://hooks.example/{s}"}]},
        lambda s: {"logicAppReceivers": [{"callbackUrl": f"https://a.b.c/x?sig={s}"}]},
        lambda s: {"azureFunctionReceivers": [{"httpTriggerUrl": f"https://a.b.c/x?code={s}"}]},
    )
    yield from _props(
        "Microsoft.Insights/activityLogAlerts",
        lambda s: {"actions": {"actionGroups": [{"actionGroupId": "/x", "webhookProperties": {"a": s}}]}},
    )
    yield from _props("Microsoft.Insights/metricAlerts", lambda s: {"actions": [{"webHookProperties": {"a": s}}]})
    yield from _props("Microsoft.Insights/scheduledQueryRules", lambda s: {"actions": {"customProperties": {"a": s}}})
    yield from _props(
        "Microsoft.Insights/autoscaleSettings",
        lambda s: {"notifications": [{"webhooks": [{"serviceUri": f"https://a.b.c/{s}", "properties": {}}]}]},
    )
    yield from _props("Microsoft.Insights/webTests", lambda s: {"Request": {"Headers": [{"key": "X-A", "value": s}]}})
    for parent in ("topics", "systemTopics", "domains", "domains/topics", "partnerTopics", "namespaces/topics"):
        yield from _props(
            f"Microsoft.EventGrid/{parent}/eventSubscriptions",
            lambda s: {"destination": {"endpointType": "WebHook", "properties": {"endpointUrl": f"https://a.b.c/{s}"}}},
        )
    yield from _props(
        "Microsoft.EventGrid/eventSubscriptions",
        lambda s: {
            "destination": {"properties": {"deliveryAttributeMappings": [{"name": "X", "properties": {"value": s}}]}}
        },
    )
    yield from _props(
        "Microsoft.ContainerService/managedClusters", lambda s: {"addonProfiles": {"a": {"config": {"b": s}}}}
    )
    yield from _props("Microsoft.Databricks/workspaces", lambda s: {"parameters": {"adminPassword": {"value": s}}})
    yield from _props("Microsoft.ContainerRegistry/registries/webhooks", lambda s: {"customHeaders": {"X-A": s}})
    yield from _props(
        "Microsoft.ContainerRegistry/registries/tasks", lambda s: {"step": {"values": [{"name": "a", "value": s}]}}
    )
    yield from _props("Microsoft.Batch/batchAccounts/pools", lambda s: {"startTask": {"commandLine": f"sh -c {s}"}})
    yield from _props("Microsoft.MachineLearningServices/workspaces/connections", lambda s: {"credentials": {"key": s}})
    for field in ("passwordCredentials", "notes"):
        for kind in ("applications", "servicePrincipals"):
            secret = _word()
            value: Any = secret if field == "notes" else [{"displayName": "x", "hint": secret}]
            yield f"Microsoft.Graph/{kind}", "", secret, {field: value}
    secret = "abc8Q~" + _some(34)
    yield "Microsoft.Graph/applications", "", secret, {"passwordCredentials": [{"displayName": f"new {secret}"}]}
    yield from _anywhere("Contoso.Any/things")


def _anywhere(kind: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """What shows itself, or has a name that tells, wherever it stands."""
    shown = [
        *(
            _key(),
            "ghp_" + _some(36),
            "github_pat_" + _some(22) + "_" + _some(59),
            "AKIA" + _some(16, string.ascii_uppercase),
        ),
        *("sk-proj-" + _some(48), _some(76) + "AZDO" + _some(4), _some(50, "abcdefghijklmnopqrstuvwxyz234567") + "a7"),
        *(
            "xoxb-" + _some(12, string.digits) + "-" + _some(24),
            "eyJ" + _some(30) + ".eyJ" + _some(30) + "." + _some(43),
        ),
        *("-----BEGIN PRIVATE KEY-----\n" + _some(200), _some(76) + "+AStABCDEA==", _some(33) + "+ASbABCDE="),
    ]
    for text in shown:
        core = text.split("\n")[-1]
        yield kind, "", core, {"properties": {"description": f"take {text}"}}
        yield kind, "", core, {"properties": {}, "tags": {"note": text}}
        yield kind, "", core, {"properties": {}, "tags": {text: "x"}}
        yield kind, "", core, {"properties": {"list": [{"any": [text]}], "url": f"https://a.b.c/x?y={text}"}}
    for made in (
        *("password={}", "the password is {}", "--token {}", "curl -u me:{} https://a.b.c", "https://me:{}@a.b.c/x"),
        *("https://a.b.c/x?sig={}", "AccountName=a;AccountKey={}", "client_secret: {}", '{{"apiKey": "{}"}}'),
    ):
        secret = _word()
        yield kind, "", secret, {"properties": {"notes": made.format(secret)}}
    basic = base64.b64encode(f"user:{_word()}".encode()).decode()
    yield kind, "", basic, {"properties": {"header": f"Basic {basic}"}}
    for name in ("db-password", "Secret", "api_key", "SAS_TOKEN", "connection-string", "backup-key"):
        secret = _word()
        yield kind, "", secret, {"properties": {}, "tags": {name: secret}}
    for name in ("clientSecret", "adminPassword", "accessToken", "primaryKey", "x-functions-key", "GITHUB_TOKEN"):
        secret = _word()
        yield kind, "", secret, {"properties": {"headers": [{"name": name, "value": secret}]}}
