"""By which way traffic to the internet leaves a machine, as far as configuration decides it.

Order: the subnet's own default route, a NAT gateway, the interface's public address, a load balancer's outbound rules,
default outbound access: https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections and
https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access. A default route that a gateway
learns by BGP is in no configuration and not seen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.facts.network.addresses import parse_prefix
from auditor.facts.network.bodies import items, key_at, keys_at, name_of, text, value
from auditor.facts.network.interfaces import SCALE_SET, Interface, IpConfiguration
from auditor.facts.network.routes import Route, elsewhere
from auditor.facts.network.topology import LOAD_BALANCER, Topology
from auditor.inventory.model import Gap, Resource

NAT_GATEWAY = "microsoft.network/natgateways"
FIREWALL = "microsoft.network/azurefirewalls"
ROUTE_TABLE = "microsoft.network/routetables"


@dataclass(frozen=True, slots=True)
class Egress:
    """A way out."""

    kind: str
    """`public-ip`, `nat-gateway`, `load-balancer`, `firewall`, `virtual-appliance`, `virtual-network-gateway`,
    `default` (default outbound access) or `none`."""
    name: str
    """What it is called, or why there is none."""


class Egresses:
    """The ways out of an inventory's machines."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._inventory = topology.inventory
        self._firewalls = {
            address: firewall.name
            for firewall in self._inventory.of_type(FIREWALL)
            for address in _private_addresses(firewall)
        }
        self._of_network = {
            network: gateway.name
            for gateway in self._inventory.of_type(NAT_GATEWAY)
            if (network := key_at(gateway.body, "properties", "sourceVirtualNetwork"))
        }

    def of(self, interface: Interface, configuration: IpConfiguration) -> Egress | Gap:
        """The way out of one configuration; why it is not known."""
        table = self._topology.route_table(configuration.subnet)
        if table and self._inventory.get(table) is None and (gap := self._inventory.gap(ROUTE_TABLE, table)):
            return gap
        if routed := self._routed(configuration.subnet):
            return routed
        if gateway := self._nat_gateway(configuration):
            return Egress("nat-gateway", gateway)
        if configuration.public_ip or configuration.public_model is not None:
            return Egress("public-ip", name_of(configuration.public_ip) or "an address of each instance")
        return self._balanced(configuration) or self._default(interface, configuration)

    def _routed(self, subnet: str) -> Egress | None:
        """What the default route makes of it."""
        route = elsewhere(self._topology, subnet)
        return self._hop(route) if route else None

    def _hop(self, route: Route) -> Egress:
        if route.hop in ("none", "vnetlocal"):
            return Egress("none", str(route))
        if route.hop == "virtualnetworkgateway":
            return Egress("virtual-network-gateway", str(route))
        if firewall := self._firewalls.get(route.address):
            return Egress("firewall", firewall)
        return Egress("virtual-appliance", str(route))

    def _nat_gateway(self, configuration: IpConfiguration) -> str:
        subnet = self._inventory.get(configuration.subnet or "-")
        own = key_at(subnet.body, "properties", "natGateway") if subnet else ""
        return name_of(own) or self._of_network.get(configuration.network, "")

    def _balanced(self, configuration: IpConfiguration) -> Egress | Gap | None:
        shut = ""
        for pool in sorted(configuration.pools):
            key = pool.rsplit("/", 2)[0]
            balancer = self._inventory.get(key)
            if balancer is None:
                if gap := self._inventory.gap(LOAD_BALANCER, key):
                    return gap
                continue
            if _lends(balancer, pool):
                return Egress("load-balancer", balancer.name)
            if text(balancer.body, "sku", "name") == "standard":
                shut = balancer.name
        # Who is in a pool of a Standard load balancer has no default outbound access.
        return Egress("none", f"{shut} has no outbound rule") if shut else None

    def _default(self, interface: Interface, configuration: IpConfiguration) -> Egress:
        subnet = self._inventory.get(configuration.subnet or "-")
        if subnet and value(subnet.body, "properties", "defaultOutboundAccess") is False:
            return Egress("none", "the subnet is private")
        owner = interface.owner
        if owner.type_key == SCALE_SET and text(owner.body, "properties", "orchestrationMode") == "flexible":
            return Egress("none", "flexible scale sets have no default outbound access")
        return Egress("default", "default outbound access")


def _private_addresses(firewall: Resource) -> list[str]:
    entries = items(firewall.body, "properties", "ipConfigurations")
    found = [value(entry, "properties", "privateIPAddress") for entry in entries]
    found.append(value(firewall.body, "properties", "hubIPAddresses", "privateIPAddress"))
    return [address for address in found if isinstance(address, str) and parse_prefix(address)]


def _lends(balancer: Resource, pool: str) -> bool:
    """Whether a balancer lends its public address to the members of a pool: by an outbound rule, or by a rule in."""
    fronts = {
        str(value(front, "id")).lower()
        for front in items(balancer.body, "properties", "frontendIPConfigurations")
        if key_at(front, "properties", "publicIPAddress") or key_at(front, "properties", "publicIPPrefix")
    }
    for rule in items(balancer.body, "properties", "outboundRules"):
        used = keys_at(rule, "properties", "frontendIPConfigurations")
        if key_at(rule, "properties", "backendAddressPool") == pool and used & fronts:
            return True
    for rule in items(balancer.body, "properties", "loadBalancingRules"):
        pools = {key_at(rule, "properties", "backendAddressPool"), *keys_at(rule, "properties", "backendAddressPools")}
        lends = value(rule, "properties", "disableOutboundSnat") is not True
        if pool in pools and lends and key_at(rule, "properties", "frontendIPConfiguration") in fronts:
            return True
    return False
