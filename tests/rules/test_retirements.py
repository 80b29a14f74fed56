"""Dates of what Azure takes out of service: the table in the documentation and the rules say the same."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r"^\| `(?P<rule>[\w-]+)` \| (?P<kind>ended|ends) \| .+ \| (?P<date>.+) \| (?P<source>https://\S+) \|$", re.M
)
TABLE = list(ROW.finditer((ROOT / "docs" / "retirements.md").read_text(encoding="utf-8")))


def rule_text(name: str) -> str:
    (path,) = ROOT.glob(f"rules/*/{name}.yaml")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["rule"])
def test_a_rule_says_the_date_and_the_source_of_the_table(row):
    text = rule_text(row["rule"])

    assert datetime.strptime(row["date"], "%d %B %Y")
    assert row["date"] in text
    assert row["source"] in text


@pytest.mark.parametrize("row", [row for row in TABLE if row["kind"] == "ended"], ids=lambda row: row["rule"])
def test_what_the_service_itself_refuses_is_told_for_the_record(row):
    text = rule_text(row["rule"])

    assert "\nseverity: info\n" in text
    assert f"the service itself has refused since {row['date']}" in re.search(r"^message: .*$", text, re.M)[0]


def test_every_rule_that_speaks_of_a_refusal_is_in_the_table():
    told = {path.stem for path in ROOT.glob("rules/*/*.yaml") if "itself has refused since" in path.read_text("utf-8")}

    assert told == {row["rule"] for row in TABLE if row["kind"] == "ended"}
