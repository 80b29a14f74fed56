"""Formats for other systems, each held against what that system takes, by a witness of its own where there is one."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from slack_sdk.models.blocks import Block

from auditor.evaluate.model import Exemption, Outcome, Report
from auditor.report.registry import RenderOptions, render
from auditor.report.sentinel import COLUMNS, LIMIT
from auditor.rules.model import Evidence
from tests.report import samples
from tests.report.samples import NASTY, SSH, STORAGE, finding, replaced, report_of

Rendered = Callable[..., str]
ROOT = Path(__file__).parents[2]
HOSTILE = (
    "<!channel> <https://evil.example|x> *b* _i_ ~s~ `c` :smile: [x](https://evil.example) {{DATE(2026-01-01,SHORT)}}"
    " {color:red}x{color} [~admin] !img.png! <b>x</b> &amp; | @team #1"
)


def many(rules: int, each: int = 1) -> Report:
    """A report of so many rules with so many findings each."""
    own = [replaced(STORAGE, f"rule-{n}") for n in range(rules)]
    return report_of([finding(rule, f"st0-{n}-{m}") for n, rule in enumerate(own) for m in range(each)], rules=own)


def hostile() -> Report:
    evidence = (Evidence(f"tags['{HOSTILE}']", HOSTILE, f"equals {HOSTILE}"),)
    rule = replace(STORAGE, title=HOSTILE, description=f"=cmd\n{HOSTILE}")
    return report_of([finding(rule, HOSTILE, message=HOSTILE, evidence=evidence), finding(SSH, NASTY)])


# --- Microsoft Sentinel

_TYPES = {"string": str, "datetime": str, "boolean": bool}


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("report", [samples.small(), hostile()], ids=["small", "hostile"])
def test_records_have_the_columns_that_the_data_collection_rule_declares(report: Report, rendered: Rendered):
    for record in records(rendered("sentinel", report)):
        assert list(record) == list(COLUMNS)
        for name, kind in COLUMNS.items():
            assert isinstance(record[name], _TYPES.get(kind, dict | list | None)), name
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["TimeGenerated"])


def test_the_template_declares_the_same_columns_for_the_table_and_the_stream():
    template = json.loads((ROOT / "pipelines/log-analytics.json").read_text())
    table, rule = (resource["properties"] for resource in template["resources"])
    stream = rule["streamDeclarations"]["Custom-AuditorFindings"]["columns"]

    assert {column["name"]: column["type"] for column in stream} == COLUMNS
    assert {c["name"]: c["type"].lower() for c in table["schema"]["columns"]} == COLUMNS
    assert rule["dataFlows"][0]["streams"] == ["Custom-AuditorFindings"]
    reserved = {"tenantid", "type", "title", "id", "uniqueid", "_resourceid", "_subscriptionid", "resourceid"}
    assert reserved.isdisjoint(name.lower() for name in COLUMNS)


def test_a_value_that_a_table_would_cut_is_cut_and_counted():
    evidence = tuple(Evidence(f"properties.list[{n}]", "x" * 1000, "absent") for n in range(200))
    report = report_of([finding(STORAGE, "n" * 100_000, message="m" * 100_000, evidence=evidence)])

    done = render(report, "sentinel", RenderOptions())
    (record,) = records(done.data.decode())

    assert max(len(json.dumps(value).encode()) for value in record.values()) <= LIMIT
    assert record["Evidence"][-1] == {"left_out": 200 - (len(record["Evidence"]) - 1)}
    assert len(done.data) < 1_000_000
    assert "values cut to 32,768 bytes" in done.notices[0]


# --- Microsoft Defender for Cloud

_TEXT = {"type": "string"}
# What https://learn.microsoft.com/rest/api/defenderforcloud says of the bodies, API version 2021-06-01.
METADATA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["displayName", "severity", "assessmentType"],
    "properties": {
        "displayName": _TEXT,
        "description": _TEXT,
        "remediationDescription": _TEXT,
        "severity": {"enum": ["Low", "Medium", "High"]},
        "assessmentType": {"const": "CustomerManaged"},
        "categories": {
            "type": "array",
            "items": {"enum": ["Compute", "Networking", "Data", "IdentityAndAccess", "IoT"]},
        },
    },
}
ASSESSMENT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["resourceDetails", "status"],
    "properties": {
        "resourceDetails": {"const": {"source": "Azure"}},
        "status": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code"],
            "properties": {
                "code": {"enum": ["Healthy", "Unhealthy", "NotApplicable"]},
                "cause": _TEXT,
                "description": _TEXT,
            },
        },
        "additionalData": {"type": "object", "additionalProperties": _TEXT},
    },
}


@pytest.mark.parametrize("report", [samples.small(), hostile()], ids=["small", "hostile"])
def test_requests_to_defender_have_the_bodies_that_it_documents(report: Report, rendered: Rendered):
    requests = records(rendered("defender", report, include_passed=True))
    known = set()

    for request in requests:
        place, _, version = request["url"].partition("?api-version=")
        kind, name = place.split("/")[-2:]
        assert (version, str(uuid.UUID(name))) == ("2021-06-01", name)
        assert re.fullmatch(r"[\w/.~%-]+", place)
        if kind == "assessmentMetadata":
            jsonschema.validate(request["body"]["properties"], METADATA)
            known.add(name)
        else:
            assert kind == "assessments"
            jsonschema.validate(request["body"]["properties"], ASSESSMENT)
            assert name in known, "metadata comes before what refers to it"


def test_what_was_mended_is_healthy_what_is_accepted_not_applicable_and_what_is_unknown_is_left_alone(
    rendered: Rendered,
):
    exempt = Exemption("moving", "ann", None, "e.yaml:1")
    report = report_of(
        [
            finding(STORAGE, "bad"),
            finding(STORAGE, "good", outcome=Outcome.PASS),
            finding(STORAGE, "accepted", outcome=Outcome.EXEMPT, exemption=exempt),
            finding(STORAGE, "unread", outcome=Outcome.UNKNOWN),
            finding(STORAGE, "user", id="11111111-0000-4000-8000-000000000001"),
        ]
    )
    codes = {}
    for request in records(rendered("defender", report, include_passed=True)):
        if status := request["body"]["properties"].get("status"):
            codes[request["url"].split("/providers/")[1].split("/")[-1]] = status["code"]

    assert codes == {"bad": "Unhealthy", "good": "Healthy", "accepted": "NotApplicable"}
    assert "1 result of objects outside of subscriptions" in render(report, "defender", RenderOptions()).notices[0]


# --- Jira and Azure Boards


def table(text: str) -> list[dict[str, str]]:
    head, *rows = csv.reader(io.StringIO(text))
    assert {len(row) for row in rows} <= {len(head)}
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_ticket_is_a_rule_with_its_resources_and_the_worst_come_first(rendered: Rendered):
    report = report_of([finding(STORAGE, "st1"), finding(STORAGE, "st2"), finding(SSH, "nsg")])

    jira, boards = table(rendered("jira", report)), table(rendered("azure-boards", report))

    assert [row["Summary"] for row in jira] == [
        "[CRITICAL] Network security group lets SSH in from the internet: nsg",
        "[HIGH] Storage account accepts traffic from all networks",
    ]
    assert [row["Title"] for row in boards] == [row["Summary"] for row in jira]
    assert [row["Priority"] for row in jira] == ["Highest", "High"]
    assert [row["Priority"] for row in boards] == ["1", "1"]
    assert {row["Work Item Type"] for row in boards} == {"Task"}
    assert "st1" in jira[1]["Description"]
    assert "st2" in jira[1]["Description"]
    assert boards[0]["Tags"].split("; ")[:3] == ["azure-auditor", "critical", "network"]


def test_tickets_by_owner_have_the_findings_of_each(rendered: Rendered):
    first, second = finding(STORAGE, "st1"), finding(SSH, "nsg")
    tagged = [replace(result, subject=replace(result.subject, tags={"owner": "ann"})) for result in (first, second)]
    rows = table(rendered("jira", report_of([*tagged, finding(STORAGE, "st3")]), group_by="owner"))

    assert [row["Summary"] for row in rows] == [
        "[CRITICAL] owner ann: 2 findings of 2 rules",
        "[HIGH] Storage account accepts traffic from all networks: st3",
    ]


@pytest.mark.parametrize(("name", "most"), [("jira", 250), ("azure-boards", 1_000)])
def test_an_import_has_no_more_tickets_than_are_taken(name: str, most: int):
    done = render(many(most + 7), name, RenderOptions())

    assert len(table(str(done.data))) == most
    assert "7 " in done.notices[0]
    assert f"an import takes {most:,}" in done.notices[0]


@pytest.mark.parametrize(("name", "limit"), [("jira", 32_767), ("azure-boards", 32_767)])
def test_a_long_description_is_cut_with_a_count(name: str, limit: int):
    done = render(many(1, each=2_000), name, RenderOptions())
    (row,) = table(str(done.data))

    assert len(row["Description"]) <= limit
    listed = row["Description"].count("st0")
    assert re.search(rf"and {2_000 - listed:,} more findings", row["Description"])
    assert f"{2_000 - listed:,} findings counted and not listed" in done.notices[0]


class Texts(HTMLParser):
    """Tags and text of a description."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        assert not attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_names_are_text_in_tickets(rendered: Rendered):
    jira, boards = table(rendered("jira", hostile())), table(rendered("azure-boards", hostile()))

    for row in (*jira, *boards):
        assert not any(re.match(r"\s*[=+@-]", text) for text in row.values())
    for row in boards:
        parser = Texts()
        parser.feed(row["Description"])
        assert parser.tags == {"p", "div"}
    (description,) = (row["Description"] for row in jira if "evil" in row["Description"])
    # Each mark of Jira's own has a backslash before it.
    assert not re.search(r"(?<!\\)[{}\[\]!|~_]|(?<!\\)\*(?! )", description)


def test_a_title_is_no_longer_than_is_taken(rendered: Rendered):
    report = report_of([finding(STORAGE, "x" * 1_000)])

    assert len(table(rendered("jira", report))[0]["Summary"]) == 255
    assert len(table(rendered("azure-boards", report))[0]["Title"]) == 255


# --- Microsoft Teams

PARSE = """
globalThis.window = globalThis.self = globalThis;
const cards = require(process.argv[1] + "/adaptivecards/dist/adaptivecards.js");
const message = JSON.parse(require("fs").readFileSync(0, "utf8"));
const card = new cards.AdaptiveCard();
const context = new cards.SerializationContext();
card.parse(message.attachments[0].content, context);
const events = [...Array(context.eventCount).keys()].map(n => context.getEventAt(n).message);
const failures = card.validateProperties().validationEvents.map(e => e.message);
const runs = [];
JSON.stringify(message, (key, value) => (key === "text" && runs.push(value), value));
console.log(JSON.stringify({events, failures, count: card.getItemCount(), runs}));
"""


@pytest.mark.parametrize("report", [samples.small(), samples.empty(), hostile(), many(300)])
def test_the_card_is_one_by_microsofts_own_library(report: Report, rendered: Rendered, npm_tools: Path):
    assert (npm_tools / "adaptivecards").is_dir(), "run `make tools`"
    text = rendered("teams", report)
    done = subprocess.run(
        ["node", "-e", PARSE, str(npm_tools)], input=text, capture_output=True, text=True, check=True, timeout=60
    )
    told = json.loads(done.stdout)

    assert (told["events"], told["failures"]) == ([], [])
    assert told["count"] >= 3
    assert not any("{{" in run for run in told["runs"])


def test_a_message_to_teams_has_the_frame_of_a_webhook_and_stays_below_28_kb():
    done = render(many(300), "teams", RenderOptions())
    message = json.loads(done.data)

    assert len(done.data) <= 28_000
    assert (message["type"], message["attachments"][0]["contentType"]) == (
        "message",
        "application/vnd.microsoft.card.adaptive",
    )
    shown = sum(item["type"] == "Container" for item in message["attachments"][0]["content"]["body"])
    assert f"{300 - shown} more findings of {300 - shown} rules left out" in done.notices[0]
    assert f"{300 - shown} more findings" in done.data.decode()


def test_names_stand_where_teams_reads_no_markdown(rendered: Rendered):
    body = json.loads(rendered("teams", hostile()))["attachments"][0]["content"]["body"]

    blocks = [text for item in body if item["type"] == "TextBlock" for text in [item["text"]]]
    assert blocks == ["Azure security audit"]


# --- Slack


@pytest.mark.parametrize("report", [samples.small(), samples.empty(), hostile(), many(300)])
def test_blocks_are_valid_by_slacks_own_library(report: Report, rendered: Rendered):
    message = json.loads(rendered("slack", report))
    blocks = Block.parse_all(message["blocks"])

    assert [block.to_dict()["type"] for block in blocks] == [block["type"] for block in message["blocks"]]
    for block in blocks:
        block.validate_json()
    assert len(blocks) <= 50
    assert message["text"].startswith("Azure security audit")


def test_what_has_no_room_in_slack_is_counted():
    done = render(many(300), "slack", RenderOptions())

    assert "255 more findings of 255 rules left out" in done.notices[0]
    assert "255 more findings of 255 rules left out" in json.loads(done.data)["blocks"][-1]["elements"][0]["text"]


def test_names_cannot_mention_link_or_format_in_slack(rendered: Rendered):
    message = json.loads(rendered("slack", hostile()))
    texts = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section" and "text" in block]

    assert any("evil.example" in text for text in texts)
    for text in texts:
        assert not re.search(r"<[!@#h]|&(?!amp;|lt;|gt;)", text)
        outside = re.sub(r"`[^`]*`", "", text)
        assert "`" not in outside
        assert not re.search(r"evil|smile|_i_|~s~", outside)


# --- GitHub issues


def test_an_issue_body_stays_below_what_github_takes():
    done = render(many(2_000), "markdown", RenderOptions(max_bytes=65_000))

    assert len(str(done.data)) < 65_536
    assert "more findings" in str(done.data)
