"""By which ways data can leave a subnet: service endpoints to anybody's account, and the open internet.

A fact of a subnet:

    {"service_endpoints": ["Microsoft.Storage"], "policies": ["sep-ours"], "storage_unrestricted": false,
     "machines": true, "data": ["st1 (service endpoint)", "sql1 (private endpoint)"],
     "internet": true, "way": "by default outbound access, no security group", "text": "..."}

`machines` says that something in it opens connections: an interface of a machine, or a delegated service. `data` are
services with data that it reaches by private endpoints of its network or by rules that name the subnet. `internet` says
that it reaches the internet without passing a firewall; `way` says how, or what stops it. `storage_unrestricted`: it
has a service endpoint for storage and no service endpoint policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.network.topology import NETWORK, items, keys_at, value
from auditor.facts.private_link.endpoint_body import ENDPOINT, connections_of, network_of
from auditor.facts.private_link.outbound import NEEDS as OUTBOUND_NEEDS
from auditor.facts.private_link.outbound import Outbound
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

SUBNET = f"{NETWORK}/subnets"

# Services that hold data of their own; the others that private endpoints lead to are doors to work, not to data.
_DATA = frozenset(
    (
        "microsoft.storage/storageaccounts",
        "microsoft.keyvault/vaults",
        "microsoft.sql/servers",
        "microsoft.sql/managedinstances",
        "microsoft.documentdb/databaseaccounts",
        "microsoft.documentdb/mongoclusters",
        "microsoft.dbforpostgresql/flexibleservers",
        "microsoft.dbformysql/flexibleservers",
        "microsoft.cache/redis",
        "microsoft.cache/redisenterprise",
        "microsoft.synapse/workspaces",
        "microsoft.kusto/clusters",
        "microsoft.search/searchservices",
        "microsoft.eventhub/namespaces",
        "microsoft.servicebus/namespaces",
        "microsoft.databricks/workspaces",
    )
)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each subnet."""
    outbound = Outbound(inventory)
    private: dict[str, list[str]] = {}
    for endpoint in inventory.of_type(ENDPOINT):
        private.setdefault(network_of(endpoint), []).extend(_data_behind(endpoint))
    return {subnet.key: _fact(subnet, inventory, outbound, private) for subnet in inventory.of_type(SUBNET)}


def _data_behind(endpoint: Resource) -> Iterator[str]:
    for connection in connections_of(endpoint):
        if connection.state == "approved" and ids.type_key(ids.type_of_id(connection.target)) in _DATA:
            yield f"{connection.target.rpartition('/')[2]} (private endpoint)"


def _fact(
    subnet: Resource, inventory: Inventory, outbound: Outbound, private: Mapping[str, list[str]]
) -> Json | Unread:
    if gap := subnet.unread.get("properties"):
        return Unread(gap)
    endpoints = sorted({str(value(e, "service")) for e in items(subnet.body, "properties", "serviceEndpoints")})
    policies = sorted(key.rpartition("/")[2] for key in keys_at(subnet.body, "properties", "serviceEndpointPolicies"))
    storage = any(name.lower() in ("microsoft.storage", "microsoft.storage.global") for name in endpoints)
    way = outbound.way(subnet)
    data = sorted({*private.get(ids.parent_of(subnet.key), ()), *_admitting(subnet, inventory)})
    gap = None if data else inventory.gap(ENDPOINT, subnet.key)
    return {
        "service_endpoints": endpoints,
        "policies": policies,
        "storage_unrestricted": storage and not policies,
        "machines": outbound.machines(subnet),
        "data": Unread(gap) if gap else data,
        "internet": way if isinstance(way, Unread) else way.open,
        "way": way if isinstance(way, Unread) else way.text,
        "text": f"{subnet.name} reaches {', '.join(data) or 'no data that is known'}",
    }


def _admitting(subnet: Resource, inventory: Inventory) -> Iterator[str]:
    """Services whose firewall lets the subnet in."""
    for reference in inventory.references_to(subnet.key):
        if "virtualnetworkrules" not in reference.path.lower() and "virtualnetworkrules/" not in reference.source:
            continue
        owner = inventory.get(reference.source)
        while owner is not None and owner.type_key not in _DATA:
            owner = inventory.get(ids.parent_of(owner.key) or "-")
        if owner is not None:
            yield f"{owner.name} (service endpoint)"


FAMILY = FactFamily(
    name="exfiltration",
    types=frozenset((SUBNET,)),
    needs=frozenset((NETWORK, ENDPOINT)) | OUTBOUND_NEEDS,
    compute=compute,
    of_everything=True,
)
