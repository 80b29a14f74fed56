"""The HTML report in headless Chromium, as a person and an attacker would meet it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.evaluate.model import Report
from tests.report import samples
from tests.report.samples import STORAGE, TAGS, finding, report_of

Rendered = Callable[..., str]
VISIT = Path(__file__).parent / "browser/visit.js"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    "<!--<script>",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
]


@pytest.fixture
def visit(npm_tools: Path, chromium: str, tmp_path: Path, rendered: Rendered) -> Callable[[Report], dict[str, Any]]:
    """Opens a report in Chromium and gives what the visitor saw."""
    for package in ("playwright-core", "axe-core"):
        assert (npm_tools / package).is_dir(), "run `make tools`"

    def open_report(report: Report) -> dict[str, Any]:
        path = tmp_path / "report.html"
        path.write_text(rendered("html", report), encoding="utf-8")
        node = shutil.which("node") or "node"
        command = [node, str(VISIT), str(npm_tools), chromium, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return open_report


def test_a_visit_in_both_themes_meets_no_barrier_no_error_and_no_network(visit):
    seen = visit(samples.small())

    assert seen["violations"] == []
    assert seen["console"] == []
    assert all(url.startswith("file://") and url.endswith("report.html") for url in seen["requests"])
    assert "12 findings" in seen["overview"]
    assert seen["closed"]  # the dialog, with Escape
    for words in ("stcontoso00", "properties.publicNetworkAccess", "equals Disabled", "az storage account update"):
        assert words in seen["detail"]


def test_twenty_thousand_findings_filter_within_a_frame_or_two(visit):
    seen = visit(samples.large())

    assert seen["violations"] == []
    assert seen["console"] == []
    assert seen["unfiltered"] == "20,000 of 20,000 results"
    assert seen["rowsInPage"] < 100
    assert seen["lastRow"] == "20001"
    assert seen["filterMs"] < 500


def test_an_empty_report_says_so(visit):
    seen = visit(samples.empty())

    assert seen["violations"] == []
    assert seen["console"] == []
    assert "No findings" in seen["overview"]


def test_hostile_names_are_text(visit):
    report = report_of(
        [finding(STORAGE, name, message=name) for name in HOSTILE] + [finding(TAGS, samples.NASTY)],
        source=HOSTILE[0],
        subscription_names={samples.PRODUCTION: HOSTILE[1], samples.SANDBOX: HOSTILE[2]},
    )

    seen = visit(report)

    assert seen["console"] == []
    assert seen["scripts"] == 2
    assert HOSTILE[1] in seen["overview"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_reaches_the_page_as_markup(name: str, rendered: Rendered):
    page = rendered("html", report_of([finding(STORAGE, name)], source=name))
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)

    assert data
    assert "<" not in data[1]
    assert json.loads(data[1])["rows"][0][2] == name
    assert page.count("<script") == 2


def test_only_its_own_script_and_style_may_run(rendered: Rendered):
    page = rendered("html")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)

    assert policy
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r'<(link|img|iframe|script)[^>]+(src|href)="', page)
    assert " style=" not in page
