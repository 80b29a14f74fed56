"""Dates of keys and certificates: seconds since 1970 in Key Vault, ISO 8601 elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auditor.inventory.model import Json

SOON_DAYS = 30
"""How many days before its end a key or certificate counts as ending soon."""


AHEAD_DAYS = 366
"""How many days before its end a key is told at all: how near is too near is a rule's to say."""


def moment(value: Json) -> datetime | None:
    """A time, in UTC; None for what is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
    except (OverflowError, ValueError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(when: datetime) -> str:
    """A date for a reader: `2026-08-01`."""
    return f"{when.astimezone(UTC):%Y-%m-%d}"


def days_until(when: datetime, now: datetime) -> int:
    """Whole days that are left, negative where it has passed."""
    return int((when - now) / timedelta(days=1))
