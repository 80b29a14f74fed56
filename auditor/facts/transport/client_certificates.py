"""Mutual TLS: where clients must prove themselves by a certificate, who checks it, and against which authorities.

A fact of a service that can ask for client certificates:

    {"mode": "required", "checked_by": "the gateway", "authorities": ["corp-root"], "excluded": [], "flaws": [],
     "profiles": [], "text": "required, checked by the gateway against corp-root"}

`mode` is `required`, `optional` (asked for, and a request without one goes on) or `ignored`. `checked_by` says who
compares the certificate with anything: App Service, Container Apps and API Management only pass it on to the app or to
policies. Of an application gateway `profiles` has an entry for each SSL profile that a listener uses, with its mode,
authorities and flaws: `issuer`, `revocation`, `passthrough`.

Of a certificate authority that devices or clients are checked against (Event Grid namespaces, IoT Hub, its
provisioning service): `{"ends": "2028-01-01", "expired": false, "verified": true}`.

- https://learn.microsoft.com/azure/app-service/app-service-web-configure-tls-mutual-auth
- https://learn.microsoft.com/azure/container-apps/client-certificate-authorization
- https://learn.microsoft.com/azure/application-gateway/mutual-authentication-overview
- https://learn.microsoft.com/azure/api-management/api-management-howto-mutual-certificates-for-clients
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from auditor.facts.network.bodies import items, key_at, name_of, text, value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

GATEWAYS = "microsoft.network/applicationgateways"
AUTHORITIES = (
    "microsoft.eventgrid/namespaces/cacertificates",
    "microsoft.devices/iothubs/certificates",
    "microsoft.devices/provisioningservices/certificates",
)


def compute(inventory: Inventory, now: datetime | None = None) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each service and authority; dates are compared with `now`."""
    moment = now or datetime.now(UTC)
    found: dict[str, Json | Unread] = {}
    for kind, reader in _READERS.items():
        for resource in inventory.of_type(kind):
            unread = resource.unread.get("properties")
            found[resource.key] = Unread(unread) if unread else reader(resource)
    for kind in AUTHORITIES:
        for resource in inventory.of_type(kind):
            unread = resource.unread.get("properties")
            found[resource.key] = Unread(unread) if unread else _authority(resource, moment)
    return found


def _shaped(
    mode: str,
    checked_by: str,
    *,
    authorities: list[str] | None = None,
    excluded: list[str] | None = None,
    profiles: list[Json] | None = None,
) -> Json:
    words = mode if mode == "ignored" else f"{mode}, checked by {checked_by}"
    if authorities:
        words += f" against {', '.join(authorities)}"
    if excluded:
        words += f", not asked for at {', '.join(excluded)}"
    return {
        "mode": mode,
        "checked_by": checked_by if mode != "ignored" else "",
        "authorities": authorities or [],
        "excluded": excluded or [],
        "profiles": profiles or [],
        "text": words,
    }


def _app(resource: Resource) -> Json:
    if value(resource.body, "properties", "clientCertEnabled") is not True:
        return _shaped("ignored", "")
    # Left out means Required.
    mode = text(resource.body, "properties", "clientCertMode") or "required"
    paths = value(resource.body, "properties", "clientCertExclusionPaths")
    excluded = [part.strip() for part in paths.split(";") if part.strip()] if isinstance(paths, str) else []
    if "/" in excluded:  # everything lies below it
        mode = "optional"
    return _shaped("required" if mode == "required" else "optional", "the app's own code", excluded=excluded)


def _container_app(resource: Resource) -> Json:
    mode = text(resource.body, "properties", "configuration", "ingress", "clientCertificateMode")
    return _shaped({"require": "required", "accept": "optional"}.get(mode, "ignored"), "the app's own code")


def _api_management(resource: Resource) -> Json:
    # The Consumption tier has one switch, the others one for each host name.
    names = items(resource.body, "properties", "hostnameConfigurations")
    asks = value(resource.body, "properties", "enableClientCertificate") is True
    asks = asks or any(value(one, "negotiateClientCertificate") is True for one in names)
    return _shaped("optional" if asks else "ignored", "policies")


def _signalr(resource: Resource) -> Json:
    asks = value(resource.body, "properties", "tls", "clientCertEnabled") is True
    return _shaped("optional" if asks else "ignored", "upstream code")


def _gateway(resource: Resource) -> Json:
    profiles = list(_profiles(resource))
    modes = {profile["mode"] for profile in profiles}
    mode = "ignored" if not profiles else "optional" if "optional" in modes else "required"
    authorities = sorted({name for profile in profiles for name in profile["authorities"]})
    return _shaped(mode, "the gateway", authorities=authorities, profiles=profiles)


def _profiles(resource: Resource) -> Iterator[dict[str, Any]]:
    """The profiles that a listener uses and that ask for a certificate."""
    listeners: dict[str, list[str]] = {}
    for one in items(resource.body, "properties", "httpListeners"):
        if used := name_of(key_at(one, "properties", "sslProfile")):
            listeners.setdefault(used, []).append(str(value(one, "name") or ""))
    for index, profile in enumerate(items(resource.body, "properties", "sslProfiles")):
        name = str(value(profile, "name") or name_of(str(value(profile, "id") or "")))
        asked = value(profile, "properties", "clientAuthConfiguration")
        authorities = [
            name_of(str(value(one, "id") or ""))
            for one in items(profile, "properties", "trustedClientCertificates")
            if isinstance(one, Mapping)
        ]
        passthrough = text(asked, "verifyClientAuthMode") == "passthrough"
        if name.lower() not in listeners or not (authorities or passthrough):
            continue
        at = f"properties.sslProfiles[{index}].properties.clientAuthConfiguration"
        flaws = dict(_flaws(asked, at))
        yield {
            "name": name,
            "listeners": listeners[name.lower()],
            "mode": "optional" if passthrough else "required",
            "authorities": authorities,
            "flaws": sorted(flaws),
            "decided_by": sorted(flaws.values()),
        }


def _flaws(asked: Any, at: str) -> Iterator[tuple[str, str]]:
    """What is not checked, and the property that says so."""
    if text(asked, "verifyClientAuthMode") == "passthrough":
        yield "passthrough", f"{at}.verifyClientAuthMode"
        return  # nothing is checked, so that the other checks say nothing
    if value(asked, "verifyClientCertIssuerDN") is not True:
        yield "issuer", f"{at}.verifyClientCertIssuerDN"
    if text(asked, "verifyClientRevocation") != "ocsp":
        yield "revocation", f"{at}.verifyClientRevocation"


def _authority(resource: Resource, now: datetime) -> Json:
    raw = value(resource.body, "properties", "expiry") or value(resource.body, "properties", "expiryTimeInUtc")
    ends = _moment(raw)
    return {
        "ends": f"{ends:%Y-%m-%d}" if ends else "",
        "expired": ends is not None and ends <= now,
        "verified": value(resource.body, "properties", "isVerified") is not False,
        "decided_by": ["properties.expiryTimeInUtc" if "eventgrid" in resource.type_key else "properties.expiry"],
    }


def _moment(raw: Any) -> datetime | None:
    """IoT services write dates as RFC 1123 has them, Event Grid as ISO 8601."""
    if not isinstance(raw, str):
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(raw.replace("Z", "+00:00") if parse is datetime.fromisoformat else raw)
        except (ValueError, TypeError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


_READERS: Mapping[str, Callable[[Resource], Json]] = {
    "microsoft.web/sites": _app,
    "microsoft.web/sites/slots": _app,
    "microsoft.app/containerapps": _container_app,
    "microsoft.apimanagement/service": _api_management,
    "microsoft.signalrservice/signalr": _signalr,
    GATEWAYS: _gateway,
}
_TYPES = frozenset((*_READERS, *AUTHORITIES))

FAMILY = FactFamily(
    name="client_certificates",
    types=_TYPES,
    needs=_TYPES,
    compute=compute,
    dated=compute,
    needs_by_type={kind: frozenset((kind,)) for kind in _TYPES},
    grounds={"expired": "a date that is still to come"},
)
