"""A source: resources, and what is known of where they came from."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.inventory.inventory import Inventory
from auditor.snapshot.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Source:
    """Resources, and what is known of where they came from."""

    manifest: Manifest
    inventory: Inventory
    notices: tuple[str, ...] = ()
    """What the user should know of how it was read."""
