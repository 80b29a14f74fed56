"""The users and groups that hold roles, in Azure or in the directory, and the groups that Conditional Access names.

The whole directory is never read. What is asked for and does not come back is gone
(https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---role-assignments-with-identity-not-found).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.azure.answers import Trouble
from auditor.azure.collectors.batches import BATCH_SIZE, all_pages, read_batch
from auditor.azure.collectors.directory_reads import graph_target, read_each
from auditor.azure.collectors.reading import SETTLED, Reader, Target, state_of
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Json

GROUPS = "Microsoft.Graph/groups"
"""Groups that hold roles, with everyone in them and those who own them."""
USERS = "Microsoft.Graph/users"
"""Users that hold roles themselves."""
GROUP_ELIGIBILITY = "Microsoft.Graph/groupEligibilityScheduleInstances"
"""Who may activate membership or ownership of such a group in Privileged Identity Management."""

_ASSIGNMENTS = "microsoft.authorization/roleassignments"
_ELIGIBLE = "microsoft.authorization/roleeligibilityscheduleinstances"
ROLES_IN_AZURE = frozenset({_ASSIGNMENTS, _ELIGIBLE})
"""Type keys of what names the holders of roles in Azure."""
_IN_DIRECTORY = ("Microsoft.Graph/directoryRoleAssignments", "Microsoft.Graph/directoryRoleEligibilitySchedules")

_AT_ONCE = 15
"""Values that Graph takes in one `in`: https://learn.microsoft.com/graph/filter-query-parameter."""
_PERSON = "id,displayName,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled"
_GROUP = "id,displayName,isAssignableToRole,securityEnabled,groupTypes,membershipRule,onPremisesSyncEnabled"
_PERMISSIONS = {
    GROUPS: "GroupMember.Read.All",
    USERS: "User.Read.All",
    GROUP_ELIGIBILITY: "PrivilegedEligibilitySchedule.Read.AzureADGroup",
}
PROBES: Mapping[str, tuple[str, str]] = {
    GROUPS: (_PERMISSIONS[GROUPS], "/groups?$select=id&$top=1"),
    USERS: (_PERMISSIONS[USERS], "/users?$select=id,accountEnabled&$top=1"),
}
"""Permission, and a request below `/v1.0` that shows whether it was granted."""


async def read_role_holders(
    reader: Reader,
    types: frozenset[str],
    roles_read: Sequence[asyncio.Event],
    lists: Sequence[asyncio.Task[ReadState]],
) -> None:
    """Read the chosen types of this module once all that names the holders was read."""
    await asyncio.gather(*lists)
    for event in roles_read:
        await event.wait()
    async with asyncio.TaskGroup() as group:
        if USERS.lower() in types:
            group.create_task(_read_users(reader))
        if GROUPS.lower() in types:
            group.create_task(_read_groups(reader))
        if GROUP_ELIGIBILITY.lower() in types:
            group.create_task(_read_eligible_members(reader))


async def _read_users(reader: Reader) -> None:
    whole = graph_target(reader, USERS, "", _PERMISSIONS[USERS])
    await read_each(
        reader, whole, _filters("users", _PERSON, _holders(reader, "user")), lambda _, answer: _items(answer)
    )


async def _read_groups(reader: Reader) -> None:
    """What each group is, its members in all depths, and its owners, as one object."""
    groups = _holders(reader, "group")
    whole = graph_target(reader, GROUPS, "", _PERMISSIONS[GROUPS])
    if reader.sink.state(whole.scope, whole.kind) in SETTLED:
        return
    described, trouble = await _gathered(reader, whole, _filters("groups", _GROUP, groups))
    if trouble:
        reader.close_gap(whole, trouble, state_of(trouble))
        return
    known = {str(body.get("id")).lower(): body for bodies in described.values() for body in bodies}
    people = "$select=id,displayName,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled,appId&$top=999"
    owners, trouble = await _gathered(reader, whole, {key: f"/groups/{key}/owners?{people}" for key in sorted(known)})
    if trouble:
        reader.close_gap(whole, trouble, state_of(trouble))
        return

    def bodies(group: str, answer: Json) -> list[Mapping[str, Json]]:
        return [{**known[group], "id": group, "members": _items(answer), "owners": owners.get(group, [])}]

    await read_each(reader, whole, {key: f"/groups/{key}/transitiveMembers?{people}" for key in sorted(known)}, bodies)


async def _read_eligible_members(reader: Reader) -> None:
    """https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances."""
    whole = graph_target(reader, GROUP_ELIGIBILITY, "", _PERMISSIONS[GROUP_ELIGIBILITY])
    below = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
    paths = {key: f"{below}?$filter=groupId eq '{key}'" for key in sorted(_holders(reader, "group"))}
    await read_each(reader, whole, paths, lambda _, answer: _items(answer))


async def _gathered(
    reader: Reader, whole: Target, paths: Mapping[str, str]
) -> tuple[dict[str, list[Mapping[str, Json]]], Trouble | None]:
    """What lists say, by owner; not kept as it is. The trouble of the first that could not be read."""
    owners = sorted(paths)
    found: dict[str, list[Mapping[str, Json]]] = {}
    for start in range(0, len(owners), BATCH_SIZE):
        answers = await read_batch(reader, whole, {key: paths[key] for key in owners[start : start + BATCH_SIZE]})
        for owner, first in answers.items():
            answer = await all_pages(reader, whole, first)
            if isinstance(answer, Trouble):
                return found, answer
            found[owner] = _items(answer)
    return found, None


def _filters(collection: str, select: str, keys: Iterable[str]) -> dict[str, str]:
    """Requests for objects by their ids, some at a time."""
    ordered = sorted(keys)
    chunks = [ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE)]
    return {chunk[0]: f"/{collection}?$filter=id in ({_quoted(chunk)})&$select={select}" for chunk in chunks}


def _quoted(keys: Iterable[str]) -> str:
    return ",".join(f"'{key}'" for key in keys)


def _items(answer: Json) -> list[Mapping[str, Json]]:
    items = answer.get("value") if isinstance(answer, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _holders(reader: Reader, kind: str) -> set[str]:
    """Object ids of the users or groups that hold a role or may activate one."""
    return {key.lower() for key in _named(reader, kind) if _is_object_id(key)}


def _named(reader: Reader, kind: str) -> Iterator[str]:
    for type_key in sorted(ROLES_IN_AZURE):
        for body in reader.sink.kept("/", type_key):
            properties = body.get("properties")
            if isinstance(properties, Mapping) and str(properties.get("principalType")).lower() == kind:
                yield str(properties.get("principalId"))
    if kind == "group":
        yield from _of_policies(reader)
    for name in _IN_DIRECTORY:
        for body in reader.sink.kept("/", name):
            principal = body.get("principal")
            if isinstance(principal, Mapping) and str(principal.get("@odata.type")).lower().endswith(f".{kind}"):
                yield str(body.get("principalId"))


def _of_policies(reader: Reader) -> Iterator[str]:
    """Groups that Conditional Access takes in or leaves out."""
    for body in reader.sink.kept("/", "Microsoft.Graph/conditionalAccessPolicies"):
        conditions = body.get("conditions")
        users = conditions.get("users") if isinstance(conditions, Mapping) else None
        for name in ("includeGroups", "excludeGroups"):
            named = users.get(name) if isinstance(users, Mapping) else None
            yield from (str(key) for key in (named if isinstance(named, list) else []))


def _is_object_id(key: str) -> bool:
    """Whether it is a GUID, and nothing that would change a request."""
    return len(key) == 36 and key.count("-") == 4 and key.replace("-", "").isalnum()
