"""Services that say who may reach them like no other does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from auditor.facts.network.addresses import Interval, merge
from auditor.facts.network.topology import items, value
from auditor.facts.paas.decide import filtered, opened_by
from auditor.facts.paas.model import Door, Exposure, Filter, Range, RangeList, Service
from auditor.facts.paas.ranges import IPV4, count_public, first_match, is_everything, listed, parse
from auditor.facts.paas.subject import NotReadError, Subject, value_at

APPS_ENVIRONMENTS = "microsoft.app/managedenvironments"
_INGRESS = "properties.configuration.ingress"


def container_app(service: Service, subject: Subject) -> Door:  # noqa: ARG001 - what every `special` is given
    """A container app: public where its ingress is external and its environment is.

    https://learn.microsoft.com/azure/container-apps/ingress-overview and .../ip-restrictions
    """
    ingress = subject.at(_INGRESS)
    if ingress is None:
        return Door(Exposure.PRIVATE, "it has no ingress", (_INGRESS,))
    path = f"{_INGRESS}.external"
    mapped = any(value(one, "external") is True for one in items(ingress, "additionalPortMappings"))
    if value(ingress, "external") is not True and not mapped:
        return Door(Exposure.PRIVATE, f"{path} is not true", (path,))
    if inside := _environment_shut(subject):
        return inside
    return _restricted_app(ingress, path)


def _environment_shut(subject: Subject) -> Door | None:
    path = "properties.managedEnvironmentId"
    found = subject.at(path) or subject.at("properties.environmentId")
    if not isinstance(found, str):
        return None
    environment = subject.inventory.get(found)
    if environment is None:
        if gap := subject.inventory.gap(APPS_ENVIRONMENTS, found):
            raise NotReadError(gap)
        return None
    if value_at(environment, "properties.vnetConfiguration.internal") is True:
        return Door(Exposure.PRIVATE, f"the environment {environment.name} is internal", (path,))
    if str(value_at(environment, "properties.publicNetworkAccess")).lower() == "disabled":
        return Door(Exposure.PRIVATE, f"the environment {environment.name} has no public access", (path,))
    return None


def _restricted_app(ingress: Any, external: str) -> Door:
    rules = items(ingress, "ipSecurityRestrictions")
    path = f"{_INGRESS}.ipSecurityRestrictions"
    if not rules:
        return Door(Exposure.ALL, f"{external} is true, and {path} is empty", (external, path))
    ranges = []
    parsed: list[tuple[bool, Interval]] = []
    for index, rule in enumerate(rules):
        text, allow = str(value(rule, "ipAddressRange") or ""), _is(value(rule, "action"), "Allow")
        interval = parse(text)
        if interval:
            parsed.append((allow, interval))
            if allow:
                place = f"{path}[{index}].ipAddressRange"
                ranges.append(
                    Range(text, count_public((interval,)), place, str(value(rule, "name") or ""), (interval,))
                )
    # All rules are of one kind; deny rules let in whatever they do not name.
    denying = not any(_is(value(rule, "action"), "Allow") for rule in rules)
    allowed = first_match(parsed, otherwise=denying, among=IPV4)
    if denying:
        ranges = [Range("what no rule denies", count_public(allowed), path)]
    return Door(Exposure.SELECTED, f"{path} has rules", (external, path), ranges=tuple(ranges), allowed=allowed)


def _is(given: Any, word: str) -> bool:
    return str(given or "").lower() == word.lower()


def cosmos(service: Service, subject: Subject) -> Door:
    """Cosmos DB: subnet rules count while the virtual network filter is on, and then nothing else gets in.

    https://learn.microsoft.com/azure/cosmos-db/how-to-configure-vnet-service-endpoint
    """
    if subject.at("properties.isVirtualNetworkFilterEnabled") is True:
        return filtered(replace(service, filter=Filter.LISTED_ONLY), subject)
    return filtered(replace(service, filter=Filter.EMPTY_OPENS, subnets=""), subject)


def logic_app(service: Service, subject: Subject) -> Door:  # noqa: ARG001 - what every `special` is given
    """A workflow that a request starts, by whoever holds its address.

    https://learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app#restrict-inbound-ip-addresses
    """
    triggers = subject.at("properties.definition.triggers")
    kinds = [str(value(one, "type")).lower() for one in triggers.values()] if isinstance(triggers, dict) else []
    if "request" not in kinds:
        return Door(Exposure.PRIVATE, "no request starts it", ("properties.definition.triggers",))
    path = "properties.accessControl.triggers.allowedCallerIpAddresses"
    given = subject.at(path)
    if not isinstance(given, list):
        return Door(Exposure.ALL, f"{path} is not set", (path,), defaulted=True)
    ranges = tuple(listed(RangeList(path, "addressRange"), subject.resource.body))
    allowed = merge(interval for entry in ranges for interval in entry.intervals)
    return Door(Exposure.SELECTED, f"{path} has a list", (path,), ranges=ranges, allowed=allowed)


_ACL = "properties.networkACLs"
_REQUESTS = ("ClientConnection", "ServerConnection", "RESTAPI", "Trace")


def signalr(service: Service, subject: Subject) -> Door:
    """SignalR and Web PubSub: rules by kind of request, then by address.

    https://learn.microsoft.com/azure/azure-signalr/howto-network-access-control
    """
    words, paths, defaulted = opened_by(service, subject)
    acl = subject.at(_ACL)
    kinds = public_requests(acl)
    if not kinds:
        path = f"{_ACL}.publicNetwork.allow"
        return Door(Exposure.PRIVATE, f"{path} names no kind of request", (path,))
    rules = items(acl, "ipRules")
    if rules:
        return _by_address(rules, paths)
    if acl is None:
        return Door(Exposure.ALL, words, paths, defaulted=defaulted)
    said = f"{_ACL} lets {', '.join(kinds)} in from public networks"
    return Door(Exposure.ALL, said, (*paths, _ACL))


def public_requests(acl: Any) -> tuple[str, ...]:
    """Kinds of request that come in over the public network; all of them where there are no rules."""
    public = value(acl, "publicNetwork")
    allow, deny = ({str(one).lower() for one in items(public, name)} for name in ("allow", "deny"))
    if _is(value(acl, "defaultAction"), "Deny"):
        return tuple(kind for kind in _REQUESTS if kind.lower() in allow)
    return tuple(kind for kind in _REQUESTS if kind.lower() not in deny)


def _by_address(rules: list[Any], paths: tuple[str, ...]) -> Door:
    path = f"{_ACL}.ipRules"
    parsed = []
    for rule in rules:
        interval = parse(str(value(rule, "value") or ""))
        if interval:
            parsed.append((_is(value(rule, "action"), "Allow"), interval))
    # What happens to an address that no rule names is not documented; services start with rules that allow all.
    allowed = first_match(parsed, otherwise=True)
    if is_everything(allowed):
        return Door(Exposure.ALL, f"{path} let every address in", (*paths, path))
    entry = RangeList("ipRules", "value", "action")
    ranges = tuple(listed(entry, {"ipRules": rules}, f"{_ACL}."))
    return Door(Exposure.SELECTED, f"{path} has rules", (path,), ranges=ranges, allowed=allowed)


def iot_hub(service: Service, subject: Subject) -> Door:
    """IoT Hub: network rule sets, or the older ordered filter rules where there are none.

    https://learn.microsoft.com/azure/iot-hub/iot-hub-ip-filtering
    """
    if subject.at("properties.networkRuleSets") is not None:
        return filtered(service, subject)
    return ordered_filter(service, subject)


def ordered_filter(service: Service, subject: Subject) -> Door:
    """Ordered rules of which the first match accepts or rejects; what none names is accepted.

    A rule of the device provisioning service can hold for one of its two APIs only; what it rejects there still
    reaches the other one. https://learn.microsoft.com/azure/iot-dps/iot-dps-ip-filtering
    """
    path = "properties.ipFilterRules"
    words, paths, defaulted = opened_by(service, subject)
    rules = subject.at(path)
    rules = rules if isinstance(rules, list) else []
    allowed = first_match(_filter_rules(rules), otherwise=True, among=IPV4)
    if is_everything(allowed):
        said = f"{words}; {path} let every address in" if rules else words
        return Door(Exposure.ALL, said, (*paths, path), defaulted=defaulted and not rules)
    entry = RangeList("ipFilterRules", "ipMask", "action", "filterName")
    ranges = tuple(listed(entry, {"ipFilterRules": rules}, "properties."))
    return Door(Exposure.SELECTED, f"{path} has rules", (path,), ranges=ranges, allowed=merge(allowed))


def _filter_rules(rules: Iterable[Any]) -> Iterable[tuple[bool, Interval]]:
    for rule in rules:
        interval = parse(str(value(rule, "ipMask") or ""))
        accepts = _is(value(rule, "action"), "Accept")
        if interval and (accepts or _is(value(rule, "target") or "all", "all")):
            yield accepts, interval
