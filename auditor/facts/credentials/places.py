"""Where consumers keep secrets: every mark that collection left in a secret's place, whoever holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.facts.network.bodies import value
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

HOLDERS = frozenset(
    {
        "microsoft.web/sites/config",
        "microsoft.web/sites/slots/config",
        "microsoft.web/connections",
        "microsoft.app/containerapps",
        "microsoft.app/jobs",
        "microsoft.containerinstance/containergroups",
        "microsoft.logic/workflows",
        "microsoft.datafactory/factories/linkedservices",
        "microsoft.automation/automationaccounts/variables",
        "microsoft.automation/automationaccounts/connections",
        "microsoft.apimanagement/service/namedvalues",
        "microsoft.apimanagement/service/backends",
        "microsoft.apimanagement/service/policies",
        "microsoft.apimanagement/service/apis/policies",
        "microsoft.apimanagement/service/apis/operations/policies",
        "microsoft.apimanagement/service/products/policies",
        "microsoft.compute/virtualmachines/extensions",
        "microsoft.compute/virtualmachines/runcommands",
        "microsoft.compute/virtualmachinescalesets",
        "microsoft.resources/deploymentscripts",
        "microsoft.resources/deployments",
        "microsoft.containerregistry/registries/tasks",
    }
)
"""Type keys of what keeps secrets for somebody."""
_INLINE = re.compile(r"\$secret\(([a-z-]+):([0-9a-f]{32})\)")
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Kept:
    """One secret at one place."""

    holder: Resource
    path: str
    setting: str
    """What a person calls the place: a setting, a variable, a parameter."""
    mark: Mapping[str, Json]
    """What is known of it: kind, host or account, hash, ..."""

    @property
    def hash(self) -> str:
        """What tells two places with one secret; "" where nothing was kept of it."""
        return str(self.mark.get("hash") or "")


def kept(inventory: Inventory) -> Iterator[Kept]:
    """Every secret of every holder."""
    for kind in sorted(HOLDERS):
        for holder in inventory.of_type(kind):
            yield from kept_by(holder)


def kept_by(holder: Resource) -> Iterator[Kept]:
    """Every secret of one holder."""
    yield from _below(holder, holder.body.get("properties"), "properties", "", 0)


def kept_in(holder: Resource, body: Json, path: str) -> Iterator[Kept]:
    """Every secret of one part of a holder's body, which stands at a path."""
    yield from _below(holder, body, path, path.rpartition(".")[2], 0)


def _below(holder: Resource, body: Json, path: str, name: str, depth: int) -> Iterator[Kept]:
    if depth > _DEEPEST:
        return
    if isinstance(body, Mapping):
        mark = body.get("$secret")
        if isinstance(mark, Mapping) and len(body) == 1:
            yield Kept(holder, path, name, mark)
            return
        # A list of variables has each one's name beside its value.
        called = body.get("name")
        for key, inner in body.items():
            own = str(called) if key.lower() in ("value", "securevalue") and isinstance(called, str) else str(key)
            shown = name if key.lower() == "value" and not isinstance(called, str) and name else own
            yield from _below(holder, inner, f"{path}.{key}", shown, depth + 1)
    elif isinstance(body, list):
        for index, inner in enumerate(body):
            yield from _below(holder, inner, f"{path}[{index}]", name, depth + 1)
    elif isinstance(body, str) and "$secret(" in body:
        for found in _INLINE.finditer(body):
            yield Kept(holder, path, name, {"kind": found[1], "hash": found[2]})


def consumer_of(holder: Resource, inventory: Inventory) -> Resource:
    """The resource that uses what a holder keeps: the app of its settings, the machine of its extension."""
    if holder.type_key.count("/") < 2:
        return holder
    parent = inventory.get(ids.parent_of(holder.id))
    if parent is not None and parent.type_key.startswith("microsoft.apimanagement/"):
        while parent is not None and parent.type_key != "microsoft.apimanagement/service":
            parent = inventory.get(ids.parent_of(parent.id))
    return parent if parent is not None else holder


def identities_of(consumer: Resource) -> tuple[str, ...]:
    """Object ids of a resource's own identities, the system-assigned first."""
    found = [value(consumer.body, "identity", "principalId")]
    assigned = value(consumer.body, "identity", "userAssignedIdentities")
    found += [value(one, "principalId") for one in assigned.values()] if isinstance(assigned, Mapping) else []
    return tuple(str(one).lower() for one in found if isinstance(one, str) and one)
