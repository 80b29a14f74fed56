"""Template functions over IP addresses.

https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#policy-functions and
https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from auditor.expressions.arguments import fail, integer_of, text_of


def ip_range_contains(outer: Any, inner: Any) -> bool:
    """`ipRangeContains()`: whether a prefix, range or address holds another. IPv4 and IPv6 together are an error."""
    from netaddr import AddrFormatError, IPNetwork, IPRange

    def span(text: Any) -> tuple[int, int, int]:
        value = text_of("ipRangeContains", text).strip()
        try:
            found = IPRange(*(part.strip() for part in value.split("-", 1))) if "-" in value else IPNetwork(value)
        except (AddrFormatError, ValueError):
            raise fail("ipRangeContains", f"{value!r} is not an IP address range") from None
        return found.version, found.first, found.last

    wide, narrow = span(outer), span(inner)
    if wide[0] != narrow[0]:
        raise fail("ipRangeContains", "one range is of IPv4, the other of IPv6")
    return wide[1] <= narrow[1] and narrow[2] <= wide[2]


def _network(name: str, value: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text_of(name, value), strict=False)
    except ValueError as error:
        raise fail(name, str(error)) from None


def parse_cidr(value: Any) -> dict[str, Any]:
    """`parseCidr()`: what a prefix spans. IPv6 has no broadcast address, and all its addresses are usable."""
    network = _network("parseCidr", value)
    low, high = network.network_address, network.broadcast_address
    found: dict[str, Any] = {"network": str(low), "netmask": str(network.netmask)}
    if network.version == 4:
        found["broadcast"] = str(high)
        if network.num_addresses > 2:
            low, high = low + 1, high - 1
    return {**found, "firstUsable": str(low), "lastUsable": str(high), "cidr": network.prefixlen}


def cidr_subnet(value: Any, new_prefix: Any, index: Any) -> str:
    """`cidrSubnet()`: the subnet with this index, of those with the new prefix length."""
    network, size = _network("cidrSubnet", value), integer_of("cidrSubnet", new_prefix)
    place = integer_of("cidrSubnet", index)
    if not network.prefixlen <= size <= network.max_prefixlen or not 0 <= place < 2 ** (size - network.prefixlen):
        raise fail("cidrSubnet", "the prefix length or the index is out of range")
    return f"{network.network_address + place * 2 ** (network.max_prefixlen - size)}/{size}"


def cidr_host(value: Any, index: Any) -> str:
    """`cidrHost()`: the usable address with this index."""
    network, place = _network("cidrHost", value), integer_of("cidrHost", index)
    offset = place + 1 if network.version == 4 and network.num_addresses > 2 else place
    if place < 0 or offset >= network.num_addresses:
        raise fail("cidrHost", "the index is out of range")
    return str(network.network_address + offset)
