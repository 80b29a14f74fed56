"""Who made a finding so, as every JSON of ours says it, and in words."""

from __future__ import annotations

from typing import Any

from auditor.inventory.model import PropertyChange
from auditor.report.encoding import timestamp
from auditor.report.text import value_words


def changed_entry(change: PropertyChange) -> dict[str, Any]:
    """A change as `{path, at, by, by_type, client, operation, from, to}`, without what Azure does not know."""
    who = {"by": change.by, "by_type": change.by_type, "client": change.client, "operation": change.operation}
    return {
        "path": change.path,
        "at": timestamp(change.at),
        **{name: value for name, value in who.items() if value},
        "from": change.before,
        "to": change.after,
        **({"truncated": True} if change.truncated else {}),
    }


def changed_in_short(change: PropertyChange) -> str:
    """When, by whom and with what: `2026-10-29 15:42 UTC by mara.lind@larkspur.example (User) with Azure Portal`."""
    who = f" by {change.by}" if change.by else ""
    kind = f" ({change.by_type})" if who and change.by_type and change.by_type != change.by else ""
    client = f" with {change.client}" if change.client else ""
    return f"{change.at:%Y-%m-%d %H:%M} UTC{who}{kind}{client}"


def changed_words(change: PropertyChange) -> str:
    """The same, and what from and to what."""
    more = "…" if change.truncated else ""
    before, after = (
        value_words(value) + (more if value is not None else "") for value in (change.before, change.after)
    )
    return f"{changed_in_short(change)}: {change.path} from {before} to {after}"
