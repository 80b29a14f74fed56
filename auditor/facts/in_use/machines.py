"""What a machine starts and who can read its memory, for machines, scale sets, Batch pools and cluster nodes alike.

https://learn.microsoft.com/azure/virtual-machines/trusted-launch,
https://learn.microsoft.com/azure/confidential-computing/confidential-vm-overview
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from auditor.facts.keys.places import at, text_at
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

DISK = "microsoft.compute/disks"
_OS_DISK = "storageProfile.osDisk"
_SECURITY_TYPES = {"trustedlaunch": "TrustedLaunch", "confidentialvm": "ConfidentialVM"}
# DCas, DCads, ECas, ECads, DCes, DCeds, ECes, ECeds and their _cc_ variants encrypt a machine's memory; DCs and DCds_v3
# have enclaves: https://learn.microsoft.com/azure/virtual-machines/sizes/overview
_ENCRYPTED_MEMORY = re.compile(r"standard_(dc|ec)\d+(-\d+)?(a|e)d?s(_cc)?_v\d+", re.IGNORECASE)
# Names of what the operating system's disk of a confidential machine has encrypted with a key of the machine's own:
# https://learn.microsoft.com/rest/api/compute/virtual-machines/get#securityencryptiontypes
_WHOLE_DISK = "diskwithvmgueststate"


def machine(inventory: Inventory, body: Json, prefix: str) -> Mapping[str, Json]:
    """A machine, or the model of many; `prefix` is where its profile stands below the body."""
    profile = at(body, prefix)
    security = "securityProfile"
    kind = _SECURITY_TYPES.get(text_at(profile, f"{security}.securityType"), "Standard")
    own = f"{prefix}.{security}"
    return {
        "security_type": kind,
        # Neither follows from the type: both are switches of their own, off where they are left out
        # (https://learn.microsoft.com/rest/api/compute/virtual-machines/get#uefisettings).
        "secure_boot": at(profile, f"{security}.uefiSettings.secureBootEnabled") is True,
        "vtpm": at(profile, f"{security}.uefiSettings.vTpmEnabled") is True,
        "memory_encrypted": kind == "ConfidentialVM",
        "os_disk": _os_disk(inventory, profile) if kind == "ConfidentialVM" else None,
        "encryption_at_host": at(profile, f"{security}.encryptionAtHost") is True,
        "metadata": {
            name: _mode(profile, f"{security}.proxyAgentSettings", where)
            for name, where in (("imds", "imds"), ("wire_server", "wireServer"))
        },
        "decided_by": [
            f"{own}.securityType",
            f"{own}.uefiSettings.secureBootEnabled",
            f"{own}.uefiSettings.vTpmEnabled",
        ],
    }


def nodes(body: Json) -> Sequence[Mapping[str, Json]]:
    """The pools of a cluster, each with what its nodes start: off where it is left out.

    https://learn.microsoft.com/azure/aks/use-trusted-launch
    """
    pools = at(body, "properties.agentPoolProfiles")
    return [
        {
            "name": str(pool.get("name") or ""),
            "secure_boot": at(pool, "securityProfile.enableSecureBoot") is True,
            "vtpm": at(pool, "securityProfile.enableVTPM") is True,
            "memory_encrypted": bool(_ENCRYPTED_MEMORY.fullmatch(str(pool.get("vmSize") or ""))),
            "sandboxed": text_at(pool, "workloadRuntime") in ("katavmisolation", "katamshvvmisolation"),
        }
        for pool in (pools if isinstance(pools, list) else ())
        if isinstance(pool, Mapping)
    ]


def pool_disks(body: Json) -> Mapping[str, Json]:
    """Which disks of a Batch pool's nodes are encrypted on the node.

    https://learn.microsoft.com/azure/batch/disk-encryption
    """
    configuration = at(body, "properties.deploymentConfiguration.virtualMachineConfiguration")
    targets = at(configuration, "diskEncryptionConfiguration.targets")
    named = {str(target).lower() for target in targets} if isinstance(targets, list) else set()
    at_host = at(configuration, "securityProfile.encryptionAtHost") is True
    return {
        "os_disk_encrypted": at_host or "osdisk" in named,
        "temporary_disk_encrypted": at_host or "temporarydisk" in named,
    }


def _mode(profile: Json, settings: str, where: str) -> str:
    """What guards an endpoint of the host's: `Enforce`, `Audit` or `Disabled`.

    Off where it is left out; once on, a mode of its own counts before the old one of both endpoints, whose default is
    Enforce (https://learn.microsoft.com/rest/api/compute/virtual-machines/get#proxyagentsettings).
    """
    if at(profile, f"{settings}.enabled") is not True:
        return "Disabled"
    said = text_at(profile, f"{settings}.{where}.mode") or text_at(profile, f"{settings}.mode")
    # With an allow list of its own an endpoint is guarded whatever its mode.
    if text_at(profile, f"{settings}.{where}.inVMAccessControlProfileReferenceId"):
        return "Enforce"
    return {"audit": "Audit", "disabled": "Disabled"}.get(said, "Enforce")


def _os_disk(inventory: Inventory, profile: Json) -> Json | Unread:
    """How a confidential machine's disk is encrypted: `whole`, `state` (of the firmware alone), or `nothing`.

    None where neither the machine nor its disk says it: every real one does.
    """
    said = text_at(profile, f"{_OS_DISK}.managedDisk.securityProfile.securityEncryptionType")
    if not said:
        disk_id = text_at(profile, f"{_OS_DISK}.managedDisk.id")
        disk = inventory.get(disk_id) if disk_id else None
        if disk is None:
            gap = inventory.gap(DISK, disk_id) if disk_id else None
            return Unread(gap) if gap else None
        return _of_disk(disk)
    return "whole" if said == _WHOLE_DISK else "state" if said == "vmgueststateonly" else "nothing"


def _of_disk(disk: Resource) -> str | None:
    # https://learn.microsoft.com/rest/api/compute/disks/get#disksecuritytypes
    said = text_at(disk.body, "properties.securityProfile.securityType")
    if said.startswith("confidentialvm_diskencryptedwith"):
        return "whole"
    if not said:
        return None
    return "state" if said.startswith("confidentialvm_vmgueststateonly") else "nothing"
