"""Resources of ARM templates: loops, conditions, children and nested deployments taken apart.

https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax, .../child-resource-name-type,
.../copy-resources and .../linked-templates.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from auditor.expressions.evaluate import apply, get, truth
from auditor.expressions.partial import Open, Unknown
from auditor.expressions.shapes import text_of
from auditor.iac.layout import Layout, Span, Steps
from auditor.iac.positions import read
from auditor.iac.template_scope import MOST_COPIES, TemplateScope, members

TEMPLATE, PARAMETERS = "deploymenttemplate.json", "deploymentparameters.json"
"""Ends of the schemas' names, for every scope, lower-cased."""
DEPLOYMENT = "microsoft.resources/deployments"
_DEEPEST = 10


@dataclass(eq=False)
class TemplateFile:
    """A file with a template, or with parameters."""

    path: str
    """Relative to the root, with forward slashes."""
    uri: str
    text: str
    is_generated: bool = False
    """Whether the text was compiled just now from the file at `path`, so that its lines are not the file's."""

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The template; empty where the text is no template."""
        return document_of(self.text, TEMPLATE) or {}

    @cached_property
    def layout(self) -> Layout:
        """Where its parts stand."""
        return read(self.text) or Layout(self.text, {})

    @cached_property
    def parts(self) -> Mapping[Steps, list[tuple[Steps, Span]]]:
        """Steps and spans of what is in each resource."""
        found: dict[Steps, list[tuple[Steps, Span]]] = {}
        for steps, span in self.layout.spans.items():
            for place in range(1, len(steps)):
                if steps[place - 1] == "resources":
                    found.setdefault(steps[: place + 1], []).append((steps, span))
        return found


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource that a template deploys."""

    raw: Mapping[str, Any]
    """As the template has it."""
    kind: str
    """The full type, lower-cased."""
    type: str
    """The full type as written."""
    name: Any
    """The full name, as far as it is known."""
    scope: TemplateScope
    file: TemplateFile
    steps: Steps
    """Where it stands in the file."""
    is_one: bool
    """False where a loop makes several that cannot be told apart."""
    calls: tuple[tuple[TemplateFile, Steps], ...]
    """The deployments around it, the outermost first."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """Where a resource stands."""

    scope: TemplateScope
    file: TemplateFile
    open: Callable[[str], TemplateFile | None]
    """A linked template by its path relative to the root."""
    type: str = ""
    """The full type of the resource around it."""
    name: Any = ""
    is_one: bool = True
    calls: tuple[tuple[TemplateFile, Steps], ...] = ()
    depth: int = 0


def document_of(text: str, mark: str) -> Mapping[str, Any] | None:
    """A JSON document whose schema has a name; None for anything else."""
    if mark not in text.lower():
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and mark in str(document.get("$schema", "")).lower() else None


def parameter_values(text: str) -> dict[str, Any] | None:
    """What a parameter file sets, by lower-cased name; None for any other JSON.

    Placeholders `${X}`, which `azd` fills in, and references to a key vault are not known.
    """
    document = document_of(text, PARAMETERS)
    given = document.get("parameters") if document else None
    if not isinstance(given, Mapping):
        return None
    return {str(name).lower(): _given(str(name), value) for name, value in given.items() if isinstance(value, Mapping)}


def _given(name: str, given: Mapping[str, Any]) -> Any:
    value = given.get("value")
    if "value" not in given:
        return Unknown(f"the parameter {name} comes from a key vault", (name,), "{" + name + "}")
    if isinstance(value, str) and "${" in value:
        return Unknown(f"the parameter {name} comes from the environment", (name,), "{" + name + "}")
    return value


def declared(
    file: TemplateFile, scope: TemplateScope, open_file: Callable[[str], TemplateFile | None]
) -> Iterator[Declared]:
    """Every resource that the template deploys, parents before their children."""
    inside = _Inside(scope, file, open_file)
    scope.outputs_of = _Outputs(file.document.get("resources"), inside).of
    yield from _resources(file.document.get("resources"), ("resources",), inside)


def _resources(resources: Any, steps: Steps, inside: _Inside) -> Iterator[Declared]:
    if inside.depth > _DEEPEST:
        return
    for step, resource in _items(resources):
        if isinstance(resource, Mapping) and isinstance(resource.get("type"), str):
            for one in _copies(resource, inside):
                if truth(one.scope.value(resource.get("condition", True))) is not False:
                    yield from _resource(resource, (*steps, step), one)


def _items(resources: Any) -> list[tuple[str | int, Any]]:
    """Resources by place, or by symbolic name in languageVersion 2.0."""
    if isinstance(resources, Mapping):
        return list(resources.items())
    return list(enumerate(resources)) if isinstance(resources, list) else []


def _copies(resource: Mapping[str, Any], inside: _Inside) -> Iterator[_Inside]:
    copy = resource.get("copy")
    if not isinstance(copy, Mapping):
        yield inside
        return
    name, count = str(copy.get("name", "")), inside.scope.value(copy.get("count"))
    if isinstance(count, int):
        for index in range(min(count, MOST_COPIES)):
            yield replace(inside, scope=inside.scope.in_loop(name, index))
    else:
        why = count if isinstance(count, Unknown) else Unknown("a loop's count is not known")
        yield replace(inside, scope=inside.scope.in_loop(name, why), is_one=False)


def _resource(resource: Mapping[str, Any], here: Steps, inside: _Inside) -> Iterator[Declared]:
    own_type, own_name = resource["type"], inside.scope.value(resource.get("name"))
    if own_type.lower() == DEPLOYMENT and not inside.type:
        yield from _nested(resource, here, inside)
        return
    is_child = bool(inside.type) and not own_type.lower().startswith(inside.type.lower() + "/")
    full_type = f"{inside.type}/{own_type}" if is_child else own_type
    name = apply("concat", [inside.name, "/", own_name]) if is_child else own_name
    if not resource.get("existing"):
        yield Declared(
            resource, full_type.lower(), full_type, name, inside.scope, inside.file, here, inside.is_one, inside.calls
        )
    below = replace(inside, type=full_type, name=name, depth=inside.depth + 1)
    yield from _resources(resource.get("resources"), (*here, "resources"), below)


def _nested(resource: Mapping[str, Any], here: Steps, inside: _Inside) -> Iterator[Declared]:
    """Resources of a nested or linked deployment."""
    if opened := _opened(resource, here, inside):
        template, steps, below = opened
        yield from _resources(template.get("resources"), steps, below)


def _opened(
    resource: Mapping[str, Any], here: Steps, inside: _Inside
) -> tuple[Mapping[str, Any], Steps, _Inside] | None:
    """The template of a nested or linked deployment, and where its resources stand.

    A nested one's expressions look at the outer template by default.
    """
    properties = resource.get("properties")
    if not isinstance(properties, Mapping):
        return None
    arguments = {
        name: inside.scope.value(value.get("value"))
        if isinstance(value, Mapping) and "value" in value
        else Unknown(f"the parameter {name} is only known at deployment", (name,))
        for name, value in members(properties, "parameters")
    }
    ambient = _ambient(resource, inside.scope)
    calls = (*inside.calls, (inside.file, here))
    below = replace(inside, type="", name="", calls=calls, depth=inside.depth + 1)
    template = properties.get("template")
    if isinstance(template, Mapping):
        options = properties.get("expressionEvaluationOptions")
        is_inner = isinstance(options, Mapping) and str(options.get("scope", "")).lower() == "inner"
        scope = (
            type(inside.scope)(arguments, template, ambient)
            if is_inner
            else replace(inside.scope, ambient=ambient, _known={})
        )
        own = replace(below, scope=scope)
        if is_inner:
            scope.outputs_of = _Outputs(template.get("resources"), own).of
        return template, (*here, "properties", "template", "resources"), own
    if linked := _linked(properties, inside):
        scope = type(inside.scope)(arguments, linked.document, ambient)
        own = replace(below, scope=scope, file=linked)
        scope.outputs_of = _Outputs(linked.document.get("resources"), own).of
        return linked.document, ("resources",), own
    return None


class _Outputs:
    """What `reference()` of the deployments in one template gives: their outputs, worked out where they are declared.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates#get-values-from-linked-template
    """

    def __init__(self, resources: Any, inside: _Inside) -> None:
        self._resources, self._inside = resources, inside
        self._instances: dict[str, list[tuple[Mapping[str, Any], _Inside]]] | None = None
        self._known: dict[int, Any] = {}

    def of(self, wanted: str) -> Any:
        """By a deployment's name, id or symbolic name; None where it is none, or not certain which."""
        name = wanted.lower()
        if name.startswith("/"):
            kind, _, name = name.rpartition("/")
            if not kind.endswith(f"/{DEPLOYMENT}"):
                return None
        if self._instances is None:
            self._instances = {}
            for names, resource, inside in self._deployments():
                for own in names:
                    self._instances.setdefault(own.lower(), []).append((resource, inside))
        found = self._instances.get(name, [])
        if len(found) != 1 or self._inside.depth > _DEEPEST:
            return None
        resource, inside = found[0]
        if id(inside) not in self._known:
            self._known[id(inside)] = Unknown(f"the outputs of {name} depend on themselves")
            self._known[id(inside)] = self._outputs(resource, inside)
        return self._known[id(inside)]

    def _deployments(self) -> Iterator[tuple[set[str], Mapping[str, Any], _Inside]]:
        for step, resource in _items(self._resources):
            if isinstance(resource, Mapping) and str(resource.get("type")).lower() == DEPLOYMENT:
                for one in _copies(resource, self._inside):
                    names = {text_of(one.scope.value(resource.get("name")))}
                    if isinstance(step, str):
                        index = one.scope.loops.get("")
                        names.add(f"{step}[{index}]" if "copy" in resource else step)
                    yield names, resource, replace(one)

    def _outputs(self, resource: Mapping[str, Any], inside: _Inside) -> Any:
        opened = _opened(resource, (), inside)
        if opened is None:
            return None
        template, _, below = opened
        found: dict[str, Any] = {}
        for name, output in (template.get("outputs") or {}).items():
            if isinstance(output, Mapping):
                found[str(name)] = {"type": output.get("type"), "value": _output(output, str(name), below.scope)}
        made = Open(Unknown("it is only known at deployment"))
        made["outputs"] = found
        return made


def _output(output: Mapping[str, Any], name: str, scope: TemplateScope) -> Any:
    if str(output.get("type", "")).lower().startswith("secure"):
        return Unknown(f"the output {name} is a secret", is_secret=True)
    copy = output.get("copy")
    return scope.copied(copy, name) if isinstance(copy, Mapping) else scope.value(output.get("value"))


def _linked(properties: Mapping[str, Any], inside: _Inside) -> TemplateFile | None:
    link = properties.get("templateLink")
    relative = inside.scope.value(link.get("relativePath")) if isinstance(link, Mapping) else None
    if not isinstance(relative, str):
        return None
    return inside.open(posixpath.normpath(posixpath.join(posixpath.dirname(inside.file.path), relative)))


def _ambient(resource: Mapping[str, Any], scope: TemplateScope) -> Mapping[str, Any]:
    """Where a nested deployment goes, which is elsewhere where it says so."""
    if "resourceGroup" not in resource and "subscriptionId" not in resource:
        return scope.ambient
    return elsewhere(
        scope.ambient, scope.value(resource.get("subscriptionId")), scope.value(resource.get("resourceGroup"))
    )


def elsewhere(ambient: Mapping[str, Any], subscription: Any, group: Any) -> Mapping[str, Any]:
    """What is known of the deployment's surroundings in another subscription or group."""
    own = get(ambient.get("subscription", Unknown("the subscription is not known")), "subscriptionId")
    identifier = own if subscription is None else subscription
    why = Unknown("it is only known at deployment")
    there, around = Open(why), Open(why)
    there["subscriptionId"] = identifier
    there["id"] = apply("concat", ["/subscriptions/", identifier])
    found: dict[str, Any] = {"subscription": there}
    if group is not None:
        around["name"] = group
        around["id"] = apply("concat", ["/subscriptions/", identifier, "/resourceGroups/", group])
        found["resourcegroup"] = around
    return {**{name: value for name, value in ambient.items() if name == "tenant"}, **found}
