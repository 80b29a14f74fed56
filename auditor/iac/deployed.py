"""What ARM templates deploy, as bodies with ids in the scope that they are deployed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.expressions.evaluate import truth
from auditor.expressions.partial import Open, Unknown
from auditor.expressions.shapes import text_of
from auditor.iac.arm import declaration_of
from auditor.iac.change import Change, Effect
from auditor.iac.settle import Redact, settle
from auditor.iac.template import Declared, TemplateFile, declared, elsewhere
from auditor.iac.template_scope import TemplateScope

NOWHERE = "00000000-0000-0000-0000-000000000000"
"""The subscription of what is deployed nobody says where."""
_OWN = frozenset(
    {
        *("apiversion", "dependson", "copy", "condition", "resources", "comments", "scope", "existing", "name", "type"),
        *("asserts", "import", "extension"),
    }
)
"""What a template says of a resource that is no part of its body, lower-cased."""
_GROUPS = "microsoft.resources/resourcegroups"
# https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-deployment#environment
_PUBLIC_CLOUD = {
    "name": "AzureCloud",
    "suffixes": {
        "storage": "core.windows.net",
        "keyvaultDns": ".vault.azure.net",
        "sqlServerHostname": ".database.windows.net",
        "acrLoginServer": ".azurecr.io",
    },
    "resourceManager": "https://management.azure.com/",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where templates are deployed to, as far as the user says."""

    subscription: str = NOWHERE
    resource_group: str = "{resource group}"
    location: str = ""
    tenant: str = ""
    cloud: str = "public"

    def ambient(self, schema: str) -> dict[str, Any]:
        """What `resourceGroup()` and its like give in a template with this schema."""
        why = Unknown("it is only known at deployment")
        subscription, tenant = Open(why), Open(why)
        subscription.update({"subscriptionId": self.subscription, "id": f"/subscriptions/{self.subscription}"})
        if self.tenant:
            tenant["tenantId"] = subscription["tenantId"] = self.tenant
        found: dict[str, Any] = {"tenant": tenant, "deployment": why}
        if self.cloud == "public":
            environment = Open(why)
            environment.update(_PUBLIC_CLOUD)
            found["environment"] = environment
        lowered = schema.lower()
        if "tenantdeployment" in lowered or "managementgroupdeployment" in lowered:
            return found
        found["subscription"] = subscription
        if "subscriptiondeployment" not in lowered:
            group = Open(Unknown("the resource group's location is not known", (), "{location}"))
            group["name"] = self.resource_group
            group["id"] = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            if self.location:
                group["location"] = self.location
            found["resourcegroup"] = group
        return found


class DeploymentScope(TemplateScope):
    """A template's scope that also knows ids of resources, and what only the platform can answer."""

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """See `Scope.call`."""
        match name:
            case "resourceid" | "subscriptionresourceid" | "tenantresourceid" | "extensionresourceid":
                return _resource_id(name, arguments, self.ambient)
            case "managementgroupresourceid":
                return Unknown("the management group is only known at deployment")
            case "reference":
                wanted = arguments[0] if arguments else None
                known = self.outputs_of(wanted) if isinstance(wanted, str) and self.outputs_of else None
                if known is not None and "full" not in map(str, arguments[2:]):
                    return known
                return Unknown(f"reference() of {_last(arguments)} is only known when it is deployed")
            case _ if name.startswith("list"):
                return Unknown(f"{name}() is only known when it is deployed", is_secret=True)
            case _:
                return super().call(name, arguments)


def changes_of(
    file: TemplateFile,
    given: Mapping[str, Any],
    target: Target,
    open_file: Callable[[str], TemplateFile | None],
    redact: Redact,
    notices: list[str],
) -> Iterator[Change]:
    """Every resource that a template deploys with some parameters."""
    scope = DeploymentScope(given, file.document, target.ambient(str(file.document.get("$schema", ""))))
    for one in declared(file, scope, open_file):
        if one.kind.startswith("microsoft.resources/deployments") or not _is_arm(one):
            continue
        held = truth(one.scope.value(one.raw.get("condition", True)))
        if isinstance(held, Unknown):
            notices.append(
                f"whether {one.type} {text_of(one.name)} is deployed is only known at deployment ({held.reason}); "
                "it is judged as if it were"
            )
        if not one.is_one:
            notices.append(
                f"how many {one.type} {text_of(one.name)} are deployed is only known at deployment; one is judged"
            )
        yield _change(one, redact)


def _is_arm(one: Declared) -> bool:
    """Whether it is a resource of Azure, not of an extension such as Microsoft Graph."""
    return "import" not in one.raw and "extension" not in one.raw and "/" in one.type


def _change(one: Declared, redact: Redact) -> Change:
    kind, name, identifier = identity(one)
    raw = {key: one.scope.value(value) for key, value in one.raw.items() if key.lower() not in _OWN}
    settled = settle(identifier, kind, raw, one.file.path)
    settled.body = {"id": identifier, "name": name, "type": kind, **settled.body}
    with_ids(identifier, kind, settled.body)
    found = None if one.file.is_generated else declaration_of(one)
    return Change(
        identifier,
        Effect.PUT,
        settled.redacted(kind, redact),
        partial=settled.partial,
        declaration=found,
    )


def identity(one: Declared) -> tuple[str, str, str]:
    """Type, name and id of what a template deploys."""
    name, ambient = text_of(one.name), one.scope.ambient
    base, kind = _base(one, ambient), one.type
    if one.kind == _GROUPS:
        return kind, name, f"{_subscription(ambient)}/resourceGroups/{name}"
    # `Microsoft.Storage/storageAccounts/providers/locks`, named `account/Microsoft.Authorization/lock`.
    around, marker, own = kind.partition("/providers/")
    if marker:
        parts = name.split("/")
        levels = around.count("/")
        rest = parts[levels:]
        if len(rest) >= 2:
            base = f"{base}/providers/{_path(around, '/'.join(parts[:levels]))}"
            kind, name = f"{rest[0]}/{own}", "/".join(rest[1:])
    return kind, name.rpartition("/")[2], f"{base}/providers/{_path(kind, name)}"


def _base(one: Declared, ambient: Mapping[str, Any]) -> str:
    scope = one.scope.value(one.raw.get("scope")) if "scope" in one.raw else None
    if scope is None:
        return _group(ambient) or _subscription(ambient)
    text = text_of(scope)
    if text.startswith("/"):
        return "" if text == "/" else text.rstrip("/")
    kinds = text.split("/")  # `Microsoft.Storage/storageAccounts/account`
    return f"{_group(ambient) or _subscription(ambient)}/providers/{'/'.join(kinds)}"


def _subscription(ambient: Mapping[str, Any]) -> str:
    found = ambient.get("subscription")
    return text_of(found["id"]) if isinstance(found, Mapping) and "id" in found else ""


def _group(ambient: Mapping[str, Any]) -> str:
    found = ambient.get("resourcegroup")
    return text_of(found["id"]) if isinstance(found, Mapping) and "id" in found else ""


def _path(kind: str, name: str) -> str:
    namespace, *types = kind.split("/")
    names = name.split("/")
    names += ["{computed}"] * (len(types) - len(names))
    return "/".join([namespace, *(part for pair in zip(types, names, strict=False) for part in pair)])


def _last(arguments: Sequence[Any]) -> str:
    return text_of(arguments[0]).rpartition("/")[2] if arguments else "a resource"


def _resource_id(name: str, arguments: Sequence[Any], ambient: Mapping[str, Any]) -> Any:
    """An id from its parts.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource#resourceid
    """
    texts = [text_of(argument) for argument in arguments]
    place = next((i for i, text in enumerate(texts) if "/" in text and not text.startswith("/")), None)
    if place is None or (name == "extensionresourceid" and place != 1):
        return Unknown("a resource id cannot be worked out")
    path = _path(texts[place], "/".join(texts[place + 1 :]))
    if name == "extensionresourceid":
        return f"{texts[0]}/providers/{path}"
    if name == "tenantresourceid":
        return f"/providers/{path}"
    there = ambient
    match name, texts[:place]:
        case _, [first, second]:
            there = elsewhere(ambient, first, second)
        case "resourceid", [only] if len(only) != len(NOWHERE):
            there = elsewhere(ambient, None, only)
        case _, [only]:
            there = elsewhere(ambient, only, None)
    base = _subscription(there) if name == "subscriptionresourceid" else _group(there) or _subscription(there)
    return f"{base}/providers/{path}"


_EMBEDDED = {
    "microsoft.network/virtualnetworks": ("subnets", "virtualNetworkPeerings"),
    "microsoft.network/networksecuritygroups": ("securityRules",),
    "microsoft.network/networkinterfaces": ("ipConfigurations",),
    "microsoft.network/routetables": ("routes",),
    "microsoft.network/loadbalancers": (
        "frontendIPConfigurations",
        "backendAddressPools",
        "loadBalancingRules",
        "inboundNatRules",
        "outboundRules",
        "probes",
    ),
    "microsoft.network/applicationgateways": (
        "frontendIPConfigurations",
        "frontendPorts",
        "gatewayIPConfigurations",
        "sslCertificates",
        "backendAddressPools",
        "backendHttpSettingsCollection",
        "httpListeners",
        "requestRoutingRules",
        "probes",
    ),
    "microsoft.network/azurefirewalls": ("ipConfigurations",),
    "microsoft.network/bastionhosts": ("ipConfigurations",),
    "microsoft.network/virtualnetworkgateways": ("ipConfigurations",),
    "microsoft.network/privateendpoints": (
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
        "ipConfigurations",
    ),
    "microsoft.network/privatelinkservices": ("ipConfigurations",),
}
"""Lists whose elements the service gives ids of their own, by type."""


def with_ids(identifier: str, kind: str, body: dict[str, Any]) -> None:
    """Give the elements of a body's lists the ids that the service would."""
    properties = body.get("properties")
    lists = {name.lower() for name in _EMBEDDED.get(kind.lower(), ())}
    for key, value in properties.items() if isinstance(properties, dict) and lists else ():
        for element in value if key.lower() in lists and isinstance(value, list) else ():
            if isinstance(element, dict) and isinstance(element.get("name"), str) and "id" not in element:
                element["id"] = f"{identifier}/{key}/{element['name']}"
                element.setdefault("properties", {})
