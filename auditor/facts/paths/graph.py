"""The graph of attack over one inventory.

    graph = Attack.of(inventory)
    for path in graph.from_internet().paths: ...

Steps are made when a node is first passed, so that of a large tenant only what can be reached is worked out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from auditor.facts.credentials.places import HOLDERS
from auditor.facts.identity.access import Access
from auditor.facts.identity.assignments import ASSIGNMENT
from auditor.facts.identity.escalation.graph import NEEDS_OF_RESOURCES
from auditor.facts.identity.hosts import HOSTS
from auditor.facts.network.bodies import text
from auditor.facts.network.interfaces import NIC, interfaces, owners
from auditor.facts.once import once
from auditor.facts.paths import entries
from auditor.facts.paths.entries import INTERNET, from_internet, store_node
from auditor.facts.paths.environment import Environment, Environments
from auditor.facts.paths.hosts import MACHINES, Identities, node_of, principal_node
from auditor.facts.paths.kept import Kept
from auditor.facts.paths.model import Edge, EdgeKind, Node, NodeKind, Proof
from auditor.facts.paths.position import NEEDS as POSITION_NEEDS
from auditor.facts.paths.position import NOWHERE, Position, Positions
from auditor.facts.paths.rights import Rights
from auditor.facts.paths.search import Found, search
from auditor.facts.paths.targets import SCOPE_WEIGHT, STORES, weight_of
from auditor.facts.registry import Shared, needs_of
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

_USES = ("internet_exposure", "paas_exposure", "scm_exposure", "app_sign_in", "client_certificates", "local_access")
_LOGIN = frozenset({"ssh", "rdp", "remote-administration", "remote-desktop", "broad"})
_MOST_NEIGHBOURS = 50
"""Machines that one machine is followed to; in a network of thousands each leads to each."""


class Attack:
    """Steps of attackers, over one inventory."""

    @classmethod
    def of(cls, inventory: Inventory) -> Attack:
        """The graph of an inventory, the same for all who ask one after the other."""
        return once(cls, inventory, lambda: cls(inventory))

    def __init__(self, inventory: Inventory) -> None:
        """Index what steps are made of."""
        self.inventory = inventory
        self.access = Access.of(inventory)
        self.environments = Environments(inventory)
        self._identities = Identities(inventory, self.access.principals)
        self._rights = Rights(inventory, self.access)
        self._kept = Kept(inventory)
        self._positions = Positions(inventory)
        self._steps: dict[str, tuple[Edge, ...]] = {}
        self._internet: Found | None = None
        self._neighbours: dict[str, list[tuple[Resource, str]]] | None = None

    def steps(self, node: Node) -> tuple[Edge, ...]:
        """Every step that leads on from a node."""
        if node.id not in self._steps:
            self._steps[node.id] = tuple(self._made(node))
        return self._steps[node.id]

    def from_internet(self) -> Found:
        """Paths from the internet to every target."""
        if self._internet is None:
            self._internet = self.search([INTERNET])
        return self._internet

    def from_development(self) -> Found:
        """Paths from what belongs to development, machines that are reached from machines left out."""
        hosts = [
            node_of(host)
            for kind in sorted(HOSTS)
            for host in self.inventory.of_type(kind)
            if self.environments.of(host) is Environment.DEVELOPMENT
        ]
        return self.search(hosts, lateral=False)

    def search(self, starts: Iterable[Node], *, lateral: bool = True) -> Found:
        """Paths from some nodes to every target."""

        def steps(node: Node) -> Iterable[Edge]:
            found = self.steps(node)
            return found if lateral else [e for e in found if e.kind is not EdgeKind.REACHES or e.source is INTERNET]

        return search(starts, steps, weight=self.weight, passes=self._passes, place=self.place)

    def weight(self, node: Node) -> int:
        """How much a node matters as a target; 0 where it is none."""
        if node.kind is NodeKind.SCOPE:
            return SCOPE_WEIGHT[node.id.rpartition("#")[2]]
        return weight_of(node.resource) if node.kind is NodeKind.DATA_STORE and node.resource else 0

    def place(self, node: Node) -> Position:
        """Where a host is."""
        hosting = node.resource is not None and node.resource.type_key in HOSTS and node.id == node.resource.key
        return self._positions.of(node.resource) if hosting and node.resource else NOWHERE

    def node(self, resource: Resource) -> Node:
        """A resource as a node."""
        if resource.type_key in STORES:
            return store_node(resource)
        if resource.type_key.startswith("microsoft.graph/"):
            return principal_node(resource.key, self.access.principals)
        found = text(resource.body, "properties", "principalId")
        if resource.type_key == "microsoft.managedidentity/userassignedidentities" and found:
            return Node(found, NodeKind.IDENTITY, resource.name, resource)
        return node_of(resource)

    def gap(self, target: Resource | None = None) -> Gap | None:
        """Why there may be more paths."""
        found = (
            self.inventory.gap(kind, target.id if target and kind == ASSIGNMENT else None)
            for kind in (ASSIGNMENT, NIC, "microsoft.web/sites")
        )
        return next((gap for gap in found if gap), None)

    def _passes(self, edge: Edge, position: Position) -> Edge | None:
        if not edge.needs_network or edge.target.resource is None:
            return edge
        verdict, how, gap = self._positions.reaches(position, edge.target.resource)
        if verdict is False:
            return None
        if verdict is None:
            return replace(edge, unread=edge.unread or gap)
        return replace(edge, does=f"{edge.does}, {how}") if how else edge

    def _made(self, node: Node) -> Iterator[Edge]:
        match node.kind:
            case NodeKind.INTERNET:
                yield from from_internet(self.inventory, self.access)
            case NodeKind.IDENTITY:
                yield from self._rights.of(node)
            case NodeKind.SECRET:
                yield from self._kept.opened_by(node.id)
            case NodeKind.MACHINE | NodeKind.APP | NodeKind.CONTAINER | NodeKind.SERVICE:
                if node.resource is not None:
                    yield from self._identities.of(node.resource)
                    yield from self._kept.of(node.id)
                    yield from self._beside(node)
            case NodeKind.DATA_STORE if node.resource is not None and node.resource.type_key in HOSTS:
                yield from self._identities.of(node.resource)
            case _:
                pass

    def _beside(self, node: Node) -> Iterator[Edge]:
        """Machines of the same or a peered network that let it in to sign in, and lead further."""
        if node.kind is not NodeKind.MACHINE or node.resource is None:
            return
        networks = self._positions.networks(self._positions.of(node.resource))
        told = 0
        for network in sorted(networks):
            for host, rule in self._near().get(network, ()):
                if host.key == node.id:
                    continue
                if told >= _MOST_NEIGHBOURS:
                    return
                told += 1
                yield Edge(
                    node,
                    node_of(host),
                    EdgeKind.REACHES,
                    f"reaches {host.name} inside the network",
                    (Proof(host.id, "facts.effective_security", rule),),
                    cut=f"let {host.name} be signed in to from where administrators are only",
                    assumed="a guessed or stolen credential",
                )

    def _near(self) -> Mapping[str, list[tuple[Resource, str]]]:
        """By virtual network, machines that the whole network may sign in to, if they lead further."""
        if self._neighbours is None:
            self._neighbours = {}
            effective = Shared.of(self.inventory).values("effective_security")
            for owner in owners(self.inventory):
                for interface in interfaces(owner):
                    host = self.inventory.get(interface.machine) if interface.machine else None
                    if host is None or host.type_key not in MACHINES or not self._leads(host):
                        continue
                    rule = _sign_in_rule(effective.get(owner.key))
                    if rule:
                        for configuration in interface.configurations:
                            self._neighbours.setdefault(configuration.network, []).append((host, rule))
        return self._neighbours

    def _leads(self, host: Resource) -> bool:
        if self._kept.has(host.key):
            return True
        return any(any(self.access.held_by(edge.target.id)) for edge in self._identities.of(host))


def _sign_in_rule(found: object) -> str:
    """The rule that lets the virtual network sign in to a machine; "" where none is known to."""
    inbound = found.get("inbound") if isinstance(found, Mapping) else None
    for opening in inbound.get("openings", ()) if isinstance(inbound, Mapping) else ():
        if not isinstance(opening, Mapping) or opening["protocol"] != "tcp":
            continue
        wide = {"any", "virtual-network"} & set(map(str, opening["remote"]))
        ports = any(opening["first_port"] <= port <= opening["last_port"] for port in (22, 3389, 5985, 5986))
        if wide and (ports or _LOGIN & set(opening["kinds"])):
            return str(opening["rule"])
    return ""


NEEDS = (
    needs_of(_USES)
    | NEEDS_OF_RESOURCES
    | HOSTS
    | HOLDERS
    | POSITION_NEEDS
    | entries.NEEDS
    | frozenset(STORES)
    | {"microsoft.documentdb/databaseaccounts/sqlroleassignments", ids.type_key(ids.RESOURCE_GROUP_TYPE)}
)
"""What must be collected to walk the graph."""
