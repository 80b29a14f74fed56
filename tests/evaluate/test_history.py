"""What became of findings from run to run, in memory and over files."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ConfigError
from auditor.evaluate.history import Entry, Run, trend_of
from auditor.evaluate.history_files import as_document, file_name, load_history
from auditor.evaluate.model import Outcome
from auditor.evaluate.trend import Step, Trend
from auditor.rules.model import Severity
from tests.cli.inside import run as auditor

START = datetime(2026, 10, 1, tzinfo=UTC)
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv"
FAIL, UNKNOWN, EXEMPT = Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT


def _run(day: int, *results: tuple[str, str, Outcome, str], rules: str = "a b", series: str = "t") -> Run:
    """A run on a day: results as (fingerprint, rule, outcome, resource id)."""
    entries = {
        mark: Entry(rule, outcome, Severity.HIGH, resource.rpartition("/")[2], resource)
        for mark, rule, outcome, resource in results
    }
    return Run(START + timedelta(days=day), series, frozenset(rules.split()), 10, True, entries)


def _steps(trend: Trend) -> dict[str, tuple[Step, int]]:
    return {each.fingerprint: (each.step, (each.since - START).days) for each in trend.findings}


def test_new_standing_and_mended_with_the_day_since_when():
    trend = trend_of(
        [
            _run(7, ("1", "a", FAIL, VAULT), ("3", "b", FAIL, VAULT)),
            _run(0, ("1", "a", FAIL, VAULT), ("2", "a", FAIL, VAULT)),
        ],
        "t",
    )

    assert _steps(trend) == {"1": (Step.STANDING, 0), "2": (Step.MENDED, 0), "3": (Step.NEW, 7)}
    assert [dict(point.steps) for point in trend.points][1] == {Step.STANDING: 1, Step.NEW: 1, Step.MENDED: 1}
    assert trend.points[0].is_first
    assert set(trend.since) == {"1", "3"}


def test_what_came_back_is_new_and_counts_from_then():
    trend = trend_of(
        [_run(0, ("1", "a", FAIL, VAULT)), _run(1), _run(2, ("1", "a", FAIL, VAULT))],
        "t",
    )

    assert _steps(trend) == {"1": (Step.NEW, 2)}


@pytest.mark.parametrize(
    "between",
    [
        _run(1, ("1", "a", UNKNOWN, VAULT)),
        _run(1, ("x", "a", UNKNOWN, "/subscriptions/s")),
        _run(1, rules="b"),
    ],
    ids=["no answer", "nothing below was read", "its rule did not run"],
)
def test_what_nobody_looked_at_is_not_mended(between: Run):
    trend = trend_of([_run(0, ("1", "a", FAIL, VAULT)), between], "t")
    later = trend_of([_run(0, ("1", "a", FAIL, VAULT)), between, _run(2, ("1", "a", FAIL, VAULT))], "t")

    assert _steps(trend) == {"1": (Step.STANDING, 0)}
    assert _steps(later) == {"1": (Step.STANDING, 0)}


def test_an_unread_scope_hides_what_lies_below_it_alone():
    beside = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv2"
    trend = trend_of([_run(0, ("1", "a", FAIL, beside)), _run(1, ("x", "a", UNKNOWN, VAULT))], "t")

    assert _steps(trend) == {"1": (Step.MENDED, 0)}


def test_findings_of_a_rule_that_no_run_had_are_not_called_new():
    trend = trend_of([_run(0), _run(1, ("1", "c", FAIL, VAULT), ("2", "a", FAIL, VAULT), rules="a b c")], "t")

    assert _steps(trend) == {"1": (Step.FIRST_JUDGED, 1), "2": (Step.NEW, 1)}


def test_accepting_a_finding_ends_it_and_other_series_do_not_count():
    runs = [
        _run(0, ("1", "a", FAIL, VAULT)),
        _run(1, ("1", "a", EXEMPT, VAULT)),
        _run(2, ("9", "a", FAIL, VAULT), series="other"),
    ]

    assert _steps(trend_of(runs, "t")) == {"1": (Step.MENDED, 0)}
    assert len(trend_of(runs, "t").points) == 2


def test_a_run_is_the_same_after_its_file(tmp_path: Path):
    run = _run(0, ("1", "a", FAIL, VAULT))
    (tmp_path / file_name(run)).write_text(json.dumps(as_document(run)))

    (read,) = load_history(tmp_path)

    assert (read.at, read.series, read.rules, read.entries) == (run.at, run.series, run.rules, run.entries)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"history": 2}', '{"history": 1, "results": [[1]]}', '{"history": 1, "results": 3}', "\xff\xfe"],
)
def test_a_file_that_is_no_run_is_named(text: str, tmp_path: Path):
    (tmp_path / "x.json").write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError) as error:
        load_history(tmp_path)

    assert "x.json" in str(error.value)
    assert error.value.remedy


def _scan(folder: Path, *more: Any) -> Any:
    command = ("scan", "--select", "storage-https-only", "--fail-on", "none", "--history", "h")
    done = auditor(*command, *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


def test_reports_say_what_came_of_the_run_before_and_since_when(tmp_path: Path):
    """Two runs over the demo, of which the first is made older and has one finding more and one less."""
    _scan(tmp_path, "--demo")
    (first,) = (tmp_path / "h").iterdir()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    kept = json.loads(first.read_text())
    gone = ["f" * 32, "storage-https-only", "fail", "high", "stold", f"{VAULT}old"]
    kept |= {"at": "2026-10-01T04:17:00Z", "results": [gone]}
    (tmp_path / "h" / "20261001T041700Z-old.json").write_text(json.dumps(kept))

    table = _scan(tmp_path, "--demo", "--report", "json=r.json", "--report", "sarif=r.sarif").stdout
    assert "Since the run of 2026-10-01 04:17: 1 new, 1 mended, 0 standing." in table
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["results"][0]["since"] == "2026-11-02T04:17:21Z"
    assert [point["new"] for point in report["trend"]["points"]] == [None, 1]
    sarif = json.loads((tmp_path / "r.sarif").read_text())
    assert sarif["runs"][0]["results"][0]["provenance"] == {"firstDetectionTimeUtc": "2026-11-02T04:17:21Z"}

    shown = auditor("trend", "h", "--width", "80", cwd=tmp_path)
    assert "stold" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    series = json.loads(auditor("trend", "h", "--format", "json", cwd=tmp_path).stdout)["series"]
    assert {each["step"] for each in series[0]["findings"]} == {"new", "mended"}


def test_a_folder_of_json_reports_is_a_history_too(tmp_path: Path):
    (tmp_path / "reports").mkdir()
    done = auditor(
        "scan", "--demo", "--fail-on", "none", "--format", "json", "--output", "reports/a.json", cwd=tmp_path
    )
    assert done.returncode == 0
    older = json.loads((tmp_path / "reports" / "a.json").read_text())
    older["scan"]["finished_at"] = "2026-09-01T00:00:00Z"
    gone = [result for result in older["results"] if result["outcome"] == "fail"][:3]
    older["results"] = [result for result in older["results"] if result not in gone]
    (tmp_path / "reports" / "b.json").write_text(json.dumps(older))

    shown = json.loads(auditor("trend", "reports", "-f", "json", cwd=tmp_path).stdout)

    (series,) = shown["series"]
    assert series["points"][1]["new"] == 3


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("trend", "nowhere"), "there is no such folder"),
        (("trend", "empty"), "holds no run"),
        (("trend", "a-file"), "is no folder"),
        (("scan", "--demo", "--history", "a-file"), "is no folder"),
        (("scan", "--demo", "--history", "broken"), "no-run.json"),
        (("scan", "--demo", "--with", "code", "--history", "h"), "not of code"),
    ],
)
def test_a_history_that_cannot_be_is_one_clear_error(command: tuple[str, ...], words: str, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "no-run.json").write_text("{}")
    (tmp_path / "a-file").write_text("")

    done = auditor(*command, cwd=tmp_path)

    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
