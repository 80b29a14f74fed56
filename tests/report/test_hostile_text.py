"""Names and values as hostile, strange or long as Azure lets them be, in every format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from auditor.evaluate.model import Report
from auditor.report.registry import FORMATS, RenderOptions, render
from auditor.rules.model import Evidence
from tests.report.samples import PRODUCTION, SSH, STORAGE, finding, report_of

Rendered = Callable[..., str]

NAMES = {
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "c1": "\x9b31mred\x9b0m",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "bidi": "abc\u202egpj.exe\u202c\u2066x\u2069\u061c",
    "zero-width": "pay\u200bpal\u2060\ufeff",
    "line-ends": "a\nHIGH  b\r\nc\u2028d\u2029e\x85f",
    "markup": "<script>alert(1)</script><!-- ]]> --><img src=x onerror=alert(1)>",
    "formula": "=cmd|'/C calc'!A0",
    "markdown": "[x](https://evil.example) `a` **b** | @team #1 ~~c~~",
    "rich": "[bold red]x[/] [link=https://evil.example]y[/link] :smile:",
    "template": "{{7*7}} {name} ${IFS} %s $(id) `id`",
    "quotes": "'\"\\';--",
    "wide": "日本語のストレージアカウント" * 6,
    "emoji": "👩‍👩‍👧‍👦🇩🇪🏴‍☠️" * 12,
    "combining": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢" * 5,
    "long": "x" * 10_000,
    "surrogate": "st\ud800name",
    "noncharacters": "a\ufffe\uffff\x00b",
    "empty": "",
    "blank": "   ",
}
HIDDEN = "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"


def hostile(name: str) -> Report:
    """A report with the name wherever Azure's words go."""
    evidence = (Evidence(f"tags['{name}']", name, f"equals {name}"), Evidence("properties.x", {"k": [name]}, "empty"))
    return report_of(
        [finding(STORAGE, name, message=f"{name} is open", evidence=evidence), finding(SSH, name, message=name)],
        subscription_names={PRODUCTION: name},
        source=name,
    )


def text_of(name: str, report: Report, options: RenderOptions) -> str:
    data = render(report, name, options).data
    return data.decode() if isinstance(data, bytes) else data.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("kind", sorted(NAMES))
@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_no_format_can_move_a_cursor_or_reorder_letters(format_name: str, kind: str):
    text = text_of(format_name, hostile(NAMES[kind]), RenderOptions())

    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
    assert not re.search(f"[{HIDDEN}]", text)


@pytest.mark.parametrize("kind", sorted(NAMES))
@pytest.mark.parametrize("group_by", ["rule", "resource", "subscription", "topic"])
@pytest.mark.parametrize("width", [80, 160])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int, group_by: str, kind: str):
    text = text_of("table", hostile(NAMES[kind]), RenderOptions(width=width, group_by=group_by, verbose=True))

    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("kind", ["escape", "c1", "link", "rich"])
def test_a_coloured_table_holds_no_escapes_but_its_own(kind: str):
    options = RenderOptions(colour=True, hyperlinks=True, width=120)
    text = text_of("table", hostile(NAMES[kind]), options)
    ours = r"\x1b\[[\d;]*m|\x1b\]8;;(?:https://(?:portal\.azure\.com|learn\.microsoft\.com)/[!-~]*)?\x1b\\"

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", re.sub(ours, "", text))


@pytest.mark.parametrize("kind", ["long", "wide", "line-ends"])
def test_one_name_cannot_flood_the_table(kind: str):
    text = text_of("table", hostile(NAMES[kind]), RenderOptions(width=80))

    assert len(text.splitlines()) < 700
    assert not re.search(r"^HIGH  b", text, re.M)  # a line end in a name begins no line of its own


@pytest.mark.parametrize("format_name", ["json", "sarif", "ocsf"])
@pytest.mark.parametrize("kind", sorted(set(NAMES) - {"surrogate"}))
def test_programs_still_read_the_value_as_azure_has_it(format_name: str, kind: str):
    document = text_of(format_name, hostile(NAMES[kind]), RenderOptions())

    assert NAMES[kind] in set(strings(json.loads(document)))


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in strings(inner)]
    return [value] if isinstance(value, str) else []


@settings(max_examples=40)
@given(name=st.text(max_size=60))
@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_any_text_at_all(format_name: str, name: str):
    text = text_of(format_name, hostile(name), RenderOptions(width=80))

    assert not re.search(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{HIDDEN}]", text)
