"""Azure's record of changes: who set which property to what, and when.

Resource Graph keeps the last 14 days in its tables `resourcechanges` and `resourcecontainerchanges`, a record a change,
and says neither what set a property at creation nor what happens in a data plane
(https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes). Records are collected on
request only, and stand beside the resources: nothing of a tenant refers to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from auditor.inventory import ids
from auditor.inventory.model import Json, PropertyChange, Resource

CHANGES = "Microsoft.Resources/changes"
"""The type of a record."""
CHANGES_KEY = CHANGES.lower()

Steps = tuple[str | int, ...]
"""A path taken apart: names in lower case, places in lists as numbers."""

_STEP = re.compile(r"""\[(?:(\d+)|"([^"]*)"|'([^']*)')\]|([^.\[\]]+)""")
_FRACTION = re.compile(r"(\.\d{6})\d+")


def steps_of(path: str) -> Steps:
    """A property path taken apart."""
    return tuple(step if isinstance(step, int) else step.lower() for step in named_steps(path))


def named_steps(path: str) -> Steps:
    """The same with names as they are written."""
    return tuple(
        int(place) if place else double or single or name for place, double, single, name in _STEP.findall(path)
    )


def target_of(record: Mapping[str, Json]) -> str:
    """The key of what a record is about; "" where it does not say."""
    target = _mapping(record.get("properties")).get("targetResourceId")
    return ids.id_key(target) if isinstance(target, str) else ""


def property_changes(records: Iterable[Resource]) -> Mapping[str, Sequence[PropertyChange]]:
    """What records say, by the key of the resource that changed, the latest first; what is malformed says nothing."""
    found: dict[str, list[PropertyChange]] = {}
    for record in records:
        if target := target_of(record.body):
            found.setdefault(target, []).extend(_changes_of(record.body["properties"]))
    for changes in found.values():
        changes.sort(key=lambda change: (change.at, change.path), reverse=True)
    return found


def _changes_of(properties: Mapping[str, Json]) -> Iterable[PropertyChange]:
    told = _mapping(properties.get("changeAttributes"))
    at = _moment(told.get("timestamp"))
    if at is None:
        return
    who = {
        "by": _known(told.get("changedBy")),
        "by_type": _known(told.get("changedByType")),
        "client": _known(told.get("clientType")),
        "operation": _known(told.get("operation")),
    }
    for path, change in _mapping(properties.get("changes")).items():
        if isinstance(change, Mapping):
            before, after = (_value(change.get(name)) for name in ("previousValue", "newValue"))
            truncated = str(change.get("isTruncated")).lower() == "true"
            yield PropertyChange(path, before, after, truncated, at, **who)


def _mapping(value: Json) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _known(value: Json) -> str:
    """A text that says something: Azure writes `Unknown`, or nothing, where it does not know."""
    text = value.strip() if isinstance(value, str) else ""
    return "" if text.lower() == "unknown" else text


def _value(value: Json) -> Json:
    """A value; the record writes `null` as text."""
    return None if value == "null" else value


def _moment(value: Json) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # no date, or one that UTC has not: 0001-01-01 east of Greenwich
        return None


def parsed(value: Json) -> Json:
    """An object or list that a record holds as JSON text; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
