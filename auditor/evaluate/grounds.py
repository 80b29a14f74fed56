"""What computed facts come from: the properties that decided, as evidence beside the fact itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.expressions.values import MISSING
from auditor.facts.registry import family, family_names
from auditor.inventory import ids
from auditor.inventory.model import Resource, Unread
from auditor.rules.conditions.paths import find, parse_path
from auditor.rules.model import Context, Evidence

_STEP = re.compile(r"[^.\[\]]+")
_FACT = re.compile(r"facts\.(\w+)\.(\w+)", re.IGNORECASE)


def with_grounds(evidence: Sequence[Evidence], context: Context) -> tuple[Evidence, ...]:
    """The evidence, led by the properties that its facts, or the elements of these, name in `decided_by`.

    Those are paths in the judged resource's body, `<child>:<path>` for a child's, or `<id>:<path>` for another's.
    """
    known = {leaf.path.lower() for leaf in evidence}
    grounds: dict[str, Evidence] = {}
    for leaf in evidence:
        for ground in _grounds(leaf, context):
            if ground.path.lower() not in known:
                grounds.setdefault(ground.path, ground)
    return (*grounds.values(), *evidence)


def _grounds(leaf: Evidence, context: Context) -> Iterator[Evidence]:
    match = _FACT.match(leaf.path)
    if match is None or match[1] not in family_names():
        return
    wanted = family(match[1]).grounds.get(match[2])
    value = context.facts.get(match[1], context.resource)
    if wanted is None or not isinstance(value, Mapping):
        return
    for path in _decided_by(leaf.path, value):
        owner, inner = _owner(str(path), context)
        if owner is not None:
            shown = inner if owner is context.resource else f"{owner.id}:{inner}"
            yield Evidence(path=shown, actual=_actual(owner, inner), expected=wanted)


def _decided_by(leaf: str, value: Mapping[str, Any]) -> Sequence[str]:
    """The `decided_by` closest to a leaf: that of the element it is in, or the fact's own."""
    found = value.get("decided_by") or ()
    place: Any = value
    for step in _STEP.findall(leaf)[2:]:
        if isinstance(place, list):
            place = place[int(step)] if step.isdigit() and int(step) < len(place) else None
        else:
            place = place.get(step) if isinstance(place, Mapping) else None
        if isinstance(place, Mapping) and "decided_by" in place:
            found = place["decided_by"]
    return found


def _owner(path: str, context: Context) -> tuple[Resource | None, str]:
    """The resource that a path is in, and the path there."""
    before, separator, inner = path.partition(":properties")
    if not separator:
        return context.resource, path
    key = before if before.startswith("/") else f"{context.resource.id}/{before}"
    return context.inventory.get(ids.id_key(key)), "properties" + inner


def _actual(owner: Resource, path: str) -> Any:
    found = find(owner.body, parse_path(path))
    return None if found is MISSING or isinstance(found, Unread) else found
