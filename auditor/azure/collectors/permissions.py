"""What the identity may do at a subscription: Resource Graph leaves out in silence what it may not read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from auditor.azure.answers import Trouble
from auditor.azure.budget import ARM_READS
from auditor.azure.collectors.reading import Reader
from auditor.azure.wire import Call, ReadFailedError
from auditor.inventory.model import Json

_VERSION = "2022-04-01"
_OPERATION = "GET Microsoft.Authorization/permissions"


@dataclass(frozen=True, slots=True)
class Permissions:
    """Effective permissions at one scope, as role definitions write them."""

    grants: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """Actions with the exceptions from them."""

    def allow(self, action: str) -> bool:
        """Whether an action is allowed; `*` stands for any text in a permission."""
        return any(_matches(actions, action) and not _matches(others, action) for actions, others in self.grants)


def _matches(patterns: Sequence[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)


async def permissions_at(reader: Reader, scope: str) -> Permissions | Trouble:
    """The identity's permissions at a subscription, those of groups and inherited ones included.

    https://learn.microsoft.com/rest/api/authorization/permissions
    """
    call = Call(
        f"{scope}/providers/Microsoft.Authorization/permissions?api-version={_VERSION}",
        _OPERATION,
        buckets=(reader.wire.budget.bucket(scope, ARM_READS),),
        holds="value",
    )
    try:
        answer = await reader.wire.read(call)
    except ReadFailedError as error:
        return error.trouble
    items = answer.body["value"] if isinstance(answer.body, Mapping) else answer.body
    grants = [
        (_texts(item.get("actions")), _texts(item.get("notActions"))) for item in items if isinstance(item, Mapping)
    ]
    return Permissions(tuple(grants))


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def hidden_from(permissions: Permissions | Trouble, action: str) -> Trouble | None:
    """Why a query may have left objects out; None where it has not.

    Whoever may read a whole subscription may read this too, so a refusal says that something is left out.
    """
    if isinstance(permissions, Trouble):
        words = "Resource Graph shows only what this identity may read, and it could not be read what that is"
        return Trouble(permissions.status, "PartialVisibility", f"{words} ({permissions.code})")
    if permissions.allow(action):
        return None
    words = "Resource Graph shows only what this identity may read, and it may not read these in the whole subscription"
    return Trouble(403, "PartialVisibility", words)
