"""The table of fact families, and the store that computes each family once, when a rule first asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

from auditor.facts.once import forget, once
from auditor.facts.packed_values import packed
from auditor.facts.readable import readable, why_unread
from auditor.inventory.cycles import uncollected
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread
from auditor.inventory.stumbles import Stumble, attempt

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
    """Of a family whose values have `decided_by` (or `<field>_by`), the paths of the properties that decided: which of
    its fields these explain, and what would have been right of them, in words; "" for a field that only says which
    element is meant, and is no evidence."""
    words: Mapping[str, str] = field(default_factory=dict)
    """How fields without such properties are called in evidence."""
    of_everything: bool = False
    """Whether it also looks at objects of other types, whatever refers to one of those that it needs."""
    dated: Callable[[Inventory, datetime], FactValues] | None = None
    """Computes it in place of `compute` where dates are compared with the time of the scan, which it is given."""


_MODULES: dict[str, str] = {
    "activity_alerts": "auditor.facts.network.activity_alerts",
    "api_policy": "auditor.facts.api.policies",
    "api_protection": "auditor.facts.api.protection",
    "app_sessions": "auditor.facts.sign_in.sessions",
    "app_sign_in": "auditor.facts.sign_in.built_in",
    "application": "auditor.facts.directory.applications",
    "application_credentials": "auditor.facts.directory.credentials",
    "application_redirects": "auditor.facts.directory.redirects",
    "attack_path": "auditor.facts.paths.family",
    "azure_names": "auditor.facts.network.azure_names",
    "client_certificates": "auditor.facts.transport.client_certificates",
    "certificates": "auditor.facts.certificates.family",
    "directory_role": "auditor.facts.identity.directory_roles",
    "conditional_access": "auditor.facts.directory.conditional_access",
    "connections": "auditor.facts.transport.connections",
    "credentials": "auditor.facts.credentials.family",
    "effective_security": "auditor.facts.network.effective_security",
    "escalation": "auditor.facts.identity.escalation.facts",
    "exfiltration": "auditor.facts.private_link.exfiltration",
    "federation": "auditor.facts.identity.federation",
    "gateway_reach": "auditor.facts.private_link.gateways",
    "gateway_sites": "auditor.facts.network.gateway_sites",
    "grant": "auditor.facts.directory.grants",
    "in_use": "auditor.facts.in_use.family",
    "holdings": "auditor.facts.identity.holdings",
    "internet_exposure": "auditor.facts.network.exposure",
    "key_chain": "auditor.facts.keys.chain",
    "key_users": "auditor.facts.credentials.key_users",
    "language": "auditor.facts.paas.language",
    "local_access": "auditor.facts.credentials.local_access",
    "nsg_openings": "auditor.facts.network.openings",
    "object_replication": "auditor.facts.private_link.replication",
    "owners": "auditor.facts.identity.owners",
    "paas_exposure": "auditor.facts.paas.exposure",
    "private_dns_zone": "auditor.facts.private_link.zone_names",
    "private_endpoint": "auditor.facts.private_link.endpoints",
    "private_link": "auditor.facts.private_link.connections",
    "role": "auditor.facts.identity.role_facts",
    "scm_exposure": "auditor.facts.paas.scm",
    "request_path": "auditor.facts.transport.request_path",
    "transport": "auditor.facts.transport.services",
    "shown_secrets": "auditor.facts.credentials.shown",
    "token_lifetime": "auditor.facts.directory.token_lifetimes",
}
"""Family name to the module whose `FAMILY` defines it, imported when the family is first needed."""

_MOST_LEFT_OUT = 20
"""After so many bodies that cannot be understood, a family is unknown for every resource."""


@cache
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


class Shared:
    """What families over one inventory have said, so that one which builds on others computes none of them twice."""

    def __init__(self, inventory: Inventory) -> None:
        """Nothing is computed yet."""
        self._inventory = inventory
        self._values: dict[str, FactValues] = {}

    @classmethod
    def of(cls, inventory: Inventory) -> Shared:
        """Those of an inventory, the same for all who ask one after the other."""
        return once(cls, inventory, lambda: cls(inventory))

    def values(self, name: str) -> FactValues:
        """A family's values, by resource key; of one that needs no dates."""
        if name not in self._values:
            self._values[name] = packed(family(name).compute(self._inventory))
        return self._values[name]


class FactStore:
    """Facts over one inventory; implements `auditor.rules.model.Facts`.

    A body over which a family stumbles counts for that family as one that was not read, so that what depends on it is
    unknown, and all others keep their facts.
    """

    def __init__(self, inventory: Inventory, now: datetime | None = None) -> None:
        """`now` is what dates are compared with: the time of the scan; without it the time at which this is made."""
        self._whole = inventory
        self._inventory, self._bare = readable(inventory)
        self._now = now or datetime.now(UTC)
        self._computed: dict[str, FactValues] = {}
        self._stumbles: dict[str, list[str]] = {}
        self._before: tuple[FactStore, Callable[[FactFamily], bool]] | None = None

    def share(self, before: FactStore, same: Callable[[FactFamily], bool]) -> None:
        """Take the values of an inventory that this one was made from, of each family that is the `same` over both."""
        self._before = before, same

    @property
    def notices(self) -> tuple[str, ...]:
        """What users should know of bodies that no family could be computed with."""
        return tuple(told for stumbles in self._stumbles.values() for told in stumbles)

    def prepare(self, family: str) -> None:
        """Compute a family now and not when a rule first asks for it."""
        if family not in self._computed:
            self._computed[family] = self._compute(family)

    def settle(self) -> None:
        """Let go of what families were made from: nothing but their values is asked for from now on."""
        forget()

    def get(self, family: str, resource: Resource) -> Json | Unread | None:
        """The family's value for a resource; None where the family does not exist or says nothing of it."""
        values = self._computed.get(family)
        if values is None:
            values = self._computed[family] = self._compute(family)
        return values.get(resource.key)

    def known(self, family: str) -> list[tuple[Resource, Json]]:
        """What the family says of resources, in the order of their keys, without what is not known at all."""
        self.prepare(family)
        found = ((one, self.get(family, one)) for one in self._inventory)
        return [(one, value) for one, value in found if value is not None and not isinstance(value, Unread)]

    @uncollected()
    def _compute(self, name: str) -> FactValues:
        if name not in _MODULES:
            return {}
        found = family(name)
        if self._before and self._before[1](found):
            before = self._before[0]
            before.prepare(name)
            self._stumbles[name] = before._stumbles.get(name, [])
            return before._computed[name]
        inventory, bare = self._inventory, self._bare
        left_out: dict[str, Gap] = {}
        while True:
            values = attempt(self._values, found, inventory)
            if not isinstance(values, Stumble):
                # Of a resource that was listed and not read, nothing is known.
                known = {r.key: Unread(gap) for r in bare if r.type_key in found.types and (gap := why_unread(r))}
                return packed({**values, **known}) if known else values
            culprit = next((one for one in map(self._owner, values.suspects) if one.key not in left_out), None)
            if culprit is None or len(left_out) >= _MOST_LEFT_OUT:
                return self._nothing(found, values)
            left_out[culprit.key] = _gap(culprit, name, values)
            told = f"facts {name}: {culprit.id} cannot be understood and counts as not read ({values})"
            self._stumbles.setdefault(name, []).append(told)
            inventory, bare = readable(_without(self._whole, left_out))

    def _values(self, found: FactFamily, inventory: Inventory) -> FactValues:
        return packed(found.dated(inventory, self._now)) if found.dated else Shared.of(inventory).values(found.name)

    def _owner(self, resource: Resource) -> Resource:
        """The resource that was read: an embedded child would come back with its parent's body."""
        found = self._whole.get(resource.key) or resource
        while self._whole.is_embedded(found):
            above = self._whole.nearest(found.key.rpartition("/")[0])
            if above is None:
                break
            found = above
        return found

    def _nothing(self, found: FactFamily, stumble: Stumble) -> FactValues:
        told = f"facts {found.name} could not be computed and are unknown everywhere ({stumble})"
        self._stumbles.setdefault(found.name, []).append(told)
        described = (resource for kind in sorted(found.types) for resource in self._whole.of_type(kind))
        return {resource.key: Unread(_gap(resource, found.name, stumble)) for resource in described}


def _gap(resource: Resource, family: str, stumble: Stumble) -> Gap:
    message = f"its body cannot be understood: {stumble}"
    return Gap(resource.id, resource.type, f"facts {family}", None, "BodyNotUnderstood", message)


def _without(inventory: Inventory, left_out: Mapping[str, Gap]) -> Inventory:
    """The inventory with some resources' properties marked as not read."""
    resources = (
        replace(r, unread={**r.unread, "properties": left_out[r.key]}) if r.key in left_out else r
        for r in inventory
        if not inventory.is_embedded(r)
    )
    return Inventory(resources, inventory.coverage, inventory.gaps)
