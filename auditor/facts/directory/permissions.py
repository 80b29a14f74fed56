"""What permissions of Microsoft's APIs make possible: application permissions by id, delegated ones by name.

Ids and names: https://learn.microsoft.com/graph/permissions-reference. Which of them lead to Global Administrator:
https://posts.specterops.io/azure-privilege-escalation-via-azure-api-permissions-abuse-74aee1006f48 and
https://github.com/emiliensocchi/azure-tiering/tree/main/Microsoft%20Graph%20application%20permissions
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

GRAPH = "00000003-0000-0000-c000-000000000000"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's own applications."""


class Reach(StrEnum):
    """What a permission leads to."""

    ADMINISTRATOR = "administrator"
    """Whoever holds it can become Global Administrator, or take over whoever is."""
    DATA = "data"
    """Mail, files, chats or devices of everybody."""


@dataclass(frozen=True, slots=True)
class Permission:
    """An application permission that matters."""

    name: str
    reach: Reach
    means: str
    """What it makes possible, as the end of a sentence that begins with the application."""


_ADMINISTRATOR = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": (
        "RoleManagement.ReadWrite.Directory",
        "assigns itself any role of the directory",
    ),
    "dd199f4a-f148-40a4-a2ec-f0069cc799ec": (
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "assigns itself any role of the directory",
    ),
    "fee28b28-e1f3-4841-818e-2704dc62245f": (
        "RoleEligibilitySchedule.ReadWrite.Directory",
        "makes itself eligible for any role",
    ),
    "31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad": (
        "RoleManagementPolicy.ReadWrite.Directory",
        "takes approval and second factor off roles",
    ),
    "06b708a9-e830-4db3-a914-8e69da51d44f": ("AppRoleAssignment.ReadWrite.All", "gives itself every other permission"),
    "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": ("Application.ReadWrite.All", "adds secrets to every application"),
    "fc023787-fd04-4e44-9bc7-d454f00c0f0a": ("Application.ReadUpdate.All", "adds secrets to every application"),
    "2f6817f8-7b12-4f0f-bc18-eeaf60705a9e": ("PrivilegedAccess.ReadWrite.AzureADGroup", "joins groups that hold roles"),
    "41202f2c-f7ab-45be-b001-85c9728b9d69": (
        "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        "joins groups that hold roles",
    ),
    "618b6020-bca8-4de6-99f6-ef445fa4d857": (
        "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
        "joins groups that hold roles",
    ),
    "50483e42-d915-4231-9639-7fdb7fd190e5": (
        "UserAuthenticationMethod.ReadWrite.All",
        "gives itself a way to sign in as any user",
    ),
    "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7": ("User-PasswordProfile.ReadWrite.All", "sets the password of any user"),
    "7e05723c-0bb0-42da-be95-ae9f08a6e53c": ("Domain.ReadWrite.All", "makes tokens for any user by a federated domain"),
    "292d869f-3427-49a8-9dab-8c70152b74e9": (
        "Organization.ReadWrite.All",
        "adds an authority whose certificates sign in any user",
    ),
    "a402ca1c-2696-4531-972d-6e5ee4aa11ea": (
        "Policy.ReadWrite.PermissionGrant",
        "lets applications consent for themselves",
    ),
    "8e8e4742-1d95-4f68-9d56-6ee75648c72a": (
        "DelegatedPermissionGrant.ReadWrite.All",
        "acts as any administrator who signs in to it",
    ),
    "9acd699f-1e81-4958-b001-93b1d2506e19": (
        "EntitlementManagement.ReadWrite.All",
        "gives itself access packages with roles",
    ),
    "9241abd9-d0e6-425a-bd4f-47ba86e767a4": (
        "DeviceManagementConfiguration.ReadWrite.All",
        "runs scripts on administrators' machines",
    ),
    "e330c4f0-4170-414e-a55a-2f022ec2b57b": (
        "DeviceManagementRBAC.ReadWrite.All",
        "assigns itself the administration of devices",
    ),
    "9255e99d-faf5-445e-bbf7-cb71482737c4": (
        "DeviceManagementScripts.ReadWrite.All",
        "runs scripts on administrators' machines",
    ),
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": ("Directory.ReadWrite.All", "joins groups that hold roles in Azure"),
    "62a82d76-70ea-41e2-9197-370581804d09": ("Group.ReadWrite.All", "joins groups that hold roles in Azure"),
    "dbaae8cf-10b5-4b86-a4a1-f871c94c6695": ("GroupMember.ReadWrite.All", "joins groups that hold roles in Azure"),
}
_DATA = {
    "741f803b-c850-494e-b5df-cde7c675a1ca": ("User.ReadWrite.All", "changes every user"),
    "01c0a623-fc9b-48e9-b794-0756f8e8f067": ("Policy.ReadWrite.ConditionalAccess", "turns Conditional Access off"),
    "29c18626-4985-4dcd-85c0-193eef327366": ("Policy.ReadWrite.AuthenticationMethod", "allows weak ways to sign in"),
    "810c84a8-4a9e-49e6-bf7d-12d183f40d01": ("Mail.Read", "reads everybody's mail"),
    "e2a3a72e-5f79-4c64-b1b1-878b674786c9": ("Mail.ReadWrite", "reads and changes everybody's mail"),
    "b633e1c5-b582-4048-a93e-9f11b44c7e96": ("Mail.Send", "sends mail as anybody"),
    "01d4889c-1287-42c6-ac1f-5d1e02578ef6": ("Files.Read.All", "reads everybody's files"),
    "75359482-378d-4052-8f01-80520e7db3cd": ("Files.ReadWrite.All", "changes everybody's files"),
    "332a536c-c7ef-4017-ab91-336970924f0d": ("Sites.Read.All", "reads all sites"),
    "9492366f-7969-46a4-8d15-ed1a20078fff": ("Sites.ReadWrite.All", "changes all sites"),
    "a82116e5-55eb-4c41-a434-62fe8a61c773": ("Sites.FullControl.All", "owns all sites"),
    "678536fe-1083-478a-9c59-b99265e6b0d3": ("Sites.FullControl.All", "owns all sites"),
    "6b7d71aa-70aa-4810-a8d9-5d9fb2830017": ("Chat.Read.All", "reads everybody's chats"),
    "7b2449af-6ccd-4f4d-9f78-e550c193f0d1": ("ChannelMessage.Read.All", "reads the messages of all channels"),
    "dc890d15-9560-4a4c-9b7f-a736ec74ec40": ("full_access_as_app", "reads and changes every mailbox"),
    "dc50a0fb-09a3-484d-be87-e023b12c6440": ("Exchange.ManageAsApp", "manages Exchange with the roles it holds"),
}
APPLICATION: Mapping[str, Permission] = {
    key: Permission(name, reach, means)
    for reach, table in ((Reach.ADMINISTRATOR, _ADMINISTRATOR), (Reach.DATA, _DATA))
    for key, (name, means) in table.items()
}
"""Application permissions that matter, by the id of the role."""
_BY_NAME = {permission.name.lower(): permission for permission in APPLICATION.values()}


def application_permission(role_id: str, name: str) -> Permission | None:
    """The permission by the id of its role, or by the name that the resource gives it; None where it matters little."""
    return APPLICATION.get(role_id.lower()) or _BY_NAME.get(name.lower())


# "user_impersonation" of these is everything that the user may do there. Of an API of one's own it is the scope that
# App Service and Visual Studio make by default, and says nothing.
WHOLE_API: Mapping[str, str] = {
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "manages Azure",
    "499b84ac-1321-427f-aa17-267ca6975798": "uses Azure DevOps",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093": "reads key vaults",
    "e406a681-f3d4-42a8-90b6-c2b029497af1": "reads and writes storage",
    "022907d3-0f1b-48f7-badc-1ba6abab6d66": "reads and writes databases",
}
"""By application id of the resource."""

_SCOPES: tuple[tuple[str, str], ...] = (
    (r"mail\.(read|readwrite|send)(\.shared)?|mailboxsettings\.readwrite|smtp\.send|full_access_as_user", "mail"),
    (r"(ews|imap|pop)\.accessasuser\.all|exchange\.manage", "mail"),
    (
        r"files\.(read|readwrite)(\.all)?|sites\.(read|readwrite|manage|fullcontrol)\.all|allsites\.\w+|myfiles\.\w+",
        "files",
    ),
    (r"chat\.(read|readwrite)(\.all)?|channelmessage\.(read|readwrite)\.all|chatmessage\.read", "chats"),
    (r"notes\.(read|readwrite)(\.all)?", "notes"),
    (r"(calendars|contacts)\.readwrite(\.shared)?", "calendars and contacts"),
    (
        r"directory\.(read\.all|readwrite\.all|accessasuser\.all)|(user|group|groupmember|application)\.readwrite\.all",
        "the directory",
    ),
    (
        r"(domain|organization|approleassignment|delegatedpermissiongrant|userauthenticationmethod)\.readwrite\.all",
        "the directory",
    ),
    (
        r"rolemanagement\.readwrite\.\w+|policy\.readwrite\.\w+|privilegedaccess\.readwrite\.\w+|role\w+\.readwrite\.directory",
        "the directory",
    ),
    (r"devicemanagement\w+\.(readwrite|privilegedoperations)\.all", "devices"),
)
_COMPILED = tuple((re.compile(pattern), what) for pattern, what in _SCOPES)


def delegated_scope(scope: str) -> str:
    """What a delegated permission of Microsoft Graph, Exchange or SharePoint opens; "" where it is little."""
    lowered = scope.lower()
    return next((what for pattern, what in _COMPILED if pattern.fullmatch(lowered)), "")
