"""Nodes, steps and paths of an attack: values that others can show, rank and count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.inventory.model import Gap, Resource


class NodeKind(StrEnum):
    """What a node is."""

    INTERNET = "internet"
    MACHINE = "machine"
    APP = "app"
    CONTAINER = "container"
    IDENTITY = "identity"
    SECRET = "secret"  # noqa: S105 # the name of a kind
    SERVICE = "service"
    DATA_STORE = "data-store"
    SCOPE = "scope"


class EdgeKind(StrEnum):
    """How one node leads to another."""

    REACHES = "reaches"
    RUNS_AS = "runs-as"
    MAY = "may"
    OPENS = "opens"
    ASSUMES = "assumes"
    MANAGES = "manages"


class Entry(StrEnum):
    """How a path begins, the easiest first."""

    OPEN = "open"
    """Nothing has to be broken: anonymous access, a trust that anybody meets."""
    EXPOSED = "exposed"
    """A door that is for administrators, or takes passwords, is open to the internet; a guessed or stolen credential
    is assumed."""
    SERVED = "served"
    """A program is there for the internet; a flaw in it is assumed."""
    INSIDE = "inside"
    """The start was given: somebody has it already."""


ENTRY_COST = {Entry.OPEN: 0, Entry.EXPOSED: 2, Entry.SERVED: 5, Entry.INSIDE: 0}


@dataclass(frozen=True, slots=True)
class Node:
    """One thing on a path."""

    id: str
    """Key of a resource, object id of a principal, `internet`, `<key>#secret:...` or `<scope>#owner`."""
    kind: NodeKind
    name: str
    """For people to read."""
    resource: Resource | None = None
    """The resource that it is, where it was read."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A property that proves a step."""

    resource: str
    """Id of the resource that has it."""
    path: str
    """Where it stands."""
    value: str
    """What it says."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One step."""

    source: Node
    target: Node
    kind: EdgeKind
    does: str
    """What happens, as a clause after the source's name: `runs as id-app`."""
    proofs: tuple[Proof, ...] = ()
    """What proves it."""
    cut: str = ""
    """The change that ends it."""
    guard: str = ""
    """What stands in the way and does not close it."""
    entry: Entry | None = None
    """Of a step from the internet, how easy it is."""
    assumed: str = ""
    """What has to be broken or known for it, in words; "" for nothing."""
    unread: Gap | None = None
    """Why it is not certain."""
    needs_network: bool = False
    """Whether the target's network rules must let one of the path's hosts, or the internet, in."""

    @property
    def certain(self) -> bool:
        """Whether all that decides was read."""
        return self.unread is None

    @property
    def text(self) -> str:
        """`vm-web runs as id-app`."""
        return f"{self.source.name} {self.does}"

    @property
    def change(self) -> str:
        """What names the change that ends the step, equal for steps that one change ends."""
        return self.cut or f"break the step: {self.text}"


@dataclass(frozen=True, slots=True)
class Path:
    """From a start to a target."""

    edges: tuple[Edge, ...]
    """In order; at least one."""
    weight: int = 0
    """How much the target matters, from 1 to 10."""

    @property
    def start(self) -> Node:
        """Where it begins."""
        return self.edges[0].source

    @property
    def target(self) -> Node:
        """Where it ends."""
        return self.edges[-1].target

    @property
    def entry(self) -> Entry:
        """How it begins."""
        return self.edges[0].entry or Entry.INSIDE

    @property
    def certain(self) -> bool:
        """Whether all that decides was read."""
        return all(edge.certain for edge in self.edges)

    @property
    def unread(self) -> Gap | None:
        """Why it is not certain."""
        return next((edge.unread for edge in self.edges if edge.unread), None)

    @property
    def lateral(self) -> int:
        """How many machines are reached from machines."""
        return sum(edge.kind is EdgeKind.REACHES and edge.source.kind is not NodeKind.INTERNET for edge in self.edges)

    @property
    def guards(self) -> tuple[str, ...]:
        """What stands in the way."""
        return tuple(edge.guard for edge in self.edges if edge.guard)

    @property
    def score(self) -> int:
        """From 0 to 100: the target's weight first, then how easy the entry is and how short the way."""
        ease = 40 - 5 * ENTRY_COST[self.entry]
        found = 6 * self.weight + ease - 3 * (len(self.edges) - 2) - 10 * self.lateral - 3 * len(self.guards)
        return max(0, min(100, found))

    @property
    def text(self) -> str:
        """The whole way in one line."""
        return ", ".join(edge.text if number == 0 else f"then {edge.text}" for number, edge in enumerate(self.edges))

    @property
    def short(self) -> str:
        """The names on the way."""
        return " -> ".join((self.start.name, *(edge.target.name for edge in self.edges)))
