"""Postures, and compliance as people and machines read it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from auditor.evaluate.model import Outcome, Report
from auditor.report.compliance import ControlState, Listed, Posture, postures
from auditor.report.compliance_formats import as_csv, as_json, as_markdown
from auditor.report.compliance_table import control_page, details, overview
from auditor.report.model import RenderOptions
from auditor.rules.model import Framework, FrameworkControl, Rule, Severity
from tests.report.samples import SSH, STORAGE, TAGS, VAULT, finding, report_of, small

OURS = Framework(
    "ours",
    "Our baseline",
    (
        FrameworkControl("O-1", "Nothing is open", "Network", "technical"),
        FrameworkControl("O-2", "Vaults are safe", "Keys", "technical"),
        FrameworkControl("O-10", "Visitors are escorted", "People", "manual"),
    ),
)
FAIL, PASS, UNKNOWN, EXEMPT, OTHER = (
    Outcome.FAIL,
    Outcome.PASS,
    Outcome.UNKNOWN,
    Outcome.EXEMPT,
    Outcome.NOT_APPLICABLE,
)


def mapped(rule: Rule, *controls: str) -> Rule:
    return replace(rule, frameworks={"ours": controls}) if controls else replace(rule, frameworks={})


def report_on(ssh: list[Outcome], vault: list[Outcome]) -> Report:
    """SSH looks at O-1, the vault rule at O-1 and O-2."""
    rules = (mapped(SSH, "O-1"), mapped(VAULT, "O-1", "O-2"))
    results = [
        finding(rule, f"{rule.id}-{number}", outcome=outcome)
        for rule, outcomes in zip(rules, (ssh, vault), strict=True)
        for number, outcome in enumerate(outcomes)
    ]
    return replace(report_of(results, rules=rules), frameworks=(OURS,))


def only(report: Report) -> Posture:
    (posture,) = postures(report)
    return posture


@pytest.mark.parametrize(
    ("ssh", "vault", "first", "second"),
    [
        ([], [], "not assessed", "not assessed"),
        ([OTHER], [OTHER], "not assessed", "not assessed"),
        ([PASS], [], "passed", "not assessed"),
        ([PASS], [OTHER, PASS], "passed", "passed"),
        ([PASS, FAIL], [PASS], "failed", "passed"),
        ([PASS], [UNKNOWN], "unanswered", "unanswered"),
        ([FAIL], [UNKNOWN], "failed", "unanswered"),
        ([EXEMPT], [PASS], "exempt", "passed"),
        ([EXEMPT, PASS], [UNKNOWN], "unanswered", "unanswered"),
        ([EXEMPT, FAIL], [EXEMPT], "failed", "exempt"),
    ],
)
def test_what_the_rules_of_a_control_say_together(ssh, vault, first: str, second: str):
    posture = only(report_on(ssh, vault))

    assert [control.state.value for control in posture.every] == [first, second, "not covered"]


@pytest.mark.parametrize(
    ("ssh", "vault", "passed", "assessed", "percent"),
    [
        ([], [], 0, 0, None),
        ([PASS], [], 1, 1, 100.0),
        ([PASS], [UNKNOWN], 0, 2, 0.0),  # what could not be read makes nothing better
        ([EXEMPT], [PASS], 1, 2, 50.0),  # neither does what is accepted
        ([FAIL], [PASS], 1, 2, 50.0),
    ],
)
def test_the_percentage_is_of_what_was_assessed(ssh, vault, passed: int, assessed: int, percent):
    posture = only(report_on(ssh, vault))

    assert (posture.passed, posture.assessed, posture.passed_percent) == (passed, assessed, percent)
    assert posture.total == sum(posture.count(state) for state in ControlState) == 3


def test_the_percentage_is_rounded_down():
    controls = tuple(FrameworkControl(str(number), "t") for number in range(3))
    rules = tuple(replace(SSH, id=f"r{number}", frameworks={"ours": (str(number),)}) for number in range(3))
    results = [finding(rule, "n", outcome=PASS if rule.id != "r0" else FAIL) for rule in rules]
    report = replace(report_of(results, rules=rules), frameworks=(Framework("ours", "", controls),))

    assert only(report).passed_percent == 66.6


def test_a_control_counts_findings_of_all_its_rules_and_names_the_worst():
    first, second, third = only(report_on([FAIL, FAIL], [FAIL, PASS, EXEMPT, UNKNOWN])).every

    assert (first.findings, first.worst, first.unknown, first.exempt) == (3, Severity.CRITICAL, 1, 1)
    assert (second.findings, second.worst) == (1, Severity.MEDIUM)
    assert (third.findings, third.worst, third.rules) == (0, None, ())
    assert first.rules == (VAULT.id, SSH.id)


def test_a_framework_without_a_list_has_the_controls_that_rules_name_in_natural_order():
    rules = (replace(SSH, frameworks={"x-y": ("A-10", "A-2"), "x-a": ("1",)}), TAGS)

    found = postures(report_of([finding(SSH, "nsg")], rules=rules))

    assert [(posture.framework, [control.id for control in posture.controls]) for posture in found] == [
        ("x-a", ["1"]),
        ("x-y", ["A-2", "A-10"]),
    ]
    assert all(posture.uncovered == () for posture in found)


def test_a_control_that_only_a_rule_knows_is_told_apart_and_not_lost():
    rules = (mapped(SSH, "O-99"),)
    report = replace(report_of([finding(rules[0], "nsg")], rules=rules), frameworks=(OURS,))

    posture = only(report)

    assert [(control.id, control.state.value) for control in posture.controls] == [("O-99", "failed")]
    assert "not by the framework" in details(report, [posture], RenderOptions(), Listed())


def test_frameworks_that_were_not_asked_for_are_left_out():
    report = replace(small(), frameworks=(OURS,))

    assert [posture.framework for posture in postures(report)] == ["ours"]


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("colour", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, colour: bool):
    report = report_on([FAIL, EXEMPT], [PASS, UNKNOWN])
    options, shown = RenderOptions(width=width), postures(report)
    if colour:
        options = replace(options, colour=True)
    texts = [
        overview(report, shown, replace(options, colour=False)),
        details(report, shown, replace(options, colour=False), Listed()),
        control_page(report, shown, Listed(control="o-1"), replace(options, colour=False)),
    ]

    assert all(len(line) <= max(width, 80) for text in texts for line in text.splitlines())
    assert ("\x1b[" in details(report, shown, options, Listed())) is colour


def test_the_table_says_the_shares_their_denominator_and_what_is_not_covered():
    report = report_on([FAIL], [PASS])
    covered = Listed(frozenset(ControlState) - {ControlState.NOT_COVERED})

    text = " ".join(details(report, postures(report), RenderOptions(width=100), covered).split())

    assert "passed 1 (33.3 %)" in text
    assert "failed 1 (33.3 %)" in text
    assert "not covered 1 (33.3 %) of 3 controls" in text
    assert "50 % passed: 1 of 2 controls that were assessed." in text
    assert "no rule looks at 1 control, 1 of which the publisher calls manual; it needs another way" in text
    assert "People 1" in text
    assert "never counts as passed" in text
    assert "Visitors are escorted" not in text
    assert "Visitors are escorted" in details(report, postures(report), RenderOptions(), Listed())


def test_only_the_listed_states_are_listed_and_shares_stay_those_of_all():
    report = report_on([FAIL], [PASS])

    text = details(report, postures(report), RenderOptions(), Listed(frozenset({ControlState.FAILED})))

    assert "Nothing is open" in text
    assert "Vaults are safe" not in text
    assert "50 % passed" in text


def test_one_control_with_its_rules_and_what_fails():
    report = report_on([FAIL] * 7, [PASS, EXEMPT])

    text = control_page(report, postures(report), Listed(control="o-1"), RenderOptions(width=100))

    assert text.startswith("O-1  Nothing is open  FAILED\nOur baseline · Network · technical control\n")
    assert f"{SSH.title}  7 fail" in text
    assert f"{SSH.id}-0" in text
    assert "... and 2 more: add --verbose" in text
    assert f"{VAULT.title}  1 exempt, 1 pass" in text
    assert "Vaults are safe" not in text


def test_json_and_csv_hold_every_control_and_agree():
    shown = postures(report_on([FAIL], [UNKNOWN]))

    (framework,) = json.loads(as_json(shown, Listed()))["frameworks"]
    rows = list(csv.DictReader(io.StringIO(as_csv(shown, Listed()))))

    assert [(c["id"], c["state"], c["findings"]) for c in framework["controls"]] == [
        ("O-1", "failed", 1),
        ("O-2", "unanswered", 0),
        ("O-10", "not covered", 0),
    ]
    assert [(row["control"], row["state"], int(row["findings"])) for row in rows] == [
        (c["id"], c["state"], c["findings"]) for c in framework["controls"]
    ]
    assert framework["counts"] == {
        "failed": 1,
        "unanswered": 1,
        "exempt": 0,
        "passed": 0,
        "not_assessed": 0,
        "not_covered": 1,
    }
    assert (framework["controls_total"], framework["controls_covered"], framework["controls_assessed"]) == (3, 2, 2)
    assert framework["passed_percent"] == 0


def test_markdown_is_made_of_tables_and_escapes_what_a_framework_says():
    loud = replace(OURS, name="<b>|@all", controls=(FrameworkControl("O-1", "a | b"),))
    report = replace(report_on([FAIL], []), frameworks=(loud,))

    text = as_markdown(postures(report), Listed())

    assert "<b>|@all" not in text
    assert "a \\| b" in text
    assert all(line.count("|") - line.count("\\|") in (0, 10, 11) for line in text.splitlines()), text


def test_storage_is_mapped_in_the_samples():
    """The samples' rules name frameworks, so that postures of other formats are not empty."""
    assert {posture.framework for posture in postures(small())} == set(STORAGE.frameworks) | set(SSH.frameworks)
