"""Pictures of an inventory: graphs as values, which reports and commands draw."""

from __future__ import annotations

from auditor.evaluate.model import Picture
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory


def pictures_of(inventory: Inventory, facts: FactStore) -> tuple[Picture, ...]:
    """Every picture of an inventory that holds what it is of.

    The picture of exposure is there, without nodes, also where the internet reaches nothing: its caption says so.
    """
    from auditor.facts.network.interfaces import owners
    from auditor.pictures.exposure import exposure_picture
    from auditor.pictures.keys import key_chains
    from auditor.pictures.private_paths import private_paths
    from auditor.pictures.services import public_doors

    exposure = exposure_picture(inventory, facts) if any(owners(inventory)) else None
    found = (exposure, public_doors(inventory, facts), private_paths(inventory, facts), key_chains(inventory, facts))
    return tuple(picture for picture in found if picture)
