"""Keys in another tenant: opened as a multi-tenant application that trusts a managed identity.

https://learn.microsoft.com/azure/storage/common/customer-managed-keys-configure-cross-tenant-new-account
"""

from __future__ import annotations

from auditor.facts.keys.links import Findings
from auditor.facts.keys.model import KeyUse
from auditor.facts.keys.openers import Opener
from auditor.facts.keys.places import at, text_at
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

APPLICATION = "microsoft.graph/applications"
CREDENTIAL = f"{APPLICATION}/federatedidentitycredentials"
NEEDS = frozenset({APPLICATION, CREDENTIAL})
_MULTI_TENANT = ("azureadmultipleorgs", "azureadandpersonalmicrosoftaccount")


def check_federation(
    inventory: Inventory, use: KeyUse, vault: Resource | None, opener: Opener, findings: Findings
) -> None:
    """Add what is wrong with the way into another tenant."""
    if use.federated_id:
        _check_application(inventory, use, opener, findings)
        return
    theirs = text_at(vault.body, "properties.tenantId") if vault else ""
    ours = _tenant_of(inventory, use, opener)
    if vault and theirs and ours and theirs != ours:
        findings.add(
            "federation_missing",
            f"{vault.name} lies in the tenant {theirs}, and {use.resource.name} names no application for that tenant",
            f"{vault.id}:properties.tenantId",
        )


def _tenant_of(inventory: Inventory, use: KeyUse, opener: Opener) -> str:
    identity = inventory.get(opener.identity_id) if opener.identity_id else None
    return text_at(identity.body, "properties.tenantId") if identity else text_at(use.owner.body, "identity.tenantId")


def _check_application(inventory: Inventory, use: KeyUse, opener: Opener, findings: Findings) -> None:
    found = [app for app in inventory.of_type(APPLICATION) if _value(app, "appId").lower() == use.federated_id]
    path = use.place.federated or "properties.federatedClientId"
    decided = path if use.named_in is use.resource else f"{use.owner.id}:{path}"
    if not found:
        if gap := inventory.gap(APPLICATION, "/"):
            findings.unknown(gap, "federation_missing")
        else:
            text = f"no application has the client id {use.federated_id}, as which {use.resource.name} opens its key"
            findings.add("federation_missing", text, decided)
        return
    app = found[0]
    if _value(app, "signInAudience").lower() not in _MULTI_TENANT:
        text = f"the application {app.display_name}, as which {use.resource.name} opens its key, is not multi-tenant"
        findings.add("federation_missing", text, decided)
    if not opener.principal:
        return
    if gap := inventory.gap(CREDENTIAL, "/"):
        findings.unknown(gap, "federation_missing")
    elif opener.principal.lower() not in _trusted(inventory, app):
        who = use.owner.name if opener.label == "itself" else opener.label
        text = f"the application {app.display_name}, as which {use.resource.name} opens its key, does not trust {who}"
        findings.add("federation_missing", text, decided)


def _trusted(inventory: Inventory, app: Resource) -> set[str]:
    """Subjects of the application's federated credentials: for a managed identity its object id."""
    own = {app.key, _value(app, "id").lower()}
    return {
        _value(one, "subject").lower()
        for one in inventory.of_type(CREDENTIAL)
        if _value(one, "applicationObjectId").lower() in own or any(one.key.startswith(f"{key}/") for key in own if key)
    }


def _value(resource: Resource, name: str) -> str:
    """A property of an object of Microsoft Graph, which exports also keep below `properties`."""
    return str(at(resource.body, name) or at(resource.body, f"properties.{name}") or "")
