"""As whom a resource opens its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.facts.keys.links import Findings
from auditor.facts.keys.model import KeyUse
from auditor.facts.keys.places import at, text_at
from auditor.facts.private_link.tenancy import not_collected
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource

IDENTITY = "microsoft.managedidentity/userassignedidentities"
_PRINCIPAL = "microsoft.graph/serviceprincipals"


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opens a key."""

    label: str
    """The identity's name, `itself`, or `Microsoft's own application`; "" where it is not known."""
    identity_id: str = ""
    principal: str = ""
    """Object id; "" where it is not known."""
    gap: Gap | None = None
    """Why the object id is not known; None where the identity is known to be missing."""


def find_opener(inventory: Inventory, use: KeyUse, findings: Findings) -> Opener:
    """The opener; adds what is wrong with the identity itself."""
    if use.principal_id:
        return Opener("the identity of its managed disks", principal=use.principal_id)
    if use.first_party and not use.client_id:
        return _application(inventory, use)
    if gap := use.owner.unread.get("identity"):
        findings.unknown(gap, "identity_gone", "identity_detached")
        return Opener("", gap=gap)
    assigned = at(use.owner.body, "identity.userAssignedIdentities")
    assigned = assigned if isinstance(assigned, Mapping) else {}
    if use.identity_id:
        return _named(inventory, use, use.identity_id, assigned, findings)
    if use.client_id and use.client_id != "system":
        return _by_client(inventory, use, assigned, findings)
    if system := str(at(use.owner.body, "identity.principalId") or ""):
        return Opener("itself", principal=system)
    if len(assigned) == 1:
        return _named(inventory, use, ids.id_key(next(iter(assigned))), assigned, findings)
    if assigned:
        gap = not_collected(use.owner.id, IDENTITY, f"which of its identities {use.owner.name} opens its key as")
        return Opener("", gap=gap)
    if use.service.held_by and use.owner is use.named_in:  # its parent, which has the identities, was not read
        gap = not_collected(use.owner.id, IDENTITY, f"the identities of what holds {use.owner.name} were not read")
        findings.unknown(gap, "identity_gone")
        return Opener("", gap=gap)
    findings.add(
        "identity_gone", f"{use.owner.name} has no managed identity that could open its key", _own(use, "identity.type")
    )
    return Opener("")


def _application(inventory: Inventory, use: KeyUse) -> Opener:
    """An application of Microsoft's: its object id in this tenant is known where the directory was read."""
    label = "Microsoft's own application"
    for principal in inventory.of_type(_PRINCIPAL) if use.service.application else ():
        if text_at(principal.body, "appId") == use.service.application:
            return Opener(label, principal=principal.key)
    gap = inventory.gap(_PRINCIPAL, "/") if use.service.application else None
    words = f"which object Microsoft's application for a {use.service.name} is in the directory"
    return Opener(label, gap=gap or not_collected("/", _PRINCIPAL, words))


def _named(
    inventory: Inventory, use: KeyUse, identity_id: str, assigned: Mapping[str, Json], findings: Findings
) -> Opener:
    name = identity_id.rpartition("/")[2]
    inside = next((value for key, value in assigned.items() if ids.id_key(key) == identity_id), None)
    attached = any(ids.id_key(key) == identity_id for key in assigned)
    found = inventory.get(identity_id)
    principal = str(at(found.body, "properties.principalId") if found else at(inside, "principalId") or "")
    label = found.name if found else name
    if found is None:
        gap = inventory.gap(IDENTITY, identity_id)
        if gap is None:
            text = f"the identity {name}, as which {use.owner.name} opens its key, does not exist any more"
            findings.add("identity_gone", text, _own(use, _identity_path(use)))
            return Opener(label, identity_id)
        findings.unknown(gap, "identity_gone")
    if not attached:
        text = (
            f"the identity {label}, as which {use.owner.name} shall open its key, is not attached to {use.owner.name}"
        )
        findings.add("identity_detached", text, _own(use, _identity_path(use)), _own(use, "identity.type"))
    gap = None if principal else not_collected(identity_id, IDENTITY, f"the object id of {label} was not read")
    return Opener(label, identity_id, principal, gap)


def _by_client(inventory: Inventory, use: KeyUse, assigned: Mapping[str, Json], findings: Findings) -> Opener:
    """A service that names the identity by its client id."""
    for key, value in assigned.items():
        if text_at(value, "clientId") == use.client_id:
            return _named(inventory, use, ids.id_key(key), assigned, findings)
    for identity in inventory.of_type(IDENTITY):
        if text_at(identity.body, "properties.clientId") == use.client_id:
            return _named(inventory, use, identity.key, assigned, findings)
    if gap := inventory.gap(IDENTITY, None):
        findings.unknown(gap, "identity_gone", "identity_detached")
        return Opener("", gap=gap)
    text = f"no identity has the client id {use.client_id}, as which {use.owner.name} opens its key"
    findings.add("identity_gone", text, _own(use, _identity_path(use)))
    return Opener(f"the client {use.client_id}")


def _identity_path(use: KeyUse) -> str:
    named = use.place.client if use.client_id else use.place.identity
    if not named:
        return use.service.held_by or "identity.userAssignedIdentities"
    return use.path.removesuffix(use.place.url or use.place.name) + named if use.place.items else named


def _own(use: KeyUse, path: str) -> str:
    """A path for evidence: in the judged body, or in that of the resource that holds it."""
    held = path == use.service.held_by and not text_at(use.named_in.body, path)
    owner: Resource = use.owner if held or path.startswith("identity") else use.named_in
    return path if owner is use.resource else f"{owner.id}:{path}"
