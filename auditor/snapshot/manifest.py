"""What a snapshot says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a set of resources came from, and when."""

    source: str
    """`live`, `demo`, or the path of the file or folder that was read."""
    started_at: datetime | None
    """UTC; None where an export does not say."""
    finished_at: datetime | None
    """UTC; None while a collection has not finished."""
    tool_version: str = ""
    tenant: str = ""
    """GUID; "" where the source does not say."""
    cloud: str = "public"
    scopes: tuple[str, ...] = ()
    """What was asked for: `/`, `/subscriptions/...`, `/providers/Microsoft.Management/managementGroups/...`."""
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    """Lower-cased GUID to display name."""
    management_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lower-cased subscription GUID to the names of the management groups above it, the closest first; empty where
    nobody asked."""
    needs: tuple[str, ...] = ()
    """Type keys that were asked for, sorted."""
    assumed_complete: bool = False
    """Whether the user said of an export that what it lacks does not exist."""

    taken_over: int = 0
    """How many reads were made by an earlier collection (`collect --since`); the ledger has the time of each."""
    oldest: datetime | None = None
    """When the oldest of these was made."""

    @property
    def complete(self) -> bool:
        """Whether the collection came to its end; gaps are counted apart."""
        return self.finished_at is not None

    @property
    def age_notice(self) -> tuple[str, ...]:
        """What a reader has to know of the age of its parts; nothing where one collection read all of them."""
        if not self.oldest:
            return ()
        when = f"{self.oldest:%Y-%m-%d %H:%M} UTC"
        return (f"{self.taken_over:,} reads were taken over from earlier collections; the oldest is of {when}",)

    @property
    def scope(self) -> str:
        """One name for what was asked, for the identity of a report."""
        return "+".join(sorted(scope.strip("/").lower() or "tenant" for scope in self.scopes)) or "tenant"
