"""Scores and populations: what is unknown or accepted never makes them better, and every resource counts once."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import pytest

from auditor.evaluate.model import Outcome, Report
from auditor.report.evidence.names import distinct_names, safe_name
from auditor.report.evidence.workbook import Sheet, workbook
from auditor.report.meanings import DEFAULT_MEANINGS
from auditor.report.populations import Population, Populations
from auditor.report.score import by_owner, by_subscription, overall
from tests.report.samples import SSH, VAULT, empty, finding, report_of

FAIL, PASS, UNKNOWN, EXEMPT = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.EXEMPT


def report_on(**outcomes: tuple[Outcome | None, Outcome | None]) -> Report:
    """By resource what a critical rule (SSH) and another say of it."""
    results = [
        finding(rule, name, outcome=outcome)
        for name, both in outcomes.items()
        for rule, outcome in zip((SSH, VAULT), both, strict=True)
        if outcome
    ]
    same = {result.subject.name: result.subject for result in results}
    results = [replace(result, subject=same[result.subject.name]) for result in results]
    passed = {
        rule.id: [result.subject for result in results if result.rule is rule and result.outcome is PASS]
        for rule in (SSH, VAULT)
    }
    kept = [result for result in results if result.outcome is not PASS]
    return replace(report_of(kept, rules=(SSH, VAULT)), passed=passed)


def test_a_resource_counts_once_by_the_worst_that_is_said_of_it():
    report = report_on(a=(PASS, FAIL), b=(PASS, UNKNOWN), c=(EXEMPT, PASS), d=(PASS, PASS), e=(UNKNOWN, EXEMPT))
    found = Populations(report)

    assert found.of([SSH.id, VAULT.id]) == Population(passed=1, failed=1, unanswered=2, exempt=1)
    assert found.of([SSH.id]) == Population(passed=3, unanswered=1, exempt=1)
    assert found.of([]) == Population()


@pytest.mark.parametrize("outcome", [FAIL, UNKNOWN, EXEMPT])
def test_neither_a_gap_nor_an_exemption_makes_a_score_better(outcome: Outcome):
    held, lost = (overall(report_on(a=(PASS, PASS), b=(said, PASS))) for said in (PASS, outcome))

    assert held.percent == 100.0
    assert lost.percent is not None
    assert lost.percent < 100


def test_a_critical_check_weighs_more_than_another():
    worse, better = (overall(report_on(a=said)).percent for said in ((FAIL, PASS), (PASS, FAIL)))

    assert worse is not None
    assert better is not None
    assert worse < better


def test_nothing_that_was_judged_has_no_score_and_no_owner_no_table():
    report = report_on(a=(FAIL, PASS))

    assert overall(empty()).percent is None
    assert by_owner(report, DEFAULT_MEANINGS) == []
    assert [score.findings for score in by_subscription(report)] == [1]


@pytest.mark.parametrize(
    "text", ["", ".", "..", "../x", "a/b", "a\\b", "CON", "nul.txt", "-rf", "x\0y", "a" * 300, "é", "A:b", "x."]
)
def test_no_id_makes_a_name_that_does_harm(text: str):
    name = safe_name(text)

    assert name == safe_name(text)
    assert name.isascii()
    assert 0 < len(name) < 100
    assert name[0] not in ".-"
    assert name[-1] != "."
    assert not set(name) & set('/\\:\0*?"<>|')
    assert name.split(".")[0].lower() not in ("con", "nul")


def test_ids_that_differ_have_names_that_differ():
    names = distinct_names(["AC-2", "ac-2", "AC/2", "AC_2", "AC 2"])

    assert names["AC-2"] == "AC-2"
    assert len({name.lower() for name in names.values()}) == 5


def test_a_sheet_that_is_full_goes_on_in_another():
    rows = [[str(number)] for number in range(5)]
    data = workbook([Sheet("Rows", ("n",), rows)], "t", empty().scan.finished_at, most_rows=3)

    with ZipFile(BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if "worksheets/sheet" in name]
        book = archive.read("xl/workbook.xml").decode()
    assert len(sheets) == 3
    assert 'name="Rows 2"' in book
    assert data == workbook([Sheet("Rows", ("n",), rows)], "t", empty().scan.finished_at, most_rows=3)
