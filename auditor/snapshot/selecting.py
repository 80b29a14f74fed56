"""A part of a source, by the names that people use for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from auditor.errors import UsageError
from auditor.inventory import ids
from auditor.inventory.selection import Selection, tags_of
from auditor.snapshot.source import Source

_SHOWN = 8


def selection_of(
    source: Source,
    subscriptions: Sequence[str],
    management_group: str | None,
    resource_groups: Sequence[str],
    tags: Sequence[str],
) -> Selection | None:
    """What the names stand for; None where there are none. Raises UsageError for one that the source does not have."""
    chosen = {_subscription(source, name) for name in subscriptions}
    if management_group:
        below = _below(source, management_group)
        chosen = chosen & below if chosen else below
        if not chosen:
            raise UsageError(
                f"none of the subscriptions lies below {management_group}",
                subject="--management-group",
                remedy="Leave out --subscription or --management-group.",
            )
    groups = {_group(source, name) for name in resource_groups}
    if not (chosen or groups or tags):
        return None
    selection = Selection(frozenset(chosen), frozenset(groups), tuple(map(_tag, tags)))
    if tags and not any(selection.holds(resource, source.inventory) for resource in source.inventory):
        raise _no_such_tag(source, selection, tags)
    return selection


def _no_such_tag(source: Source, selection: Selection, asked: Sequence[str]) -> UsageError:
    """The error for tags that nothing has: a gate over nothing would hold."""
    known: dict[str, set[str]] = {}
    for resource in source.inventory:
        for name, value in tags_of(resource, source.inventory).items():
            known.setdefault(name, set()).add(value)
    name, _ = next((one for one in selection.tags if one[0].lower() not in known), selection.tags[0])
    values = known.get(name.lower())
    said = f"{name} has the values {_few(values)}" if values else f"tags are {_few(known)}"
    return UsageError(f"nothing that is chosen has {' and '.join(asked)}", subject="--tag", remedy=f"In it {said}.")


def _few(names: Iterable[str]) -> str:
    found = sorted(names, key=str.lower)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}" if found else "nowhere"


def _subscription(source: Source, name: str) -> str:
    names = _subscriptions(source)
    wanted = name.lower()
    if wanted in names:
        return wanted
    found = [guid for guid, shown in names.items() if shown.lower() == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"several subscriptions are called {name}",
            subject="--subscription",
            remedy=f"Give an id: {', '.join(sorted(found))}.",
        )
    raise _unknown("--subscription", "subscription", name, (shown or guid for guid, shown in names.items()))


def _subscriptions(source: Source) -> Mapping[str, str]:
    """Names by GUID; "" for one that is only seen in ids."""
    found = {resource.subscription_id: "" for resource in source.inventory.by_key.values() if resource.subscription_id}
    return {**found, **{guid.lower(): name for guid, name in source.manifest.subscriptions.items()}}


def _below(source: Source, name: str) -> set[str]:
    groups = source.manifest.management_groups
    wanted = name.rstrip("/").rpartition("/")[2].lower()
    found = {guid.lower() for guid, above in groups.items() if wanted in map(str.lower, above)}
    if found:
        return found
    if not groups:
        raise UsageError(
            "this source does not say which subscriptions lie below which management group",
            subject="--management-group",
            remedy="Name the subscriptions with --subscription, or collect with --management-group.",
        )
    raise _unknown("--management-group", "management group", name, {one for above in groups.values() for one in above})


def _group(source: Source, name: str) -> str:
    known = {r.resource_group.lower(): r.resource_group for r in source.inventory.by_key.values() if r.resource_group}
    wanted = ids.resource_group_of(name).lower() or name.lower()
    if wanted not in known:
        raise _unknown("--resource-group", "resource group", name, known.values())
    return wanted


def _tag(text: str) -> tuple[str, str | None]:
    name, separator, value = text.partition("=")
    if not name:
        raise UsageError(f"--tag {text!r} is not NAME or NAME=VALUE", remedy="Write --tag environment=production.")
    return name, value if separator else None


def _unknown(option: str, noun: str, name: str, known: Iterable[str]) -> UsageError:
    names = sorted(set(known), key=str.lower)
    near = get_close_matches(name.lower(), [one.lower() for one in names], 1)
    hint = f"Did you mean {next(one for one in names if one.lower() == near[0])}? " if near else ""
    listed = _few(names) if names else "none"
    return UsageError(f"there is no {noun} {name} in it", subject=option, remedy=f"{hint}It has: {listed}.")
