"""The table of fact families, and the store that computes each family once, when a rule first asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from auditor.facts.readable import readable
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

FactValues = Mapping[str, "Json | Unread"]
"""By resource key: a JSON-like value, `Unread` for any part of it that is behind a gap."""


@dataclass(frozen=True, slots=True)
class FactFamily:
    """What has to be computed over several resources before a rule can ask for it."""

    name: str
    """As rules write it: `facts.<name>...`, in snake case."""
    types: frozenset[str]
    """Type keys of the resources it describes."""
    needs: frozenset[str]
    """Type keys that must be collected for it."""
    compute: Callable[[Inventory], FactValues]
    """Computes the family for a whole inventory; a pure function."""
    needs_by_type: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What it needs for resources of one type, where that is less than `needs`: of a family over many services a rule
    over one of them must not make all others be collected."""
    grounds: Mapping[str, str] = field(default_factory=dict)
    """Of a family whose values have `decided_by`, the paths of the properties that decided: which of its fields these
    explain, and what would have been right of them, in words."""


_MODULES: dict[str, str] = {
    "activity_alerts": "auditor.facts.network.activity_alerts",
    "api_policy": "auditor.facts.api.policies",
    "api_protection": "auditor.facts.api.protection",
    "azure_names": "auditor.facts.network.azure_names",
    "effective_security": "auditor.facts.network.effective_security",
    "exfiltration": "auditor.facts.private_link.exfiltration",
    "gateway_reach": "auditor.facts.private_link.gateways",
    "internet_exposure": "auditor.facts.network.exposure",
    "nsg_openings": "auditor.facts.network.openings",
    "object_replication": "auditor.facts.private_link.replication",
    "paas_exposure": "auditor.facts.paas.exposure",
    "private_dns_zone": "auditor.facts.private_link.zone_names",
    "private_endpoint": "auditor.facts.private_link.endpoints",
    "private_link": "auditor.facts.private_link.connections",
    "scm_exposure": "auditor.facts.paas.scm",
}
"""Family name to the module whose `FAMILY` defines it, imported when the family is first needed."""


def family_names() -> tuple[str, ...]:
    """Every family that rules can ask for, sorted."""
    return tuple(sorted(_MODULES))


def family(name: str) -> FactFamily:
    """The family of this name. Raises KeyError where there is none."""
    found = importlib.import_module(_MODULES[name]).FAMILY
    if not isinstance(found, FactFamily):
        raise TypeError(f"{_MODULES[name]}.FAMILY is not a FactFamily")
    return found


def needs_of(names: Iterable[str], types: Collection[str] = ()) -> frozenset[str]:
    """Type keys that must be collected for these families; names without a family need nothing.

    `types` are the type keys of the resources whose facts are read; without them, of all that a family describes.
    """
    return frozenset().union(*(_needs(family(name), types) for name in names if name in _MODULES))


def _needs(family: FactFamily, types: Collection[str]) -> frozenset[str]:
    chosen = [family.needs_by_type[key] for key in types if key in family.needs_by_type]
    return frozenset().union(*chosen) if chosen else family.needs


class FactStore:
    """Facts over one inventory; implements `auditor.rules.model.Facts`."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory, self._bare = readable(inventory)
        self._computed: dict[str, FactValues] = {}

    def prepare(self, family: str) -> None:
        """Compute a family now and not when a rule first asks for it."""
        if family not in self._computed:
            self._computed[family] = self._compute(family)

    def get(self, family: str, resource: Resource) -> Json | Unread | None:
        """The family's value for a resource; None where the family does not exist or says nothing of it."""
        values = self._computed.get(family)
        if values is None:
            values = self._computed[family] = self._compute(family)
        return values.get(resource.key)

    def _compute(self, name: str) -> FactValues:
        if name not in _MODULES:
            return {}
        found = family(name)
        # Of a resource that was listed and not read, nothing is known.
        bare = {r.key: Unread(r.unread["properties"]) for r in self._bare if r.type_key in found.types}
        return {**found.compute(self._inventory), **bare} if bare else found.compute(self._inventory)
