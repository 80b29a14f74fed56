"""Values that are known in part as bodies that can be judged: what is not known is `Unread`, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.expressions.partial import Choice, Open, Shape, Unknown
from auditor.inventory.model import Gap, Json, Unread

Redact = Callable[[str, Mapping[str, Json]], Mapping[str, Json]]
"""Replaces the secrets in a body of a type."""
_ENVELOPE = frozenset({"location", "tags", "name", "id", "type", "zones", "plan"})
"""What no fact decides anything by."""


@dataclass(slots=True)
class Settled:
    """A body with the places at which nothing is known."""

    body: dict[str, Any]
    open: dict[tuple[str | int, ...], Unread] = field(default_factory=dict)
    partial: Gap | None = None

    def redacted(self, kind: str, redact: Redact) -> Mapping[str, Json]:
        """The body with its secrets replaced and `Unread` where nothing is known."""
        found = dict(redact(kind, self.body))
        for steps, unread in self.open.items():
            _set(found, steps, unread)
        return found


def settle(identifier: str, kind: str, raw: Mapping[str, Any], source: str) -> Settled:
    """A body of plain JSON from values that may be known in part."""
    settled = Settled({})
    settled.body = {key: _plain(value, (key,), settled, identifier, kind, source) for key, value in raw.items()}
    return settled


def _plain(value: Any, steps: tuple[str | int, ...], settled: Settled, identifier: str, kind: str, source: str) -> Any:
    if isinstance(value, Unknown | Choice | Shape):
        why = value.why if isinstance(value, Choice) else value
        if isinstance(why, Shape):
            why = Unknown("part of the text is computed at deployment")
        gap = gap_of(why, identifier, kind, source)
        settled.open[steps] = Unread(gap)
        if not why.is_secret and steps[0] not in _ENVELOPE and settled.partial is None:
            settled.partial = gap
        return None
    if isinstance(value, Mapping):
        found = {str(k): _plain(v, (*steps, str(k)), settled, identifier, kind, source) for k, v in value.items()}
        if isinstance(value, Open) and len(steps) > 1 and steps[0] not in _ENVELOPE:
            # Members may be missing here, and a missing one must not count as absent.
            settled.open[steps] = Unread(gap_of(value.why, identifier, kind, source))
            settled.partial = settled.partial or gap_of(value.why, identifier, kind, source)
        return found
    if isinstance(value, list):
        return [_plain(one, (*steps, index), settled, identifier, kind, source) for index, one in enumerate(value)]
    return value


def gap_of(why: Unknown, identifier: str, kind: str, source: str) -> Gap:
    """Why a value is not known, and which parameter would decide it."""
    missing = [name for name in why.parameters if name not in why.reason]
    decided = f"; decided by the parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}" if missing else ""
    return Gap(identifier, kind, f"read {source}", None, "KnownAtDeployment", f"{why.reason}{decided}")


def _set(found: Any, steps: tuple[str | int, ...], value: Any) -> None:
    """Put a value in its place, where redaction left the place."""
    *way, last = steps
    for step in way:
        inner = found.get(step) if isinstance(found, dict) and isinstance(step, str) else None
        if isinstance(found, list) and isinstance(step, int) and step < len(found):
            inner = found[step]
        found = inner
    if isinstance(found, dict) or (isinstance(found, list) and isinstance(last, int) and last < len(found)):
        found[last] = value  # type: ignore[index]
