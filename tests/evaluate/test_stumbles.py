"""Bodies over which rules and facts stumble: unknown for these, answered for the rest, and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.api import audit, draw
from auditor.evaluate.model import Outcome
from auditor.facts import registry
from auditor.facts.registry import FactFamily, FactStore, FactValues
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource, Unread
from auditor.inventory.stumbles import Stumble, attempt
from auditor.rules.loader import load_rules
from auditor.snapshot.exports import read_exports
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source
from tests.conftest import arm_id

GROUP = "Microsoft.Network/networkSecurityGroups"
LISTENER = "Contoso.Any/things"
OPEN = {
    "priority": 100,
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "*",
    "sourcePortRange": "*",
    "destinationPortRange": "22",
}


def group(name: str, **rule: Any) -> dict[str, Any]:
    return {
        "id": arm_id(GROUP, name),
        "name": name,
        "type": GROUP,
        "properties": {"securityRules": [{"name": "r", "properties": {**OPEN, **rule}}]},
    }


@pytest.mark.parametrize("hostile", [[None], ["x"], [["x"]], {"a": 1}, "x", 5])
def test_one_hostile_body_leaves_the_others_their_verdicts(hostile: Any, tmp_path: Path, lenient: None):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([group("bad", sourceApplicationSecurityGroups=hostile), group("good")]))
    source = read_exports(path)
    rules = [rule for rule in load_rules().rules if not rule.deprecated]

    report = draw(audit(source, rules), source)

    found = {(r.rule.id, r.subject.name): r.outcome for r in report.results}
    assert found["nsg-management-port-open", "good"] is Outcome.FAIL
    assert found.get(("nsg-management-port-open", "bad")) in (Outcome.UNKNOWN, Outcome.FAIL)


def thing(name: str, **properties: Any) -> Resource:
    return Resource.from_body({"id": arm_id(LISTENER, name), "type": LISTENER, "properties": properties})


def lengths(inventory: Inventory) -> FactValues:
    return {resource.key: len(resource.body["properties"]["ports"]) for resource in inventory.of_type(LISTENER)}


@pytest.fixture
def family(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family of facts that trusts bodies."""
    known = FactFamily("lengths", frozenset({LISTENER.lower()}), frozenset({LISTENER.lower()}), lengths)
    monkeypatch.setitem(registry._MODULES, "lengths", "nowhere")
    monkeypatch.setattr(registry, "family", lambda _: known)


def test_a_body_that_breaks_a_family_counts_as_not_read(family: None, lenient: None):
    bad, worse, good = thing("bad", ports=5), thing("worse"), thing("good", ports=[1, 2])
    facts = FactStore(Inventory([bad, worse, good]))

    assert facts.get("lengths", good) == 2
    for resource, kind in ((bad, "TypeError"), (worse, "KeyError")):
        found = facts.get("lengths", resource)
        assert isinstance(found, Unread)
        assert found.gap.code == "BodyNotUnderstood"
        assert kind in found.gap.message
    assert len(facts.notices) == 2
    assert all("facts lengths" in notice for notice in facts.notices)


def test_a_family_that_breaks_for_no_resource_at_all_is_unknown_everywhere(
    family: None, lenient: None, monkeypatch: pytest.MonkeyPatch
):
    broken = FactFamily("lengths", frozenset({LISTENER.lower()}), frozenset(), lambda _: {"a": 1 / 0})
    monkeypatch.setattr(registry, "family", lambda _: broken)
    facts = FactStore(Inventory([thing("a"), thing("b")]))

    assert isinstance(facts.get("lengths", thing("a")), Unread)
    assert "ZeroDivisionError" in facts.notices[0]


def test_many_bodies_that_break_a_family_end_in_unknown_for_all(family: None, lenient: None):
    facts = FactStore(Inventory([*(thing(f"bad{n:02}") for n in range(30)), thing("good", ports=[])]))

    assert isinstance(facts.get("lengths", thing("good")), Unread)


def test_a_rule_that_stumbles_is_unknown_there_and_judges_the_rest(lenient: None, monkeypatch: pytest.MonkeyPatch):
    rule = next(rule for rule in load_rules().rules if rule.id == "storage-https-only")
    kind = "Microsoft.Storage/storageAccounts"
    bodies = [
        {"id": arm_id(kind, name), "type": kind, "properties": {"supportsHttpsTrafficOnly": False}} for name in "ab"
    ]
    judge = type(rule.fail_if).evaluate

    def stumbles_over_a(self: Any, context: Any) -> Any:
        return judge(self, context) if context.resource.name != "a" else {}["x"]

    monkeypatch.setattr(type(rule.fail_if), "evaluate", stumbles_over_a)
    inventory = Inventory(map(Resource.from_body, bodies))
    report = audit(Source(Manifest(source="test", started_at=None, finished_at=None), inventory), [rule])

    assert {r.subject.name: r.outcome for r in report.results} == {"a": Outcome.UNKNOWN, "b": Outcome.FAIL}
    assert "KeyError" in report.notices[0]
    assert rule.id in report.notices[0]


def test_our_own_mistakes_are_seen_by_tests():
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0)


def test_a_held_mistake_says_where_it_was_and_never_what_was_read(lenient: None):
    found = attempt(Resource.from_body, {"id": ["Sw0rdfish"]})

    assert isinstance(found, Stumble)
    assert str(found).startswith("ValueError in inventory/model.py:")
