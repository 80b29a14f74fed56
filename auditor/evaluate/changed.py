"""Who made a finding so: the change that set the property which decides it.

Said only where it is sure: the property that changed is one that the finding's evidence names, or holds or is part of
it, and what the change set it to is what is there now. Places in lists move, records come late, and a property can be
set by what leaves no record; then nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.evaluate.model import Outcome, Report, Result
from auditor.inventory import ids
from auditor.inventory.changes import Steps, parsed, steps_of
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, PropertyChange, Resource
from auditor.inventory.stumbles import Stumble, attempt
from auditor.rules.model import Evidence

_MARK = "$secret"


@dataclass(frozen=True, slots=True)
class _Match:
    change: PropertyChange
    before: Json
    after: Json


def with_changes(report: Report, inventory: Inventory) -> Report:
    """The report, each finding with the last change of what decides it, as far as changes were collected."""
    if not inventory.change_records:
        return report
    return replace(report, results=tuple(_attempted(result, inventory) for result in report.results))


def _attempted(result: Result, inventory: Inventory) -> Result:
    """What a record that no sane service writes breaks is that one finding's change, which then is not said."""
    told = attempt(_told, result, inventory)
    return result if isinstance(told, Stumble) else told


def _told(result: Result, inventory: Inventory) -> Result:
    if result.outcome is not Outcome.FAIL:
        return result
    found = [change for leaf in result.evidence if (change := _last(leaf, result, inventory))]
    return result.with_change(max(found, key=lambda one: one.at)) if found else result


def _last(leaf: Evidence, result: Result, inventory: Inventory) -> PropertyChange | None:
    """The last change of what a line of evidence names, where it left what is there now."""
    owner, path = _place(leaf.path, result.subject.id)
    wanted = steps_of(path)
    for target in _holders(owner):
        for change in inventory.changes.get(target, ()):
            holder = inventory.get(target)
            inner = _inside(steps_of(change.path), holder, owner) if holder else None
            if holder is None or inner is None or not _touches(inner, wanted):
                continue
            match = _match(change, inner, wanted, holder, leaf)
            if match is None:
                return None  # the last change of it did not leave what is there now
            where = change.path if target == ids.id_key(result.subject.id) else f"{holder.id}:{change.path}"
            return replace(match.change, path=where, before=match.before, after=match.after)
    return None


def _place(path: str, subject: str) -> tuple[str, str]:
    """The key of the resource whose property a line of evidence names, and the path in its body."""
    if path.startswith("/"):
        identifier, _, inner = path.partition(":")
        return ids.id_key(identifier), inner
    return ids.id_key(subject), path


def _holders(key: str) -> Iterator[str]:
    """A resource, and those above it, whose bodies can hold it."""
    while "/providers/" in key:
        yield key
        key = ids.parent_of(key)


def _inside(steps: Steps, holder: Resource, owner: str) -> Steps | None:
    """A path in a holder's body as a path in the body of what it holds; None where it leads elsewhere."""
    if holder.key == owner:
        return steps
    value: Json = holder.body
    for number, step in enumerate(steps, 1):
        value = _step(value, step)
        if isinstance(value, Mapping) and isinstance(value.get("id"), str) and ids.id_key(value["id"]) == owner:
            return steps[number:]
    return None


def _touches(changed: Steps, wanted: Steps) -> bool:
    """Whether one path is the other, or lies on the way to it."""
    shorter = min(len(changed), len(wanted))
    return bool(wanted) and changed[:shorter] == wanted[:shorter]


def _match(change: PropertyChange, inner: Steps, wanted: Steps, holder: Resource, leaf: Evidence) -> _Match | None:
    """What a change made of what the evidence names; None where that is not what is there now."""
    if len(inner) >= len(wanted):
        now = _walk(holder.body, steps_of(change.path))
        return _Match(change, change.before, change.after) if _same(change.after, now, change.truncated) else None
    below = wanted[len(inner) :]
    if change.truncated or not _whole(change.before) or not _whole(change.after):
        return None
    before, after = (_walk(parsed(value), below) for value in (change.before, change.after))
    return _Match(change, before, after) if before != after and _same(after, leaf.actual, False) else None


def _whole(value: Json) -> bool:
    return value is None or isinstance(parsed(value), (Mapping, list))


def _walk(value: Json, steps: Steps) -> Json:
    for step in steps:
        value = _step(value, step)
    return value


def _step(value: Json, step: str | int) -> Json:
    if isinstance(value, Mapping) and isinstance(step, str):
        return next((inner for name, inner in value.items() if name.lower() == step), None)
    if isinstance(value, Sequence) and not isinstance(value, str) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _same(told: Json, found: Json, truncated: bool) -> bool:
    """Whether a record's value is the one that is there: records write most values as text."""
    if isinstance(found, Mapping) and _MARK in found:
        return isinstance(told, Mapping) and _MARK in told
    told = parsed(told)
    if isinstance(told, (Mapping, list)) or isinstance(found, (Mapping, list)):
        return bool(told == found)
    said, there = _text(told), _text(found)
    return there.startswith(said) if truncated and said else said == there


def _text(value: Json) -> str:
    return "" if value is None else str(value).strip().casefold()
