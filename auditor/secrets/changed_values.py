"""Secrets in Azure's records of changes: values of properties that stand beside their paths, not at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_network

from auditor.inventory import ids
from auditor.inventory.changes import named_steps, parsed
from auditor.inventory.model import Json
from auditor.secrets.names import VALUE_KEYS

Redact = Callable[[str, Mapping[str, Json]], Mapping[str, Json]]
"""Takes a type key and a body, gives the body that may be kept."""

_VALUES = ("previousValue", "newValue")


def changed_values(properties: Mapping[str, Json], redact: Redact) -> dict[str, Json]:
    """The `changes` of a record, each value as it may be kept at its path in a body of the resource that changed."""
    target = properties.get("targetResourceType")
    kind = ids.type_key(target) if isinstance(target, str) else ""
    changes = properties.get("changes")
    found: dict[str, Json] = {}
    for path, change in changes.items() if isinstance(changes, Mapping) else ():
        if isinstance(change, Mapping):
            values = {name: _safe(kind, path, change[name], redact) for name in _VALUES if name in change}
            found[path] = {**change, **values}
    return found


def _safe(kind: str, path: str, value: Json, redact: Redact) -> Json:
    whole = parsed(value)
    steps = named_steps(path)
    if not steps or isinstance(steps[0], int):
        steps = ("properties", "value", *steps)
    inner: Json = whole
    for step in reversed(steps):
        inner = [inner] if isinstance(step, int) else {step: inner}
        if step in VALUE_KEYS and step == steps[-1] and not _is_network(whole):
            inner["name"] = "password"  # what the pair is called stands in no record
    safe: Json = redact(kind, inner)
    for step in steps:
        safe = safe[0 if isinstance(step, int) else step]
    return value if safe == whole else safe


def _is_network(value: Json) -> bool:
    try:
        ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        return False
    return True
