"""What the service writes on the other side of a reference: a group's subnets, an interface's machine.

https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get and its neighbours: these properties are
read-only, so code never holds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from auditor.iac.foretold import with_members
from auditor.inventory import ids
from auditor.inventory.model import Resource

_NETWORK = "microsoft.network/"
_FRONTS = ("frontendIPConfigurations", "ipConfigurations", "managementIpConfiguration")


def refer_back(by_key: dict[str, Resource], changed: Collection[str]) -> None:
    """Write them for the resources that changed, on those that they refer to."""
    parents = {ids.parent_of(key) for key in changed}
    for key in sorted({*changed, *parents} & set(by_key)):
        for target, name, value, is_list in _of(by_key[key]):
            known = by_key.get(ids.id_key(target))
            if known:
                by_key[known.key] = _with(known, name, value, is_list=is_list)


def _of(resource: Resource) -> Iterator[tuple[str, str, str, bool]]:
    """Id of the target, property there, id to write, and whether it is one of a list."""
    kind = resource.type_key
    if kind == _NETWORK + "virtualnetworks":
        yield from _subnets(resource)
    elif kind == _NETWORK + "networkinterfaces":
        if target := _text(resource.body, "properties", "networkSecurityGroup", "id"):
            yield target, "networkInterfaces", resource.id, True
        yield from _addresses(resource)
    elif kind == _NETWORK + "natgateways":
        for address in _list(resource.body, "properties", "publicIpAddresses"):
            if target := _text(address, "id"):
                yield target, "natGateway", resource.id, False
    elif kind.startswith(_NETWORK):
        yield from _addresses(resource)
    elif kind == "microsoft.compute/virtualmachines":
        for interface in _list(resource.body, "properties", "networkProfile", "networkInterfaces"):
            if target := _text(interface, "id"):
                yield target, "virtualMachine", resource.id, False


def _subnets(network: Resource) -> Iterator[tuple[str, str, str, bool]]:
    for subnet in _list(network.body, "properties", "subnets"):
        for name in ("networkSecurityGroup", "routeTable", "natGateway"):
            if (target := _text(subnet, "properties", name, "id")) and (own := _text(subnet, "id")):
                yield target, "subnets", own, True


def _addresses(resource: Resource) -> Iterator[tuple[str, str, str, bool]]:
    for name in _FRONTS:
        for front in _list(resource.body, "properties", name):
            target = _text(front, "properties", "publicIPAddress", "id")
            if target and (own := _text(front, "id")):
                yield target, "ipConfiguration", own, False


def _with(resource: Resource, name: str, identifier: str, *, is_list: bool) -> Resource:
    properties = resource.body.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    own = next((key for key in known if key.lower() == name.lower()), name)
    old = known.get(own)
    if not is_list:
        changed: Any = {"id": identifier}
    else:
        there = old if isinstance(old, list) else []
        if any(ids.id_key(_text(one, "id")) == ids.id_key(identifier) for one in there):
            return resource
        changed = [*there, {"id": identifier}]
    return resource.with_body(with_members(resource.body, {"properties": with_members(known, {own: changed})}))


def _at(value: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = next((inner for key, inner in value.items() if key.lower() == name.lower()), None)
    return value


def _list(value: Any, *path: str) -> list[Any]:
    found = _at(value, *path)
    return found if isinstance(found, list) else []


def _text(value: Any, *path: str) -> str:
    found = _at(value, *path)
    return found if isinstance(found, str) else ""
