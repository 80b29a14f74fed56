"""Steps and paths of an escalation: values that others can show, walk and count."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.facts.identity.principals import Principal
from auditor.inventory.model import Resource

OWNER = "goal:owner"
GLOBAL_ADMINISTRATOR = "role:global-administrator"
_PLAIN = frozenset({"holds", "member", "holds-directory-role", "elevate"})


@dataclass(frozen=True, slots=True)
class Node:
    """Somebody on a path, or what the path leads to."""

    id: str
    """Object id of a principal, lower-cased; `goal:...` and `role:...` for what is reached; `outside:...`."""
    kind: str
    """`user`, `group`, `service principal`, `managed identity`, `principal`, `outside`, `role` or `goal`."""
    name: str
    """For people to read."""

    @classmethod
    def of(cls, principal: Principal) -> Node:
        """The node of a principal."""
        return cls(principal.id, principal.kind.value, principal.name)


@dataclass(frozen=True, slots=True)
class Proof:
    """A property that proves a step."""

    resource: str
    """Id of the resource that has it."""
    path: str
    """Where it stands."""
    value: str
    """What it says, in words where it is an id."""


@dataclass(frozen=True, slots=True)
class Step:
    """How one node becomes another."""

    source: Node
    """Who."""
    target: Node
    """What the source acts as afterwards."""
    edge: str
    """Which way, in kebab case: `vm-run-command`, `member`, `holds`."""
    does: str
    """What the source does, as a clause: `runs a command on vm-ops`."""
    right: str = ""
    """The right that lets it, in words: `Contributor at the resource group rg-ops`."""
    proofs: tuple[Proof, ...] = ()
    """The properties that prove it."""
    guard: str = ""
    """What stands in the way and does not close it."""
    cut: str = ""
    """What would close it."""
    certain: bool = True
    """False where something that decides was not read."""
    on: Resource | None = None
    """The resource that it goes through."""
    assignment: Resource | None = None
    """The role assignment that gives the right."""

    @property
    def plain(self) -> bool:
        """Whether nothing is gained: a role that is held, a membership, the switch that a Global Administrator has."""
        return self.edge in _PLAIN

    @property
    def text(self) -> str:
        """`Ada runs a command on vm-ops (Contributor at the resource group rg-ops)`."""
        right = f" ({self.right})" if self.right else ""
        return f"{self.source.name} {self.does}{right}"


@dataclass(frozen=True, slots=True)
class Path:
    """From somebody to the goal."""

    steps: tuple[Step, ...]
    """In order; at least one."""

    @property
    def start(self) -> Node:
        """Who walks it."""
        return self.steps[0].source

    @property
    def direct(self) -> bool:
        """Whether the start has the goal's rights already, itself or through groups."""
        return all(step.plain for step in self.steps)

    @property
    def certain(self) -> bool:
        """Whether all that decides was read."""
        return all(step.certain for step in self.steps)

    @property
    def guards(self) -> tuple[str, ...]:
        """What stands in the way."""
        return tuple(step.guard for step in self.steps if step.guard)

    @property
    def text(self) -> str:
        """The whole way in one line."""
        return ", then ".join(step.text for step in self.steps)
