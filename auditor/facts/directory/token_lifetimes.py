"""How long access tokens live by a token lifetime policy.

A fact of a policy:

    {"access_token_minutes": 480}

Null where the policy says nothing of it; the service then gives them 60 to 90 minutes.
https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from auditor.facts.network.bodies import items, value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

POLICY = "microsoft.graph/tokenlifetimepolicies"
_SPAN = re.compile(r"(?:(\d{1,4})\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
"""A time span of .NET: days, hours, minutes, seconds."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each policy."""
    return {one.key: {"access_token_minutes": _minutes(one)} for one in inventory.of_type(POLICY)}


def _minutes(policy: Resource) -> int | None:
    for text in items(policy.body, "definition"):
        try:
            written = value(json.loads(text), "TokenLifetimePolicy", "AccessTokenLifetime")
        except (TypeError, ValueError, RecursionError):
            continue
        if isinstance(written, str) and (found := _SPAN.fullmatch(written.strip())):
            days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
            return (days * 24 + hours) * 60 + minutes
    return None


FAMILY = FactFamily(name="token_lifetime", types=frozenset((POLICY,)), needs=frozenset((POLICY,)), compute=compute)
