"""JUnit, CSV, Markdown and OCSF, each read by something that is not ours."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from markdown_it import MarkdownIt
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from auditor.errors import ExitCode
from auditor.evaluate.model import Outcome, Report, Verdict
from auditor.report.csv_report import COLUMNS
from auditor.report.registry import RenderOptions, render
from auditor.report.text import plain
from auditor.rules.model import Evidence
from tests.report import samples
from tests.report.samples import NASTY, PRODUCTION, SANDBOX, STORAGE, finding, report_of

Rendered = Callable[..., str]


def suites_of(text: str) -> dict[str, TestSuite]:
    """The suites by their name, read as CI systems read them."""
    return {suite.name: suite for suite in JUnitXml.fromstring(text.encode())}


def test_junit_has_a_suite_a_subscription_and_a_test_a_rule(rendered: Rendered):
    suites = suites_of(rendered("junit"))

    assert list(suites) == ["Contoso Production", "Contoso Sandbox"]
    for name, suite in suites.items():
        cases = [(case.classname, case.name) for case in suite]
        assert cases[:-1] == [(f"{name}.{rule.topic}", rule.id) for rule in sorted(samples.RULES, key=lambda r: r.id)]
        assert cases[-1] == (f"{name}.collection", "everything-was-read")


def test_junit_counts_what_it_holds(rendered: Rendered):
    for suite in suites_of(rendered("junit")).values():
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()

        assert told == (suite.tests, suite.failures, suite.errors, suite.skipped)
        assert suite.tests == len(samples.RULES) + 1


@pytest.mark.parametrize(
    ("scope", "name", "kind", "message", "inside"),
    [
        (
            PRODUCTION,
            STORAGE.id,
            Failure,
            "high: Storage account accepts traffic from all networks, 9 resources",
            "Fix:",
        ),
        (PRODUCTION, samples.SSH.id, Skipped, "nothing to judge", None),
        (SANDBOX, samples.VAULT.id, Failure, "medium: Key vault can be purged, 1 resource", "kv-sandbox"),
        (SANDBOX, "everything-was-read", Error, "1 read did not succeed", "403 AuthorizationFailed"),
        (PRODUCTION, "everything-was-read", None, "", None),
        (SANDBOX, STORAGE.id, None, "", None),
    ],
)
def test_junit_tells_outcomes_apart(scope, name, kind, message, inside, rendered: Rendered):
    report = report_of([r for r in samples.small().results if r.rule is not samples.SSH], gaps=[samples.DENIED])
    suite = next(s for s in suites_of(rendered("junit", report)).values() if s._elem.get("package") == scope)
    case = next(case for case in suite if case.name == name)

    assert [type(result) for result in case.result] == ([kind] if kind else [])
    for result in case.result:
        assert result.message == message
        assert (inside or "") in (result.text or "")


def test_junit_says_why_a_rule_has_no_answer_and_why_a_finding_is_accepted(rendered: Rendered):
    kept = [r for r in samples.small().results if r.outcome in (Outcome.UNKNOWN, Outcome.EXEMPT)]
    cases = {c.name: c for s in suites_of(rendered("junit", report_of(kept))).values() for c in s if c.result}

    (unknown,), (accepted,) = cases[samples.VAULT.id].result, cases[STORAGE.id].result
    assert "cannot be decided" in unknown.text
    assert accepted.message == "1 finding accepted by an exemption"
    assert "until 2027-03-01 by web@contoso.example: Public website assets" in accepted.text


def test_junit_tests_of_subscriptions_with_one_name_stay_apart(rendered: Rendered):
    report = report_of([], subscription_names={PRODUCTION: "Contoso v1.2", SANDBOX: "Contoso v1.2"})

    cases = [(c.classname, c.name) for s in suites_of(rendered("junit", report)).values() for c in s]

    assert len(set(cases)) == len(cases)
    assert all(classname.count(".") == 1 for classname, _ in cases)  # the package is what stands before the last dot


# What the schemas of Ant and of Jenkins' xUnit plugin demand, the stricter of the two in each place.
ALLOWED = {
    "testsuites": (set(), set()),
    "testsuite": (
        {"name", "id", "package", "hostname", "timestamp", "time", "tests", "failures", "errors"},
        {"skipped"},
    ),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, set()),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}


@pytest.mark.parametrize("sample", [samples.empty, samples.small])
def test_junit_keeps_to_the_schemas_of_ant_and_jenkins(sample: Callable[[], Report], rendered: Rendered):
    root = ElementTree.fromstring(rendered("junit", sample()))

    for element in root.iter():
        required, optional = ALLOWED[element.tag]
        assert required <= set(element.attrib) <= required | optional
        assert all(element.attrib.values())
    for number, suite in enumerate(root):
        assert [child.tag for child in suite if child.tag != "testcase"] == ["properties", "system-out", "system-err"]
        assert suite[0].tag == "properties"
        assert [child.tag for child in suite][-2:] == ["system-out", "system-err"]
        assert int(suite.get("id")) == number
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
        assert all(len(case) <= 1 for case in suite.iter("testcase"))


def test_junit_keeps_hostile_names_as_text(rendered: Rendered):
    root = ElementTree.fromstring(rendered("junit"))

    assert root.find(".//script") is None
    assert any("<script>" in (failure.text or "") for failure in root.iter("failure"))


@given(name=st.text(min_size=1))
def test_junit_is_xml_whatever_a_name_holds(name: str):
    report = report_of([finding(STORAGE, name, message=name)], subscription_names={PRODUCTION: name}, source=name)

    text = str(render(report, "junit", RenderOptions()).data).encode("utf-8", "replace")

    assert ElementTree.fromstring(text).find(".//failure") is not None


# RFC 4180, section 2: records of fields, each plain or in quotes, all with as many fields.
FIELD = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
RECORD = re.compile(rf"{FIELD}(?:,{FIELD}){{{len(COLUMNS) - 1}}}\r\n")


@given(name=st.text())
def test_csv_keeps_to_its_rfc_and_reads_back_whatever_a_name_holds(name: str):
    report = report_of([finding(STORAGE, name, message=name)], subscription_names={PRODUCTION: name})
    text = str(render(report, "csv", RenderOptions()).data)

    assert re.fullmatch(f"(?:{RECORD.pattern})+", text)
    (row,) = rows_of(text)
    assert None not in row
    assert row["resource_name"].replace("'", "") == plain(name.strip()).replace("'", "")


@given(name=st.text(alphabet=" \t;=+-@|%\uff1d\uff0b\n\ufeffab'\""))
def test_csv_has_no_cell_that_a_spreadsheet_calculates(name: str):
    report = report_of([finding(STORAGE, name, message=name)])
    text = str(render(report, "csv", RenderOptions()).data)

    for cells in csv.reader(io.StringIO(text)):
        for cell in cells:
            assert not re.match(r"\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]", cell)
            # A spreadsheet whose list separator is a semicolon begins a cell there.
            assert not re.search(r";\s*[=+@\uff1d\uff0b\uff20]", cell)


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


def test_markdown_begins_with_the_gate_and_lists_what_is_accepted(rendered: Rendered):
    verdict = Verdict(ExitCode.GATE, ("1 finding at or above high (a|b)",))

    text = rendered("markdown", replace(samples.small(), verdict=verdict))

    assert "**Gate: fails.** 1 finding at or above high \\(a\\|b\\)." in text.splitlines()[:6]
    assert "### Accepted" in text
    assert "stexempt | until 2027" in text
    assert "Gate" not in rendered("markdown", samples.small())
    asked = {"fail_on": "high", "fail_on_unknown": False, "require_complete": False}
    held = replace(samples.small(), verdict=Verdict(ExitCode.OK, (), asked=asked))
    assert "**Gate: holds.**" in rendered("markdown", held)
    nothing = replace(samples.small(), verdict=Verdict(ExitCode.OK, (), asked={**asked, "fail_on": "none"}))
    assert "**No gate was set.**" in rendered("markdown", nothing)
    assert "Gate: holds" not in rendered("markdown", nothing)
