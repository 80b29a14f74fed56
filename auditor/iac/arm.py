"""Resource declarations in ARM templates, nested deployments included.

https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax, .../child-resource-name-type and
.../linked-templates#nested-template.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.iac.arm_values import Scope
from auditor.iac.declaration import Declaration
from auditor.iac.layout import Layout, Span, Steps
from auditor.iac.place import Place
from auditor.iac.positions import read
from auditor.iac.values import Values, joined, several

_TEMPLATE, _PARAMETERS = "deploymentTemplate.json", "deploymentParameters.json"
_DEPLOYMENT = "microsoft.resources/deployments"
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class _Inside:
    """Where a resource stands."""

    scope: Scope
    uri: str
    layout: Layout
    kind: str = ""
    """The type of the resource that holds it."""
    names: Values = ()
    """That resource's names."""
    depth: int = 0


def is_template(text: str) -> bool:
    """Whether a JSON text may be a deployment template: a quick look."""
    return _TEMPLATE in text


def parameter_values(text: str) -> dict[str, Values] | None:
    """What a parameter file sets, by lower-cased name; None for any other JSON. Placeholders `${X}` are not known."""
    document = _document(text, _PARAMETERS)
    given = document.get("parameters") if document else None
    if not isinstance(given, Mapping):
        return None
    values = {str(name).lower(): value.get("value") for name, value in given.items() if isinstance(value, Mapping)}
    return {name: (value,) if isinstance(value, str) and "${" not in value else () for name, value in values.items()}


def arm_declarations(text: str, uri: str, given: Sequence[Mapping[str, Values]] = ()) -> Iterator[Declaration]:
    """Resources of a deployment template, children in their parents included; nothing for any other JSON.

    `given` are the parameter files for it.
    """
    template = _document(text, _TEMPLATE)
    layout = read(text) if template else None
    if template and layout:
        inside = _Inside(_scope(template, given), uri, layout)
        yield from _resources(template.get("resources"), ("resources",), inside)


def _document(text: str, mark: str) -> Mapping[str, Any] | None:
    if mark not in text:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and mark in str(document.get("$schema", "")) else None


def _scope(template: Mapping[str, Any], given: Sequence[Mapping[str, Values]]) -> Scope:
    parameters: dict[str, Values] = {}
    for name, value in _members(template, "parameters"):
        default = value.get("defaultValue") if isinstance(value, Mapping) else None
        set_by = [one[name] for one in given if name in one]
        parameters[name] = several(set_by) if set_by else Scope(parameters).values_of(default)
    return Scope(parameters, dict(_members(template, "variables")))


def _members(template: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
    found = template.get(section)
    for name, value in found.items() if isinstance(found, Mapping) else ():
        yield str(name).lower(), value


def _resources(resources: Any, steps: Steps, inside: _Inside) -> Iterator[Declaration]:
    if inside.depth > _DEEPEST:
        return
    if isinstance(resources, Mapping):  # languageVersion 2.0: by symbolic name
        items: list[tuple[str | int, Any]] = list(resources.items())
    else:
        items = list(enumerate(resources)) if isinstance(resources, list) else []
    for step, resource in items:
        if isinstance(resource, Mapping) and isinstance(resource.get("type"), str):
            yield from _resource(resource, (*steps, step), inside)


def _resource(resource: Mapping[str, Any], here: Steps, inside: _Inside) -> Iterator[Declaration]:
    kind, names = _identity(resource, inside)
    if kind == _DEPLOYMENT:
        yield from _nested(resource, here, inside)
        return
    span = inside.layout.spans.get((*here, "type")) or inside.layout.spans[here]
    if "copy" not in resource and not resource.get("existing"):
        properties = dict(_property_places(here, inside))
        known = [name.lower() for name in names if name.count("/") == kind.count("/") - 1]
        for name in known or [""]:
            service, trace = _tag(resource, "azd-service-name"), _tag(resource, "yor_trace")
            yield Declaration(kind, name, _place(span, inside.uri), service, trace, properties)
    below = _Inside(inside.scope, inside.uri, inside.layout, kind, names, inside.depth + 1)
    yield from _resources(resource.get("resources"), (*here, "resources"), below)


def _nested(resource: Mapping[str, Any], here: Steps, inside: _Inside) -> Iterator[Declaration]:
    """Resources of a nested deployment; its expressions look at the outer template unless it says otherwise."""
    properties = resource.get("properties")
    template = properties.get("template") if isinstance(properties, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(template, Mapping) or "copy" in resource:
        return
    options = properties.get("expressionEvaluationOptions")
    is_inner = isinstance(options, Mapping) and str(options.get("scope", "")).lower() == "inner"
    arguments = {
        name: inside.scope.values_of(value.get("value") if isinstance(value, Mapping) else None)
        for name, value in _members(properties, "parameters")
    }
    scope = _scope(template, [arguments]) if is_inner else inside.scope
    below = _Inside(scope, inside.uri, inside.layout, depth=inside.depth + 1)
    yield from _resources(template.get("resources"), (*here, "properties", "template", "resources"), below)


def _identity(resource: Mapping[str, Any], inside: _Inside) -> tuple[str, Values]:
    """Full type and names, the parent's before those of a child inside it; no name where it is computed."""
    own_kind = resource["type"].lower()
    own = inside.scope.values_of(resource.get("name"))
    if not inside.kind or own_kind.startswith(inside.kind + "/"):
        return own_kind, own
    return f"{inside.kind}/{own_kind}", joined([inside.names, ("/",), own])


def _property_places(here: Steps, inside: _Inside) -> Iterator[tuple[str, Place]]:
    for steps, span in inside.layout.spans.items():
        own = steps[len(here) :]
        if own and steps[: len(here)] == here and own[0] != "resources" and all(isinstance(one, str) for one in own):
            yield ".".join(map(str, own)).lower(), _place(span, inside.uri)


def _place(span: Span, uri: str) -> Place:
    return Place(uri, span.line, span.start, span.line, span.end)


def _tag(resource: Mapping[str, Any], name: str) -> str:
    tags = resource.get("tags")
    value = tags.get(name) if isinstance(tags, Mapping) else None
    return value if isinstance(value, str) and not value.startswith("[") else ""
