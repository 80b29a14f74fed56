"""The JSON report against its own schema, and what it means."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from auditor.evaluate.baseline import load_baseline
from auditor.evaluate.gate import GatePolicy, judge
from auditor.evaluate.model import Report
from auditor.rules.model import Evidence
from tests.report import samples
from tests.report.samples import finding, report_of

SCHEMA = json.loads((files("auditor.report") / "report.schema.json").read_text())
Rendered = Callable[..., str]


@pytest.mark.parametrize("report", [samples.empty(), samples.small()], ids=["empty", "small"])
@pytest.mark.parametrize("include_passed", [False, True])
def test_it_follows_its_schema(report: Report, include_passed: bool, rendered: Rendered):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    jsonschema.validate(json.loads(rendered("json", report, include_passed=include_passed)), SCHEMA)


def test_it_lists_what_is_not_fine_and_the_rest_only_when_asked(rendered: Rendered):
    def outcomes(**options: Any) -> set[str]:
        return {result["outcome"] for result in json.loads(rendered("json", **options))["results"]}

    assert outcomes() == {"fail", "unknown", "exempt"}
    assert outcomes(include_passed=True) == {"fail", "unknown", "exempt", "pass"}


def test_results_are_ordered_by_severity_rule_and_resource(rendered: Rendered):
    results = json.loads(rendered("json"))["results"]
    severities = ["critical", "high", "medium", "low", "info"]
    keys = [(severities.index(r["severity"]), r["rule"], r["resource"]["id"].lower()) for r in results]

    assert keys == sorted(keys)


def test_values_in_evidence_stay_as_azure_wrote_them(rendered: Rendered):
    values = [None, True, 0, 1.5, "", "ä\u202e", [], {"a": [1]}, 2**70]
    evidence = tuple(Evidence(f"properties.p{n}", value, "exists") for n, value in enumerate(values))
    report = report_of([finding(samples.STORAGE, "st1", evidence=evidence)])

    leaves = json.loads(rendered("json", report))["results"][0]["evidence"]

    assert [leaf["actual"] for leaf in leaves] == values


def test_it_can_be_a_baseline(rendered: Rendered, tmp_path):
    path = tmp_path / "baseline.json"
    path.write_text(rendered("json"))
    report = samples.small()

    known = load_baseline(path).accepts(report)

    assert {r.fingerprint for r in report.results if r.outcome.value == "fail"} <= known


def test_the_gates_verdict_is_told_and_follows_the_schema(rendered: Rendered):
    verdict = judge(samples.small(), GatePolicy(fail_on_unknown=True), known=frozenset({"x"}), lapsed=["e.yaml:1"])

    document = json.loads(rendered("json", replace(samples.small(), verdict=verdict)))

    jsonschema.validate(document, SCHEMA)
    gate = document["gate"]
    assert (gate["set"], gate["holds"], gate["exit_code"]) == (True, False, 1)
    assert (gate["fail_on"], gate["known"]) == ("high", 1)
    assert set(gate["failing"]) <= {result["fingerprint"] for result in document["results"]}
    assert len(gate["reasons"]) == 2
    assert json.loads(rendered("json"))["gate"] is None
