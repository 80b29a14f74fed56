"""Who gets in with what, by all Conditional Access policies together."""

from __future__ import annotations

import time
from typing import Any

import pytest

from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread

Body = dict[str, Any]
DEFAULTS = {"id": "d", "type": "Microsoft.Graph/identitySecurityDefaultsEnforcementPolicy", "isEnabled": False}
EVERYBODY = {"includeUsers": ["All"]}
GUESTS = (
    "internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser,otherExternalUser,serviceProvider"
)
APP = "0000000a-0000-4000-8000-00000000000a"
PLACE = "0000000b-0000-4000-8000-00000000000b"
GROUP = "0000000c-0000-4000-8000-00000000000c"


def policy(users: Body = EVERYBODY, *controls: str, name: str = "p", apps: Body | None = None, **more: Any) -> Body:
    state, operator = more.pop("state", "enabled"), more.pop("operator", "OR")
    return {
        "id": more.pop("id", name),
        "displayName": name,
        "type": "Microsoft.Graph/conditionalAccessPolicies",
        "state": state,
        "conditions": {
            "clientAppTypes": more.pop("clients", ["all"]),
            "users": users,
            "applications": apps or {"includeApplications": ["All"]},
            **more,
        },
        "grantControls": {"operator": operator, "builtInControls": list(controls or ("mfa",))},
    }


def group(members: int, id_: str = GROUP) -> Body:
    return {
        "id": id_,
        "type": "Microsoft.Graph/groups",
        "displayName": "Sales",
        "members": [{"id": f"u{n}"} for n in range(members)],
    }


def of(*bodies: Body, coverage: Any = None) -> Any:
    inventory = Inventory([Resource.from_body(one) for one in (DEFAULTS, *bodies)], coverage)
    found = inventory.get("d")
    assert found is not None
    return FactStore(inventory).get("conditional_access", found)


BUT_GROUP = {"includeUsers": ["All"], "excludeGroups": [GROUP]}
OUTSIDE = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
BUT_APP = {"includeApplications": ["All"], "excludeApplications": [APP]}
ONLY_APP = {"includeApplications": [APP]}


@pytest.mark.parametrize(
    ("policies", "open_to"),
    [
        ([], ["everybody"]),
        ([policy()], []),
        ([policy(state="disabled")], ["everybody"]),
        ([policy(EVERYBODY, "mfa", "compliantApplication")], ["everybody"]),
        ([policy(EVERYBODY, "mfa", "compliantApplication", operator="AND")], []),
        ([policy(EVERYBODY, "mfa", "approvedApplication")], []),
        ([policy(locations=OUTSIDE)], ["from every trusted place"]),
        ([policy(locations=OUTSIDE), policy(name="in", locations={"includeLocations": ["AllTrusted"]})], []),
        ([policy(apps=BUT_APP)], [f"in the application {APP}"]),
        ([policy(apps=BUT_APP), policy(name="app", apps=ONLY_APP)], []),
        ([policy(platforms={"includePlatforms": ["all"], "excludePlatforms": ["linux"]})], ["on linux"]),
        ([policy(BUT_GROUP), group(2)], []),
        ([policy(BUT_GROUP), group(6)], ["members of the group Sales"]),
        ([policy(BUT_GROUP), group(6), policy({"includeGroups": [GROUP]}, "compliantDevice", name="g")], []),
        # The group's own policy leaves an application out: open is the group, in that application alone.
        (
            [policy(BUT_GROUP), group(6), policy({"includeGroups": [GROUP]}, name="g", apps=BUT_APP)],
            [f"members of the group Sales in the application {APP}"],
        ),
        ([policy({"includeUsers": ["All"], "excludeUsers": ["a", "b", "c"]})], []),
        ([policy({"includeUsers": ["All"], "excludeUsers": list("abcdef")})], ["6 named users"]),
        ([policy({"includeGroups": [GROUP]}), group(6)], ["everybody"]),
    ],
)
def test_who_gets_in_with_a_password(policies: list[Body], open_to: list[str]) -> None:
    assert of(*policies)["password_only"] == open_to


def test_guests_are_of_six_kinds() -> None:
    without = {"includeUsers": ["All"], "excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": GUESTS}}
    some = {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": GUESTS.replace("internalGuest,", "")}}

    assert of(policy(without), policy(some, name="guests"))["guests"] == ["guests and external users (internalGuest)"]
    assert of(policy(without), policy({"includeUsers": ["GuestsOrExternalUsers"]}, name="guests"))["guests"] == []


READ = ("identitySecurityDefaultsEnforcementPolicy", "conditionalAccessPolicies", "namedLocations")
NO_GROUPS = ExportCoverage([f"microsoft.graph/{name}".lower() for name in READ], "export.json")


def test_a_group_whose_members_were_not_read_leaves_it_open() -> None:
    def password_only(*policies: Body) -> Any:
        return of(*policies, coverage=NO_GROUPS)["password_only"]

    assert isinstance(password_only(policy({"includeGroups": [GROUP]})), Unread)
    assert isinstance(password_only(policy(BUT_GROUP)), Unread)
    assert password_only(policy({"includeGroups": [GROUP]}, state="disabled")) == ["everybody"]
    assert password_only(policy({"includeGroups": [GROUP]}, "termsOfUse")) == ["everybody"]
    # Somebody is out for certain, whoever is in the group.
    assert password_only(policy(BUT_GROUP, apps=BUT_APP)) == [f"in the application {APP}"]


def test_a_group_that_was_deleted_holds_nobody() -> None:
    assert of(policy({"includeGroups": [GROUP]}))["password_only"] == ["everybody"]
    assert of(policy(BUT_GROUP))["password_only"] == []


def test_policies_that_were_not_read() -> None:
    known = ExportCoverage(["microsoft.graph/identitysecuritydefaultsenforcementpolicy"], "export.json")

    assert isinstance(of(coverage=known), Unread)


def test_a_named_location_that_is_trusted_is_one_of_all_trusted() -> None:
    place = {"id": PLACE, "type": "Microsoft.Graph/namedLocations", "displayName": "Office", "isTrusted": True}
    outside = {"includeLocations": ["All"], "excludeLocations": [PLACE]}
    inside = policy(name="in", locations={"includeLocations": ["AllTrusted"]})

    assert of(policy(locations=outside), place)["password_only"] == ["from Office"]
    assert of(policy(locations=outside), inside, place)["password_only"] == []
    assert of(policy(locations=outside), inside, {**place, "isTrusted": False})["password_only"] == ["from Office"]


@pytest.mark.parametrize(
    ("more", "controls", "blocked"),
    [
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"}}, ["block"], True),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, ["compliantDevice"], True),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, ["compliantDevice", "mfa"], False),
        ({"authenticationFlows": {"transferMethods": "authenticationTransfer"}}, ["block"], False),
        ({}, ["compliantDevice"], True),
        ({}, ["mfa"], False),
        ({"locations": {"includeLocations": [PLACE]}}, ["block"], False),
    ],
)
def test_device_code(more: Body, controls: list[str], blocked: bool) -> None:
    assert (of(policy(EVERYBODY, *controls, **more))["device_code"] == []) is blocked


def test_many_policies_with_many_exceptions_take_no_long_time() -> None:
    many = [
        policy(
            {"includeUsers": ["All"], "excludeUsers": [f"u{n}-{i}" for i in range(50)]},
            name=f"p{n}",
            apps={"includeApplications": ["All"], "excludeApplications": [f"a{n}-{i}" for i in range(50)]},
            locations={"includeLocations": ["All"], "excludeLocations": [f"l{n}-{i}" for i in range(20)]},
        )
        for n in range(60)
    ]
    began = time.monotonic()

    assert of(*many)["password_only"] == []
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("mode", "rule", "left_open"),
    [
        ("include", "device.isCompliant -eq True", True),
        ("include", 'device.trustType -ne "ServerAD"', False),
        ("exclude", "device.isCompliant -eq True", False),
        # A device that nobody registered has no kind of trust, so it is excluded.
        ("exclude", 'device.trustType -ne "ServerAD"', True),
    ],
)
def test_a_filter_for_devices_and_one_that_nobody_registered(mode: str, rule: str, left_open: bool) -> None:
    fact = of(policy(devices={"deviceFilter": {"mode": mode, "rule": rule}}))
    assert bool(fact["password_only"]) is left_open
