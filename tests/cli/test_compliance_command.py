"""`auditor compliance` as its users run it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.rules.frameworks import shipped
from auditor.rules.vocabulary import FRAMEWORKS
from tests.cli.inside import run

OWN = """\
id: larkspur-baseline
name: Larkspur security baseline
controls:
  - {id: LB-1, title: Data travels encrypted, rules: [storage-https-only]}
  - {id: LB-2, title: Vaults are protected, rules: ["keyvault-*"]}
  - {id: LB-3, title: Visitors are escorted}
"""


def compliance(*arguments: str, cwd: Path | None = None) -> Any:
    return run("compliance", "--demo", "-q", *arguments, cwd=cwd)


def postures_of(*arguments: str, cwd: Path | None = None) -> list[dict[str, Any]]:
    done = compliance("--format", "json", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["frameworks"]
    return found


def test_controls_and_percentages_agree_with_the_states_they_are_made_of():
    (posture,) = postures_of("--framework", "mcsb-v1")

    states = [control["state"] for control in posture["controls"]]
    assessed = [state for state in states if state not in ("not assessed", "not covered")]
    assert posture["framework"] == "mcsb-v1"
    assert "failed" in states
    assert posture["passed_percent"] == int(1000 * states.count("passed") / len(assessed)) / 10
    assert posture["controls_assessed"] == len(assessed)
    assert sum(posture["counts"].values()) == posture["controls_total"] == len(states) == 86
    assert all(bool(control["findings"]) == (control["state"] == "failed") for control in posture["controls"])
    assert all(bool(control["rules"]) == (control["state"] != "not covered") for control in posture["controls"])


def test_every_framework_with_every_control_in_one_run():
    found = postures_of()

    assert [posture["framework"] for posture in found] == list(FRAMEWORKS)
    for posture in found:
        assert [c["id"] for c in posture["controls"]] == [c.id for c in shipped(posture["framework"]).controls]


def test_without_a_framework_there_is_a_line_for_each():
    done = compliance("--width", "80")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    for name in FRAMEWORKS:
        assert sum(line.startswith(f"{name} ") for line in lines) == 1
    assert "Percentages are of the controls that were assessed" in done.stdout


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_of_one_framework(width: int):
    done = compliance("--framework", "cis-azure-5.0", "--width", str(width))

    assert done.returncode == 0, done.stderr
    assert all(len(line) <= width for line in done.stdout.splitlines())
    assert "9.3.4 " in done.stdout
    assert "of 155 controls" in done.stdout
    assert "Not covered: no rule looks at" in done.stdout
    assert "mcsb-v1" not in done.stdout


def test_what_no_rule_covers_is_listed_when_asked_for():
    folded = compliance("--framework", "nis2", "--width", "160").stdout
    listed = compliance("--framework", "nis2", "--width", "160", "--all").stdout

    assert "Early warning, notification and final report" not in folded
    assert "Early warning, notification and final report" in listed


@pytest.mark.parametrize("option", [["--failed-only"], ["--state", "failed"]])
def test_only_what_failed(option: list[str]):
    rows = list(csv.DictReader(io.StringIO(compliance("-f", "csv", "--framework", "dora", *option).stdout)))

    assert rows
    assert {row["state"] for row in rows} == {"failed"}


def test_one_control_shows_its_rules_and_the_resources_that_fail():
    done = compliance("--framework", "cis-azure-5.0", "--control", "9.3.4")

    assert done.returncode == 0
    assert "Storage accounts accept encrypted transfer only" in done.stdout
    assert "storage-https-only" in done.stdout
    assert "stlarkspurlegacy" in done.stdout
    assert "9.3.6" not in done.stdout


def test_a_control_that_several_frameworks_have_is_shown_for_each():
    done = compliance("--control", "dp-3")

    assert "benchmark v1 · Data protection" in done.stdout
    assert "benchmark v2 · Data protection" in done.stdout


def test_exemptions_make_controls_exempt_and_never_passed(tmp_path: Path):
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "exemptions.yaml").write_text(
        "exemptions:\n- {rule: storage-https-only, reason: Old clients, owner: web, expires: 2099-01-01}\n"
    )

    (posture,) = postures_of("--framework", "own.yaml", "--exemptions", "exemptions.yaml", cwd=tmp_path)

    first = posture["controls"][0]
    assert (first["state"], first["findings"], first["exempt"] > 0) == ("exempt", 0, True)
    assert posture["counts"]["passed"] == 0


def test_a_framework_of_ones_own(tmp_path: Path):
    (tmp_path / "own.yaml").write_text(OWN)

    (posture,) = postures_of("--framework", "own.yaml", cwd=tmp_path)
    scanned = run("scan", "--demo", "--framework", "own.yaml", "-f", "json", "--fail-on", "none", cwd=tmp_path)
    listed = run("rules", "list", "--framework", "own.yaml", "--format", "json", cwd=tmp_path)

    assert [(c["id"], c["state"]) for c in posture["controls"]][2] == ("LB-3", "not covered")
    assert posture["controls"][0]["rules"] == ["storage-https-only"]
    rules = {rule["id"]: rule["frameworks"] for rule in json.loads(listed.stdout)}
    assert rules["storage-https-only"]["larkspur-baseline"] == ["LB-1"]
    assert all(name == "storage-https-only" or name.startswith("keyvault-") for name in rules)
    assert {result["rule"] for result in json.loads(scanned.stdout)["results"]} <= set(rules)


def test_frameworks_that_only_rules_name_are_shown_beside_the_others(tmp_path: Path):
    rule = (
        "id: ours\ntitle: t\nseverity: low\ntopic: ours\nresource: Microsoft.Storage/storageAccounts\n"
        "fail_if: {field: tags.owner, exists: false}\ndescription: d\nremediation: {text: r}\n"
        "frameworks: {x-handbook: ['4.2']}\n"
    )
    (tmp_path / "ours.yaml").write_text(rule)

    named = postures_of("--rules", "ours.yaml", "--framework", "x-handbook", "--framework", "nis2", cwd=tmp_path)
    every = postures_of("--rules", "ours.yaml", cwd=tmp_path)

    assert [posture["framework"] for posture in named] == ["x-handbook", "nis2"]
    assert named[0]["controls"][0]["id"] == "4.2"
    assert [posture["framework"] for posture in every] == [*FRAMEWORKS, "x-handbook"]


def test_an_initiative_is_a_framework_with_all_its_groups(tmp_path: Path):
    kind = "Microsoft.Storage/storageAccounts"
    https = {"field": f"{kind}/supportsHttpsTrafficOnly", "equals": "false"}
    rule = {"if": {"allOf": [{"field": "type", "equals": kind}, https]}, "then": {"effect": "audit"}}
    definition = {"name": "https", "properties": {"displayName": "HTTPS", "mode": "Indexed", "policyRule": rule}}
    members = [{"policyDefinitionId": "/providers/x/policyDefinitions/https", "groupNames": ["C-1"]}]
    groups = [{"name": "C-1", "displayName": "Encrypted"}, {"name": "C-2"}]
    baseline = {"displayName": "Our Baseline", "policyDefinitions": members, "policyDefinitionGroups": groups}
    (tmp_path / "https.json").write_text(json.dumps(definition))
    (tmp_path / "set.json").write_text(json.dumps({"name": "set1", "properties": baseline}))

    (posture,) = postures_of("--rules", ".", "--no-builtin", cwd=tmp_path)

    assert (posture["framework"], posture["name"]) == ("x-our-baseline", "Our Baseline")
    assert [(c["id"], c["title"], c["state"]) for c in posture["controls"]] == [
        ("C-1", "Encrypted", "failed"),
        ("C-2", "", "not covered"),
    ]


def test_a_framework_of_ones_own_in_the_configuration(tmp_path: Path):
    (tmp_path / "own.yaml").write_text(OWN)
    (tmp_path / "auditor.toml").write_text('[scan]\nframework = ["own.yaml"]\nfail-on = "none"\n')

    done = run("scan", "--demo", "-q", "-f", "json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tool"]["rules"] < 40


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--framework", "cis-azure-9"], ["cis-azure-9", "cis-azure-"]),
        (["--framework", "msbc-v1"], ["Did you mean mcsb-v1?"]),
        (["--framework", "nis"], ["may mean several", "nist-800-53-r5, nis2"]),
        (["--framework", "none.yaml"], ["none.yaml", "No such file"]),
        (["--framework", "bad.yaml"], ["bad.yaml:5:", "'keyvalt-*' matches no rule"]),
        (["--control", "NS-99"], ["'NS-99' is not in any framework", "Did you mean"]),
        (["--framework", "dora", "--control", "NS-1"], ["'NS-1' is not in dora"]),
        (["--failed-only", "--all"], ["--failed-only excludes"]),
        (["--output", "no/such/folder/out.json"], ["no/such/folder"]),
        (["--state", "maybe"], ["--state"]),
        (["--fail-under", "101"], ["--fail-under"]),
        (["--format", "sarif"], ["--format"]),
    ],
)
def test_wrong_usage_is_exit_2_with_the_reason(arguments: list[str], says: list[str], tmp_path: Path):
    (tmp_path / "bad.yaml").write_text(OWN.replace("keyvault-*", "keyvalt-*"))

    done = compliance(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert all(words in done.stderr for words in says), done.stderr


def test_a_short_name_is_understood_and_told():
    done = run("rules", "list", "--format", "json", "--framework", "pci")

    assert done.returncode == 0
    assert done.stderr == "note: --framework pci is taken as pci-dss-4.0\n"
    assert all("pci-dss-4.0" in rule["frameworks"] for rule in json.loads(done.stdout))


def test_the_gate_on_percentages(tmp_path: Path):
    (tmp_path / "own.yaml").write_text(OWN)

    assert compliance("--framework", "mcsb-v1", "--fail-under", "0").returncode == 0
    failed = run("compliance", "--demo", "--framework", "mcsb-v1", "--fail-under", "99.5")
    assert failed.returncode == 1
    assert "gate: fails, below 99.5 %: mcsb-v1 passed" in failed.stderr
    assert "Microsoft cloud security benchmark v1" in failed.stdout


def test_a_framework_of_which_nothing_was_assessed_does_not_pass_the_gate(tmp_path: Path):
    (tmp_path / "hsm.yaml").write_text(
        "id: hsm\nname: HSM\ncontrols:\n- {id: 1, title: t, rules: [managed-hsm-purge-protection]}\n"
    )

    done = run("compliance", "--demo", "--framework", "hsm.yaml", "--fail-under", "0", cwd=tmp_path)

    assert done.returncode == 1
    assert "of hsm no control was assessed" in done.stderr


def test_output_goes_to_a_file(tmp_path: Path):
    done = compliance("--framework", "nis2", "-f", "markdown", "-o", "nis2.md", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "")
    assert "NIS 2 Directive" in (tmp_path / "nis2.md").read_text()
