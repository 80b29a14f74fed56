"""Who owns a subscription: everybody who may do everything there, giving access included.

    {"own": [{"name": "Ada", "kind": "user", "text": "user Ada: Owner at the subscription 1111..."}],
     "above": [...], "eligible": [...], "everybody": [...], "lock_roles": ["Lock keeper"], "decided_by": [...]}

`own` are those whose role is assigned at the subscription itself, `above` those from management groups and the tenant,
`eligible` those who may activate it, `everybody` all of these. Each is named once in a list, members instead of groups;
an element is unknown where a group, a role or the place of a management group was not read. `lock_roles` are custom
roles, assigned there, that set and delete locks and are no administrator's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.identity.access import NEEDS_ELIGIBLE, Access, Grant
from auditor.facts.identity.assignments import ASSIGNMENT, ELIGIBLE, Assignment
from auditor.facts.identity.powers import Power, power_of, power_of_role
from auditor.facts.identity.principals import PrincipalKind, gap_of_members
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

_SUBSCRIPTION = ids.type_key(ids.SUBSCRIPTION_TYPE)
MANY = 5
"""As how many unknown people a group counts whose members were not read: as many as any rule asks for."""
_LOCKS = ("Microsoft.Authorization/locks/write", "Microsoft.Authorization/locks/delete")


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each subscription."""
    access = Access.of(inventory)
    return {subscription.key: _value(subscription, access) for subscription in inventory.of_type(_SUBSCRIPTION)}


def _value(subscription: Resource, access: Access) -> Json:
    lists: dict[str, dict[str, Json | Unread]] = {"own": {}, "above": {}, "eligible": {}}
    places: list[str] = []
    for assignment, certain in access.at(subscription.id):
        power = power_of(assignment, access)
        if power is not None and power is not Power.OWNER:
            continue
        name = "eligible" if assignment.eligible else "own" if assignment.scope == subscription.key else "above"
        found = list(_people(assignment, access, certain=certain and power is not None))
        lists[name].update({key: value for key, value in found if key not in lists[name]})
        if found and power:
            places.append(f"{assignment.resource.id}:properties.roleDefinitionId")
    for name, kind in (("own", ASSIGNMENT), ("above", ASSIGNMENT), ("eligible", ELIGIBLE)):
        if gap := access.inventory.gap(kind, subscription.id):
            lists[name]["?"] = Unread(gap)
    gap = access.inventory.gap(ASSIGNMENT, subscription.id)
    locks: list[Json] = sorted(set(_lock_roles(subscription, access)))
    everybody = {key: value for values in lists.values() for key, value in values.items()}
    return {
        **{name: list(values.values()) for name, values in lists.items()},
        "everybody": list(everybody.values()),
        "lock_roles": [*locks, Unread(gap)] if gap else locks,
        "decided_by": list(dict.fromkeys(places)),
    }


def _people(assignment: Assignment, access: Access, *, certain: bool) -> Iterator[tuple[str, Json | Unread]]:
    if not certain:
        yield assignment.resource.key, Unread(access.unclear(assignment, certain=assignment.role is None))
        return
    for principal, groups in access.expanded(assignment.principal):
        if principal.kind is PrincipalKind.GROUP:
            words = f"the members of the group {principal.name} were not read"
            unread = Unread(gap_of_members(access.inventory) or _gap(words))
            yield from ((f"{principal.id} {number}", unread) for number in range(MANY))
        else:
            text = f"{principal.text}: {Grant(assignment, groups).text}"
            yield principal.id, {"name": principal.name, "kind": principal.kind.value, "text": text}


def _lock_roles(subscription: Resource, access: Access) -> Iterator[str]:
    for assignment, _ in access.at(subscription.id):
        role = assignment.role
        if role and role.custom and all(role.allows(a) for a in _LOCKS) and power_of_role(role) is Power.NONE:
            yield role.name


def _gap(words: str) -> Gap:
    return Gap("/", "Microsoft.Graph/groups", "", None, "NotCollected", words)


FAMILY = FactFamily(
    name="owners",
    types=frozenset({_SUBSCRIPTION}),
    needs=NEEDS_ELIGIBLE,
    compute=compute,
    grounds=dict.fromkeys(("own", "above", "eligible", "everybody"), "two or three owners"),
)
