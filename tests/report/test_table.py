"""The table at the widths, colours and groupings people use."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from auditor.report.registry import RenderOptions
from tests.report import samples
from tests.report.samples import NASTY, SANDBOX, SSH, STORAGE, VAULT, finding, report_of

Rendered = Callable[..., str]
ESCAPE = "\x1b"


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("group_by", ["rule", "resource", "subscription", "topic"])
def test_no_line_is_wider_than_the_terminal(width: int, group_by: str, rendered: Rendered):
    text = rendered("table", width=width, group_by=group_by, verbose=True)

    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("group_by", ["rule", "resource", "subscription", "topic"])
def test_without_colour_there_is_no_escape_at_all(group_by: str, rendered: Rendered):
    assert ESCAPE not in rendered("table", group_by=group_by)


def test_colours_come_from_the_terminals_own_sixteen(rendered: Rendered):
    codes = {int(c) for run in re.findall(r"\x1b\[([\d;]+)m", rendered("table", colour=True)) for c in run.split(";")}

    assert {1, 31} <= codes
    assert codes <= {0, 1, 2, 7, *range(31, 37)}


def test_severity_is_always_a_word_too(rendered: Rendered):
    text = rendered("table")

    for word in ("CRITICAL", "HIGH", "MEDIUM", "INFO"):
        assert re.search(rf"^{word} ", text, re.M)


def test_the_worst_group_comes_first(rendered: Rendered):
    text = rendered("table")

    assert text.index(SSH.title) < text.index(STORAGE.title) < text.index(VAULT.title)


def test_a_finding_says_where_what_was_found_what_was_wanted_and_how_to_fix(rendered: Rendered):
    text = " ".join(rendered("table", report_of([finding(VAULT, "kv1", subscription=SANDBOX)])).split())

    for words in ("kv1", "rg-app", "Contoso Sandbox", "Enabled", "equals Disabled", "Turn purge protection on."):
        assert words in text
    assert f"auditor rules show {VAULT.id}" in text


def test_long_lists_are_folded_with_a_count_and_shown_when_asked(rendered: Rendered):
    report = report_of([finding(STORAGE, f"st{number:03}") for number in range(400)])

    folded, full = rendered("table", report), rendered("table", report, verbose=True)

    assert "395 more" in folded
    assert len(folded.splitlines()) < 40
    assert all(f"st{number:03}" in full for number in range(400))


def test_a_table_by_resource_of_a_large_tenant_shows_the_worst_and_counts_the_rest(rendered: Rendered):
    report = report_of([finding(STORAGE, f"st{n:03}") for n in range(300)] + [finding(SSH, "nsg1")])

    text = rendered("table", report, group_by="resource")

    assert text.index("nsg1") < text.index("st000")
    assert "and 261 more resources" in text


def test_evidence_that_is_the_same_for_all_is_said_once(rendered: Rendered):
    text = rendered("table", report_of([finding(STORAGE, f"st{n}") for n in range(4)]))

    assert text.count("properties.publicNetworkAccess is Enabled; wanted: equals Disabled") == 1
    assert all(f"st{n}" in text for n in range(4))


def test_what_could_not_be_read_is_grouped_with_a_remedy(rendered: Rendered):
    gaps = [replace(samples.DENIED, scope=f"/subscriptions/{number}") for number in range(7)]
    text = " ".join(rendered("table", report_of([], gaps=gaps)).split())

    assert "7 reads did not succeed" in text
    assert "403 AuthorizationFailed" in text
    assert "and 4 more" in text
    assert "Grant Reader" in text


def test_links_lead_to_the_clouds_portal_and_the_rules_documentation(rendered: Rendered):
    text = rendered("table", hyperlinks=True, portal="https://portal.azure.us")

    assert f"\x1b]8;;https://portal.azure.us/#@{samples.TENANT}/resource/subscriptions/" in text
    assert f"\x1b]8;;{STORAGE.references[0]}\x1b\\" in text
    assert "\x1b[" not in text


def test_azures_text_cannot_reach_the_terminal(rendered: Rendered):
    for options in (RenderOptions(), RenderOptions(colour=True, hyperlinks=True)):
        text = rendered("table", colour=options.colour, hyperlinks=options.hyperlinks, width=160)
        visible = re.sub(r"\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\", "", text)
        assert ESCAPE not in visible
        assert "\u202e" not in visible
        assert "[bold]" in visible  # shown, not acted on
    assert NASTY not in text


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (samples.small(), "auditor rules show nsg-ssh-from-internet"),
        (report_of([], gaps=[samples.DENIED]), "auditor doctor"),
        (samples.empty(), "auditor doctor"),
        (report_of([]), "no findings"),
    ],
    ids=["findings", "gaps", "nothing", "clean"],
)
def test_the_last_line_says_what_to_do_next(report, words: str, rendered: Rendered):
    paragraph = rendered("table", report).strip().rpartition("\n\n")[2]

    assert paragraph.startswith("Next:")
    assert words in " ".join(paragraph.split())
