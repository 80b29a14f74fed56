"""Which environment a resource belongs to: what its tags say, else the names of its group and subscription.

Names and tags are all there is: Azure knows no environments. They decide who is told, never whether a step exists.
"""

from __future__ import annotations

import re
from enum import StrEnum

from auditor.facts.paths.targets import tags_of
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource


class Environment(StrEnum):
    """What an environment is for."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


_TAGS = ("environment", "env", "stage")
_WORDS = {
    **dict.fromkeys(("production", "prod", "prd", "live"), Environment.PRODUCTION),
    **dict.fromkeys(
        ("development", "dev", "test", "tst", "qa", "uat", "staging", "stage", "stg", "sandbox", "sbx", "lab"),
        Environment.DEVELOPMENT,
    ),
}


class Environments:
    """The environments of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        """Read the names of the subscriptions."""
        self._inventory = inventory
        self._names = {
            s.subscription_id or s.key.rpartition("/")[2]: _in_name(s.display_name)
            for s in inventory.of_type(ids.SUBSCRIPTION_TYPE)
        }

    def of(self, resource: Resource) -> Environment | None:
        """The environment of a resource; None where nothing says one."""
        group = self._inventory.get(ids.group_key(resource.id)) if resource.resource_group else None
        subscription = self._inventory.get(f"/subscriptions/{resource.subscription_id}")
        for one in (resource, group, subscription):
            if one is not None and (found := _in_tags(one)):
                return found
        return _in_name(resource.resource_group) or self._names.get(resource.subscription_id)


def _in_tags(resource: Resource) -> Environment | None:
    tags = tags_of(resource)
    return next((found for key in _TAGS if (found := _in_name(tags.get(key, "")))), None)


def _in_name(text: str) -> Environment | None:
    """The environment that a name says: `rg-shop-prod`; None where it says none, or two."""
    found = {_WORDS[word] for word in re.split(r"[^a-z]+", text.lower()) if word in _WORDS}
    return found.pop() if len(found) == 1 else None
