"""Which part of an inventory is judged; the rest stays there to be related to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource


@dataclass(frozen=True, slots=True)
class Selection:
    """Subscriptions, resource groups and tags; what is left empty leaves nothing out.

    What lies above subscriptions (the directory, management groups) belongs to every subscription, as in a live audit
    of some subscriptions, and to no resource group and no tag.
    """

    subscriptions: frozenset[str] = frozenset()
    """GUIDs in lower case."""
    resource_groups: frozenset[str] = frozenset()
    """Names in lower case."""
    tags: tuple[tuple[str, str | None], ...] = ()
    """Names and values; a value of None for any. Names compare without case, values with it, as in Azure:
    https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations"""

    @property
    def words(self) -> str:
        """What is chosen, for a report's head: `subscriptions/<guid>+resourcegroups/rg-app+tags/env=prod`."""
        return "+".join(
            [
                *(f"subscriptions/{guid}" for guid in sorted(self.subscriptions)),
                *(f"resourcegroups/{name}" for name in sorted(self.resource_groups)),
                *(f"tags/{name}={value}" if value is not None else f"tags/{name}" for name, value in self.tags),
            ]
        )

    def holds(self, resource: Resource, inventory: Inventory) -> bool:
        """Whether a resource is chosen; a child is where its resource is, and has its tags."""
        subscription = resource.subscription_id
        if self.subscriptions and subscription and subscription not in self.subscriptions:
            return False
        if self.resource_groups and resource.resource_group.lower() not in self.resource_groups:
            return False
        return not self.tags or self._tagged(resource, inventory)

    def within(self, inventory: Inventory) -> Callable[[Resource], bool]:
        """Whether a resource of an inventory is chosen, for those who ask of one inventory only."""
        return lambda resource: self.holds(resource, inventory)

    def touches(self, gap: Gap) -> bool:
        """Whether what was not read could be of something chosen."""
        subscription = ids.subscription_of(gap.scope)
        if self.subscriptions and subscription and subscription not in self.subscriptions:
            return False
        group = ids.resource_group_of(gap.scope).lower()
        return not (self.resource_groups and group and group not in self.resource_groups)

    def _tagged(self, resource: Resource, inventory: Inventory) -> bool:
        tags = tags_of(resource, inventory)
        return all(name.lower() in tags and (value is None or tags[name.lower()] == value) for name, value in self.tags)


_CONTAINERS = (ids.RESOURCE_GROUP_TYPE.lower(), ids.SUBSCRIPTION_TYPE.lower())


def tags_of(resource: Resource, inventory: Inventory) -> Mapping[str, str]:
    """Tag values by name in lower case: the resource's own, or of a child without any those of its resource.

    Resources do not inherit the tags of their group or subscription:
    https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#inherit-tags
    """
    if tags := _tags(resource):
        return tags
    parent = ids.parent_of(resource.id)
    while parent:
        place = inventory.get(parent)
        if place is not None and place.type_key in _CONTAINERS:
            return {}
        if place is not None and (tags := _tags(place)):
            return tags
        parent = ids.parent_of(parent)
    return {}


def _tags(resource: Resource) -> Mapping[str, str]:
    tags = resource.body.get("tags")
    if not isinstance(tags, Mapping):
        return {}
    return {str(name).lower(): value for name, value in tags.items() if isinstance(value, str)}
