"""Azure Policy exemptions as the tenant has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.evaluate.evaluator import evaluate
from auditor.evaluate.exemptions import Applied, apply_exemptions
from auditor.evaluate.model import Outcome
from auditor.evaluate.policy_exemptions import tenant_of, understand
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import NoFacts
from auditor.snapshot.manifest import Manifest

ACCOUNT = "Microsoft.Storage/storageAccounts"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{SCOPE}/resourceGroups/rg-app"
ROOT = "/providers/Microsoft.Management/managementGroups/contoso"
OPEN, TLS = "11111111-aaaa-4aaa-8aaa-000000000001", "22222222-aaaa-4aaa-8aaa-000000000002"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
AUTHORIZATION = "providers/Microsoft.Authorization"
DIRECT = f"{ROOT}/{AUTHORIZATION}/policyAssignments/direct"
SET = f"{ROOT}/{AUTHORIZATION}/policyAssignments/set"
UNREAD_SET = f"{ROOT}/{AUTHORIZATION}/policyAssignments/unread-set"


def assignment(identifier: str, definition: str) -> dict[str, Any]:
    target = f"/{AUTHORIZATION}/{definition}"
    return {"id": identifier, "name": "a", "properties": {"policyDefinitionId": target}}


ASSIGNED = [
    assignment(DIRECT, f"policyDefinitions/{OPEN}"),
    assignment(SET, "policySetDefinitions/Baseline"),
    assignment(UNREAD_SET, "policySetDefinitions/elsewhere"),
    {
        "id": f"/{AUTHORIZATION}/policySetDefinitions/baseline",
        "name": "baseline",
        "properties": {
            "policyDefinitions": [
                {
                    "policyDefinitionId": f"/{AUTHORIZATION}/policyDefinitions/{OPEN}",
                    "policyDefinitionReferenceId": "Open",
                },
                {
                    "policyDefinitionId": f"/{AUTHORIZATION}/policyDefinitions/{TLS}",
                    "policyDefinitionReferenceId": "tls",
                },
            ]
        },
    },
]


def exemption(scope: str = SCOPE, assigned: str = DIRECT, **properties: Any) -> dict[str, Any]:
    values = {
        "policyAssignmentId": assigned,
        "exemptionCategory": "Waiver",
        "displayName": "Legacy partner",
        "expiresOn": "2027-01-31T00:00:00.0000000Z",
        **properties,
    }
    return {"id": f"{scope}/{AUTHORIZATION}/policyExemptions/e1", "name": "e1", "properties": values}


@pytest.fixture
def apply(body, rule, verdicts, scan):
    """Judges st1 (westeurope) and st2 (northeurope), both failing two rules, with the tenant's exemptions."""

    def run(
        *exemptions: dict[str, Any], groups: Any = None, scopes: tuple[str, ...] = ("/",)
    ) -> tuple[Applied, list[str]]:
        inventory = Inventory(
            [
                Resource.from_body(body(ACCOUNT, "st1")),
                Resource.from_body({**body(ACCOUNT, "st2"), "location": "North Europe"}),
                *map(Resource.from_body, (*ASSIGNED, *exemptions)),
            ]
        )
        rules = [
            rule("open-door", fail_if=verdicts(default=True), equivalents={"azure-policy": (OPEN.upper(),)}),
            rule("old-tls", fail_if=verdicts(default=True), equivalents={"azure-policy": (TLS,)}),
        ]
        manifest = Manifest("test", NOW, NOW, scopes=scopes, management_groups=groups or {})
        accepted, refused = understand(tenant_of((), inventory, manifest, stored=True), [SUBSCRIPTION])
        report = evaluate(rules, inventory, scan(), facts=NoFacts(), now=NOW)
        return apply_exemptions(report, accepted, inventory, NOW), list(refused)

    return run


def exempt(applied: Applied) -> set[str]:
    return {f"{r.rule.id} {r.subject.name}" for r in applied.report.results if r.outcome is Outcome.EXEMPT}


def selector(kind: str, **values: list[str]) -> dict[str, Any]:
    return {"name": "s", "selectors": [{"kind": kind, **values}]}


OPEN_BOTH = {"open-door st1", "open-door st2"}
ALL = OPEN_BOTH | {"old-tls st1", "old-tls st2"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (exemption(), OPEN_BOTH),
        (exemption(GROUP.upper()), OPEN_BOTH),
        (exemption(GROUP[:-1]), set()),
        (exemption(f"{GROUP}/providers/{ACCOUNT}/st1"), {"open-door st1"}),
        (exemption("/subscriptions/99999999-0000-0000-0000-000000000000"), set()),
        (exemption(assigned=SET), ALL),
        (exemption(assigned=SET, policyDefinitionReferenceIds=["OPEN"]), OPEN_BOTH),
        (exemption(assigned=SET, policyDefinitionReferenceIds=["other"]), set()),
        (exemption(assigned=SET, policyDefinitionReferenceIds=[]), ALL),
        (exemption(expiresOn="2026-11-24T00:00:00Z"), set()),
        (exemption(expiresOn=None), OPEN_BOTH),
        (exemption(resourceSelectors=[selector("resourceLocation", **{"in": ["northeurope"]})]), {"open-door st2"}),
        (exemption(resourceSelectors=[selector("resourceLocation", notIn=["northeurope"])]), {"open-door st1"}),
        (exemption(resourceSelectors=[selector("resourceType", **{"in": [ACCOUNT.upper()]})]), OPEN_BOTH),
        (exemption(resourceSelectors=[selector("resourceType", notIn=[ACCOUNT])]), set()),
        (exemption(resourceSelectors=[selector("userPrincipalId", **{"in": ["x"]})]), set()),
        (
            exemption(
                resourceSelectors=[selector("resourceWithoutLocation", **{"in": ["subscriptionLevelResources"]})]
            ),
            set(),
        ),
        (
            exemption(
                resourceSelectors=[
                    selector("resourceLocation", **{"in": ["westeurope"]}),
                    selector("resourceLocation", **{"in": ["northeurope"]}),
                ]
            ),
            OPEN_BOTH,
        ),
    ],
)
def test_what_an_exemption_covers(apply, given, expected):
    applied, refused = apply(given)

    assert exempt(applied) == expected
    assert refused == []


def test_all_conditions_of_one_selector_must_hold(apply):
    both = {
        "name": "s",
        "selectors": [
            {"kind": "resourceLocation", "in": ["westeurope"]},
            {"kind": "resourceType", "in": ["Microsoft.KeyVault/vaults"]},
        ],
    }

    assert exempt(apply(exemption(resourceSelectors=[both]))[0]) == set()


def test_an_exemption_on_a_management_group_covers_the_subscriptions_below_it(apply):
    below = {SUBSCRIPTION: ("landing-zones", "Contoso")}

    assert exempt(apply(exemption(ROOT), groups=below)[0]) == OPEN_BOTH
    assert exempt(apply(exemption(ROOT), scopes=(ROOT,))[0]) == OPEN_BOTH
    applied, refused = apply(exemption(ROOT))
    assert exempt(applied) == set()
    assert "below their management group was not read" in refused[0]


@pytest.mark.parametrize(
    ("assigned", "says"),
    [
        (UNREAD_SET, "the initiative elsewhere was not read"),
        (f"{ROOT}/{AUTHORIZATION}/policyAssignments/gone", "their assignment was not read"),
    ],
)
def test_one_that_cannot_be_understood_accepts_nothing_and_is_told(apply, assigned, says):
    applied, refused = apply(exemption(assigned=assigned))

    assert exempt(applied) == set()
    assert says in refused[0]
    assert "'Legacy partner'" in refused[0]


def test_reason_owner_end_and_ticket_are_those_of_the_object(apply):
    metadata = {"requestedBy": "Storage team", "approvedBy": "IA", "ticketRef": "CHG-1"}
    applied, _ = apply(exemption(exemptionCategory="mitigated", description="Behind a proxy", metadata=metadata))

    accepted = next(r.exemption for r in applied.report.results if r.exemption)
    assert accepted.reason == "Mitigated: Legacy partner. Behind a proxy"
    assert (accepted.owner, accepted.ticket, accepted.until) == ("Storage team", "CHG-1", "2027-01-31")
    assert accepted.source.endswith("/policyExemptions/e1")


def test_one_without_an_end_is_told(apply):
    applied, _ = apply(exemption(expiresOn=None))

    assert any("have no end" in notice for notice in applied.report.notices)
    assert "without an end" in next(r.exemption.words for r in applied.report.results if r.exemption)


def test_an_expired_one_that_still_had_work_fails_the_gate(apply):
    applied, _ = apply(exemption(expiresOn="2026-01-01T00:00:00Z"))

    assert applied.lapsed == (exemption()["id"],)
    assert any("expired on 2026-01-01" in notice for notice in applied.report.notices)


def test_those_that_match_nothing_are_counted_not_listed(apply):
    applied, _ = apply(exemption(GROUP[:-1]))

    assert applied.report.notices == ("1 of 1 Azure Policy exemptions match no finding here",)
