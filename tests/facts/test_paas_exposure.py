"""From which networks a service can be reached: defaults, open, selected, private, and near misses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.facts.paas.ranges import all_public
from auditor.facts.paas.services import SERVICES
from tests.facts.paas_bodies import (
    AI,
    AKS,
    ALLOW_ALL,
    APIM,
    APP,
    APPROVED,
    APPS,
    AUTOMATION,
    BATCH,
    BUS,
    CITUS,
    CONFIGURATION,
    CONTAINERS,
    COSMOS,
    DISK,
    ENDPOINT,
    ENVIRONMENT,
    FILE_SYNC,
    HDINSIGHT,
    HSM,
    HUBS,
    IOT,
    KUSTO,
    LOGIC,
    LOGS,
    MANAGED_REDIS,
    MONGO,
    MYSQL,
    OFFICE,
    ON,
    OPEN,
    PENDING,
    POSTGRES,
    PRIVATE,
    PROVISIONING,
    REDIS,
    REGISTRY,
    SAN,
    SCOPE,
    SEARCH,
    SELECTED,
    SIGNALR,
    SITE,
    SNAPSHOT,
    SQL,
    STORAGE,
    SYNAPSE,
    TOPIC,
    VAULT,
    ZERO,
    Body,
    body,
    exposure,
    firewall,
    rule_set,
    web,
)

BOTH_SHUT = {"publicNetworkAccessForQuery": "Disabled", "publicNetworkAccessForIngestion": "Disabled"}
RULES = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/30"}]}


REQUESTED = {"triggers": {"manual": {"type": "Request", "kind": "Http"}}}


def callers(*ranges: str) -> Body:
    return {"triggers": {"allowedCallerIpAddresses": [{"addressRange": text} for text in ranges]}}


def reject(target: str) -> Body:
    return {"ipFilterRules": [{"ipMask": "0.0.0.0/0", "action": "Reject", "target": target}]}


# service, its properties, other bodies, exposure, public addresses (None: all), whether the default decided
CASES: list[tuple[str, Body, list[Body], str, int | None, bool]] = [
    (STORAGE, {}, [], OPEN, None, True),
    (STORAGE, {"publicNetworkAccess": None, "networkAcls": None}, [], OPEN, None, True),
    (STORAGE, {"publicNetworkAccess": "enabled", "networkAcls": {"defaultAction": "allow"}}, [], OPEN, None, False),
    (STORAGE, {"networkAcls": {"defaultAction": "deny"}}, [], SELECTED, 0, False),
    (STORAGE, {"publicNetworkAccess": "disabled", "networkAcls": {"defaultAction": "Allow"}}, [], PRIVATE, 0, False),
    (VAULT, {}, [], OPEN, None, True),
    (VAULT, {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.7"}]}}, [], SELECTED, 1, False),
    (HSM, {"networkAcls": {"bypass": "None"}}, [], OPEN, None, True),
    (SQL, {}, [], SELECTED, 0, True),
    (SQL, ON, [firewall(SQL, "203.0.113.0", "203.0.113.9")], SELECTED, 10, False),
    (SQL, {"publicNetworkAccess": "Disabled"}, [firewall(SQL, ZERO, "255.255.255.255")], PRIVATE, 0, False),
    (POSTGRES, {}, [], SELECTED, 0, True),
    (POSTGRES, {"network": {"publicNetworkAccess": "Disabled"}}, [], PRIVATE, 0, False),
    (POSTGRES, {"network": {"delegatedSubnetResourceId": "/subscriptions/s"}}, [], PRIVATE, 0, False),
    (
        MYSQL,
        {"network": ON},
        [firewall(MYSQL, "203.0.113.4", "203.0.113.4")],
        SELECTED,
        1,
        False,
    ),
    (COSMOS, {}, [], OPEN, None, True),
    (COSMOS, {"ipRules": [{"ipAddressOrRange": "203.0.113.0/28"}]}, [], SELECTED, 16, True),
    (COSMOS, {"ipRangeFilter": "203.0.113.1,203.0.113.9"}, [], SELECTED, 2, True),
    (COSMOS, {"isVirtualNetworkFilterEnabled": True, "virtualNetworkRules": []}, [], SELECTED, 0, True),
    (COSMOS, {"isVirtualNetworkFilterEnabled": False, "virtualNetworkRules": [{"id": "s"}]}, [], OPEN, None, True),
    (MONGO, ON, [], SELECTED, 0, False),
    (CITUS, {}, [firewall(CITUS, ZERO, ZERO)], SELECTED, 0, True),
    (CITUS, {"coordinatorEnablePublicIpAccess": False}, [], PRIVATE, 0, False),
    (CITUS, {"coordinatorEnablePublicIpAccess": False, "nodeEnablePublicIpAccess": True}, [], SELECTED, 0, False),
    (REDIS, {}, [], OPEN, None, True),
    (REDIS, {"privateEndpointConnections": APPROVED}, [], PRIVATE, 0, True),
    (REDIS, {"subnetId": "/subscriptions/s/subnet"}, [], PRIVATE, 0, False),
    (
        REDIS,
        ON,
        [firewall(REDIS, "203.0.113.0", "203.0.113.255")],
        SELECTED,
        256,
        False,
    ),
    (MANAGED_REDIS, {}, [], OPEN, None, True),
    (MANAGED_REDIS, {"privateEndpointConnections": APPROVED, "publicNetworkAccess": "Enabled"}, [], OPEN, None, False),
    (SAN, {}, [], SELECTED, 0, True),
    (DISK, {}, [], OPEN, None, True),
    (DISK, {"networkAccessPolicy": "AllowPrivate", "publicNetworkAccess": "Enabled"}, [], PRIVATE, 0, False),
    (DISK, {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Disabled"}, [], PRIVATE, 0, False),
    (SNAPSHOT, {"networkAccessPolicy": "DenyAll"}, [], PRIVATE, 0, False),
    (FILE_SYNC, {}, [], OPEN, None, True),
    (FILE_SYNC, {"incomingTrafficPolicy": "AllowVirtualNetworksOnly"}, [], PRIVATE, 0, False),
    (KUSTO, {"allowedIpRangeList": ["203.0.113.0/25"]}, [], SELECTED, 128, True),
    (SITE, {}, [web()], OPEN, None, True),
    (SITE, {"publicNetworkAccess": ""}, [web(ipSecurityRestrictions=[ALLOW_ALL])], OPEN, None, False),
    (SITE, ON, [web(ipSecurityRestrictions=[OFFICE])], SELECTED, 256, False),
    (SITE, {"publicNetworkAccess": "Disabled"}, [], PRIVATE, 0, False),
    (ENVIRONMENT, {}, [], OPEN, None, True),
    (ENVIRONMENT, {"internalLoadBalancingMode": "Web, Publishing"}, [], PRIVATE, 0, False),
    (ENVIRONMENT, {"internalLoadBalancingMode": "Publishing"}, [], OPEN, None, False),
    (APP, {"configuration": {}}, [], PRIVATE, 0, False),
    (APP, {"configuration": {"ingress": {"external": False}}}, [], PRIVATE, 0, False),
    (APP, {"configuration": {"ingress": {"external": True}}}, [], OPEN, None, False),
    (APPS, {}, [], OPEN, None, True),
    (APPS, {"vnetConfiguration": {"internal": True}}, [], PRIVATE, 0, False),
    (APPS, {"vnetConfiguration": {"internal": False}, "publicNetworkAccess": "Disabled"}, [], PRIVATE, 0, False),
    (CONTAINERS, {}, [], PRIVATE, 0, True),
    (CONTAINERS, {"ipAddress": {"type": "Public"}}, [], OPEN, None, False),
    (CONTAINERS, {"ipAddress": {"type": "Private"}}, [], PRIVATE, 0, False),
    (REGISTRY, {}, [], OPEN, None, True),
    (
        REGISTRY,
        {"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/30"}]}},
        [],
        SELECTED,
        4,
        False,
    ),
    (AKS, {}, [], OPEN, None, True),
    (AKS, {"apiServerAccessProfile": {"authorizedIPRanges": []}}, [], OPEN, None, True),
    (AKS, {"apiServerAccessProfile": {"authorizedIPRanges": ["0.0.0.0/32"]}}, [], SELECTED, 0, True),
    (AKS, {"apiServerAccessProfile": {"enablePrivateCluster": True}}, [], PRIVATE, 0, False),
    (AKS, {"publicNetworkAccess": "Disabled"}, [], OPEN, None, True),
    (APIM, {}, [], OPEN, None, True),
    (APIM, {"virtualNetworkType": "External"}, [], OPEN, None, False),
    (APIM, {"virtualNetworkType": "Internal"}, [], PRIVATE, 0, False),
    (LOGIC, {"definition": {"triggers": {"daily": {"type": "Recurrence"}}}}, [], PRIVATE, 0, False),
    (LOGIC, {"definition": REQUESTED}, [], OPEN, None, True),
    (LOGIC, {"definition": REQUESTED, "accessControl": callers()}, [], SELECTED, 0, False),
    (LOGIC, {"definition": REQUESTED, "accessControl": callers("203.0.113.0-203.0.113.7")}, [], SELECTED, 8, False),
    (SCOPE, {}, [], PRIVATE, 0, True),
    (SCOPE, ON, [], OPEN, None, False),
    (BATCH, {"networkProfile": {"accountAccess": {"defaultAction": "Deny"}}}, [], SELECTED, 0, False),
    (BATCH, {"networkProfile": {"nodeManagementAccess": {"defaultAction": "Deny"}}}, [], OPEN, None, True),
    (HDINSIGHT, {}, [], OPEN, None, True),
    (HDINSIGHT, {"networkProperties": {"resourceProviderConnection": "Outbound"}}, [], PRIVATE, 0, False),
    (BUS, {}, [], OPEN, None, True),
    (BUS, {}, [rule_set(BUS, defaultAction="Deny", ipRules=[])], OPEN, None, False),
    (BUS, {}, [rule_set(BUS, defaultAction="Deny", ipRules=[{"ipMask": "203.0.113.1"}])], SELECTED, 1, False),
    (BUS, {}, [rule_set(BUS, defaultAction="Allow", ipRules=[{"ipMask": "203.0.113.1"}])], OPEN, None, False),
    (HUBS, {"publicNetworkAccess": "Disabled"}, [rule_set(HUBS, defaultAction="Allow")], PRIVATE, 0, False),
    (HUBS, {}, [rule_set(HUBS, publicNetworkAccess="Disabled")], PRIVATE, 0, False),
    (TOPIC, {"inboundIpRules": []}, [], OPEN, None, True),
    (TOPIC, {"inboundIpRules": [{"ipMask": "203.0.113.0/29", "action": "Allow"}]}, [], SELECTED, 8, True),
    (SIGNALR, {}, [], OPEN, None, True),
    (SIGNALR, {"networkACLs": {"defaultAction": "Deny", "publicNetwork": {"allow": []}}}, [], PRIVATE, 0, False),
    (SIGNALR, {"networkACLs": {"defaultAction": "Deny", "publicNetwork": {"allow": ["Trace"]}}}, [], OPEN, None, False),
    (IOT, {}, [], OPEN, None, True),
    (IOT, {"networkRuleSets": {"ipRules": [{"ipMask": "203.0.113.5", "action": "Allow"}]}}, [], SELECTED, 1, True),
    (IOT, {"ipFilterRules": [{"ipMask": "203.0.113.5", "action": "Accept"}]}, [], OPEN, None, False),
    (
        PROVISIONING,
        reject("deviceApi"),
        [],
        OPEN,
        None,
        False,
    ),
    (
        PROVISIONING,
        reject("all"),
        [],
        SELECTED,
        0,
        False,
    ),
    (AI, {"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": "s"}]}}, [], SELECTED, 0, False),
    (SEARCH, {"publicNetworkAccess": "enabled", "networkRuleSet": {"ipRules": []}}, [], OPEN, None, False),
    (SEARCH, {"networkRuleSet": {"ipRules": [{"value": "203.0.113.1"}]}}, [], SELECTED, 1, True),
    (SYNAPSE, {}, [], SELECTED, 0, True),
    (CONFIGURATION, {}, [], OPEN, None, True),
    (CONFIGURATION, {"privateEndpointConnections": APPROVED}, [], PRIVATE, 0, True),
    (CONFIGURATION, {"privateEndpointConnections": PENDING}, [], OPEN, None, True),
    (AUTOMATION, {}, [], OPEN, None, True),
    (AUTOMATION, {"publicNetworkAccess": False}, [], PRIVATE, 0, False),
    (LOGS, {"publicNetworkAccessForQuery": "Disabled"}, [], OPEN, None, True),
    (
        LOGS,
        BOTH_SHUT,
        [],
        PRIVATE,
        0,
        False,
    ),
    (ENDPOINT, {"networkAcls": {"publicNetworkAccess": "Disabled"}}, [], PRIVATE, 0, False),
]


@pytest.mark.parametrize(("kind", "properties", "others", "wanted", "addresses", "defaulted"), CASES)
def test_how_far_a_service_is_open(
    kind: str, properties: Body, others: list[Body], wanted: str, addresses: int | None, defaulted: bool
) -> None:
    found = exposure(body(kind, properties), *others)

    assert found["exposure"] == wanted, found["text"]
    assert found["public_addresses"] == (all_public() if addresses is None else addresses)
    assert found["wide"] is (addresses is None)
    assert found["defaulted"] is defaulted


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.type)
def test_every_service_answers_for_an_empty_body_and_is_private_when_shut(service: Any) -> None:
    assert exposure(body(service.type, {}, "/".join(["x"] * service.type.count("/"))))["service"] == service.name
    for switch in service.switches if not service.either else ():
        for value in switch.closed:
            shut: Body = {}
            place = shut
            *parents, last = switch.path.split(".")
            for part in parents:
                place = place.setdefault(part, {})
            place[last] = "/subscriptions/s" if value == "*" else value
            name = "/".join(["x"] * service.type.count("/"))
            found = exposure(body(service.type, shut["properties"], name))
            assert (found["exposure"], found["decided_by"]) == (PRIVATE, [switch.path])


# --- what is let in


def test_a_storage_account_tells_everything_that_is_listed() -> None:
    acls = {
        "defaultAction": "Deny",
        "bypass": "Logging, AzureServices",
        "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}, {"value": "203.0.113.128/25", "action": "Allow"}],
        "virtualNetworkRules": [{"id": "a"}, {"id": "b"}],
        "resourceAccessRules": [{"resourceId": "c"}],
    }
    found = exposure(body(STORAGE, {"networkAcls": acls, "privateEndpointConnections": [*APPROVED, *PENDING]}))

    assert found["ranges"] == [
        {"range": "203.0.113.0/24", "addresses": 256, "path": "properties.networkAcls.ipRules[0].value", "name": ""},
        {"range": "203.0.113.128/25", "addresses": 128, "path": "properties.networkAcls.ipRules[1].value", "name": ""},
    ]
    assert found["public_addresses"] == 256  # the second range lies in the first
    assert (found["virtual_networks"], found["resource_instances"], found["private_endpoints"]) == (2, 1, 1)
    assert found["trusted_services"] is True
    assert found["text"] == "selected networks: 256 public addresses, 2 subnets, 1 resource instance, trusted services"


@pytest.mark.parametrize(
    ("kind", "properties", "others", "trusted"),
    [
        (STORAGE, {}, [], True),
        (STORAGE, {"networkAcls": {"bypass": "None"}}, [], False),
        (VAULT, {"publicNetworkAccess": "Disabled", "networkAcls": {"bypass": "azureservices"}}, [], True),
        (REGISTRY, {"networkRuleBypassOptions": "None"}, [], False),
        (COSMOS, {}, [], False),
        (COSMOS, {"networkAclBypass": "AzureServices"}, [], True),
        (BUS, {}, [rule_set(BUS, trustedServiceAccessEnabled=True)], True),
        (BUS, {}, [], False),
        (SYNAPSE, {"trustedServiceBypassEnabled": True}, [], True),
    ],
)
def test_trusted_services(kind: str, properties: Body, others: list[Body], trusted: bool) -> None:
    assert exposure(body(kind, properties), *others)["trusted_services"] is trusted


@pytest.mark.parametrize(
    ("kind", "properties", "others"),
    [
        (SQL, {}, [firewall(SQL, ZERO, ZERO)]),
        (POSTGRES, {}, [firewall(POSTGRES, ZERO, ZERO)]),
        (SYNAPSE, {}, [firewall(SYNAPSE, ZERO, ZERO)]),
        (COSMOS, {"ipRules": [{"ipAddressOrRange": ZERO}]}, []),
    ],
)
def test_the_rule_for_all_of_azure_is_no_range_of_addresses(kind: str, properties: Body, others: list[Body]) -> None:
    found = exposure(body(kind, properties), *others)

    assert (found["exposure"], found["all_azure"], found["public_addresses"], found["wide"]) == (
        SELECTED,
        True,
        0,
        False,
    )


@pytest.mark.parametrize(
    ("kind", "others"),
    [
        (SQL, [firewall(SQL, ZERO, "0.0.0.255")]),
        (SQL, [firewall(SQL, "10.0.0.0", "10.255.255.255")]),
        (REDIS, [firewall(REDIS, ZERO, ZERO)]),
    ],
)
def test_addresses_that_are_not_public_count_for_nothing(kind: str, others: list[Body]) -> None:
    found = exposure(body(kind, {}), *others)

    assert (found["all_azure"], found["public_addresses"]) == (False, 0)
    assert found["ranges"][0]["addresses"] == 0


def test_two_halves_of_the_internet_are_wide() -> None:
    rules = [{"value": "0.0.0.0/1"}, {"value": "128.0.0.0/1"}]
    found = exposure(body(STORAGE, {"networkAcls": {"defaultAction": "Deny", "ipRules": rules}}))

    assert (found["exposure"], found["wide"], found["public_addresses"]) == (SELECTED, True, all_public())


def test_half_of_ipv6_is_wide() -> None:
    found = exposure(body(STORAGE, {"networkAcls": {"defaultAction": "Deny", "ipv6Rules": [{"value": "2000::/4"}]}}))

    assert (found["exposure"], found["wide"], found["public_addresses"]) == (SELECTED, True, 0)


@pytest.mark.parametrize(("tier", "wanted"), [("Premium", SELECTED), ("Standard", OPEN), ("Basic", OPEN)])
def test_rules_of_a_tier_that_has_none_count_for_nothing(tier: str, wanted: str) -> None:
    rules = rule_set(BUS, defaultAction="Deny", ipRules=[{"ipMask": "203.0.113.1"}])

    assert exposure(body(BUS, {}, sku={"name": tier}), rules)["exposure"] == wanted


def test_a_childs_property_is_named_below_its_parent() -> None:
    found = exposure(body(SQL, {}), firewall(SQL, "203.0.113.0", "203.0.113.9", "office"))

    assert found["ranges"][0]["path"] == "firewallRules/office:properties.startIpAddress"


def test_what_makes_it_wide_is_named() -> None:
    rules = [{"value": "203.0.113.0/24"}, {"value": "128.0.0.0/1"}, {"value": "198.51.100.0/24"}]
    found = exposure(body(STORAGE, {"networkAcls": {"defaultAction": "Deny", "ipRules": rules}}))

    assert found["decided_by"] == ["properties.networkAcls.ipRules[1].value"]


def test_subnet_rules_of_children_are_counted() -> None:
    rule = body(f"{SQL}/virtualNetworkRules", {"virtualNetworkSubnetId": "s"}, "x/v")
    group = body(f"{SAN}/volumegroups", {"networkAcls": {"virtualNetworkRules": [{"id": "a"}, {"id": "b"}]}}, "x/g")

    assert exposure(body(SQL, {}), rule)["virtual_networks"] == 1
    assert exposure(body(SAN, {}), group)["virtual_networks"] == 2


# --- counting

PREFIXES = st.builds(
    lambda a, b, length: f"{a}.{b}.0.0/{length}", st.integers(1, 223), st.integers(0, 255), st.integers(8, 32)
)


@given(st.lists(PREFIXES, max_size=6))
def test_addresses_are_counted_once_in_any_order(prefixes: list[str]) -> None:
    def found(texts: list[str]) -> Any:
        rules = [{"value": text} for text in texts]
        return exposure(body(STORAGE, {"networkAcls": {"defaultAction": "Deny", "ipRules": rules}}))

    once, again = found(prefixes), found([*reversed(prefixes), *prefixes])
    assert once["public_addresses"] == again["public_addresses"] <= sum(r["addresses"] for r in once["ranges"])
    assert once["wide"] is (once["public_addresses"] * 16 >= all_public())
