"""Applications and service principals of a directory, found by each other's ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from auditor.facts.directory.permissions import MICROSOFT
from auditor.facts.network.bodies import text, value
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread

APPLICATION = "microsoft.graph/applications"
PRINCIPAL = "microsoft.graph/serviceprincipals"
ORGANIZATION = "microsoft.graph/organization"
ASSIGNED = "microsoft.graph/approleassignedto"
GRANT = "microsoft.graph/oauth2permissiongrants"
OWNERS = "microsoft.graph/applications/owners"


class Principals:
    """Who is who in one directory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    @cached_property
    def _by_app(self) -> dict[str, Resource]:
        return {text(one.body, "appId"): one for one in self._inventory.of_type(PRINCIPAL)}

    @cached_property
    def _applications(self) -> dict[str, Resource]:
        return {text(one.body, "appId"): one for one in self._inventory.of_type(APPLICATION)}

    @cached_property
    def _held(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self._inventory.of_type(ASSIGNED):
            found.setdefault(text(one.body, "principalId"), []).append(one)
        return found

    @cached_property
    def _tenants(self) -> frozenset[str]:
        return frozenset(one.key for one in self._inventory.of_type(ORGANIZATION))

    def principal(self, key: str) -> Resource | None:
        """The service principal of an object id."""
        found = self._inventory.get(key) if key else None
        return found if found is not None and found.type_key == PRINCIPAL else None

    def principal_of(self, application: Resource) -> Resource | None:
        """The service principal of an application of this directory."""
        return self._by_app.get(text(application.body, "appId"))

    def application_of(self, principal: Resource) -> Resource | None:
        """The application of a service principal, where it is registered in this directory."""
        return self._applications.get(text(principal.body, "appId"))

    def held_by(self, principal: Resource) -> Sequence[Resource]:
        """Assignments of application permissions to a service principal."""
        return self._held.get(principal.key, ())

    def is_microsofts(self, principal: Resource) -> bool:
        """Whether Microsoft owns the application."""
        return text(principal.body, "appOwnerOrganizationId") == MICROSOFT

    def is_foreign(self, principal: Resource) -> bool | Unread:
        """Whether another organization, and not Microsoft, owns the application."""
        owner = text(principal.body, "appOwnerOrganizationId")
        if not owner or owner == MICROSOFT or self.application_of(principal) is not None:
            return False
        if self._tenants:
            return owner not in self._tenants
        gap = self._inventory.gap(ORGANIZATION, None) or self._inventory.gap(APPLICATION, None)
        return Unread(gap) if gap else True

    @staticmethod
    def is_verified(resource: Resource) -> bool:
        """Whether Microsoft has verified who publishes it."""
        return bool(value(resource.body, "verifiedPublisher", "verifiedPublisherId"))
