"""Which resources are encrypted through a disk encryption set, and where they name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.facts.keys.places import at, resource_id, text_at
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

SET = "microsoft.compute/diskencryptionsets"

_PROFILE = "properties.virtualMachineProfile.storageProfile"
_CONFIDENTIAL = "properties.securityProfile.secureVMDiskEncryptionSetId"
_DISK = ("properties.encryption.diskEncryptionSetId", _CONFIDENTIAL)
# https://learn.microsoft.com/rest/api/compute/disks/get and .../virtual-machine-scale-sets/get
PATHS: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Compute/disks": _DISK,
    "Microsoft.Compute/snapshots": _DISK,
    "Microsoft.Compute/virtualMachineScaleSets": (
        f"{_PROFILE}.osDisk.managedDisk.diskEncryptionSet.id",
        f"{_PROFILE}.osDisk.managedDisk.securityProfile.diskEncryptionSet.id",
        f"{_PROFILE}.dataDisks[*].managedDisk.diskEncryptionSet.id",
        f"{_PROFILE}.dataDisks[*].managedDisk.securityProfile.diskEncryptionSet.id",
    ),
    "Microsoft.ContainerService/managedClusters": ("properties.diskEncryptionSetID",),
}
"""Type to the paths at which it names sets."""
TYPES = frozenset(name.lower() for name in PATHS)


@dataclass(frozen=True, slots=True)
class SetUse:
    """One resource and one set that its disks are encrypted through."""

    resource: Resource
    path: str
    """Where the set is named, elements by index."""
    set_id: str
    """Lower-cased."""


def set_uses(inventory: Inventory) -> Iterator[SetUse]:
    """Every use of a disk encryption set, each set once a resource."""
    for kind, paths in PATHS.items():
        for resource in inventory.of_type(kind):
            # A set that is named beside keys of the platform's is not used:
            # https://learn.microsoft.com/rest/api/compute/disks/get#encryptiontype
            if text_at(resource.body, "properties.encryption.type") == "encryptionatrestwithplatformkey":
                continue
            seen: set[str] = set()
            for path in paths:
                for where, value in _found(resource.body, path):
                    set_id = resource_id(value.strip().lower()) if isinstance(value, str) else ""
                    if set_id and set_id not in seen:
                        seen.add(set_id)
                        yield SetUse(resource, where, set_id)


def _found(body: Json, path: str) -> Iterator[tuple[str, Json]]:
    before, several, after = path.partition("[*].")
    if not several:
        yield path, at(body, path)
        return
    elements = at(body, before)
    for number, element in enumerate(elements if isinstance(elements, list) else ()):
        yield f"{before}[{number}].{after}", at(element, after)
