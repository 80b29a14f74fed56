"""What changed between two audits, result by result, and between two inventories, property by property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.evaluate.baseline import Baseline
from auditor.evaluate.model import Outcome
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json
from auditor.rules.model import Severity

Known = tuple[Outcome, Severity]


class Direction(StrEnum):
    """How a result changed."""

    APPEARED = "appeared"
    WORSE = "worse"
    BETTER = "better"
    WENT_AWAY = "went away"


@dataclass(frozen=True, slots=True)
class Change:
    """One result that is not what it was."""

    direction: Direction
    fingerprint: str
    before: Known | None
    after: Known | None


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property of one resource; an empty path is the resource itself."""

    resource: str
    path: str
    before: Json
    after: Json


_RANK = {Outcome.FAIL: 2, Outcome.UNKNOWN: 1}


def changes(old: Baseline, new: Baseline) -> tuple[Change, ...]:
    """Every result that appeared, went away, or became worse or better, by direction and fingerprint.

    Results are the same where fingerprints are. Worse is unknown to failed, accepted to either, or a higher severity.
    """
    found: list[Change] = []
    for mark in sorted({*old.known, *new.known}):
        before, after = old.known.get(mark), new.known.get(mark)
        direction = _direction(before, after)
        if direction:
            found.append(Change(direction, mark, before, after))
    order = list(Direction)
    return tuple(sorted(found, key=lambda change: (order.index(change.direction), change.fingerprint)))


def _direction(before: Known | None, after: Known | None) -> Direction | None:
    if before is None or after is None:
        return Direction.APPEARED if after else Direction.WENT_AWAY
    ranks = [(_RANK.get(outcome, 0), -severity.rank) for outcome, severity in (before, after)]
    if ranks[0] == ranks[1]:
        return None
    return Direction.WORSE if ranks[1] > ranks[0] else Direction.BETTER


def property_changes(old: Inventory, new: Inventory) -> Iterator[PropertyChange]:
    """Every property that differs, by resource and path; a resource that only one of them has is one change."""
    for key in sorted({*old.by_key, *new.by_key}):
        before, after = old.by_key.get(key), new.by_key.get(key)
        if before is None or after is None:
            resource = before or after
            assert resource is not None  # noqa: S101 - the key is of one of them
            yield PropertyChange(resource.id, "", before and "present", after and "present")
            continue
        flat = dict(_leaves(before.body, "")), dict(_leaves(after.body, ""))
        for path in sorted({*flat[0], *flat[1]}):
            if path not in flat[0] or path not in flat[1] or flat[0][path] != flat[1][path]:
                yield PropertyChange(after.id, path, flat[0].get(path), flat[1].get(path))


def _leaves(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if path or key not in ("id", "etag"):
                yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    elif not path.endswith("etag"):
        yield path, value
