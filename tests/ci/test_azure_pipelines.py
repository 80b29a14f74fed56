"""The Azure Pipelines template: expanded as the service expands it, its scripts run against the demo tenant."""

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
from typing import Any

import jsonschema
import pytest
import yaml

from tests.ci.expressions import pipelines

ROOT = Path(__file__).parent.parent.parent
TEMPLATE = yaml.safe_load((ROOT / "pipelines/azure-pipelines-template.yml").read_text())
AUDITOR = Path(sys.executable).parent / "auditor"
DEMO = ["--demo", "--select", "network"]


def defaults() -> dict[str, Any]:
    values = {entry["name"]: entry.get("default") for entry in TEMPLATE["parameters"]}
    kinds = {entry["name"]: entry["type"] for entry in TEMPLATE["parameters"]}
    return {name: value == "true" if kinds[name] == "boolean" else value for name, value in values.items()}


@dataclass
class Run:
    """What became of a pipeline that uses the template."""

    variables: dict[str, str] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    log: str = ""
    exit_code: int = 0


@pytest.fixture
def pipeline(tmp_path: Path) -> Callable[..., Run]:
    """`pipeline(failOn="none")`: runs the template's steps with these parameters."""
    binaries = tmp_path / "temp" / "auditor-environment" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "auditor").symlink_to(AUDITOR)

    def run(**given: Any) -> Run:
        parameters = {**defaults(), "serviceConnection": "posture", "arguments": DEMO, **given}
        done = Run(
            {"Agent.TempDirectory": str(tmp_path / "temp"), "Build.ArtifactStagingDirectory": str(tmp_path / "out")}
        )
        for step in pipelines(TEMPLATE["steps"], parameters, {}):
            if not _runs(step.get("condition", ""), done.variables):
                continue
            name = step.get("task", "bash")
            done.tasks.append(name)
            script = step.get("bash") or step.get("inputs", {}).get("inlineScript")
            if not script or step["displayName"] == "Install auditor":
                continue
            raw = next(one for one in _steps() if one.get("displayName") == step["displayName"])
            environment = pipelines(raw["env"], parameters, done.variables)
            code = _bash(script, {**environment, "PATH": os.environ["PATH"]}, tmp_path, done)
            if code:
                done.exit_code = code
                break
        return done

    return run


def _steps() -> list[dict[str, Any]]:
    return [step for step in TEMPLATE["steps"] if "displayName" in step]


def _runs(condition: str, variables: dict[str, str]) -> bool:
    known = {"auditExitCode": "", "auditHasSarif": "", **variables}
    tests = re.findall(r"(eq|ne)\(variables\.(\w+), '([^']*)'\)", condition)
    assert len(tests) == (1 if condition else 0)
    return all((known[name] == value) is (kind == "eq") for kind, name, value in tests)


def _bash(script: str, environment: dict[str, str], folder: Path, done: Run) -> int:
    ran = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    done.log += ran.stdout + ran.stderr
    done.variables |= dict(re.findall(r"##vso\[task\.setvariable variable=(\w+)\](.*)", ran.stdout))
    return ran.returncode


def test_it_follows_the_published_schema_of_pipelines():
    """All but the task of an extension that the schema, made from an organisation without it, does not know."""
    text = (files("check_jsonschema") / "builtin_schemas/vendor/azure-pipelines.json").read_text()
    steps = pipelines(TEMPLATE["steps"], {**defaults(), "serviceConnection": "x"}, {})

    jsonschema.validate({**TEMPLATE, "steps": steps}, json.loads(text))


def test_every_parameter_is_used():
    text = json.dumps(TEMPLATE["steps"])

    assert [e["name"] for e in TEMPLATE["parameters"] if not re.search(rf"parameters\.{e['name']}\b", text)] == []


def test_no_parameter_is_pasted_into_a_script():
    scripts = [step.get("bash") or step.get("inputs", {}).get("inlineScript") for step in _steps()]

    assert [script for script in scripts if script and ("${{" in script or re.search(r"\$\([A-Z]", script))] == []


def test_a_gate_that_does_not_hold_fails_after_everything_was_published(pipeline, tmp_path: Path):
    done = pipeline()

    assert done.exit_code == 1
    assert done.variables["auditExitCode"] == "1"
    assert done.tasks[-3:] == ["PublishTestResults@2", "PublishBuildArtifacts@1", "bash"]
    assert f"##vso[task.uploadsummary]{tmp_path}/out/auditor/report.md" in done.log
    assert {path.name for path in (tmp_path / "out" / "auditor").iterdir()} == {
        "report.json",
        "report.md",
        "report.xml",
        "sarif",
    }


def test_a_gate_that_holds_passes(pipeline):
    done = pipeline(failOn="none", advancedSecurity=True)

    assert done.exit_code == 0
    assert "AdvancedSecurity-Publish@1" in done.tasks


def test_wrong_input_fails_and_publishes_no_sarif(pipeline):
    done = pipeline(baseline="none.json")

    assert done.exit_code == 2
    assert "PublishBuildArtifacts@1" not in done.tasks
    assert "none.json: cannot be read" in done.log


def test_lists_and_switches_reach_the_audit(pipeline, tmp_path: Path):
    done = pipeline(
        arguments=[*DEMO, "--select", "key-vault"], policyExemptions=True, failOnUnknown=True, requireComplete=True
    )
    report = json.loads((tmp_path / "out/auditor/report.json").read_text())

    assert done.variables["auditExitCode"] == "3"
    assert report["gate"]["fail_on_unknown"]
    assert report["gate"]["require_complete"]
    assert 0 < report["tool"]["rules"] == len(report["tool"]["rule_ids"]) < 400


@pytest.mark.parametrize("names", [["category"], ["baseline", "failOn", "sourceRoot", "managementGroup"]])
def test_nothing_that_a_parameter_holds_is_executed(names: list[str], pipeline, tmp_path: Path):
    pipeline(**dict.fromkeys(names, '"; touch pwned; $(touch pwned)'))

    assert not (tmp_path / "pwned").exists()
