"""Resource declarations in ARM templates.

https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax and .../child-resource-name-type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.report.model import Place
from auditor.report.positions import Layout, Steps, read
from auditor.report.sources.declaration import Declaration

_LOOKUP = re.compile(r"\[\s*(parameters|variables)\(\s*'([^']+)'\s*\)\s*\]", re.I)


def arm_declarations(text: str, uri: str) -> Iterator[Declaration]:
    """Resources of a deployment template, children in their parents included; nothing for any other JSON."""
    if "deploymentTemplate.json" not in text:
        return
    layout = read(text)
    if layout is None:
        return
    template = json.loads(text)
    if isinstance(template, dict) and "deploymentTemplate.json" in str(template.get("$schema", "")):
        yield from _resources(template, template.get("resources"), ("resources",), layout, uri, "", "")


def _resources(
    template: Mapping[str, Any], resources: Any, steps: Steps, layout: Layout, uri: str, kind: str, name: str
) -> Iterator[Declaration]:
    if isinstance(resources, Mapping):  # languageVersion 2.0: by symbolic name
        items: list[tuple[str | int, Any]] = list(resources.items())
    else:
        items = list(enumerate(resources)) if isinstance(resources, list) else []
    for step, resource in items:
        if not isinstance(resource, Mapping) or not isinstance(resource.get("type"), str):
            continue
        here = (*steps, step)
        full_kind, full_name = _identity(template, resource, kind, name)
        span = layout.spans.get((*here, "type")) or layout.spans[here]
        place = Place(uri, span.line, span.start, span.line, span.end)
        if "copy" not in resource and not resource.get("existing"):
            known = full_name if full_name.count("/") == full_kind.count("/") - 1 else ""
            yield Declaration(full_kind, known, place, _service(resource))
        yield from _resources(
            template, resource.get("resources"), (*here, "resources"), layout, uri, full_kind, full_name
        )


def _identity(template: Mapping[str, Any], resource: Mapping[str, Any], kind: str, name: str) -> tuple[str, str]:
    """Full type and name, the parent's before those of a child inside it; the name "" where it is computed."""
    own_kind = resource["type"].lower()
    own_name = _literal(template, resource.get("name"))
    if not kind or own_kind.startswith(kind + "/"):
        return own_kind, own_name
    return f"{kind}/{own_kind}", f"{name}/{own_name}" if name and own_name else ""


def _literal(template: Mapping[str, Any], name: Any) -> str:
    if not isinstance(name, str):
        return ""
    if not name.startswith("["):
        return name.lower()
    found = _LOOKUP.fullmatch(name)
    section = template.get(found[1].lower()) if found else None
    value = section.get(found[2]) if found and isinstance(section, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("defaultValue")
    return value.lower() if isinstance(value, str) and not value.startswith("[") else ""


def _service(resource: Mapping[str, Any]) -> str:
    tags = resource.get("tags")
    service = tags.get("azd-service-name") if isinstance(tags, Mapping) else None
    return service if isinstance(service, str) and not service.startswith("[") else ""
