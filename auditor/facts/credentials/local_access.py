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
        _LEARN + "redis/entra-for-authentication",
        "databases/default",
    ),
    Switch(
        "Microsoft.ContainerRegistry/registries",
        "the admin password",
        "properties.adminUserEnabled",
        ("false", "none"),
        _LEARN + "container-registry/container-registry-authentication",
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
    owner = resource
    if switch.child:
        child = inventory.get(f"{resource.id}/{switch.child}")
        gap = inventory.gap(f"{resource.type}/{switch.child.partition('/')[0]}", resource.id) if child is None else None
        if gap or (child is not None and "properties" in child.unread):
            return Unread(gap or child.unread["properties"])  # type: ignore[union-attr] # one of the two is there
        owner = child or resource
    raw = value(owner.body, *switch.path.split(".")) if owner is not resource or not switch.child else None
    accepted = raw is None or str(raw).lower() not in switch.off
    word = switch.path.rpartition(".")[2] if not switch.child else switch.child
    shown = "is not set" if raw is None else f"is {str(raw).lower() if isinstance(raw, bool) else raw}"
    return {
        "accepted": accepted,
        "what": switch.what,
        "decided_by": [f"{switch.child}:{switch.path}" if switch.child else switch.path],
        "text": f"{'takes' if accepted else 'refuses'} {switch.what}: {word} {shown}",
    }


_NEEDS = {
    switch.type.lower(): frozenset(
        {switch.type.lower()} | ({f"{switch.type}/{switch.child.partition('/')[0]}".lower()} if switch.child else set())
    )
    for switch in SWITCHES
}

FAMILY = FactFamily(
    name="local_access",
    types=frozenset(_NEEDS),
    needs=frozenset().union(*_NEEDS.values()),
    compute=compute,
    needs_by_type=_NEEDS,
    grounds={"accepted": "Entra ID alone"},
)
