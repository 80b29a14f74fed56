"""Pictures of an inventory: graphs as values, which reports and commands draw."""

from __future__ import annotations

from auditor.evaluate.model import Picture
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.stumbles import Stumble, attempt


def pictures_of(inventory: Inventory, facts: FactStore, *, notices: list[str] | None = None) -> tuple[Picture, ...]:
    """Every picture of an inventory that holds what it is of.

    The picture of exposure is there, without nodes, also where the internet reaches nothing: its caption says so.
    One that stumbles over a body is left out, and `notices` says so.
    """
    from auditor.facts.network.interfaces import owners
    from auditor.facts.readable import readable
    from auditor.pictures.attack_paths import attack_paths
    from auditor.pictures.escalation import ways_to_owner
    from auditor.pictures.exposure import exposure_picture
    from auditor.pictures.keys import key_chains
    from auditor.pictures.private_paths import private_paths
    from auditor.pictures.services import public_doors

    def exposure() -> Picture | None:
        return exposure_picture(inventory, facts) if any(owners(inventory)) else None

    drawn = {
        "exposure": attempt(exposure),
        "public doors": attempt(public_doors, inventory, facts),
        "private paths": attempt(private_paths, inventory, facts),
        "key chains": attempt(key_chains, inventory, facts),
        "escalation": attempt(ways_to_owner, readable(inventory)[0]),
        "attack paths": attempt(attack_paths, readable(inventory)[0]),
    }
    if notices is not None:
        notices += [f"the picture of {n} cannot be drawn: {p}" for n, p in drawn.items() if isinstance(p, Stumble)]
    return tuple(picture for picture in drawn.values() if isinstance(picture, Picture))
