"""ARM bodies of Microsoft.Network, API version 2026-03-01 (private DNS: 2024-06-01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.azure.loopback.bodies import Body, resource

_READY = {"provisioningState": "Succeeded"}


def _part(owner_id: str, segment: str, name: str, properties: Mapping[str, Any], kind: str) -> Body:
    return {
        "name": name,
        "id": f"{owner_id}/{segment}/{name}",
        "etag": 'W/"00000000-0000-0000-0000-000000000000"',
        "type": kind,
        "properties": {**_READY, **properties},
    }


def security_rule(
    name: str,
    priority: int,
    *,
    access: str = "Allow",
    direction: str = "Inbound",
    protocol: str = "Tcp",
    source: str | Sequence[str] = "*",
    destination: str = "*",
    ports: str | Sequence[str] = "443",
    **more: Any,
) -> Body:
    """A rule of a network security group, to be given to `network_security_group`."""
    properties: Body = {
        "protocol": protocol,
        "sourcePortRange": "*",
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
        "direction": direction,
        "sourcePortRanges": [],
        "destinationPortRanges": [] if isinstance(ports, str) else list(ports),
        "sourceAddressPrefixes": [] if isinstance(source, str) else list(source),
        "destinationAddressPrefixes": [],
    }
    if isinstance(ports, str):
        properties["destinationPortRange"] = ports
    if isinstance(source, str):
        properties["sourceAddressPrefix"] = source
    return {"name": name, "properties": {**properties, **more}}


# https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
_DEFAULT_RULES = (
    ("AllowVnetInBound", 65000, "Allow", "Inbound", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Allow", "Inbound", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Deny", "Inbound", "*", "*"),
    ("AllowVnetOutBound", 65000, "Allow", "Outbound", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Allow", "Outbound", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Deny", "Outbound", "*", "*"),
)


def network_security_group(name: str, rules: Sequence[Body] = (), **more: Any) -> Body:
    """A network security group with its own and the default rules."""
    body = resource("Microsoft.Network/networkSecurityGroups", name, _READY, **more)
    kind = "Microsoft.Network/networkSecurityGroups"
    body["properties"]["securityRules"] = [
        _part(body["id"], "securityRules", rule["name"], rule["properties"], f"{kind}/securityRules") for rule in rules
    ]
    body["properties"]["defaultSecurityRules"] = [
        _part(
            body["id"],
            "defaultSecurityRules",
            rule_name,
            security_rule(
                rule_name,
                priority,
                access=access,
                direction=direction,
                protocol="*",
                source=source,
                destination=destination,
                ports="*",
            )["properties"],
            f"{kind}/defaultSecurityRules",
        )
        for rule_name, priority, access, direction, source, destination in _DEFAULT_RULES
    ]
    return body


def virtual_network(
    name: str, subnets: Mapping[str, Mapping[str, Any]] | None = None, *, space: str = "10.0.0.0/16", **more: Any
) -> Body:
    """A virtual network; `subnets` maps names to properties."""
    body = resource("Microsoft.Network/virtualNetworks", name, _READY, **more)
    defaults = {
        "delegations": [],
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    }
    body["properties"] |= {
        "addressSpace": {"addressPrefixes": [space]},
        "privateEndpointVNetPolicies": "Disabled",
        "subnets": [
            _part(
                body["id"],
                "subnets",
                subnet,
                {"addressPrefix": f"10.0.{number}.0/24", **defaults, **properties},
                "Microsoft.Network/virtualNetworks/subnets",
            )
            for number, (subnet, properties) in enumerate((subnets or {}).items())
        ],
        "virtualNetworkPeerings": [],
        "enableDdosProtection": False,
    }
    return body


def network_interface(
    name: str, subnet_id: str, *, public_ip_id: str = "", security_group_id: str = "", **more: Any
) -> Body:
    """A network interface with one IP configuration."""
    body = resource("Microsoft.Network/networkInterfaces", name, _READY, **more)
    configuration: Body = {
        "privateIPAddress": "10.0.0.4",
        "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": subnet_id},
        "primary": True,
        "privateIPAddressVersion": "IPv4",
    }
    if public_ip_id:
        configuration["publicIPAddress"] = {"id": public_ip_id}
    kind = "Microsoft.Network/networkInterfaces/ipConfigurations"
    body["properties"] |= {
        "ipConfigurations": [_part(body["id"], "ipConfigurations", "ipconfig1", configuration, kind)],
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        "hostedWorkloads": [],
        "nicType": "Standard",
    }
    if security_group_id:
        body["properties"]["networkSecurityGroup"] = {"id": security_group_id}
    return body


def public_ip(name: str, address: str = "20.50.1.2", *, sku: str = "Standard", **more: Any) -> Body:
    """A public IP address."""
    properties = {
        **_READY,
        "ipAddress": address,
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Static",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
    }
    return resource(
        "Microsoft.Network/publicIPAddresses", name, properties, sku={"name": sku, "tier": "Regional"}, **more
    )


def load_balancer(name: str, public_ip_id: str, *, port: int = 443, **more: Any) -> Body:
    """A load balancer with one front end, one pool and one rule."""
    body = resource(
        "Microsoft.Network/loadBalancers", name, _READY, sku={"name": "Standard", "tier": "Regional"}, **more
    )
    own, kind = body["id"], "Microsoft.Network/loadBalancers"
    front = {"publicIPAddress": {"id": public_ip_id}, "privateIPAllocationMethod": "Dynamic"}
    rule = {
        "frontendIPConfiguration": {"id": f"{own}/frontendIPConfigurations/front"},
        "backendAddressPool": {"id": f"{own}/backendAddressPools/pool"},
        "frontendPort": port,
        "backendPort": port,
        "protocol": "Tcp",
        "enableFloatingIP": False,
        "idleTimeoutInMinutes": 4,
    }
    body["properties"] |= {
        "frontendIPConfigurations": [
            _part(own, "frontendIPConfigurations", "front", front, f"{kind}/frontendIPConfigurations")
        ],
        "backendAddressPools": [_part(own, "backendAddressPools", "pool", {}, f"{kind}/backendAddressPools")],
        "loadBalancingRules": [_part(own, "loadBalancingRules", "rule", rule, f"{kind}/loadBalancingRules")],
        "probes": [],
        "inboundNatRules": [],
        "outboundRules": [],
        "inboundNatPools": [],
    }
    return body


def application_gateway(name: str, subnet_id: str, public_ip_id: str, *, https: bool = True, **properties: Any) -> Body:
    """An application gateway with one listener."""
    body = resource("Microsoft.Network/applicationGateways", name, _READY)
    own, kind = body["id"], "Microsoft.Network/applicationGateways"
    protocol = "Https" if https else "Http"
    listener = {
        "frontendIPConfiguration": {"id": f"{own}/frontendIPConfigurations/front"},
        "frontendPort": {"id": f"{own}/frontendPorts/port"},
        "protocol": protocol,
        "requireServerNameIndication": False,
    }
    settings = {
        "port": 443 if https else 80,
        "protocol": protocol,
        "cookieBasedAffinity": "Disabled",
        "requestTimeout": 30,
    }
    parts = {
        "gatewayIPConfigurations": ("gateway", {"subnet": {"id": subnet_id}}),
        "frontendIPConfigurations": ("front", {"publicIPAddress": {"id": public_ip_id}}),
        "frontendPorts": ("port", {"port": 443 if https else 80}),
        "backendAddressPools": ("pool", {"backendAddresses": []}),
        "backendHttpSettingsCollection": ("settings", settings),
        "httpListeners": ("listener", listener),
    }
    body["properties"] |= {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2", "capacity": 2, "family": "Generation_1"},
        "operationalState": "Running",
        "sslCertificates": [],
        "trustedClientCertificates": [],
        "sslProfiles": [],
        **{key: [_part(own, key, part, values, f"{kind}/{key}")] for key, (part, values) in parts.items()},
        **properties,
    }
    return body


def route_table(name: str, routes: Mapping[str, Mapping[str, Any]] | None = None, **more: Any) -> Body:
    """A route table; `routes` maps names to `addressPrefix`, `nextHopType`, ..."""
    body = resource("Microsoft.Network/routeTables", name, _READY, **more)
    body["properties"] |= {
        "disableBgpRoutePropagation": False,
        "routes": [
            _part(body["id"], "routes", route, properties, "Microsoft.Network/routeTables/routes")
            for route, properties in (routes or {}).items()
        ],
    }
    return body


def private_endpoint(
    name: str, target_id: str, group_id: str, subnet_id: str, *, status: str = "Approved", **more: Any
) -> Body:
    """A private endpoint with one connection."""
    body = resource("Microsoft.Network/privateEndpoints", name, _READY, **more)
    connection = {
        "privateLinkServiceId": target_id,
        "groupIds": [group_id],
        "privateLinkServiceConnectionState": {"status": status, "description": "", "actionsRequired": "None"},
    }
    kind = "Microsoft.Network/privateEndpoints/privateLinkServiceConnections"
    providers = body["id"].rpartition("/Microsoft.Network/")[0]
    body["properties"] |= {
        "privateLinkServiceConnections": [_part(body["id"], "privateLinkServiceConnections", name, connection, kind)],
        "manualPrivateLinkServiceConnections": [],
        "customNetworkInterfaceName": "",
        "subnet": {"id": subnet_id},
        "ipConfigurations": [],
        "networkInterfaces": [{"id": f"{providers}/Microsoft.Network/networkInterfaces/{name}-nic"}],
        "customDnsConfigs": [],
    }
    return body


def private_dns_zone(name: str, **more: Any) -> Body:
    """A private DNS zone."""
    properties = {**_READY, "maxNumberOfRecordSets": 25000, "numberOfRecordSets": 2}
    return resource("Microsoft.Network/privateDnsZones", name, properties, **{"location": "global", **more})


def virtual_network_link(zone: Body, name: str, network_id: str, *, registration: bool = False) -> Body:
    """A link of a private DNS zone to a virtual network."""
    return {
        "id": f"{zone['id']}/virtualNetworkLinks/{name}",
        "name": name,
        "type": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "location": "global",
        "properties": {
            **_READY,
            "registrationEnabled": registration,
            "virtualNetwork": {"id": network_id},
            "virtualNetworkLinkState": "Completed",
            "resolutionPolicy": "Default",
        },
    }


def a_record(zone: Body, name: str, *addresses: str) -> Body:
    """An A record set of a private DNS zone."""
    return {
        "id": f"{zone['id']}/A/{name}",
        "name": name,
        "type": "Microsoft.Network/privateDnsZones/A",
        "etag": "e",
        "properties": {
            "fqdn": f"{name}.{zone['name']}.",
            "ttl": 10,
            "aRecords": [{"ipv4Address": address} for address in addresses],
            "isAutoRegistered": False,
        },
    }
