"""What a Terraform plan says that will be: `terraform show -json PLAN`.

Resources of the `azapi` provider are ARM bodies; those of `azurerm` become bodies by a table. What the table does not
have is not known, unless the table says that it has all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.expressions.shapes import text_of
from auditor.iac.change import Change, Effect
from auditor.iac.deployed import NOWHERE, Target, with_ids
from auditor.iac.foretold import Foretold
from auditor.iac.provider_apps import APPS
from auditor.iac.provider_compute import COMPUTE
from auditor.iac.provider_data import DATA
from auditor.iac.provider_databases import DATABASES
from auditor.iac.provider_management import MANAGEMENT
from auditor.iac.provider_network import NETWORK
from auditor.iac.provider_patches import PATCHES
from auditor.iac.provider_services import SERVICES
from auditor.iac.provider_types import provider_type
from auditor.iac.provider_ways import Patch, Provided, Reading, at, identity, made
from auditor.iac.settle import Redact, gap_of, settle
from auditor.iac.terraform_references import References
from auditor.iac.terraform_values import Planned, resources_of
from auditor.inventory import ids

PROVIDED: Mapping[str, Provided] = {
    **NETWORK,
    **COMPUTE,
    **DATA,
    **DATABASES,
    **APPS,
    **SERVICES,
    **MANAGEMENT,
}
"""What a resource type of the `azurerm` provider becomes."""
_GROUP = "azurerm_resource_group"
_NOTHING = frozenset({"read", "no-op"})
_NO_PROPERTIES = frozenset({"id", "name", "location", "tags", "identity", "timeouts", "resource_group_name"})
"""Arguments that say nothing of a body's properties."""


def is_plan(document: Any) -> bool:
    """Whether a JSON document is a Terraform plan."""
    return isinstance(document, Mapping) and "format_version" in document and "resource_changes" in document


@dataclass(slots=True)
class _Plan:
    resources: list[Planned]
    references: References
    subscription: str
    source: str
    redact: Redact
    known: dict[int, str] = field(default_factory=dict)

    def id_of(self, one: Planned) -> str:
        """The id that a resource has or will have, "" where it is no resource of Azure that we know."""
        if id(one) not in self.known:
            self.known[id(one)] = ""  # what refers to itself comes back here
            self.known[id(one)] = self._found_id(one)
        return self.known[id(one)]

    def _found_id(self, one: Planned) -> str:
        for values in (one.before, one.values):
            own = values.get("id")
            if isinstance(own, str) and own.startswith("/"):
                return own
        provided = PROVIDED.get(one.type)
        own_name = provided.name if provided else "name"
        name = own_name.removeprefix("=") if own_name.startswith("=") else text_of(self._name(one, own_name))
        if one.type.startswith("azapi_"):
            kind = str(one.values.get("type") or "").partition("@")[0]
            return _below(text_of(self.value(one, "parent_id")), kind, name) if "/" in kind else ""
        if one.type == _GROUP:
            return f"/subscriptions/{self.subscription}/resourceGroups/{name}"
        return self._provided_id(one, provided, name) if provided else ""

    @staticmethod
    def _name(one: Planned, attribute: str) -> Any:
        found = one.values.get(attribute)
        return Unknown("", text="{" + one.address + "}") if found is None else found

    def _provided_id(self, one: Planned, provided: Provided, name: str) -> str:
        parent = self.value(one, provided.parent) if provided.parent else None
        if parent is not None:
            return _below(text_of(parent), provided.type, name)
        if provided.parent and not provided.within:
            return ""  # an older version of the provider, which names the parent in another way
        group = text_of(one.values.get("resource_group_name") or Unknown("", text="{resource group}"))
        base = f"/subscriptions/{self.subscription}/resourceGroups/{group}"
        namespace, *types = provided.type.split("/")
        names = [text_of(one.values.get(attribute)) for attribute in provided.within] + [name]
        pairs = [part for pair in zip(types, names, strict=False) for part in pair]
        return "/".join([base, "providers", namespace, *pairs])

    def value(self, one: Planned, name: str) -> Any:
        """An argument; the id of what it refers to where that is still to be made."""
        return self.filled(one, (name,), one.values.get(name))

    def filled(self, one: Planned, path: tuple[str | int, ...], value: Any) -> Any:
        """A value with the ids of other resources of the plan in place of what only applying shows."""
        if isinstance(value, Unknown):
            meant = [found for other in self.references.of(one, path) if (found := self.id_of(other))]
            last = next((step for step in reversed(path) if isinstance(step, str)), "")
            if last.endswith("_ids") or (path and isinstance(path[-1], int)):
                place = path[-1] if isinstance(path[-1], int) else None
                if place is None and meant:
                    return meant
                return meant[place] if place is not None and place < len(meant) else value
            return meant[0] if len(meant) == 1 else value
        if isinstance(value, Mapping):
            return {name: self.filled(one, (*path, name), inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(one, (*path, index), inner) for index, inner in enumerate(value)]
        return value


def _below(parent: str, kind: str, name: str) -> str:
    """The id of a child, of an extension, or of what a group or subscription holds."""
    parent = parent.rstrip("/")
    above = ids.type_of_id(parent).lower() if "/providers/" in parent else ""
    steps = kind.lower().removeprefix(above + "/") if above and kind.lower().startswith(above + "/") else ""
    if steps and "/" not in steps:
        return f"{parent}/{kind[len(above) + 1 :]}/{name}"
    if steps:  # `blobServices/default/containers`: the one in between is always called so
        first, second = kind[len(above) + 1 :].split("/")[:2]
        return f"{parent}/{first}/default/{second}/{name}"
    return f"{parent}/providers/{kind}/{name}"


def planned_changes(
    document: Mapping[str, Any],
    source: str,
    target: Target,
    redact: Redact,
    notices: list[str],
    dynamic: Collection[str] = (),
) -> Iterator[Change]:
    """The resources of a plan as bodies, and what it deletes. `dynamic` are the dynamic blocks of its configuration."""
    resources = resources_of(document, dynamic)
    plan = _Plan(resources, References(document, resources), _subscription(resources, target), source, redact)
    later: list[Change] = []
    unknown: set[str] = set()
    for one in resources:
        if one.type in PATCHES:
            later += _patches(plan, one, PATCHES[one.type])
        elif one.type in PROVIDED or one.type.startswith("azapi_"):
            identifier = plan.id_of(one)
            changes = _changes(plan, one, identifier) if identifier else _unmapped(one, source)
            yield from (replace(change, address=one.address) for change in changes)
            unknown |= set() if identifier else {one.type}
        elif one.type.startswith("azurerm_"):
            yield from _unmapped(one, source)
            unknown |= {one.type} if set(one.actions) > _NOTHING or one.actions == ("create",) else set()
    yield from later
    if unknown:
        notices.append(f"{source} holds resources that are not judged: {', '.join(sorted(unknown))}")


def _unmapped(one: Planned, source: str) -> Iterator[Change]:
    """What is known of a resource that the table does not have: whether it is there, and of which type it is."""
    there = one.before.get("id")
    identifier = there if isinstance(there, str) and ids.type_of_id(there) else ""
    if one.actions == ("delete",):
        yield from [Change(identifier, Effect.DELETE)] if identifier else []
    elif not set(one.actions) <= _NOTHING:
        kind = provider_type(one.type)
        gap = gap_of(Unknown(f"{one.address} is of a type that is not judged"), identifier or "/", kind, source)
        if identifier:
            yield Change(identifier, Effect.PUT, {"id": identifier}, unread={"properties": gap})
        elif kind:
            yield Change("", Effect.UNREAD, partial=gap)


def _subscription(resources: list[Planned], target: Target) -> str:
    """The one that the user names, or the one of what is there already."""
    if target.subscription != NOWHERE:
        return target.subscription
    found = {ids.subscription_of(str(one.before.get("id") or "")) for one in resources} - {""}
    return found.pop() if len(found) == 1 else NOWHERE


def _changes(plan: _Plan, one: Planned, identifier: str) -> Iterator[Change]:
    if one.actions == ("delete",):
        yield Change(identifier, Effect.DELETE)
        return
    values = plan.filled(one, (), one.values)
    effect = Effect.KEEP if set(one.actions) <= _NOTHING else Effect.PUT
    if one.type.startswith("azapi_"):
        patch = one.type == "azapi_update_resource"
        body = _azapi(values)
        yield _change(plan, identifier, ids.type_of_id(identifier), body, Effect.PATCH if patch else effect, whole=True)
        return
    if one.type == _GROUP:
        body = {"name": values.get("name"), "location": values.get("location"), "tags": values.get("tags")}
        yield _change(plan, identifier, "Microsoft.Resources/resourceGroups", body, effect, whole=True)
        return
    yield from _provided(plan, one, values, identifier, effect)


def _azapi(values: Mapping[str, Any]) -> dict[str, Any]:
    body = values.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            body = Unknown("its body cannot be read")
    found: dict[str, Any] = dict(body) if isinstance(body, Mapping) else {"properties": body} if body else {}
    for name in ("location", "tags"):
        if values.get(name) is not None:
            found.setdefault(name, values[name])
    if (own := identity(values)) is not None:
        found.setdefault("identity", own)
    return found


def _provided(
    plan: _Plan, one: Planned, values: Mapping[str, Any], identifier: str, effect: Effect
) -> Iterator[Change]:
    provided = PROVIDED[one.type]
    read = Reading(values)
    # What the table lacks of a resource that is there already stays as it is, where the plan does not change it.
    is_update = one.actions == ("update",)
    body = made(provided.ways, read, with_nulls=is_update or not provided.is_whole)
    for name in ("location", "tags"):
        if values.get(name) is not None:
            body[name] = values[name]
    if "identity" in values and (own := identity(values)) is not None:
        body["identity"] = own
    below = list(_children(provided, read, identifier))
    known = "identity" in values
    keeps = frozenset(head for path in provided.never if (head := _head(path)))
    patch = None
    if is_update and _changed(one) <= read.names | _NO_PROPERTIES:
        patch = _change(plan, identifier, provided.type, body, Effect.PATCH, whole=True)
    if not provided.is_whole:
        for path in provided.never:
            _set_absent(body, path)
    told = _change(plan, identifier, provided.type, body, effect, whole=provided.is_whole, known=known)
    told = replace(told, keeps=keeps)
    yield replace(patch, otherwise=told) if patch else told
    for child, kind, made_child, is_whole in below:
        yield _change(plan, child, kind, made_child, effect, whole=is_whole)


def _children(provided: Provided, values: Mapping[str, Any], identifier: str) -> Iterator[tuple[str, str, Any, bool]]:
    """Id, type, body and wholeness of what the same block makes besides."""
    for child in provided.children:
        body = made(child.ways, values)
        name = child.name.removeprefix("=") if child.name.startswith("=") else at(values, child.name)
        if body and isinstance(name, str):
            yield f"{identifier}/{child.type.rpartition('/')[2]}/{name}", child.type, body, child.is_whole


def _changed(one: Planned) -> set[str]:
    """Arguments that an update sets anew."""
    return {name for name, value in one.values.items() if value != one.before.get(name)}


def _head(path: str) -> str:
    """The property that a path begins with, lower-cased."""
    around, _, rest = path.partition(".")
    return rest.partition(".")[0].partition("[")[0].lower() if around == "properties" else ""


def _set_absent(body: dict[str, Any], path: str) -> None:
    """Put null where only the service writes: nothing is there before it does."""
    place: Any = body
    body.setdefault("properties", {})
    for step in path.partition("[")[0].split("."):
        if step not in place:
            place[step] = None
        place = place[step]
        if not isinstance(place, dict):
            return


def _change(
    plan: _Plan,
    identifier: str,
    kind: str,
    body: Mapping[str, Any],
    effect: Effect,
    *,
    whole: bool,
    known: bool = False,
) -> Change:
    """`whole`: what the body does not have is not set; `known`: whether an identity that it lacks is not set."""
    settled = settle(identifier, kind, body, plan.source)
    settled.body = {
        "id": identifier,
        "name": identifier.rpartition("/")[2],
        "type": kind,
        "properties": {},
        **settled.body,
    }
    with_ids(identifier, kind, settled.body)
    found = dict(settled.redacted(kind, plan.redact))
    partial = settled.partial
    if not whole:
        why = "the plan's table does not have it"
        gap = gap_of(Unknown(why), identifier, kind, plan.source)
        partial = partial or gap
        found["properties"] = _open(found["properties"], gap)
        absent = {"identity": None} if known else {}
        found = Foretold({**absent, "location": None, "tags": None, **found}, gap)
    return Change(identifier, effect, found, partial=partial)


def _open(value: Any, gap: Any) -> Any:
    """An object of which only what is there is known, and so of those in it."""
    if isinstance(value, dict):
        return Foretold({name: _open(inner, gap) for name, inner in value.items()}, gap)
    return value


def _patches(plan: _Plan, one: Planned, patch: Patch) -> Iterator[Change]:
    is_gone = one.actions == ("delete",)
    values = plan.filled(one, (), one.before if is_gone else one.values)
    target = values.get(patch.target)
    if isinstance(target, str) and target.startswith("/"):
        body = made(patch.ways, {} if is_gone else values, with_nulls=is_gone, always=is_gone)
        change = _change(plan, target, ids.type_of_id(target), body, Effect.PATCH, whole=True)
        yield replace(change, adds=patch.adds and not is_gone)
