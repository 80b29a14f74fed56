"""What a rule's remedy sets, as data: read from rule files, and laid over bodies to see the rule pass.

    remediation:
      patch:
        - {path: properties.publicNetworkAccess, value: Disabled}
        - {path: properties.allowBlobPublicAccess, remove: true}
        - {path: "properties.ipRules[*]", where: {field: "properties.ipRules[*].value", equals: 0.0.0.0}, remove: true}
        - {at: azureADOnlyAuthentications/Default, path: properties.azureADOnlyAuthentication, value: true}

Paths are those of conditions; `[*]` is every element of a list that is there, `where` chooses among them. `at` is a
child by type and name, made where it is missing, or `..` for what holds a child. `type` names the one type that a
change is for, in rules over several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditor.inventory import ids
from auditor.inventory.model import Json, Resource, Unread
from auditor.rules.conditions import CompiledCondition, ConditionErrors, compile_condition
from auditor.rules.conditions.paths import EACH, BadPath, Step, parse_path
from auditor.rules.model import Change, Context
from auditor.rules.yaml_source import Place

KEYS = ("path", "value", "remove", "where", "at", "type")
PARENT = ".."

_Problem = tuple[Place, str, str]


def parse_patch(value: Any, types: Sequence[str]) -> tuple[tuple[Change, ...], list[_Problem]]:
    """The changes of a rule over these types, and what is wrong with them as (place, message, remedy)."""
    if not isinstance(value, list) or not value:
        return (), [((), "patch takes a list of changes", "write - {path: properties.x, value: true}")]
    problems: list[_Problem] = []
    changes = [_change(entry, index, types, problems) for index, entry in enumerate(value)]
    return tuple(change for change in changes if change), problems


def _change(entry: Any, index: int, types: Sequence[str], problems: list[_Problem]) -> Change | None:
    before = len(problems)

    def wrong(message: str, remedy: str = "", *place: str) -> None:
        problems.append(((index, *place), message, remedy))

    if not isinstance(entry, Mapping):
        wrong("a change must be a mapping", f"keys: {', '.join(KEYS)}")
        return None
    for key in entry:
        if key not in KEYS:
            wrong(f"there is no key {key!r} in a change", f"keys: {', '.join(KEYS)}", key)
    steps = _steps(entry.get("path"), wrong)
    if ("value" in entry) == (entry.get("remove") is True):
        wrong("a change sets a value or removes what is there", "give value:, or remove: true")
    at, kind = entry.get("at", ""), entry.get("type", "")
    if not isinstance(at, str) or not (at in ("", PARENT) or (at.count("/") % 2 and all(at.split("/")))):
        wrong(f"{at!r} is no place", "write .. for what holds it, or childType/name for a child", "at")
    if kind and kind not in types:
        wrong(f"{kind!r} is no type of the rule", f"types: {', '.join(types)}", "type")
    where = _where(entry, steps, types, wrong) if "where" in entry else None
    if len(problems) > before:
        return None
    return Change(entry["path"], entry.get("value"), entry.get("remove") is True, where, at, kind)


def _steps(path: Any, wrong: Any) -> tuple[Step, ...]:
    try:
        return parse_path(path) if isinstance(path, str) else parse_path("")
    except BadPath as error:
        wrong(str(error), "write properties.x, or properties.list[*].x", "path")
        return ()


def _where(
    entry: Mapping[str, Any], steps: Sequence[Step], types: Sequence[str], wrong: Any
) -> CompiledCondition | None:
    """Compiled as the condition that some element meets it; see `_chosen`."""
    if list(steps).count(EACH) != 1:
        wrong("where chooses among the elements of one list", "give a path with one [*]", "where")
        return None
    listed = str(entry["path"]).partition("[*]")[0] + "[*]"
    try:
        whole = {"count": {"field": listed, "where": entry["where"]}, "greater": 0}
        return compile_condition(whole, resource_types=types)
    except ConditionErrors as errors:
        for problem in errors.problems:
            wrong(problem.message, problem.remedy, "where")
        return None


def told(change: Change) -> dict[str, Json]:
    """A change as its author wrote it, for people and programs; `some` stands for a choice among elements."""
    what: dict[str, Json] = {"remove": True} if change.remove else {"value": change.value}
    places = {name: text for name, text in (("at", change.at), ("type", change.type)) if text}
    return {**places, "path": change.path, **what, **({"some": True} if change.where else {})}


def words(change: Change) -> str:
    """A change as a line: `properties.publicNetworkAccess = "Disabled"`."""
    path = f"{change.at}: {change.path}" if change.at else change.path
    some = ", of those that fail" if change.where else ""
    return f"{path}{some} is removed" if change.remove else f"{path}{some} = {json.dumps(change.value)}"


def patched(
    changes: Sequence[Change], context: Context, over: Mapping[str, Mapping[str, Json]] | None = None
) -> dict[str, Mapping[str, Json]]:
    """The bodies of the resources that the changes touch, as they would be, by id as written; all others stay.

    `over` are bodies that are changed already: they take the place of what the inventory has, and are given back too.
    What was not read of a body stays unread. Nothing that is handed in is changed.
    """
    found: dict[str, Mapping[str, Json]] = dict(over or {})
    judged = context.resource
    for change in changes:
        if change.type and change.type.lower() != judged.type_key:
            continue
        place, body = _target(change, context, found)
        applies = (
            replace(context, resource=Resource.from_body(body, resource_type=judged.type)) if change.where else None
        )
        after = _laid(body, parse_path(change.path), change, applies)
        if after != body:
            found[place] = after
    return found


def _target(
    change: Change, context: Context, found: Mapping[str, Mapping[str, Json]]
) -> tuple[str, Mapping[str, Json]]:
    """Where a change is made, and the body that is there, or a new one."""
    judged = context.resource
    if not change.at:
        return judged.id, found.get(judged.id, judged.body)
    identifier = ids.parent_of(judged.id) if change.at == PARENT else f"{judged.id}/{change.at}"
    there = context.inventory.get(identifier)
    if there is not None:
        return there.id, found.get(there.id, there.body)
    made = {
        "id": identifier,
        "name": identifier.rpartition("/")[2],
        "type": ids.type_of_id(identifier),
        "properties": {},
    }
    return identifier, found.get(identifier, made)


def _laid(value: Any, steps: Sequence[Step], change: Change, chosen: Context | None) -> Any:
    """The value with a change made below it."""
    if isinstance(value, Unread):
        return value
    if not steps:
        return change.value
    step, rest = steps[0], steps[1:]
    if step is EACH:
        return _each(value, rest, change, chosen) if isinstance(value, list) else value
    if isinstance(step, int):
        return value  # an element by its number is nobody's remedy
    body: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    name = next((known for known in body if isinstance(known, str) and known.lower() == str(step).lower()), str(step))
    if change.remove and not rest:
        return {known: inner for known, inner in body.items() if known != name}
    inner = body.get(name)
    if inner is None and (change.remove or EACH in rest):
        return value
    return {**body, name: _laid(inner, rest, change, chosen)}


def _each(elements: Sequence[Any], rest: Sequence[Step], change: Change, chosen: Context | None) -> list[Any]:
    kept = []
    for element in elements:
        if chosen is not None and not _meets(element, change, chosen):
            kept.append(element)
        elif not (change.remove and not rest):
            kept.append(_laid(element, rest, change, chosen))
    return kept


def _meets(element: Any, change: Change, context: Context) -> bool:
    """Whether an element meets `where`: the condition over a body in which it is the only one."""
    listed = parse_path(change.path.partition("[*]")[0])
    alone = _laid(context.resource.body, listed, Change(change.path, [element]), None)
    assert change.where is not None  # noqa: S101 - the caller has looked
    resource = context.resource.with_body(alone)
    return change.where.evaluate(replace(context, resource=resource)) is True
