"""What attackers want: which types are data stores, what opens each, and how much each matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.facts.identity.escalation.edges import TAKES_DATA, Edge
from auditor.facts.network.bodies import value
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

_EDGES_AT_ARM = frozenset({"storage-write", "vault-write", "disk-export", "snapshot-export", "sql-open"})
"""Ways that go past the store's own network rules: whoever may write the store may open it, and a disk is exported by
an address that Azure gives out."""


@dataclass(frozen=True, slots=True)
class Store:
    """One type of data store."""

    weight: int
    """From 1 to 10."""
    edges: tuple[Edge, ...]


def _local_off(resource: Resource, _: Inventory) -> bool:
    return value(resource.body, "properties", "disableLocalAuth") is True


def _keys(provider: str) -> Edge:
    return Edge(
        "keys",
        (f"{provider}/listKeys/action",),
        "takes the keys of {name}",
        closed=_local_off,
        cut="switch off local authentication (disableLocalAuth)",
    )


def _reads(action: str, what: str) -> Edge:
    return Edge("data", (action,), f"reads {what} of {{name}}", data=True)


def _known(kind: str) -> tuple[Edge, ...]:
    return TAKES_DATA[kind]


STORES: Mapping[str, Store] = {
    "microsoft.keyvault/vaults": Store(8, _known("microsoft.keyvault/vaults")),
    "microsoft.storage/storageaccounts": Store(6, _known("microsoft.storage/storageaccounts")),
    "microsoft.documentdb/databaseaccounts": Store(7, _known("microsoft.documentdb/databaseaccounts")),
    "microsoft.sql/servers": Store(
        7,
        (
            *(edge for edge in _known("microsoft.sql/servers") if edge.id != "sql-write"),
            Edge(
                "sql-open",
                ("Microsoft.Sql/servers/write", "Microsoft.Sql/servers/firewallRules/write"),
                "sets the password of {name} and opens its firewall",
            ),
            Edge("sql-write", ("Microsoft.Sql/servers/write",), "sets the password of {name}"),
        ),
    ),
    "microsoft.compute/disks": Store(4, _known("microsoft.compute/disks")),
    "microsoft.compute/snapshots": Store(4, _known("microsoft.compute/snapshots")),
    "microsoft.dbforpostgresql/flexibleservers": Store(
        7,
        (
            Edge(
                "postgres-write",
                ("Microsoft.DBforPostgreSQL/flexibleServers/write",),
                "sets the administrator's password of {name}",
            ),
        ),
    ),
    "microsoft.dbformysql/flexibleservers": Store(
        7,
        (
            Edge(
                "mysql-write",
                ("Microsoft.DBforMySQL/flexibleServers/write",),
                "sets the administrator's password of {name}",
            ),
        ),
    ),
    "microsoft.sql/managedinstances": Store(
        7,
        (
            Edge(
                "instance-write",
                ("Microsoft.Sql/managedInstances/write",),
                "sets the administrator's password of {name}",
            ),
        ),
    ),
    "microsoft.cache/redis": Store(
        4,
        (
            Edge(
                "redis-keys",
                ("Microsoft.Cache/redis/listKeys/action",),
                "takes the keys of {name}",
                closed=lambda r, _: value(r.body, "properties", "disableAccessKeyAuthentication") is True,
                cut="switch off access keys (disableAccessKeyAuthentication)",
            ),
        ),
    ),
    "microsoft.servicebus/namespaces": Store(
        4,
        (
            _reads("Microsoft.ServiceBus/namespaces/messages/receive/action", "the messages"),
            Edge(
                "bus-keys",
                ("Microsoft.ServiceBus/namespaces/authorizationRules/listkeys/action",),
                "takes the keys of {name}",
                closed=_local_off,
                cut="switch off local authentication (disableLocalAuth)",
            ),
        ),
    ),
    "microsoft.eventhub/namespaces": Store(
        4,
        (
            _reads("Microsoft.EventHub/namespaces/messages/receive/action", "the events"),
            Edge(
                "hub-keys",
                ("Microsoft.EventHub/namespaces/authorizationRules/listkeys/action",),
                "takes the keys of {name}",
                closed=_local_off,
                cut="switch off local authentication (disableLocalAuth)",
            ),
        ),
    ),
    "microsoft.appconfiguration/configurationstores": Store(
        5,
        (
            _reads("Microsoft.AppConfiguration/configurationStores/keyValues/read", "the settings"),
            Edge(
                "configuration-keys",
                ("Microsoft.AppConfiguration/configurationStores/ListKeys/action",),
                "takes the keys of {name}",
                closed=_local_off,
                cut="switch off local authentication (disableLocalAuth)",
            ),
        ),
    ),
    "microsoft.search/searchservices": Store(
        4,
        (_reads("Microsoft.Search/searchServices/indexes/documents/read", "the indexes"),),
    ),
    "microsoft.cognitiveservices/accounts": Store(3, (_keys("Microsoft.CognitiveServices/accounts"),)),
    "microsoft.containerregistry/registries": Store(
        5,
        (
            Edge(
                "registry-push",
                ("Microsoft.ContainerRegistry/registries/push/write",),
                "replaces images in {name}",
            ),
        ),
    ),
}
"""By type key. Data actions and operations: https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations."""

SCOPE_WEIGHT = {"owner": 10, "contributor": 9}
_CRITICAL = {"mission-critical": 4, "missioncritical": 4, "critical": 4, "high": 3, "1": 4, "tier0": 4, "tier-0": 4}
_TRUE = {"true", "yes", "1", "on"}


def past_network(edge: Edge) -> bool:
    """Whether an edge works whatever the store's own network rules say."""
    return edge.id in _EDGES_AT_ARM


def weight_of(resource: Resource) -> int:
    """How much a data store matters: its type, raised by the tags `criticality` and `crown-jewel`; 1 to 10."""
    store = STORES.get(resource.type_key)
    found = store.weight if store else 3
    for key, said in tags_of(resource).items():
        if key == "criticality":
            found += _CRITICAL.get(said, 0)
        elif key in ("crown-jewel", "crownjewel", "crown_jewel") and said in _TRUE:
            found = 10
    return min(found, 10)


def tags_of(resource: Resource) -> dict[str, str]:
    """Tags in lower case."""
    tags = resource.body.get("tags")
    if not isinstance(tags, Mapping):
        return {}
    return {str(key).lower(): str(said).strip().lower() for key, said in tags.items()}
