"""From a service's properties to how far its public endpoint is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from auditor.facts.network.addresses import merge
from auditor.facts.paas.model import ANY, Door, Exposure, Filter, Range, Service, Switch
from auditor.facts.paas.ranges import listed, of_child
from auditor.facts.paas.subject import NotReadError, Subject, value_at
from auditor.inventory.model import Resource, Unread


def decide(service: Service, subject: Subject) -> Door:
    """How far the endpoint is open, perimeters left out. Raises `NotReadError` where what decides was not read."""
    shut = [switch for switch in service.switches if closes(switch, subject)]
    if shut and (not service.either or len(shut) == len(service.switches)):
        return _private(service, subject, shut if service.either else shut[:1])
    if service.special is not None:
        return service.special(service, subject)
    return filtered(service, subject)


def closes(switch: Switch, subject: Subject) -> bool:
    """Whether a switch shuts the endpoint."""
    _, given = _given(switch, subject)
    if ANY in switch.closed:
        return given is not None
    return _shut(switch, _effective(switch, subject))


def _shut(switch: Switch, given: Any) -> bool:
    return _text(given) in {word.lower() for word in switch.closed}


def _given(switch: Switch, subject: Subject) -> tuple[str, Any]:
    """Where a switch is set, and to what; its second place counts where the first says nothing, or shuts."""
    own = subject.at(switch.path)
    if not switch.beside or (own is not None and _shut(switch, own)):
        return switch.path, own
    child, name, path = switch.beside
    try:
        second = subject.only_child(child, name)
        other = None if second is None else value_at(second, path)
    except NotReadError:  # what it would say is not known; the first place says what there is to say
        second, other = None, None
    if second is None or other is None or (own is not None and not _shut(switch, other)):
        return switch.path, own
    return f"{subject.place(second)}{path}", other


def _effective(switch: Switch, subject: Subject) -> Any:
    _, given = _given(switch, subject)
    if given is not None:
        return given
    if switch.default_with_endpoint and subject.endpoints_to_it():
        return switch.default_with_endpoint
    return switch.default


def _text(given: Any) -> str:
    return str(given).replace(" ", "").lower()


def _private(service: Service, subject: Subject, shut: Sequence[Switch]) -> Door:
    return Door(
        Exposure.PRIVATE,
        " and ".join(_said(switch, subject) for switch in shut),
        tuple(_given(switch, subject)[0] for switch in shut),
        defaulted=all(_given(switch, subject)[1] is None for switch in shut),
        trusted=_trusted(service, subject.resource if not service.holder else None),
        instances=_instances(service, subject),
    )


def _said(switch: Switch, subject: Subject) -> str:
    path, given = _given(switch, subject)
    if given is None:
        return f"{path} is not set, which means {_effective(switch, subject)}"
    return f"{path} is set" if ANY in switch.closed else f"{path} is {given}"


def opened_by(service: Service, subject: Subject) -> tuple[str, tuple[str, ...], bool]:
    """Why the endpoint is on: in words, by which paths, and whether the service's default decided."""
    switches = [switch for switch in service.switches if ANY not in switch.closed and not closes(switch, subject)]
    if not switches:
        return "the service has no switch for it", (), False
    given = [switch for switch in switches if _given(switch, subject)[1] is not None]
    words = ", ".join(_said(switch, subject) for switch in given or switches[:1])
    return words, tuple(_given(switch, subject)[0] for switch in given or switches[:1]), not given


def filtered(service: Service, subject: Subject) -> Door:
    """What an endpoint that is on lets in."""
    place = _rules_of(service, subject)
    prefix = subject.place(place) if place is not None and service.holder else ""
    if place is not None and service.holder and _text(value_at(place, "properties.publicNetworkAccess")) == "disabled":
        path = f"{prefix}properties.publicNetworkAccess"
        return Door(Exposure.PRIVATE, f"{path} is Disabled", (path,))
    ranges = tuple(_ranges(service, subject, place, prefix))
    subnets = _subnets(service, subject, place)
    trusted, instances = _trusted(service, place), _instances(service, subject)
    words, paths, defaulted = opened_by(service, subject)
    open_door = Door(Exposure.ALL, words, paths, defaulted=defaulted, trusted=trusted, instances=instances)
    selected = Door(
        Exposure.SELECTED,
        words,
        paths,
        defaulted=defaulted,
        ranges=ranges,
        allowed=merge(interval for entry in ranges for interval in entry.intervals),
        subnets=subnets,
        trusted=trusted,
        instances=instances,
    )
    if service.filter is Filter.DEFAULT_ACTION:
        return _by_action(service, place, prefix, open_door, selected)
    listed_only = service.filter is Filter.LISTED_ONLY
    if service.filter is Filter.EMPTY_OPENS and (ranges or subnets):
        listed_only = True
    return selected if listed_only else open_door


def _rules_of(service: Service, subject: Subject) -> Resource | None:
    """The resource whose body holds the network rules; None where it has none."""
    if not service.holder:
        return subject.resource
    tier = str(subject.at("sku.name") or "").lower()
    if tier in {name.lower() for name in service.unruled_tiers}:
        return None
    return subject.only_child(service.holder, "default")


def _by_action(service: Service, place: Resource | None, prefix: str, open_door: Door, selected: Door) -> Door:
    action = service.action
    if action is None:
        raise TypeError(f"{service.name}: a default action needs its path")
    given = None if place is None else value_at(place, action.path)
    path = f"{prefix}{action.path}"
    denies = _text(given or action.default) == "deny"
    if denies and action.needs_rules and not selected.ranges and not selected.subnets:
        why = f"{path} is Deny, which the service does not enforce while no rule is listed"
        return _with(open_door, why, (path,), defaulted=given is None)
    why = f"{path} is {given}" if given is not None else f"{path} is not set, which means {action.default}"
    return _with(selected if denies else open_door, why, (*open_door.decided_by, path), defaulted=given is None)


def _with(door: Door, why: str, paths: tuple[str, ...], *, defaulted: bool) -> Door:
    return replace(door, why=why, decided_by=paths, defaulted=defaulted)


def _ranges(service: Service, subject: Subject, place: Resource | None, prefix: str) -> Iterator[Range]:
    for entry in service.lists:
        if place is not None:
            value_at(place, entry.path)  # raises where it was not read
            yield from listed(entry, place.body, prefix)
    for child_entry in service.children:
        for child in subject.children(child_entry.child):
            value_at(child, child_entry.start)
            found = of_child(child_entry, child, subject.place(child))
            if found is not None:
                yield found


def _subnets(service: Service, subject: Subject, place: Resource | None) -> int | Unread:
    try:
        return _subnet_count(service, subject, place)
    except NotReadError as error:
        if service.filter is Filter.LISTED_ONLY:  # they let more in, and decide nothing of what addresses reach
            return Unread(error.gap)
        raise


def _subnet_count(service: Service, subject: Subject, place: Resource | None) -> int:
    if service.subnet_children:
        children = subject.children(service.subnet_children)
        if not service.subnets:
            return len(children)
        return sum(_length(value_at(child, service.subnets)) for child in children)
    return _length(value_at(place, service.subnets)) if service.subnets and place is not None else 0


def _length(found: Any) -> int:
    return len(found) if isinstance(found, list) else 0


def _trusted(service: Service, place: Resource | None) -> bool:
    """Whether trusted Microsoft services are let past the rules."""
    bypass = service.bypass
    if bypass is None:
        return False
    given = value_at(place, bypass.path) if place is not None else None
    words = bypass.default if given is None else str(given)
    return bypass.value.lower() in {word.strip().lower() for word in words.split(",")}


def _instances(service: Service, subject: Subject) -> int:
    return sum(_length(subject.at(path)) for path in service.instances)
