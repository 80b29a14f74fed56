"""The HTML report in headless Chromium, as a person and an attacker would meet it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from auditor.errors import ExitCode
from auditor.evaluate.model import Edge, Node, Outcome, Picture, Report, Result, Verdict
from auditor.evaluate.trend import Point, Step, Trend
from auditor.report.mermaid import render_mermaid
from auditor.rules.model import Framework, FrameworkControl, Severity
from tests.report import samples
from tests.report.samples import STORAGE, TAGS, finding, report_of

Rendered = Callable[..., str]
Seen = dict[str, Any]
VISIT = Path(__file__).parent / "browser/visit.js"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    "<!--<script>",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
]


@pytest.fixture(scope="module")
def visit(npm_tools: Path, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Seen]:
    """Opens a report in Chromium, goes through steps of browser/steps.js, and gives what the visitor saw."""
    from auditor.report.registry import RenderOptions, render

    for package in ("playwright-core", "axe-core"):
        assert (npm_tools / package).is_dir(), "run `make tools`"

    def open_report(report: Report, *steps: str) -> Seen:
        path = tmp_path_factory.mktemp("visit") / "report.html"
        data = render(report, "html", RenderOptions()).data
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        node = shutil.which("node") or "node"
        command = [node, str(VISIT), str(npm_tools), chromium, str(path), ",".join(steps)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        assert seen["console"] == []
        outside = [url for url in seen["requests"] if not re.fullmatch(r"file://.*/report\.html.*|blob:.*", url)]
        assert outside == []
        return seen

    return open_report


@pytest.fixture(scope="module")
def small(visit: Callable[..., Seen]) -> Seen:
    """What is seen of the small report, in one visit."""
    frameworks = (
        Framework(
            "mcsb-v1",
            "Benchmark",
            (
                FrameworkControl("NS-1", "Segment networks", "Network security"),
                FrameworkControl("NS-4", "Detect intrusion", "Network security"),
                FrameworkControl("PA-1", HOSTILE[0], HOSTILE[1]),
            ),
            source="https://learn.microsoft.com/security/benchmark/azure/overview",
        ),
        Framework("nist-800-53-r5", "", ()),
    )
    steps = ("walk", "keyboard", "filters", "share", "csv", "chosen", "drawings", "print", "plain", "narrow")
    return visit(replace(samples.small(), frameworks=frameworks), *steps)


@pytest.fixture(scope="module")
def large(visit: Callable[..., Seen]) -> Seen:
    """What is seen of 20,000 findings and of a picture of 600 nodes."""
    return visit(replace(samples.large(), pictures=(wide_picture(),)), "glance", "speed", "old")


def wide_picture() -> Picture:
    """The internet, and 300 machines behind an address each."""
    addresses = [Node(f"/pip-{n}", f"pip-{n}", "public-ip") for n in range(300)]
    long = ["vm-" + "W" * 40, "虚拟机" * 20, "il" * 60, "vm"]
    machines = [Node(f"/vm-{n}", f"{long[n % 4]}-{n}", "machine", long[n % 4], Severity.CRITICAL) for n in range(300)]
    edges = [Edge("internet", node.id) for node in addresses]
    edges += [Edge(f"/pip-{n}", f"/vm-{n}", f"tcp 22: nsg-{long[n % 4]}/allow (300); tcp 3389") for n in range(300)]
    return Picture(
        "wide", "Wide", "Many.", (Node("internet", "Internet", "internet"), *addresses, *machines), tuple(edges)
    )


def test_a_visit_in_both_themes_meets_no_barrier(small: Seen):
    assert small["violations"] == []
    assert "12 findings on 12 resources, 1 critical and 9 high" in small["overview"]
    assert "Public website assets" in small["overview"]  # what is accepted, until when
    assert "could not be decided" in small["overview"]
    assert "AuthorizationFailed" in small["gaps"]


def test_controls_stand_in_their_sections_and_those_without_a_rule_are_not_hidden(small: Seen):
    text = small["compliance"]

    assert "0 of 3 assessed controls passed; rules look at 3 of 5 controls" in text
    assert "Segment networks" in text
    assert "not covered 2" in text
    assert "Detect intrusion" not in text  # until it is asked for
    assert "NS-4" in small["uncovered"]
    assert HOSTILE[0] in small["uncovered"]


def test_a_finding_is_shown_with_what_proves_and_what_mends_it(small: Seen):
    for words in (
        "stcontoso00",
        "properties.publicNetworkAccess",
        "equals Disabled",
        "az storage account update",
        "b2982f36-99f2-4db5-8eff-283140c09693",
        "nist-800-53-r5",
        "Open in the portal",
    ):
        assert words in small["detail"]


def test_what_is_unknown_says_why_and_gives_no_command_for_a_whole_scope(small: Seen):
    assert "403 AuthorizationFailed" in small["unknown"]
    assert "Grant Reader at this scope" in small["unknown"]
    assert "az keyvault update -n {name}" in small["unknown"]


def test_everything_can_be_done_with_the_keyboard(small: Seen):
    keys = small["keyboard"]

    assert "skip" in keys["first"]
    assert keys["searched"].startswith("9 of")
    assert "stcontoso01" in keys["opened"]
    assert "stcontoso02" in keys["next"]
    assert keys["closed"]
    assert keys["back"] == "4"  # the row of the finding shown last
    assert "search the findings" in keys["help"]
    assert keys["tab"] == "Pictures"
    assert keys["node"] == "data, key, disabled"
    assert "kv-sandbox" in keys["chip"]
    assert keys["chosen"].startswith("1 of")


def test_each_filter_shows_what_it_says(small: Seen):
    results = samples.small().results
    listed = [r for r in results if r.outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)]

    def wanted(label: str, value: str) -> Callable[[Result], bool]:
        framework, _, control = value.partition(" ")
        fails = {"Outcome": lambda r: not value or r.outcome.value == value}
        matches: dict[str, Callable[[Result], bool]] = {
            "Severity": lambda r: r.severity.value == value,
            "Topic": lambda r: r.rule.topic == value,
            "Rule": lambda r: r.rule.id == value,
            "Subscription": lambda r: r.subject.subscription_id == value,
            "Resource type": lambda r: r.subject.type.lower() == value,
            "Framework": lambda r: value in r.rule.frameworks,
            "Control": lambda r: control in r.rule.frameworks.get(framework, ()),
        }
        if label in fails:
            return fails[label]
        return lambda r: r.outcome is Outcome.FAIL and (not value or matches[label](r))

    assert len(small["filters"]) > 25
    for name, shown in small["filters"].items():
        label, _, value = name.partition(": ")
        assert int(shown) == sum(map(wanted(label, value), listed)), name
    assert small["sorted"] == sorted(small["sorted"], key=str.lower)


def test_a_link_shows_another_visitor_the_same(small: Seen):
    shared = small["shared"]

    assert shared["there"] == shared["here"]
    assert shared["here"]["status"] == "9 of 14 results"
    assert "severity=high" in shared["hash"]
    assert shared["back"] == "Overview"
    assert shared["odd"] == "12 of 14 results"  # what does not exist is left out


def test_the_saved_csv_is_the_csv_report(small: Seen, rendered: Rendered):
    saved = small["csv"].removeprefix("\ufeff")

    assert saved == rendered("csv", samples.small())
    assert len(list(csv.reader(io.StringIO(saved)))) == 15


def test_a_chosen_set_is_taken_along_as_csv_commands_and_exemptions(small: Seen):
    chosen = small["chosen"]
    rows = list(csv.DictReader(io.StringIO(chosen["csv"].removeprefix("\ufeff"))))
    exemptions = yaml.safe_load(chosen["exemptions"])["exemptions"]

    assert (chosen["status"], chosen["none"]) == ("12 of 14 results, 2 chosen", "12 of 14 results")
    assert (chosen["pressed"], chosen["rows"], len(rows)) == ("true", 2, 2)
    assert [one["resource"] for one in exemptions] == [row["resource_id"] for row in rows]
    assert {"rule", "reason", "owner", "expires"} <= set(exemptions[0])
    commands = [line for line in chosen["commands"].splitlines() if line and not line.startswith("#")]
    assert commands
    assert all(line.startswith("az ") for line in commands)
    assert all(row["resource_name"] in chosen["commands"] for row in rows)
    assert chosen["script"] == chosen["commands"]


def test_a_narrow_page_does_not_scroll_sideways(small: Seen):
    assert small["sideways"] == []


def test_a_picture_can_be_taken_along(small: Seen):
    taken = small["drawings"]
    drawn = ET.fromstring(taken["svg"])  # noqa: S314 - our own text
    names = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]

    assert taken["name"] == "exposure.svg"
    assert {"Internet", "pip-web", "nsg-web"} <= set(names)
    assert "--critical: #8c0f2d" in taken["svg"]
    assert "<script" not in taken["svg"]
    assert taken["mermaid"] == render_mermaid(samples.pictured()[0])


def test_the_page_for_who_answers_for_it_all_fits_on_a_sheet_and_leads_to_findings(visit: Callable[..., Seen]):
    results = [
        replace(found, subject=replace(found.subject, tags={"owner": f"team <{at % 7}>"}))
        for at, found in enumerate(samples.small().results)
    ]
    report = replace(samples.small(), results=tuple(results), passed={STORAGE.id: [results[0].subject] * 3})
    report = replace(report, trend=_two_runs(report))
    sheet = visit(report, "sheet")["sheet"]

    assert (sheet["printed"], sheet["pages"]) == ("summary", 1)
    assert "of what was judged holds" in sheet["text"]
    assert "and 2 more" in sheet["text"]  # owners
    assert "2 new, 1 mended, 41 standing" in sheet["text"]
    assert sheet["runs"] == 2
    assert "owner=team+" in sheet["led"]["owner"][0].replace("%20", "+")
    assert all(int(status.split()[0]) > 0 for _, status in sheet["led"].values())


def _two_runs(report: Report) -> Trend:
    first, last = report.scan.started_at - timedelta(days=1), report.scan.started_at
    counts = {Severity.HIGH: 42}
    steps = {Step.NEW: 2, Step.MENDED: 1, Step.STANDING: 41}
    return Trend(
        "demo",
        (Point(first, counts, 10, 0, 0, True, {}, is_first=True), Point(last, counts, 11, 0, 0, True, steps)),
    )


def test_without_what_passed_there_is_no_score(rendered: Rendered):
    page = rendered("html", samples.small())

    assert "12 findings on 12 resources" in page
    assert "of what was judged holds" not in page


def test_paper_shows_every_part_on_white(small: Seen):
    assert small["print"] == {"rows": 12, "grid": False, "rules": True, "ground": "rgb(255, 255, 255)"}


def test_without_scripts_there_is_a_summary_and_the_pictures(small: Seen):
    text = small["plain"]["text"]

    assert "Scripts are switched off" in text
    assert "12 findings" in text
    assert "Storage account accepts traffic from all networks" in text
    assert small["plain"]["drawn"] == 2


def test_twenty_thousand_findings_filter_within_a_frame_or_two(large: Seen):
    assert large["violations"] == []
    assert large["unfiltered"] == "20,000 of 20,000 results"
    assert large["rowsInPage"] < 100
    assert large["lastRow"] == "20001"
    assert sorted(large["filterMs"])[len(large["filterMs"]) // 2] < 150  # ten times what it takes: machines differ
    assert large["readyMs"] < 10_000


def test_an_old_browser_is_told_which_would_do(large: Seen):
    assert "cannot show the report" in large["old"]
    assert "Firefox 113" in large["old"]


def test_no_text_of_a_picture_is_cut_off_or_lies_over_a_node(large: Seen):
    assert large["clipped"] == []


def test_a_wide_picture_is_folded(large: Seen):
    assert re.search(r"\d+ more, public ip", large["pictures"])


def test_an_empty_report_says_so(visit):
    seen = visit(samples.empty(), "glance")

    assert seen["violations"] == []
    assert "No findings" in seen["overview"]
    assert "nothing to draw" in seen["pictures"]


def test_hostile_names_are_text(visit):
    nodes = tuple(Node(f"/{name}", name, "thing", name) for name in HOSTILE)
    edges = tuple(Edge(f"/{name}", f"/{HOSTILE[0]}", name, broken=True) for name in HOSTILE[1:])
    results = [finding(STORAGE, name, message=name) for name in HOSTILE] + [finding(TAGS, samples.NASTY)]
    report = report_of(
        results,
        source=HOSTILE[0],
        tenant=HOSTILE[1],
        subscription_names={samples.PRODUCTION: HOSTILE[1], samples.SANDBOX: HOSTILE[2]},
    )

    picture = Picture("p", HOSTILE[0], HOSTILE[1], nodes, edges)
    prints = [result.fingerprint for result in results]
    verdict = Verdict(ExitCode.GATE, (HOSTILE[0],), failing=frozenset(prints[:2]), known=frozenset(prints[2:]))
    seen = visit(replace(report, pictures=(picture,), verdict=verdict), "glance", "csv", "gate")

    assert seen["scripts"] == 2
    assert HOSTILE[1] in seen["overview"]
    assert all(name in seen["pictures"] for name in HOSTILE)
    assert set(seen["elements"]) <= {"g", "rect", "path", "text", "title", "desc"}
    cells = [cell for row in csv.reader(io.StringIO(seen["csv"])) for cell in row]
    assert seen["gate"] == {
        "status": "2 of 7 results",
        "hash": "#findings?outcome=all&gate=failing",
        "new": "2 of 7 results",
    }
    assert HOSTILE[0] in cells
    assert not [cell for cell in cells if cell.lstrip()[:1] in set("=+-@|%")]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_reaches_the_page_as_markup(name: str, rendered: Rendered):
    picture = Picture("p", name, name, (Node(f"/{name}", name, "thing", name),), ())
    page = rendered("html", replace(report_of([finding(STORAGE, name)], source=name, tenant=name), pictures=(picture,)))
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)

    assert data
    assert "<" not in data[1]
    assert json.loads(data[1])["rows"][0][2] == name
    assert page.count("<script") == 2
    assert page.count("<svg") == 1
    assert "<img" not in page


def test_only_its_own_script_and_style_may_run(rendered: Rendered):
    page = rendered("html")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)

    assert policy
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r'<(link|img|iframe|script)[^>]+(src|href)="', page)
    assert " style=" not in page


def test_twenty_thousand_findings_fit(rendered: Rendered):
    assert len(rendered("html", samples.large())) < 10_000_000
