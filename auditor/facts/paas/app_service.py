"""Access restrictions of App Service: ordered rules for the app, and for its advanced tools site (SCM, Kudu).

https://learn.microsoft.com/azure/app-service/overview-access-restrictions
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.addresses import Interval, parse_prefix
from auditor.facts.network.topology import items, value
from auditor.facts.paas.decide import opened_by
from auditor.facts.paas.model import Door, Exposure, Range, Service
from auditor.facts.paas.ranges import count_public, first_match, is_everything, parse
from auditor.facts.paas.subject import NotReadError, Subject, value_at
from auditor.inventory.model import Resource

ENVIRONMENTS = "microsoft.web/hostingenvironments"
_LAST = 2_147_483_647


@dataclass(frozen=True, slots=True)
class _Site:
    """One of the two sites of an app."""

    rules: str
    action: str


_MAIN = _Site("ipSecurityRestrictions", "ipSecurityRestrictionsDefaultAction")
_SCM = _Site("scmIpSecurityRestrictions", "scmIpSecurityRestrictionsDefaultAction")


def main_site(service: Service, subject: Subject) -> Door:
    """The app itself."""
    return _inside(subject) or _restricted(service, subject, _MAIN)


def scm_site(service: Service, subject: Subject) -> Door:
    """The advanced tools site; it has rules of its own unless it is told to use the app's."""
    inside = _inside(subject)
    if inside:
        return inside
    settings = _settings(subject)
    same = value(settings.body, *settings.path, "scmIpSecurityRestrictionsUseMain") is True
    return _restricted(service, subject, _MAIN if same else _SCM)


@dataclass(frozen=True, slots=True)
class _Settings:
    """Where the access restrictions stand."""

    body: Any
    path: tuple[str, ...]
    prefix: str


def _settings(subject: Subject) -> _Settings:
    """`config/web`, or, in bodies that were not read from Azure, the `siteConfig` that a site was declared with."""
    inline = subject.at("properties.siteConfig")
    try:
        web = subject.only_child("config", "web")
    except NotReadError:
        if not any(value(inline, site.rules) for site in (_MAIN, _SCM)):
            raise
        web = None
    if web is not None:
        value_at(web, "properties.x")  # raises where it was not read
        return _Settings(web.body, ("properties",), f"{subject.place(web)}properties.")
    return _Settings(subject.resource.body, ("properties", "siteConfig"), "properties.siteConfig.")


def _inside(subject: Subject) -> Door | None:
    """Private where the app is in an App Service Environment with an internal load balancer."""
    path = "properties.hostingEnvironmentProfile.id"
    environment_id = subject.at(path)
    if not isinstance(environment_id, str):
        return None
    environment = subject.inventory.get(environment_id)
    if environment is None:
        if gap := subject.inventory.gap(ENVIRONMENTS, environment_id):
            raise NotReadError(gap)
        return None
    if not is_internal(environment):
        return None
    why = f"{environment.name} is an App Service Environment with an internal load balancer"
    return Door(Exposure.PRIVATE, why, (path,))


def is_internal(environment: Resource) -> bool:
    """Whether an App Service Environment answers inside its virtual network only; 2 and 3 are older spellings."""
    mode = str(value_at(environment, "properties.internalLoadBalancingMode") or "").lower()
    return "web" in mode or mode in ("3", "1")


def _restricted(service: Service, subject: Subject, site: _Site) -> Door:
    settings = _settings(subject)
    rules = sorted(items(settings.body, *settings.path, site.rules), key=_priority)
    given = value(settings.body, *settings.path, site.action)
    otherwise = str(given).lower() == "allow" if given else not rules
    places = {id(rule): index for index, rule in enumerate(items(settings.body, *settings.path, site.rules))}
    path = f"{settings.prefix}{site.rules}"
    ordered = [(_allows(rule), interval) for rule in rules for interval in _intervals(rule)]
    allowed = first_match(ordered, otherwise=otherwise)
    ranges = tuple(r for rule in rules if _allows(rule) for r in _ranges(rule, f"{path}[{places[id(rule)]}].ipAddress"))
    words, switch_paths, defaulted = opened_by(service, subject)
    if is_everything(allowed):
        said = f"{site.rules} let every address in" if rules else f"{site.rules} is empty"
        return Door(Exposure.ALL, f"{words}; {said}", (*switch_paths, path), defaulted=defaulted and not rules)
    subnets = sum(bool(_allows(rule) and _subnet(rule)) for rule in rules)
    if otherwise:
        ranges = (Range("what no rule denies", count_public(allowed), f"{settings.prefix}{site.action}"), *ranges)
    return Door(Exposure.SELECTED, f"{path} has rules", (path,), ranges=ranges, allowed=allowed, subnets=subnets)


def _priority(rule: Any) -> int:
    given = value(rule, "priority")
    return given if isinstance(given, int) else _LAST


def _allows(rule: Any) -> bool:
    return str(value(rule, "action") or "Allow").lower() == "allow"


def _subnet(rule: Any) -> bool:
    return bool(value(rule, "vnetSubnetResourceId")) or str(value(rule, "ipAddress")).lower() == "anyvnets"


def _texts(rule: Any) -> list[str]:
    """The sources of a rule: one, or up to eight with commas between them."""
    given = value(rule, "ipAddress")
    if not isinstance(given, str) or _subnet(rule):
        return []
    mask = value(rule, "subnetMask")
    if isinstance(mask, str) and mask and "/" not in given:
        return [f"{given.strip()}/{mask}"]
    return [part.strip() for part in given.split(",") if part.strip()]


def _is_tag(rule: Any) -> bool:
    return str(value(rule, "tag") or "").lower() == "servicetag"


def _intervals(rule: Any) -> Iterable[Interval]:
    """The addresses of a rule. Header filters narrow none of them: whoever calls can write any header."""
    for text in _texts(rule):
        interval = parse(text) if not _is_tag(rule) or text.lower() == "internet" else None
        if interval is None and not _is_tag(rule):
            interval = parse_prefix(text)
        if interval is not None:
            yield interval


def _ranges(rule: Any, path: str) -> Iterable[Range]:
    name = str(value(rule, "name") or "")
    for text in _texts(rule):
        interval = parse(text) if not _is_tag(rule) else None
        intervals = (interval,) if interval else ()
        azure = _is_tag(rule) and text.lower().partition(".")[0] == "azurecloud"
        yield Range(text, count_public(intervals), path, name, intervals, azure=azure)
