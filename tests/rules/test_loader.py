"""Rule files: every mistake at its place, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import RuleError, UsageError
from auditor.rules.loader import load_rules, without_examples
from auditor.rules.model import Severity
from auditor.rules.selection import select_rules

GOOD = """\
id: our-rule
title: Our accounts are open
severity: high
topic: ours
resource: Microsoft.Storage/storageAccounts
fail_if:
  field: properties.open
  equals: true
message: "{name} is open"
description: Why.
remediation: {text: Close it.}
examples:
  fail:
    - properties: {open: true}
  pass:
    - properties: {open: false}
"""


@pytest.fixture
def write(tmp_path: Path):
    def make(text: str, name: str = "our-rule.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


def problems(*paths: Path) -> list[tuple[int, int, str, str]]:
    with pytest.raises(RuleError) as caught:
        load_rules(paths, builtin=False, examples=True)
    return [(p.line, p.column, p.message, p.remedy) for p in caught.value.problems]


def test_a_rule_of_ones_own_is_loaded(write):
    (rule,) = load_rules([write(GOOD)], builtin=False, examples=True).rules

    assert (rule.id, rule.severity, rule.resource) == (
        "our-rule",
        Severity.HIGH,
        ("Microsoft.Storage/storageAccounts",),
    )
    assert rule.needs.types == {"microsoft.storage/storageaccounts"}


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says", "hint"),
    [
        ("severity: high", "severity: hihg", 3, 1, "'hihg' is no severity", "high"),
        ("severity: high", "sevrity: high", 3, 1, "no key 'sevrity'", "severity"),
        ("id: our-rule", "id: Our_Rule", 1, 1, "not kebab-case", ""),
        ("id: our-rule", "id: other-rule", 1, 1, "not the file's name", "other-rule.yaml"),
        ("  equals: true", "  equal: true", 8, 3, "no operator 'equal'", "equals"),
        ("  equals: true", "  in: a", 8, 3, "in takes a list", ""),
        ("  field: properties.open", "  feild: properties.open", 6, 1, "exactly one of its forms", "field"),
        ("resource: Microsoft.Storage/storageAccounts", "resource: storage", 5, 1, "not a resource type", ""),
        ("remediation: {text: Close it.}", "remediation: {txt: Close it.}", 11, 15, "no key 'txt'", "text"),
        ("description: Why.\n", "", 1, 1, "'description' is missing", ""),
        ('message: "{name} is open"', "frameworks: {mcsb: [NS-1]}", 9, 14, "'mcsb' is not known", "mcsb-v"),
        ("  pass:\n    - properties: {open: false}\n", "", 12, 1, "no example that should pass", ""),
        ("title: Our accounts are open", "title: [1", 3, 9, "not YAML", ""),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(write, old, new, line, column, says, hint):
    found = problems(write(GOOD.replace(old, new)))

    assert any(
        (found_line, found_column) == (line, column) and says in message and hint in remedy
        for found_line, found_column, message, remedy in found
    ), found


def test_all_mistakes_of_all_files_are_told_at_once(write):
    first = write(
        GOOD.replace("severity: high", "severity: no").replace("equals: true", "eqals: true"), "our-rule.yaml"
    )
    second = write(GOOD.replace("id: our-rule", "id: second").replace("topic: ours", "topics: ours"), "second.yaml")

    assert len(problems(first, second)) == 4


def test_an_id_may_not_be_taken_by_a_builtin_rule(write):
    path = write(GOOD.replace("our-rule", "storage-https-only"), "storage-https-only.yaml")

    with pytest.raises(RuleError, match="cannot be used") as caught:
        load_rules([path])
    assert "is taken by builtin:" in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rule.txt", b"x", "neither .yaml nor .json"),
        ("our-rule.yaml", b"\xff\xfe\x00", "not UTF-8"),
        ("our-rule.yaml", b"- a\n", "must be a mapping"),
    ],
)
def test_a_file_that_is_no_rule_is_refused(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)

    assert says in problems(path)[0][2]


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path):
    assert "holds no rules" in problems(tmp_path)[0][2]
    assert "no such file" in problems(tmp_path / "nothing.yaml")[0][2]


def test_leaving_the_examples_out_changes_nothing_else():
    short = {rule.id: rule for rule in load_rules().rules}
    whole = {rule.id: rule for rule in load_rules(examples=True).rules}

    assert short.keys() == whole.keys()
    for rule_id, rule in short.items():
        assert rule.definition == whole[rule_id].definition
        assert (rule.title, rule.remediation, rule.frameworks) == (
            whole[rule_id].title,
            whole[rule_id].remediation,
            whole[rule_id].frameworks,
        )


def test_examples_in_the_middle_of_a_file_are_kept():
    text = "id: a\nexamples:\n  fail: []\ntitle: b\n"

    assert without_examples(text) == text
    assert without_examples("id: a\nexamples:\n  fail: []\n") == "id: a\n"


RULES = load_rules().rules


@pytest.mark.parametrize(
    ("options", "matches"),
    [
        ({"select": ["storage-https-only"]}, lambda r: r.id == "storage-https-only"),
        ({"select": ["network"]}, lambda r: r.topic == "network"),
        ({"select": ["network/*"]}, lambda r: r.topic == "network"),
        ({"select": ["STORAGE-*"]}, lambda r: r.id.startswith("storage-")),
        ({"ignore": ["network", "storage-*"]}, lambda r: r.topic != "network" and not r.id.startswith("storage-")),
        ({"frameworks": ["cis-azure-3.0"]}, lambda r: "cis-azure-3.0" in r.frameworks),
        ({"min_severity": Severity.HIGH}, lambda r: r.severity.rank <= 1),
    ],
)
def test_selection(options, matches):
    chosen = select_rules(RULES, **options)

    assert chosen
    assert list(chosen) == [rule for rule in RULES if matches(rule)]


@pytest.mark.parametrize(("option", "value"), [("select", "storage-http-only"), ("ignore", "netwrok")])
def test_a_choice_that_matches_nothing_is_refused(option, value):
    with pytest.raises(UsageError, match=value):
        select_rules(RULES, **{option: [value]})
