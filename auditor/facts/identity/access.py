"""What a principal may do, and who may do something: role arithmetic over one inventory.

    access = Access.of(inventory)
    access.may(principal, "Microsoft.Compute/virtualMachines/write", scope).verdict    # True, False or None
    access.holders("Microsoft.Compute/virtualMachines/write", scope)

An answer counts every assignment at the scope or above it, through groups in groups, data actions apart, conditions as
far as they are understood, and lets deny assignments win. It is False only where everything was read that could make
it True. Where deny assignments were not read, what roles give counts as given, and the answer says so: Azure makes
them for managed applications and deployment stacks, nobody writes one by hand
(https://learn.microsoft.com/azure/role-based-access-control/deny-assignments).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.facts.identity.assignments import (
    ASSIGNMENT,
    DENY,
    ELIGIBLE,
    EVERYBODY,
    Assignment,
    Deny,
    assignments,
    denies,
)
from auditor.facts.identity.principals import (
    GROUPS,
    SERVICE_PRINCIPALS,
    USERS,
    Principal,
    PrincipalKind,
    Principals,
    gap_of_members,
)
from auditor.facts.identity.roles import ROLE, Roles
from auditor.facts.identity.scopes import ScopeKind, Scopes, kind_of, scope_key
from auditor.facts.once import once
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap

NEEDS = frozenset(
    {
        ASSIGNMENT,
        ROLE,
        DENY,
        "microsoft.graph/groups",
        "microsoft.graph/serviceprincipals",
        ids.type_key(ids.SUBSCRIPTION_TYPE),
        ids.type_key(ids.MANAGEMENT_GROUP_TYPE),
    }
)
"""What must be collected for an answer about active assignments."""
NEEDS_ELIGIBLE = NEEDS | {ELIGIBLE}
"""And for one that counts eligible ones too."""


_DIRECTORY_TYPES = {
    PrincipalKind.USER: USERS,
    PrincipalKind.GROUP: GROUPS,
    PrincipalKind.SERVICE_PRINCIPAL: SERVICE_PRINCIPALS,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One reason why a principal may do something."""

    assignment: Assignment
    """The assignment that gives it."""
    groups: tuple[Principal, ...] = ()
    """The groups between: the one that has the role first, the one that the principal is in last."""
    conditioned: bool = False
    """Whether only a condition, which could not be decided, lets it."""

    @property
    def text(self) -> str:
        """`Contributor at the subscription ..., as a member of operators`."""
        role = self.assignment
        through = (
            f", as a member of {' in '.join(group.name for group in reversed(self.groups))}" if self.groups else ""
        )
        how = " (eligible)" if role.eligible else ""
        limited = ", under a condition" if self.conditioned else ""
        return f"{role.role_name}{how} at {shown(role.scope)}{through}{limited}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a principal may do something."""

    verdict: bool | None
    """None where it cannot be known from what was read."""
    grants: tuple[Grant, ...] = ()
    """What gives it, conditioned ones too."""
    denied_by: tuple[Deny, ...] = ()
    """What takes it away."""
    doubt: Gap | None = None
    """Why the answer is unknown, or may be too short."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may do something, and by what."""

    principal: Principal
    """Who: of a group its members, or the group itself where these were not read."""
    grant: Grant
    """By what."""
    certain: bool
    """False where a condition, an unknown role or an unread part of the hierarchy decides."""


@dataclass(frozen=True, slots=True)
class Holders:
    """Everybody who may do something at a scope."""

    holders: tuple[Holder, ...]
    """By name; one entry for each reason."""
    gap: Gap | None
    """Why there may be more."""

    @property
    def certain(self) -> tuple[Principal, ...]:
        """Everybody who certainly may, each once."""
        return tuple({h.principal.id: h.principal for h in self.holders if h.certain}.values())


class Access:
    """Role arithmetic over one inventory."""

    @classmethod
    def of(cls, inventory: Inventory) -> Access:
        """The arithmetic of an inventory, the same for every fact family that asks one after the other."""
        return once(cls, inventory, lambda: cls(inventory))

    def __init__(self, inventory: Inventory) -> None:
        """Index the assignments of `inventory`."""
        self.inventory = inventory
        self.roles = Roles(inventory)
        self.scopes = Scopes(inventory)
        self.principals = Principals(inventory)
        self.assignments: tuple[Assignment, ...] = tuple(assignments(inventory, self.roles, self.principals))
        """All of them, eligible ones too."""
        self._by_principal: dict[str, list[Assignment]] = {}
        self._by_scope: dict[str, list[Assignment]] = {}
        for assignment in self.assignments:
            self._by_principal.setdefault(assignment.principal.id, []).append(assignment)
            self._by_scope.setdefault(assignment.scope, []).append(assignment)
        self._denies = tuple(denies(inventory))
        self._has_directory = any(inventory.of_type(kind) for kind in (USERS, SERVICE_PRINCIPALS))
        self._granted: dict[tuple[str, str, str, bool], bool | None] = {}
        self._answers: dict[tuple[str, str, bool, bool], Holders] = {}
        self.powers: dict[str, object] = {}
        """What unconditioned roles amount to, by their keys: `auditor.facts.identity.powers` finds that out once."""

    @cached_property
    def _groups(self) -> frozenset[str]:
        """Management groups that something is assigned at."""
        return frozenset(scope for scope in self._by_scope if kind_of(scope) is ScopeKind.MANAGEMENT_GROUP)

    def held_by(self, principal: str, *, eligible: bool = False) -> Iterator[Grant]:
        """Every assignment that a principal has, itself or through groups, wherever it is."""
        for identifier, way in self._selves(principal):
            for assignment in self._by_principal.get(identifier, ()):
                if eligible or not assignment.eligible:
                    yield Grant(assignment, way)

    def at(self, scope: str) -> Iterator[tuple[Assignment, bool]]:
        """Every assignment that holds at a scope, and whether that is certain."""
        places = tuple(self.scopes.up(scope))
        for place in places:
            for assignment in self._by_scope.get(place, ()):
                yield assignment, True
        for group in sorted(self._groups.difference(places)):
            if self.scopes.contains(group, scope) is None:
                for assignment in self._by_scope[group]:
                    yield assignment, False

    def may(self, principal: str, action: str, scope: str, *, data: bool = False, eligible: bool = False) -> Answer:
        """Whether a principal, by its object id, may do an action at a scope.

        `action` is one operation, without wildcards; `data` asks about data actions; `eligible` also counts what the
        principal may activate.
        """
        selves = dict(self._selves(principal))
        grants: list[Grant] = []
        sure = False
        doubt: Gap | None = None
        for assignment, certain in self.at(scope):
            if assignment.eligible and not eligible:
                continue
            answer = self._grants(assignment, action, data=data)
            if answer is False:
                continue
            way = selves.get(assignment.principal.id)
            if way is None:
                if self._may_be_in(assignment.principal):
                    doubt = doubt or self._unread_group(assignment)
                continue
            if answer and certain:
                sure = True
            grants.append(Grant(assignment, way, conditioned=answer is None and assignment.role is not None))
            if not certain or answer is None:
                doubt = doubt or self.unclear(assignment, certain=certain)
        denied_by = self._denied(selves, action, scope, data=data) if grants else ()
        if any(not deny.conditioned for deny in denied_by):
            return Answer(verdict=False, grants=tuple(grants), denied_by=denied_by)
        if sure:
            return Answer(
                not denied_by or None, tuple(grants), denied_by, self.inventory.gap(DENY, scope_or_none(scope))
            )
        doubt = doubt or self.gap(scope, eligible=eligible)
        return Answer(None if doubt else False, tuple(grants), denied_by, doubt)

    def holders(self, action: str, scope: str, *, data: bool = False, eligible: bool = False) -> Holders:
        """Everybody who may do an action at a scope; members instead of groups where these were read."""
        key = (action.lower(), scope_key(scope), data, eligible)
        if key not in self._answers:
            found = list(self._holders(action, scope, data=data, eligible=eligible))
            found.sort(key=lambda holder: (holder.principal.name.lower(), holder.principal.id, holder.grant.text))
            self._answers[key] = Holders(tuple(found), self.gap(scope, eligible=eligible))
        return self._answers[key]

    def _holders(self, action: str, scope: str, *, data: bool, eligible: bool) -> Iterable[Holder]:
        for assignment, certain in self.at(scope):
            if assignment.eligible and not eligible:
                continue
            answer = self._grants(assignment, action, data=data)
            if answer is False:
                continue
            for principal, way in self.expanded(assignment.principal):
                if self.is_gone(principal):
                    continue
                grant = Grant(assignment, way, conditioned=answer is None and assignment.role is not None)
                denied = self._denied(dict(self._selves(principal.id)), action, scope, data=data)
                if not any(not deny.conditioned for deny in denied):
                    yield Holder(principal, grant, certain=bool(answer) and certain and not denied)

    def expanded(self, principal: Principal) -> Iterator[tuple[Principal, tuple[Principal, ...]]]:
        """The members of a group, each with the group; anybody else, and a group that was not read, as it is."""
        members = self.principals.members(principal.id) if principal.kind is PrincipalKind.GROUP else None
        if members is None:
            yield principal, ()
            return
        for member in members:
            ways = self.principals.groups_of(member).get(principal.id, (principal.id,))
            yield self.principals.get(member), tuple(self.principals.get(group) for group in ways)
        if self.principals.unread_members(principal.id):
            yield principal, ()

    def is_gone(self, principal: Principal) -> bool:
        """Whether the directory was asked for all principals of its kind and does not have this one any more.

        In a closed world without any user or application nobody is gone.
        """
        if not self._has_directory:
            return False
        kind = _DIRECTORY_TYPES.get(principal.kind)
        return (
            kind is not None and not self.principals.is_known(principal.id) and self.inventory.gap(kind, None) is None
        )

    def gap(self, scope: str, *, eligible: bool = False) -> Gap | None:
        """Why assignments that hold at a scope may be missing."""
        place = scope_or_none(scope)
        found = self.inventory.gap(ASSIGNMENT, place)
        return found or (self.inventory.gap(ELIGIBLE, place) if eligible else None)

    def _grants(self, assignment: Assignment, action: str, *, data: bool) -> bool | None:
        """As `Assignment.grants`, once for each role where no condition makes assignments of it differ."""
        if assignment.condition is not None or assignment.role is None:
            return assignment.grants(action, data=data)
        key = (assignment.role.key, action, "", data)
        if key not in self._granted:
            self._granted[key] = assignment.grants(action, data=data)
        return self._granted[key]

    def _selves(self, principal: str) -> Iterator[tuple[str, tuple[Principal, ...]]]:
        yield principal.lower(), ()
        for group, way in self.principals.groups_of(principal).items():
            yield group, tuple(self.principals.get(one) for one in way)

    def _may_be_in(self, principal: Principal) -> bool:
        return principal.kind is PrincipalKind.GROUP and self.principals.unread_members(principal.id)

    def _unread_group(self, assignment: Assignment) -> Gap:
        words = f"the members of the group {assignment.principal.name}, which has {assignment.role_name}, were not read"
        return gap_of_members(self.inventory) or Gap("/", "Microsoft.Graph/groups", "", None, "NotCollected", words)

    def unclear(self, assignment: Assignment, *, certain: bool = True) -> Gap:
        """Why it is not known what an assignment gives; `certain` is False where its scope may be elsewhere."""
        if not certain:
            kind, words = ids.MANAGEMENT_GROUP_TYPE, f"whether {shown(assignment.scope)} is above it was not read"
        elif assignment.role is None:
            kind, words = "Microsoft.Authorization/roleDefinitions", f"the role {assignment.role_name} was not read"
        else:
            kind, words = "Microsoft.Authorization/roleAssignments", "a condition of the assignment decides"
        return Gap(assignment.scope, kind, "", None, "NotCollected", words)

    def _denied(
        self, selves: Mapping[str, Sequence[Principal]], action: str, scope: str, *, data: bool
    ) -> tuple[Deny, ...]:
        if not self._denies:
            return ()
        place = scope_key(scope)
        return tuple(
            deny
            for deny in self._denies
            if (deny.data if data else deny.control).allows(action)
            and (deny.scope == place if deny.only_here else self.scopes.contains(deny.scope, place))
            and (EVERYBODY in deny.principals or deny.principals.intersection(selves))
            and not deny.excluded.intersection(selves)
        )


def scope_or_none(scope: str) -> str | None:
    """A scope as coverage is asked about it: None, everything, for the tenant and above subscriptions."""
    return scope if kind_of(scope) in (ScopeKind.SUBSCRIPTION, ScopeKind.RESOURCE_GROUP, ScopeKind.RESOURCE) else None


def shown(scope: str) -> str:
    """A scope in words: `the subscription 1111...`, `the resource group rg-shop`."""
    key = scope_key(scope)
    match kind_of(key):
        case ScopeKind.TENANT:
            return "the whole tenant (/)"
        case ScopeKind.MANAGEMENT_GROUP | ScopeKind.SUBSCRIPTION | ScopeKind.RESOURCE_GROUP as kind:
            return f"the {kind} {key.rpartition('/')[2]}"
        case _:
            return key
