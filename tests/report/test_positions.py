"""Where the parts of JSON stand, in what we write and in what we read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.iac.layout import Layout, Span
from auditor.iac.positions import read
from auditor.inventory.model import Gap, Unread
from auditor.report.json_layout import write

BODY = {
    "id": "/x",
    "properties": {
        "publicNetworkAccess": "Enabled",
        "rules": [{"name": "a", "ports": []}, {"name": "b", "ports": ["22"]}],
        "a.b": {"c": None},
    },
}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def shown(layout: Layout, span: Span | None) -> str:
    assert span
    return layout.text.split("\n")[span.line - 1][span.start - 1 : span.end - 1]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("properties.publicNetworkAccess", '"publicNetworkAccess": "Enabled"'),
        ("PROPERTIES.PublicNetworkAccess", '"publicNetworkAccess": "Enabled"'),
        ("properties.rules[1].name", '"name": "b"'),
        ("properties.rules[1].ports[0]", '"22"'),
        ("properties.rules", '"rules": ['),
        ("properties['a.b'].c", '"c": null'),
        ("properties.minimumTlsVersion", '"properties": {'),
        ("properties.rules[7].name", '"rules": ['),
    ],
)
@pytest.mark.parametrize("source", ["written", "read"])
def test_a_path_leads_to_its_line(path: str, text: str, source: str):
    layout = write(BODY) if source == "written" else read(json.dumps(BODY, indent=4))

    assert layout
    assert shown(layout, layout.find(path)) == text


def test_a_value_that_was_not_read_says_so():
    gap = Gap("/x", "A/b", "read main.json", None, "KnownAtDeployment", "the parameter tls has no value")

    assert "(not known: the parameter tls has no value)" in write({"properties": {"tls": Unread(gap)}}).text


def test_a_path_that_leads_nowhere_has_no_place():
    assert write(BODY).find("facts.exposure") is None


@given(JSON_VALUES)
def test_what_is_written_reads_back_and_both_agree_on_places(value: Any):
    written = write(value)
    again = read(written.text)

    assert json.loads(written.text) == value
    assert again
    assert again.spans == written.spans


@pytest.mark.parametrize("text", ["", "{", "[1,", '{"a" 1}', "// no\n{}", '{"a": }'])
def test_what_is_not_json_has_no_places(text: str):
    assert read(text) is None


def test_json_nested_without_end_is_refused_not_followed():
    assert read("[" * 100_000) is None
