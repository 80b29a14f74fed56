"""Messages with the resource's own values filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from auditor.inventory.model import Json, Resource, Unread
from auditor.rules.model import Context, Evidence
from auditor.rules.vocabulary import PLACEHOLDER

_STEP = re.compile(r"\[\*\]|\[(\d+)\]|\['([^']+)'\]|([^.\[\]]+)")
_NOT_SET = "(not set)"
_SHOWN = 20
"""Values of one place in a message: an open machine can have hundreds of paths."""


def fill(template: str, context: Context, evidence: Sequence[Evidence] = ()) -> str:
    """The template with each `{path}` replaced by what the resource has there, lists joined by commas.

    `[*]` stands for the elements that `evidence` names, since these are what the message is about; for all of them
    where it names none.

    `name`, `fullName` (with its parents' names), `root` (the name of what holds a child), `id`, `type`, `location`,
    `resource_group` and `subscription_id` are the resource's own; anything else is a path into its body, or below
    `facts.` into what was computed for it. What several elements have alike is said once.
    """

    def replaced(match: re.Match[str]) -> str:
        return _words(values_of(match[1], context, evidence))

    return PLACEHOLDER.sub(replaced, template)


def values_of(path: str, context: Context, evidence: Sequence[Evidence] = ()) -> list[Json]:
    """What the resource, or its facts, have at a path; see `fill`."""
    return [value for one in _decided(path, evidence) for value in _values(one, context)]


def _decided(path: str, evidence: Sequence[Evidence]) -> list[str]:
    """The path with as many of its first `[*]` as the evidence has indexes for, once for each of these."""
    parts = path.split("[*]")
    for depth in range(len(parts) - 1, 0, -1):
        found = re.compile(r"\[(\d+)\]".join(map(re.escape, parts[:depth])) + r"\[(\d+)\]", re.IGNORECASE)
        indexes = dict.fromkeys(match.groups() for line in evidence if (match := found.match(line.path)))
        if indexes:
            rest = "[*]".join(parts[depth:])
            heads = (zip(parts[:depth], chosen, strict=True) for chosen in indexes)
            return ["".join(f"{part}[{index}]" for part, index in head) + rest for head in heads]
    return [path]


_OWN: Mapping[str, Callable[[Resource], str]] = {
    "name": attrgetter("display_name"),
    "fullName": attrgetter("full_name"),
    "root": lambda resource: resource.full_name.partition("/")[0],
    "id": attrgetter("id"),
    "type": attrgetter("type"),
    "location": attrgetter("location"),
    "resource_group": attrgetter("resource_group"),
    "subscription_id": attrgetter("subscription_id"),
}


def _values(path: str, context: Context) -> Iterator[Json]:
    if path in _OWN:
        yield _OWN[path](context.resource)
        return
    steps = _steps(path)
    start: Json = context.resource.body
    if steps and steps[0][0] == "facts" and len(steps) > 1:
        start = context.facts.get(steps[1][0], context.resource)
        steps = steps[2:]
    yield from _walk(start, steps)


@lru_cache(maxsize=8192)
def _steps(path: str) -> list[re.Match[str]]:
    return list(_STEP.finditer(path))


def _walk(value: Json, steps: list[re.Match[str]]) -> Iterator[Json]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        chosen = value if step[0] == "[*]" else value[int(step[1]) : int(step[1]) + 1] if step[1] else []
        for element in chosen:
            yield from _walk(element, rest)
    elif isinstance(value, Mapping):
        wanted = (step[2] or step[3] or "").lower()
        for key, inner in value.items():
            if key.lower() == wanted:
                yield from _walk(inner, rest)


def _words(values: list[Json]) -> str:
    """Each value once, joined by commas; by semicolons where a value has commas of its own."""
    texts = list(dict.fromkeys(text for value in values for text in _texts(value)))
    if not texts:
        return _NOT_SET
    comma = "; " if len(texts) > 1 and any(", " in text for text in texts) else ", "
    shown = texts[:_SHOWN]
    return comma.join([*shown, f"and {len(texts) - _SHOWN:,} more"] if len(texts) > _SHOWN else shown)


def _texts(value: Json) -> Iterator[str]:
    match value:
        case None:
            return
        case Unread():
            yield "(not read)"
        case bool():
            yield "true" if value else "false"
        case list():
            for element in value:
                yield from _texts(element)
        case Mapping():
            yield "{...}"
        case _:
            yield str(value)
