"""`auditIfNotExists` and `deployIfNotExists`: the related resource that must exist.

https://learn.microsoft.com/azure/governance/policy/concepts/effect-audit-if-not-exists
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.expressions.values import as_text
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.conditions.compare import like
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.template import Value
from auditor.rules.model import Unknown

_EXTENSIONS = (
    "microsoft.insights/diagnosticsettings",
    "microsoft.guestconfiguration/guestconfigurationassignments",
    "microsoft.authorization/locks",
    "microsoft.authorization/roleassignments",
    "microsoft.security/",
    "microsoft.advisor/",
    "microsoft.resourcehealth/",
    "microsoft.maintenance/configurationassignments",
)
"""Types whose objects extend the judged resource."""


@dataclass(frozen=True, slots=True)
class Existence:
    """Candidates for the related resource; a source for `Count`."""

    name: str
    type: str
    """Type key."""
    resource_name: Value | None
    """The name it must have; None for any."""
    group: Value | None
    """Name of the resource group to look in; None for the judged resource's."""
    subscription_wide: bool

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """See `Source.frames`."""
        inventory = frame.context.inventory
        wanted = as_text(self.resource_name(frame)) if self.resource_name else ""
        found = [r for r in self._candidates(frame, inventory) if not wanted or _is_called(r, wanted)]
        gap = inventory.gap(self.type, self._scope(frame))
        more = Unknown((gap,), gap.message) if gap else None
        return [frame.at_resource(resource, "") for resource in found], more

    def _below(self, resource: Resource) -> str | None:
        """Type segments below the judged resource, or a whole type that extends it; None where it lies elsewhere."""
        if self.type.startswith(resource.type_key + "/"):
            return self.type[len(resource.type_key) + 1 :]
        return self.type if self.type.startswith(_EXTENSIONS) and not self.subscription_wide else None

    def _candidates(self, frame: Frame, inventory: Inventory) -> Iterator[Resource]:
        resource = frame.resource
        if self.type == resource.type_key:
            yield resource
            if self.resource_name is not None:
                return
        below = self._below(resource)
        if below is not None:
            yield from inventory.children(resource, below)
            return
        scope = ids.id_key(self._scope(frame)) + "/"
        yield from (r for r in inventory.of_type(self.type) if r.key.startswith(scope) and r is not resource)

    def _scope(self, frame: Frame) -> str:
        """ARM id below which the resource is looked for."""
        resource = frame.resource
        if self._below(resource) is not None:
            return resource.id
        subscription = f"/subscriptions/{resource.subscription_id}"
        if self.subscription_wide:
            return subscription
        group = as_text(self.group(frame)) if self.group else resource.resource_group
        return f"{subscription}/resourceGroups/{group}" if group else subscription


def _is_called(resource: Resource, wanted: str) -> bool:
    """Whether a resource has a name, which may be written with its parents' names or with wildcards."""
    full = "/".join(ids.below_provider(resource.id).split("/")[2::2])
    return any(like(name, wanted) for name in (resource.name, full, full.rpartition("/")[2]))
