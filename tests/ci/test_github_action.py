"""The GitHub action: its steps run one after the other, as a runner would, against the demo tenant."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.ci.expressions import github, github_condition

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
AUDITOR = Path(sys.executable).parent / "auditor"


@dataclass
class Job:
    """What became of a job that uses the action."""

    outputs: dict[str, str] = field(default_factory=dict)
    uploaded: list[dict[str, str]] = field(default_factory=list)
    summary: str = ""
    log: str = ""
    exit_code: int = 0


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Job]:
    """`job(fail_on="none")`: runs the action's steps with these inputs; underscores stand for hyphens."""
    workspace, temp = tmp_path / "workspace", tmp_path / "temp"
    workspace.mkdir()
    temp.mkdir()

    def run(visibility: str = "private", command: Path = AUDITOR, **given: str) -> Job:
        inputs = {name: str(entry.get("default", "")) for name, entry in ACTION["inputs"].items()}
        chosen = {
            "arguments": "--demo",
            "credential": "",
            "select": "network",
            **{k.replace("_", "-"): v for k, v in given.items()},
        }
        assert set(chosen) <= set(inputs)
        for name in ("output", "summary"):
            (temp / name).write_text("")
        known = {f"inputs.{name}": value for name, value in (inputs | chosen).items()}
        known |= {f"steps.audit.outputs.{name}": "" for name in ACTION["outputs"]}
        known["steps.python.outputs.python-path"] = sys.executable
        known["github.event.repository.visibility"] = visibility
        done = Job()
        for step in ACTION["runs"]["steps"]:
            if "if" in step and not github_condition(step["if"], known):
                continue
            if "uses" in step:
                if "upload-sarif" in step["uses"]:
                    done.uploaded.append({name: github(value, known) for name, value in step["with"].items()})
                continue
            if step["name"] == "Install auditor":
                continue
            environment = {name: github(value, known) for name, value in step["env"].items()}
            environment["AUDIT_COMMAND"] = str(command)
            code = _run(step["run"], environment, workspace, temp, done)
            for line in (temp / "output").read_text().splitlines():
                name, _, value = line.partition("=")
                known[f"steps.{step.get('id')}.outputs.{name}"] = value
            if code:
                done.exit_code = code
                break
        done.outputs = {name: github(entry["value"], known) for name, entry in ACTION["outputs"].items()}
        done.summary = (temp / "summary").read_text()
        return done

    return run


def _run(script: str, environment: dict[str, str], workspace: Path, temp: Path, done: Job) -> int:
    """One `run:` step, as `shell: bash` runs it."""
    known = {
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary"),
        "RUNNER_TEMP": str(temp),
        "AUDIT_PYTHON": sys.executable,
        "PATH": os.environ["PATH"],
    }
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=workspace,
        env=known | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    done.log += ran.stdout + ran.stderr
    return ran.returncode


def test_it_follows_the_published_schema_of_actions():
    text = (files("check_jsonschema") / "builtin_schemas/vendor/github-actions.json").read_text()

    jsonschema.validate(ACTION, json.loads(text))


def test_actions_of_others_are_named_by_commit():
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]

    assert len(used) == 2
    assert all(len(name.rpartition("@")[2]) == 40 for name in used)


def test_examples_name_actions_of_others_by_commit():
    texts = [(ROOT / name).read_text() for name in ("README.md", "docs/ci.md")]
    used = [line for text in texts for line in re.findall(r"uses: (.+)", text) if not line.startswith("ORG/")]

    assert len(used) >= 3
    assert [line for line in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_no_input_is_pasted_into_a_script():
    assert [step["run"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")] == []


def test_every_input_is_used():
    text = json.dumps(ACTION["runs"])

    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []


def test_a_gate_that_does_not_hold_fails_the_job_after_the_upload(job):
    done = job()

    report = json.loads(Path(done.outputs["json"]).read_text())
    assert done.exit_code == 1
    assert done.uploaded == [{"sarif_file": done.outputs["sarif"]}]
    assert json.loads(Path(done.outputs["sarif"]).read_text())["runs"][0]["results"]
    assert (done.outputs["exit-code"], done.outputs["holds"]) == ("1", "false")
    assert int(done.outputs["findings"]) == sum(report["summary"]["fail"].values()) > 0
    assert int(done.outputs["critical"]) == report["summary"]["fail"]["critical"]
    assert int(done.outputs["failing"]) == len(report["gate"]["failing"]) > 0
    assert "::error title=Azure audit::" in done.log
    assert done.summary.startswith("## Azure security audit")
    assert "Gate: fails" in done.summary


def test_a_gate_that_holds_passes_the_job(job):
    done = job(fail_on="none")

    assert done.exit_code == 0
    assert (done.outputs["exit-code"], done.outputs["holds"], done.outputs["failing"]) == ("0", "true", "0")
    assert len(done.uploaded) == 1
    assert "::error" not in done.log
    assert "No gate was set" in done.summary
    assert "Gate: holds" not in done.summary


def test_code_of_a_pull_request_fails_the_job_by_what_it_brings(job, tmp_path: Path):
    opening = {
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "name": "nsg-jump-nic/everyone",
        "properties": {
            **{"direction": "Inbound", "access": "Allow", "protocol": "Tcp", "priority": 110},
            **{"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "5432"},
            "sourcePortRange": "*",
        },
    }
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    (tmp_path / "workspace" / "main.json").write_text(json.dumps({"$schema": schema, "resources": [opening]}))
    scope = "/subscriptions/2b6e7d21-1c8f-4d66-9e42-000000000b02/resourceGroups/rg-shop-network"

    done = job(code="main.json", deploy_scope=scope, fail_on="low", select="nsg-risky-port-open")

    assert (done.exit_code, done.outputs["findings"]) == (1, "1")


def test_wrong_input_fails_the_job_without_an_upload(job):
    done = job(baseline="none.json")

    assert done.exit_code == 2
    assert done.uploaded == []
    assert (done.outputs["exit-code"], done.outputs["holds"], done.outputs["sarif"]) == ("2", "false", "")
    assert "none.json: cannot be read" in done.log
    assert "no report was written, exit code 2" in done.log
    assert done.summary == ""


def test_upload_and_summary_can_be_left_out(job):
    done = job(upload_sarif="false", step_summary="false")

    assert done.uploaded == []
    assert done.summary == ""
    assert Path(done.outputs["sarif"]).is_file()


@pytest.mark.parametrize(
    ("visibility", "asked", "whole"),
    [("public", "auto", False), ("", "auto", False), ("internal", "auto", True), ("public", "true\n", True)],
)
def test_what_everyone_may_read_has_numbers_and_no_names(visibility: str, asked: str, whole: bool, job):
    done = job(visibility=visibility, step_summary=asked, fail_on="critical")

    assert done.summary.startswith("## Azure security audit")
    assert "| critical | " in done.summary or whole
    assert ("nsg-" in done.summary) is whole
    assert "Gate: fails" in done.summary


def test_a_summary_of_another_kind_is_refused(job):
    assert "step-summary takes auto, true, counts or false, not 'yes'" in job(step_summary="yes").log


def test_one_file_a_subscription_is_uploaded_as_a_folder(job):
    done = job(split="subscription", category="posture")

    folder = Path(done.uploaded[0]["sarif_file"])
    assert folder.is_dir()
    assert len(list(folder.glob("*.sarif"))) >= 3


def test_every_format_is_written(job):
    others = ("sentinel.jsonl", "defender.jsonl", "jira.csv", "azure-boards.csv", "teams.json", "slack.json")
    formats = " ".join(name.partition(".")[0] for name in others)

    done = job(formats=f"sarif html junit csv ocsf {formats}", fail_on="none")

    names = {path.name for path in Path(done.outputs["directory"]).iterdir()}
    assert names == {
        f"report.{ending}" for ending in ("json", "md", "sarif", "html", "xml", "csv", "ocsf.json", *others)
    }


def test_a_report_of_an_audit_before_is_not_taken_for_one_of_this(job):
    assert job().outputs["sarif"]

    done = job(baseline="none.json")

    assert done.outputs["sarif"] == ""
    assert done.uploaded == []


@pytest.mark.parametrize(
    ("one_line", "lines"),
    [
        ({"formats": "html csv"}, {"formats": "html\ncsv\n"}),
        ({"select": "storage-https-only, network"}, {"select": "storage-https-only\nnetwork\n"}),
        ({"fail_on": "low"}, {"fail_on": "low\n"}),
        ({"policy_exemptions": "true"}, {"policy_exemptions": "\ntrue\n"}),
        ({"arguments": "--demo --group-by 'tag:a b'"}, {"arguments": "--demo\n--group-by\ntag:a b\n"}),
        ({"exemptions": "a b.yaml;c.yaml"}, {"exemptions": "a b.yaml\n c.yaml\n"}),
    ],
    ids=lambda given: next(iter(given)),
)
def test_one_line_and_a_block_of_lines_are_the_same(one_line: dict[str, str], lines: dict[str, str], job, tmp_path):
    recorder = tmp_path / "recorder"
    recorder.write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$@"\n')
    recorder.chmod(0o755)

    first, second = (job(command=recorder, **given).log.split("::error")[0] for given in (one_line, lines))

    assert first == second
    assert first.startswith("scan\n")


def test_lists_are_one_a_line(job, tmp_path: Path):
    (tmp_path / "workspace" / "a b.yaml").write_text("exemptions: []\n")

    done = job(select="\n storage-https-only \nnetwork\n", exemptions="a b.yaml\n", fail_on="none", formats="")

    report = json.loads(Path(done.outputs["json"]).read_text())
    assert done.exit_code == 0, done.log
    assert "storage-https-only" in report["tool"]["rule_ids"]
    assert "keyvault-rbac" not in report["tool"]["rule_ids"]
    assert done.outputs["sarif"] == ""


@pytest.mark.parametrize("names", [["category"], ["formats", "fail_on", "select", "baseline", "exemptions", "from"]])
def test_nothing_that_an_input_holds_is_executed(names: list[str], job, tmp_path: Path):
    job(**dict.fromkeys(names, "$(touch pwned) `touch pwned`; touch pwned"))

    assert not (tmp_path / "workspace" / "pwned").exists()


@pytest.mark.parametrize("name", ["fail_on_unknown", "require_complete", "policy_exemptions"])
def test_switches_take_true_or_false_only(name: str, job):
    done = job(**{name: "yes"})

    assert done.exit_code == 2
    assert "takes true or false, not 'yes'" in done.log


def test_switches_reach_the_audit(job):
    chosen = {"select": "key-vault\nprivate-link", "fail_on": "none"}

    assert job(require_complete="true", **chosen).outputs["exit-code"] == "3"
    assert job(fail_on_unknown="true", **chosen).outputs["exit-code"] == "1"
    assert job(policy_exemptions="true", **chosen).outputs["exempt"] == "1"


def test_it_installs_the_code_it_comes_with_and_the_versions_it_was_tested_with(tmp_path: Path):
    recorder = tmp_path / "python"
    recorder.write_text(
        f'#!/usr/bin/env bash\necho "$@" >> "{tmp_path}/calls"\n'
        f'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/auditor"; fi\n'
    )
    recorder.chmod(0o755)
    environment = {"RUNNER_TEMP": str(tmp_path), "AUDIT_PYTHON": str(recorder), "PATH": os.environ["PATH"]}

    for version in ("", "auditor==1.0"):
        subprocess.run(["bash", str(ROOT / "ci/install.sh")], env=environment | {"AUDIT_VERSION": version}, check=True)

    installs = [line for line in (tmp_path / "calls").read_text().splitlines() if " install " in line]
    assert [line.rpartition(" -- ")[2] for line in installs] == [str(ROOT), "auditor==1.0"]
    assert all(f"--constraint {ROOT}/constraints.txt" in line for line in installs)
    assert all("--no-cache-dir" in line for line in installs)


def test_the_documents_name_inputs_that_there_are():
    text = (ROOT / "docs" / "ci.md").read_text()
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    jobs = [job for block in blocks for job in (yaml.safe_load(block).get("jobs") or {}).values()]
    used = [step["with"] for job in jobs for step in job["steps"] if "auditor" in str(step.get("uses"))]

    assert used
    assert {name for given in used for name in given} <= set(ACTION["inputs"])
