"""Principals: names, and who is a member of which group, groups in groups included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource

GROUPS = "microsoft.graph/groups"
USERS = "microsoft.graph/users"
SERVICE_PRINCIPALS = "microsoft.graph/serviceprincipals"
DIRECTORY_ROLES = ("microsoft.graph/directoryroleassignments", "microsoft.graph/directoryroleeligibilityschedules")
USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities"


class PrincipalKind(StrEnum):
    """What a principal is."""

    USER = "user"
    GROUP = "group"
    SERVICE_PRINCIPAL = "service principal"
    IDENTITY = "managed identity"
    UNKNOWN = "principal"


_ODATA = {
    "#microsoft.graph.user": PrincipalKind.USER,
    "#microsoft.graph.group": PrincipalKind.GROUP,
    "#microsoft.graph.serviceprincipal": PrincipalKind.SERVICE_PRINCIPAL,
}
_TYPES = {
    "user": PrincipalKind.USER,
    "group": PrincipalKind.GROUP,
    "foreigngroup": PrincipalKind.GROUP,
    "serviceprincipal": PrincipalKind.SERVICE_PRINCIPAL,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody or something that roles are assigned to."""

    id: str
    """Object id, lower-cased."""
    name: str
    """Display name, or the id where no name was read."""
    kind: PrincipalKind
    """What it is, as far as is known."""
    resource: Resource | None = None
    """The object that was read: a user, group or service principal, or the resource whose identity it is."""
    guest: bool | None = None
    """Of a user, whether it is a guest; None where that was not read."""
    enabled: bool | None = None
    """Whether it may sign in; None where that was not read."""
    synced: bool | None = None
    """Of a user or group, whether a directory on premises governs it; None where that was not read."""

    @property
    def text(self) -> str:
        """Kind and name, for sentences."""
        return f"{self.kind} {self.name}"


class Principals:
    """Everybody known in one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        """Index groups, users, service principals, and the identities of resources."""
        self._groups_gap = inventory.gap(GROUPS, None)
        self._known: dict[str, Principal] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self._groups_of: dict[str, list[str]] = {}
        self._by_application: dict[str, str] = {}
        for group in inventory.of_type(GROUPS):
            self._add(_person(group.body, PrincipalKind.GROUP, group))
            members = tuple(_members(group.body))
            if "members" in group.body or members:
                self._members[group.key] = tuple(member.id for member in members)
            for member in members:
                self._add(member)
                self._groups_of.setdefault(member.id, []).append(group.key)
        for kind in DIRECTORY_ROLES:
            for role in inventory.of_type(kind):
                principal = role.body.get("principal")
                if isinstance(principal, Mapping) and isinstance(principal.get("id"), str):
                    self._add(_person(principal, _ODATA.get(_odata(principal), PrincipalKind.UNKNOWN)))
        for user in inventory.of_type(USERS):
            self._known[user.key] = _person(user.body, PrincipalKind.USER, user)
        for resource in inventory.of_type(SERVICE_PRINCIPALS):
            managed = str(resource.body.get("servicePrincipalType") or "").lower() == "managedidentity"
            kind = PrincipalKind.IDENTITY if managed else PrincipalKind.SERVICE_PRINCIPAL
            self._known[resource.key] = _person(resource.body, kind, resource)
            self._by_application[str(resource.body.get("appId") or "").lower()] = resource.key
        for resource, identifier in identities(inventory):
            self._known[identifier] = Principal(identifier, resource.name, PrincipalKind.IDENTITY, resource)

    def get(self, identifier: str, principal_type: str = "") -> Principal:
        """A principal by its object id; `principal_type` as an assignment has it serves where it is not known."""
        key = identifier.lower()
        if known := self._known.get(key):
            if known.kind is PrincipalKind.UNKNOWN and principal_type:
                return Principal(key, known.name, _TYPES.get(principal_type.lower(), known.kind), known.resource)
            return known
        return Principal(key, identifier, _TYPES.get(principal_type.lower(), PrincipalKind.UNKNOWN))

    def of_application(self, app_id: str) -> str:
        """Object id of an application's service principal in this tenant; "" where there is none."""
        return self._by_application.get(app_id.lower(), "") if app_id else ""

    def is_known(self, identifier: str) -> bool:
        """Whether an object with this id was read."""
        return identifier.lower() in self._known

    def groups_of(self, identifier: str) -> Mapping[str, tuple[str, ...]]:
        """Every group that a principal is in, with the groups that lead there, the outermost first."""
        found: dict[str, tuple[str, ...]] = {}
        level = [(identifier.lower(), ())]
        while level:
            following: list[tuple[str, tuple[str, ...]]] = []
            for member, way in level:
                for group in self._groups_of.get(member, ()):
                    if group not in found and group != identifier.lower():
                        found[group] = (group, *way)
                        following.append((group, found[group]))
            level = following  # type: ignore[assignment]
        return found

    def members(self, group: str) -> tuple[str, ...] | None:
        """Everybody in a group, those of groups in it included and those groups left out; None where not read.

        Nobody is in a group that is gone.
        """
        if group.lower() not in self._members:
            return None if self._groups_gap else ()
        found: dict[str, None] = {}
        seen = {group.lower()}
        open_groups = [group.lower()]
        while open_groups:
            for member in self._members.get(open_groups.pop(), ()):
                if member in self._members or self.get(member).kind is PrincipalKind.GROUP:
                    if member not in seen:
                        seen.add(member)
                        open_groups.append(member)
                else:
                    found.setdefault(member)
        return tuple(found)

    def direct_members(self, group: str) -> tuple[str, ...]:
        """The ids in a group's own list, groups included; nothing where it was not read."""
        return self._members.get(group.lower(), ())

    def unread_members(self, group: str) -> bool:
        """Whether the members of a group, or of a group in it, were not read; a group that is gone has none."""
        if self._groups_gap is None:
            return False
        seen: set[str] = set()
        open_groups = [group.lower()]
        while open_groups:
            one = open_groups.pop()
            if one in seen:
                continue
            seen.add(one)
            if one not in self._members:
                return True
            # What a transitive list has is read with the list, groups in it too.
            open_groups += [member for member in self._members[one] if member in self._members]
        return False

    def _add(self, principal: Principal) -> None:
        known = self._known.get(principal.id)
        if known is None or (known.resource is None and principal.resource):
            self._known[principal.id] = principal


def identities(inventory: Inventory) -> Iterator[tuple[Resource, str]]:
    """Every managed identity: the resource that it belongs to, and its object id, lower-cased.

    Of a resource with user-assigned identities only, `identity.principalId` is missing or empty; theirs are those
    identities' own.
    """
    for resource in inventory:
        if resource.type_key == USER_ASSIGNED:
            properties = resource.body.get("properties")
            found = properties.get("principalId") if isinstance(properties, Mapping) else None
        else:
            identity = resource.body.get("identity")
            found = identity.get("principalId") if isinstance(identity, Mapping) else None
        if isinstance(found, str) and found:
            yield resource, found.lower()


def gap_of_members(inventory: Inventory) -> Gap | None:
    """Why the members of groups may be missing."""
    return inventory.gap(GROUPS, None)


def _members(body: Mapping[str, Json]) -> Iterator[Principal]:
    members = body.get("members")
    for member in members if isinstance(members, list) else ():
        if isinstance(member, Mapping) and isinstance(member.get("id"), str):
            kind = _ODATA.get(_odata(member), PrincipalKind.UNKNOWN)
            yield _person(member, kind)


def _odata(body: Mapping[str, Json]) -> str:
    return str(body.get("@odata.type") or "").lower()


def _person(body: Mapping[str, Json], kind: PrincipalKind, resource: Resource | None = None) -> Principal:
    guest, enabled = str(body.get("userType") or "").lower(), body.get("accountEnabled")
    # Of an object that never was synchronised it is null: https://learn.microsoft.com/graph/api/resources/user.
    synced = body.get("onPremisesSyncEnabled") is True if "onPremisesSyncEnabled" in body else None
    return Principal(
        id=str(body["id"]).lower(),
        name=_user_name(body),
        kind=kind,
        resource=resource,
        guest=guest == "guest" if guest else None,
        enabled=enabled if isinstance(enabled, bool) else None,
        synced=synced,
    )


def _user_name(body: Mapping[str, Json]) -> str:
    for name in ("displayName", "userPrincipalName", "id"):
        value = body.get(name)
        if isinstance(value, str) and value:
            return value
    return ""
