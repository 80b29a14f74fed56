"""What each application may do, by which grants, and whose it is.

A fact of an application:

    {"grants": ["authorization code", "implicit (access token)", "password", "client credentials"],
     "secrets": 1, "multi_tenant": false, "verified": false, "locked": true,
     "permissions": ["RoleManagement.ReadWrite.Directory"], "privileged": ["RoleManagement.ReadWrite.Directory"],
     "broad": ["Mail.Read (mail)"], "owners": 2, "guest_owners": ["mia@partner.example"]}

`permissions` are the application permissions that were granted and matter, `privileged` those that lead to Global
Administrator, `broad` the delegated ones that open much. `locked` says that nobody can change its credentials in the
tenants that use it (https://learn.microsoft.com/entra/identity-platform/howto-configure-app-instance-property-locks).
What an application only asks for (`requiredResourceAccess`) does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.directory.permissions import Reach
from auditor.facts.directory.principals import (
    APPLICATION,
    ASSIGNED,
    GRANT,
    ORGANIZATION,
    OWNERS,
    PRINCIPAL,
    Principals,
)
from auditor.facts.identity.locks import is_locked
from auditor.facts.network.bodies import items, text, value
from auditor.facts.registry import FactFamily, Shared
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each application."""
    return _Applications(inventory).facts()


class _Applications:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._principals = Principals(inventory)
        self._granted = Shared.of(inventory).values("grant")
        self._by_client: dict[str, list[Resource]] = {}
        for grant in inventory.of_type(GRANT):
            self._by_client.setdefault(text(grant.body, "clientId"), []).append(grant)
        self._owners = {text(one.body, "applicationObjectId"): one for one in inventory.of_type(OWNERS)}

    def facts(self) -> dict[str, Json | Unread]:
        return {one.key: self._fact(one) for one in self._inventory.of_type(APPLICATION)}

    def _fact(self, application: Resource) -> Json:
        body = application.body
        audience = text(body, "signInAudience")
        return {
            "grants": list(_grants(application)),
            "secrets": len(items(body, "passwordCredentials")),
            "multi_tenant": audience not in ("", "azureadmyorg"),
            "verified": Principals.is_verified(application),
            "locked": is_locked(application),
            **self._permissions(application),
            **self._of_owners(application),
        }

    def _permissions(self, application: Resource) -> dict[str, Json]:
        principal = self._principals.principal_of(application)
        held = [self._granted[one.key] for one in self._principals.held_by(principal)] if principal else []
        told = [one for one in held if isinstance(one, Mapping) and one["reach"]]
        delegated = [self._granted[one.key] for one in self._by_client.get(principal.key, ())] if principal else []
        broad = [one["broad"] for one in delegated if isinstance(one, Mapping)]
        gap = self._inventory.gap(ASSIGNED, None) or self._inventory.gap(PRINCIPAL, None)
        unread = Unread(gap) if gap else None
        privileged = [one["permission"] for one in told if one["reach"] == Reach.ADMINISTRATOR]
        opened = [scope for one in broad if isinstance(one, list) for scope in one]
        grant_gap = self._inventory.gap(GRANT, None) or self._inventory.gap(PRINCIPAL, None)
        return {
            "permissions": [one["permission"] for one in told] or unread or [],
            "privileged": privileged or unread or [],
            "broad": list(dict.fromkeys(opened)) or (Unread(grant_gap) if grant_gap else []),
        }

    def _of_owners(self, application: Resource) -> dict[str, Json]:
        found = self._owners.get(application.key)
        if found is None:
            gap = self._inventory.gap(OWNERS, None)
            unread: Json = Unread(gap) if gap else None
            return {"owners": unread, "guest_owners": unread if gap else []}
        owners = items(found.body, "owners")
        guests = [str(value(one, "userPrincipalName") or value(one, "displayName")) for one in owners if _is_guest(one)]
        return {"owners": len(owners), "guest_owners": guests}


def _is_guest(owner: Json) -> bool:
    return text(owner, "userType") == "guest"


def _grants(application: Resource) -> Iterator[str]:
    body = application.body
    if any(items(body, kind, "redirectUris") for kind in ("web", "spa", "publicClient")):
        yield "authorization code"
    if value(body, "web", "implicitGrantSettings", "enableAccessTokenIssuance") is True:
        yield "implicit (access token)"
    if value(body, "web", "implicitGrantSettings", "enableIdTokenIssuance") is True:
        yield "implicit (id token)"
    if value(body, "isFallbackPublicClient") is True:
        yield "password"
        yield "device code"
    if items(body, "passwordCredentials") or items(body, "keyCredentials"):
        yield "client credentials"


FAMILY = FactFamily(
    name="application",
    types=frozenset((APPLICATION,)),
    needs=frozenset((APPLICATION, PRINCIPAL, ASSIGNED, GRANT, OWNERS, ORGANIZATION)),
    compute=compute,
)
