"""The graph of escalation over one inventory: shortest ways to Owner, to Global Administrator, or to a resource.

    escalation = Escalation.of(inventory)
    for path in escalation.paths(escalation.owner()): ...

It is walked backwards from the goal, so only what leads there is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.facts.identity.access import NEEDS_ELIGIBLE, Access
from auditor.facts.identity.assignments import ASSIGNMENT
from auditor.facts.identity.directory_roles import ASSIGNED, ELIGIBLE
from auditor.facts.identity.escalation.azure_steps import AzureSteps
from auditor.facts.identity.escalation.directory_steps import (
    APP_ROLES,
    GROUP_ELIGIBILITY,
    OWNERS,
    OWNERS_OF_PRINCIPALS,
    ROLE_NODE,
    DirectorySteps,
)
from auditor.facts.identity.escalation.edges import TAKES_DATA, TAKES_IDENTITY
from auditor.facts.identity.escalation.model import OWNER, Node, Path, Step
from auditor.facts.identity.federation import APPLICATIONS, OF_APPLICATION, OF_IDENTITY
from auditor.facts.identity.principals import USER_ASSIGNED
from auditor.facts.once import once
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

_DEEPEST = 8
NEEDS = (
    NEEDS_ELIGIBLE
    | frozenset(TAKES_IDENTITY)
    | {
        ASSIGNED,
        ELIGIBLE,
        APP_ROLES,
        OWNERS,
        OWNERS_OF_PRINCIPALS,
        GROUP_ELIGIBILITY,
        APPLICATIONS,
        OF_IDENTITY,
        OF_APPLICATION,
        USER_ASSIGNED,
    }
)
"""What must be collected to walk the graph."""
NEEDS_OF_RESOURCES = NEEDS | frozenset(TAKES_DATA)
"""And for ways to any resource."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What paths lead to."""

    node: Node
    """Shown at their end."""
    resource: Resource | None = None
    """The resource that is to be governed; None for a role."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One change, and how many paths it ends."""

    text: str
    """What to change."""
    paths: int
    """How many paths go through it."""


class Escalation:
    """Steps between principals of one inventory."""

    @classmethod
    def of(cls, inventory: Inventory) -> Escalation:
        """The graph of an inventory, the same for all who ask one after the other."""
        return once(cls, inventory, lambda: cls(Access.of(inventory)))

    def __init__(self, access: Access) -> None:
        """Index what steps are made of."""
        self.access = access
        self.azure = AzureSteps(access)
        self._directory = DirectorySteps(access)
        self._found: dict[str, tuple[Path, ...]] = {}

    def owner(self) -> Goal:
        """To give access in a whole subscription, a management group or the tenant."""
        return Goal(Node(OWNER, "goal", "Owner"))

    def global_administrator(self) -> Goal:
        """To govern the directory."""
        return Goal(ROLE_NODE)

    def resource(self, resource: Resource) -> Goal:
        """To govern one resource, run code in it, or open its data."""
        return Goal(Node(f"goal:{resource.key}", "goal", resource.name), resource)

    def paths(self, goal: Goal) -> tuple[Path, ...]:
        """The shortest path of everybody who has one: the certain first, then by steps, guards and name."""
        if goal.node.id not in self._found:
            paths = sorted(self._walk(goal), key=_order)
            self._found[goal.node.id] = tuple(paths)
        return self._found[goal.node.id]

    def cuts(self, paths: Sequence[Path]) -> tuple[Cut, ...]:
        """Changes that end paths, the one that ends most first."""
        counted: Counter[str] = Counter()
        for path in paths:
            for text in {text for step in path.steps if not path.direct for text in _changes(step)}:
                counted[text] += 1
        return tuple(
            Cut(text, number) for text, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        )

    def gap(self, goal: Goal) -> Gap | None:
        """Why there may be more paths."""
        scope = goal.resource.id if goal.resource else None
        inventory = self.access.inventory
        kinds = (ASSIGNMENT, "microsoft.graph/groups", ASSIGNED)
        return next(
            (gap for kind in kinds if (gap := inventory.gap(kind, scope if kind == ASSIGNMENT else None))), None
        )

    def takers(self, node: Node) -> Iterator[Step]:
        """Steps to a node from others."""
        if node.id == ROLE_NODE.id:
            yield from self._directory.to_global_administrator(node)
        elif ":" not in node.id:
            yield from self._directory.takers(node)
            for step in self.azure.takers(node):
                yield step
                if step.source.kind == "outside":
                    yield from self._directory.by_devops(node, step.source.id.removeprefix("outside:"))

    def _into(self, goal: Goal) -> Iterator[Step]:
        if goal.node.id == ROLE_NODE.id:
            yield from self._directory.to_global_administrator(goal.node)
            return
        yield from self.azure.to_resource(goal.resource, goal.node) if goal.resource else self.azure.to_owner(goal.node)
        yield Step(ROLE_NODE, goal.node, "elevate", "elevates his access to the whole tenant")

    def _walk(self, goal: Goal) -> Iterator[Path]:
        """Breadth first, so that everybody's first path is a shortest one; certain steps before others."""
        best: dict[str, Path] = {}
        level: list[Path] = []
        for step in sorted(self._into(goal), key=_step_order):
            if step.source.id not in best:
                best[step.source.id] = Path((step,))
                level.append(best[step.source.id])
        for _ in range(_DEEPEST):
            following: list[Path] = []
            for path in level:
                for step in sorted(self.takers(path.start), key=_step_order):
                    if step.source.id not in best and step.source.id != goal.node.id:
                        best[step.source.id] = Path((step, *path.steps))
                        following.append(best[step.source.id])
            level = following
            if not level:
                break
        yield from (path for path in best.values() if path.start.kind != "role")


def _changes(step: Step) -> Iterator[str]:
    if step.cut:
        yield step.cut if step.on is None else f"{step.on.name}: {step.cut}"
    if step.assignment is not None and not step.plain:
        yield f"take {step.right} from {step.source.name}" if step.source.kind != "group" else f"take {step.right} away"
    if step.edge == "holds" and step.source.kind in ("managed identity", "service principal"):
        yield f"take {step.right} from {step.source.name}"


def _step_order(step: Step) -> tuple[bool, bool, str]:
    """Of several ways of one principal the first in the table stays first."""
    return (not step.certain, bool(step.guard), step.source.name.lower())


def _order(path: Path) -> tuple[bool, bool, int, int, str, str]:
    return (not path.certain, path.direct, len(path.steps), len(path.guards), path.start.name.lower(), path.start.id)
