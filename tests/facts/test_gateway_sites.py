"""What an application gateway does with requests: the setting that is nearest to a site decides."""

from __future__ import annotations

import pytest

from auditor.facts.network.gateway_sites import compute
from auditor.facts.network.gateway_tls import weak_tls
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.conftest import arm_id

GATEWAY = arm_id("Microsoft.Network/applicationGateways", "agw")


def part(kind, name, **properties):
    return {"id": f"{GATEWAY}/{kind}/{name}", "name": name, "properties": properties}


def to(kind, name):
    return {"id": f"{GATEWAY}/{kind}/{name}"}


def policy(name, mode="Prevention", state="Enabled"):
    kind = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
    settings = {"mode": mode, "state": state}
    return {"id": arm_id(kind, name), "name": name, "type": kind, "properties": {"policySettings": settings}}


def gateway(**properties):
    """A gateway with an HTTPS and an HTTP listener; only the first has a rule unless said otherwise."""
    body = {
        "sku": {"name": "WAF_v2", "tier": "WAF_v2"},
        "firewallPolicy": {"id": policy("good")["id"]},
        "sslPolicy": {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"},
        "httpListeners": [
            part("httpListeners", "tls", protocol="Https"),
            part("httpListeners", "web", protocol="Http"),
        ],
        "requestRoutingRules": [serve("tls")],
    }
    return {"id": GATEWAY, "type": "Microsoft.Network/applicationGateways", "properties": {**body, **properties}}


def serve(listener, **more):
    pool = {"backendAddressPool": to("backendAddressPools", "p"), "backendHttpSettings": to("settings", "plain")}
    return part("rules", listener, httpListener=to("httpListeners", listener), **(more or pool))


def fact(body, *others):
    inventory = Inventory([Resource.from_body(one) for one in (body, policy("good"), *others)])
    return compute(inventory)[GATEWAY.lower()]


def said(question, body, *others):
    return [site[question] for site in fact(body, *others)["sites"]]


WATCHING, OFF = policy("watching", "Detection"), policy("off", state="Disabled")
LINKED = {"firewallPolicy": {"id": WATCHING["id"]}}
INLINE = {"enabled": True, "firewallMode": "Prevention"}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, ""),
        ({"firewallPolicy": {"id": WATCHING["id"].upper()}}, "the policy watching only watches"),
        ({"firewallPolicy": {"id": OFF["id"]}}, "the policy off is off"),
        ({"firewallPolicy": None}, "no firewall looks at them"),
        ({"firewallPolicy": None, "webApplicationFirewallConfiguration": INLINE}, ""),
        ({**LINKED, "webApplicationFirewallConfiguration": INLINE}, "the policy watching only watches"),
        ({"webApplicationFirewallConfiguration": {"enabled": True, "firewallMode": "Detection"}}, ""),
        ({"sku": {"tier": "Standard_v2"}}, "the tier standard_v2 has no firewall"),
        (
            {"httpListeners": [part("httpListeners", "tls", protocol="Https", **LINKED)]},
            "the policy watching only watches",
        ),
        (
            {
                **LINKED,
                "httpListeners": [part("l", "tls", protocol="Https", firewallPolicy={"id": policy("good")["id"]})],
            },
            "",
        ),
    ],
)
def test_the_firewall_policy_of_a_listener_comes_before_that_of_the_gateway(properties, expected):
    assert said("unprotected", gateway(**properties), WATCHING, OFF) == [expected]


def test_a_path_has_a_policy_of_its_own():
    rule = part("pathRules", "api", paths=["/api/*"], backendAddressPool=to("pools", "p"), **LINKED)
    paths = part("urlPathMaps", "m", defaultBackendAddressPool=to("pools", "p"), pathRules=[rule])
    body = gateway(urlPathMaps=[paths], requestRoutingRules=[serve("tls", urlPathMap=to("urlPathMaps", "m"))])

    found = fact(body, WATCHING)["sites"]

    assert [(site["path"], site["unprotected"]) for site in found] == [
        ("*", ""),
        ("/api/*", "the policy watching only watches"),
    ]
    assert found[1]["decided_by"]["unprotected"] == [
        "properties.urlPathMaps[0].properties.pathRules[0].properties.firewallPolicy.id",
        f"{WATCHING['id']}:properties.policySettings.mode",
    ]


def test_a_listener_that_no_rule_serves_opens_nothing():
    assert said("plain", gateway()) == [""]
    assert said("plain", gateway(requestRoutingRules=[serve("web")])) == ["it forwards requests over HTTP"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"targetListener": to("httpListeners", "tls")}, ""),
        ({"targetUrl": "https://shop.example.com"}, ""),
        ({"targetUrl": "HTTP://shop.example.com"}, "it redirects to HTTP://shop.example.com"),
        ({"targetListener": to("httpListeners", "other")}, "it redirects to the HTTP listener other"),
        ({"targetListener": to("httpListeners", "moved")}, ""),
        ({"targetListener": to("httpListeners", "web")}, ""),  # in a circle: nobody is served anything
    ],
)
def test_a_redirect_is_followed_to_where_it_ends(target, expected):
    listeners = [part("httpListeners", name, protocol="Http") for name in ("web", "other", "moved")]
    listeners.append(part("httpListeners", "tls", protocol="Https"))
    redirects = [part("redirectConfigurations", "r", **target)]
    redirects.append(part("redirectConfigurations", "to-tls", targetListener=to("httpListeners", "tls")))
    rules = [
        serve("web", redirectConfiguration=to("redirectConfigurations", "r")),
        serve("moved", redirectConfiguration=to("redirectConfigurations", "to-tls")),
    ]
    body = gateway(httpListeners=listeners, redirectConfigurations=redirects, requestRoutingRules=rules)

    assert said("plain", body) == [expected, ""]


@pytest.mark.parametrize(
    ("policy", "weak"),
    [
        (None, True),
        ({"policyType": "Predefined", "policyName": "AppGwSslPolicy20150501"}, True),
        ({"policyType": "Predefined", "policyName": "AppGwSslPolicy20170401"}, True),
        ({"policyType": "Predefined", "policyName": "appgwsslpolicy20170401s"}, False),
        ({"policyType": "Custom", "minProtocolVersion": "TLSv1_1"}, True),
        ({"policyType": "CustomV2", "minProtocolVersion": "TLSv1_3"}, False),
        ({"policyType": "Custom", "minProtocolVersion": "TLSv1_0", "disabledSslProtocols": ["TLSv1_0"]}, True),
        ({"disabledSslProtocols": ["TLSv1_0", "TLSv1_1"]}, False),
    ],
)
def test_which_policies_take_old_versions(policy, weak):
    assert bool(weak_tls(policy)[0]) is weak


def test_the_profile_of_a_listener_comes_before_the_policy_of_the_gateway():
    old = {"policyType": "Predefined", "policyName": "AppGwSslPolicy20150501"}
    strict = {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101S"}
    profiles = [part("sslProfiles", "old", sslPolicy=old), part("sslProfiles", "strict", sslPolicy=strict)]

    def under(profile, own):
        more = {"sslProfile": to("sslProfiles", profile)} if profile else {}
        listeners = [part("httpListeners", "tls", protocol="Https", **more)]
        return said("weak_tls", gateway(sslProfiles=profiles, sslPolicy=own, httpListeners=listeners))[0]

    assert "AppGwSslPolicy20150501" in under("old", strict)
    assert under("strict", old) == ""
    assert under("", strict) == "", "a profile that nothing uses weakens nothing"
    assert under("", old)


def test_a_policy_that_does_not_exist_protects_nothing_and_one_that_was_not_read_leaves_it_open():
    body = gateway(firewallPolicy={"id": policy("elsewhere")["id"]})
    assert said("unprotected", body) == ["the policy elsewhere does not exist"]

    gap = Gap(policy("elsewhere")["id"], policy("elsewhere")["type"], "GET", 403, "AuthorizationFailed")
    bare = Resource.from_body(policy("elsewhere"), unread={"properties": gap})
    found = FactStore(Inventory([Resource.from_body(body), bare])).get("gateway_sites", Resource.from_body(body))
    assert isinstance(found["sites"][0]["unprotected"], Unread)


def test_only_backend_settings_in_use_count():
    settings = [part("s", "plain", protocol="Http"), part("s", "idle", protocol="Http", validateSNI=False)]
    body = gateway(backendHttpSettingsCollection=settings)

    assert [(one["name"], one["after_tls"]) for one in fact(body)["backends"]] == [("plain", True)]
    http = gateway(backendHttpSettingsCollection=settings, requestRoutingRules=[serve("web")])
    assert [(one["name"], one["after_tls"]) for one in fact(http)["backends"]] == [("plain", False)]
