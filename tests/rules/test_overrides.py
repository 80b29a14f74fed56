"""What users set in rules: severities, thresholds, for everything or for some resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.errors import ConfigError, RuleError
from auditor.evaluate.model import Outcome, Report
from auditor.inventory.model import Json
from auditor.rules.loader import load_rules
from auditor.rules.model import Severity
from tests.cli.inside import run
from tests.conftest import arm_id

SERVER = "Microsoft.Sql/servers"
Judged = Callable[[str], Report]
RULE = "sql-auditing-short-retention"
OWN = """
id: queue-small
title: "Queue keeps less than {parameters.days} days"
severity: medium
topic: network
resource: Contoso.Queue/queues
parameters:
  days: {default: 7, minimum: 1, maximum: 30, description: "Days that messages have to be kept."}
  mode: {default: strict, allowed: [strict, lax], description: "How it is kept."}
fail_if:
  allOf:
    - {field: properties.days, less: "[parameters('days')]"}
    - {field: properties.until, less: "[addDays(utcNow(), parameters('days'))]"}
    - {value: "[concat(parameters('mode'), '!')]", equals: strict!}
description: Why.
remediation: {text: "Keep them for {parameters.days} days.", az: "az queue set --days {parameters.days} --id {id}"}
examples:
  fail: [{name: a, properties: {days: 3, until: "2020-01-01T00:00:00Z"}}]
  pass: [{name: a, properties: {days: 8, until: "2020-01-01T00:00:00Z"}}]
"""


def _server(name: str, days: int, **more: Any) -> list[dict[str, Json]]:
    server = arm_id(SERVER, name)
    settings = {"state": "Enabled", "storageEndpoint": "https://x.blob.core.windows.net/", "retentionDays": days}
    return [
        {"id": server, "name": name, "type": SERVER, "properties": {}, **more},
        {
            "id": f"{server}/auditingSettings/Default",
            "name": "Default",
            "type": f"{SERVER}/auditingSettings",
            "properties": settings,
        },
    ]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """The results of the rule over three servers, with overrides of this text."""
    bodies = [
        *_server("sql-short", 20),
        *_server("sql-month", 45),
        *_server("sql-dev", 20, tags={"env": "dev"}),
    ]
    export = tmp_path / "export.json"
    export.write_text(json.dumps(bodies))

    def judge(text: str) -> Report:
        file = tmp_path / "overrides.yaml"
        file.write_text(text)
        choice = api.choose_rules(select=[RULE], overrides=[file])
        return api.audit(api.open_source(export), choice, keep_passed=True)

    return judge


def _said(report: Report) -> dict[str, tuple[Outcome, Severity]]:
    return {result.subject.name: (result.outcome, result.severity) for result in report.results}


def test_a_threshold_decides_and_every_result_says_that_it_was_set(judged: Judged):
    report = judged(f"overrides:\n  - {{rule: {RULE}, parameters: {{days: 30}}, reason: our own standard}}\n")

    assert {name: outcome for name, (outcome, _) in _said(report).items()} == {
        "sql-short": Outcome.FAIL,
        "sql-month": Outcome.PASS,
        "sql-dev": Outcome.FAIL,
    }
    (finding,) = (r for r in report.results if r.subject.name == "sql-short")
    assert finding.rule.title == "Audit log of a SQL server is kept for less than 30 days"
    assert "--retention-days 30" in finding.rule.remediation.az
    assert "days 30 instead of 90: our own standard (" in finding.message
    assert "overrides.yaml:2)" in finding.message
    assert any("sets days 30 in 1 rule: our own standard" in notice for notice in report.notices)


def test_what_is_set_for_some_resources_holds_for_these_and_the_later_entry_decides(judged: Judged):
    report = judged(
        f"""
overrides:
  - {{rule: network, severity: medium, reason: first}}
  - {{rule: "{RULE}", tag: {{ENV: Dev}}, parameters: {{days: 10}}, reason: dev}}
  - {{rule: "sql-*", resource: "*/servers/sql-short*", severity: critical, reason: short}}
"""
    )

    assert _said(report) == {
        "sql-short": (Outcome.FAIL, Severity.CRITICAL),
        "sql-month": (Outcome.FAIL, Severity.MEDIUM),
        "sql-dev": (Outcome.PASS, Severity.MEDIUM),
    }
    assert report.summary.fail[Severity.CRITICAL] == 1
    assert report.summary.fail[Severity.MEDIUM] == 1
    assert report.summary.fail[Severity.LOW] == 0


def test_gates_and_the_choice_by_severity_go_by_what_was_set(judged: Judged, tmp_path: Path):
    report = judged(f"overrides:\n  - {{rule: {RULE}, severity: critical, reason: it matters here}}\n")
    source_free = api.choose_rules(
        select=[RULE, "storage-https-only"], overrides=[tmp_path / "overrides.yaml"], min_severity=Severity.CRITICAL
    )

    assert [rule.id for rule in source_free.rules] == [RULE]
    assert {severity for _, severity in _said(report).values()} == {Severity.CRITICAL}


def test_the_severity_after_what_is_set_for_a_resource_decides_whether_it_is_wanted(tmp_path: Path):
    export, file = tmp_path / "export.json", tmp_path / "o.yaml"
    export.write_text(json.dumps([*_server("sql-shop", 20), *_server("sql-dev", 20), *_server("sql-lab", 20)]))
    raised = f'{{rule: {RULE}, resource: "*/servers/sql-shop*", severity: critical, reason: ours}}'
    file.write_text(f"overrides:\n  - {raised}\n")

    def left(*, least: Severity, select: list[str]) -> dict[str, tuple[Outcome, Severity]]:
        choice = api.choose_rules(select=select, overrides=[file], min_severity=least)
        return _said(api.audit(api.open_source(export), choice, keep_passed=True))

    assert left(least=Severity.HIGH, select=[RULE]) == {"sql-shop": (Outcome.FAIL, Severity.CRITICAL)}
    file.write_text(f'overrides:\n  - {{rule: {RULE}, resource: "*/servers/sql-lab*", severity: info, reason: lab}}\n')
    assert "sql-lab" not in left(least=Severity.LOW, select=[RULE])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{rule: sql-auditing-short-retentoin, severity: low, reason: x}", "did you mean"),
        ("{rule: nothing-like-it, severity: low, reason: x}", "names no rule"),
        (f"{{rule: {RULE}, severity: lowest, reason: x}}", "'lowest' is no severity"),
        (f"{{rule: {RULE}, reason: x}}", "sets nothing"),
        (f"{{rule: {RULE}, severity: low}}", "'reason' is missing"),
        (f"{{rule: {RULE}, parameters: {{day: 3}}, reason: x}}", "has a parameter 'day'"),
        (f"{{rule: {RULE}, parameters: {{days: 0}}, reason: x}}", "must be at least 1, not 0"),
        (f"{{rule: {RULE}, parameters: {{days: 9999}}, reason: x}}", "must be at most 3285"),
        (f"{{rule: {RULE}, parameters: {{days: long}}, reason: x}}", "must be a number, not 'long'"),
        (f"{{rule: {RULE}, parameters: {{days: 1.5}}, reason: x}}", "must be a whole number"),
        (f"{{rule: {RULE}, parameters: [days], reason: x}}", "takes names and values"),
        (f"{{rule: {RULE}, severity: low, reason: x, tag: dev}}", "tag takes names and values"),
        (f"{{rule: {RULE}, severity: low, reason: x, resourse: a}}", "there is no key 'resourse'"),
        ("[]", "must be a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(entry: str, words: str, tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text(f"overrides:\n  - {entry}\n")

    with pytest.raises(ConfigError) as error:
        api.choose_rules(overrides=[file])

    (problem,) = error.value.problems
    assert words in f"{problem.message} {problem.remedy}".lower() or words in f"{problem.message} {problem.remedy}"
    assert (problem.file, problem.line) == (str(file), 2)


def test_parameters_of_a_rule_of_ones_own_stand_in_conditions_and_texts(tmp_path: Path):
    (tmp_path / "queue-small.yaml").write_text(OWN)
    (tmp_path / "set.yaml").write_text(
        "overrides: [{rule: queue-small, parameters: {days: 2, mode: lax}, reason: slow}]"
    )

    (rule,) = load_rules([tmp_path / "queue-small.yaml"], builtin=False, examples=True).rules
    (own,) = api.choose_rules([tmp_path / "queue-small.yaml"], builtin=False, overrides=[tmp_path / "set.yaml"]).rules

    assert (rule.title, own.title) == ("Queue keeps less than 7 days", "Queue keeps less than 2 days")
    assert rule.definition["fail_if"]["allOf"][0]["less"] == 7
    assert own.definition["fail_if"]["allOf"][1]["less"] == "[addDays(utcNow(), 2)]"
    assert own.definition["fail_if"]["allOf"][2]["value"] == "[concat('lax', '!')]"
    assert own.remediation.az == "az queue set --days 2 --id {id}"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("less: \"[parameters('days')]", "less: \"[parameters('dais')]", "there is no parameter 'dais'"),
        ("{parameters.days} days.", "{parameters.weeks} weeks.", "there is no parameter 'weeks'"),
        ("default: 7", "default: 40", "must be at most 30"),
        ("default: 7", "default: [7]", "must be a number or text"),
        ('description: "Days that', 'descripton: "Days that', "'description' is missing"),
        ("  mode: {default: strict", "  spare: {default: 1, description: x}\n  mode: {default: strict", "not used"),
        ("  days: {default", "  Days!: {default", "no name of a parameter"),
        ("minimum: 1", "minimum: one", "minimum must be a number"),
    ],
)
def test_a_wrong_declaration_is_a_mistake_of_the_rule(before: str, after: str, words: str, tmp_path: Path):
    assert before in OWN
    (tmp_path / "queue-small.yaml").write_text(OWN.replace(before, after))

    with pytest.raises(RuleError) as error:
        load_rules([tmp_path / "queue-small.yaml"], builtin=False, examples=True)

    assert any(words in problem.message for problem in error.value.problems)


def test_every_format_says_what_was_set(tmp_path: Path):
    (tmp_path / "o.yaml").write_text(
        "overrides:\n  - {rule: storage-https-only, severity: critical, reason: cardholder data}\n"
    )
    formats = ("table", "json", "sarif", "html", "junit", "csv", "markdown", "ocsf")
    reports = [part for name in formats for part in ("--report", f"{name}=report.{name}")]
    command = ("scan", "--demo", "--overrides", "o.yaml", "--select", "storage-https-only", "--fail-on", "none")
    done = run(*command, *reports, "--format", "table", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    for name in formats:
        text = " ".join(unescape((tmp_path / f"report.{name}").read_text().replace("\\", "")).split())
        if name != "html":  # whose data is packed
            assert "severity critical instead of high: cardholder data (o.yaml:2)" in text, name
    shown = run("rules", "show", "storage-https-only", "--overrides", "o.yaml", cwd=tmp_path)
    assert "Set by you: severity critical instead of high: cardholder data (o.yaml:2)" in shown.stdout


def test_a_configuration_file_that_was_found_says_that_it_overrides(tmp_path: Path):
    (tmp_path / "o.yaml").write_text("overrides: [{rule: storage-https-only, severity: info, reason: x}]")
    (tmp_path / "auditor.toml").write_text('[scan]\noverrides = ["o.yaml"]\nselect = ["storage-https-only"]\n')

    done = run("scan", "--demo", cwd=tmp_path)

    assert done.returncode == 0
    (told,) = (line for line in done.stderr.splitlines() if "decides what the gate lets pass" in line)
    assert "overrides = " in told


def test_the_days_before_a_certificate_ends_can_be_set(tmp_path: Path):
    kind = "Microsoft.Web/certificates"
    body = {
        "id": arm_id(kind, "shop"),
        "name": "shop",
        "type": kind,
        "properties": {"expirationDate": (datetime.now(UTC) + timedelta(days=50, hours=1)).isoformat()},
    }
    (tmp_path / "export.json").write_text(json.dumps([body]))
    (tmp_path / "o.yaml").write_text("overrides: [{rule: certificate-ending, parameters: {days: 60}, reason: slow}]")

    def outcomes(overrides: list[Path]) -> list[Outcome]:
        choice = api.choose_rules(select=["certificate-ending"], overrides=overrides)
        return [
            r.outcome for r in api.audit(api.open_source(tmp_path / "export.json"), choice, keep_passed=True).results
        ]

    assert outcomes([]) == [Outcome.PASS]
    assert outcomes([tmp_path / "o.yaml"]) == [Outcome.FAIL]


def test_the_days_before_a_key_of_a_service_ends_can_be_set(tmp_path: Path):
    account, vault = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
    place = {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {}}
    place["keyvaultproperties"] = {"keyvaulturi": "https://kv-data.vault.azure.net/", "keyname": "data"}
    ends = int((datetime.now(UTC) + timedelta(days=50, hours=1)).timestamp())
    bodies = [
        {"id": arm_id(account, "st"), "name": "st", "type": account, "properties": {"encryption": place}},
        {"id": arm_id(vault, "kv-data"), "name": "kv-data", "type": vault, "properties": {}},
        {
            "id": f"{arm_id(vault, 'kv-data')}/keys/data",
            "name": "data",
            "type": f"{vault}/keys",
            "properties": {"kty": "RSA", "attributes": {"enabled": True, "exp": ends}},
        },
    ]
    (tmp_path / "export.json").write_text(json.dumps(bodies))
    (tmp_path / "o.yaml").write_text("overrides: [{rule: cmk-key-expiring, parameters: {days: 60}, reason: slow}]")

    def outcomes(overrides: list[Path]) -> list[Outcome]:
        choice = api.choose_rules(select=["cmk-key-expiring"], overrides=overrides)
        return [
            r.outcome for r in api.audit(api.open_source(tmp_path / "export.json"), choice, keep_passed=True).results
        ]

    assert outcomes([]) == [Outcome.PASS]
    assert outcomes([tmp_path / "o.yaml"]) == [Outcome.FAIL]


def test_queries_and_comparisons_go_by_what_was_set(tmp_path: Path):
    (tmp_path / "o.yaml").write_text("overrides: [{rule: storage-https-only, severity: info, reason: x}]")
    asked = "select distinct severity from results where rule = 'storage-https-only'"

    done = run("query", asked, "--demo", "--overrides", "o.yaml", "--format", "csv", cwd=tmp_path)

    assert done.stdout.split() == ["severity", "info"], done.stderr
