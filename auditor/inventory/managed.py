"""Resource groups that belong to a service: what is in them cannot be changed there, or is changed back.

A group says whose it is in `managedBy`, and its owner says which group is its own. Most services also forbid changes by
a deny assignment; AKS does where its node resource group is restricted, and otherwise undoes them when it next
upgrades.

- https://learn.microsoft.com/azure/azure-resource-manager/managed-applications/overview#managed-resource-group
- https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
- https://learn.microsoft.com/azure/aks/node-resource-group-lockdown
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

GROUP_TYPE = "microsoft.resources/subscriptions/resourcegroups"
_CLUSTERS = "microsoft.containerservice/managedclusters"
_DENIALS = "microsoft.authorization/denyassignments"

_OWN_GROUPS: Mapping[str, tuple[str, ...]] = {
    "microsoft.databricks/workspaces": ("managedResourceGroupId",),
    "microsoft.solutions/applications": ("managedResourceGroupId",),
    "microsoft.synapse/workspaces": ("managedResourceGroupName",),
    "microsoft.purview/accounts": ("managedResources", "resourceGroup"),
    "microsoft.app/managedenvironments": ("infrastructureResourceGroup",),
    "microsoft.redhatopenshift/openshiftclusters": ("clusterProfile", "resourceGroupId"),
    "microsoft.machinelearningservices/registries": ("managedResourceGroup", "resourceId"),
    _CLUSTERS: ("nodeResourceGroup",),
}
"""Where each service names its own group: an id, or a name in its subscription."""


@dataclass(frozen=True, slots=True)
class Manager:
    """Whose a resource group is."""

    id: str
    """Id of the service, or of the deny assignment where no service is known."""
    locked: bool
    """Whether changes are refused; otherwise they are undone."""

    @property
    def name(self) -> str:
        """As it is shown."""
        return self.id.rpartition("/")[2]


class ManagedGroups:
    """The managed resource groups of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._by_group: dict[str, Manager] = {}
        for kind, path in _OWN_GROUPS.items():
            for owner in inventory.of_type(kind):
                if group := _group_key(_at(owner.body.get("properties"), path), owner):
                    self._by_group[group] = _manager(owner.id, owner)
        for group_resource in inventory.of_type(GROUP_TYPE):
            owner_id = group_resource.body.get("managedBy")
            if isinstance(owner_id, str) and "/providers/" in owner_id:
                self._by_group[group_resource.key] = _manager(owner_id, inventory.get(owner_id))
        for denial in inventory.of_type(_DENIALS):
            scope = _forbids(denial)
            if scope:
                known = self._by_group.get(scope)
                self._by_group[scope] = Manager(known.id if known else denial.id, locked=True)

    def __eq__(self, other: object) -> bool:
        """Whether the same groups are whose."""
        return isinstance(other, ManagedGroups) and self._by_group == other._by_group

    __hash__ = None  # type: ignore[assignment]

    def of(self, resource: Resource) -> Manager | None:
        """Whose the group is that a resource lies in; None for an ordinary one, and for the group itself."""
        if not self._by_group or "/providers/" not in resource.key:
            return None
        return self._by_group.get(resource.key.partition("/providers/")[0])


def _manager(owner_id: str, owner: Resource | None) -> Manager:
    if ids.type_of_id(owner_id).lower() != _CLUSTERS:
        return Manager(owner_id, locked=True)
    level = _at(owner.body.get("properties"), ("nodeResourceGroupProfile", "restrictionLevel")) if owner else None
    return Manager(owner_id, locked=str(level).lower() == "readonly")


def _group_key(given: Any, owner: Resource) -> str:
    if not isinstance(given, str) or not given:
        return ""
    if given.startswith("/"):
        return ids.id_key(given)
    return f"/subscriptions/{owner.subscription_id}/resourcegroups/{given}".lower()


def _forbids(denial: Resource) -> str:
    """The key of the group in which a deny assignment forbids all changes, or ""."""
    properties = denial.body.get("properties")
    scope = _at(properties, ("scope",))
    if _at(properties, ("isSystemProtected",)) is not True or not isinstance(scope, str):
        return ""
    key = ids.id_key(scope)
    permissions = _at(properties, ("permissions",))
    actions = [
        str(action).lower()
        for one in (permissions if isinstance(permissions, list) else ())
        for action in (_at(one, ("actions",)) or ())
    ]
    whole = "/resourcegroups/" in key and "/providers/" not in key
    return key if whole and any(action in ("*", "*/write") for action in actions) else ""


def _at(body: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(body, Mapping):
            return None
        body = next((inner for key, inner in body.items() if key.lower() == name.lower()), None)
    return body
