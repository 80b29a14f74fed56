"""From which networks the advanced tools site (SCM, Kudu) of an app can be reached; the shape of `paas_exposure`.

Whoever reaches it and has publishing credentials or a token deploys code, reads settings and opens a shell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from auditor.facts.paas.app_service import scm_site
from auditor.facts.paas.decide import decide
from auditor.facts.paas.exposure import GROUNDS, computed, needs_of
from auditor.facts.paas.services.apps import SITES
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Unread

_SCM_SITES = tuple(replace(site, name=f"{site.name} SCM", special=scm_site) for site in SITES)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each app and slot."""
    return computed(inventory, _SCM_SITES, decide)


FAMILY = FactFamily(
    name="scm_exposure",
    types=frozenset(site.key for site in SITES),
    needs=frozenset().union(*map(needs_of, SITES)),
    compute=compute,
    needs_by_type={site.key: needs_of(site) for site in SITES},
    grounds=GROUNDS,
)
