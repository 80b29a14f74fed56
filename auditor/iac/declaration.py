"""A resource declaration found in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.iac.place import Place


@dataclass(frozen=True, slots=True)
class Declaration:
    """A resource that a file declares. Only what the file says for certain is here."""

    type_key: str
    """The ARM type, lower-cased."""
    name: str
    """The full name, lower-cased, a child's as `parent/child`; "" where the file computes it."""
    place: Place
    """The line of the declaration."""
    pattern: str = ""
    """A regular expression for the full name, lower-cased, where all but a hash in it is known."""
    service: str = ""
    """Value of its `azd-service-name` tag, where that is written out."""
    trace: str = ""
    """Value of its `yor_trace` tag (https://github.com/bridgecrewio/yor), where that is written out."""
    properties: Mapping[str, Place] = field(default_factory=dict, compare=False)
    """Lines of its properties by lower-cased path, none of those inside lists: their order is not Azure's."""
    arguments: Mapping[str, Place] = field(default_factory=dict, compare=False)
    """Lines of its arguments, of a Terraform block: these have names of their own."""
    calls: tuple[Place, ...] = field(default=(), compare=False)
    """The module calls that lead to it, the outermost first."""
    block: str = ""
    """Resource type of a Terraform block, `azurerm_storage_account`."""

    def nearest(self, path: str) -> Place:
        """The line of a property, or of what it would have to be added to; of the declaration where nothing is near."""
        steps = path.lower().partition("[")[0].split(".")
        for length in range(len(steps), 0, -1):
            if place := self.properties.get(".".join(steps[:length])):
                return place
        return self.place
