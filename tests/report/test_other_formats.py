"""JUnit, CSV, Markdown and OCSF, each read by something that is not ours."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from defusedxml import ElementTree
from markdown_it import MarkdownIt
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from auditor.report.registry import RenderOptions, render
from auditor.rules.model import Evidence
from tests.report import samples
from tests.report.samples import NASTY, PRODUCTION, SANDBOX, STORAGE, finding, report_of

Rendered = Callable[..., str]


def test_junit_has_a_suite_a_subscription_and_a_test_a_rule(rendered: Rendered):
    root = ElementTree.fromstring(rendered("junit"))
    suites = root.findall("testsuite")

    assert [suite.get("name") for suite in suites] == ["Contoso Production", "Contoso Sandbox"]
    assert all([case.get("name") for case in suite] == sorted(rule.id for rule in samples.RULES) for suite in suites)


def test_junit_counts_what_it_holds(rendered: Rendered):
    root = ElementTree.fromstring(rendered("junit"))

    for element in [root, *root.findall("testsuite")]:
        assert int(element.get("tests")) == len(list(element.iter("testcase")))
        assert int(element.get("failures")) == len(list(element.iter("failure")))
        assert int(element.get("skipped")) == len(list(element.iter("skipped")))


def test_junit_fails_findings_skips_what_is_unknown_and_shows_evidence(rendered: Rendered):
    report = report_of([r for r in samples.small().results if r.rule is not samples.SSH], gaps=[samples.DENIED])
    cases = {
        (suite.get("id"), case.get("name")): case
        for suite in ElementTree.fromstring(rendered("junit", report)).findall("testsuite")
        for case in suite
    }

    failure = cases[PRODUCTION, STORAGE.id].find("failure")
    assert "9 resources" in failure.get("message")
    assert "properties.publicNetworkAccess is Enabled; wanted: equals Disabled" in failure.text
    assert cases[SANDBOX, samples.VAULT.id].find("failure") is not None
    assert cases[PRODUCTION, samples.SSH.id].find("skipped").get("message") == "nothing to judge"
    assert cases[SANDBOX, STORAGE.id].find("failure") is None


def test_junit_keeps_hostile_names_as_text(rendered: Rendered):
    root = ElementTree.fromstring(rendered("junit"))

    assert root.find(".//script") is None
    assert any("<script>" in (failure.text or "") for failure in root.iter("failure"))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_row_a_result(rendered: Rendered):
    rows = rows_of(rendered("csv"))

    assert len(rows) == 14
    assert rows[0]["severity"] == "critical"
    assert rows[0]["subscription"] == "Contoso Production"
    assert {row["outcome"] for row in rows} == {"fail", "unknown", "exempt"}


@pytest.mark.parametrize(
    "name", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=cmd()", "  =cmd()", "\uff1dcmd()", "\n=cmd()", "|calc", "%x"]
)
def test_csv_never_starts_a_formula(name: str, rendered: Rendered):
    (row,) = rows_of(rendered("csv", report_of([finding(STORAGE, name, message=name)])))

    assert row["resource_name"].startswith("'")
    assert row["message"].startswith("'")


def test_csv_keeps_quotes_commas_and_other_scripts(rendered: Rendered):
    (row,) = rows_of(rendered("csv", report_of([finding(STORAGE, 'a,"b" 日本')])))

    assert row["resource_name"] == 'a,"b" 日本'


def test_markdown_escapes_what_github_would_act_on(rendered: Rendered):
    name = "<img src=x> @team #12 [x](https://evil.example) | `code` **bold** https://evil.example"
    text = rendered("markdown", report_of([finding(STORAGE, name)]))

    assert "<img" not in text
    assert "@team" not in text
    assert "https://evil.example" not in text
    assert not re.search(r"(?<!\\)\| `code`", text)
    assert not re.search(r"(?<!\\)\*\*bold", text)


@pytest.mark.parametrize(
    "name", [NASTY, "[x](https://evil.example)", "`a` <b>", "x](https://evil.example", "a\\", "<!-- x"]
)
def test_a_markdown_parser_sees_only_our_links_tables_and_elements(name: str, rendered: Rendered):
    text = rendered("markdown", report_of([finding(STORAGE, name, message=name)], source=name))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    links = [str(child.attrs["href"]) for child in inline if child.type == "link_open"]
    markup = [token.content for token in [*tokens, *inline] if token.type.startswith("html_")]

    assert sum(token.type == "table_open" for token in tokens) == 2
    assert all(link.startswith(("https://portal.azure.com/", "https://learn.microsoft.com/")) for link in links)
    assert {tag.lower() for html in markup for tag in re.findall(r"<(\w+)", html)} <= {"details", "summary", "b", "br"}


def test_markdown_tables_keep_their_columns_whatever_a_name_holds(rendered: Rendered):
    text = rendered("markdown", report_of([finding(STORAGE, NASTY, evidence=(Evidence("a|b", "x|y", "in [|]"),))]))
    tables = [line for line in text.splitlines() if line.startswith("|") and "Resource" not in line]
    row = next(line for line in tables if "script" in line)

    assert len(re.findall(r"(?<!\\)\|", row)) == 6


@pytest.mark.parametrize("limit", [3_000, 60_000])
def test_markdown_stays_within_the_limit_and_says_what_was_left_out(limit: int):
    rules = [samples.replaced(STORAGE, f"storage-rule-{number:03}") for number in range(150)]
    report = report_of([finding(rule, "st1") for rule in rules], rules=rules)

    rendered = render(report, "markdown", RenderOptions(max_bytes=limit))

    assert len(str(rendered.data).encode()) <= limit
    assert "left out" in rendered.notices[0]
    assert "more findings of" in str(rendered.data)


def test_ocsf_events_are_compliance_findings(rendered: Rendered):
    events = json.loads(rendered("ocsf", include_passed=True))

    for event in events:
        ComplianceFinding.model_validate(event)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["metadata"]["version"] == "1.8.0"
        assert event["metadata"]["profiles"] == ["cloud"]
        assert event["cloud"]["provider"] == "Azure"
    assert [event["severity_id"] for event in events[:2]] == [5, 4]


def test_ocsf_tells_outcomes_apart(rendered: Rendered):
    events = json.loads(rendered("ocsf", include_passed=True))
    seen = {(event["compliance"]["status"], event["status"]) for event in events}

    assert seen == {("Fail", "New"), ("Fail", "Suppressed"), ("Warning", "New"), ("Pass", "New")}


def test_ocsf_names_frameworks_and_controls(rendered: Rendered):
    event = next(e for e in json.loads(rendered("ocsf")) if e["metadata"]["event_code"] == STORAGE.id)

    assert event["compliance"]["standards"] == ["mcsb-v1", "nist-800-53-r5"]
    assert {check["uid"] for check in event["compliance"]["checks"]} == {"NS-2", "SC-7", "AC-4"}
