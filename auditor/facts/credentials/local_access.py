"""Where keys or passwords still work beside Entra ID: one form for every service that has both.

A fact of a service:

    {"accepted": true, "what": "account keys", "decided_by": ["properties.allowSharedKeyAccess"],
     "text": "takes account keys: allowSharedKeyAccess is not set"}

`accepted` is unread where the child that decides was not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.facts.network.bodies import value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


@dataclass(frozen=True, slots=True)
class Switch:
    """How one service says whether it takes keys or passwords."""

    type: str
    """As Azure writes it."""
    what: str
    """What it takes."""
    path: str
    off: tuple[str, ...]
    """Values, lower-cased, with which it takes none."""
    source: str
    child: str = ""
    """The child that decides."""
    beside: tuple[str, str] = ("", "")
    """Type of a child and its property that can say the same: where either is off, it takes none."""
    missing: bool = True
    """Whether it takes them where the property, or the child, is missing."""
    needs: str = ""
    """A property without which the question does not arise: a machine made from a disk has no password to ask for."""


_LEARN = "https://learn.microsoft.com/azure/"
_LOCAL = ("true",)
SWITCHES = (
    Switch(
        "Microsoft.Storage/storageAccounts",
        "account keys",
        "properties.allowSharedKeyAccess",
        ("false",),
        _LEARN + "storage/common/shared-key-authorization-prevent",
    ),
    *(
        Switch(kind, what, "properties.disableLocalAuth", _LOCAL, _LEARN + page)
        for kind, what, page in (
            ("Microsoft.DocumentDB/databaseAccounts", "account keys", "cosmos-db/how-to-setup-rbac"),
            ("Microsoft.ServiceBus/namespaces", "SAS keys", "service-bus-messaging/disable-local-authentication"),
            ("Microsoft.EventHub/namespaces", "SAS keys", "event-hubs/disable-local-authentication"),
            ("Microsoft.EventGrid/topics", "access keys", "event-grid/authenticate-with-microsoft-entra-id"),
            ("Microsoft.EventGrid/domains", "access keys", "event-grid/authenticate-with-microsoft-entra-id"),
            (
                "Microsoft.AppConfiguration/configurationStores",
                "access keys",
                "azure-app-configuration/howto-disable-access-key-authentication",
            ),
            ("Microsoft.CognitiveServices/accounts", "account keys", "ai-services/disable-local-auth"),
            ("Microsoft.Search/searchServices", "API keys", "search/search-security-enable-roles"),
            ("Microsoft.SignalRService/signalR", "access keys", "azure-signalr/howto-disable-local-auth"),
            ("Microsoft.SignalRService/webPubSub", "access keys", "azure-web-pubsub/howto-disable-local-auth"),
            ("Microsoft.Automation/automationAccounts", "registration keys", "automation/disable-local-authentication"),
            ("Microsoft.Devices/IotHubs", "SAS keys", "iot-hub/authenticate-authorize-azure-ad"),
        )
    ),
    Switch(
        "Microsoft.Cache/redis",
        "access keys",
        "properties.disableAccessKeyAuthentication",
        _LOCAL,
        _LEARN + "azure-cache-for-redis/cache-azure-active-directory-for-authentication",
    ),
    Switch(
        "Microsoft.Cache/redisEnterprise",
        "access keys",
        "properties.accessKeysAuthentication",
        ("disabled",),
        # Disabled where it is left out: DatabaseCreateProperties of
        # https://learn.microsoft.com/javascript/api/@azure/arm-redisenterprisecache
        _LEARN + "redis/entra-for-authentication",
        "databases/default",
        missing=False,
    ),
    Switch(
        "Microsoft.ContainerRegistry/registries",
        "the admin password",
        "properties.adminUserEnabled",
        ("false",),
        # No admin account unless somebody asks for one: the page below, under admin account.
        _LEARN + "container-registry/container-registry-authentication",
        missing=False,
    ),
    Switch(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "passwords",
        "properties.authConfig.passwordAuth",
        ("disabled",),
        _LEARN + "postgresql/flexible-server/security-entra-concepts",
    ),
    Switch(
        "Microsoft.DBforMySQL/flexibleServers",
        "passwords",
        "properties.value",
        ("on",),
        _LEARN + "mysql/flexible-server/security-entra-authentication",
        "configurations/aad_auth_only",
    ),
    *(
        Switch(
            kind,
            "passwords",
            "properties.administrators.azureADOnlyAuthentication",
            _LOCAL,
            _LEARN + "azure-sql/database/authentication-azure-ad-only-authentication",
            # The server's own body says it only where it was asked for.
            beside=("azureADOnlyAuthentications", "properties.azureADOnlyAuthentication"),
        )
        for kind in ("Microsoft.Sql/servers", "Microsoft.Sql/managedInstances")
    ),
    Switch(
        "Microsoft.Synapse/workspaces",
        "SQL passwords",
        "properties.azureADOnlyAuthentication",
        _LOCAL,
        _LEARN + "synapse-analytics/sql/active-directory-authentication",
    ),
    Switch(
        "Microsoft.Compute/virtualMachines",
        "passwords over SSH",
        "properties.osProfile.linuxConfiguration.disablePasswordAuthentication",
        _LOCAL,
        _LEARN + "virtual-machines/linux/create-ssh-keys-detailed",
        needs="properties.osProfile.linuxConfiguration",
    ),
    Switch(
        "Microsoft.Compute/virtualMachineScaleSets",
        "passwords over SSH",
        "properties.virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication",
        _LOCAL,
        _LEARN + "virtual-machines/linux/create-ssh-keys-detailed",
        needs="properties.virtualMachineProfile.osProfile.linuxConfiguration",
    ),
    Switch(
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        "keys",
        "properties.authMode",
        ("aadtoken", "amltoken"),
        _LEARN + "machine-learning/how-to-authenticate-online-endpoint",
    ),
    Switch(
        "Microsoft.ContainerRegistry/registries/tokens",
        "its passwords",
        "properties.status",
        ("disabled",),
        _LEARN + "container-registry/container-registry-token-based-repository-permissions",
    ),
)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each service; none for a resource that the question does not concern."""
    found: dict[str, Json | Unread] = {}
    for switch in SWITCHES:
        for resource in inventory.of_type(switch.type):
            if "properties" in resource.unread:
                found[resource.key] = Unread(resource.unread["properties"])
            elif not switch.needs or value(resource.body, *switch.needs.split(".")) is not None:
                found[resource.key] = _fact(switch, resource, inventory)
    return found


def _fact(switch: Switch, resource: Resource, inventory: Inventory) -> Json | Unread:
    owner: Resource | None = resource
    if switch.child:
        owner = inventory.get(f"{resource.id}/{switch.child}")
        gap = inventory.gap(f"{resource.type}/{_kind(switch.child)}", resource.id) if owner is None else None
        if owner is not None:
            gap = owner.unread.get("properties")
        if gap:
            return Unread(gap)
    raw = value(owner.body, *switch.path.split(".")) if owner is not None else None
    accepted = switch.missing if raw is None else str(raw).lower() not in switch.off
    if accepted and switch.beside[0]:
        refused = _refused_beside(switch, resource, inventory)
        if isinstance(refused, Unread):
            return refused
        accepted, raw = (False, True) if refused else (accepted, raw)
    word = switch.child or switch.path.rpartition(".")[2]
    shown = "is not set" if raw is None else f"is {str(raw).lower() if isinstance(raw, bool) else raw}"
    return {
        "accepted": accepted,
        "what": switch.what,
        "decided_by": [f"{switch.child}:{switch.path}" if switch.child else switch.path],
        "text": f"{'takes' if accepted else 'refuses'} {switch.what}: {word} {shown}",
    }


def _refused_beside(switch: Switch, resource: Resource, inventory: Inventory) -> bool | Unread:
    kind, path = switch.beside
    for child in inventory.children(resource, kind):
        if "properties" in child.unread:
            return Unread(child.unread["properties"])
        if str(value(child.body, *path.split("."))).lower() in switch.off:
            return True
    gap = inventory.gap(f"{resource.type}/{kind}", resource.id)
    return Unread(gap) if gap else False


def _kind(child: str) -> str:
    return child.partition("/")[0]


def _needs(switch: Switch) -> frozenset[str]:
    children = (_kind(switch.child), switch.beside[0])
    return frozenset({switch.type.lower(), *(f"{switch.type}/{one}".lower() for one in children if one)})


_NEEDS = {switch.type.lower(): _needs(switch) for switch in SWITCHES}

FAMILY = FactFamily(
    name="local_access",
    types=frozenset(_NEEDS),
    needs=frozenset().union(*_NEEDS.values()),
    compute=compute,
    needs_by_type=_NEEDS,
    grounds={"accepted": "Entra ID alone"},
)
