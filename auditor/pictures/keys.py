"""The picture of customer-managed keys: encrypted resource, its key, the vault that holds it, and what is broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.keys.places import KeyUse, at, key_uses
from auditor.facts.keys.rights import KeyRights, Right
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

_VAULT = "Microsoft.KeyVault/vaults"
_HSM = "Microsoft.KeyVault/managedHSMs"
_KEY = "Microsoft.KeyVault/vaults/keys"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
# These reach a vault over its public endpoint as trusted services, never through a private endpoint:
# https://learn.microsoft.com/azure/key-vault/general/overview-vnet-service-endpoints#trusted-services
_TRUSTED = frozenset(
    {
        "microsoft.storage/storageaccounts",
        "microsoft.compute/diskencryptionsets",
        "microsoft.sql/servers",
        "microsoft.eventhub/namespaces",
        "microsoft.servicebus/namespaces",
        "microsoft.containerregistry/registries",
    }
)
# Types whose last word says too little.
_WORDS = {
    "microsoft.sql/servers": "SQL server",
    "microsoft.sql/managedinstances": "SQL managed instance",
    "microsoft.cognitiveservices/accounts": "AI account",
    "microsoft.containerregistry/registries": "container registry",
    "microsoft.containerservice/managedclusters": "Kubernetes cluster",
    "microsoft.databricks/workspaces": "Databricks workspace",
    "microsoft.datafactory/factories": "data factory",
    "microsoft.dbformysql/flexibleservers": "MySQL server",
    "microsoft.dbforpostgresql/flexibleservers": "PostgreSQL server",
    "microsoft.documentdb/databaseaccounts": "Cosmos DB account",
    "microsoft.eventhub/namespaces": "Event Hubs namespace",
    "microsoft.kusto/clusters": "Data Explorer cluster",
    "microsoft.machinelearningservices/workspaces": "machine learning workspace",
    "microsoft.netapp/netappaccounts": "NetApp account",
    "microsoft.operationalinsights/clusters": "Log Analytics cluster",
    "microsoft.recoveryservices/vaults": "recovery vault",
    "microsoft.servicebus/namespaces": "Service Bus namespace",
    "microsoft.synapse/workspaces": "Synapse workspace",
}


@dataclass(frozen=True, slots=True)
class _Holder:
    """The vault or HSM that a host name stands for."""

    node: Node
    vault: Resource | None
    """None for a managed HSM, and for a vault that was not read."""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class _Opener:
    """As whom a resource opens its key."""

    label: str
    principal: str = ""
    gone: bool = False


def key_chains(inventory: Inventory, now: datetime) -> Picture | None:
    """Who is encrypted with which key in which vault, broken chains first; None where no customer-managed key is used.

    `now` is what a key's dates are compared with.
    """
    chains = _Chains(inventory, now)
    links = [chains.link(use) for use in key_uses(inventory)]
    if not links:
        return None
    links.sort(key=lambda link: (not link[1].broken, link[2].id, link[3].id, link[0].id))
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    for resource, edge, key, holder in links:
        for node in (resource, key, holder):
            nodes.setdefault(node.id, node)
        edges.setdefault((edge.source, edge.target), edge)
        edges.setdefault((key.id, holder.id), Edge(key.id, holder.id, "lies in"))
    uses = {(edge.source, edge.target): edge.broken for _, edge, _, _ in links}
    return Picture(
        id="key-chains",
        title="Customer-managed keys",
        caption="Which key each resource is encrypted with, as whom it opens the key, and where the key lies; "
        f"{_broken(sum(uses.values()), len(uses))} "
        "Resources with keys that Azure manages are left out.",
        nodes=tuple(nodes.values()),
        edges=tuple(edges.values()),
    )


def _broken(broken: int, chains: int) -> str:
    return (
        f"{broken or 'none'} of {chains} {'chain' if chains == 1 else 'chains'} {'is' if broken < 2 else 'are'} broken."
    )


class _Chains:
    """Builds chains of one inventory, each vault and key looked at once."""

    def __init__(self, inventory: Inventory, now: datetime) -> None:
        self._inventory = inventory
        self._now = now
        self._rights = KeyRights(inventory)
        # Names of vaults and HSMs are unique in a cloud: https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-object-identifiers
        self._vaults = {vault.name.lower(): vault for vault in inventory.of_type(_VAULT)}
        self._hsms = {hsm.name.lower(): hsm for hsm in inventory.of_type(_HSM)}
        self._holders: dict[str, _Holder] = {}

    def link(self, use: KeyUse) -> tuple[Node, Edge, Node, Node]:
        """Resource, edge to its key, key, and the vault that holds it."""
        if use.host not in self._holders:
            self._holders[use.host] = self._holder(use.host)
        holder = self._holders[use.host]
        key, usable = self._key(use, holder)
        opener = self._opener(use)
        trouble = self._trouble(use, holder, key.id, opener)
        label = ", ".join(part for part in (f"as {opener.label}" if opener.label else "", trouble) if part)
        edge = Edge(use.resource.key, key.id, label or "encrypted with", broken=bool(trouble) or not usable)
        return self._resource(use.resource), edge, key, holder.node

    def _trouble(self, use: KeyUse, holder: _Holder, key_id: str, opener: _Opener) -> str:
        if opener.gone:
            return "which is gone"
        if holder.vault and self._rights.of(opener.principal, holder.vault, key_id) is Right.MISSING:
            return "which has no right to it"
        if holder.closed and use.resource.type_key in _TRUSTED:
            return "which the vault's firewall keeps out"
        return ""

    def _resource(self, resource: Resource) -> Node:
        detail = ""
        if resource.type_key == "microsoft.compute/diskencryptionsets":
            disks = self._inventory.referencing(
                resource, "Microsoft.Compute/disks", "properties.encryption.diskEncryptionSetId"
            )
            detail = f"{len(disks)} disk{'' if len(disks) == 1 else 's'}"
            if self._inventory.gap("Microsoft.Compute/disks", None):
                detail = f"at least {detail}"
        words = _WORDS.get(resource.type_key) or _words(resource.type.rpartition("/")[2])
        return Node(resource.key, resource.name, words.lower().replace(" ", "-"), detail or words)

    def _holder(self, host: str) -> _Holder:
        name, _, suffix = host.partition(".")
        if suffix.startswith("managedhsm."):
            hsm = self._hsms.get(name)
            return _Holder(
                Node(hsm.key if hsm else host, hsm.name if hsm else name, "managed-hsm", "managed HSM"), None
            )
        vault = self._vaults.get(name)
        if vault is None:
            return _Holder(Node(host, name, "key-vault", "not among what was read"), None)
        closed = _closed(vault)
        notes = []
        # Only `true` protects; left out it is off. Soft delete is always on since 2020-12:
        # https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
        if "properties" in vault.unread:
            notes.append("not read")
        elif at(vault.body, "properties.enablePurgeProtection") is not True:
            notes.append("no purge protection")
        if closed:
            notes.append("closed to Azure services")
        node = Node(vault.key, vault.name, "key-vault", ", ".join(notes) or "purge protection on")
        return _Holder(node, vault, closed)

    def _key(self, use: KeyUse, holder: _Holder) -> tuple[Node, bool]:
        """The key, and whether it can be used as far as is known."""
        if holder.vault is None:
            return Node(f"{use.host}/{use.key}", use.key, "key", "not read"), True
        key_id = f"{holder.vault.key}/keys/{use.key}"
        node = Node(key_id, use.key, "key")
        found = self._inventory.get(key_id)
        if found is None:
            unread = self._inventory.gap(_KEY, holder.vault.id)
            return replace(node, detail="not read" if unread else "gone"), bool(unread)
        node = replace(node, label=found.name.rpartition("/")[2])
        current = str(at(found.body, "properties.keyUriWithVersion") or "").lower().rpartition("/")[2]
        if use.version and current and use.version != current:
            return replace(node, detail="an older version is used"), True
        state = _state(at(found.body, "properties.attributes"), self._now)
        return replace(node, detail=state or "enabled"), not state

    def _opener(self, use: KeyUse) -> _Opener:
        if use.first_party:
            return _Opener("Microsoft's own application")
        assigned = at(use.resource.body, "identity.userAssignedIdentities")
        assigned = assigned if isinstance(assigned, dict) else {}
        if use.client_id and not use.identity_id:
            named = [
                key for key, value in assigned.items() if str(at(value, "clientId") or "").lower() == use.client_id
            ]
        else:
            named = [use.identity_id] if use.identity_id else []
        system = str(at(use.resource.body, "identity.principalId") or "")
        if not named and not system and len(assigned) == 1:
            named = list(assigned)
        if named:
            return self._assigned(named[0], assigned)
        return _Opener("itself", system) if system and not use.client_id else _Opener("")

    def _assigned(self, identity_id: str, assigned: dict[str, Json]) -> _Opener:
        found = self._inventory.get(identity_id)
        if found:
            return _Opener(found.name, str(at(found.body, "properties.principalId") or ""))
        name = identity_id.rstrip("/").rpartition("/")[2]
        if not self._inventory.gap(_IDENTITY, identity_id):
            return _Opener(name, gone=True)
        inside = next((value for key, value in assigned.items() if key.lower() == identity_id.lower()), None)
        return _Opener(name, str(at(inside, "principalId") or ""))


def _closed(vault: Resource) -> bool:
    """Whether the firewall keeps out trusted services too; it lets them in unless told otherwise.

    https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/get (`bypass`, `publicNetworkAccess`)
    """
    acls = at(vault.body, "properties.networkAcls") or {}
    shut = str(at(vault.body, "properties.publicNetworkAccess") or "").lower() == "disabled"
    shut = shut or str(at(acls, "defaultAction") or "").lower() == "deny"
    return shut and str(at(acls, "bypass") or "").lower() == "none"


def _state(attributes: Json, now: datetime) -> str:
    """What keeps a key from being used; "" where nothing does. Dates are seconds since 1970."""
    if at(attributes, "enabled") is False:
        return "disabled"
    ends, begins = at(attributes, "exp"), at(attributes, "nbf")
    if isinstance(ends, int | float) and ends <= now.timestamp():
        return f"expired {_day(ends)}"
    if isinstance(begins, int | float) and begins > now.timestamp():
        return f"not valid before {_day(begins)}"
    return ""


def _day(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "at an unknown time"


def _words(camel: str) -> str:
    """`storageAccounts` as `storage account`."""
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in camel).strip()
    return text[:-1] if text.endswith("s") and not text.endswith("ss") else text
