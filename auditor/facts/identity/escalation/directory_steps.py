"""Steps by rights in the directory: roles, permissions of Microsoft Graph, owners of applications and groups.

Ids of roles and permissions are the same in every tenant:
https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference and
https://learn.microsoft.com/graph/permissions-reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from auditor.facts.identity.access import Access
from auditor.facts.identity.bodies import entries
from auditor.facts.identity.directory_roles import (
    ASSIGNED,
    ELIGIBLE,
    PRIVILEGED,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    holders_of,
    role_id,
)
from auditor.facts.identity.directory_roles import GLOBAL_ADMINISTRATOR as GLOBAL
from auditor.facts.identity.escalation.model import GLOBAL_ADMINISTRATOR, Node, Proof, Step
from auditor.facts.identity.federation import APPLICATIONS
from auditor.facts.identity.locks import is_locked
from auditor.facts.identity.principals import PrincipalKind
from auditor.inventory.model import Json, Resource

APP_ROLES = "microsoft.graph/approleassignedto"
OWNERS = "microsoft.graph/applications/owners"
OWNERS_OF_PRINCIPALS = "microsoft.graph/serviceprincipals/owners"
GROUP_ELIGIBILITY = "microsoft.graph/groupeligibilityscheduleinstances"

_OTHER_ROLES = {
    "fdd7a751-b60b-444a-984c-02652fe8fa1c": "Groups Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "69091246-20e8-4a56-aa4d-066075b2a7a8": "Teams Administrator",
    "11451d60-acb2-45eb-a7d6-43d0f0125c13": "Windows 365 Administrator",
    "810a2642-a034-447f-a5e8-41beaa378541": "Yammer Administrator",
    "b5a8dcf3-09d5-43a9-a639-8e29ef291470": "Knowledge Administrator",
    "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": "Identity Governance Administrator",
    "e3973bdf-4987-49ae-837a-ba8e231c7286": "Azure DevOps Administrator",
}
_NAMES: Mapping[str, str] = {**_OTHER_ROLES, **PRIVILEGED}

_CHANGE_GROUPS = (
    "fdd7a751-b60b-444a-984c-02652fe8fa1c",
    "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "3a2c62db-5318-420d-8d74-23affee5d9d5",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
    "69091246-20e8-4a56-aa4d-066075b2a7a8",
    "11451d60-acb2-45eb-a7d6-43d0f0125c13",
    "810a2642-a034-447f-a5e8-41beaa378541",
    "b5a8dcf3-09d5-43a9-a639-8e29ef291470",
    "9360feb5-f418-4baa-8175-e2a00bac4301",
)
"""Directory roles that change the members of groups which cannot be assigned to roles."""
_CHANGE_APPLICATIONS = (
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "158c047a-c907-4556-b7ef-446551a6b5f7",
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
    "4ba39ca4-527c-499a-b93d-d9b492c50246",
    "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8",
)
"""Directory roles that add secrets to applications."""
_DEVOPS_ADMINISTRATOR = "e3973bdf-4987-49ae-837a-ba8e231c7286"
_CHANGE_USERS = ("fe930be7-5e62-47db-91af-98c3a49a38b1",)
"""Directory roles that change the properties of users without directory roles of their own."""
_RESET_ANYBODY = ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13",)
_RESET_OTHERS = (
    "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "fe930be7-5e62-47db-91af-98c3a49a38b1",
)
"""Directory roles that reset credentials of users without directory roles of their own."""

_TO_GLOBAL = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
    "dd199f4a-f148-40a4-a2ec-f0069cc799ec": "RoleAssignmentSchedule.ReadWrite.Directory",
    "fee28b28-e1f3-4841-818e-2704dc62245f": "RoleEligibilitySchedule.ReadWrite.Directory",
    "06b708a9-e830-4db3-a914-8e69da51d44f": "AppRoleAssignment.ReadWrite.All",
}
"""Application permissions that end in Global Administrator without another's help."""
_TO_GLOBAL_WITH_HELP = {
    "31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad": (
        "RoleManagementPolicy.ReadWrite.Directory",
        "takes approval and a second factor off the activation of Global Administrator",
        "needs somebody who may activate the role",
    ),
    "7e05723c-0bb0-42da-be95-ae9f08a6e53c": (
        "Domain.ReadWrite.All",
        "federates a domain and signs in as its Global Administrator",
        "needs a Global Administrator with a name in a domain of the tenant's own",
    ),
    "292d869f-3427-49a8-9dab-8c70152b74e9": (
        "Organization.ReadWrite.All",
        "adds an authority whose certificates sign in a Global Administrator",
        "needs sign-in by certificate to be allowed",
    ),
    "a402ca1c-2696-4531-972d-6e5ee4aa11ea": (
        "Policy.ReadWrite.PermissionGrant",
        "lets itself consent to every permission",
        "needs somebody who consents under the changed policy",
    ),
    "9acd699f-1e81-4958-b001-93b1d2506e19": (
        "EntitlementManagement.ReadWrite.All",
        "gives itself an access package with a role of the directory",
        "needs a package or a catalogue that holds such a role",
    ),
    "9241abd9-d0e6-425a-bd4f-47ba86e767a4": (
        "DeviceManagementConfiguration.ReadWrite.All",
        "runs a script on the machine of a Global Administrator",
        "needs a machine of such an administrator that Intune manages",
    ),
    "9255e99d-faf5-445e-bbf7-cb71482737c4": (
        "DeviceManagementScripts.ReadWrite.All",
        "runs a script on the machine of a Global Administrator",
        "needs a machine of such an administrator that Intune manages",
    ),
    "e330c4f0-4170-414e-a55a-2f022ec2b57b": (
        "DeviceManagementRBAC.ReadWrite.All",
        "gives itself the administration of devices, and a script to the machine of a Global Administrator",
        "needs a machine of such an administrator that Intune manages",
    ),
}
"""Application permissions that end in Global Administrator only where something helps: name, what it does, what."""
_TO_USERS = {
    "50483e42-d915-4231-9639-7fdb7fd190e5": "UserAuthenticationMethod.ReadWrite.All",
}
_TO_USERS_WITHOUT_ROLES = {
    "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7": "User-PasswordProfile.ReadWrite.All",
}
_TO_DYNAMIC_GROUPS = {
    "741f803b-c850-494e-b5df-cde7c675a1ca": "User.ReadWrite.All",
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
}
_UNCHANGEABLE = re.compile(
    r"(user|device)\.(objectid|memberof|accountenabled|usertype|dirsyncenabled)\b", re.IGNORECASE
)
_ATTRIBUTE = re.compile(r"(user|device)\.\w+", re.IGNORECASE)
_TO_APPLICATIONS = {
    "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "Application.ReadWrite.All",
    "fc023787-fd04-4e44-9bc7-d454f00c0f0a": "Application.ReadUpdate.All",
}
_TO_GROUPS = {
    "62a82d76-70ea-41e2-9197-370581804d09": "Group.ReadWrite.All",
    "dbaae8cf-10b5-4b86-a4a1-f871c94c6695": "GroupMember.ReadWrite.All",
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
}
_TO_ASSIGNABLE_GROUPS = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
    "2f6817f8-7b12-4f0f-bc18-eeaf60705a9e": "PrivilegedAccess.ReadWrite.AzureADGroup",
    "41202f2c-f7ab-45be-b001-85c9728b9d69": "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "618b6020-bca8-4de6-99f6-ef445fa4d857": "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
}


class DirectorySteps:
    """Who can act as a principal, or become Global Administrator, by rights in the directory."""

    def __init__(self, access: Access) -> None:
        """Index owners, permissions and what protects users."""
        self._access = access
        inventory = access.inventory
        self._roles: dict[str, list[Resource]] = {}
        for grant in inventory.of_type(APP_ROLES):
            self._roles.setdefault(str(grant.body.get("appRoleId") or "").lower(), []).append(grant)
        self._owners: dict[str, list[Mapping[str, Json]]] = {}
        for entry in inventory.of_type(OWNERS):
            owners = entries(entry.body.get("owners"))
            self._owners[str(entry.body.get("applicationObjectId") or "").lower()] = owners
        self._owners_of_principals: dict[str, list[Mapping[str, Json]]] = {}
        for entry in inventory.of_type(OWNERS_OF_PRINCIPALS):
            owners = entries(entry.body.get("owners"))
            self._owners_of_principals[str(entry.body.get("servicePrincipalObjectId") or "").lower()] = owners
        self._applications = {str(a.body.get("appId") or "").lower(): a for a in inventory.of_type(APPLICATIONS)}
        self._eligible: dict[str, list[Resource]] = {}
        for entry in inventory.of_type(GROUP_ELIGIBILITY):
            self._eligible.setdefault(str(entry.body.get("groupId") or "").lower(), []).append(entry)
        self._administrators = frozenset(self._protected())

    def to_global_administrator(self, target: Node) -> Iterator[Step]:
        """Steps to the role Global Administrator."""
        yield from self._holding(GLOBAL, target, "is Global Administrator", edge="holds-directory-role")
        yield from self._holding(PRIVILEGED_ROLE_ADMINISTRATOR, target, "makes himself Global Administrator")
        yield from self._permitted(_TO_GLOBAL, target, "makes itself Global Administrator")
        for key, (name, does, guard) in _TO_GLOBAL_WITH_HELP.items():
            yield from self._permitted({key: name}, target, does, guard=guard)

    def takers(self, target: Node) -> Iterator[Step]:
        """Steps to a principal."""
        principal = self._access.principals.get(target.id)
        match principal.kind:
            case PrincipalKind.GROUP:
                yield from self._into_group(target)
            case PrincipalKind.SERVICE_PRINCIPAL:
                yield from self._as_application(target, principal.resource)
            case PrincipalKind.USER:
                yield from self._as_user(target)
            case PrincipalKind.IDENTITY | PrincipalKind.UNKNOWN:
                pass  # a managed identity has no secret that anybody could add

    def _into_group(self, target: Node) -> Iterator[Step]:
        group = self._access.principals.get(target.id).resource
        for member in self._access.principals.direct_members(target.id):
            proof = Proof(target.id, "members", self._access.principals.get(member).name)
            yield Step(self._node(member), target, "member", f"is a member of {target.name}", proofs=(proof,))
        for entry in self._eligible.get(target.id, ()):
            node = self._node(str(entry.body.get("principalId") or ""))
            proof = Proof(entry.id, "accessId", str(entry.body.get("accessId") or "member"))
            does = f"activates membership of {target.name}"
            yield Step(node, target, "activate-membership", does, proofs=(proof,), guard="has to be activated first")
        if group is None:
            return
        for owner in entries(group.body.get("owners")):
            if isinstance(owner.get("id"), str):
                proof = Proof(target.id, "owners", str(owner.get("displayName") or owner["id"]))
                yield Step(
                    self._node(owner["id"]), target, "group-owner", f"owns {target.name} and joins it", proofs=(proof,)
                )
        if _can_be_steered(group):
            does, guard = f"changes users until the rule of {target.name} takes one in", "needs a user of its own"
            yield from self._permitted(_TO_DYNAMIC_GROUPS, target, does, guard=guard, cut=_ASSIGNABLE)
            for role in _CHANGE_USERS:
                yield from self._holding(role, target, does, guard=guard, cut=_ASSIGNABLE)
        if group.body.get("isAssignableToRole") is not True and "isAssignableToRole" in group.body:
            for role in _CHANGE_GROUPS:
                yield from self._holding(role, target, f"joins {target.name}", cut=_ASSIGNABLE)
            yield from self._permitted(_TO_GROUPS, target, f"joins {target.name}", cut=_ASSIGNABLE)
        else:
            yield from self._permitted(_TO_ASSIGNABLE_GROUPS, target, f"joins {target.name}")

    def _as_application(self, target: Node, principal: Resource | None) -> Iterator[Step]:
        """By a secret on the application; its instances' property lock does not protect the application itself."""
        app_id = str(principal.body.get("appId") or "").lower() if principal else ""
        application = self._applications.get(app_id)
        if application is None:
            return  # registered elsewhere: a secret added here is accepted and cannot be used
        does = f"adds a secret to {application.display_name}"
        yield from self._owned(
            self._owners.get(application.key, ()),
            target,
            "application-owner",
            f"owns {application.display_name} and {does}",
            of=application.id,
            on=application,
        )
        if not is_locked(application):
            yield from self._owned(
                self._owners_of_principals.get(target.id, ()),
                target,
                "principal-owner",
                f"owns the service principal {target.name} and adds a secret to it",
                of=target.id,
                on=application,
                cut="lock the credentials of its instances (servicePrincipalLockConfiguration)",
            )
        for role in _CHANGE_APPLICATIONS:
            yield from self._holding(role, target, does)
        yield from self._permitted(_TO_APPLICATIONS, target, does)

    def _owned(
        self,
        owners: Iterable[Mapping[str, Json]],
        target: Node,
        kind: str,
        does: str,
        *,
        of: str,
        on: Resource,
        cut: str = "",
    ) -> Iterator[Step]:
        """What each owner of the object `of` may do for being its owner."""
        for owner in owners:
            if isinstance(owner.get("id"), str):
                proof = Proof(of, "owners", str(owner.get("displayName") or owner["id"]))
                yield Step(self._node(owner["id"]), target, kind, does, proofs=(proof,), cut=cut, on=on)

    def by_devops(self, target: Node, issuer: str) -> Iterator[Step]:
        """Who governs Azure DevOps, where a pipeline there signs in as a principal."""
        if issuer.lower().startswith("https://vstoken.dev.azure.com/"):
            does = f"changes a pipeline of Azure DevOps that signs in as {target.name}"
            yield from self._holding(_DEVOPS_ADMINISTRATOR, target, does, guard=_OUTSIDE)

    def _as_user(self, target: Node) -> Iterator[Step]:
        does, guard = f"resets the credentials of {target.name}", "a second factor of that user"
        for role in _RESET_ANYBODY:
            yield from self._holding(role, target, does)
        yield from self._permitted(_TO_USERS, target, f"gives itself a way to sign in as {target.name}")
        if target.id not in self._administrators:
            yield from self._permitted(_TO_USERS_WITHOUT_ROLES, target, does, guard=guard)
            for role in _RESET_OTHERS:
                yield from self._holding(role, target, does, guard=guard)

    def _protected(self) -> Iterator[str]:
        """Whom the lesser roles cannot touch: holders of roles, and members and owners of groups that can have some."""
        for kind in (ASSIGNED, ELIGIBLE):
            for resource in self._access.inventory.of_type(kind):
                for person, _ in self._access.expanded(
                    self._access.principals.get(str(resource.body.get("principalId")))
                ):
                    yield person.id
        for group in self._access.inventory.of_type("microsoft.graph/groups"):
            if group.body.get("isAssignableToRole") is True:
                yield from self._access.principals.members(group.key) or ()
                yield from (str(owner.get("id")).lower() for owner in entries(group.body.get("owners")))

    def _holding(
        self, role: str, target: Node, does: str, *, edge: str = "directory-role", guard: str = "", cut: str = ""
    ) -> Iterator[Step]:
        """Holders of a directory role, active and eligible."""
        for eligible in (False, True):
            for principal, groups in holders_of(role, self._access, eligible=eligible):
                if principal.id == target.id:
                    continue
                through = f", as a member of {groups[0].name}" if groups else ""
                waits = "has to be activated first" if eligible else ""
                holder = groups[0].id if groups else principal.id
                proof = Proof(self._assignment(role, holder, eligible=eligible), "roleDefinitionId", _NAMES[role])
                yield Step(
                    Node.of(principal),
                    target,
                    edge,
                    does,
                    f"{_NAMES[role]} of the directory{through}",
                    (proof,),
                    "; ".join(text for text in (waits, guard) if text),
                    cut,
                )

    def _assignment(self, role: str, holder: str, *, eligible: bool) -> str:
        for resource in self._access.inventory.of_type(ELIGIBLE if eligible else ASSIGNED):
            if role_id(resource) == role and str(resource.body.get("principalId") or "").lower() == holder:
                return resource.id
        return ""

    def _permitted(
        self, names: Mapping[str, str], target: Node, does: str, *, guard: str = "", cut: str = ""
    ) -> Iterator[Step]:
        """Applications that hold one of some permissions of Microsoft Graph."""
        for key, name in names.items():
            for grant in self._roles.get(key, ()):
                node = self._node(str(grant.body.get("principalId") or ""))
                if node.id != target.id:
                    proofs = (Proof(grant.id, "appRoleId", name),)
                    yield Step(node, target, "graph-permission", does, name, proofs, guard, cut)

    def _node(self, identifier: str) -> Node:
        return Node.of(self._access.principals.get(identifier))


def _can_be_steered(group: Resource) -> bool:
    """Whether a group takes in whoever has some attributes, and these are among those that an administrator changes.

    Ids and states that nobody sets by hand cannot be steered:
    https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership
    """
    rule = group.body.get("membershipRule")
    if not isinstance(rule, str) or str(group.body.get("membershipRuleProcessingState") or "On").lower() != "on":
        return False
    named = [match[0] for match in _ATTRIBUTE.finditer(rule)]
    return bool(named) and not all(_UNCHANGEABLE.fullmatch(name) for name in named)


_OUTSIDE = "the organization of Azure DevOps has to belong to this directory, which cannot be seen from here"
_ASSIGNABLE = "give the role to a group with isAssignableToRole"
ROLE_NODE = Node(GLOBAL_ADMINISTRATOR, "role", "Global Administrator")
