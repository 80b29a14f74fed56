"""Which resources and rights are steps on a way to Owner.

Of a host, a user-assigned identity and an application's service principal:

    {"takers": [{"name": "Ada", "kind": "user", "text": "Ada runs a command on vm-ops (...), then ..."}],
     "text": "Ada runs a command on vm-ops (...), then ...; and 3 more"}

`takers` are those who reach Owner through it and have not what Owner has already. Of a role assignment `leads`, the
ways to Owner that begin with its right; of a role definition `leads` and `could`, actions that would open one where an
identity with enough rights appears in its scope. An element is unknown where what decides was not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.identity.assignments import ASSIGNMENT, ELIGIBLE
from auditor.facts.identity.escalation.edges import ATTACH, ON_IDENTITY, TAKES_IDENTITY
from auditor.facts.identity.escalation.graph import NEEDS, Escalation
from auditor.facts.identity.escalation.model import Path
from auditor.facts.identity.hosts import HOSTS, carried
from auditor.facts.identity.principals import SERVICE_PRINCIPALS, USER_ASSIGNED
from auditor.facts.identity.roles import ROLE, Role, role_of
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Unread

_SHOWN = 2
_CARRIERS = HOSTS | frozenset(TAKES_IDENTITY)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by resource key."""
    graph = Escalation.of(inventory)
    goal = graph.owner()
    paths = [path for path in graph.paths(goal) if not path.direct and path.start.kind != "outside"]
    gap = graph.gap(goal)
    unread: list[Json] = [Unread(gap)] if gap else []
    through: dict[str, list[Json]] = {}
    leads: dict[str, list[Json]] = {}
    for path in paths:
        told = _told(path)
        if step := next((step for step in path.steps if not step.plain and step.on is not None), None):
            through.setdefault(step.on.key if step.on else "", []).append(told)
        first = path.steps[0]
        if first.assignment is not None and not first.plain:
            leads.setdefault(first.assignment.key, []).append(told)
    found: dict[str, Json | Unread] = {}
    for kind in sorted(_CARRIERS | {USER_ASSIGNED}):
        for resource in inventory.of_type(kind):
            if any(carried(resource, inventory)):
                found[resource.key] = _value("takers", through.get(resource.key) or list(unread))
    for principal in inventory.of_type(SERVICE_PRINCIPALS):
        value = [_told(path) for path in paths if path.steps[0].target.id == principal.key]
        found[principal.key] = _value("takers", value or list(unread))
    for assignment in graph.access.assignments:
        found[assignment.resource.key] = _value("leads", leads.get(assignment.resource.key) or list(unread))
    by_role: dict[str, list[Json]] = {}
    for assignment in graph.access.assignments:
        if assignment.role and assignment.resource.key in leads:
            by_role.setdefault(assignment.role.key, []).extend(leads[assignment.resource.key])
    for definition in inventory.of_type(ROLE):
        role = role_of(definition)
        if role:
            found[definition.key] = _of_role(role, by_role.get(role.key) or list(unread))
    return found


def _told(path: Path) -> Json:
    if not path.certain:
        step = next(step for step in path.steps if not step.certain)
        kind = "Microsoft.Authorization/roleAssignments"
        return Unread(Gap(step.on.id if step.on else "/", kind, "", None, "NotCollected", step.text))
    return {"name": path.start.name, "kind": path.start.kind, "text": path.text}


def _of_role(role: Role, leads: list[Json]) -> Json:
    return {**_value("leads", leads), "could": list(dict.fromkeys(_could(role)))}


def _value(name: str, told: list[Json]) -> dict[str, Json]:
    texts = list(dict.fromkeys(one["text"] for one in told if isinstance(one, Mapping)))
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return {name: told, "text": "; ".join(texts[:_SHOWN]) + more}


def _could(role: Role) -> Iterator[str]:
    """Actions of a role that take an identity where one is in reach."""
    for edges in (*TAKES_IDENTITY.values(), ON_IDENTITY):
        for edge in edges:
            if all(role.allows(action, data=edge.data) for action in edge.actions):
                yield edge.actions[0]
    if any(role.allows(action) for action in ATTACH):
        yield ATTACH[0]


FAMILY = FactFamily(
    name="escalation",
    types=_CARRIERS | {USER_ASSIGNED, SERVICE_PRINCIPALS, ASSIGNMENT, ELIGIBLE, ROLE},
    needs=NEEDS | {ids.type_key(ids.SUBSCRIPTION_TYPE)},
    compute=compute,
)
