"""What is found in resource groups that belong to a service: told of the service, since it cannot be mended there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from auditor.evaluate.model import Outcome
from auditor.inventory.inventory import Inventory
from auditor.inventory.managed import ManagedGroups
from auditor.inventory.model import Resource
from auditor.rules.model import Rule

_FROM_OUTSIDE = frozenset(("microsoft.authorization/roleassignments", "microsoft.authorization/roledefinitions"))
"""What identities in such a group may do is given from outside, and can be taken away there."""
_OPENED_FROM_OUTSIDE = frozenset(("internet_exposure", "nsg_openings", "effective_security"))
"""What a cluster opens, its services and its settings decide; the finding is at what they open."""


class Managed:
    """Sets findings aside that cannot be mended where they are."""

    def __init__(self, inventory: Inventory) -> None:
        self._groups = ManagedGroups(inventory)
        self._left_out: Counter[str] = Counter()
        self._names: dict[str, str] = {}

    def outcome(self, rule: Rule, resource: Resource, outcome: Outcome) -> Outcome:
        """The outcome of a built-in rule, which does not apply where nothing can be changed."""
        if outcome not in (Outcome.FAIL, Outcome.UNKNOWN) or not rule.source.startswith("builtin:"):
            return outcome
        manager = self._groups.of(resource)
        if manager is None or any(kind.lower() in _FROM_OUTSIDE for kind in rule.needs.types):
            return outcome
        if not manager.locked and not _OPENED_FROM_OUTSIDE.isdisjoint(rule.needs.facts):
            return outcome
        self._left_out[manager.id] += outcome is Outcome.FAIL
        self._names[manager.id] = f"{manager.name} ({resource.resource_group})"
        return Outcome.NOT_APPLICABLE

    @property
    def left_out(self) -> list[tuple[str, str, int]]:
        """Each service's key, its name with the resource group, and how many findings were set aside."""
        return [(key, self._names[key], count) for key, count in self._left_out.items()]

    def add(self, left_out: Iterable[tuple[str, str, int]]) -> None:
        """Count what was set aside elsewhere, too."""
        for key, name, count in left_out:
            self._left_out[key] += count
            self._names[key] = name

    @property
    def notices(self) -> tuple[str, ...]:
        """What the reader should know of it."""
        return tuple(
            f"{self._names[key]}: {count} {'finding' if count == 1 else 'findings'} on what the service keeps in a "
            f"resource group of its own left out, since nothing can be changed there; what can is told of the service"
            for key, count in sorted(self._left_out.items())
            if count
        )
