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
from auditor.facts.registry import FactFamily, family, family_names
from auditor.inventory import ids
from auditor.inventory.model import Resource, Unread
from auditor.rules.conditions.paths import find, parse_path
from auditor.rules.model import Context, Evidence

_FACT = re.compile(r"(?:(?P<owner>/[^:]+):)?facts\.(?P<family>\w+)\.?(?P<rest>.*)", re.IGNORECASE)
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NAMES = ("name", "zone", "host", "listener", "sub_resource")
"""What an element of a fact is called by, the first that it has."""


def with_grounds(evidence: Sequence[Evidence], context: Context) -> tuple[Evidence, ...]:
    """The evidence with what decided each fact in the fact's place."""
    if len(evidence) == 1 and not _names_a_fact(evidence[0].path):
        return tuple(evidence)
    lines: dict[tuple[str, str], Evidence] = {}
    for leaf in evidence:
        for line in _told(leaf, context):
            lines.setdefault((line.path.lower(), repr(line.actual)), line)
    found = tuple(lines.values())
    # What is so and could only be otherwise says which element is meant; what is missing is the finding.
    telling = tuple(line for line in found if (line.actual, line.expected) != ("yes", "no"))
    return telling if any(line.actual == "no" for line in telling) else found


def _told(leaf: Evidence, context: Context) -> Iterator[Evidence]:
    match = _FACT.fullmatch(leaf.path) if _names_a_fact(leaf.path) else None
    if match is None or match["family"] not in family_names():
        yield leaf
        return
    resource = context.inventory.get(match["owner"]) if match["owner"] else context.resource
    value = context.facts.get(match["family"], resource) if resource else None
    fields = [field for _, field in _STEP.findall(match["rest"]) if field]
    about = family(match["family"])
    if resource is None or not isinstance(value, Mapping):
        yield _plain(leaf, fields, [], about)
        return
    trail = _trail(value, match["rest"])
    wanted = _wanted(about.grounds, fields)
    if wanted == "":
        return
    found = list(_grounds(fields, wanted, trail, resource, context))
    yield from found or [_plain(leaf, fields, trail, about)]


def _names_a_fact(path: str) -> bool:
    return "facts." in path or "facts." in path.lower()


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
    fields: Sequence[str], wanted: str | None, trail: Sequence[Mapping[str, Any]], resource: Resource, context: Context
) -> Iterator[Evidence]:
    for value in trail:
        if value.get("openers") or value.get("rule") == "no security group":
            yield from lines_of(value["openers"], resource, context.inventory)
            return
        own = f"{fields[-1]}_by" if fields else ""
        decided = value[own] if own in value else value.get("decided_by")
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


def _plain(leaf: Evidence, fields: Sequence[str], trail: Sequence[Mapping[str, Any]], about: FactFamily) -> Evidence:
    """A fact in words: what it is about, and its field without the punctuation of code."""
    field = fields[-1] if fields else ""
    name = next((str(value[name]) for value in trail for name in _NAMES if value.get(name)), "")
    words = about.words.get(field) or field.replace("_", " ") or about.name.replace("_", " ")
    actual: Any = leaf.actual
    if isinstance(actual, bool):
        actual = "yes" if actual else "no"
    elif isinstance(actual, int) and isinstance(listed := trail[-1].get(field) if trail else None, list):
        actual = listed
    expected = _YES_NO.get(leaf.expected, leaf.expected)
    return Evidence(path=f"{words} of {name}" if name else words, actual=actual, expected=expected)


_YES_NO = {"not true": "no", "not false": "yes", "true": "yes", "false": "no"}
