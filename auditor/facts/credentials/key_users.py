"""Who uses the keys of a service, seen from the service: nobody known means that keys can be turned off.

A fact of every service whose keys can be turned off:

    {"keys": true, "users": ["app-shop: Orders"], "unused": false, "text": "its keys are used by app-shop: Orders"}

`keys` says whether the service takes its keys. `unused` is true where it does and no holder that was read has one of
them; unread where settings that could hold one were not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from auditor.facts.credentials import local_access
from auditor.facts.credentials.family import FAMILY as HELD
from auditor.facts.credentials.family import Credentials
from auditor.facts.credentials.places import consumer_of
from auditor.facts.credentials.services import KEY, SAS, STEPS, WAYS
from auditor.facts.registry import FactFamily, Shared
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Unread

_KEYED = local_access.FAMILY.types & frozenset(
    kind for name, way in WAYS.items() if STEPS[name] == KEY for kind in way.types
)
_SETTINGS = (
    "Microsoft.Web/sites/config",
    "Microsoft.App/containerApps",
    "Microsoft.DataFactory/factories/linkedservices",
)
"""Kinds of holders that hold most keys: where these were not read, nobody can say that a key is unused."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each service."""
    credentials = Credentials(inventory)
    access = Shared.of(inventory).values(local_access.FAMILY.name)
    users: dict[str, list[str]] = defaultdict(list)
    for several in credentials.by_holder.values():
        for one in several:
            if STEPS[str(one.mark.get("kind"))] in (KEY, SAS) and (target := credentials.target(one)) is not None:
                users[target.key].append(f"{consumer_of(one.holder, inventory).name}: {one.setting}")
    gap = next((found for kind in _SETTINGS if (found := inventory.gap(kind, None))), None)
    values: dict[str, Json | Unread] = {}
    for kind in sorted(_KEYED):
        for service in inventory.of_type(kind):
            switch = access.get(service.key)
            if not isinstance(switch, Mapping):
                values[service.key] = switch
                continue
            takes = bool(switch["accepted"])
            known = sorted(set(users.get(service.key, ())))
            unused: bool | Unread = takes and not known
            values[service.key] = {
                "keys": takes,
                "users": known,
                "unused": Unread(gap) if unused and gap else unused,
                "decided_by": switch["decided_by"],
                "text": f"its keys are used by {', '.join(known)}" if known else "nobody known uses its keys",
            }
    return values


FAMILY = FactFamily(
    name="key_users",
    types=_KEYED,
    needs=HELD.needs,
    compute=compute,
    grounds={"unused": "keys turned off"},
)
