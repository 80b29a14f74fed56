"""Small inventories for the facts over private link: networks, endpoints, zones, and what they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.facts.registry import FactStore, family
from auditor.inventory import ids
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from tests.azure.loopback.bodies_network import virtual_network
from tests.conftest import SUBSCRIPTION, arm_id

Body = dict[str, Any]
OTHER = "22222222-2222-2222-2222-222222222222"
STRANGE = "99999999-9999-9999-9999-999999999999"
NETWORK = "Microsoft.Network/virtualNetworks"
ENDPOINT = "Microsoft.Network/privateEndpoints"
ZONE = "Microsoft.Network/privateDnsZones"
STORAGE = "Microsoft.Storage/storageAccounts"
BLOB = "privatelink.blob.core.windows.net"


def resource(
    type_: str, name: str, properties: Body | None = None, *, subscription: str = SUBSCRIPTION, **more: Any
) -> Body:
    """An ARM body; a child's name is written with its parents'."""
    return {
        "id": arm_id(type_, name, subscription=subscription),
        "name": name.rpartition("/")[2],
        "type": type_,
        "location": "westeurope",
        "properties": properties or {},
        **more,
    }


def network(
    name: str, space: str = "10.0.0.0/16", *, dns: Sequence[str] = (), used: bool = True, **subnets: Body
) -> Body:
    """A virtual network; with something in it that asks for names, unless it is not `used`."""
    parts: dict[str, Body] = {"endpoints": {}, **subnets}
    if used:
        parts["apps"] = {"delegations": [{"name": "web", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]}
    body = virtual_network(name, parts, space=space, subscription=SUBSCRIPTION)
    body["properties"]["dhcpOptions"] = {"dnsServers": list(dns)}
    return body


def peer(one: Body, other: Body, *, state: str = "Connected", remote_gateways: bool = False) -> None:
    """Peer two networks in both directions; `remote_gateways`: the first uses the gateway of the second."""
    for here, there, uses in ((one, other, remote_gateways), (other, one, False)):
        here["properties"]["virtualNetworkPeerings"].append(
            {
                "id": f"{here['id']}/virtualNetworkPeerings/to-{there['name']}",
                "name": f"to-{there['name']}",
                "properties": {
                    "peeringState": state,
                    "remoteVirtualNetwork": {"id": there["id"].upper()},
                    "useRemoteGateways": uses,
                },
            }
        )


def endpoint(
    name: str,
    target: str,
    where: Body,
    *groups: str,
    address: str = "10.0.0.5",
    names: Sequence[str] = (),
    status: str = "Approved",
    manual: bool = False,
    **more: Any,
) -> Body:
    """A private endpoint that tells its names and addresses itself."""
    connection = {
        "name": name,
        "properties": {
            "privateLinkServiceId": target,
            "groupIds": list(groups),
            "privateLinkServiceConnectionState": {"status": status},
        },
    }
    lists = {"privateLinkServiceConnections": [connection], "manualPrivateLinkServiceConnections": []}
    if manual:
        lists = {"privateLinkServiceConnections": [], "manualPrivateLinkServiceConnections": [connection]}
    properties = {
        "subnet": {"id": f"{where['id']}/subnets/endpoints"},
        "customDnsConfigs": [{"fqdn": each, "ipAddresses": [address]} for each in names or [""]],
        **lists,
    }
    return resource(ENDPOINT, name, properties, **more)


def zone_group(owner: Body, *zones: Body | str, **records: str) -> Body:
    """The zone group of an endpoint; `records` are names and addresses that it wrote."""
    sets = [{"recordSetName": name, "ipAddresses": [address]} for name, address in records.items()]
    configs = [
        {
            "name": "zone",
            "properties": {"privateDnsZoneId": each if isinstance(each, str) else each["id"], "recordSets": sets},
        }
        for each in zones
    ]
    return resource(f"{ENDPOINT}/privateDnsZoneGroups", f"{owner['name']}/default", {"privateDnsZoneConfigs": configs})


def zone(name: str, *links: Body, state: str = "Completed", **records: str) -> list[Body]:
    """A private DNS zone with its links and A records; `_` in a record's name stands for a dot."""
    bodies = [resource(ZONE, name, location="global")]
    for each in links:
        link = {"virtualNetwork": {"id": each["id"]}, "virtualNetworkLinkState": state}
        bodies.append(resource(f"{ZONE}/virtualNetworkLinks", f"{name}/link-{each['name']}", link))
    for record, address in records.items():
        entry = {"aRecords": [{"ipv4Address": part} for part in address.split()]}
        bodies.append(resource(f"{ZONE}/A", f"{name}/{record.replace('_', '.')}", entry))
    return bodies


def account(name: str = "st1", *connections: Body, **more: Any) -> Body:
    """A storage account."""
    properties = {"privateEndpointConnections": list(connections), **more.pop("properties", {})}
    return resource(STORAGE, name, properties, **{"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **more})


def connection(
    owner: str, pe: str, status: str = "Approved", *, description: str = "Auto-Approved", **more: Any
) -> Body:
    """A connection in the body of a service; `owner` and `pe` are ids."""
    return {
        "id": f"{owner}/privateEndpointConnections/{pe.rpartition('/')[2]}.conn",
        "properties": {
            "privateEndpoint": {"id": pe},
            "privateLinkServiceConnectionState": {"status": status, "description": description},
            **more,
        },
    }


def fact(family: str, bodies: Sequence[Body], coverage: Any = None) -> Any:
    """The fact of the first body."""
    resources = [Resource.from_body(body) for body in bodies]
    return FactStore(Inventory(resources, coverage)).get(family, resources[0])


def unread(bodies: Sequence[Body], *kinds: str) -> tuple[Ledger, Gap]:
    """A ledger in which all types of `bodies` and the usual others were read but `kinds`, and the gap it gives."""
    scope = f"/subscriptions/{SUBSCRIPTION}"
    gap = Gap(scope, kinds[0], "GET", 403, "AuthorizationFailed")
    refused = {ids.type_key(kind) for kind in kinds}
    read = {ids.type_key(body["type"]) for body in bodies} | _USUAL
    lines = [LedgerEntry(scope, kind, ReadState.COMPLETE) for kind in sorted(read) if kind not in refused]
    lines += [LedgerEntry(scope, kind, ReadState.DENIED, gap=gap) for kind in kinds]
    return Ledger(lines), gap


_USUAL = frozenset().union(*(family(name).needs for name in ("exfiltration", "private_endpoint", "private_link")))
