"""What holds for every format."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.report.registry import FORMATS, RenderOptions, render
from tests.report import samples
from tests.report.samples import finding, report_of

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent / "golden"
SUFFIX = {"table": "txt", "markdown": "md", "junit": "xml", "sarif": "sarif.json", "ocsf": "ocsf.json"} | {
    "sentinel": "sentinel.jsonl",
    "defender": "defender.jsonl",
    "jira": "jira.csv",
    "azure-boards": "azure-boards.csv",
    "teams": "teams.json",
    "slack": "slack.json",
}
SAMPLES = {"empty": samples.empty, "small": samples.small}


def as_bytes(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else data.encode()


def golden_text(data: bytes, name: str) -> str:
    """What a format wrote, without what changes with its style or script; newlines as they are in a checkout."""
    text = data.decode().replace("\r\n", "\n")
    if name == "html":
        text = re.sub(r"<style>.*?</style>", "<style>STYLE</style>", text, flags=re.S)
        text = re.sub(r"<script>\(.*?</script>", "<script>SCRIPT</script>", text, flags=re.S)
        text = re.sub(r"sha256-[\w+/=]+", "sha256-HASH", text)
    return text


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_reports_are_what_they_were(name: str, sample: str):
    """Rewrite the golden files with `AUDITOR_GOLDEN=write pytest tests/report`, and read the difference."""
    text = golden_text(as_bytes(render(SAMPLES[sample](), name, RenderOptions(width=100)).data), name)
    path = GOLDEN / f"{sample}.{SUFFIX.get(name, name)}"
    if os.environ.get("AUDITOR_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_report_gives_the_same_bytes(name: str):
    options = RenderOptions(colour=True, hyperlinks=True)

    first, second = (as_bytes(render(samples.small(), name, options).data) for _ in range(2))

    assert first == second


def test_the_bytes_do_not_depend_on_the_hash_seed():
    code = (
        "import hashlib; from tests.report import samples; from auditor.report.registry import *; "
        "print([hashlib.sha256(d if isinstance(d := render(samples.small(), n, RenderOptions()).data, bytes)"
        " else d.encode()).hexdigest() for n in FORMATS])"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(printed) == 1


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_format_carries_terminal_escapes_or_marks_that_reorder_text(name: str):
    data = as_bytes(render(samples.small(), name, RenderOptions()).data).decode()

    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", data)
    if name not in ("json", "sarif", "ocsf", "sentinel"):  # those carry ids as Azure has them, for programs
        assert "\u202e" not in data


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_half_a_surrogate_pair_in_a_name_does_not_break_a_report(name: str):
    report = report_of([finding(samples.STORAGE, "st\ud800name")])

    assert as_bytes(render(report, name, RenderOptions()).data).decode("utf-8")


def test_html_of_twenty_thousand_findings_stays_below_ten_megabytes():
    assert len(as_bytes(render(samples.large(), "html", RenderOptions()).data)) < 10_000_000


def test_an_unknown_format_is_named_with_those_that_exist():
    with pytest.raises(UsageError) as error:
        render(samples.empty(), "yaml", RenderOptions())

    assert "'yaml'" in str(error.value)
    assert "sarif" in error.value.remedy
