"""What a network security perimeter changes."""

from __future__ import annotations

import pytest

from auditor.facts.paas.ranges import all_public
from tests.facts.paas_bodies import OPEN, PRIVATE, SELECTED, STORAGE, Body, body, exposure, path_of


def perimeter(mode: str, *rules: Body) -> list[Body]:
    kind = "Microsoft.Network/networkSecurityPerimeters"
    profile = path_of(f"{kind}/profiles", "nsp/web")
    association = {
        "privateLinkResource": {"id": path_of(STORAGE)},
        "profile": {"id": profile},
        "accessMode": mode,
    }
    bodies = [body(kind, {}, "nsp"), body(f"{kind}/profiles", {}, "nsp/web")]
    bodies.append(body(f"{kind}/resourceAssociations", association, "nsp/st"))
    return [*bodies, *(body(f"{kind}/profiles/accessRules", one, f"nsp/web/r{i}") for i, one in enumerate(rules))]


IN = {"direction": "Inbound", "addressPrefixes": ["198.51.100.0/24"]}
OUT = {"direction": "Outbound", "fullyQualifiedDomainNames": ["example.org"]}
EVERYONE = {"direction": "Inbound", "addressPrefixes": ["0.0.0.0/0"]}
FRIENDS = {"direction": "Inbound", "subscriptions": [{"id": "a"}, {"id": "b"}]}


@pytest.mark.parametrize(
    ("access", "mode", "rules", "wanted", "addresses"),
    [
        ("Enabled", "Learning", [IN], OPEN, None),
        ("Enabled", "Enforced", [IN], SELECTED, 256),
        ("Enabled", "Enforced", [OUT], PRIVATE, 0),
        ("Disabled", "Learning", [IN], SELECTED, 256),
        ("Disabled", "Learning", [OUT], PRIVATE, 0),
        ("SecuredByPerimeter", "Learning", [IN], SELECTED, 256),
        ("SecuredByPerimeter", "Learning", [], PRIVATE, 0),
        ("SecuredByPerimeter", "Enforced", [EVERYONE], SELECTED, None),
        ("SecuredByPerimeter", "Enforced", [FRIENDS], SELECTED, 0),
    ],
)
def test_what_a_perimeter_changes(
    access: str, mode: str, rules: list[Body], wanted: str, addresses: int | None
) -> None:
    found = exposure(body(STORAGE, {"publicNetworkAccess": access}), *perimeter(mode, *rules))

    assert (found["exposure"], found["perimeter"]) == (wanted, True), found["text"]
    assert found["public_addresses"] == (all_public() if addresses is None else addresses)


def test_a_service_that_leaves_it_to_a_perimeter_and_has_none_is_locked() -> None:
    found = exposure(body(STORAGE, {"publicNetworkAccess": "SecuredByPerimeter"}))

    assert (found["exposure"], found["perimeter"], found["resource_instances"]) == (PRIVATE, True, 0)
