"""The picture of public doors: which services answer to whom on the internet, before anyone signs in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.registry import FactStore, family
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_FAMILY = "paas_exposure"
# What network access to them means is the export of their content with a signed address; nothing answers there
# otherwise: https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview
_NOT_SERVICES = ("microsoft.compute/disks", "microsoft.compute/snapshots")
_EVERYONE = Node("internet", "internet", "internet")
_SOME = Node("some-addresses", "some public addresses", "internet")
_AZURE = Node("azure", "every customer of Azure", "internet")
_RANKS = (_EVERYONE, _SOME, _AZURE)


def public_doors(inventory: Inventory, facts: FactStore) -> Picture | None:
    """Every service that addresses of the internet can reach, by kind of service; None where there is no service."""
    kinds = sorted(kind for kind in family(_FAMILY).types if kind not in _NOT_SERVICES)
    services = [found for kind in kinds for found in inventory.of_type(kind)]
    doors = [(service, facts.get(_FAMILY, service)) for service in services]
    known = [(service, door) for service, door in doors if isinstance(door, Mapping)]
    unread = sum(isinstance(door, Unread) for _, door in doors)
    if not known and not unread:
        return None
    opened = [(service, door) for service, door in known if any(_sources(door))]
    wide = sum(bool(door["wide"]) for _, door in opened)
    caption = _caption(len(known), len(opened), wide, unread)
    return Picture("public-doors", "Services with a public door", caption, *_graph(opened))


def _graph(opened: Sequence[tuple[Resource, Mapping[str, Json]]]) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Who comes in, to which kind of service, to which service: everyone first."""
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    ways = [(source, label, service, door) for service, door in opened for source, label in _sources(door)]
    ways.sort(key=lambda way: (_RANKS.index(way[0]), str(way[3]["service"]).lower(), way[2].key))
    sizes = Counter((source.id, str(door["service"])) for source, _, _, door in ways)
    for source, label, service, door in ways:
        kind = str(door["service"])
        group = Node(f"{source.id}:{kind}", kind, "service", f"{sizes[source.id, kind]:,} open")
        for node in (source, group, _node(service, door)):
            nodes.setdefault(node.id, node)
        edges.setdefault((source.id, group.id), Edge(source.id, group.id))
        edges[group.id, service.key] = Edge(group.id, service.key, label)
    return tuple(nodes.values()), tuple(edges.values())


def _sources(door: Mapping[str, Json]) -> Iterator[tuple[Node, str]]:
    """Who on the internet comes through a door, and how many addresses that are."""
    if door["wide"]:
        yield _EVERYONE, "all networks" if door["exposure"] == "all-networks" else _addresses(door)
    elif door["public_addresses"]:
        yield _SOME, _addresses(door)
    if door["all_azure"]:
        yield _AZURE, ""


def _addresses(door: Mapping[str, Json]) -> str:
    count = door["public_addresses"]
    return f"{count:,} {'address' if count == 1 else 'addresses'}"


def _node(service: Resource, door: Mapping[str, Json]) -> Node:
    endpoints = door["private_endpoints"]
    beside = f"{endpoints:,} private {'endpoint' if endpoints == 1 else 'endpoints'} too" if endpoints else ""
    kind = str(door["service"])
    return Node(service.key, service.name, kind.lower().replace(" ", "-"), beside)


def _caption(services: int, opened: int, wide: int, unread: int) -> str:
    text = f"{f'{opened:,}' if opened else 'None'} of {services:,} {'service' if services == 1 else 'services'}"
    text += " can be reached from the internet" + (f", {wide:,} of them by everyone" if wide else "")
    if unread:
        text += f"; of {unread:,} more it is not known"
    return text + ". Virtual networks, private endpoints, trusted services and disks are left out."
