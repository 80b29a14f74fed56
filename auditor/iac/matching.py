"""From resources to declarations. Where anything is open, there is no match."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from auditor.iac.declaration import Declaration
from auditor.inventory.model import Resource


def matched(
    declarations: Iterable[Declaration], known: Mapping[str, Declaration], resources: list[Resource]
) -> dict[str, Declaration]:
    """Declarations by the lower-cased id of the resource that each declares; `known` are those that a state knows."""
    claims = list(declarations)
    by_name = _unique(claims, lambda declaration: declaration.name)
    by_trace = _unique(claims, lambda declaration: declaration.trace.lower())
    by_service = _unique(claims, lambda declaration: declaration.service.lower())
    environments = {resource.key: _tag(resource, "azd-env-name") for resource in resources}
    names = Counter((resource.type_key, full_name(resource)) for resource in resources)
    traces = Counter((resource.type_key, _tag(resource, "yor_trace")) for resource in resources)
    services = Counter(_service(resource, environments) for resource in resources)
    found: dict[str, Declaration] = {}
    for resource in resources:
        named = (resource.type_key, full_name(resource))
        traced = (resource.type_key, _tag(resource, "yor_trace"))
        served = _service(resource, environments)
        declaration = known.get(resource.key)
        if declaration is None and names[named] == 1:
            declaration = by_name.get(named)
        if declaration is None and traces[traced] == 1:
            declaration = by_trace.get(traced)
        if declaration is None and services[served] == 1:
            declaration = by_service.get(served[:2])
        if declaration:
            found[resource.key] = declaration
    left = [resource for resource in resources if resource.key not in found]
    return found | _by_shape([claim for claim in claims if claim.pattern], left)


def _by_shape(claims: list[Declaration], resources: list[Resource]) -> dict[str, Declaration]:
    """Matches by names of which a hash is not known, where one resource and one place fit each other alone."""
    patterns: dict[str, dict[str, list[Declaration]]] = {}
    for claim in claims:
        patterns.setdefault(claim.type_key, {}).setdefault(claim.pattern, []).append(claim)
    fitting: dict[str, list[Declaration]] = {}
    for resource in resources:
        for pattern, same in patterns.get(resource.type_key, {}).items():
            if re.fullmatch(pattern, full_name(resource)):
                fitting.setdefault(resource.key, []).extend(same)
    single = {key: same[0] for key, same in fitting.items() if len({one.place for one in same}) == 1}
    # A place that fits several resources, or one that also fits another place, decides nothing.
    uses = Counter(place for same in fitting.values() for place in {one.place for one in same})
    return {key: one for key, one in single.items() if uses[one.place] == 1}


def _unique(
    declarations: Iterable[Declaration], name_of: Callable[[Declaration], str]
) -> dict[tuple[str, str], Declaration]:
    """Declarations by type and what `name_of` gives, without those that two places claim."""
    found: dict[tuple[str, str], list[Declaration]] = {}
    for declaration in declarations:
        if name := name_of(declaration):
            found.setdefault((declaration.type_key, name), []).append(declaration)
    return {key: same[0] for key, same in found.items() if len({one.place for one in same}) == 1}


def full_name(resource: Resource) -> str:
    """The name as templates write it, lower-cased: `account/default` for a child; "" for what is no ARM resource."""
    _, providers, tail = resource.key.rpartition("/providers/")
    return "/".join(tail.split("/")[2::2]) if providers else ""


def _service(resource: Resource, environments: Mapping[str, str]) -> tuple[str, str, str]:
    """Type, service and environment, what `azd` tells a resource by; a resource group may have the environment."""
    group = resource.key.partition("/providers/")[0]
    environment = environments[resource.key] or environments.get(group, "")
    return (resource.type_key, _tag(resource, "azd-service-name"), environment)


def _tag(resource: Resource, name: str) -> str:
    """A tag's value in lower case; "" where there is none."""
    tags = resource.body.get("tags")
    values = {str(key).lower(): value for key, value in tags.items()} if isinstance(tags, Mapping) else {}
    value = values.get(name)
    return value.lower() if isinstance(value, str) else ""
