"""The values of key chains: where services name their keys, and one use of a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auditor.inventory.model import Resource


class Passage(Enum):
    """How a service comes to a vault whose firewall is on."""

    ONLY_TRUSTED = "as a trusted service, never through a private endpoint"
    TRUSTED = "as a trusted service, or from a network of the owner's"
    NOT_LISTED = "by an address rule, a network rule or a private endpoint"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a service itself says of its key."""

    path: str
    bad: tuple[str, ...] = ()
    """Values, lower-cased, that say that the key cannot be used."""
    fine: tuple[str, ...] = ()
    """Beginnings, lower-cased, of what is said while all is well, where every other text is trouble."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a type names a key: property paths below the body; `url`, or `vault` and `name`."""

    url: str = ""
    vault: str = ""
    name: str = ""
    version: str = ""
    items: str = ""
    """A list whose elements the other paths start from."""
    identity: str = ""
    """Path, from the body, of the user-assigned identity's id; from the element where `items` is given."""
    client: str = ""
    """Path of the identity's client id."""
    principal: str = ""
    """Path of the object id of whoever opens the key, where the body says it."""
    source: str = ""
    """A property that must begin with `Microsoft.KeyVault`, `AzureKeyVault` or
    `EncryptionAtRestWithCustomerManagedKey` for the key to be in use."""
    switch: str = ""
    """A property that must be true, or say Enabled, for the key to be in use."""
    vault_id: str = ""
    """Path of the vault's resource id, where the service names it."""
    federated: str = ""
    """Path of the client id of the multi-tenant application that opens a key in another tenant."""
    follows: str = ""
    """A property that, where true, makes the resource follow new versions although the key's address has one."""
    cannot_follow: bool = False
    """Whether the service always stays on the version that is named."""
    purpose: str = ""
    """What the key encrypts, where that is not simply the data: `geo-redundant backup`."""
    reported: Reported | None = None
    private: str = ""
    """A property that says Private where the service comes to the vault by private link alone."""
    expiry: str = ""
    """Path of the end of the version in use, as the service tells it."""
    first_party: bool = False
    """Whether an application of Microsoft's own opens the key where no identity is named."""


@dataclass(frozen=True, slots=True)
class Service:
    """A resource type that can be encrypted with a customer-managed key."""

    type: str
    name: str
    """In words, singular."""
    places: tuple[Place, ...]
    reference: str
    """Where Microsoft describes it."""
    passage: Passage = Passage.NOT_LISTED
    application: str = ""
    """Client id of Microsoft's application that opens the key where no identity is named."""
    held_by: str = ""
    """Of a child: path in its parent of the user-assigned identity; the parent has the identities."""
    of_parent: bool = False
    """Whether the parent is what a reader knows as encrypted: an encryption protector is its server's."""
    uses: frozenset[str] = frozenset({"wrapkey", "unwrapkey"})
    """What it does with the key besides reading it."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One resource and one key that its data is encrypted with."""

    resource: Resource
    """What is encrypted: of an encryption protector its server, where that was read."""
    named_in: Resource
    """The resource whose body names the key."""
    owner: Resource
    """The resource that has the identities."""
    service: Service
    place: Place
    path: str
    """Where the key is named, a property path below the body of `named_in`."""
    host: str
    """Host name of the vault or managed HSM, lower-cased: `kv-data.vault.azure.net`."""
    key: str
    """The key's name, lower-cased."""
    version: str
    """The version that is named; "" where none is."""
    pinned: bool
    """Whether the resource stays on that version."""
    identity_id: str
    """Id of the user-assigned identity that opens the key; "" where none is named."""
    client_id: str
    """Client id of that identity, where the service names it so."""
    principal_id: str
    """Object id of whoever opens it, where the service names it so."""
    vault_id: str
    """Lower-cased id of the vault, where the service names it."""
    federated_id: str
    """Client id of the multi-tenant application that opens a key in another tenant; "" for none."""
    first_party: bool
    """Whether the service opens the key as an application of Microsoft's own."""

    @property
    def is_hsm(self) -> bool:
        """Whether the key lies in a managed HSM."""
        return ".managedhsm." in self.host

    @property
    def holder(self) -> str:
        """The vault's or HSM's name."""
        return self.host.partition(".")[0]
