"""Every use of a customer-managed key in an inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.keys.model import KeyUse, Place, Service
from auditor.facts.keys.services import BY_TYPE
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

_SOURCES = ("microsoft.keyvault", "azurekeyvault", "encryptionatrestwithcustomermanagedkey")


def key_uses(inventory: Inventory) -> Iterator[KeyUse]:
    """Every use of a customer-managed key, by type and resource id."""
    for type_key, service in sorted(BY_TYPE.items()):
        for resource in inventory.of_type(type_key):
            for place in service.places:
                yield from _uses(inventory, resource, service, place)


def at(body: Json, path: str) -> Json:
    """The value at a dotted path, names compared without case; None where there is none."""
    for step in path.split("."):
        if not isinstance(body, Mapping):
            return None
        if step in body:
            body = body[step]
            continue
        lowered = step.lower()
        body = next((inner for name, inner in body.items() if name.lower() == lowered), None)
    return body


def text_at(body: Json, path: str) -> str:
    """The text at a path, trimmed and lower-cased; "" for what is none."""
    value = at(body, path) if path else None
    return value.strip().lower() if isinstance(value, str) else ""


def resource_id(text: str) -> str:
    """The id in a text, lower-cased; "" where it holds none.

    Cosmos DB writes `UserAssignedIdentity=<id>`: https://learn.microsoft.com/azure/cosmos-db/how-to-setup-managed-identity
    """
    return ids.id_key(text[text.find("/subscriptions/") :]) if "/subscriptions/" in text else ""


def _uses(inventory: Inventory, resource: Resource, service: Service, place: Place) -> Iterator[KeyUse]:
    if not _in_use(resource, place):
        return
    parent = inventory.get(ids.parent_of(resource.key)) or resource if service.held_by else resource
    elements = at(resource.body, place.items) if place.items else [resource.body]
    for number, body in enumerate(elements if isinstance(elements, list) else ()):
        host, key, version = _key(body, place)
        if not host or not key:
            continue
        named = text_at(body, place.identity)
        held = text_at(parent.body, service.held_by)
        identity = named or held
        follows = bool(place.follows) and at(body, place.follows) is True
        path = place.url or place.name
        yield KeyUse(
            resource=parent if service.of_parent else resource,
            named_in=resource,
            owner=parent,
            service=service,
            place=place,
            path=f"{place.items}[{number}].{path}" if place.items else path,
            host=host,
            key=key,
            version=version,
            pinned=bool(version) and not follows,
            identity_id=resource_id(identity),
            client_id=text_at(body, place.client),
            principal_id=text_at(body, place.principal),
            vault_id=resource_id(text_at(body, place.vault_id)),
            federated_id=_federated(parent, body, service, place),
            first_party=place.first_party and identity in ("", "firstpartyidentity"),
        )


def _in_use(resource: Resource, place: Place) -> bool:
    if place.source and not text_at(resource.body, place.source).startswith(_SOURCES):
        return False
    if place.switch and at(resource.body, place.switch) is not True:
        return text_at(resource.body, place.switch) == "enabled"
    return True


def _federated(parent: Resource, body: Json, service: Service, place: Place) -> str:
    # A server's protector says nothing of it; the server does:
    # https://learn.microsoft.com/azure/azure-sql/database/transparent-data-encryption-byok-cross-tenant
    found = text_at(body, place.federated) or (
        text_at(parent.body, "properties.federatedClientId") if service.of_parent else ""
    )
    # Services write the empty GUID, or None, for nothing.
    return "" if found in ("none", "00000000-0000-0000-0000-000000000000") else found


def _key(body: Json, place: Place) -> tuple[str, str, str]:
    """Host, key and version, lower-cased; "" for what is not named."""
    if place.url:
        # https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
        parts = text_at(body, place.url).partition("://")[2].split("/")
        if len(parts) < 3 or parts[1] != "keys":
            return "", "", ""
        return parts[0].partition(":")[0], parts[2], parts[3] if len(parts) > 3 else ""
    host = text_at(body, place.vault).partition("://")[2].strip("/").partition(":")[0]
    return host, text_at(body, place.name), text_at(body, place.version)
