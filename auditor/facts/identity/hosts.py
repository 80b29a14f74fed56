"""Hosts: resources that run somebody's code or requests, and the managed identities that they carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.facts.identity.principals import USER_ASSIGNED
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

HOSTS = frozenset(
    {
        "microsoft.apimanagement/service",
        "microsoft.app/containerapps",
        "microsoft.app/jobs",
        "microsoft.automation/automationaccounts",
        "microsoft.cognitiveservices/accounts",
        "microsoft.compute/virtualmachines",
        "microsoft.compute/virtualmachinescalesets",
        "microsoft.containerinstance/containergroups",
        "microsoft.containerregistry/registries",
        "microsoft.containerservice/managedclusters",
        "microsoft.datafactory/factories",
        "microsoft.hybridcompute/machines",
        "microsoft.logic/workflows",
        "microsoft.machinelearningservices/workspaces",
        "microsoft.search/searchservices",
        "microsoft.sql/servers",
        "microsoft.synapse/workspaces",
        "microsoft.web/sites",
        "microsoft.web/sites/slots",
        "microsoft.web/staticsites",
    }
)
"""Type keys of what can carry an identity that those who control it can use."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A managed identity of a resource."""

    name: str
    """The identity's name; of a system-assigned one the resource's."""
    principal: str
    """Object id, lower-cased; "" where it was not read."""
    own: bool
    """Whether it lives and dies with the resource: a system-assigned one, or the identity itself."""
    resource: Resource | None = None
    """The user-assigned identity, where it was read."""


def carried(resource: Resource, inventory: Inventory) -> Iterator[Carried]:
    """Every identity of a resource: its own, and the user-assigned ones that it carries.

    Of a user-assigned identity itself: that. The object ids stand in `identity.principalId` and in
    `identity.userAssignedIdentities` (https://learn.microsoft.com/rest/api/compute/virtual-machines/get).
    """
    if resource.type_key == USER_ASSIGNED:
        yield Carried(resource.name, _principal(resource.body.get("properties")), own=True, resource=resource)
        return
    identity = resource.body.get("identity")
    if not isinstance(identity, Mapping):
        return
    if own := _principal(identity):
        yield Carried(resource.name, own, own=True)
    attached = identity.get("userAssignedIdentities")
    for key, value in attached.items() if isinstance(attached, Mapping) else ():
        known = inventory.get(str(key))
        principal = _principal(value) or (_principal(known.body.get("properties")) if known else "")
        yield Carried(str(key).rpartition("/")[2], principal, own=False, resource=known)


def _principal(body: Json) -> str:
    found = body.get("principalId") if isinstance(body, Mapping) else None
    return found.lower() if isinstance(found, str) else ""
