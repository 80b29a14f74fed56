"""Names of Azure services that records and origins point to."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.network.azure_names import host_of
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.conftest import SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers"
Body = dict[str, Any]


def body(kind: str, name: str, **properties: Any) -> Body:
    namespace, _, types = kind.partition("/")
    parts = zip(types.split("/"), name.split("/"), strict=True)
    return {
        "id": f"{GROUP}/{namespace}/" + "/".join(f"{t}/{n}" for t, n in parts),
        "name": name,
        "type": kind,
        "properties": properties,
    }


def record(target: str) -> Body:
    return body("Microsoft.Network/dnsZones/CNAME", "example.com/www", TTL=300, CNAMERecord={"cname": target})


def names(pointer: Body, *others: Body, coverage: Any = None) -> Any:
    resources = [Resource.from_body(one) for one in (pointer, *others)]
    fact = FactStore(Inventory(resources, coverage)).get("azure_names", resources[0])
    return fact["names"]


SITE = body(
    "Microsoft.Web/sites", "shop", defaultHostName="shop.azurewebsites.net", hostNames=["shop.azurewebsites.net"]
)
SLOT = body("Microsoft.Web/sites/slots", "shop/next", defaultHostName="shop-next.azurewebsites.net")
ADDRESS = body("Microsoft.Network/publicIPAddresses", "pip", dnsSettings={"fqdn": "shop.westeurope.cloudapp.azure.com"})
ACCOUNT = body(
    "Microsoft.Storage/storageAccounts",
    "stshop",
    primaryEndpoints={
        "blob": "https://stshop.blob.core.windows.net/",
        "web": "https://stshop.z6.web.core.windows.net/",
    },
)
PROFILE = body("Microsoft.Network/trafficManagerProfiles", "tm", dnsConfig={"fqdn": "shop.trafficmanager.net"})
GROUP_OF_CONTAINERS = body(
    "Microsoft.ContainerInstance/containerGroups", "ci", ipAddress={"fqdn": "shop.westeurope.azurecontainer.io"}
)
API = body("Microsoft.ApiManagement/service", "apim", gatewayUrl="https://apim.azure-api.net")
EDGE = body("Microsoft.Cdn/profiles/afdEndpoints", "afd/shop", hostName="shop-b1.z01.azurefd.net")
CLASSIC = body("Microsoft.Network/frontDoors", "fd", cname="fd.azurefd.net")
CDN = body("Microsoft.Cdn/profiles/endpoints", "cdn/shop", hostName="shop.azureedge.net")
WORLD = (SITE, SLOT, ADDRESS, ACCOUNT, PROFILE, GROUP_OF_CONTAINERS, API, EDGE, CLASSIC, CDN)


@pytest.mark.parametrize(
    ("target", "service", "found"),
    [
        ("shop.azurewebsites.net", "App Service", True),
        ("SHOP.AzureWebsites.net.", "App Service", True),
        ("shop-next.azurewebsites.net", "App Service", True),
        ("gone.azurewebsites.net", "App Service", False),
        ("shop.westeurope.cloudapp.azure.com", "Public IP address", True),
        ("shop.northeurope.cloudapp.azure.com", "Public IP address", False),
        ("stshop.blob.core.windows.net", "Storage", True),
        ("stshop.z6.web.core.windows.net", "Storage", True),
        ("stgone.blob.core.windows.net", "Storage", False),
        ("shop.trafficmanager.net", "Traffic Manager", True),
        ("shop.westeurope.azurecontainer.io", "Container Instances", True),
        ("apim.azure-api.net", "API Management", True),
        ("gone.azure-api.net", "API Management", False),
        ("shop-b1.z01.azurefd.net", "Front Door", True),
        ("fd.azurefd.net", "Front Door", True),
        ("shop.azureedge.net", "CDN", True),
        ("gone.azureedge.net", "CDN", False),
    ],
)
def test_a_name_is_looked_for_among_the_resources_of_its_service(target, service, found):
    expected = host_of(target)

    assert names(record(target), *WORLD) == [{"name": expected, "service": service, "found": found}]


@pytest.mark.parametrize("target", ["www.example.org", "azurewebsites.net", "notazurewebsites.net.example.org"])
def test_names_of_others_are_left_out(target):
    assert names(record(target), *WORLD) == []


def test_an_alias_record_has_no_name():
    alias = body("Microsoft.Network/dnsZones/CNAME", "example.com/www", targetResource={"id": SITE["id"]})

    assert names(alias, *WORLD) == []


def test_origins_are_pointers_too():
    origin = body("Microsoft.Cdn/profiles/originGroups/origins", "afd/app/one", hostName="gone.azurewebsites.net")
    endpoint = body(
        "Microsoft.Cdn/profiles/endpoints",
        "cdn/files",
        hostName="files.azureedge.net",
        origins=[{"name": "a", "properties": {"hostName": "stshop.blob.core.windows.net"}}],
    )

    assert [entry["found"] for entry in names(origin, *WORLD)] == [False]
    assert [entry["found"] for entry in names(endpoint, *WORLD)] == [True]


def test_what_was_not_read_may_have_the_name():
    scope = f"/subscriptions/{SUBSCRIPTION}"
    denied = Gap(scope, "Microsoft.Web/sites/slots", "GET", 403, "AuthorizationFailed", "no")
    ledger = Ledger(
        [
            LedgerEntry(scope, "Microsoft.Web/sites", ReadState.COMPLETE),
            LedgerEntry(scope, "Microsoft.Web/sites/slots", ReadState.DENIED, gap=denied),
            LedgerEntry(scope, "Microsoft.Network/trafficManagerProfiles", ReadState.COMPLETE),
        ]
    )

    assert names(record("shop-gone.azurewebsites.net"), SITE, coverage=ledger)[0]["found"] == Unread(denied)
    # A slot has the name of its app before its own.
    assert names(record("gone.azurewebsites.net"), SITE, coverage=ledger)[0]["found"] is False
    assert names(record("shop.azurewebsites.net"), SITE, coverage=ledger)[0]["found"] is True
    assert names(record("gone.trafficmanager.net"), SITE, coverage=ledger)[0]["found"] is False


def test_a_subscription_that_was_not_audited_may_have_the_name():
    scope, other = f"/subscriptions/{SUBSCRIPTION}", "/subscriptions/99999999-9999-9999-9999-999999999999"
    subscriptions = [
        {"id": one, "name": one[-4:], "type": "Microsoft.Resources/subscriptions"} for one in (scope, other)
    ]
    read = [
        (scope, "Microsoft.Web/sites"),
        (scope, "Microsoft.Web/sites/slots"),
        ("/", "Microsoft.Resources/subscriptions"),
    ]
    ledger = Ledger([LedgerEntry(place, kind, ReadState.COMPLETE) for place, kind in read])

    [entry] = names(record("gone.azurewebsites.net"), SITE, *subscriptions, coverage=ledger)
    assert isinstance(entry["found"], Unread)
    assert entry["found"].gap.scope == other
    [entry] = names(record("gone.azurewebsites.net"), SITE, subscriptions[0], coverage=ledger)
    assert entry["found"] is False
