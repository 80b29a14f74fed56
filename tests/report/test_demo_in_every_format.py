"""The demo tenant in every format, read by something that is not ours."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from html.parser import HTMLParser

import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from auditor.api import audit
from auditor.evaluate.model import Outcome, Report
from auditor.report.registry import RenderOptions, render
from auditor.rules.loader import load_rules
from auditor.snapshot.demo import open_demo


@pytest.fixture(scope="module")
def report() -> Report:
    rules = [rule for rule in load_rules(()).rules if not rule.deprecated]
    return audit(open_demo(), rules)


@pytest.fixture(scope="module")
def findings(report: Report) -> Counter[str]:
    """How many findings each rule has."""
    return Counter(result.rule.id for result in report.with_outcome(Outcome.FAIL))


def text_of(name: str, report: Report, options: RenderOptions | None = None) -> str:
    data = render(report, name, options or RenderOptions()).data
    return data.decode() if isinstance(data, bytes) else data


def test_junit_fails_the_rules_that_have_findings(report: Report, findings: Counter[str]):
    suites = list(JUnitXml.fromstring(text_of("junit", report).encode()))
    failed = {case.name for suite in suites for case in suite if case.result and case.result[0]._tag == "failure"}

    assert failed == set(findings)
    assert {suite.name for suite in suites} >= {"larkspur-hub", "larkspur-shop-prod", "larkspur-shop-dev"}


def test_csv_has_a_row_a_finding(report: Report, findings: Counter[str]):
    rows = list(csv.DictReader(io.StringIO(text_of("csv", report), newline=""), strict=True))

    assert Counter(row["rule"] for row in rows if row["outcome"] == "fail") == findings
    assert all(None not in row and None not in row.values() for row in rows)


def test_ocsf_has_a_valid_event_a_finding(report: Report, findings: Counter[str]):
    events = json.loads(text_of("ocsf", report))
    for event in events:
        ComplianceFinding.model_validate(event)
    failed = [event for event in events if event["compliance"]["status_id"] == 3]

    assert Counter(event["metadata"]["event_code"] for event in failed) == findings


def test_markdown_has_a_table_a_rule(report: Report, findings: Counter[str]):
    tokens = MarkdownIt("commonmark").enable("table").parse(text_of("markdown", report))

    tables = sum(token.type == "table_open" for token in tokens)
    assert tables >= len(findings) + 1
    assert sum("<details" in token.content for token in tokens if token.type == "html_block") == len(findings)


def test_html_is_whole(report: Report):
    opened: list[str] = []

    class Check(HTMLParser):
        def handle_starttag(self, tag: str, *_: object) -> None:
            if tag not in ("meta", "link", "input", "br", "img", "hr", "path", "rect", "line", "circle", "use"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Check().feed(text_of("html", report))
    assert opened == []


def test_the_table_names_every_rule_with_findings(report: Report, findings: Counter[str]):
    text = text_of("table", report, RenderOptions(width=200))

    assert [rule for rule in findings if rule not in text] == []
