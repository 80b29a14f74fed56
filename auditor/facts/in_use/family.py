"""Data in use: one normal form for whatever processes data.

A fact of a machine, scale set or Batch pool:

    {"security_type": "TrustedLaunch", "secure_boot": true, "vtpm": true, "memory_encrypted": false, "os_disk": null,
     "encryption_at_host": true, "metadata": {"imds": "Audit", "wire_server": "Disabled"}, "decided_by": [...]}

`security_type` is `Standard`, `TrustedLaunch` or `ConfidentialVM`; `os_disk`, of confidential machines alone, is
`whole`, `state` (the firmware's state alone is encrypted) or `nothing`. Batch pools also have `os_disk_encrypted` and
`temporary_disk_encrypted`. Clusters have `pools`, container groups `policy`, databases and elastic pools `enclave`
(`VBS`, `SGX` or `none`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from auditor.facts.in_use.containers import container_policy
from auditor.facts.in_use.machines import DISK, machine, nodes, pool_disks
from auditor.facts.keys.places import at, text_at
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

MACHINE = "microsoft.compute/virtualmachines"
SCALE_SET = "microsoft.compute/virtualmachinescalesets"
POOL = "microsoft.batch/batchaccounts/pools"
CLUSTER = "microsoft.containerservice/managedclusters"
GROUP = "microsoft.containerinstance/containergroups"
DATABASES = ("microsoft.sql/servers/databases", "microsoft.sql/servers/elasticpools")
_BATCH = "properties.deploymentConfiguration.virtualMachineConfiguration"


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each resource."""
    return dict(_facts(inventory))


def _facts(inventory: Inventory) -> Iterator[tuple[str, Json]]:
    readers: Mapping[str, Callable[[Inventory, Resource], Json]] = {
        MACHINE: _of_machine,
        SCALE_SET: _of_scale_set,
        POOL: _of_batch_pool,
        CLUSTER: lambda _, cluster: {"pools": list(nodes(cluster.body))},
        GROUP: _of_group,
        **dict.fromkeys(DATABASES, _of_database),
    }
    for kind, read in readers.items():
        for resource in inventory.of_type(kind):
            if (value := read(inventory, resource)) is not None:
                yield resource.key, value


def _of_machine(inventory: Inventory, resource: Resource) -> Json:
    return machine(inventory, resource.body, "properties")


def _of_scale_set(inventory: Inventory, resource: Resource) -> Json:
    """None of a flexible set without a model: its machines have settings of their own."""
    prefix = "properties.virtualMachineProfile"
    return machine(inventory, resource.body, prefix) if at(resource.body, prefix) else None


def _of_batch_pool(inventory: Inventory, resource: Resource) -> Json:
    """None of a pool whose nodes are no machines of the owner's."""
    if not isinstance(at(resource.body, _BATCH), Mapping):
        return None
    return {**machine(inventory, resource.body, _BATCH), **pool_disks(resource.body)}


def _of_group(_: Inventory, resource: Resource) -> Json:
    policy = container_policy(resource.body)
    return {"policy": policy["verdict"], "decided_by": policy["decided_by"]} if policy else None


def _of_database(_: Inventory, resource: Resource) -> Json:
    """The enclave for Always Encrypted.

    DC-series hardware brings SGX enclaves, elsewhere there is what was asked for:
    https://learn.microsoft.com/azure/azure-sql/database/always-encrypted-enclaves-plan
    """
    if text_at(resource.body, "sku.name").rpartition("_")[2] == "dc":
        return {"enclave": "SGX", "asked": True}
    asked = text_at(resource.body, "properties.preferredEnclaveType")
    return {"enclave": "VBS" if asked == "vbs" else "none", "asked": bool(asked)}


_SWITCHES = "true for secure boot and vTPM, with the type TrustedLaunch or ConfidentialVM"

FAMILY = FactFamily(
    name="in_use",
    types=frozenset((MACHINE, SCALE_SET, POOL, CLUSTER, GROUP, *DATABASES)),
    needs=frozenset((MACHINE, SCALE_SET, POOL, CLUSTER, GROUP, DISK, *DATABASES)),
    compute=compute,
    needs_by_type={
        MACHINE: frozenset((MACHINE, DISK)),
        **{kind: frozenset((kind,)) for kind in (SCALE_SET, POOL, CLUSTER, GROUP, *DATABASES)},
    },
    grounds={
        **dict.fromkeys(("security_type", "secure_boot", "vtpm"), _SWITCHES),
        "policy": "a policy that names the containers that may run",
    },
)
