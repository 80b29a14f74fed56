"""Frameworks: the shipped lists of controls, and files of the user's own."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from auditor.errors import ConfigError, RuleError, UsageError
from auditor.resources import data_path
from auditor.rules.framework_choice import choose_frameworks, frameworks_of
from auditor.rules.frameworks import ASSESSABLE, load_framework, shipped
from auditor.rules.loader import load_rules
from auditor.rules.model import Framework
from auditor.rules.schema import framework_schema
from auditor.rules.vocabulary import FRAMEWORKS
from auditor.rules.yaml_source import read_document

RULES = load_rules().rules
RULE = """\
id: {name}
title: Something is wrong
severity: low
topic: ours
resource: Microsoft.Storage/storageAccounts
fail_if: {{field: kind, equals: Storage}}
description: Why.
remediation: {{text: Mend it.}}
frameworks:
  mcsb-v1: [DP-3]
  {framework}: [{control}]
examples:
  fail: [{{kind: Storage}}]
  pass: [{{kind: StorageV2}}]
"""

# How many controls each publisher lists.
COUNTS = {
    "mcsb-v1": 86,
    "mcsb-v2": 81,
    "cis-azure-3.0": 159,
    "cis-azure-4.0": 139,
    "cis-azure-5.0": 155,
    "cis-azure-6.0": 127,
    "nist-800-53-r5": 1007,  # 298 controls and 709 enhancements, withdrawn ones left out
    "iso-27001-2022": 93,
    "pci-dss-4.0": 280,  # the appendices A1 to A3 included
    "soc-2": 61,
    "dora": 43,
    "nis2": 24,
}
ID = {
    "mcsb": r"[A-Z]{2}-\d+",
    "cis": r"\d+(\.\d+)+",
    "nist": r"[A-Z]{2}-\d+(\(\d+\))?",
    "iso": r"A\.[5-8]\.\d+",
    "pci": r"(A?\d+)(\.\d+){2,4}",
    "soc": r"(CC|A|C|PI|P)\d\.\d",
    "dora": r"\d+(\.\d+[a-f]?)?",
    "nis2": r"\d+(\.\d[a-j]?)?",
}


def test_every_known_framework_has_its_list_and_no_list_is_left_over():
    assert {path.stem for path in data_path("frameworks").glob("*.yaml")} == set(FRAMEWORKS) == set(COUNTS)


@pytest.mark.parametrize("name", sorted(FRAMEWORKS))
def test_a_list_is_complete_and_its_controls_are_well_formed(name: str):
    framework = shipped(name)
    ids = [control.id for control in framework.controls]
    pattern = next(pattern for start, pattern in ID.items() if name.startswith(start))

    assert framework.id == name
    assert len(ids) == len(set(ids)) == COUNTS[name]
    assert [each for each in ids if not re.fullmatch(pattern, each)] == []
    assert framework.source.startswith("https://")
    assert framework.publisher
    assert all(control.title and control.section for control in framework.controls)
    assert {control.assessable for control in framework.controls} <= {"", *ASSESSABLE}


@pytest.mark.parametrize("name", sorted(FRAMEWORKS))
def test_the_controls_of_a_section_stand_together(name: str):
    sections = [control.section for control in shipped(name).controls]
    runs = [section for index, section in enumerate(sections) if not index or sections[index - 1] != section]

    # CIS numbers the recommendations of a chapter after those of its sections; elsewhere a section is one run.
    if not name.startswith("cis"):
        assert [section for section, number in Counter(runs).items() if number > 1] == []


def test_nist_has_every_family():
    families = {control.id[:2] for control in shipped("nist-800-53-r5").controls if "(" not in control.id}

    assert families == set("AC AT AU CA CM CP IA IR MA MP PE PL PM PS PT RA SA SC SI SR".split())  # noqa: SIM905


def test_every_framework_has_rules():
    named = {framework for rule in load_rules().rules for framework in rule.frameworks}

    assert set(FRAMEWORKS) <= named


@pytest.mark.parametrize(
    ("framework", "control", "near"),
    [
        ("mcsb-v2", "DP3", "DP-3"),
        ("nist-800-53-r5", "SC-7(33)", "SC-7(3)"),
        ("pci-dss-4.0", "'3.7'", "3.7.1"),
        ("nis2", "'21'", "21.2a"),
        ("dora", "9.3e", "9.3d"),
        ("cis-azure-5.0", "'9.3.99'", "9.3.9"),
    ],
)
def test_a_control_that_a_framework_does_not_have_is_refused(tmp_path: Path, framework: str, control: str, near: str):
    path = tmp_path / "ours-bad.yaml"
    path.write_text(RULE.format(name="ours-bad", framework=framework, control=control))

    with pytest.raises(RuleError) as refused:
        load_rules([path], builtin=False, examples=True)

    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == (str(path), 11)
    assert control.strip("'") in problem.message
    assert near in problem.remedy


def test_a_control_that_yaml_would_round_is_refused(tmp_path: Path):
    path = tmp_path / "ours-bad.yaml"
    path.write_text(RULE.format(name="ours-bad", framework="cis-azure-3.0", control="4.10"))

    with pytest.raises(RuleError) as refused:
        load_rules([path], builtin=False)

    assert [(problem.line, "in quotes" in problem.remedy) for problem in refused.value.problems] == [(11, True)]


def test_controls_of_ones_own_framework_are_not_compared(tmp_path: Path):
    path = tmp_path / "ours-good.yaml"
    path.write_text(RULE.format(name="ours-good", framework="x-handbook", control="4.2b"))

    (rule,) = load_rules([path], builtin=False, examples=True).rules

    assert rule.frameworks["x-handbook"] == ("4.2b",)


OWN = """\
id: larkspur-baseline
name: Larkspur security baseline
controls:
  - {id: LB-1, title: Data travels encrypted, rules: [encryption-in-transit]}
  - {id: 2, title: Vaults are protected, section: Keys, rules: ["keyvault-*"]}
  - {id: LB-3, title: Visitors are escorted}
"""


def test_a_framework_of_ones_own(tmp_path: Path):
    path = tmp_path / "baseline.yaml"
    path.write_text(OWN)

    framework = load_framework(path, RULES)

    assert (framework.id, framework.name, framework.source) == (
        "larkspur-baseline",
        "Larkspur security baseline",
        str(path),
    )
    assert [(control.id, control.rules) for control in framework.controls] == [
        ("LB-1", ("encryption-in-transit",)),
        ("2", ("keyvault-*",)),
        ("LB-3", ()),
    ]


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("id: larkspur-baseline", "id: mcsb-v1"), 1, "is taken"),
        (("id: larkspur-baseline", "id: Larkspur Baseline"), 1, "kebab-case"),
        (("name: Larkspur security baseline\n", ""), 1, "'name' is missing"),
        (("name:", "nmae:"), 2, "did you mean name?"),
        (("LB-3", "LB-1"), 6, "twice"),
        (("{id: 2,", "{id: 4.10,"), 5, "in quotes"),
        (("rules: [encryption-in-transit]", "rules: encryption-in-transit"), 4, "rules takes a list"),
        (("section: Keys", "assessable: technicall"), 5, "did you mean technical?"),
        (("{id: LB-3, title: Visitors are escorted}", "LB-3"), 6, "must be a mapping"),
        (("title: Visitors are escorted", "title: ''"), 6, "title must be text"),
        (("controls:", "controls: ["), 3, "not YAML"),
        (("encryption-in-transit", "encryption-in-transt"), 4, "matches no rule (did you mean encryption-in-transit?)"),
    ],
)
def test_mistakes_in_a_framework_are_told_with_their_line(tmp_path: Path, change, line: int, words: str):
    path = tmp_path / "baseline.yaml"
    path.write_text(OWN.replace(*change))

    with pytest.raises(ConfigError) as refused:
        load_framework(path, RULES)

    told = [problem for problem in refused.value.problems if words in str(problem)]
    assert told, refused.value.problems
    assert all(problem.file == str(path) for problem in told)
    assert line in {problem.line for problem in told} or words == "not YAML"


def test_a_framework_that_is_not_there(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_framework(tmp_path / "none.yaml", RULES)


def test_the_documented_framework_is_one_and_agrees_with_the_schema(tmp_path: Path):
    text = (Path(__file__).parents[2] / "docs" / "frameworks.md").read_text()
    (block,) = re.findall(r"```yaml framework\n(.*?)```", text, re.S)
    path = tmp_path / "baseline.yaml"
    path.write_text(block)

    framework = load_framework(path, load_rules().rules)

    assert [control.id for control in framework.controls] == ["LB-1", "LB-2", "LB-3"]
    jsonschema.Draft202012Validator(framework_schema()).validate(read_document(block, "x").value)


def test_the_documented_counts_are_those_of_the_lists():
    text = (Path(__file__).parents[2] / "docs" / "frameworks.md").read_text()
    rows = re.findall(r"^\| (`.+?`) \| .* \| ([\d,]+(?:, [\d,]+)*) \|$", text, re.M)
    told = {
        name: int(number.replace(",", ""))
        for names, numbers in rows
        for name, number in zip(re.findall(r"`(.+?)`", names), numbers.split(", "), strict=True)
    }

    assert told == COUNTS


@pytest.mark.parametrize("name", sorted(FRAMEWORKS))
def test_the_shipped_lists_agree_with_the_schema(name: str):
    text = (data_path("frameworks") / f"{name}.yaml").read_text()

    jsonschema.Draft202012Validator(framework_schema()).validate(read_document(text, name).value)


@pytest.mark.parametrize(
    "change", [{"id": "No"}, {"nmae": "x"}, {"controls": []}, {"controls": [{"id": "1"}]}, {"controls": [{"id": 4.1}]}]
)
def test_the_schema_refuses_what_is_refused(change):
    good = {"id": "ours", "name": "Ours", "controls": [{"id": "1", "title": "t"}]}
    validator = jsonschema.Draft202012Validator(framework_schema())

    assert validator.is_valid(good)
    assert not validator.is_valid({**good, **change})


@pytest.mark.parametrize(
    ("name", "taken", "note"),
    [
        ("CIS-Azure-4.0", "cis-azure-4.0", ""),
        ("cis", "cis-azure-6.0", "the newest; there is cis-azure-3.0, cis-azure-4.0, cis-azure-5.0 too"),
        ("mcsb", "mcsb-v2", "the newest; there is mcsb-v1 too"),
        ("cis-azure-4", "cis-azure-4.0", "taken as cis-azure-4.0"),
        ("NIST", "nist-800-53-r5", "taken as nist-800-53-r5"),
        ("pci-dss-4.0.1", "pci-dss-4.0", "taken as pci-dss-4.0"),
        ("iso27001", "iso-27001-2022", "taken as"),
        ("soc2", "soc-2", "taken as"),
        ("dor", "dora", "taken as"),
    ],
)
def test_names_are_understood(name: str, taken: str, note: str):
    choice = choose_frameworks([name], RULES)

    assert choice.names == (taken,)
    assert len(choice.notes) == bool(note)
    assert all(note in each for each in choice.notes)


@pytest.mark.parametrize(
    ("name", "says"),
    [("nis", "may mean several"), ("cis-azure-9", "is not known"), ("", "is not known"), ("--", "is not known")],
)
def test_names_that_leave_a_doubt_are_refused(name: str, says: str):
    with pytest.raises(UsageError, match=says):
        choose_frameworks([name], RULES)


@pytest.mark.parametrize(("name", "meant"), [("mcbs", "mcsb"), ("nits-800-53", "nist-800-53"), ("mcsb-v3", "mcsb-v")])
def test_a_misspelt_name_is_answered_with_the_one_that_is_meant(name: str, meant: str):
    with pytest.raises(UsageError) as error:
        choose_frameworks([name], RULES)

    assert f"Did you mean {meant}" in error.value.remedy


def test_frameworks_that_only_rules_name_are_known_too():
    rules = [replace(RULES[0], frameworks={"x-handbook": ("4.2",)})]

    choice = choose_frameworks(["x-hand"], rules)

    assert choice.names == ("x-handbook",)
    assert frameworks_of(choice.names, choice.own, rules) == (Framework("x-handbook", "", ()),)
    assert [each.id for each in frameworks_of((), (), rules)] == [*FRAMEWORKS, "x-handbook"]


def test_what_rule_files_and_the_framework_say_adds_up(tmp_path: Path):
    path = tmp_path / "ours.yaml"
    path.write_text(OWN.replace("larkspur-baseline", "x-ours").replace("encryption-in-transit", RULES[0].id))
    rules = [replace(RULES[0], frameworks={"x-ours": ("LB-3", "LB-1"), "dora": ("9.2",)}), *RULES[1:]]

    choice = choose_frameworks([str(path), "dora"], rules)

    assert choice.names == ("x-ours", "dora")
    assert choice.rules[0].frameworks == {"x-ours": ("LB-3", "LB-1"), "dora": ("9.2",)}
    assert next(rule for rule in choice.rules if rule.id == "keyvault-rbac").frameworks["x-ours"] == ("2",)
    assert [framework.id for framework in frameworks_of(choice.names, choice.own, rules)] == ["x-ours", "dora"]
