"""The vault or managed HSM that a key's address names: read, deleted, gone, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from auditor.facts.keys.model import KeyUse
from auditor.facts.keys.places import at
from auditor.facts.private_link.tenancy import gap_anywhere, not_collected
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

VAULT = "microsoft.keyvault/vaults"
HSM = "microsoft.keyvault/managedhsms"
KEY = f"{VAULT}/keys"
VERSION = f"{KEY}/versions"
HSM_KEY = f"{HSM}/keys"
HSM_VERSION = f"{HSM_KEY}/versions"
DELETED = ("microsoft.keyvault/deletedvaults", "microsoft.keyvault/locations/deletedvaults")
"""As the list writes the type, and as its ids name it."""
DELETED_HSMS = ("microsoft.keyvault/deletedmanagedhsms", "microsoft.keyvault/locations/deletedmanagedhsms")
NEEDS = frozenset({VAULT, HSM, KEY, VERSION, HSM_KEY, HSM_VERSION, DELETED[0], DELETED_HSMS[0]})

_NOTHING_IS_OF_THIS_TYPE = "auditor/closedworld"


@dataclass(frozen=True, slots=True)
class Holder:
    """What is known of the vault or HSM of one key."""

    found: Resource | None
    deleted: Resource | None = None
    """Its entry among the deleted ones."""
    gap: Gap | None = None
    """Why it was not found; None for one that was read, or does not exist."""


class Holders:
    """The vaults and HSMs of one inventory, by name: names are unique in a cloud.

    https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-object-identifiers
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._living = {
            is_hsm: {one.name.lower(): one for one in inventory.of_type(kind)}
            for is_hsm, kind in ((False, VAULT), (True, HSM))
        }
        self._deleted = {
            is_hsm: {_short_name(one): one for kind in kinds for one in inventory.of_type(kind)}
            for is_hsm, kinds in ((False, DELETED), (True, DELETED_HSMS))
        }
        self._keys = {
            (host, name): key
            for kind in (KEY, HSM_KEY)
            for key in inventory.of_type(kind)
            for host, name in [_address(key)]
            if host
        }

    def of(self, use: KeyUse) -> Holder:
        """The holder of a key."""
        living = self._inventory.get(use.vault_id) if use.vault_id else None
        living = living or self._living[use.is_hsm].get(use.holder)
        if living is not None:
            return Holder(living)
        deleted = self._deleted[use.is_hsm].get(use.holder)
        return Holder(None, deleted, None if deleted else self._why_missing(use))

    def key(self, use: KeyUse, holder: Holder) -> Resource | None:
        """The key, found also where its vault was not read."""
        if holder.found is not None and (key := self._inventory.get(f"{holder.found.key}/keys/{use.key}")):
            return key
        return self._keys.get((use.host, use.key))

    def key_gap(self, use: KeyUse, holder: Holder) -> Gap | None:
        """Why the key may be missing."""
        kind = HSM_KEY if use.is_hsm else KEY
        return self._inventory.gap(kind, holder.found.id) if holder.found else holder.gap

    def version(self, key: Resource, version: str) -> tuple[Resource | None, Gap | None]:
        """A version of a key, or why it may be missing."""
        found = self._inventory.get(f"{key.key}/versions/{version}")
        kind = HSM_VERSION if key.type_key == HSM_KEY else VERSION
        return found, None if found else self._inventory.gap(kind, key.id)

    def is_ours(self, resource_id: str) -> bool:
        """Whether something was read in the subscription of an id."""
        return ids.subscription_of(resource_id) in self._subscriptions

    @cached_property
    def _subscriptions(self) -> frozenset[str]:
        return frozenset(one.subscription_id for one in self._inventory) - {""}

    def _why_missing(self, use: KeyUse) -> Gap | None:
        kind = HSM if use.is_hsm else VAULT
        if use.vault_id:
            # Its own subscription tells: a vault keeps its place while it lives.
            if gap := self._inventory.gap(kind, use.vault_id):
                return gap
            if self.is_ours(use.vault_id):
                return None
        if gap := gap_anywhere(self._inventory, kind):
            return gap
        # A name alone does not say in which subscription the vault lies, and nobody sees all of them.
        if self._inventory.gap(_NOTHING_IS_OF_THIS_TYPE, "/"):
            return not_collected("/", kind, f"{use.holder} is in no subscription that was read")
        return None


def _short_name(deleted: Resource) -> str:
    return (deleted.key if "/" in deleted.key else deleted.name.lower()).rpartition("/")[2]


def _address(key: Resource) -> tuple[str, str]:
    parts = str(at(key.body, "properties.keyUri") or "").lower().partition("://")[2].split("/")
    return (parts[0], parts[2]) if len(parts) > 2 and parts[1] == "keys" else ("", "")
