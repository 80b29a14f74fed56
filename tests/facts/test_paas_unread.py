"""What was not read is not known, and what is known without it is."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.facts.paas.exposure import FAMILY, compute
from auditor.facts.registry import FactStore, needs_of
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.conftest import SUBSCRIPTION
from tests.facts.paas_bodies import (
    APP,
    APPS,
    BUS,
    ENVIRONMENT,
    OFFICE,
    PRIVATE,
    SITE,
    SQL,
    STORAGE,
    Body,
    body,
    firewall,
    managed_instance,
    nsg_rule,
    path_of,
    web,
)


def partly_read(bodies: list[Body], unread: str, scope: str) -> Any:
    """The fact of the first body where objects of one type were not read."""
    resources = [Resource.from_body(one) for one in bodies]
    gap = Gap(scope, unread, f"GET {unread}", 403, "AuthorizationFailed")
    types = {resource.type for resource in resources} | set(FAMILY.needs)
    entries = [LedgerEntry("/", name, ReadState.COMPLETE) for name in types]
    entries.append(LedgerEntry(scope, unread, ReadState.DENIED, gap=gap))
    return FactStore(Inventory(resources, Ledger(entries))).get("paas_exposure", resources[0])


@pytest.mark.parametrize(
    ("bodies", "unread", "scope"),
    [
        ([body(SQL, {})], f"{SQL}/firewallRules", path_of(SQL)),
        ([body(BUS, {})], f"{BUS}/networkRuleSets", path_of(BUS)),
        ([body(SITE, {"publicNetworkAccess": "Enabled"})], f"{SITE}/config", path_of(SITE)),
        ([body(SITE, {}), web()], "Microsoft.Network/privateEndpoints", "/"),
        (
            [body(APP, {"managedEnvironmentId": path_of(APPS, "e"), "configuration": {"ingress": {"external": True}}})],
            APPS,
            f"/subscriptions/{SUBSCRIPTION}",
        ),
        (
            [body(STORAGE, {"publicNetworkAccess": "SecuredByPerimeter"})],
            "Microsoft.Network/networkSecurityPerimeters/resourceAssociations",
            "/",
        ),
        (
            managed_instance([nsg_rule("Internet")], publicDataEndpointEnabled=True)[:2],
            "Microsoft.Network/networkSecurityGroups",
            "/",
        ),
    ],
)
def test_what_was_not_read_is_not_known(bodies: list[Body], unread: str, scope: str) -> None:
    found = partly_read(bodies, unread, scope)

    assert isinstance(found, Unread)
    assert found.gap.code == "AuthorizationFailed"


@pytest.mark.parametrize(("last", "wide"), [("255.255.255.255", True), ("0.0.0.7", False)])
def test_subnet_rules_that_were_not_read_do_not_hide_which_addresses_get_in(last: str, wide: bool) -> None:
    found = partly_read([body(SQL, {}), firewall(SQL, "0.0.0.1", last)], f"{SQL}/virtualNetworkRules", path_of(SQL))

    assert found["wide"] is wide
    assert isinstance(found["virtual_networks"], Unread)
    assert "subnets that were not read" in found["text"]


def test_a_declared_site_is_known_without_its_configuration() -> None:
    service = body(SITE, {"siteConfig": {"ipSecurityRestrictions": [OFFICE]}, "publicNetworkAccess": "Enabled"})

    assert partly_read([service], f"{SITE}/config", service["id"])["public_addresses"] == 256


def test_an_environment_that_was_not_read_leaves_its_app_unknown() -> None:
    service = body(SITE, {"hostingEnvironmentProfile": {"id": path_of(ENVIRONMENT, "ase")}})

    assert isinstance(partly_read([service, web()], ENVIRONMENT, f"/subscriptions/{SUBSCRIPTION}"), Unread)


def test_rules_of_a_perimeter_that_were_not_read_leave_its_service_unknown() -> None:
    kind = "Microsoft.Network/networkSecurityPerimeters"
    target = body(STORAGE, {})
    properties = {"privateLinkResource": {"id": target["id"]}, "profile": {"id": path_of(f"{kind}/profiles", "nsp/p")}}
    association = body(f"{kind}/resourceAssociations", properties, "nsp/st")

    assert isinstance(partly_read([target, association], f"{kind}/profiles/accessRules", "/"), Unread)


@pytest.mark.parametrize(
    ("service", "unread"),
    [
        (body(SQL, {"publicNetworkAccess": "Disabled"}), f"{SQL}/firewallRules"),
        (body(BUS, {"publicNetworkAccess": "Disabled"}), f"{BUS}/networkRuleSets"),
        (body(SITE, {"publicNetworkAccess": "Disabled"}), f"{SITE}/config"),
    ],
)
def test_what_is_shut_is_known_without_the_rest(service: Body, unread: str) -> None:
    assert partly_read([service], unread, service["id"])["exposure"] == PRIVATE


def test_a_body_without_properties_is_not_judged() -> None:
    gap = Gap("/", STORAGE, "read export", None, "NotInExport")
    account = Resource.from_body({"id": path_of(STORAGE), "type": STORAGE}, unread={"properties": gap})

    assert compute(Inventory([account]))[account.key] == Unread(gap)


def test_a_rule_over_one_service_needs_no_other() -> None:
    needs = needs_of(["paas_exposure"], [STORAGE.lower()])

    assert STORAGE.lower() in needs
    assert not any(key.startswith(("microsoft.sql", "microsoft.web")) for key in needs)
    assert needs < needs_of(["paas_exposure"])
