"""What types that are encrypted are called."""

from __future__ import annotations

from auditor.facts.keys.services import SERVICES

_OTHERS = {
    "microsoft.compute/disks": "disk",
    "microsoft.compute/snapshots": "snapshot",
    "microsoft.compute/virtualmachinescalesets": "scale set",
}
_NAMES = {
    **{
        (service.type.rpartition("/")[0] if service.of_parent else service.type).lower(): service.name
        for service in SERVICES
    },
    **_OTHERS,
}


def kind_of(resource_type: str) -> str:
    """A type for a reader, singular: `storage account`."""
    return _NAMES.get(resource_type.lower(), resource_type)
