"""Children that were not read make their parent unknown, once a rule; what was read keeps its answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.evaluate.evaluator import evaluate
from auditor.evaluate.model import Outcome, Report, Scan
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import Coverage, Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.rules.conditions import compile_condition
from auditor.rules.model import Rule, Severity
from auditor.snapshot.exports import read_exports
from tests.conftest import SUBSCRIPTION, arm_id

SITE, SLOT, CONFIG = "Microsoft.Web/sites", "Microsoft.Web/sites/slots", "Microsoft.Web/sites/config"
SLOT_CONFIG = "Microsoft.Web/sites/slots/config"
DATABASE, TDE = "Microsoft.Sql/servers/databases", "Microsoft.Sql/servers/databases/transparentDataEncryption"
ACCOUNT, FILES = "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/fileServices"
CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
NAMESPACE, POLICY = "Microsoft.ServiceBus/namespaces", "Microsoft.ServiceBus/namespaces/authorizationRules"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def resource(kind: str, name: str, properties: dict[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
    return {"id": arm_id(kind, name), "name": name, "type": kind, "properties": properties or {}, **more}


def rule(*kinds: str, when: dict[str, Any] | None = None, rule_id: str = "judged") -> Rule:
    fails = compile_condition({"field": "properties.bad", "equals": True}, resource_types=kinds)
    applies = compile_condition(when, resource_types=kinds) if when else None
    return Rule(rule_id, "Something bad", Severity.HIGH, "network", kinds, fails, applies)


def judged(source: Inventory, *rules: Rule) -> Report:
    scan = Scan("test", "", (SUBSCRIPTION,), NOW, NOW, True, len(source))
    return evaluate(rules, source, scan, facts=FactStore(source), now=NOW, keep_passed=True)


def answers(report: Report) -> list[tuple[str, str]]:
    return sorted((result.subject.id.rpartition("/providers/")[2], result.outcome.value) for result in report.results)


def exported(folder: Path, bodies: Iterable[dict[str, Any]], **options: bool) -> Inventory:
    path = folder / "export.json"
    path.write_text(json.dumps(list(bodies)))
    return read_exports(path, **options).inventory


WEB = {"field": "id", "like": "*/config/web"}
SETTINGS = {"field": "id", "like": "*/config/appsettings"}
OPEN = {"related": {"parent": True, "where": {"field": "properties.disableLocalAuth", "notEquals": True}}}
site, web = resource(SITE, "app"), resource(CONFIG, "app/web")
database, master = resource(DATABASE, "sql/db"), resource(DATABASE, "sql/master")


@pytest.mark.parametrize(
    ("bodies", "over", "expected"),
    [
        pytest.param([site], rule(CONFIG, when=WEB), [("app", "unknown")], id="the kind is lacking"),
        pytest.param([site, web], rule(CONFIG, when=WEB), [("app/config/web", "pass")], id="it was read"),
        pytest.param(
            [site, web],
            rule(CONFIG, when=SETTINGS),
            [("app", "unknown"), ("app/config/web", "not-applicable")],
            id="another child of the kind was read",
        ),
        pytest.param(
            [site, web, resource(SITE, "app2")],
            rule(CONFIG, when=WEB),
            [("app/config/web", "pass"), ("app2", "unknown")],
            id="a child that always exists is lacking at one parent",
        ),
        pytest.param(
            [site, web], rule(CONFIG, SLOT_CONFIG, when=WEB), [("app/config/web", "pass")], id="answered closer"
        ),
        pytest.param([site], rule(CONFIG, SLOT_CONFIG, when=WEB), [("app", "unknown")], id="once a rule and parent"),
        pytest.param([site], rule(SITE, SLOT), [("app", "pass")], id="the parent itself is judged"),
        pytest.param(
            [site, resource(SLOT, "app/blue")],
            rule(SLOT_CONFIG, when=WEB),
            [("app/slots/blue", "unknown")],
            id="the closest parent",
        ),
        pytest.param([site], rule(SLOT_CONFIG, when=WEB), [("app", "unknown")], id="a parent further up"),
        pytest.param([database], rule(TDE), [("sql/databases/db", "unknown")], id="a grandchild"),
        pytest.param([database, master], rule(TDE), [("sql/databases/db", "unknown")], id="master cannot have any"),
        pytest.param(
            [resource(ACCOUNT, "st", kind="BlockBlobStorage"), resource(ACCOUNT, "st2", kind="StorageV2")],
            rule(FILES),
            [("st2", "unknown")],
            id="a kind of account without files",
        ),
        pytest.param([resource(ACCOUNT, "st")], rule(CONTAINER), [("st", "unknown")], id="two levels are lacking"),
        pytest.param(
            [resource(NAMESPACE, "ns"), resource(NAMESPACE, "ns2", {"disableLocalAuth": True})],
            rule(POLICY, when=OPEN),
            [("ns", "unknown")],
            id="the parent shows that the rule does not apply",
        ),
        pytest.param(
            [resource(NAMESPACE, "ns")],
            rule(POLICY, when={"field": "name", "notLike": "Root*"}),
            [("ns", "unknown")],
            id="whether it applies depends on a name that nobody knows",
        ),
        pytest.param([], rule(CONFIG), [], id="no parent"),
    ],
)
def test_a_parent_is_unknown_where_its_children_are_not_in_the_export(
    tmp_path: Path, bodies: list[dict[str, Any]], over: Rule, expected: list[tuple[str, str]]
):
    other = resource("Microsoft.Network/publicIPAddresses", "ip")
    report = judged(exported(tmp_path, [other, *bodies]), over)
    assert [(where.partition("/")[2].partition("/")[2], outcome) for where, outcome in answers(report)] == expected


def test_the_result_says_what_was_not_read(tmp_path: Path):
    report = judged(exported(tmp_path, [site]), rule(CONFIG, when=WEB))
    assert [result.message for result in report.results] == [
        "Something bad: cannot be decided, Microsoft.Web/sites/config web of app was not read (NotInExport)"
    ]
    assert report.summary.unknown == report.tallies["judged"][Outcome.UNKNOWN] == 1


def test_a_complete_export_lacks_nothing(tmp_path: Path):
    assert judged(exported(tmp_path, [site], assume_complete=True), rule(CONFIG)).results == ()


def line(kind: str, state: ReadState, scope: str = f"/subscriptions/{SUBSCRIPTION}") -> LedgerEntry:
    gap = None if state is ReadState.COMPLETE else Gap(scope, kind, f"GET {kind}", 403, "AuthorizationFailed")
    return LedgerEntry(scope, kind, state, gap=gap)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(SITE, ReadState.COMPLETE), line(CONFIG, ReadState.COMPLETE)], []),
        ([line(SITE, ReadState.COMPLETE)], [arm_id(SITE, "app")]),
        ([line(CONFIG, ReadState.DENIED)], [f"/subscriptions/{SUBSCRIPTION}"]),
        ([line(CONFIG, ReadState.COMPLETE, arm_id(SITE, "app")), line(SITE, ReadState.COMPLETE)], []),
    ],
)
def test_a_ledger_knows_what_was_read(lines: list[LedgerEntry], expected: list[str]):
    coverage: Coverage = Ledger(lines)
    gaps = [entry.gap for entry in lines if entry.gap]
    report = judged(Inventory([Resource.from_body(site)], coverage, gaps), rule(CONFIG))
    assert [(result.subject.id, result.outcome) for result in report.results] == [
        (scope, Outcome.UNKNOWN) for scope in expected
    ]


def test_an_object_that_exists_and_could_not_be_read_is_told_once_and_only_by_rules_that_apply():
    scope = arm_id(CONFIG, "app/appsettings")
    denied = line(CONFIG, ReadState.DENIED, scope)
    assert denied.gap
    unread = Resource.from_body({"id": scope, "name": "appsettings", "type": CONFIG}, unread={"properties": denied.gap})
    read = [Resource.from_body(site), Resource.from_body(web), unread]
    coverage = Ledger([denied, line(CONFIG, ReadState.COMPLETE, arm_id(CONFIG, "app/web"))])
    rules = [rule(CONFIG, when=WEB, rule_id="over-web"), rule(CONFIG, when=SETTINGS, rule_id="over-settings")]
    report = judged(Inventory(read, coverage, [denied.gap]), *rules)
    unknown = [(r.rule.id, r.subject.name) for r in report.results if r.outcome is Outcome.UNKNOWN]
    assert unknown == [("over-settings", "app/appsettings")]


def test_kinds_that_the_rules_need_and_the_export_lacks_are_gaps(tmp_path: Path):
    report = judged(exported(tmp_path, [site]), rule(CONFIG), rule("Microsoft.Network/virtualNetworks", rule_id="vnet"))
    assert [gap.type for gap in report.gaps] == ["microsoft.network/virtualnetworks", "microsoft.web/sites/config"]
    assert judged(exported(tmp_path, [site]), rule(SITE)).gaps == ()
