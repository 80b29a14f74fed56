"""The demo tenant in every format, compared as a whole with what it was.

`make golden` writes the files anew: a new rule, or a resource more in the demo, changes them.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from auditor.api import audit, draw
from auditor.evaluate.model import Report
from auditor.facts.registry import FactStore
from auditor.report.registry import FORMATS, RenderOptions, render
from auditor.rules.loader import load_rules
from auditor.snapshot.demo import open_demo
from tests.report.test_registry import GOLDEN, SUFFIX, as_bytes, golden_text

PICTURE = Path(__file__).parents[2] / "docs/demo.svg"
PICTURED = 48
"""Lines of the table that the picture shows."""
SCHEMA = Path(__file__).parents[2] / "auditor/report/report.schema.json"
TOPICS = ("encryption-in-use", "jwt", "key-vault", "mutual-tls")
OTHER_SYSTEMS = {"sentinel", "defender", "jira", "azure-boards", "teams", "slack"}
"""Formats that say what the others say: small reports show how, test_integrations.py what their readers take."""
VIEWS = {
    **{name: (name, 100) for name in FORMATS if name not in OTHER_SYSTEMS},
    "table-80": ("table", 80),
    "table-160": ("table", 160),
}
"""Name to format and columns: the table also as narrow and as wide as terminals are."""


@pytest.fixture(scope="module")
def report() -> Report:
    source = open_demo()
    facts = FactStore(source.inventory, source.manifest.finished_at)
    rules = [rule for rule in load_rules().rules if not rule.deprecated]
    return draw(audit(source, rules, facts=facts), source, facts)


def readable(name: str, data: bytes) -> str:
    """As a golden file holds it: the data of the HTML page unpacked, since packed bytes differ between zlib builds."""
    text = golden_text(data, name)
    if name != "html":
        return text
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found
    packed = found[1]
    unpacked = packed if packed.startswith("{") else gzip.decompress(base64.b64decode(packed)).decode()
    return text.replace(packed, json.dumps(json.loads(unpacked), indent=1, ensure_ascii=False))


@pytest.fixture(scope="module")
def part() -> Report:
    """The demo by the rules of a few topics: what formats make of findings of every kind, in files that can be read.

    Every rule's findings stand in the tables, which are kept whole.
    """
    source = open_demo()
    facts = FactStore(source.inventory, source.manifest.finished_at)
    rules = [rule for rule in load_rules().rules if not rule.deprecated and rule.topic in TOPICS]
    return draw(audit(source, rules, facts=facts), source, facts)


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_the_demo_is_reported_as_it_was(view: str, report: Report, part: Report):
    name, width = VIEWS[view]
    report = report if name == "table" else part
    text = readable(name, as_bytes(render(report, name, RenderOptions(width=width)).data))
    path = GOLDEN / f"demo{view.removeprefix(name)}.{SUFFIX.get(name, name)}"
    if os.environ.get("AUDITOR_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8"), "make golden, and read the difference"


def test_the_picture_in_the_readme_is_the_beginning_of_the_table(report: Report):
    table = str(render(report, "table", RenderOptions(width=100, colour=True)).data)
    console = Console(record=True, width=100, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(Text.from_ansi("\n".join(table.splitlines()[:PICTURED])))
    svg = console.export_svg(title="auditor scan --demo", unique_id="demo")
    # A picture that asks the network for fonts is not shown by GitHub.
    svg = re.sub(r"<!--.*?-->|@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code, ", "")
    svg = "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"
    if os.environ.get("AUDITOR_GOLDEN") == "write":
        PICTURE.write_text(svg, encoding="utf-8")

    assert svg == PICTURE.read_text(encoding="utf-8"), "make golden"


@pytest.mark.parametrize("width", [80, 100, 160])
def test_only_commands_to_copy_are_wider_than_the_terminal(width: int, report: Report):
    lines = str(render(report, "table", RenderOptions(width=width)).data).splitlines()

    assert [line for line in lines if cell_len(line) > width and not line.strip().startswith("auditor ")] == []


def test_json_follows_its_schema_and_each_finding_has_an_identity_of_its_own(report: Report):
    document = json.loads(as_bytes(render(report, "json", RenderOptions()).data))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)

    assert len({result["fingerprint"] for result in document["results"]}) == len(document["results"]) > 0
