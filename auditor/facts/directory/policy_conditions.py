"""One Conditional Access policy: to which sign-ins it applies, and what it asks of them.

https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy and
https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from auditor.facts.network.bodies import items, text, value
from auditor.inventory.model import Resource

POLICY = "microsoft.graph/conditionalaccesspolicies"
GUEST_TYPES = (
    "internalGuest",
    "b2bCollaborationGuest",
    "b2bCollaborationMember",
    "b2bDirectConnectUser",
    "otherExternalUser",
    "serviceProvider",
)
"""https://learn.microsoft.com/graph/api/resources/conditionalaccessguestsorexternalusers"""
MEMBER, OTHER, ELSEWHERE, ALL_TRUSTED = "member", "other", "elsewhere", "alltrusted"
BROWSER, MODERN, ACTIVE_SYNC, LEGACY = "browser", "mobileappsanddesktopclients", "exchangeactivesync", "other"
DEVICE_CODE, TRANSFER = "devicecodeflow", "authenticationtransfer"

AXES = ("user", "app", "place", "platform")
"""Fields of a sign-in in which policies leave somebody or something out."""
_MISSED = {
    "user": "does not apply to them",
    "app": "does not apply to the application, or not to all",
    "place": "does not apply everywhere",
    "platform": "does not apply to every platform",
}

Good = Callable[[str], bool]
"""Whether a control, as `Policy.controls` names it, is enough for a question."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One kind of sign-in; every value is in lower case."""

    user: str = MEMBER
    """`member` for anybody whom no policy names, or `guest:<type>`, `role:<id>`, `group:<id>`, `user:<id>`."""
    app: str = OTHER
    """`other` for any application that no policy names, or its id, or a name such as `microsoftadminportals`."""
    client: str = BROWSER
    flow: str = ""
    """How the sign-in is passed on to another device; "" for not at all."""
    place: str = ELSEWHERE
    """Outside all named locations, the id of one, or `alltrusted` for any that is trusted."""
    platform: str = OTHER
    action: str = ""
    """What a user does with the directory itself, such as registering a device, in place of using an application."""
    risk: str = ""
    """`signin:<level>` or `user:<level>`; "" for no risk."""

    def where(self, **values: str) -> SignIn:
        """The same sign-in with other values."""
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a condition takes in and leaves out, in lower case."""

    included: frozenset[str]
    excluded: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as the evaluator needs it."""

    name: str
    state: str
    users: Selection
    """With the prefixes of `SignIn.user`; `all` for everybody."""
    apps: Selection
    actions: frozenset[str]
    clients: frozenset[str]
    """Empty for all."""
    places: Selection | None
    platforms: Selection | None
    flows: frozenset[str]
    risks: frozenset[str]
    devices: str
    """The rule of a device filter that says for which devices alone it applies; "" for all that nobody registered."""
    others: bool
    """Whether it is about workloads and not about users, or has a condition that is not read here."""
    controls: tuple[str, ...]
    every: bool
    """Whether all controls are asked for, and not one of them."""
    trusted: frozenset[str] = frozenset()
    """Ids of the named locations that are trusted."""

    @property
    def enabled(self) -> bool:
        """Whether it is enforced: a policy on trial is `enabledForReportingButNotEnforced`."""
        return self.state == "enabled"

    def asks(self, good: Good) -> bool:
        """Whether nobody passes without a control that is good enough."""
        enough = [good(control) for control in self.controls]
        return bool(enough) and (any(enough) if self.every else all(enough))

    def misses(self, sign_in: SignIn) -> str:
        """Why it does not apply to a sign-in, in words; "" where it applies."""
        if reason := self.misses_otherwise(sign_in):
            return reason
        for field in AXES:
            if not self.takes(field, sign_in):
                return _MISSED[field]
        return ""

    def misses_otherwise(self, sign_in: SignIn) -> str:
        """The same, whoever signs in, for what, from where and on what."""
        if self.others:
            return "is for workload identities or risks only"
        if self.clients and sign_in.client not in self.clients:
            return "does not apply to this kind of client"
        if self.flows and sign_in.flow not in self.flows:
            return "is for device code or transferred sign-ins only"
        if self.risks and sign_in.risk not in self.risks:
            return "applies to risky sign-ins only"
        return "applies to some devices only" if self.devices else ""

    def takes(self, field: str, sign_in: SignIn) -> bool:
        """Whether it takes a sign-in in, as far as one of `AXES` goes."""
        match field:
            case "user":
                return self._takes_user(sign_in.user)
            case "app":
                return sign_in.action in self.actions if sign_in.action else _takes(self.apps, sign_in.app)
            case "place":
                return self._takes_place(sign_in.place)
            case _:
                return self.platforms is None or _takes(self.platforms, sign_in.platform)

    def leaves_out(self, field: str) -> frozenset[str]:
        """What it names as left out, in one of `AXES`."""
        selections = {"user": self.users, "app": self.apps, "place": self.places, "platform": self.platforms}
        selection = selections[field]
        return selection.excluded - {"all"} if selection else frozenset()

    def _takes_user(self, user: str) -> bool:
        kind = user.partition(":")[0]
        own = {user, "all"} | ({"guests"} if kind == "guest" else set())
        return not own.isdisjoint(self.users.included) and own.isdisjoint(self.users.excluded)

    def _takes_place(self, place: str) -> bool:
        if self.places is None:
            return True
        own = {place, "all"} | ({ALL_TRUSTED} if place in self.trusted else set())
        return not own.isdisjoint(self.places.included) and (own - {"all"}).isdisjoint(self.places.excluded)


def _takes(selection: Selection, wanted: str) -> bool:
    return bool(selection.included & {wanted, "all"}) and wanted not in selection.excluded


def read_policy(resource: Resource, trusted: frozenset[str] = frozenset()) -> Policy:
    """A policy from its body."""
    conditions = value(resource.body, "conditions")
    controls, every = _controls(value(resource.body, "grantControls"))
    return Policy(
        name=resource.display_name,
        state=text(resource.body, "state"),
        users=_users(value(conditions, "users")),
        apps=_apps(value(conditions, "applications")),
        actions=_lowered(items(conditions, "applications", "includeUserActions")),
        clients=_clients(conditions),
        places=_pair(value(conditions, "locations"), "Locations"),
        platforms=_pair(value(conditions, "platforms"), "Platforms"),
        flows=frozenset(_words(value(conditions, "authenticationFlows", "transferMethods"))) - {"none"},
        risks=_risks(conditions),
        devices=_devices(conditions),
        others=_is_for_others(conditions),
        controls=controls,
        every=every,
        trusted=trusted,
    )


def _lowered(found: list[Any], prefix: str = "") -> frozenset[str]:
    return frozenset(f"{prefix}{one.lower()}" for one in found if isinstance(one, str))


def _words(joined: Any) -> list[str]:
    """Several values in one text, with commas between them: Graph writes flags so."""
    return [word.strip().lower() for word in joined.split(",") if word.strip()] if isinstance(joined, str) else []


def _users(users: Any) -> Selection:
    return Selection(_people(users, "include"), _people(users, "exclude"))


def _people(users: Any, verb: str) -> frozenset[str]:
    named = _lowered(items(users, f"{verb}Users"))
    found = {"all"} & named | {f"user:{one}" for one in named - {"all", "none", "guestsorexternalusers"}}
    if "guestsorexternalusers" in named:
        found.add("guests")
    found |= _lowered(items(users, f"{verb}Groups"), "group:") | _lowered(items(users, f"{verb}Roles"), "role:")
    guests = value(users, f"{verb}GuestsOrExternalUsers")
    # Taken in from some tenants only, guests of the others are not; left out from some, those are left out.
    some = text(guests, "externalTenants", "membershipKind") == "enumerated"
    if isinstance(guests, Mapping) and not (some and verb == "include"):
        found |= {f"guest:{kind}" for kind in _words(value(guests, "guestOrExternalUserTypes"))}
    return frozenset(found)


def _apps(apps: Any) -> Selection:
    included = _lowered(items(apps, "includeApplications")) - {"none"}
    excluded = _lowered(items(apps, "excludeApplications"))
    rule = text(apps, "applicationFilter", "rule")
    if rule and text(apps, "applicationFilter", "mode") == "exclude":
        excluded |= {f"filter {rule}"}
    elif rule:
        included = included - {"all"} | {f"filter {rule}"}
    return Selection(included, excluded)


def _clients(conditions: Any) -> frozenset[str]:
    named = _lowered(items(conditions, "clientAppTypes"))
    return frozenset() if "all" in named else named


def _pair(condition: Any, what: str) -> Selection | None:
    included = _lowered(items(condition, f"include{what}"))
    excluded = _lowered(items(condition, f"exclude{what}"))
    return Selection(included, excluded) if included or excluded else None


def _risks(conditions: Any) -> frozenset[str]:
    return _lowered(items(conditions, "signInRiskLevels"), "signin:") | _lowered(
        items(conditions, "userRiskLevels"), "user:"
    )


_NEGATIVE = re.compile(r"-not(?:equals|in|contains|startswith|endswith)?\b|-ne\b", re.I)
_POSITIVE = re.compile(r"-(?:eq|in|contains|startswith|endswith)\b", re.I)


def _devices(conditions: Any) -> str:
    """The filter's rule, where it leaves out a device that nobody registered.

    Such a device has no attributes, so it meets what is asked with negative operators only, and then one that excludes
    leaves it out:
    https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices#policy-behavior-with-filter-for-devices
    """
    rule = value(conditions, "devices", "deviceFilter", "rule")
    if not isinstance(rule, str):
        return ""
    met = bool(_NEGATIVE.search(rule)) and not _POSITIVE.search(rule)
    return rule if met is (text(conditions, "devices", "deviceFilter", "mode") == "exclude") else ""


def _is_for_others(conditions: Any) -> bool:
    workloads = value(conditions, "clientApplications")
    insiders = _words(value(conditions, "insiderRiskLevels"))
    services = [*items(conditions, "servicePrincipalRiskLevels"), *items(conditions, "agentIdRiskLevels")]
    named = items(workloads, "includeServicePrincipals") or value(workloads, "servicePrincipalFilter")
    return bool(named or insiders or services)


# What a sign-in strength takes for a second factor, by the ids of the built-in ones:
# https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
_RESISTANT = "00000000-0000-0000-0000-000000000004"
_RESISTANT_METHODS = frozenset(("windowshelloforbusiness", "fido2", "x509certificatemultifactor"))


def _controls(grant: Any) -> tuple[tuple[str, ...], bool]:
    """Names of the controls in lower case, and whether all are asked for.

    An approved client app is no longer asked for since March 2026, so beside another control it changes nothing:
    https://learn.microsoft.com/entra/identity/conditional-access/migrate-approved-client-app
    """
    found = [one for one in sorted(_lowered(items(grant, "builtInControls"))) if one != "approvedapplication"]
    strength = value(grant, "authenticationStrength")
    if isinstance(strength, Mapping):
        found.append(_strength(strength))
    found += ["customfactor"] * bool(items(grant, "customAuthenticationFactors"))
    found += ["termsofuse"] * bool(items(grant, "termsOfUse"))
    return tuple(found), text(grant, "operator") == "and"


def _strength(strength: Any) -> str:
    methods = _lowered(items(strength, "allowedCombinations"))
    if text(strength, "id") == _RESISTANT or (methods and methods <= _RESISTANT_METHODS):
        return "phishing-resistant"
    return "weakstrength" if text(strength, "requirementsSatisfied") == "none" else "strength"
