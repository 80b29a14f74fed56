"""Apps, containers and managed instances: what only several resources together say."""

from __future__ import annotations

import pytest

from auditor.facts.paas.ranges import all_public
from tests.facts.paas_bodies import (
    ALLOW_ALL,
    APP,
    APPS,
    ENVIRONMENT,
    OFFICE,
    ON,
    OPEN,
    PRIVATE,
    SELECTED,
    SIGNALR,
    SITE,
    Body,
    body,
    exposure,
    managed_instance,
    nsg_rule,
    path_of,
    web,
)

MASKED = {**OFFICE, "ipAddress": "203.0.113.0", "subnetMask": "255.255.255.0"}
FRONT_DOOR = {**OFFICE, "ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag"}
DENY_REST = {"ipAddress": "Any", "action": "Deny", "priority": 2147483647}


@pytest.mark.parametrize(
    ("settings", "wanted", "addresses"),
    [
        ({"ipSecurityRestrictions": [OFFICE, DENY_REST]}, SELECTED, 256),
        ({"ipSecurityRestrictions": [{**DENY_REST, "priority": 1}, OFFICE]}, SELECTED, 0),
        ({"ipSecurityRestrictions": [OFFICE], "ipSecurityRestrictionsDefaultAction": "Allow"}, OPEN, None),
        ({"ipSecurityRestrictions": [], "ipSecurityRestrictionsDefaultAction": "Deny"}, SELECTED, 0),
        (
            {"ipSecurityRestrictions": [MASKED]},
            SELECTED,
            256,
        ),
        ({"ipSecurityRestrictions": [{**OFFICE, "ipAddress": "203.0.113.1/32, 203.0.113.9/32"}]}, SELECTED, 2),
        (
            {"ipSecurityRestrictions": [FRONT_DOOR]},
            SELECTED,
            0,
        ),
        ({"ipSecurityRestrictions": [{**ALLOW_ALL, "headers": {"x-azure-fdid": ["1"]}}]}, OPEN, None),
        ({"ipSecurityRestrictions": [{"vnetSubnetResourceId": "s", "action": "Allow"}]}, SELECTED, 0),
        ({"scmIpSecurityRestrictions": [DENY_REST]}, OPEN, None),
    ],
)
def test_access_restrictions_of_an_app(settings: Body, wanted: str, addresses: int | None) -> None:
    found = exposure(body(SITE, ON), web(**settings))

    assert (found["exposure"], found["wide"]) == (wanted, addresses is None)
    assert found["public_addresses"] == (all_public() if addresses is None else addresses)


def test_a_list_of_what_is_blocked_leaves_the_rest_open() -> None:
    blocked = {"ipAddress": "203.0.113.0/24", "action": "Deny", "priority": 1}
    found = exposure(body(SITE, {}), web(ipSecurityRestrictions=[blocked], ipSecurityRestrictionsDefaultAction="Allow"))

    assert (found["exposure"], found["wide"], found["public_addresses"]) == (SELECTED, True, all_public() - 256)


def test_a_private_endpoint_shuts_an_app_that_says_nothing() -> None:
    def endpoint(status: str) -> Body:
        connection = {
            "privateLinkServiceId": path_of(SITE),
            "privateLinkServiceConnectionState": {"status": status},
        }
        return body(
            "Microsoft.Network/privateEndpoints", {"privateLinkServiceConnections": [{"properties": connection}]}, "pe"
        )

    assert exposure(body(SITE, {}), web(), endpoint("Approved"))["exposure"] == PRIVATE
    assert exposure(body(SITE, {}), web(), endpoint("Pending"))["exposure"] == OPEN
    assert exposure(body(SITE, ON), web(), endpoint("Approved"))["exposure"] == OPEN


@pytest.mark.parametrize(("mode", "wanted"), [("Web, Publishing", PRIVATE), ("None", OPEN), (None, OPEN)])
def test_an_app_in_an_internal_environment_is_private(mode: str | None, wanted: str) -> None:
    app = body(SITE, {"hostingEnvironmentProfile": {"id": path_of(ENVIRONMENT, "ase").upper()}})
    environment = body(ENVIRONMENT, {"internalLoadBalancingMode": mode}, "ase")

    assert exposure(app, web(), environment)["exposure"] == wanted
    assert exposure(app, web(), environment, family="scm_exposure")["exposure"] == wanted


@pytest.mark.parametrize(
    ("settings", "main", "scm"),
    [
        ({"ipSecurityRestrictions": [OFFICE]}, SELECTED, OPEN),
        ({"ipSecurityRestrictions": [OFFICE], "scmIpSecurityRestrictionsUseMain": True}, SELECTED, SELECTED),
        ({"scmIpSecurityRestrictionsDefaultAction": "Deny"}, OPEN, SELECTED),
        ({"scmIpSecurityRestrictions": [OFFICE], "scmIpSecurityRestrictionsUseMain": True}, OPEN, OPEN),
    ],
)
def test_the_advanced_tools_site_has_rules_of_its_own(settings: Body, main: str, scm: str) -> None:
    bodies = [body(SITE, ON), web(**settings)]

    assert exposure(*bodies)["exposure"] == main
    assert exposure(*bodies, family="scm_exposure")["exposure"] == scm


def test_rules_of_a_declared_site_are_read_from_its_own_body() -> None:
    assert exposure(body(SITE, {"siteConfig": {"ipSecurityRestrictions": [OFFICE]}}))["public_addresses"] == 256


@pytest.mark.parametrize(
    ("rules", "wanted", "wide"),
    [
        ([], OPEN, True),
        ([{"action": "Allow", "ipAddressRange": "203.0.113.0/24"}], SELECTED, False),
        ([{"action": "Deny", "ipAddressRange": "203.0.113.0/24"}], SELECTED, True),
        ([{"action": "Allow", "ipAddressRange": "0.0.0.0/0"}], SELECTED, True),
    ],
)
def test_restrictions_of_a_container_app(rules: list[Body], wanted: str, wide: bool) -> None:
    ingress = {"external": True, "ipSecurityRestrictions": rules}
    found = exposure(body(APP, {"configuration": {"ingress": ingress}}))

    assert (found["exposure"], found["wide"]) == (wanted, wide)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, OPEN),
        ({"vnetConfiguration": {"internal": False}}, OPEN),
        ({"vnetConfiguration": {"internal": True}}, PRIVATE),
        ({"publicNetworkAccess": "Disabled"}, PRIVATE),
    ],
)
def test_a_container_app_is_as_public_as_its_environment(environment: Body, wanted: str) -> None:
    properties = {"managedEnvironmentId": path_of(APPS, "env"), "configuration": {"ingress": {"external": True}}}

    assert exposure(body(APP, properties), body(APPS, environment, "env"))["exposure"] == wanted


def test_another_port_can_be_external() -> None:
    ingress = {"external": False, "additionalPortMappings": [{"external": True, "targetPort": 5000}]}

    assert exposure(body(APP, {"configuration": {"ingress": ingress}}))["exposure"] == OPEN


@pytest.mark.parametrize(
    ("rules", "properties", "wanted", "addresses"),
    [
        ([nsg_rule("Internet")], {}, PRIVATE, 0),
        ([nsg_rule("Internet")], {"publicDataEndpointEnabled": True}, OPEN, None),
        ([nsg_rule("203.0.113.0/28", "*")], {"publicDataEndpointEnabled": True}, SELECTED, 16),
        ([nsg_rule("Internet", port="1433")], {"publicDataEndpointEnabled": True}, SELECTED, 0),
        ([nsg_rule("Internet", "10.0.2.0/24")], {"publicDataEndpointEnabled": True}, SELECTED, 0),
        (None, {"publicDataEndpointEnabled": True}, OPEN, None),
    ],
)
def test_the_security_group_filters_a_managed_instance(
    rules: list[Body] | None, properties: Body, wanted: str, addresses: int | None
) -> None:
    found = exposure(*managed_instance(rules, **properties))

    assert found["exposure"] == wanted, found["text"]
    assert found["public_addresses"] == (all_public() if addresses is None else addresses)


# --- real-time services


@pytest.mark.parametrize(
    ("rules", "wanted", "addresses"),
    [
        ([("0.0.0.0/0", "Allow"), ("::/0", "Allow")], OPEN, None),
        ([("203.0.113.0/24", "Allow"), ("0.0.0.0/0", "Deny"), ("::/0", "Deny")], SELECTED, 256),
        ([("203.0.113.0/25", "Deny"), ("203.0.113.0/24", "Allow"), ("0.0.0.0/0", "Deny")], SELECTED, 128),
        ([("AzureFrontDoor.Backend", "Allow"), ("0.0.0.0/0", "Deny"), ("::/0", "Deny")], SELECTED, 0),
    ],
)
def test_rules_of_signalr_count_in_their_order(
    rules: list[tuple[str, str]], wanted: str, addresses: int | None
) -> None:
    acl = {"publicNetwork": {"deny": []}, "ipRules": [{"value": text, "action": action} for text, action in rules]}
    found = exposure(body(SIGNALR, {"networkACLs": acl}))

    assert found["exposure"] == wanted
    assert found["public_addresses"] == (all_public() if addresses is None else addresses)


# --- what its surroundings do not say

EXTERNAL = {"ingress": {"external": True}}


@pytest.mark.parametrize(
    ("service", "others"),
    [
        (
            body(
                APP, {"managedEnvironmentId": path_of(APPS, "gone"), "configuration": {"ingress": {"external": True}}}
            ),
            [],
        ),
        (body(SITE, {"hostingEnvironmentProfile": {"id": path_of(ENVIRONMENT, "gone")}}), [web()]),
    ],
)
def test_a_host_that_does_not_exist_shuts_nothing(service: Body, others: list[Body]) -> None:
    assert exposure(service, *others)["exposure"] == OPEN


OFF = {"publicNetworkAccess": "Disabled"}
ENDPOINT = {
    "privateEndpointConnections": [{"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}]
}


@pytest.mark.parametrize(
    ("site", "settings", "wanted"),
    [
        ({}, OFF, PRIVATE),
        ({"publicNetworkAccess": None}, OFF, PRIVATE),
        ({"publicNetworkAccess": ""}, OFF, PRIVATE),
        (OFF, ON, PRIVATE),
        (ON, OFF, PRIVATE),
        (ON, {}, OPEN),
        ({}, {}, OPEN),
        (ENDPOINT, {}, PRIVATE),
        (ENDPOINT, ON, OPEN),
    ],
)
@pytest.mark.parametrize("family", ["paas_exposure", "scm_exposure"])
def test_the_configuration_of_an_app_has_the_switch_for_public_access_too(site, settings, wanted, family) -> None:
    found = exposure(body(SITE, site), web(**settings), family=family)

    assert found["exposure"] == wanted
    if site.get("publicNetworkAccess") in (None, "") and settings == OFF:
        assert found["decided_by"] == ["config/web:properties.publicNetworkAccess"]
