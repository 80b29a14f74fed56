"""Certificates that lie in a key vault: what is known of them through the secret that holds their private part.

https://learn.microsoft.com/azure/key-vault/certificates/about-certificates#composition-of-a-certificate
"""

from __future__ import annotations

from dataclasses import replace

from auditor.facts.certificates.model import Certificate
from auditor.facts.keys.dates import moment
from auditor.facts.keys.places import at, text_at
from auditor.facts.private_link.tenancy import gap_anywhere, not_collected
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

VAULT = "microsoft.keyvault/vaults"
SECRET = f"{VAULT}/secrets"
_LEAST_RSA = 2048


class VaultCertificates:
    """The certificates of the vaults of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._vaults = {vault.name.lower(): vault for vault in inventory.of_type(VAULT)}

    def of_secret(self, secret: Resource) -> Certificate:
        """A certificate as its secret shows it."""
        key = self._inventory.get(secret.key.replace("/secrets/", "/keys/"))
        size = at(key.body, "properties.keySize") if key else None
        kind = str(at(key.body, "properties.kty") or "") if key else ""
        weak = kind.upper().startswith("RSA") and isinstance(size, int) and size < _LEAST_RSA
        trouble = "it is disabled in its key vault" if at(secret.body, "properties.attributes.enabled") is False else ""
        return Certificate(
            name=secret.name.rpartition("/")[2],
            ends=moment(at(secret.body, "properties.attributes.exp")),
            path="properties.attributes.exp",
            key=f"{kind} {size}".strip() if size else kind,
            weakness=f"its RSA key has {size} bits" if weak else "",
            trouble=trouble,
            identity=secret.key,
        )

    def at_address(self, address: str) -> Certificate:
        """A certificate that is named by the address of its secret, with or without a version."""
        host, kind, name, version = (*address.lower().partition("://")[2].split("/"), "", "", "", "")[:4]
        vault_name = host.partition(".")[0]
        bare = Certificate(name, pinned=bool(version), identity=f"{vault_name}/{name}")
        if kind not in ("secrets", "certificates") or not name:
            return bare
        vault = self._vaults.get(vault_name)
        if vault is None:
            gap = gap_anywhere(self._inventory, VAULT) or not_collected("/", VAULT, f"{vault_name} was not read")
            return replace(bare, unread=gap)
        return self._in(vault, name, bare)

    def at_id(self, secret_id: str) -> Certificate:
        """A certificate that is named by the resource id of its secret."""
        place, _, name = secret_id.rstrip("/").lower().rpartition("/secrets/")
        bare = Certificate(name, identity=f"{place.rpartition('/')[2]}/{name}")
        vault = self._inventory.get(place)
        if vault is None:
            gap = self._inventory.gap(VAULT, place) or not_collected(place, VAULT, "the vault was not read")
            return replace(bare, unread=gap)
        return self._in(vault, name, bare)

    def _in(self, vault: Resource, name: str, bare: Certificate) -> Certificate:
        secret = self._inventory.get(f"{vault.key}/secrets/{name}")
        if secret is None:
            if gap := self._inventory.gap(SECRET, vault.id):
                return replace(bare, unread=gap)
            return replace(bare, trouble=f"it does not exist in {vault.name} any more")
        found = self.of_secret(secret)
        return replace(found, pinned=bare.pinned, identity=bare.identity, path=f"{secret.id}:{found.path}")

    @staticmethod
    def is_certificate(secret: Resource) -> bool:
        """Whether a secret is the private part of a certificate."""
        return text_at(secret.body, "properties.contentType") in ("application/x-pkcs12", "application/x-pem-file")
