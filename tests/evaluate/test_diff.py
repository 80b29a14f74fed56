"""Results that changed between two reports: never gone where they may only be hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.evaluate.diff import Audit, comparability, result_changes

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
TYPE = "Microsoft.Storage/storageAccounts"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
ST1 = f"{SCOPE}/resourceGroups/rg/providers/{TYPE}/st1"


def result(outcome: str = "fail", severity: str = "high", resource: str = ST1, **more: Any) -> dict[str, Any]:
    rule = more.pop("rule", "open-door")
    return {
        "rule": rule,
        "title": "The door is open",
        "outcome": outcome,
        "severity": severity,
        "fingerprint": f"{rule} {resource}",
        "resource": {"id": resource, "type": TYPE},
        "evidence": [],
        **more,
    }


def audit(*results: dict[str, Any], gaps: Sequence[str] = (), **more: Any) -> Audit:
    rules = more.get("rules", ["open-door"])
    scan = {
        "tenant": "t",
        "subscriptions": [SUBSCRIPTION],
        "finished_at": "2026-11-01T00:00:00Z",
        **more.get("scan", {}),
    }
    document = {
        "tool": {"rules": len(rules), "rule_ids": rules},
        "scan": scan,
        "results": list(results),
        "gaps": [{"scope": scope, "type": TYPE} for scope in gaps],
    }
    return Audit.of(document)


FAIL, UNKNOWN, EXEMPT, PASS = result(), result("unknown"), result("exempt"), result("pass")
BLIND = result("unknown", resource=SCOPE)


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        (audit(), audit(FAIL), "appeared"),
        (audit(PASS), audit(FAIL), "appeared"),
        (audit(UNKNOWN), audit(FAIL), "worse"),
        (audit(EXEMPT), audit(FAIL), "worse"),
        (audit(FAIL), audit(result(severity="critical")), "worse"),
        (audit(FAIL), audit(result(severity="low")), "better"),
        (audit(FAIL), audit(EXEMPT), "better"),
        (audit(FAIL), audit(), "went away"),
        (audit(FAIL), audit(PASS), "went away"),
        (audit(FAIL), audit(UNKNOWN), "no longer readable"),
        (audit(EXEMPT), audit(UNKNOWN), "no longer readable"),
        (audit(FAIL), audit(gaps=[SCOPE]), "no longer readable"),
        (audit(FAIL), audit(gaps=["/"]), "no longer readable"),
        (audit(FAIL), audit(gaps=[ST1]), "no longer readable"),
        (audit(FAIL), audit(gaps=[f"/subscriptions/{OTHER}"]), "went away"),
        (audit(FAIL), audit(gaps=[ST1[:-1]]), "went away"),
        (audit(FAIL), audit(rules=["another"]), "no longer judged"),
        (audit(FAIL), audit(scan={"subscriptions": [OTHER]}), "no longer judged"),
        (audit(UNKNOWN), audit(), "now readable"),
        (audit(UNKNOWN), audit(EXEMPT), "now readable"),
        (audit(), audit(BLIND), "no longer readable"),
        (audit(scan={"subscriptions": [OTHER]}), audit(BLIND), "appeared"),
    ],
)
def test_the_direction_of_a_change(old: Audit, new: Audit, direction: str):
    assert [change.direction.value for change in result_changes(old, new)] == [direction]


def test_a_finding_behind_a_newly_unread_scope_did_not_go_away():
    found = {c.resource: c.direction.value for c in result_changes(audit(FAIL), audit(BLIND, gaps=[SCOPE]))}

    assert found == {ST1: "no longer readable", SCOPE: "no longer readable"}


@pytest.mark.parametrize("same", [FAIL, UNKNOWN, EXEMPT])
def test_what_stays_is_no_change(same: dict[str, Any]):
    assert result_changes(audit(same), audit(same)) == ()


def leaf(path: str, actual: Any) -> dict[str, Any]:
    return {"path": path, "actual": actual, "expected": "x"}


def test_a_finding_for_other_reasons_is_told_by_its_evidence():
    before = result(evidence=[leaf("properties.rules[0].port", "22"), leaf("properties.rules[1].port", "80")])
    moved = result(evidence=[leaf("properties.rules[3].port", "80"), leaf("properties.rules[0].port", "22")])
    other = result(evidence=[leaf("properties.rules[0].port", "22"), leaf("properties.rules[1].port", "*")])

    assert result_changes(audit(before), audit(moved)) == ()
    (change,) = result_changes(audit(before), audit(other))
    assert change.direction.value == "changed"
    assert [(one.path, one.kind.value, one.before or one.after) for one in change.evidence] == [
        ("properties.rules[*].port", "removed", "80"),
        ("properties.rules[*].port", "added", "*"),
    ]


def test_two_secrets_that_only_another_key_hashed_are_the_same():
    one, other = ({"$secret": {"kind": "plain", "hash": digit * 32}} for digit in "ab")

    before, after = (audit(result(evidence=[leaf("properties.key", secret)])) for secret in (one, other))

    assert result_changes(before, after) == ()


def test_order_is_by_direction_then_severity():
    new = audit(
        result(severity="low", resource=ST1 + "a"),
        result(severity="critical", resource=ST1 + "b"),
        result("unknown", resource=ST1),
    )

    assert [(c.direction.value, c.severity.value) for c in result_changes(audit(FAIL), new)] == [
        ("appeared", "critical"),
        ("appeared", "low"),
        ("no longer readable", "high"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ({"scan": {"tenant": "a"}}, {"scan": {"tenant": "b"}}, "different tenants, a and b"),
        ({"scan": {"tenant": ""}}, {"scan": {"tenant": "b"}}, ""),
        ({}, {"rules": ["a", "b"]}, "by 1 and 2 rules"),
        ({"scan": {"finished_at": "2026-11-02T00:00:00Z"}}, {}, "the first is the later one"),
        ({}, {}, ""),
    ],
)
def test_two_that_are_hardly_comparable_are_told(old: Any, new: Any, says: str):
    told = comparability(audit(**old), audit(**new))

    assert (says in told[0]) if says else told == []
