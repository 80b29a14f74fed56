"""What the built-in sign-in of an app (Easy Auth) asks of its callers.

A fact of the configuration `authsettingsV2` of an app or slot, and of the `authConfigs` of a container app:

    {"app": "app-web", "on": true, "required": true, "providers": ["azureActiveDirectory"], "excluded": ["/health"],
     "opened": [], "https": true, "any_tenant": false, "anybody": true, "nonce": true, "token_store": false,
     "cookie_hours": 8.0, "redirects": [], "hosts_plain": false}

`required` says that nobody reaches the code without having signed in, but for the `excluded` paths; `opened` are those
of them that take in the whole app. `any_tenant` says that users of every organization get in, `anybody` that every user
and application of the tenant does, since the app names none. `redirects` are addresses with a wildcard that it sends
users on to. `hosts_plain` says that the app itself answers over HTTP.

Properties and defaults: https://learn.microsoft.com/azure/app-service/configure-authentication-file-based and
https://learn.microsoft.com/rest/api/appservice/web-apps/get-auth-settings-v2
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.facts.network.bodies import items, text, value
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")
CONFIGS = tuple(f"{site}/config" for site in SITES)
CONTAINER_APP = "microsoft.app/containerapps"
CONTAINER = f"{CONTAINER_APP}/authconfigs"
_EVERY_TENANT = re.compile(r"/(common|organizations|consumers)(/|$)", re.I)
_WHOLE = frozenset(("", "/", "/*", "*", "/**"))
# "Allow requests from specific tenants": a setting of the app, with ids that commas part
# (https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#authorize-requests).
_TENANTS = "WEBSITE_AUTH_AAD_ALLOWED_TENANTS"
_SPAN = re.compile(r"(?:(\d{1,5})\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
_DEFAULT_HOURS = 8.0


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each configuration."""
    found: dict[str, Json | Unread] = {}
    for kind in CONFIGS:
        for config in inventory.of_type(kind):
            if config.key.endswith("/authsettingsv2"):
                gap = config.unread.get("properties")
                found[config.key] = Unread(gap) if gap else _fact(config, inventory)
    for config in inventory.of_type(CONTAINER):
        found[config.key] = _fact(config, inventory)
    return found


def _fact(config: Resource, inventory: Inventory) -> Json:
    properties = value(config.body, "properties")
    validation = value(properties, "globalValidation")
    is_on = value(properties, "platform", "enabled") is True
    excluded = [one for one in items(validation, "excludedPaths") if isinstance(one, str)]
    entra = value(properties, "identityProviders", "azureActiveDirectory")
    login = value(properties, "login")
    app = ids.parent_of(config.key)
    if config.type_key in CONFIGS:
        app = app.removesuffix("/config")
    return {
        "app": app.rpartition("/")[2],
        "on": is_on,
        "required": is_on and _is_required(config, validation),
        "providers": sorted(_providers(value(properties, "identityProviders"))),
        "excluded": excluded,
        "opened": [one for one in excluded if one.strip() in _WHOLE],
        "https": value(properties, "httpSettings", "requireHttps") is not False,
        "any_tenant": _any_tenant(entra) and _tenants_are_open(config, app, inventory),
        "anybody": _takes_anybody(entra),
        "nonce": value(login, "nonce", "validateNonce") is not False,
        "token_store": value(login, "tokenStore", "enabled") is True,
        "cookie_hours": _hours(value(login, "cookieExpiration", "timeToExpiration")),
        "redirects": [
            one for one in items(login, "allowedExternalRedirectUrls") if isinstance(one, str) and "*" in one
        ],
        "hosts_plain": _answers_plain(inventory.get(app)),
    }


def _is_required(config: Resource, validation: Any) -> bool:
    """Container apps have the action alone; elsewhere it counts only where sign-in is required at all."""
    if text(validation, "unauthenticatedClientAction") == "allowanonymous":
        return False
    return config.type_key == CONTAINER or value(validation, "requireAuthentication") is True


def _providers(providers: Any) -> Iterator[str]:
    if not isinstance(providers, Mapping):
        return
    for name, provider in providers.items():
        if name.lower() == "customopenidconnectproviders":
            yield from (str(one) for one in (provider if isinstance(provider, Mapping) else {}))
        elif isinstance(provider, Mapping) and value(provider, "enabled") is not False and _is_set_up(provider):
            yield name


def _is_set_up(provider: Any) -> bool:
    registration = value(provider, "registration")
    named = [value(registration, name) for name in ("clientId", "appId", "consumerKey")]
    return any(named) or value(provider, "enabled") is True


def _any_tenant(entra: Any) -> bool:
    issuer = value(entra, "registration", "openIdIssuer")
    if value(entra, "enabled") is False or not isinstance(issuer, str) or not _EVERY_TENANT.search(issuer):
        return False
    return _takes_anybody(entra)


def _tenants_are_open(config: Resource, app: str, inventory: Inventory) -> bool | Unread:
    """Whether no setting of the app names the tenants that it takes; nothing in the configuration itself can."""
    if config.type_key == CONTAINER:
        return True
    identifier = f"{app}/config/appsettings"
    settings = inventory.get(identifier)
    gap = settings.unread.get("properties") if settings else inventory.gap(config.type, identifier)
    return (
        Unread(gap) if gap else not str(value(settings.body if settings else {}, "properties", _TENANTS) or "").strip()
    )


# https://learn.microsoft.com/rest/api/appservice/web-apps/get-auth-settings-v2#azureactivedirectoryvalidation
_NARROWING = (
    ("defaultAuthorizationPolicy", "allowedApplications"),
    ("defaultAuthorizationPolicy", "allowedPrincipals", "groups"),
    ("defaultAuthorizationPolicy", "allowedPrincipals", "identities"),
    ("jwtClaimChecks", "allowedClientApplications"),
    ("jwtClaimChecks", "allowedGroups"),
)


def _takes_anybody(entra: Any) -> bool:
    """Whether the app names neither applications nor users nor groups that may use it."""
    if not isinstance(entra, Mapping) or value(entra, "enabled") is False or not _is_set_up(entra):
        return False
    return not any(items(entra, "validation", *path) for path in _NARROWING)


def _hours(span: Any) -> float:
    """A time span of .NET in hours; 8 where there is none."""
    found = _SPAN.fullmatch(span.strip()) if isinstance(span, str) else None
    if not found:
        return _DEFAULT_HOURS
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return days * 24 + hours + minutes / 60


def _answers_plain(app: Resource | None) -> bool:
    if app is None:
        return True
    if app.type_key == CONTAINER_APP:
        return value(app.body, "properties", "configuration", "ingress", "allowInsecure") is True
    return value(app.body, "properties", "httpsOnly") is not True


FAMILY = FactFamily(
    name="app_sign_in",
    types=frozenset((*CONFIGS, CONTAINER)),
    needs=frozenset((*SITES, *CONFIGS, CONTAINER_APP, CONTAINER)),
    compute=compute,
    needs_by_type={
        CONFIGS[0]: frozenset((SITES[0], CONFIGS[0])),
        CONFIGS[1]: frozenset((*SITES, CONFIGS[1])),
        CONTAINER: frozenset((CONTAINER_APP, CONTAINER)),
    },
)
