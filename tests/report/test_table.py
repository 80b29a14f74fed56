"""The table at the widths, colours and groupings people use."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from auditor.report.registry import RenderOptions
from auditor.rules.model import Evidence
from tests.report import samples
from tests.report.samples import NASTY, SANDBOX, SSH, STORAGE, TAGS, VAULT, arm_id, finding, replaced, report_of

Rendered = Callable[..., str]
ESCAPE = "\x1b"


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("group_by", ["rule", "resource", "subscription", "topic"])
def test_no_line_is_wider_than_the_terminal(width: int, group_by: str, rendered: Rendered):
    text = rendered("table", width=width, group_by=group_by, verbose=True)

    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_summary_keeps_its_columns_and_cuts_nothing(width: int, rendered: Rendered):
    lines = rendered("table", width=width).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("TOPIC"))
    end = next(number for number, line in enumerate(lines) if line.startswith("all "))
    table = lines[start : end + 1]
    ends = [match.end() for match in re.finditer(r"\S+", table[0])][1:]

    assert len(table) == 6
    assert "…" not in "".join(table)
    for row in table[1:]:
        assert [match.end() for match in re.finditer(r"\S+", row)][1:] == ends


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


@pytest.mark.parametrize("group_by", ["subscription", "topic", "resource"])
def test_long_groups_are_folded_with_a_count_and_shown_when_asked(group_by: str, rendered: Rendered):
    rules = [replaced(STORAGE, f"rule-{number:02}") for number in range(60)]
    report = report_of([finding(rule, "st1") for rule in rules], rules=rules)

    folded = rendered("table", report, group_by=group_by)
    full = rendered("table", report, group_by=group_by, verbose=True)

    assert "and 45 more: add --verbose" in folded
    assert len(folded.splitlines()) < len(full.splitlines()) / 2
    assert all(rule.id in full for rule in rules)


def test_of_many_rules_the_least_are_told_in_short(rendered: Rendered):
    rules = [replaced(TAGS, f"rule-{number:02}") for number in range(40)]
    results = [finding(rule, f"id-{number}") for rule in rules for number in range(8)]
    report = report_of([*results, finding(SSH, "nsg-web")], rules=[*rules, SSH])

    short, full = rendered("table", report), rendered("table", report, verbose=True)

    assert "wanted: equals Disabled" in short[: short.index("rule-00")]  # the worst are told in full
    assert short.count("wanted: equals Disabled") == 1
    assert "  rule-39: id-0, id-1, id-2, id-3, id-4 and 3 more" in short
    assert "--verbose, or --select RULE, shows what was found" in short
    assert full.count("wanted: equals Disabled") == 41


def test_the_numbers_are_told_again_at_the_end(rendered: Rendered):
    assert "Found: 1 critical, 9 high, 1 medium, 1 info; 1 without an answer; 1 passed." in rendered("table")


def test_the_rule_to_begin_with_is_of_the_worst_severity_the_one_with_most_findings(rendered: Rendered):
    other = replaced(SSH, "nsg-rdp-from-internet")
    results = [
        finding(SSH, "a"),
        finding(other, "a"),
        finding(other, "b"),
        *(finding(STORAGE, f"s{n}") for n in range(9)),
    ]

    end = rendered("table", report_of(results, rules=[*samples.RULES, other])).rpartition("Next:")[2]

    assert "nsg-rdp-from-internet) (2 findings)" in " ".join(end.split())
    assert "auditor rules show nsg-rdp-from-internet" in end


def test_evidence_that_is_the_same_for_all_is_said_once(rendered: Rendered):
    text = rendered("table", report_of([finding(STORAGE, f"st{n}") for n in range(4)]))

    assert text.count("properties.publicNetworkAccess is Enabled; wanted: equals Disabled") == 1
    assert all(f"st{n}" in text for n in range(4))


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"{arm_id(VAULT.resource[0], 'kv1')}:properties.x", "kv1: properties.x is"),
        (f"count({arm_id(VAULT.resource[0], 'kv1')}:subnets)", "count(kv1: subnets) is"),
        (
            f"count({arm_id(VAULT.resource[0], 'kv1')}:microsoft.x/y:properties.z)",
            "count(kv1: microsoft.x/y:properties.z) is",
        ),
        ("count(microsoft.network/flowlogs:properties.z)", "count(microsoft.network/flowlogs:properties.z) is"),
        ("tags['a:b/c']", "tags['a:b/c'] is"),
    ],
)
def test_another_resource_is_called_by_its_name(path: str, shown: str, rendered: Rendered):
    report = report_of([finding(STORAGE, "st1", evidence=(Evidence(path, 0, "not 0"),))])

    assert shown in rendered("table", report, width=200)


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
    last = rendered("table", report).rpartition("\nNext:")[2]

    assert words in " ".join(last.split())
    assert "\n\n" not in last
