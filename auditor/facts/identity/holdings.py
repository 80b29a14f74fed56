"""What the identities of a resource may do: administrators' roles, by arithmetic and through groups.

    {"identities": ["id-deploy"], "strongest": "owner",
     "wide": [{"identity": "id-deploy", "own": true, "power": "owner", "role": "Owner",
               "where": "the subscription 1111...", "text": "id-deploy: Owner at the subscription 1111..."}],
     "narrow": [...], "text": "id-deploy: Owner at ...",
     "decided_by": ["<id of the assignment>:properties.roleDefinitionId"]}

`wide` are those at a subscription, a management group or the tenant, `narrow` those at resource groups and resources.
`own` is false for a user-assigned identity that a host only carries. `power` is one of
`auditor.facts.identity.powers.Power`; an element is unknown where what could make one was not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.facts.identity.access import NEEDS, Access, Grant, scope_or_none, shown
from auditor.facts.identity.assignments import ASSIGNMENT, Assignment
from auditor.facts.identity.hosts import HOSTS, Carried, carried
from auditor.facts.identity.powers import TAKEOVERS, Power, power_of
from auditor.facts.identity.principals import USER_ASSIGNED, PrincipalKind, gap_of_members
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

_ORDER = (Power.OWNER, Power.ACCESS, Power.CONTRIBUTOR)


@dataclass(frozen=True, slots=True)
class _Held:
    value: Json | Unread
    wide: bool
    path: str = ""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each identity and each host."""
    access = Access.of(inventory)
    unread = tuple(_by_unread_groups(access))
    found: dict[str, Json | Unread] = {}
    known: dict[tuple[str, str, bool], tuple[_Held, ...]] = {}

    def held(identity: Carried) -> tuple[_Held, ...]:
        mark = (identity.name, identity.principal, identity.own)
        if mark not in known:  # many hosts may carry one identity
            known[mark] = tuple(_held(identity, access))
        return known[mark]

    for kind in sorted(HOSTS | {USER_ASSIGNED}):
        for resource in inventory.of_type(kind):
            identities = tuple(carried(resource, inventory))
            if identities:
                own = [one for identity in identities for one in held(identity)]
                found[resource.key] = _value(resource, identities, [*own, *unread], access)
    return found


def _value(resource: Resource, identities: tuple[Carried, ...], held: list[_Held], access: Access) -> Json:
    if gap := access.inventory.gap(ASSIGNMENT, scope_or_none(resource.id)):
        held += [_Held(Unread(gap), wide=True), _Held(Unread(gap), wide=False)]
    powers = [Power(one.value["power"]) for one in held if isinstance(one.value, Mapping)]
    return {
        "identities": [identity.name for identity in identities],
        "strongest": min(powers, key=_ORDER.index, default=Power.NONE).value,
        "wide": [one.value for one in held if one.wide],
        "narrow": [one.value for one in held if not one.wide],
        "text": ", ".join(one.value["text"] for one in held if isinstance(one.value, Mapping)),
        "decided_by": list(dict.fromkeys(one.path for one in held if one.path)),
    }


def _held(identity: Carried, access: Access) -> Iterator[_Held]:
    if not identity.principal:
        words = f"the object id of {identity.name} was not read"
        gap = access.inventory.gap(USER_ASSIGNED, None) or Gap("/", USER_ASSIGNED, "", None, "NotCollected", words)
        yield from (_Held(Unread(gap), wide) for wide in (True, False))
        return
    grants = list(access.held_by(identity.principal))
    by_scope: dict[str, list[Grant]] = {}
    for grant in grants:
        power = power_of(grant.assignment, access)
        by_scope.setdefault(grant.assignment.scope, []).append(grant)
        if power is None:
            yield _Held(Unread(access.unclear(grant.assignment)), grant.assignment.kind.wide)
        elif power.administers:
            yield _told(identity, power, grant, grant.assignment.role_name)
    for scope, some in sorted(by_scope.items()):
        if _only_together(some, access) and all(access.may(identity.principal, a, scope).verdict for a in TAKEOVERS):
            yield _told(identity, Power.CONTRIBUTOR, some[0], " with ".join(g.assignment.role_name for g in some))


def _only_together(grants: Sequence[Grant], access: Access) -> bool:
    """Whether none of several roles administers anything by itself."""
    powers = [power_of(grant.assignment, access) for grant in grants]
    return len(powers) > 1 and all(power is Power.NONE for power in powers)


def _told(identity: Carried, power: Power, grant: Grant, role: str) -> _Held:
    where = shown(grant.assignment.scope)
    through = f", as a member of {grant.groups[-1].name}" if grant.groups else ""
    value = {
        "identity": identity.name,
        "own": identity.own,
        "power": power.value,
        "role": role,
        "where": where,
        "text": f"{identity.name}: {role} at {where}{through}",
    }
    return _Held(value, grant.assignment.kind.wide, f"{grant.assignment.resource.id}:properties.roleDefinitionId")


def _by_unread_groups(access: Access) -> Iterator[_Held]:
    """Groups with an administrator's role whose members were not read: whoever is in them is not known."""
    gap = gap_of_members(access.inventory)
    if gap is None:
        return
    for wide in (True, False):
        if any(wide is assignment.kind.wide for assignment in _administering_groups(access)):
            yield _Held(Unread(gap), wide)


def _administering_groups(access: Access) -> Iterator[Assignment]:
    for assignment in access.assignments:
        if assignment.eligible or assignment.principal.kind is not PrincipalKind.GROUP:
            continue
        if access.principals.unread_members(assignment.principal.id):
            power = power_of(assignment, access)
            if power is None or power.administers:
                yield assignment


FAMILY = FactFamily(
    name="holdings",
    types=HOSTS | {USER_ASSIGNED},
    needs=NEEDS | {USER_ASSIGNED},
    compute=compute,
    grounds={
        "wide": "a role that administers nothing here",
        "narrow": "a role that administers nothing here",
        "strongest": "no administrator's role",
    },
)
