"""Where each private endpoint leads, whether names resolve to it, and whether networks on-premises can use it.

A fact of a private endpoint:

    {"target": "/subscriptions/.../storageAccounts/st1", "service": "Storage account", "sub_resources": ["blob"],
     "state": "approved", "manual": false, "foreign": false, "target_known": true, "network": "vnet-app",
     "addresses": ["10.0.0.5"], "static": false, "dns_source": "azure", "wrong_zones": [],
     "dns": [{"sub_resource": "blob", "zone": "privatelink.blob.core.windows.net", "zone_exists": true,
              "zone_group": true, "record": true, "record_matches": true, "points_to": [],
              "zone_linked_to_network": true, "linked_networks": ["vnet-hub"], "unlinked_networks": []}],
     "on_premises": {"gateway": true, "resolver": "dns-private-resolver", "text": "..."}, "text": "..."}

`foreign` says that the target lies in no subscription that the identity sees. `dns_source` is who answers names in the
endpoint's network: `azure`, `network` (servers in a virtual network) or `external`; in the last case what is linked
where cannot be said, and `zone_linked_to_network` is null. `linked_networks` and `unlinked_networks` name peered
networks that hold something that asks for names, or the resolver of networks on-premises. `points_to` are addresses of
the record that lead to no endpoint of this resource.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.network.topology import NETWORK, NIC, items, value
from auditor.facts.private_link.dns_zones import LINK, RECORD, ZONE, DnsZones
from auditor.facts.private_link.endpoint_body import ENDPOINT, Connection, Names, connections_of, network_of
from auditor.facts.private_link.logic import Truth
from auditor.facts.private_link.names import ZONE_GROUP, Question, Resolution, wrong_zones, zone_configs
from auditor.facts.private_link.networks import (
    FIREWALL,
    FIREWALL_POLICY,
    GATEWAY,
    INBOUND,
    RESOLVER,
    DnsSource,
    Forwarder,
    Networks,
)
from auditor.facts.private_link.tenancy import SUBSCRIPTION, Tenancy, gap_anywhere
from auditor.facts.private_link.zones import service_of
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

LINK_SERVICE = "microsoft.network/privatelinkservices"


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each private endpoint."""
    world = _World(inventory)
    return {endpoint.key: world.fact(endpoint) for endpoint in inventory.of_type(ENDPOINT)}


class _World:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._tenancy = Tenancy.of(inventory)
        self._networks = Networks(inventory)
        self._resolution = Resolution(inventory, DnsZones(inventory), self._networks)
        self._names = {e.key: Names.of(e, inventory) for e in inventory.of_type(ENDPOINT)}
        self._aliases = {
            str(value(service.body, "properties", "alias") or "").lower(): service.key
            for service in inventory.of_type(LINK_SERVICE)
        }
        self._siblings: dict[str, frozenset[str]] = {}
        for endpoint in inventory.of_type(ENDPOINT):
            for connection in connections_of(endpoint):
                addresses = self._siblings.get(connection.target, frozenset())
                self._siblings[connection.target] = addresses | self._names[endpoint.key].addresses

    def fact(self, endpoint: Resource) -> Json | Unread:
        if gap := endpoint.unread.get("properties"):
            return Unread(gap)
        connection = next(connections_of(endpoint), None) or Connection("", (), "", manual=False)
        names = self._names[endpoint.key]
        network = network_of(endpoint)
        on_premises, forwarder = self._on_premises(network)
        siblings = self._siblings.get(connection.target, frozenset())
        askers = self._askers(network, forwarder)
        question = Question(endpoint, connection, names, siblings, network, askers)
        source = self._networks.dns(network)
        service = service_of(ids.type_key(ids.type_of_id(connection.target)))
        return {
            "target": connection.target_id,
            "service": service.name if service else "private link service",
            "sub_resources": list(connection.groups),
            "state": connection.state,
            "manual": connection.manual,
            "foreign": self._foreign(connection.target),
            "target_known": self._known(connection.target),
            "network": self._networks.name(network),
            "addresses": Unread(names.gap) if names.gap and not names.addresses else sorted(names.addresses),
            "static": bool(items(endpoint.body, "properties", "ipConfigurations")),
            "dns_source": source.kind if isinstance(source, DnsSource) else source,
            "wrong_zones": wrong_zones(question, zone_configs(endpoint, self._inventory), endpoint.location),
            "dns": list(self._resolution.entries(question)),
            "on_premises": on_premises,
            "text": self._text(endpoint, connection, names, network),
        }

    def _known(self, target: str) -> Truth:
        """Whether the target was read; what it is decides whether that was asked for."""
        if target in self._aliases or (target and self._inventory.get(target)):
            return True
        gap = self._inventory.gap(ids.type_of_id(target), target) if target.startswith("/") else None
        return Unread(gap) if gap else False

    def _foreign(self, target: str) -> Truth:
        if target.startswith("/"):
            return self._tenancy.foreign(ids.subscription_of(target))
        if not target or target in self._aliases:
            return False
        # An alias hides the subscription of the private link service: ours is known by it.
        gap = gap_anywhere(self._inventory, LINK_SERVICE) or self._tenancy.gap
        return Unread(gap) if gap else True

    def _askers(self, network: str, forwarder: Forwarder | None) -> tuple[str, ...]:
        peers = [peer for peer in self._networks.peers(network) if self._networks.has_workload(peer)]
        if forwarder and forwarder.network != network:
            peers.append(forwarder.network)
        return tuple(dict.fromkeys(peers))

    def _on_premises(self, network: str) -> tuple[Json, Forwarder | None]:
        gateway = self._networks.gateway_network(network)
        if isinstance(gateway, Unread):
            return {"gateway": gateway, "resolver": gateway, "text": ""}, None
        if not gateway:
            return {"gateway": False, "resolver": "none", "text": "no VPN or ExpressRoute gateway leads here"}, None
        found = self._networks.forwarder(gateway)
        name = self._networks.name(gateway)
        if isinstance(found, Unread):
            return {"gateway": True, "resolver": found, "text": f"reached through the gateway in {name}"}, None
        answered = f"names are answered by {found.name}" if found else "no resolver or forwarder is near it"
        text = f"reached through the gateway in {name}; {answered}"
        return {"gateway": True, "resolver": found.kind if found else "none", "text": text}, found

    def _text(self, endpoint: Resource, connection: Connection, names: Names, network: str) -> str:
        target = connection.target_id.rpartition("/")[2] or "nothing"
        groups = f" ({', '.join(connection.groups)})" if connection.groups else ""
        at = f" at {', '.join(sorted(names.addresses))}" if names.addresses else ""
        return f"{endpoint.name} -> {target}{groups}{at} in {self._networks.name(network)}, {connection.state}"


FAMILY = FactFamily(
    name="private_endpoint",
    types=frozenset((ENDPOINT,)),
    needs=frozenset(
        (
            ENDPOINT,
            ZONE_GROUP,
            ZONE,
            LINK,
            RECORD,
            NIC,
            NETWORK,
            GATEWAY,
            RESOLVER,
            INBOUND,
            FIREWALL,
            FIREWALL_POLICY,
            LINK_SERVICE,
            SUBSCRIPTION,
        )
    ),
    compute=compute,
)
