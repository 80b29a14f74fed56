"""What an application gateway does with requests, site by site: settings of a path or a listener come before its own.

A fact of an application gateway:

    {"sites": [{"listener": "web", "path": "/img/*", "protocol": "http", "plain": "it forwards requests over HTTP",
                "tls": "", "weak_tls": "", "weak_suites": "", "waf": "shop-waf", "unprotected": "",
                "decided_by": {"plain": ["..."]}}],
     "backends": [{"name": "api", "protocol": "http", "checked": true, "after_tls": true, "decided_by": {...}}]}

A site is a path of a listener that a routing rule serves; `path` is "" where a rule has no paths, and `*` for what no
path rule is about. Listeners, profiles and settings that nothing uses have none; of a body without routing rules every
listener is one. `plain` says why a client goes on without TLS, `weak_tls` which policy takes TLS below 1.2,
`weak_suites` which weak cipher suites it offers,
`unprotected` why no firewall blocks attacks; each is "" where all is well. `backends` are the backend settings that
some site uses: whether the certificate of the backend is `checked`, and whether requests that came in over TLS go
there. `decided_by` are the properties that decided, by what they decided.

- Policies: https://learn.microsoft.com/azure/web-application-firewall/ag/policy-overview (path before listener before
  gateway; a linked policy makes the gateway's own firewall configuration void)
- TLS: https://learn.microsoft.com/azure/application-gateway/application-gateway-configure-listener-specific-ssl-policy
- Redirects: https://learn.microsoft.com/azure/application-gateway/redirect-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.facts.network.bodies import items, key_at, name_of, text, value
from auditor.facts.network.gateway_tls import weak_suites, weak_tls
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

GATEWAYS = "microsoft.network/applicationgateways"
POLICIES = "microsoft.network/applicationgatewaywebapplicationfirewallpolicies"
_UNFILTERED_TIERS = frozenset(("standard", "standard_v2", "basic"))
_RULES = {
    "requestRoutingRules": ("httpListener", "backendHttpSettings"),
    "routingRules": ("listener", "backendSettings"),
}
"""Lists of routing rules, with their properties for the listener and for the backend settings."""
_CHECKS = ("validateCertChainAndExpiry", "validateSNI")
"""Both on unless switched off: https://learn.microsoft.com/azure/application-gateway/configuration-http-settings"""
_TLS = frozenset(("https", "tls"))


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each gateway."""
    return {gateway.key: _Gateway(gateway, inventory).value() for gateway in inventory.of_type(GATEWAYS)}


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of one question, and where."""

    said: str | Unread
    paths: tuple[str, ...] = ()


class _Gateway:
    """One gateway."""

    def __init__(self, gateway: Resource, inventory: Inventory) -> None:
        self._body = gateway.body
        self._inventory = inventory
        self._listeners = self._indexed("httpListeners") | self._indexed("listeners")
        self._redirects = self._indexed("redirectConfigurations")
        self._maps = self._indexed("urlPathMaps")
        self._profiles = self._indexed("sslProfiles")

    def value(self) -> Json:
        """The fact."""
        sites = list(self._sites() if self._ruled else self._alone())
        return {"sites": sites, "backends": list(self._backends())}

    def _alone(self) -> Iterator[dict[str, Any]]:
        """What a body without routing rules says: of its listeners, of paths, or of the gateway as a whole."""
        for one in self._listeners.values() or [("properties", {"name": ""})]:
            yield self._site(one, "", one[0], {}, "")
        for place, path_map in self._maps.values():
            for path, at, part, prefix in self._parts(place, path_map):
                yield self._site(("", {}), path, at, part, prefix)

    @property
    def _ruled(self) -> bool:
        return any(items(self._body, "properties", collection) for collection in _RULES)

    def _indexed(self, collection: str) -> dict[str, tuple[str, Any]]:
        """Parts of the gateway by the end of their ids, each with its path in the body."""
        found = {}
        for index, part in enumerate(items(self._body, "properties", collection)):
            name = name_of(str(value(part, "id") or value(part, "name") or index).lower())
            found[name] = (f"properties.{collection}[{index}]", part)
        return found

    def _sites(self) -> Iterator[dict[str, Any]]:
        for collection, (kind, _) in _RULES.items():
            for index, rule in enumerate(items(self._body, "properties", collection)):
                listener = self._listeners.get(name_of(key_at(rule, "properties", kind)))
                if listener is None:
                    continue
                for path, at, part, prefix in self._branches(rule, f"properties.{collection}[{index}]"):
                    yield self._site(listener, path, at, part, prefix)

    def _branches(self, rule: Any, at: str) -> Iterator[tuple[str, str, Any, str]]:
        """The paths of a rule, each with where it stands, its body, and what its properties' names begin with."""
        found = self._maps.get(name_of(key_at(rule, "properties", "urlPathMap")))
        if found is None:
            yield "", at, rule, ""
            return
        yield from self._parts(*found)

    def _parts(self, place: str, path_map: Any) -> Iterator[tuple[str, str, Any, str]]:
        yield "*", place, path_map, "default"
        for index, one in enumerate(items(path_map, "properties", "pathRules")):
            shown = ", ".join(str(path) for path in items(one, "properties", "paths"))
            yield shown or str(value(one, "name")), f"{place}.properties.pathRules[{index}]", one, ""

    def _site(self, listener: tuple[str, Any], path: str, at: str, part: Any, prefix: str) -> dict[str, Any]:
        place, body = listener
        protocol = text(body, "properties", "protocol") or "http"
        plain = self._plain(protocol, place, at, part, prefix)
        tls, policy, suites = self._tls(protocol, place, body)
        # A redirect answers by itself: nothing of the request reaches an application.
        answered = self._redirect_of(part, prefix) is not None or protocol not in ("http", "https")
        firewall, waf = (_Found(""), "") if answered else self._firewall(place, body, at, part)
        found = {"plain": plain, "weak_tls": tls, "weak_suites": suites, "unprotected": firewall}
        return {
            "listener": name_of(str(value(body, "id") or value(body, "name") or "")),
            "path": path,
            "protocol": protocol,
            "plain": plain.said,
            "tls": policy,
            "weak_tls": tls.said,
            "weak_suites": suites.said,
            "waf": waf,
            "unprotected": firewall.said,
            "decided_by": {question: list(one.paths) for question, one in found.items() if one.said},
        }

    def _redirect_of(self, part: Any, prefix: str) -> tuple[str, Any] | None:
        key = "defaultRedirectConfiguration" if prefix else "redirectConfiguration"
        wanted = key_at(part, "properties", key)
        return self._redirects.get(name_of(wanted), ("", None)) if wanted else None

    def _plain(self, protocol: str, place: str, at: str, part: Any, prefix: str) -> _Found:
        redirect = self._redirect_of(part, prefix)
        if redirect is not None:
            return self._led_to_http(redirect, frozenset())
        key = "defaultBackendAddressPool" if prefix else "backendAddressPool"
        if protocol == "http" and place and (key_at(part, "properties", key) or not prefix):
            return _Found("it forwards requests over HTTP", (f"{place}.properties.protocol", f"{at}.properties.{key}"))
        return _Found("")

    def _led_to_http(self, redirect: tuple[str, Any], seen: frozenset[str]) -> _Found:
        place, body = redirect
        url = str(value(body, "properties", "targetUrl") or "")
        if url.lower().startswith("http:"):
            return _Found(f"it redirects to {url}", (f"{place}.properties.targetUrl",))
        name = name_of(key_at(body, "properties", "targetListener"))
        target = self._listeners.get(name)
        if target is None or text(target[1], "properties", "protocol") == "https" or name in seen:
            return _Found("")
        if self._moves_on(name, seen | {name}):
            return _Found("")
        paths = (f"{place}.properties.targetListener", f"{target[0]}.properties.protocol")
        return _Found(f"it redirects to the HTTP listener {name}", paths)

    def _moves_on(self, listener: str, seen: frozenset[str]) -> bool:
        """Whether all that a listener does is to redirect to TLS."""
        branches = [
            self._redirect_of(part, prefix)
            for rule in items(self._body, "properties", "requestRoutingRules")
            if name_of(key_at(rule, "properties", "httpListener")) == listener
            for _, _, part, prefix in self._branches(rule, "")
        ]
        return bool(branches) and all(one is not None and not self._led_to_http(one, seen).said for one in branches)

    def _tls(self, protocol: str, place: str, listener: Any) -> tuple[_Found, str, _Found]:
        """Old versions, the name of the policy, weak suites."""
        if protocol not in _TLS:
            return _Found(""), "", _Found("")
        wanted = key_at(listener, "properties", "sslProfile")
        profile = self._profiles.get(name_of(wanted)) if wanted else None
        own = value(profile[1], "properties", "sslPolicy") if profile else None
        decides: tuple[str, ...] = ("properties.sslPolicy",)
        if profile and own:
            decides = (f"{place}.properties.sslProfile.id", f"{profile[0]}.properties.sslPolicy")
        else:
            own = value(self._body, "properties", "sslPolicy")
        said, policy = weak_tls(own)
        return _Found(said, decides), policy, _Found(weak_suites(own), decides)

    def _firewall(self, place: str, listener: Any, at: str, part: Any) -> tuple[_Found, str]:
        tier = text(self._body, "properties", "sku", "tier")
        if tier in _UNFILTERED_TIERS:
            return _Found(f"the tier {tier} has no firewall", ("properties.sku.tier",)), ""
        for where, body in ((at, part), (place, listener), ("", self._body)):
            key = key_at(body, "properties", "firewallPolicy")
            if key:
                path = f"{where}.properties.firewallPolicy.id".lstrip(".")
                return self._policy(key, path), name_of(key)
        return self._inline(), ""

    def _policy(self, key: str, path: str) -> _Found:
        policy = self._inventory.get(key)
        if policy is None:
            gap = self._inventory.gap(POLICIES, key)
            return _Found(Unread(gap) if gap else f"the policy {name_of(key)} does not exist", (path,))
        if gap := policy.unread.get("properties"):
            return _Found(Unread(gap), (path,))
        # Missing means Enabled and Detection.
        if text(policy.body, "properties", "policySettings", "state") == "disabled":
            return _Found(f"the policy {policy.name} is off", (path, f"{policy.id}:properties.policySettings.state"))
        if text(policy.body, "properties", "policySettings", "mode") != "prevention":
            said = f"the policy {policy.name} only watches"
            return _Found(said, (path, f"{policy.id}:properties.policySettings.mode"))
        return _Found("")

    def _inline(self) -> _Found:
        path = "properties.webApplicationFirewallConfiguration"
        own = value(self._body, "properties", "webApplicationFirewallConfiguration")
        if value(own, "enabled") is not True:
            return _Found("no firewall looks at them", ("properties.firewallPolicy", f"{path}.enabled"))
        if text(own, "firewallMode") != "prevention":
            return _Found("its own firewall configuration only watches", (f"{path}.firewallMode",))
        return _Found("")

    def _backends(self) -> Iterator[dict[str, Any]]:
        used: dict[str, bool] = {}
        for collection, (kind, settings) in _RULES.items():
            for rule in items(self._body, "properties", collection):
                listener = self._listeners.get(name_of(key_at(rule, "properties", kind)), ("", {}))[1]
                for _, _, part, prefix in self._branches(rule, ""):
                    key = f"default{settings[0].upper()}{settings[1:]}" if prefix else settings
                    if name := name_of(key_at(part, "properties", key)):
                        used[name] = used.get(name, False) or text(listener, "properties", "protocol") in _TLS
        for collection in ("backendHttpSettingsCollection", "backendSettingsCollection"):
            for name, (place, body) in self._indexed(collection).items():
                if name in used or not self._ruled:
                    # Missing means Http: https://learn.microsoft.com/rest/api/application-gateway/application-gateways/get
                    protocol = text(body, "properties", "protocol") or "http"
                    off = [one for one in _CHECKS if value(body, "properties", one) is False]
                    yield {
                        "name": name,
                        "protocol": protocol,
                        "checked": not off,
                        "after_tls": used.get(name, True),
                        "affinity": text(body, "properties", "cookieBasedAffinity") == "enabled",
                        "decided_by": {
                            "protocol": [f"{place}.properties.protocol"],
                            "checked": [f"{place}.properties.{one}" for one in off],
                            "affinity": [f"{place}.properties.cookieBasedAffinity"],
                        },
                    }


FAMILY = FactFamily(
    name="gateway_sites",
    types=frozenset((GATEWAYS,)),
    needs=frozenset((GATEWAYS, POLICIES)),
    compute=compute,
    grounds={
        "sites.plain": "HTTPS",
        "sites.weak_tls": "TLS 1.2 or newer",
        "sites.weak_suites": "suites with ECDHE",
        "sites.unprotected": "a firewall policy that is on and in the mode Prevention",
        "backends.protocol": "Https",
        "backends.checked": "true",
        "backends.after_tls": "",
        "backends.affinity": "Disabled",
        "sites.protocol": "",
    },
)
