"""Whether private DNS zones have the names that services use.

A fact of a private DNS zone:

    {"service": "Azure Key Vault", "resembles": "", "shadows": ""}

`service` is for whom Microsoft's table has the name, "" for nobody. `resembles` is the name in the table that one like
it probably stands for: `privatelink.vaultcore.azure.net` for `privatelink.vault.azure.net`. `shadows` is the service
whose public names the zone hides: `blob.core.windows.net` answers for every account in the world, and has only some.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from auditor.facts.private_link.dns_zones import ZONE
from auditor.facts.private_link.zones import known_names, matches, public_suffixes
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Unread

# As close as `privatelink.vault.azure.net` is to the right one. Zones of other companies' private link services, such
# as `privatelink.snowflakecomputing.com`, are further away.
_CLOSE = 0.88


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each private DNS zone."""
    known = cache(fact_of)  # tenants have zones of one name in many places
    return {zone.key: known(zone.name.lower()) for zone in inventory.of_type(ZONE)}


def fact_of(name: str) -> Json:
    """The fact of a zone with this name, lower-cased."""
    owners = [owner for pattern, owner in known_names().items() if matches(pattern, name)]
    hidden = [owner for pattern, owner in known_names().items() if _hides(pattern, name)]
    close = [] if owners or not name.startswith("privatelink") else get_close_matches(name, known_names(), 1, _CLOSE)
    return {
        "service": owners[0] if owners else "",
        "resembles": close[0] if close else "",
        "shadows": hidden[0] if hidden and not owners else "",
    }


def _hides(pattern: str, name: str) -> bool:
    return any(matches(suffix, name) for suffix in public_suffixes(pattern))


FAMILY = FactFamily(name="private_dns_zone", types=frozenset((ZONE,)), needs=frozenset((ZONE,)), compute=compute)
