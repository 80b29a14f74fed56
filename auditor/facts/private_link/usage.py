"""Which sub-resources of a service are in use, as far as its bodies tell."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.network.topology import items, value
from auditor.facts.private_link.logic import Truth
from auditor.facts.private_link.zones import Service
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread

STORAGE = "microsoft.storage/storageaccounts"
COSMOS = "microsoft.documentdb/databaseaccounts"

# Kinds of account by the service they offer:
# https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts
_GENERAL = ("storage", "storagev2")
_HELD = {
    "blob": ("blobServices/containers", (*_GENERAL, "blobstorage", "blockblobstorage")),
    "file": ("fileServices/shares", (*_GENERAL, "filestorage")),
    "queue": ("queueServices/queues", _GENERAL),
    "table": ("tableServices/tables", _GENERAL),
}
# Only accounts with read access to the second region have names there, and file shares never do:
# https://learn.microsoft.com/azure/storage/common/storage-redundancy#read-access-to-data-in-the-secondary-region
_READABLE_SECONDARY = ("standard_ragrs", "standard_ragzrs")

STORAGE_CHILDREN = frozenset(f"{STORAGE}/{path}".lower() for path, _ in _HELD.values())
"""Type keys that tell which services of an account hold something."""

# https://learn.microsoft.com/azure/cosmos-db/how-to-configure-private-endpoints: the sub-resource of each API
_COSMOS_APIS = {"enablecassandra": "Cassandra", "enablegremlin": "Gremlin", "enabletable": "Table"}
# Services with several sub-resources of which one is used whatever is done with them.
_ALWAYS = {"microsoft.batch/batchaccounts": ("batchAccount",)}


def in_use(resource: Resource, service: Service, inventory: Inventory) -> Mapping[str, Truth]:
    """Sub-resources, each with whether it is in use; those of which nothing tells are left out."""
    if resource.type_key == STORAGE:
        return _of_storage(resource, inventory)
    if resource.type_key == COSMOS:
        return {_cosmos_api(resource): True}
    if len(service.sub_resources) == 1:
        return {service.sub_resources[0]: True}
    return dict.fromkeys(_ALWAYS.get(resource.type_key, ()), True)


def _of_storage(account: Resource, inventory: Inventory) -> Mapping[str, Truth]:
    kind = str(value(account.body, "kind") or "StorageV2").lower()
    found: dict[str, Truth] = {
        name: _holds(account, path, inventory) for name, (path, kinds) in _HELD.items() if kind in kinds
    }
    if value(account.body, "properties", "isHnsEnabled") is True:
        # Clients of Data Lake Storage use both names:
        # https://learn.microsoft.com/azure/storage/common/storage-private-endpoints
        found |= {"blob": True, "dfs": True}
    if str(value(account.body, "sku", "name") or "").lower() in _READABLE_SECONDARY:
        found |= {f"{name}_secondary": used for name, used in found.items() if name != "file"}
    return found


def _holds(account: Resource, path: str, inventory: Inventory) -> Truth:
    # `$logs`, `$web` and the like belong to the service.
    if any(not child.name.startswith("$") for child in inventory.children(account, path)):
        return True
    gap = inventory.gap(f"{STORAGE}/{path}".lower(), account.key)
    return Unread(gap) if gap else False


def _cosmos_api(account: Resource) -> str:
    if str(value(account.body, "kind") or "").lower() == "mongodb":
        return "MongoDB"
    names = {str(value(c, "name") or "").lower() for c in items(account.body, "properties", "capabilities")}
    return next((group for name, group in _COSMOS_APIS.items() if name in names), "Sql")
