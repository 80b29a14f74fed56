"""Evidence in Azure's words: what a computed fact comes from, instead of the fact's own names.

A fact says what decided it: properties (`decided_by`, of the fact or of one of its elements) or rules that open a way
(`openers`). These take the place of the fact in the evidence. What has neither is said in plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.evaluate.openers import lines_of
from auditor.expressions.values import MISSING
from auditor.facts.registry import family, family_names
from auditor.inventory import ids
from auditor.inventory.model import Resource, Unread
from auditor.rules.conditions.paths import find, parse_path
from auditor.rules.model import Context, Evidence

_FACT = re.compile(r"(?:(?P<owner>/[^:]+):)?facts\.(?P<family>\w+)\.?(?P<rest>.*)", re.IGNORECASE)
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NAMES = ("name", "zone", "host", "listener", "sub_resource", "text", "address")
"""What an element of a fact is called by, the first that it has."""


def with_grounds(evidence: Sequence[Evidence], context: Context) -> tuple[Evidence, ...]:
    """The evidence with what decided each fact in the fact's place."""
    lines: dict[tuple[str, str], Evidence] = {}
    for leaf in evidence:
        for line in _told(leaf, context):
            lines.setdefault((line.path.lower(), repr(line.actual)), line)
    return tuple(lines.values())


def _told(leaf: Evidence, context: Context) -> Iterator[Evidence]:
    match = _FACT.fullmatch(leaf.path)
    if match is None or match["family"] not in family_names():
        yield leaf
        return
    resource = context.inventory.get(match["owner"]) if match["owner"] else context.resource
    value = context.facts.get(match["family"], resource) if resource else None
    if resource is None or not isinstance(value, Mapping):
        yield _plain(leaf, match["rest"], [])
        return
    trail = _trail(value, match["rest"])
    found = list(_grounds(match["family"], match["rest"], trail, resource, context))
    yield from found or [_plain(leaf, match["rest"], trail)]


def _trail(value: Any, path: str) -> list[Mapping[str, Any]]:
    """The mappings on the way to a value, the innermost first."""
    found: list[Mapping[str, Any]] = []
    for index, name in _STEP.findall(path):
        if isinstance(value, Mapping):
            found.insert(0, value)
            value = value.get(name)
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
    return [*([value] if isinstance(value, Mapping) else []), *found]


def _grounds(
    name: str, path: str, trail: Sequence[Mapping[str, Any]], resource: Resource, context: Context
) -> Iterator[Evidence]:
    fields = [field for _, field in _STEP.findall(path) if field]
    wanted = _wanted(family(name).grounds, fields)
    for value in trail:
        if "openers" in value:
            yield from lines_of(value["openers"], resource, context.inventory)
            return
        decided = value.get("decided_by")
        if isinstance(decided, Mapping):
            decided = decided.get(fields[-1]) if fields else None
        if isinstance(decided, (list, tuple)) and decided and wanted is not None:
            for one in decided:
                if line := _ground(str(one), wanted, resource, context):
                    yield line
            return


def _wanted(grounds: Mapping[str, str], fields: Sequence[str]) -> str | None:
    """What would have been right, by the longest part of the path that the family knows."""
    for length in range(len(fields), 0, -1):
        if (found := grounds.get(".".join(fields[:length]))) is not None:
            return found
    return grounds.get("*")


def _ground(path: str, wanted: str, resource: Resource, context: Context) -> Evidence | None:
    owner, inner = _owner(path, resource, context)
    if owner is None:
        return None
    shown = inner if owner is context.resource else f"{owner.id}:{inner}"
    return Evidence(path=shown, actual=_actual(owner, inner), expected=wanted)


def _owner(path: str, resource: Resource, context: Context) -> tuple[Resource | None, str]:
    """The resource that a path is in, and the path there: `<child>:<path>` and `<id>:<path>` are those of others."""
    before, separator, inner = path.partition(":properties")
    if not separator:
        return resource, path
    key = before if before.startswith("/") else f"{resource.id}/{before}"
    return context.inventory.get(ids.id_key(key)), "properties" + inner


def _actual(owner: Resource, path: str) -> Any:
    found = find(owner.body, parse_path(path))
    return None if found is MISSING or isinstance(found, Unread) else found


def _plain(leaf: Evidence, path: str, trail: Sequence[Mapping[str, Any]]) -> Evidence:
    """A fact in words: what it is about, and its field without the punctuation of code."""
    fields = [field for _, field in _STEP.findall(path) if field]
    about = next((str(value[name]) for value in trail for name in _NAMES if value.get(name)), "")
    words = (fields[-1] if fields else "it").replace("_", " ")
    actual = {True: "yes", False: "no"}.get(leaf.actual, leaf.actual) if isinstance(leaf.actual, bool) else leaf.actual
    expected = {"not true": "no", "not false": "yes", "true": "yes", "false": "no"}.get(leaf.expected, leaf.expected)
    return Evidence(path=f"{words} of {about}" if about else words, actual=actual, expected=expected)
